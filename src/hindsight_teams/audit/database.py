"""The audit log in an SQLite file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from hindsight_teams.audit.hashing import START, Head, Link, digest
from hindsight_teams.audit.journal import AuditStore
from hindsight_teams.errors import DatabaseLocked, DatabaseUnusable

APPLICATION_ID = 0x48544155  # "HTAU"
VERSION = 1
BUSY_SECONDS = 10.0
_PAGE = 1000

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    event TEXT NOT NULL
);
INSERT OR IGNORE INTO entries VALUES ({START.seq}, '', '{START.hash}', '');
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'an audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'an audit log is append-only'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""

# One statement is one transaction: it takes the write lock, reads the head and appends, whoever else is writing.
_APPEND = """
INSERT INTO entries (seq, prev, hash, event)
SELECT seq + 1, hash, digest(seq + 1, hash, ?1), ?1 FROM entries ORDER BY seq DESC LIMIT 1
"""


class SQLiteAuditStore(AuditStore):
    """Audit events in an SQLite file in WAL mode. See ``AuditStore``."""

    def __init__(self, path: Path, *, keep_text: bool = False) -> None:
        super().__init__(path, keep_text=keep_text)
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._pid = os.getpid()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock:
                self._connection()

    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            connection = self._connect()
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._writer = connection
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.create_function("digest", 3, digest, deterministic=True)
        return connection

    def _append(self, payload: str) -> None:
        if self._pid != os.getpid():
            # After a fork the parent's connection must be neither used nor closed here, nor its lock waited for.
            self._lock, self._inherited, self._writer, self._pid = threading.Lock(), self._writer, None, os.getpid()
        with self._errors(), self._lock:
            self._connection().execute(_APPEND, (payload,))

    def _links(self, *, after: int = 0, needles: Sequence[str] = ()) -> Iterator[Link | None]:
        conditions = "".join(" AND instr(event, ?) > 0" for _ in needles)
        query = f"SELECT seq, prev, hash, event FROM entries WHERE seq > ?{conditions} ORDER BY seq LIMIT {_PAGE}"
        rows: list[tuple[int, str, str, str]] | None = None
        while rows is None or len(rows) == _PAGE:
            # Page by page: a cursor left open by a slow reader would keep the WAL from being checkpointed.
            with self._errors(), closing(self._connect()) as connection:
                rows = connection.execute(query, (after, *needles)).fetchall()
            for row in rows:
                after = row[0]
                yield Link(*row) if all(isinstance(value, str) for value in row[1:]) else None

    def head(self) -> Head:
        """The end of the chain."""
        with self._errors(), closing(self._connect()) as connection:
            row = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(*row) if row else START

    def close(self) -> None:
        """Close the connection; a later ``record`` opens it again."""
        with self._lock:
            if self._writer is not None and self._pid == os.getpid():
                self._writer.close()
            self._writer = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise DatabaseLocked(
                    "another process held the audit log too long; try again", path=str(self.path), cause=str(error)
                ) from error
            raise _unusable(self.path, error) from error
        except (sqlite3.DatabaseError, OSError) as error:
            raise _unusable(self.path, error) from error


def _prepare(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) == (APPLICATION_ID, VERSION):
        connection.execute("PRAGMA synchronous = NORMAL")
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == APPLICATION_ID and version > VERSION:
        raise sqlite3.DatabaseError("written by a newer version of hindsight-teams")
    if application != APPLICATION_ID and tables:
        raise sqlite3.DatabaseError("another kind of database")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")


def _unusable(path: Path, error: Exception) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"the audit log can't be used ({type(error).__name__}); name a writable file, or move the old one away",
        path=str(path),
        cause=str(error),
    )
