import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def open_backend(path: Path) -> Iterator[Callable[..., SQLiteBackend]]:
    opened: list[SQLiteBackend] = []

    def open_it(**options: Any) -> SQLiteBackend:
        opened.append(SQLiteBackend(path, **options))
        return opened[-1]

    yield open_it
    for backend in opened:
        backend.close()


@pytest.fixture
def backend(open_backend: Callable[..., SQLiteBackend]) -> SQLiteBackend:
    return open_backend()


def facts(*texts: str) -> str:
    """A model's answer with these facts."""
    return json.dumps({"facts": [{"text": text} for text in texts]})
