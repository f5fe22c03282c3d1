"""Fuse the strategies' signals into one score with an explanation, put newer above older, and limit the lines.

Newer memories rank above older ones that say nearly the same, and replacements above what they replaced. Nothing is
marked or left out by these rules: they decide which of two lines stands first. A line that was said again is as new as
when it was said last. Where the question names a time, what lies in it is not an older version of what does not.
"""

from __future__ import annotations

import heapq
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from operator import or_

from hindsight_teams.backends.sqlite.search import candidates, moments, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.counting import Counted
from hindsight_teams.backends.sqlite.search.meaning import Similar
from hindsight_teams.backends.sqlite.search.weights import Depth
from hindsight_teams.backends.sqlite.search.words import WordHits, shown
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.backends.sqlite.store.records import ARRIVAL, DATED
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.vocabulary import FOREIGN_WORDS
from hindsight_teams.models import Signal

_CHANGES = frozenset(
    "switch replac chang migrat move reloc settl drop quit renam becom upgrad instead increas reduc rais lower extend "
    "postpon reschedul repaint redrawn redesign rebuild rewrit reassign".split()
)
"""English stems that tell a change: a newer line with one of them may share fewer words with the older."""

_NEGATES = frozenset("nicht non pas sondern mais sino".split())
"""Those of the next that stand between what is so and what is not: "Berg, nicht Lind", but not "Ana schläft nicht"."""
_OPENS = _NEGATES | frozenset("mean meant nein".split())
"""Those that tell a correction where they open it: "I meant Bob", but not "Nora meant Bob"."""
_CORRECTS = _OPENS | frozenset("correct wrong mistak actual sorri korrektur falsch faux falso fout".split())
"""Stems beside which a newer line may hold nothing but what is so and what is not: "Wrong, Berg, not Lind"."""

_JOINS = frozenset("是的在了有はがをにでともの")
"""Characters that join words of an unspaced script: what a pair with one holds is not missed in a newer line."""

_NEARLY = 0.9
"""Of the older line's score: two lines of one differing word that answer as well as each other say nearly the same."""

_ALL_ALIKE = 0.999
"""Mean similarity of vectors that tell no text from another."""

_SPREAD = 0.25
"""What a term of all lines weighs at least beside one of two lines: too few terms in common need not be weighed."""

