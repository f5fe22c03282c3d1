"""Fuse the strategies' signals into one score with an explanation, and limit the lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import NamedTuple

from hindsight_teams.backends.sqlite.search import candidates, moments, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.counting import Counted
from hindsight_teams.backends.sqlite.search.meaning import Similar
from hindsight_teams.backends.sqlite.search.weights import Depth
from hindsight_teams.backends.sqlite.search.words import WordHits, shown
from hindsight_teams.backends.sqlite.store.records import ARRIVAL, DATED
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.models import LITTLE_KNOWN, Signal

_ALL_ALIKE = 0.999
"""Mean similarity of vectors that tell no text from another."""


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
    total: float = 0.0

    def lift(self, score: float) -> None:
        """Give it the score of a memory that it stands before."""
        if score > self.total:
            self.lifted += score - self.total
            self.total = score


def fuse(
    found: Candidates,
    hits: WordHits,
    counted: Counted,
    *,
    names: Mapping[str, float],
    spans: Sequence[moments.Named],
    similarity: Mapping[int, float],
    unrelated: float = 0.0,
    quotation: str = "",
    most: int,
) -> list[Scored]:
    """The best candidates: the sum of max-normalised signals (see ``weights``).

    Args:
        names: Terms that name an author, with what each weighs as a word: the author of one line among thousands is
            rarer than most words of a question.
        unrelated: The similarity of texts that have nothing to do with the query: only what is beyond it counts.
        quotation: The query's terms in its order; what holds them so stands as high as any.
        most: How many. What replaced one of them is among them too.
    """
    everyone = found.by_number.values()
    near = {c.no: candidates.added(found, c, hits) if c.near or c.chain else 0.0 for c in everyone}
    own, hinted, mentioned = counted.own.get, counted.hinted.get, counted.mentioned.get
    documents = candidates.documents(found, hits)
    by_words = {no: own(no, 0.0) + hinted(no, 0.0) + mentioned(no, 0.0) + value for no, value in near.items()}
    per_word = _scale(weights.WORDS, by_words.values())
    per_document = _scale(weights.DOCUMENT, documents.values())
    raised = {no: value - unrelated for no, value in similarity.items() if value > unrelated}
    per_meaning = _scale(weights.MEANING, [raised.get(no, 0.0) for no in near] if raised else ())
    content = weights.WORDS + weights.DOCUMENT + (weights.MEANING if per_meaning else 0.0)

    telling = sum(1 for weight in hits.weights if weight)
    least = content * weights.AUTHOR * min(1.0, weights.AUTHOR_TERMS / max(1, telling))
    marks = [
        (f" {tokens.author_term(name)} ", f" {name} ", max(least, rarity * per_word)) for name, rarity in names.items()
    ]
    weighed: dict[int, tuple[float, int, int, float, bool, float, str]] = {}
    for c in everyone:
        no = c.no
        author, by_named = _authored(c, marks) if marks else (0.0, False)
        time, span = moments.closeness(c, spans, per_word, content) if spans else (0.0, "")
        value = by_words[no] * per_word + documents[no] * per_document + raised.get(no, 0.0) * per_meaning
        value += author + time
        if value > 0:
            weighed[no] = (value, c.mentioned, no, author, by_named, time, span)
    quoting: dict[int, float] = {}
    if quotation and weighed:
        top = max(weighed.values())[0]
        quoting = {c.no: top - weighed[c.no][0] for c in everyone if c.no in weighed and quotation in c.content}
        weighed.update((no, (top, *weighed[no][1:])) for no in quoting)

    # Of equals the newer one comes first.
    best = {no for _, _, no, *_ in sorted(weighed.values(), reverse=True)[:most]}
    newer = [found.by_number[no].superseded_by for no in best]
    best.update(no for no in newer if no in weighed)
    return [
        Scored(
            candidate=found.by_number[no],
            words=own(no, 0.0) * per_word + quoting.get(no, 0.0),
            hinted=hinted(no, 0.0) * per_word,
            mentioned=mentioned(no, 0.0) * per_word,
            near=near[no] * per_word,
            document=documents[no] * per_document,
            author=author,
            by_named=by_named,
            time=time,
            span=span,
            meaning=raised.get(no, 0.0) * per_meaning,
            similarity=similarity.get(no, 0.0),
            total=value,
        )
        for value, _, no, author, by_named, time, span in sorted([weighed[no] for no in best], reverse=True)
    ]


def _authored(candidate: Candidate, marks: Sequence[tuple[str, str, float]]) -> tuple[float, bool]:
    """What a memory gets for an author whom the query names: all if it is theirs, or a share if it mentions them.

    And whether it is theirs.
    """
    content = candidate.content
    if own := [weight for mark, _, weight in marks if mark in content]:
        return max(own), True
    return weights.MENTION * max([weight for _, mention, weight in marks if mention in content], default=0.0), False


def _scale(weight: float, values: Iterable[float]) -> float:
    largest = max(values, default=0.0)
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
            _named(candidate, asked) if scored.by_named else "mentions an author whom the query names",
        ),
        Signal("time", scored.time, f"within or near {scored.span!r}"),
        Signal("time", scored.lifted, "newer than a memory that says nearly the same, or holds what is asked for"),
    ]
    return tuple(part for part in parts if part.score > 0)


def _named(candidate: Candidate, asked: Collection[str]) -> str:
    """Who or what is named; before a colon may stand a heading ("Budget: 5,000"), which nobody is."""
    head = candidate.content.split()[: tokens.MOST_NAMED]
    author = {term for term in tokens.terms(candidate.author or "") if term in asked}
    return (
        f"by {candidate.author}, whom the query names"
        if author.difference(head)
        else "begins with what the query names"
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of a question beside its terms, for the confidence.

    Attributes:
        light: Terms that weigh nothing where the question has others, unless the memory holds one of those too.
        names: The terms of each name: a name is one thing, however many words it has.
        sort: The term that only says what sort of thing is asked for: "language" in "which language".
        doubts: What is left of the confidence in a memory, by rowid, since it holds no answer of the kind asked for.
    """

    light: Collection[str] = ()
    names: Sequence[Sequence[str]] = ()
    sort: str | None = None
    doubts: Mapping[int, float] = field(default_factory=dict)


