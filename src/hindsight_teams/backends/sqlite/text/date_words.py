"""Words of dates in the languages that the date rules know. Data only, lower case."""

from __future__ import annotations

from itertools import product
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["day", "week", "fortnight", "weekend", "month", "quarter", "year", "decade"]

_MONTHS = (
    "january jan januar janvier enero gennaio janeiro januari января январь январе มกราคม ocak",
    "february feb februar février febrero febbraio fevereiro februari февраля февраль феврале กุมภาพันธ์ şubat",
    "march mar märz mars marzo março maret maart марта март марте มีนาคม mart",
    "april apr avril abril aprile апреля апрель апреле เมษายน nisan",
    "may mai mayo maggio maio mei мая май мае พฤษภาคม mayıs",
    "june jun juni juin junio giugno junho июня июнь июне มิถุนายน haziran",
    "july jul juli juillet julio luglio julho июля июль июле กรกฎาคม temmuz",
    "august aug août agosto agustus augustus августа август августе สิงหาคม ağustos",
    "september sep sept septembre septiembre settembre setembro сентября сентябрь сентябре กันยายน eylül",
    "october oct okt oktober octobre octubre ottobre outubro октября октябрь октябре ตุลาคม ekim",
    "november nov novembre noviembre novembro ноября ноябрь ноябре พฤศจิกายน kasım",
    "december dec dez dezember décembre diciembre dicembre desember dezembro декабря декабрь декабре ธันวาคม aralık",
)
# Hindi, Bengali, Arabic, Urdu: a date only beside a day or a year, since they may stand inside other words.
_MARKED_MONTHS = (
    "जनवरी জানুয়ারি জানুয়ারী يناير جنوری",
    "फरवरी फ़रवरी ফেব্রুয়ারি ফেব্রুয়ারী فبراير فروری",
    "मार्च মার্চ مارس مارچ",
    "अप्रैल এপ্রিল أبريل ابريل اپریل",
    "मई মে مايو مئی",
    "जून জুন يونيو جون",
    "जुलाई জুলাই يوليو جولائی",
    "अगस्त আগস্ট أغسطس اگست",
    "सितंबर सितम्बर সেপ্টেম্বর سبتمبر ستمبر",
    "अक्टूबर অক্টোবর أكتوبر اکتوبر",
    "नवंबर नवम्बर নভেম্বর نوفمبر نومبر",
    "दिसंबर दिसम्बर ডিসেম্বর ديسمبر دسمبر",
)
# Thai, short
_SHORT_MONTHS = "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.".split()
MONTHS: dict[str, int] = {
    word: number
    for lines in (_MONTHS, _MARKED_MONTHS, _SHORT_MONTHS)
    for number, line in enumerate(lines, 1)
    for word in line.split()
}

# Months that are words or names of their own ("may", "mar", "June"): a date only beside a day, a year or a preposition.
WEAK_MONTHS = frozenset(
    "may mai mei mar mars march marzo март марта май мая мае april avril june jun july julio august agosto augustus "
    "jan dec nov oct feb apr jul aug sep sept okt dez ocak mart ekim kasım aralık".split()
).union(*(line.split() for line in _MARKED_MONTHS))

_WEEKDAYS = (
    "monday montag lundi lunes lunedì понедельник segunda-feira maandag pazartesi",
    "tuesday dienstag mardi martes martedì вторник terça-feira dinsdag salı selasa",
    "wednesday mittwoch mercredi miércoles mercoledì среду среда quarta-feira woensdag çarşamba rabu",
    "thursday donnerstag jeudi jueves giovedì четверг quinta-feira donderdag perşembe kamis",
    "friday freitag vendredi viernes venerdì пятницу пятница sexta-feira vrijdag cuma jumat",
    "saturday samstag samedi sábado sabato субботу суббота zaterdag cumartesi sabtu",
    "sunday sonntag dimanche domingo domenica воскресенье zondag pazar",
)
WEEKDAYS: dict[str, int] = {word: number for number, line in enumerate(_WEEKDAYS) for word in line.split()}
WEEKDAYS |= {"hari senin": 0, "hari minggu": 6}  # alone, "senin" is Turkish for "your", and "minggu" a week
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