_MOVES = frozenset(
    """move reloc settl gezogen umgezogen zog zieht vivr vivir viver mudo mudado mudada mudanza mudanca mudaron mudou
    demenag demenage emmenag emmenage installe trasferito trasferita trasfer trasferit verhuisd verhuist flyttat
    flyttad flyttet flytted flytt przeprowadzil przeprowadzila перееха переезжа pindah 搬到 搬去 っ越""".split()
)
"""Stems of moving, and of "went to live": participles that agree with who moved have several."""
_LIVES = frozenset(
    """live resid base dwell wohnt wohnen lebt leben vive viven vit vivent habit habitent abita abitano woont wonen mora
    moram bor mieszka mieszkaja живет живут tinggal 住在 に住""".split()
)
_UNSPACED = "\u2e80"
"""What begins here is written without spaces and indexed in pairs, which run into the verb."""
_WHEN = frozenset("now sinc last week month year today yesterday again current".split())
"""Stems that tell since when the newer line holds."""


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
    unrelated: float = 0.0,
    quotation: str = "",
    most: int,
) -> list[Scored]:
    """The best candidates: the sum of max-normalised signals (see ``weights``).

    Args:
        unrelated: The similarity of texts that have nothing to do with the query: only what is beyond it counts.
        quotation: The query's terms in its order; what holds them so stands as high as any.
        most: How many. What replaced one of them is among them too.
    """
    everyone = found.by_number.values()
    near = {c.no: candidates.added(found, c, hits) if c.near or c.chain else 0.0 for c in everyone}
    own, hinted, mentioned = counted.own.get, counted.hinted.get, counted.mentioned.get
    documents, marks = candidates.documents(found, hits), _marks(names)
    by_words = {no: own(no, 0.0) + hinted(no, 0.0) + mentioned(no, 0.0) + value for no, value in near.items()}
    per_word = _scale(weights.WORDS, by_words.values())
    per_document = _scale(weights.DOCUMENT, documents.values())
    raised = {no: value - unrelated for no, value in similarity.items() if value > unrelated}
    per_meaning = _scale(weights.MEANING, [raised.get(no, 0.0) for no in near] if raised else ())
    content = weights.WORDS + weights.DOCUMENT + (weights.MEANING if per_meaning else 0.0)

    telling = sum(1 for weight in hits.weights if weight)
    author = content * weights.AUTHOR * min(1.0, weights.AUTHOR_TERMS / max(1, telling))
    weighed: dict[int, tuple[float, int, int, float, float, str]] = {}
    for c in everyone:
        no = c.no
        share = _authored(c, marks) if marks else 0.0
        time, span = moments.closeness(c, spans, per_word, content) if spans else (0.0, "")
        value = by_words[no] * per_word + documents[no] * per_document + raised.get(no, 0.0) * per_meaning
        value += author * share + time
        if value > 0:
            weighed[no] = (value, c.mentioned, no, share, time, span)
    quoting: dict[int, float] = {}
    if quotation and weighed:
        top = max(weighed.values())[0]
        quoting = {c.no: top - weighed[c.no][0] for c in everyone if c.no in weighed and quotation in c.content}
        weighed.update((no, (top, *weighed[no][1:])) for no in quoting)

    # Of equals the newer one comes first.
    best = {no for _, _, no, *_ in heapq.nlargest(most, weighed.values())}
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
            author=author * share,
            by_named=share == 1.0,
            time=time,
            span=span,
            meaning=raised.get(no, 0.0) * per_meaning,
            similarity=similarity.get(no, 0.0),
            total=value,
        )
        for value, _, no, share, time, span in sorted([weighed[no] for no in best], reverse=True)
    ]


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
            _named(candidate, asked) if scored.by_named else "mentions an author whom the query names",
        ),
        Signal("time", scored.time, f"within or near {scored.span!r}"),
        Signal("time", scored.lifted, "newer than a memory that it replaces, or that says nearly the same"),
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


def confidence(
    found: Candidates, hits: WordHits, ranked: Sequence[Scored], similar: Similar, *, light: Collection[str]
) -> float | None:
    """The share of the question's weight that its best memory covers, with what stands beside it.

    A word that the bank lacks weighs as much as the rarest one of many memories. So does one of which the bank holds
    only what differs by an edit ("born", "burn"), unless the memory holds that. In a conversation the best memories
    cover the question together. Where there are vectors that tell texts apart, the mean of that share and of how far
    the best memory's similarity stands out of the mean: embedders differ in what a cosine says, and less in that. None
    where nothing can be told.

    Args:
        light: Terms that weigh nothing where the question has others, unless the memory holds one of those too.
    """
    first = [scored.candidate for scored in ranked[: weights.CONFIDENCE_FROM]]
    held = [(0, 0.0)]
    for candidate in first:
        # What happens to be noted one after the other is no evidence: only a document or session has neighbours.
        beside = 0.0 if candidate.stream == ARRIVAL else candidates.added(found, candidate, hits)
        held.append((candidate.mask, _told(hits, candidate.mask, light) + beside))
    talk = candidates.in_conversation(found, first)
    if talk:
        together = reduce(or_, (mask for mask, _ in held))
        held.append((together, _told(hits, together, light)))
    shares = [weight / whole for mask, weight in held if (whole := _asked(hits, mask, light))]
    shares = shares or [weight / whole for mask, weight in held if (whole := _asked(hits, mask, ()))]
    covered = min(1.0, max(shares)) if shares else None
    if not similar.scores or similar.base >= _ALL_ALIKE:
        return covered
    best = max((similar.scores.get(c.no, 0.0) for c in first), default=0.0)
    gap = (best - similar.base) / (1 - similar.base)
    least, most = weights.OUTSTANDING
    outstanding = min(1.0, max(0.0, (gap - least) / (most - least)))
    if covered is None:
        return outstanding
    # A few vectors that all look alike refute no words, nor does a line that answers only beside others.
    trust = 1.0 if outstanding > covered else 0.0 if talk else similar.trust
    return (covered + trust * outstanding) / (1 + trust)


