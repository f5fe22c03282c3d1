from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.audit import AuditStore, open_audit
from hindsight_teams.errors import AccessDenied, NotFound

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
