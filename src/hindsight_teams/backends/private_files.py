"""Files and folders that only their owner may read, whatever the process's umask is."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents for the owner only; one that exists keeps its permissions.

    Raises:
        OSError: It can't be made.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        if folder.parent == folder:
            break
        folder = folder.parent
    for new in reversed(missing):
        try:
            os.mkdir(new, FOLDER_MODE)
            os.chmod(new, FOLDER_MODE)  # a umask may have taken the owner's own rights
        except FileExistsError:
            if not new.is_dir():
                raise


def make_file(path: Path) -> bool:
    """Make an empty file for the owner only; whether it was made, so not where there was one.

    A symbolic link counts as a file that is there, also one that leads nowhere: none is followed.

    Raises:
        OSError: It can't be made.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), FILE_MODE)
    except FileExistsError:
        return False
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, FILE_MODE)
    finally:
        os.close(descriptor)
    return True


Files: TypeAlias = tuple[tuple[int, int] | None, tuple[int, int] | None]
"""Which database file lies under a path, and which write-ahead log beside it."""


def files(path: Path) -> Files:
    """Which database file lies under a path, and which write-ahead log beside it."""
    name = os.fspath(path)  # plain strings: each write asks, and a Path costs more than the question
    return identity(name), identity(f"{name}-wal")


def part_from_log(path: Path, opened: Files | None) -> None:
    """Move a write-ahead log aside that belongs to a database file which was replaced.

    SQLite would write what it holds into the new file.

    Args:
        path: The database file.
        opened: What lay there when it was opened last; None where it was not yet.
    """
    now = files(path)
    if opened is None or now[0] is None or now[0] == opened[0] or now[1] is None or now[1] != opened[1]:
        return
    log = path.with_name(path.name + "-wal")
    os.replace(log, log.with_name(f"{log.name}.replaced-{time.strftime('%Y%m%d-%H%M%S')}"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)


def identity(path: str | Path) -> tuple[int, int] | None:
    """What tells a file from another one that took its name: device and inode; None where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def new_mark() -> int:
    """A number for a new database's header (its ``user_version``), by which its bytes are told from another's."""
    return secrets.randbelow(1 << 22) + 1 << 8


class Watch:
    """What was seen of an open database file and its write-ahead log, to notice when somebody else writes into them.

    SQLite never makes a database smaller and never changes the mark in its header. It only adds to a log, until it
    begins another one.

    Args:
        path: The file.
        mark: The number in its header.
        descriptor: Gives a descriptor of the file that stays open.
    """

    def __init__(self, path: Path, mark: int, descriptor: Callable[[Path], int]) -> None:
        self._path = path
        self._mark = mark.to_bytes(4, "big", signed=True)
        self._descriptor = descriptor
        self._file = (0, 0)  # size, and when it was changed last
        self._log = (b"", 0)  # header, and size
        self._written = False  # the mark was seen in the file: before, it is in the log
        self._found: str | None = None

    def spoiled(self) -> str | None:
        """What somebody did to the files since they were opened, as the end of a sentence; None for nothing.

        A database that was written over is put into another file first. For a connection that is closed moves its log
        into the file that it has open.
        """
        if not hasattr(os, "pread"):  # Windows lets nobody write into a file that is open
            return None
        self._found = self._found or self._look(os.fspath(self._path))
        return self._found

    def _look(self, name: str) -> str | None:
        try:
            (size, changed), found = self._file, os.stat(name)
            if found.st_size < size:
                return "was cut"
            # What is seen is kept after the look: another thread may have looked later, and seen more.
            if (found.st_size, found.st_ctime_ns) != (size, changed):
                if spoiled := self._is_foreign():
                    _put_into_another_file(self._path)
                    return spoiled
                self._file = found.st_size, found.st_ctime_ns
            if self._is_log_cut(f"{name}-wal") and self._is_log_cut(f"{name}-wal"):
                _put_into_another_file(self._path)
                return "lost a part of its write-ahead log"
        except OSError:  # deleted, of which ``files`` tells; or nobody can look, which undoes no write
            pass
        return None

    def _is_foreign(self) -> str | None:
        head = os.pread(self._descriptor(self._path), 100, 0)
        mark = head[60:64]
        if head[:16] == b"SQLite format 3\0" and (mark == self._mark or not (self._written or any(mark[:3]))):
            self._written |= mark == self._mark
            return None
        return "was written over"

    def _is_log_cut(self, log: str) -> bool:
        before, least = self._log
        descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size  # before its header: another process may empty the log meanwhile
            head = os.pread(descriptor, 32, 0)
        finally:
            os.close(descriptor)
        # A log that was cut begins with zeros once SQLite wrote on where it had ended.
        if len(head) == 32 and (head[:3] != _LOG or (head == before and size < least)):
            return True
        self._log = head, min(size, _LOG_KEPT)
        return False


_LOG = b"\x37\x7f\x06"
"""The beginning of a write-ahead log."""

_LOG_KEPT = 64 * 1024 * 1024
"""The size down to which SQLite may cut a log that it begins anew."""


def _put_into_another_file(path: Path) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.hindsight-part")
    with suppress(OSError):  # no room for it
        make_file(part)
        shutil.copyfile(path, part)
        os.replace(part, path)
