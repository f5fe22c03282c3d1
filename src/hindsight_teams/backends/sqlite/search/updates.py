"""Put newer memories above older ones that say nearly the same, and replacements above what they replaced.

Nothing is marked or left out by these rules: they decide which of two lines stands first. A line that was said again is
as new as when it was said last. Where the question names a time, what lies in it is not an older version of what does
not.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.fusion import Scored
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.backends.sqlite.text.date_words import MONTHS, WEEKDAYS
from hindsight_teams.backends.sqlite.text.terms import terms
from hindsight_teams.backends.sqlite.text.vocabulary import FOREIGN_WORDS

_CHANGES = frozenset(
    "switch replac chang migrat move reloc settl drop quit renam becom upgrad instead increas reduc rais lower extend "
    "postpon reschedul repaint redrawn redesign rebuild rewrit reassign".split()
)
"""English stems that tell a change: a newer line with one of them may share fewer words with the older."""
_NOW = frozenset(
    "jetzt ahora mainten adesso agora тепер сеичас 现在 現在 如今 今は الان अब artik simdi teraz sekarang".split()
)
"""So may one that says "now", but not lack what is asked for: "Jon likes opera now" is not news about jazz."""

_NEGATES = frozenset("nicht non pas sondern mais sino".split())
"""Those of the next that stand between what is so and what is not: "Berg, nicht Lind", but not "Ana schläft nicht"."""
_OPENS = _NEGATES | frozenset("mean meant nein".split())
"""Those that tell a correction where they open it: "I meant Bob", but not "Nora meant Bob"."""
_CORRECTS = _OPENS | frozenset("correct wrong mistak actual sorri korrektur falsch faux falso fout".split())
"""Stems beside which a newer line may hold nothing but what is so and what is not: "Wrong, Berg, not Lind"."""
_CORRECTS_ANYWHERE = _CORRECTS - _OPENS

_JOINS = frozenset("是的在了有はがをにでともの")
"""Characters that join words of an unspaced script: what a pair with one holds is not missed in a newer line."""

_NEARLY = 0.9
"""Of the older line's score: two lines of one differing word that answer as well as each other say nearly the same."""

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
_MOVES_A_THING = re.compile(
    r"['\u2019]s\s+(?:\w+\s+){1,3}moved\b|\b(?:move[sd]?|moving)\s+(?:the|her|his|their|my|our|its|an?|\w+['\u2019]s)\b",
    re.IGNORECASE,
)
"""Not who is named, but something of theirs: "Ada's cat moved to the sofa", "Ada moved the piano"."""
_UNSPACED = "\u2e80"
"""What begins here is written without spaces and indexed in pairs, which run into the verb."""
_TELLING = _CHANGES | _NOW | _CORRECTS | _MOVES | _LIVES
"""Most lines hold none of these, and are looked at no further."""
_WHEN = frozenset("now sinc last week month year today yesterday again current".split())
"""Stems that tell since when the newer line holds."""


def newest_first(
    db: sqlite3.Connection,
    bank: int,
    found: Candidates,
    ranked: Sequence[Scored],
    *,
    asked: Sequence[str] = (),
    answers: Callable[[int], bool] = lambda _: True,
) -> list[Scored]:
    """The ranking with newer lines lifted to the place of older ones that they say nearly the same as.

    Args:
        asked: The query's terms, as the bits of a mask mean them.
        answers: Whether a memory, by rowid, holds the kind of answer that is asked for. One that does not is not lifted
            above one that does: when the standup is, "The standup board was replaced" does not tell.
    """
    first = list(ranked[: weights.UPDATES_AMONG])
    if first:
        _add_changes(db, bank, found, first)
    again = _said_again(db, [s.candidate.no for s in first])
    said = [(s.candidate, max(s.candidate.mentioned, again.get(s.candidate.no, 0))) for s in first]
    lines = _Lines(db, said, asked, answers)
    for scored in first:
        lines.place(scored)
    out = lines.ranked
    placed = {scored.candidate.no for scored in out if scored.total > 0}
    further = (s for s in ranked[weights.UPDATES_AMONG :] if s.candidate.no not in placed)
    return _successors_first(found, [*out, *further])


