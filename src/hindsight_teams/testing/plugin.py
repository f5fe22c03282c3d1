"""The pytest plugin: a team's memory on a temporary file, with a clock that the test sets.

Installed with the package, so a test only names the fixtures. It imports the memory when a fixture is used, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Unpack

import pytest

if TYPE_CHECKING:
    from hindsight_teams.access.definition import BankValue, GrantValue
    from hindsight_teams.agno.toolkit import HindsightTools
    from hindsight_teams.audit import AuditSink
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.guard import Guard
    from hindsight_teams.memory.member_options import Defaults
    from hindsight_teams.memory.team import TeamMemory


class MemoryClock:
    """A clock that stands still until it is set, for tests of what happened when.

    Attributes:
        now: What it shows, aware. Monday 5 January 2026, 9:00 UTC at first.
    """

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now

    def set(self, moment: datetime) -> None:
        """Show this moment.

        Args:
            moment: Aware.

        Raises:
            ValueError: The moment has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone; give it one, such as tzinfo=UTC")
        self.now = moment

    def advance(self, **duration: float) -> None:
        """Go on by ``days=``, ``hours=``, ``minutes=`` and so on, as ``timedelta`` takes them."""
        self.now += timedelta(**duration)


class TeamMemoryOptions(TypedDict, total=False):
    """The keywords of ``TeamMemory``, and of ``TeamMemory.from_file`` where a path is given."""

    banks: Mapping[str, BankValue]
    members: Mapping[str, Mapping[str, GrantValue]]
    curators: Iterable[str]
    proposers: Iterable[str]
    backend: MemoryBackend
    variables: Mapping[str, str] | None
    defaults: Defaults | None
    guard: Guard | bool | None
    audit: AuditSink | None
    toolkit: type[HindsightTools] | None
    clock: Callable[[], datetime] | None


class TeamMemoryFactory(Protocol):
    """Makes the memory of a team, from a team.toml or from the arguments of ``TeamMemory``."""

    def __call__(self, team: str | Path, **options: Unpack[TeamMemoryOptions]) -> TeamMemory:
        """One team's memory."""
        ...


@pytest.fixture
def memory_clock() -> MemoryClock:
    """The clock of the test's team memories: ``memory_clock.set(moment)``, ``memory_clock.advance(days=1)``."""
    return MemoryClock()


@pytest.fixture
def team_memory(tmp_path: Path, memory_clock: MemoryClock) -> Iterator[TeamMemoryFactory]:
    """A factory of team memories on one SQLite file in the test's own folder, closed when the test ends.

    ``team_memory(Path("team.toml"))`` reads a definition; ``team_memory("desk", banks=..., members=...)`` takes the
    arguments of ``TeamMemory``. Memories of the same test share the file, as processes of one application do.
    """
    from hindsight_teams.backends.sqlite import SQLiteBackend
    from hindsight_teams.memory.team import TeamMemory

    backend = SQLiteBackend(tmp_path / "team-memory.db", clock=memory_clock)
    with ExitStack() as opened:
        opened.callback(backend.close)

        def make(team: str | Path, **options: Unpack[TeamMemoryOptions]) -> TeamMemory:
            make: Any = TeamMemory.from_file if isinstance(team, Path) else TeamMemory
            memory: TeamMemory = make(team, **{"backend": backend, **options})
            return opened.enter_context(memory)

        yield make
