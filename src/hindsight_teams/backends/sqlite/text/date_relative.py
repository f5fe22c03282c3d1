"""Rules for dates relative to the day of the text: "yesterday", "three weeks ago", "on Friday"."""

from __future__ import annotations

import re
from datetime import date, timedelta

from hindsight_teams.backends.sqlite.text import date_words as words
from hindsight_teams.backends.sqlite.text.date_absolute import season
from hindsight_teams.backends.sqlite.text.date_grammar import (
    ANY_NUMBER,
    ANY_UNIT,
    ANY_WEEKDAY,
    DIGITS,
    NEXT,
    PAST,
    RULES,
    THIS,
    UNSPACED_RULES,
    WS,
    M,
    any_of,
    is_name,
    rule,
    unspaced,
)
from hindsight_teams.backends.sqlite.text.date_units import (
    NO_DAYS,
    Days,
    Reading,
    how_many,
    is_recurring,
    moved,
    nearest_day,
    unit_at,
    units_between,
    yearless,
)

_NEARBY = ("last", "past", "previous", "this", "current", "next", "coming", "upcoming")


def _way(word: str) -> int:
    """Whether a word says the last one, this one or the next one."""
    return -1 if word in ("last", "past", "previous") else 0 if word in ("this", "current") else 1


_S = any_of(words.SEASONS)
_OWNED = re.compile(r"['\u2019]s\b")


_NOWADAYS = re.compile(
    r"\b(?:still|than|even|until|till|common\w*|known|of|widely|bis|noch|als|auch)\s+(?:\w+\s+){0,3}$"
)
_THESE_DAYS = re.compile(r"\s+(?:noch\b|en\s+d[ií]a)")


@rule(rf"({any_of(words.PHRASES)})(?!\w)", words.PHRASES)
def _phrase(m: re.Match[str], reading: Reading) -> Days:
    phrase = re.sub(r"\s+", " ", m[1])
    if reading.strict and (
        _OWNED.match(reading.low, m.end())
        or is_name(reading, m.start(), m.end(), capital=False)
        or reading.raw[m.start() + 1 : m.end()] != reading.low[m.start() + 1 : m.end()]
        or (phrase == "today" and _NOWADAYS.search(reading.low, 0, m.start()))
    ):
        return NO_DAYS
    unit, offset = words.PHRASES[phrase]
    return unit_at(unit, reading.today, offset)


# "Hier" and "morgen" are other words in other languages.
_GERMANIC = re.compile(
    r"\b(?:ich|wir|ist|der|die|das|und|nicht|ein|eine|sind|bin|auch|mit|von|zu|gibt|liegt|steht|wohnt|wo|was|wer|sie|"
    r"er|im|am|bleibe\w*|het|een|ik|wij|niet|van|zijn|woont|staat|ligt|en)\b"
)
_FRENCH = re.compile(r"\b(?:je|j|nous|on|il|elle|ils|elles|le|la|les|des|du|une|est|a|ai|ont|avons|qu|s|c|tu|vous)\b")
_NO_MORNING = re.compile(r"\b(?:la|las|una|por\s+la|de\s+la|a|guten|am|jeden|eines|der|den|goede|elke|jede[rn])\s+$")


@rule(rf"({any_of(words.FOREIGN_PHRASES)})(?!\w)", words.FOREIGN_PHRASES)
def _foreign_phrase(m: re.Match[str], reading: Reading) -> Days | None:
    phrase, low = re.sub(r"\s+", " ", m[1]), reading.low
    if phrase == "hier" and _GERMANIC.search(low) and not _FRENCH.search(low):
        return NO_DAYS
    if phrase == "hier" and reading.strict and not _FRENCH.search(low):
        return NO_DAYS
    if reading.strict and phrase in ("heute", "hoy"):
        if _NOWADAYS.search(low, 0, m.start()) or _THESE_DAYS.match(low, m.end()):
            return NO_DAYS
    if phrase in ("morgen", "mañana"):
        if _NO_MORNING.search(low, max(0, m.start() - 12), m.start()):
            return NO_DAYS
        if phrase == "morgen" and reading.raw[m.start()].isupper() and m.start() > 0:
            return NO_DAYS  # the noun
    unit, offset = words.FOREIGN_PHRASES[phrase]
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
    today, unit, ahead = reading.today, words.UNITS[m[4]], m[2] in ("next", "coming")
    if m[4] in ("hour", "minute"):
        return NO_DAYS
    if reading.strict:
        during = _DURING.search(reading.low, max(0, m.start() - 12), m.start())
        told = (m[1] and ahead) or (
            (m[1] or m[2] == "previous" or unit == "day") and not (m[1] and during) and not m[3]
        )
        if told or _OWNED.match(reading.low, m.end()) or (m[1] and not during):
            return NO_DAYS  # "the next day" is that after another one that was told of
    if m[3] or (not ahead and (m[1] or m[2] == "past")):  # a span that ends or begins now
        most = how_many(m[3] or "one")[1]
        if ahead:
            return Days(today, moved(today, unit, most) + timedelta(days=1))
        return Days(moved(today, unit, -most), today + timedelta(days=1))
    if unit == "weekend":  # on a weekend "last" is the one before, "next" the one after
        return unit_at(unit, today, 1 if ahead and today.weekday() >= 5 else 0 if ahead else -1)
    return unit_at(unit, today, 1 if ahead else -1)


