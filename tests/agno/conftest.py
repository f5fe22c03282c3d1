"""Databases for the tests of this folder: memory, and Agno's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from agno.db.sqlite import SqliteDb

from hindsight_teams import SQLiteBackend


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as opened:
        yield opened


@pytest.fixture
def agno_db(tmp_path: Path) -> Iterator[Callable[[], SqliteDb]]:
    """Opens the test's database of sessions, each time as another process would, and closes what it opened."""
    with ExitStack() as opened:

        def open_db() -> SqliteDb:
            db = SqliteDb(db_file=str(tmp_path / "agno.db"))
            opened.callback(db.close)
            return db

        yield open_db
