"""The form of a date rule, and how dates combine with each other and with the words around them.

A rule is a pattern, the words it begins with, and the days that a match means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from hindsight_teams.backends.sqlite.text.date_units import Days, Reading, first_of, how_many, moved, unit_at
from hindsight_teams.backends.sqlite.text.date_words import (
    DECADES,
    FOREIGN_PHRASES,
    FOREIGN_SEASONS,
    FOREIGN_UNITS,
    HOLIDAYS,
    MONTHS,
    NUMBERS,
    PHRASES,
    QUARTERS,
    SEASONS,
    SHORT_WEEKDAYS,
    UNITS,
    WEEKDAYS,
    Unit,
)

Handler = Callable[["re.Match[str]", Reading], "Days | None"]
"""The days of a match; None where another rule may read it, ``NO_DAYS`` where it names no day for certain."""

TOKEN = re.compile(r"\d+|[^\W\d_]+")
DIGITS = ("0",)
RULES: dict[str, list[tuple[re.Pattern[str], Handler]]] = {}
"""By the word that a date begins with; the first rule that reads a date wins."""
UNSPACED_RULES: list[tuple[str, Handler]] = []


def rule(pattern: str, *begins: Iterable[str]) -> Callable[[Handler], Handler]:
    """Add a rule for dates that begin with one of the words."""
    compiled = re.compile(rf"(?<!\w)(?:{pattern})")

    def add(handler: Handler) -> Handler:
        for token in {TOKEN.findall(word)[0] for words in begins for word in words}:
            RULES.setdefault(token, []).append((compiled, handler))
        return handler

    return add


def unspaced(pattern: str) -> Callable[[Handler], Handler]:
    """Add a rule for a script that has no spaces between words, or whose words are more than letters."""

    def add(handler: Handler) -> Handler:
        UNSPACED_RULES.append((pattern, handler))
        return handler

    return add


def any_of(words: Iterable[str]) -> str:
    """A pattern for one of the words, the longest first."""
    return "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in sorted(words, key=len, reverse=True))


M = any_of(MONTHS)
ANY_WEEKDAY = any_of(WEEKDAYS)
WS = any_of({**WEEKDAYS, **SHORT_WEEKDAYS})
ANY_NUMBER = rf"\d{{1,3}}|{any_of(NUMBERS)}"
ANY_UNIT = any_of(UNITS)
Y = r"[12]\d{3}"
ORD = r"(?:st|nd|rd|th|er|\u00ba|\u00aa|\.)?"
OF = r"(?:of\s+|de\s+|del\s+|do\s+|\u0432\s+)?"
PAST, THIS, NEXT = "last|past|previous", r"this|current", r"next|this\s+coming|coming|upcoming"

# Every date holds a digit or one of these; most texts hold neither, and finding that out is all they cost.
CORE = frozenset(
    TOKEN.findall(word)[-1]
    for words in (
        MONTHS, WEEKDAYS, SHORT_WEEKDAYS, SEASONS, FOREIGN_SEASONS, HOLIDAYS, PHRASES, FOREIGN_PHRASES, FOREIGN_UNITS,
        QUARTERS, DECADES, UNITS, [f"{unit}s" for unit in UNITS], [f"{day}s" for day in WEEKDAYS],
    )
    for word in words
)  # fmt: skip

ENGLISH = frozenset(
    """january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday spring summer autumn fall winter
    today tomorrow yesterday tonight""".split()
)
_AFTER = re.compile(r"(?:['\u2019]s\b|\s+[A-Z\u00c0-\u00de])")
_AFTER_NAME = re.compile(
    rf"\s+(?:I\b|{'|'.join(sorted({w.title() for w in MONTHS if w.isascii()}, key=len, reverse=True))})"
)
_BEGINNING = re.compile(r"(?:^|[.!?:;]\s+)$")
_BY_WHOM = re.compile(r",?\s+by\s+(?:the\s+)?[A-Z\u00c0-\u00de]")
_OPENING = re.compile(r"(?:^|[.!?:;]\s+)(?:[Oo]n|[Ii]n|[Ll]ast|[Nn]ext)\s+$")
_WHO = re.compile(
    r"\s+(?!(?:Street|Road|Lane|Square|Market|Night|Morning|Club|Times|Post|Show|Madness|Fools)\b)"
    r"[A-Z\u00c0-\u00de][^\W\d_]+\s+[a-z]"
)
"""After the time that opens a sentence, one word with a capital tells who did it: "On Monday Ines fell"."""


def is_name(reading: Reading, start: int, end: int, *, capital: bool = True) -> bool:
    """Whether an English word is part of a name rather than a date: "March Street", "the song Yesterday", "may".

    Args:
        capital: The word is written with a capital letter when it is a date: a weekday or month, not "today".
    """
    raw = reading.raw
    word = raw[start:end]
    if TOKEN.findall(word.lower())[0] not in ENGLISH:
        return False
    after = _AFTER.match(raw, end)
    if after and not _AFTER_NAME.match(raw, end):
        return not (_WHO.match(raw, end) and (_OPENING if capital else _BEGINNING).search(raw, 0, start))
    if capital:
        return word[0].islower() and word.lower() in ("may", "march", "sun", "mar", "dec", "jan")
    if word[0].isupper() and _BY_WHOM.match(raw, end):
        return True
    return word[0].isupper() and start > 0 and raw[:start].rstrip()[-1:] not in (".", "!", ":", "?", "-", "\u201c", '"')


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
    r"\s*(?:-|\u2013|\u2014|~|\u301c|\bto\b|\buntil\b|\btill\b|\bthrough\b|\bthru\b|\bbis\b|至|到|から)\s*(?:the\s+)?$"
)
_FROM = re.compile(r"\b(?:from|von|vom|desde)\s+(?:the\s+)?$")


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
    return days.start.replace(year=days.start.year + 1) == days.end and (days.start.month, days.start.day) == (1, 1)


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
_OFFSET = re.compile(
    rf"(?:\b(?P<n>{ANY_NUMBER})\s+)?(?:\bthe\s+)?\b(?P<unit>{ANY_UNIT}|{ANY_WEEKDAY})s?\s+"
    r"(?P<way>before|after|prior\s+to|following|preceding|of)\s+(?:the\s+)?$"
)
_SINCE_WORDS = frozenset("since seit depuis desde dal с sejak sinds منذ".split())
_FROM_THEN = re.compile(
    r"\b(?:ever\s+)?(?P<way>since|seit|depuis|desde|dal|с|sejak|sinds|vanaf|منذ|as\s+of|starting|beginning|à\s+partir\s+d[eu]|a\s+partir\s+de?l?|ab)"
    r"\s+(?:in\s+|de[mn]\s+|el\s+|l[ae]\s+|o\s+|il\s+|tahun\s+|عام\s+|سنة\s+)?(?:the\s+)?$"
)
_DAYS_TO_DAYS = re.compile(r"\d{1,2}\W{0,2}(?:[-\u2013]|\s(?:to|bis|au|al|a|по)\s)\W?\d{1,2}\b")
_UP_TO = re.compile(
    r"\b(?P<way>before|prior\s+to|earlier\s+than|(?:no|not)\s+later\s+than|spätestens(?:\s+(?:am|bis|zum))?|au\s+plus\s+tard(?:\s+le)?|"
    r"a\s+más\s+tardar(?:\s+el)?|o\s+mais\s+tardar|entro(?:\s+il)?|uiterlijk(?:\s+op)?|не\s+позднее|until|till|up\s+to|by|through|bis(?:\s+zum)?|hasta(?:\s+el)?|"
    r"até(?:\s+o)?|fino\s+al?|jusqu['\u2019](?:en|au|à)|avant(?:\s+le)?|antes\s+del?|до|sampai|hingga|sebelum|حتى|قبل|after|later\s+than|setelah|بعد)"
    r"\s+(?:(?:\d{1,2}(?:[:.]\d\d)?(?:\s?[ap]\.?m\.?)?|noon|midnight)\s+on\s+)?(?:the\s+|tahun\s+|عام\s+|سنة\s+)?"
    r"(?:ende\s+|fin\s+(?:de\s+)?|finales?\s+de\s+|fim\s+de\s+|fine\s+)?$"
)
_BEFORE_WORDS = ("before", "prior", "earlier", "avant", "antes", "sebelum", "قبل")
_ONWARDS = re.compile(
    r"\s+(?:on|forward)\b(?=\s*(?:[.,;:!?)]|$))|\s+onwards?\b|\s?(?:以来|以來|起|以降|から|이후|이래|से(?!\S)|থেকে)"
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
    if match["half"] and _is_year(hit.days):
        days = Days(first_of(start.year, 6 * which + 1), first_of(start.year, 6 * which + 7))
    return replace(hit, left=match.start(), days=days) if days.start < days.end else hit


def _offset(low: str, hit: Hit) -> Hit:
    match = _OFFSET.search(low, max(0, hit.left - 40), hit.left)
    if not match:
        return hit
    word, way, anchor = match["unit"], match["way"], hit.days
    least, most = how_many(match["n"] or "one")
    if way == "of":
        if match["n"] or UNITS.get(word) not in ("week", "weekend", "month"):
            return hit  # "a week of May", "two days of June"
        days = unit_at(UNITS[word], anchor.start, 0)
    elif word in ("hour", "minute"):
        return hit
    elif word in WEEKDAYS:
        if way in ("after", "following"):
            ahead = (WEEKDAYS[word] - anchor.end.weekday()) % 7
            days = unit_at("day", anchor.end, ahead + 7 * (least - 1))
        else:
            back = (anchor.start.weekday() - WEEKDAYS[word] - 1) % 7 + 1
            days = unit_at("day", anchor.start, -back - 7 * (least - 1))
    elif way in ("after", "following"):
        days = _beside(UNITS[word], anchor.end, least, most, 1, exact=bool(match["n"]))
    else:
        days = _beside(UNITS[word], anchor.start, least, most, -1, exact=bool(match["n"]))
    return replace(hit, left=match.start(), days=days)


def _beside(unit: Unit, edge: date, least: int, most: int, sign: int, *, exact: bool) -> Days:
    """The week before an edge is the seven days up to it; "two months before" it, the month around that day."""
    if unit == "weekend":
        if sign < 0:  # the last Sunday before the edge
            sunday = edge - timedelta(days=edge.weekday() + 1)
            return Days(sunday - timedelta(days=1 + 7 * (most - 1)), sunday + timedelta(days=1 - 7 * (least - 1)))
        saturday = edge + timedelta(days=(5 - edge.weekday()) % 7)
        return Days(saturday + timedelta(days=7 * (least - 1)), saturday + timedelta(days=2 + 7 * (most - 1)))
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
            after = Days(days.end, end if end > days.end else LATEST)
            return replace(hit, left=match.start(), days=after, open="end")
        return _to(replace(hit, left=match.start()), days.start if way.startswith(_BEFORE_WORDS) else days.end)
    return hit


def _bounded(low: str, hit: Hit, today: date) -> Hit:
    """What stands after a date: "from 3 May on", "3月まで"."""
    if hit.open is None:
        if match := _ONWARDS.match(low, hit.right):
            if not match[0].strip().startswith(("on", "forward")) or _FROM_WORD.search(
                low, max(0, hit.left - 10), hit.left
            ):
                return _from(hit, today, past=False)
        elif _RANGE.search(low, hit.left, hit.right):
            return hit
        elif _NO_LATER.match(low, hit.right) or low[: hit.left].endswith(("到", "至")):
            return _to(hit, hit.days.end)
    return hit


def _from(hit: Hit, today: date, *, past: bool) -> Hit:
    days = hit.days
    if past and days.yearless and days.start > today:
        days = _with_year(days, today)
    end = today + timedelta(days=1)
    return replace(hit, days=Days(days.start, end if end > days.start else LATEST), open="end")


def _to(hit: Hit, end: date) -> Hit:
    return replace(hit, days=Days(min(EARLIEST, end - timedelta(days=1)), end), open="start")
