"""The audit log as JSON lines: one entry a line, readable with any tool."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hindsight_teams.audit.hashing import START, Head, Link, link
from hindsight_teams.audit.journal import AuditStore, line_of
from hindsight_teams.errors import ConfigurationError, DatabaseUnusable

_BLOCK = 1 << 16


class JSONLinesAuditStore(AuditStore):
    """Audit events as JSON lines. See ``AuditStore``.

    Processes take turns by an advisory lock on the file. A line that a full disk or a crash cut stays where it is; the
    chain goes on after it, and ``verify`` names it.
    """

    def __init__(self, path: Path, *, keep_text: bool = False) -> None:
        super().__init__(path, keep_text=keep_text)
        try:
            import fcntl
        except ImportError:  # Windows has no such lock
            raise ConfigurationError("audit logs as JSON lines need a POSIX system; use a .db file") from None
        self._fcntl = fcntl
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._file: int | None = None
        self._size = -1
        self._head = START
        self._bookmark = (0, 0)  # an entry and where the next begins
        with self._errors(), self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor()

    def _descriptor(self) -> int:
        if self._file is None:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return self._file

    def _append(self, payload: str) -> None:
        if self._pid != os.getpid():
            # A forked file description shares its lock with the parent: the child needs one of its own.
            self._lock, self._file, self._size, self._pid = threading.Lock(), None, -1, os.getpid()
        with self._errors(), self._lock:
            descriptor = self._descriptor()
            self._fcntl.flock(descriptor, self._fcntl.LOCK_EX)
            try:
                self._write(descriptor, payload)
            finally:
                self._fcntl.flock(descriptor, self._fcntl.LOCK_UN)

    def _write(self, descriptor: int, payload: str) -> None:
        size = os.fstat(descriptor).st_size
        lead = b""
        if size != self._size:  # somebody else wrote, or it is the first time
            self._head, whole = _tail(descriptor, size)
            lead = b"" if whole else b"\n"
        entry = link(self._head, payload)
        data = lead + line_of(entry).encode("ascii") + b"\n"
        self._size = -1  # not known until all of it is written
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, data[written:])
        self._head, self._size = Head(entry.seq, entry.hash), size + len(data)

    def _links(self, *, after: int = 0, needles: Sequence[str] = ()) -> Iterator[Link | None]:
        with self._errors(), open(self.path, "rb") as lines:
            self._fcntl.flock(lines, self._fcntl.LOCK_SH)  # nobody is in the middle of a line
            left = os.fstat(lines.fileno()).st_size
            self._fcntl.flock(lines, self._fcntl.LOCK_UN)
            seq, offset = self._bookmark
            if 0 < seq <= after and offset <= left:
                lines.seek(offset)  # whoever follows the log reads what is new, not all of it again
                left -= offset
            while left > 0 and (line := lines.readline(left)):
                left -= len(line)
                text = line.decode("ascii", "replace")
                if all(needle in text for needle in needles):
                    found = _parse(text) if text.endswith("\n") else None
                    if found is not None and left == 0:
                        self._bookmark = (found.seq, lines.tell())
                    if found is None or found.seq > after:
                        yield found

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
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file, self._size = None, -1

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DatabaseUnusable(
                f"the audit log can't be used ({type(error).__name__}); name a writable file",
                path=str(self.path),
                cause=str(error),
            ) from error


def _tail(descriptor: int, size: int) -> tuple[Head, bool]:
    """The last whole entry of a file, and whether the file ends with a whole line."""
    data = b""
    position = size
    while position > 0:
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
    except (ValueError, KeyError, TypeError):
        return None
    shaped = isinstance(found.seq, int) and isinstance(found.prev, str) and isinstance(found.hash, str)
    return found if shaped and isinstance(at, str) else None


def _payload(line: str) -> str:
    """The event exactly as it stands in the line, which is what was hashed."""
    _, marker, rest = line.partition(',"event":')
    if not marker:
        raise ValueError("no event")
    return rest.rstrip("\n")[:-1]
