"""Fusion: the strategies' signals become one score, which can tell what it is made of."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from hindsight_teams.backends.sqlite.search import moments, neighbours, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.words import WordHits
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.models import Signal


@dataclass(slots=True)
class Scored:
    """A candidate's score and its parts, each already weighed."""

    candidate: Candidate
    words: float
    near: float
    document: float
    author: float
    by_named: bool
    time: float
    span: str
    meaning: float
    similarity: float
    total: float = field(init=False)

    def __post_init__(self) -> None:
        self.total = self.words + self.near + self.document + self.author + self.time + self.meaning


def fuse(
    found: Candidates,
    hits: WordHits,
    *,
    names: AbstractSet[str],
    spans: Sequence[tuple[int, int, str]],
    similarity: Mapping[int, float],
    most: int,
) -> list[Scored]:
    """The best candidates, best first: the sum of max-normalised signals (see ``weights``)."""
    everyone = list(found.by_number.values())
    covered = [neighbours.coverage(found, c, hits) for c in everyone]
    documents = neighbours.documents(found, hits)
    mentions = sum(1 << bit for bit, term in enumerate(hits.terms) if term in names)
    per_word = _scale(weights.WORDS, (own + near for own, near in covered))
    per_document = _scale(weights.DOCUMENT, documents.values())
    meaning = _smoothed(found, everyone, similarity) if similarity else {}
    per_meaning = _scale(weights.MEANING, meaning.values())
    content = weights.WORDS + weights.DOCUMENT + (weights.MEANING if per_meaning else 0.0)
    written: dict[str | None, bool] = {None: False}
    scored = []
    for candidate, (own, near) in zip(everyone, covered, strict=True):
        if names and candidate.author not in written:
            written[candidate.author] = not names.isdisjoint(tokens.terms(candidate.author or ""))
        by_named = bool(names) and written[candidate.author]
        share = 1.0 if by_named else weights.MENTION if candidate.mask & mentions else 0.0
        time, span = moments.closeness(candidate, spans) if spans else (0.0, "")
        scored.append(
            Scored(
                candidate=candidate,
                words=own * per_word,
                near=near * per_word,
                document=documents.get(candidate.chain or 0, 0.0) * per_document,
                author=content * weights.AUTHOR * share,
                by_named=by_named,
                time=content * weights.TIME * time,
                span=span,
                meaning=meaning.get(candidate.no, 0.0) * per_meaning,
                similarity=similarity.get(candidate.no, 0.0),
            )
        )
    # Of equals the newer one comes first.
    best = heapq.nlargest(most, scored, key=lambda s: (s.total, s.candidate.no))
    return [s for s in best if s.total > 0]


def _scale(weight: float, values: object) -> float:
    largest = max(values, default=0.0)  # type: ignore[call-overload]
    return weight / largest if largest > 0 else 0.0


def _smoothed(found: Candidates, everyone: Sequence[Candidate], similarity: Mapping[int, float]) -> dict[int, float]:
    """Similarities with a share of those of the memories just before and after."""
    out = {}
    for candidate in everyone:
        score = similarity.get(candidate.no, 0.0)
        if candidate.chain is not None:
            chain = found.chains[candidate.chain]
            for offset in (-1, 1):
                near = chain.get(candidate.position + offset)
                if near is not None:
                    score += weights.MEANING_NEAR * similarity.get(near.no, 0.0)
        out[candidate.no] = score
    return out


def signals(scored: Scored, hits: WordHits, shown: Mapping[str, str]) -> tuple[Signal, ...]:
    """Why a memory was found: what each strategy gave, and for which reason.

    Args:
        shown: The word of the query that each term came from.
    """
    candidate = scored.candidate
    held = [shown.get(t, t) for bit, t in enumerate(hits.terms) if candidate.mask >> bit & 1 and hits.weights[bit]]
    parts = [
        Signal("words", scored.words, "holds " + ", ".join(held)),
        Signal("meaning", scored.meaning, f"similarity {scored.similarity:.2f}"),
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
    ]
    return tuple(part for part in parts if part.score > 0)
