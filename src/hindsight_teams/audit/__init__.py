"""The audit: events of who did what on which bank, the sinks for them, and a log that shows tampering."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hindsight_teams.audit.events import (
    NOT_RECORDED,
    OUTCOMES,
    AuditEvent,
    AuditSink,
    AuditTrail,
    BankName,
    Outcome,
    Recorder,
    recording_failure,
    trail_of,
)
from hindsight_teams.audit.hashing import Head, Verification
from hindsight_teams.audit.journal import AuditEntry, AuditStore
from hindsight_teams.audit.sinks import SpanSink, StructlogSink, is_logged
from hindsight_teams.errors import ConfigurationError

__all__ = [
    "NOT_RECORDED",
    "OUTCOMES",
    "AuditEntry",
    "AuditEvent",
    "AuditSink",
    "AuditStore",
    "AuditTrail",
    "BankName",
    "Head",
    "Outcome",
    "Recorder",
    "SpanSink",
    "StructlogSink",
    "Verification",
    "default_audit",
    "is_logged",
    "open_audit",
    "recording_failure",
    "trail_of",
]


def open_audit(path: str | Path, *, keep_text: bool = False, create: bool = True) -> AuditStore:
    """Open the audit log at a path; its suffix says which kind.

    Args:
        path: The file, ``.db`` or ``.sqlite`` for SQLite, ``.jsonl`` for JSON lines; its folder is made when it does
            not exist.
        keep_text: Store the content of memories too, with known kinds of secrets redacted. Off by default.
        create: Make the file when it does not exist. For looking only, pass False.

    Raises:
        ConfigurationError: Another suffix, a link or a file with a second name, or no such file with ``create=False``.
        DatabaseUnusable: The file can't be opened or is not an audit log.
    """
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    if suffix not in (".db", ".sqlite", ".jsonl"):
        raise ConfigurationError(
            f"the audit log's file name ends in {suffix!r}; end it in .db (SQLite) or .jsonl (JSON lines)",
            path=str(path),
        )
    if path.is_symlink():  # whoever planted it would have events written into a file of its choice
        raise ConfigurationError(f"the audit log {path.name!r} is a link, and none is followed; name the file itself")
    if path.is_file() and path.stat().st_nlink > 1:  # the same by a hard link; and SQLite can't lock it by two names
        raise ConfigurationError(
            f"the audit log {path.name!r} is the same file as another name; make it one of its own"
        )
    if not create and not path.exists():
        raise ConfigurationError("there is no audit log yet at the configured place", path=str(path))
    if suffix == ".jsonl":
        from hindsight_teams.audit.jsonl import JSONLinesAuditStore

        return JSONLinesAuditStore(path, keep_text=keep_text)
    from hindsight_teams.audit.database import SQLiteAuditStore

    return SQLiteAuditStore(path, keep_text=keep_text)


@cache
def default_audit(path: Path | None) -> AuditTrail:
    """The log, OpenTelemetry where the application uses it, and the audit file where one is set."""
    files = [open_audit(path)] if path else []
    return AuditTrail(StructlogSink(), SpanSink(), *files)
