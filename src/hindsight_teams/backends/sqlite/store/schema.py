"""The tables and their named migrations; each migration is one transaction with its own record.

A memory's rowid is its bank's number in the high half and a sequence number of that bank in the low half. So one bank
is one contiguous range of rowids, in the table and in every list of the full-text index: reading one bank among a
hundred thousand costs no more than reading it alone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager

from hindsight_teams.backends.private_files import new_mark
from hindsight_teams.backends.sqlite.text import terms
from hindsight_teams.errors import DatabaseUnusable

APPLICATION_ID = 0x48544D31
"""Marks the file as ours in its header ("HTM1")."""

BANK_SHIFT = 32
"""Bits of a rowid that number a bank's memories: four billion of them."""


def _tables(db: sqlite3.Connection) -> None:
    for statement in (
        """CREATE TABLE bank (
            no INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            name TEXT,
            created INTEGER NOT NULL,
            written INTEGER NOT NULL,
            last INTEGER NOT NULL DEFAULT 0,
            memories INTEGER NOT NULL DEFAULT 0
        )""",
        """CREATE TABLE document (
            no INTEGER PRIMARY KEY,
            bank INTEGER NOT NULL,
            id TEXT NOT NULL,
            UNIQUE (bank, id)
        )""",
        "CREATE INDEX document_id ON document (id)",  # for what is looked for in every bank at once
        # The text stands last: a long one goes on in further pages, which who reads the other columns need not read.
        """CREATE TABLE memory (
            no INTEGER PRIMARY KEY,
            bank INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            said INTEGER NOT NULL DEFAULT 0,
            author TEXT,
            document INTEGER,
            position INTEGER NOT NULL DEFAULT 0,
            stream INTEGER,
            mentioned INTEGER NOT NULL,
            zone INTEGER NOT NULL DEFAULT 0,
            dated INTEGER NOT NULL,
            occurred INTEGER,
            occurred_end INTEGER,
            type TEXT NOT NULL DEFAULT 'world',
            context TEXT,
            tags TEXT,
            metadata TEXT,
            entities TEXT,
            superseded_by INTEGER,
            text TEXT NOT NULL
        )""",
        "CREATE INDEX memory_said ON memory (bank, said)",
        "CREATE INDEX memory_document ON memory (document, position) WHERE document IS NOT NULL",
        "CREATE INDEX memory_order ON memory (bank, stream, mentioned) WHERE stream IS NOT NULL",
        "CREATE INDEX memory_noted ON memory (bank, mentioned)",
        "CREATE INDEX memory_happened ON memory (bank, coalesce(occurred, occurred_end))"
        " WHERE coalesce(occurred, occurred_end) IS NOT NULL",
        "CREATE INDEX memory_superseded ON memory (superseded_by) WHERE superseded_by IS NOT NULL",
        "CREATE INDEX memory_observation ON memory (bank, context) WHERE type = 'observation'",
        """CREATE TABLE derivation (
            source INTEGER NOT NULL,
            memory INTEGER NOT NULL,
            PRIMARY KEY (source, memory)
        ) WITHOUT ROWID""",
        "CREATE INDEX derivation_memory ON derivation (memory)",
        # What repeats a memory: it becomes one of its own when that one goes.
        """CREATE TABLE mention (
            no INTEGER PRIMARY KEY,
            bank INTEGER NOT NULL,
            memory INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            document INTEGER,
            source INTEGER,
            item TEXT NOT NULL
        )""",
        "CREATE INDEX mention_memory ON mention (memory)",
        "CREATE INDEX mention_digest ON mention (bank, digest)",
        "CREATE INDEX mention_document ON mention (document) WHERE document IS NOT NULL",
        "CREATE INDEX mention_source ON mention (source) WHERE source IS NOT NULL",
        # Texts whose facts are still to be extracted, and why the last attempt failed.
        "CREATE TABLE pending (memory INTEGER PRIMARY KEY, failure TEXT NOT NULL)",
        "CREATE TABLE embedder (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "CREATE TABLE vector (no INTEGER PRIMARY KEY, model INTEGER NOT NULL, data BLOB NOT NULL)",
        "CREATE TABLE tag (bank INTEGER NOT NULL, tag TEXT NOT NULL, memories INTEGER NOT NULL,"
        " PRIMARY KEY (bank, tag)) WITHOUT ROWID",
        # One row: how many memories were ever deleted, how many of them are merged out of the index, how many are gone
        # from the file's bytes, and how many pages have been looked through since. See erasing.py.
        "CREATE TABLE erasing (no INTEGER PRIMARY KEY CHECK (no = 1), deleted INTEGER NOT NULL DEFAULT 0,"
        " merged INTEGER NOT NULL DEFAULT 0, erased INTEGER NOT NULL DEFAULT 0, page INTEGER NOT NULL DEFAULT 0)",
        "INSERT INTO erasing (no) VALUES (1)",
    ):
        db.execute(statement)
    _triggers(db)
    make_words(db)


