from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.backends.sqlite.text.dates import find_spans

NOW = datetime(2023, 10, 18, 12, tzinfo=UTC)  # a Wednesday


def spans(text: str, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(s.start.date().isoformat(), s.end.date().isoformat()) for s in find_spans(text, now)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("on 2023-05-07 we met", "2023-05-07", "2023-05-08"),
        ("2023-05-07T14:00:00Z", "2023-05-07", "2023-05-08"),
        ("2023-05", "2023-05-01", "2023-06-01"),
        ("7 May 2023", "2023-05-07", "2023-05-08"),
        ("May 7th, 2023", "2023-05-07", "2023-05-08"),
        ("the 7th of May", "2023-05-07", "2023-05-08"),
        ("May 2023", "2023-05-01", "2023-06-01"),
        ("in 2023", "2023-01-01", "2024-01-01"),
        ("in summer 2022", "2022-06-01", "2022-09-01"),
        ("winter 2022", "2022-12-01", "2023-03-01"),
        ("the 1920s", "1920-01-01", "1930-01-01"),
        ("the 90s", "1990-01-01", "2000-01-01"),
        ("12/31/2023", "2023-12-31", "2024-01-01"),
        ("31/12/2023", "2023-12-31", "2024-01-01"),
        ("7.5.2023", "2023-05-07", "2023-05-08"),
        ("Q3 2022", "2022-07-01", "2022-10-01"),
        ("Christmas 2022", "2022-12-24", "2022-12-27"),
        ("29 February", "2020-02-29", "2020-03-01"),
    ],
)
def test_absolute_dates_are_read(text: str, start: str, end: str) -> None:
    assert spans(text) == [(start, end)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2023-10-18", "2023-10-19"),
        ("yesterday", "2023-10-17", "2023-10-18"),
        ("the day before yesterday", "2023-10-16", "2023-10-17"),
        ("last week", "2023-10-09", "2023-10-16"),
        ("this week", "2023-10-16", "2023-10-23"),
        ("last weekend", "2023-10-14", "2023-10-16"),
        ("this weekend", "2023-10-21", "2023-10-23"),
        ("next month", "2023-11-01", "2023-12-01"),
        ("last year", "2022-01-01", "2023-01-01"),
        ("two months ago", "2023-08-01", "2023-09-01"),
        ("3 days ago", "2023-10-15", "2023-10-16"),
        ("a few days ago", "2023-10-13", "2023-10-17"),
        ("in 5 days", "2023-10-23", "2023-10-24"),
        ("last Tuesday", "2023-10-17", "2023-10-18"),
        ("last Wednesday", "2023-10-11", "2023-10-12"),
        ("next Wednesday", "2023-10-25", "2023-10-26"),
        ("on Friday", "2023-10-13", "2023-10-14"),
        ("last May", "2023-05-01", "2023-06-01"),
        ("last November", "2022-11-01", "2022-12-01"),
        ("last summer", "2023-06-01", "2023-09-01"),
        ("in the last 3 weeks", "2023-09-27", "2023-10-19"),
        ("the past month", "2023-09-18", "2023-10-19"),
        ("earlier this year", "2023-01-01", "2023-10-18"),
        ("in December", "2023-12-01", "2024-01-01"),
        ("in January", "2023-01-01", "2023-02-01"),
    ],
)
def test_relative_dates_are_read_against_now(text: str, start: str, end: str) -> None:
    assert spans(text) == [(start, end)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("the week before 6 July 2023", "2023-06-29", "2023-07-06"),
        ("the Friday before 15 July 2023", "2023-07-14", "2023-07-15"),
        ("the Sunday before 25 May 2023", "2023-05-21", "2023-05-22"),
        ("the weekend before 17 July 2023", "2023-07-15", "2023-07-17"),
        ("two weekends before 17 July 2023", "2023-07-08", "2023-07-10"),
        ("the day after 3 May 2023", "2023-05-04", "2023-05-05"),
        ("3 days before 10 May 2023", "2023-05-07", "2023-05-08"),
        ("the week of 6 July 2023", "2023-07-03", "2023-07-10"),
        ("since March", "2023-03-01", "2023-10-19"),
        ("since early 2023", "2023-01-01", "2023-10-19"),
        ("before 2020", "1000-01-01", "2020-01-01"),
        ("after May 2022", "2022-06-01", "2023-10-19"),
        ("between May and July 2023", "2023-05-01", "2023-08-01"),
        ("between 2019 and 2021", "2019-01-01", "2022-01-01"),
        ("2019-2021", "2019-01-01", "2022-01-01"),
        ("from 3 May to 10 May", "2023-05-03", "2023-05-11"),
        ("5-7 May 2023", "2023-05-05", "2023-05-08"),
        ("early 2023", "2023-01-01", "2023-05-02"),
        ("the second half of 2022", "2022-07-02", "2023-01-01"),
    ],
)
def test_what_stands_before_a_date_changes_it(text: str, start: str, end: str) -> None:
    assert spans(text) == [(start, end)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("am 7. Mai 2023", "2023-05-07", "2023-05-08"),
        ("vor 3 Tagen", "2023-10-15", "2023-10-16"),
        ("le 14 juillet 2023", "2023-07-14", "2023-07-15"),
        ("il y a 2 semaines", "2023-10-02", "2023-10-09"),
        ("el 7 de mayo de 2023", "2023-05-07", "2023-05-08"),
        ("hace 3 días", "2023-10-15", "2023-10-16"),
        ("7 мая 2023", "2023-05-07", "2023-05-08"),
        ("вчера", "2023-10-17", "2023-10-18"),
        ("2023年5月7日", "2023-05-07", "2023-05-08"),
        ("我昨天去了", "2023-10-17", "2023-10-18"),
        ("三天前", "2023-10-15", "2023-10-16"),
        ("先月", "2023-09-01", "2023-10-01"),
        ("2023년 5월 7일", "2023-05-07", "2023-05-08"),
        ("7 พฤษภาคม 2566", "2023-05-07", "2023-05-08"),
        ("เมื่อวาน", "2023-10-17", "2023-10-18"),
    ],
)
def test_dates_of_other_languages_are_read(text: str, start: str, end: str) -> None:
    assert spans(text) == [(start, end)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What may happen? We march on. April said hi.",
        "2000 users",
        "$2000",
        "version 1.2.13",
        "every Friday",
        "in my 30s",
        "10:30",
        "no date at all",
        "the last days of summer vacation plans",
    ],
)
def test_what_is_no_date_is_left_alone(text: str) -> None:
    assert spans(text) == []


