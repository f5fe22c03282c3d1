"""When two texts are the same words: the key by which a memory that is said again is found."""

from __future__ import annotations

import hashlib
import unicodedata

_FULL_STOPS = frozenset(".\u3002\uff61\u0964\u06d4")
_EXCLAMATIONS = frozenset("!\uff01")
_CLOSING = frozenset("\"'\u2019\u201d\u00bb)]")


def same_words(text: str) -> str:
    """The text in the form in which it is compared: equal for two texts that differ in nothing that is told.

    Unicode's canonical form (NFC), the amount of white space and one full stop or exclamation mark at the end make no
    difference. All else does: case, signs, symbols, marks, order, numbers and question marks.
    """
    text = " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
    return text[:-1] if _ends_sentence(text) else text


def words_key(text: str) -> int:
    """A 64-bit hash of ``same_words``; what it finds has to be compared."""
    raw = hashlib.blake2b(same_words(text).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


def _ends_sentence(text: str) -> bool:
    """Whether the last sign only ends a sentence: in ``5!``, ``cd ..`` and ``to .`` it is part of what is said."""
    if len(text) < 2 or text[-1] not in _FULL_STOPS | _EXCLAMATIONS:
        return False
    kind = unicodedata.category(text[-2])[0]
    return kind in "LM" or (text[-1] in _FULL_STOPS and (kind == "N" or text[-2] in _CLOSING))