def _triggers(db: sqlite3.Connection) -> None:
    """Count what is deleted, and tags that go or change: by triggers, so that no way of deleting can forget it.

    Tags that are added are counted by ``writing.store``: a trigger for each row costs a quarter of a bulk load.
    """
    for name, event in (
        ("memory_deleted", "DELETE ON memory"),
        ("memory_rewritten", "UPDATE OF text ON memory"),
        ("mention_deleted", "DELETE ON mention"),
        ("bank_deleted", "DELETE ON bank"),
    ):
        db.execute(f"CREATE TRIGGER {name} AFTER {event} BEGIN UPDATE erasing SET deleted = deleted + 1; END")
    add = (
        "INSERT INTO tag SELECT new.bank, value, 1 FROM json_each(new.tags) WHERE true"
        " ON CONFLICT (bank, tag) DO UPDATE SET memories = memories + 1;"
    )
    mine = "bank = old.bank AND tag IN (SELECT value FROM json_each(old.tags))"
    drop = f"UPDATE tag SET memories = memories - 1 WHERE {mine}; DELETE FROM tag WHERE {mine} AND memories < 1;"
    for name, event, row, action in (
        ("tags_dropped", "DELETE", "old", drop),
        ("tags_left", "UPDATE OF bank, tags", "old", drop),
        ("tags_changed", "UPDATE OF bank, tags", "new", add),
    ):
        # A column that is damaged must not keep its memory from being deleted.
        db.execute(f"CREATE TRIGGER {name} AFTER {event} ON memory WHEN json_valid({row}.tags) BEGIN {action} END")


def make_words(db: sqlite3.Connection) -> None:
    """Make the full-text index, empty.

    ``terms`` makes the tokens, stemmed, so SQLite has only to split them at spaces: its ascii tokenizer takes every
    character outside ASCII as part of a token. Recall counts them in the table's content. ``Upkeep`` merges the index;
    a retain does so only where that has fallen far behind.
    """
    db.execute("CREATE VIRTUAL TABLE words USING fts5(terms, tokenize='ascii', detail=none, columnsize=0)")
    db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, row)")
    db.execute("INSERT INTO words (words, rank) VALUES ('automerge', 0)")
    db.execute("INSERT INTO words (words, rank) VALUES ('crisismerge', 64)")


def fill_words(db: sqlite3.Connection) -> None:
    """Index every memory."""
    rows = db.execute("SELECT no, text, author, context, entities, tags FROM memory ORDER BY no")
    while batch := rows.fetchmany(1_000):
        indexed = [
            (
                no,
                terms.indexed(
                    text,
                    author=author,
                    context=context,
                    entities=json.loads(entities) if entities else (),
                    tags=json.loads(tags) if tags else (),
                ),
            )
            for no, text, author, context, entities, tags in batch
        ]
        db.executemany("INSERT INTO words (rowid, terms) VALUES (?, ?)", indexed)


