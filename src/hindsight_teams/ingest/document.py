"""Documents, and their passages of the size of one memory."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hindsight_teams.errors import InvalidInput
from hindsight_teams.text import split

LARGEST = 1_400
"""Characters of one passage; below the size at which the embedded engine cuts a text between sentences."""

_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document that becomes one memory.

    Attributes:
        text: What it says.
        heading: Under which headings it stands, or which page or slide it is.
        speaker: Who said it, in a conversation.
        at: When it was said, aware.
    """

    text: str
    heading: str | None = None
    speaker: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One document that a file holds.

    Attributes:
        id: The same in each run: the file's path, or the conversation's own id.
        title: What it is called, for people and as the context of its memories.
        fingerprint: Changes when the document does.
        read: Reads its passages, in order.

    """

    id: str
    title: str
    fingerprint: str
    read: Callable[[], list[Passage]]


def whole(name: str, data: bytes, read: Callable[[], Iterable[Passage]]) -> SourceDocument:
    """A file that is one document: it need not be parsed to see that it did not change."""
    return SourceDocument(name, name, fingerprint(data), lambda: sized(read()))


def parsed(name: str, title: str, passages: Iterable[Passage]) -> SourceDocument:
    """A document that had to be parsed to be found, such as a conversation among others."""
    ready = sized(passages)
    return SourceDocument(name, title, fingerprint(repr(ready).encode(errors="surrogatepass")), lambda: ready)


def fingerprint(data: bytes) -> str:
    """A hash of some bytes, short enough to be kept with each memory."""
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def sized(passages: Iterable[Passage]) -> list[Passage]:
    """The passages without characters that no bank can hold, and those that are too long in parts."""
    return [part for passage in passages for part in _parts(passage)]


def _parts(passage: Passage) -> Iterator[Passage]:
    heading = None if passage.heading is None else " ".join(clean(passage.heading).split())[:300] or None
    speaker = None if passage.speaker is None else " ".join(clean(passage.speaker).split())[:200] or None
    for text in split(clean(passage.text), LARGEST):
        yield replace(passage, text=text, heading=heading, speaker=speaker)


def clean(text: str) -> str:
    """The text without control characters and halves of surrogate pairs."""
    text = _CONTROL.sub(" ", text)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def moment(value: Any) -> datetime | None:
    """A time as exports write it: ISO 8601, or seconds since 1970; None for anything else."""
    try:
        if isinstance(value, str) and not re.fullmatch(r"[0-9]{9,10}(\.[0-9]+)?", value):
            found = datetime.fromisoformat(value.strip())
            return found if found.utcoffset() is not None else found.replace(tzinfo=UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and math.isfinite(float(value)):
            return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def unreadable(reason: str) -> InvalidInput:
    """The error of a file that should be readable by its name and is not."""
    return InvalidInput(reason)