_EDGE_OF = re.compile(r"\b(?P<by>by|until|till|before)?\s*(?:the\s+)?(?:beginning|start|middle|end)\s+of\s+$")


@rule(r"the\s+(week|month|quarter|year)(?=\s*(?:[.,;:!?)]|$))", ("the",))
def _edge_of_unit(m: re.Match[str], reading: Reading) -> Days | None:
    edge = _EDGE_OF.search(reading.low, max(0, m.start() - 30), m.start())
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
    if reading.strict and _VAGUE.search(reading.low, max(0, m.start() - 16), m.start()):
        return NO_DAYS
    if m[2] in ("hour", "minute"):
        if reading.strict:
            return NO_DAYS  # which day that is depends on the hour
        hours = (most if m[2] == "hour" else 0) // 24
        return unit_at("day", reading.today, sign * hours)
    if m[4]:
        return unit_at("day", moved(reading.today, words.UNITS[m[2]], sign * least), 0)
    return units_between(words.UNITS[m[2]], reading.today, sign * least, sign * most)


@rule(rf"in\s+({ANY_NUMBER})\s+({ANY_UNIT})s?(?:['\u2019]s?\s+time)?(?=\s*(?:[.,;:!?)]|$))", ("in",))
def _in_units(m: re.Match[str], reading: Reading) -> Days | None:
    least, most = how_many(m[1])
    if m[2] in ("hour", "minute") or (reading.strict and reading.lean(m.start()) != "future"):
        return NO_DAYS  # "built in five days" is how long it took
    return units_between(words.UNITS[m[2]], reading.today, least, most)


@rule(rf"({ANY_NUMBER})\s+({ANY_WEEKDAY})s\s+ago\b", DIGITS, words.NUMBERS)
def _weekdays_ago(m: re.Match[str], reading: Reading) -> Days:
    least, most = how_many(m[1])
    back = (reading.today.weekday() - words.WEEKDAYS[m[2]] - 1) % 7 + 1
    return unit_at("day", reading.today, -back - 7 * (least - 1)) if least == most else NO_DAYS


@rule(r"(?:over|at|on|during)\s+the\s+weekend\b(?!\s+of\b)", ("over", "at", "on", "during"))
def _the_weekend(m: re.Match[str], reading: Reading) -> Days:
    lean = reading.lean(m.start())
    if lean is None:
        return NO_DAYS
    return unit_at("weekend", reading.today, 0 if lean == "future" or reading.today.weekday() >= 5 else -1)


_AND_A_HALF = re.compile(r"\s+(?:et\s+demie?|y\s+medi[oa]|e\s+mei[oa]|e\s+mezz[oa])\b")
_FN = any_of(words.FOREIGN_NUMBERS)
_FU = any_of(words.FOREIGN_UNITS)


@rule(rf"(?:vor|il\s+y\s+a|hace|há|faz)\s+(\d{{1,3}}|{_FN})\s+({_FU})(?!\w)", ("vor", "il", "hace", "há", "faz"))
@rule(
    rf"(\d{{1,3}}|{_FN})\s+({_FU})\s+(?:fa|назад|atrás|geleden|önce|(?:yang\s+)?lalu)\b", DIGITS, words.FOREIGN_NUMBERS
)
@rule(r"()(неделю|месяц|год)\s+назад\b", ("неделю", "месяц", "год"))
def _foreign_ago(m: re.Match[str], reading: Reading) -> Days:
    if reading.strict and _AND_A_HALF.match(reading.low, m.end()):
        return NO_DAYS
    return unit_at(words.FOREIGN_UNITS[m[2]], reading.today, -how_many(m[1] or "1")[0])


