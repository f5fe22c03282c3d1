"""A support desk: an editor publishes product facts, and support remembers each customer separately."""

from __future__ import annotations

from pathlib import Path

from agno.agent import Agent
from agno.models.base import Model
from agno.team import Team
from agno.team.mode import TeamMode

from hindsight_teams import MemoryBackend, TeamMemory
from hindsight_teams.testing import OfflineModel

TEAM_TOML = Path(__file__).with_name("team.toml")


def shared_memory(backend: MemoryBackend | None = None) -> TeamMemory:
    """The memory that team.toml declares, on the given backend or the one that the settings choose."""
    return TeamMemory.from_file(TEAM_TOML, backend=backend)


def team(model: Model | str | None = None, memory: TeamMemory | None = None) -> Team:
    """The team with its memory tools; customers are told apart by ``user_id`` of each run.

    Args:
        model: An Agno model, or a string such as "openai:gpt-4o-mini"; None for the offline stand-in.
        memory: None for the memory that team.toml declares.
    """
    model = model or OfflineModel()
    editor = Agent(
        id="editor",
        name="Editor",
        role="Publishes facts about the product; never talks to customers",
        model=model,
        instructions="Retain each published fact by itself, with its version and date, exactly as given.",
    )
    support = Agent(
        id="support",
        name="Support",
        role="Helps one customer: remembers what the customer tells about their own set-up, and answers questions",
        model=model,
        instructions=[
            "Retain what the customer tells you about their set-up and their wishes.",
            "Recall what is known of the customer and of the product before you answer; answer from that only.",
            "Say so when memory holds no answer. You know nothing about other customers.",
        ],
    )
    desk = Team(
        id="support-desk",
        name="Support desk",
        model=model,
        mode=TeamMode.route,
        members=[editor, support],
        instructions="Customers talk to support. Only what is addressed to the editor goes to the editor.",
        add_member_tools_to_context=True,
    )
    # The leader has no tools, and memory in every run: a weak model may answer by itself instead of delegating.
    return (memory or shared_memory()).equip(desk, inject="query", retain="said", tools=["editor", "support"])
