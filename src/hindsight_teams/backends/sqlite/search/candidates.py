"""The candidates of one recall, and what stands next to them in a document, a session, an order of dates or of arrival.

A chain is a document, or a run of a stream of dates. What lies next to the best candidates is a candidate too, and a
memory gets a share of the query's terms that its neighbours hold.

Undated memories that arrived one after the other belong together where they are the turns of a conversation. A sample
tells: it is compared with what arrived next and with others at random, and where the next one shares clearly more with
it, the order of arrival counts. Long texts are left alone, since files of them are often sorted.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, pairwise

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.words import Shares, WordHits, idf
from hindsight_teams.backends.sqlite.store.reading import Filter, bounds
from hindsight_teams.backends.sqlite.store.records import ARRIVAL, DATED

_COLUMNS = (
    "m.no, CASE WHEN m.stream IS NULL THEN m.document END, m.position, m.author, m.mentioned, m.occurred,"
    " m.occurred_end, m.stream, m.superseded_by, c.c0"
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

_BEFORE = max(-offset for offset, _ in weights.NEAR)
_AFTER = max(offset for offset, _ in weights.NEAR)
_SHARES = tuple((-offset, share) for offset, share in weights.NEAR)
"""Where a neighbour stands, seen from a memory, and what its terms count for it."""

_SAMPLE = 150
_LEAST = 20
"""Memories that tell whether the order of arrival counts, and the smallest bank in which it may."""

_MORE = 500
"""Further memories that are looked at together, where the filter kept some of the first ones back."""


@dataclass(slots=True)
class Candidate:
    """A memory that may be returned; times in microseconds since 1970.

    Attributes:
        chain: The document that it stands in with others, or a negative number for a run of a stream.
        position: Its place in the document.
        stream: Which memories it follows where no document says so; see ``store.records``.
        mask: The query's terms that it holds.
        content: Its index terms, as ``text.terms.indexed`` writes them.
        length: How many terms its text has.
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
    length: int = 1
    near: dict[int, Candidate] = field(default_factory=dict)


@dataclass(slots=True)
class Candidates:
    """Candidates by rowid and by place.

    Attributes:
        arrival: How much neighbours in the order of arrival count; see ``arrival``.
    """

    db: sqlite3.Connection
    chosen: Filter
    by_number: dict[int, Candidate] = field(default_factory=dict)
    arrival: float = 0.0
    chains: dict[int, dict[int, Candidate]] = field(default_factory=dict)
    _passing: dict[tuple[object, object], bool] = field(default_factory=dict)

    def add(self, numbers: Iterable[int], masks: dict[int, int]) -> None:
        """Take in memories by rowid, as far as the filter lets them through."""
        fresh = json.dumps(sorted({no for no in numbers if no not in self.by_number}))
        self._take("json_each(?) w CROSS JOIN memory m ON m.no = w.value", "", fresh, masks)

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
        within = (
            " WHERE m.document = json_extract(w.value, '$[0]')"
            " AND m.position BETWEEN json_extract(w.value, '$[1]') AND json_extract(w.value, '$[2]')"
        )
        found = "json_each(?) w CROSS JOIN memory m INDEXED BY memory_document"
        self._take(found, within, json.dumps(list(windows)), masks)

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

    def _take(self, found: str, where: str, given: str, masks: dict[int, int]) -> None:
        """Take in what a query finds, as far as the filter lets it through."""
        by_number, filtered = self.by_number, not self.chosen.trivial
        more = ", m.tags, m.type" if filtered else ""
        sql = f"SELECT {_COLUMNS}{more} FROM {found} CROSS JOIN words_content c ON c.id = m.no{where}"
        for row in self.db.execute(sql, (given,)):
            no = row[0]
            if no in by_number:
                continue
            if filtered:
                *row, tags, kind = row
                if not self._passes(tags, kind):
                    continue
            by_number[no] = one = Candidate(*row)
            one.mask = masks.get(no, 0)
            one.length = max(1, one.content.count(" ", 0, one.content.find("|")) - 1)
            if one.chain is not None:
                self.chains.setdefault(one.chain, {})[one.position] = one


