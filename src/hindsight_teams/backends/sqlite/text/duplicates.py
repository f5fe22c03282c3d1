"""When two texts are the same words: the key by which a memory that is said again is found."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

_FULL_STOPS = frozenset(".\u3002\uff61\u0964\u06d4")
_ENDS = _FULL_STOPS | frozenset("!\uff01")
_CLOSING = frozenset("\"'\u2019\u201d\u00bb)]")


def same_words(text: str) -> str:
    """The text in the form in which it is compared: equal for two texts that differ in nothing that is told.

    Unicode's canonical form (NFC), the amount of white space and one full stop or exclamation mark at the end make no
    difference. All else does: case, signs, symbols, marks, order, numbers and question marks.
    """
    text = " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
    return text[:-1] if _ends_sentence(text) else text


def told_key(text: str, *, author: str | None, context: str | None, tags: Iterable[str]) -> int:
    """A 64-bit hash of what makes two retains the same words: text, author, what it is about, and who may read it.

    What it finds has to be compared.
    """
    parts = (same_words(text), author, context, sorted(scope(tags, OCCASION)))
    raw = hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


OCCASION = ("run:", "session:")
"""Tags that say on which occasion something was retained, not who may read it."""


def scope(tags: Iterable[str], ignored: tuple[str, ...]) -> frozenset[str]:
    """The tags that decide who may read a memory: all but those that begin so."""
    return frozenset(tag for tag in tags if not tag.startswith(ignored))


def _ends_sentence(text: str) -> bool:
    """Whether the last sign only ends a sentence: in ``5!``, ``cd ..`` and ``to .`` it is part of what is said."""
    last, before = text[-1:], text[-2:-1]
    if last not in _ENDS or not before:
        return False
    if before.isalpha() or unicodedata.category(before)[0] in "LM":
        return True
    return last in _FULL_STOPS and (before.isnumeric() or before in _CLOSING)
