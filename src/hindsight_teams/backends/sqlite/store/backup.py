"""Copy a file while it is in use."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from hindsight_teams.backends.private_files import new_mark
from hindsight_teams.backends.sqlite.store import leftovers
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.sqlite_errors import translate
from hindsight_teams.errors import DatabaseUnusable, InvalidInput


def backup(pool: Pool, target: Path) -> int:
    """Copy the file while it is in use; the copy is one consistent state, for its owner only.

    Args:
        target: A file that does not exist yet.

    Returns:
        The size of the copy in bytes.

    Raises:
        InvalidInput: The target exists.
        DatabaseUnusable: It can't be written, or what was written is not sound.
    """
    exists = InvalidInput(f"the backup's path {target.name!r} exists; choose a name that does not")
    if os.path.lexists(target):
        raise exists
    try:
        leftovers.clear(target.parent)
        with leftovers.part_of(target) as part:
            with pool.outside() as db, closing(sqlite3.connect(part, isolation_level=None)) as copy:
                db.backup(copy)
                sound = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
                copy.execute(f"PRAGMA user_version = {new_mark()}")  # who writes it over an open one is noticed
            if sound != "ok":
                raise DatabaseUnusable("the memory database is damaged, and so its copy would be; run `bank repair`")
            leftovers.name(part, target)
    except FileExistsError:
        raise exists from None
    except sqlite3.Error as error:
        raise translate(error, str(target)) from error
    except OSError as error:
        raise DatabaseUnusable(
            "the backup can't be written; check that its folder exists and may be written",
            path=str(target),
            reason=str(error),
        ) from error
    return target.stat().st_size
