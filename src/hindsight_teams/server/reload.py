"""A file that is read again when it changes, so that changed rights apply from the next request on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Reloaded(Generic[T]):
    """What ``load`` makes of a file, as of now.

    A file that can't be read is an error on every call until it is whole again: the last good version is not used,
    since it may hold a right that was just taken away.

    Args:
        path: The file; it need not exist if ``load`` can do without.
        load: Reads the path; whatever it raises, ``get`` raises.
    """

    def __init__(self, path: Path, load: Callable[[Path], T]) -> None:
        self.path = path
        self._load = load
        self._lock = Lock()
        self._loaded: tuple[tuple[int, ...] | None, T] | None = None

    def get(self) -> T:
        """The present content; costs one ``stat`` while nothing changes."""
        stamp = self._stamp()
        loaded = self._loaded
        if loaded is not None and loaded[0] == stamp:
            return loaded[1]
        with self._lock:
            value = self._load(self.path)
            # Only a stamp that is the same before and after reading belongs to what was read.
            if self._stamp() == stamp:
                self._loaded = (stamp, value)
            return value

    def _stamp(self) -> tuple[int, ...] | None:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
