from datetime import UTC, datetime, timedelta, timezone
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.backends.sqlite.text.dates import find_spans, happened
from tests.backends.sqlite.text import reading

NOW = datetime(2023, 10, 18, 12, tzinfo=UTC)  # a Wednesday


def spans(text: str, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(s.start.date().isoformat(), s.end.date().isoformat()) for s in find_spans(text, now)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("on 2021-08-14 it rained", "2021-08-14", "2021-08-15"),
        ("2021-08-14T14:00:00Z", "2021-08-14", "2021-08-15"),
        ("2021-08", "2021-08-01", "2021-09-01"),
        ("14 August 2021", "2021-08-14", "2021-08-15"),
        ("August 14th, 2021", "2021-08-14", "2021-08-15"),
        ("the 14th of August", "2023-08-14", "2023-08-15"),
        ("the 9th", "2023-10-09", "2023-10-10"),
        ("February 2020", "2020-02-01", "2020-03-01"),
        ("in 2017", "2017-01-01", "2018-01-01"),
        ("in 1250", "1250-01-01", "1251-01-01"),
        ("autumn of '21", "2021-09-01", "2021-12-01"),
        ("winter 2020", "2020-12-01", "2021-03-01"),
        ("the 1930s", "1930-01-01", "1940-01-01"),
        ("the 70s", "1970-01-01", "1980-01-01"),
        ("11/28/2022", "2022-11-28", "2022-11-29"),
        ("28/11/2022", "2022-11-28", "2022-11-29"),
        ("28.11.2022", "2022-11-28", "2022-11-29"),
        ("Q2 2021", "2021-04-01", "2021-07-01"),
        ("Q2", "2023-04-01", "2023-07-01"),
        ("H1 2020", "2020-01-01", "2020-07-01"),
        ("the last quarter of 2020", "2020-10-01", "2021-01-01"),
        ("the last quarter of '20", "2020-10-01", "2021-01-01"),
        ("Halloween 2019", "2019-10-31", "2019-11-01"),
        ("Easter Sunday 2038", "2038-04-25", "2038-04-26"),  # the latest that it can be
        ("Easter Monday 1818", "1818-03-23", "1818-03-24"),  # the day after the earliest
        ("Easter Sunday 1954", "1954-04-18", "1954-04-19"),
        ("Easter Sunday 1961", "1961-04-02", "1961-04-03"),
        ("Easter Sunday 1981", "1981-04-19", "1981-04-20"),
        ("Easter Sunday 2000", "2000-04-23", "2000-04-24"),
        ("Easter Sunday 2100", "2100-03-28", "2100-03-29"),
        ("พ.ศ. 2400", "1857-01-01", "1858-01-01"),
        ("Good Friday 2019", "2019-04-19", "2019-04-20"),
        ("Pâques 2024", "2024-03-29", "2024-04-02"),
        ("last Easter", "2023-04-07", "2023-04-11"),
        ("week 53 of 2020", "2020-12-28", "2021-01-04"),
        ("2021-W01", "2021-01-04", "2021-01-11"),
        ("KW 7", "2023-02-13", "2023-02-20"),
        ("the early 1990s", "1990-01-01", "1994-01-01"),
        ("the late 1990s", "1996-01-01", "2000-01-01"),
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
        ("the week before last", "2023-10-02", "2023-10-09"),
        ("last weekend", "2023-10-14", "2023-10-16"),
        ("the weekend before last", "2023-10-07", "2023-10-09"),
        ("a fortnight ago", "2023-10-02", "2023-10-09"),
        ("5 minutes ago", "2023-10-18", "2023-10-19"),
        ("30 hours ago", "2023-10-17", "2023-10-18"),
        ("next month", "2023-11-01", "2023-12-01"),
        ("last year", "2022-01-01", "2023-01-01"),
        ("four months ago", "2023-06-01", "2023-07-01"),
        ("6 days ago", "2023-10-12", "2023-10-13"),
        ("two weeks ago", "2023-10-02", "2023-10-09"),
        ("in two weeks", "2023-11-01", "2023-11-02"),
        ("a few days ago", "2023-10-13", "2023-10-17"),
        ("this past weekend", "2023-10-14", "2023-10-16"),
        ("coming weekend", "2023-10-21", "2023-10-23"),
        ("a week from tomorrow", "2023-10-26", "2023-10-27"),
        ("in 9 days", "2023-10-27", "2023-10-28"),
        ("last Monday", "2023-10-16", "2023-10-17"),
        ("next Sunday", "2023-10-22", "2023-10-23"),
        ("on Thursday", "2023-10-12", "2023-10-13"),
        ("who will speak on Thursday", "2023-10-19", "2023-10-20"),
        ("last June", "2023-06-01", "2023-07-01"),
        ("last spring", "2023-03-01", "2023-06-01"),
        ("in the last 2 weeks", "2023-10-04", "2023-10-19"),
        ("the past month", "2023-09-18", "2023-10-19"),
        ("past month", "2023-09-18", "2023-10-19"),
        ("this June", "2023-06-01", "2023-07-01"),
        ("later this year", "2023-10-18", "2024-01-01"),
        ("earlier this year", "2023-01-01", "2023-10-18"),
        ("in November", "2023-11-01", "2023-12-01"),
        ("17 December", "2023-12-17", "2023-12-18"),  # 60 days ahead
        ("18 December", "2022-12-18", "2022-12-19"),
        ("What happened in December?", "2022-12-01", "2023-01-01"),
        ("Wat gebeurde er in december?", "2022-12-01", "2023-01-01"),
        ("What will happen in December?", "2023-12-01", "2024-01-01"),
        ("What did we cook last Christmas?", "2022-12-24", "2022-12-27"),
        ("Who comes next New Year's Eve?", "2023-12-31", "2024-01-01"),
        ("Where are we this Christmas?", "2023-12-24", "2023-12-27"),
        ("Who hosts this coming Easter?", "2024-03-29", "2024-04-02"),
        ("the Monday before last", "2023-10-09", "2023-10-10"),
    ],
)
def test_relative_dates_are_read_against_now(text: str, start: str, end: str) -> None:
    assert spans(text) == [(start, end)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("the week before 9 March 2022", "2022-03-02", "2022-03-09"),
        ("the Monday before 9 March 2022", "2022-03-07", "2022-03-08"),
        ("the day after 9 March 2022", "2022-03-10", "2022-03-11"),
        ("4 days before 9 March 2022", "2022-03-05", "2022-03-06"),
        ("the week of 9 March 2022", "2022-03-07", "2022-03-14"),
        ("two years from 2019", "2021-01-01", "2022-01-01"),
        ("from 3 March to 29 February 2024", "2023-03-03", "2024-03-01"),
        ("since April", "2023-04-01", "2023-10-19"),
        ("before 2018", "1000-01-01", "2018-01-01"),
        ("setelah Maret 2021", "2021-04-01", "2023-10-19"),
        ("what was 2 May 2021 on", "2021-05-02", "2021-05-03"),
        ("from 2 May 2021 on", "2021-05-02", "2023-10-19"),
        ("the year of 2019", "2019-01-01", "2020-01-01"),
        ("after June 2021", "2021-07-01", "2023-10-19"),
        ("between April and June 2022", "2022-04-01", "2022-07-01"),
        ("1914-18", "1914-01-01", "1919-01-01"),
        ("project 2099", "2099-01-01", "2100-01-01"),
        ("2015-2017", "2015-01-01", "2018-01-01"),
        ("from 4 April to 11 April", "2023-04-04", "2023-04-12"),
        ("10-12 April 2022", "2022-04-10", "2022-04-13"),
        ("early 2022", "2022-01-01", "2022-05-02"),
    ],
)
def test_what_stands_before_a_date_changes_it(text: str, start: str, end: str) -> None:
    assert spans(text) == [(start, end)]


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("大前天", "2023-10-15", "2023-10-16"),
        ("day before yesterday; vorgestern; evvelki gün; 前天; 그저께; أول أمس; قبل أمس", "2023-10-16", "2023-10-17"),
        ("last night; gestern; dün gece; 昨天; เมื่อวาน; गतकाल; گزشتہ کل", "2023-10-17", "2023-10-18"),
        ("tonight; this evening; heute; bu akşam; 今天; วันนี้; आज; آج", "2023-10-18", "2023-10-19"),
        ("tomorrow; morgen; yarın; 明天; พรุ่งนี้; আগামীকাল; आने वाले कल", "2023-10-19", "2023-10-20"),
        ("day after tomorrow; übermorgen; lusa; 后天; 모레; بعد غد", "2023-10-20", "2023-10-21"),
        ("大后天", "2023-10-21", "2023-10-22"),
        ("week before last; vorletzte woche; позапрошлой неделе; 上上周; 先々週", "2023-10-02", "2023-10-09"),
        ("letzte Woche; geçtiğimiz hafta; 上星期; อาทิตย์ที่แล้ว; पिछले हफ्ते; پچھلے ہفتے", "2023-10-09", "2023-10-16"),
        ("diese Woche; bu hafta; 这周; 이번 주; इस हफ्ते; اس ہفتے", "2023-10-16", "2023-10-23"),
        ("nächste Woche; gelecek hafta; 下星期; 다음 주; अगले हफ्ते; آئندہ ہفتے", "2023-10-23", "2023-10-30"),
        ("the week after next; week after next; 再来週", "2023-10-30", "2023-11-06"),
        ("weekend before last", "2023-10-07", "2023-10-09"),
        ("letztes Wochenende; akhir pekan lalu; 上周末; 先週末", "2023-10-14", "2023-10-16"),
        ("weekend after next", "2023-10-28", "2023-10-30"),
        ("month before last; 上上个月; 先々月", "2023-08-01", "2023-09-01"),
        ("letzten Monat; geçen ay; 上个月; เดือนที่แล้ว; पिछले महीने; گزشتہ ماہ", "2023-09-01", "2023-10-01"),
        ("diesen Monat; bu ay; 本月; 今月; इस महीने; اس ماہ", "2023-10-01", "2023-11-01"),
        ("nächsten Monat; gelecek ay; 下个月; 다음 달; अगले महीने; آئندہ ماہ", "2023-11-01", "2023-12-01"),
        ("year before last; vorletztes Jahr; позапрошлом году; 一昨年; 前年", "2021-01-01", "2022-01-01"),
        ("letztes Jahr; geçen yıl; 去年; ปีที่แล้ว; पिछले साल; گزشتہ برس", "2022-01-01", "2023-01-01"),
        ("dieses Jahr; bu sene; 今年; 올해; इस साल; اس برس", "2023-01-01", "2024-01-01"),
        ("nächstes Jahr; gelecek yıl; 明年; 내년; अगले साल; آئندہ برس", "2024-01-01", "2025-01-01"),
        ("vor einem Tag; 1 dag geleden; एक दिन पहले; قبل يوم; 一天前", "2023-10-17", "2023-10-18"),
        ("قبل يومين; vor 2 Tagen; zwei dagen geleden; দুই দিন আগে; 两天前; 2일 전", "2023-10-16", "2023-10-17"),
        ("vor zwei Wochen; 2 weken geleden; दो हफ्ते पहले; قبل أسبوعين; 两周前; 2주 전", "2023-10-02", "2023-10-09"),
        ("vor zwei Monaten; 2 месяца назад; दो महीने पहले; قبل شهرين; 两个月前; 2개월 전", "2023-08-01", "2023-09-01"),
        ("vor zwei Jahren; 2 yıl önce; 2 лет назад; दो साल पहले; قبل عامين; 两年前; 2년 전", "2021-01-01", "2022-01-01"),
        ("a week ago; vor einer Woche", "2023-10-09", "2023-10-16"),
        ("twelve days ago; 12 days back", "2023-10-06", "2023-10-07"),
        ("quinze dias atrás; il y a quinze jours; hace quince días", "2023-10-03", "2023-10-04"),
        ("a couple of days ago; couple of days ago", "2023-10-15", "2023-10-17"),
        ("several days ago", "2023-10-10", "2023-10-16"),
        ("last Mon; last Monday", "2023-10-16", "2023-10-17"),
        ("last Tues; last Tue; last Tuesday", "2023-10-17", "2023-10-18"),
        ("last Thurs; last Thu", "2023-10-12", "2023-10-13"),
        ("last Sun; last Sunday; hari Minggu lalu", "2023-10-15", "2023-10-16"),
        ("hari Senin lalu; letzten Montag; पिछले सोमवार", "2023-10-16", "2023-10-17"),
        ("the third quarter of 2021; 3. Quartal 2021; 第三季度 2021; 2021年第三季", "2021-07-01", "2021-10-01"),
        ("the second quarter of 2021; ไตรมาสที่ 2 ปี 2564; 2021年第二季度", "2021-04-01", "2021-07-01"),
        ("spring of '21; 2021年春; 2021年の春", "2021-03-01", "2021-06-01"),
        ("H2 2021; second half of 2021", "2021-07-01", "2022-01-01"),
        ("in the twenties; the 1920s", "1920-01-01", "1930-01-01"),
        ("in the nineties; the 90s", "1990-01-01", "2000-01-01"),
        ("Christmas Eve 2021; Nochebuena 2021", "2021-12-24", "2021-12-25"),
        ("New Year's Day 2022; Capodanno 2022", "2022-01-01", "2022-01-02"),
        ("Valentine's Day 2022; Valentinstag 2022", "2022-02-14", "2022-02-15"),
        ("spring 2022; Frühling 2022; primavera de 2022; весна 2022", "2022-03-01", "2022-06-01"),
        ("fall 2022; Herbst 2022; otoño de 2022; осень 2022", "2022-09-01", "2022-12-01"),
    ],
)
def test_words_of_a_time_mean_the_same_in_every_language(words: str, start: str, end: str) -> None:
    assert {word: spans(word) for word in words.split("; ")} == {key: [(start, end)] for key in words.split("; ")}


