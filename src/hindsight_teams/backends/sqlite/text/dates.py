"""Dates and spans of time in a text, by rule: absolute ones and those that are relative to the day on which it is said.

Each rule is a pattern and a function from its match to days. What stands before a date ("the week before", "early",
"since") then changes it, and two dates may be the ends of a range. ``find_spans`` reads a query, where a date only
ranks and any likely one helps. ``happened`` reads a memory, whose date is shown: there, no day is better than a guessed
one.

Weeks begin on Monday; seasons are those of the northern hemisphere; of ``03/04/2023`` only the year is sure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from hindsight_teams.backends.sqlite.text import sentences
from hindsight_teams.backends.sqlite.text.date_grammar import (
    ANY_NUMBER,
    ANY_UNIT,
    ANY_WEEKDAY,
    CORE,
    TOKEN,
    Handler,
)
from hindsight_teams.backends.sqlite.text.date_relative import ALL_RULES, ALL_UNSPACED, ANY_UNSPACED
from hindsight_teams.backends.sqlite.text.date_units import NO_DAYS, Days, Reading, first_of, how_many, moved, unit_at
from hindsight_teams.backends.sqlite.text.date_words import UNITS, WEEKDAYS, Unit

EARLIEST = date(1000, 1, 1)
"""Where "before" and "until" begin in a search: far from the calendar's ends, so that time zones can't overflow."""
LATEST = date(9000, 1, 1)
"""Where "after" a date of the future ends in a search."""

_DIGIT = re.compile(r"\d")
_DIGITS = {ord(zero) + n: str(n) for zero in "\u0660\u06f0\u0966\u09e6\u0e50\uff10" for n in range(10)}
"""Arabic, Persian, Hindi, Bengali, Thai and full-width digits as those of ASCII."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time that a text names.

    Attributes:
        start: First moment, aware.
        end: First moment after it, aware.
        text: The words that name it.
        open: The end that the text does not name: ``start`` in "until Friday", ``end`` in "since 2019". A search needs
            one all the same, so it is filled in.
        yearless: Whether the year was worked out from the day on which it was said.
    """

    start: datetime
    end: datetime
    text: str
    open: Literal["start", "end"] | None = None
    yearless: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """When that happened, or will happen, which a sentence tells.

    Attributes:
        start: First moment, aware; None in "until Friday".
        end: Last moment, aware; None in "since 2019".
    """

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class _Hit:
    """Days and where in the text they stand."""

    left: int
    right: int
    days: Days
    open: Literal["start", "end"] | None = None


def find_spans(text: str, now: datetime, *, strict: bool = False) -> list[Span]:
    """The spans of time that a text names, in their order in the text.

    Args:
        text: Anything.
        now: What "yesterday" and "last week" are relative to; UTC where naive. Its time zone is that of the result.
        strict: Only what is sure; otherwise a date that may be meant, too.

    Returns:
        Whole days, half-open; empty where the text names none. Never raises.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    low = text.replace("\u0130", "i").lower()
    if len(low) != len(text):  # a few letters lower to two: positions would shift
        low = text
    if not low.isascii():
        low = low.translate(_DIGITS)
    if not _may_name(low):
        return []
    zone = now.tzinfo or UTC
    reading = Reading(low, text, now.date(), strict)
    try:
        hits = _widened(low, _joined(low, _scan(reading)), reading.today)
        return [
            Span(
                datetime(hit.days.start.year, hit.days.start.month, hit.days.start.day, tzinfo=zone),
                datetime(hit.days.end.year, hit.days.end.month, hit.days.end.day, tzinfo=zone),
                text[hit.left : hit.right],
                hit.open,
                hit.days.yearless,
            )
            for hit in hits
        ]
    except (ValueError, OverflowError):  # "now" itself stands at an end of the calendar
        return []


def _may_name(low: str) -> bool:
    """Whether a text holds any word that a date is made of: most memories hold none, and a look costs little."""
    return (
        _DIGIT.search(low) is not None
        or not CORE.isdisjoint(TOKEN.findall(low))
        or (not low.isascii() and ANY_UNSPACED.search(low) is not None)
    )


def happened_each(text: str, now: datetime) -> list[tuple[str, Happening | None]]:
    """The sentences of a text, each with when that happened which it tells; None where it does not say."""
    return [(sentence, None if found == _SOME_TIME else found) for sentence, found in _told(text, now)]


