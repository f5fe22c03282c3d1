"""Each request as the calls that it makes, and what comes of their answers. Nothing is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hindsight_teams import requests as ask
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.engine import HindsightBackend
from hindsight_teams.backends.hindsight.plans import PLANS
from hindsight_teams.backends.hindsight.wire import Call, Pause, Reply, Rules, query
from hindsight_teams.errors import (
    BackendError,
    BackendTimeout,
    BankNotFound,
    NotFound,
    Rejected,
    ServerFault,
    Unsupported,
)
from hindsight_teams.models import (
    BankInfo,
    BankStats,
    Document,
    Health,
    MemoryPage,
    Operation,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagCount,
)
from hindsight_teams.requests import Recall, Reflect, Request, Retain
from hindsight_teams.requests.tags import ALL, TagFilter
from tests.backends.hindsight.test_wire import RECEIPT, RULES, body, calls, drive, ok

BANK = "/v1/default/banks/b"
NO_BANK = Reply(404, b'{"detail": "Bank \'b\' not found"}')
MISSING = Reply(404, b'{"detail": "Operation not found"}')
REFUSED = Reply(400, b'{"detail": "no"}')
ID = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"


def carry_out(request: Request[Any], *outcomes: Any, rules: Rules = RULES) -> tuple[list[Call], Any]:
    steps, result = drive(PLANS[type(request)](rules, request), *outcomes)
    return calls(steps), result


def lines(sent: list[Call]) -> list[str]:
    return [f"{call.method} {call.path}" for call in sent]


def memory(number: int, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "text": f"fact {number}", **more}


def page(total: int, *numbers: int) -> Reply:
    return ok({"items": [memory(n) for n in numbers], "total": total, "limit": 0, "offset": 0})


def test_the_backend_declares_what_its_plans_need() -> None:
    needed = frozenset().union(*(request.needs for request in PLANS))
    assert needed <= HindsightBackend.capabilities


# --- one call, one answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "answer", "sent", "verb", "result"),
    [
        (
            ask.GetStats(bank="b"),
            {"bank_id": "b", "total_nodes": 3},
            f"GET {BANK}/stats",
            "bank_stats",
            BankStats("b", 3),
        ),
        (ask.GetVersion(), {"api_version": "0.1"}, "GET /version", "version", "0.1"),
        (
            ask.ListTags(bank="b", pattern="50%_\\"),
            {"items": [], "total": 0},
            f"GET {BANK}/tags?q=50%5C%25%5C_%5C%5C&limit=500&offset=0",
            "list_tags",
            [],
        ),
        (
            ask.ListTags(bank="b", pattern="a*"),
            {"items": [{"tag": "a", "count": 1}, {"tag": "c", "count": 2}, {"tag": "b", "count": 2}], "total": 3},
            f"GET {BANK}/tags?q=a%2A&limit=500&offset=0",
            "list_tags",
            [TagCount("b", 2), TagCount("c", 2), TagCount("a", 1)],
        ),
        (
            ask.ListBanks(),
            {"banks": [{"bank_id": "c"}, {"bank_id": "b"}], "total": 2},
            "GET /v1/default/banks?limit=500&offset=0",
            "list_banks",
            [BankInfo("b"), BankInfo("c")],
        ),
        (
            ask.ListBanks(prefix="b"),
            {"banks": [{"bank_id": "ab"}, {"bank_id": "b"}], "total": 2},
            "GET /v1/default/banks?q=b&limit=500&offset=0",
            "list_banks",
            [BankInfo("b")],
        ),
        (
            ask.ListDocuments(bank="b"),
            {"items": [{"id": "d"}], "total": 1},
            f"GET {BANK}/documents?limit=500&offset=0",
            "list_documents",
            [Document("d", "b")],
        ),
        (
            ask.GetDocument(bank="b", document_id="d/e"),
            {"id": "d/e"},
            f"GET {BANK}/documents/d%2Fe",
            "get_document",
            Document("d/e", "b"),
        ),
        (
            ask.DeleteDocument(bank="b", document_id="d"),
            {"memory_units_deleted": 2},
            f"DELETE {BANK}/documents/d",
            "delete_memories",
            2,
        ),
        (
            ask.DeleteDocument(bank="b", document_id="d"),
            {"memory_units_deleted": None},
            f"DELETE {BANK}/documents/d",
            "delete_memories",
            0,
        ),
        (
            ask.ListOperations(bank="b", status="pending"),
            {"operations": [{"id": "o", "status": "pending"}], "total": 1},
            f"GET {BANK}/operations?status=pending&limit=100&offset=0",
            "list_operations",
            [Operation("o", "pending")],
        ),
        (
            ask.ListOperations(bank="b"),
            {"operations": [], "total": 0},
            f"GET {BANK}/operations?limit=100&offset=0",
            "list_operations",
            [],
        ),
        (
            ask.GetOperation(bank="b", operation_id=ID),
            {"operation_id": ID, "status": "failed"},
            f"GET {BANK}/operations/{ID}",
            "get_operation",
            Operation(ID, "failed"),
        ),
    ],
)
def test_a_request_is_one_call(request_: Any, answer: Any, sent: str, verb: str, result: Any) -> None:
    [call], found = carry_out(request_, ok(answer))
    assert (f"{call.method} {call.path}", call.verb, found) == (sent, verb, result)
    assert (call.content, call.wait, call.longer, call.repeat) == (None, "recall", 0.0, "always")


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        (ask.ListTags(bank="b"), []),
        (ask.ListDocuments(bank="b"), []),
        (ask.ListOperations(bank="b"), []),
        (ask.DeleteDocument(bank="b", document_id="d"), 0),
        (ask.DeleteBank(bank="b"), 0),
        (ask.DeleteMemories(bank="b", filter=TagFilter(("a",))), 0),
        (ask.ListMemories(bank="b", limit=7, offset=3), MemoryPage([], 0, 7, 3)),
        (Recall.of("b", "q"), RecallResult()),
        (ask.GetStats(bank="b"), BankNotFound),
        (ask.GetDocument(bank="b", document_id="d"), BankNotFound),
        (ask.GetMemory(bank="b", memory_id=ID), BankNotFound),
        (ask.ListBanks(), BankNotFound),
    ],
)
def test_a_bank_that_is_not_there_is_empty_unless_one_thing_of_it_is_wanted(request_: Any, result: Any) -> None:
    _, found = carry_out(request_, NO_BANK)
    assert type(found) is result if isinstance(result, type) else found == result


def test_an_answer_that_is_no_object_is_not_hindsights() -> None:
    _, found = carry_out(ask.DeleteBank(bank="b"), ok({"total": 1}), ok([]))
    assert isinstance(found, BackendError)


# --- banks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sent"), [(None, {}), ("Desk", {"name": "Desk"})])
def test_a_bank_is_made_where_there_is_none(name: str | None, sent: Any) -> None:
    near = ok({"banks": [{"bank_id": "b2"}, {"bank_id": "ab"}], "total": 2})
    [_, call], found = carry_out(ask.EnsureBank(bank="b", name=name), near, ok({"bank_id": "b"}))
    assert (f"{call.method} {call.path}", call.verb, body(call), found) == (
        f"PUT {BANK}",
        "ensure_bank",
        sent,
        BankInfo("b"),
    )


def test_a_bank_that_is_there_stays_as_it_is() -> None:
    there = ok({"banks": [{"bank_id": "b", "name": "Old"}], "total": 1})
    [call], found = carry_out(ask.EnsureBank(bank="b", name="New"), there)
    assert (call.method, found) == ("GET", BankInfo("b", "Old"))


def test_a_deleted_bank_is_counted_first() -> None:
    sent, found = carry_out(ask.DeleteBank(bank="b"), ok({"total": 3}), ok({"deleted": 99}))
    assert (lines(sent), found) == ([f"GET {BANK}/memories/list?limit=0", f"DELETE {BANK}"], 3)
    empty, none = carry_out(ask.DeleteBank(bank="b"), ok({"total": 0}), ok({}))
    assert (len(empty), none) == (2, 0)


@pytest.mark.parametrize(
    ("outcomes", "ok_", "version", "says"),
    [
        ([ok({"api_version": "1.1.0"}), ok({"banks": []})], True, "1.1.0", ""),
        ([ok({"api_version": "1.0.9"})], False, "1.0.9", "at least 1.1 is needed"),
        ([Reply(503, b"{}")], False, None, "failed on version"),
        ([ok({"api_version": "1.1.0"}), Reply(401, b"{}")], False, "1.1.0", "refused the API key"),
        ([ok({"api_version": "1.1.0"}), ok([])], False, "1.1.0", "can't be read"),
    ],
)
def test_health_is_asked_once_and_raises_nothing(outcomes: Any, ok_: bool, version: str | None, says: str) -> None:
    sent, found = carry_out(ask.GetHealth(), *outcomes)
    assert lines(sent) == ["GET /version", "GET /v1/default/banks?limit=1"][: len(outcomes)]
    assert isinstance(found, Health)
    assert (found.ok, found.backend, found.location, found.version) == (ok_, "hindsight", RULES.location, version)
    assert says in found.message
    assert bool(says) == bool(found.message)


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "offset", "pages", "asked", "found"),
    [
        (2, 0, [page(2, 2, 1)], [(2, 0)], ["1", "2"]),
        (3, 0, [page(2, 2, 1)], [(3, 0)], ["1", "2"]),
        (2, 0, [page(3, 3, 2), page(3, 2, 1)], [(2, 0), (2, 1)], ["1", "2"]),
        (2, 2, [page(3), page(3, 3)], [(0, 0), (1, 0)], ["3"]),
        (2, 1, [page(3), page(3, 3, 2)], [(0, 0), (2, 0)], ["2", "3"]),
        (2, 3, [page(3)], [(0, 0)], []),
        (2, 9, [page(3)], [(0, 0)], []),
    ],
)
def test_a_page_of_memories_is_looked_for_from_the_end(
    limit: int, offset: int, pages: Any, asked: list[tuple[int, int]], found: list[str]
) -> None:
    sent, result = carry_out(ask.ListMemories(bank="b", limit=limit, offset=offset), *pages)
    assert lines(sent) == [f"GET {BANK}/memories/list?limit={size}&offset={at}" for size, at in asked]
    assert {call.verb for call in sent} == {"list_memories"}
    assert ([m.id for m in result.memories], result.limit, result.offset) == (found, limit, offset)
    assert {m.bank_id for m in result.memories} <= {"b"}


def test_a_bank_that_changes_on_and_on_is_looked_at_ten_times() -> None:
    pages = [page(10 + n, 2, 1) for n in range(11)]
    sent, result = carry_out(ask.ListMemories(bank="b", limit=2), *pages)
    assert (len(sent), result.total) == (11, 20)


def test_a_listing_takes_a_filter_and_a_document() -> None:
    request = ask.ListMemories(bank="b", filter=TagFilter(("a", "b"), "all"), document_id="d", limit=1)
    [call], _ = carry_out(request, page(1, 1))
    assert call.path == query(
        f"{BANK}/memories/list", tags=["a", "b"], tags_match="all", document_id="d", limit=1, offset=0
    )


GROUPS = ({"not": {"tags": ["z"]}},)


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        (ALL, {}),
        (TagFilter(("a",), "any"), {"tags": ["a"], "tags_match": "any"}),
        (TagFilter((), "exact"), {"tags": [], "tags_match": "exact"}),
        (TagFilter((), "all"), {}),
        (TagFilter((), "any", GROUPS), {"tag_groups": [*GROUPS]}),
        (TagFilter(("a",), "all", GROUPS), {"tag_groups": [*GROUPS, {"tags": ["a"], "match": "all"}]}),
        (TagFilter((), "exact", GROUPS), {"tag_groups": [*GROUPS, {"tags": [], "match": "exact"}]}),
    ],
)
def test_tags_and_groups_are_anded(chosen: TagFilter, sent: Any) -> None:
    assert wire.tag_filter(chosen) == sent
    flat = {name: value for name, value in sent.items() if value != []}
    assert wire.selection(chosen, None) == flat
    assert wire.selection(chosen, "d") == {**flat, "document_id": "d"}


# --- deleting --------------------------------------------------------------------------------------------------------


def listed(*rows: dict[str, Any]) -> Reply:
    return ok({"items": list(rows), "total": len(rows)})


def test_a_whole_document_is_deleted_as_one() -> None:
    sent, found = carry_out(ask.DeleteMemories(bank="b", document_id="d"), ok({"memory_units_deleted": 2}))
    assert (lines(sent), found) == ([f"DELETE {BANK}/documents/d"], 2)


def test_ids_that_are_not_there_are_none() -> None:
    sent, found = carry_out(ask.DeleteMemories(bank="b", ids=[OTHER, ID]), MISSING, MISSING)
    assert (lines(sent), found) == ([f"GET {BANK}/memories/{one}" for one in (ID, OTHER)], 0)


def test_an_id_that_is_named_twice_is_looked_for_once() -> None:
    sent, _ = carry_out(ask.DeleteMemories(bank="b", ids=[ID, ID]), MISSING)
    assert len(sent) == 1


def test_ids_within_a_selection_are_those_of_both() -> None:
    request = ask.DeleteMemories(bank="b", ids=[ID], filter=TagFilter(("a",)))
    chosen, rest = memory(0, id=ID, document_id=None), memory(0, id=OTHER)
    sent, found = carry_out(request, listed(chosen, rest, chosen), ok({}))
    assert lines(sent) == [
        f"GET {BANK}/memories/list?tags=a&tags_match=any&limit=500&offset=0",
        f"PATCH {BANK}/memories/{ID}",
    ]
    assert (body(sent[1]), found) == ({"state": "invalidated", "reason": "deleted by its owner"}, 1)


def test_a_document_of_which_nothing_stays_is_deleted() -> None:
    rows = [memory(1, document_id="d"), memory(2, document_id="d"), memory(3, document_id="d", type="observation")]
    request = ask.DeleteMemories(bank="b", filter=TagFilter(("a",)))
    sent, found = carry_out(request, listed(*rows), listed(*rows), ok({"memory_units_deleted": 2}))
    assert (lines(sent)[1:], found) == (
        [f"GET {BANK}/memories/list?document_id=d&limit=500&offset=0", f"DELETE {BANK}/documents/d"],
        2,
    )


def test_memories_of_several_documents_are_deleted_by_document() -> None:
    rows = [memory(1, document_id="d"), memory(2, document_id="e"), memory(3, document_id="d")]
    own = {name: [row for row in rows if row["document_id"] == name] for name in "de"}
    outcomes = [listed(*rows), listed(*own["d"]), ok({}), listed(*own["e"]), ok({})]
    sent, found = carry_out(ask.DeleteMemories(bank="b", filter=TagFilter(("a",))), *outcomes)
    assert ([call.path for call in sent if call.method == "DELETE"], found) == (
        [f"{BANK}/documents/d", f"{BANK}/documents/e"],
        3,
    )


def test_an_observation_is_not_deleted_by_itself() -> None:
    seen = ok(memory(0, id=ID, type="observation"))
    with pytest.raises(Unsupported, match="source_ids"):
        carry_out_raising(ask.DeleteMemories(bank="b", ids=[ID]), seen)
    sent, found = carry_out(
        ask.DeleteMemories(bank="b", filter=TagFilter(("a",))), listed(memory(1, type="observation"))
    )
    assert (len(sent), found) == (1, 0)


def carry_out_raising(request: Request[Any], *outcomes: Any) -> None:
    _, found = carry_out(request, *outcomes)
    if isinstance(found, BackendError):
        raise found


def test_an_id_of_another_backend_is_not_found_without_asking() -> None:
    sent, found = carry_out(ask.GetMemory(bank="b", memory_id="7"))
    assert (sent, type(found)) == ([], NotFound)
    assert "'7'" in found.message
    [call], read = carry_out(ask.GetMemory(bank="b", memory_id=ID), ok(memory(0, id=ID)))
    assert (call.verb, call.path, read.id) == ("get_memory", f"{BANK}/memories/{ID}", ID)


# --- operations ------------------------------------------------------------------------------------------------------


def operation(status: str) -> Reply:
    return ok({"operation_id": ID, "status": status})


@pytest.mark.parametrize("answer", [ok({}), MISSING])
def test_a_cancelled_operation_is_told_as_it_is_then(answer: Reply) -> None:
    sent, found = carry_out(ask.CancelOperation(bank="b", operation_id=ID), answer, operation("cancelled"))
    path = f"{BANK}/operations/{ID}"
    assert (lines(sent), [call.verb for call in sent]) == (
        [f"DELETE {path}", f"GET {path}"],
        ["cancel_operation", "get_operation"],
    )
    assert found == Operation(ID, "cancelled")


def wait(pause: Callable[[float], None], timeout: float, *statuses: str) -> Operation:
    """What an operation was when it had ended."""
    plan = PLANS[ask.WaitForOperation](RULES, ask.WaitForOperation(bank="b", operation_id=ID, timeout=timeout))
    waiting, step = list(statuses), next(plan)
    while True:
        if isinstance(step, Pause):
            pause(step.seconds)
        try:
            step = plan.send(operation(waiting.pop(0)) if isinstance(step, Call) else None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "not_found"])
def test_an_operation_is_waited_for_less_and_less_often(status: str) -> None:
    pauses: list[float] = []
    ended = wait(pauses.append, 300, *["pending", "processing"] * 6, status)
    expected = [min(0.1 * 1.5**number, 3.0) for number in range(12)]
    assert pauses == pytest.approx(expected)
    assert (ended.operation_id, str(ended.status)) == (ID, status)


def test_an_operation_that_takes_too_long_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + sum(pauses))
    with pytest.raises(BackendTimeout, match=rf"{ID} is still pending after 0\.15 s"):
        wait(pauses.append, 0.15, *["pending"] * 9)
    assert pauses == pytest.approx([0.1, 0.05])


# --- verbs -----------------------------------------------------------------------------------------------------------


def test_a_bare_item_is_sent_bare() -> None:
    [call], found = carry_out(Retain.of("b", "x", document_id="d"), RECEIPT)
    assert (body(call), call.wait, call.longer) == ({"items": [{"content": "x", "document_id": "d"}]}, "retain", 0.0)
    assert (f"{call.method} {call.path}", call.verb) == (f"POST {BANK}/memories", "retain")
    assert found == Receipt("b", 1, document_ids=("d",))


def test_nothing_to_retain_asks_nothing() -> None:
    assert carry_out(Retain(bank="b", items=[])) == ([], Receipt("b", 0))


def test_the_documents_of_a_retain_are_named_once_in_their_order() -> None:
    items = [RetainItem("x", document_id=name) for name in ("d", "c", "d")]
    _, found = carry_out(Retain(bank="b", items=items), RECEIPT)
    assert found.document_ids == ("d", "c")


@pytest.mark.parametrize(
    ("modes", "background", "repeat"),
    [
        (["replace"], False, "always"),
        (["append"], False, "unprocessed"),
        (["replace", "append"], False, "unprocessed"),
        (["replace", "append"], True, "always"),
    ],
)
def test_only_what_does_no_harm_twice_is_sent_again(modes: Any, background: bool, repeat: str) -> None:
    items = [RetainItem("x" * 3000, document_id="d", update_mode=mode) for mode in modes]
    [call], _ = carry_out(Retain(bank="b", items=items, background=background), RECEIPT)
    assert (call.repeat, call.longer) == (repeat, 0.0 if background else float(len(modes)))
    assert body(call).get("async", False) is background
    assert ("operation_id" in body(call)) is background


def test_a_background_retain_has_the_operation_id_that_it_was_given() -> None:
    [call], _ = carry_out(Retain.of("b", "x", background=True, operation_id=ID.replace("-", "")), RECEIPT)
    assert body(call)["operation_id"] == ID


def test_a_bare_recall_is_sent_bare() -> None:
    [call], found = carry_out(Recall.of("b", "q"), ok({"results": [memory(1)]}))
    assert (f"{call.method} {call.path}", call.verb, call.wait) == (f"POST {BANK}/memories/recall", "recall", "recall")
    assert body(call) == {"query": "q", "budget": "mid", "max_tokens": 4096}
    assert ([m.bank_id for m in found.results], found.notes) == (["b"], ())


@pytest.mark.parametrize("query_", ["?!", "___", "…"])
def test_a_query_without_a_word_asks_nothing(query_: str) -> None:
    sent, found = carry_out(Recall.of("b", query_))
    assert (sent, found.results, len(found.notes)) == ([], [], 1)


def test_why_each_memory_was_found_is_told_where_it_was_asked() -> None:
    scored = memory(1, scores={"semantic": 0.5})
    for explain in (True, False):
        _, found = carry_out(Recall.of("b", "q", explain=explain), ok({"results": [scored]}))
        assert bool(found.results[0].signals) is explain


def test_a_bare_reflection_is_sent_bare() -> None:
    [looked, call], found = carry_out(Reflect.of("b", "q"), ok({"total": 0}), ok({"text": "Yes."}))
    assert f"{looked.method} {looked.path}" == f"GET {BANK}/memories/list?limit=0"
    assert (f"{call.method} {call.path}", call.verb, call.wait) == (f"POST {BANK}/reflect", "reflect", "reflect")
    assert body(call) == {"query": "q", "budget": "mid", "include": {"facts": {}}}
    assert found == Reflection("Yes.")


def test_a_reflection_on_a_bank_that_is_not_there_makes_none() -> None:
    sent, found = carry_out(Reflect.of("b", "q"), NO_BANK)
    assert (len(sent), len(found.notes)) == (1, 1)
    assert "empty" in found.text


# --- exchange --------------------------------------------------------------------------------------------------------


def test_an_error_says_what_was_asked_and_how_often() -> None:
    _, refused = carry_out(ask.GetStats(bank="b"), REFUSED)
    assert isinstance(refused, Rejected)
    asked = {"url": RULES.location, "request": f"GET {BANK}/stats"}
    assert {name: refused.details[name] for name in asked} == asked
    assert refused.details["attempts"] == 1
    _, failed = carry_out(ask.GetStats(bank="b"), *[Reply(502, b"")] * 3)
    assert isinstance(failed, ServerFault)
    assert failed.details["attempts"] == 3
    _, unread = carry_out(ask.GetStats(bank="b"), ok({"bank_id": "b"}))
    assert isinstance(unread, BackendError)
    assert {name: unread.details[name] for name in asked} == asked
    assert unread.details["cause"] == "KeyError('total_nodes')"


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_every_status_of_success_is_one(status: int) -> None:
    _, found = carry_out(ask.GetVersion(), Reply(status, b'{"api_version": "1.1"}'))
    assert found == "1.1"


@pytest.mark.parametrize("status", [199, 300])
def test_no_other_status_is(status: int) -> None:
    _, found = carry_out(ask.GetVersion(), Reply(status, b'{"api_version": "1.1"}'))
    assert isinstance(found, BackendError)
