"""Days, weeks, months and years: spans of days, how to count with them, and which Friday, May or 14th a sentence means.

Whether a sentence speaks of the past or of the future is told by tenses and a few verbs, for the languages whose
weekdays and months are read. Where there is no marker, or one of each, the answer is None: no day is better than a
guessed one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias

from hindsight_teams.backends.sqlite.text.date_words import FOREIGN_NUMBERS, HAN_DIGITS, NUMBERS, Unit
from hindsight_teams.backends.sqlite.text.irregular import BASE
from hindsight_teams.backends.sqlite.text.stop_words import STOP_WORDS

Lean: TypeAlias = Literal["past", "future"]

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
        return found if self.strict else "future" if found == "future" else self.nearby

    def of_the_past(self) -> Reading:
        """The same, where a query in doubt means the last occurrence even if the next one is near: "Q3"."""
        return replace(self, nearby="past")


def first_of(year: int, month: int) -> date:
    """The first day of a month, which may lie outside 1..12."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


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
    if unit in ("week", "weekend", "fortnight"):
        return day + timedelta(weeks=count * (2 if unit == "fortnight" else 1))
    first = first_of(day.year, day.month + count * {"month": 1, "quarter": 3, "year": 12, "decade": 120}[unit])
    last = first_of(first.year, first.month + 1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def units_between(unit: Unit, day: date, low: int, high: int) -> Days:
    """From the ``low``-th to the ``high``-th unit counted from ``day``, both included."""
    return Days(unit_at(unit, day, min(low, high)).start, unit_at(unit, day, max(low, high)).end)


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
        limit = today + _AHEAD if lean == "near" else today
        if days.end > today if lean == "future" else days.start <= limit:
            return replace(days, yearless=True)
    return NO_DAYS


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
    """Chinese digits up to 99: 十二, 二十, 二十三."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return HAN_DIGITS[text]
    return (HAN_DIGITS[tens] if tens else 1) * 10 + (HAN_DIGITS[ones] if ones else 0)


def full_year(text: str) -> int:
    """A year of two digits is one of 1950 to 2049."""
    year = int(text)
    return year + (2000 if year < 50 else 1900) if len(text) == 2 else year


_SAME = frozenset("put set cut let read cost hit shut split spread hurt quit beat bet burst cast rid shed".split())
_NOUNS = frozenset("feet geese children men mice people teeth women wives knives halves shelves wolves loaves".split())
_COMPARED = frozenset("better best worse worst further furthest goes left".split())
_IRREGULAR = "|".join(sorted(set(BASE) - _SAME - _NOUNS - _COMPARED, key=len, reverse=True))
_NOT_VERBS = (
    "need|feed|seed|speed|bed|red|indeed|hundred|shed|weed|breed|exceed|proceed|succeed|embed|shared|united|used|sacred"
)
# "was" alone is past; a participle after "is", "be" or an article says nothing about when.
_ENGLISH_PAST = re.compile(
    r"\b(?:was|were|wasn['\u2019]t|weren['\u2019]t|had|hadn['\u2019]t|did|didn['\u2019]t|ago|yesterday|left|last\s+"
    r"(?:night|week|month|year|time))\b"
    r"|(?<!\bbe )(?<!\bis )(?<!\bam )(?<!\bare )(?<!\bbeing )(?<!\bget )(?<!\bgets )(?<!\bthe )(?<!\ban )(?<!\ba )"
    r"(?<!\bour )(?<!\bmy )(?<!\bhis )(?<!\bher )(?<!\bits )(?<!\btheir )(?<!\ball )(?<!\bto )"
    rf"\b(?!(?:{_NOT_VERBS})\b)(?:\w{{2,}}ed|{_IRREGULAR})\b"
)
_BE = (
    r"(?:\b(?:is|are|am|be)|['\u2019](?:s|re|m))"
    r"(?:\s+(?:not|only|now|already|still|also|planned|scheduled|set|due|booked|fixed))*"
)
_EVENTS = (
    "start begin end open close launch arrive leave depart land kick meet return retire come ship fly visit join move "
    "switch speak present finish expire resume travel marry release deploy deliver take land sail drive play host run"
).split()
_ENGLISH_FUTURE = re.compile(
    r"\b(?:will|won['\u2019]t|shall|gonna|must|should|needs?|ha(?:s|ve)\s+to|remind|due|upcoming|tomorrow|can|"
    r"(?:plan|want|hope|expect|intend)s?\s+to|deadline|next\s+(?:week|month|year|time)|"
    r"let['\u2019]?s|takes\s+place|goes\s+live)\b|['\u2019]ll\b"
    r"|(?<!\d )(?<!\bin )(?<!\bof )(?<!\bby )(?<!\bto )(?<!since )(?<!until )(?<!from )(?<!last )(?<!th )\bmay"
    r"\s+(?!to\b|and\b|was\b|is\b|we\b|i\b|the\b)[a-z]"
    rf"|{_BE}\s+(?:on|in|at|until|till|by|from|due|next|this|coming)\b"
    rf"|{_BE}\s+\w+ing\b"
    rf"|\b(?:{'|'.join(_EVENTS)})(?:e?s)\b"
    r"|^\W*(?:please\s+)?(?:call|send|ask|meet|book|pay|submit|finish|deliver|check|review|bring|buy|visit|come|see|join|"
    r"start|remember|prepare|order|pick|return|renew|write|tell|give|take|do|don['\u2019]t|get|make|move|close|open)\b"
)
_UNSETTLED = re.compile(
    r"\b(?:postponed|rescheduled|moved\s+(?:from|to)\s+(?:the\s+)?(?:\d|next|\w+day\b)|pushed\s+(?:back|to)|brought\s+forward|delayed|shifted|"
    r"verschoben|verlegt|repoussée?|reportée?|aplazad[oa]|adiad[oa]|перенес\w+)\b"
    r"|(?<!is )(?<!are )\b(?:planned|scheduled|due|booked)\s+(?:for|on|in)\b"
    r"|\b(?:if|unless|whether|would|could|wenn|falls|если)\b|(?<=[a-z])['\u2019]d\b"
)
_OTHER_PAST = re.compile(
    r"\b(?:war|waren|hatten?|wurden?|kam(?:en)?|ging(?:en)?|fiel(?:en)?|zog(?:en)?|traf(?:en)?|sah(?:en)?|gab(?:en)?|"
    r"fand(?:en)?|blieb(?:en)?|starb(?:en)?|begann(?:en)?)\b"  # German
    r"|\b(?:hat|haben|habe|ist|sind|bin)\b.*?\b(?:\w{0,8}ge\w+(?:t|en)|ver\w+(?:t|en)|be\w+(?:t|en))\b"
    r"|\b(?:a|ai|ont|avons|avez|s['\u2019]est)\s+\w+(?:é|ée|és|ées|i|is|it|u|ue|us|ert)\b"
    r"|\b(?:est|sont|suis|sommes)\s+(?:all|arriv|pass|rest|tomb|entr|rentr|mont|retourn|n)é(?:e?s?)\b"  # not: is closed
    r"|\b(?:est|sont|suis|sommes)\s+(?:(?:re|de)?ven|part|sort|descend|mor|disparu|apparu|par)(?:u|i|t)?(?:e?s?)\b"
    r"|\b(?:était|étaient|avait|avaient)\b"  # French
    r"|\b(?:fue|fueron|era|estuvo|hubo|tuvo|hizo|ha|han|hemos|foi|foram|esteve|teve|fez)\b"  # Spanish, Portuguese
    r"|\b\w{2,}(?:ó|aron|ieron|ou|aram|eram|iram)\b"
    r"|\b(?:ha|hanno|abbiamo|è|sono)\s+\w+(?:[ts][oaie])\b"  # Italian
    r"|\b\w{2,}(?:л|ла|ло|ли|лся|лась|лось|лись)\b"  # Russian
    r"|[了曾已]|(?:た|[았었했갔왔났]다)[\u3002.!\uff01]?$"  # Chinese, Japanese, Korean
)
_OTHER_FUTURE = re.compile(
    r"\b(?:wird|werden|werde|soll|sollen|muss|müssen|nächste\w*|kommende\w*|gilt|beginnt|endet|startet|"
    r"findet|fällig|kommt|fährt)\b"
    r"|\b\w+(?:erai|[aefior]rai|eras|era|erons|erez|eront|(?<!e)ira|iront|dra|dront)\b|\b(?:va|vont|allons|vais|doit|doivent|prochaine?)\b"
    r"|\b\w+(?:rá|rán|ré|remos|rão)\b|\b(?:vamos|voy|debe|próxim[oa]|vai|vão|vou|deve|prossim[oa])\b"
    r"|\b\w+(?:rà|ranno)\b"
    r"|\b(?:будет|будут|буду|будем|должен|должна|нужно|надо)\b"
    r"|[将將]|ます[\u3002.!\uff01]?$|予定|예정|겠"
)
_DEADLINE = re.compile(
    r"\b(?:until|till|by|before|bis|hasta|até|fino\s+a|jusqu\w*|avant|avanti|antes\s+de|vor|до|"
    r"no\s+later|spätestens|plus\s+tard|(?:más|mais)\s+tardar|entro|uiterlijk|позднее)\b"
)
_SINCE = re.compile(r"\b(?:since|seit|depuis|desde|dal)\s+(?:the\s+|dem\s+|el\s+|le\s+)?$")
_RECURRING = re.compile(
    r"\b(?:every|each|daily|weekly|monthly|quarterly|yearly|annually|anniversary|birthdays?|born|weekdays|always|usually|"
    r"normally|(?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:once|twice)\s+an?|per\s+(?:week|month|quarter|year))\b"
    r"|\b(?:of|in)\s+(?:the|a)\s+(?:week|month|quarter|year)\b(?!\s*\d)"
    r"|\b(?:jede[nrsm]?|täglich|wöchentlich|monatlich|jährlich|jahrestag|geburtstag|geboren|\w+tags)\b"
    r"|\b(?:chaque|tous\s+les|toutes\s+les|anniversaire|quotidien\w*|hebdomadaire|mensuel\w*|née?s?\s+le)\b"
    r"|\b(?:cada|todos\s+l?os|todas\s+l?as|aniversario|cumpleaños|aniversário|naci[óo]|nasceu|los\s+\w+s(?=\W)|"
    r"às\s+\w+s)\b"
    r"|\b(?:ogni|tutti\s+i|tutte\s+le|compleanno|anniversario|nat[oa]\s+il)\b"
    r"|кажд|еже(?:днев|недел|месяч|год)|по\s+\w+ам\b|день\s+рожден|годовщин|родил"
    r"|每|毎|生日|誕生日|记念日|記念日|周年|매(?:주|일|월|년)|생일|기념일"
    r"|हर |जन्मदिन|सालगिरह|প্রতি|জন্মদিন|(?<!\w)ہر |سالگرہ|(?<!\w)كل |عيد ميلاد"
)
_CLAUSE = re.compile(r"[,;:()\u2014]|\b(?:and|but|while|und|aber|et|mais|y|pero|e|mas|и|но|а)\b")


@lru_cache(maxsize=64)  # asked for each date of a text
def is_recurring(low: str) -> bool:
    """Whether a sentence tells of what comes again and again: "every Friday", "her birthday", "on Mondays"."""
    return _RECURRING.search(low) is not None


def leaning(low: str, position: int | None = None) -> Lean | None:
    """Past or future, as a sentence in lower case says it; None where it is not clear.

    Args:
        position: Where the date stands: its clause counts first.
    """
    if is_recurring(low):
        return None
    if position is not None and _SINCE.search(low, max(0, position - 16), position):
        return "past"
    if _is_unsettled(low):
        return None
    if position is not None:
        begin = max((m.end() for m in _CLAUSE.finditer(low, 0, position)), default=0)
        following = _CLAUSE.search(low, position)
        clause = low[begin : following.start() if following else len(low)]
        if clause != low and (found := _of(clause)) is not None:
            return found
    return _of(low)


@lru_cache(maxsize=64)
def _is_unsettled(low: str) -> bool:
    return _UNSETTLED.search(low) is not None


@lru_cache(maxsize=64)
def _of(low: str) -> Lean | None:
    past, future = _ENGLISH_PAST.search(low), _ENGLISH_FUTURE.search(low)
    if not _ENGLISH.search(low):
        past, future = past or _OTHER_PAST.search(low), future or _OTHER_FUTURE.search(low)
    if past:
        return None if future else "past"
    if future or _DEADLINE.search(low):
        return "future"
    asked = _IMPERATIVE.match(low)
    return "future" if asked and asked[1] not in STOP_WORDS | _SAME else None


_IMPERATIVE = re.compile(
    r"\W*(?:please\s+)?(?!\w+(?:ed|ing|s|ly)\b)([a-z]{2,})\s+(?:the|a|an|my|your|our|his|her|their|all|it|them|him|me|us)\b"
)
"""A verb that begins a sentence and has an object: "raise the price on 1 December"."""
_ENGLISH = re.compile(
    r"\b(?:the|is|are|were|and|with|for|by|until|at|this|that|our|she|they|have|it|its|their|been|may|must|should|from|"
    r"since|before|after)\b"
)
