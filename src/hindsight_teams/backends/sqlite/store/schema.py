"""The tables, and the named migrations that make them: each runs in one transaction together with its own record.

A memory's rowid is its bank's number in the high half and a sequence number of that bank in the low half. So one bank
is one contiguous range of rowids, in the table and in every list of the full-text index: reading one bank among a
hundred thousand costs no more than reading it alone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection

from hindsight_teams.backends.sqlite.store.streams import stream
from hindsight_teams.backends.sqlite.text import terms
from hindsight_teams.backends.sqlite.text.duplicates import told_key
from hindsight_teams.errors import DatabaseUnusable

APPLICATION_ID = 0x48544D31
"""Marks the file as ours in its header ("HTM1")."""

BANK_SHIFT = 32
"""Bits of a rowid that number a bank's memories: four billion of them."""


def _first_tables(db: sqlite3.Connection) -> None:
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
        """CREATE TABLE memory (
            no INTEGER PRIMARY KEY,
            bank INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            author TEXT,
            document INTEGER,
            position INTEGER NOT NULL DEFAULT 0,
            mentioned INTEGER NOT NULL,
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
        """CREATE TABLE derivation (
            source INTEGER NOT NULL,
            memory INTEGER NOT NULL,
            PRIMARY KEY (source, memory)
        ) WITHOUT ROWID""",
        "CREATE INDEX derivation_memory ON derivation (memory)",
        "CREATE INDEX memory_digest ON memory (digest)",
        "CREATE INDEX memory_document ON memory (document, position) WHERE document IS NOT NULL",
        "CREATE INDEX memory_stream ON memory (bank, mentioned) WHERE document IS NULL AND dated",
        "CREATE INDEX memory_superseded ON memory (superseded_by) WHERE superseded_by IS NOT NULL",
        "CREATE INDEX memory_time ON memory (bank, coalesce(occurred, mentioned))",
        "CREATE TABLE embedder (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "CREATE TABLE vector (no INTEGER PRIMARY KEY, model INTEGER NOT NULL, data BLOB NOT NULL)",
    ):
        db.execute(statement)
    make_words(db)


def make_words(db: sqlite3.Connection) -> None:
    """Make the full-text index, empty.

    ``terms`` makes the tokens, stemmed, so SQLite has only to split them at spaces: its ascii tokenizer takes every
    character outside ASCII as part of a token. Recall counts them in the table's content.
    """
    db.execute("CREATE VIRTUAL TABLE words USING fts5(terms, tokenize='ascii', detail=none, columnsize=0)")
    db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, row)")


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


def _facts(db: sqlite3.Connection) -> None:
    for statement in (
        # Keys by which memories that repeat or contradict each other were found; the next migration drops it.
        """CREATE TABLE trace (
            bank INTEGER NOT NULL,
            key INTEGER NOT NULL,
            memory INTEGER NOT NULL,
            PRIMARY KEY (bank, key, memory)
        ) WITHOUT ROWID""",
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
        "CREATE INDEX memory_observation ON memory (bank, context) WHERE type = 'observation'",
    ):
        db.execute(statement)


def _words_said(db: sqlite3.Connection) -> None:
    """Find what is said again by its words alone, and keep apart when something happened and when it was noted.

    What the rules of earlier versions had marked is undone: which memory replaces which, and the time of a retain shown
    as the day on which its text happened.
    """
    db.execute("DROP TABLE trace")
    db.execute("ALTER TABLE memory ADD COLUMN said INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE memory ADD COLUMN zone INTEGER NOT NULL DEFAULT 0")
    rows = db.execute("SELECT no, text, author, context, tags FROM memory").fetchall()
    told = [
        (told_key(text, author=author, context=context, tags=json.loads(tags or "[]")), no)
        for no, text, author, context, tags in rows
    ]
    db.executemany("UPDATE memory SET said = ? WHERE no = ?", told)
    db.execute("UPDATE memory SET superseded_by = NULL WHERE superseded_by IS NOT NULL")
    db.execute("UPDATE memory SET occurred = NULL WHERE dated AND occurred = mentioned AND occurred_end IS NULL")
    db.execute("UPDATE memory SET occurred = NULL WHERE occurred < -30000000000000000")  # an open span began there
    db.execute("UPDATE mention SET item = json_set(item, '$.zone', 0)")
    db.execute(
        "UPDATE mention SET item = json_set(item, '$.occurred', NULL)"
        " WHERE json_extract(item, '$.occurred') = json_extract(item, '$.mentioned')"
    )
    db.execute("CREATE INDEX memory_said ON memory (bank, said)")
    db.execute("CREATE INDEX memory_noted ON memory (bank, mentioned)")
    db.execute(
        "CREATE INDEX memory_happened ON memory (bank, coalesce(occurred, occurred_end))"
        " WHERE coalesce(occurred, occurred_end) IS NOT NULL"
    )


def _counted_terms(db: sqlite3.Connection) -> None:
    """Stemmed terms in the index, and the streams that memories outside documents stand in."""
    db.execute("ALTER TABLE memory ADD COLUMN stream INTEGER")
    rows = db.execute(
        "SELECT no, tags, dated FROM memory m WHERE position = 0 AND NOT EXISTS"
        " (SELECT 1 FROM memory o WHERE o.document = m.document AND o.position > 0)"
    ).fetchall()
    db.executemany(
        "UPDATE memory SET stream = ? WHERE no = ?",
        [(stream(json.loads(tags) if tags else (), dated=bool(dated)), no) for no, tags, dated in rows],
    )
    db.execute("DROP INDEX memory_stream")
    db.execute("CREATE INDEX memory_order ON memory (bank, stream, mentioned) WHERE stream IS NOT NULL")
    db.execute("DROP TABLE words")
    make_words(db)
    fill_words(db)


def _erasing(db: sqlite3.Connection) -> None:
    # One row: how many memories were ever deleted, how many of them are merged out of the index, how many are gone from
    # the file's bytes, and how many pages have been looked through since. See erasing.py.
    db.execute(
        "CREATE TABLE erasing (no INTEGER PRIMARY KEY CHECK (no = 1), deleted INTEGER NOT NULL DEFAULT 0,"
        " merged INTEGER NOT NULL DEFAULT 0, erased INTEGER NOT NULL DEFAULT 0, page INTEGER NOT NULL DEFAULT 0)"
    )
    db.execute("INSERT INTO erasing (no) VALUES (1)")
    # For what is looked for in every bank at once.
    db.execute("CREATE INDEX document_id ON document (id)")
    # By triggers, so that no way of deleting can forget it.
    for name, event in (
        ("memory_deleted", "DELETE ON memory"),
        ("memory_rewritten", "UPDATE OF text ON memory"),
        ("mention_deleted", "DELETE ON mention"),
        ("bank_deleted", "DELETE ON bank"),
    ):
        db.execute(f"CREATE TRIGGER {name} AFTER {event} BEGIN UPDATE erasing SET deleted = deleted + 1; END")


def _tag_counts(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE tag (bank INTEGER NOT NULL, tag TEXT NOT NULL, memories INTEGER NOT NULL,"
        " PRIMARY KEY (bank, tag)) WITHOUT ROWID"
    )
    count_tags(db)
    add = (
        "INSERT INTO tag SELECT new.bank, value, 1 FROM json_each(new.tags) WHERE true"
        " ON CONFLICT (bank, tag) DO UPDATE SET memories = memories + 1;"
    )
    mine = "bank = old.bank AND tag IN (SELECT value FROM json_each(old.tags))"
    drop = f"UPDATE tag SET memories = memories - 1 WHERE {mine}; DELETE FROM tag WHERE {mine} AND memories < 1;"
    for name, event, row, action in (
        ("tags_added", "INSERT", "new", add),
        ("tags_dropped", "DELETE", "old", drop),
        ("tags_left", "UPDATE OF bank, tags", "old", drop),
        ("tags_changed", "UPDATE OF bank, tags", "new", add),
    ):
        # A column that is damaged must not keep its memory from being deleted.
        db.execute(f"CREATE TRIGGER {name} AFTER {event} ON memory WHEN json_valid({row}.tags) BEGIN {action} END")


def _tags_counted_together(db: sqlite3.Connection) -> None:
    # A trigger for each row costs a quarter of a bulk load; ``writing.store`` counts what it adds in one step.
    db.execute("DROP TRIGGER tags_added")


def _joined_words(db: sqlite3.Connection) -> None:
    """Words that are also written as one, and texts that hold only stop words or signs, in the index."""
    db.execute("DROP TABLE words")
    make_words(db)
    fill_words(db)


def count_tags(db: sqlite3.Connection) -> None:
    """Count each bank's tags anew, from the memories."""
    db.execute("DELETE FROM tag")
    db.execute(
        "INSERT INTO tag SELECT m.bank, t.value, count(*) FROM memory m, json_each(m.tags) t"
        " WHERE json_valid(m.tags) GROUP BY m.bank, t.value"
    )


