"""Fuse the strategies' signals into one score with an explanation, and limit the number of results."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from hindsight_teams.backends.sqlite.search import moments, neighbours, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.counting import Counted
from hindsight_teams.backends.sqlite.search.meaning import Similar
from hindsight_teams.backends.sqlite.search.weights import Depth
from hindsight_teams.backends.sqlite.search.words import WordHits, shown
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.models import Signal


@dataclass(slots=True)
class Scored:
    """A candidate's score and its parts, each already weighed."""

    candidate: Candidate
    words: float = 0.0
    hinted: float = 0.0
    mentioned: float = 0.0
    near: float = 0.0
    document: float = 0.0
    author: float = 0.0
    by_named: bool = False
    time: float = 0.0
    span: str = ""
    meaning: float = 0.0
    similarity: float = 0.0
    lifted: float = 0.0
    total: float = field(init=False)

    def __post_init__(self) -> None:
        words = self.words + self.hinted + self.mentioned + self.near
        self.total = words + self.document + self.author + self.time + self.meaning

    @staticmethod
    def of(candidate: Candidate) -> Scored:
        """A candidate that no signal speaks for."""
        return Scored(candidate)

    def lift(self, score: float) -> None:
        """Give it the score of an older memory that it stands before."""
        if score > self.total:
            self.lifted += score - self.total
            self.total = score


def fuse(
    found: Candidates,
    hits: WordHits,
    counted: Counted,
    *,
    names: AbstractSet[str],
    spans: Sequence[moments.Named],
    similarity: Mapping[int, float],
    most: int,
) -> list[Scored]:
    """The best candidates: the sum of max-normalised signals (see ``weights``).

    Args:
        most: How many. What replaced one of them is among them too.
    """
    everyone = found.by_number.values()
    near = {c.no: neighbours.added(found, c, hits) for c in everyone}
    own, hinted, mentioned = counted.own.get, counted.hinted.get, counted.mentioned.get
    documents, marks = neighbours.documents(found, hits), _marks(names)
    by_words = {no: own(no, 0.0) + hinted(no, 0.0) + mentioned(no, 0.0) + value for no, value in near.items()}
    per_word = _scale(weights.WORDS, by_words.values())
    per_document = _scale(weights.DOCUMENT, documents.values())
    per_meaning = _scale(weights.MEANING, [similarity.get(no, 0.0) for no in near] if similarity else ())
    content = weights.WORDS + weights.DOCUMENT + (weights.MEANING if per_meaning else 0.0)

    def scored(candidate: Candidate) -> Scored:
        no = candidate.no
        share = _authored(candidate, marks) if marks else 0.0
        time, span = moments.closeness(candidate, spans, per_word, content) if spans else (0.0, "")
        return Scored(
            candidate=candidate,
            words=own(no, 0.0) * per_word,
            hinted=hinted(no, 0.0) * per_word,
            mentioned=mentioned(no, 0.0) * per_word,
            near=near[no] * per_word,
            document=documents[no] * per_document,
            author=content * weights.AUTHOR * share,
            by_named=share == 1.0,
            time=time,
            span=span,
            meaning=similarity.get(no, 0.0) * per_meaning,
            similarity=similarity.get(no, 0.0),
        )

    def total(candidate: Candidate) -> float:
        no = candidate.no
        value = by_words[no] * per_word + documents[no] * per_document
        if similarity:
            value += similarity.get(no, 0.0) * per_meaning
        if marks:
            value += content * weights.AUTHOR * _authored(candidate, marks)
        return value + moments.closeness(candidate, spans, per_word, content)[0] if spans else value

    # Of equals the newer one comes first.
    order = sorted([(value, c.mentioned, c.no) for c in everyone if (value := total(c)) > 0], reverse=True)
    best = dict.fromkeys(no for _, _, no in order[:most])
    newer = [found.by_number[no].superseded_by for no in best]
    best |= dict.fromkeys(no for no in newer if no in near)
    ranked = [scored(found.by_number[no]) for no in best]
    ranked.sort(key=lambda s: (s.total, s.candidate.mentioned, s.candidate.no), reverse=True)
    return [s for s in ranked if s.total > 0]


def _marks(names: AbstractSet[str]) -> list[tuple[str, str]]:
    return [(f" {tokens.author_term(name)} ", f" {name} ") for name in names]


def _authored(candidate: Candidate, marks: Sequence[tuple[str, str]]) -> float:
    """How much a memory is one of an author whom the query names: all, or as far as it mentions them, or not."""
    if any(mark in candidate.content for mark, _ in marks):
        return 1.0
    return weights.MENTION if any(mention in candidate.content for _, mention in marks) else 0.0


def _scale(weight: float, values: object) -> float:
    largest = max(values, default=0.0)  # type: ignore[call-overload]
    return weight / largest if largest > 0 else 0.0


def signals(scored: Scored, hits: WordHits, asked: Mapping[str, str]) -> tuple[Signal, ...]:
    """Why a memory was found: what each strategy gave, and for which reason.

    Args:
        asked: The word of the query that each term came from.
    """
    candidate = scored.candidate
    parts = [
        Signal("words", scored.words, f"holds {shown(hits, candidate.mask, asked) or 'other forms of its words'}"),
        Signal("words", scored.hinted, "holds words that the best memories have in common"),
        Signal("meaning", scored.meaning, f"similarity {scored.similarity:.2f}"),
        Signal("graph", scored.mentioned, "its heading is mentioned by one of the best memories"),
        Signal("graph", scored.near, "stands next to memories that hold words of the query"),
        Signal("graph", scored.document, "its document holds words of the query"),
        Signal(
            "graph",
            scored.author,
            f"by {candidate.author}, whom the query names"
            if scored.by_named
            else "mentions an author whom the query names",
        ),
        Signal("time", scored.time, f"within or near {scored.span!r}"),
        Signal("time", scored.lifted, "newer than a memory that it replaces, or that says nearly the same"),
    ]
    return tuple(part for part in parts if part.score > 0)


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
    return max(parts[0], statistics.fmean(parts)) if parts else None


def cut(found: Candidates, ranked: Sequence[Scored], sure: float | None, depth: Depth) -> list[Scored]:
    """The lines worth returning: the first ones unless they are far behind, further ones while they keep up.

    Where little is known and no conversation stands around the best line, a few lines say all there is to say.
    """
    if not ranked:
        return []
    best = ranked[0].total
    few = sure is not None and sure < weights.FEW_BELOW and not neighbours.adjoining(found, ranked[0].candidate)
    kept = []
    for place, scored in enumerate(ranked[: weights.FEW if few else depth.results]):
        if scored.total < best * (weights.FIRST_FLOOR if place < weights.FIRST else depth.floor):
            break
        kept.append(scored)
    return kept
