"""Read a database file without changing it: no migration, no new file, no wait for writers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def bank_ids(path: Path, prefix: str, *, limit: int) -> list[str]:
    """Ids of banks that begin so; none where there is no regular file.

    Raises:
        sqlite3.Error: It is not a database of this package, or it can't be read now.
    """
    if not path.is_file():  # opening a pipe would wait for ever
        return []
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.1)) as db:
        sql = "SELECT id FROM bank WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        return [name for (name,) in db.execute(sql, (prefix, prefix + "\U0010ffff", limit))]
