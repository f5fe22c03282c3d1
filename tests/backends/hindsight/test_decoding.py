"""Each field of a server's answer is read into the field that it is, and is what the model says where it is missing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from hindsight_teams.backends.hindsight import decoding
from hindsight_teams.models import BankInfo, BankStats, Document, Memory, Operation, Receipt, Signal, TagCount

DAY = datetime(2026, 4, 1, tzinfo=UTC)
BARE = {"id": "1", "text": "t"}


def test_a_memory_has_all_that_the_server_tells_of_it() -> None:
    raw = {
        "id": 7,
        "text": "It leaks.",
        "tags": ["a", "b"],
        "metadata": {"author": "ann"},
        "document_id": "d",
        "context": "c",
        "occurred_start": "2026-04-01T00:00:00",
        "occurred_end": "2026-04-02T00:00:00Z",
        "mentioned_at": "2026-04-03T00:00:00+00:00",
        "entities": ["Pump, north"],
        "type": "experience",
        "scores": {"final": 0.5},
        "chunk_id": "k",
        "source_fact_ids": ["f", "g"],
    }
    assert decoding.memory("b", raw) == Memory(
        id="7",
        text="It leaks.",
        bank_id="b",
        tags=("a", "b"),
        metadata={"author": "ann"},
        document_id="d",
        context="c",
        occurred_at=DAY,
        occurred_end=DAY.replace(day=2),
        mentioned_at=DAY.replace(day=3),
        entities=("Pump, north",),
        type="experience",
        score=0.5,
        chunk_id="k",
        source_ids=("f", "g"),
    )


@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"tags": None, "metadata": None, "entities": None, "context": "", "scores": None, "source_fact_ids": None},
        {"tags": [], "metadata": {}, "entities": "", "context": None, "scores": {}, "source_memory_ids": []},
    ],
)
def test_what_a_server_does_not_tell_of_a_memory_is_unknown(empty: dict[str, Any]) -> None:
    assert decoding.memory("b", {**BARE, **empty}, explain=True) == Memory("1", "t", "b")


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"occurred_start": "2026-04-01"}, "occurred_end", DAY),
        ({"fact_type": "observation"}, "type", "observation"),
        ({"type": "world", "fact_type": "observation"}, "type", "world"),
        ({"entities": "Ada, Bob"}, "entities", ("Ada", "Bob")),
        ({"source_memory_ids": ["f"]}, "source_ids", ("f",)),
    ],
)
def test_a_memory_is_read_as_each_address_of_the_server_writes_it(raw: Any, field: str, value: Any) -> None:
    memory = decoding.memory("b", {**BARE, **raw})
    assert asdict(memory)[field] == value


def test_why_a_memory_was_found_is_told_only_where_it_was_asked() -> None:
    raw = {**BARE, "scores": {"final": 1.0, "semantic": 0, "keyword": "0.25", "reranker": None, "other": 1}}
    assert decoding.memory("b", raw, explain=True).signals == (Signal("meaning", 0.0), Signal("words", 0.25))
    assert decoding.memory("b", raw).signals == ()
    reranked = {**BARE, "scores": {"reranker": 2}}
    assert decoding.memory("b", reranked, explain=True).signals == (Signal("reranker", 2.0),)
    assert decoding.recalled("b", {"results": [raw]}).results[0].signals == ()
    assert decoding.recalled("b", {"results": [raw]}, explain=True).results[0].signals


@pytest.mark.parametrize(
    ("more", "chunks", "facts", "notes"),
    [
        ({}, {}, {}, 0),
        ({"chunks": {}, "source_facts": {}}, {}, {}, 0),
        ({"chunks": {"c": {"text": "chunk"}}}, {"c": "chunk"}, {}, 0),
        ({"source_facts": {"f": BARE}}, {}, {"f": Memory("1", "t", "b")}, 0),
        ({"source_facts": {"f": BARE}, "source_facts_truncated": True}, {}, {"f": Memory("1", "t", "b")}, 1),
        ({"chunks": {"c": {"text": "chunk"}}, "source_facts": None}, {"c": "chunk"}, {}, 0),
    ],
)
def test_what_comes_beside_the_memories_of_a_recall(more: Any, chunks: Any, facts: Any, notes: int) -> None:
    result = decoding.recalled("b", {"results": [BARE], **more})
    assert [memory.id for memory in result.results] == ["1"]
    assert (dict(result.chunks), dict(result.source_facts), len(result.notes)) == (chunks, facts, notes)


@pytest.mark.parametrize(
    ("more", "ids", "structured", "notes"),
    [
        ({}, [], None, 0),
        ({"based_on": None}, [], None, 0),
        ({"based_on": {"memories": None}}, [], None, 0),
        ({"based_on": {"memories": [{"text": "t"}, {"id": "f", "text": "t"}]}}, ["", "f"], None, 0),
        ({"structured_output": {"n": 1}}, [], {"n": 1}, 0),
        ({"structured_output_error": "failed"}, [], None, 1),
    ],
)
def test_what_comes_beside_the_text_of_a_reflection(more: Any, ids: list[str], structured: Any, notes: int) -> None:
    found = decoding.reflected("b", {"text": "Yes.", **more})
    assert [memory.id for memory in found.based_on] == ids
    assert (found.text, found.structured_output, len(found.notes)) == ("Yes.", structured, notes)


def test_a_receipt_tells_what_was_stored_and_by_which_operation() -> None:
    body = {"success": True, "items_count": "2", "operation_id": "o"}
    assert decoding.receipt("b", body, ("d",)) == Receipt("b", 2, document_ids=("d",), operation_id="o")
    assert decoding.receipt("b", {"success": True, "items_count": 1}, ()) == Receipt("b", 1)
    for success in (False, None, 1, "true"):
        with pytest.raises(ValueError, match="without success"):
            decoding.receipt("b", {"success": success, "items_count": 1}, ())


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ({"bank_id": "b"}, BankInfo("b")),
        (
            {"bank_id": "b", "name": "n", "fact_count": 3, "created_at": "2026-04-01", "last_write_at": "2026-04-02"},
            BankInfo("b", "n", 3, DAY, DAY.replace(day=2)),
        ),
        ({"bank_id": "b", "updated_at": "2026-04-01"}, BankInfo("b", updated_at=DAY)),
        (
            {"bank_id": "b", "updated_at": "2026-04-01", "last_write_at": "2026-04-02"},
            BankInfo("b", updated_at=DAY.replace(day=2)),
        ),
    ],
)
def test_a_bank(raw: Any, read: BankInfo) -> None:
    assert decoding.bank(raw) == read


def test_the_counts_of_a_bank() -> None:
    assert decoding.stats({"bank_id": "b", "total_nodes": "5"}) == BankStats("b", 5)
    full = {
        "bank_id": "b",
        "total_nodes": 5,
        "total_documents": 4,
        "total_observations": 3,
        "pending_operations": 2,
        "failed_operations": 1,
        "last_memory_write_at": "2026-04-01",
    }
    assert decoding.stats(full) == BankStats("b", 5, 4, 3, pending_operations=2, failed_operations=1, last_write_at=DAY)


def test_a_tag() -> None:
    assert decoding.tag({"tag": "a", "count": "2"}) == TagCount("a", 2)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ({"operation_id": "o", "status": "pending"}, Operation("o", "pending")),
        ({"id": "i", "status": "failed", "task_type": "k", "error_message": "e"}, Operation("i", "failed", "k", "e")),
        (
            {"id": "i", "operation_id": "o", "status": "completed", "operation_type": "a", "task_type": "b"},
            Operation("o", "completed", "a"),
        ),
    ],
)
def test_an_operation(raw: Any, read: Operation) -> None:
    assert decoding.operation(raw) == read


def test_a_document() -> None:
    assert decoding.document("b", {"id": "d"}) == Document("d", "b")
    empty = {"id": "d", "memory_unit_count": None, "tags": None, "document_metadata": None}
    assert decoding.document("b", empty) == Document("d", "b")
    full = {
        "id": "d",
        "memory_unit_count": 2,
        "tags": ["t"],
        "document_metadata": {"page": 7},
        "created_at": "2026-04-01",
        "updated_at": "2026-04-02",
        "original_text": "All of it.",
    }
    assert decoding.document("b", full) == Document(
        "d", "b", 2, ("t",), {"page": "7"}, DAY, DAY.replace(day=2), "All of it."
    )


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (decoding.bank, {"bank_id": 1}),
        (decoding.stats, {"bank_id": None, "total_nodes": 1}),
        (decoding.tag, {"tag": 1, "count": 1}),
        (decoding.operation, {"id": 1, "status": "pending"}),
        (lambda raw: decoding.document("b", raw), {"id": None}),
        (lambda raw: decoding.memory("b", raw), {"id": "1", "text": None}),
        (lambda raw: decoding.reflected("b", raw), {"text": 1}),
        (lambda raw: decoding.recalled("b", raw), {"results": [], "chunks": {"c": {"text": 1}}}),
    ],
)
def test_a_text_of_another_kind_is_refused(read: Any, raw: Any) -> None:
    with pytest.raises(TypeError, match="not a string"):
        read(raw)


def test_a_time_keeps_its_own_zone() -> None:
    kept = decoding.moment("2026-04-01T10:00:00+02:00")
    assert kept is not None
    assert kept.isoformat() == "2026-04-01T10:00:00+02:00"
    assert decoding.moment(None) is None
