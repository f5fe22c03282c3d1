"""The memories of one bank: listed last stored first in pages, searched, one with its lineage; and whom they name."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from hindsight_teams.access.signatures import attributed, identity_tag, own_tags
from hindsight_teams.cli.inspect.subject import Subject
from hindsight_teams.errors import NotFound
from hindsight_teams.models import Memory
from hindsight_teams.requests import Capability
from hindsight_teams.text import happened, repeated

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
        "said_by": memory.said_by,
        "repeated": repeated(memory),
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


READ = 10_000
"""Memories that are read for the graph, the newest ones; a larger bank's page says so."""
_AT_ONCE = 1000
_SHOWN = 60
_TIES = 24
_KEPT = 16
_NAMED_TOGETHER = 12  # a memory that lists a hundred names says little about any two of them


@dataclass(slots=True)
class _Graph:
    """How often each entity is named, with whom, and in which of the newest memories."""

    read: int = 0
    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    ties: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, memories: Iterable[Memory]) -> None:
        for memory in memories:
            names = sorted(set(memory.entities))
            self.counts.update(names)
            self.ties.update(combinations(names[:_NAMED_TOGETHER], 2))
            self.read += 1


class EntityViews:
    """The entity graphs of a team's banks; each is made once for a state of its bank."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._lock = threading.Lock()
        self._made: dict[str, tuple[Any, _Graph]] = {}

    def listing(self, bank_id: str, *, query: str = "") -> dict[str, Any]:
        """The entities that are named most, and the strongest connections between them."""
        graph = self._graph(bank_id)
        wanted = query.casefold()
        found = [(name, count) for name, count in graph.counts.most_common() if wanted in name.casefold()]
        shown = {name for name, _ in found[:_SHOWN]}
        ties = [(pair, n) for pair, n in graph.ties.most_common() if shown.issuperset(pair)]
        return {
            "entities": [{"name": name, "count": count} for name, count in found[:_SHOWN]],
            "total": len(found),
            "ties": [{"one": one, "other": other, "count": n} for (one, other), n in ties[: 2 * _SHOWN]],
            "read": graph.read,
            "memories": graph.total,
        }

    def one(self, bank_id: str, name: str) -> dict[str, Any]:
        """One entity: whom it is named with, and memories that name it, best matches first."""
        graph = self._graph(bank_id)
        with_it: Counter[str] = Counter()
        for (one, other), count in graph.ties.items():
            if name in (one, other):
                with_it[other if one == name else one] = count
        found = self._subject.backend.recall(bank_id, name, max_tokens=8000).results if name.strip() else []
        naming = [memory for memory in found if name in memory.entities][:_TIES]
        self._subject.note(naming, bank_id=bank_id)
        return {
            "name": name,
            "count": graph.counts[name],
            "ties": [{"name": other, "count": count} for other, count in with_it.most_common(_TIES)],
            "memories": [plain(memory) for memory in naming],
        }

    def _graph(self, bank_id: str) -> _Graph:
        self._subject.check_bank(bank_id)
        backend = self._subject.backend
        info = next((info for info in backend.list_banks(prefix=bank_id) if info.bank_id == bank_id), None)
        state = info and (info.memory_count, info.updated_at)
        with self._lock:
            if state is not None and bank_id in self._made and self._made[bank_id][0] == state:
                return self._made[bank_id][1]
            graph = _Graph(total=backend.list_memories(bank_id, limit=1).total)
            for start in range(max(0, graph.total - READ), graph.total, _AT_ONCE):
                graph.add(backend.list_memories(bank_id, limit=_AT_ONCE, offset=start).memories)
            self._made[bank_id] = (state, graph)
            if len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
            return graph
