"""Find memories of a time span that the query names."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate
from hindsight_teams.backends.sqlite.search.words import idf
from hindsight_teams.backends.sqlite.store.records import from_microseconds, instant
from hindsight_teams.backends.sqlite.text import terms as tokens

_DAY = 86_400_000_000
_MOST_SPANS = 8
_MOST_COUNTED = 10_000
_WITHIN = (
    "SELECT no FROM memory INDEXED BY memory_happened WHERE bank = :bank"
    " AND coalesce(occurred, occurred_end) IS NOT NULL AND coalesce(occurred, occurred_end) BETWEEN :first AND :last"
    " UNION ALL SELECT no FROM memory INDEXED BY memory_noted WHERE bank = :bank AND mentioned BETWEEN :first AND :last"
)
"""What happened within a span, then what was noted within it."""
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_BARE_YEAR = re.compile(r"(?:in |of |year )*\d{4}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """A span of time that a query names.

    Attributes:
        first: Its first microsecond.
        last: Its last microsecond.
        text: The words that name it.
        rarity: The inverse document frequency of what lies in it.
        phrase: The terms of a date with its year, as a memory holds them whose text names it too; else nothing.
    """

    first: int
    last: int
    text: str
    rarity: float
    phrase: str = ""


def spans(db: sqlite3.Connection, bank: int, query: str, *, now: int, size: int) -> list[Named]:
    """The spans that a query names."""
    from hindsight_teams.backends.sqlite.text.dates import find_spans  # many patterns, which other verbs do without

    moment = from_microseconds(now)
    assert moment is not None
    out = []
    for span in find_spans(query, moment)[:_MOST_SPANS]:
        first, last = instant(span.start)[0], instant(span.end)[0] - 1
        n = min(size, _count(db, bank, first, last))
        out.append(Named(first, last, span.text, idf(n, size), _phrase(span.text)))
    return out


def _phrase(text: str) -> str:
    """The terms of a text that names the same day whenever it is said, unlike "yesterday"; a bare year is a word."""
    dated = _YEAR.search(text) and not _BARE_YEAR.fullmatch(text)
    return f" {' '.join(tokens.terms(text))} " if dated else ""


def _count(db: sqlite3.Connection, bank: int, first: int, last: int) -> int:
    """How many memories lie in a span, as far as that is worth counting."""
    sql = f"SELECT count(*) FROM ({_WITHIN} LIMIT {_MOST_COUNTED})"
    return int(db.execute(sql, {"bank": bank, "first": first, "last": last}).fetchone()[0])


def search(db: sqlite3.Connection, bank: int, span: Named) -> Iterator[int]:
    """The rowids of memories that happened or were said within a span."""
    return (no for (no,) in db.execute(_WITHIN, {"bank": bank, "first": span.first, "last": span.last}))


def closeness(candidate: Candidate, wanted: Sequence[Named], per_word: float, content: float) -> tuple[float, str]:
    """What a memory within a span gets, and less within some days of it; and the words that name the span.

    Args:
        candidate: The memory.
        wanted: The spans.
        per_word: What a unit of a term's weight is in the score.
        content: What the signals of the content can reach together.
    """
    best, named = 0.0, ""
    for span in wanted:
        distance = _distance(candidate.mentioned, candidate.mentioned, span.first, span.last)
        if candidate.occurred is not None:
            end = candidate.occurred if candidate.occurred_end is None else candidate.occurred_end
            distance = min(distance, _distance(candidate.occurred, end, span.first, span.last))
        if span.phrase and span.phrase in candidate.content:
            distance = 0
        reach = 1 - distance / (weights.TIME_REACH_DAYS * _DAY)
        most = weights.TIME * content * (weights.BARE_YEAR if _BARE_YEAR.fullmatch(span.text) else 1.0)
        if per_word:
            most = min(most, weights.TIME_RARITY * span.rarity * per_word)
        if reach * most > best:
            best, named = reach * most, span.text
    return best, named


def _distance(first: int, last: int, since: int, until: int) -> int:
    """How far outside a span something lies, at least a day: what begins when a month ends is not in it."""
    outside = max(0, since - last, first - until)
    return outside and max(outside, _DAY)
