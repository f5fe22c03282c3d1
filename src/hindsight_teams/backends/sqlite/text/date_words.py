"""Words of dates in the languages that the date rules know. Data only, lower case."""

from __future__ import annotations

from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["day", "week", "fortnight", "weekend", "month", "quarter", "year", "decade"]

_MONTHS = (
    "january jan januar janvier enero gennaio janeiro januari января январь январе มกราคม",
    "february feb februar février febrero febbraio fevereiro februari февраля февраль феврале กุมภาพันธ์",
    "march mar märz mars marzo março maart марта март марте มีนาคม",
    "april apr avril abril aprile апреля апрель апреле เมษายน",
    "may mai mayo maggio maio mei мая май мае พฤษภาคม",
    "june jun juni juin junio giugno junho июня июнь июне มิถุนายน",
    "july jul juli juillet julio luglio julho июля июль июле กรกฎาคม",
    "august aug août agosto augustus августа август августе สิงหาคม",
    "september sep sept septembre septiembre settembre setembro сентября сентябрь сентябре กันยายน",
    "october oct okt oktober octobre octubre ottobre outubro октября октябрь октябре ตุลาคม",
    "november nov novembre noviembre novembro ноября ноябрь ноябре พฤศจิกายน",
    "december dec dez dezember décembre diciembre dicembre dezembro декабря декабрь декабре ธันวาคม",
)
MONTHS: dict[str, int] = {word: number for number, line in enumerate(_MONTHS, 1) for word in line.split()}

# Months that are words or names of their own ("may", "mar", "June"): a date only beside a day, a year or a preposition.
WEAK_MONTHS = frozenset(
    "may mai mei mar mars march marzo март марта май мая мае april avril june jun july julio august agosto augustus "
    "jan dec nov oct feb apr jul aug sep sept okt dez".split()
)

_WEEKDAYS = (
    "monday montag lundi lunes lunedì понедельник",
    "tuesday dienstag mardi martes martedì вторник",
    "wednesday mittwoch mercredi miércoles mercoledì среду",
    "thursday donnerstag jeudi jueves giovedì четверг",
    "friday freitag vendredi viernes venerdì пятницу",
    "saturday samstag samedi sábado sabato субботу",
    "sunday sonntag dimanche domingo domenica воскресенье",
)
WEEKDAYS: dict[str, int] = {word: number for number, line in enumerate(_WEEKDAYS) for word in line.split()}
SHORT_WEEKDAYS: dict[str, int] = {
    "mon": 0,
    "tue": 1,
    "tues": 1,
    "wed": 2,
    "thu": 3,
    "thurs": 3,
    "fri": 4,
    "sat": 5,
    "sun": 6,
}

# Seasons of the northern hemisphere, by their first month.
SEASONS: dict[str, int] = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}

# The same in other languages; a date only beside a year, since some are common words ("été").
FOREIGN_SEASONS: dict[str, int] = {
    word: month
    for month, words in (
        (3, "frühling frühjahr printemps primavera весна весной весны"),
        (6, "sommer été verano verão estate лето летом лета"),
        (9, "herbst automne otoño outono autunno осень осенью осени"),
        (12, "winter hiver invierno inverno зима зимой зимы"),
    )
    for word in words.split()
}

# Holidays on a fixed day: first month and day, and how many days they span.
HOLIDAYS: dict[str, tuple[int, int, int]] = {
    "christmas eve": (12, 24, 1),
    "christmas day": (12, 25, 1),
    "christmas": (12, 24, 3),
    "new year's eve": (12, 31, 1),
    "new year's day": (1, 1, 1),
    "halloween": (10, 31, 1),
    "valentine's day": (2, 14, 1),
}

UNITS: dict[str, Unit] = {
    "day": "day", "week": "week", "weekend": "weekend", "month": "month", "quarter": "quarter", "year": "year",
    "decade": "decade", "hour": "day", "minute": "day", "night": "day", "fortnight": "fortnight",
}  # fmt: skip

# How many: the least and the most that is meant.
NUMBERS: dict[str, tuple[int, int]] = {
    **{
        word: (n, n)
        for n, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
    },
    "a": (1, 1),
    "an": (1, 1),
    "a couple of": (2, 3),
    "a couple": (2, 3),
    "couple of": (2, 3),
    "couple": (2, 3),
    "a few": (2, 5),
    "few": (2, 5),
    "some": (2, 5),
    "several": (3, 8),
}

# Fixed words and phrases: the unit of time and how many of it lie between today's and the one that is meant.
PHRASES: dict[str, tuple[Unit, int]] = {
    "the day before yesterday": ("day", -2),
    "day before yesterday": ("day", -2),
    "the day after tomorrow": ("day", 2),
    "day after tomorrow": ("day", 2),
    "yesterday": ("day", -1),
    "last night": ("day", -1),
    "today": ("day", 0),
    "the weekend before last": ("weekend", -2),
    "weekend before last": ("weekend", -2),
    "the week before last": ("week", -2),
    "week before last": ("week", -2),
    "the month before last": ("month", -2),
    "month before last": ("month", -2),
    "the year before last": ("year", -2),
    "year before last": ("year", -2),
    "the week after next": ("week", 2),
    "week after next": ("week", 2),
    "the weekend after next": ("weekend", 1),
    "weekend after next": ("weekend", 1),
    "tonight": ("day", 0),
    "this morning": ("day", 0),
    "this afternoon": ("day", 0),
    "this evening": ("day", 0),
    "tomorrow": ("day", 1),
}

HAN_DIGITS: dict[str, int] = {c: n for n, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2, "兩": 2}