_WEEKDAY_BEFORE = re.compile(
    r"(?:\b(?:on|by|until|till|before|after|since|from|to|for|through|am|bis|ab|seit|el|le|al|desde|hasta|na|no|até|в|во|"
    r"до|с|and)\s+)$"
)
_TIME_OF_DAY = re.compile(r",?\s+(?:morning|afternoon|evening|night|at\s+\d)")
_ITSELF = re.compile(r"\s+(?:was|went|turned\s+out|will\s+be)\s+(?!his\b|her\b|my\b|our\b|their\b|\w+['\u2019]s\b)")
"""A sentence about the day itself: "Friday was chaotic"; not "Friday was Crusoe's companion"."""
_OF_IT = re.compile(r"\s+(?:(?:of|in)\s+(?:the|each|every|a)|before|after|of)\b")
_BARE = frozenset(
    "lundi mardi mercredi jeudi vendredi samedi dimanche lunedì martedì mercoledì giovedì venerdì".split()
)


@rule(rf"({PAST}|{THIS}|{NEXT})\s+({WS})(?!\w)", _NEARBY)
def _last_weekday(m: re.Match[str], reading: Reading) -> Days | None:
    today, weekday = reading.today, {**words.WEEKDAYS, **words.SHORT_WEEKDAYS}[m[2]]
    if reading.strict and (
        reading.raw[m.start(2)].islower()
        or is_name(reading, m.start(2), m.end(2))
        or is_recurring(reading.low)
        or _OF_IT.match(reading.low, m.end())
    ):
        return NO_DAYS
    if not (way := _way(m[1])):
        return unit_at("day", today - timedelta(days=today.weekday()), weekday)
    return unit_at("day", today, way * ((way * (weekday - today.weekday()) - 1) % 7 + 1))


@rule(rf"({PAST}|{THIS}|{NEXT})\s+({M}|{_S})(?!\w)", _NEARBY)
def _last_month_name(m: re.Match[str], reading: Reading) -> Days | None:
    today = reading.today

    def make(year: int) -> Days:
        return season(m[2], year) if m[2] in words.SEASONS else unit_at("month", date(year, words.MONTHS[m[2]], 1), 0)

    if reading.strict and is_name(reading, m.start(2), m.end(2)):
        return NO_DAYS
    if not (way := _way(m[1])):
        before = make(today.year - 1)
        return before if before.end > today else make(today.year)  # "this winter" in January
    found = (make(today.year + way * n) for n in range(3))
    return next(days for days in found if (days.start > today if way > 0 else days.end <= today))


@rule(rf"(?:in|during|over|since|until|by)\s+(?:(the)\s+)?({_S})\b", ("in", "during", "over", "since", "until", "by"))
def _season_alone(m: re.Match[str], reading: Reading) -> Days | None:
    if reading.strict and (is_name(reading, m.start(2), m.end(2)) or (m[1] and m[2] in ("fall", "spring"))):
        return NO_DAYS
    return yearless(lambda year: season(m[2], year), reading, m.start())


@rule(rf"({ANY_WEEKDAY})(?!\w)", words.WEEKDAYS)
def _weekday(m: re.Match[str], reading: Reading) -> Days | None:
    low, today, at = reading.low, reading.today, m.start()
    if _HABIT.search(low, max(0, at - 12), at):
        return NO_DAYS
    away = (words.WEEKDAYS[m[1]] - today.weekday()) % 7
    if _THE_LAST.search(low, max(0, at - 14), at) or _LAST.match(low, m.end()):
        return unit_at("day", today, away - 7)
    if _THE_NEXT.search(low, max(0, at - 14), at) or _COMING.match(low, m.end()):
        return unit_at("day", today, away or 7)
    lean = reading.lean(at)
    if reading.strict:
        named = (
            _WEEKDAY_BEFORE.search(low, max(0, at - 10), at)
            or _TIME_OF_DAY.match(low, m.end())
            or (not low[:at].strip("\"'*- ") and _ITSELF.match(low, m.end()))
        )
        listed = _DAY_AFTER.match(low, m.end()) or _DAY_AHEAD.search(low, max(0, at - 24), at)
        if (up_to := _DAY_UP_TO.match(low, m.end())) and words.WEEKDAYS[up_to[1]] == today.weekday():
            return NO_DAYS  # "from Monday to Wednesday", on a Wednesday
        if listed or not (named or m[1] in _BARE) or is_name(reading, at, m.end()) or lean is None or not away:
            return NO_DAYS
    return unit_at("day", today, (away or 7) if lean == "future" else away - 7 if away else 0)