def _told(hits: WordHits, mask: int, light: Collection[str]) -> float:
    """What a memory of this mask covers: nothing if all that it holds of the question is "last year"."""
    heavy = [bit for bit, term in enumerate(hits.terms) if hits.weights[bit] and term.text not in light]
    return 0.0 if (heavy or hits.missing) and not any(mask >> bit & 1 for bit in heavy) else hits.weight(mask)


def _asked(hits: WordHits, mask: int, light: Collection[str]) -> float:
    """What the question weighs beside a memory of this mask."""
    whole = hits.missing
    for bit, (term, weight) in enumerate(zip(hits.terms, hits.weights, strict=True)):
        if mask >> bit & 1:
            whole += weight / term.share
        elif weight and term.text not in light:
            whole += hits.lack if term.share == weights.ONE_EDIT else weight / term.share
    return min(whole, weights.QUESTION_WORTH * hits.lack)


def newest_first(
    db: sqlite3.Connection, bank: int, found: Candidates, ranked: Sequence[Scored], *, joining: int = 0
) -> list[Scored]:
    """The ranking with newer lines lifted to the place of older ones that they say nearly the same as.

    Args:
        joining: Terms of the query, as a mask, that a newer line may lack; see ``joining``.
    """
    first = list(ranked[: weights.UPDATES_AMONG])
    if first:
        _add_changes(db, bank, found, first)
    again = _said_again(db, [s.candidate.no for s in first])
    said = [(s.candidate, max(s.candidate.mentioned, again.get(s.candidate.no, 0))) for s in first]
    lines = _Lines(said, joining)
    out: list[Scored] = []
    for scored in first:
        place = lines.updated(out, scored)
        if place is None:
            out.append(scored)
        else:
            scored.lift(out[place].total)
            out.insert(place, scored)
    placed = {scored.candidate.no for scored in out if scored.total > 0}
    further = (s for s in ranked[weights.UPDATES_AMONG :] if s.candidate.no not in placed)
    return _successors_first(found, [*out, *further])


def joining(hits: WordHits) -> int:
    """The mask of the query's terms that only join words in a script without spaces."""
    return sum(1 << bit for bit, term in enumerate(hits.terms) if not _JOINS.isdisjoint(term.text))


def _said_again(db: sqlite3.Connection, numbers: list[int]) -> dict[int, int]:
    """When memories that were said more than once were said last, in microseconds."""
    sql = (
        "SELECT memory, max(json_extract(item, '$.mentioned')) FROM mention"
        " WHERE memory IN (SELECT value FROM json_each(?)) GROUP BY memory"
    )
    return {no: last for no, last in db.execute(sql, (json.dumps(numbers),)) if last is not None}


def _body(candidate: Candidate) -> list[str]:
    body = candidate.content.partition("|")[0].split()
    return [term for term in body if term != "/"] if "/" in body else body


class _Line:
    """The terms of a line, and when it was said last; a long line has none, since it is no update and has none."""

    __slots__ = ("changed", "corrected", "corrects", "lives", "moves", "said", "subject", "terms", "weight")
    weight: float
    """What its terms weigh together; see ``_Lines``."""
    lives: frozenset[str]
    """Who lives where it tells: all before the verb, since an article or "my" is nobody."""

    def __init__(self, body: list[str], said: int) -> None:
        if len(body) > weights.UPDATE_LONGEST:
            body = []
        self.said = said
        self.subject = body[0] if body else ""
        self.terms = terms = frozenset(body)
        self.changed = not terms.isdisjoint(_CHANGES)
        self.moves = not terms.isdisjoint(_MOVES)
        self.corrects = not terms.isdisjoint(_CORRECTS - _OPENS) or self.subject in _OPENS
        self.corrected = _corrected(body)
        self.lives = frozenset()
        if not terms.isdisjoint(_LIVES):
            verb = next(place for place, term in enumerate(body) if term in _LIVES)
            self.lives = frozenset(body[:verb] if body[verb] < _UNSPACED else body[: bool(verb)])


