"""Dates and spans of time in a text, by rule: absolute ones and those that are relative to a "now".

Each rule is a pattern and a function from its match to days. What stands before a date ("the week before",
"early", "since") then changes it, and two dates may be the ends of a range. No library is used: dateparser takes
milliseconds for a sentence and gives a moment where a search needs a span.

Conventions: weeks begin on Monday; seasons are those of the northern hemisphere; a date without a year is its last
occurrence, or the next one where that is at most two months ahead; of ``03/04/2023`` only the year is sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hindsight_teams.backends.sqlite.date_words import (
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
    Unit,
)

EARLIEST = date(1000, 1, 1)
"""Where "before" and "until" begin: far from the ends of the calendar, so that time zones can't overflow."""
LATEST = date(9000, 1, 1)
"""Where "after" a date of the future ends."""

_AHEAD = timedelta(days=60)
_THAI_ERA = 543


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time that a text names.

    Attributes:
        start: First moment, aware.
        end: First moment after it, aware.
        text: The words that name it.
    """

    start: datetime
    end: datetime
    text: str


@dataclass(frozen=True, slots=True)
class _Days:
    """Days from ``start`` up to, not including, ``end``; ``yearless`` where the text gave no year."""

    start: date
    end: date
    yearless: bool = False


@dataclass(frozen=True, slots=True)
class _Hit:
    """Days and where in the text they stand."""

    left: int
    right: int
    days: _Days


def find_spans(text: str, now: datetime) -> list[Span]:
    """The spans of time that a text names, in their order in the text.

    Args:
        text: Anything.
        now: What "yesterday" and "last week" are relative to; UTC where naive. Its time zone is that of the result.

    Returns:
        Whole days, half-open; empty where the text names none. Never raises.
    """
    low = text.lower()
    if len(low) != len(text):  # a few letters lower to two: positions would shift
        low = text
    if (
        _CORE.isdisjoint(_TOKEN.findall(low))
        and not _DIGIT.search(low)
        and (low.isascii() or not _ANY_UNSPACED.search(low))
    ):
        return []
    zone = now.tzinfo or UTC
    try:
        hits = _widened(low, _joined(low, _scan(low, now.date()), now.date()), now.date())
        return [
            Span(
                datetime(hit.days.start.year, hit.days.start.month, hit.days.start.day, tzinfo=zone),
                datetime(hit.days.end.year, hit.days.end.month, hit.days.end.day, tzinfo=zone),
                text[hit.left : hit.right],
            )
            for hit in hits
        ]
    except (ValueError, OverflowError):  # "now" itself stands at an end of the calendar
        return []


# --- units of time -----------------------------------------------------------------------------------------------


def _month(year: int, month: int) -> date:
    """The first day of a month, which may lie outside 1..12."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _unit(unit: Unit, day: date, offset: int) -> _Days:
    """The day, week, ... that lies ``offset`` of them away from the one that holds ``day``."""
    if unit == "day":
        start = day + timedelta(days=offset)
        return _Days(start, start + timedelta(days=1))
    if unit in ("week", "weekend"):
        start = day - timedelta(days=day.weekday()) + timedelta(weeks=offset)
        return _Days(start if unit == "week" else start + timedelta(days=5), start + timedelta(days=7))
    if unit in ("month", "quarter"):
        months = 1 if unit == "month" else 3
        first = (day.month - 1) // months * months + 1 + offset * months
        return _Days(_month(day.year, first), _month(day.year, first + months))
    years = 1 if unit == "year" else 10
    year = day.year // years * years + offset * years
    return _Days(date(year, 1, 1), date(year + years, 1, 1))