@rule(
    rf"(?:on\s+)?({ANY_WEEKDAY}),?\s+(?:the|den|dem|el|le|il|o)\s+(\d{{1,2}})(?:st|nd|rd|th|\.|er)?(?![\w:]|[.,]\d|\s+(?:of\b|{M}))",
    ("on",),
    words.WEEKDAYS,
)
def _weekday_the(m: re.Match[str], reading: Reading) -> Days:
    """As in "Friday the 13th"."""
    return nearest_day(reading, m.start(), int(m[2]), weekday=words.WEEKDAYS[m[1]])


_LIST = r"\s*(?:,|&|/|\b(?:and|or|und|oder|et|ou|y|o|e|и|или)\b)\s*(?:(?:and|or|on|am|le|el|в)\s+)*"
_DAY_AFTER = re.compile(rf"{_LIST}(?:{ANY_WEEKDAY})(?!\w)(?!\s+\d)")
_DAY_UP_TO = re.compile(rf"\s*(?:-|\u2013|\b(?:to|until|till|through|bis|a|al|à|au|по)\b)\s*({ANY_WEEKDAY})(?!\w)")
_DAY_AHEAD = re.compile(rf"(?:{ANY_WEEKDAY}){_LIST}$")
_THE_LAST = re.compile(r"\b(?:letzte[nrms]?|vergangene[nrms]?|vorige[nrms]?|прошл\w+|últim[oa]|scors[oa])\s+$")
_LAST = re.compile(r"\s+(?:pasad[oa]|passad[oa]|dernier|passé|scors[oa])\b")
_THE_NEXT = re.compile(r"\b(?:nächste[nrms]?|kommende[nrms]?|следующ\w+|próxim[oa]|prossim[oa])\s+$")
_COMING = re.compile(r"\s+(?:prochain|próxim[oa]|prossim[oa]|que\s+(?:viene|vem))\b")
_HABIT = re.compile(r"\b(?:every|each|any|black|good|casual|most|cyber|ash|easter|palm|super|fat|maundy)\s+$")
_DAY_BEFORE = re.compile(r"\b(?:on|by|until|till|before|after|since|from)\s+$")


@rule(
    r"the\s+(\d{1,2})(?:st|nd|rd|th)(?:\s+of\s+(this|last|next)\s+month\b|(?=\s*(?:[.,;:!?)]|$)|\s+(?:at|in|we|i|she|he|"
    r"they|and|with|because)\b))",
    ("the",),
)
def _day_of_month(m: re.Match[str], reading: Reading) -> Days:
    day, today, at = int(m[1]), reading.today, m.start()
    if m[2]:
        month = unit_at("month", today, {"last": -1, "this": 0, "next": 1}[m[2]]).start
        return unit_at("day", month.replace(day=day), 0)
    if reading.strict and not _DAY_BEFORE.search(reading.low, max(0, at - 8), at):
        return NO_DAYS
    return nearest_day(reading, at, day)


_HAN_WEEKS = {
    "上上": -2, "上": -1, "先": -1, "지난": -1, "这": 0, "這": 0, "本": 0, "今": 0, "이번": 0,
    "下": 1, "来": 1, "다음": 1,
}  # fmt: skip
_HAN_WEEKDAYS = {
    c: n
    for n, line in enumerate(("一月월", "二火화", "三水수", "四木목", "五金금", "六土토", "日天日일"))
    for c in line
}


@unspaced(
    r"(?:上上|[上这這本下])(?:个|個)?(?:周|週|星期|礼拜|禮拜)[一二三四五六日天](?![共直些个個次起样定天人场篇项件份年月百千万十])"
    r"|[先今来]週の?[月火水木金土日]曜|(?:지난|이번|다음)\s?주\s?[월화수목금토일]요일"
)
def _unspaced_weekday(m: re.Match[str], reading: Reading) -> Days:
    week = next(offset for word, offset in _HAN_WEEKS.items() if m[0].startswith(word))
    day = m[0].removesuffix("요일").removesuffix("曜")[-1]
    return unit_at("day", unit_at("week", reading.today, week).start, _HAN_WEEKDAYS[day])


_NOT_THE_DAY = re.compile("今日[のまで]|今天的|后天[性的疾]|今日では")


@unspaced(any_of(words.UNSPACED_PHRASES))
def _unspaced_phrase(m: re.Match[str], reading: Reading) -> Days:
    if reading.strict and _NOT_THE_DAY.match(reading.low, m.start()):
        return NO_DAYS
    unit, offset = words.UNSPACED_PHRASES[m[0]]
    return unit_at(unit, reading.today, offset)


