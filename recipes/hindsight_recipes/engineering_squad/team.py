"""An engineering squad: one member decides, all read the decisions, and each has a private notebook."""

from __future__ import annotations

from pathlib import Path

from agno.agent import Agent
from agno.models.base import Model
from agno.team import Team

from hindsight_teams import MemoryBackend, TeamMemory
from hindsight_teams.testing import OfflineModel

TEAM_TOML = Path(__file__).with_name("team.toml")


def shared_memory(backend: MemoryBackend | None = None) -> TeamMemory:
    """The memory that team.toml declares, on the given backend or the one that the settings choose."""
    return TeamMemory.from_file(TEAM_TOML, backend=backend)


def team(model: Model | str | None = None, memory: TeamMemory | None = None) -> Team:
    """The team with its memory tools.

    Args:
        model: An Agno model, or a string such as "openai:gpt-4o-mini"; None for the offline stand-in.
        memory: None for the memory that team.toml declares.
    """
    model = model or OfflineModel()
    architect = Agent(
        id="architect",
        name="Architect",
        role="Decides, and records each decision with its date and reason; answers what was decided and why",
        model=model,
        instructions=[
            "Record a decision in the decisions bank, one fact at a time; keep drafts in your notebook.",
            "When asked to review, list what waits and approve or reject each.",
        ],
    )
    coder = Agent(
        id="coder",
        name="Coder",
        role="Writes code within the decisions; keeps working notes",
        model=model,
        instructions=[
            "Look up the decisions before you start. Keep what you learn on the way in your notebook.",
            "Propose a note as a decision when asked to: recall it first, and propose its exact text.",
        ],
    )
    reviewer = Agent(
        id="reviewer",
        name="Reviewer",
        role="Reviews changes against the decisions; keeps working notes",
        model=model,
        instructions="Judge a change by the decisions that memory holds, and name the one that it breaks.",
    )
    squad = Team(
        id="engineering-squad",
        name="Engineering squad",
        model=model,
        members=[architect, coder, reviewer],
        instructions="Decisions go to the architect, work and notes to whom they are addressed, unchanged.",
        add_member_tools_to_context=True,
    )
    # The leader has no tools, and memory in every run: a weak model may answer by itself instead of delegating.
    tools = ["architect", "coder", "reviewer"]
    to = {"architect": "decisions"}  # what the team is told, all may know; the other two write their notebooks alone
    return (memory or shared_memory()).equip(squad, inject="query", retain="said", retain_bank=to, tools=tools)
