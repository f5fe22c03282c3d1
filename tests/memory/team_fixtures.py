from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory, policies
from hindsight_teams.audit import AuditEvent, AuditStore, open_audit
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.models import Memory, RetainItem
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


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditStore]:
    with closing(open_audit(tmp_path / "audit.db")) as opened:
        yield opened


@pytest.fixture
def house(backend: SQLiteBackend, log: AuditStore) -> TeamMemory:
    return TeamMemory(
        "house",
        banks={"shared": "team", "ledger": "team", "notes": "member", "customer": "user"},
        members={
            "clerk": {"shared": "full", "ledger": "full", "notes": "full", "customer": "full"},
            "chair": {"shared": "read-only", "customer": "read-only", "ledger": "none"},
            "maple": {"shared": {"access": "full", "scope_tags": ["project:maple"]}},
        },
        curators=["chair", "maple"],
        proposers=["clerk"],
        backend=backend,
        audit=log,
    )


class Kept:
    """A sink that keeps its events."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


def team(backend: Any, **options: Any) -> TeamMemory:
    return TeamMemory(
        "desk",
        banks={"shared": "team", "journal": "user"},
        members={"scout": {"shared": "full", "journal": "full"}, "reader": {"shared": "read-only"}, "lead": {}},
        proposers=["scout"],
        curators=["lead"],
        backend=backend,
        **options,
    )


def lines(count: int, **options: Any) -> list[RetainItem]:
    return [RetainItem(f"Box {n} stands in aisle {n}.", **options) for n in range(count)]


SIGNED = ("team:t", "author:a", "user:ada", "session:s1", "run:r1", "red")


def fact(id: str, bank: str = "t:shared", tags: tuple[str, ...] = SIGNED, **more: Any) -> Memory:
    return Memory(id, f"Text of {id}.", bank, tags=tags, document_id=more.pop("document_id", f"doc-{id}"), **more)
