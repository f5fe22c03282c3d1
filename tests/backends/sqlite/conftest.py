from collections.abc import Iterator
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def backend(path: Path) -> Iterator[SQLiteBackend]:
    backend = SQLiteBackend(path)
    yield backend
    backend.close()