def _moved(day: date, unit: Unit, count: int) -> date:
    """The same day ``count`` units later: the 31st becomes the last day of a shorter month."""
    if unit == "day":
        return day + timedelta(days=count)
    if unit in ("week", "weekend"):
        return day + timedelta(weeks=count)
    first = _month(day.year, day.month + count * {"month": 1, "quarter": 3, "year": 12, "decade": 120}[unit])
    last = _month(first.year, first.month + 1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def _span(unit: Unit, day: date, low: int, high: int) -> _Days:
    """From the ``low``-th to the ``high``-th unit counted from ``day``, both included."""
    return _Days(_unit(unit, day, min(low, high)).start, _unit(unit, day, max(low, high)).end)


def _recent(make: Callable[[int], _Days], today: date) -> _Days:
    """Of a date without a year the last occurrence, or one at most two months ahead."""
    for year in range(today.year + 1, today.year - 8, -1):  # 29 February: up to eight years apart
        try:
            days = make(year)
        except ValueError:
            continue
        if days.start <= today + _AHEAD:
            return replace(days, yearless=True)
    raise ValueError("no such day")


def _number(text: str) -> tuple[int, int]:
    """The least and the most that "three", "a few" or "12" mean."""
    text = re.sub(r"\s+", " ", text)
    if text in NUMBERS:
        return NUMBERS[text]
    if text in HAN_DIGITS:
        return HAN_DIGITS[text], HAN_DIGITS[text]
    return int(text), int(text)


def _full_year(text: str) -> int:
    """A year of two digits is one of 1950 to 2049."""
    year = int(text)
    return year + (2000 if year < 50 else 1900) if len(text) == 2 else year


# --- rules: a pattern and what it means --------------------------------------------------------------------------

_Handler = Callable[["re.Match[str]", date], "_Days | None"]
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_DIGITS = ("0",)
_RULES: dict[str, list[tuple[re.Pattern[str], _Handler]]] = {}  # by the word that a date begins with
_UNSPACED_RULES: list[tuple[str, _Handler]] = []


def _rule(pattern: str, *begins: Iterable[str]) -> Callable[[_Handler], _Handler]:
    """Add a rule for dates that begin with one of the words; the first rule that reads a date wins."""
    compiled = re.compile(rf"(?<!\w)(?:{pattern})")

    def add(handler: _Handler) -> _Handler:
        for token in {_TOKEN.findall(word)[0] for words in begins for word in words}:
            _RULES.setdefault(token, []).append((compiled, handler))
        return handler

    return add


def _unspaced(pattern: str) -> Callable[[_Handler], _Handler]:
    """Add a rule for a script that has no spaces between words."""

    def add(handler: _Handler) -> _Handler:
        _UNSPACED_RULES.append((pattern, handler))
        return handler

    return add


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in sorted(words, key=len, reverse=True))


_M = _any(MONTHS)
_W = _any(WEEKDAYS)
_WS = _any({**WEEKDAYS, **SHORT_WEEKDAYS})
_S = _any(SEASONS)
_N = rf"\d{{1,3}}|{_any(NUMBERS)}"
_U = _any(UNITS)
_Y = r"[12]\d{3}"
_ORD = r"(?:st|nd|rd|th|er|º|ª|\.)?"
_OF = r"(?:of\s+|de\s+|del\s+|в\s+)?"
_PAST, _THIS, _NEXT = "last|past|previous", r"this|current", r"next|this\s+coming|coming|upcoming"
_NEARBY = ("last", "past", "previous", "this", "current", "next", "coming", "upcoming")


@_rule(r"(\d{4})-(\d{2})-(\d{2})(?:t\d{2}(?::?\d{2}){0,2}(?:\.\d{1,9})?(?:z|[+-]\d{2}:?\d{2})?)?(?![\w-])", _DIGITS)
@_rule(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?![\w/])", _DIGITS)
@_unspaced(r"(?<!\d)(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日号號일]")
def _year_month_day(m: re.Match[str], today: date) -> _Days:
    return _unit("day", date(int(m[1]), int(m[2]), int(m[3])), 0)


@_unspaced(r"(?<!\d)(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]")
def _year_month(m: re.Match[str], today: date) -> _Days:
    return _unit("month", date(int(m[1]), int(m[2]), 1), 0)


@_unspaced(r"(?<!\d)(\d{4})\s?[年년](?!\s?[前전])")
def _year_sign(m: re.Match[str], today: date) -> _Days:
    return _unit("year", date(int(m[1]), 1, 1), 0)


@_unspaced(r"(?<!\d)(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日号號일]")
def _month_day_signs(m: re.Match[str], today: date) -> _Days:
    return _recent(lambda year: _unit("day", date(year, int(m[1]), int(m[2])), 0), today)