def test_an_impossible_day_leaves_the_month() -> None:
    assert spans("31 June 2023") == [("2023-06-01", "2023-07-01")]


def test_an_ambiguous_date_gives_only_its_year() -> None:
    assert spans("03/04/2023") == [("2023-01-01", "2024-01-01")]


def test_several_dates_come_in_the_order_of_the_text() -> None:
    found = find_spans("Moved in May 2021, left yesterday.", NOW)
    assert [s.text for s in found] == ["May 2021", "yesterday"]


def test_spans_are_in_the_time_zone_of_now() -> None:
    zone = timezone(timedelta(hours=9))
    (span,) = find_spans("today", datetime(2023, 10, 18, 1, tzinfo=zone))
    assert span.start == datetime(2023, 10, 18, tzinfo=zone)


def test_a_naive_now_is_utc() -> None:
    (span,) = find_spans("today", datetime(2023, 10, 18))
    assert span.start == datetime(2023, 10, 18, tzinfo=UTC)


_PIECES = st.sampled_from(
    "last next this the week month year Friday May 2023 7 31 99 29 February ago since before after between and to - , "
    "/ . 12/31/2023 0000-00-00 9999-12-31 9999 weekend two a few days 三 天前 年 月 90s early in 5 q3 decades".split()
)


@given(st.lists(_PIECES, max_size=12).map(" ".join), st.datetimes(timezones=st.just(UTC)))
def test_no_combination_of_date_words_breaks_it(text: str, now: datetime) -> None:
    for span in find_spans(text, now):
        assert span.start < span.end
        assert span.text in text


@given(st.text(), st.datetimes())
def test_no_text_breaks_it(text: str, now: datetime) -> None:
    for span in find_spans(text, now):
        assert span.start < span.end