def happened(text: str, now: datetime) -> Happening | None:
    """When that happened which a text tells; None where it does not say, or tells of several times.

    Args:
        text: A memory.
        now: When it was said; its time zone says where "yesterday" was.
    """
    if text.isascii() and not _may_name(text.lower()):
        return None
    told = {found for _sentence, found in _told(_HEAD.sub("", text, count=1), now) if found is not None}
    return None if len(told) != 1 or _SOME_TIME in told else told.pop()


_SOME_TIME = Happening(None, None)
"""A day without a year in a text that names other years: it is one of the story's, nobody can tell which."""
_YEAR = re.compile(r"\d{4}")


def _told(text: str, now: datetime) -> list[tuple[str, Happening | None]]:
    found = [(sentence, find_spans(sentence, now, strict=True)) for sentence in sentences.split(text)]
    years = {span.start.year for _, spans in found for span in spans if _YEAR.search(span.text)}
    return [(sentence, _happening(sentence, spans, years, now)) for sentence, spans in found]


_HEAD = re.compile(r"^[^\W\d_][\w.'\u2019-]*(?: [^\W\d_][\w.'\u2019-]*){0,3} \([^()\n]{1,60}\): ")
"""The head of a line of a transcript, "Nora (8 May 2023): ...", tells when it was said."""
_MICROSECOND = timedelta(microseconds=1)


def _happening(sentence: str, spans: Sequence[Span], years: AbstractSet[int], now: datetime) -> Happening | None:
    if sentence.rstrip("\"'\u201d\u00bb)")[-1:] in ("?", "\uff1f", "\u061f"):
        return None
    if not sentence.isascii():
        sentence = unicodedata.normalize("NFC", sentence)
    low = sentence.lower()
    if _UNREAL.search(low):
        return None
    spans = [
        span
        for span in spans
        if not (
            _is_denied(sentence, span)
            or _is_quoted(sentence, span)
            or _is_beside(sentence, span)
            or _is_subject(low, span)
            or (span.end.date() > now.date() and _IN_CASE.search(low, 0, max(low.find(span.text.lower()), 0)))
        )
    ]
    if not spans:
        return None
    if years and any(span.yearless and span.start.year not in years for span in spans):
        return _SOME_TIME
    closed = [span for span in spans if span.open is None]
    if len(spans) == 1:
        chosen = spans[0]
    elif len(closed) == len(spans):  # "in 2024, on 3 May 2024": the narrowest, if the others hold it
        chosen = min(closed, key=lambda span: span.end - span.start)
        if any(span.start > chosen.start or span.end < chosen.end for span in closed):
            return None
    else:
        return None
    try:
        return Happening(
            None if chosen.open == "start" else chosen.start,
            None if chosen.open == "end" else chosen.end - _MICROSECOND,
        )
    except OverflowError:
        return None


