"""The connections to one file: used by one thread at a time, returned after each operation, renewed after a fork.

A file that was deleted or replaced while it is open would still take what is written, and lose it. So each operation
compares the file under the path with the one that its connection opened, and a write does so again after its commit.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import traceback
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hindsight_teams.backends.private_files import Files, files, identity, make_file, make_folder, part_from_log
from hindsight_teams.backends.sqlite.store import erasing, leftovers, schema
from hindsight_teams.backends.sqlite.store.sqlite_errors import (
    UNREADABLE,
    check_library,
    code_of,
    translate,
)
from hindsight_teams.backends.sqlite.store.upkeep import Upkeep
from hindsight_teams.errors import BackendError, DatabaseUnusable

CACHE_KB = 8000
"""Page cache of one connection."""

CHECKPOINT_LIMIT = 64 * 1024 * 1024
"""What the write-ahead log is cut back to after a checkpoint, in bytes."""

CHECKPOINT_PAGES = 8_000
"""Pages of the write-ahead log at which a writer copies them into the file itself, if ``Upkeep`` did not before."""


class _Connection(sqlite3.Connection):
    """A connection that knows which files it opened; None for one to a file that can't change."""

    files: Files | None = None


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_descriptors: dict[tuple[int, int] | None, int] = {}
_descriptors_lock = threading.Lock()
_inherited: list[sqlite3.Connection] = []  # after a fork the parent's connections may be neither used nor closed


