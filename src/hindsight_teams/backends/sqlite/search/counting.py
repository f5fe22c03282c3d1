"""Score candidates by the words of the query: frequency, proximity and word forms.

All of it is counted in the candidates' contents (see ``text.terms.indexed``); nothing is looked up. The weights are
those of the terms, their inverse document frequency in the bank.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import accumulate, pairwise
from operator import itemgetter

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.words import WordHits, beginning, idf
from hindsight_teams.backends.sqlite.text.vocabulary import QUESTION_WORDS, STOP_WORDS


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


class Contents:
    """The contents of several memories as one text: one search in it costs less than a search in each of them."""

    def __init__(self, contents: Sequence[str]) -> None:
        self._text = "\n".join(contents)
        self._ends = list(accumulate([len(content) + 1 for content in contents]))

    def count(self, *wanted: str) -> dict[int, int]:
        """How often they hold what stands between spaces, by place; the space behind one occurrence begins the next."""
        find, ends = self._text.find, self._ends
        counts: dict[int, int] = {}
        for text in wanted:
            at, step = find(text), len(text) - 1
            while at >= 0:
                place = bisect_right(ends, at)
                counts[place] = counts.get(place, 0) + 1
                at = find(text, at + step)
        return counts

    def total(self, text: str) -> int:
        """How often they hold a text altogether, as far as it does not overlap itself."""
        return self._text.count(text)


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

    def trust(self) -> float:
        """What terms that the best memories share count together, as a share of the query."""
        least, whole = weights.HINTS_LENGTH
        return weights.HINTS * min(1.0, self._mean / whole) if self._mean >= least else 0.0


class Tally:
    """What is counted of a query's terms in candidates.

    Args:
        hits: The terms, with their weights.
        order: The query's terms in its order.
        found: The memories that words found; their lengths make the mean.
    """

    def __init__(self, hits: WordHits, order: Sequence[str], found: Collection[Candidate]) -> None:
        self._hits = hits
        self._asked = {t.text: w for t, w in zip(hits.terms, hits.weights, strict=True) if w}
        self._pairs = _pairs(hits, order)
        self._found = {c.no: c for c in found}
        self._measure = Measure([c.length for c in found])
        self._of = cache(self._measure.of)  # most candidates are of some few lengths
        self._headed: list[Candidate] = []
        self.counted = Counted()

    def add(self, candidates: Sequence[Candidate]) -> None:
        """Count the terms in candidates, and set their masks."""
        contents, of = Contents([c.content for c in candidates]), self._of
        sums: defaultdict[int, float] = defaultdict(float)
        for bit, (term, weight) in enumerate(zip(self._hits.terms, self._hits.weights, strict=True)):
            if not weight:
                continue
            occurring = contents.count(*term.held)
            for place, n in occurring.items():
                candidates[place].mask |= 1 << bit
                sums[place] += weight * of(n, candidates[place].length)
            begin = _begin(term.text)
            # Most terms have no other form among the candidates: to see that costs less than to find each occurrence.
            known = sum(occurring.values()) if begin and all(h.startswith(begin) for h in term.held) else 0
            if begin and contents.total(begin) > known:
                for place, n in contents.count(begin).items():
                    if place not in occurring:
                        sums[place] += weights.OTHER_FORM * weight * of(n, candidates[place].length)
        headed = contents.count(" / ")
        self._headed += [candidates[place] for place in headed]
        for place in headed.keys() & sums.keys():
            sums[place] += _heading(candidates[place].content, self._asked, self._hits.rarest)
        for text, both, weight in self._pairs:
            for place, n in contents.count(text).items():
                if candidates[place].mask & both == both:
                    sums[place] += weight * of(n, candidates[place].length)
        self.counted.own.update((candidates[place].no, own) for place, own in sums.items())

    def feed_back(self, found: Candidates) -> Counted:
        """Add what the best of all that was counted tell about the others; everything that was counted."""
        own = self.counted.own
        best = sorted(zip(own.values(), own, strict=True), reverse=True)[: weights.HINTED]
        first = [(found.by_number[no], value) for value, no in best[: weights.HINT_MEMORIES]]
        if len(first) < 2:
            return self.counted
        by_words = [c.content for c in self._found.values()]
        sample = by_words[:: max(1, len(by_words) // weights.HINT_SAMPLE)]
        rarity = cache(partial(_rarity, Contents(sample), len(sample)))
        if trust := self._measure.trust():
            hopeful = [self._found[no] for _, no in best if no in self._found]
            contents, hinted = Contents([c.content for c in hopeful]), self.counted.hinted
            for term, weight in _hints(first, self._hits, rarity, trust).items():
                for place, n in contents.count(f" {term} ").items():
                    one = hopeful[place]
                    hinted[one.no] = hinted.get(one.no, 0.0) + weight * self._of(n, one.length)
        if self._headed:
            sources = first[: weights.LINK_FROM]
            self.counted.mentioned = _mentioned(self._headed, own, sources, self._asked.keys(), rarity)
        return self.counted


def _body(candidate: Candidate) -> str:
    return candidate.content.partition("|")[0]


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
            out.append((f" {first} {second} ", 1 << a | 1 << b, weights.PAIR * mean))
    return [pair for pair in out if pair[2]]


def _heading(content: str, asked: Mapping[str, float], rarest: float) -> float:
    """What the query's terms in the heading add: their weight, by their share of all of the heading's.

    A term that the query lacks weighs as much as the bank's rarest, for want of its count.
    """
    held = set(content.partition(" / ")[0].split())
    weight = sum(asked[t] for t in held if t in asked)
    return weights.HEADING * weight * weight / (weight + rarest * len(held - asked.keys())) if weight else 0.0


def _rarity(sample: Contents, size: int, term: str) -> float:
    """How rare a term is, as the contents of a sample of the candidates show it: an inverse document frequency."""
    n = len(sample.count(f" {term} "))
    return idf(n, max(size, weights.FEWEST))


def _mentioned(
    headed: Sequence[Candidate],
    first: Mapping[int, float],
    best: Sequence[tuple[Candidate, float]],
    asked: AbstractSet[str],
    rarity: Callable[[str], float],
) -> dict[int, float]:
    """What a memory gets whose heading one of the best memories mentions: the second step of a question in two.

    "Where does the singer of Blue Moon live?" shares no word with the page on the singer, whom the page on the song
    names. A heading counts as far as its first terms stand side by side there: "Ada Vale" finds "Ada Vale (singer)". A
    mention leads to the place of what mentions at most.

    Args:
        headed: Memories with a heading.
        first: What they reached in the first pass.
        best: The best memories, with what they reached.
        asked: The query's terms.
        rarity: How rare a term is.
    """
    sources = [(c.no, reached, body, frozenset(body.split())) for c, reached in best for body in [_body(c)]]
    top = best[0][1]
    out: dict[int, float] = {}
    for candidate in headed:
        terms, value = candidate.content.partition(" / ")[0].split(), 0.0
        for no, reached, body, held in sources:
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
    best: Sequence[tuple[Candidate, float]], hits: WordHits, rarity: Callable[[str], float], trust: float
) -> dict[str, float]:
    """Pseudo-relevance feedback: terms that several of the best memories hold, with what each counts.

    Args:
        best: The best memories, with what they reached in the first pass.
        hits: The query's terms.
        rarity: How rare a term is.
        trust: What all of them count together, as a share of the query.
    """
    asked = {t.text for t in hits.terms}
    sums: defaultdict[str, float] = defaultdict(float)
    holders: Counter[str] = Counter()
    for candidate, reached in best:
        terms = _body(candidate).split()
        length, share = max(1, len(terms)), reached / best[0][1]
        for term, n in Counter(terms).items():
            sums[term] += share * n / (n + 0.5 + 0.015 * length)
            holders[term] += 1
    shared = [(value, term) for term, value in sums.items() if len(term) >= 3 and term not in asked and term.isalpha()]
    scored = []
    for value, term in sorted(shared, key=itemgetter(0), reverse=True)[: weights.HINTS_TRIED]:
        if holders[term] >= 2 and term not in STOP_WORDS and term not in QUESTION_WORDS:
            scored.append((value * rarity(term), term))
    scored.sort(reverse=True)
    chosen = scored[: weights.HINT_TERMS]
    whole = sum(weight for weight, _ in chosen) or 1.0
    return {term: trust * sum(hits.weights) * weight / whole for weight, term in chosen}
