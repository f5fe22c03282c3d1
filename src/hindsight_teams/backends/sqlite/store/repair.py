"""Make a damaged file sound again: rebuild what follows from the memories, or take what can be read into a new file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hindsight_teams.backends.sqlite.store import leftovers, rescue, schema, soundness
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.descriptors import Connection
from hindsight_teams.backends.sqlite.store.sqlite_errors import UNREADABLE, code_of, translate
from hindsight_teams.errors import DatabaseUnusable


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did.

    Attributes:
        kept: Memories in the repaired file.
        lost: Memories of which something was left, but no text.
        mended: Memories that were kept though some part of them could not be read.
        damaged: Where the file lies as it was before; None where its pages were sound and only indexes were rebuilt.
    """

    kept: int
    lost: int
    mended: int = 0
    damaged: Path | None = None


def repair(pool: Pool) -> RepairReport:
    """Make a damaged file sound again with every memory that can still be read; other processes must be stopped.

    Indexes and counts are rebuilt in place. Where a memory or a page itself is damaged, what can be read goes into a
    new file, and the old one stays beside it. A repair that is killed is finished, or undone, at the next open.

    Raises:
        DatabaseLocked: Another process has the file open.
        DatabaseUnusable: There is no such file, nothing in it can be read, it was written by another version, or the
            disk is full.
    """
    if not pool.path.is_file() and not leftovers.repaired(pool.path).is_file():  # SQLite would make an empty one
        raise DatabaseUnusable("there is no memory database to repair; restore a backup", path=str(pool.path))
    pool.release()
    leftovers.finish(pool.path)
    with closing(_alone(pool)) as db:
        in_place = _only_indexes(db)
    if in_place:
        try:
            with pool.write() as own:
                _rebuild(own)
                (kept,) = own.execute("SELECT count(*) FROM memory").fetchone()
            return RepairReport(kept=kept, lost=0, damaged=None)
        except DatabaseUnusable as error:
            if "unknown_migrations" in error.details:
                raise
        pool.release()
    with closing(_alone(pool)), leftovers.part_of(pool.path) as part:
        try:
            rescued = rescue.rescue(pool.path, part, rebuild=_rebuild)
        except sqlite3.Error as error:  # of the new file: what can't be read of the old one is passed over
            raise translate(error, pool.location) from error
        if not rescued.kept:
            raise DatabaseUnusable("nothing in the memory database can be read; restore a backup", path=str(pool.path))
        os.replace(part, leftovers.repaired(pool.path))  # from here on the next open finishes what is left to do
    aside = leftovers.finish(pool.path)
    return RepairReport(kept=rescued.kept, lost=rescued.lost, mended=rescued.mended, damaged=aside)


def _alone(pool: Pool) -> sqlite3.Connection:
    """A connection to a file that nobody else has open, and that nobody writes until it is closed.

    Raises:
        DatabaseLocked: Somebody has.
    """
    db = sqlite3.connect(pool.path, timeout=1.0, isolation_level=None, factory=Connection)
    try:
        # Leaving the write-ahead log is what SQLite allows to a lone connection only.
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")  # what others wrote from now on would be in the damaged file only
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        known = isinstance(error, sqlite3.OperationalError) and code_of(error) != "SQLITE_ERROR"
        only_header = code_of(error) == "SQLITE_READONLY" and soundness.may_be_written(pool.path)
        if known and not only_header:
            db.close()
            raise translate(error, pool.location) from error
        # Else it is too damaged to change its mode: read it as it is.
    return db


def _only_indexes(db: sqlite3.Connection) -> bool:
    """Whether every memory can be read, so that nothing but indexes and counts can be wrong."""
    try:
        db.execute("SELECT name FROM migration").fetchall()
        pages = [row[0] for row in db.execute("PRAGMA integrity_check(100)")]
        sound = all(soundness.is_of_an_index(line) and "migration" not in line for line in pages)
        return sound and not schema.differences(db) and not any(soundness.unreadable(db, 1))
    except UNREADABLE:
        return False


