"""Text helpers: visible text, equal text, token counts, and times in words."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hindsight_teams.models import Memory

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # controls
    "\u00ad\u034f\u061c\u180b-\u180f"  # soft hyphen, grapheme joiner, Arabic letter mark, Mongolian selectors
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # zero width, bidirectional marks, embeddings and isolates
    "\ufe00-\ufe0e\ufeff\ufff0-\ufffb"  # variation selectors, byte order mark, interlinear annotation
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and musical formatting
    "\U00013430-\U0001343f"  # hieroglyph formatting
    "\U000e0000-\U000e0fff"  # tags and supplementary variation selectors: a whole hidden alphabet
    "]+"
)
# A joiner has a meaning inside a word of a script that joins, and inside an emoji; elsewhere it only hides text.
_LOOSE_JOINERS = re.compile(
    "(?<![^\x00-\u02ff\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]{2,}|[\u200c\u200d](?![^\x00-\u02ff\u200c\u200d])"
)
_LOOSE_EMOJI_SELECTOR = re.compile("(?<![#*0-9\u00a9\u00ae\u2000-\u33ff\U0001f000-\U0001faff])\ufe0f")
_BLANK_LETTERS = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")
SURROGATES = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs, which no store and no wire can carry."""
_FULL_STOPS = frozenset(".\u3002\uff61\u0964\u06d4")
_ENDS = _FULL_STOPS | frozenset("!\uff01")
_SENTENCE_ENDS = (". ", "! ", "? ", "\u3002", "\uff01", "\uff1f", "\u061f")
_PATTERN = frozenset(" ./\\*^$|~=<>([{?!\u2026")
"""What makes of a full stop behind it a part of what is said: ``cd ..``, ``to .``, ``./.``, ``a*.``."""