def spread(found: Candidates, bank: int, best: Iterable[Candidate], masks: dict[int, int]) -> None:
    """Take in the neighbours of the best candidates."""
    windows: list[tuple[int, int, int]] = []
    alone: list[Candidate] = []
    for candidate in best:
        if candidate.chain is not None:
            windows.append((candidate.chain, candidate.position - _BEFORE, candidate.position + _AFTER))
        elif candidate.stream is not None and (found.arrival or candidate.stream != ARRIVAL):
            alone.append(candidate)
    if windows:
        found.add_windows(_merged(windows), masks)
    following: dict[int, Candidate] = {}
    for around in found.add_around(bank, alone, _BEFORE, _AFTER, masks):
        _place(around, following)
    _chain(found, following)


def _merged(windows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    windows.sort()
    merged = windows[:1]
    for chain, first, last in windows[1:]:
        if chain == merged[-1][0] and first <= merged[-1][2] + 1:
            merged[-1] = (chain, merged[-1][1], max(last, merged[-1][2]))
        else:
            merged.append((chain, first, last))
    return merged


def _place(around: list[Candidate | None], following: dict[int, Candidate]) -> None:
    """Tell the memories of a window which others stand before and after them.

    Among dates, a pause that is much longer than the steps beside it ends a conversation.
    """
    steps = _steps(around)
    for place, own in enumerate(around):
        if own is None:
            continue
        for there in range(place + 1, min(len(around), place + _AFTER + 1)):
            other = around[there]
            if other is None:
                continue
            offset = there - place
            # Several dated memories of one instant are a batch, which says nothing about their order.
            if own.stream == DATED:
                reach = weights.STREAM_PAUSE * min(steps[place], steps[there]) * offset
                if not 0 < other.mentioned - own.mentioned <= reach:
                    continue
            own.near[offset] = other
            other.near[-offset] = own
            if offset == 1:
                following[own.no] = other


def _steps(around: list[Candidate | None]) -> list[int]:
    """How far the nearer of the two neighbours of each memory is; 0 where neither is known."""
    gaps = [0 if a is None or b is None else b.mentioned - a.mentioned for a, b in pairwise(around)]
    sides = zip((0, *gaps), (*gaps, 0), strict=True)
    return [min(before, after) if before and after else before or after for before, after in sides]


def _chain(found: Candidates, following: dict[int, Candidate]) -> None:
    """Make one chain of the memories of each run of a stream: it is a document for the document signal."""
    by_number = found.by_number
    begins = following.keys() - {other.no for other in following.values()}
    for chain, first in enumerate(sorted(begins), start=1):
        member: Candidate | None = by_number[first]
        members: dict[int, Candidate] = {}
        while member is not None and member.chain is None:
            member.chain = -chain
            members[len(members)] = member
            member = following.get(member.no)
        found.chains[-chain] = members


def adjoining(found: Candidates, candidate: Candidate) -> list[Candidate]:
    """The memories just before and after one."""
    if candidate.near:
        around = [candidate.near.get(offset) for offset in (-1, 1)]
    elif candidate.chain is not None and candidate.chain > 0:
        around = [found.chains[candidate.chain].get(candidate.position + offset) for offset in (-1, 1)]
    else:
        around = []
    return [near for near in around if near is not None]


def in_conversation(found: Candidates, first: Iterable[Candidate]) -> bool:
    """Whether somebody else speaks beside some memories, in a document, session or row of dates, and one of them asks.

    Notes of several people that stand one after the other are no conversation.
    """
    return is_asked(
        found, [c for c in first if c.stream != ARRIVAL and any(n.author != c.author for n in adjoining(found, c))]
    )


def is_asked(found: Candidates, among: Iterable[Candidate]) -> bool:
    """Whether one of some memories, or of those just before and after them, asks something."""
    beside = [near.no for own in among for near in (own, *adjoining(found, own))]
    sql = "SELECT 1 FROM memory WHERE no IN (SELECT value FROM json_each(?)) AND text GLOB '*[?\uff1f\u061f]*' LIMIT 1"
    return bool(beside) and found.db.execute(sql, (json.dumps(beside),)).fetchone() is not None


def added(found: Candidates, candidate: Candidate, hits: WordHits) -> float:
    """What the neighbours of a memory add to the weight of the query's terms in it; each term counts once."""
    if candidate.near:
        get, here, trust = candidate.near.get, 0, found.arrival if candidate.stream == ARRIVAL else 1.0
    elif candidate.chain is not None and candidate.chain > 0:
        get, here, trust = found.chains[candidate.chain].get, candidate.position, 1.0
    else:
        return 0.0
    seen, extra = candidate.mask, 0.0
    for place, share in _SHARES:
        near = get(here + place)
        if near is not None and (fresh := near.mask & ~seen):
            extra += trust * share * hits.weight(fresh)
            seen |= fresh
    return extra


def documents(found: Candidates, hits: WordHits) -> dict[int, float]:
    """The weight, by memory, of the query's terms that its document holds anywhere; a term in few of them weighs more.

    A memory that stands alone is a document of its own.
    """
    together: dict[int, int] = {}
    # A rowid is larger than any chain's number.
    keys = {no: no if c.chain is None else c.chain for no, c in found.by_number.items()}
    for candidate, key in zip(found.by_number.values(), keys.values(), strict=True):
        together[key] = together.get(key, 0) | candidate.mask
    alike = Counter(together.values())
    rarity = []
    for bit, weight in enumerate(hits.weights):
        n = sum([times for mask, times in alike.items() if mask >> bit & 1])
        rarity.append(idf(n, len(together)) if weight else 0.0)
    sums = {mask: sum([w for bit, w in enumerate(rarity) if mask >> bit & 1]) for mask in alike}
    return {no: sums[together[key]] for no, key in keys.items()}


def arrival(db: sqlite3.Connection, bank: int, size: int, known: Shares) -> float:
    """How much the neighbours in the order of arrival count, from 0 to ``weights.ARRIVAL``."""
    if size < _LEAST:
        return 0.0
    value = known.recall(bank, "arrival", size)
    return known.keep(bank, "arrival", size, _coherence(db, bank)) if value is None else value


def _coherence(db: sqlite3.Connection, bank: int) -> float:
    low, _ = bounds(bank)
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (bank,)).fetchone()
    starts = sorted({low + 1 + last * i // _SAMPLE for i in range(_SAMPLE)})
    sql = "SELECT no FROM memory WHERE no >= ? AND no < ? AND stream = ? ORDER BY no LIMIT 2"
    pairs = []
    for start in starts:
        found = [no for (no,) in db.execute(sql, (start, start + 50, ARRIVAL))]
        if len(found) == 2:
            pairs.append((found[0], found[1]))
    if len(pairs) < _LEAST // 2:
        return 0.0
    numbers = sorted({no for pair in pairs for no in pair})
    rows = db.execute(
        "SELECT id, c0 FROM words_content WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(numbers),)
    )
    held = {no: frozenset(content.partition("|")[0].split()) for no, content in rows}
    if sum(map(len, held.values())) > weights.ARRIVAL_LONGEST * len(held):
        return 0.0
    spread = Counter(t for terms in held.values() for t in terms)
    rarity = {t: idf(n, len(held)) for t, n in spread.items()}
    half = len(pairs) // 2
    others = [pair[1] for pair in pairs[half:] + pairs[:half]]  # each half a bank away
    following = sum(rarity[t] for a, b in pairs for t in held[a] & held[b])
    elsewhere = sum(rarity[t] for (a, _), b in zip(pairs, others, strict=True) for t in held[a] & held[b])
    low_ratio, high_ratio = weights.ARRIVAL_RATIO
    more = following - low_ratio * elsewhere
    most = (high_ratio - low_ratio) * elsewhere
    return 0.0 if more <= 0 else weights.ARRIVAL * (min(1.0, more / most) if most else 1.0)
