"""Member keys: one API key for each member, stored as a hash in a small file.

A key reads ``htm_ID_SECRET``. ``htm_`` lets secret scanners find a leaked one, ID names it in listings and in
``revoke``, and only SECRET is secret.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import Any, Generic, TypeVar

from hindsight_teams.backends.private_files import make_folder
from hindsight_teams.errors import ConfigurationError, InvalidInput, did_you_mean
from hindsight_teams.log import get_logger

PREFIX = "htm_"
"""What every key starts with."""

_KEY = re.compile(r"htm_([0-9a-f]{10})_([A-Za-z0-9_-]{43})")
_VERSION = 2
_READ = (1, _VERSION)  # 1 had no expiry; a release that knows only 1 must not read on as if nothing expired
_NOTED_EVERY = timedelta(hours=1)

_logger = get_logger("hindsight_teams.server.keys")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of one key.

    Attributes:
        id: Names the key; not secret.
        admin: May do everything on the server; for operators and for the process that hosts the whole team.
        created: Aware, UTC.
        revoked: When somebody took it back; None for one that nobody did.
        expires: When it stops to count by itself; None for never.
        sha256: Hash of the whole key, hexadecimal.
    """

    id: str
    team: str
    member: str
    admin: bool
    created: datetime
    revoked: datetime | None = None
    expires: datetime | None = None
    sha256: str = field(default="", repr=False)

    @property
    def active(self) -> bool:
        """Whether it still counts."""
        return self.active_at(_now())

    def active_at(self, moment: datetime) -> bool:
        """Whether it counts at a moment, unless it is revoked before."""
        return self.revoked is None and (self.expires is None or moment < self.expires)