PLAIN_TABLES = ("bank", "document", "memory", "derivation", "embedder", "vector", "mention", "pending")
"""Every table of the last migration that holds what was told; indexes follow from these."""

MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first_tables,
    _facts,
    _words_said,
    _counted_terms,
    _erasing,
    _tag_counts,
    _tags_counted_together,
    _joined_words,
)


def migrate(db: sqlite3.Connection, *, now: int) -> None:
    """Bring the file to this version's tables; safe when several processes do it at once, and after a kill.

    The mark that makes a new file ours is written in the transaction of the first migration.

    Args:
        now: Microseconds since 1970, for the record.

    Raises:
        DatabaseUnusable: The file belongs to another application, or to a newer version of this package.
    """
    names = [m.__name__.lstrip("_") for m in MIGRATIONS]
    if _applied(db) == names:
        return
    for name, step in zip(names, MIGRATIONS, strict=True):
        db.execute("BEGIN IMMEDIATE")
        try:
            done = _applied(db)  # again, under the lock: another process may have been faster
            if not done:
                check_ours(db)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied INTEGER NOT NULL)")
            if name not in done:
                step(db)
                db.execute("INSERT INTO migration VALUES (?, ?)", (name, now))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def home(number: int, bank: int, banks: Collection[int]) -> int:
    """The bank of a memory whose number and whose column for the bank may not agree: the one that there is.

    Args:
        number: The memory's.
        bank: What its column says.
        banks: Those that there are.
    """
    numbered = number >> BANK_SHIFT
    for known in (numbered, bank):
        if known in banks:
            return known
    sane = [claimed for claimed in (numbered, bank) if 0 < claimed < 1 << (BANK_SHIFT - 1)]
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
            "the memory database was written by a newer version of hindsight-teams; upgrade the package"
            " or choose another path",
            unknown_migrations=newer,
        )
    return done


def _foreign() -> DatabaseUnusable:
    return DatabaseUnusable("the file is a database of another application; choose another path for the memories")
