"""The audit log as JSON lines, one entry a line."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hindsight_teams.audit.hashing import START, Head, Link, link
from hindsight_teams.audit.journal import BUSY_SECONDS, AuditStore, line_of, unusable
from hindsight_teams.backends.private_files import identity, make_file, make_folder
from hindsight_teams.errors import ConfigurationError, DatabaseUnusable
from hindsight_teams.log import get_logger

_BLOCK = 1 << 16

_logger = get_logger("hindsight_teams.audit")


class JSONLinesAuditStore(AuditStore):
    """Audit events as JSON lines. See ``AuditStore``.

    Processes take turns by an advisory lock on the file. A line that a crash cut stays where it is; the chain goes
    on after it, and ``verify`` names it.
    """

    def __init__(self, path: Path, *, keep_text: bool = False) -> None:
        super().__init__(path, keep_text=keep_text)
        try:
            import fcntl
        except ImportError:  # Windows has no such lock
            raise ConfigurationError("audit logs as JSON lines need a POSIX system; use a .db file") from None
        self._fcntl = fcntl
        self._pid = os.getpid()
        self._file: int | None = None
        self._size: int | None = None  # of the file after the last write, where nothing went wrong
        self._head = START
        self._bookmark = (0, 0)  # an entry and where the next begins
        with self._errors(), self._lock:
            make_folder(path.parent)
            self._descriptor()

    def _descriptor(self) -> int:
        if self._file is None:
            make_file(self.path)
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        return self._file

    def _append(self, payload: str) -> None:
        if self._pid != os.getpid():
            # A forked file description shares its lock with the parent: the child needs one of its own.
            self._lock, self._file, self._size, self._pid = threading.Lock(), None, None, os.getpid()
        until = time.monotonic() + BUSY_SECONDS
        with self._errors(), self._turn(until):
            descriptor = self._descriptor()
            with self._locked(descriptor, self._fcntl.LOCK_EX, until):
                self._write(descriptor, payload)
            opened = os.fstat(descriptor)
            if identity(self.path) != (opened.st_dev, opened.st_ino):
                os.close(descriptor)
                self._file = self._size = None
                raise DatabaseUnusable(
                    "the audit log was deleted or replaced while it was open, and with it this event: the next one goes"
                    " into a log at the same place, which does not verify",
                    path=str(self.path),
                )

    def _write(self, descriptor: int, payload: str) -> None:
        size = os.fstat(descriptor).st_size
        lead = b""
        if size != self._size:  # somebody else wrote, or it is the first time
            found, whole = _tail(descriptor, size)
            lead = b"" if whole else b"\n"
            if found.seq < self._head.seq:
                # The end was taken away: what follows keeps its number, so that it is seen.
                _logger.error("entries_were_removed_from_the_audit_log", last=str(self._head))
            else:
                self._head = found
        entry = link(self._head, payload)
        data = lead + line_of(entry).encode("ascii") + b"\n"
        self._size = None  # not known until all of it is written
        try:
            written = os.write(descriptor, data)
            while written < len(data):
                written += os.write(descriptor, data[written:])
        except OSError:
            os.ftruncate(descriptor, size)  # a full disk leaves no half line, which would break the chain
            raise
        self._head, self._size = Head(entry.seq, entry.hash), size + len(data)

    def _links(self, *, after: int | None = None, needles: Sequence[str] = ()) -> Iterator[Link | None]:
        with self._errors(), open(self.path, "rb") as lines:
            left = self._whole(lines.fileno())
            seq, offset = self._bookmark
            if after is not None and 0 < seq <= after and offset <= left:
                lines.seek(offset)  # whoever follows the log reads what is new, not all of it again
                left -= offset
            while line := lines.readline(left):
                left -= len(line)
                text = line.decode("ascii", "replace")
                if all(needle in text for needle in needles):
                    found = _parse(text)
                    if found is not None and left == 0:
                        self._bookmark = (found.seq, lines.tell())
                    if found is None or after is None or found.seq > after:
                        yield found

    def _newest(self, needles: Sequence[str] = ()) -> Iterator[Link]:
        with self._errors(), open(self.path, "rb") as file:
            position = self._whole(file.fileno())
            rest = b""
            while position:
                start = max(0, position - _BLOCK)
                file.seek(start)
                lines = (file.read(position - start) + rest).split(b"\n")
                rest = b"" if start == 0 else lines.pop(0)
                position = start
                for line in reversed(lines):
                    text = line.decode("ascii", "replace")
                    if text and all(needle in text for needle in needles) and (found := _parse(text)) is not None:
                        yield found

    def _whole(self, descriptor: int) -> int:
        """The size of the file while nobody is in the middle of a line."""
        with self._locked(descriptor, self._fcntl.LOCK_SH, time.monotonic() + BUSY_SECONDS):
            return os.fstat(descriptor).st_size

    @contextmanager
    def _locked(self, descriptor: int, kind: int, until: float) -> Iterator[None]:
        """The lock on the file, which a process that was stopped may hold for ever."""
        pause = 0.0005
        while True:
            try:
                self._fcntl.flock(descriptor, kind | self._fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise self._busy() from None
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        try:
            yield
        finally:
            self._fcntl.flock(descriptor, self._fcntl.LOCK_UN)

    def head(self) -> Head:
        """The end of the chain."""
        with self._errors():
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                return _tail(descriptor, os.fstat(descriptor).st_size)[0]
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Close the file; a later ``record`` opens it again."""
        if self._pid != os.getpid():  # a thread of the parent may have held the lock when this process was forked
            return
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = self._size = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unusable(self.path, error, full=error.errno == errno.ENOSPC) from error


def _tail(descriptor: int, size: int) -> tuple[Head, bool]:
    """The last whole entry of a file, and whether the file ends with a whole line."""
    data = b""
    position = size
    while position:
        start = max(0, position - _BLOCK)
        data = os.pread(descriptor, position - start, start) + data
        position = start
        lines = data.split(b"\n")
        for line in reversed(lines[1:] if position else lines):
            found = _parse(line.decode("ascii", "replace")) if line else None
            if found is not None:
                return Head(found.seq, found.hash), data.endswith(b"\n")
    return START, not data or data.endswith(b"\n")


def _parse(line: str) -> Link | None:
    try:
        values = json.loads(line)
        found = Link(values["seq"], values["prev"], values["hash"], _payload(line))
        at = values["event"]["at"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    shaped = isinstance(found.seq, int) and isinstance(found.prev, str) and isinstance(found.hash, str)
    if not (shaped and isinstance(at, str)):
        return None
    return found._replace(exact=line_of(found) == line.removesuffix("\n"))


def _payload(line: str) -> str:
    """The event exactly as it stands in the line, which is what was hashed."""
    _, marker, rest = line.partition(',"event":')
    if not marker:
        raise ValueError("no event")
    return rest.rstrip("\n")[:-1]