def answers_first(ranked: Sequence[Scored], wanted: Wanted) -> list[Scored]:
    """The ranking with a line that holds the kind of answer asked for before equally good ones that do not."""
    out = list(ranked)
    if not wanted.doubts or out[0].candidate.no not in wanted.doubts:
        return out
    best = out[0].total
    for place, scored in enumerate(out[: weights.CONFIDENCE_FROM]):
        if scored.total >= weights.EQUALLY_GOOD * best and scored.candidate.no not in wanted.doubts:
            out.insert(0, out.pop(place))
            scored.lift(best)
            break
    return out


def confidence(
    found: Candidates, hits: WordHits, ranked: Sequence[Scored], similar: Similar, wanted: Wanted
) -> float | None:
    """The share of the question's weight that its best memory covers, with what stands beside it.

    A word that the bank lacks weighs as much as the rarest one of many memories. So does one of which the bank holds
    only what differs by an edit ("born", "burn"), and nearly so one that only others hold, unless the memory holds it.
    In a conversation the best memories cover the question together. Where there are vectors that tell texts apart, the
    mean of that share and of how far the same memory's similarity stands out of the mean: embedders differ in what a
    cosine says, and less in that. None where nothing can be told.
    """
    first = [scored.candidate for scored in ranked[: weights.CONFIDENCE_FROM]]
    held = []
    for candidate in first:
        # What happens to be noted one after the other is no evidence: only a document or session has neighbours.
        beside = 0.0 if candidate.stream == ARRIVAL else candidates.added(found, candidate, hits)
        twice = sum(_twice(hits, name) for name in wanted.names if f" {' '.join(name)} " in candidate.content)
        told = _told(hits, candidate.mask, wanted.light) + beside - twice
        left = wanted.doubts.get(candidate.no, 1.0)
        held.append(_Held(candidate.mask, told, twice, _outstanding(similar, candidate.no), left))
    talk = candidates.in_conversation(found, first)
    if talk or not held:
        mask = reduce(or_, (one.mask for one in held), 0)
        outstanding = max((one.outstanding for one in held), default=0.0)
        left = max((one.left for one in held), default=1.0)
        held.append(_Held(mask, _told(hits, mask, wanted.light), 0.0, outstanding, left))
    wholes = [_asked(hits, one.mask, wanted) for one in held]
    if not any(wholes):
        wholes = [_asked(hits, one.mask, replace(wanted, light=())) for one in held]
    vectors = bool(similar.scores) and similar.base < _ALL_ALIKE
    if not any(wholes):
        return max(one.outstanding * one.left for one in held) if vectors else None
    best = 0.0
    for one, whole in zip(held, wholes, strict=True):
        covered = min(1.0, one.told / (whole - one.twice)) if one.told > 0 and whole > one.twice else 0.0
        # A few vectors that all look alike refute no words, nor does a line that answers only beside others.
        trust = 0.0 if not vectors else 1.0 if one.outstanding > covered else 0.0 if talk else similar.trust
        best = max(best, one.left * (covered + trust * one.outstanding) / (1 + trust))
    return best


