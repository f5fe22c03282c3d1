"""Time: memories of a span that the query names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from hindsight_teams.backends.sqlite import checks
from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate
from hindsight_teams.backends.sqlite.text.dates import Span, find_spans

_DAY = 86_400_000_000


def spans(query: str, now: int) -> list[tuple[int, int, str]]:
    """The spans that a query names, as first and last microsecond, and the words that name them."""
    moment = checks.from_microseconds(now)
    assert moment is not None
    return [(*_bounds(span), span.text) for span in find_spans(query, moment)]


def _bounds(span: Span) -> tuple[int, int]:
    first, end = checks.to_microseconds("start", span.start), checks.to_microseconds("end", span.end)
    assert first is not None
    assert end is not None
    return first, end - 1


def search(db: sqlite3.Connection, bank: int, span: tuple[int, int, str]) -> Iterator[int]:
    """The rowids of memories that happened or were said within a span."""
    sql = (
        "SELECT no FROM memory INDEXED BY memory_time WHERE bank = ? AND coalesce(occurred, mentioned) BETWEEN ? AND ?"
    )
    return (no for (no,) in db.execute(sql, (bank, *span[:2])))


def closeness(candidate: Candidate, wanted: Sequence[tuple[int, int, str]]) -> tuple[float, str]:
    """One for a memory within a span, less for one within some days of it; and the words that name the span."""
    best, named = 0.0, ""
    for first, last, text in wanted:
        distance = _distance(candidate.mentioned, candidate.mentioned, first, last)
        if candidate.occurred is not None and distance:
            end = candidate.occurred if candidate.occurred_end is None else candidate.occurred_end
            distance = min(distance, _distance(candidate.occurred, end, first, last))
        score = 1 - distance / (weights.TIME_REACH_DAYS * _DAY)
        if score > best:
            best, named = score, text
    return best, named


def _distance(first: int, last: int, since: int, until: int) -> int:
    return max(0, since - last, first - until)
