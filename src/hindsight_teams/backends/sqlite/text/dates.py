"""Dates and spans of time in a text, by rule: absolute ones and those that are relative to the day on which it is said.

Each rule is a pattern and a function from its match to days. What stands before a date ("the week before", "early",
"since") then changes it, and two dates may be the ends of a range. ``find_spans`` reads a query, where a date only
ranks and any likely one helps. ``happened`` reads a memory, whose date is shown: there, no day is better than a guessed
one.

To read one more expression, add its words to the table of ``date_words`` that says the same in other words; what has no
table is a rule in ``date_absolute`` (days, months), ``date_periods`` (years and parts of them), ``date_weekdays`` or
``date_relative``. ``date_grammar`` says what a rule is, ``date_units`` counts days, ``date_tenses`` tells the past from
the future, ``date_combining`` joins dates.

Weeks begin on Monday; seasons are those of the northern hemisphere; of ``03/04/2023`` only the year is sure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from hindsight_teams.backends.sqlite.text import date_absolute, date_relative, sentences
from hindsight_teams.backends.sqlite.text.date_combining import Hit, combined
from hindsight_teams.backends.sqlite.text.date_grammar import (
    CORE,
    RULES,
    TOKEN,
    UNSPACED_RULES,
    Rules,
    any_of,
    compiled,
)
from hindsight_teams.backends.sqlite.text.date_tenses import leaning
from hindsight_teams.backends.sqlite.text.date_units import NO_DAYS, Reading
from hindsight_teams.backends.sqlite.text.date_weekdays import WITHIN
from hindsight_teams.backends.sqlite.text.date_words import HOLIDAYS, SEASONS

RULE_MODULES = (date_absolute, date_relative)
"""Importing them adds their rules; they import ``date_periods`` and ``date_weekdays``, whose rules are asked first."""
_SCRIPTS = "\u0600-\u06ff\u0900-\u09ff\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"
"""Arabic, Devanagari, Bengali, Thai, Kana, Han and Hangul: each unspaced date holds one of their letters."""
_HAS_SCRIPT = re.compile(f"[{_SCRIPTS}]")
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")
_ANY_UNSPACED = rf"(?=[\d{_SCRIPTS}])(?:{'|'.join(_NAMED_GROUP.sub('(?:', rule) for rule, _ in UNSPACED_RULES)})"
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
        at: Where they begin, in the text in Unicode's canonical form (NFC).
        open: The end that the text does not name: ``start`` in "until Friday", ``end`` in "since 2019". A search needs
            one all the same, so it is filled in.
        yearless: Whether the year was worked out from the day on which it was said.
    """

    start: datetime
    end: datetime
    text: str
    at: int
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
    low = _lower(text)
    if not _may_name(low):
        return []
    zone = now.tzinfo or UTC
    reading = Reading(low, text, now.date(), strict)
    try:
        hits = combined(low, _scan(reading), reading.today)
        return [
            Span(
                datetime(hit.days.start.year, hit.days.start.month, hit.days.start.day, tzinfo=zone),
                datetime(hit.days.end.year, hit.days.end.month, hit.days.end.day, tzinfo=zone),
                text[hit.left : hit.right],
                hit.left,
                hit.open,
                hit.days.yearless,
            )
            for hit in hits
        ]
    except (ValueError, OverflowError):  # "now" itself stands at an end of the calendar
        return []


def _lower(text: str) -> str:
    """The text in lower case, letter for letter, with its digits as those of ASCII."""
    low = text.replace("\u0130", "i").lower()
    if len(low) != len(text):  # a few letters lower to two: positions would shift
        low = text
    return low if low.isascii() else low.translate(_DIGITS)


