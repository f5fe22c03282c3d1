"""Turn SQLite's errors into typed errors that say what to do."""

from __future__ import annotations

import json
import sqlite3
from functools import cache

from hindsight_teams.errors import BackendError, ConfigurationError, DatabaseLocked, DatabaseUnusable

_BY_NAME = (
    ("SQLITE_BUSY", DatabaseLocked, "the memory database is locked by another process; try again in a moment"),
    ("SQLITE_LOCKED", DatabaseLocked, "the memory database is locked by another operation; try again in a moment"),
    ("SQLITE_FULL", DatabaseUnusable, "the disk is full: nothing of this call was stored; free some space and retry"),
    ("SQLITE_READONLY", DatabaseUnusable, "the memory database is read-only; give write permission or another path"),
    ("SQLITE_NOTADB", DatabaseUnusable, "the file is not a memory database; choose another path or move it away"),
    (
        "SQLITE_CORRUPT",
        DatabaseUnusable,
        "the memory database is damaged; run `hindsight-teams bank check`, then `bank repair`, or restore a backup",
    ),
    (
        "SQLITE_CANTOPEN",
        DatabaseUnusable,
        "the memory database can't be opened; check that its folder exists and may be written",
    ),
    ("SQLITE_PERM", DatabaseUnusable, "the memory database may not be opened; check the file's permissions"),
    ("SQLITE_IOERR_SHMSIZE", DatabaseUnusable, "the disk is full: the memory database can't be used; free some space"),
    ("SQLITE_IOERR", DatabaseUnusable, "the disk failed while the memory database was used; check the disk"),
    ("SQLITE_TOOBIG", DatabaseUnusable, "a value is larger than the memory database can hold; split it"),
)


UNREADABLE = (sqlite3.Error, UnicodeDecodeError, json.JSONDecodeError)
"""What reading a damaged file raises; also SQLite's own message can hold bytes that are not text."""

OLDEST_SQLITE = (3, 35, 0)


def check_library() -> None:
    """Refuse an SQLite library that can't hold memories, before a file is touched.

    Raises:
        ConfigurationError: It is older than 3.35, or was built without full-text search.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise ConfigurationError(
            f"this Python uses SQLite {sqlite3.sqlite_version}; memories in a file need 3.35 or newer: use a newer"
            " Python, or a Hindsight server"
        )
    if not _has_full_text_search():
        raise ConfigurationError(
            f"this Python's SQLite {sqlite3.sqlite_version} was built without FTS5, which memories in a file need: use"
            " another build of Python, or a Hindsight server"
        )


@cache
def _has_full_text_search() -> bool:
    db = sqlite3.connect(":memory:")
    try:
        db.execute("CREATE VIRTUAL TABLE probe USING fts5(terms)")
    except sqlite3.OperationalError:
        return False
    finally:
        db.close()
    return True


def code_of(error: Exception) -> str:
    """SQLite's name for an error, such as ``SQLITE_BUSY``; empty where the sqlite3 module itself raised it."""
    return getattr(error, "sqlite_errorname", None) or ""


def translate(error: Exception, location: str) -> BackendError:
    """The typed error for one of ``UNREADABLE``; the path and SQLite's words go into its details."""
    code = code_of(error)
    if not isinstance(error, sqlite3.Error) or str(error).startswith("Could not decode"):
        code = "SQLITE_CORRUPT_VALUE"
    for prefix, kind, message in _BY_NAME:
        if code.startswith(prefix):
            return kind(message, path=location, sqlite=str(error), code=code)
    return DatabaseUnusable(
        f"the memory database refused the operation ({code or type(error).__name__}); run `hindsight-teams bank check`",
        path=location,
        sqlite=str(error),
        code=code,
    )
