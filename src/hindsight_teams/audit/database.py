"""The audit log in an SQLite file."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from hindsight_teams.audit.hashing import START, Head, Link, digest
from hindsight_teams.audit.journal import BUSY_SECONDS, AuditStore, lost_log, unusable
from hindsight_teams.backends.private_files import Files, files, make_file, make_folder, new_mark, part_from_log
from hindsight_teams.backends.sqlite.store.descriptors import Connection, Watch
from hindsight_teams.errors import DatabaseLocked
from hindsight_teams.log import get_logger

APPLICATION_ID = 0x48544155  # "HTAU"
VERSION = 2
_PAGE = 1000

_logger = get_logger("hindsight_teams.audit")

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    event TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS head (
    no INTEGER PRIMARY KEY CHECK (no = 1),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT OR IGNORE INTO head SELECT 1, seq, hash FROM entries ORDER BY seq DESC LIMIT 1;
INSERT OR IGNORE INTO head VALUES (1, {START.seq}, '{START.hash}');
CREATE TRIGGER IF NOT EXISTS appended AFTER INSERT ON entries
    BEGIN UPDATE head SET seq = new.seq, hash = new.hash; END;
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'an audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'an audit log is append-only'); END;
PRAGMA application_id = {APPLICATION_ID};
"""

# One statement is one transaction: it takes the write lock, reads the head and appends, whoever else is writing.
_APPEND = """
INSERT INTO entries (seq, prev, hash, event)
SELECT h.seq + 1, h.hash, digest(h.seq + 1, h.hash, e.event), e.event
FROM (SELECT ? AS event) e, head h WHERE h.seq >= ? RETURNING seq, hash
"""