class Pool:
    """Connections to one database file.

    Args:
        path: The file; it is made, with its folder, at the first use.
        busy_timeout: Seconds to wait for another process's write to end.
        size: Connections open at once; a further thread waits for one.

    Raises:
        ConfigurationError: This Python's SQLite is too old, or lacks full-text search.
    """

    def __init__(self, path: Path, *, busy_timeout: float, size: int) -> None:
        check_library()
        self.path = path
        self._busy_timeout = busy_timeout
        self._size = size
        self._ready = False
        self._closed = False
        self._opened: Files | None = None
        self._reset()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        self.upkeep = Upkeep(self)  # after the finalizer: at the interpreter's exit its thread ends first
        _pools.add(self)

    def _reset(self) -> None:
        self._idle: list[_Connection] = []
        self._slots = threading.BoundedSemaphore(self._size)
        self._open_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self.erase_lock = threading.Lock()

    def _after_fork(self) -> None:
        _inherited.extend(self._idle)
        self._finalizer.detach()
        self.upkeep.abandon()
        self._reset()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        self.upkeep = Upkeep(self)

    @property
    def location(self) -> str:
        """The path, for people."""
        return str(self.path)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one snapshot: everything read in the block fits together."""
        with self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction, which is committed at the end of the block, or rolled back."""
        # Threads of one process queue at a lock, which is fair and free; SQLite's own waiting polls.
        with self._write_lock, self._connection(log=False) as db:
            before = db.total_changes
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                due = erasing.due(db)
                changes = db.total_changes - before
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            self._check_identity(db, "what this call wrote is lost")
        self.upkeep.wrote(changes, erase=due)

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """A connection outside any transaction while no other thread of this process writes."""
        with self._write_lock, self._connection() as db:
            yield db

    @contextmanager
    def outside(self) -> Iterator[sqlite3.Connection]:
        """A connection outside any transaction, while others write."""
        with self._connection() as db:
            yield db

    @contextmanager
    def impatient(self, db: sqlite3.Connection) -> Iterator[None]:
        """Let a connection of this pool fail inside the block where it would wait for another."""
        db.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            db.execute(f"PRAGMA busy_timeout = {round(self._busy_timeout * 1000)}")

    @contextmanager
    def descriptor(self) -> Iterator[int]:
        """A file descriptor of the database file, for bytes that SQLite does not look at.

        It stays open until the file is deleted: closing one would release the locks that SQLite's own connections of
        this process hold.
        """
        known = identity(self.path)
        with _descriptors_lock:
            if known not in _descriptors:
                for other in [file for file, left in _descriptors.items() if not os.fstat(left).st_nlink]:
                    os.close(_descriptors.pop(other))
                _descriptors[known] = os.open(self.path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
            yield _descriptors[known]

    @contextmanager
    def _connection(self, *, log: bool = True) -> Iterator[_Connection]:
        with self._slots:
            try:
                db = self._idle.pop()
            except IndexError:
                db = self._open()
            broken = True
            try:
                # Who writes looks for the log too, after the commit; each look is a call of the system.
                if log or db.files is None or identity(os.fspath(self.path)) != db.files[0]:
                    self._check_identity(db, "nothing was read or written")
                yield db
                broken = False
            except BaseException as error:
                # Whoever keeps an error keeps the cursors of its frames, and a cursor half read keeps its snapshot.
                traceback.clear_frames(error.__traceback__)
                if isinstance(error, UNREADABLE):
                    raise translate(error, self.location) from error
                # The caller's own error leaves the connection as good as before.
                broken = not isinstance(error, Exception) or isinstance(error, BackendError)
                raise
            finally:
                if broken or self._closed or db.files is None:
                    db.close()
                else:
                    self._idle.append(db)

    def _check_identity(self, db: _Connection, consequence: str) -> None:
        """Notice that the path names another file than the one that a connection opened.

        Raises:
            DatabaseUnusable: It does, or it names none. What is opened from now on is what lies there.
        """
        if db.files is None or (now := files(self.path)) == db.files:
            return
        _close_all(self._idle)
        self._ready = False
        if now[0] is None:
            raise self._deleted(consequence)
        what = "memory database was" if now[0] != db.files[0] else "memory database's write-ahead log was deleted or"
        raise DatabaseUnusable(
            f"the {what} replaced while it was open; {consequence}: the next call opens what lies there now",
            path=self.location,
        )

    def _deleted(self, consequence: str) -> DatabaseUnusable:
        return DatabaseUnusable(
            f"the memory database was deleted while it was open; {consequence}: put the file back, or restore a backup",
            path=self.location,
        )

    def _open(self) -> _Connection:
        with self._open_lock:
            if not self._ready:
                self._check_place()
            try:
                db = self._prepared(self._connect(str(self.path), uri=False))
            except sqlite3.OperationalError as error:
                if not self._out_of_reach(error):
                    raise translate(error, self.location) from error
            except UNREADABLE as error:
                raise translate(error, self.location) from error
            else:
                db.files = self._opened = files(self.path)
                return db
            # A read-only folder: SQLite can't make the files that it shares with writers, and there is no writer.
            # Such a connection sees no later change, so it is not kept, and names no files.
            try:
                return self._prepared(self._connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True))
            except UNREADABLE as error:
                raise translate(error, self.location) from error

    def _prepared(self, db: _Connection) -> _Connection:
        try:
            if not self._ready:
                self._prepare(db)
                self._ready = True
            else:
                db.execute("SELECT 1 FROM bank LIMIT 1").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _out_of_reach(self, error: sqlite3.OperationalError) -> bool:
        stuck = code_of(error).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        return stuck and self.path.is_file() and not self.path.with_name(self.path.name + "-wal").exists()

    def _check_place(self) -> None:
        try:
            is_folder = self.path.is_dir()
        except OSError as error:
            raise DatabaseUnusable(
                "the memory database can't be reached; choose another path, or ask for the right to enter its folder",
                path=self.location,
                reason=str(error),
            ) from error
        if is_folder:
            raise DatabaseUnusable("the database path is a folder; give the path of a file", path=self.location)
        if self._opened and not self.path.exists():  # a new, empty file must not take the place of one that was lost
            raise self._deleted("nothing was read or written")
        try:
            part_from_log(self.path, self._opened)
            make_folder(self.path.parent)
            leftovers.finish(self.path)
            if not make_file(self.path) and not self.path.exists():
                raise DatabaseUnusable(
                    "the database path is a symbolic link to a file that does not exist; make it, or name the file"
                    " itself",
                    path=self.location,
                )
        except OSError as error:
            if self.path.is_file():
                return  # a folder that may only be read
            raise DatabaseUnusable(
                "the memory database, or its folder, can't be made; choose another path",
                path=self.location,
                reason=str(error),
            ) from error

    def _connect(self, database: str, *, uri: bool) -> _Connection:
        db = sqlite3.connect(
            database,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=uri,
            factory=_Connection,
        )
        try:
            db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            db.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against a killed process
            db.execute("PRAGMA fullfsync = ON")  # on macOS a plain fsync may leave the data in the drive's cache
            db.execute("PRAGMA checkpoint_fullfsync = ON")
            db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            db.execute("PRAGMA secure_delete = ON")
            db.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_LIMIT}")
            db.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    # A file of another application must not be changed, not even its journal mode.
                    schema.check_ours(db)
                    db.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:  # SQLite's busy handler does not cover the change to WAL
                locked = code_of(error).startswith("SQLITE_BUSY")
                if not locked or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        schema.migrate(db, now=time.time_ns() // 1000)
        if erasing.due(db):  # a process ended before it was done
            self.upkeep.wrote(0, erase=True)

    def release(self) -> None:
        """Close the idle connections; the next operation opens its own."""
        self.upkeep.stop()
        _close_all(self._idle)
        self._ready = False
        self._opened = None

    def close(self) -> None:
        """Close every idle connection; one in use, or opened from now on, is closed when its operation ends.

        So one of several users of a shared file can't close it under the others. Safe to call twice.
        """
        if not self._closed:
            self.upkeep.finish()
        self._closed = True
        _close_all(self._idle)


def _close_all(idle: list[_Connection]) -> None:
    while idle:
        idle.pop().close()


def _after_fork_in_child() -> None:
    global _descriptors_lock
    _descriptors_lock = threading.Lock()
    for pool in list(_pools):
        pool._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
