"""Rules for weekdays and days of the month: "on Friday", "last Monday", "the 11th"."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

from hindsight_teams.backends.sqlite.text import date_words as words
from hindsight_teams.backends.sqlite.text.date_grammar import (
    ANY_NUMBER,
    ANY_WEEKDAY,
    DIGITS,
    NEXT,
    PAST,
    THIS,
    WS,
    M,
    any_of,
    is_name,
    rule,
    unspaced,
    way_of,
)
from hindsight_teams.backends.sqlite.text.date_tenses import is_recurring
from hindsight_teams.backends.sqlite.text.date_units import (
    NO_DAYS,
    Days,
    Reading,
    how_many,
    nearest_day,
    nearest_weekday,
    unit_at,
)

NEARBY = ("last", "past", "previous", "this", "current", "next", "coming", "upcoming")
_LETTER = "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ed\u06fa-\u06ff\u0900-\u0963\u0971-\u097f\u0980-\u09e3"
EDGE, END = rf"(?<![{_LETTER}])", rf"(?![{_LETTER}])"


@rule(rf"({ANY_NUMBER})\s+({ANY_WEEKDAY})s\s+ago\b", DIGITS, words.NUMBERS)
@rule(
    rf"(?:the\s+)?()({ANY_WEEKDAY})\s+before\s+last(?=\s*[.,;:!?)]|\s*$|\s+(?:we|i|he|she|they|you|it|the|a|at|in|and)\b)",
    ("the",),
    words.WEEKDAYS,
)
def _weekdays_ago(m: re.Match[str], reading: Reading) -> Days:
    """As in "three Fridays ago" and "the Friday before last"."""
    least, most = how_many(m[1] or "two")
    back = (reading.today.weekday() - words.WEEKDAYS[m[2]] - 1) % 7 + 1
    return unit_at("day", reading.today, -back - 7 * (least - 1)) if least == most else NO_DAYS


_WEEKDAY_BEFORE = re.compile(
    r"(?:\b(?:on|by|until|till|before|after|since|from|to|for|through|am|bis|ab|seit|el|le|al|desde|hasta|na|no|até|op|hari|pada|в|во|"
    r"до|с|and)\s+)$"
)
_TIME_OF_DAY = re.compile(r",?\s+(?:morning|afternoon|evening|night|at\s+\d|günü\b)")
_DETERMINED = re.compile(r"\b(?:the|an?|our|my|his|her|their|its)\s+(?:[a-z]+\s+)?$")
"""What makes of a weekday a part of a thing: "the popular Friday evening slot"."""
_ENDS = re.compile(r"\s*(?:[.,;!]|$)")
_TITLE = re.compile(
    rf"\w\W*\s(?!On|Last|Next|This|{'|'.join(w.title() for w in words.MONTHS if w.isascii())})[A-Z][a-z]+\s$"
)
"""A name before a weekday, within a sentence: "Who sang Ruby Tuesday?"."""
_ITSELF = re.compile(r"\s+(?:was|went|turned\s+out|will\s+be)\s+(?!his\b|her\b|my\b|our\b|their\b|\w+['\u2019]s\b)")
"""A sentence about the day itself: "Friday was chaotic"; not "Friday was Crusoe's companion"."""
_OF_IT = re.compile(r"\s+(?:(?:of|in)\s+(?:the|each|every|a)|before|after|of)\b")
WITHIN = re.compile(r"[^\W\d_],?\s+$")
"""What stands before a word within a sentence."""
_BARE = frozenset(
    "lundi mardi mercredi jeudi vendredi samedi dimanche lunedì martedì mercoledì giovedì venerdì".split()
) | {"hari senin", "hari minggu"}


@rule(rf"({PAST}|{THIS}|{NEXT})\s+({WS})(?!\w)", NEARBY)
def _last_weekday(m: re.Match[str], reading: Reading) -> Days | None:
    today, weekday = reading.today, {**words.WEEKDAYS, **words.SHORT_WEEKDAYS}[m[2]]
    if reading.strict and (
        reading.raw[m.start(2)].islower()
        or is_name(reading, m.start(2), m.end(2))
        or is_recurring(reading.low)
        or _OF_IT.match(reading.low, m.end())
    ):
        return NO_DAYS
    if not (way := way_of(m[1])):
        return unit_at("day", today - timedelta(days=today.weekday()), weekday)
    if reading.strict and m[1] == "next" and weekday > today.weekday():
        return NO_DAYS  # of this week or of the next one
    return unit_at("day", today, way * ((way * (weekday - today.weekday()) - 1) % 7 + 1))


@rule(rf"({ANY_WEEKDAY}|senin(?=\s+(?:lalu|depan)\b))(?!\w)", words.WEEKDAYS, ("senin",))
def _weekday(m: re.Match[str], reading: Reading) -> Days | None:
    low, today, at = reading.low, reading.today, m.start()
    if reading.preceded(_HABIT, at) or (reading.raw[at].isupper() and _TITLE.search(reading.raw, max(0, at - 40), at)):
        return NO_DAYS
    weekday = words.WEEKDAYS.get(m[1], 0)
    away = (weekday - today.weekday()) % 7
    if reading.preceded(_THE_LAST, at) or _LAST.match(low, m.end()):
        return unit_at("day", today, away - 7)
    if reading.preceded(_THE_NEXT, at) or _COMING.match(low, m.end()):
        return unit_at("day", today, away or 7)
    if reading.strict:
        if m[1] in _BARE and reading.raw[at].isupper() and WITHIN.search(reading.raw, max(0, at - 8), at):
            return NO_DAYS  # a title: "il film Giovedì"
        named = (
            reading.preceded(_WEEKDAY_BEFORE, at)
            or (_TIME_OF_DAY.match(low, m.end()) and not reading.preceded(_DETERMINED, at))
            or (low[:at].endswith("deadline is ") and _ENDS.match(low, m.end()))
            or (not low[:at].strip("\"'*- ") and _ITSELF.match(low, m.end()))
        )
        if reading.preceded(_FROM_DAY, at):
            return NO_DAYS  # "runs Monday to Friday"
        listed = _DAY_AFTER.match(low, m.end()) or reading.preceded(_DAY_AHEAD, at)
        if (up_to := _DAY_UP_TO.match(low, m.end())) and words.WEEKDAYS[up_to[1]] == today.weekday():
            return NO_DAYS  # "from Monday to Wednesday", on a Wednesday
        if listed or not (named or m[1] in _BARE) or is_name(reading, at, m.end()):
            return NO_DAYS
    if _WEEK_AFTER.match(low, m.end()):
        return NO_DAYS if reading.strict else unit_at("day", today, (away or 7) + 7)
    return nearest_weekday(reading, at, weekday)


_WEEK_AFTER = re.compile(r"\s+week\b(?!\s+(?:of|in)\b)|\s+in\s+(?:einer\s+woche|zwei\s+wochen)\b")
"""As in "Monday week": the one after the next."""


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
_FROM_DAY = re.compile(
    rf"(?<!from )(?<!between )(?<!vom )(?<!von )(?<!de )(?<!du )(?<!\w)(?:{ANY_WEEKDAY})"
    r"\s*(?:-|\u2013|\b(?:to|through|bis|a|al|à|au|по)\b)\s*$"
)
_DAY_AHEAD = re.compile(rf"(?:{ANY_WEEKDAY}){_LIST}$")
_THE_LAST = re.compile(
    r"\b(?:letzte[nrms]?|vergangene[nrms]?|vorige[nrms]?|прошл\w+|últim[oa]|scors[oa]|geçen|vorige|afgelopen)\s+$"
)
_LAST = re.compile(r"\s+(?:pasad[oa]|passad[oa]|dernier|passé|scors[oa]|lalu|kemarin)\b")
_THE_NEXT = re.compile(
    r"\b(?:nächste[nrms]?|kommende[nrms]?|следующ\w+|próxim[oa]|prossim[oa]|gelecek|önümüzdeki|volgende|komende)\s+$"
)
_COMING = re.compile(r"\s+(?:prochain|próxim[oa]|prossim[oa]|depan|que\s+(?:viene|vem))\b")
_HABIT = re.compile(r"\b(?:every|each|any|black|good|casual|most|cyber|ash|easter|palm|super|fat|maundy)\s+$")
_DAY_BEFORE = re.compile(r"\b(?:on|by|until|till|before|after|since|from)\s+$")


@rule(
    r"the\s+(\d{1,2})(?:st|nd|rd|th)(?:\s+of\s+(this|last|next)\s+month\b|(?=\s*(?:[.,;:!?)]|$)|\s+(?:at|in|we|i|she|he|"
    r"they|it|you|the|my|our|his|her|their|and|with|because)\b))",
    ("the",),
)
def _day_of_month(m: re.Match[str], reading: Reading) -> Days:
    day, today, at = int(m[1]), reading.today, m.start()
    if m[2]:
        month = unit_at("month", today, {"last": -1, "this": 0, "next": 1}[m[2]]).start
        return unit_at("day", month.replace(day=day), 0)
    if reading.strict and not reading.preceded(_DAY_BEFORE, at):
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


_BARE_HAN = (
    r"(?<![一二两兩三四五六七八九十几每上下这這本個个\d])(?<![一二三四五六日天][至到和与與、~-])(?:周|週|星期|礼拜|禮拜)([一二三四五六日天])"
    r"(?=[我你您他她它们們咱大早上中下晚夜凌要会會将將开開有在去来來是谁誰什为為]|\W|$)|(?<![祝毎])([月火水木金土日])曜日|([월화수목금토일])요일"
)


_LAST_OR_NEXT = {
    **dict.fromkeys("पिछले गत बीते গত پچھلے گزشتہ گذشتہ الماضي الماضية الفائت الفائتة".split(), -1),
    **dict.fromkeys("अगले आगामी আগামী اگلے آئندہ القادم القادمة المقبل المقبلة".split(), 1),
}


@unspaced(rf"{EDGE}({any_of(_LAST_OR_NEXT)})\s+({any_of(words.MARKED_WEEKDAYS)}){END}")
@unspaced(rf"{EDGE}({any_of(words.MARKED_WEEKDAYS)})\s+({any_of(_LAST_OR_NEXT)}){END}")
def _marked_weekday(m: re.Match[str], reading: Reading) -> Days:
    way, weekday = (m[1], m[2]) if m[1] in _LAST_OR_NEXT else (m[2], m[1])
    ahead = (words.MARKED_WEEKDAYS[weekday] - reading.today.weekday()) % 7
    return unit_at("day", reading.today, (ahead or 7) if _LAST_OR_NEXT[way] > 0 else ahead - 7)


_MW = any_of(words.MARKED_WEEKDAYS)
_BARE_MARKED = rf"{EDGE}(?:يوم\s+({_MW})|({_MW})(?:\s+(?:को|کو)|(?<=বার)(?:ে)?)){END}"


@lru_cache(maxsize=64)  # asked for each weekday of a text
def _names_several(low: str) -> bool:
    return len(re.findall(rf"{_BARE_HAN}|{_MW}", low)) > 1


@unspaced(_BARE_HAN)
@unspaced(_BARE_MARKED)
def _bare_weekday(m: re.Match[str], reading: Reading) -> Days:
    """With the word that makes it a day: many are names or other words alone."""
    if reading.strict and _names_several(reading.low):
        return NO_DAYS  # "月曜日から金曜日まで"
    weekday = next(filter(None, m.groups()))
    return nearest_weekday(reading, m.start(), (_HAN_WEEKDAYS | words.MARKED_WEEKDAYS)[weekday])
