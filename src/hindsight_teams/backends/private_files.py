"""Files and folders that only their owner may read, whatever the process's umask is."""

from __future__ import annotations

import os
import secrets
import time
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
    if opened and now[0] and now[1] and now[0] != opened[0] and now[1] == opened[1]:
        move_log(path)


def move_log(path: Path) -> None:
    """Move a database's write-ahead log aside."""
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