@_rule(r"(\d{1,2})(?P<sep>[/.-])(\d{1,2})(?P=sep)(\d{4}|\d{2})(?![\w/]|[.-]\d)", _DIGITS)
def _numeric(m: re.Match[str], today: date) -> _Days | None:
    first, second, year = int(m[1]), int(m[3]), _full_year(m[4])
    if len(m[4]) == 2 and m[2] != "/":
        return None  # 1.2.13 and 1-2-13 are versions and section numbers
    if m[2] == "." or first > 12:
        return _unit("day", date(year, second, first), 0)
    if second > 12 or first == second:
        return _unit("day", date(year, first, second), 0)
    return None


@_rule(r"([12]\d{3})\s?[-\u2013\u2014]\s?([12]\d{3}|\d{2})(?![\w-]|[.,]\d)", _DIGITS)
def _years(m: re.Match[str], today: date) -> _Days | None:
    first = int(m[1])
    if len(m[2]) == 2 and 1 <= int(m[2]) <= 12:
        return _unit("month", date(first, int(m[2]), 1), 0)
    last = int(m[2]) if len(m[2]) == 4 else first // 100 * 100 + int(m[2])
    return _Days(date(first, 1, 1), date(last + 1, 1, 1)) if first < last else None


@_rule(
    rf"(?:(\d{{1,2}}){_ORD}\s?(?:-|\u2013|to|and|bis|au|al)\s?)?(\d{{1,2}}){_ORD}\s+{_OF}({_M})(?!\w)\.?"
    rf"(?:,?\s+{_OF}(?:พ\.ศ\.\s?)?({_Y})\b)?",
    _DIGITS,
)
def _day_month(m: re.Match[str], today: date) -> _Days:
    month, first, last = MONTHS[m[3]], int(m[1] or m[2]), int(m[2])

    def make(year: int) -> _Days:
        return _Days(date(year, month, first), date(year, month, last) + timedelta(days=1))

    if not m[4]:
        return _recent(make, today)
    return make(int(m[4]) - (_THAI_ERA if m[3] > "\u0e00" and int(m[4]) > 2400 else 0))


@_rule(
    rf"({_M})(?!\w)\.?\s+(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?(?:-|\u2013|to|and)\s?(\d{{1,2}})(?:st|nd|rd|th)?)?"
    rf"(?![\w:%]|[.,]\d)(?:,?\s+{_OF}({_Y})\b(?![.,]?\d))?",
    MONTHS,
)
def _month_day(m: re.Match[str], today: date) -> _Days:
    def make(year: int) -> _Days:
        month = MONTHS[m[1]]
        return _Days(date(year, month, int(m[2])), date(year, month, int(m[3] or m[2])) + timedelta(days=1))

    return make(int(m[4])) if m[4] else _recent(make, today)


@_rule(rf"({_M})(?!\w)\.?,?\s+{_OF}(?:พ\.ศ\.\s?)?({_Y})\b", MONTHS)
def _month_year(m: re.Match[str], today: date) -> _Days:
    thai = m[1] > "\u0e00" and int(m[2]) > 2400
    return _unit("month", date(int(m[2]) - (_THAI_ERA if thai else 0), MONTHS[m[1]], 1), 0)


def _season(name: str, year: int) -> _Days:
    return _Days(_month(year, SEASONS[name]), _month(year, SEASONS[name] + 3))


@_rule(rf"(?:in\s+)?(?:the\s+)?({_S})\s+(?:of\s+|in\s+)?({_Y})\b", SEASONS, ("in", "the"))
def _season_year(m: re.Match[str], today: date) -> _Days:
    return _season(m[1], int(m[2]))


@_rule(
    rf"(?:q([1-4])|(first|second|third|fourth)\s+quarter)(?:\s+of)?,?\s+({_Y})\b",
    ("q", "first", "second", "third", "fourth"),
)
def _quarter(m: re.Match[str], today: date) -> _Days:
    number = int(m[1]) if m[1] else ["first", "second", "third", "fourth"].index(m[2]) + 1
    return _unit("quarter", date(int(m[3]), number * 3, 1), 0)


