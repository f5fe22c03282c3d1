"""Databases of Agno's own for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from agno.db.sqlite import SqliteDb


@pytest.fixture
def agno_db(tmp_path: Path) -> Iterator[Callable[[], SqliteDb]]:
    """Opens the test's database of sessions, each time as another process would, and closes what it opened."""
    with ExitStack() as opened:

        def open_db() -> SqliteDb:
            db = SqliteDb(db_file=str(tmp_path / "agno.db"))
            opened.callback(db.close)
            return db

        yield open_db
