"""Rules for years and parts of them: decades, seasons, quarters, holidays, and numbers that are used as years."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from hindsight_teams.backends.sqlite.text import date_words as words
from hindsight_teams.backends.sqlite.text.date_grammar import DIGITS, Y, any_of, rule, unspaced, way_of
from hindsight_teams.backends.sqlite.text.date_units import (
    NO_DAYS,
    Days,
    Reading,
    easter,
    how_many,
    in_year,
    last_or_next,
    months_in,
    unit_at,
    written,
    yearless,
)

_SEASONS = words.SEASONS | words.FOREIGN_SEASONS
THAI_ERA = 543
NEAR_YEARS = {"前年": -2, "去年": -1, "昨年": -1, "작년": -1, "今年": 0, "올해": 0, "明年": 1, "来年": 1, "내년": 1}
_HAN_SEASONS = {"春": 3, "夏": 6, "秋": 9, "冬": 12}


@unspaced(rf"(?:({any_of(NEAR_YEARS)})|(?<!\d)([12]\d{{3}})\s?年)の?([春夏秋冬])")
def _year_season(m: re.Match[str], reading: Reading) -> Days:
    year = int(m[2]) if m[2] else reading.today.year + NEAR_YEARS[m[1]]
    return months_in(_HAN_SEASONS[m[3]], 3)(year)


@unspaced(r"\d{1,2}\s+(?:(?!\d)[^\W\d_]+\s+){1,2}1[34]\d\d\s?(?:هـ|هجري|ه)")
@rule(r"(?:\d{1,2}\s+[^\W\d_]+\s+)?1[34]\d\d\s?(?:ah|a\.h\.)(?!\w)", DIGITS)
def _hijri(m: re.Match[str], reading: Reading) -> Days:
    return NO_DAYS  # which day that is depends on where the moon was seen


_SPAN_OF_YEARS = re.compile(
    r"(?:\b(?:in|from|during|between|since|for|lasted|years?|season|von|de|del|seit|depuis)\s+|\()$"
)


@rule(r"([12]\d{3})\s?[-\u2013\u2014]\s?([12]\d{3}|\d{2})(?![\w-]|[.,]\d)", DIGITS)
def _years(m: re.Match[str], reading: Reading) -> Days | None:
    if reading.strict and not reading.preceded(_SPAN_OF_YEARS, m.start()):
        return NO_DAYS
    first = int(m[1])
    if len(m[2]) == 2 and 1 <= int(m[2]) <= 12:
        return written(first, m[2])
    last = int(m[2]) if len(m[2]) == 4 else first // 100 * 100 + int(m[2])
    return Days(date(first, 1, 1), date(last + 1, 1, 1)) if first < last else None


@rule(
    rf"(?:from|between|von|zwischen|de|desde|entre|с)\s+({Y})\s+(?:to|and|until|till|through|bis|und|à|a|et|y|hasta|по|до)"
    rf"\s+({Y})(?![\w-]|[.,]\d)",
    ("from", "between", "von", "zwischen", "de", "desde", "entre", "с"),
)
def _from_year_to_year(m: re.Match[str], reading: Reading) -> Days | None:
    first, last = int(m[1]), int(m[2])
    if reading.strict and (COUNTED.match(reading.raw, m.end()) or _QUANTITY.search(reading.low)):
        return NO_DAYS
    return Days(date(first, 1, 1), date(last + 1, 1, 1)) if 1200 <= first < last < 2200 else None


def season(name: str) -> Callable[[int], Days]:
    """The three months of a season, which are those of the northern hemisphere."""
    return months_in(_SEASONS[name], 3)


@rule(
    rf"(?:in\s+)?(?:the\s+)?({any_of(_SEASONS)})\s+(?:of\s+|in\s+|de\s+|del\s+|do\s+)?({Y}|['\u2019]\d\d)\b(?![.,]?\d)",
    _SEASONS,
    ("in", "the"),
)
def _season_year(m: re.Match[str], reading: Reading) -> Days:
    return in_year(season(m[1]), m[2], reading, m.start())


_QUARTERS_YEAR = re.compile(rf"(?:\s*(?:,|/|-|\u2013|\b(?:and|or|to)\b)\s*q[1-4])+\s+(?:of\s+)?({Y})\b")
_QUARTER_BEFORE = re.compile(
    r"\b(?:in|for|of|during|by|until|till|since|before|after|last|next|this|from|to|the|our)\s+$"
)
_FISCAL = re.compile(r"\b(?:(?:fiscal|financial|tax|school|academic|accounting|budget)(?:\s+year)?|fy)[\s,-]*$")
"""A year, or a quarter of one, that begins on a day which the text does not tell."""
_ORDINAL = (
    rf"{any_of(words.QUARTER_ORDINALS)}|[1-4](?:st|nd|rd|th|\.?[\u00ba\u00aa\u00b0]|\.|ère|er|ème|e|o|-\w{{1,2}})?"
)
_ANY_QUARTER = any_of(words.QUARTERS)
_SOME_YEAR = rf"(?P<year>{Y}|['\u2019]\d\d)\b"
_OF_YEAR = r"(?:\s+(?:of|in|de|del|do|du|di|des\s+jahres|van|tahun))?,?\s+"


def _quarter_in(number: int) -> Callable[[int], Days]:
    return months_in(3 * number - 2, 3)


@rule(rf"q(?P<number>[1-4])(?:(?:\s+of)?,?\s+{_SOME_YEAR}|/(?P<short>\d\d)\b|(?![\w/]))", ("q",))
@rule(rf"(?P<year>{Y})[\s-]q(?P<number>[1-4])(?P<short>)(?!\w)", DIGITS)
def _quarter(m: re.Match[str], reading: Reading) -> Days | None:
    low, number, year = reading.low, int(m["number"]), m["year"] or m["short"]
    if reading.strict and (reading.preceded(_FISCAL, m.start()) or _FISCAL_AFTER.match(low, m.end())):
        return NO_DAYS
    if not year and (shared := _QUARTERS_YEAR.match(low, m.end())):  # "Q1 and Q3 2025"
        year = shared[1]
    if reading.strict and not year and not reading.preceded(_QUARTER_BEFORE, m.start()):
        return None
    return in_year(_quarter_in(number), year, reading.of_the_past(), m.start())


@rule(rf"(?P<number>{_ORDINAL})\s+(?:{_ANY_QUARTER})(?!\w)(?:{_OF_YEAR}{_SOME_YEAR})?", words.QUARTER_ORDINALS, DIGITS)
@rule(rf"(?:{_ANY_QUARTER})\s+(?:ke-?)?(?P<number>{_ORDINAL})(?!\w)(?:{_OF_YEAR}{_SOME_YEAR})?", words.QUARTERS)
@rule(rf"(?P<year>{Y})(?:['\u2019]?\w{{0,3}}|\s+yılının)\s+(?P<number>{_ORDINAL})\s+(?:çeyre\w+)", DIGITS)
def _quarter_in_words(m: re.Match[str], reading: Reading) -> Days | None:
    low = reading.low
    number = words.QUARTER_ORDINALS.get(m["number"]) or int(m["number"][0])
    if not m["year"] and (reading.strict or _OF_WHAT.match(low, m.end())):
        return None  # a quarter of anything
    return in_year(_quarter_in(number), m["year"], reading.of_the_past(), m.start())


_FISCAL_AFTER = re.compile(r"(?:\s+of)?,?\s+(?:the\s+)?(?:fiscal|financial|tax|school|academic|fy)")
_OF_WHAT = re.compile(r"\s+(?:of|in|de|del|do|du|des|der|di|van)\s")


@unspaced(
    rf"(?:(?<!\d)(?P<before>{Y})\s?(?:年の?|년|की|के|সালের|کی|ء\s?کی)?\s?)?"
    r"(?:第?\s?(?P<sign>[一二三四1-4])\s?(?:季度|四半期|분기)|第(?P<season>[一二三四1-4])季(?!度)|ไตรมาส(?:ที่|แรก)?\s?(?P<thai>[1-4])"
    rf"|(?P<word>{any_of(words.MARKED_ORDINALS)})\s+(?:{any_of(words.MARKED_QUARTERS)})"
    rf"|الربع\s+(?P<arabic>{any_of(words.MARKED_ORDINALS)}))"
    rf"(?:\s?(?:من|ปี|/|,)?\s?(?:عام|سنة|พ\.?ศ\.?)?\s?(?P<after>{Y})(?!\d))?"
)
def _quarter_in_signs(m: re.Match[str], reading: Reading) -> Days | None:
    if m["season"] and not m["before"]:
        return NO_DAYS  # a season of a series
    sign, word = m["sign"] or m["season"] or m["thai"], m["word"] or m["arabic"]
    number = words.MARKED_ORDINALS[word] if word else how_many(sign)[0]
    year = m["before"] or m["after"]
    if m["thai"] and year and int(year) >= 2400:
        year = str(int(year) - THAI_ERA)
    if reading.strict and not year:
        return NO_DAYS
    return in_year(_quarter_in(number), year, reading.of_the_past(), m.start())


@rule(rf"(?:the\s+)?(?:last|final)\s+quarter\s+of\s+({Y}|['\u2019]\d\d)\b", ("the", "last", "final"))
def _last_quarter(m: re.Match[str], reading: Reading) -> Days:
    return in_year(_quarter_in(4), m[1], reading, m.start())


@rule(rf"h([12])(?:(?:\s+of)?,?\s+({Y}|['\u2019]\d\d)\b|(?![\w/]))", ("h",))
def _half_year(m: re.Match[str], reading: Reading) -> Days | None:
    if not m[2] and (reading.strict or not reading.preceded(_QUARTER_BEFORE, m.start())):
        return None
    return in_year(months_in(1 if m[1] == "1" else 7, 6), m[2], reading.of_the_past(), m.start())


@rule(
    rf"(?:calendar\s+|iso\s+)?(?:week|kw|kalenderwoche|semaine|semana|settimana)\s+(?P<week>\d{{1,2}})(?![\w:%]|[.,]\d)"
    rf"(?:(?:,?\s+(?:of\s+|in\s+|de\s+|del\s+)?|/)(?P<year>{Y})\b)?",
    ("calendar", "iso", "week", "kw", "kalenderwoche", "semaine", "semana", "settimana"),
)
@rule(rf"(?P<year>{Y})[\s-]?w(?P<week>\d\d)(?!\w)", DIGITS)
def _numbered_week(m: re.Match[str], reading: Reading) -> Days | None:
    """A week by its number (ISO 8601)."""

    def make(year: int) -> Days:
        return unit_at("week", date.fromisocalendar(year, int(m["week"]), 1), 0)

    if m["year"] and COUNTED.match(reading.raw, m.end()):
        return NO_DAYS
    if not m["year"] and (reading.strict or _OF_WHAT.match(reading.low, m.end())):
        return None  # a week of a course
    return in_year(make, m["year"], reading.of_the_past(), m.start())


_IN_DECADE = re.compile(r"\b(?:in|during|since|until|throughout|by|early|mid|late)[\s-]+(?:(?:early|mid|late)[\s-]+)?$")


@rule(r"(?:the\s+)?['\u2019]?((?:1[0-9]|20)\d0|[2-9]0)['\u2019]?s\b", DIGITS, ("the",))
def _decade(m: re.Match[str], reading: Reading) -> Days | None:
    if len(m[1]) == 2 and (
        reading.strict or not (m[0].startswith("the") or m.string[max(0, m.start() - 1) : m.start()] in ("'", "\u2019"))
    ):
        return None  # "in her 30s" is an age, "in the 90s" may be a temperature
    if reading.strict and not reading.preceded(_IN_DECADE, m.start()):
        return NO_DAYS  # "a 1960s lamp"
    return unit_at("decade", date(int(m[1]) if len(m[1]) == 4 else 1900 + int(m[1]), 1, 1), 0)


@rule(
    rf"(?:(last|previous|next|this|(?:this\s+)?(?:up)?coming)\s+)?({any_of(words.HOLIDAYS)})(?!\w)"
    rf"(?:\s+(?:of\s+|in\s+)?({Y})\b)?",
    ("last", "previous", "next", "this", "coming", "upcoming"),
    words.HOLIDAYS,
)
def _holiday(m: re.Match[str], reading: Reading) -> Days:
    month, day, length = words.HOLIDAYS[re.sub(r"\s+", " ", m[2])]
    today = reading.today

    def make(year: int) -> Days:
        start = date(year, month, day) if month else easter(year) + timedelta(days=day)
        return Days(start, start + timedelta(days=length))

    if reading.preceded(_OTHER_CHURCH, m.start()):
        return NO_DAYS
    if reading.strict and _NO_HOLIDAY.match(reading.raw, m.end()):
        return NO_DAYS
    if m[3]:
        return make(int(m[3]))
    if m[1] == "this":
        return yearless(make, reading, m.start()) if reading.strict else make(today.year)
    if m[1]:
        return last_or_next(make, way_of(m[1]), today)
    if reading.strict and not reading.preceded(_HOLIDAY_BEFORE, m.start()):
        return NO_DAYS
    return yearless(make, reading, m.start())


@rule(rf"in\s+the\s+({any_of(words.DECADES)})\b", ("in",))
def _decade_in_words(m: re.Match[str], reading: Reading) -> Days:
    return NO_DAYS if reading.strict else unit_at("decade", date(words.DECADES[m[1]], 1, 1), 0)  # or temperatures


_HOLIDAY_BEFORE = re.compile(
    r"\b(?:on|at|over|by|before|after|until|till|since|during|this|an|zu|über|nach|à|en|em)\s+$"
)
_OTHER_CHURCH = re.compile(r"\b(?:orthodox\w*|greek|russian|coptic|eastern)\s+$")
_NO_HOLIDAY = re.compile(r"\s+(?:[A-Z]|eggs?\b|bunn(?:y|ies)\b|trees?\b|cards?\b|carols?\b)")
"""What makes a holiday part of a name: "on Easter Island"."""


@rule(r"b\.?e\.?\s?(2[45]\d\d)(?!\w)", ("b", "be"))
@rule(r"(2[45]\d\d)\s?b\.?e\b", DIGITS)
def _buddhist(m: re.Match[str], reading: Reading) -> Days | None:
    if "B" not in reading.raw[m.start() : m.end()]:
        return None  # "must be 2500"
    return written(int(m[1]) - THAI_ERA)


@rule(rf"(?<![$€£#])(?<!\d\.)({Y})(?![\w%°/:@€$]|[.,]\d|-[\d]|\s+yılının\s+\d)", DIGITS)
def _year(m: re.Match[str], reading: Reading) -> Days | None:
    low, at, year = reading.low, m.start(), int(m[1])
    if reading.strict:
        fits = (
            reading.preceded(_YEAR_BEFORE, at)
            or _YEAR_AFTER.match(low, m.end())
            or (low[:at].endswith("(") and low[m.end() :].startswith(")"))
        )
        if (
            not fits
            or not 1200 <= year < 2200
            or reading.preceded(_FISCAL, at)
            or _OTHER_ERA.match(low, m.end())
            or (reading.preceded(_RUSSIAN, at) and not _GOD.match(low, m.end()))
            or _LISTED.match(low, m.end())
            or COUNTED.match(reading.raw, m.end())
            or _QUANTITY.search(low)
        ):
            return NO_DAYS
    elif reading.preceded(LABELS, at) or (
        not reading.preceded(_BEFORE_YEAR, at) and (not 1900 <= year < 2100 or COUNTED.match(reading.raw, m.end()))
    ):
        return None
    return written(year)


_BEFORE_YEAR = re.compile(
    r"(?:\b(?:in|since|during|by|until|till|before|after|of|from|between|early|mid|late|year|the|our|my|his|her|their|"
    r"throughout|around|circa|im|seit|en|desde|depuis|nel|em)|['\u2019]s)[\s-]+$"
)
_YEAR_BEFORE = re.compile(
    r"(?:\b(?:in|since|during|by|until|till|before|after|between|early|mid|late|year|years|throughout|im\s+jahr|seit|bis|en|"
    r"desde|hasta|depuis|jusqu['\u2019]en|nel|dal|em|até|в|с|до|jahr|año|année|sejak|sampai|hingga|منذ|حتى|في|عام|سنة|सन्?|साल|वर्ष|سن|سال|tahun|ปี|"
    r"(?:end|start|beginning|middle|half|summer|year)\s+of)[\s-]+|\b(?:between|from)\s+[12]\d{3}\s+(?:and|to)\s+|from\s+(?=[12]\d{3}\s+to\s+[12]\d{3}))$"
)
_YEAR_AFTER = re.compile(
    r"\s+onwards?\b|\s+(?:से(?!\S)(?!\s+(?:ज़?्?यादा|ज्यादा|अधिक|कम|ऊपर|बड़))|में(?!\S)|तक(?!\S)|yılı)|['\u2019](?:(?:d|t)[ea]n?|y?[ea]\s+kadar)\b"
)
_RUSSIAN, _GOD = re.compile(r"\b(?:в|с|до)\s+$"), re.compile(r"\s*(?:г\b|год|[-\u2013]\s?\d)")
_OTHER_ERA = re.compile(r"\s?(?:هـ|ه(?!\w)|هجري|ق\.?\s?م|a\.?h(?!\w)|b\.?c|до\s+н|v\.\s?chr|av\.\s?j)")
_LISTED = re.compile(r"\s*,\s*[12]\d{3}\b|\s+(?:and|or|to|through|und|bis|et|à|y|a|e|и|по)\s+(?:in\s+)?[12]\d{3}\b")
COUNTED = re.compile(
    r"\s+(?:(?!(?:is|was|has|does|as|its|his|this|us|plus|always|\w+mos)\b)[a-z]+s\b|people|euros?|dollars?|crowns|rpm|k?m\b|k?g\b|mb\b|gb\b|kb\b|ms\b|percent|yen|[€$£%]|square|"
    r"meters|metres|feet|calories|entries|more|other|different|new\b)"
)
_QUANTITY = re.compile(
    r"\b(?:ports?|prices?|costs?|limits?|rooms?|pages?|points?|scores?|codes?|numbers?|phones?|cache|rpm|euros?|dollars?|"
    r"crowns|zip|postcode|zimmer|preis|euro|habitación|precio|quarto|preço|chambre|prix|номер|цена|квартир\w*)\b"
)
LABELS = re.compile(
    r"\b(?:port|room|firmware|release|driver|page|flight|gate|version|build|model|extension|ticket|issue|order|invoice|bus|line|train|unit|part|code|"
    r"number|no\.|nr\.|called|named|titled|novel|book|film|movie|album|song|reads?|zimmer|flug|habitación|vuelo|chambre|vol|quarto|voo|camera|volo|kamer|vlucht|комнат\w*|рейс\w*)\s+(?:is\s+|was\s+)?$"
)
"""What stands before a number that is a name: "room 2019"."""
