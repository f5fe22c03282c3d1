"""Convert memories to rows of the database, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

from hindsight_teams.backends.sqlite.store.schema import BANK_SHIFT
from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import Memory, MemoryType, RetainItem, Signal
from hindsight_teams.text import same_words

COLUMNS = (
    "m.no, m.text, m.mentioned, m.occurred, m.occurred_end, m.type, m.context, m.tags, m.metadata, m.entities,"
    " (SELECT json_group_array(s.source) FROM derivation s WHERE s.memory = m.no), m.superseded_by,"
    " (SELECT d.id FROM document d WHERE d.no = m.document), m.zone,"
    " (SELECT json_array(count(*), max(json_extract(r.item, '$.mentioned')), json_extract(r.item, '$.zone'))"
    " FROM mention r WHERE r.memory = m.no)"  # the zone is that of the last, as SQLite has it beside a max()
)

_NEVER_AGAIN = "[0,null,null]"

# Streams order memories that have no document in common, within a session or within a bank.
ARRIVAL: Final = 0
"""The stream of a bank's undated memories, in the order in which they arrived."""

DATED: Final = 1
"""The stream of a bank's dated memories, in the order of their dates."""

_SESSION = "session:"
"""The signature's tag for the session of a run; see ``access.signatures``."""

OCCASION = ("run:", "session:")
"""Tags that say on which occasion something was retained, not who may read it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_quoted = json.encoder.encode_basestring  # an encoder of whole values would be made anew for each of them


@dataclass(slots=True)  # not frozen: that would triple the time to make one, which a bulk load feels
class Piece:
    """One memory on its way into the database; times in microseconds since 1970.

    Attributes:
        said: The key by which it is found when it is told again; see ``told_key``.
        zone: Minutes that the clock stood ahead of UTC where it was said.
        dated: Its time was given with it.
    """

    text: str
    digest: int
    said: int
    terms: str
    author: str | None
    document_id: str | None
    append: bool
    mentioned: int
    zone: int
    dated: bool
    occurred: int | None
    occurred_end: int | None
    context: str | None
    tags: tuple[str, ...]
    metadata: dict[str, str]
    entities: tuple[str, ...]
    type: MemoryType = "world"
    sources: tuple[int, ...] = ()
    vector: bytes | None = None
    model: int | None = None


def digest(item: RetainItem, text: str, tags: Sequence[str]) -> int:
    """A 64-bit fingerprint of everything a retain was given: the same retain twice is one memory."""
    stamp = to_microseconds("timestamp", item.timestamp)
    parts = (text, item.context, sorted(tags), sorted((item.metadata or {}).items()), item.document_id, stamp)
    raw = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


def told_key(text: str, *, author: str | None, context: str | None, tags: Iterable[str]) -> int:
    """The key under which equal texts are one memory: a hash of text, author, context, and who may read it.

    What it finds has to be compared.
    """
    parts = (same_words(text), author, context, _readers(tuple(tags)))
    raw = hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


@lru_cache(maxsize=1 << 10)
def _readers(tags: tuple[str, ...]) -> list[str]:
    return sorted(scope(tags, OCCASION))


def scope(tags: Iterable[str], ignored: tuple[str, ...]) -> frozenset[str]:
    """The tags that decide who may read a memory: all but those that begin so."""
    return frozenset(tag for tag in tags if not tag.startswith(ignored))


def stream(tags: Sequence[str], *, dated: bool) -> int:
    """The stream of a memory that stands alone in its document, or in none: the run's session where it is known."""
    for tag in tags:
        if tag.startswith(_SESSION):
            return _of_session(tag)
    return DATED if dated else ARRIVAL


@lru_cache(maxsize=1 << 10)
def _of_session(tag: str) -> int:
    return int.from_bytes(hashlib.blake2b(tag.encode(), digest_size=7).digest(), "big") + 2


def public_id(no: int) -> str:
    """The id of a memory as callers see it: bank number and sequence number, in hex."""
    return f"{no >> BANK_SHIFT:x}-{no & ((1 << BANK_SHIFT) - 1):x}"


