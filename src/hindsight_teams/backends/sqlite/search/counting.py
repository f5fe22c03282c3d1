"""What the words of the query are worth in each candidate: how often they occur, how near, in which forms.

All of it is counted in the candidates' contents (see ``text.terms.indexed``); nothing is looked up. Weights are those of
the terms, their inverse document frequency in the bank.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate
from hindsight_teams.backends.sqlite.search.words import WordHits, beginning
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
    weighed = [(bit, t, w) for bit, (t, w) in enumerate(zip(hits.terms, hits.weights, strict=True)) if w]
    pairs = _pairs(hits, order)
    for candidate in candidates:
        content, length = candidate.content.replace(" ", "  "), lengths[candidate.no]
        own, mask = 0.0, 0
        for bit, term, weight in weighed:
            occurrences = term.occurrences(content)
            if occurrences:
                mask |= 1 << bit
                own += weight * measure.of(occurrences, length)
            elif (begin := _begin(term.text)) is not None and (occurrences := content.count(begin)):
                own += weights.OTHER_FORM * weight * measure.of(occurrences, length)
        candidate.mask |= mask
        if own:
            own += _heading(content, weighed, hits)
            for text, first, second, weight in pairs:
                if mask & first and mask & second and (occurrences := content.count(text)):
                    own += weight * measure.of(occurrences, length)
            counted.own[candidate.no] = own
    counted.hinted = _hints(candidates, counted.own, bodies, lengths, measure, hits)
    return counted


_begins: dict[str, str | None] = {}


def _begin(text: str) -> str | None:
    known = _begins.get(text, "")
    if known == "":
        if len(_begins) > 4_096:
            _begins.clear()
        begin = beginning(text)
        known = _begins[text] = None if begin is None or len(begin) == 1 else f" {begin}"
    return known


def _pairs(hits: WordHits, order: Sequence[str]) -> list[tuple[str, int, int, float]]:
    """Terms that follow one another in the query: how they stand in a content, their bits, and their weight."""
    bits = {t.text: bit for bit, t in enumerate(hits.terms) if t.share == 1.0}
    out = []
    for first, second in zip(order, order[1:], strict=False):
        a, b = bits.get(first), bits.get(second)
        if a is not None and b is not None and a != b:
            mean = (hits.weights[a] + hits.weights[b]) / 2
            out.append((f" {first}  {second} ", 1 << a, 1 << b, weights.PAIR * mean))
    return [pair for pair in out if pair[3]]


def _heading(content: str, weighed: Sequence[tuple[int, object, float]], hits: WordHits) -> float:
    """What the query's terms in the heading add: their weight, by their share of all of the heading's."""
    head, line, _ = content.partition(" / ")
    if not line:
        return 0.0
    held = {t for t in head.split(" ") if t}
    known = {hits.terms[bit].text: weight for bit, _, weight in weighed}
    weight = sum(known[t] for t in held if t in known)
    if not weight:
        return 0.0
    rest = sum(1 for t in held if t not in known) * hits.rarest
    return weights.HEADING * weight * weight / (weight + rest)


def _hints(
    candidates: Sequence[Candidate],
    first: dict[int, float],
    bodies: dict[int, str],
    lengths: dict[int, int],
    measure: Measure,
    hits: WordHits,
) -> dict[int, float]:
    """Pseudo-relevance feedback: terms that several of the best memories hold, scored like terms of the query."""
    best = sorted(first, key=lambda no: (-first[no], -no))[: weights.HINT_MEMORIES]
    if len(best) < 2:
        return {}
    asked = {t.text for t in hits.terms}
    sums: Counter[str] = Counter()
    holders: Counter[str] = Counter()
    for no in best:
        own = Counter(bodies[no].split())
        share = first[no] / first[best[0]]
        for term, f in own.items():
            if len(term) >= 3 and term not in asked and term.isalpha():
                sums[term] += share * f / (f + 0.5 + 0.015 * lengths[no])  # type: ignore[assignment]
                holders[term] += 1
    total = len(candidates)
    scored = []
    contents = [c.content for c in candidates]
    for term, value in sums.most_common(weights.HINTS_TRIED):
        if holders[term] >= 2 and term not in STOP_WORDS and term not in QUESTION_WORDS:
            spaced = f" {term} "
            n = sum(spaced in content for content in contents)
            scored.append((value * math.log(1 + (total - n + 0.5) / (n + 0.5)), spaced))
    scored.sort(reverse=True)
    chosen = scored[: weights.HINT_TERMS]
    whole = sum(weight for weight, _ in chosen)
    if not whole:
        return {}
    scale = weights.HINTS * sum(hits.weights) / whole
    out: dict[int, float] = {}
    for candidate in candidates:
        value = sum(
            weight * measure.of(f, lengths[candidate.no])
            for weight, spaced in chosen
            if (f := candidate.content.count(spaced))
        )
        if value:
            out[candidate.no] = scale * value
    return out