@_rule(r"(?:the\s+)?['\u2019]?((?:1[0-9]|20)\d0|[2-9]0)['\u2019]?s\b", _DIGITS, ("the",))
def _decade(m: re.Match[str], today: date) -> _Days | None:
    if len(m[1]) == 2 and not (
        m[0].startswith("the") or m.string[max(0, m.start() - 1) : m.start()] in ("'", "\u2019")
    ):
        return None  # "in her 30s" is an age
    return _unit("decade", date(int(m[1]) if len(m[1]) == 4 else 1900 + int(m[1]), 1, 1), 0)


@_rule(rf"({_any(HOLIDAYS)})(?:\s+(?:of\s+|in\s+)?({_Y})\b)?", HOLIDAYS)
def _holiday(m: re.Match[str], today: date) -> _Days:
    month, day, length = HOLIDAYS[re.sub(r"\s+", " ", m[1])]

    def make(year: int) -> _Days:
        return _Days(date(year, month, day), date(year, month, day) + timedelta(days=length))

    return make(int(m[2])) if m[2] else _recent(make, today)


@_rule(rf"({_any(PHRASES)})(?!\w)", PHRASES)
def _phrase(m: re.Match[str], today: date) -> _Days:
    unit, offset = PHRASES[re.sub(r"\s+", " ", m[1])]
    return _unit(unit, today, offset)


@_rule(
    rf"(?:(the)\s+)?({_PAST}|next|coming)\s+(?:({_N})\s+)?({_U})(s?)\b",
    ("the", "last", "past", "previous", "next", "coming"),
)
def _last_units(m: re.Match[str], today: date) -> _Days | None:
    if m[5] and not m[3]:
        return None  # "the last days of" names no span
    unit, ahead = UNITS[m[4]], m[2] in ("next", "coming")
    if m[3] or (not ahead and (m[1] or m[2] == "past")):  # a span that ends or begins now
        most = _number(m[3] or "one")[1]
        if ahead:
            return _Days(today, _moved(today, unit, most) + timedelta(days=1))
        return _Days(_moved(today, unit, -most), today + timedelta(days=1))
    if unit == "weekend":  # on a weekend "last" is the one before, "next" the one after
        return _unit(unit, today, 1 if ahead and today.weekday() >= 5 else 0 if ahead else -1)
    return _unit(unit, today, 1 if ahead else -1)


@_rule(rf"(?:(earlier|later)\s+)?(?:this|current)\s+({_U})\b", ("earlier", "later", "this", "current"))
def _this_unit(m: re.Match[str], today: date) -> _Days:
    days = _unit(UNITS[m[2]], today, 0)
    if m[1] == "earlier":
        return _Days(days.start, max(today, days.start + timedelta(days=1)))
    return _Days(today, days.end) if m[1] else days


@_rule(rf"({_N})\s+({_U})s?\s+(ago|back|from\s+now|from\s+today)\b", _DIGITS, NUMBERS)
def _units_ago(m: re.Match[str], today: date) -> _Days | None:
    (least, most), sign = _number(m[1]), 1 if m[3].startswith("from") else -1
    if m[2] in ("hour", "minute"):
        hours = (most if m[2] == "hour" else 0) // 24
        return _unit("day", today, sign * hours)
    return _span(UNITS[m[2]], today, sign * least, sign * most)


@_rule(rf"in\s+({_N})\s+({_U})s?(?:['\u2019]s?\s+time)?(?=\s*(?:[.,;:!?)]|$))", ("in",))
def _in_units(m: re.Match[str], today: date) -> _Days | None:
    least, most = _number(m[1])
    return None if m[2] in ("hour", "minute") else _span(UNITS[m[2]], today, least, most)


@_rule(rf"(?:vor|il\s+y\s+a|hace|há)\s+(\d{{1,3}})\s+({_any(FOREIGN_UNITS)})(?!\w)", ("vor", "il", "hace", "há"))
@_rule(rf"(\d{{1,3}})\s+({_any(FOREIGN_UNITS)})\s+(?:fa|назад|atrás)\b", _DIGITS)
def _foreign_ago(m: re.Match[str], today: date) -> _Days:
    return _unit(FOREIGN_UNITS[m[2]], today, -int(m[1]))


