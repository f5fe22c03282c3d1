"""The connections to one file: used by one thread at a time, returned after each operation, renewed after a fork.

A file that was deleted or replaced while it is open would still take what is written, and lose it. So each operation
compares the file under the path with the one that its connection opened, and a write does so again after its commit.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import traceback
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from hindsight_teams.backends.private_files import files, identity
from hindsight_teams.backends.sqlite.store import descriptors, erasing, schema
from hindsight_teams.backends.sqlite.store.descriptors import Connection
from hindsight_teams.backends.sqlite.store.opening import Opener, deleted
from hindsight_teams.backends.sqlite.store.sqlite_errors import UNREADABLE, check_library, translate
from hindsight_teams.backends.sqlite.store.upkeep import Upkeep
from hindsight_teams.errors import BackendError, DatabaseUnusable

_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_inherited: list[sqlite3.Connection] = []  # after a fork the parent's connections may be neither used nor closed


class Pool:
    """Connections to one database file.

    Args:
        path: The file; it is made, with its folder, at the first use.
        busy_timeout: Seconds to wait for another process's write to end.
        size: Connections of readers open at once; a further one waits. A writer has one of its own: it would wait long
            among many readers.

    Raises:
        ConfigurationError: This Python's SQLite is too old, or lacks full-text search.
    """

    def __init__(self, path: Path, *, busy_timeout: float, size: int) -> None:
        check_library()
        self.path = path
        self._busy_timeout = busy_timeout
        self._size = size
        self._opener = Opener(path, busy_timeout)
        self._closed = False
        self._reset()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        self.upkeep = Upkeep(self)  # after the finalizer: at the interpreter's exit its thread ends first
        _pools.add(self)

    def _reset(self) -> None:
        self._idle: list[Connection] = []
        self._slots = threading.BoundedSemaphore(self._size)
        self._write_lock = threading.Lock()
        self.erase_lock = threading.Lock()

    def _after_fork(self) -> None:
        _inherited.extend(self._idle)
        self._finalizer.detach()
        self.upkeep.abandon()
        self._opener.after_fork()
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
            db.keep_counts()
            try:
                yield db
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction, which is committed at the end of the block, or rolled back."""
        # Threads of one process queue at a lock, which is fair and free; SQLite's own waiting polls.
        with self._write_lock, self._connection(writing=True, log=False) as db:
            before, db.counts = db.total_changes, None
            with schema.transaction(db):
                yield db
                due = erasing.due(db)
                changes = db.total_changes - before
            self._check_identity(db, "what this call wrote is lost")
            if self._opener.watch and db.files and (spoiled := self._opener.watch.spoiled(db)):
                self._forget_files()
                self._opener.doubtful = True
                raise DatabaseUnusable(
                    f"the memory database {spoiled} while it was open, and with it what this call wrote may be lost:"
                    " run `hindsight-teams bank check`, or restore a backup",
                    path=self.location,
                )
        self.upkeep.wrote(changes, erase=due)

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """A connection outside any transaction while no other thread of this process writes."""
        with self._write_lock, self._connection(writing=True) as db:
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
    def _connection(self, *, writing: bool = False, log: bool = True) -> Iterator[Connection]:
        with nullcontext() if writing else self._slots:
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

    def _check_identity(self, db: Connection, consequence: str) -> None:
        """Notice that the path names another file than the one that a connection opened.

        Raises:
            DatabaseUnusable: It does, or it names none. What is opened from now on is what lies there.
        """
        if db.files is None or (now := files(self.path)) == db.files:
            return
        self._forget_files()
        if now[0] is None:
            raise deleted(self.path, consequence)
        what = "memory database was" if now[0] != db.files[0] else "memory database's write-ahead log was deleted or"
        raise DatabaseUnusable(
            f"the {what} replaced while it was open; {consequence}: the next call opens what lies there now",
            path=self.location,
        )

    def _forget_files(self) -> None:
        """Open what lies under the path at the next call."""
        _close_all(self._idle)
        self._opener.ready = False

    def _open(self) -> Connection:
        db = self._opener.open()
        if self._opener.erase_due:
            self._opener.erase_due = False
            self.upkeep.wrote(0, erase=True)
        return db

    def release(self) -> None:
        """Close the idle connections; the next operation opens its own."""
        self.upkeep.stop()
        _close_all(self._idle)
        self._opener.ready = self._opener.doubtful = False
        self._opener.opened = None

    def close(self) -> None:
        """Close every idle connection; one in use, or opened from now on, is closed when its operation ends.

        So one of several users of a shared file can't close it under the others. Safe to call twice.
        """
        if not self._closed:
            self.upkeep.finish()
        self._closed = True
        _close_all(self._idle)


def _close_all(idle: list[Connection]) -> None:
    while idle:
        idle.pop().close()


def _after_fork_in_child() -> None:
    descriptors.after_fork()
    for pool in list(_pools):
        pool._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