def _rebuild(db: sqlite3.Connection) -> None:
    """Make everything anew that follows from the memories themselves."""
    db.execute("REINDEX")
    _find_banks(db)
    _find_documents(db)
    for table, column in (("vector", "no"), ("derivation", "memory"), ("derivation", "source"), ("pending", "memory")):
        db.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT no FROM memory)")
    db.execute("UPDATE memory SET document = NULL WHERE document NOT IN (SELECT no FROM document)")
    db.execute("DELETE FROM document WHERE no NOT IN (SELECT document FROM memory WHERE document IS NOT NULL)")
    db.execute(
        "UPDATE memory SET superseded_by = NULL"
        " WHERE superseded_by IS NOT NULL AND superseded_by NOT IN (SELECT no FROM memory)"
    )
    db.execute("DROP TABLE words")
    db.execute("DROP TABLE IF EXISTS vocabulary")
    schema.make_words(db)
    schema.fill_words(db)
    db.execute(
        "UPDATE bank SET memories = (SELECT count(*) FROM memory m WHERE m.bank = bank.no),"
        " last = max(CASE WHEN last BETWEEN 0 AND 4294967295 THEN last ELSE 0 END,"
        " coalesce((SELECT max(m.no) & 4294967295 FROM memory m WHERE m.bank = bank.no), 0))"
    )
    schema.count_tags(db)
    db.execute("INSERT OR IGNORE INTO erasing (no) VALUES (1)")


def _find_banks(db: sqlite3.Connection) -> None:
    """Give each memory a bank, and each bank a row."""
    banks = {number for (number,) in db.execute("SELECT no FROM bank")}
    lost = db.execute(
        "SELECT no >> 32, count(*) FROM memory WHERE no >> 32 NOT IN (SELECT no FROM bank)"
        " AND bank NOT IN (SELECT no FROM bank) GROUP BY 1"
    ).fetchall()
    empty = db.execute(
        "SELECT b.no, b.memories FROM bank b WHERE b.memories > 0"
        " AND NOT EXISTS (SELECT 1 FROM memory m WHERE m.no >> 32 = b.no OR m.bank = b.no)"
    ).fetchall()
    for number, count in lost:
        # A bank whose own number is damaged still says how many memories it holds.
        same = [known for known, said in empty if said == count]
        if len(same) == 1 and 0 < number < 1 << (schema.BANK_SHIFT - 1):
            db.execute("UPDATE bank SET no = ? WHERE no = ?", (number, same[0]))
            banks = banks - {same[0]} | {number}
    for no, bank in db.execute(
        "SELECT no, bank FROM memory WHERE no >> 32 <> bank OR bank NOT IN (SELECT no FROM bank)"
    ).fetchall():
        home = schema.home(no, bank, banks)
        if home not in banks:  # its row is lost: it gets a name by which it can be found
            sql = "INSERT INTO bank (no, id, created, written) VALUES (?, ?, 0, 0)"
            db.execute(sql, (home, f"rescued-{home}"))
            banks.add(home)
        new = no
        if no >> schema.BANK_SHIFT != home:
            low, high = home << schema.BANK_SHIFT, (home + 1) << schema.BANK_SHIFT
            (last,) = db.execute("SELECT max(no) FROM memory WHERE no >= ? AND no < ?", (low, high)).fetchone()
            new = (low if last is None else int(last)) + 1
        db.execute("UPDATE memory SET bank = ?, no = ? WHERE no = ?", (home, new, no))


def _find_documents(db: sqlite3.Connection) -> None:
    """Give the memories of a document that is gone the one document without memories, where there is one."""
    db.execute(
        "UPDATE document SET bank = (SELECT m.bank FROM memory m WHERE m.document = document.no)"
        " WHERE bank NOT IN (SELECT no FROM bank) AND EXISTS (SELECT 1 FROM memory m WHERE m.document = document.no)"
    )
    lost = db.execute(
        "SELECT DISTINCT bank, document FROM memory"
        " WHERE document IS NOT NULL AND document NOT IN (SELECT no FROM document)"
    ).fetchall()
    for bank, document in lost:
        if [b for b, _ in lost].count(bank) == 1:
            empty = db.execute(
                "SELECT no FROM document WHERE bank = ?"
                " AND NOT EXISTS (SELECT 1 FROM memory m WHERE m.document = document.no)",
                (bank,),
            ).fetchall()
            if len(empty) == 1:
                db.execute("UPDATE memory SET document = ? WHERE document = ?", (*empty[0], document))
