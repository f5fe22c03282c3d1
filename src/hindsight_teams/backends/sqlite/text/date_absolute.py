"""Rules for days and months, with a year or without: "5 May 2024", "令和6年5月3日", "in May"."""

from __future__ import annotations

import re
from datetime import date, timedelta

from hindsight_teams.backends.sqlite.text import date_words as words
from hindsight_teams.backends.sqlite.text.date_grammar import (
    ANY_WEEKDAY,
    DIGITS,
    ENGLISH,
    OF,
    ORD,
    M,
    Y,
    any_of,
    is_name,
    rule,
    unspaced,
)
from hindsight_teams.backends.sqlite.text.date_periods import COUNTED, LABELS, NEAR_YEARS, THAI_ERA
from hindsight_teams.backends.sqlite.text.date_units import (
    NO_DAYS,
    Days,
    Reading,
    day_in,
    first_of,
    full_year,
    how_many,
    in_year,
    months_in,
    on_weekday,
    written,
    yearless,
)
from hindsight_teams.backends.sqlite.text.vocabulary import STOP_WORDS

_ERAS = {
    name: (before, years)
    for names, before, years in (
        ("令和 reiwa", 2018, 99), ("平成 heisei", 1988, 31), ("昭和 showa shōwa", 1925, 64), ("大正 taisho", 1911, 15),
        ("明治 meiji", 1867, 45), ("民國 民国", 1911, 199),
    )
    for name in names.split()
}  # fmt: skip
"""The year before the first of an era of Japan, and of the Republic of China, and how many years it has."""


@rule(r"(\d{4})-(\d{2})-(\d{2})(?:t\d{2}(?::?\d{2}){0,2}(?:\.\d{1,9})?(?:z|[+-]\d{2}:?\d{2})?)?(?![\w-])", DIGITS)
@rule(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?![\w/]|\.\d)", DIGITS)
def _year_month_day(m: re.Match[str], reading: Reading) -> Days:
    year = int(m[1])
    # The ends of calendars stand for "no date"; a sign before the number makes it part of a longer one.
    if not 1200 <= year < 2200 or (
        reading.strict and reading.low[max(0, m.start() - 1) : m.start()] in ("-", "/", ".")
    ):
        return NO_DAYS
    if reading.strict and "." in m[0] and (len(m[2] + m[3]) < 4 or reading.preceded(LABELS, m.start())):
        return NO_DAYS  # a version
    return written(year, m[2], m[3])


@unspaced(
    rf"(?:(?P<era>{'|'.join(_ERAS)})\s?(?P<of>\d{{1,3}}|元)\s?年|(?<!\d)(?:(?P<since>{Y})\s?年?\s?[-\u2013\u2014~至到]{{1,2}}\s?)?"
    rf"(?P<year>{Y})\s?[年년](?!\s?[前전間间]))"
    r"(?:\s?(?P<month>\d{1,2})\s?[月월](?:\s?(?P<day>\d{1,2})\s?[日号號일])?)?"
)
def _signs(m: re.Match[str], reading: Reading) -> Days:
    """As in 2024年5月3日, 令和6年5月 and 2024년."""
    before, most = _ERAS[m["era"]] if m["era"] else (0, 2199)
    number = 1 if m["of"] == "元" else int(m["of"] or m["year"])
    if not 1 <= number <= most:
        return NO_DAYS
    if m["since"] and not m["month"]:
        return Days(date(int(m["since"]), 1, 1), date(number + 1, 1, 1))
    return written(before + number, m["month"], m["day"])


_ROMAN_ERAS = [name for name in _ERAS if name < "\u0370"]


@rule(rf"({any_of(_ROMAN_ERAS)})\s+(\d{{1,2}})(?![\w:%]|[.,]\d)", _ROMAN_ERAS)
def _era(m: re.Match[str], reading: Reading) -> Days:
    before, most = _ERAS[m[1]]
    return written(before + int(m[2])) if 1 <= int(m[2]) <= most else NO_DAYS


_THAI_MONTHS = {word: month for word, month in words.MONTHS.items() if word > "\u0e00"}