def _joins(term: str) -> bool:
    """Whether a term only joins words: a function word, or a pair with such a character of a script without spaces."""
    return term in FOREIGN_WORDS or not _JOINS.isdisjoint(term)


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

    lives: frozenset[str]
    """Who lives where it tells: all before the verb, since an article or "my" is nobody."""

    def __init__(self, body: list[str], terms: frozenset[str], said: int, lines: _Lines) -> None:
        if len(body) > weights.UPDATE_LONGEST:
            body, terms = [], frozenset()
        self.said = said
        self.subject = body[0] if body else ""
        self.terms = terms
        self.characters = frozenset("".join(body)) if any(t >= _UNSPACED for t in body) else frozenset()
        self.varying = bool(self.characters) or not terms.isdisjoint(lines.values)
        self.weight = lines.weight(terms)
        self.changed = self.now = self.moves = self.corrects = False
        self.lives = frozenset()
        telling = not terms.isdisjoint(_TELLING)
        self.corrected = _corrected(body, terms) if telling or not terms.isdisjoint(lines.numbers) else frozenset()
        if not telling:
            return
        self.changed = not terms.isdisjoint(_CHANGES)
        self.now = not terms.isdisjoint(_NOW)
        self.moves = not terms.isdisjoint(_MOVES)
        self.corrects = not terms.isdisjoint(_CORRECTS_ANYWHERE) or self.subject in _OPENS
        if not terms.isdisjoint(_LIVES):
            verb = next(place for place, term in enumerate(body) if term in _LIVES)
            self.lives = frozenset(body[:verb] if body[verb] < _UNSPACED else body[: bool(verb)])

    def has_apart(self, pair: str) -> bool:
        """Whether it has both characters of a pair of an unspaced script, though not side by side."""
        return pair >= _UNSPACED and self.characters.issuperset(pair)


def _corrected(body: Sequence[str], terms: frozenset[str]) -> frozenset[str]:
    """What is so and what is not, in a line that says nothing else: "No, it's 8813 not 8812."; else nothing."""
    values = frozenset(t for t in terms.difference(FOREIGN_WORDS, _CORRECTS) if len(t) > 1 or not t.isalpha())
    if len(values) != 2:
        return frozenset()
    said = [t for t in body if t in _CORRECTS or t in values]
    place = next((place for place, term in enumerate(said) if term in _CORRECTS), None)
    told = place == 0 or (place is not None and said[place] in _NEGATES and said[-1] not in _NEGATES)
    return values if told or all(map(_is_number, values)) else frozenset()


def _much_of(old: _Line, new: _Line) -> bool:
    """Whether a line holds all words of an older one but one, and not just its subject: "blue" or "0" is not enough."""
    told = {term for term in old.terms if not _is_number(term)}
    both = told & new.terms
    return len(both) >= len(told) - 1 and bool(both - {old.subject})


def _is_number(term: str) -> bool:
    return not term.isalpha() and any(map(str.isdigit, term))


@cache
def _days() -> frozenset[str]:
    chinese = (f"{week}{day}" for week in "周週期" for day in "一二三四五六日天")
    return frozenset(term for word in (*WEEKDAYS, *MONTHS, *chinese) for term in terms(word))


