"""The words that dates are written with, in the languages the reader of dates knows: data only, all lower case."""

from __future__ import annotations

from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["day", "week", "weekend", "month", "quarter", "year", "decade"]

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
    "decade": "decade", "hour": "day", "minute": "day", "night": "day",
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
    "tonight": ("day", 0),
    "this morning": ("day", 0),
    "this afternoon": ("day", 0),
    "this evening": ("day", 0),
    "tomorrow": ("day", 1),
    # German
    "vorgestern": ("day", -2),
    "gestern": ("day", -1),
    "heute": ("day", 0),
    "übermorgen": ("day", 2),
    "letzte woche": ("week", -1),
    "diese woche": ("week", 0),
    "nächste woche": ("week", 1),
    "letzten monat": ("month", -1),
    "nächsten monat": ("month", 1),
    "letztes jahr": ("year", -1),
    "dieses jahr": ("year", 0),
    "nächstes jahr": ("year", 1),
    # French
    "avant-hier": ("day", -2),
    "aujourd'hui": ("day", 0),
    "demain": ("day", 1),
    "la semaine dernière": ("week", -1),
    "le mois dernier": ("month", -1),
    "l'année dernière": ("year", -1),
    "la semaine prochaine": ("week", 1),
    # Spanish, Italian, Portuguese, Dutch
    "anteayer": ("day", -2),
    "ayer": ("day", -1),
    "la semana pasada": ("week", -1),
    "el mes pasado": ("month", -1),
    "el año pasado": ("year", -1),
    "la próxima semana": ("week", 1),
    "ieri": ("day", -1),
    "oggi": ("day", 0),
    "domani": ("day", 1),
    "la settimana scorsa": ("week", -1),
    "il mese scorso": ("month", -1),
    "l'anno scorso": ("year", -1),
    "ontem": ("day", -1),
    "amanhã": ("day", 1),
    "semana passada": ("week", -1),
    "mês passado": ("month", -1),
    "ano passado": ("year", -1),
    "gisteren": ("day", -1),
    "vorige week": ("week", -1),
    # Russian
    "позавчера": ("day", -2),
    "вчера": ("day", -1),
    "сегодня": ("day", 0),
    "завтра": ("day", 1),
    "на прошлой неделе": ("week", -1),
    "в прошлом месяце": ("month", -1),
    "в прошлом году": ("year", -1),
}

# The same for scripts that are written without spaces between words.
UNSPACED_PHRASES: dict[str, tuple[Unit, int]] = {
    # Chinese and Japanese
    "前天": ("day", -2), "昨天": ("day", -1), "昨晚": ("day", -1), "昨日": ("day", -1), "一昨日": ("day", -2),
    "今天": ("day", 0), "今日": ("day", 0), "明天": ("day", 1), "明日": ("day", 1), "后天": ("day", 2),
    "上周": ("week", -1), "上週": ("week", -1), "上个星期": ("week", -1), "先週": ("week", -1),
    "这周": ("week", 0), "今週": ("week", 0), "下周": ("week", 1), "下週": ("week", 1), "来週": ("week", 1),
    "上个月": ("month", -1), "上個月": ("month", -1), "先月": ("month", -1), "这个月": ("month", 0),
    "今月": ("month", 0), "下个月": ("month", 1), "下個月": ("month", 1), "来月": ("month", 1),
    "前年": ("year", -2), "去年": ("year", -1), "昨年": ("year", -1), "今年": ("year", 0),
    "明年": ("year", 1), "来年": ("year", 1),
    # Korean
    "그저께": ("day", -2), "어제": ("day", -1), "오늘": ("day", 0), "내일": ("day", 1),
    "지난주": ("week", -1), "지난 주": ("week", -1), "이번 주": ("week", 0), "다음 주": ("week", 1),
    "지난달": ("month", -1), "다음 달": ("month", 1), "작년": ("year", -1), "올해": ("year", 0), "내년": ("year", 1),
    # Thai
    "เมื่อวานนี้": ("day", -1), "เมื่อวาน": ("day", -1), "วันนี้": ("day", 0), "พรุ่งนี้": ("day", 1),
    "สัปดาห์ที่แล้ว": ("week", -1), "อาทิตย์ที่แล้ว": ("week", -1), "เดือนที่แล้ว": ("month", -1), "ปีที่แล้ว": ("year", -1),
}  # fmt: skip

# "vor 3 Tagen", "il y a 3 jours", "hace 3 días", "há 3 dias", and "3 giorni fa", "3 дня назад".
FOREIGN_UNITS: dict[str, Unit] = {
    "tag": "day", "tagen": "day", "jour": "day", "jours": "day", "día": "day", "días": "day", "dia": "day",
    "dias": "day", "giorno": "day", "giorni": "day", "день": "day", "дня": "day", "дней": "day",
    "woche": "week", "wochen": "week", "semaine": "week", "semaines": "week", "semana": "week", "semanas": "week",
    "settimana": "week", "settimane": "week", "неделю": "week", "недели": "week", "недель": "week",
    "monat": "month", "monaten": "month", "mois": "month", "mes": "month", "meses": "month", "mês": "month",
    "mese": "month", "mesi": "month", "месяц": "month", "месяца": "month", "месяцев": "month",
    "jahr": "year", "jahren": "year", "an": "year", "ans": "year", "año": "year", "años": "year", "ano": "year",
    "anos": "year", "anno": "year", "anni": "year", "год": "year", "года": "year", "лет": "year",
}  # fmt: skip

UNSPACED_UNITS: dict[str, Unit] = {
    "天": "day", "日": "day", "일": "day", "周": "week", "週": "week", "週間": "week", "星期": "week", "个星期": "week",
    "주": "week", "个月": "month", "個月": "month", "か月": "month", "ヶ月": "month", "カ月": "month", "개월": "month",
    "年": "year", "년": "year",
}  # fmt: skip
HAN_DIGITS: dict[str, int] = {c: n for n, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2, "兩": 2}
