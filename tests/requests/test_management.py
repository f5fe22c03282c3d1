"""The requests that are not a retain, recall or reflect: what each needs, refuses and settles; and whole listings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hindsight_teams.backends.base import Backend
from hindsight_teams.errors import InvalidBankId, InvalidInput
from hindsight_teams.models import Memory, MemoryPage, MemoryRecord, RetainItem
from hindsight_teams.requests import (
    ALL,
    BanksWithRepeats,
    CancelOperation,
    Capability,
    Consolidate,
    DeleteBank,
    DeleteDocument,
    DeleteEmptyBank,
    DeleteMemories,
    EnsureBank,
    FindMemories,
    FindRelated,
    GetDocument,
    GetHealth,
    GetMemory,
    GetOperation,
    GetStats,
    GetVersion,
    IsEraseDue,
    ListBanks,
    ListDocuments,
    ListMemories,
    ListOperations,
    ListRepeats,
    ListTags,
    Recall,
    Reflect,
    RenameBank,
    Request,
    Restore,
    Retain,
    RetryExtraction,
    TagFilter,
    WaitForOperation,
)
from hindsight_teams.requests.driver import run
from hindsight_teams.requests.management import every

UUID = "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("made", "verb", "needs"),
    [
        (Retain(bank="b", items=[]), "retain", "RETAIN"),
        (Retain(bank="b", items=[], background=True), "retain", "RETAIN OPERATIONS"),
        (Recall(bank="b", query="x"), "recall", "RECALL"),
        (Recall(bank="b", query="x", include_chunks=True), "recall", "RECALL SOURCES"),
        (Recall(bank="b", query="x", include_source_facts=True), "recall", "RECALL SOURCES"),
        (Reflect(bank="b", query="x"), "reflect", "REFLECT"),
        (EnsureBank(bank="b"), "ensure_bank", "MANAGE_BANKS"),
        (ListBanks(), "list_banks", "MANAGE_BANKS"),
        (GetStats(bank="b"), "bank_stats", "MANAGE_BANKS"),
        (DeleteBank(bank="b"), "delete_bank", "DELETE_BANKS"),
        (ListMemories(bank="b"), "list_memories", "LIST"),
        (ListMemories(bank="b", after="1"), "list_memories", "LIST LIST_AFTER"),
        (ListMemories(bank="b", order="happened"), "list_memories", "LIST LIST_BY_TIME"),
        (ListMemories(bank="b", order="happened", after="1"), "list_memories", "LIST LIST_BY_TIME LIST_AFTER"),
        (DeleteMemories(bank="b", ids=["1"]), "delete_memories", "DELETE"),
        (ListTags(bank="b"), "list_tags", "LIST"),
        (GetHealth(), "health", ""),
        (ListRepeats(bank="b"), "list_repeats", "REPEATS"),
        (BanksWithRepeats(), "banks_with_repeats", "REPEATS"),
        (FindMemories(), "find_memories", "SEARCH_ALL_BANKS"),
        (FindRelated(ids=[]), "find_related", "SEARCH_ALL_BANKS"),
        (IsEraseDue(), "erase_due", "ERASE_LATER"),
        (DeleteEmptyBank(bank="b"), "delete_empty_bank", "ERASE_LATER"),
        (GetMemory(bank="b", memory_id="1"), "get_memory", "GET_MEMORY"),
        (ListDocuments(bank="b"), "list_documents", "DOCUMENTS"),
        (GetDocument(bank="b", document_id="d"), "get_document", "DOCUMENTS"),
        (DeleteDocument(bank="b", document_id="d"), "delete_document", "DOCUMENTS"),
        (ListOperations(bank="b"), "list_operations", "OPERATIONS"),
        (GetOperation(bank="b", operation_id=UUID), "get_operation", "OPERATIONS"),
        (CancelOperation(bank="b", operation_id=UUID), "cancel_operation", "OPERATIONS"),
        (WaitForOperation(bank="b", operation_id=UUID), "wait_for_operation", "OPERATIONS"),
        (Consolidate(bank="b"), "consolidate", "CONSOLIDATE"),
        (RetryExtraction(bank="b"), "retry_extraction", "RETRY_EXTRACTION"),
        (GetVersion(), "version", "VERSION"),
        (RenameBank(bank="b", to="c"), "rename_bank", "RENAME_BANKS"),
        (Restore(bank="b", records=[]), "restore", "RESTORE"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_request_names_its_method_and_what_a_backend_must_be_able_to_do(
    made: Request[Any], verb: str, needs: str
) -> None:
    assert (made.verb, made.required) == (verb, frozenset(Capability[name] for name in needs.split()))


def restored(**wrong: Any) -> Callable[[], Restore]:
    memory = Memory(**{"id": "1", "text": "x", "bank_id": "", **wrong})
    return lambda: Restore(bank="b", records=[MemoryRecord(Memory("1", "x", ""), (memory,))])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: EnsureBank(bank="b", name=" "), "^name"),
        (lambda: ListMemories(bank="b", limit=0), "limit"),
        (lambda: ListMemories(bank="b", offset=-1), "offset"),
        (lambda: ListMemories(bank="b", order="newest"), "order"),  # type: ignore[arg-type]
        (lambda: ListMemories(bank="b", document_id=" "), "^document_id"),
        (lambda: ListMemories(bank="b", filter=TagFilter("a")), "tags"),
        (lambda: DeleteMemories(bank="b", ids="1"), "ids"),
        (lambda: DeleteMemories(bank="b", document_id=" "), "^document_id"),
        (lambda: DeleteMemories.of("b", tags_match="near"), "tags_match"),  # type: ignore[arg-type]
        (lambda: ListRepeats(bank="b", filter=TagFilter([""])), "tags"),
        (lambda: FindRelated(ids="1"), "^ids"),
        (lambda: FindRelated(ids=["1"], origin_tags=[""]), "^origin_tags"),
        (lambda: FindRelated(ids=["1"], filter=TagFilter([""])), "^tags"),
        (lambda: GetDocument(bank="b", document_id=""), "^document_id"),
        (lambda: GetOperation(bank="b", operation_id="x"), "operation_id"),
        (lambda: WaitForOperation(bank="b", operation_id="x"), "operation_id"),
        (lambda: WaitForOperation(bank="b", operation_id=UUID, timeout=-1), "timeout=-1"),
        (lambda: WaitForOperation(bank="b", operation_id=UUID, timeout=True), "timeout=True"),
        (lambda: WaitForOperation(bank="b", operation_id=UUID, timeout="1"), "timeout='1'"),  # type: ignore[arg-type]
        (lambda: RenameBank(bank="b", to="a/b"), "'a/b'"),
        (lambda: RenameBank(bank="b", to="t:review:queue"), "review bank"),
        (lambda: RenameBank(bank="t:review:queue", to="b"), "review bank"),
        (restored(text=" "), "^text"),
        (restored(metadata={"a": 1}), "^metadata"),
        (restored(tags=("",)), "^tags"),
        (restored(entities=("",)), "^entities"),
        (restored(type="evil"), "^type"),
        (restored(context="\x00"), "^context"),
        (restored(document_id=" "), "^document_id"),
        (lambda: Retain(bank="b", items=[RetainItem(" ")]), "^content"),
        (lambda: Retain(bank="b", items=[], operation_id=UUID), "operation_id"),
        (lambda: Retain(bank="b", items=[], operation_id="x", background=True), "operation_id"),
        (lambda: Recall(bank="b", query="x", types=["evil"]), "types"),  # type: ignore[list-item]
        (lambda: Recall(bank="b", query="x", min_score=float("nan")), "min_score"),
        (lambda: Recall(bank="b", query="x", query_timestamp="now"), "query_timestamp"),  # type: ignore[arg-type]
        (lambda: Reflect(bank="b", query="x", context=7), "^context"),  # type: ignore[arg-type]
    ],
)
def test_a_value_that_can_not_be_is_refused_by_its_name(make: Callable[[], object], says: str) -> None:
    with pytest.raises((InvalidInput, InvalidBankId), match=rf"(?<!\w){says}"):
        make()


def test_what_is_left_open_is_settled() -> None:
    assert (ListMemories(bank="b").limit, ListMemories(bank="b").offset, ListMemories(bank="b").filter) == (100, 0, ALL)
    assert (FindRelated(ids=["1"]).filter, FindMemories(ids=["1"]).filter) == (ALL, ALL)
    assert FindMemories(filter=TagFilter(match="all")).filter is ALL
    group: Any = {"tags": ["a"]}
    assert FindMemories(filter=TagFilter(match="all", groups=[group])).filter == TagFilter((), "all", (group,))
    assert GetOperation(bank="b", operation_id=UUID.upper()).operation_id == UUID
    waiting = WaitForOperation(bank="b", operation_id=UUID.upper(), timeout=0)
    assert (waiting.operation_id, waiting.timeout) == (UUID, 0)
    assert WaitForOperation(bank="b", operation_id=UUID).timeout == 300
    assert (GetVersion().checked, Restore(bank="b", records=[]).shift) == (False, None)
    plain = Recall(bank="b", query="x")
    assert {plain.explain, plain.include_chunks, plain.include_source_facts} == {False}
    for kind in (Recall, Reflect):
        assert kind(bank="b", query="a\x00b").query == "a b"
    assert (plain.min_score, plain.types, plain.query_timestamp) == (None, None, None)
    assert Retain(bank="b", items=[]).background is False


def test_public_keywords_have_the_match_mode_of_their_verb() -> None:
    listed, one = ListMemories.of("b", tags=["a"], limit=7), TagFilter(("a",), "all_strict")
    assert (listed.filter, listed.limit) == (TagFilter(("a",), "any"), 7)
    assert DeleteMemories.of("b", tags=["a"]).filter == one
    assert ListRepeats.of("b", tags=["a"], ids=None).filter == one
    assert FindMemories.of(tags=["a"], document_id="d").filter == one
    assert DeleteMemories.of("b", tags=["a"], tags_match="any").filter == TagFilter(("a",), "any")
    assert Recall.of("b", "x", tags=["a"]).filter == TagFilter(("a",), "any")
    group: Any = {"tags": ["g"]}
    assert Reflect.of("b", "x", tag_groups=[group]).filter == TagFilter((), "any", (group,))
    whole = Retain.of("b", "x", tags=["a"], context=None, background=True, operation_id=UUID)
    assert (whole.items, whole.background, whole.operation_id) == ((RetainItem("x", tags=["a"]),), True, UUID)


class Pages(Backend):
    """Lists so many memories, and notes from where it was asked to."""

    capabilities = frozenset({Capability.LIST})

    def __init__(self, count: int) -> None:
        self.memories = [Memory(str(n), f"Text {n}.", "b") for n in range(count)]
        self.asked: list[int] = []

    def execute(self, request: Request[Any], /) -> Any:
        assert isinstance(request, ListMemories)
        self.asked.append(request.offset)
        part = self.memories[request.offset :][: request.limit]
        return MemoryPage(part, len(self.memories), request.limit, request.offset)


@pytest.mark.parametrize(("count", "asked"), [(0, [0]), (1, [0]), (3, [0]), (4, [0, 3]), (6, [0, 3]), (7, [0, 3, 6])])
def test_a_listing_is_read_to_its_end_and_no_page_twice(count: int, asked: list[int]) -> None:
    pages = Pages(count)
    assert run(pages, every(ListMemories(bank="b", limit=3))) == pages.memories
    assert pages.asked == asked


def test_a_listing_goes_on_after_a_first_page_that_is_known_and_keeps_what_it_should() -> None:
    pages = Pages(5)
    request = ListMemories(bank="b", limit=3)
    first = pages.execute(request)
    pages.asked.clear()
    found = run(pages, every(request, keep=lambda memory: memory.id in "04", first=first))
    assert ([memory.id for memory in found], pages.asked) == (["0", "4"], [3])
