"""Spans of days: how to count with days, weeks, months and years, and which May or 14th a sentence means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from hindsight_teams.backends.sqlite.text.date_tenses import Lean, leaning
from hindsight_teams.backends.sqlite.text.date_words import FOREIGN_NUMBERS, HAN_DIGITS, NUMBERS, Unit

_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Days:
    """Days from ``start`` up to, not including, ``end``; ``yearless`` where the text gave no year."""

    start: date
    end: date
    yearless: bool = False


NO_DAYS = Days(date.min, date.min)
"""What a text that looks like a date means where it names no day that can be told: 31 April, or just "on Friday"."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text is read.

    Attributes:
        low: The text in lower case.
        raw: The text.
        today: The day on which it is said.
        strict: Only what is sure: for a memory, whose date is shown, not for a query, which only ranks.
    """

    low: str
    raw: str
    today: date
    strict: bool
    nearby: Literal["near", "past"] = "near"

    def lean(self, position: int) -> Lean | Literal["near"] | None:
        """Which occurrence of a day a place in the text means; in a query, in doubt, one about now."""
        found = leaning(self.low, position)
        return found if self.strict else found or self.nearby

    def preceded(self, words: re.Pattern[str], position: int) -> re.Match[str] | None:
        """The words, whose pattern ends in ``$``, that stand right before a position."""
        return words.search(self.low, max(0, position - 48), position)

    def of_the_past(self) -> Reading:
        """The same, where a query in doubt means the last occurrence even if the next one is near: "Q3"."""
        return replace(self, nearby="past")


def easter(year: int) -> date:
    """Easter Sunday of the Western church, by the rule of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    days = moon + weekday - 7 * ((golden + 11 * moon + 22 * weekday) // 451)
    return date(year, 3, 22) + timedelta(days=days)


def first_of(year: int, month: int) -> date:
    """The first day of a month, which may lie outside 1..12."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


_MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12, "decade": 120}


def unit_at(unit: Unit, day: date, offset: int) -> Days:
    """The day, week, ... that lies ``offset`` of them away from the one that holds ``day``."""
    if unit == "fortnight":
        unit, offset = "week", 2 * offset
    if unit == "day":
        start = day + timedelta(days=offset)
        return Days(start, start + timedelta(days=1))
    if unit in ("week", "weekend"):
        start = day - timedelta(days=day.weekday()) + timedelta(weeks=offset)
        return Days(start if unit == "week" else start + timedelta(days=5), start + timedelta(days=7))
    months = _MONTHS[unit]
    first = ((day.year * 12 + day.month - 1) // months + offset) * months + 1
    return Days(first_of(0, first), first_of(0, first + months))


def written(year: int, month: str | int | None = None, day: str | int | None = None) -> Days:
    """A year, or the month or day of it that is given."""
    return unit_at("day" if day else "month" if month else "year", date(year, int(month or 1), int(day or 1)), 0)


def moved(day: date, unit: Unit, count: int) -> date:
    """The same day ``count`` units later: the 31st becomes the last day of a shorter month."""
    if unit == "day":
        return day + timedelta(days=count)
    if unit in ("week", "weekend", "fortnight"):
        return day + timedelta(weeks=count * (2 if unit == "fortnight" else 1))
    first = first_of(day.year, day.month + count * _MONTHS[unit])
    last = first_of(first.year, first.month + 1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def units_between(unit: Unit, day: date, low: int, high: int) -> Days:
    """From the ``low``-th to the ``high``-th unit counted from ``day``, both included."""
    return Days(unit_at(unit, day, min(low, high)).start, unit_at(unit, day, max(low, high)).end)


def ahead(unit: Unit, day: date, least: int, most: int) -> Days:
    """As in "in two weeks": a term in weeks is over on its day; one in months or years, in a month or year."""
    if unit in ("week", "fortnight") and least == most:
        return unit_at("day", moved(day, unit, least), 0)
    return units_between(unit, day, least, most)


def yearless(make: Callable[[int], Days], reading: Reading, position: int) -> Days:
    """A date without a year: its last or its next occurrence, as the sentence leans."""
    today, lean = reading.today, reading.lean(position)
    if lean is None:
        return NO_DAYS
    years = range(today.year, today.year + 9) if lean == "future" else range(today.year + 1, today.year - 9, -1)
    for year in years:  # 29 February: up to eight years apart
        try:
            days = make(year)
        except ValueError:
            continue
        if reading.strict and days.start < today < days.end - timedelta(days=1):
            return NO_DAYS  # "in spring", said in spring: this one or the next
        limit = today + _AHEAD if lean == "near" else today
        if days.end > today if lean == "future" else days.start <= limit:
            return replace(days, yearless=True)
    return NO_DAYS


def in_year(make: Callable[[int], Days], year: str | None, reading: Reading, position: int) -> Days:
    """A date in the year that is written; where none is, as ``yearless``."""
    return make(full_year(year.lstrip("'\u2019"))) if year else yearless(make, reading, position)


def months_in(first: int, count: int = 1) -> Callable[[int], Days]:
    """A month, or more from that one on, of any year."""
    return lambda year: Days(first_of(year, first), first_of(year, first + count))


def day_in(month: int, day: int, last: int | None = None) -> Callable[[int], Days]:
    """A day, or the days up to another one, of a month of any year."""
    return lambda year: Days(date(year, month, day), date(year, month, last or day) + timedelta(days=1))


def last_or_next(make: Callable[[int], Days], way: int, today: date) -> Days:
    """The last occurrence of a date without a year that is over, or the next one that has not begun."""
    found = (make(today.year + way * n) for n in range(3))
    return next(days for days in found if (days.start > today if way > 0 else days.end <= today))


def on_weekday(make: Callable[[int], Days], weekday: int, reading: Reading, position: int) -> Days:
    """A date without a year whose weekday is named: the one year about now in which the two agree."""
    today, lean = reading.today, reading.lean(position)
    found: list[Days] = []
    for year in range(today.year - 5, today.year + 6):
        try:
            days = make(year)
        except ValueError:
            continue
        away = (days.start - today).days
        wanted = {"past": -1830 < away <= 0, "future": 0 <= away < 1830}.get(lean or "", True)
        if days.start.weekday() == weekday and wanted:
            found.append(days)
    nearest = sorted(found, key=lambda days: abs((days.start - today).days))
    return nearest[0] if nearest and abs((nearest[0].start - today).days) <= 400 else NO_DAYS


def nearest_weekday(reading: Reading, position: int, weekday: int) -> Days:
    """The last or the next such weekday, as the sentence leans; in a memory none in doubt, and none on that weekday."""
    away, lean = (weekday - reading.today.weekday()) % 7, reading.lean(position)
    if reading.strict and (lean is None or not away):
        return NO_DAYS
    return unit_at("day", reading.today, (away or 7) if lean == "future" else away - 7 if away else 0)


def nearest_day(reading: Reading, position: int, day: int, *, weekday: int | None = None) -> Days:
    """The last or next day of a month ("the 11th", "Friday the 13th"), as the sentence leans."""
    lean, today = reading.lean(position), reading.today
    for months in range(24 if lean and 1 <= day <= 31 else 0):
        first = moved(today.replace(day=1), "month", months if lean == "future" else -months)
        found = first + timedelta(days=day - 1)
        if found.month != first.month or (weekday is not None and found.weekday() != weekday):
            continue
        if found >= today if lean == "future" else found <= today:
            return unit_at("day", found, 0)
    return NO_DAYS


def how_many(text: str) -> tuple[int, int]:
    """The least and the most that "three", "a few" or "12" mean."""
    text = re.sub(r"\s+", " ", text)
    if text in NUMBERS:
        return NUMBERS[text]
    if text in FOREIGN_NUMBERS:
        return FOREIGN_NUMBERS[text], FOREIGN_NUMBERS[text]
    if text and set(text) <= HAN_DIGITS.keys():
        return _han(text), _han(text)
    return int(text), int(text)


def _han(text: str) -> int:
    """Chinese digits up to 99: 十二, 二十, 二十三; ``ValueError`` for what is no one number, as 四五 (four or five)."""
    tens, ten, ones = text.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        raise ValueError(text)
    return (HAN_DIGITS.get(tens, 1) * 10 if ten else 0) + HAN_DIGITS.get(ones, 0)


def full_year(text: str) -> int:
    """A year of two digits is one of 1950 to 2049."""
    year = int(text)
    return year + (2000 if year < 50 else 1900) if len(text) == 2 else year
