"""Whether a sentence speaks of the past or of the future, or of what comes again and again.

Tenses and a few verbs tell, for the languages whose weekdays and months are read. Where there is no marker, or one of
each, the answer is None: no day is better than a guessed one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import Literal, TypeAlias

from hindsight_teams.backends.sqlite.text.vocabulary import BASE, STOP_WORDS

Lean: TypeAlias = Literal["past", "future"]
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
    rf"|{_BE}\s+(?:on|in|at|until|till|by|for|from|due|next|this|coming)\b"
    rf"|{_BE}\s+\w+ing\b"
    rf"|\b(?:{'|'.join(_EVENTS)})(?:e?s)\b|\b(?:i|we|they|you)\s+(?:{'|'.join(_EVENTS)})\b"
    r"|^\W*(?:please\s+)?(?:call|send|ask|meet|book|pay|submit|finish|deliver|check|review|bring|buy|visit|come|see|join|"
    r"start|remember|prepare|order|pick|return|renew|write|tell|give|take|do|don['\u2019]t|get|make|move|close|open)\b"
)
_UNSETTLED = re.compile(
    r"\b(?:postponed|rescheduled|moved\s+(?:from|to)\s+(?:the\s+)?(?:\d|next|\w+day\b)|pushed\s+(?:back|to)|brought\s+forward|delayed|shifted|"
    r"verschoben|verlegt|repoussée?|reportée?|aplazad[oa]|adiad[oa]|перенес\w+)\b"
    r"|\b(?:was|were|been|got|is|are)\s+(?:cancell?ed|called\s+off)\b"
    r"|(?<!is )(?<!are )\b(?:planned|scheduled|due|booked)\s+(?:for|on|in)\b"
    r"|\b(?:provided|assuming|in\s+the\s+event|on\s+condition|as\s+long\s+as|if|unless|whether|would|could|wenn|falls|если)\b|(?<=[a-z])['\u2019]d\b"
)
_OTHER_PAST = re.compile(
    r"\b(?:hieß|ließ|fuhr|flog|lief|nahm|rief|schrieb|sprach|trat|verlor|brach|gewann|schloss|stieg|stand|lag|erschien)(?:en)?\b"
    r"|\b(?:war|waren|hatten?|wurden?|kam(?:en)?|ging(?:en)?|fiel(?:en)?|zog(?:en)?|traf(?:en)?|sah(?:en)?|gab(?:en)?|"
    r"fand(?:en)?|blieb(?:en)?|starb(?:en)?|begann(?:en)?|geschah(?:en)?|passierten?)\b"  # German
    r"|\b(?:hat|haben|habe|ist|sind|bin)\b.*?\b(?:\w{0,8}ge\w+(?:t|en)|ver\w+(?:t|en)|be\w+(?:t|en))\b"
    r"|\b(?:a|ai|ont|avons|avez|s['\u2019]est)\s+\w+(?:é|ée|és|ées|i|is|it|u|ue|us|ert)\b"
    r"|\b(?:est|sont|suis|sommes)\s+(?:all|arriv|pass|rest|tomb|entr|rentr|mont|retourn|n)é(?:e?s?)\b"  # not: is closed
    r"|\b(?:est|sont|suis|sommes)\s+(?:(?:re|de)?ven|part|sort|descend|mor|disparu|apparu|par)(?:u|i|t)?(?:e?s?)\b"
    r"|\b(?:était|étaient|avait|avaient)\b"  # French
    r"|\b(?:fue|fueron|era|estuvo|hubo|tuvo|hizo|ha|han|hemos|foi|foram|esteve|teve|fez)\b"  # Spanish, Portuguese
    r"|\b\w{2,}(?:ó|aron|ieron|ou|iu|(?<!us)(?<!op)eu|aram|eram|iram)\b"
    r"|\b(?:ha|hanno|abbiamo|è|sono)\s+\w+(?:[ts][oaie])\b"  # Italian
    r"|\b(?!(?:недели|если|или|школа|число|дело|начало)\b)\w{2,}(?:л|ла|ло|ли|лся|лась|лось|лись)\b"  # Russian
    r"|\b(?:günü|ayında|yılında)\b.{1,120}\w\w[dt][ıiuü](?:[mnk]|n[ıiuü]z|l[ae]r)?(?=\W*$)"  # Turkish
    r"|\b(?:telah|sudah|kemarin|lalu|tadi)\b"  # Indonesian
    r"|\b(?:heeft|hebben|was|waren|werd(?:en)?|ging(?:en)?|kwam(?:en)?|begon(?:nen)?|gebeurden?)\b"  # Dutch
    r"|(?<![\w\u0900-\u0963])(?:था|थी|थे|गया|गई|गयी|गए|आया|आई|आए|आईं|चुका|चुकी|किया|की|दिया|दी|मिला|मिली|हुआ|हुई|हुए|लिया|ली|गिरा|"
    r"गिरी)(?![\w\u0900-\u0963])"
    r"|(?<!\w)(?:تھا|تھی|تھے|گیا|گئی|گئے|آیا|آئی|آئے|کیا|دیا|دی|ملا|ملی|ہوا|ہوئی|ہوئے|لیا|چکا|چکی)(?!\w)"
    r"|(?:েছে|েছেন|েছি|েছিল|েছিলেন|েছিলাম|ছিল|গেল|গেলেন|হল|হলো|এল|এলো|এলেন|দিল|নিল|করল)(?=\s*(?:[।.!?]|$))"
    r"|(?<!\w)(?:و|ف)?(?:كنا|لقد|(?:كان|تم|وصل|جاء|ذهب|غادر|حدث|وقع|بدأ|انته|توفي)[تى]?)(?!\w)"  # Hindi to Arabic
    r"|[了曾已]|(?:た|[았었했갔왔났]다)[\u3002.!\uff01]?$"  # Chinese, Japanese, Korean
)
_OTHER_FUTURE = re.compile(
    r"\b(?:wird|werden|werde|soll|sollen|muss|müssen|nächste\w*|kommende\w*|gilt|beginnt|endet|startet|"
    r"findet|fällig|kommt|fährt|zieh(?:t|en)|flieg(?:t|en)|reis(?:t|en)|öffnet|schließt|heirate[nt]|tagt)\b"
    r"|\b\w+(?:erai|[aefior]rai|eras|era|erons|erez|eront|(?<!e)ira|iront|dra|dront)\b|\b(?:va|vont|allons|vais|doit|doivent|prochaine?)\b"
    r"|\b\w+(?:rá|rán|ré|remos|rão)\b|\b(?:vamos|voy|debe|próxim[oa]|vai|vão|vou|deve|prossim[oa])\b"
    r"|\b\w+(?:rà|ranno)\b"
    r"|\b(?:будет|будут|буду|будем|должен|должна|нужно|надо|состо[ия]тся|начн\w+|(?:законч|верн|откр|закр)\w+[ую]?тся)\b"
    r"|\b(?:при|по|у|вы|за|пере|съ?)(?:ед(?:ет|ут|ем|у)|й?д(?:[ёе]т|ут|[ёе]м|у))\b"
    r"|\b\w+(?:acak|ecek|acağ|eceğ)\w*|\b(?:akan|bakal|besok|zal|zullen|gaat|gaan|wordt|worden)\b"
    r"|(?:गा|गे|गी|گا|گے|گی)(?![\w\u0900-\u0963])|(?:বে|বেন|বো)(?=\s*(?:[।.!?]|$))"
    r"|(?<!\w)(?:و|ف)?(?:سوف|سأ\w{2,}|س[نت](?!ة|و|ا|ي|ر)\w{3,}|سي(?!ار|اس|اح|اق|د|ف|نم|رة|لا|بي|م[اف])\w{2,})(?!\w)"
    r"|(?:[我们們他她你大家]|都)(?:要|会|會)|打算|[将將]|ます[\u3002.!\uff01]?$|予定|예정|겠"
)
_DEADLINE = re.compile(
    r"\b(?:until|till|by|before|bis|hasta|até|fino\s+a|jusqu\w*|avant|avanti|antes\s+de|до|"
    r"no\s+later|spätestens|plus\s+tard|(?:más|mais)\s+tardar|entro|uiterlijk|позднее)\b"
)
_SINCE = re.compile(r"\b(?:since|seit|depuis|desde|dal)\s+(?:the\s+|dem\s+|el\s+|le\s+)?$")
_RECURRING = re.compile(
    r"\b(?:fiscal|financial|tax|school|academic)\s+years?\b|\b(?:every|each|daily|weekly|monthly|quarterly|yearly|annually|anniversary|birthdays?|born|weekdays|always|usually|"
    r"normally|(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:s|\s+(?:morning|noon|afternoon|evening|night)s)|(?:once|twice)\s+an?|per\s+(?:week|month|quarter|year))\b"
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
        begins, ends = _clauses(low)
        clause = low[begins[bisect_right(begins, position) - 1] : ends[bisect_left(ends, position)]]
        if clause != low and (found := _of(clause)) is not None:
            return found
    return _of(low)


@lru_cache(maxsize=64)
def _clauses(low: str) -> tuple[list[int], list[int]]:
    """Where the clauses of a text begin, and where they end."""
    breaks = [found.span() for found in _CLAUSE.finditer(low)]
    return [0, *(end for _, end in breaks)], [*(start for start, _ in breaks), len(low)]


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
