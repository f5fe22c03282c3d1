"""How dates combine with each other and with the words around them: ranges, open ends, "early", "the week before"."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from hindsight_teams.backends.sqlite.text.date_grammar import ANY_NUMBER, ANY_UNIT, ANY_WEEKDAY, any_of
from hindsight_teams.backends.sqlite.text.date_units import Days, first_of, how_many, moved, unit_at, units_between
from hindsight_teams.backends.sqlite.text.date_words import UNITS, WEEKDAYS, Unit

EARLIEST = date(1000, 1, 1)
"""Where "before" and "until" begin in a search: far from the calendar's ends, so that time zones can't overflow."""
LATEST = date(9000, 1, 1)
"""Where "after" a date of the future ends in a search."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Days and where in the text they stand."""

    left: int
    right: int
    days: Days
    open: Literal["start", "end"] | None = None


_BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$")
_AND = re.compile(r"\s+(?:and|or)\s+(?:the\s+)?$|\s*[,&]\s*$")
_TO = re.compile(
    r"\s*(?:-|\u2013|\u2014|~|\u301c|\bto\b|\buntil\b|\btill\b|\bthrough\b|\bthru\b|\bbis\b|\bal?\b|\bau\b|\bao\b|\baté\b|\bhasta\b|\bпо\b|\bsampai\b|至|到|から)\s*(?:(?:the|el|le|il|o)\s+)?$"
)
_FROM = re.compile(r"\b(?:from|von|vom|desde|del?|du|dal|с|dari)\s+(?:the\s+)?$")


def combined(low: str, hits: list[Hit], today: date) -> list[Hit]:
    """Dates with what stands before, after and between them: ranges, open ends, "early", "the week before"."""
    return _widened(low, _joined(low, hits), today)


def _joined(low: str, hits: list[Hit]) -> list[Hit]:
    """Two dates with "to", or "between ... and", are one span; "May and June 2023" is twice 2023."""
    joined: list[Hit] = []
    for hit in hits:
        first = joined[-1] if joined else None
        if first and hit.left - first.right <= 12:
            between = _BETWEEN.search(low, max(0, first.left - 14), first.left)
            if first.days.yearless and _is_year(hit.days) and _OF_YEAR.fullmatch(low, first.right, hit.left):
                with suppress(ValueError):
                    days = _in_year(first.days, hit.days.start.year)
                    joined[-1] = Hit(first.left, hit.right, days)
                    continue
            listed = _AND.match(low, first.right, hit.left)
            to = _TO.match(low, first.right, hit.left)
            if listed or to:
                days = first.days
                if days.yearless and not hit.days.yearless:
                    days = _with_year(days, hit.days.start)
                if (to or (between and listed)) and days.start < hit.days.end:
                    opening = between or _FROM.search(low, max(0, first.left - 12), first.left)
                    left = opening.start() if opening else first.left
                    span = Days(days.start, max(days.end, hit.days.end), days.yearless and hit.days.yearless)
                    joined[-1] = Hit(left, hit.right, span)
                    continue
                joined[-1] = replace(first, days=days)
        joined.append(hit)
    return joined


_OF_YEAR = re.compile(r"\s*,?\s*(?:of|de|del|do|des)?\s*")


def _is_year(days: Days) -> bool:
    return replace(days, yearless=False) == unit_at("year", days.start, 0)


def _in_year(days: Days, year: int) -> Days:
    start = days.start.replace(year=year)
    return Days(start, start + (days.end - days.start))


def _with_year(days: Days, before: date) -> Days:
    """The days in the year that makes them begin last before the given day."""
    try:
        for year in (before.year, before.year - 1):
            moved_to = _in_year(days, year)
            if moved_to.start <= before:
                return moved_to
    except ValueError:
        pass
    return days