DECADES: dict[str, int] = {
    word: 1920 + 10 * n
    for n, word in enumerate("twenties thirties forties fifties sixties seventies eighties nineties".split())
}

# "third quarter", "3. Quartal", "trimestre 3", "kuartal ketiga", "ikinci çeyreğinde".
QUARTERS = (
    "quarter quartal quartals trimestre trimestri квартал квартала квартале kuartal triwulan kwartaal çeyrek çeyreği "
    "çeyreğinde çeyrekte"
).split()
QUARTER_ORDINALS: dict[str, int] = {
    word: number
    for number, line in enumerate(
        (
            "first erste ersten erstes primer premier primeiro primo первый первого первом pertama eerste ilk birinci",
            "second zweite zweiten zweites segundo deuxième secondo второй второго втором kedua tweede ikinci",
            "third dritte dritten drittes tercer troisième terceiro terzo третий третьего третьем ketiga derde üçüncü",
            "fourth vierte vierten viertes cuarto quatrième quarto четвертый четвертого четвертом четвёртый четвёртого "
            "четвёртом keempat vierde dördüncü",
        ),
        1,
    )
    for word in line.split()
}
MARKED_QUARTERS = ("तिमाही", "ত্রৈমাসিকে", "ত্রৈমাসিক", "প্রান্তিকে", "প্রান্তিক", "سہ ماہی", "الربع")
MARKED_ORDINALS: dict[str, int] = {
    word: number
    for number, line in enumerate(
        ("पहली प्रथम প্রথম پہلی الأول", "दूसरी দ্বিতীয় دوسری الثاني", "तीसरी তৃতীয় تیسری الثالث", "चौथी চতুর্থ چوتھی الرابع"),
        1,
    )
    for word in line.split()
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

# Holidays: month, day, and how many days they span; where the month is 0, the days from the Western Easter Sunday.
HOLIDAYS: dict[str, tuple[int, int, int]] = {
    name: when
    for when, line in (
        ((12, 24, 1), "christmas eve; heiligabend; nochebuena"),
        ((12, 25, 1), "christmas day"),
        ((12, 24, 3), "christmas; weihnachten; noël; navidad; natale; kerst"),
        ((12, 31, 1), "new year's eve; silvester; nochevieja"),
        ((1, 1, 1), "new year's day; neujahr; capodanno"),
        ((10, 31, 1), "halloween"),
        ((2, 14, 1), "valentine's day; valentinstag"),
        ((0, -2, 1), "good friday; karfreitag"),
        ((0, -2, 4), "easter; ostern; pâques; pasqua; páscoa"),
        ((0, 0, 1), "easter sunday; ostersonntag"),
        ((0, 1, 1), "easter monday; ostermontag"),
    )
    for name in line.split("; ")
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

# How other languages than English say "yesterday", "last week" and "three days ago".

_Lines: TypeAlias = dict[Unit, dict[int, str]]
"""Phrases by how many units lie between today's and the one that is meant: "a/b c" is two of them, "a c" and "b c"."""


def _spelled(lines: _Lines) -> dict[str, tuple[Unit, int]]:
    return {
        " ".join(words): (unit, offset)
        for unit, by_offset in lines.items()
        for offset, line in by_offset.items()
        for phrase in line.split(";")
        for words in product(*(word.split("/") for word in phrase.split()))
    }


FOREIGN_PHRASES = _spelled({
    "day": {
        -2: "vorgestern; avant-hier; anteayer; antes de ayer; antier; anteontem; l'altro ieri; eergisteren; позавчера;"
        " kemarin lusa/dulu; evvelsi/evvelki gün",
        -1: "gestern; gestern abend; hier; hier soir; ayer; anoche; ontem; ontem à noite; ieri; ieri sera; gisteren;"
        " вчера; вчера вечером; kemarin; tadi malam; dün; dün akşam/gece",
        0: "heute; heute morgen/abend; aujourd'hui; ce matin/soir; hoy; esta mañana/noche; hoje;"
        " hoje de manhã; oggi; stamattina; stasera; vandaag; сегодня; сегодня утром/вечером;"
        " hari/pagi/malam ini; bugün; bu sabah/akşam",
        1: "morgen; demain; mañana; amanhã; domani; завтра; besok; yarın",
        2: "übermorgen; après-demain; pasado mañana; depois de amanhã; dopodomani; overmorgen; послезавтра; lusa",
    },
    "week": {
        -2: "vorletzte/vorletzten/vorletzter woche; позапрошлой неделе",
        -1: "letzte/letzten/letzter/vorige/vorigen/voriger/vergangene/vergangenen/vergangener woche;"
        " semaine dernière/passée; semana pasada/passada; settimana scorsa/passata; vorige/afgelopen week;"
        " прошлой/минувшей неделе/недели; minggu lalu; geçen/geçtiğimiz hafta",
        0: "diese woche; cette semaine; esta semana; questa settimana; deze week; на этой неделе;"
        " minggu ini; bu hafta",
        1: "nächste/nächsten/nächster/kommende/kommenden/kommender woche; semaine prochaine; semana que viene/vem;"
        " próxima semana; prossima settimana; volgende/komende week; следующей/будущей неделе; minggu depan;"
        " gelecek/önümüzdeki hafta",
    },
    "weekend": {
        -1: "letztes/letzten/vergangenes/vergangenen/voriges wochenende; week-end/weekend dernier/passé;"
        " fin de semana pasado; fim de semana passado; scorso weekend; weekend scorso; vorig/afgelopen weekend;"
        " прошлые/прошлых выходные/выходных; akhir pekan lalu",
    },
    "month": {
        -1: "letzten/vorigen/vergangenen monat; mois dernier/passé; mes pasado; mês passado; mese scorso;"
        " vorige/afgelopen maand; прошлом/минувшем месяце; прошлого месяца; bulan lalu; geçen ay",
        0: "diesen monat; ce mois-ci; este mes/mês; questo mese; deze maand; в этом месяце; bulan ini; bu ay",
        1: "nächsten/kommenden monat; mois prochain; próximo mes/mês; mes/mês que viene/vem; mese prossimo;"
        " volgende/komende maand; следующем/будущем месяце; bulan depan; gelecek/önümüzdeki ay",
    },
    "year": {
        -2: "vorletztes/vorletzten jahr; позапрошлом году",
        -1: "letztes/letzten/voriges/vorigen/vergangenes/vergangenen jahr; année/an dernière/dernier/passée/passé;"
        " año pasado; ano passado; anno scorso; vorig/afgelopen jaar; прошлом/минувшем году; прошлого года;"
        " tahun lalu; geçen yıl/sene",
        0: "dieses jahr; cette année; este año/ano; quest'anno; dit jaar; в этом году; tahun ini; bu yıl/sene",
        1: "nächstes/nächsten/kommendes/kommenden jahr; année/an prochaine/prochain; próximo año/ano;"
        " año/ano que viene/vem; anno prossimo; prossimo anno; volgend/komend jaar; следующем/будущем году;"
        " tahun depan; gelecek/önümüzdeki yıl",
    },
})  # fmt: skip

# "vor 3 Tagen", "il y a trois jours", "hace dos semanas", "há 3 dias", and "3 giorni fa", "три дня назад".
FOREIGN_UNITS: dict[str, Unit] = {
    "tag": "day", "tagen": "day", "jour": "day", "jours": "day", "día": "day", "días": "day", "dia": "day",
    "dias": "day", "giorno": "day", "giorni": "day", "день": "day", "дня": "day", "дней": "day",
    "woche": "week", "wochen": "week", "semaine": "week", "semaines": "week", "semana": "week", "semanas": "week",
    "settimana": "week", "settimane": "week", "неделю": "week", "недели": "week", "недель": "week",
    "monat": "month", "monaten": "month", "mois": "month", "mes": "month", "meses": "month", "mês": "month",
    "gün": "day", "hafta": "week", "ay": "month", "yıl": "year", "sene": "year",
    "hari": "day", "minggu": "week", "bulan": "month", "tahun": "year",
    "dag": "day", "dagen": "day", "week": "week", "weken": "week", "maand": "month", "maanden": "month", "jaar": "year",
    "mese": "month", "mesi": "month", "месяц": "month", "месяца": "month", "месяцев": "month",
    "jahr": "year", "jahren": "year", "an": "year", "ans": "year", "año": "year", "años": "year", "ano": "year",
    "anos": "year", "anno": "year", "anni": "year", "год": "year", "года": "year", "лет": "year",
}  # fmt: skip

FOREIGN_NUMBERS: dict[str, int] = {
    word: number
    for number, line in enumerate(
        (
            "ein eine einem einer un une una um uma один одну een satu bir एक ایک এক",
            "zwei deux dos dois duas due два две twee dua iki दो دو দুই",
            "drei trois tres três tre три drie tiga üç तीन تین তিন ثلاثة ثلاث",
            "vier quatre cuatro quatro quattro четыре empat dört चार چار চার أربعة أربع",
            "fünf cinq cinco cinque пять vijf lima beş पाँच पांच پانچ পাঁচ خمسة خمس",
            "sechs six seis sei шесть zes enam altı छह छः چھ ছয় ستة ست",
            "sieben sept siete sete sette семь zeven tujuh yedi सात سات সাত سبعة سبع",
            "acht huit ocho oito otto восемь delapan sekiz आठ آٹھ আট ثمانية ثماني",
            "neun neuf nueve nove девять negen sembilan dokuz नौ نو নয় تسعة تسع",
            "zehn dix diez dez dieci десять tien sepuluh दस دس দশ عشرة عشر",
        ),
        1,
    )
    for word in line.split()
} | {"quince": 15, "quinze": 15}

# Scripts whose vowel signs are not letters to a pattern, and Arabic with its prefixes: found by their own boundaries.
MARKED_PHRASES = _spelled({
    "day": {
        -2: "أول أمس; اول امس; أول من أمس; قبل أمس",
        -1: "गतकाल; গতকাল; গত রাতে; গতরাতে; أمس; امس; البارحة; بالأمس; گزشتہ روز/کل",
        0: "आज; আজ; আজকে; اليوم; آج",
        1: "আগামীকাল; غدا; غدًا; غداً; آئندہ کل; आने वाले कल",
        2: "بعد غد; بعد غدٍ",
    },
    "week": {
        -1: "पिछले/गत/बीते हफ्ते/हफ़्ते/सप्ताह; গত সপ্তাহ/সপ্তাহে; الأسبوع/الاسبوع الماضي/الفائت/المنصرم;"
        " پچھلے/گزشتہ/گذشتہ ہفتے",
        0: "इस हफ्ते/हफ़्ते/सप्ताह; এই সপ্তাহে; هذا الأسبوع; اس ہفتے",
        1: "अगले/आगामी हफ्ते/हफ़्ते/सप्ताह; আগামী/সামনের সপ্তাহ/সপ্তাহে; الأسبوع/الاسبوع القادم/المقبل; اگلے/آئندہ ہفتے",
    },
    "month": {
        -1: "पिछले/गत/बीते महीने/माह; গত মাস/মাসে; الشهر الماضي/الفائت/المنصرم; پچھلے/گزشتہ/گذشتہ مہینے/ماہ",
        0: "इस महीने/माह; এই মাসে; هذا الشهر; اس مہینے/ماہ",
        1: "अगले/आगामी महीने/माह; আগামী মাস/মাসে; الشهر القادم/المقبل; اگلے/آئندہ مہینے/ماہ",
    },
    "year": {
        -1: "पिछले/गत/बीते साल/वर्ष; গত বছর; العام الماضي/الفائت/المنصرم; السنة الماضية/الفائتة;"
        " پچھلے/گزشتہ/گذشتہ سال/برس",
        0: "इस साल/वर्ष; এই বছর; هذا العام; هذه السنة; اس سال/برس",
        1: "अगले/आगामी साल/वर्ष; আগামী বছর; العام القادم/المقبل; السنة القادمة/المقبلة; اگلے/آئندہ سال/برس",
    },
})  # fmt: skip
_MARKED_UNITS: tuple[tuple[Unit, str], ...] = (
    ("day", "दिन दिनों দিন دن دنوں أيام يوم يوما يومًا"),
    ("week", "हफ्ते हफ़्ते हफ्ता सप्ताह সপ্তাহ ہفتے ہفتہ أسابيع أسبوع أسبوعا"),
    ("month", "महीने महीना माह মাস مہینے ماہ أشهر شهور شهر شهرا"),
    ("year", "साल वर्ष বছর سال برس سنوات سنة أعوام عام عاما"),
)
MARKED_UNITS: dict[str, Unit] = {word: unit for unit, line in _MARKED_UNITS for word in line.split()}
MARKED_WEEKDAYS: dict[str, int] = {
    word: number
    for number, line in enumerate(
        (
            "सोमवार সোমবার پیر الاثنين الإثنين",
            "मंगलवार মঙ্গলবার منگل الثلاثاء",
            "बुधवार বুধবার بدھ الأربعاء الاربعاء",
            "गुरुवार गुरूवार वीरवार বৃহস্পতিবার جمعرات الخميس",
            "शुक्रवार শুক্রবার جمعہ جمعے الجمعة",
            "शनिवार শনিবার السبت",
            "रविवार इतवार রবিবার اتوار الأحد الاحد",
        )
    )
    for word in line.split()
}
ARABIC_DUALS: dict[str, Unit] = {
    "يومين": "day", "أسبوعين": "week", "شهرين": "month", "عامين": "year", "سنتين": "year"
}  # fmt: skip
# One word for both sides of today; the verb tells.
EITHER_SIDE: dict[str, int] = {"कल": 1, "परसों": 2, "کل": 1, "پرسوں": 2}

# The same for scripts that are written without spaces between words.
UNSPACED_PHRASES: dict[str, tuple[Unit, int]] = {
    # Chinese and Japanese
    "前天": ("day", -2), "昨天": ("day", -1), "昨晚": ("day", -1), "昨日": ("day", -1), "一昨日": ("day", -2),
    "今天": ("day", 0), "今日": ("day", 0), "明天": ("day", 1), "明日": ("day", 1), "后天": ("day", 2),
    "大前天": ("day", -3), "上星期": ("week", -1), "下星期": ("week", 1), "上周": ("week", -1),
    "上週": ("week", -1), "上个星期": ("week", -1), "先週": ("week", -1),
    "这周": ("week", 0), "今週": ("week", 0), "下周": ("week", 1), "下週": ("week", 1), "来週": ("week", 1),
    "上礼拜": ("week", -1), "下礼拜": ("week", 1), "下个星期": ("week", 1), "这週": ("week", 0),
    "上周末": ("weekend", -1), "上个周末": ("weekend", -1), "先週末": ("weekend", -1), "大后天": ("day", 3),
    "上上周": ("week", -2), "本周": ("week", 0), "这个星期": ("week", 0), "先々週": ("week", -2), "再来週": ("week", 2),
    "おととい": ("day", -2), "きのう": ("day", -1), "明後日": ("day", 2), "あさって": ("day", 2), "後天": ("day", 2),
    "上上个月": ("month", -2), "先々月": ("month", -2), "本月": ("month", 0), "一昨年": ("year", -2),
    "おととし": ("year", -2),
    "그제": ("day", -2), "모레": ("day", 2),
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

UNSPACED_UNITS: dict[str, Unit] = {
    "天": "day", "日": "day", "일": "day", "周": "week", "週": "week", "週間": "week", "星期": "week", "个星期": "week",
    "礼拜": "week", "个礼拜": "week", 
    "주": "week", "个月": "month", "個月": "month", "か月": "month", "ヶ月": "month", "カ月": "month", "개월": "month",
    "年": "year", "년": "year",
}  # fmt: skip