class _Lines:
    """The first lines, beside each other: what most of them hold ("2023", a speaker) makes no two of them alike."""

    def __init__(
        self,
        db: sqlite3.Connection,
        lines: Sequence[tuple[Candidate, int]],
        asked: Sequence[str],
        answers: Callable[[int], bool],
    ) -> None:
        self._db, self._answers = db, answers
        self._content = sum(1 << bit for bit, term in enumerate(asked) if not _joins(term)) if asked else -1
        self._pairs = [(1 << bit, term) for bit, term in enumerate(asked) if term >= _UNSPACED]
        bodies = [_body(candidate) for candidate, _ in lines]
        held = list(map(frozenset, bodies))
        spread = Counter(chain.from_iterable(held))
        by_number = {n: math.log(1 + (len(lines) + 10) / (n + 1)) for n in set(spread.values())}
        self._weights = {term: 0.0 if _joins(term) else by_number[n] for term, n in spread.items()}
        self.numbers = frozenset(filter(_is_number, spread))
        self.values = self.numbers | _days()
        together = zip(lines, bodies, held, strict=True)
        self._lines = {c.no: _Line(body, terms, said, self) for (c, said), body, terms in together}
        self.ranked: list[Scored] = []
        self._placed: list[_Line] = []  # those of ``ranked``

    def place(self, newer: Scored) -> None:
        """Put a line before the first one of which it is a newer version, or at the end."""
        line = self._lines[newer.candidate.no]
        place = self._updated(line, newer)
        if place is None:
            place = len(self.ranked)
        else:
            newer.lift(self.ranked[place].total)
        self.ranked.insert(place, newer)
        self._placed.insert(place, line)

    def _updated(self, new: _Line, newer: Scored) -> int | None:
        """The place of the first line of which one that ranks lower is a newer version."""
        if not new.terms:
            return None
        said, mask, total, time = new.said, newer.candidate.mask, newer.total, newer.time
        enough = total / weights.UPDATE_SHARE
        for place, old in enumerate(self._placed):
            if old.said >= said or not old.terms:
                continue
            older = self.ranked[place]
            if older.time > time:  # where the question names a time that it fits better, it is not an older version
                continue
            if new.corrected and self._corrects(newer.candidate, older.candidate):
                return place
            if new.moves and old.lives and old.lives <= new.terms:
                if self._moved(newer.candidate.no) and self._answers_as_well(newer, older):
                    return place
                continue
            told = new.changed and not old.changed
            changed = told or (new.now and not old.now)
            if older.total > enough and not changed:
                continue
            # "Nora likes jazz" is not news about tea: what is asked for by name must stand in the newer line too, or
            # much besides the subject where it tells a change: "Nora moved" is not news about whether she is married.
            held = older.candidate.mask
            lacks, brings = held & ~mask & self._content, mask & ~held & self._content
            if lacks and self._is_without(old, new, lacks, brings) and not (told and _much_of(old, new)):
                continue
            as_good = total >= _NEARLY * older.total
            if self._alike(old, new, changed=changed, as_good=as_good) and self._answers_as_well(newer, older):
                return place
        return None

    def _moved(self, no: int) -> bool:
        """Whether who is named in a line moved, not something of theirs."""
        (text,) = self._db.execute("SELECT text FROM memory WHERE no = ?", (no,)).fetchone() or ("",)
        return not _MOVES_A_THING.search(text)

    def _answers_as_well(self, newer: Scored, older: Scored) -> bool:
        return self._answers(newer.candidate.no) or not self._answers(older.candidate.no)

    def _is_without(self, old: _Line, new: _Line, lacks: int, brings: int) -> bool:
        """Whether the newer line says in no way what it lacks of the query and the older one holds.

        It has both characters of a pair apart, or, where the query names both, the other one: "open or closed?"

        Args:
            lacks: Terms of the query, as a mask, that the older line alone holds.
            brings: Those that the newer line alone holds.
        """
        if not lacks & ~sum(bit for bit, pair in self._pairs if new.has_apart(pair)):
            return False
        return not (brings and len(old.terms - new.terms) == len(new.terms - old.terms) == 1)

    def _corrects(self, newer: Candidate, older: Candidate) -> bool:
        """Whether a newer line says nothing but that a value of the older one is another.

        What it shares may be a mere unit: "I meant 4,300 euros" is about the last line before it that has euros. Where
        a line between is not known, it is about none.
        """
        new, old = self._lines[newer.no], self._lines[older.no]
        added, shared = new.corrected - old.terms, new.corrected & old.terms
        if len(added) != 1 or new.terms >= old.terms:
            return False
        if not shared.isdisjoint(self.numbers) or added.isdisjoint(self.numbers):
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
        weight = self.weight(both)
        if not weight or weight >= least * min(old.weight, new.weight):
            return weight > 0
        if not (old.varying or new.varying):
            return False
        # Numbers and days are what changes: "at 9:30" is two terms, and none of them is "at 10:15".
        weights_of = [
            line.weight - self.weight(t for t in line.terms - both if t in self.values or other.has_apart(t))
            for line, other in ((old, new), (new, old))
        ]
        return weight >= least * min(weights_of)

    def weight(self, terms: Iterable[str]) -> float:
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
    if values := list(filter(_is_number, terms)):
        matches.append(_any(values))
    sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    bounded = (max(low, best.no), high, weights.CHANGES_TRIED)
    rows = dict.fromkeys(no for match in matches for (no,) in db.execute(sql, (match, *bounded)))
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
