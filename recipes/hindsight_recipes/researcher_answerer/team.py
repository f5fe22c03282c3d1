"""A researcher that writes to a shared bank, and an answerer that answers from that bank alone."""

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
    researcher = Agent(
        id="researcher",
        name="Researcher",
        role="Reads documents and retains their facts in the shared memory",
        model=model,
        instructions=[
            "Retain every fact of what you are given, each by itself, in a sentence that can be understood alone.",
            "Keep names, dates and numbers exactly as they stand. Add nothing of your own.",
        ],
    )
    answerer = Agent(
        id="answerer",
        name="Answerer",
        role="Answers questions from the shared memory",
        model=model,
        instructions=[
            "Recall before you answer, and reflect where a question needs many memories together.",
            "Answer only from what memory returns. When it returns nothing that answers, say that you do not know.",
        ],
    )
    desk = Team(
        id="research-desk",
        name="Research desk",
        model=model,
        members=[researcher, answerer],
        instructions=[
            "Hand documents and statements to the researcher, word for word, and questions to the answerer.",
            "Answer from the members' results only.",
        ],
        add_member_tools_to_context=True,
    )
    # The leader has no tools, and memory in every run: a weak model may answer by itself instead of delegating.
    return (memory or shared_memory()).equip(desk, inject="query", retain="said", tools=["researcher", "answerer"])
