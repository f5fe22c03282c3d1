"""Files that a killed repair or backup left behind: the next process finishes or removes them."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hindsight_teams.backends.private_files import make_file

_PART = ".hindsight-part"


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """A file to write in before it takes its name; removed at the end of the block if it did not.

    Its name can't be guessed, and it is locked while its maker lives: ``clear`` knows by that which may go.
    """
    while True:
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_PART}")
        make_file(part)
        with suppress(FileNotFoundError):
            descriptor = os.open(part, os.O_RDWR)
            with suppress(OSError):  # a file system without locks
                _lock(descriptor, wait=True)
            if part.exists():  # else ``clear`` in another process came before the lock
                break
            os.close(descriptor)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def name(part: Path, target: Path) -> None:
    """Give a part its name.

    Raises:
        FileExistsError: There is a file of that name by now, or a symbolic link.
    """
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(str(target)) from None
        os.rename(part, target)


def clear(folder: Path) -> None:
    """Remove the parts in a folder whose maker is gone, and SQLite's files beside them."""
    for found in folder.glob(f".*{_PART}*"):
        part = found.with_name(found.name.rpartition(_PART)[0] + _PART)
        if any(path.is_symlink() or (path.exists() and not path.is_file()) for path in (part, found)):
            continue
        try:
            descriptor = os.open(part, os.O_RDWR)
        except FileNotFoundError:
            found.unlink(missing_ok=True)
            continue
        except OSError:
            continue
        try:
            if _lock(descriptor, wait=False):
                found.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def repaired(path: Path) -> Path:
    """Where a repair puts a whole file before it takes the place of the damaged one."""
    return path.with_name(path.name + ".repaired")


def finish(path: Path) -> Path | None:
    """Remove parts, and let a finished repair's file take its place; where the damaged file lies now, if it did."""
    clear(path.parent)
    whole = repaired(path)
    try:
        descriptor = os.open(whole, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    try:
        if not _lock(descriptor, wait=True) or not whole.exists():  # another process has just finished it
            return None
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}")
        # The log first: beside the new file it would be taken for its own. All that it holds was repaired too.
        for ending in ("-wal", "-shm"):
            _rename(path.with_name(path.name + ending), aside.with_name(aside.name + ending))
        try:
            os.link(path, aside)  # so that there is no moment without a file under the path
        except FileNotFoundError:
            pass
        except OSError:  # a file system without hard links
            _rename(path, aside)
        os.replace(whole, path)
        return aside
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """In the block no other process is in such a block for the folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def _rename(old: Path, new: Path) -> None:
    if old.exists():
        os.replace(old, new)


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Lock a file; whether it is locked, which it always is after a wait."""
    try:
        import fcntl
    except ImportError:  # Windows refuses to replace or remove a file that is open elsewhere
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if wait:
            raise
        return False
    return True
