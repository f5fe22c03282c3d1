"""Graph: memories that stand next to each other in a document, a session or a stream of dates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.words import WordHits
from hindsight_teams.backends.sqlite.store.streams import ARRIVAL, DATED

_BEFORE = max(-offset for offset, _ in weights.NEAR)
_AFTER = max(offset for offset, _ in weights.NEAR)


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
    for candidate in alone:
        _place(found.add_around(bank, candidate, _BEFORE, _AFTER, masks), following)
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
    steps = [_step(around, place) for place in range(len(around))]
    for place, own in enumerate(around):
        for offset in range(-_AFTER, _AFTER + 1):
            there = place + offset
            other = around[there] if offset and 0 <= there < len(around) else None
            if own is None or other is None:
                continue
            distance = abs(own.mentioned - other.mentioned)
            reach = weights.STREAM_PAUSE * min(steps[place], steps[there]) * abs(offset)
            # Several dated memories of one instant are a batch, which says nothing about their order.
            if own.stream != DATED or 0 < distance <= reach:
                own.near[offset] = other
                if offset == 1:
                    following[own.no] = other


def _step(around: list[Candidate | None], place: int) -> int:
    """How far the nearer of the two neighbours of a memory is."""
    own = around[place]
    sides = [around[i] for i in (place - 1, place + 1) if 0 <= i < len(around)]
    steps = [abs(own.mentioned - side.mentioned) for side in sides if side is not None and own is not None]
    return min((step for step in steps if step), default=0)


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


def beside(found: Candidates, candidate: Candidate) -> Iterator[tuple[Candidate, float]]:
    """The neighbours of a memory, with what a term in them counts for it."""
    if candidate.near:
        trust = found.arrival if candidate.stream == ARRIVAL else 1.0
        for offset, share in weights.NEAR:
            near = candidate.near.get(-offset)
            if near is not None:
                yield near, trust * share
    elif candidate.chain is not None and candidate.chain > 0:
        chain = found.chains[candidate.chain]
        for offset, share in weights.NEAR:
            near = chain.get(candidate.position - offset)
            if near is not None:
                yield near, share


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
    seen, extra = candidate.mask, 0.0
    for near, share in beside(found, candidate):
        if near.mask & ~seen:
            extra += share * hits.weight(near.mask & ~seen)
            seen |= near.mask
    return extra


def documents(found: Candidates, hits: WordHits) -> dict[int, float]:
    """The weight, by memory, of the query's terms that its document holds anywhere; a term in few of them weighs more.

    A memory that stands alone is a document of its own.
    """
    together: dict[int, int] = {}
    for candidate in found.by_number.values():
        key = _document(candidate)
        together[key] = together.get(key, 0) | candidate.mask
    idf = []
    for bit, weight in enumerate(hits.weights):
        n = sum(mask >> bit & 1 for mask in together.values())
        idf.append(math.log(1 + (len(together) - n + 0.5) / (n + 0.5)) if weight else 0.0)
    sums = {mask: sum(w for bit, w in enumerate(idf) if mask >> bit & 1) for mask in set(together.values())}
    return {candidate.no: sums[together[_document(candidate)]] for candidate in found.by_number.values()}


def _document(candidate: Candidate) -> int:
    """A number that the memories of one chain share; a rowid, which is larger than any chain's number, else."""
    return candidate.no if candidate.chain is None else candidate.chain
