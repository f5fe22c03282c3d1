"""What the words of the query are worth in each candidate: how often they occur, how near, in which forms.

All of it is counted in the candidates' contents (see ``text.terms.indexed``); nothing is looked up. The weights are
those of the terms, their inverse document frequency in the bank.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache, partial
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
        mentioned: Terms of the heading, where the best of a first pass mention it.
    """

    own: dict[int, float] = field(default_factory=dict)
    hinted: dict[int, float] = field(default_factory=dict)
    mentioned: dict[int, float] = field(default_factory=dict)


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
    by_words = [c for c in candidates if c.no in found]
    best = heapq.nlargest(weights.HINT_MEMORIES, counted.own, key=lambda no: (counted.own[no], no))
    if len(best) > 1:
        sample = [c.content for c in by_words[:: max(1, len(by_words) // weights.HINT_SAMPLE)]]
        counted.hinted = _hints(by_words, counted.own, best, bodies, lengths, measure, hits, sample)
        counted.mentioned = _mentioned(candidates, counted.own, best[: weights.LINK_FROM], bodies, known.keys(), sample)
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
    if "/" not in content:
        return 0.0
    held = set(content.partition(" / ")[0].split())
    weight = sum(asked[t] for t in held if t in asked)
    return weights.HEADING * weight * weight / (weight + rarest * len(held - asked.keys())) if weight else 0.0


def _rarity(sample: Sequence[str], term: str) -> float:
    """How rare a term is, as the contents of a sample of the candidates show it: an inverse document frequency."""
    spaced = f" {term} "
    n = sum([spaced in content for content in sample])
    return math.log(1 + (max(len(sample), weights.FEWEST) - n + 0.5) / (n + 0.5))


def _mentioned(
    candidates: Sequence[Candidate],
    first: Mapping[int, float],
    best: Sequence[int],
    bodies: Mapping[int, str],
    asked: AbstractSet[str],
    sample: Sequence[str],
) -> dict[int, float]:
    """What a memory gets whose heading one of the best memories mentions: the second step of a question in two.

    "Where does the singer of Blue Moon live?" shares no word with the page on the singer, whom the page on the song
    names. A heading counts as far as its first terms stand side by side there: "Ada Vale" finds "Ada Vale (singer)". A
    mention leads to the place of what mentions at most.
    """
    headed = [c for c in candidates if "/" in c.content]
    if not headed:
        return {}
    sources = [(first[no], bodies[no], frozenset(bodies[no].split()), no) for no in best]
    top = first[best[0]]
    rarity = cache(partial(_rarity, sample))
    out: dict[int, float] = {}
    for candidate in headed:
        terms, value = candidate.content.partition(" / ")[0].split(), 0.0
        for reached, body, held, no in sources:
            if no == candidate.no or not terms or terms[0] not in held:
                continue
            length = next(n for n in range(len(terms), 0, -1) if n == 1 or f" {' '.join(terms[:n])} " in body)
            fresh = sum(rarity(t) for t in terms[:length] if t not in asked)
            if fresh:
                part = sum(map(rarity, terms[:length])) / sum(map(rarity, terms))
                gain = weights.LINK * reached / top * part * part * fresh
                value = max(value, min(gain, reached - first.get(candidate.no, 0.0)))
        if value > 0:
            out[candidate.no] = value
    return out


def _hints(
    candidates: Sequence[Candidate],
    first: dict[int, float],
    best: Sequence[int],
    bodies: dict[int, str],
    lengths: dict[int, int],
    measure: Measure,
    hits: WordHits,
    sample: Sequence[str],
) -> dict[int, float]:
    """Pseudo-relevance feedback: terms that several of the best memories hold, scored like terms of the query."""
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
    for term, value in heapq.nlargest(weights.HINTS_TRIED, sums.items(), key=itemgetter(1)):
        if holders[term] >= 2 and term not in STOP_WORDS and term not in QUESTION_WORDS:
            scored.append((value * _rarity(sample, term), f" {term} "))
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
