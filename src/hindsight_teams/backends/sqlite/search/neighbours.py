"""Graph: memories that stand next to each other in one document or close in time."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.words import WordHits

_BEFORE = max(-offset for offset, _ in weights.NEAR)
_AFTER = max(offset for offset, _ in weights.NEAR)
_GAP = weights.STREAM_GAP_SECONDS * 1_000_000
_MOST_AROUND = 12
"""Memories of a stream looked at around one candidate."""


def spread(found: Candidates, bank: int, best: Iterable[Candidate], masks: dict[int, int]) -> None:
    """Take in the neighbours of the best candidates."""
    windows: list[tuple[int, int, int]] = []
    loose: list[Candidate] = []
    for candidate in best:
        if candidate.chain is not None:
            windows.append((candidate.chain, candidate.position - _BEFORE, candidate.position + _AFTER))
        elif candidate.dated:
            loose.append(candidate)
    if windows:
        found.add_windows(_merged(windows), masks)
    if loose:
        _link_streams(found, bank, loose, masks)


def _merged(windows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    windows.sort()
    merged = windows[:1]
    for chain, first, last in windows[1:]:
        if chain == merged[-1][0] and first <= merged[-1][2] + 1:
            merged[-1] = (chain, merged[-1][1], max(last, merged[-1][2]))
        else:
            merged.append((chain, first, last))
    return merged


def _link_streams(found: Candidates, bank: int, loose: list[Candidate], masks: dict[int, int]) -> None:
    """Make chains of memories without a document that were dated close together, one after the other."""
    around: dict[int, Candidate] = {}
    for candidate in loose:
        if candidate.no in around:
            continue
        for member in found.add_stream(
            bank, candidate.mentioned - _AFTER * _GAP, candidate.mentioned + _AFTER * _GAP, _MOST_AROUND, masks
        ):
            around[member.no] = member
    chain, position, last = 0, 0, None
    for member in sorted(around.values(), key=lambda c: (c.mentioned, c.no)):
        # One instant for several memories is a batch, which says nothing about their order.
        near = last is not None and 0 < member.mentioned - last <= _GAP
        chain, position = (chain, position + 1) if near else (chain - 1, 0)
        member.chain, member.position = chain, position
        found.chains.setdefault(chain, {})[position] = member
        last = member.mentioned


def coverage(found: Candidates, candidate: Candidate, hits: WordHits) -> tuple[float, float]:
    """The weight of the query's terms in a memory, and what its neighbours add; each term counts once, at its best."""
    own = hits.weight(candidate.mask)
    if candidate.chain is None:
        return own, 0.0
    chain, seen, extra = found.chains[candidate.chain], candidate.mask, 0.0
    for offset, share in weights.NEAR:
        near = chain.get(candidate.position - offset)
        if near is not None and near.mask & ~seen:
            extra += share * hits.weight(near.mask & ~seen)
            seen |= near.mask
    return own, extra


def documents(found: Candidates, hits: WordHits) -> dict[int, float]:
    """The weight of the query's terms that each chain holds anywhere; a term in few chains weighs more."""
    masks: dict[int, int] = {}
    for chain, members in found.chains.items():
        masks[chain] = 0
        for member in members.values():
            masks[chain] |= member.mask
    idf = []
    for bit, weight in enumerate(hits.weights):
        n = sum(mask >> bit & 1 for mask in masks.values())
        idf.append(math.log(1 + (len(masks) - n + 0.5) / (n + 0.5)) if weight else 0.0)
    return {chain: sum(w for bit, w in enumerate(idf) if mask >> bit & 1) for chain, mask in masks.items()}
