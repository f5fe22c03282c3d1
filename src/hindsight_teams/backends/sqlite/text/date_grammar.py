"""The form of a date rule: a pattern, the words it begins with, and the days that a match means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeAlias

from hindsight_teams.backends.sqlite.text import date_words as words
from hindsight_teams.backends.sqlite.text.date_units import Days, Reading

Handler = Callable[["re.Match[str]", Reading], "Days | None"]
"""The days of a match; None where another rule may read it, ``NO_DAYS`` where it names no day for certain."""

TOKEN = re.compile(r"\d+|[^\W\d_]+")
DIGITS = ("0",)
Rules: TypeAlias = list[tuple[str, Handler]]
RULES: dict[str, Rules] = {}
"""By the word that a date begins with; the first rule that reads a date wins."""
UNSPACED_RULES: Rules = []
compiled = cache(re.compile)
"""The patterns of rules are compiled when a text first needs them: all of them together take a tenth of a second."""


def rule(pattern: str, *begins: Iterable[str]) -> Callable[[Handler], Handler]:
    """Add a rule for dates that begin with one of the words."""
    bounded = rf"(?<!\w)(?:{pattern})"

    def add(handler: Handler) -> Handler:
        for token in {TOKEN.findall(word)[0] for line in begins for word in line}:
            RULES.setdefault(token, []).append((bounded, handler))
        return handler

    return add


def unspaced(pattern: str) -> Callable[[Handler], Handler]:
    """Add a rule for a script that has no spaces between words, or whose words are more than letters."""

    def add(handler: Handler) -> Handler:
        UNSPACED_RULES.append((pattern, handler))
        return handler

    return add


def any_of(choices: Iterable[str]) -> str:
    """A pattern for one of the words, the longest first; by first letters, so that most are passed over at once."""
    by_letter: dict[str, list[str]] = {}
    for word in sorted(choices, key=len, reverse=True):
        by_letter.setdefault(word[0], []).append(re.escape(word[1:]).replace(r"\ ", r"\s+"))
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(rest)})" for letter, rest in by_letter.items())


M = any_of(words.MONTHS)
ANY_WEEKDAY = any_of(words.WEEKDAYS)
WS = any_of({**words.WEEKDAYS, **words.SHORT_WEEKDAYS})
ANY_NUMBER = rf"\d{{1,3}}|{any_of(words.NUMBERS)}"
ANY_UNIT = any_of(words.UNITS)
Y = r"[12]\d{3}"
ORD = r"(?:st|nd|rd|th|er|\u00ba|\u00aa|\.)?"
OF = r"(?:of\s+|de\s+|del\s+|do\s+|\u0432\s+)?"
PAST, THIS, NEXT = "last|past|previous", r"this|current", r"next|this\s+coming|coming|upcoming"


def way_of(word: str) -> int:
    """Whether a word says the last one, this one or the next one."""
    return -1 if word in ("last", "past", "previous") else 0 if word in ("this", "current") else 1


# Every date holds a digit or one of these; most texts hold neither, and finding that out is all they cost.
CORE = frozenset(
    TOKEN.findall(word)[-1]
    for line in (
        words.MONTHS, words.WEEKDAYS, words.SHORT_WEEKDAYS, words.SEASONS, words.FOREIGN_SEASONS, words.HOLIDAYS,
        words.PHRASES, words.FOREIGN_PHRASES, words.FOREIGN_UNITS, words.QUARTERS, words.DECADES, words.UNITS,
        [f"{word}s" for word in (*words.UNITS, *words.WEEKDAYS)],
    )
    for word in line
)  # fmt: skip

ENGLISH = frozenset(
    """january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday spring summer autumn fall winter
    today tomorrow yesterday tonight""".split()
)
_AFTER = re.compile(r"(?:['\u2019]s\b|\s+[A-Z\u00c0-\u00de])")
_AFTER_NAME = re.compile(
    rf"\s+(?:I\b|{'|'.join(sorted({w.title() for w in words.MONTHS if w.isascii()}, key=len, reverse=True))})"
)
_BEGINNING = re.compile(r"(?:^|[.!?:;]\s+)$")
_CALLED = re.compile(r"\b(?:named|titled|entitled)\s+(?:(?:Last|Next|The)\s+)?$")
_BY_WHOM = re.compile(
    r"(?:\s+\((?:the|a)|,\s+an?)\s+(?:film|movie|song|book|novel|album|play)\b|,?\s+by\s+(?:the\s+)?[A-Z\u00c0-\u00de]"
)
_OPENING = re.compile(r"(?:^|[.!?:;]\s+)(?:[Oo]n|[Ii]n|[Ll]ast|[Nn]ext)\s+$")
_WHO = re.compile(
    r"\s+(?!(?:Street|Road|Lane|Square|Market|Night|Morning|Club|Times|Post|Show|Madness|Fools)\b)"
    r"[A-Z\u00c0-\u00de][^\W\d_A-Z]+\s+[a-z]"
)
"""After the time that opens a sentence, one word with a capital tells who did it: "On Monday Ines fell"."""


def is_name(reading: Reading, start: int, end: int, *, capital: bool = True) -> bool:
    """Whether an English word is part of a name rather than a date: "March Street", "the song Yesterday", "may".

    Args:
        capital: The word is written with a capital letter when it is a date: a weekday or month, not "today".
    """
    raw = reading.raw
    word = raw[start:end]
    if TOKEN.findall(word.lower())[0] not in ENGLISH:
        return False
    if _CALLED.search(raw, max(0, start - 16), start) or (word[0].isupper() and _BY_WHOM.match(raw, end)):
        return True
    after = _AFTER.match(raw, end)
    if after and not _AFTER_NAME.match(raw, end):
        return not (_WHO.match(raw, end) and (_OPENING if capital else _BEGINNING).search(raw, 0, start))
    if capital:
        return word[0].islower() and word.lower() in ("may", "march", "sun", "mar", "dec", "jan")
    return word[0].isupper() and start > 0 and raw[:start].rstrip()[-1:] not in (".", "!", ":", "?", "-", "\u201c", '"')
