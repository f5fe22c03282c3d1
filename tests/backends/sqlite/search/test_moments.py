"""What the spans of time that a query names find, and what a memory in or near one gets."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import moments, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate
from hindsight_teams.backends.sqlite.store.records import to_microseconds

DAY = 86_400_000_000
NOW = datetime(2024, 5, 7, 12, tzinfo=UTC)


def micro(*date: int) -> int:
    value = to_microseconds("date", datetime(*date, tzinfo=UTC))  # type: ignore[arg-type,misc]
    assert value is not None
    return value


def candidate(mentioned: float, happened: tuple[float, float | None] | None = None) -> Candidate:
    """A memory noted on a day, of what happened on a day or on days."""
    occurred, end = (None, None) if happened is None else happened
    return Candidate(
        no=1,
        chain=None,
        position=0,
        author=None,
        mentioned=int(mentioned * DAY),
        occurred=None if occurred is None else int(occurred * DAY),
        occurred_end=None if end is None else int(end * DAY),
        stream=None,
        superseded_by=None,
    )


def about(value: float) -> Any:
    return pytest.approx(value)


def named(first: float, last: float, text: str = "in May", rarity: float = 1.0) -> moments.Named:
    return moments.Named(int(first * DAY), int(last * DAY), text, rarity)


@pytest.mark.parametrize(
    ("mentioned", "happened", "share"),
    [
        (100, None, 1),
        (110, None, 1),
        (105, None, 1),
        (113.5, None, 0.5),
        (96.5, None, 0.5),
        (117, None, 0),
        (93, None, 0),
        (200, None, 0),
        (200, (105, None), 1),
        (200, (113.5, None), 0.5),
        (200, (96.5, None), 0.5),
        (200, (50, 105), 1),
        (200, (50, 96.5), 0.5),
        (200, (105, 190), 1),
        (200, (113.5, 190), 0.5),
        (200, (50, 190), 1),
        (113.5, (200, None), 0.5),  # the nearer of the two
        (105, (200, None), 1),
    ],
)
def test_a_memory_gets_less_by_its_days_from_the_span(
    mentioned: float, happened: tuple[float, float | None] | None, share: float
) -> None:
    time, text = moments.closeness(candidate(mentioned, happened), [named(100, 110)], per_word=0.0, content=2.0)
    assert time == pytest.approx(share * weights.TIME * 2.0)
    assert text == ("in May" if share else "")


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("2021", True),
        ("in 2021", True),
        ("In the year 2021", False),
        ("the year 2021", False),
        ("in year 2021", True),
        ("of 2021", True),
        ("May 2021", False),
        ("20211", False),
        ("in May", False),
    ],
)
def test_a_bare_year_gets_a_share(text: str, bare: bool) -> None:
    time, name = moments.closeness(candidate(105), [named(100, 110, text)], per_word=0.0, content=1.0)
    assert time == pytest.approx(weights.TIME * (weights.BARE_YEAR if bare else 1.0))
    assert name == text


@pytest.mark.parametrize(
    ("asked", "text", "within"),
    [
        ("What did Apple sell in April 2021?", " record april 2021 | ", True),
        ("What was sold on 3 April 2021?", " record 3 april 2021 | ", True),
        ("What was sold on 3 April 2021?", " record 3 | april 2021 ", False),
        ("What was sold in 2021?", " record 2021 | ", False),
        ("What was sold last week?", " record last week | ", False),
    ],
)
def test_a_memory_whose_text_names_the_day_with_its_year_lies_in_it(
    db: sqlite3.Connection, asked: str, text: str, within: bool
) -> None:
    (span,) = spans(db, asked)
    told = replace(candidate(0), content=text)
    time, _ = moments.closeness(told, [replace(span, rarity=9.0)], per_word=0.0, content=1.0)
    assert time == (about(weights.TIME) if within else 0.0)


@pytest.mark.parametrize(("per_word", "time"), [(0.0, 0.6), (0.02, 0.1), (0.1, 0.5), (1.0, 0.6)])
def test_a_span_counts_at_most_by_its_rarity(per_word: float, time: float) -> None:
    span = named(100, 110, rarity=2.0)
    assert moments.closeness(candidate(105), [span], per_word, 1.0) == (about(time), "in May")
    assert moments.closeness(candidate(113.5), [span], per_word, 1.0) == (about(time / 2), "in May")


def test_the_span_that_gives_most_counts() -> None:
    spans = [named(100, 102, "first"), named(104, 106, "second"), named(107, 108, "third"), named(104, 106, "again")]
    assert moments.closeness(candidate(105), spans, 0.0, 1.0) == (about(weights.TIME), "second")
    assert moments.closeness(candidate(105), spans[:1], 0.0, 1.0) == (about(weights.TIME * 4 / 7), "first")
    assert moments.closeness(candidate(105), [], 0.0, 1.0) == (0.0, "")


@pytest.fixture
def db(backend: SQLiteBackend, path: Path) -> Iterator[sqlite3.Connection]:
    noted = {
        "before": datetime(2021, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
        "first": datetime(2021, 3, 1, tzinfo=UTC),
        "last": datetime(2021, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        "after": datetime(2021, 4, 1, tzinfo=UTC),
        "The mill burnt down on 3 March 2021": NOW,
        "late": NOW,
    }
    for text, moment in noted.items():
        backend.retain("b", text, timestamp=moment)
        backend.retain("other", text, timestamp=moment)
    with closing(sqlite3.connect(path)) as db:
        yield db


def bank(db: sqlite3.Connection) -> int:
    (number,) = db.execute("SELECT no FROM bank WHERE id = 'b'").fetchone()
    return int(number)


def spans(db: sqlite3.Connection, query: str, size: int = 6) -> list[moments.Named]:
    return moments.spans(db, bank(db), query, now=micro(2024, 5, 7, 12), size=size)


def test_a_query_names_spans_from_their_first_to_their_last_microsecond(db: sqlite3.Connection) -> None:
    (march,) = spans(db, "the mill in March 2021")
    assert (march.first, march.last) == (micro(2021, 3, 1), micro(2021, 4, 1) - 1)
    assert march.text.lower() in ("march 2021", "in march 2021")
    assert spans(db, "the mill") == []


@pytest.mark.parametrize(
    ("query", "size", "within"), [("in March 2021", 6, 3), ("in March 2021", 100, 3), ("in June 1999", 6, 0)]
)
def test_a_span_is_rarer_where_fewer_memories_lie_in_it(
    db: sqlite3.Connection, query: str, size: int, within: int
) -> None:
    (span,) = spans(db, query, size)
    assert span.rarity == pytest.approx(math.log(1 + (size - within + 0.5) / (within + 0.5)))


def test_a_span_holds_at_most_the_whole_bank(db: sqlite3.Connection) -> None:
    (span,) = spans(db, "in March 2021", size=2)
    assert span.rarity == pytest.approx(math.log(1 + 0.5 / 2.5))


def test_a_span_finds_what_happened_in_it_and_then_what_was_noted_in_it(db: sqlite3.Connection) -> None:
    (march,) = spans(db, "in March 2021")
    texts = dict(db.execute("SELECT no, text FROM memory").fetchall())
    numbers = list(moments.search(db, bank(db), march))
    assert [texts[no] for no in numbers] == ["The mill burnt down on 3 March 2021", "first", "last"]
    (owners,) = db.execute(f"SELECT count(*) FROM memory WHERE bank = ? AND no IN {tuple(numbers)}", (bank(db),))
    assert owners == (3,)


def test_today_is_that_of_the_query(db: sqlite3.Connection) -> None:
    (today,) = spans(db, "what came today")
    assert (today.first, today.last) == (micro(2024, 5, 7), micro(2024, 5, 8) - 1)


def test_eight_spans_are_looked_up(db: sqlite3.Connection) -> None:
    months = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
    assert len(spans(db, "; ".join(f"{month} 2019" for month in months))) == 8
