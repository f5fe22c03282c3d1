"""Rules for dates relative to the day of the text: "yesterday", "three weeks ago", "next month"."""

from __future__ import annotations

import re
from datetime import timedelta

from hindsight_teams.backends.sqlite.text import date_words as words
from hindsight_teams.backends.sqlite.text.date_grammar import (
    ANY_NUMBER,
    ANY_UNIT,
    ANY_WEEKDAY,
    DIGITS,
    NEXT,
    PAST,
    THIS,
    M,
    any_of,
    is_name,
    rule,
    unspaced,
    way_of,
)
from hindsight_teams.backends.sqlite.text.date_periods import season
from hindsight_teams.backends.sqlite.text.date_units import (
    NO_DAYS,
    Days,
    Reading,
    ahead,
    how_many,
    last_or_next,
    months_in,
    moved,
    unit_at,
    units_between,
    yearless,
)
from hindsight_teams.backends.sqlite.text.date_weekdays import EDGE, END, NEARBY, WITHIN

_S = any_of(words.SEASONS)
_FN = any_of(words.FOREIGN_NUMBERS)
_FU = any_of(words.FOREIGN_UNITS)
_MN, _MU = any_of(w for w in words.FOREIGN_NUMBERS if w > "\u0600"), any_of(words.MARKED_UNITS)
_OWNED = re.compile(r"['\u2019]s\b")
_NOWADAYS = re.compile(
    r"\b(?:still|than|even|until|till|de|is|common\w*|known|of|widely|bis|noch|als|auch)\s+(?:\w+\s+){0,3}$"
)
_ITS = re.compile(r"\b(?:the|my|our|your|his|her|its|their|first\s+and)\s+$")
_NAMED_LAST = re.compile(rf"\s+(?:{any_of(words.HOLIDAYS)}|{_S}|{ANY_WEEKDAY})(?!\w)")
_OTHER_DAY = re.compile(
    r"(?:في|عن|نفس|هذا|ذلك|كل|طوال)\s+اليوم(?!\w)|اليوم\s+(?:التالي|الذي|السابق|الأول)|आज\s+(?:की|के|का|भी|तक)(?!\S)"
    r"|今日[のまで]|今天的|前的今[天日]|后天[性的疾]|今年度|日本周|ทุกวันนี้|(?:ล้าน|\d )ปีที่แล้ว"
)
"""What makes of a phrase another day, nowadays or another word: "the same day", 日本周辺, "a million years ago"."""
_BESIDE = 24
"""Characters on each side of a phrase in which such words stand."""
_THESE_DAYS = re.compile(r"\s+(?:noch\b|en\s+d[ií]a)")


@rule(rf"({any_of(words.PHRASES)})(?!\w)", words.PHRASES)
def _phrase(m: re.Match[str], reading: Reading) -> Days | None:
    phrase = re.sub(r"\s+", " ", m[1])
    if (reading.strict or reading.raw[m.start()].isupper()) and is_name(reading, m.start(), m.end(), capital=False):
        return NO_DAYS
    if reading.strict and (
        _OWNED.match(reading.low, m.end())
        or reading.raw[m.start() + 1 : m.end()] != reading.low[m.start() + 1 : m.end()]
        or (phrase == "today" and reading.preceded(_NOWADAYS, m.start()))
        or (phrase == "last night" and reading.preceded(_ITS, m.start()))
    ):
        return NO_DAYS
    if phrase.endswith(" last") and _NAMED_LAST.match(reading.low, m.end()):
        return None  # "the week before last Christmas"
    unit, offset = words.PHRASES[phrase]
    if phrase in ("today", "tomorrow") and (away := reading.preceded(_A_WEEK, m.start())):
        if reading.strict and reading.lean(m.start()) != "future":
            return NO_DAYS  # "it has been a week today"
        return unit_at("day", moved(reading.today, words.UNITS[away[2]], how_many(away[1])[0]), offset)
    return unit_at(unit, reading.today, offset)


_A_WEEK = re.compile(rf"\b({ANY_NUMBER})\s+({ANY_UNIT})s?\s+$")
"""Before "today": "a week today"."""
# "Hier" and "morgen" are other words in other languages.
_GERMANIC = re.compile(
    r"\b(?:ich|wir|ist|der|die|das|und|nicht|ein|eine|sind|bin|auch|mit|von|zu|gibt|liegt|steht|wohnt|wo|was|wer|sie|"
    r"er|im|am|bleibe\w*|het|een|ik|wij|niet|van|zijn|woont|staat|ligt|en)\b"
)
_FRENCH = re.compile(r"\b(?:je|j|nous|on|il|elle|ils|elles|le|la|les|des|du|une|est|a|ai|ont|avons|qu|s|c|tu|vous)\b")
_NO_MORNING = re.compile(r"\b(?:la|las|una|por\s+la|de\s+la|a|guten|am|jeden|eines|der|den|goede|elke|jede[rn])\s+$")