def _may_name(low: str) -> bool:
    """Whether a text holds any word that a date is made of: most memories hold none, and a look costs little."""
    return (
        _DIGIT.search(low) is not None
        or not CORE.isdisjoint(TOKEN.findall(low))
        or (_HAS_SCRIPT.search(low) is not None and compiled(_ANY_UNSPACED).search(low) is not None)
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
_NAMED_BY_YEAR = re.compile(r"\b(?:[Tt]he\s+(?=\d+\s+[A-Z])|[Aa]s\s+of\s+)((?:19|20)\d\d)\b")
"""As in "the 2006 Winter Olympics" and "as of 2017": the year of a story."""


def _told(text: str, now: datetime) -> list[tuple[str, Happening | None]]:
    found = [(sentence, find_spans(sentence, now, strict=True)) for sentence in sentences.split(text)]
    years = {span.start.year for _, spans in found for span in spans if _YEAR.search(span.text)}
    years.update(map(int, _NAMED_BY_YEAR.findall(text)))
    return [(sentence, _happening(sentence, spans, years, now)) for sentence, spans in found]


_HEAD = re.compile(r"^[^\W\d_][\w.'\u2019-]*(?: [^\W\d_][\w.'\u2019-]*){0,3} \([^()\n]{1,60}\): ")
"""The head of a line of a transcript, "Nora (8 May 2023): ...", tells when it was said."""
_MICROSECOND = timedelta(microseconds=1)


_MOST_SPANS = 16
"""Spans of a sentence that are looked at: one that names more tells of several times."""


def _happening(sentence: str, spans: Sequence[Span], years: AbstractSet[int], now: datetime) -> Happening | None:
    if len(spans) > _MOST_SPANS or sentence.rstrip("\"'\u201d\u00bb)")[-1:] in ("?", "\uff1f", "\u061f"):
        return None
    if not sentence.isascii():
        sentence = unicodedata.normalize("NFC", sentence)
    if _UNREAL.search(_lower(sentence)):
        return None
    spans = [span for span in spans if _is_told(sentence, span, now)]
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
    r"^\W*(?:let['\u2019]?s\s+|now\s+|just\s+)?(?:say|assume)\b"
    r"|\b(?:pretend\w*|(?:feels?|felt|seems?|seemed)\s+(?:like|as\s+if)\s+(?:\w+\s+){0,2}yesterday|suppos(?:e|ing)|imagin(?:e|ing)|hypothetical\w*|as\s+(?:if|though)|what\s+if|if\s+only|i\s+wish|"
    r"(?:would|could|should|might|may)(?:n['\u2019]t)?\s+have|as\s+(?:they|people)\s+say|saying|whether|ob|"
    r"(?:not|un)\s?(?:clear|sure|known)|(?:nobody|no\s+one)\s+knows|dream(?:ed|t)|"
    r"proverb|no\s+tomorrow|"
    r"put\s+off\s+(?:till|until)|maybe|perhaps|possibly|vielleicht|quizás?|tal\s+vez|peut-être|talvez|forse|misschien|"
    r"возможно|mungkin|belki|als\s+ob|angenommen|hätten?|wären?|como\s+si|supongamos|habría\w*|hubiera\w*|comme\s+si|"
    r"supposons|aurai(?:s|t|ent)|como\s+se|suponhamos|teria\w*|tivesse\w*|come\s+se|supponiamo|avrebbe\w*|avesse\w*|alsof|"
    r"stel\s+dat|keşke|diyelim|seandainya|andaikan|misalkan|(?:если|как)\s+бы)\b"
    r"|\b(?:tomorrow|yesterday|morgen|mañana|demain|domani|amanhã|завтра|besok|yarın)\s+"
    r"(?:(?:will\s+|may\s+)?never|nie|nunca|nooit|никогда|is\s+(?:another|a\s+new|only)|ist\s+auch|será\s+otro|"
    r"est\s+un\s+autre|è\s+un\s+altro|é\s+outro|is\s+er\s+weer|будет\s+нов)"
    r"|представ(?:ь|им)|假装|假裝|假如|假设|假設|要是|仮に|(?<!お)もし|明日は明日の|今日事|मान\s+लो|काश|لنفترض|(?<!\w)لو\s|ধরুন|যদি"
)
"""What is not so, not sure, or a saying: "let's pretend today is Sunday", "tomorrow is another day"."""
_IN_CASE = re.compile(
    r"\b(?:if|unless|in\s+case|in\s+the\s+event|on\s+condition|as\s+long\s+as|assuming|provided|falls|sofern|indien|если|"
    r"kalau|jika|eğer)\b[^,;:]*$|如果|अगर|إذا|اگر"
)
_IN_CASE_AHEAD = re.compile(r"\bwenn\b[^,;:]*$|(?:^|[,;:]\s*)(?:should\s|si\s|se\s|s['\u2019]ils?\s)[^,;:]*$")
"""Words that make a condition only before a day that is not over: "se casó ayer" is none."""
_OF_THINGS = re.compile(r"(?<=\w\sfrom\s)(?!.{0,40}(?:\b(?:to|until|till|through)\b|[-\u2013]))")
_SHOWN = re.compile(r"\b(?:here(?:['\u2019]s|\s+(?:is|are))|this\s+is|these\s+are)\b")
"""When a thing is from ("the leftovers from Sunday") is not when that happened which is told, unless it is shown."""
_COVERS = re.compile(
    r"\b(?:(?:cover|span|hold|contain|include|describe|compare|concern)s?|(?:list|show|track|document|summari[sz]e|count|"
    r"measure|collect|deal|ask|range|date|goe)s|(?:umfass|enthäl|behandel|beschreib|zeig)(?:t|en)|cubren?|abarcan?|"
    r"contienen?|incluyen?|tratan?|couvr(?:e|ent)|conti(?:ent|ennent)|traitent?|décri(?:t|vent)|cobrem?|abrangem?|cont[eé]m|"
    r"copr(?:e|ono)|conti?en(?:e|gono)|tratta(?:no)?|omvat(?:ten)?|bevat(?:ten)?|dekt)\b"
    r"|охватыва|содерж|описыва|涵盖|涵蓋|包含|收录|收錄|覆盖|覆蓋|収録|扱う|含む|対象"
)
_ABOUT = re.compile(
    r"\b(?:reports?|plan(?:s|ning)?|budgets?|photos?|pictures?|data|figures|numbers|minutes|forecasts?|targets?|goals|schedules?|"
    r"agendas?|calendars?|roadmaps?|records?|logs?|statistics|accounts|results?|surveys?|stud(?:y|ies)|thesis|books?|"
    r"articles?|films?|novels?|essays?|chapters?|bericht|fotos|daten|zahlen|rapport|informes?|relatórios?|datos)\s+"
    r"(?:is\s+|are\s+)?(?:(?:for|of|from|on|about|für|über|von|aus|de|du|del|sobre|sur|pour|para)\s+)?(?:the\s+years?\s+)?$"
)
"""Months and years that something is about: "the report covers 2019", "minutes from 1998 to 2004"."""
_YEARS = re.compile(r"(?:from|between)\b.*\d{4}.*\d{4}")
"""In the present: "the museum owns letters from 1914 to 1918"."""
_BESIDE = re.compile(
    r"\b(?:before|after|since|until|till|prior\s+to|nach|seit|avant|après|depuis|"
    r"antes\s+d[eao]l?|después\s+del?|depois\s+d[eao])\s+(?:\w+\s+){0,3}\w+\s+(?:in|of|im|en|de|em)\s+$"
)
"""A month or year that dates something else: "after the fire in 2019 we moved"."""
_DENIES = re.compile(
    r"\b(?:not|never|nothing|nobody|none|no|cannot|\w+n['\u2019]t|nicht|nichts|kein\w*|nie|niemand|ne|n['\u2019]\w+|pas|"
    r"jamais|nunca|nada|não|non|mai|не|нет|никогда)\b[^,;:]*$"
)
"""What is denied of all time before a day: "nothing ships before Monday"."""
_DENIED_DAY = re.compile(
    r"\b(?:not|never|no\s+longer|nicht(?:\s+mehr)?|pas|plus|não|non|не)\s+"
    r"(?:(?:on|in|at|before|am|im|le|en|el|em|no|na|il|в|во)\s+)?(?:the\s+)?$|\bno\s+(?:el|en|on|in)\s+$|\b(?:on|in)\s+no\s+$|\beve\s+of\s+(?:the\s+)?$"
)
_QUOTED = re.compile(
    r"(?<!\w)\"[^\"]+\"(?!\w)|\u201c[^\u201d]+\u201d|\u201e[^\u201c\u201d]+[\u201c\u201d]|\u00ab[^\u00bb]+\u00bb"
    r"|\u300c[^\u300d]+\u300d|\u300e[^\u300f]+\u300f|\u300a[^\u300b]+\u300b"
    r"|(?<!\w)['\u2018](?!\d)[^'\u2018\u2019\n]{1,60}['\u2019](?!\w)|\u2039[^\u203a]+\u203a"
)
_PLAYED = re.compile(
    r"\s+(?:was|is|were|are)\s+(?:(?:being\s+)?played\b|playing\b|on\s+(?:tv|the\s+radio)\b"
    r"|(?:an?|the|my|our|his|her|their)\s+(?:\w+\s+)?(?:songs?|films?|movies?|books?|novels?|albums?|bands?|series)\b)"
)
"""What is told of a title: "Summer of '69 was playing"."""
_TITLED_SEASON = re.compile(r"(?:Spring|Summer|Autumn|Fall|Winter) of\b")
"""With a capital letter within a sentence a title: "she sang Summer of '69"."""
_CALLED_OFF = re.compile(
    r",?\s+(?:was|were|is|are|got|(?:has|have|had)\s+been)\s+(?:cancell?ed|called\s+off|postponed|put\s+off)\b"
)
"""What is told of something that was to be: "the wedding on 6 June 2026 was called off"."""
_COMES_EARLY = re.compile(
    rf"\b(?:{any_of({**HOLIDAYS, **SEASONS})}|ramadan|eid|diwali|passover|thanksgiving)\s+"
    r"(?:is|was|will\s+be|comes?|came|falls?|fell)\s+(?:\w+\s+)?$"
)
"""What is told of a day of each year: "Easter is early next year"."""
_LASTING = re.compile(r"\bfor\s+(?:\w+\s+){1,3}(?:from|starting|beginning)\s+$")
"""A beginning of what lasts: "for two years from March 2025"."""
_LONG = timedelta(days=7)


