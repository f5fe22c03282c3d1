"""The key under which equal texts are one memory: the same words, in one Unicode form and spacing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from hindsight_teams.text import same_words


def told_key(text: str, *, author: str | None, context: str | None, tags: Iterable[str]) -> int:
    """A 64-bit hash of what makes two retains the same words: text, author, what it is about, and who may read it.

    What it finds has to be compared.
    """
    parts = (same_words(text), author, context, _readers(tuple(tags)))
    raw = hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


OCCASION = ("run:", "session:")
"""Tags that say on which occasion something was retained, not who may read it."""


@lru_cache(maxsize=1 << 10)
def _readers(tags: tuple[str, ...]) -> list[str]:
    return sorted(scope(tags, OCCASION))


def scope(tags: Iterable[str], ignored: tuple[str, ...]) -> frozenset[str]:
    """The tags that decide who may read a memory: all but those that begin so."""
    return frozenset(tag for tag in tags if not tag.startswith(ignored))
