"""One bank of a member as a list: what is shown, what is removed, and page by page what a bank holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.access.grants import Caller
from hindsight_teams.audit import AuditEvent
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import AccessDenied, DatabaseLocked
from hindsight_teams.memory.browsing import PAGE, Holdings, pages
from hindsight_teams.models import MemoryPage, RetainItem
from hindsight_teams.requests import Capability
from tests.memory.team_fixtures import BankByBank

ADA = Caller(user="ada")


class Log:
    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


class Counting(DelegatingBackend):
    """Counts the requests for a page, and finds none by the memory before it."""

    def __init__(self, inner: SQLiteBackend, *, offsets: bool) -> None:
        super().__init__(inner)
        self.capabilities = inner.capabilities - ({Capability.LIST_AFTER} if offsets else set())
        self.asked: list[Any] = []

    def execute(self, request: Any, /) -> Any:
        self.asked.append(request)
        return super().execute(request)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture(params=[SQLiteBackend, BankByBank], ids=["all at once", "bank by bank"])
def house(request: pytest.FixtureRequest, backend: SQLiteBackend, log: Log) -> TeamMemory:
    return TeamMemory(
        "house",
        banks={"shared": "team", "other": "team"},
        members={
            "clerk": {"shared": "full", "other": "full"},
            "east": {"shared": {"access": "full", "scope_tags": ["east", "europe"]}},
            "reader": {"shared": "read-only"},
            "writer": {"shared": "writer-only"},
        },
        backend=backend if request.param is SQLiteBackend else BankByBank(backend),
        audit=log,
    )


def shared(house: TeamMemory, member: str = "clerk") -> Holdings:
    return Holdings(house.member(member), "shared")


def texts(found: Any) -> list[str]:
    return [memory.text for memory in found]


@pytest.mark.parametrize("count", [0, 1, 200, 201, 401])
def test_the_newest_and_the_oldest_of_any_number_of_memories(
    house: TeamMemory, backend: SQLiteBackend, count: int
) -> None:
    wanted = [f"Lamp {n}." for n in range(count)]
    backend.retain_batch("house:shared", [RetainItem(text) for text in wanted])
    for limit in (1, 3, 200, 500):
        assert texts(shared(house).newest(limit, caller=ADA)) == wanted[-limit:]
        assert texts(shared(house).oldest(limit, caller=ADA)) == wanted[:limit]


def test_no_page_is_asked_for_past_the_end(backend: SQLiteBackend) -> None:
    counting = Counting(backend, offsets=False)
    team = TeamMemory("house", banks={"shared": "team"}, members={"clerk": {"shared": "full"}}, backend=counting)
    backend.retain_batch("house:shared", [RetainItem(f"Lamp {n}.") for n in range(200)])
    for one in (shared(team).newest, shared(team).oldest):
        counting.asked.clear()
        assert len(one(500, caller=ADA)) == 200
        assert len(counting.asked) == 1


def test_no_page_is_asked_for_past_the_limit(backend: SQLiteBackend) -> None:
    counting = Counting(backend, offsets=False)
    team = TeamMemory("house", banks={"shared": "team"}, members={"clerk": {"shared": "full"}}, backend=counting)
    backend.retain_batch("house:shared", [RetainItem(f"Lamp {n}.") for n in range(401)])
    for one, limit, requests in ((shared(team).newest, 200, 2), (shared(team).oldest, 200, 1)):
        counting.asked.clear()
        assert len(one(limit, caller=ADA)) == limit
        assert len(counting.asked) == requests
        assert max(request.limit for request in counting.asked) <= PAGE


@pytest.mark.parametrize("call", ["newest", "remove", "clear"])
def test_a_call_that_fails_on_the_way_names_the_bank_in_its_event(backend: SQLiteBackend, log: Log, call: str) -> None:
    class Broken(DelegatingBackend):
        def execute(self, request: Any, /) -> Any:
            raise DatabaseLocked("another process writes")

    grants = {"clerk": {"shared": "full"}}
    team = TeamMemory("house", banks={"shared": "team"}, members=grants, backend=Broken(backend), audit=log)
    given: Any = {"newest": [1], "remove": [["m1"]], "clear": []}[call]
    with pytest.raises(DatabaseLocked):
        getattr(shared(team), call)(*given, caller=ADA)
    [event] = log.events
    verb = "recall" if call == "newest" else "forget"
    assert (event.verb, event.outcome, event.bank, event.bank_id) == (verb, "error", "shared", "house:shared")


def test_a_memory_is_found_by_its_id_in_this_bank_alone(house: TeamMemory, log: Log) -> None:
    clerk = house.member("clerk")
    [here] = clerk.retain("The rug is red.", bank="shared").memory_ids
    [there] = clerk.retain("The lamp is green.", bank="other").memory_ids
    log.events.clear()
    found = shared(house).find(here, caller=ADA)
    assert found is not None
    assert (found.text, found.bank_id) == ("The rug is red.", "house:shared")
    assert shared(house).find(there, caller=ADA) is None
    assert [(e.verb, e.outcome, e.bank, e.memory_ids, e.user) for e in log.events] == [
        ("recall", "allowed", "shared", (here,), "ada"),
        ("recall", "allowed", "shared", (), "ada"),
    ]


def test_a_scope_bounds_what_is_shown_found_removed_and_cleared(house: TeamMemory, backend: SQLiteBackend) -> None:
    outside: list[str] = []
    for text, tags in (("Of the east.", ["east"]), ("Of the north.", ["north", "europe"]), ("Untagged.", [])):
        outside += house.member("clerk").retain(text, bank="shared", tags=tags).memory_ids
    [own] = house.member("east").retain("Of the east of Europe.").memory_ids
    east = shared(house, "east")
    assert texts(east.newest(9, caller=ADA)) == texts(east.oldest(9, caller=ADA)) == ["Of the east of Europe."]
    assert [east.find(name, caller=ADA) for name in outside] == [None, None, None]
    assert east.remove(outside, caller=ADA) == 0
    assert east.clear(caller=ADA) == 1
    assert own not in [memory.id for memory in backend.list_memories("house:shared").memories]
    assert texts(backend.list_memories("house:shared").memories) == ["Of the east.", "Of the north.", "Untagged."]


async def test_clearing_without_a_scope_takes_the_bank_and_no_other(house: TeamMemory, backend: SQLiteBackend) -> None:
    clerk = house.member("clerk")
    for clear in (True, False):
        for bank in ("shared", "other"):
            clerk.retain("The rug is red.", bank=bank)
        assert (shared(house).clear(caller=ADA) if clear else await shared(house).aclear(caller=ADA)) == 1
        assert [bank.bank_id for bank in backend.list_banks()] == ["house:other"]


def test_what_is_removed_is_recorded_by_its_ids_and_what_is_cleared_by_its_number(house: TeamMemory, log: Log) -> None:
    [first] = house.member("clerk").retain("The rug is red.", bank="shared").memory_ids
    for text in ("The lamp is green.", "The door is blue."):
        house.member("clerk").retain(text, bank="shared")
    log.events.clear()
    assert shared(house).remove([first], caller=ADA) == 1
    assert shared(house).remove([first], caller=ADA) == 0
    assert shared(house).clear(caller=ADA) == 2
    assert [(e.verb, e.outcome, e.count, e.memory_ids) for e in log.events] == [
        ("forget", "allowed", 1, (first,)),
        ("forget", "allowed", 0, ()),
        ("forget", "allowed", 2, ()),
    ]


@pytest.mark.parametrize(("member", "may_read"), [("reader", True), ("writer", False)])
def test_only_who_may_read_and_write_removes(
    house: TeamMemory, backend: SQLiteBackend, log: Log, member: str, may_read: bool
) -> None:
    [kept] = house.member("clerk").retain("The rug is red.", bank="shared").memory_ids
    held = shared(house, member)
    log.events.clear()
    with pytest.raises(AccessDenied, match=f"'{member}'"):
        held.remove([kept], caller=ADA)
    with pytest.raises(AccessDenied, match=f"'{member}'"):
        held.clear(caller=ADA)
    assert [(e.verb, e.outcome, e.bank, e.error) for e in log.events] == [
        ("forget", "denied", "shared", "AccessDenied")
    ] * 2
    if may_read:
        assert texts(held.newest(1, caller=ADA)) == ["The rug is red."]
    else:
        with pytest.raises(AccessDenied, match=f"'{member}'"):
            held.newest(1, caller=ADA)
    assert backend.list_memories("house:shared").total == 1


def test_an_observation_is_derived_and_not_shown(house: TeamMemory, backend: SQLiteBackend) -> None:
    for text in ("Ada feeds Minka.", "Ada likes tea.", "Ada lives in Bergen."):
        backend.retain("house:shared", text)
    backend.consolidate("house:shared")
    derived = [m for m in backend.list_memories("house:shared").memories if m.type == "observation"]
    assert derived
    assert len(shared(house).newest(9, caller=ADA)) == len(shared(house).oldest(9, caller=ADA)) == 3
    assert shared(house).find(derived[0].id, caller=ADA) is None


@pytest.mark.parametrize("offsets", [True, False])
@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 400])
def test_a_bank_page_by_page_is_each_memory_once(backend: SQLiteBackend, offsets: bool, count: int) -> None:
    wanted = [f"Lamp {n}." for n in range(count)]
    backend.retain_batch("b", [RetainItem(text) for text in wanted])
    counting = Counting(backend, offsets=offsets)
    found = list(pages(counting, "b"))
    assert [memory.text for page in found for memory in page] == wanted
    assert max(map(len, found), default=0) <= PAGE
    assert max(request.limit for request in counting.asked) == PAGE


def test_a_bank_that_ends_inside_a_page_is_not_asked_again(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(f"Lamp {n}.") for n in range(201)])
    for offsets in (True, False):
        counting = Counting(backend, offsets=offsets)
        list(pages(counting, "b"))
        assert len(counting.asked) == 2


async def test_the_newest_are_the_same_from_async_code(house: TeamMemory, backend: SQLiteBackend) -> None:
    backend.retain_batch("house:shared", [RetainItem(f"Lamp {n}.") for n in range(3)])
    assert texts(await shared(house).anewest(2, caller=ADA)) == ["Lamp 1.", "Lamp 2."]


class Overcounted(Counting):
    """Tells a number of memories that its pages do not hold, as where some were deleted meanwhile."""

    def execute(self, request: Any, /) -> Any:
        answer = super().execute(request)
        assert len(self.asked) < 9, "it is asked for ever"
        return replace(answer, total=answer.total + 1) if isinstance(answer, MemoryPage) else answer


def test_a_listing_ends_where_a_page_is_empty_though_more_were_promised(backend: SQLiteBackend) -> None:
    counting = Overcounted(backend, offsets=False)
    team = TeamMemory("house", banks={"shared": "team"}, members={"clerk": {"shared": "full"}}, backend=counting)
    backend.retain_batch("house:shared", [RetainItem(f"Lamp {n}.") for n in range(3)])
    assert texts(shared(team).oldest(9, caller=ADA)) == ["Lamp 0.", "Lamp 1.", "Lamp 2."]
    assert texts(shared(team).newest(9, caller=ADA)) == ["Lamp 0.", "Lamp 1.", "Lamp 2."]