def row_number(memory_id: Any) -> int | None:
    """The rowid of a public id, or None for a string that is none."""
    if not isinstance(memory_id, str):
        return None
    bank, dash, sequence = memory_id.partition("-")
    try:
        no = (int(bank, 16) << BANK_SHIFT) + int(sequence, 16)
    except ValueError:
        return None
    return no if dash and memory_id == public_id(no) and no < 1 << 63 else None


def row_numbers(memory_ids: Iterable[str]) -> list[int]:
    """The rowids of those public ids that are some."""
    return [no for no in map(row_number, memory_ids) if no is not None]


def zone_of(moment: datetime | None) -> int:
    """Minutes that a time's own clock stands ahead of UTC."""
    if moment is None or moment.tzinfo is UTC:
        return 0
    offset = moment.utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)


def instant(moment: datetime) -> tuple[int, int]:
    """A time as it is stored: microseconds since 1970, and the minutes that its clock stands ahead of UTC."""
    microseconds = to_microseconds("timestamp", moment)
    assert microseconds is not None
    return microseconds, zone_of(moment)


def local(microseconds: int | None, zone: int) -> datetime | None:
    """A stored time on the clock of the place where it was said."""
    moment = from_microseconds(microseconds)
    if moment is None or not zone:
        return moment
    try:
        return moment.astimezone(timezone(timedelta(minutes=zone)))
    except OverflowError:  # at the ends of the calendar
        return moment


def pack(values: Mapping[str, str] | Sequence[str]) -> str | None:
    """A JSON column of texts; None for an empty one."""
    if not values:
        return None
    if isinstance(values, Mapping):
        return "{" + ",".join([f"{_quoted(name)}:{_quoted(value)}" for name, value in values.items()]) + "}"
    return "[" + ",".join(map(_quoted, values)) + "]"


@lru_cache(maxsize=4096)
def pack_tags(tags: tuple[str, ...]) -> str | None:
    """The JSON column of tags."""
    return pack(tags)


@lru_cache(maxsize=4096)  # a filtered read asks for hundreds of candidates, and most share their tags
def unpack_tags(column: str | None) -> tuple[str, ...]:
    """The tags of a JSON column."""
    return tuple(json.loads(column)) if column else ()


def memory(row: Sequence[Any], bank_id: str, *, score: float | None = None, signals: tuple[Signal, ...] = ()) -> Memory:
    """The memory of a row of ``COLUMNS``."""
    no, text, mentioned, occurred, occurred_end, kind, context, tags, metadata, entities, sources, newer, doc = row[:13]
    zone, repeated = row[13:]
    repeats, last, there = (0, None, zone) if repeated == _NEVER_AGAIN else json.loads(repeated)
    if last is None or last < mentioned:
        last, there = mentioned, zone
    return Memory(
        id=public_id(no),
        text=text,
        bank_id=bank_id,
        tags=unpack_tags(tags),
        metadata=json.loads(metadata) if metadata else {},
        document_id=doc,
        context=context,
        occurred_at=local(occurred, zone),
        occurred_end=local(occurred_end, zone),
        mentioned_at=local(mentioned, zone),
        times_said=1 + repeats,
        last_said_at=local(last, there),
        entities=unpack_tags(entities),
        type=kind,
        source_ids=() if sources == "[]" else tuple(map(public_id, json.loads(sources))),
        superseded_by=None if newer is None else public_id(newer),
        score=score,
        signals=signals,
    )


def to_microseconds(name: str, moment: datetime | None) -> int | None:
    """Microseconds since 1970 in UTC; a naive datetime is taken as UTC.

    Raises:
        InvalidInput: Not a datetime.
    """
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise InvalidInput(f"{name}={moment!r} must be a datetime with a time zone")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta: timedelta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_microseconds(value: int | None) -> datetime | None:
    """The aware datetime of ``to_microseconds``."""
    if value is None:
        return None
    return _EPOCH + timedelta(microseconds=value)
