"""Score candidates by the words of the query: frequency, proximity and word forms.

All of it is counted in the candidates' contents (see ``text.terms.indexed``); nothing is looked up. The weights are
those of the terms, their inverse document frequency in the bank.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate
from hindsight_teams.backends.sqlite.search.words import MOST_MARKED, WordHits, beginning
from hindsight_teams.backends.sqlite.text.stop_words import QUESTION_WORDS, STOP_WORDS


@dataclass(slots=True)
class Counted:
    """The parts of the candidates' word scores, by rowid.

    Attributes:
        own: Terms of the query, in the heading, side by side, in other forms.
        hinted: Terms that the best of a first pass have in common.
    """

    own: dict[int, float] = field(default_factory=dict)
    hinted: dict[int, float] = field(default_factory=dict)


class Measure:
    """How much an occurrence counts: BM25's saturation, with lengths beside the candidates' mean.

    Repeating a word means little in a line of a chat and more in an abstract, so saturation comes later there.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        self._mean = sum(lengths) / len(lengths) if lengths else 0.0
        self._k = weights.SATURATION + weights.SATURATION_BY_LENGTH * min(self._mean, weights.SATURATION_LONGEST)

    def of(self, occurrences: int, length: int) -> float:
        """One for a single occurrence in a memory of mean length."""
        relative = (length + weights.LENGTH_FLOOR) / (self._mean + weights.LENGTH_FLOOR)
        damped = self._k * (1 - weights.LENGTH + weights.LENGTH * relative)
        return occurrences * (self._k + 1) / (occurrences + damped)


def count(candidates: Sequence[Candidate], hits: WordHits, order: Sequence[str], found: frozenset[int]) -> Counted:
    """Count the query's terms in candidates, and set their masks.

    Args:
        candidates: With their contents.
        order: The query's terms in its order.
        found: The rowids that words found; their lengths make the mean.
    """
    bodies = {c.no: c.content.partition("|")[0] for c in candidates}
    lengths = {no: max(1, body.count(" ") - 1) for no, body in bodies.items()}
    measure = Measure([lengths[no] for no in found if no in lengths])
    counted = Counted()
    asked = [
        (1 << bit, term, weight, _begin(term.text))
        for bit, (term, weight) in enumerate(zip(hits.terms, hits.weights, strict=True))
        if weight
    ]
    known = {term.text: weight for _, term, weight, _ in asked}
    pairs = _pairs(hits, order)
    unmarked = 1 << MOST_MARKED
    for candidate in candidates:
        content, length = candidate.content.replace(" ", "  "), lengths[candidate.no]
        own, mask, exact = 0.0, candidate.mask, candidate.no in found
        for flag, term, weight, begin in asked:
            # What words found has its mask from the index; what came otherwise may hold terms too.
            occurrences = 0 if exact and flag < unmarked and not mask & flag else term.occurrences(content)
            if occurrences:
                mask |= flag
            elif begin is not None and (occurrences := content.count(begin)):
                weight = weights.OTHER_FORM * weight
            if occurrences:
                own += weight * measure.of(occurrences, length)
        candidate.mask = mask
        if own:
            own += _heading(content, known, hits.rarest)
            for text, both, weight in pairs:
                if mask & both == both and (occurrences := content.count(text)):
                    own += weight * measure.of(occurrences, length)
            counted.own[candidate.no] = own
    counted.hinted = _hints([c for c in candidates if c.no in found], counted.own, bodies, lengths, measure, hits)
    return counted


def _begin(text: str) -> str | None:
    """How other forms of a term begin in a content; None for a term whose forms can't be told."""
    begin = beginning(text)
    return None if begin is None or len(begin) == 1 else f" {begin}"


def _pairs(hits: WordHits, order: Sequence[str]) -> list[tuple[str, int, float]]:
    """Terms that follow one another in the query: how they stand in a content, their bits, and their weight."""
    bits = {t.text: bit for bit, t in enumerate(hits.terms) if t.share == 1.0}
    out = []
    for first, second in pairwise(order):
        a, b = bits.get(first), bits.get(second)
        if a is not None and b is not None and a != b:
            mean = (hits.weights[a] + hits.weights[b]) / 2
            out.append((f" {first}  {second} ", 1 << a | 1 << b, weights.PAIR * mean))
    return [pair for pair in out if pair[2]]


def _heading(content: str, asked: Mapping[str, float], rarest: float) -> float:
    """What the query's terms in the heading add: their weight, by their share of all of the heading's.

    A term that the query lacks weighs as much as the bank's rarest, for want of its count.
    """
    head, line, _ = content.partition(" / ")
    if not line:
        return 0.0
    held = set(head.split())
    weight = sum(asked[t] for t in held if t in asked)
    return weights.HEADING * weight * weight / (weight + rarest * len(held - asked.keys())) if weight else 0.0


def _hints(
    candidates: Sequence[Candidate],
    first: dict[int, float],
    bodies: dict[int, str],
    lengths: dict[int, int],
    measure: Measure,
    hits: WordHits,
) -> dict[int, float]:
    """Pseudo-relevance feedback: terms that several of the best memories hold, scored like terms of the query."""
    best = heapq.nlargest(weights.HINT_MEMORIES, first, key=lambda no: (first[no], no))
    if len(best) < 2:
        return {}
    asked = {t.text for t in hits.terms}
    sums: defaultdict[str, float] = defaultdict(float)
    holders: Counter[str] = Counter()
    for no in best:
        own = Counter(bodies[no].split())
        share = first[no] / first[best[0]]
        for term, f in own.items():
            if len(term) >= 3 and term not in asked and term.isalpha():
                sums[term] += share * f / (f + 0.5 + 0.015 * lengths[no])
                holders[term] += 1
    scored = []
    # How common a term is shows in a sample of the candidates.
    contents = [c.content for c in candidates[:: max(1, len(candidates) // weights.HINT_SAMPLE)]]
    total = len(contents)
    for term, value in heapq.nlargest(weights.HINTS_TRIED, sums.items(), key=itemgetter(1)):
        if holders[term] >= 2 and term not in STOP_WORDS and term not in QUESTION_WORDS:
            spaced = f" {term} "
            n = sum(1 for content in contents if spaced in content)
            scored.append((value * math.log(1 + (total - n + 0.5) / (n + 0.5)), spaced))
    scored.sort(reverse=True)
    chosen = scored[: weights.HINT_TERMS]
    whole = sum(weight for weight, _ in chosen)
    if not whole:
        return {}
    scale = weights.HINTS * sum(hits.weights) / whole
    out: dict[int, float] = {}
    hopeful = set(heapq.nlargest(weights.HINTED, first, key=lambda no: (first[no], no)))
    for candidate in candidates:
        if candidate.no not in hopeful:
            continue
        value = sum(
            weight * measure.of(f, lengths[candidate.no])
            for weight, spaced in chosen
            if (f := candidate.content.count(spaced))
        )
        if value:
            out[candidate.no] = scale * value
    return out