@unspaced(
    rf"(?:(?<!\d)(?P<day>\d{{1,2}})\s?)?(?:เดือน\s?)?(?P<month>{any_of(_THAI_MONTHS)})\s?(?:พ\.?ศ\.?|ค\.?ศ\.?|ปี)?\s?"
    r"(?P<year>[12]\d{3})(?!\d)"
)
@unspaced(r"(?P<day>)(?P<month>)(?:พ\.?ศ\.?|ปี)\s?(?:พ\.?ศ\.?\s?)?(?P<year>2[4-7]\d\d)(?!\d)")
def _thai(m: re.Match[str], reading: Reading) -> Days:
    """As in 5 มีนาคม พ.ศ. 2565: years from 2400 on are those of the Buddhist era."""
    year = int(m["year"]) - (THAI_ERA if int(m["year"]) >= 2400 else 0)
    return written(year, _THAI_MONTHS.get(m["month"]), m["day"])


@unspaced(r"(?<!\d)([12]\d{3})(?:\s?ء|\s+সালে?(?!\w))()()")
@rule(rf"({Y})\s+yılının\s+(?:(\d{{1,2}})\s+)?({M})(?!\w)", DIGITS)
@unspaced(rf"(?<!\d)({Y})\s?(?:সালের|(?:की|के|ء?\s?کی|ء?\s?کے)(?!\w))\s+(?:(\d{{1,2}})\s+)?({M})(?!\w)")
def _year_before(m: re.Match[str], reading: Reading) -> Days:
    """As in "২০২৪ সালের ৫ মার্চ": the 5th of March of 2024; or a year alone, with its sign."""
    return written(int(m[1]), words.MONTHS.get(m[3]), m[2])


@unspaced(
    rf"({any_of(NEAR_YEARS)})?の?((?<!\d)\d{{1,2}}|(?<=年)[一二三四五六七八九十]{{1,2}})\s?[月월](?:\s?(\d{{1,2}})\s?[日号號일])?"
)
def _month_day_signs(m: re.Match[str], reading: Reading) -> Days:
    month = how_many(m[2])[0]
    make = day_in(month, int(m[3])) if m[3] else months_in(month)
    if reading.strict and reading.low[: m.start()].endswith(("同年", "翌年", "翌", "同")):
        return NO_DAYS  # of the same or the next year as another day
    return make(reading.today.year + NEAR_YEARS[m[1]]) if m[1] else yearless(make, reading, m.start())


@rule(r"(\d{1,2})(?P<sep>[/.-])(\d{1,2})(?P=sep)(\d{4}|\d{2})(?![\w/]|[.-]\d)", DIGITS)
def _numeric(m: re.Match[str], reading: Reading) -> Days | None:
    first, second, year = int(m[1]), int(m[3]), full_year(m[4])
    if not (first and second):
        return NO_DAYS
    if (len(m[4]) == 2 and m[2] != "/") or not 1200 <= year < 2200:
        return None  # 1.2.13 and 1-2-13 are versions and section numbers
    if reading.strict and m[2] == "." and len(m[1] + m[3]) < 4 and not reading.preceded(_DATED, m.start()):
        return NO_DAYS  # a version
    if m[2] == "." or first > 12:
        return written(year, second, first)
    if second > 12 or first == second:
        return written(year, first, second)
    return written(year) if len(m[4]) == 4 else None  # of 03/04/2023 only the year is sure


_DATED = re.compile(
    r"(?:^|[(\[:,]|\b(?:on|from|to|till|until|since|by|dated?|of|and|am|vom|bis|zum|seit|ab|den|dem|und|le|du|au|el|del|al|em|"
    r"в|с|до|и|il|dal|op))\s*$"
)


@rule(
    rf"(?P<weekday>{ANY_WEEKDAY}),?\s+(?:the\s+|den\s+|dem\s+|el\s+|le\s+)?(?P<day>\d{{1,2}}){ORD}\s+{OF}(?P<month>{M})(?!\w)\.?"
    rf"(?:,?\s+{OF}(?P<year>{Y})\b)?",
    words.WEEKDAYS,
)
@rule(
    rf"(?P<weekday>{ANY_WEEKDAY}),?\s+(?P<month>{M})(?!\w)\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:%]|[.,]\d)"
    rf"(?:,?\s+(?P<year>{Y})\b)?",
    words.WEEKDAYS,
)
def _weekday_and_day(m: re.Match[str], reading: Reading) -> Days:
    make = day_in(words.MONTHS[m["month"]], int(m["day"]))
    weekday = words.WEEKDAYS[m["weekday"]]
    if m["year"]:
        days = make(int(m["year"]))
        return days if days.start.weekday() == weekday or not reading.strict else NO_DAYS
    return on_weekday(make, weekday, reading, m.start())


