"""Connections to the one file: each used by one thread at a time, given back after each operation, lost by a fork."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hindsight_teams.backends.sqlite.store import schema
from hindsight_teams.backends.sqlite.store.sqlite_errors import translate, typed_errors
from hindsight_teams.errors import BackendError, DatabaseUnusable

CACHE_KB = 8000
"""Page cache of one connection."""

CHECKPOINT_LIMIT = 64 * 1024 * 1024
"""What the write-ahead log is cut back to after a checkpoint, in bytes."""

_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_inherited: list[sqlite3.Connection] = []  # after a fork the parent's connections may be neither used nor closed


class Pool:
    """Connections to one database file.

    Args:
        path: The file; it is made, with its folder, at the first use.
        busy_timeout: Seconds to wait for another process's write to end.
        size: Connections open at once; a further thread waits for one.
    """

    def __init__(self, path: Path, *, busy_timeout: float, size: int) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        self._size = size
        self._ready = False
        self._closed = False
        self._frozen = False
        self._reset()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        _pools.add(self)

    def _reset(self) -> None:
        self._idle: list[sqlite3.Connection] = []
        self._slots = threading.BoundedSemaphore(self._size)
        self._open_lock = threading.Lock()
        self._write_lock = threading.Lock()

    def _after_fork(self) -> None:
        _inherited.extend(self._idle)
        self._finalizer.detach()
        self._reset()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    @property
    def location(self) -> str:
        """The path, for people."""
        return str(self.path)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one snapshot: everything read in the block fits together."""
        with self._connection() as db, typed_errors(self.location):
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
        with self._write_lock, self._connection() as db, typed_errors(self.location):
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """A connection outside any transaction while no other thread of this process writes."""
        with self._write_lock, self._connection() as db, typed_errors(self.location):
            yield db

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._slots:
            try:
                db = self._idle.pop()
            except IndexError:
                db = self._open()
            broken = True
            try:
                yield db
                broken = False
            except BackendError:
                raise
            except Exception:
                broken = False  # the caller's own error; the connection is as good as before
                raise
            finally:
                if broken or self._closed or self._frozen:
                    db.close()
                else:
                    self._idle.append(db)

    def _open(self) -> sqlite3.Connection:
        with self._open_lock:
            if not self._ready:
                self._check_place()
            self._frozen = False
            try:
                return self._prepared(self._connect(str(self.path), uri=False))
            except sqlite3.OperationalError as error:
                if not self._out_of_reach(error):
                    raise translate(error, self.location) from error
            except sqlite3.Error as error:
                raise translate(error, self.location) from error
            # A read-only folder: SQLite can't make the files that it shares with writers, and there is no writer.
            # Such a connection sees no later change, so it is not kept.
            self._frozen = True
            with typed_errors(self.location):
                return self._prepared(self._connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True))

    def _prepared(self, db: sqlite3.Connection) -> sqlite3.Connection:
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
        stuck = (error.sqlite_errorname or "").startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        return stuck and self.path.is_file() and not self.path.with_name(self.path.name + "-wal").exists()

    def _check_place(self) -> None:
        if self.path.is_dir():
            raise DatabaseUnusable("the database path is a folder; give the path of a file", path=self.location)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnusable(
                "the folder of the memory database can't be made; choose another path",
                path=self.location,
                reason=str(error),
            ) from error

    def _connect(self, database: str, *, uri: bool) -> sqlite3.Connection:
        db = sqlite3.connect(
            database,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=uri,
        )
        try:
            db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            db.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against a killed process
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
                locked = (error.sqlite_errorname or "").startswith("SQLITE_BUSY")
                if not locked or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        schema.migrate(db, now=time.time_ns() // 1000)

    def release(self) -> None:
        """Close the idle connections; the next operation opens its own."""
        _close_all(self._idle)
        self._ready = False

    def close(self) -> None:
        """Close every idle connection; one in use, or opened from now on, is closed when its operation ends.

        So one of several users of a shared file can't close it under the others. Safe to call twice.
        """
        self._closed = True
        _close_all(self._idle)


def _close_all(idle: list[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