def _corrected(body: Sequence[str]) -> frozenset[str]:
    """What is so and what is not, in a line that says nothing else: "No, it's 8813 not 8812."; else nothing."""
    said = [t for t in body if t in _CORRECTS or not (t in FOREIGN_WORDS or (len(t) == 1 and t.isalpha()))]
    values = frozenset(said) - _CORRECTS
    if len(values) != 2:
        return frozenset()
    place = next((place for place, term in enumerate(said) if term in _CORRECTS), None)
    told = place == 0 or (place is not None and said[place] in _NEGATES and said[-1] not in _NEGATES)
    return values if told or all(map(_is_number, values)) else frozenset()


def _is_number(term: str) -> bool:
    return any(map(str.isdigit, term))


class _Lines:
    """The first lines, beside each other: what most of them hold ("2023", a speaker) makes no two of them alike."""

    def __init__(self, lines: Sequence[tuple[Candidate, int]], joining: int) -> None:
        self._joining = joining
        bodies = [_body(candidate) for candidate, _ in lines]
        self._lines = {c.no: _Line(body, said) for (c, said), body in zip(lines, bodies, strict=True)}
        spread = Counter(chain.from_iterable(map(set, bodies)))
        by_number = {n: math.log(1 + (len(lines) + 10) / (n + 1)) for n in set(spread.values())}
        self._weights = {term: by_number[n] for term, n in spread.items()}
        for line in self._lines.values():
            line.weight = self._weight(line.terms)

    def updated(self, ranked: Sequence[Scored], newer: Scored) -> int | None:
        """The place of the first line of which one that ranks lower is a newer version."""
        new = self._lines[newer.candidate.no]
        if not new.terms:
            return None
        said, mask, total, time = new.said, newer.candidate.mask, newer.total, newer.time
        enough = total / weights.UPDATE_SHARE
        for place, older in enumerate(ranked):
            old = self._lines[older.candidate.no]
            # Where the question names a time that the older fits better, it is not an older version.
            if old.said >= said or not old.terms or older.time > time:
                continue
            if (new.moves and old.lives and old.lives <= new.terms) or self._corrects(newer.candidate, older.candidate):
                return place
            changed = new.changed and not old.changed
            if older.total > enough and not changed:
                continue
            # "Nora likes jazz" is not news about tea: what is asked for by name must stand in the newer line too, or
            # more than the subject where it tells a change: "Nora moved" is not news about whether she is married.
            lacks = older.candidate.mask & ~mask & ~self._joining
            if lacks and not (changed and (old.terms & new.terms) - {old.subject}):
                continue
            if self._alike(old, new, changed=changed, as_good=total >= _NEARLY * older.total):
                return place
        return None

    def _corrects(self, newer: Candidate, older: Candidate) -> bool:
        """Whether a newer line says nothing but that a value of the older one is another.

        What it shares may be a mere unit: "I meant 4,300 euros" is about the last line before it that has euros. Where
        a line between is not known, it is about none.
        """
        new, old = self._lines[newer.no], self._lines[older.no]
        added, shared = new.corrected - old.terms, new.corrected & old.terms
        if len(added) != 1 or new.terms >= old.terms:
            return False
        if any(map(_is_number, shared)) or not any(map(_is_number, added)):
            return True
        if newer.no - older.no > len(self._lines):
            return False
        between = [self._lines.get(no) for no in range(older.no + 1, newer.no)]
        return all(line is not None and shared.isdisjoint(line.terms) for line in between)

    def _alike(self, old: _Line, new: _Line, *, changed: bool, as_good: bool) -> bool:
        """Whether two lines have enough terms in common for one to be the other's newer version."""
        both = old.terms & new.terms
        as_good = as_good or new.corrects
        if as_good and both and len(old.terms) == len(both) + 1 and len(new.terms - both - _WHEN - _CORRECTS) == 1:
            return True  # "The logo is blue", "the logo is orange"
        least = weights.UPDATE_ALIKE
        if changed:  # sharing more than its subject says more: "use Kafka", "drop Kafka"
            least = weights.CHANGE_OF_OBJECT if both - {old.subject} else weights.CHANGE_OF_SUBJECT
        if len(both) < least * _SPREAD * min(len(old.terms), len(new.terms)):
            return False
        # Numbers are what changes: "at 9:30" is two terms, and none of them is "at 10:15".
        weights_of = (line.weight - self._weight(filter(_is_number, line.terms - both)) for line in (old, new))
        return self._weight(both) >= least * min(weights_of)

    def _weight(self, terms: Iterable[str]) -> float:
        """What terms weigh, by how many of the lines hold each."""
        return sum(map(self._weights.__getitem__, terms))


