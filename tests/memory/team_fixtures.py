from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory, policies
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.requests import Capability


class BankByBank(DelegatingBackend):
    """A file that answers one bank at a time, as a server does."""

    def __init__(self, backend: SQLiteBackend) -> None:
        super().__init__(backend)
        self.capabilities = backend.capabilities - {Capability.SEARCH_ALL_BANKS}


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as opened:
        yield opened


@pytest.fixture
def desk(backend: SQLiteBackend) -> TeamMemory:
    return TeamMemory(
        "research-desk",
        banks={"shared": "team", "notes": "member", "customer": "user"},
        members={
            "researcher": {"shared": policies.WRITER_ONLY, "notes": policies.FULL},
            "answerer": {"shared": policies.READ_ONLY},
            "clerk": {"customer": policies.FULL},
            "judge": {"shared": "reflect-only"},
        },
        backend=backend,
    )