def _is_told(sentence: str, span: Span, now: datetime) -> bool:
    """Whether a sentence says that something was then, rather than deny it, make it a condition or quote it."""
    low = _lower(sentence)
    before, past = low[: span.at], span.end.date() <= now.date()
    if (_DENIES if span.open == "start" else _DENIED_DAY).search(before):
        return False
    if _CALLED_OFF.match(low, span.at + len(span.text)):
        return False
    if low.startswith(("early", "late"), span.at) and _COMES_EARLY.search(before):
        return False
    of_a_thing = past and _OF_THINGS.match(low, span.at) and not _SHOWN.search(before)
    if span.open is None and (of_a_thing or _LASTING.search(before)):
        return False
    if _IN_CASE.search(before) or (not past and _IN_CASE_AHEAD.search(before)):
        return False
    if span.open is None and span.end - span.start > _LONG:
        present = leaning(low) != "past"
        about = _ABOUT.search(before) or (present and _COVERS.search(before))
        about = about or (present and past and _YEARS.match(span.text.lower()))
        if _BESIDE.search(before) or (about and not span.yearless):
            return False
    if span.text[0].isupper() and _PLAYED.match(low, span.at + len(span.text)):
        return False
    if _TITLED_SEASON.match(span.text) and WITHIN.search(sentence, 0, span.at):
        return False
    return not any(
        quoted.start() < span.at < quoted.end() and quoted[0].strip() != sentence.strip(" .!")
        for quoted in _QUOTED.finditer(sentence)
    )


