"""A team whose memory is a dictionary and whose tools are plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from agno.agent import Agent
from agno.models.base import Model
from agno.team import Team
from agno.team.mode import TeamMode

from hindsight_teams.testing import OfflineModel


class Notebook:
    """A memory of plain lines that finds a line by any word of the query."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.calls: list[tuple[str, str]] = []

    def retain_memory(self, content: str) -> str:
        """Store a fact.

        Args:
            content: The fact.
        """
        self.calls.append(("retain", content))
        self.lines.append(content)
        return "Memory stored successfully."

    def recall_memory(self, query: str) -> str:
        """Search the facts.

        Args:
            query: What to look for.
        """
        self.calls.append(("recall", query))
        asked = set(query.lower().strip("?").split())
        found = [line for line in self.lines if asked & set(line.lower().strip(".").split())]
        return "\n".join(f"{i}. {line}" for i, line in enumerate(found, 1)) or "No relevant memories found."

    def reflect_on_memory(self, query: str) -> str:
        """Answer from the facts.

        Args:
            query: The question.
        """
        self.calls.append(("reflect", query))
        return "On reflection: " + " ".join(self.lines) if self.lines else "No relevant memories found."

    def retain_in(self, banks: Any) -> Callable[..., str]:
        """The tool of a member that may write several banks."""

        def retain_memory(content: str, bank: banks) -> str:
            """Store a fact.

            Args:
                content: The fact.
                bank: Where.
            """
            return self.retain_memory(f"[{bank}] {content}")

        retain_memory.__annotations__["bank"] = banks
        return retain_memory


TwoBanks = Literal["decisions", "notebook"]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def desk(notebook: Notebook) -> Callable[..., Team]:
    """A researcher that only retains and an answerer that only reads, in the mode asked for."""

    def build(mode: TeamMode = TeamMode.coordinate, model: Model | None = None, **options: Any) -> Team:
        shared = model or OfflineModel()
        researcher = Agent(id="researcher", name="Researcher", role="Retains facts", model=shared)
        researcher.tools = [notebook.retain_memory]
        answerer = Agent(id="answerer", name="Answerer", role="Answers from memory", model=shared)
        answerer.tools = [notebook.recall_memory, notebook.reflect_on_memory]
        members: list[Any] = [researcher, answerer]
        return Team(id="desk", model=shared, members=members, mode=mode, telemetry=False, **options)

    return build
