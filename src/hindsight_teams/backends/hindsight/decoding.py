"""Decode a Hindsight server's JSON into models. Pure.

Unknown fields of a newer server are ignored, and missing ones have their documented defaults. Anything of a wrong shape
raises ``KeyError``, ``TypeError``, ``ValueError`` or ``AttributeError``, which ``exchange`` turns into
``UnexpectedAnswer``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hindsight_teams.models import (
    BankInfo,
    BankStats,
    Document,
    Memory,
    Operation,
    RecallResult,
    Receipt,
    Reflection,
    Signal,
    TagCount,
)

_SIGNALS = (("semantic", "meaning"), ("keyword", "words"), ("reranker", "reranker"))


def moment(value: str | None) -> datetime | None:
    """A point in time, aware; a server's naive one is UTC."""
    if value is None:
        return None
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def memory(bank_id: str, raw: Mapping[str, Any], *, explain: bool = False) -> Memory:
    """A memory as recall, reflect, listing and reading write it."""
    get = raw.get
    entities = get("entities")
    if isinstance(entities, str):  # a listing joins them
        entities = entities.split(", ") if entities else None
    scores = get("scores")
    tags = get("tags")
    sources = get("source_fact_ids") or get("source_memory_ids")
    begin, end = get("occurred_start"), get("occurred_end")
    occurred = moment(begin)
    return Memory(
        id=str(raw["id"]),
        text=_text(raw["text"]),
        bank_id=bank_id,
        tags=tuple(tags) if tags else (),
        metadata=get("metadata") or {},
        document_id=get("document_id"),
        context=get("context") or None,
        occurred_at=occurred,
        occurred_end=occurred if end is None or end == begin else moment(end),
        mentioned_at=moment(get("mentioned_at")),
        entities=tuple(entities) if entities else (),
        type=get("type") or get("fact_type") or "world",
        score=scores.get("final") if scores else None,
        chunk_id=get("chunk_id"),
        source_ids=tuple(sources) if sources else (),
        signals=_signals(scores) if explain and scores else (),
    )


def recalled(bank_id: str, body: Mapping[str, Any], *, explain: bool = False) -> RecallResult:
    """The answer to a recall."""
    results = [memory(bank_id, raw, explain=explain) for raw in body["results"]]
    chunks, facts = body.get("chunks"), body.get("source_facts")
    if not chunks and not facts:
        return RecallResult(results)
    notes = ("some source facts were left out for want of room",) if body.get("source_facts_truncated") else ()
    return RecallResult(
        results,
        notes=notes,
        chunks={key: _text(raw["text"]) for key, raw in (chunks or {}).items()},
        source_facts={key: memory(bank_id, raw) for key, raw in (facts or {}).items()},
    )


def reflected(bank_id: str, body: Mapping[str, Any]) -> Reflection:
    """The answer to a reflect."""
    based_on = body.get("based_on") or {}
    facts = [memory(bank_id, {"id": "", **raw}) for raw in based_on.get("memories") or ()]
    notes = ("the answer could not be brought into the shape of response_schema",)
    return Reflection(
        text=_text(body["text"]),
        based_on=facts,
        structured_output=body.get("structured_output"),
        notes=notes if body.get("structured_output_error") else (),
    )


def receipt(bank_id: str, body: Mapping[str, Any], document_ids: tuple[str, ...]) -> Receipt:
    """The answer to a retain."""
    if body["success"] is not True:
        raise ValueError("a retain without success")
    operation = body.get("operation_id")
    return Receipt(
        bank_id=bank_id, items_count=int(body["items_count"]), document_ids=document_ids, operation_id=operation
    )


def bank(raw: Mapping[str, Any]) -> BankInfo:
    """A bank, as a listing or its creation shows it."""
    return BankInfo(
        bank_id=_text(raw["bank_id"]),
        name=raw.get("name"),
        memory_count=raw.get("fact_count"),
        created_at=moment(raw.get("created_at")),
        updated_at=moment(raw.get("last_write_at") or raw.get("updated_at")),
    )


def stats(body: Mapping[str, Any]) -> BankStats:
    """Counts of one bank; the server counts no entities."""
    return BankStats(
        bank_id=_text(body["bank_id"]),
        memories=int(body["total_nodes"]),
        documents=int(body.get("total_documents", 0)),
        observations=int(body.get("total_observations", 0)),
        pending_operations=int(body.get("pending_operations", 0)),
        failed_operations=int(body.get("failed_operations", 0)),
        last_write_at=moment(body.get("last_memory_write_at")),
    )


def tag(raw: Mapping[str, Any]) -> TagCount:
    """A tag in a listing."""
    return TagCount(_text(raw["tag"]), int(raw["count"]))


def operation(body: Mapping[str, Any]) -> Operation:
    """A background operation, as a listing or its reading shows it."""
    return Operation(
        operation_id=_text(body.get("operation_id") or body["id"]),
        status=body["status"],
        kind=body.get("operation_type") or body.get("task_type"),
        error=body.get("error_message"),
    )


def document(bank_id: str, raw: Mapping[str, Any]) -> Document:
    """A document, as a listing or its reading shows it."""
    return Document(
        document_id=_text(raw["id"]),
        bank_id=bank_id,
        memory_count=int(raw.get("memory_unit_count") or 0),
        tags=tuple(raw.get("tags") or ()),
        metadata={k: str(v) for k, v in (raw.get("document_metadata") or {}).items()},
        created_at=moment(raw.get("created_at")),
        updated_at=moment(raw.get("updated_at")),
        text=raw.get("original_text"),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _signals(scores: Mapping[str, Any]) -> tuple[Signal, ...]:
    return tuple(Signal(ours, float(scores[theirs])) for theirs, ours in _SIGNALS if scores.get(theirs) is not None)
