"""File descriptors of database files beside SQLite's own, and the connections that they must not disturb.

When a process closes any descriptor of a file, the system releases every lock that the process holds on it, those of
SQLite's connections too. So a descriptor stays open as long as this process has a connection to its file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from hindsight_teams.backends.private_files import Files, identity

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
        counts: What was counted in the present state of the file, inside ``Pool.read``.
    """

    files: Files | None = None
    _file: _File | None = None
    _counted_at: tuple[int, int] | None = None

    def __init__(self, database: Any, *arguments: Any, **options: Any) -> None:
        self.counts: dict[tuple[int, str, int], int] = {}
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
        """At the beginning of a transaction: forget what was counted in another state of the file, or too much."""
        (others,) = self.execute("PRAGMA data_version").fetchone()
        state = others, self.total_changes
        if state != self._counted_at or len(self.counts) > _MOST_COUNTS:
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


def after_fork() -> None:
    """In a child: the parent's locks are not its own, and its connections may be neither used nor closed."""
    global _lock
    _lock = threading.RLock()
    _connected.clear()
