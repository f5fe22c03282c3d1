"""Words of dates in the languages that the date rules know. Data only, lower case."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["day", "week", "fortnight", "weekend", "month", "quarter", "year", "decade"]


def _numbered(lines: Iterable[str], first: int = 0) -> dict[str, int]:
    """Each word of a line with the number of the line."""
    return {word: number for number, line in enumerate(lines, first) for word in line.split()}


def _by_unit(lines: dict[Unit, str]) -> dict[str, Unit]:
    return {word: unit for unit, line in lines.items() for word in line.split()}


def _spelled(lines: dict[Unit, dict[int, str]]) -> dict[str, tuple[Unit, int]]:
    """Each phrase with its unit and how many of it lie between today's and the one that is meant."""
    return {
        " ".join(words): (unit, offset)
        for unit, by_offset in lines.items()
        for offset, line in by_offset.items()
        for phrase in line.split(";")
        for words in product(*(word.split("/") for word in phrase.split()))
    }


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
MONTHS: dict[str, int] = _numbered(_MONTHS, 1) | _numbered(_MARKED_MONTHS, 1) | _numbered(_SHORT_MONTHS, 1)

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
# Alone, "senin" is Turkish for "your", and "minggu" a week.
WEEKDAYS: dict[str, int] = _numbered(_WEEKDAYS) | {"hari senin": 0, "hari minggu": 6}
SHORT_WEEKDAYS: dict[str, int] = _numbered(("mon", "tue tues", "wed", "thu thurs", "fri", "sat", "sun"))

DECADES: dict[str, int] = {
    word: 10 * n
    for n, word in enumerate("twenties thirties forties fifties sixties seventies eighties nineties".split(), 192)
}

# "third quarter", "3. Quartal", "trimestre 3", "kuartal ketiga", "ikinci çeyreğinde".
QUARTERS = (
    "quarter quartal quartals trimestre trimestri квартал квартала квартале kuartal triwulan kwartaal çeyrek çeyreği "
    "çeyreğinde çeyrekte"
).split()
QUARTER_ORDINALS: dict[str, int] = _numbered(
    (
        "first erste ersten erstes primer premier primeiro primo первый первого первом pertama eerste ilk birinci",
        "second zweite zweiten zweites segundo deuxième secondo второй второго втором kedua tweede ikinci",
        "third dritte dritten drittes tercer troisième terceiro terzo третий третьего третьем ketiga derde üçüncü",
        "fourth vierte vierten viertes cuarto quatrième quarto четвертый четвертого четвертом четвёртый четвёртого "
        "четвёртом keempat vierde dördüncü",
    ),
    1,
)
MARKED_QUARTERS = ("तिमाही", "ত্রৈমাসিকে", "ত্রৈমাসিক", "প্রান্তিকে", "প্রান্তিক", "سہ ماہی", "الربع")
MARKED_ORDINALS: dict[str, int] = _numbered(
    ("पहली प्रथम প্রথম پہلی الأول", "दूसरी দ্বিতীয় دوسری الثاني", "तीसरी তৃতীয় تیسری الثالث", "चौथी চতুর্থ چوتھی الرابع"), 1
)  # fmt: skip

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
    word: (n, n)
    for word, n in _numbered("one two three four five six seven eight nine ten eleven twelve".split(), 1).items()
} | {
    **dict.fromkeys(("a", "an"), (1, 1)),
    **dict.fromkeys(("a couple of", "a couple", "couple of", "couple"), (2, 3)),
    **dict.fromkeys(("a few", "few", "some"), (2, 5)),
    "several": (3, 8),
}

# Fixed words and phrases: the unit of time and how many of it lie between today's and the one that is meant.
PHRASES: dict[str, tuple[Unit, int]] = _spelled({
    "day": {
        -2: "the day before yesterday; day before yesterday",
        -1: "yesterday; last night",
        0: "today; tonight; this morning; this afternoon; this evening",
        1: "tomorrow",
        2: "the day after tomorrow; day after tomorrow",
    },
    "weekend": {-2: "the weekend before last; weekend before last", 1: "the weekend after next; weekend after next"},
    "week": {-2: "the week before last; week before last", 2: "the week after next; week after next"},
    "month": {-2: "the month before last; month before last"},
    "year": {-2: "the year before last; year before last"},
})  # fmt: skip