@unspaced(
    rf"(?<!\d)(\d{{1,3}}|[{''.join(words.HAN_DIGITS)}]{{1,3}})\s?({any_of(words.UNSPACED_UNITS)})\s?(?:之|以)?[前전]"
)
def _unspaced_ago(m: re.Match[str], reading: Reading) -> Days:
    least, most = how_many(m[1])
    return units_between(words.UNSPACED_UNITS[m[2]], reading.today, -least, -most)


_LETTER = "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ed\u06fa-\u06ff\u0900-\u0963\u0971-\u097f\u0980-\u09e3"
_EDGE, _END = rf"(?<![{_LETTER}])", rf"(?![{_LETTER}])"
_MN, _MU = any_of(w for w in words.FOREIGN_NUMBERS if w > "\u0600"), any_of(words.MARKED_UNITS)


_LAST_OR_NEXT = {
    **dict.fromkeys("पिछले गत গত پچھلے گزشتہ الماضي".split(), -1),
    **dict.fromkeys("अगले আগামী اگلے آئندہ القادم المقبل".split(), 1),
}


@unspaced(rf"{_EDGE}(?:و)?({any_of(words.MARKED_PHRASES)})(?:র)?{_END}")
def _marked_phrase(m: re.Match[str], reading: Reading) -> Days:
    unit, offset = words.MARKED_PHRASES[re.sub(r"\s+", " ", m[1])]
    return unit_at(unit, reading.today, offset)


@unspaced(rf"{_EDGE}(\d{{1,3}}|{_MN})\s+({_MU})\s+(?:पहले|আগে|پہلے|قبل){_END}")
@unspaced(rf"{_EDGE}(?:قبل|منذ)\s+(\d{{1,3}}|{_MN})\s+({_MU}){_END}(?!\s+من\b)")
@unspaced(rf"{_EDGE}(?:قبل|منذ)\s+()({any_of([*words.ARABIC_DUALS, *words.MARKED_UNITS])}){_END}(?!\s+(?:\d|من\b))")
def _marked_ago(m: re.Match[str], reading: Reading) -> Days:
    if m[2] in words.ARABIC_DUALS:
        return unit_at(words.ARABIC_DUALS[m[2]], reading.today, -2)
    return unit_at(words.MARKED_UNITS[m[2]], reading.today, -how_many(m[1] or "1")[0])


@unspaced(rf"{_EDGE}({any_of(_LAST_OR_NEXT)})\s+({any_of(words.MARKED_WEEKDAYS)}){_END}")
@unspaced(rf"{_EDGE}({any_of(words.MARKED_WEEKDAYS)})\s+({any_of(_LAST_OR_NEXT)}){_END}")
def _marked_weekday(m: re.Match[str], reading: Reading) -> Days:
    way, weekday = (m[1], m[2]) if m[1] in _LAST_OR_NEXT else (m[2], m[1])
    ahead = (words.MARKED_WEEKDAYS[weekday] - reading.today.weekday()) % 7
    return unit_at("day", reading.today, (ahead or 7) if _LAST_OR_NEXT[way] > 0 else ahead - 7)


_MARKED_PAST = re.compile(
    _EDGE + "(?:था|थी|थे|गया|गई|गयी|गए|आया|आई|आए|चुका|किया|की|दिया|दी|मिला|मिली|हुआ|हुई|लिया|ली|"
    "تھا|تھی|تھے|گیا|گئی|گئے|آیا|آئی|آئے|کیا|دیا|دی|ملا|ملی|ہوا|ہوئی|لیا)" + _END
)
_MARKED_FUTURE = re.compile("(?:गा|गे|गी|گا|گے|گی)" + _END)


@unspaced(rf"{_EDGE}({any_of(words.EITHER_SIDE)}){_END}")
def _either_side(m: re.Match[str], reading: Reading) -> Days:
    past, future = _MARKED_PAST.search(reading.low), _MARKED_FUTURE.search(reading.low)
    if bool(past) == bool(future) and reading.strict:
        return NO_DAYS
    return unit_at("day", reading.today, words.EITHER_SIDE[m[1]] * (1 if future and not past else -1))


ALL_RULES = RULES
"""The rules by the word that a date begins with, once this module and ``date_absolute`` have added theirs."""
ALL_UNSPACED = [(re.compile(pattern), handler) for pattern, handler in UNSPACED_RULES]
ANY_UNSPACED = re.compile("|".join(pattern for pattern, _ in UNSPACED_RULES))
