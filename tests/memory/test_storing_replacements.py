"""Replacing a document that another member retained."""

from __future__ import annotations

from typing import Any

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.access.grants import Caller
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import AccessDenied, Forbidden, ServerFault
from hindsight_teams.models import Memory, MemoryPage
from hindsight_teams.requests import ListMemories, Request

TEXT = "The launch code is vermilion."


@pytest.fixture
def squad(backend: SQLiteBackend) -> TeamMemory:
    return TeamMemory(
        "squad",
        banks={"shared": "team", "customer": "user"},
        members={
            "writer": {"shared": "writer-only"},
            "drop-box": {"shared": "writer-only"},
            "editor": {"shared": "full"},
            "maple": {"shared": {"access": "full", "scope_tags": ["project:maple"]}},
        },
        backend=backend,
    )


def texts(backend: SQLiteBackend) -> list[str]:
    return [memory.text for memory in backend.list_memories("squad:shared").memories]


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("member", ["drop-box", "maple"])
def test_what_a_member_may_not_read_it_may_not_replace(
    squad: TeamMemory, backend: SQLiteBackend, member: str, append: bool
) -> None:
    squad.member("writer").retain(TEXT, document_id="launch")
    with pytest.raises(AccessDenied, match="'launch'"):
        squad.member(member).retain("Nothing.", document_id="launch", append=append)
    assert texts(backend) == [TEXT]


async def test_the_same_holds_from_async_code(squad: TeamMemory, backend: SQLiteBackend) -> None:
    await squad.member("writer").aretain(TEXT, document_id="launch")
    with pytest.raises(AccessDenied):
        await squad.member("drop-box").aretain("Nothing.", document_id="launch")
    assert texts(backend) == [TEXT]


def test_ones_own_is_replaced_without_a_right_to_read(squad: TeamMemory, backend: SQLiteBackend) -> None:
    squad.member("writer").retain(TEXT, document_id="launch")
    squad.member("writer").retain("The launch code is ochre.", document_id="launch")
    assert texts(backend) == ["The launch code is ochre."]


def test_what_a_member_may_read_it_may_replace(squad: TeamMemory, backend: SQLiteBackend) -> None:
    squad.member("writer").retain(TEXT, document_id="launch")
    squad.member("editor").retain("The launch code is ochre.", document_id="launch")
    assert texts(backend) == ["The launch code is ochre."]


def test_what_lies_in_the_scope_of_both_is_replaced(squad: TeamMemory, backend: SQLiteBackend) -> None:
    squad.member("editor").retain(TEXT, document_id="launch", tags=["project:maple"])
    squad.member("maple").retain("The launch code is ochre.", document_id="launch")
    assert texts(backend) == ["The launch code is ochre."]


def test_what_carries_just_the_scope_is_replaced_inside_it(squad: TeamMemory, backend: SQLiteBackend) -> None:
    backend.retain("squad:shared", TEXT, document_id="launch", tags=["project:maple"])
    squad.member("maple").retain("The launch code is ochre.", document_id="launch")
    assert texts(backend) == ["The launch code is ochre."]


def test_one_foreign_memory_among_many_of_ones_own_protects_the_document(
    squad: TeamMemory, backend: SQLiteBackend
) -> None:
    for number in range(3):
        squad.member("writer").retain(f"Line {number}.", document_id="log", append=True)
    backend.retain("squad:shared", "Line of the application.", document_id="log", update_mode="append")
    before = texts(backend)
    with pytest.raises(AccessDenied):
        squad.member("drop-box").retain("Nothing.", document_id="log")
    assert texts(backend) == before


def test_the_application_s_documents_are_not_a_writers(squad: TeamMemory, backend: SQLiteBackend) -> None:
    backend.retain("squad:shared", TEXT, document_id="launch")
    with pytest.raises(AccessDenied):
        squad.member("writer").retain("Nothing.", document_id="launch")
    assert texts(backend) == [TEXT]


def test_a_refusal_shows_little_of_a_long_id(squad: TeamMemory) -> None:
    long = "d" * 10_000
    squad.member("writer").retain(TEXT, document_id=long)
    with pytest.raises(AccessDenied) as denied:
        squad.member("drop-box").retain("Nothing.", document_id=long, caller=Caller(user="ada"))
    assert len(denied.value.message) < 400


@pytest.mark.parametrize("signature", [{"author": "writer", "team": "other"}, {"author": "writer"}, {"team": "squad"}])
def test_the_document_of_a_namesake_is_not_a_writers(
    squad: TeamMemory, backend: SQLiteBackend, signature: dict[str, str]
) -> None:
    backend.retain("squad:shared", TEXT, document_id="launch", metadata=signature)
    with pytest.raises(AccessDenied):
        squad.member("writer").retain("Nothing.", document_id="launch")
    assert texts(backend) == [TEXT]


class Holding(DelegatingBackend):
    """Lists what it was given, or fails."""

    def __init__(self, inner: SQLiteBackend, held: list[Memory] | Exception) -> None:
        super().__init__(inner)
        self.held = held

    def execute(self, request: Request[Any], /) -> Any:
        if not isinstance(request, ListMemories):
            return super().execute(request)
        if isinstance(self.held, Exception):
            raise self.held
        return MemoryPage(self.held, len(self.held), request.limit, request.offset)


OWN = Memory("1", "x", "squad:shared", metadata={"author": "writer", "team": "squad"})
FOREIGN = Memory("2", "x", "squad:shared")
DERIVED = Memory("3", "x", "squad:shared", type="observation")


@pytest.mark.parametrize(
    ("held", "raised"),
    [
        ([], None),
        ([OWN, DERIVED], None),  # what was derived goes with what it rests on
        ([OWN, DERIVED, FOREIGN], AccessDenied),
        (Forbidden("403"), None),  # a server that keeps authors apart by itself
        (ServerFault("down"), ServerFault),
    ],
)
def test_a_document_is_looked_through_before_it_is_replaced(
    squad: TeamMemory, backend: SQLiteBackend, held: list[Memory] | Exception, raised: type[Exception] | None
) -> None:
    writer = TeamMemory.of(squad.definition, backend=Holding(backend, held)).member("writer")
    if raised is None:
        writer.retain(TEXT, document_id="launch")
    else:
        with pytest.raises(raised):
            writer.retain(TEXT, document_id="launch")
    assert texts(backend) == ([TEXT] if raised is None else [])