class _Held(NamedTuple):
    """What a memory, or the best ones together, hold of a question."""

    mask: int
    told: float
    """What its terms weigh."""
    twice: float
    """What names weigh beyond one word each."""
    outstanding: float
    left: float
    """See ``Wanted.doubts``."""


def _outstanding(similar: Similar, no: int) -> float:
    """How far a memory's similarity stands out of the mean, from 0 to 1."""
    gap = (similar.scores.get(no, 0.0) - similar.base) / max(1 - _ALL_ALIKE, 1 - similar.base)
    least, most = weights.OUTSTANDING
    return min(1.0, max(0.0, (gap - least) / (most - least)))


def _twice(hits: WordHits, name: Sequence[str]) -> float:
    """What the words of a name weigh beyond the weightiest."""
    weighed = [weight for term, weight in zip(hits.terms, hits.weights, strict=True) if term.text in name]
    return sum(weighed) - max(weighed, default=0.0)


def _told(hits: WordHits, mask: int, light: Collection[str]) -> float:
    """What a memory of this mask covers: nothing if all that it holds of the question is "last year"."""
    heavy = [bit for bit, term in enumerate(hits.terms) if hits.weights[bit] and term.text not in light]
    return 0.0 if (heavy or hits.missing) and not any(mask >> bit & 1 for bit in heavy) else hits.weight(mask)


def _asked(hits: WordHits, mask: int, wanted: Wanted) -> float:
    """What the question weighs beside a memory of this mask."""
    whole, sort = hits.missing, wanted.sort
    for bit, (term, weight) in enumerate(zip(hits.terms, hits.weights, strict=True)):
        alone, held = weight / term.share, mask >> bit & 1
        sort = None if term.text == sort and (held or term.share == 1.0) else sort
        if held:
            whole += alone
        elif weight and term.text not in wanted.light:
            more = 1.0 if term.share == weights.ONE_EDIT else weights.UNHELD
            whole += alone + more * max(0.0, hits.lack - alone)
    if sort and whole:
        whole -= weights.SORT * hits.lack
    return min(whole, weights.QUESTION_WORTH * hits.lack)


def cut(found: Candidates, ranked: Sequence[Scored], sure: float | None, depth: Depth) -> list[Scored]:
    """The lines worth returning: the first ones unless they are far behind, further ones while they keep up.

    Where no conversation stands around the best line, a note of a diary that only stands next to one that shares words
    with the question is no answer to it; and where little is known there, a few lines say all there is to say.
    """
    if not ranked:
        return []
    best = ranked[0].total
    thin = ranked[0].candidate.mask.bit_count() <= weights.THIN
    little = sure is not None and sure < (LITTLE_KNOWN if thin else weights.FEW_BELOW)
    first = ranked[: depth.results]
    beside = {scored.candidate.no for scored in first if _stands_beside(found, scored)}
    unsure = thin and sure is not None and sure < weights.UNSURE_BELOW
    least = weights.FIRST_FLOOR
    if (little or unsure or beside) and not _stands_in_talk(found, ranked):
        first = [scored for scored in first if scored.candidate.no not in beside][: weights.FEW if little else None]
        least = weights.UNSURE_FLOOR if unsure else least
    kept = []
    for place, scored in enumerate(first):
        if place < weights.FEW:
            floor = weights.FIRST_FLOOR
        else:
            floor = least if place < weights.FIRST else max(least, depth.floor)
        if scored.total < best * floor:
            break
        kept.append(scored)
    return kept


def _stands_beside(found: Candidates, scored: Scored) -> bool:
    """Whether all that speaks for a line is a neighbour by date, hours before or after it."""
    own = scored.candidate
    return (
        own.stream == DATED
        and scored.total <= scored.near + scored.document
        and all(abs(n.mentioned - own.mentioned) > weights.TALK_PAUSE for n in candidates.adjoining(found, own))
    )


def _stands_in_talk(found: Candidates, ranked: Sequence[Scored]) -> bool:
    """Whether what stands beside the best line may answer in other words: in a document, or where somebody asks."""
    best = ranked[0].candidate
    first = [scored.candidate for scored in ranked[: weights.FIRST]]
    return bool(candidates.adjoining(found, best)) and (not best.near or candidates.is_asked(found, first))