def estimate(text: str) -> int:
    """About how many tokens a model's tokenizer makes of a text.

    A quarter of a token for an ASCII character, a half for one of two UTF-8 bytes (accents, Greek, Cyrillic, Hebrew,
    Arabic), one for one of three (CJK, Thai, Devanagari), two for one of four (emoji). These are the byte-pair
    vocabularies' usual yields, rounded up: a budget is rather kept than exceeded. A text never costs less than any
    part of it.

    Returns:
        Tokens, rounded up; 0 for the empty text only.
    """
    if text.isascii():
        return -(-len(text) // 4)
    # Character classes by UTF-8 width, counted by the codecs in C instead of a loop in Python.
    characters = len(text)
    extra_bytes = len(text.encode("utf-8", "surrogatepass")) - characters
    four = len(text.encode("utf-16-le", "surrogatepass")) // 2 - characters
    not_ascii = characters - len(text.encode("ascii", "ignore"))
    three = extra_bytes - 3 * four - (not_ascii - four)
    two = not_ascii - three - four
    ascii_only = characters - not_ascii
    return -(-(ascii_only + 2 * two + 4 * three + 8 * four) // 4)


def cut(text: str, most: int) -> str:
    """A text of at most so many characters, with a sign where something was left out."""
    return text if len(text) <= most else f"{text[: most - 1]}\u2026"


def split(text: str, most: int) -> list[str]:
    """A text in parts of at most ``most`` characters, cut at line ends, sentence ends or spaces where there are any."""
    parts: list[str] = []
    start, end = 0, len(text)
    while end - start > most:
        limit = start + most
        at = max(text.rfind("\n", start, limit), *(text.rfind(sign, start, limit) + 1 for sign in _SENTENCE_ENDS))
        if at < start + most // 2:
            at = text.rfind(" ", start, limit)
        if at < start + most // 2:
            at = limit
        parts.append(text[start:at].strip())
        start = at
        while start < end and text[start].isspace():
            start += 1
    return [part for part in [*parts, text[start:].strip()] if part]


def visible(text: str) -> str:
    """The text without characters that a person can't see, its line breaks kept.

    Control, bidirectional, zero-width, tag and other invisible characters go; joiners stay where they shape a word or
    an emoji; lone surrogates become the replacement character.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    lines = _BREAKS.split(text)
    if len(lines) > 1:
        breaks = _BREAKS.findall(text)
        return "".join(
            visible_line + separator
            for visible_line, separator in zip(map(_visible_line, lines), [*breaks, ""], strict=True)
        )
    return _visible_line(text)


def is_blank(text: str) -> bool:
    """Whether a person sees nothing in a text: it holds only white space and invisible characters."""
    return not visible(text[:1000]).strip() and not visible(text).strip()


def one_line(text: str) -> str:
    """The text on one line: every kind of line break is a space, and what can't be seen is gone."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return " ".join(_visible_line(_BREAKS.sub(" ", text)).split())


def same_words(text: str) -> str:
    """The text in the form in which it is compared: equal for two texts that differ in nothing that is told.

    Unicode's canonical form (NFC), what can't be seen, the amount of white space and one full stop or exclamation mark
    at the end make no difference. All else does: case, signs, symbols, marks, order, numbers and question marks.
    """
    text = " ".join((text if text.isascii() else unicodedata.normalize("NFC", visible(text))).split())
    return text[:-1] if _ends_sentence(text) else text


def _ends_sentence(text: str) -> bool:
    """Whether the last sign only ends a sentence: in ``5!``, ``cd ..`` and ``to .`` it is part of what is said."""
    last, before = text[-1:], text[-2:-1]
    if last not in _ENDS or not before:
        return False
    if last in _FULL_STOPS:
        return before not in _PATTERN
    return before.isalpha() or unicodedata.category(before)[0] in "LM"


def _visible_line(line: str) -> str:
    line = SURROGATES.sub("\ufffd", line)
    line = _INVISIBLE.sub("", line)
    line = _LOOSE_EMOJI_SELECTOR.sub("", line)
    line = _LOOSE_JOINERS.sub("", line)
    return _BLANK_LETTERS.sub(" ", line)


def happened(memory: Memory) -> str:
    """When that happened, or will happen, which a memory tells; empty where the memory does not say.

    ``happened 2024-05-03``, ``happens 2024-05`` (after it was noted), ``on 2024-05-03`` and ``within 2024`` (a day or
    a span that was not over when it was noted), ``since 2019``, ``until 2026-11-27``. Where a span begins or
    ends with a month or year, that is named, not a day that nobody may have said.
    """
    return told(memory.occurred_at, memory.occurred_end, noted_at=memory.mentioned_at)


def told(start: datetime | None, end: datetime | None, *, noted_at: datetime | None) -> str:
    """A span in words; see ``happened``.

    Args:
        start: First moment; None where only an end is known.
        end: Last moment; None where only a beginning is known.
        noted_at: When it was said: what comes later has not happened yet.
    """
    if start is None:
        return f"until {_last(end.date())}" if end else ""
    if end is None:
        return f"since {_first(start.date())}"
    named = days(start.date(), end.date())
    if noted_at is not None and start <= noted_at < end:  # "today", "this week": the words alone tell which of both
        return f"on {named}" if start.date() == end.date() else f"within {named}"
    return f"{'happens' if noted_at is not None and start > noted_at else 'happened'} {named}"


def days(first: date, last: date) -> str:
    """A day, month or year, or a span of them, both ends included: ``2024-05-03``, ``2024``, ``2025-04 to 2025-06``."""
    if last <= first:
        return first.isoformat()
    begins, ends = _first(first), _last(last)
    if len(begins) != len(ends):  # "2024" to "2025-06": of the same fineness
        finest = max(len(begins), len(ends))
        begins, ends = first.isoformat()[:finest], last.isoformat()[:finest]
    return begins if begins == ends else f"{begins} to {ends}"


def _first(day: date) -> str:
    """The year or month that begins with a day; otherwise the day."""
    return day.isoformat()[: 4 if (day.month, day.day) == (1, 1) else 7 if day.day == 1 else 10]


def _last(day: date) -> str:
    """The year or month that ends with a day; otherwise the day."""
    after = day + timedelta(days=1) if day < date.max else date(1, 1, 1)
    return day.isoformat()[: len(_first(after))]


def noted(memory: Memory) -> str:
    """When a memory was said or retained: ``noted 2026-11-25``; empty where its backend does not tell."""
    return f"noted {memory.mentioned_at.date().isoformat()}" if memory.mentioned_at else ""


def repeated(memory: Memory) -> str:
    """How often a memory was told, and when last; empty for one that was told once."""
    if memory.times_said < 2:
        return ""
    last = f", last {memory.last_said_at.date().isoformat()}" if memory.last_said_at else ""
    return f"said {memory.times_said} times{last}"
