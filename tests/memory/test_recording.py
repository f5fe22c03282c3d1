from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.audit import AuditStore, open_audit
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import AccessDenied, NotFound
from hindsight_teams.requests import Request

R = TypeVar("R")

NOTE = "Retries need jitter, or the clients march in step."


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditStore]:
    with closing(open_audit(tmp_path / "audit.db")) as opened:
        yield opened


@pytest.fixture
def squad(tmp_path: Path, log: AuditStore) -> Iterator[TeamMemory]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        yield TeamMemory(
            "squad",
            banks={"decisions": "team", "notebook": "team"},
            members={
                "architect": {"decisions": "full"},
                "coder": {"decisions": "full", "notebook": "full"},
                "intern": {"notebook": {"access": "read-only", "scope_tags": ["level:open"]}},
            },
            curators=["architect"],
            proposers=["coder", "intern"],
            backend=backend,
            audit=log,
        )


async def test_a_cancelled_call_is_audited(squad: TeamMemory, log: AuditStore) -> None:
    class Stuck(DelegatingBackend):
        async def aexecute(self, request: Request[R], /) -> R:
            asked.set()
            await asyncio.Event().wait()
            return await super().aexecute(request)

    asked = asyncio.Event()
    member = TeamMemory.of(squad.definition, backend=Stuck(squad.backend), audit=log).member("coder")
    for verb in ("aretain", "arecall", "areflect"):
        call = asyncio.create_task(
            getattr(member, verb)("Retries need jitter.", **{"bank": "notebook"} if verb == "aretain" else {})
        )
        await asked.wait()
        asked.clear()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert {(e.verb, e.outcome, e.error) for e in log.query()} == {
        (verb, "error", "CancelledError") for verb in ("retain", "recall", "reflect")
    }


def test_proposing_and_reviewing_are_audited_allowed_or_not(squad: TeamMemory, log: AuditStore) -> None:
    [kept] = squad.member("coder").retain(NOTE, bank="notebook").memory_ids
    item = squad.proposals("coder").propose(NOTE, to="decisions")
    with pytest.raises(AccessDenied):
        squad.proposals("architect").propose(NOTE, to="notebook")
    with pytest.raises(NotFound):
        squad.proposals("coder").propose("never said", to="decisions")
    with pytest.raises(AccessDenied):
        squad.reviews("coder")
    squad.reviews("architect").pending()
    squad.reviews("architect").approve(item.id)
    assert [(e.member, e.verb, e.outcome, e.bank, e.error) for e in log.query()] == [
        ("coder", "retain", "allowed", "notebook", None),
        ("coder", "propose", "allowed", "decisions", None),
        ("architect", "propose", "denied", "notebook", "AccessDenied"),
        ("coder", "propose", "error", "decisions", "NotFound"),
        ("coder", "review", "denied", None, "AccessDenied"),
        ("architect", "review", "allowed", None, None),
        ("architect", "approve", "allowed", "decisions", None),
    ]
    assert [(e.member, e.verb) for e in log.who_saw(kept)] == [("architect", "review")]
    assert NOTE not in str(list(log.query()))


def test_nobody_proposes_what_lies_outside_its_scope(squad: TeamMemory) -> None:
    coder = squad.member("coder")
    coder.retain(NOTE, bank="notebook")
    coder.retain("The door is open.", bank="notebook", tags=["level:open"])
    intern = squad.proposals("intern")
    with pytest.raises(NotFound):
        intern.propose(NOTE, to="decisions")
    assert intern.propose("The door is open.", to="decisions").item.content == "The door is open."
