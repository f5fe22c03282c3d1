"""Days, weeks, months and years: spans of days and how to count with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hindsight_teams.backends.sqlite.text.date_words import HAN_DIGITS, NUMBERS, Unit

_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Days:
    """Days from ``start`` up to, not including, ``end``; ``yearless`` where the text gave no year."""

    start: date
    end: date
    yearless: bool = False


def first_of(year: int, month: int) -> date:
    """The first day of a month, which may lie outside 1..12."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def unit_at(unit: Unit, day: date, offset: int) -> Days:
    """The day, week, ... that lies ``offset`` of them away from the one that holds ``day``."""
    if unit == "day":
        start = day + timedelta(days=offset)
        return Days(start, start + timedelta(days=1))
    if unit in ("week", "weekend"):
        start = day - timedelta(days=day.weekday()) + timedelta(weeks=offset)
        return Days(start if unit == "week" else start + timedelta(days=5), start + timedelta(days=7))
    if unit in ("month", "quarter"):
        months = 1 if unit == "month" else 3
        first = (day.month - 1) // months * months + 1 + offset * months
        return Days(first_of(day.year, first), first_of(day.year, first + months))
    years = 1 if unit == "year" else 10
    year = day.year // years * years + offset * years
    return Days(date(year, 1, 1), date(year + years, 1, 1))


def moved(day: date, unit: Unit, count: int) -> date:
    """The same day ``count`` units later: the 31st becomes the last day of a shorter month."""
    if unit == "day":
        return day + timedelta(days=count)
    if unit in ("week", "weekend"):
        return day + timedelta(weeks=count)
    first = first_of(day.year, day.month + count * {"month": 1, "quarter": 3, "year": 12, "decade": 120}[unit])
    last = first_of(first.year, first.month + 1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def units_between(unit: Unit, day: date, low: int, high: int) -> Days:
    """From the ``low``-th to the ``high``-th unit counted from ``day``, both included."""
    return Days(unit_at(unit, day, min(low, high)).start, unit_at(unit, day, max(low, high)).end)


def latest(make: Callable[[int], Days], today: date) -> Days:
    """Of a date without a year the last occurrence, or one at most two months ahead."""
    for year in range(today.year + 1, today.year - 8, -1):  # 29 February: up to eight years apart
        try:
            days = make(year)
        except ValueError:
            continue
        if days.start <= today + _AHEAD:
            return replace(days, yearless=True)
    raise ValueError("no such day")


def how_many(text: str) -> tuple[int, int]:
    """The least and the most that "three", "a few" or "12" mean."""
    text = re.sub(r"\s+", " ", text)
    if text in NUMBERS:
        return NUMBERS[text]
    if text in HAN_DIGITS:
        return HAN_DIGITS[text], HAN_DIGITS[text]
    return int(text), int(text)


def full_year(text: str) -> int:
    """A year of two digits is one of 1950 to 2049."""
    year = int(text)
    return year + (2000 if year < 50 else 1900) if len(text) == 2 else year