@rule(rf"({any_of(words.FOREIGN_PHRASES)})(?!\w)(?:\s+(?:in|over)\s+({_FN})\s+({_FU})(?!\w))?", words.FOREIGN_PHRASES)
def _foreign_phrase(m: re.Match[str], reading: Reading) -> Days | None:
    phrase, low, at = re.sub(r"\s+", " ", m[1]), reading.low, m.start()
    capital = reading.raw[at].isupper()
    if (
        (reading.strict and capital and WITHIN.search(reading.raw, max(0, at - 8), at))  # a title: "le film Demain"
        or (phrase == "hier" and not _FRENCH.search(low) and (reading.strict or _GERMANIC.search(low)))
        or (phrase in ("morgen", "mañana") and reading.preceded(_NO_MORNING, at))
        or (phrase == "morgen" and capital and at > 0)  # the noun
    ):
        return NO_DAYS
    if (reading.strict and phrase in ("heute", "hoy")) and (
        reading.preceded(_NOWADAYS, at) or _THESE_DAYS.match(low, m.end())
    ):
        return NO_DAYS
    unit, offset = words.FOREIGN_PHRASES[phrase]
    if m[2] and unit == "day":  # "heute in einer Woche"
        return unit_at("day", moved(reading.today, words.FOREIGN_UNITS[m[3]], how_many(m[2])[0]), offset)
    return unit_at(unit, reading.today, offset)


_DURING = re.compile(r"\b(?:in|over|during|for|within|throughout)\s+$")
_LAST_OF = re.compile(r"\s+(?:of|in|before)\s+(?!20|19|this|that|a\b)")


@rule(
    rf"(?:(the)\s+)?({PAST}|next|coming)\s+(?:({ANY_NUMBER})\s+)?({ANY_UNIT})(s?)\b",
    ("the", "last", "past", "previous", "next", "coming"),
)
def _last_units(m: re.Match[str], reading: Reading) -> Days | None:
    if m[5] and not m[3]:
        return NO_DAYS if reading.strict else None  # "the last days of" names no span
    today, unit, coming = reading.today, words.UNITS[m[4]], m[2] in ("next", "coming")
    if m[4] in ("hour", "minute"):
        return NO_DAYS
    if _LAST_OF.match(reading.low, m.end()):
        return NO_DAYS  # "in the last ten days of October"
    if reading.strict:
        if m[1]:  # "the next day" is that after another one that was told of
            told = coming or not reading.preceded(_DURING, m.start())
        else:
            told = not m[3] and (m[2] == "previous" or unit == "day")
        titled = reading.raw[m.start(4)].isupper() or reading.low[: m.start()].endswith("so ")
        if told or titled or _OWNED.match(reading.low, m.end()):
            return NO_DAYS
    if m[3] or (not coming and unit != "weekend" and (m[1] or m[2] == "past")):  # a span that ends or begins now
        most = how_many(m[3] or "one")[1]
        if coming:
            return Days(today, moved(today, unit, most) + timedelta(days=1))
        return Days(moved(today, unit, -most), today + timedelta(days=1))
    if unit == "weekend":  # on a weekend "last" is the one before, "next" the one after
        return unit_at(unit, today, 1 if coming and today.weekday() >= 5 else 0 if coming else -1)
    return unit_at(unit, today, 1 if coming else -1)


_EDGE_OF = re.compile(r"\b(?P<by>by|until|till|before)?\s*(?:the\s+)?(?:beginning|start|middle|end)\s+of\s+$")


@rule(r"the\s+(week|month|quarter|year)(?=\s*(?:[.,;:!?)]|$))", ("the",))
def _edge_of_unit(m: re.Match[str], reading: Reading) -> Days | None:
    edge = reading.preceded(_EDGE_OF, m.start())
    if not edge or (reading.strict and not edge["by"]):
        return None
    return unit_at(words.UNITS[m[1]], reading.today, 0)


