"""Words: which memories hold the query's terms, rare ones above all."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from hindsight_teams.backends.sqlite.store.reading import bounds

MOST_TERMS = 48
"""Terms of a query that are looked up, rarest first."""

_SELECT = "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"


@dataclass(slots=True)
class WordHits:
    """What the words of a query found.

    Attributes:
        terms: The terms that occur in the bank; a memory's mask has a bit for each.
        weights: The weight of each term.
        masks: Which terms a memory holds, by rowid.
    """

    terms: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    masks: dict[int, int] = field(default_factory=dict)
    _sums: dict[int, float] = field(default_factory=dict)

    def weight(self, mask: int) -> float:
        """The summed weight of a mask's terms."""
        known = self._sums.get(mask)
        if known is None:
            known = self._sums[mask] = sum(w for bit, w in enumerate(self.weights) if mask >> bit & 1)
        return known

    def ranked(self) -> Iterator[int]:
        """The memories, those that hold the weightiest terms first; of equals the newest."""
        alike: dict[int, list[int]] = {}
        for no, mask in self.masks.items():
            alike.setdefault(mask, []).append(no)
        for mask in sorted(alike, key=self.weight, reverse=True):
            yield from sorted(alike[mask], reverse=True)


def search(
    db: sqlite3.Connection,
    bank: int,
    terms: Sequence[str],
    *,
    names: Collection[str],
    size: int,
    condition: str | None,
    loose: bool = False,
    most: int,
) -> WordHits:
    """Memories that hold the query's rarest terms, with all of its terms that they hold.

    A matched index row costs 1.3 microseconds and a counted one .03. So terms are counted first; the rarest, up to
    ``most`` rows together, find memories, and the common ones only score what those found. A term weighs its inverse
    document frequency (Robertson and Spärck Jones 1976, as in BM25).

    Args:
        names: Terms that name an author: they find nothing and weigh nothing, unless there is nothing else.
        size: Memories in the bank.
        condition: A further full-text condition that every hit meets.
        loose: Leave the condition to the caller, as far as what meets it is certain to be among the hits.
        most: Index rows to read for finding.
    """
    counts = {term: estimate(db, bank, term, most) for term in terms[: 4 * MOST_TERMS]}
    rare_first = sorted((t for t in counts if counts[t]), key=lambda t: (t in names, counts[t]))[:MOST_TERMS]
    only_names = all(term in names for term in rare_first)
    hits = WordHits(terms=rare_first)
    finders: list[str] = []
    budget = most
    for term in rare_first:
        n = min(counts[term], size)
        silent = term in names and not only_names
        hits.weights.append(0.0 if silent else math.log(1 + (size - n + 0.5) / (n + 0.5)))
        # A term that only memories beyond the condition hold must not keep a more common one from finding.
        useful = not silent and (not finders or n <= budget)
        if useful and (not condition or occurs(db, bank, f'"{term}" AND {condition}')):
            finders.append(term)
            budget -= n
    if not finders:
        return hits
    if loose and counts[finders[0]] <= most:  # else only the newest rows are read, and none of them might meet it
        condition = None
    also = f" AND {condition}" if condition else ""
    if counts[finders[0]] > most and len(rare_first) > 1:
        # Even the rarest term is too common to read through: memories that hold the two rarest come before newest ones.
        _mark(db, bank, hits, 0, f'"{rare_first[0]}" AND "{rare_first[1]}"{also}', most)
    any_finder = " OR ".join(f'"{t}"' for t in finders)
    for bit, term in enumerate(rare_first):
        _mark(db, bank, hits, bit, f'"{term}"{also}' if term in finders else f'"{term}" AND ({any_finder}){also}', most)
    return hits


def _mark(db: sqlite3.Connection, bank: int, hits: WordHits, bit: int, query: str, most: int) -> None:
    low, high = bounds(bank)
    masks, flag = hits.masks, 1 << bit
    for (no,) in db.execute(_SELECT, (query, low, high, most)):
        masks[no] = masks.get(no, 0) | flag


def estimate(db: sqlite3.Connection, bank: int, term: str, most: int) -> int:
    """In how many memories of the bank a term occurs: exact up to ``most``, else judged by how far that many reach."""
    low, high = bounds(bank)
    query = f'"{term}"'
    reached = db.execute(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? LIMIT 1 OFFSET ?",
        (query, low, high, most),
    ).fetchone()
    if reached is None:
        return count(db, bank, query)
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (bank,)).fetchone()
    return max(most + 1, int(most * last / max(1, reached[0] - low)))


def count(db: sqlite3.Connection, bank: int, query: str) -> int:
    """How many memories of the bank a full-text query matches."""
    sql = "SELECT count(*) FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?"
    return int(db.execute(sql, (query, *bounds(bank))).fetchone()[0])


class Shares:
    """How large a share of a bank meets a condition: counted once, and again when the bank has changed by a tenth."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[int, float]] = {}

    def of(self, db: sqlite3.Connection, bank: int, condition: str, size: int) -> float:
        """The share, from 0 to 1."""
        counted, share = self._known.get((bank, condition), (0, 0.0))
        if not counted or abs(size - counted) * 10 > counted:
            if len(self._known) >= 1_000:
                self._known.clear()
            share = count(db, bank, condition) / max(1, size)
            self._known[bank, condition] = (size, share)
        return share


def occurs(db: sqlite3.Connection, bank: int, query: str) -> bool:
    """Whether any memory of the bank meets a full-text query."""
    sql = "SELECT 1 FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? LIMIT 1"
    return db.execute(sql, (query, *bounds(bank))).fetchone() is not None


def newest(db: sqlite3.Connection, bank: int, term: str, *, condition: str | None, most: int) -> list[int]:
    """The newest memories of the bank that are indexed under a term."""
    query = f'"{term}"' + (f" AND {condition}" if condition else "")
    return [no for (no,) in db.execute(_SELECT, (query, *bounds(bank), most))]
