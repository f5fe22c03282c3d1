"""Kinds of answers: a question for when, how many or where is answered by a time, a number or a place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hindsight_teams.backends.sqlite.text.date_words import FOREIGN_NUMBERS, MONTHS, NUMBERS
from hindsight_teams.models import Memory


@dataclass(frozen=True, slots=True)
class Kind:
    """What a question asks for.

    Attributes:
        asked: What is in such a question.
        given: What an answer to it holds; "nobody" may answer any.
        lacking: What is left of a recall's confidence where the best memories hold nothing of this kind. A time is told
            in too many ways ("when the ship docks") to be missed.
        timed: Whether a time answers it.
    """

    asked: re.Pattern[str]
    given: re.Pattern[str]
    lacking: float
    timed: bool = False

    def given_by(self, memory: Memory) -> bool:
        """Whether a memory holds it; a time in words ("昨天") has been read when it was retained."""
        dated = self.timed and (memory.occurred_at or memory.occurred_end)
        return bool(dated or self.given.search(memory.text))


_COUNTS = "|".join(sorted({*NUMBERS, *FOREIGN_NUMBERS} - {"a", "an"})) + (
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?"
    r"|hundreds?|thousands?|millions?|dozens?"
)
_HOW_OFTEN = r"every|each|once|twice|half|daily|weekly|monthly|quarterly|yearly|until|since"
_TIMES = rf"\w+days?|noon|midnight|tonight|spring|summer|autumn|winter|{'|'.join(w for w in MONTHS if len(w) > 2)}"
_NONE = r"|\b(?:no|not|none|nobody|nothing|never|nowhere|without)\b|n['\u2019]t\b"
_HERE = r"home|abroad|away|here|there|upstairs|downstairs"
_PLACED = r"""in|on|at|to|into|from|behind|under|near|beside|above|below|inside|outside|between|en|em|na|op|di|bei|nach
    |im|auf|в|на"""


def _kind(asked: str, given: str, lacking: float, *, timed: bool = False) -> Kind:
    flags = re.IGNORECASE | re.VERBOSE
    return Kind(re.compile(asked, flags), re.compile(given + _NONE, flags), lacking, timed)


_KINDS = (
    _kind(
        r"""^\W*(?:(?:since|until|by)\s+)?when\b|\b(?:what|which)\s+(?:day|date|time|year|month)\b
        |\b(?:wann|cuándo|quand|quando|wanneer|kapan)\b|когда|ne\s+zaman|什么时候|何时|いつ|언제|कब|متى""",
        rf"\d|\b(?:{_TIMES})\b|\b(?:at|by|before|until|um)\s+(?:\w+\s+(?:past|to)\s+)?(?:{_COUNTS})\b",
        1.0,
        timed=True,
    ),
    _kind(
        r"""\bhow\s+(?:many|much|old|long|far|tall|high|big|large|heavy|fast|often)\b
        |\b(?:wie\s?viele?|cuánt[oa]s?|combien|quant[oaie]s?|hoeveel|berapa)\b|сколько|kaç|多少|几|いくら|몇|कितन|كم""",
        rf"\d|[一二三四五六七八九十百千万]|\b(?:{_COUNTS}|{_HOW_OFTEN})\b",
        0.6,
    ),
    _kind(
        r"""^\W*where\b|\b(?:wohin|woher|dónde|onde|waar|di\s+mana)\b
        |где|куда|nerede|哪里|哪儿|どこ|어디|कहाँ|أين""",
        rf"""\b(?:{_PLACED})\s+(?!\d|{_TIMES}|{_COUNTS})|\b(?:a|à|para|chez|dans|naar)\s+(?-i:[^\W\d_a-z])
        |\b(?:{_HERE})\b|[在到去にで에]""",
        0.7,
    ),
)
_ENGLISH = re.compile(r"\bhow\b|^\W*where\b", re.IGNORECASE)
_BEST = 2
"""Memories of which one should hold the kind of answer that is asked for."""


def wanted(query: str) -> Kind | None:
    """What kind of answer a question asks for, as far as it tells."""
    return next((kind for kind in _KINDS if kind.asked.search(query)), None)


def doubted(query: str, memories: Sequence[Memory], confidence: float | None) -> float | None:
    """A recall's confidence, less where no number answers "how many", and no place "where".

    In English alone: of other languages not all words for numbers are known.
    """
    kind = wanted(query) if confidence and _ENGLISH.search(query) else None
    if confidence is None or kind is None or any(map(kind.given_by, memories[:_BEST])):
        return confidence
    return confidence * kind.lacking