_AND_DAY = re.compile(r"^\d{1,2}\S*\s(?:and|und|et|y|e|и)\s")
_BETWEEN = re.compile(r"\b(?:between|zwischen|entre|tra|между)\s+(?:the\s+|le\s+|el\s+|dem\s+)?$")
_DAY_LISTED = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th|\.)?\s*(?:,|\b(?:and|or|to|und|oder|bis|y|o|e|et|ou|al|au|и|или)\b)\s*(?:(?:the|el|le|il|am|den)\s+)?$"
)
_STREET = re.compile(
    r"\b(?:rue|place|avenue|calle|plaza|avenida|rua|praça|via|piazza|улица|street)\s+(?:d[eu]l?\s+|do\s+)?$"
)


@rule(
    rf"(?:(\d{{1,2}}){ORD}\s?(?:-|\u2013|to|and|bis|au|al|a|по|до|и|y|e|et|und|sampai)\s?)?(\d{{1,2}}){ORD}\s+{OF}({M})(?!\w)\.?"
    rf"(?:,?\s+{OF}({Y})\b(?!\s*\u00a0?(?:ah|a\.h)\b))?",
    DIGITS,
)
def _day_month(m: re.Match[str], reading: Reading) -> Days:
    if reading.strict and reading.preceded(_STREET, m.start()):
        return NO_DAYS
    month, first, last = words.MONTHS[m[3]], int(m[1] or m[2]), int(m[2])
    if reading.strict and (
        (last - first > 1 and _AND_DAY.search(m[0]) and not reading.preceded(_BETWEEN, m.start()))
        or reading.preceded(_DAY_LISTED, m.start())
    ):
        return NO_DAYS  # "on 5 and 9 May", "3, 4 and 5 May": several days
    if (reading.strict and not m[4]) and (
        _OTHER_YEAR.match(reading.low, m.end()) or is_name(reading, m.start(3), m.end(3)) or _counts_things(m, reading)
    ):
        return NO_DAYS
    return in_year(day_in(month, first, last), _year_of(m, 4, reading), reading, m.start())


_OTHER_YEAR = re.compile(
    r",?\s+(?:\d{3}(?!\w)|[12]\d{3}[a-z]|(?:of\s+)?(?:(?:the\s+)?same|that|the\s+(?:following|next|previous))\s+year\b)"
)
"""A year that is not read: "21 May 987", "in May of that year"."""
_THING = re.compile(r"\s+([a-z]{3,})")
_ON = re.compile(r"\b(?:on|by|until|till|since|from|to|before|after|of|pada|tanggal)\s+(?:the\s+)?$")


def _counts_things(m: re.Match[str], reading: Reading) -> bool:
    """Whether a month is part of what is counted: "add 2 March carrots"."""
    thing = _THING.match(reading.raw, m.end())
    return (
        thing is not None
        and m[3] in ENGLISH
        and f"{m[2]} {m[3]}" in m[0]
        and thing[1] not in STOP_WORDS
        and not reading.preceded(_ON, m.start())
    )


@rule(
    rf"({M})(?!\w)\.?\s+(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?(?:-|\u2013|to|and)\s?(\d{{1,2}})(?:st|nd|rd|th)?)?"
    rf"(?![\w:%]|[.,]\d)(?:,?\s+{OF}({Y})\b(?![.,]?\d))?",
    words.MONTHS,
)
def _month_day(m: re.Match[str], reading: Reading) -> Days | None:
    if reading.strict and (is_name(reading, m.start(1), m.end(1)) or (reading.raw[m.start(1)].islower() and not m[4])):
        return None if m[4] else NO_DAYS
    if reading.strict and not m[4] and _OTHER_YEAR.match(reading.low, m.end()):
        return NO_DAYS
    make = day_in(words.MONTHS[m[1]], int(m[2]), int(m[3] or m[2]))
    return in_year(make, _year_of(m, 4, reading), reading, m.start())