_UNREAL = re.compile(
    r"^\W*(?:let['\u2019]?s\s+|now\s+|just\s+)?(?:say|assume|picture)\b|\b(?:pretend\w*|suppos(?:e|ing)|imagin(?:e|ing)|hypothetical\w*|as\s+(?:if|though)|what\s+if|if\s+only|i\s+wish|"
    r"(?:would|could|should|might)(?:n['\u2019]t)?\s+have|as\s+(?:they|people)\s+say|saying|proverb|no\s+tomorrow|"
    r"put\s+off\s+(?:till|until)|maybe|perhaps|possibly|vielleicht|quizás?|tal\s+vez|peut-être|talvez|forse|misschien|возможно|"
    r"mungkin|belki|"
    r"als\s+ob|angenommen|hätten?|wären?|como\s+si|supongamos|habría\w*|hubiera\w*|comme\s+si|supposons|aurai(?:s|t|ent)|"
    r"como\s+se|suponhamos|teria\w*|tivesse\w*|come\s+se|supponiamo|avrebbe\w*|avesse\w*|alsof|stel\s+dat)\b"
    r"|\b(?:tomorrow|yesterday|morgen|mañana|demain|domani|amanhã|завтра|besok|yarın)\s+"
    r"(?:never|will\s+never|may\s+never|nie|nunca|nooit|никогда|is\s+(?:another|a\s+new)|is\s+only|ist\s+auch|será\s+otro|"
    r"est\s+un\s+autre|è\s+un\s+altro|é\s+outro|is\s+er\s+weer)\b"
    r"|\b(?:если|как)\s+бы\b|представ(?:ь|им)|假装|假裝|假如|假设|假設|要是|仮に|もし|मान\s+लो|काश|لنفترض|لو\s|keşke|diyelim|seandainya|"
    r"andaikan|misalkan|ধরুন|যদি|明日は明日の|今日事|завтра\s+будет\s+нов"
)
"""A sentence of what is not so, or a saying: "let's pretend today is Sunday", "tomorrow is another day"."""
_COVERS = re.compile(
    r"\b(?:cover|span|hold|contain|include|list|describe|compare|show|track|document|summari[sz]e|concern|count|measure|"
    r"collect|deal|ask|range|date|go(?=es\b))(?:e?s)?\b|\b(?:umfass|enthäl|behandel|beschreib|zeig)(?:t|en)\b"
    r"|\b(?:cubren?|abarcan?|contienen?|incluyen?|tratan?|couvr(?:e|ent)|conti(?:ent|ennent)|traitent?|décri(?:t|vent)|"
    r"cobrem?|abrangem?|cont[eé]m|copr(?:e|ono)|conti?en(?:e|gono)|tratta(?:no)?|omvat(?:ten)?|bevat(?:ten)?|dekt)\b"
    r"|охватыва|содерж|описыва|涵盖|涵蓋|包含|收录|收錄|覆盖|覆蓋|収録|扱う|含む|対象"
)
_ABOUT = re.compile(
    r"\b(?:reports?|plans?|budgets?|photos?|pictures?|data|figures|numbers|minutes|forecasts?|targets?|goals|schedules?|agendas?|"
    r"calendars?|roadmaps?|records?|logs?|statistics|accounts|results?|surveys?|stud(?:y|ies)|thesis|books?|articles?|films?|"
    r"novels?|essays?|chapters?|bericht|fotos|daten|zahlen|rapport|informes?|relatórios?|datos|fotos)\s+"
    r"(?:is\s+|are\s+)?(?:(?:for|of|from|on|about|für|über|von|aus|de|du|del|sobre|sur|pour|para)\s+)?(?:the\s+years?\s+)?$"
)
_IN_CASE = re.compile(
    r"\b(?:if|unless|in\s+case|provided|wenn|falls|sofern|indien|если|kalau|jika|eğer)\b[^,;:]*$"
    r"|(?:^|[,;:]\s*)(?:should\s|si\s|se\s|s['\u2019]ils?\s)[^,;:]*$|如果|अगर|إذا|اگر"
)
"""A condition, which is not told to come true."""
_LONG = timedelta(days=27)


def _is_subject(low: str, span: Span) -> bool:
    """Whether months or years are what something is about: "the report covers 2019", "minutes from 1998 to 2004"."""
    return (
        span.open is None
        and span.end - span.start > _LONG
        and not span.yearless
        and any(about.search(low, 0, max(low.find(span.text.lower()), 0)) for about in (_COVERS, _ABOUT))
    )


_DENIES = re.compile(
    r"\b(?:not|never|nothing|nobody|none|no|cannot|\w+n['\u2019]t|nicht|nichts|kein\w*|nie|niemand|ne|n['\u2019]\w+|pas|"
    r"jamais|nunca|nada|não|non|mai|не|нет|никогда)\b[^,;:]*$",
    re.I,
)
_DENIED_DAY = re.compile(
    r"\b(?:not|never|no\s+longer|nicht(?:\s+mehr)?|pas|plus|no|não|non|не|больше\s+не)\s+(?:(?:on|in|at|before|am|im|le|en|el|em|no|na|il|в|во)\s+)?(?:the\s+)?$",
    re.I,
)


def _is_denied(sentence: str, span: Span) -> bool:
    """Whether a sentence says that it was not then, or nothing before then: "not on Monday"."""
    before = sentence[: max(sentence.find(span.text), 0)]
    return (_DENIES if span.open == "start" else _DENIED_DAY).search(before) is not None


_BESIDE = re.compile(
    r"\b(?:before|after|since|until|till|prior\s+to|nach|seit|avant|après|depuis|antes\s+d[eao]l?|después\s+del?|depois\s+d[eao])\s+"
    r"(?:\w+\s+){0,3}\w+\s+(?:in|of|im|en|de|em)\s+$",
    re.I,
)