HAN_DIGITS: dict[str, int] = {c: n for n, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2, "兩": 2}

# How other languages than English say "yesterday", "last week" and "three days ago".
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
FOREIGN_UNITS: dict[str, Unit] = _by_unit({
    "day": "tag tagen jour jours día días dia dias giorno giorni день дня дней gün hari dag dagen",
    "week": "woche wochen semaine semaines semana semanas settimana settimane неделю недели недель hafta minggu "
            "week weken",
    "month": "monat monaten mois mes meses mês ay bulan maand maanden mese mesi месяц месяца месяцев",
    "year": "yıl sene tahun jaar jahr jahren an ans año años ano anos anno anni год года лет",
})  # fmt: skip

FOREIGN_NUMBERS: dict[str, int] = _numbered(
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
) | {"quince": 15, "quinze": 15}

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
MARKED_UNITS: dict[str, Unit] = _by_unit({
    "day": "दिन दिनों দিন دن دنوں أيام يوم يوما يومًا",
    "week": "हफ्ते हफ़्ते हफ्ता सप्ताह সপ্তাহ ہفتے ہفتہ أسابيع أسبوع أسبوعا",
    "month": "महीने महीना माह মাস مہینے ماہ أشهر شهور شهر شهرا",
    "year": "साल वर्ष বছর سال برس سنوات سنة أعوام عام عاما",
})  # fmt: skip
MARKED_WEEKDAYS: dict[str, int] = _numbered(
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
ARABIC_DUALS: dict[str, Unit] = _by_unit({
    "day": "يومين",
    "week": "أسبوعين",
    "month": "شهرين",
    "year": "عامين سنتين",
})  # fmt: skip
# One word for both sides of today; the verb tells.
EITHER_SIDE: dict[str, int] = {"कल": 1, "परसों": 2, "کل": 1, "پرسوں": 2}

# The same for scripts that are written without spaces between words.
UNSPACED_PHRASES: dict[str, tuple[Unit, int]] = _spelled({
    "day": {
        -3: "大前天",
        -2: "前天; 一昨日; おととい; 그제; 그저께",
        -1: "昨天; 昨晚; 昨日; きのう; 어제; เมื่อวานนี้; เมื่อวาน",
        0: "今天; 今日; 오늘; วันนี้",
        1: "明天; 明日; 내일; พรุ่งนี้",
        2: "后天; 明後日; あさって; 後天; 모레",
        3: "大后天",
    },
    "week": {
        -2: "上上周; 先々週",
        -1: "上星期; 上周; 上週; 上个星期; 先週; 上礼拜; 지난주; 지난 주; สัปดาห์ที่แล้ว; อาทิตย์ที่แล้ว",
        0: "这周; 今週; 这週; 本周; 这个星期; 이번 주",
        1: "下星期; 下周; 下週; 来週; 下礼拜; 下个星期; 다음 주",
        2: "再来週",
    },
    "weekend": {-1: "上周末; 上个周末; 先週末"},
    "month": {
        -2: "上上个月; 先々月",
        -1: "上个月; 上個月; 先月; 지난달; เดือนที่แล้ว",
        0: "本月; 这个月; 今月",
        1: "下个月; 下個月; 来月; 다음 달",
    },
    "year": {-2: "一昨年; おととし; 前年", -1: "去年; 昨年; 작년; ปีที่แล้ว", 0: "今年; 올해", 1: "明年; 来年; 내년"},
})  # fmt: skip

UNSPACED_UNITS: dict[str, Unit] = _by_unit({
    "day": "天 日 일",
    "week": "周 週 週間 星期 个星期 礼拜 个礼拜 주",
    "month": "个月 個月 か月 ヶ月 カ月 개월",
    "year": "年 년",
})  # fmt: skip