_PART = re.compile(
    r"\b(?:(?P<third>early|mid|late|(?:the\s+)?(?:beginning|start|middle|end)\s+of)|"
    r"(?:the\s+)?(?P<half>first|second)\s+half\s+of)[\s-]+(?:in\s+)?(?:the\s+)?$"
)
_ORDINALS = {word: n for n, word in enumerate("first second third fourth fifth".split(), 1)}
_OFFSET = re.compile(
    rf"(?:\b(?P<n>{ANY_NUMBER}|{any_of(_ORDINALS)})\s+)?(?:\bthe\s+)?\b(?P<unit>{ANY_UNIT}|{ANY_WEEKDAY})s?\s+"
    r"(?P<way>before|after|prior\s+to|following|preceding|of|from)\s+(?:the\s+)?$"
)
_SINCE_WORDS = frozenset("since seit depuis desde dal с sejak sinds منذ".split())
_FROM_THEN = re.compile(
    r"\b(?:ever\s+)?(?P<way>since|seit|depuis|desde|dal|с|sejak|sinds|vanaf|منذ|as\s+of|(?:starting|beginning)(?:\s+(?:on|from|with))?|à\s+partir\s+d[eu]|a\s+partir\s+de?l?|ab)"
    r"\s+(?:in\s+|de[mn]\s+|el\s+|l[ae]\s+|o\s+|il\s+|tahun\s+|عام\s+|سنة\s+)?(?:the\s+)?$"
)
_DAYS_TO_DAYS = re.compile(r"\d{1,2}\W{0,2}(?:[-\u2013]|\s(?:to|bis|au|al|a|по)\s)\W?\d{1,2}\b")
_UP_TO = re.compile(
    r"\b(?P<way>before|prior\s+to|earlier\s+than|(?:no|not)\s+later\s+than|spätestens(?:\s+(?:am|bis|zum))?|au\s+plus\s+tard(?:\s+le)?|"
    r"a\s+más\s+tardar(?:\s+el)?|o\s+mais\s+tardar|entro(?:\s+il)?|uiterlijk(?:\s+op)?|не\s+позднее|until|till|up\s+to(?:\s+and\s+including)?|by|through|bis(?:\s+zum)?|hasta(?:\s+el)?|"
    r"até(?:\s+o)?|fino\s+al?|jusqu['\u2019](?:en|au|à)|avant(?:\s+le)?|antes\s+del?|до|sampai|hingga|sebelum|حتى|قبل|after|later\s+than|setelah|بعد)"
    r"\s+(?:(?:\d{1,2}(?:[:.]\d\d)?(?:\s?[ap]\.?m\.?)?|noon|midnight)\s+(?:on\s+)?)?(?:the\s+|tahun\s+|عام\s+|سنة\s+)?"
    r"(?:ende\s+|fin\s+(?:de\s+)?|finales?\s+de\s+|fim\s+de\s+|fine\s+)?$"
)
_BEFORE_WORDS = ("before", "prior", "earlier", "avant", "antes", "sebelum", "قبل")
_ONWARDS = re.compile(
    r"\s+(?:on|forward)\b(?=\s*(?:[.,;:!?)]|$))|\s+onwards?\b|\s?(?:以来|以來|起(?!床)|以降|から|이후|이래|से(?!\S)|থেকে)"
    r"|['\u2019](?:d[ea]|t[ea])n\s+(?:beri|itibaren|bu\s+yana)\b"
)
_NO_LATER = re.compile(r"\s?[末底]?(?:まで|까지|之前|以前|前|为止|為止)|\s+(?:तक|تک|পর্যন্ত)|['\u2019]y?[ea]\s+kadar\b")
_RANGE = re.compile(r"[年月日]\s?(?:から|到|至|~|\u301c)")
_FROM_NOW = re.compile(
    r"(?:^\W*|\b(?:valid|works?|open|closed|appl(?:y|ies)|available|effective|free|on\s+leave|in\s+force)\s+)(?P<from>from)\s+(?:the\s+)?$"
)
_FROM_WORD = re.compile(r"\bfrom\s+(?:the\s+)?$")


def _widened(low: str, hits: list[Hit], today: date) -> list[Hit]:
    """What stands before a date changes it: "early", "the week before", "since"."""
    result: list[Hit] = []
    for hit in hits:
        try:
            changed = _bounded(low, _directed(low, _offset(low, _part(low, hit)), today), today)
        except (ValueError, OverflowError):
            changed = hit
        while result and result[-1].right > changed.left:  # the weekday of "the Friday before ..." is not a date
            result.pop()
        result.append(changed)
    return result


