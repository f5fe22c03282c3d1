"""The memories that one recall weighs against each other, and the chains (documents, streams) that they stand in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from hindsight_teams.backends.sqlite.search.filters import Filter

_COLUMNS = "m.no, m.document, m.position, m.author, m.mentioned, m.occurred, m.occurred_end, m.dated, m.tags, m.type"

_MORE = 500
"""Further memories that are looked at together, where the filter kept some of the first ones back."""


@dataclass(slots=True)
class Candidate:
    """A memory that may be returned; times in microseconds since 1970.

    Attributes:
        chain: The document, or a negative number for a stream of memories that were dated close together.
        position: Its place in the chain.
        mask: The query's terms that it holds.
    """

    no: int
    chain: int | None
    position: int
    author: str | None
    mentioned: int
    occurred: int | None
    occurred_end: int | None
    dated: bool
    mask: int = 0


@dataclass(slots=True)
class Candidates:
    """Candidates by rowid and by place."""

    db: sqlite3.Connection
    chosen: Filter
    by_number: dict[int, Candidate] = field(default_factory=dict)
    chains: dict[int, dict[int, Candidate]] = field(default_factory=dict)
    _passing: dict[tuple[object, object], bool] = field(default_factory=dict)

    def add(self, numbers: Iterable[int], masks: dict[int, int]) -> None:
        """Take in memories by rowid, as far as the filter lets them through."""
        fresh = json.dumps([no for no in numbers if no not in self.by_number])
        sql = f"SELECT {_COLUMNS} FROM memory m WHERE m.no IN (SELECT value FROM json_each(?))"
        self._take(self.db.execute(sql, (fresh,)), masks)

    def fill(self, ranked: Iterable[int], most: int, masks: dict[int, int]) -> None:
        """Take in the first of these memories that the filter lets through, at most so many.

        What the filter keeps back takes nobody's place.
        """
        source = iter(ranked)
        first = list(islice(source, most))
        self.add(first, masks)
        left = 0 if self.chosen.trivial else most - sum(no in self.by_number for no in first)
        sql = "SELECT m.no, m.tags, m.type FROM memory m WHERE m.no IN (SELECT value FROM json_each(?))"
        while left > 0 and (some := list(islice(source, _MORE))):
            rows = self.db.execute(sql, (json.dumps(some),))
            passing = {no for no, tags, kind in rows if self._passes(tags, kind)}
            taken = [no for no in some if no in passing][:left]
            self.add(taken, masks)
            left -= len(taken)

    def add_windows(self, windows: Iterable[tuple[int, int, int]], masks: dict[int, int]) -> None:
        """Take in the memories of documents from one position to another: ``(document, first, last)``."""
        sql = (
            f"SELECT {_COLUMNS} FROM json_each(?) w CROSS JOIN memory m INDEXED BY memory_document"
            " WHERE m.document = json_extract(w.value, '$[0]')"
            " AND m.position BETWEEN json_extract(w.value, '$[1]') AND json_extract(w.value, '$[2]')"
        )
        self._take(self.db.execute(sql, (json.dumps(list(windows)),)), masks)

    def add_stream(self, bank: int, first: int, last: int, most: int, masks: dict[int, int]) -> list[Candidate]:
        """Take in the memories without a document that were dated from one moment to another, in that order."""
        sql = (
            f"SELECT {_COLUMNS} FROM memory m INDEXED BY memory_stream"
            " WHERE m.bank = ? AND m.document IS NULL AND m.dated AND m.mentioned BETWEEN ? AND ?"
            " ORDER BY m.mentioned, m.no LIMIT ?"
        )
        return self._take(self.db.execute(sql, (bank, first, last, most)), masks)

    def _passes(self, tags: object, kind: object) -> bool:
        """Whether the filter takes memories of these tags and this type; most candidates share them with others."""
        known = self._passing.get((tags, kind))
        if known is None:
            known = self._passing[tags, kind] = self.chosen.accepts(tags, kind)  # type: ignore[arg-type]
        return known

    def _take(self, rows: Iterable[tuple[int, ...]], masks: dict[int, int]) -> list[Candidate]:
        taken = []
        filtered = not self.chosen.trivial
        for no, document, position, author, mentioned, occurred, end, dated, tags, kind in rows:
            known = self.by_number.get(no)
            if known is None:
                if filtered and not self._passes(tags, kind):
                    continue
                known = Candidate(
                    no,
                    document,
                    position,
                    author,  # type: ignore[arg-type]
                    mentioned,
                    occurred,
                    end,
                    bool(dated),
                    masks.get(no, 0),
                )
                self.by_number[no] = known
                if document is not None:
                    self.chains.setdefault(document, {})[position] = known
            taken.append(known)
        return taken