class KeyStore:
    """The keys in one JSON file, readable by its owner alone; safe to share between processes.

    When a key was used last stands in a second file beside it, ``NAME.used``, which the server writes at most once an
    hour for each key. Where it can't, a key counts all the same.

    Args:
        path: The file. It is made by the first ``create``.
        clock: Gives the time, aware and in UTC; the system's if not given.

    Raises:
        ConfigurationError: From every method, when the file can't be read or others could write it.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], datetime] | None = None) -> None:
        self.path = Path(path)
        self._clock = clock or _now
        self._records = Reloaded(self.path, _read)
        self._used_file = self.path.with_name(f"{self.path.name}.used")
        self._noted: dict[str, datetime] = {}
        self._noting = Lock()

    def create(
        self, team: str, member: str, *, admin: bool = False, lifetime: timedelta | None = None
    ) -> tuple[str, str]:
        """Make a key.

        Args:
            team: The team's id, as in team.toml.
            member: The member's id, as in team.toml; for an admin key, whom to ask about it.
            admin: Not bound to a member's grants.
            lifetime: How long it counts; for ever when None.

        Returns:
            The key's id, and the key itself, which is stored nowhere and can't be shown again.

        Raises:
            InvalidInput: An empty team or member, or a lifetime that is over before it begins or never ends.
        """
        for name, value in (("team", team), ("member", member)):
            if not isinstance(value, str) or not value.strip():
                raise InvalidInput(f"{name}={value!r} must be a non-empty string")
        now = self._clock()
        expires = None if lifetime is None else _end(now, lifetime)
        with self._changing() as records:
            return _added(records, KeyRecord("", team, member, admin, now, expires=expires))

    def rotate(self, key_id: str, *, grace: timedelta = timedelta()) -> tuple[str, str]:
        """Make a key that takes the place of another: for the same owner, and for as long as that one was made for.

        Args:
            key_id: The key to replace.
            grace: How long the old key still counts, for processes that are yet to get the new one.

        Returns:
            As ``create``.

        Raises:
            InvalidInput: There is no such key, it does not count any more, or the grace period is negative.
        """
        now = self._clock()
        _known(self._records.get(), key_id)  # before there is a lock, which would stay in a folder without keys
        with self._changing() as records:
            old = _known(records, key_id)
            if not old.active_at(now):
                raise InvalidInput(f"the key {key_id!r} does not count any more; make a new one with create")
            end = _end(now, grace) if grace else now
            if not grace:
                records[key_id] = replace(old, revoked=now)
            elif old.expires is None or end < old.expires:
                records[key_id] = replace(old, expires=end)
            expires = None if old.expires is None else _end(now, old.expires - old.created)
            return _added(records, replace(old, created=now, expires=expires))

    def list(self) -> list[KeyRecord]:
        """All keys, oldest first, revoked ones too."""
        return list(self._records.get().values())

    def revoke(self, key_id: str) -> KeyRecord:
        """Revoke a key; running servers refuse it from their next request on. Revoking twice keeps the first time.

        Raises:
            InvalidInput: There is no such key.
        """
        _known(self._records.get(), key_id)
        with self._changing() as records:
            record = _known(records, key_id)
            if record.revoked is None:
                record = records[key_id] = replace(record, revoked=self._clock())
        return record

    def verify(self, key: str | None) -> KeyRecord | None:
        """The record of a key that counts; None for one that is unknown, malformed, revoked or expired."""
        parts = _KEY.fullmatch(key) if key else None
        if key is None or parts is None:
            return None
        record = self._records.get().get(parts[1])
        if record is None or not hmac.compare_digest(record.sha256, _digest(key)):
            return None
        if not record.active_at(self._clock()):
            return None
        self._note_use(record.id)
        return record

    def last_used(self) -> dict[str, datetime]:
        """When each key was used last, by its id, to the hour; a key that never was is not in it."""
        return _read_used(self._used_file)

    def _note_use(self, key_id: str) -> None:
        now = self._clock()
        with self._noting:
            noted = self._noted.get(key_id)
            if noted is not None and timedelta() <= now - noted < _NOTED_EVERY:
                return
            self._noted[key_id] = now
        try:
            # A lock of its own, which the server's user makes, not root; and its event loop waits for nobody.
            with _locked(self._used_file, waits=False):
                used = {**_read_used(self._used_file), key_id: now}
                text = json.dumps({name: moment.isoformat() for name, moment in sorted(used.items())}, indent=1)
                _replace(self._used_file, text + "\n")
        except BlockingIOError:  # noted at its next use
            self._noted.pop(key_id, None)
        except OSError as error:
            _logger.warning("the use of a key could not be noted", key=key_id, error=error.strerror)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, KeyRecord]]:
        """The records under a lock between processes, written back in one step if the body succeeds."""
        try:
            make_folder(self.path.parent)
            with _locked(self.path):
                records = _read(self.path)
                yield records
                _write(self.path, records)
        except OSError as error:
            raise ConfigurationError(
                f"the key file {self.path.name!r} can't be written: {error.strerror}", path=str(self.path)
            ) from error


def _known(records: dict[str, KeyRecord], key_id: str) -> KeyRecord:
    record = records.get(key_id)
    if record is None:
        theirs = [repr(one.id) for one in records.values() if one.member == key_id and one.active]
        meant = (
            f"that is a member, whose keys are {', '.join(theirs)}" if theirs else did_you_mean(str(key_id), records)
        )
        raise InvalidInput(f"there is no key {key_id!r}; {meant}")
    return record


def _added(records: dict[str, KeyRecord], record: KeyRecord) -> tuple[str, str]:
    """A new key with this record, under an id of its own."""
    key_id = secrets.token_hex(5)
    while key_id in records:
        key_id = secrets.token_hex(5)
    key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    records[key_id] = replace(record, id=key_id, sha256=_digest(key))
    return key_id, key


def _end(now: datetime, lifetime: timedelta) -> datetime:
    """The end of a lifetime, which must lie ahead.

    Raises:
        InvalidInput: It does not, or lies beyond the calendar.
    """
    if lifetime < timedelta(seconds=1):
        raise InvalidInput("a key must count for a second at least")
    try:
        return now + lifetime
    except OverflowError:
        raise InvalidInput(
            "a key can't count for that long; leave its lifetime out for one that never expires"
        ) from None


def _digest(key: str) -> str:
    # A slow hash would slow down guessing; a random secret of 256 bits can't be guessed, and each request pays for it.
    return hashlib.sha256(key.encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _read(path: Path) -> dict[str, KeyRecord]:
    try:
        mode = path.stat().st_mode
        if not S_ISREG(mode):  # a pipe would be waited for
            raise OSError(errno.EINVAL, "it is not a plain file")
        if os.name == "posix" and mode & 0o022:
            raise ConfigurationError(
                f"others can write the key file {path.name!r}; make it its owner's alone: chmod 600", path=str(path)
            )
        data = json.loads(path.read_bytes())
        if data["version"] not in _READ:
            raise ConfigurationError(
                f"the key file {path.name!r} has version {data['version']!r}; this release reads {_VERSION}",
                path=str(path),
            )
        return {record.id: record for record in map(_record, data["keys"])}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(
            f"the key file {path.name!r} can't be read: {error.strerror}", path=str(path)
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigurationError(
            f"the key file {path.name!r} is damaged; restore it from a copy, or delete it and make new keys",
            path=str(path),
        ) from error


def _record(raw: dict[str, Any]) -> KeyRecord:
    revoked, expires = raw["revoked"], raw.get("expires")
    return KeyRecord(
        id=str(raw["id"]),
        team=str(raw["team"]),
        member=str(raw["member"]),
        admin=raw["admin"] is True,
        created=datetime.fromisoformat(raw["created"]),
        revoked=datetime.fromisoformat(revoked) if revoked else None,
        expires=datetime.fromisoformat(expires) if expires else None,
        sha256=str(raw["sha256"]),
    )


def _write(path: Path, records: dict[str, KeyRecord]) -> None:
    keys = [asdict(record) for record in records.values()]
    text = json.dumps({"version": _VERSION, "keys": keys}, indent=1, default=datetime.isoformat)
    _replace(path, text + "\n")


def _read_used(path: Path) -> dict[str, datetime]:
    try:
        if not path.is_file():
            return {}
        used = {str(name): datetime.fromisoformat(moment) for name, moment in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: moment for name, moment in used.items() if moment.tzinfo is not None}


def _replace(path: Path, text: str) -> None:
    """Write a file in one step, for its owner alone; a link that stands there is replaced, not followed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            with suppress(OSError, AttributeError):  # root makes a key for the server's own user
                owner = path.lstat()
                os.chown(name, owner.st_uid, owner.st_gid)
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


@contextmanager
def _locked(path: Path, *, waits: bool = True) -> Iterator[None]:
    """One writer at a time, where the system has file locks; ``BlockingIOError`` for one that does not wait."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    # Opened to append, and through no link: whoever may write into the folder could have planted one.
    name, no_link = path.with_name(f".{path.name}.lock"), getattr(os, "O_NOFOLLOW", 0)
    with open(name, "a", opener=lambda p, flags: os.open(p, flags | no_link, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


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
