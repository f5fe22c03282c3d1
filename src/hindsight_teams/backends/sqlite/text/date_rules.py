"""The rules of the reader of dates: for each a pattern, the words it begins with, and the days a match means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from hindsight_teams.backends.sqlite.text.date_units import (
    Days,
    first_of,
    full_year,
    how_many,
    latest,
    moved,
    unit_at,
    units_between,
)
from hindsight_teams.backends.sqlite.text.date_words import (
    FOREIGN_UNITS,
    HAN_DIGITS,
    HOLIDAYS,
    MONTHS,
    NUMBERS,
    PHRASES,
    SEASONS,
    SHORT_WEEKDAYS,
    UNITS,
    UNSPACED_PHRASES,
    UNSPACED_UNITS,
    WEAK_MONTHS,
    WEEKDAYS,
)

_THAI_ERA = 543

Handler = Callable[["re.Match[str]", date], "Days | None"]
TOKEN = re.compile(r"\d+|[^\W\d_]+")
_DIGITS = ("0",)
RULES: dict[str, list[tuple[re.Pattern[str], Handler]]] = {}  # by the word that a date begins with
_UNSPACED_RULES: list[tuple[str, Handler]] = []


def _rule(pattern: str, *begins: Iterable[str]) -> Callable[[Handler], Handler]:
    """Add a rule for dates that begin with one of the words; the first rule that reads a date wins."""
    compiled = re.compile(rf"(?<!\w)(?:{pattern})")

    def add(handler: Handler) -> Handler:
        for token in {TOKEN.findall(word)[0] for words in begins for word in words}:
            RULES.setdefault(token, []).append((compiled, handler))
        return handler

    return add


def _unspaced(pattern: str) -> Callable[[Handler], Handler]:
    """Add a rule for a script that has no spaces between words."""

    def add(handler: Handler) -> Handler:
        _UNSPACED_RULES.append((pattern, handler))
        return handler

    return add


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in sorted(words, key=len, reverse=True))


_M = _any(MONTHS)
ANY_WEEKDAY = _any(WEEKDAYS)
_WS = _any({**WEEKDAYS, **SHORT_WEEKDAYS})
_S = _any(SEASONS)
ANY_NUMBER = rf"\d{{1,3}}|{_any(NUMBERS)}"
ANY_UNIT = _any(UNITS)
_Y = r"[12]\d{3}"
_ORD = r"(?:st|nd|rd|th|er|º|ª|\.)?"
_OF = r"(?:of\s+|de\s+|del\s+|в\s+)?"
_PAST, _THIS, _NEXT = "last|past|previous", r"this|current", r"next|this\s+coming|coming|upcoming"
_NEARBY = ("last", "past", "previous", "this", "current", "next", "coming", "upcoming")


@_rule(r"(\d{4})-(\d{2})-(\d{2})(?:t\d{2}(?::?\d{2}){0,2}(?:\.\d{1,9})?(?:z|[+-]\d{2}:?\d{2})?)?(?![\w-])", _DIGITS)
@_rule(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?![\w/])", _DIGITS)
@_unspaced(r"(?<!\d)(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日号號일]")
def _year_month_day(m: re.Match[str], today: date) -> Days:
    return unit_at("day", date(int(m[1]), int(m[2]), int(m[3])), 0)


@_unspaced(r"(?<!\d)(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]")
def _year_month(m: re.Match[str], today: date) -> Days:
    return unit_at("month", date(int(m[1]), int(m[2]), 1), 0)


@_unspaced(r"(?<!\d)(\d{4})\s?[年년](?!\s?[前전])")
def _year_sign(m: re.Match[str], today: date) -> Days:
    return unit_at("year", date(int(m[1]), 1, 1), 0)


@_unspaced(r"(?<!\d)(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日号號일]")
def _month_day_signs(m: re.Match[str], today: date) -> Days:
    return latest(lambda year: unit_at("day", date(year, int(m[1]), int(m[2])), 0), today)


@_rule(r"(\d{1,2})(?P<sep>[/.-])(\d{1,2})(?P=sep)(\d{4}|\d{2})(?![\w/]|[.-]\d)", _DIGITS)
def _numeric(m: re.Match[str], today: date) -> Days | None:
    first, second, year = int(m[1]), int(m[3]), full_year(m[4])
    if len(m[4]) == 2 and m[2] != "/":
        return None  # 1.2.13 and 1-2-13 are versions and section numbers
    if m[2] == "." or first > 12:
        return unit_at("day", date(year, second, first), 0)
    if second > 12 or first == second:
        return unit_at("day", date(year, first, second), 0)
    return None


@_rule(r"([12]\d{3})\s?[-\u2013\u2014]\s?([12]\d{3}|\d{2})(?![\w-]|[.,]\d)", _DIGITS)
def _years(m: re.Match[str], today: date) -> Days | None:
    first = int(m[1])
    if len(m[2]) == 2 and 1 <= int(m[2]) <= 12:
        return unit_at("month", date(first, int(m[2]), 1), 0)
    last = int(m[2]) if len(m[2]) == 4 else first // 100 * 100 + int(m[2])
    return Days(date(first, 1, 1), date(last + 1, 1, 1)) if first < last else None


@_rule(
    rf"(?:(\d{{1,2}}){_ORD}\s?(?:-|\u2013|to|and|bis|au|al)\s?)?(\d{{1,2}}){_ORD}\s+{_OF}({_M})(?!\w)\.?"
    rf"(?:,?\s+{_OF}(?:พ\.ศ\.\s?)?({_Y})\b)?",
    _DIGITS,
)
def _day_month(m: re.Match[str], today: date) -> Days:
    month, first, last = MONTHS[m[3]], int(m[1] or m[2]), int(m[2])

    def make(year: int) -> Days:
        return Days(date(year, month, first), date(year, month, last) + timedelta(days=1))

    if not m[4]:
        return latest(make, today)
    return make(int(m[4]) - (_THAI_ERA if m[3] > "\u0e00" and int(m[4]) > 2400 else 0))


@_rule(
    rf"({_M})(?!\w)\.?\s+(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?(?:-|\u2013|to|and)\s?(\d{{1,2}})(?:st|nd|rd|th)?)?"
    rf"(?![\w:%]|[.,]\d)(?:,?\s+{_OF}({_Y})\b(?![.,]?\d))?",
    MONTHS,
)
def _month_day(m: re.Match[str], today: date) -> Days:
    def make(year: int) -> Days:
        month = MONTHS[m[1]]
        return Days(date(year, month, int(m[2])), date(year, month, int(m[3] or m[2])) + timedelta(days=1))

    return make(int(m[4])) if m[4] else latest(make, today)


@_rule(rf"({_M})(?!\w)\.?,?\s+{_OF}(?:พ\.ศ\.\s?)?({_Y})\b", MONTHS)
def _month_year(m: re.Match[str], today: date) -> Days:
    thai = m[1] > "\u0e00" and int(m[2]) > 2400
    return unit_at("month", date(int(m[2]) - (_THAI_ERA if thai else 0), MONTHS[m[1]], 1), 0)


def _season(name: str, year: int) -> Days:
    return Days(first_of(year, SEASONS[name]), first_of(year, SEASONS[name] + 3))


@_rule(rf"(?:in\s+)?(?:the\s+)?({_S})\s+(?:of\s+|in\s+)?({_Y})\b", SEASONS, ("in", "the"))
def _season_year(m: re.Match[str], today: date) -> Days:
    return _season(m[1], int(m[2]))


@_rule(
    rf"(?:q([1-4])|(first|second|third|fourth)\s+quarter)(?:\s+of)?,?\s+({_Y})\b",
    ("q", "first", "second", "third", "fourth"),
)
def _quarter(m: re.Match[str], today: date) -> Days:
    number = int(m[1]) if m[1] else ["first", "second", "third", "fourth"].index(m[2]) + 1
    return unit_at("quarter", date(int(m[3]), number * 3, 1), 0)


@_rule(r"(?:the\s+)?['\u2019]?((?:1[0-9]|20)\d0|[2-9]0)['\u2019]?s\b", _DIGITS, ("the",))
def _decade(m: re.Match[str], today: date) -> Days | None:
    if len(m[1]) == 2 and not (
        m[0].startswith("the") or m.string[max(0, m.start() - 1) : m.start()] in ("'", "\u2019")
    ):
        return None  # "in her 30s" is an age
    return unit_at("decade", date(int(m[1]) if len(m[1]) == 4 else 1900 + int(m[1]), 1, 1), 0)


@_rule(rf"({_any(HOLIDAYS)})(?:\s+(?:of\s+|in\s+)?({_Y})\b)?", HOLIDAYS)
def _holiday(m: re.Match[str], today: date) -> Days:
    month, day, length = HOLIDAYS[re.sub(r"\s+", " ", m[1])]

    def make(year: int) -> Days:
        return Days(date(year, month, day), date(year, month, day) + timedelta(days=length))

    return make(int(m[2])) if m[2] else latest(make, today)


@_rule(rf"({_any(PHRASES)})(?!\w)", PHRASES)
def _phrase(m: re.Match[str], today: date) -> Days:
    unit, offset = PHRASES[re.sub(r"\s+", " ", m[1])]
    return unit_at(unit, today, offset)


@_rule(
    rf"(?:(the)\s+)?({_PAST}|next|coming)\s+(?:({ANY_NUMBER})\s+)?({ANY_UNIT})(s?)\b",
    ("the", "last", "past", "previous", "next", "coming"),
)
def _last_units(m: re.Match[str], today: date) -> Days | None:
    if m[5] and not m[3]:
        return None  # "the last days of" names no span
    unit, ahead = UNITS[m[4]], m[2] in ("next", "coming")
    if m[3] or (not ahead and (m[1] or m[2] == "past")):  # a span that ends or begins now
        most = how_many(m[3] or "one")[1]
        if ahead:
            return Days(today, moved(today, unit, most) + timedelta(days=1))
        return Days(moved(today, unit, -most), today + timedelta(days=1))
    if unit == "weekend":  # on a weekend "last" is the one before, "next" the one after
        return unit_at(unit, today, 1 if ahead and today.weekday() >= 5 else 0 if ahead else -1)
    return unit_at(unit, today, 1 if ahead else -1)


@_rule(rf"(?:(earlier|later)\s+)?(?:this|current)\s+({ANY_UNIT})\b", ("earlier", "later", "this", "current"))
def _this_unit(m: re.Match[str], today: date) -> Days:
    days = unit_at(UNITS[m[2]], today, 0)
    if m[1] == "earlier":
        return Days(days.start, max(today, days.start + timedelta(days=1)))
    return Days(today, days.end) if m[1] else days


@_rule(rf"({ANY_NUMBER})\s+({ANY_UNIT})s?\s+(ago|back|from\s+now|from\s+today)\b", _DIGITS, NUMBERS)
def _units_ago(m: re.Match[str], today: date) -> Days | None:
    (least, most), sign = how_many(m[1]), 1 if m[3].startswith("from") else -1
    if m[2] in ("hour", "minute"):
        hours = (most if m[2] == "hour" else 0) // 24
        return unit_at("day", today, sign * hours)
    return units_between(UNITS[m[2]], today, sign * least, sign * most)


@_rule(rf"in\s+({ANY_NUMBER})\s+({ANY_UNIT})s?(?:['\u2019]s?\s+time)?(?=\s*(?:[.,;:!?)]|$))", ("in",))
def _in_units(m: re.Match[str], today: date) -> Days | None:
    least, most = how_many(m[1])
    return None if m[2] in ("hour", "minute") else units_between(UNITS[m[2]], today, least, most)


@_rule(rf"(?:vor|il\s+y\s+a|hace|há)\s+(\d{{1,3}})\s+({_any(FOREIGN_UNITS)})(?!\w)", ("vor", "il", "hace", "há"))
@_rule(rf"(\d{{1,3}})\s+({_any(FOREIGN_UNITS)})\s+(?:fa|назад|atrás)\b", _DIGITS)
def _foreign_ago(m: re.Match[str], today: date) -> Days:
    return unit_at(FOREIGN_UNITS[m[2]], today, -int(m[1]))


@_rule(rf"({_PAST}|{_THIS}|{_NEXT})\s+({_WS})(?!\w)", _NEARBY)
def _last_weekday(m: re.Match[str], today: date) -> Days:
    weekday = {**WEEKDAYS, **SHORT_WEEKDAYS}[m[2]]
    if m[1] in ("this", "current"):
        return unit_at("day", today - timedelta(days=today.weekday()), weekday)
    if m[1] in ("next", "coming", "upcoming") or m[1].endswith("coming"):
        return unit_at("day", today, (weekday - today.weekday() - 1) % 7 + 1)
    return unit_at("day", today, -((today.weekday() - weekday - 1) % 7 + 1))


@_rule(rf"({_PAST}|{_THIS}|{_NEXT})\s+({_M}|{_S})(?!\w)", _NEARBY)
def _last_month_name(m: re.Match[str], today: date) -> Days:
    def make(year: int) -> Days:
        return _season(m[2], year) if m[2] in SEASONS else unit_at("month", date(year, MONTHS[m[2]], 1), 0)

    if m[1] in ("next", "coming", "upcoming") or m[1].endswith("coming"):
        return next(days for year in range(today.year, today.year + 3) if (days := make(year)).start > today)
    if m[1] in ("this", "current"):
        before = make(today.year - 1)
        return before if before.end > today else make(today.year)  # "this winter" in January
    return next(days for year in range(today.year, today.year - 3, -1) if (days := make(year)).end <= today)


@_rule(rf"(?:in|during|over|since|until|by)\s+(?:the\s+)?({_S})\b", ("in", "during", "over", "since", "until", "by"))
def _season_alone(m: re.Match[str], today: date) -> Days:
    return latest(lambda year: _season(m[1], year), today)


@_rule(rf"({_M})(?!\w)", MONTHS)
def _month_alone(m: re.Match[str], today: date) -> Days | None:
    if m[1] in WEAK_MONTHS and not _BEFORE_MONTH.search(m.string, max(0, m.start() - 24), m.start()):
        return None
    return latest(lambda year: unit_at("month", date(year, MONTHS[m[1]], 1), 0), today)


@_rule(rf"({ANY_WEEKDAY})(?!\w)", WEEKDAYS)
def _weekday(m: re.Match[str], today: date) -> Days | None:
    if _HABIT.search(m.string, max(0, m.start() - 12), m.start()):
        return None
    return unit_at("day", today, -((today.weekday() - WEEKDAYS[m[1]]) % 7))


@_rule(rf"(?<![$€£#])({_Y})(?![\w%°/:@]|[.,]\d|-[\d])", _DIGITS)
def _year(m: re.Match[str], today: date) -> Days | None:
    if not _BEFORE_YEAR.search(m.string, max(0, m.start() - 16), m.start()) and (
        not 1900 <= int(m[1]) < 2100 or _COUNTED.match(m.string, m.end())
    ):
        return None
    return unit_at("year", date(int(m[1]), 1, 1), 0)


@_unspaced(_any(UNSPACED_PHRASES))
def _unspaced_phrase(m: re.Match[str], today: date) -> Days:
    unit, offset = UNSPACED_PHRASES[m[0]]
    return unit_at(unit, today, offset)


@_unspaced(rf"(\d{{1,3}}|[{''.join(HAN_DIGITS)}])\s?({_any(UNSPACED_UNITS)})\s?[前전]")
def _unspaced_ago(m: re.Match[str], today: date) -> Days:
    least, most = how_many(m[1])
    return units_between(UNSPACED_UNITS[m[2]], today, -least, -most)


_BEFORE_MONTH = re.compile(
    r"\b(?:in|since|during|by|until|till|before|after|of|from|between|early|mid|late|throughout|to|im|seit|ab|en|desde)"
    r"[\s-]+(?:(?:early|mid|late)[\s-]+)?$"
)
_HABIT = re.compile(r"\b(?:every|each|any|black|good|casual|most)\s+$")
_BEFORE_YEAR = re.compile(
    r"(?:\b(?:in|since|during|by|until|till|before|after|of|from|between|early|mid|late|year|the|our|my|his|her|their|"
    r"throughout|around|circa|im|seit|en|desde|depuis|nel|em)|['\u2019]s)[\s-]+$"
)
_COUNTED = re.compile(r"\s+[a-z]+s\b")  # "2000 users"
# Every date holds a digit or one of these; most texts hold neither, and finding that out is all they cost.
CORE = frozenset(
    TOKEN.findall(word)[-1]
    for words in (MONTHS, WEEKDAYS, SHORT_WEEKDAYS, SEASONS, HOLIDAYS, PHRASES, UNITS, [f"{unit}s" for unit in UNITS])
    for word in words
)
UNSPACED = [(re.compile(pattern), handler) for pattern, handler in _UNSPACED_RULES]
ANY_UNSPACED = re.compile("|".join(pattern for pattern, _ in _UNSPACED_RULES))