def _scan(reading: Reading) -> list[Hit]:
    """Every date that a rule reads by itself."""
    low = reading.low
    hits: list[Hit] = []
    taken: list[tuple[int, int]] = []
    if _HAS_SCRIPT.search(low):
        for found in compiled(_ANY_UNSPACED).finditer(low):
            if (end := _read(reading, found.start(), UNSPACED_RULES, hits)) is not None:
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
        rules = RULES.get(token[0]) or (RULES["0"] if token[0].isdecimal() else None)
        if rules and (end := _read(reading, start, rules, hits)) is not None:
            position = end
    return sorted(hits, key=lambda hit: hit.left)


_TAIL = re.compile(r"\d(?:[.,]\d|[ \u00a0\u202f]\d{3}(?!\d))")
"""Digits within a number: "22,000 years ago"."""


def _read(reading: Reading, start: int, rules: Rules, hits: list[Hit]) -> int | None:
    """Add the date that begins at ``start``, as the first rule reads it that can; where it ends, if one does."""
    if start > 1 and _TAIL.match(reading.low, start - 2):
        return None
    for pattern, handler in rules:
        if match := compiled(pattern).match(reading.low, start):
            try:
                days = handler(match, reading)
            except (ValueError, OverflowError, StopIteration):  # 31 April; the year 9999
                days = NO_DAYS
            if days is None:
                continue
            if days is not NO_DAYS:
                hits.append(Hit(match.start(), match.end(), days))
            return match.end()
    return None