def count_tags(db: sqlite3.Connection) -> None:
    """Count each bank's tags anew, from the memories."""
    db.execute("DELETE FROM tag")
    db.execute(
        "INSERT INTO tag SELECT m.bank, t.value, count(*) FROM memory m, json_each(m.tags) t"
        " WHERE json_valid(m.tags) GROUP BY m.bank, t.value"
    )


PLAIN_TABLES = ("bank", "document", "memory", "derivation", "embedder", "vector", "mention", "pending")
"""Every table of the last migration that holds what was told; indexes follow from these."""

MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_tables,)


def migrate(db: sqlite3.Connection, *, now: int) -> None:
    """Bring the file to this version's tables; safe when several processes do it at once, and after a kill.

    The mark that makes a new file ours is written in the transaction of the first migration.

    Args:
        now: Microseconds since 1970, for the record.

    Raises:
        DatabaseUnusable: The file belongs to another application, or to another version of this package.
    """
    names = [m.__name__.lstrip("_") for m in MIGRATIONS]
    if _applied(db) == names:
        return
    for name, step in zip(names, MIGRATIONS, strict=True):
        with transaction(db):
            done = _applied(db)  # again, under the lock: another process may have been faster
            if not done:
                check_ours(db)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {new_mark()}")
                db.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied INTEGER NOT NULL)")
            if name not in done:
                step(db)
                db.execute("INSERT INTO migration VALUES (?, ?)", (name, now))


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Lock the file for writing; commit at the end of the block, or roll back where it raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def differences(db: sqlite3.Connection) -> list[str]:
    """Tables, indexes and triggers that a file lacks, or has otherwise than the migrations make them."""
    # The tables that the full-text index keeps its parts in are SQLite's, and each version's own.
    made = (
        "SELECT type || ' ' || name, CASE WHEN name LIKE 'words%' THEN '' ELSE sql END FROM sqlite_master"
        " WHERE type IN ('table', 'index', 'trigger')"
    )
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
        migrate(new, now=0)
        wanted = set(new.execute(made))
    return sorted(name for name, _ in wanted.difference(db.execute(made)))


def home(number: int, bank: object, banks: Collection[int]) -> int:
    """The bank of a memory whose number and whose column for the bank may not agree: the one that there is.

    Args:
        number: The memory's.
        bank: What its column says; damage can make anything of it.
        banks: Those that there are.
    """
    claims = [claimed for claimed in (number >> BANK_SHIFT, bank) if isinstance(claimed, int)]
    for known in claims:
        if known in banks:
            return known
    sane = [claimed for claimed in claims if 0 < claimed < 1 << (BANK_SHIFT - 1)]
    return sane[0] if sane else max(banks, default=0) + 1


def check_ours(db: sqlite3.Connection) -> None:
    """Refuse a file with content that is not this package's.

    A file with our mark and no table yet is ours: a kill can have left it so.

    Raises:
        DatabaseUnusable: It belongs to another application.
    """
    mark = db.execute("PRAGMA application_id").fetchone()[0]
    if mark != APPLICATION_ID and (mark or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]):
        raise _foreign()


def _applied(db: sqlite3.Connection) -> list[str]:
    """The migrations that the file has seen, in order.

    Raises:
        DatabaseUnusable: See ``migrate``.
    """
    mark = db.execute("PRAGMA application_id").fetchone()[0]
    if mark == 0:
        return []
    if mark != APPLICATION_ID:
        raise _foreign()
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'migration'").fetchone():
        return []
    done = [name for (name,) in db.execute("SELECT name FROM migration ORDER BY rowid")]
    known = {m.__name__.lstrip("_") for m in MIGRATIONS}
    if newer := [name for name in done if name not in known]:
        raise DatabaseUnusable(
            "the memory database was written by another version of hindsight-teams, a newer one or one from before the"
            " first release; upgrade the package or choose another path",
            unknown_migrations=newer,
        )
    return done


def _foreign() -> DatabaseUnusable:
    return DatabaseUnusable("the file is a database of another application; choose another path for the memories")