def _add_changes(db: sqlite3.Connection, bank: int, found: Candidates, first: list[Scored]) -> None:
    """Take in newer memories that tell a change of what the best line says, though they lack the question's words."""
    best = first[0].candidate
    terms = [t for t in dict.fromkeys(_body(best)) if t.isalnum()]
    if not terms or len(terms) > weights.CHANGED_LONGEST:
        return
    low, high = bounds(bank)
    matches = [f"({_any(terms)}) AND ({_any(sorted(_CHANGES | _CORRECTS))})"]
    if values := [term for term in terms if any(map(str.isdigit, term))]:
        matches.append(_any(values))
    sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    rows = [
        no for match in matches for (no,) in db.execute(sql, (match, max(low, best.no), high, weights.CHANGES_TRIED))
    ]
    rows = list(dict.fromkeys(rows))
    fresh = [no for no in rows if no not in found.by_number]
    if fresh:
        found.add(fresh, {})
    held = {scored.candidate.no for scored in first}
    first += [Scored(found.by_number[no]) for no in rows if no in found.by_number and no not in held]


def _any(terms: Sequence[str]) -> str:
    return " OR ".join(f'"{term}"' for term in terms)


def _successors_first(found: Candidates, ranked: Sequence[Scored]) -> list[Scored]:
    """The ranking with each replaced memory below the one that replaced it."""
    replaced = [s for s in ranked if s.candidate.superseded_by is not None]
    if not replaced:
        return [s for s in ranked if s.total > 0]
    missing = {s.candidate.superseded_by for s in replaced} - found.by_number.keys()
    found.add([no for no in missing if no is not None], {})
    out = [s for s in ranked if s.total > 0]
    for old in replaced:
        successor = found.by_number.get(old.candidate.superseded_by or 0)
        if old not in out or successor is None:
            continue
        place = out.index(old)
        below = next((s for s in out if s.candidate.no == successor.no), None)
        if below is None:
            below = Scored(successor)
        elif out.index(below) < place:
            continue
        else:
            out.remove(below)
        below.lift(old.total)
        out.insert(place, below)
    return out


def cut(found: Candidates, ranked: Sequence[Scored], sure: float | None, depth: Depth) -> list[Scored]:
    """The lines worth returning: the first ones unless they are far behind, further ones while they keep up.

    Where no conversation stands around the best line, a note of a diary that only stands next to one that shares words
    with the question is no answer to it; and where little is known there, a few lines say all there is to say.
    """
    if not ranked:
        return []
    best = ranked[0].total
    thin = ranked[0].candidate.mask.bit_count() <= weights.THIN
    little = sure is not None and sure < (weights.FEW_BELOW_THIN if thin else weights.FEW_BELOW)
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
