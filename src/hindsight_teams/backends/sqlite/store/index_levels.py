"""Keep the number of levels of the full-text index small.

FTS5 keeps its parts in levels, and each merge of everything puts its result above the highest one. It never removes a
level, and reads no index of more than 2,000: a thousand deletes with a retain between each two would make the file
unreadable. Levels without a part mean nothing, so they are taken out of the record that lists them.

The format of the record is described in SQLite's source, ``fts5_index.c``, "STRUCTURE RECORD".
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from hindsight_teams.backends.sqlite.store.carving import varint

if TYPE_CHECKING:
    from hindsight_teams.backends.sqlite.store.connections import Pool

MOST = 64
"""Levels, empty ones included, up to which the record is left alone."""

_READ = "SELECT block FROM words_data WHERE id = 10"
_NEWER_FORMAT = b"\xff\x00\x00\x01"  # of versions of SQLite that keep the levels few themselves


def as_varint(value: int) -> bytes:
    """A number below 16,384 as SQLite writes it."""
    return bytes([value]) if value < 0x80 else bytes([value >> 7 | 0x80, value & 0x7F])


def are_many(db: sqlite3.Connection) -> bool:
    """Whether the index of a file lists more levels than it should."""
    return too_many(db.execute(_READ).fetchone()[0])


def take_out_empty(pool: Pool) -> None:
    """Take the empty levels out of the index of a file."""
    # A connection of its own: one that used the index has its levels in memory, and reads them again only after others
    # have written.
    with pool.exclusive(), closing(sqlite3.connect(pool.path, isolation_level=None, timeout=10)) as db:
        db.execute("BEGIN IMMEDIATE")
        (record,) = db.execute(_READ).fetchone()
        db.execute("UPDATE words_data SET block = ? WHERE id = 10", (without_empty(record),))
        db.execute("COMMIT")


def too_many(record: bytes) -> bool:
    """Whether a structure record lists more levels than it should, in the format that this module reads."""
    return record[4:8] != _NEWER_FORMAT and varint(record, 4)[0] > MOST


def is_merging(db: sqlite3.Connection) -> bool | None:
    """Whether a merge was begun in the index of a file that has not ended; None where that can't be read."""
    record = db.execute(_READ).fetchone()[0]
    return None if record[4:8] == _NEWER_FORMAT else any(merging for merging, _, _ in _levels(record)[1])


def without_empty(record: bytes) -> bytes:
    """A structure record without the levels that have no part; the order of the others, from new to old, stays."""
    if record[4:8] == _NEWER_FORMAT:
        return record
    counted, levels, end = _levels(record)
    kept = [level for _, parts, level in levels if parts]
    return record[:4] + as_varint(max(1, len(kept))) + counted + (b"".join(kept) or b"\x00\x00") + record[end:]


def _levels(record: bytes) -> tuple[bytes, list[tuple[int, int, bytes]], int]:
    """What the record counts, each level with its parts that are being merged and all its parts, and where they end."""
    count, at = varint(record, 4)
    head = at
    for _ in range(2):  # the number of parts, and how much was ever written
        at = varint(record, at)[1]
    counted = record[head:at]
    levels = []
    for _ in range(count):
        start = at
        merging, at = varint(record, at)
        parts, at = varint(record, at)
        for _ in range(3 * parts):  # of each its id, its first page and its last
            at = varint(record, at)[1]
        levels.append((merging, parts, record[start:at]))
    return counted, levels, at