@rule(rf"(?:(earlier|later)\s+)?(?:this|current)\s+({ANY_UNIT})\b", ("earlier", "later", "this", "current"))
def _this_unit(m: re.Match[str], reading: Reading) -> Days:
    if m[2] in ("hour", "minute", "day") or (reading.strict and _OWNED.match(reading.low, m.end())):
        return NO_DAYS
    today = reading.today
    days = unit_at(words.UNITS[m[2]], today, 0)
    if m[1] == "earlier":
        return Days(days.start, max(today, days.start + timedelta(days=1)))
    return Days(today, days.end) if m[1] else days


_VAGUE = re.compile(
    r"\b(?:half|over|under|within|almost|nearly|about|around|roughly|approximately|(?:more|less|fewer)\s+than|at\s+(?:least|most)|"
    rf"up\s+to|or|to|(?:{ANY_UNIT})s?(?:,|\s+and|,\s+and)?)\s+$|\d\s?[-\u2013]\s?$"
)
"""What makes of "a year ago" any day before or after that."""


@rule(rf"({ANY_NUMBER})\s+({ANY_UNIT})s?\s+(ago|back|from\s+now|from\s+today)\b(\s+today\b)?", DIGITS, words.NUMBERS)
def _units_ago(m: re.Match[str], reading: Reading) -> Days | None:
    (least, most), sign = how_many(m[1]), 1 if m[3].startswith("from") else -1
    if reading.strict and (least != most or reading.preceded(_VAGUE, m.start())):
        return NO_DAYS
    if m[2] in ("hour", "minute"):
        if reading.strict:
            return NO_DAYS  # which day that is depends on the hour
        return unit_at("day", reading.today, sign * (most // 24) if m[2] == "hour" else 0)
    if m[4]:
        return unit_at("day", moved(reading.today, words.UNITS[m[2]], sign * least), 0)
    if sign > 0:
        return ahead(words.UNITS[m[2]], reading.today, least, most)
    return units_between(words.UNITS[m[2]], reading.today, -least, -most)


_ABLE = re.compile(r"\b(?:can|able|capable|takes?|times)\b")


@rule(
    rf"in\s+({ANY_NUMBER})\s+({ANY_UNIT})s?(?:['\u2019]s?\s+time)?(?=\s*(?:[.,;:!?)]|$)|\s+(?:the|we|i|he|she|it|you|"
    r"they|my|our|his|her|their)\b)",
    ("in",),
)
def _in_units(m: re.Match[str], reading: Reading) -> Days | None:
    least, most = how_many(m[1])
    if m[2] in ("hour", "minute") or (
        reading.strict and (reading.lean(m.start()) != "future" or reading.preceded(_ABLE, m.start()))
    ):
        return NO_DAYS  # "built in five days" is how long it took
    return ahead(words.UNITS[m[2]], reading.today, least, most)


@rule(r"(?:over|at|on|during)\s+the\s+weekend\b(?!\s+of\b)", ("over", "at", "on", "during"))
def _the_weekend(m: re.Match[str], reading: Reading) -> Days:
    lean = reading.lean(m.start())
    if lean is None:
        return NO_DAYS
    return unit_at("weekend", reading.today, 0 if lean == "future" or reading.today.weekday() >= 5 else -1)


_AND_A_HALF = re.compile(r"\s+(?:et\s+demie?|y\s+medi[oa]|e\s+mei[oa]|e\s+mezz[oa])\b")


@rule(rf"(?:vor|il\s+y\s+a|hace|há|faz)\s+(\d{{1,3}}|{_FN})\s+({_FU})(?!\w)", ("vor", "il", "hace", "há", "faz"))
@rule(
    rf"(\d{{1,3}}|{_FN})\s+({_FU})\s+(?:fa|назад|atrás|geleden|önce|(?:yang\s+)?lalu)\b", DIGITS, words.FOREIGN_NUMBERS
)
@rule(r"()(неделю|месяц|год)\s+назад\b", ("неделю", "месяц", "год"))
@unspaced(rf"{EDGE}(\d{{1,3}}|{_MN})\s+({_MU})\s+(?:पहले|আগে|پہلے|قبل){END}")
@unspaced(rf"{EDGE}(?:قبل|منذ)\s+(\d{{1,3}}|{_MN})\s+({_MU}){END}(?!\s+من\b)")
@unspaced(rf"{EDGE}(?:قبل|منذ)\s+()({any_of([*words.ARABIC_DUALS, *words.MARKED_UNITS])}){END}(?!\s+(?:\d|من\b))")
def _foreign_ago(m: re.Match[str], reading: Reading) -> Days:
    if reading.strict and _AND_A_HALF.match(reading.low, m.end()):
        return NO_DAYS
    if m[2] in words.ARABIC_DUALS:
        return unit_at(words.ARABIC_DUALS[m[2]], reading.today, -2)
    return unit_at((words.FOREIGN_UNITS | words.MARKED_UNITS)[m[2]], reading.today, -how_many(m[1] or "1")[0])


@rule(
    rf"(?:dans|через|dentro\s+de|daqui\s+a|fra|tra|over|(?P<unsure>in|en|em))\s+(\d{{1,3}}|{_FN})\s+({_FU})(?!\w)",
    ("dans", "через", "dentro", "daqui", "fra", "tra", "over", "in", "en", "em"),
)
def _foreign_in(m: re.Match[str], reading: Reading) -> Days | None:
    if reading.strict:
        lean = reading.lean(m.start())
        if lean == "past" or (m["unsure"] and lean is None) or _AND_A_HALF.match(reading.low, m.end()):
            return NO_DAYS  # "in drei Tagen gebaut" is how long it took
    return ahead(words.FOREIGN_UNITS[m[3]], reading.today, *how_many(m[2]))


@rule(rf"({PAST}|{THIS}|{NEXT})\s+({M}|{_S})(?!\w)", NEARBY)
def _last_month_name(m: re.Match[str], reading: Reading) -> Days | None:
    today = reading.today
    make = season(m[2]) if m[2] in words.SEASONS else months_in(words.MONTHS[m[2]])
    if reading.strict and is_name(reading, m.start(2), m.end(2)):
        return NO_DAYS
    if not (way := way_of(m[1])):
        before = make(today.year - 1)
        return before if before.end > today else make(today.year)  # "this winter" in January
    return last_or_next(make, way, today)


@rule(
    rf"(?:in|during|over|since|until|by)\s+(?:(the)\s+)?({_S})\b(?!\s+(?:of\s+)?(?:\d{{4}}|['\u2019]\d\d))",
    ("in", "during", "over", "since", "until", "by"),
)
def _season_alone(m: re.Match[str], reading: Reading) -> Days | None:
    if reading.strict and (is_name(reading, m.start(2), m.end(2)) or (m[1] and m[2] in ("fall", "spring"))):
        return NO_DAYS
    return yearless(season(m[2]), reading, m.start())


@unspaced(
    rf"(?<![\d几幾数])(\d{{1,3}}|[{''.join(words.HAN_DIGITS)}]{{1,3}})\s?({any_of(words.UNSPACED_UNITS)})\s?(?:之|以)?(?P<way>前(?![後后])|[전后後뒤])"
)
def _unspaced_ago(m: re.Match[str], reading: Reading) -> Days:
    least, most = how_many(m[1])
    if m["way"] in ("前", "전"):
        if reading.strict and reading.low.startswith("的", m.end()):
            return NO_DAYS  # "the mail of a month ago"
        return units_between(words.UNSPACED_UNITS[m[2]], reading.today, -least, -most)
    if reading.strict and reading.lean(m.start()) != "future":
        return NO_DAYS  # three days after something else
    return ahead(words.UNSPACED_UNITS[m[2]], reading.today, least, most)


@unspaced(rf"({any_of(words.UNSPACED_PHRASES)})")
@unspaced(rf"{EDGE}(?:و)?({any_of(words.MARKED_PHRASES)})(?:র)?{END}")
def _phrase_in_signs(m: re.Match[str], reading: Reading) -> Days:
    phrase = re.sub(r"\s+", " ", m[1])
    unit, offset = words.UNSPACED_PHRASES.get(phrase) or words.MARKED_PHRASES[phrase]
    if reading.strict or unit != "day":
        around = _OTHER_DAY.finditer(reading.low, max(0, m.start() - _BESIDE), m.end() + _BESIDE)
        if any(other.start() < m.end() and m.start() < other.end() for other in around):
            return NO_DAYS
    return unit_at(unit, reading.today, offset)


@unspaced(rf"{EDGE}({any_of(words.EITHER_SIDE)}){END}")
def _either_side(m: re.Match[str], reading: Reading) -> Days:
    lean = reading.lean(m.start())
    return unit_at("day", reading.today, words.EITHER_SIDE[m[1]] * (1 if lean == "future" else -1)) if lean else NO_DAYS
