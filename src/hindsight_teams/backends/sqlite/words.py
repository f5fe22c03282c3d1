"""Words: which memories share rare words with the query."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass, field

from hindsight_teams.backends.sqlite.reading import bounds

MOST_TERMS = 48
"""Terms of a query that are looked up, rarest first."""


@dataclass(slots=True)
class WordHits:
    """Memories by rowid with the sum of the weights of the terms they hold, and each term's weight and memories."""

    scores: dict[int, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


def count(db: sqlite3.Connection, bank: int, term: str, most: int) -> int:
    """In how many memories of the bank a term occurs, counted up to ``most``."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? LIMIT ?)"
    return int(db.execute(sql, (f'"{term}"', *bounds(bank), most)).fetchone()[0])


def search(
    db: sqlite3.Connection, bank: int, terms: list[str], *, size: int, condition: str | None, most: int
) -> WordHits:
    """Memories that hold the query's rarest terms, scored by all of its terms.

    The rarest terms, up to ``most`` rows together, find candidates; common ones only score what those found. Each
    term weighs its inverse document frequency (Robertson, Spärck Jones 1976, as in BM25).

    Args:
        size: Memories in the bank.
        condition: A further full-text condition that every hit meets.
        most: Index rows to read for finding.
    """
    counts = {term: count(db, bank, term, max(most, size // 4 + 1)) for term in terms}
    hits = WordHits()
    for term, n in counts.items():
        if n:
            hits.weights[term] = math.log(1 + (size - n + 0.5) / (n + 0.5)) if n <= size else 0.01
    rare_first = sorted(hits.weights, key=lambda t: counts[t])[:MOST_TERMS]
    finders: list[str] = []
    budget = most
    for term in rare_first:
        if finders and counts[term] > budget:
            break
        finders.append(term)
        budget -= counts[term]
    base = f" AND {condition}" if condition else ""
    found = " OR ".join(f'"{t}"' for t in finders)
    sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?"
    for term in rare_first:
        query = f'"{term}"{base}' if term in finders else f'"{term}" AND ({found}){base}'
        weight = hits.weights[term]
        for (no,) in db.execute(f"{sql} LIMIT ?", (query, *bounds(bank), most)):
            hits.scores[no] = hits.scores.get(no, 0.0) + weight
    return hits
