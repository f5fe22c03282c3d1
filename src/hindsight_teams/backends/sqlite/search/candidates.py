"""The candidates of one recall: which memories it may see, and the documents and streams that contain them.

A ``Filter`` is a condition of the index, as far as it can be one, and an exact check of each memory. A chain is a
document, or a run of a stream of dates.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from hindsight_teams.backends.sqlite.store.records import unpack_tags
from hindsight_teams.backends.sqlite.text.terms import UNTAGGED, tag_term
from hindsight_teams.models import MemoryType, TagGroup, TagsMatch
from hindsight_teams.requests.tags import matches, matches_group

_COLUMNS = (
    "m.no, CASE WHEN m.stream IS NULL THEN m.document END, m.position, m.author, m.mentioned, m.occurred,"
    " m.occurred_end, m.stream, m.superseded_by, (SELECT w.c0 FROM words_content w WHERE w.id = m.no)"
)
"""The fields of a candidate; one that stands alone in its document has no chain."""

# What was said at the same moment comes first: a bulk load says thousands at once, which a comparison of both columns
# would all pass over.
_AROUND = " UNION ALL ".join(
    "SELECT * FROM ("
    + " UNION ALL ".join(
        f"SELECT * FROM (SELECT mentioned, no FROM memory INDEXED BY memory_order"
        f" WHERE bank = :bank AND stream = :stream AND {condition}"
        f" ORDER BY mentioned {order}, no {order} LIMIT {limit})"
        for condition in (f"mentioned = :noted AND no {sign} :no", f"mentioned {sign} :noted")
    )
    + f" LIMIT {limit})"
    for sign, order, limit in (("<", "DESC", ":before"), (">", "ASC", ":after"))
)

_MORE = 500
"""Further memories that are looked at together, where the filter kept some of the first ones back."""


MOST_TAGS = 100
"""Tags of one filter that go into the index's condition; a longer filter is only checked row by row."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of memories; the default lets everything through."""

    tags: tuple[str, ...] = ()
    match: TagsMatch = "any"
    groups: tuple[TagGroup, ...] = ()
    types: frozenset[MemoryType] | None = None

    @property
    def trivial(self) -> bool:
        """Whether everything passes."""
        return self.types is None and not self.groups and not self.tags and self.match != "exact"

    def accepts(self, tags_column: str | None, kind: str) -> bool:
        """Whether a memory with this column of tags and this type passes."""
        if self.types is not None and kind not in self.types:
            return False
        if not self.groups and not self.tags and self.match != "exact":
            return True
        held = set(unpack_tags(tags_column))
        return matches(self.tags, self.match, held) and all(matches_group(group, held) for group in self.groups)

    def condition(self) -> str | None:
        """The tags as a full-text condition that every memory which ``accepts`` takes meets, where there is one."""
        parts = [_leaf(self.tags, self.match), *map(_group, self.groups)]
        return _joined(parts, " AND ", skip=True)


@dataclass(slots=True)
class Candidate:
    """A memory that may be returned; times in microseconds since 1970.

    Attributes:
        chain: The document that it stands in with others, or a negative number for a run of a stream.
        position: Its place in the document.
        stream: Which memories it follows where no document says so; see ``store.streams``.
        mask: The query's terms that it holds.
        content: Its index terms, as ``text.terms.indexed`` writes them.
        near: Memories of its stream by how many places they stand after it (or, negative, before).
    """

    no: int
    chain: int | None
    position: int
    author: str | None
    mentioned: int
    occurred: int | None
    occurred_end: int | None
    stream: int | None
    superseded_by: int | None
    content: str = ""
    mask: int = 0
    near: dict[int, Candidate] = field(default_factory=dict)