def _is_beside(sentence: str, span: Span) -> bool:
    """Whether a month or year dates something else: "after the fire in 2019 we moved"."""
    at = sentence.find(span.text)
    return (
        span.open is None
        and span.end - span.start > timedelta(days=7)
        and at > 0
        and _BESIDE.search(sentence, max(0, at - 48), at) is not None
    )


_QUOTED = re.compile(
    r"(?<!\w)\"[^\"]+\"(?!\w)|\u201c[^\u201d]+\u201d|\u201e[^\u201c\u201d]+[\u201c\u201d]|\u00ab[^\u00bb]+\u00bb"
    r"|\u300c[^\u300d]+\u300d|\u300e[^\u300f]+\u300f|\u300a[^\u300b]+\u300b"
)


def _is_quoted(sentence: str, span: Span) -> bool:
    """Whether a date stands in a quotation or a title, which tell of another time than the sentence around them."""
    return any(
        span.text in quoted[0] and quoted[0].strip() != sentence.strip(" .!") for quoted in _QUOTED.finditer(sentence)
    )


def _scan(reading: Reading) -> list[_Hit]:
    """Every date that a rule reads by itself."""
    low = reading.low
    hits: list[_Hit] = []
    taken: list[tuple[int, int]] = []
    if not low.isascii():
        for found in ANY_UNSPACED.finditer(low):
            if (end := _read(reading, found.start(), ALL_UNSPACED, hits)) is not None:
                taken.append((found.start(), end))
    others = iter(taken)
    other = next(others, None)
    position = 0
    for token in TOKEN.finditer(low):
        start = token.start()
        while other and other[1] <= start:
            position, other = max(position, other[1]), next(others, None)
        if start < position or (other and start >= other[0]):
            continue
        rules = ALL_RULES.get(token[0]) or (ALL_RULES["0"] if token[0].isdecimal() else None)
        if rules and (end := _read(reading, start, rules, hits)) is not None:
            position = end
    return sorted(hits, key=lambda hit: hit.left)


def _read(reading: Reading, start: int, rules: list[tuple[re.Pattern[str], Handler]], hits: list[_Hit]) -> int | None:
    """Add the date that begins at ``start``, as the first rule reads it that can; where it ends, if one does."""
    for pattern, handler in rules:
        if match := pattern.match(reading.low, start):
            try:
                days = handler(match, reading)
            except (ValueError, OverflowError, StopIteration):  # 31 April; the year 9999
                days = NO_DAYS
            if days is None:
                continue
            if days is not NO_DAYS:
                hits.append(_Hit(match.start(), match.end(), days))
            return match.end()
    return None


_BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$")
_AND = re.compile(r"\s+(?:and|or)\s+(?:the\s+)?$|\s*[,&]\s*$")
_TO = re.compile(
    r"\s*(?:-|\u2013|\u2014|~|\u301c|\bto\b|\buntil\b|\btill\b|\bthrough\b|\bthru\b|\bbis\b|至|到|から)\s*(?:the\s+)?$"
)
_FROM = re.compile(r"\b(?:from|von|vom|desde)\s+(?:the\s+)?$")


