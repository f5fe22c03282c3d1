"""Erase deleted text from the file's bytes, in the background.

A delete takes a memory out of every table at once and counts itself in the table ``erasing``. Its bytes are then
still in three places: its words in the index, until the parts that hold them are merged; older pages in the write-ahead
log, until that is cut; and copies in the unused middle of pages, from where SQLite once moved a row to its neighbour.
Each is a step below, in short transactions. Where they end is stored, so that the next process to open the file goes
on.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from hindsight_teams.backends.sqlite.store import index_levels, schema
from hindsight_teams.backends.sqlite.store.descriptors import descriptor
from hindsight_teams.errors import BackendError, DatabaseUnusable
from hindsight_teams.log import Logger

if TYPE_CHECKING:
    from hindsight_teams.backends.sqlite.store.connections import Pool

_log = Logger(__name__)

_MERGE_PAGES = 128
"""Pages of the index that one transaction merges: a few milliseconds."""

_TELL_INDEX = "INSERT INTO words (words, rank) VALUES (?, ?)"
_FEWEST = 4  # parts of one size that SQLite merges without being asked to merge everything

_AT_ONCE = 4_096
"""Pages of a file in which a delete erases before it returns: 16 MB, some tens of milliseconds."""

_AT_ONCE_SECONDS = 0.5
"""How long a delete erases before it returns, while others write."""

_SCRUB_PAGES = 4_096
"""Pages that one transaction looks through."""

_MOST_OUTRUN = 20
"""How often in a row a write of another process may come between, before the rest is left for later."""

_LARGEST = 1 << 24
"""Pages from which the first byte of an overflow page can be mistaken for the type of a table's page: 64 GB."""

_BTREE_HEADER = {0x02: 12, 0x05: 12, 0x0A: 8, 0x0D: 8}


def due(db: sqlite3.Connection) -> bool:
    """Whether something that was deleted is still in the file's bytes."""
    return db.execute("SELECT 1 FROM erasing WHERE deleted > erased").fetchone() is not None


def soon(pool: Pool) -> None:
    """Erase at once in a file that is small enough for it; in a larger one ``Upkeep`` does."""
    with pool.read() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
    if pages > _AT_ONCE:
        return
    end = time.monotonic() + _AT_ONCE_SECONDS
    try:
        erase(pool, stop=lambda: time.monotonic() > end)
    except BackendError as error:  # what was deleted is gone all the same; the upkeep goes on with its bytes
        _log.warning("erasing_failed", error=str(error), **error.details)


def erase(pool: Pool, *, stop: Callable[[], bool] = lambda: False) -> bool:
    """Go on erasing until it is done, or can't go on because somebody reads an older state of the file.

    Args:
        pool: The file.
        stop: Asked between the steps: stop now?

    Returns:
        Whether all that was deleted is gone from the bytes.

    Raises:
        DatabaseUnusable: The file can't be written.
    """
    with pool.erase_lock:
        with pool.read() as db:
            row = db.execute("SELECT deleted, merged FROM erasing WHERE deleted > erased").fetchone()
        if row is None:
            return True
        deleted, merged = row
        try:
            return (merged >= deleted or _merge(pool, deleted, stop)) and _scrub(pool, deleted, stop)
        except OSError as error:
            raise DatabaseUnusable(
                "what was deleted can't be erased from the file's bytes; check that the file may be written",
                path=pool.location,
                reason=str(error),
            ) from error


def _merge(pool: Pool, deleted: int, stop: Callable[[], bool]) -> bool:
    """Merge the index into one part, which holds only what is not deleted; whether it is done."""
    first = True
    while not stop():
        with pool.exclusive() as db:
            done = _merge_some(db, first, deleted)
            crowded = done and index_levels.are_many(db)
        if crowded:
            index_levels.take_out_empty(pool)
        if done:
            return True
        first = False
    return False


