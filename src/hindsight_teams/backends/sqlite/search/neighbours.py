"""Find memories next to a match in a document, a session, a sequence of dates, or the order of arrival.

Undated memories that arrived one after the other belong together where they are the turns of a conversation. A sample
tells: it is compared with what arrived next and with others at random, and where the next one shares clearly more with
it, the order of arrival counts. Long texts are left alone, since files of them are often sorted.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.words import Shares, WordHits
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.backends.sqlite.store.streams import ARRIVAL, DATED

_BEFORE = max(-offset for offset, _ in weights.NEAR)
_AFTER = max(offset for offset, _ in weights.NEAR)
_SHARES = tuple((-offset, share) for offset, share in weights.NEAR)
"""Where a neighbour stands, seen from a memory, and what its terms count for it."""

_SAMPLE = 150
_LEAST = 20
"""Memories that tell whether the order of arrival counts, and the smallest bank in which it may."""


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
    for candidate in found.by_number.values():
        key = _document(candidate)
        together[key] = together.get(key, 0) | candidate.mask
    alike = Counter(together.values())
    idf = []
    for bit, weight in enumerate(hits.weights):
        n = sum([times for mask, times in alike.items() if mask >> bit & 1])
        idf.append(math.log(1 + (len(together) - n + 0.5) / (n + 0.5)) if weight else 0.0)
    sums = {mask: sum([w for bit, w in enumerate(idf) if mask >> bit & 1]) for mask in alike}
    return {candidate.no: sums[together[_document(candidate)]] for candidate in found.by_number.values()}


def _document(candidate: Candidate) -> int:
    """A number that the memories of one chain share; a rowid, which is larger than any chain's number, else."""
    return candidate.no if candidate.chain is None else candidate.chain


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
    idf = {t: math.log(1 + (len(held) - n + 0.5) / (n + 0.5)) for t, n in spread.items()}
    half = len(pairs) // 2
    others = [pair[1] for pair in pairs[half:] + pairs[:half]]  # each half a bank away
    following = sum(idf[t] for a, b in pairs for t in held[a] & held[b])
    elsewhere = sum(idf[t] for (a, _), b in zip(pairs, others, strict=True) for t in held[a] & held[b])
    low_ratio, high_ratio = weights.ARRIVAL_RATIO
    more = following - low_ratio * elsewhere
    most = (high_ratio - low_ratio) * elsewhere
    return 0.0 if more <= 0 else weights.ARRIVAL * (min(1.0, more / most) if most else 1.0)
