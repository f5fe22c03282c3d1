"""Files and folders that only their owner may read, whatever the process's umask is."""

from __future__ import annotations

import os
from pathlib import Path

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


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one that took its name: device and inode; None where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
