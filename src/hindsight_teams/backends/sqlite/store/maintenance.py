"""Check, repair and back up a database file."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hindsight_teams.backends.sqlite.store import schema
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.sqlite_errors import translate
from hindsight_teams.errors import DatabaseUnusable, InvalidInput

_PROBLEMS = 20
"""Problems of one kind that a report lists."""

_ORPHANS = (
    ("memory m WHERE NOT EXISTS (SELECT 1 FROM words_content w WHERE w.id = m.no)", "memories are not indexed"),
    ("words_content w WHERE NOT EXISTS (SELECT 1 FROM memory m WHERE m.no = w.id)", "index entries have no memory"),
    ("vector v WHERE NOT EXISTS (SELECT 1 FROM memory m WHERE m.no = v.no)", "vectors have no memory"),
    ("memory m WHERE NOT EXISTS (SELECT 1 FROM bank b WHERE b.no = m.bank)", "memories are in no bank"),
    (
        "memory m WHERE m.document IS NOT NULL AND NOT EXISTS (SELECT 1 FROM document d WHERE d.no = m.document)",
        "memories are of a document that is gone",
    ),
)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        problems: In words; empty for a sound file.
        memories: How many the file holds, as far as it can be read.
    """

    ok: bool
    problems: tuple[str, ...]
    memories: int


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did.

    Attributes:
        kept: Memories in the repaired file.
        lost: Memories of which something was left, but no text.
        damaged: Where the file lies as it was before; None where its pages were sound and only indexes were rebuilt.
    """

    kept: int
    lost: int
    damaged: Path | None


def check(pool: Pool) -> CheckReport:
    """Compare every page, index and count of the file with each other; reads all of it.

    Raises:
        DatabaseUnusable: The file can't be opened at all.
    """
    try:
        with pool.exclusive() as db:
            problems = list(_problems(db))
            (memories,) = db.execute("SELECT count(*) FROM memory").fetchone()
    except DatabaseUnusable as error:
        if not str(error.details.get("code", "")).startswith("SQLITE_CORRUPT"):
            raise
        return CheckReport(ok=False, problems=(str(error.details["sqlite"]),), memories=0)
    return CheckReport(ok=not problems, problems=tuple(problems), memories=memories)


def _problems(db: sqlite3.Connection) -> Iterator[str]:
    found = [row[0] for row in db.execute(f"PRAGMA integrity_check({_PROBLEMS})")]
    if found != ["ok"]:
        yield from found
        return
    try:
        db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        if "readonly" not in str(error):
            yield f"the full-text index does not agree with its own content: {error}"
    for condition, words in _ORPHANS:
        (count,) = db.execute(f"SELECT count(*) FROM {condition}").fetchone()
        if count:
            yield f"{count} {words}"
    for bank, said, counted in db.execute(
        "SELECT b.id, b.memories, (SELECT count(*) FROM memory m WHERE m.no >= b.no << 32 AND m.no < (b.no + 1) << 32)"
        " FROM bank b"
    ):
        if said != counted:
            yield f"bank {bank!r} says it holds {said} memories and holds {counted}"


def repair(pool: Pool) -> RepairReport:
    """Make a damaged file sound again with every memory that can still be read; other processes must be stopped.

    Indexes and counts are rebuilt in place. Where pages themselves are damaged, what can be read goes into a new file,
    and the old one stays beside it.

    Raises:
        DatabaseLocked: Another process has the file open.
        DatabaseUnusable: Nothing in it can be read.
    """
    pool.release()
    with closing(_alone(pool)) as db:
        damaged = _damaged(db)
        if not damaged:
            with pool.write() as own:
                _rebuild(own)
                (kept,) = own.execute("SELECT count(*) FROM memory").fetchone()
            return RepairReport(kept=kept, lost=0, damaged=None)
        rescued = pool.path.with_name(f"{pool.path.name}.rescued-{os.getpid()}")
        rescued.unlink(missing_ok=True)
        kept, lost = _salvage(db, rescued)
    aside = pool.path.with_name(f"{pool.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    os.replace(pool.path, aside)
    for ending in ("-wal", "-shm"):
        leftover = pool.path.with_name(pool.path.name + ending)
        if leftover.exists():
            os.replace(leftover, aside.with_name(aside.name + ending))
    os.replace(rescued, pool.path)
    return RepairReport(kept=kept, lost=lost, damaged=aside)


def _alone(pool: Pool) -> sqlite3.Connection:
    """A connection to a file that nobody else has open.

    Raises:
        DatabaseLocked: Somebody has.
    """
    db = sqlite3.connect(pool.path, timeout=1.0, isolation_level=None)
    try:
        # Leaving the write-ahead log is what SQLite allows to a lone connection only.
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        db.close()
        raise translate(error, pool.location) from error
    except sqlite3.DatabaseError:
        pass  # too damaged to change its mode: read it as it is
    return db


def _damaged(db: sqlite3.Connection) -> bool:
    try:
        db.execute("SELECT count(*) FROM migration").fetchone()
        # A wrong entry in an index is rebuilt in place; anything else is a matter of pages.
        found = [row[0] for row in db.execute("PRAGMA integrity_check(100)")]
        return any(line != "ok" and " index " not in f" {line} " for line in found)
    except sqlite3.DatabaseError:
        return True


def _rebuild(db: sqlite3.Connection) -> None:
    """Make everything anew that follows from the memories themselves."""
    db.execute("REINDEX")
    db.execute("DELETE FROM vector WHERE no NOT IN (SELECT no FROM memory)")
    db.execute("DELETE FROM derivation WHERE memory NOT IN (SELECT no FROM memory)")
    db.execute("DELETE FROM document WHERE no NOT IN (SELECT document FROM memory WHERE document IS NOT NULL)")
    db.execute("DELETE FROM memory WHERE bank NOT IN (SELECT no FROM bank)")
    db.execute("UPDATE memory SET document = NULL WHERE document NOT IN (SELECT no FROM document)")
    db.execute("DROP TABLE words")
    db.execute("DROP TABLE IF EXISTS vocabulary")
    schema.make_words(db)
    schema.fill_words(db)
    db.execute(
        "UPDATE bank SET memories = (SELECT count(*) FROM memory m WHERE m.bank = bank.no),"
        " last = max(last, coalesce((SELECT max(m.no) & 4294967295 FROM memory m WHERE m.bank = bank.no), 0))"
    )


def _salvage(db: sqlite3.Connection, target: Path) -> tuple[int, int]:
    """Write what can be read into a new file; how many memories that are, and how many had to be left."""
    with closing(sqlite3.connect(target, isolation_level=None)) as new:
        new.execute("PRAGMA journal_mode = WAL")
        schema.migrate(new, now=time.time_ns() // 1000)
        new.execute("BEGIN")
        for table in schema.PLAIN_TABLES:
            _copy(db, new, table)
        for bank in {int(n) for (n,) in new.execute("SELECT DISTINCT bank FROM memory")}:
            # A bank whose row is lost gets a name by which it can be found.
            new.execute(
                "INSERT OR IGNORE INTO bank (no, id, created, written) VALUES (?, ?, ?, ?)",
                (bank, f"rescued-{bank}", 0, 0),
            )
        (kept,) = new.execute("SELECT count(*) FROM memory").fetchone()
        if not kept:
            new.execute("ROLLBACK")
            raise DatabaseUnusable("nothing in the memory database can be read; restore a backup", path=str(target))
        _rebuild(new)
        new.execute("COMMIT")
    return kept, max(0, len(_numbers(db)) - kept)


def _copy(db: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    """Copy a table's rows, jumping over those that can't be read."""
    columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    select = f"SELECT {', '.join(columns)} FROM {table}"
    for direction in ("", " ORDER BY 1 DESC"):  # from both ends, up to the damage
        try:
            for row in db.execute(select + direction):
                new.execute(insert, row)
            return
        except sqlite3.DatabaseError:
            continue
    if table == "memory":  # and what lies between two damaged pages, one by one
        for number in _numbers(db):
            try:
                row = db.execute(f"{select} WHERE no = ?", (number,)).fetchone()
            except sqlite3.DatabaseError:
                continue
            if row is not None and isinstance(row[columns.index("text")], str):
                new.execute(insert, row)


def _numbers(db: sqlite3.Connection) -> set[int]:
    """The rowids of memories that any index or table still names."""
    found: set[int] = set()
    for sql in (
        "SELECT no FROM memory INDEXED BY memory_digest",
        "SELECT no FROM memory INDEXED BY memory_time",
        "SELECT id FROM words_content",
    ):
        try:
            for (number,) in db.execute(sql):
                found.add(number)
        except sqlite3.DatabaseError:
            continue
    return found


def backup(pool: Pool, target: Path) -> int:
    """Copy the file while it is in use; the copy is one consistent state.

    Args:
        target: A file that does not exist yet.

    Returns:
        The size of the copy in bytes.

    Raises:
        InvalidInput: The target exists.
        DatabaseUnusable: It can't be written, or what was written is not sound.
    """
    if target.exists():
        raise InvalidInput(f"the backup's path {target.name!r} exists; choose a name that does not")
    part = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        with pool.exclusive() as db, closing(sqlite3.connect(part, isolation_level=None)) as copy:
            db.backup(copy)
            sound = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        if sound != "ok":
            raise DatabaseUnusable("the memory database is damaged, and so its copy would be; run `bank repair`")
        os.replace(part, target)
    except sqlite3.Error as error:
        raise translate(error, str(target)) from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size
