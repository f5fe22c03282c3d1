"""The entities of a bank's memories, and which of them are named together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from hindsight_teams.cli.inspect.memories_view import plain
from hindsight_teams.cli.inspect.subject import Subject
from hindsight_teams.models import Memory

READ = 10_000
"""Memories that are read for the graph, the newest ones; a larger bank's page says so."""
_PAGE = 1000
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
            for start in range(max(0, graph.total - READ), graph.total, _PAGE):
                graph.add(backend.list_memories(bank_id, limit=_PAGE, offset=start).memories)
            self._made[bank_id] = (state, graph)
            if len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
            return graph
