"""Find memories that hold the query's terms; rare terms weigh more."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice, pairwise

from hindsight_teams.backends.sqlite.search import spelling, weights
from hindsight_teams.backends.sqlite.store.descriptors import Connection
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.backends.sqlite.text import terms as tokens

MOST_TERMS = 24
"""Terms of a query that are looked up, rarest first."""

MOST_MARKED = 16
"""Terms whose memories are looked up in the index; the commoner ones are counted in the candidates alone."""

_RANKED_AT_ONCE = 500
_MOST_COUNTED = 48
_MOST_READ, _MOST_QUOTING, _ROWS_QUOTED = 1_000, 10, 10_000
"""Memories that are read for a quotation of the query, those that are taken, and how many may hold its rarest term."""
_MOST_UNKNOWN = 4
"""Words without a match that are tried in other ways, which costs more than to look up a word."""

_COUNTED_WHOLE = 12
_ROWS_COUNTED, _ROWS_WEIGHED = 60_000, 15_000
"""Terms of a query that are each counted in as many rows as are read, and the rows that those of a longer one share:
fewer where they only weigh and find nothing."""

_ALL_BESIDE = 4
_SCANS = 12
"""Common terms that are always looked up beside the rare ones, and how many times the rows that are read may be passed
over for more of them; the other ones are counted in the candidates alone."""

_WORTH = 40
"""Memories that hold other terms cost as much to look through as one that is read."""

_MATCHING = "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?"


@dataclass(frozen=True, slots=True)
class Term:
    """Something of the query that is looked up.

    Attributes:
        text: The query's index term.
        match: What finds it in the index: the term, others that differ by one edit, or a beginning of terms.
        held: How it stands in a memory's content, one of these.
        share: What it counts beside a term of the query itself.
    """

    text: str
    match: str
    held: tuple[str, ...]
    share: float = 1.0

    @staticmethod
    def of(text: str, *, share: float = 1.0) -> Term:
        """A term as the query has it."""
        return Term(text, f'"{text}"', (f" {text} ",), share)

    def occurrences(self, content: str) -> int:
        """How often a content holds it."""
        return sum(map(content.count, self.held))


@dataclass(slots=True)
class WordHits:
    """What the words of a query found.

    Attributes:
        terms: The terms that occur in the bank; a memory's mask has a bit for each.
        weights: The weight of each term.
        masks: Which terms a memory holds, by rowid.
        missing: The weight of the query's terms that the bank does not hold in any form.
        rarest: The weight of a term that one memory holds.
        lack: The weight of a term that the bank lacks.
        fewest: How many memories hold the rarest of the terms that find.
    """

    terms: list[Term] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    masks: dict[int, int] = field(default_factory=dict)
    missing: float = 0.0
    rarest: float = 0.0
    lack: float = 0.0
    fewest: int = 0
    _sums: dict[int, float] = field(default_factory=dict)

    def weight(self, mask: int) -> float:
        """The summed weight of a mask's terms."""
        known = self._sums.get(mask)
        if known is None:
            known = self._sums[mask] = sum(w for bit, w in enumerate(self.weights) if mask >> bit & 1)
        return known

    def ranked(self) -> Iterator[int]:
        """The memories, those that hold the weightiest terms first; of equals the newest."""
        sizes = Counter(self.masks.values())
        order = sorted(sizes, key=self.weight, reverse=True)
        while order:  # a part of the masks at a time: the first few hundred memories are all that is mostly asked for
            reached = accumulate(map(sizes.__getitem__, order))
            parts = 1 + next((i for i, n in enumerate(reached) if n >= _RANKED_AT_ONCE), len(order))
            alike: dict[int, list[int]] = {mask: [] for mask in order[:parts]}
            del order[:parts]
            for no, mask in self.masks.items():
                if mask in alike:
                    alike[mask].append(no)
            for numbers in alike.values():
                yield from sorted(numbers, reverse=True)