@pytest.mark.parametrize(
    ("day", "week", "ago"),
    [
        ("yesterday", "last week", "three days ago"),
        ("昨天", "上周", "三天前"),
        ("कल", "पिछले हफ्ते", "तीन दिन पहले"),
        ("ayer", "la semana pasada", "hace tres días"),
        ("hier", "la semaine dernière", "il y a trois jours"),
        ("أمس", "الأسبوع الماضي", "قبل ثلاثة أيام"),
        ("গতকাল", "গত সপ্তাহে", "তিন দিন আগে"),
        ("ontem", "na semana passada", "há três dias"),
        ("вчера", "на прошлой неделе", "три дня назад"),
        ("گزشتہ روز", "پچھلے ہفتے", "تین دن پہلے"),
        ("gestern", "letzte Woche", "vor drei Tagen"),
        ("昨日", "先週", "三日前"),
        ("ieri", "la settimana scorsa", "tre giorni fa"),
        ("어제", "지난주", "3일 전"),
        ("gisteren", "vorige week", "drie dagen geleden"),
    ],
)
def test_a_query_may_say_yesterday_last_week_and_days_ago_in_many_languages(day: str, week: str, ago: str) -> None:
    assert spans(day) == [("2023-10-17", "2023-10-18")]
    assert spans(week) == [("2023-10-09", "2023-10-16")]
    assert spans(ago) == [("2023-10-15", "2023-10-16")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What may happen? We march on. April said hi.",
        "3000 users",
        "$2000",
        "version 1.2.13",
        "every Friday",
        "in my 30s",
        "10:30",
        "no date at all",
        "Wo ist der Schlüssel? Er ist hier.",
        "31 June 2023",
        "week 54 of 2020",
        "this day",
        "week 3 of the course",
        "project 2100",
        "Friday 4 December",  # of 2020 or 2026
        "Friday 29 February",  # of no year near
    ],
)
def test_what_is_no_date_is_left_alone(text: str) -> None:
    assert spans(text) == []


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
    "/ . 12/31/2023 0000-00-00 9999-12-31 9999 weekend two a few days 三 天前 年 月 四五 十 90s early in 5 q3 decades".split()
)