@_rule(rf"({_PAST}|{_THIS}|{_NEXT})\s+({_WS})(?!\w)", _NEARBY)
def _last_weekday(m: re.Match[str], today: date) -> _Days:
    weekday = {**WEEKDAYS, **SHORT_WEEKDAYS}[m[2]]
    if m[1] in ("this", "current"):
        return _unit("day", today - timedelta(days=today.weekday()), weekday)
    if m[1] in ("next", "coming", "upcoming") or m[1].endswith("coming"):
        return _unit("day", today, (weekday - today.weekday() - 1) % 7 + 1)
    return _unit("day", today, -((today.weekday() - weekday - 1) % 7 + 1))


@_rule(rf"({_PAST}|{_THIS}|{_NEXT})\s+({_M}|{_S})(?!\w)", _NEARBY)
def _last_month_name(m: re.Match[str], today: date) -> _Days:
    def make(year: int) -> _Days:
        return _season(m[2], year) if m[2] in SEASONS else _unit("month", date(year, MONTHS[m[2]], 1), 0)

    if m[1] in ("next", "coming", "upcoming") or m[1].endswith("coming"):
        return next(days for year in range(today.year, today.year + 3) if (days := make(year)).start > today)
    if m[1] in ("this", "current"):
        before = make(today.year - 1)
        return before if before.end > today else make(today.year)  # "this winter" in January
    return next(days for year in range(today.year, today.year - 3, -1) if (days := make(year)).end <= today)


@_rule(rf"(?:in|during|over|since|until|by)\s+(?:the\s+)?({_S})\b", ("in", "during", "over", "since", "until", "by"))
def _season_alone(m: re.Match[str], today: date) -> _Days:
    return _recent(lambda year: _season(m[1], year), today)


@_rule(rf"({_M})(?!\w)", MONTHS)
def _month_alone(m: re.Match[str], today: date) -> _Days | None:
    if m[1] in WEAK_MONTHS and not _BEFORE_MONTH.search(m.string, max(0, m.start() - 24), m.start()):
        return None
    return _recent(lambda year: _unit("month", date(year, MONTHS[m[1]], 1), 0), today)


@_rule(rf"({_W})(?!\w)", WEEKDAYS)
def _weekday(m: re.Match[str], today: date) -> _Days | None:
    if _HABIT.search(m.string, max(0, m.start() - 12), m.start()):
        return None
    return _unit("day", today, -((today.weekday() - WEEKDAYS[m[1]]) % 7))


@_rule(rf"(?<![$€£#])({_Y})(?![\w%°/:@]|[.,]\d|-[\d])", _DIGITS)
def _year(m: re.Match[str], today: date) -> _Days | None:
    if not _BEFORE_YEAR.search(m.string, max(0, m.start() - 16), m.start()) and (
        not 1900 <= int(m[1]) < 2100 or _COUNTED.match(m.string, m.end())
    ):
        return None
    return _unit("year", date(int(m[1]), 1, 1), 0)


@_unspaced(_any(UNSPACED_PHRASES))
def _unspaced_phrase(m: re.Match[str], today: date) -> _Days:
    unit, offset = UNSPACED_PHRASES[m[0]]
    return _unit(unit, today, offset)


@_unspaced(rf"(\d{{1,3}}|[{''.join(HAN_DIGITS)}])\s?({_any(UNSPACED_UNITS)})\s?[前전]")
def _unspaced_ago(m: re.Match[str], today: date) -> _Days:
    least, most = _number(m[1])
    return _span(UNSPACED_UNITS[m[2]], today, -least, -most)


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
_CORE = frozenset(
    _TOKEN.findall(word)[-1]
    for words in (MONTHS, WEEKDAYS, SHORT_WEEKDAYS, SEASONS, HOLIDAYS, PHRASES, UNITS, [f"{unit}s" for unit in UNITS])
    for word in words
)
_DIGIT = re.compile(r"\d")
_UNSPACED_HANDLERS = [(re.compile(pattern), handler) for pattern, handler in _UNSPACED_RULES]
_ANY_UNSPACED = re.compile("|".join(pattern for pattern, _ in _UNSPACED_RULES))


# --- finding and combining ---------------------------------------------------------------------------------------


