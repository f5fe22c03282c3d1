"""The hash chain of an audit log, as pure functions.

Each entry holds the hash of the one before and a hash of its own over its number, that hash and its event. So no entry
can be changed, removed, added in the middle or moved without breaking every later one. Whoever can write the file can
make the whole chain anew, or cut its end: only a head that was kept elsewhere shows that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from hindsight_teams.errors import InvalidInput


class Head(NamedTuple):
    """The end of a chain: the number of its last entry and that entry's hash. Keep it elsewhere, as an anchor."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head that ``str`` wrote.

        Raises:
            InvalidInput: It is not a number, colon and hash.
        """
        seq, _, digest = text.strip().partition(":")
        if not seq.isdecimal() or len(digest) != len(START.hash) or set(digest) - set("0123456789abcdef"):
            raise InvalidInput(f"{text!r} is not the head of an audit log; a head looks like 42:{'9f3a…'}")
        return cls(int(seq), digest)


START = Head(0, "0" * 64)
"""The head of an empty chain."""


class Link(NamedTuple):
    """One entry as it is stored; ``payload`` is the event's canonical JSON.

    ``exact`` is False where the place it is stored in holds more than what was hashed.
    """

    seq: int
    prev: str
    hash: str
    payload: str
    exact: bool = True


class Break(NamedTuple):
    """A place where a chain is not as it was written.

    Attributes:
        at: The number of the entry, counted by its place.
        reason: What is wrong with it.
        torn: Whether it is a line that can't be read and that the chain goes on after: a crash leaves one. Also
            a last line that somebody damaged looks so.
    """

    at: int
    reason: str
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking a chain found.

    Attributes:
        entries: Entries that are whole, counted from the start.
        head: The last of them.
        broken_at: The number of the first entry that is not as it was written, counted by its place; None when all are.
        reason: What is wrong with it.
        breaks: Every such place, the first ``MOST_BREAKS`` of them.
    """

    entries: int
    head: Head
    broken_at: int | None = None
    reason: str = ""
    breaks: tuple[Break, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken_at is None

    @property
    def only_torn(self) -> bool:
        """Whether all that is wrong are lines that were cut while they were written."""
        return not self.ok and all(found.torn for found in self.breaks)


MOST_BREAKS = 100


def digest(seq: int, prev: str, payload: str) -> str:
    """The hash of an entry: BLAKE2b-256 over its number, the hash before it and its event."""
    return hashlib.blake2b(f"{seq}:{prev}:{payload}".encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def link(head: Head, payload: str) -> Link:
    """The next entry after a head."""
    seq = head.seq + 1
    return Link(seq, head.hash, digest(seq, head.hash, payload), payload)


def verify(links: Iterable[Link | None], anchor: Head | None = None, *, end: Head | None = None) -> Verification:
    """Check a chain from its start to its end, also beyond what is found wrong.

    Args:
        links: The entries in stored order; None for one that can't be read.
        anchor: A head that was kept elsewhere. Without one a cut end can't be noticed.
        end: Where the log itself says that it ends, if it does.
    """
    head, whole = START, START
    breaks: list[Break] = []
    torn: Break | None = None
    for found in links:
        if found is None:
            torn = Break(head.seq + 1, "it is not an audit entry")
            continue
        problem = _problem(found, head) or _known_problem(found, anchor, end)
        if torn is not None:
            breaks.append(torn._replace(torn=not problem))
            torn = None
        if problem:
            breaks.append(Break(max(0, head.seq) + 1, problem))
        head = Head(found.seq, found.hash)
        if not breaks:
            whole = head
        del breaks[MOST_BREAKS:]
    if torn is not None:
        breaks.append(torn._replace(torn=True))
    for known, who in ((anchor, "the anchor"), (end, "the log itself")):
        if known is not None and head.seq < known.seq:
            missing = f"the log ends after entry {head.seq}, and {who} knows entry {known.seq}: its end was removed"
            breaks.append(Break(head.seq + 1, missing))
    if not breaks:
        return Verification(head.seq, head)
    return Verification(whole.seq, whole, breaks[0].at, breaks[0].reason, tuple(breaks))


def _problem(found: Link, head: Head) -> str:
    if found.seq != head.seq + 1:
        return f"it has number {found.seq}: an entry was removed, added or moved"
    if found.prev != head.hash:
        return "it does not follow from the entry before: one of the two was changed, removed or moved"
    if found.hash != digest(found.seq, found.prev, found.payload):
        return "its event was changed"
    if not found.exact:
        return "something was added to it outside its event"
    return ""


def _known_problem(found: Link, anchor: Head | None, end: Head | None) -> str:
    if anchor is not None and found.seq == anchor.seq and found.hash != anchor.hash:
        return "it is not the entry that the anchor knows: the log was written anew"
    if end is not None and found.seq == end.seq and found.hash != end.hash:
        return "it is not the entry that the log itself knows as its last: it was changed"
    return ""