class SQLiteAuditStore(AuditStore):
    """Audit events in an SQLite file in WAL mode. See ``AuditStore``."""

    def __init__(self, path: Path, *, keep_text: bool = False) -> None:
        super().__init__(path, keep_text=keep_text)
        self._writer: sqlite3.Connection | None = None
        self._pid = os.getpid()
        self._last = START
        self._opened: Files | None = None
        self._doubtful = False  # somebody wrote into the file while it was open
        with self._errors():
            make_folder(path.parent)
            with self._lock:
                self._connection()

    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            part_from_log(self.path, self._opened)
            make_file(self.path)
            connection = self._connect()
            try:
                if self._doubtful and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    raise sqlite3.DatabaseError("it was cut or written over while it was open, and is damaged")
                self._doubtful = False
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._writer, self._opened = connection, files(self.path)
            self._watch = Watch(self.path, connection)
            self._finalizer = weakref.finalize(self, _close, connection, self._pid)
            self._finalizer.atexit = False  # what runs at the interpreter's exit is still recorded
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        if self.path.is_symlink():  # planted since the log was opened, where the log lay
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",  # a reader must not make a log where one was lost
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
            factory=Connection,
        )
        connection.create_function("digest", 3, digest)
        # What somebody wrote into the file need not be text: it is shown, and told, like any other change.
        connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        return connection

    def _append(self, payload: str) -> None:
        if self._pid != os.getpid():
            # After a fork the parent's connection must be neither used nor closed here, nor its lock waited for.
            self._lock, self._inherited, self._writer, self._pid = threading.Lock(), self._writer, None, os.getpid()
        until = time.monotonic() + BUSY_SECONDS
        with self._errors(), self._turn(until):
            connection = self._connection()
            left = max(0, round((until - time.monotonic()) * 1000))
            connection.execute(f"PRAGMA busy_timeout = {left}")  # what is left after the turns of other threads
            try:
                self._last = _appended(connection, payload, self._last)
            except sqlite3.DatabaseError:
                if files(self.path) == self._opened:
                    raise
            lost = "was deleted or replaced" if files(self.path) != self._opened else self._watch.spoiled(connection)
            if lost:
                self._finalizer()
                self._writer, self._doubtful = None, True
                raise lost_log(self.path, lost)

    def _links(self, *, after: int | None = None, needles: Sequence[str] = ()) -> Iterator[Link | None]:
        # A log of version 1 has a row 0, as its start; nothing else may be below 1.
        start = f"NOT (seq = 0 AND hash = '{START.hash}' AND prev = '' AND event = '')"
        return self._pages(f"seq > ? AND {start}", "seq", -(1 << 63) if after is None else after, needles)

    def _newest(self, needles: Sequence[str] = ()) -> Iterator[Link]:
        found = self._pages("seq < ? AND seq > 0", "seq DESC", (1 << 63) - 1, needles)
        return (link for link in found if link is not None)

    def _pages(self, where: str, order: str, place: int, needles: Sequence[str]) -> Iterator[Link | None]:
        """The entries beyond a place that hold every needle; None for one that can't be read."""
        conditions = "".join(" AND instr(event, ?) > 0" for _ in needles)
        query = f"SELECT seq, prev, hash, event FROM entries WHERE {where}{conditions} ORDER BY {order} LIMIT {_PAGE}"
        rows: list[tuple[int, str, str, str]] | None = None
        while rows is None or len(rows) == _PAGE:
            # Page by page: a cursor left open by a slow reader would keep the WAL from being checkpointed.
            with self._errors(), closing(self._connect()) as connection:
                rows = connection.execute(query, (place, *needles)).fetchall()
            for row in rows:
                place = row[0]
                yield Link(*row) if all(isinstance(value, str) for value in row[1:]) else None

    def _end(self) -> Head | None:
        with self._errors(), closing(self._connect()) as connection:
            row = connection.execute("SELECT seq, hash FROM head").fetchone()
        return Head(*row) if row else Head(1, START.hash)  # without its head it can't be whole

    def head(self) -> Head:
        """The end of the chain."""
        with self._errors(), closing(self._connect()) as connection:
            row = connection.execute("SELECT seq, hash FROM entries WHERE seq > 0 ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(*row) if row else START

    def close(self) -> None:
        """Close the connection; a later ``record`` opens it again."""
        if self._pid != os.getpid():  # a thread of the parent may have held the lock when this process was forked
            return
        with self._lock:
            self._finalizer()
            self._writer = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise DatabaseLocked(
                    "another process held the audit log too long; try again", path=str(self.path), cause=str(error)
                ) from error
            raise unusable(self.path, error, full=_is_full(error)) from error
        except (sqlite3.DatabaseError, OSError) as error:
            raise unusable(self.path, error, full=_is_full(error)) from error


def _close(connection: sqlite3.Connection, process: int) -> None:
    """Close a connection, but in no other process than the one that opened it."""
    if process == os.getpid():
        connection.close()


def _appended(connection: sqlite3.Connection, payload: str, last: Head) -> Head:
    """Append after the last entry; the new end."""
    try:
        row = connection.execute(_APPEND, (payload, last.seq)).fetchone()
    except sqlite3.IntegrityError:  # the head is behind the entries
        row = None
    return _append_beyond(connection, payload, last) if row is None else Head(*row)


def _append_beyond(connection: sqlite3.Connection, payload: str, last: Head) -> Head:
    """Append to a log whose end, or whose own record of it, was taken away: one number later, so that it is seen."""
    _logger.error("entries_were_removed_from_the_audit_log", last=str(last))
    connection.execute("BEGIN IMMEDIATE")
    try:
        row = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        known = max(last, Head(*row) if row else START)
        seq = known.seq + 2
        new = Head(seq, digest(seq, known.hash, payload))
        connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", new)
        connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (seq, known.hash, new.hash, payload))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return new


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version & 0xFF) == (APPLICATION_ID, VERSION):
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == APPLICATION_ID and version & 0xFF > VERSION:
        raise sqlite3.DatabaseError("written by a newer version of hindsight-teams")
    if application != APPLICATION_ID and tables:
        raise sqlite3.DatabaseError("another kind of database")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
    connection.execute("BEGIN IMMEDIATE")  # of several processes that make the log one gives it its mark
    if connection.execute("PRAGMA user_version").fetchone()[0] & 0xFF != VERSION:
        connection.execute(f"PRAGMA user_version = {new_mark() | VERSION}")
    connection.execute("COMMIT")


def _is_full(error: Exception) -> bool:
    """Whether the disk is full: then the file beside a database's log can't be made either."""
    return getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