def search(
    db: sqlite3.Connection,
    bank: int,
    asked: Mapping[str, str],
    *,
    joined: Mapping[str, Collection[str]],
    silent: Collection[str],
    light: Collection[str],
    size: int,
    condition: str | None,
    loose: bool = False,
    allowed: Sequence[int] | None = None,
    most: int,
    enough: int | None = None,
) -> WordHits:
    """Memories that hold the query's rarest terms, with all of its terms that they hold.

    A matched index row costs 1.3 microseconds and a counted one .03. So terms are counted first; the rarest, up to
    ``most`` rows together, find memories, and the common ones only score what those found. Once ``enough`` memories
    weigh more than the next term, that finds only beside another (MaxScore; Turtle and Flood 1995). A term weighs its
    inverse document frequency (Robertson and Spärck Jones 1976, as in BM25). The terms of a long query share the work
    of a short one, or thirty common words would cost ten times as much as three.

    Args:
        asked: The query's terms in its order, with the words that they came from.
        joined: Terms of what the query writes apart and others as one ("wifi"), with the terms that it has instead.
        silent: Terms that only ask, or name an author: they find and weigh nothing, unless there is nothing else.
        light: Terms that are not missed where the bank lacks them.
        size: Memories in the bank.
        condition: A further full-text condition that every hit meets.
        loose: Leave the condition to the caller, as far as what meets it is certain to be among the hits.
        allowed: All memories that meet the condition, where they are few: their contents are looked through instead.
        most: Index rows to read for finding.
        enough: How many of the weightiest memories are wanted; those are certain to be found. All when None.
    """
    counted = min(len(asked), _MOST_COUNTED)
    shared = _ROWS_COUNTED if allowed is None else _ROWS_WEIGHED
    reach = most if counted <= _COUNTED_WHOLE else min(most, shared // counted)
    counts, lacking = _counted(db, bank, asked, joined, silent, light, reach)
    rare_first = sorted(counts, key=lambda t: (t.text in silent, counts[t]))[:MOST_TERMS]
    only_silent = all(term.text in silent for term in rare_first)
    rarest = idf(1, max(size, weights.FEWEST))
    lack = idf(1, max(size, weights.LACKING_AMONG))
    hits = WordHits(terms=rare_first, missing=lacking * lack, rarest=rarest, lack=lack)
    for term in rare_first:
        still = term.text in silent and not only_silent
        n = min(counts[term], size)
        hits.weights.append(0.0 if still else term.share * idf(n, max(size, weights.FEWEST)))
    _doubt_short(hits, light)
    if allowed is not None:
        hits.masks.update(_held(db, hits, allowed))
        return hits
    finders: list[int] = []  # their bits, the rarest first
    budget = most
    for bit, term in enumerate(rare_first):
        n = min(counts[term], size)
        # A term that only memories beyond the condition hold must not keep a more common one from finding.
        useful = hits.weights[bit] > 0 and (not finders or n <= budget) and bit < MOST_MARKED
        if useful and (not condition or occurs(db, bank, f"({term.match}) AND {condition}")):
            finders.append(bit)
            budget -= n
    if not finders:
        return hits
    hits.fewest = counts[rare_first[finders[0]]]
    within = hits.fewest <= most
    if loose and within:  # else only the newest rows are read, and none of them might meet it
        condition = None
    marked = rare_first[:MOST_MARKED]
    also = f" AND {condition}" if condition else ""
    meeting = estimate(db, bank, condition, most) if condition else 0
    passing: set[int] | None = None
    if within and meeting > most:  # to intersect with a condition that many meet costs less once than for each term
        passing = set(_newest(db, bank, f"({_any(marked, finders)}){also}", most))
        also, meeting = "", 0

    def mark(bit: int, query: str) -> None:
        every = f"{query}{also}"
        found = _matching(db, bank, every) if within else _newest(db, bank, every, most)
        _mark(hits, bit, found if passing is None else passing.intersection(found))

    if not within and len(rare_first) > 1:
        # Even the rarest term is too common to read through: memories that hold the two rarest come before newest ones.
        mark(0, f"({rare_first[0].match}) AND ({rare_first[1].match})")
    beside: dict[int, str] = {}
    for bit in finders:
        others = [i for i in range(len(marked)) if i != bit and hits.weights[i]]
        dear = sum(counts[marked[i]] for i in others) > _WORTH * counts[marked[bit]]
        if enough is None or dear or _above(hits, hits.weights[bit]) < enough:
            mark(bit, f"({marked[bit].match})")
        elif others:  # a memory that holds this one and nothing else comes behind all that are wanted
            beside[bit] = _any(marked, others)
    either = _any(marked, finders)
    scanned, read = 0, sum(counts[marked[bit]] for bit in finders) + meeting
    for place, bit in enumerate(bit for bit in range(len(marked)) if bit not in finders):
        scanned += read + counts[marked[bit]]
        if place < _ALL_BESIDE or scanned <= _SCANS * most:
            mark(bit, f"({marked[bit].match}) AND ({either})")
    for bit, others_match in beside.items():
        mark(bit, f"({marked[bit].match}) AND ({others_match})")
    return hits


def _doubt_short(hits: WordHits, light: Collection[str]) -> None:
    """Let a short word that was corrected weigh no more than the words that the bank does hold: "pack" is no "park"."""
    held = [w for t, w in zip(hits.terms, hits.weights, strict=True) if w and t.share == 1 and t.text not in light]
    for bit, term in enumerate(hits.terms):
        if held and term.share == weights.ONE_EDIT and len(term.text) < weights.SURELY_MISSPELT:
            hits.weights[bit] = min(hits.weights[bit], term.share * min(held))


def _held(db: sqlite3.Connection, hits: WordHits, allowed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Which terms some memories hold, by their contents: those that hold a term of weight."""
    sql = "SELECT id, c0 FROM words_content WHERE id IN (SELECT value FROM json_each(?))"
    for no, content in db.execute(sql, (json.dumps(allowed),)):
        mask = sum(1 << bit for bit, term in enumerate(hits.terms) if term.occurrences(content))
        if hits.weight(mask):
            yield no, mask


def _any(terms: Sequence[Term], bits: Iterable[int]) -> str:
    return " OR ".join(terms[bit].match for bit in bits)


def _above(hits: WordHits, weight: float) -> int:
    """How many memories weigh more by now than a term."""
    return sum(n for mask, n in Counter(hits.masks.values()).items() if hits.weight(mask) > weight)


def _counted(
    db: sqlite3.Connection,
    bank: int,
    asked: Mapping[str, str],
    joined: Mapping[str, Collection[str]],
    silent: Collection[str],
    light: Collection[str],
    most: int,
) -> tuple[dict[Term, int], int]:
    """In how many memories each term occurs, in whichever form the bank has it; and how many terms it lacks."""
    counts: dict[Term, int] = {}
    lacking: list[str] = []
    for text in islice(asked, _MOST_COUNTED):
        term = Term.of(text)
        if n := estimate(db, bank, term.match, most):
            counts[term] = n
        elif text not in silent:
            lacking.append(text)
    together = dict(joined)
    for (a, v), (b, w) in pairwise(asked.items()):  # "data base" for "database"
        if a in lacking or b in lacking:
            together.setdefault(tokens.term(v + w), (a, b))
    for text, parts in together.items():
        instead = any(part in lacking for part in parts)
        term = Term.of(text, share=1.0 if instead else weights.OTHER_FORM_ALONE)
        if n := estimate(db, bank, term.match, most):
            counts[term] = n
            lacking = [part for part in lacking if part not in parts]
    missing = sum(text not in light for text in lacking)
    if not lacking:
        return counts, missing
    known = spelling.BankTerms(db, bank)
    for text in lacking[:_MOST_UNKNOWN]:
        term, n = _otherwise(db, bank, known, text, most)
        if n:
            counts[term] = n
            missing -= text not in light
    return counts, missing


def _otherwise(db: sqlite3.Connection, bank: int, known: spelling.BankTerms, text: str, most: int) -> tuple[Term, int]:
    """A term that the bank lacks, as what it may stand for there: one edit away, or with another ending."""
    if near := known.near(text):
        match = " OR ".join(f'"{t}"' for t in near)
        return Term(text, match, tuple(f" {t} " for t in near), weights.ONE_EDIT), estimate(db, bank, match, most)
    begin = beginning(text)
    if begin is None:
        return Term.of(text), 0
    forms = known.beginning(begin)
    if forms == []:
        return Term.of(text), 0
    match = f'"{begin}" *' if forms is None else " OR ".join(f'"{t}"' for t in forms)
    return Term(text, match, (f" {begin}",), weights.OTHER_FORM_ALONE), estimate(db, bank, match, most)


def beginning(text: str) -> str | None:
    """What other forms of a term begin with; None for a term that is too short to tell."""
    if len(text) == 1 and text > "\u1000":  # one character of a script that is indexed in pairs or triples
        return text
    if not text.isalpha():
        return None
    begin = text[: max(weights.FORM_LEAST, math.ceil(len(text) * weights.FORM_SHARE))]
    return begin if len(begin) >= weights.FORM_LEAST else None


def idf(n: int, size: int) -> float:
    """What a term weighs that so many memories of a bank hold."""
    return math.log(1 + (max(size, n) - n + 0.5) / (n + 0.5))


def _matching(db: sqlite3.Connection, bank: int, query: str) -> list[int]:
    """The memories of the bank that a full-text query matches, newest first.

    They come as one value, since a row for each costs twice as much, and are read in the faster order of the index.
    """
    sql = f"SELECT json_group_array(rowid) FROM ({_MATCHING})"
    found: list[int] = json.loads(db.execute(sql, (query, *bounds(bank))).fetchone()[0])
    return found[::-1]


def _newest(db: sqlite3.Connection, bank: int, query: str, most: int) -> list[int]:
    """The newest memories of the bank that a full-text query matches."""
    return [no for (no,) in db.execute(f"{_MATCHING} ORDER BY rowid DESC LIMIT ?", (query, *bounds(bank), most))]


def _mark(hits: WordHits, bit: int, found: Collection[int]) -> None:
    masks, flag = hits.masks, 1 << bit
    both = {no: masks[no] | flag for no in masks.keys() & found}
    masks.update(dict.fromkeys(found, flag))
    masks.update(both)


def estimate(db: sqlite3.Connection, bank: int, match: str, most: int) -> int:
    """How many memories of the bank match: exact up to ``most``, else judged by how far that many reach.

    Common words come in most queries, and to count them costs most; so a count is kept until the file changes.
    """
    counts = db.counts if isinstance(db, Connection) else None
    if counts is None:
        return _estimated(db, bank, match, most)
    if (bank, match, most) not in counts:
        counts[bank, match, most] = _estimated(db, bank, match, most)
    return counts[bank, match, most]


def _estimated(db: sqlite3.Connection, bank: int, match: str, most: int) -> int:
    low, high = bounds(bank)
    n, reached = db.execute(
        "SELECT count(*), max(rowid) FROM"
        " (SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? LIMIT ?)",
        (match, low, high, most + 1),
    ).fetchone()
    if n <= most:
        return int(n)
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (bank,)).fetchone()
    return max(most + 1, int(most * last / max(1, reached - low)))


class Shares:
    """What is known of a bank as a whole: counted once, and again when the bank has changed by a tenth."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[int, float]] = {}

    def of(self, db: sqlite3.Connection, bank: int, condition: str, size: int) -> float:
        """How large a share of the bank meets a full-text condition, from 0 to 1."""
        known = self.recall(bank, condition, size)
        if known is not None:
            return known
        sql = "SELECT count(*) FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?"
        (meeting,) = db.execute(sql, (condition, *bounds(bank))).fetchone()
        return self.keep(bank, condition, size, meeting / max(1, size))

    def recall(self, bank: int, name: str, size: int) -> float | None:
        """What was kept under a name, unless the bank has changed too much since."""
        counted, value = self._known.get((bank, name), (0, 0.0))
        return value if counted and abs(size - counted) * 10 <= counted else None

    def keep(self, bank: int, name: str, size: int, value: float) -> float:
        """Keep a figure of a bank of this size."""
        if len(self._known) >= 1_000:
            self._known.clear()
        self._known[bank, name] = (size, value)
        return value


def occurs(db: sqlite3.Connection, bank: int, query: str) -> bool:
    """Whether any memory of the bank meets a full-text query."""
    sql = "SELECT 1 FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? LIMIT 1"
    return db.execute(sql, (query, *bounds(bank))).fetchone() is not None


def quoting(
    db: sqlite3.Connection,
    bank: int,
    hits: WordHits,
    text: Sequence[str],
    *,
    beyond: int,
    most: int,
    condition: str | None,
) -> list[int]:
    """Memories that hold some terms one after the other, where more than ``beyond`` hold all that is looked up.

    The newest of those are scored; what says just this in common words may be older. Where even the rarest term has
    more than ``most`` rows, only the newest of which are read, those that hold all terms are looked up.
    """
    if hits.fewest > most:
        alike = []
        if hits.fewest <= _ROWS_QUOTED and {term.text for term in hits.terms}.issuperset(text):
            alike = newest(db, bank, dict.fromkeys(text), condition=condition, most=_MOST_READ)
    else:
        best = max(map(hits.weight, set(hits.masks.values())), default=0.0)
        alike = sorted((no for no, mask in hits.masks.items() if hits.weight(mask) == best), reverse=True)[:_MOST_READ]
        alike = alike if len(alike) > beyond else []
    sql = "SELECT id FROM words_content WHERE id IN (SELECT value FROM json_each(?)) AND instr(c0, ?) LIMIT ?"
    phrase = f" {' '.join(text)} "
    return [no for (no,) in db.execute(sql, (json.dumps(alike), phrase, _MOST_QUOTING))] if alike else []


def newest(
    db: sqlite3.Connection, bank: int, terms: Collection[str], *, condition: str | None, most: int, all_of: bool = True
) -> list[int]:
    """The newest memories of the bank that are indexed under all of some terms, or under one of them."""
    query = (" AND " if all_of else " OR ").join(f'"{term}"' for term in terms)
    return _newest(db, bank, f"({query}) AND {condition}" if condition else query, most)


def shown(hits: WordHits, mask: int, words: Mapping[str, str]) -> str:
    """The words of the query that a memory holds, as the query has them."""
    held = (t for bit, t in enumerate(hits.terms) if mask >> bit & 1 and hits.weights[bit])
    return ", ".join(words.get(t.text, t.text) for t in held)