def _scan(low: str, today: date) -> list[_Hit]:
    """Every date that a rule reads by itself."""
    hits: list[_Hit] = []
    if not low.isascii():
        for found in _ANY_UNSPACED.finditer(low):
            _read(low, found.start(), _UNSPACED_HANDLERS, today, hits)
    taken = iter(tuple(hits))
    other = next(taken, None)
    position = 0
    for token in _TOKEN.finditer(low):
        start = token.start()
        while other and other.right <= start:
            position, other = max(position, other.right), next(taken, None)
        if start < position or (other and start >= other.left):
            continue
        rules = _RULES.get(token[0]) or (_RULES["0"] if token[0].isdecimal() else None)
        if rules and _read(low, start, rules, today, hits):
            position = hits[-1].right
    return sorted(hits, key=lambda hit: hit.left)


def _read(low: str, start: int, rules: list[tuple[re.Pattern[str], _Handler]], today: date, hits: list[_Hit]) -> bool:
    """Add the date that begins at ``start``, as the first rule reads it that can."""
    for pattern, handler in rules:
        if match := pattern.match(low, start):
            try:
                days = handler(match, today)
            except (ValueError, OverflowError, StopIteration):  # 31 June; the year 9999
                continue
            if days:
                hits.append(_Hit(match.start(), match.end(), days))
                return True
    return False


_BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$")
_AND = re.compile(r"\s+(?:and|or)\s+(?:the\s+)?$|\s*[,&]\s*$")
_TO = re.compile(
    r"\s*(?:-|\u2013|\u2014|~|\u301c|\bto\b|\buntil\b|\btill\b|\bthrough\b|\bthru\b|\bbis\b|至|到|から)\s*(?:the\s+)?$"
)
_FROM = re.compile(r"\b(?:from|von|vom|desde)\s+(?:the\s+)?$")


def _joined(low: str, hits: list[_Hit], today: date) -> list[_Hit]:
    """Two dates with "to", or "between ... and", are one span; "May and June 2023" is twice 2023."""
    joined: list[_Hit] = []
    for hit in hits:
        first = joined[-1] if joined else None
        if first and hit.left - first.right <= 12:
            between = _BETWEEN.search(low, max(0, first.left - 14), first.left)
            listed = _AND.match(low, first.right, hit.left)
            to = _TO.match(low, first.right, hit.left)
            if listed or to:
                days = first.days
                if days.yearless and not hit.days.yearless:
                    days = _with_year(days, hit.days.start)
                if (to or (between and listed)) and days.start < hit.days.end:
                    opening = between or _FROM.search(low, max(0, first.left - 12), first.left)
                    left = opening.start() if opening else first.left
                    span = _Days(days.start, max(days.end, hit.days.end), days.yearless and hit.days.yearless)
                    joined[-1] = _Hit(left, hit.right, span)
                    continue
                joined[-1] = replace(first, days=days)
        joined.append(hit)
    return joined


def _with_year(days: _Days, before: date) -> _Days:
    """The days in the year that makes them begin last before the given day."""
    try:
        for year in (before.year, before.year - 1):
            start = days.start.replace(year=year)
            if start <= before:
                return _Days(start, start + (days.end - days.start))
    except ValueError:
        pass
    return days


_PART = re.compile(
    r"\b(?:(?P<third>early|mid|late|(?:the\s+)?(?:beginning|start|middle|end)\s+of)|"
    r"(?:the\s+)?(?P<half>first|second)\s+half\s+of)[\s-]+(?:in\s+)?(?:the\s+)?$"
)
_OFFSET = re.compile(
    rf"(?:\b(?P<n>{_N})\s+)?(?:\bthe\s+)?\b(?P<unit>{_U}|{_W})s?\s+"
    r"(?P<way>before|after|prior\s+to|following|preceding|of)\s+(?:the\s+)?$"
)
_FROM_THEN = re.compile(
    r"\b(?:ever\s+)?(?:since|seit|depuis|desde|as\s+of|starting|beginning)\s+(?:in\s+)?(?:the\s+)?$"
)
_UP_TO = re.compile(
    r"\b(?P<way>before|prior\s+to|earlier\s+than|until|till|up\s+to|by|through|bis|hasta|after|later\s+than)"
    r"\s+(?:the\s+)?$"
)


