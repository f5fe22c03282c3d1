"""Kinds of answers: a question for when, how many, where or who is answered by a time, a number, a place or a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.date_words import FOREIGN_NUMBERS, MONTHS, NUMBERS
from hindsight_teams.backends.sqlite.text.names import find_entities
from hindsight_teams.models import Memory


@dataclass(frozen=True, slots=True)
class Kind:
    """What a question asks for.

    Attributes:
        asked: What is in such a question.
        given: What an answer to it holds; "nobody" may answer any.
        lacking: What is left of the confidence in a memory that holds nothing of this kind.
        timed: Whether a time answers it.
        named: Whether a name that the question lacks answers it.
    """

    asked: re.Pattern[str]
    given: re.Pattern[str]
    lacking: float
    timed: bool = False
    named: bool = False

    def given_by(self, memory: Memory, question: str) -> bool:
        """Whether a memory holds it; a time in words ("昨天") has been read when it was retained."""
        text = memory.text
        if self.timed and (memory.occurred_at or memory.occurred_end):
            return True
        if self.named and (
            text == text.lower() or any(name not in question for name in memory.entities or find_entities(text))
        ):
            return True
        return bool(self.given.search(text))

    def doubts(self, memories: Mapping[int, Memory], question: str) -> dict[int, float]:
        """What is left of the confidence in those of some memories that hold no answer of this kind."""
        return {no: self.lacking for no, memory in memories.items() if not self.given_by(memory, question)}


_COUNTS = "|".join(sorted({*NUMBERS, *FOREIGN_NUMBERS} - {"a", "an"})) + (
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?"
    r"|hundreds?|thousands?|millions?|dozens?"
)
_AMOUNTS = r"""every|each|once|twice|half|daily|weekly|monthly|quarterly|yearly|until|since|both|pair|single|several|few
    |some|all|many|free|always|forever|never|an?\s+(?:second|minute|hour|day|night|week|fortnight|month|year|decade)"""
_TIMES = (
    rf"(?!birth)\w+days?|noon|midnight|tonight|spring|summer|autumn|winter|{'|'.join(w for w in MONTHS if len(w) > 2)}"
)
_WHEN = r"""before|after|when|whenever|while|during|until|till|since|once|always|daily|weekly|monthly|yearly|every|each
    |early|late|later|soon|now|last|next|ago|morning|evening|afternoon|night|week|weeks|month|months|year|years|hours?
    |minutes?|easter|christmas|cancel\w*|postpon\w*|delay\w*"""
_NONE = r"|\b(?:no|none|nobody|nothing|never|nowhere|without)\b"
_NOT = r"|\bnot\b|n['\u2019]t\b"
_HERE = r"home|online|remote\w*|virtual\w*|outdoors|indoors|cancel\w*|abroad|away|here|there|upstairs|downstairs"
_PLACED = r"""in|on|at|to|into|from|behind|under|near|beside|above|below|inside|outside|between|en|em|na|op|di|bei|nach
    |im|auf|в|на"""
_PEOPLE = r"""I|we|he|she|they|my|our|me|us|man|men|woman|women|boys?|girls?|child|children|people|person|everyone
    |everybody|anyone|anybody|someone|somebody|team|company|firm|city|council|state|police|family|mother|father|parents?
    |sister|brother|son|daughter|wife|husband|uncle|aunt|cousin|friends?|neighbours?|neighbors?|colleagues?|staff|owner|students?|members?"""
_COLOURS = r"""black|white|red|green|blue|yellow|brown|pink|purple|orange|gr[ea]y|violet|turquoise|beige|gold(?:en)?
    |silver|cream|navy|maroon|ivory|teal|crimson|scarlet|khaki|magenta|cyan|lilac|amber|colou?r\w*|painted|dark|pale|bright"""


def _kind(asked: str, given: str, lacking: float, *, timed: bool = False, named: bool = False) -> Kind:
    flags = re.IGNORECASE | re.VERBOSE
    return Kind(re.compile(asked, flags), re.compile(given + _NONE, flags), lacking, timed, named)


_KINDS = (
    _kind(
        r"""^\W*(?:(?:since|until|by)\s+)?when\b|\b(?:what|which)\s+(?:day|date|time|year|month)\b
        |\b(?:wann|cuándo|quand|quando|wanneer|kapan)\b|когда|ne\s+zaman|什么时候|何时|いつ|언제|कब|متى""",
        rf"""\b(?:1[5-9]|20)\d\d\b|\d\s*(?:st|nd|rd|th|am|pm|a\.m|p\.m|o'clock|uhr|年|月|日|시|時|点)|\d[:./h-]\d
        |\b(?:at|by|before|until|um|from|after|to)\s+(?:\w+\s+(?:past|to)\s+)?(?:\d|(?:{_COUNTS})\b)
        |\b(?:{_TIMES}|{_WHEN})\b{_NOT}""",
        0.6,
        timed=True,
    ),
    _kind(
        r"""\bhow\s+(?:many|much|old|long|far|tall|high|big|large|heavy|fast|often|deep|wide|strong|thick|late|early)\b
        |\b(?:wie\s?viele?|cuánt[oa]s?|combien|quant[oaie]s?|hoeveel|berapa)\b|сколько|kaç|多少|几|いくら|몇|कितन|كم""",
        rf"\d|[一二三四五六七八九十百千万]|\b(?:{_COUNTS}|{_AMOUNTS})\b{_NOT}",
        0.4,
    ),
    _kind(
        r"""^\W*where\b|\b(?:wohin|woher|dónde|onde|waar|di\s+mana)\b
        |где|куда|nerede|哪里|哪儿|どこ|어디|कहाँ|أين""",
        rf"""\b(?:{_PLACED})\s+(?!\d|{_TIMES}|{_COUNTS})|\b(?:a|à|para|chez|dans|naar)\s+(?-i:[^\W\d_a-z])
        |\b(?:{_HERE})\b|[在到去にで에]""",
        0.6,
    ),
    _kind(r"\bcosts?\W*$|\bnumber\W*$", rf"\d|\b(?:{_COUNTS}|{_AMOUNTS})\b{_NOT}", 1.0),
    _kind(r"\bwhat\s+colou?r\b|\bcolou?r\s+of\b", rf"\b(?:{_COLOURS})\b", 0.4),
    _kind(r"\bnames?\s+of\b|\bname\W*$|^\W*what\b.*\bcalled\W*$", r"\b(?:called|named|names?)\b", 0.4, named=True),
    _kind(r"^\W*who(?:m|se)?\b(?!\s+(?:is|are|was|were)\s+(?-i:[A-Z]))", rf"\b(?:{_PEOPLE})\b", 0.6, named=True),
)
_ENGLISH = re.compile(r"\b(?:how|when|where|who(?:m|se)?|names?|called|colou?r|which|what)\b", re.IGNORECASE)
_SORT = re.compile(
    r"""^(?!.*\b(?:get|go)\W*$)\W*(?:\w+\s+)?(?:which|what)\s+(?!(?:is|are|was|were|do|does|did|has|have|had|can|will|would|could|should|may|must
    |happen\w*|the|an?)\b)([a-z]+)\s+\w | \bhow\s+([a-z]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def wanted(query: str) -> Kind | None:
    """What kind of answer a question asks for, as far as it tells."""
    return next((kind for kind in _KINDS if kind.asked.search(query)), None)


def doubted(query: str) -> Kind | None:
    """The kind of answer without which a memory is doubted: of other languages not all words for numbers are known."""
    return wanted(query) if _ENGLISH.search(query) else None


def sort(query: str) -> str | None:
    """The index term of the word that says what sort of thing an English question asks for; None where none does.

    Nor where nothing else tells what is asked: "which vaccine did Bo get".
    """
    found = _SORT.search(query)
    return tokens.term((found[1] or found[2]).lower()) if found else None
