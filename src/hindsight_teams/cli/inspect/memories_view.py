"""The memories of one bank: listed last stored first in pages, searched, or one of them with its lineage."""

from __future__ import annotations

from typing import Any

from hindsight_teams.access.signatures import attributed, identity_tag, own_tags
from hindsight_teams.cli.inspect.subject import Subject
from hindsight_teams.errors import NotFound
from hindsight_teams.models import Memory
from hindsight_teams.requests import Capability
from hindsight_teams.text import happened

PAGE = 50
_SEARCH_TOKENS = 16_000
_RELATED = 20


def page(
    subject: Subject, bank_id: str, *, query: str = "", author: str = "", tag: str = "", offset: int = 0
) -> dict[str, Any]:
    """One page of a bank's memories, last stored first; with a query its best matches, with what each strategy gave."""
    subject.check_bank(bank_id)
    tags = [*([identity_tag("author", author)] if author else []), *([tag] if tag else [])]
    chosen: dict[str, Any] = {"tags": tags, "tags_match": "all_strict"} if tags else {}
    if query.strip():
        found = subject.backend.recall(bank_id, query, max_tokens=_SEARCH_TOKENS, explain=True, **chosen)
        shown, total, notes = found.results[offset : offset + PAGE], len(found.results), found.notes
    else:
        total = subject.backend.list_memories(bank_id, limit=1, **chosen).total
        size = max(0, min(PAGE, total - offset))
        start = total - offset - size  # a backend lists the oldest first
        listed = subject.backend.list_memories(bank_id, limit=size, offset=start, **chosen) if size else None
        shown, notes = (listed.memories[::-1] if listed else []), ()
    subject.note(shown, bank_id=bank_id, text=query or None)
    return {
        "memories": [plain(memory) for memory in shown],
        "total": total,
        "offset": offset,
        "limit": PAGE,
        "searched": bool(query.strip()),
        "notes": notes,
    }


def one(subject: Subject, bank_id: str, memory_id: str) -> dict[str, Any]:
    """A memory with its lineage: what replaced it, what it rests on, and what its document holds besides.

    Raises:
        NotFound: There is no such memory.
    """
    subject.check_bank(bank_id)
    memory = _get(subject, bank_id, memory_id)
    related = {
        "superseded_by": _some(subject, bank_id, [memory.superseded_by] if memory.superseded_by else []),
        "sources": _some(subject, bank_id, list(memory.source_ids)),
        "origin": _origin(subject, memory),
    }
    siblings: list[Memory] = []
    total = 0
    if memory.document_id is not None:
        document = subject.backend.list_memories(bank_id, limit=_RELATED, document_id=memory.document_id)
        siblings, total = [m for m in document.memories if m.id != memory.id], document.total
    seen = [memory, *siblings, *(m for some in related.values() for m in some)]
    subject.note(seen, bank_id=bank_id)
    return {
        "memory": plain(memory),
        **{name: [plain(m) for m in some] for name, some in related.items()},
        "document": {"memories": [plain(m) for m in siblings], "total": total},
    }


def plain(memory: Memory) -> dict[str, Any]:
    """A memory as the page shows it: the day it happened and the day it was noted are two things."""
    memory = attributed(memory)
    return {
        "id": memory.id,
        "bank_id": memory.bank_id,
        "text": memory.text,
        "type": memory.type,
        "author": memory.author,
        "user": memory.metadata.get("user"),
        "trust": memory.metadata.get("trust"),
        "happened": happened(memory),
        "noted": memory.mentioned_at,
        "context": memory.context,
        "tags": own_tags(memory.tags),
        "signature": [tag for tag in memory.tags if tag not in own_tags(memory.tags)],
        "metadata": dict(memory.metadata),
        "entities": memory.entities,
        "document_id": memory.document_id,
        "source_ids": memory.source_ids,
        "superseded_by": memory.superseded_by,
        "lineage": memory.metadata.get("lineage"),
        "score": memory.score,
        "signals": memory.signals,
    }


def _get(subject: Subject, bank_id: str, memory_id: str) -> Memory:
    if Capability.GET_MEMORY in subject.backend.capabilities:
        return subject.backend.get_memory(bank_id, memory_id)
    offset = 0
    while True:  # a third party's backend that knows no ids: page by page
        found = subject.backend.list_memories(bank_id, limit=1000, offset=offset)
        for memory in found.memories:
            if memory.id == memory_id:
                return memory
        offset += 1000
        if offset >= found.total:
            raise NotFound(f"there is no memory {memory_id!r} in this bank")


def _some(subject: Subject, bank_id: str, ids: list[str]) -> list[Memory]:
    """Those of some memories that still exist."""
    found = []
    for memory_id in ids[:_RELATED]:
        try:
            found.append(_get(subject, bank_id, memory_id))
        except NotFound:
            continue
    return found


def _origin(subject: Subject, memory: Memory) -> list[Memory]:
    """The memory that an approved one was copied from."""
    bank_id, mark, memory_id = (memory.metadata.get("lineage") or "").rpartition("#")
    try:
        if mark:
            subject.check_bank(bank_id)
            return [_get(subject, bank_id, memory_id)]
    except NotFound:
        pass
    return []
