"""How well the best memories answer a question, and how many of them are worth returning."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from hindsight_teams.backends.sqlite.search import neighbours, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidates
from hindsight_teams.backends.sqlite.search.fusion import Scored
from hindsight_teams.backends.sqlite.search.meaning import Similar
from hindsight_teams.backends.sqlite.search.weights import Depth
from hindsight_teams.backends.sqlite.search.words import WordHits


def confidence(found: Candidates, hits: WordHits, ranked: Sequence[Scored], similar: Similar) -> float | None:
    """The share of the question's weight that its best memory covers, with what stands beside it.

    A word that the bank lacks weighs as much as its rarest one. Where there are vectors, the mean of that share and of
    how far the best memory's similarity stands out of the mean: embedders differ in what a cosine says, and less in
    that. None where nothing can be told.
    """
    whole = hits.missing + sum(w / t.share for t, w in zip(hits.terms, hits.weights, strict=True))
    first = [scored.candidate for scored in ranked[: weights.CONFIDENCE_FROM]]
    parts = []
    if whole:
        covered = [hits.weight(c.mask) + neighbours.added(found, c, hits) for c in first]
        parts.append(min(1.0, max(covered, default=0.0) / whole))
    if similar.scores:
        best = max((similar.scores.get(c.no, 0.0) for c in first), default=0.0)
        gap = (best - similar.base) / (1 - similar.base) if similar.base < 1 else 0.0
        least, most = weights.OUTSTANDING
        parts.append(min(1.0, max(0.0, (gap - least) / (most - least))))
    return statistics.fmean(parts) if parts else None


def cut(found: Candidates, ranked: Sequence[Scored], sure: float | None, depth: Depth) -> list[Scored]:
    """The lines worth returning: the first ones unless they are far behind, further ones while they keep up.

    Where little is known and no conversation stands around the best line, a few lines say all there is to say.
    """
    if not ranked:
        return []
    best = ranked[0].total
    little = weights.FEW_BELOW_WITH_VECTORS if ranked[0].similarity else weights.FEW_BELOW
    few = sure is not None and sure < little and not neighbours.adjoining(found, ranked[0].candidate)
    kept = []
    for place, scored in enumerate(ranked[: weights.FEW if few else depth.results]):
        if scored.total < best * (weights.FIRST_FLOOR if place < weights.FIRST else depth.floor):
            break
        kept.append(scored)
    return kept