@dataclass(slots=True)
class Candidates:
    """Candidates by rowid and by place.

    Attributes:
        arrival: How much neighbours in the order of arrival count; see ``neighbours``.
    """

    db: sqlite3.Connection
    chosen: Filter
    by_number: dict[int, Candidate] = field(default_factory=dict)
    arrival: float = 0.0
    chains: dict[int, dict[int, Candidate]] = field(default_factory=dict)
    _passing: dict[tuple[object, object], bool] = field(default_factory=dict)

    def add(self, numbers: Iterable[int], masks: dict[int, int]) -> None:
        """Take in memories by rowid, as far as the filter lets them through."""
        fresh = json.dumps([no for no in numbers if no not in self.by_number])
        self._take("memory m WHERE m.no IN (SELECT value FROM json_each(?))", fresh, masks)

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
        found = (
            "json_each(?) w CROSS JOIN memory m INDEXED BY memory_document"
            " WHERE m.document = json_extract(w.value, '$[0]')"
            " AND m.position BETWEEN json_extract(w.value, '$[1]') AND json_extract(w.value, '$[2]')"
        )
        self._take(found, json.dumps(list(windows)), masks)

    def add_around(
        self, bank: int, middles: Iterable[Candidate], before: int, after: int, masks: dict[int, int]
    ) -> list[list[Candidate | None]]:
        """Take in the nearest memories of a stream on each side of some, in order, themselves among them.

        Where the filter keeps one back its place stays, empty.
        """
        windows = []
        for middle in middles:
            at = (middle.mentioned, middle.no)
            values = {"bank": bank, "stream": middle.stream, "noted": at[0], "no": at[1]}
            rows = self.db.execute(_AROUND, {**values, "before": before, "after": after}).fetchall()
            windows.append([no for _, no in sorted([*rows, at])])
        self.add({no for window in windows for no in window}, masks)
        return [[self.by_number.get(no) for no in window] for window in windows]

    def _passes(self, tags: object, kind: object) -> bool:
        """Whether the filter takes memories of these tags and this type; most candidates share them with others."""
        known = self._passing.get((tags, kind))
        if known is None:
            known = self._passing[tags, kind] = self.chosen.accepts(tags, kind)  # type: ignore[arg-type]
        return known

    def _take(self, found: str, given: str, masks: dict[int, int]) -> None:
        """Take in what the rest of a query finds, as far as the filter lets it through."""
        by_number, filtered = self.by_number, not self.chosen.trivial
        more = ", m.tags, m.type" if filtered else ""
        for row in self.db.execute(f"SELECT {_COLUMNS}{more} FROM {found}", (given,)):
            no = row[0]
            if no in by_number:
                continue
            if filtered:
                *row, tags, kind = row
                if not self._passes(tags, kind):
                    continue
            by_number[no] = one = Candidate(*row, masks.get(no, 0))
            if one.chain is not None:
                self.chains.setdefault(one.chain, {})[one.position] = one


def _leaf(tags: Sequence[str], match: TagsMatch) -> str | None:
    wanted = sorted({f'"{tag_term(tag)}"' for tag in tags})
    if len(wanted) > MOST_TAGS:
        return None
    untagged = f'"{UNTAGGED}"'
    if not wanted:
        return untagged if match == "exact" else None
    if match in ("any", "any_strict"):
        return _joined([*wanted, untagged] if match == "any" else wanted, " OR ")
    together = _joined(wanted, " AND ")
    return _joined([together, untagged], " OR ") if match == "all" else together


def _group(group: TagGroup) -> str | None:
    if "and" in group:
        return _joined([_group(g) for g in group["and"]], " AND ", skip=True)
    if "or" in group:
        return _joined([_group(g) for g in group["or"]], " OR ")
    if "not" in group:  # full-text search can only subtract from something; the exact check does it
        return None
    return _leaf(group["tags"], group.get("match", "any_strict"))


def _joined(parts: Sequence[str | None], operator: str, *, skip: bool = False) -> str | None:
    known = [part for part in parts if part is not None]
    if not known or (len(known) < len(parts) and not skip):
        return None
    return f"({operator.join(known)})" if len(known) > 1 else known[0]