def _widened(low: str, hits: list[_Hit], today: date) -> list[_Hit]:
    """What stands before a date changes it: "early", "the week before", "since"."""
    result: list[_Hit] = []
    for hit in hits:
        try:
            changed = _directed(low, _offset(low, _part(low, hit)), today)
        except (ValueError, OverflowError):
            changed = hit
        while result and result[-1].right > changed.left:  # the weekday of "the Friday before ..." is no date
            result.pop()
        result.append(changed)
    return result


def _part(low: str, hit: _Hit) -> _Hit:
    match = _PART.search(low, max(0, hit.left - 28), hit.left)
    if not match:
        return hit
    start, length = hit.days.start, hit.days.end - hit.days.start
    words = match["third"] or match["half"]
    parts = 3 if match["third"] else 2
    which = 0 if re.search("early|beginning|start|first", words) else 1 if re.search("mid|second", words) else 2
    days = replace(hit.days, start=start + length * which // parts, end=start + length * (which + 1) // parts)
    return replace(hit, left=match.start(), days=days) if days.start < days.end else hit


def _offset(low: str, hit: _Hit) -> _Hit:
    match = _OFFSET.search(low, max(0, hit.left - 40), hit.left)
    if not match:
        return hit
    word, way, anchor = match["unit"], match["way"], hit.days
    least, most = _number(match["n"] or "one")
    if way == "of":
        if match["n"] or UNITS.get(word) not in ("week", "weekend", "month"):
            return hit  # "a week of May", "two days of June"
        days = _unit(UNITS[word], anchor.start, 0)
    elif word in ("hour", "minute"):
        return hit
    elif word in WEEKDAYS:
        if way in ("after", "following"):
            ahead = (WEEKDAYS[word] - anchor.end.weekday()) % 7
            days = _unit("day", anchor.end, ahead + 7 * (least - 1))
        else:
            back = (anchor.start.weekday() - WEEKDAYS[word] - 1) % 7 + 1
            days = _unit("day", anchor.start, -back - 7 * (least - 1))
    elif way in ("after", "following"):
        days = _beside(UNITS[word], anchor.end, least, most, 1, exact=bool(match["n"]))
    else:
        days = _beside(UNITS[word], anchor.start, least, most, -1, exact=bool(match["n"]))
    return replace(hit, left=match.start(), days=days)


def _beside(unit: Unit, edge: date, least: int, most: int, sign: int, *, exact: bool) -> _Days:
    """The week before an edge is the seven days up to it; "two months before" it, the month around that day."""
    if unit == "weekend":
        if sign < 0:  # the last Sunday before the edge
            sunday = edge - timedelta(days=edge.weekday() + 1)
            return _Days(sunday - timedelta(days=1 + 7 * (most - 1)), sunday + timedelta(days=1 - 7 * (least - 1)))
        saturday = edge + timedelta(days=(5 - edge.weekday()) % 7)
        return _Days(saturday + timedelta(days=7 * (least - 1)), saturday + timedelta(days=2 + 7 * (most - 1)))
    near, far = _moved(edge, unit, sign * (least - 1)), _moved(edge, unit, sign * most)
    if unit == "day" or not exact:
        return _Days(min(near, far), max(near, far))
    middle = timedelta(days=(abs((far - _moved(edge, unit, sign * (most - 1))).days)) // 2)
    return _Days(min(near, far) + sign * middle, max(near, far) + sign * middle)


def _directed(low: str, hit: _Hit, today: date) -> _Hit:
    days = hit.days
    if match := _FROM_THEN.search(low, max(0, hit.left - 24), hit.left):
        if days.yearless and days.start > today:
            days = _with_year(days, today)
        end = today + timedelta(days=1)
        return replace(hit, left=match.start(), days=_Days(days.start, end if end > days.start else LATEST))
    if match := _UP_TO.search(low, max(0, hit.left - 24), hit.left):
        way = match["way"]
        if way in ("after", "later than"):
            end = today + timedelta(days=1)
            return replace(hit, left=match.start(), days=_Days(days.end, end if end > days.end else LATEST))
        end = days.start if way.startswith(("before", "prior", "earlier")) else days.end
        return replace(hit, left=match.start(), days=_Days(min(EARLIEST, end - timedelta(days=1)), end))
    return hit
