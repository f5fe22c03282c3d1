"""One database file for each test, and a way to play a recipe's script on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from agno.agent import Agent
from agno.team import Team

from hindsight_recipes import get_recipe
from hindsight_teams import SQLiteBackend


class Play(Protocol):
    """Plays phases of a recipe (all, when none is named) and gives each step's title and answer."""

    def __call__(self, name: str, *phases: str) -> list[tuple[str, str]]: ...


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    backend = SQLiteBackend(tmp_path / "memory.db")
    yield backend
    backend.close()


@pytest.fixture
def play(backend: SQLiteBackend) -> Play:
    def run(name: str, *phases: str) -> list[tuple[str, str]]:
        answers = []
        for step, events in get_recipe(name).play(phases or None, backend=backend):
            last: Any = None
            for last in events:
                assert not last.event.endswith(("RunError", "ToolCallError")), last
            assert step.problems(str(last.content)) == [], f"{step.title}: {last.content}"
            answers.append((step.title, str(last.content)))
        return answers

    return run


def parts(team: Agent | Team) -> Iterator[Agent | Team]:
    """The team itself and all its members, nested ones too."""
    yield team
    if isinstance(team, Team) and isinstance(team.members, list):
        for member in team.members:
            assert isinstance(member, Agent | Team)
            yield from parts(member)