@given(st.lists(_PIECES, max_size=12).map(" ".join), st.datetimes(timezones=st.just(UTC)))
def test_no_combination_of_date_words_breaks_it(text: str, now: datetime) -> None:
    happened(text, now)
    for span in find_spans(text, now):
        assert span.start < span.end
        assert span.text in text


@given(st.text(), st.datetimes())
def test_no_text_breaks_it(text: str, now: datetime) -> None:
    happened(text, now)
    for span in find_spans(text, now):
        assert span.start < span.end


def test_member_options_in_ten_languages_name_the_span_that_is_meant() -> None:
    names = "asked more_asked eighth_asked ninth_asked tenth_asked eleventh_asked thirteenth_asked fourteenth_asked"
    questions = [row for name in names.split() for row in reading.rows(name)]
    questions += reading.rows("kinds_asked", half=0)
    assert [text for text, got, right in questions if got not in right] == [
        "Who made the Sunday roast?",
        "Is Friday the robot repaired?",
    ]


@pytest.mark.parametrize("word", ["周一 ", "on Monday ", "Easter ", "آج ", "last week "])
@pytest.mark.parametrize("read", [find_spans, happened])
def test_the_dates_of_a_text_cost_in_proportion_to_its_length(read: Any, word: str) -> None:
    def seconds(times: int) -> float:
        begin = process_time()
        read(word * times, NOW)
        return process_time() - begin

    seconds(1)  # which compiles the patterns
    assert min(seconds(1600) for _ in range(2)) < 40 * min(seconds(100) for _ in range(2))  # quadratic: 256


@pytest.mark.parametrize("text", ["What happened in 1446 AH?", "It was built in 1385 A.H."])
def test_a_year_of_the_islamic_calendar_is_not_read_as_one_of_the_common_era(text: str) -> None:
    assert find_spans(text, datetime(2026, 11, 26, tzinfo=UTC)) == []
