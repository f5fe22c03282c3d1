"""File descriptors of database files beside SQLite's own, and the connections that they must not disturb.

When a process closes any descriptor of a file, the system releases every lock that the process holds on it, those of
SQLite's connections too. So a descriptor stays open as long as this process has a connection to its file.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from hindsight_teams.backends.private_files import Files, identity, move_log
from hindsight_teams.backends.sqlite.store import leftovers

_File: TypeAlias = tuple[int, int]

_MOST_COUNTS = 1_000
"""Counts that a connection keeps."""

_connected: Counter[_File] = Counter()
_descriptors: dict[_File, int] = {}
_lock = threading.RLock()  # a connection may be collected, and closed, while this thread holds it


class Connection(sqlite3.Connection):
    """A connection that is counted, so that its locks are kept.

    Attributes:
        files: Which files it opened; None for one to a file that can't change.
        counts: What was counted in the present state of the file; None while it is written.
    """

    files: Files | None = None
    _file: _File | None = None
    _counted_at: tuple[int, int] | None = None

    def __init__(self, database: Any, *arguments: Any, **options: Any) -> None:
        self.counts: dict[tuple[int, str, int], int] | None = None
        with _lock:  # before it has locks
            self._file = identity(unquote(urlsplit(database).path) if options.get("uri") else database)
            if self._file is not None:
                _connected[self._file] += 1
        try:
            super().__init__(database, *arguments, **options)
        except BaseException:
            self._forget()
            raise

    def keep_counts(self) -> None:
        """At the beginning of a read: forget what was counted in another state of the file, or too much."""
        (others,) = self.execute("PRAGMA data_version").fetchone()
        state = others, self.total_changes
        if state != self._counted_at or self.counts is None or len(self.counts) > _MOST_COUNTS:
            self._counted_at, self.counts = state, {}

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        super().close()
        self._forget()

    def _forget(self) -> None:
        with _lock:
            file, self._file = self._file, None
            if file is not None:
                _connected[file] -= 1
                if _connected[file] < 1:
                    del _connected[file]
                    if file in _descriptors:
                        os.close(_descriptors.pop(file))


def descriptor(path: Path) -> int:
    """A file descriptor of a database file that this process is connected to; it is closed with the last connection."""
    with _lock:
        known = identity(path)
        if known is None or known not in _descriptors:
            opened = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
            found = os.fstat(opened)  # another file may have taken the path meanwhile
            known = found.st_dev, found.st_ino
            _descriptors.setdefault(known, opened)
        return _descriptors[known]


class Watch:
    """Notices that somebody wrote into an open database file past SQLite, with ``cp`` or ``>`` for example.

    SQLite changes the mark in a database's header (its ``user_version``), or makes the file smaller, only together with
    a newer schema version: when somebody restores a backup through SQLite, or calls VACUUM. So what any process does
    through SQLite is no alarm, however it falls together with the look.

    Args:
        path: The file.
        db: A connection to it.
    """

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._seen = self._look(db)

    def _look(self, db: sqlite3.Connection) -> tuple[int, set[int | None], int, int]:
        """The schema version, read first so that it is never newer than the rest; marks; sizes of database and file."""
        schema, mark = _versions(db)
        pragmas = "pragma_page_count, pragma_page_size, pragma_auto_vacuum"  # which lets a file shrink at any time
        (size,) = db.execute(f"SELECT page_count * page_size * (auto_vacuum = 0) FROM {pragmas}").fetchone()
        marks: set[int | None] = {mark}
        with suppress(OSError, AttributeError):  # a file that may only be read; Windows has no ``pread``
            marks.add(_header(descriptor(self._path)))  # an older one, while the newer is in the log
        return schema, marks, size, 0

    def spoiled(self, db: sqlite3.Connection) -> str | None:
        """What somebody did to the file since it was opened, as the end of a sentence; None for nothing.

        A database that was written over is put into another file first: a connection that is closed writes its log into
        the file that it has open.

        Args:
            db: A connection to the file, outside any transaction.
        """
        if not hasattr(os, "pread"):  # Windows lets nobody write into a file that is open
            return None
        try:
            file = descriptor(self._path)
            version, marks, most, least = self._seen  # before the look: another thread may look later, and see more
            size, mark = os.fstat(file).st_size, _header(file)
        except OSError:  # deleted, of which ``files`` tells
            return None
        if mark in marks and size >= least:
            self._seen = version, marks, most, min(size, most)  # VACUUM before may still make it that small
            return None
        shown = None
        with suppress(sqlite3.Error):
            newer, shown = _versions(db)
            if newer > version:
                self._seen = self._look(db)
                return None
        if mark is not None and mark not in marks and shown in marks:
            _put_into_another_file(self._path, file)
        return "was cut" if size < least else "was written over"


def _versions(db: sqlite3.Connection) -> tuple[int, int]:
    return db.execute("PRAGMA schema_version").fetchone()[0], db.execute("PRAGMA user_version").fetchone()[0]


def _header(file: int) -> int | None:
    """The mark in a file's header; None where it is no database."""
    head = os.pread(file, 64, 0)
    return int.from_bytes(head[60:], "big", signed=True) if head.startswith(b"SQLite format 3\0") else None


def _put_into_another_file(path: Path, file: int) -> None:
    path = path.resolve()
    with suppress(OSError), leftovers.alone(path.parent), leftovers.part_of(path) as part:
        if os.path.samestat(os.stat(path), os.fstat(file)):  # else another process has just done it
            shutil.copyfile(path, part)
            move_log(path)  # first: whoever opens the new file after a kill must not find it
            os.replace(part, path)


def after_fork() -> None:
    """In a child: the parent's locks are not its own, and its connections may be neither used nor closed."""
    global _lock
    _lock = threading.RLock()
    _connected.clear()