def _part(low: str, hit: Hit) -> Hit:
    match = _PART.search(low, max(0, hit.left - 28), hit.left)
    if not match:
        return hit
    start, length = hit.days.start, hit.days.end - hit.days.start
    words = match["third"] or match["half"]
    parts = 3 if match["third"] else 2
    which = 0 if re.search("early|beginning|start|first", words) else 1 if re.search("mid|second", words) else 2
    days = replace(hit.days, start=start + length * which // parts, end=start + length * (which + 1) // parts)
    if hit.days.end.year - start.year == 10:  # of a decade, whole years
        days = Days(first_of(start.year + 3 * which, 1), first_of(start.year + 3 * which + 4, 1))
    if match["half"] and _is_year(hit.days):
        days = Days(first_of(start.year, 6 * which + 1), first_of(start.year, 6 * which + 7))
    return replace(hit, left=match.start(), days=days) if days.start < days.end else hit


def _offset(low: str, hit: Hit) -> Hit:
    match = _OFFSET.search(low, max(0, hit.left - 40), hit.left)
    if not match:
        return hit
    word, way, anchor = match["unit"], match["way"], hit.days
    if low.startswith("christmas", hit.left) and anchor.end - anchor.start > timedelta(days=1):
        anchor = unit_at("day", anchor.start, 1)  # the day after Christmas is the 26th
    ordinal = _ORDINALS.get(match["n"] or "")
    least, most = (ordinal, ordinal) if ordinal else how_many(match["n"] or "one")
    sign = 1 if way in ("after", "following", "from") else -1
    edge = anchor.end if sign > 0 else anchor.start
    if word in ("hour", "minute"):
        return hit
    if word == "year" and _is_year(anchor) and way != "of":  # "two years after 2019"
        days = units_between("year", anchor.start, sign * least, sign * most)
    elif way == "from":  # "a week from Friday"
        if match["n"] is None or least != most or word not in UNITS or low[: match.start()].endswith("for "):
            return hit
        days = unit_at("day", moved(anchor.start, UNITS[word], least), 0)
    elif way == "of":
        if match["n"] or UNITS.get(word) not in ("week", "weekend", "month"):
            return hit  # "a week of May", "two days of June"
        days = unit_at(UNITS[word], anchor.start, 0)
    elif word in WEEKDAYS:
        away = (WEEKDAYS[word] - edge.weekday()) % 7 - (7 if sign < 0 else 0)
        days = unit_at("day", edge, away + sign * 7 * (least - 1))
    else:
        days = _beside(UNITS[word], edge, least, most, sign, exact=bool(match["n"]) and not ordinal)
    return replace(hit, left=match.start(), days=days)


def _beside(unit: Unit, edge: date, least: int, most: int, sign: int, *, exact: bool) -> Days:
    """The week before an edge is the seven days up to it; "two months before" it, the month around that day."""
    if unit == "weekend":
        saturday = edge + timedelta(days=(5 - edge.weekday()) % 7 if sign > 0 else -2 - edge.weekday())
        near, far = (saturday + timedelta(weeks=sign * (count - 1)) for count in (least, most))
        return Days(min(near, far), max(near, far) + timedelta(days=2))
    near, far = moved(edge, unit, sign * (least - 1)), moved(edge, unit, sign * most)
    if unit == "day" or not exact:
        return Days(min(near, far), max(near, far))
    middle = timedelta(days=(abs((far - moved(edge, unit, sign * (most - 1))).days)) // 2)
    return Days(min(near, far) + sign * middle, max(near, far) + sign * middle)


def _directed(low: str, hit: Hit, today: date) -> Hit:
    days = hit.days
    if not _DAYS_TO_DAYS.match(low, hit.left) and (match := _FROM_THEN.search(low, max(0, hit.left - 24), hit.left)):
        return _from(replace(hit, left=match.start()), today, past=match["way"] in _SINCE_WORDS)
    if days.start > today and (match := _FROM_NOW.search(low, 0, hit.left)):
        return replace(hit, left=match.start("from"), days=Days(days.start, LATEST), open="end")
    if match := _UP_TO.search(low, max(0, hit.left - 24), hit.left):
        way = match["way"]
        if way in ("after", "later than", "setelah", "بعد"):
            end = today + timedelta(days=1)
            of_a_thing = match[0].endswith("the ") and days in (
                unit_at("month", days.start, 0),
                unit_at("year", days.start, 0),
            )
            start = days.start if of_a_thing else days.end  # "after the June 2024 storm" may be in June
            after = Days(start, end if end > start else LATEST)
            return replace(hit, left=match.start(), days=after, open="end")
        return _to(replace(hit, left=match.start()), days.start if way.startswith(_BEFORE_WORDS) else days.end)
    return hit


def _bounded(low: str, hit: Hit, today: date) -> Hit:
    """What stands after a date: "from 3 May on", "3月まで"."""
    if hit.open is None:
        if match := _ONWARDS.match(low, hit.right):
            if match[0].strip() not in ("on", "forward") or _FROM_WORD.search(low, max(0, hit.left - 10), hit.left):
                return _from(hit, today, past=False)
        elif _RANGE.search(low, hit.left, hit.right):
            return hit
        elif _NO_LATER.match(low, hit.right) or low[: hit.left].endswith(("到", "至")):
            return _to(hit, hit.days.end)
    return hit


def _from(hit: Hit, today: date, *, past: bool) -> Hit:
    days = hit.days
    if past and days.yearless:
        days = _with_year(days, today)
    end = today + timedelta(days=1)
    return replace(hit, days=Days(days.start, end if end > days.start else LATEST), open="end")


def _to(hit: Hit, end: date) -> Hit:
    return replace(hit, days=Days(min(EARLIEST, end - timedelta(days=1)), end), open="start")
