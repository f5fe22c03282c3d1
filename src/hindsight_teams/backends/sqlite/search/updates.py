"""Rank newer memories above older ones that say nearly the same, and replacements above what they replaced.

Nothing is marked or left out by these rules: they decide which of two lines stands first. A line that was said again
is as new as when it was said last. Where the question names a time, what lies in it is not an older version of what
does not.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.fusion import Scored
from hindsight_teams.backends.sqlite.store.reading import bounds

_CHANGES = frozenset("switch replac chang migrat move reloc settl drop quit renam becom upgrad instead".split())
"""English stems that tell a change: a newer line with one of them may share fewer words with the older."""

_NEARLY = 0.9
"""Of the older line's score: two lines of one differing word that answer as well as each other say nearly the same."""

_MOVES = frozenset("move reloc settl".split())
_LIVES = frozenset("live resid base dwell".split())


def newest_first(db: sqlite3.Connection, bank: int, found: Candidates, ranked: Sequence[Scored]) -> list[Scored]:
    """The ranking with newer lines lifted to the place of older ones that they say nearly the same as."""
    first = list(ranked[: weights.UPDATES_AMONG])
    if first:
        _add_changes(db, bank, found, first)
    again = _said_again(db, [s.candidate.no for s in first])
    lines = _Lines([(s.candidate, max(s.candidate.mentioned, again.get(s.candidate.no, 0))) for s in first])
    out: list[Scored] = []
    for scored in first:
        place = next((i for i, older in enumerate(out) if lines.updates(older, scored)), None)
        if place is None:
            out.append(scored)
        else:
            scored.lift(out[place].total)
            out.insert(place, scored)
    held = {scored.candidate.no for scored in out}
    return _successors_first(found, [*out, *(s for s in ranked if s.candidate.no not in held)])


def _said_again(db: sqlite3.Connection, numbers: list[int]) -> dict[int, int]:
    """When memories that were said more than once were said last, in microseconds."""
    sql = (
        "SELECT memory, max(json_extract(item, '$.mentioned')) FROM mention"
        " WHERE memory IN (SELECT value FROM json_each(?)) GROUP BY memory"
    )
    return {no: last for no, last in db.execute(sql, (json.dumps(numbers),)) if last is not None}


def _body(candidate: Candidate) -> list[str]:
    return [t for t in candidate.content.partition("|")[0].split() if t != "/"]


class _Line:
    """The terms of a line, and when it was said last."""

    def __init__(self, body: list[str], said: int) -> None:
        self.said = said
        self.subject = body[0] if body else ""
        self.length = len(body)
        self.terms = frozenset(body)
        self.changed = not self.terms.isdisjoint(_CHANGES)


class _Lines:
    """The first lines, beside each other: what most of them hold ("2023", a speaker) makes no two of them alike."""

    def __init__(self, lines: Sequence[tuple[Candidate, int]]) -> None:
        self._lines = {candidate.no: _Line(_body(candidate), said) for candidate, said in lines}

    @cached_property
    def _weights(self) -> dict[str, float]:
        """What each term weighs, by how many of the lines hold it."""
        spread = Counter(t for line in self._lines.values() for t in line.terms)
        return {t: math.log(1 + (len(self._lines) + 10) / (n + 1)) for t, n in spread.items()}

    def _weight(self, terms: Iterable[str]) -> float:
        return sum(map(self._weights.__getitem__, terms))

    def updates(self, older: Scored, newer: Scored) -> bool:
        """Whether a line that ranks lower is a newer version of one that ranks higher."""
        a, b = older.candidate, newer.candidate
        old, new = self._lines[a.no], self._lines[b.no]
        if new.said <= old.said or older.time > newer.time:  # the question names a time, which the older fits better
            return False
        if max(old.length, new.length) > weights.UPDATE_LONGEST:
            return False
        if not _MOVES.isdisjoint(new.terms) and not _LIVES.isdisjoint(old.terms) and old.subject == new.subject:
            return True
        changed = new.changed and not old.changed
        # "Nora likes jazz" is not news about tea: what the question asks for by name must stand in the newer line too.
        if not changed and (a.mask & ~b.mask or newer.total < weights.UPDATE_SHARE * older.total):
            return False
        both = old.terms & new.terms
        if not both:
            return False
        if len(old.terms) == len(new.terms) == len(both) + 1 and newer.total >= _NEARLY * older.total:
            return True  # "The logo is blue", "the logo is orange"
        least = weights.UPDATE_ALIKE
        if changed:  # sharing more than its subject says more: "use Kafka", "drop Kafka"
            least = weights.CHANGE_OF_OBJECT if both - {old.subject} else weights.CHANGE_OF_SUBJECT
        return self._weight(both) >= least * min(self._weight(old.terms), self._weight(new.terms))


def _add_changes(db: sqlite3.Connection, bank: int, found: Candidates, first: list[Scored]) -> None:
    """Take in newer memories that tell a change of what the best line says, though they lack the question's words."""
    best = first[0].candidate
    terms = [t for t in dict.fromkeys(_body(best)) if t.isalnum()]
    if not terms or len(terms) > weights.CHANGED_LONGEST:
        return
    low, high = bounds(bank)
    match = f"({_any(terms)}) AND ({_any(sorted(_CHANGES))})"
    sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    rows = [no for (no,) in db.execute(sql, (match, max(low, best.no), high, weights.CHANGES_TRIED))]
    fresh = [no for no in rows if no not in found.by_number]
    if fresh:
        found.add(fresh, {})
    held = {scored.candidate.no for scored in first}
    first += [Scored.of(found.by_number[no]) for no in rows if no in found.by_number and no not in held]


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
            below = Scored.of(successor)
        elif out.index(below) < place:
            continue
        else:
            out.remove(below)
        below.lift(old.total)
        out.insert(place, below)
    return out