def _scrub(pool: Pool, deleted: int, stop: Callable[[], bool]) -> bool:
    """Cut the write-ahead log and zero what is left in the unused middle of pages; whether it is done."""
    outrun = 0
    while outrun < _MOST_OUTRUN and not stop():
        if not _cut_log(pool):
            return False
        with pool.exclusive() as db:
            looked = _scrub_some(pool, db)
        if looked is None:
            outrun += 1
            continue
        start, end, last = looked
        if hasattr(os, "pread"):
            _synchronize(descriptor(pool.path))  # no power cut may leave the record without the zeros
        done = "erased = max(erased, ?), page = 0" if last else "page = ?"
        with pool.exclusive() as db:  # unless a later delete began anew meanwhile
            sql = f"UPDATE erasing SET {done} WHERE page = ?"
            recorded = db.execute(sql, (deleted if last else end, start)).rowcount
        if last and recorded:
            _cut_log(pool)  # the record that it is done
            return True
    return False


def _merge_some(db: sqlite3.Connection, first: bool, deleted: int) -> bool:
    """Merge some pages of the index; whether all of it is one part now, which holds only what is not deleted."""
    with schema.transaction(db):
        before = db.total_changes
        # A negative number begins a merge of everything, a positive one goes on with it.
        pages = -_MERGE_PAGES if first else _MERGE_PAGES
        db.execute(_TELL_INDEX, ("merge", pages))
        idle, merging = db.total_changes - before < 2, index_levels.is_merging(db)
        if idle and merging:
            # Parts that were written since, too few to be merged by themselves, stand before the merge: two will do.
            for command, number in (("usermerge", 2), ("merge", pages), ("usermerge", _FEWEST)):
                db.execute(_TELL_INDEX, (command, number))
        # What is written from now on is none of it: others who never stop must not keep it from ending.
        done = idle if merging is None else not merging
        if done:
            db.execute("UPDATE erasing SET merged = max(merged, ?), page = 0", (deleted,))
    return done


def _cut_log(pool: Pool) -> bool:
    """Move the write-ahead log into the file and cut it to nothing; False where a reader of an older state needs it."""
    with pool.outside() as db:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()  # most of it, while others write
        with pool.impatient(db):
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _scrub_some(pool: Pool, db: sqlite3.Connection) -> tuple[int, int, bool] | None:
    """Zero the unused middle of some pages; None where another process wrote since the log was cut.

    Returns:
        The first page, the one after the last, and whether the file ends there.

    While this connection holds the write lock and the write-ahead log is empty, nobody else writes the file, and its
    readers never look at those bytes. The commit at the end makes every other connection read its pages again.
    """
    with schema.transaction(db):
        if pool.path.with_name(pool.path.name + "-wal").stat().st_size:
            return None
        (size,) = db.execute("PRAGMA page_size").fetchone()
        (start,) = db.execute("SELECT max(page) FROM erasing").fetchone()
        (count,) = db.execute("PRAGMA page_count").fetchone()
        end = min(start + _SCRUB_PAGES, count)
        if count < _LARGEST and hasattr(os, "pread"):
            _zero_gaps(descriptor(pool.path), size, start, end)
        db.execute("UPDATE erasing SET page = page")
    return start, end, end == count


def _synchronize(descriptor: int) -> None:
    if sys.platform == "darwin":  # where fsync may leave the data in the drive's cache
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def _zero_gaps(descriptor: int, size: int, start: int, end: int) -> None:
    zeros = bytes(size)
    for first in range(start, end, 256):
        block = os.pread(descriptor, size * min(256, end - first), first * size)
        for at in range(0, len(block), size):
            head = at + (100 if first == at == 0 else 0)
            length = _BTREE_HEADER.get(block[head])
            if length is None:
                continue
            cells = int.from_bytes(block[head + 3 : head + 5], "big")
            low = head + length + 2 * cells
            high = at + (int.from_bytes(block[head + 5 : head + 7], "big") or 65_536)
            gap = block[low:high]
            if high > at + size or gap == zeros[: len(gap)]:
                continue
            pointers = struct.unpack_from(f">{cells}H", block, head + length)
            if not pointers or at + min(pointers) >= high:  # else the page is damaged: leave it for a repair to read
                os.pwrite(descriptor, zeros[: len(gap)], first * size + low)
