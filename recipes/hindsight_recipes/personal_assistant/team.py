"""A personal assistant: one agent that remembers each user without a tool call."""

from __future__ import annotations

from pathlib import Path

from agno.agent import Agent
from agno.models.base import Model
from agno.team import Team

from hindsight_teams import Caller, MemoryBackend, TeamMemory, memory_instructions
from hindsight_teams.testing import OfflineModel

TEAM_TOML = Path(__file__).with_name("team.toml")


def shared_memory(backend: MemoryBackend | None = None) -> TeamMemory:
    """The memory that team.toml declares, on the given backend or the one that the settings choose."""
    return TeamMemory.from_file(TEAM_TOML, backend=backend)


def agent(model: Model | str | None = None, memory: TeamMemory | None = None, *, user_id: str | None = None) -> Agent:
    """The assistant, with memories in every run and every run retained.

    Args:
        model: An Agno model, or a string such as "openai:gpt-4o-mini"; None for the offline stand-in.
        memory: None for the memory that team.toml declares.
        user_id: The one person it serves: what is known of them stands in every run. None for an assistant of many,
            told apart by the ``user_id`` of each run: what bears on the run's own input stands in it.
    """
    memory = memory or shared_memory()
    instructions = ["Retain what the user tells you of themselves. Use what you know of them in every answer."]
    if user_id is not None:
        profile = memory.definition.banks["profile"].resolve(Caller(team=memory.team_id, user=user_id))
        instructions.append(
            memory_instructions(
                bank_id=profile,
                client=memory.backend,
                query="who the user is, what they do and prefer",
                prefix="What you know about this user:\n",
            )
        )
    assistant = Agent(
        id="assistant",
        name="Assistant",
        role="Helps one user at a time and remembers what the user says",
        model=model or OfflineModel(),
        user_id=user_id,
        instructions=instructions,
    )
    return memory.equip(assistant, inject=None if user_id else "query", retain="runs")


def team(model: Model | str | None = None, memory: TeamMemory | None = None) -> Team:
    """A team of the assistant alone, to which other members can be added.

    Args:
        model: As for ``agent``.
        memory: As for ``agent``.
    """
    model, memory = model or OfflineModel(), memory or shared_memory()
    alone = Team(
        id="personal-assistant",
        name="Personal assistant",
        model=model,
        members=[agent(model, memory)],
        instructions="Hand everything to the assistant, word for word, and give back its answer.",
        add_member_tools_to_context=True,
    )
    # The leader has no tools, and memory in every run: a weak model may answer by itself instead of delegating.
    return memory.equip(alone, inject="query", retain="said", tools=["assistant"])