def _joined(low: str, hits: list[_Hit]) -> list[_Hit]:
    """Two dates with "to", or "between ... and", are one span; "May and June 2023" is twice 2023."""
    joined: list[_Hit] = []
    for hit in hits:
        first = joined[-1] if joined else None
        if first and hit.left - first.right <= 12:
            between = _BETWEEN.search(low, max(0, first.left - 14), first.left)
            if first.days.yearless and _is_year(hit.days) and _OF_YEAR.fullmatch(low, first.right, hit.left):
                with suppress(ValueError):
                    days = _in_year(first.days, hit.days.start.year)
                    joined[-1] = _Hit(first.left, hit.right, days)
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
                    joined[-1] = _Hit(left, hit.right, span)
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
_SINCE_WORDS = frozenset("since seit depuis desde dal с sejak منذ".split())
_FROM_THEN = re.compile(
    r"\b(?:ever\s+)?(?P<way>since|seit|depuis|desde|dal|с|sejak|منذ|as\s+of|starting|beginning|à\s+partir\s+d[eu]|a\s+partir\s+de?l?|ab)"
    r"\s+(?:in\s+|dem\s+|tahun\s+|عام\s+|سنة\s+)?(?:the\s+)?$"
)
_FROM_NOW = re.compile(r"\W*from\s+(?:the\s+)?$")
_DAYS_TO_DAYS = re.compile(r"\d{1,2}\W{0,2}(?:[-\u2013]|\s(?:to|bis|au|al|a|по)\s)\W?\d{1,2}\b")
_UP_TO = re.compile(
    r"\b(?P<way>before|prior\s+to|earlier\s+than|(?:no|not)\s+later\s+than|spätestens(?:\s+(?:am|bis|zum))?|au\s+plus\s+tard(?:\s+le)?|"
    r"a\s+más\s+tardar(?:\s+el)?|o\s+mais\s+tardar|entro(?:\s+il)?|uiterlijk(?:\s+op)?|не\s+позднее|until|till|up\s+to|by|through|bis(?:\s+zum)?|hasta(?:\s+el)?|"
    r"até(?:\s+o)?|fino\s+al?|jusqu['\u2019](?:en|au|à)|avant(?:\s+le)?|antes\s+del?|до|sampai|hingga|sebelum|حتى|قبل|after|later\s+than|setelah|بعد)"
    r"\s+(?:(?:\d{1,2}(?:[:.]\d\d)?(?:\s?[ap]\.?m\.?)?|noon|midnight)\s+on\s+)?(?:the\s+|tahun\s+|عام\s+|سنة\s+)?$"
)
_BEFORE_WORDS = ("before", "prior", "earlier", "avant", "antes", "sebelum", "قبل")
_ONWARDS = re.compile(
    r"\s+(?:on|forward)\b(?=\s*(?:[.,;:!?)]|$))|\s+onwards?\b|\s?(?:以来|以來|起|以降|から|이후|이래|से(?!\S)|থেকে)"
    r"|['\u2019](?:d[ea]|t[ea])n\s+(?:beri|itibaren|bu\s+yana)\b"
)
_NO_LATER = re.compile(r"\s?[末底]?(?:まで|까지|之前|以前|前|为止|為止)|\s+(?:तक|تک|পর্যন্ত)|['\u2019]y?[ea]\s+kadar\b")
_RANGE = re.compile(r"[年月日]\s?(?:から|到|至|~|\u301c)")
_FROM_WORD = re.compile(r"\bfrom\s+(?:the\s+)?$")


def _widened(low: str, hits: list[_Hit], today: date) -> list[_Hit]:
    """What stands before a date changes it: "early", "the week before", "since"."""
    result: list[_Hit] = []
    for hit in hits:
        try:
            changed = _bounded(low, _directed(low, _offset(low, _part(low, hit)), today), today)
        except (ValueError, OverflowError):
            changed = hit
        while result and result[-1].right > changed.left:  # the weekday of "the Friday before ..." is not a date
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
    if match["half"] and _is_year(hit.days):
        days = Days(first_of(start.year, 6 * which + 1), first_of(start.year, 6 * which + 7))
    return replace(hit, left=match.start(), days=days) if days.start < days.end else hit


def _offset(low: str, hit: _Hit) -> _Hit:
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


def _directed(low: str, hit: _Hit, today: date) -> _Hit:
    days = hit.days
    if not _DAYS_TO_DAYS.match(low, hit.left) and (match := _FROM_THEN.search(low, max(0, hit.left - 24), hit.left)):
        return _from(replace(hit, left=match.start()), today, past=match["way"] in _SINCE_WORDS)
    if days.start > today and _FROM_NOW.match(low, 0, hit.left):
        return replace(hit, left=0, days=Days(days.start, LATEST), open="end")
    if match := _UP_TO.search(low, max(0, hit.left - 24), hit.left):
        way = match["way"]
        if way in ("after", "later than", "setelah", "بعد"):
            end = today + timedelta(days=1)
            after = Days(days.end, end if end > days.end else LATEST)
            return replace(hit, left=match.start(), days=after, open="end")
        return _to(replace(hit, left=match.start()), days.start if way.startswith(_BEFORE_WORDS) else days.end)
    return hit


def _bounded(low: str, hit: _Hit, today: date) -> _Hit:
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


def _from(hit: _Hit, today: date, *, past: bool) -> _Hit:
    days = hit.days
    if past and days.yearless and days.start > today:
        days = _with_year(days, today)
    end = today + timedelta(days=1)
    return replace(hit, days=Days(days.start, end if end > days.start else LATEST), open="end")


def _to(hit: _Hit, end: date) -> _Hit:
    return replace(hit, days=Days(min(EARLIEST, end - timedelta(days=1)), end), open="start")