def _year_of(m: re.Match[str], group: int, reading: Reading) -> str | None:
    """The year of a match; None where the number after a comma counts something: "in May, 2000 people came"."""
    comma = reading.low[: m.start(group)].rstrip().endswith(",")
    return None if m[group] and comma and COUNTED.match(reading.raw, m.end(group)) else m[group]


@rule(rf"({M})(?!\w)\.?,?\s+{OF}({Y})\b(?!\s*[%€$]|[.,]\d)", words.MONTHS)
def _month_year(m: re.Match[str], reading: Reading) -> Days:
    return in_year(months_in(words.MONTHS[m[1]]), _year_of(m, 2, reading), reading, m.start())


_NTH = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}


@rule(
    rf"(?:the\s+)?({any_of(_NTH)})\s+(week|weekend|day|{ANY_WEEKDAY})\s+(?:of|in)\s+({M})(?!\w)\.?(?:,?\s+({Y})\b)?",
    ("the",),
    _NTH,
)
def _nth_of_month(m: re.Match[str], reading: Reading) -> Days | None:
    """As in "the last week of October" and "the first Monday in May 2025"."""
    if reading.strict and not m[4]:
        return NO_DAYS
    month, length = words.MONTHS[m[3]], 7 if m[2] == "week" else 2 if m[2] == "weekend" else 1
    weekday = words.WEEKDAYS.get(m[2], 5 if m[2] == "weekend" else None)

    def make(year: int) -> Days:
        first, end = first_of(year, month), first_of(year, month + 1)
        starts = [day for n in range(31) if (day := first + timedelta(days=n)) + timedelta(days=length) <= end]
        starts = starts[::length] if m[2] == "week" and _NTH[m[1]] >= 0 else starts
        start = [day for day in starts if weekday is None or day.weekday() == weekday][_NTH[m[1]]]
        return Days(start, start + timedelta(days=length))

    return in_year(make, m[4], reading, m.start())


_BEFORE_MONTH = re.compile(
    r"\b(?:in|since|during|by|until|till|before|after|of|from|between|early|mid|late|throughout|to|im|seit|ab|en|desde|в|"
    r"em|a|dal|bis|between\s+\w+\s+and)[\s-]+(?:(?:early|mid|late)[\s-]+)?$"
)
_SURE_MONTH = re.compile(
    r"\b(?:in|since|during|until|till|throughout|early|mid|late|(?:end|start|beginning|middle)\s+of|im|seit|en|desde|в|em|"
    r"between|and|to)[\s-]+$"
)
_SHARED_YEAR = re.compile(
    rf"(?:\s*(?:,|/|-|\u2013|\b(?:and|or|to|und|et|y|e|и|bis|à|a|по)\b)\s*(?:{M})(?!\w))+\.?\s+{OF}({Y})\b(?!\s*[%€$]|[.,]\d)"
)
_SOME_DAY = re.compile(rf"\b(?:an?|one|some)\s+(?:\w+\s+){{0,3}}(?:day|morning|evening|night|{ANY_WEEKDAY})\s+in\s+$")
"""A day of any year: "a cold Tuesday in February"."""
_EDGE_OF_MONTH = re.compile(r"\b(?:by|before|after|from|bis|ab)\s+$")
_PEOPLE = frozenset("may april june august march jan mai avril marzo julia".split())


@rule(rf"({M})(?!\w)", words.MONTHS)
def _month_alone(m: re.Match[str], reading: Reading) -> Days | None:
    low, at = reading.low, m.start()
    if m[1] in words.WEAK_MONTHS and not reading.preceded(_BEFORE_MONTH, at):
        return None
    if shared := _SHARED_YEAR.match(low, m.end()):  # "May and June 2025"
        return months_in(words.MONTHS[m[1]])(int(shared[1]))
    if reading.strict and (
        is_name(reading, at, m.end())
        or _OTHER_YEAR.match(low, m.end())
        or reading.preceded(_SOME_DAY, at)
        or not (reading.preceded(_SURE_MONTH, at) or (reading.preceded(_EDGE_OF_MONTH, at) and m[1] not in _PEOPLE))
    ):
        return NO_DAYS
    return yearless(months_in(words.MONTHS[m[1]]), reading, at)
