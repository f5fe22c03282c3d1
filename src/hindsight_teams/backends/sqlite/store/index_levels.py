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

if TYPE_CHECKING:
    from hindsight_teams.backends.sqlite.store.connections import Pool

MOST = 64
"""Levels, empty ones included, up to which the record is left alone."""

_READ = "SELECT block FROM words_data WHERE id = 10"
_NEWER_FORMAT = b"\xff\x00\x00\x01"  # of versions of SQLite that keep the levels few themselves


def keep_few(pool: Pool) -> None:
    """Take the empty levels out of the index of a file where there are many."""
    with pool.read() as db:
        if not too_many(db.execute(_READ).fetchone()[0]):
            return
    # A connection of its own: one that used the index has its levels in memory, and reads them again only after others
    # have written.
    with pool.exclusive(), closing(sqlite3.connect(pool.path, isolation_level=None, timeout=10)) as db:
        db.execute("BEGIN IMMEDIATE")
        (record,) = db.execute(_READ).fetchone()
        db.execute("UPDATE words_data SET block = ? WHERE id = 10", (without_empty(record),))
        db.execute("COMMIT")


def too_many(record: bytes) -> bool:
    """Whether a structure record lists more levels than it should, in the format that this module reads."""
    return record[4:8] != _NEWER_FORMAT and _varint(record, 4)[0] > MOST


def without_empty(record: bytes) -> bytes:
    """A structure record without the levels that have no part; the order of the others, from new to old, stays."""
    if record[4:8] == _NEWER_FORMAT:
        return record
    levels, at = _varint(record, 4)
    head = at
    for _ in range(2):  # the number of parts, and how much was ever written
        at = _varint(record, at)[1]
    counted = record[head:at]
    kept: list[bytes] = []
    for _ in range(levels):
        start = at
        _merging, at = _varint(record, at)
        parts, at = _varint(record, at)
        for _ in range(3 * parts):  # of each its id, its first page and its last
            at = _varint(record, at)[1]
        if parts:
            kept.append(record[start:at])
    return record[:4] + _as_varint(max(1, len(kept))) + counted + (b"".join(kept) or b"\x00\x00") + record[at:]


def _varint(record: bytes, at: int) -> tuple[int, int]:
    """A number as SQLite writes it, seven bits a byte, the highest first; and where the next one begins."""
    value = 0
    for byte in record[at : at + 8]:
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            return value, at
    return value << 8 | record[at], at + 1


def _as_varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value >> 7 | 0x80, value & 0x7F])
