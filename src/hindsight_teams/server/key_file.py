"""Member keys: one API key for each member, stored as a hash in a small file.

A key reads ``htm_ID_SECRET``. ``htm_`` lets secret scanners find a leaked one, ID names it in listings and in
``revoke``, and only SECRET is secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hindsight_teams.errors import ConfigurationError, InvalidInput, did_you_mean
from hindsight_teams.server.reload import Reloaded

PREFIX = "htm_"
"""What every key starts with."""

_KEY = re.compile(r"htm_([0-9a-f]{10})_([A-Za-z0-9_-]{43})")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of one key.

    Attributes:
        id: Names the key; not secret.
        admin: May do everything on the server; for operators and for the process that hosts the whole team.
        created: Aware, UTC.
        revoked: When it stopped to count; None while it does.
        sha256: Hash of the whole key, hexadecimal.
    """

    id: str
    team: str
    member: str
    admin: bool
    created: datetime
    revoked: datetime | None = None
    sha256: str = field(default="", repr=False)

    @property
    def active(self) -> bool:
        """Whether it still counts."""
        return self.revoked is None


class KeyStore:
    """The keys in one JSON file, readable by its owner alone; safe to share between processes.

    Args:
        path: The file. It is made by the first ``create``.

    Raises:
        ConfigurationError: From every method, when the file can't be read or others could write it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._records = Reloaded(self.path, _read)

    def create(self, team: str, member: str, *, admin: bool = False) -> tuple[str, str]:
        """Make a key.

        Args:
            team: The team's id, as in team.toml.
            member: The member's id, as in team.toml; for an admin key, whom to ask about it.
            admin: Not bound to a member's grants.

        Returns:
            The key's id, and the key itself, which is stored nowhere and can't be shown again.

        Raises:
            InvalidInput: An empty team or member.
        """
        for name, value in (("team", team), ("member", member)):
            if not isinstance(value, str) or not value.strip():
                raise InvalidInput(f"{name}={value!r} must be a non-empty string")
        with self._changing() as records:
            key_id = secrets.token_hex(5)
            while key_id in records:
                key_id = secrets.token_hex(5)
            key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
            records[key_id] = KeyRecord(key_id, team, member, admin, _now(), sha256=_digest(key))
        return key_id, key

    def list(self) -> list[KeyRecord]:
        """All keys, oldest first, revoked ones too."""
        return list(self._records.get().values())

    def revoke(self, key_id: str) -> KeyRecord:
        """Make a key worthless; running servers notice at their next request. Revoking twice keeps the first time.

        Raises:
            InvalidInput: There is no such key.
        """
        with self._changing() as records:
            record = records.get(key_id)
            if record is None:
                raise InvalidInput(f"there is no key {key_id!r}; {did_you_mean(str(key_id), records)}")
            if record.active:
                record = records[key_id] = replace(record, revoked=_now())
        return record

    def verify(self, key: str | None) -> KeyRecord | None:
        """The record of a key that counts; None for one that is unknown, malformed or revoked."""
        parts = _KEY.fullmatch(key) if key else None
        if key is None or parts is None:
            return None
        record = self._records.get().get(parts[1])
        if record is None or not hmac.compare_digest(record.sha256, _digest(key)) or not record.active:
            return None
        return record

    @contextmanager
    def _changing(self) -> Iterator[dict[str, KeyRecord]]:
        """The records under a lock between processes, written back in one step if the body succeeds."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path):
                records = _read(self.path)
                yield records
                _write(self.path, records)
        except OSError as error:
            raise ConfigurationError(
                f"the key file {self.path.name!r} can't be written: {error.strerror}", path=str(self.path)
            ) from error


def _digest(key: str) -> str:
    # A slow hash would slow down guessing; a random secret of 256 bits can't be guessed, and each request pays for it.
    return hashlib.sha256(key.encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _read(path: Path) -> dict[str, KeyRecord]:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o022:
            raise ConfigurationError(
                f"others can write the key file {path.name!r}; make it its owner's alone: chmod 600", path=str(path)
            )
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
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
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"the key file {path.name!r} is damaged; restore it from a copy, or delete it and make new keys",
            path=str(path),
        ) from error


def _record(raw: dict[str, Any]) -> KeyRecord:
    revoked = raw["revoked"]
    return KeyRecord(
        id=str(raw["id"]),
        team=str(raw["team"]),
        member=str(raw["member"]),
        admin=raw["admin"] is True,
        created=datetime.fromisoformat(raw["created"]),
        revoked=datetime.fromisoformat(revoked) if revoked else None,
        sha256=str(raw["sha256"]),
    )


def _write(path: Path, records: dict[str, KeyRecord]) -> None:
    keys = [asdict(record) for record in records.values()]
    text = json.dumps({"version": _VERSION, "keys": keys}, indent=1, default=datetime.isoformat)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            with suppress(OSError, AttributeError):  # root makes a key for the server's own user
                owner = path.stat()
                os.chown(name, owner.st_uid, owner.st_gid)
            out.write(text + "\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, where the system has file locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(path.with_name(f".{path.name}.lock"), "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
