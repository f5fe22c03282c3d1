"""One memory by its id."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.errors import NotFound


@pytest.fixture
def backend(tmp_path: Path) -> SQLiteBackend:
    made = SQLiteBackend(tmp_path / "memory.db")
    made.retain("one", "Aurora sails.", tags=["ship"], document_id="d", metadata={"author": "ada"})
    made.retain("other", "Zephyr sails.")
    return made


async def test_it_is_the_memory_that_a_listing_gives(backend: SQLiteBackend) -> None:
    [listed] = backend.list_memories("one").memories
    assert backend.get_memory("one", listed.id) == listed
    assert await backend.aget_memory("one", listed.id) == listed


@pytest.mark.parametrize("memory_id", ["1-99", "2-1", "", "1-1 ", "-1-1", "x", "ffffffffffffffff-1", "00000000-0000-0000-0000-000000000000"])  # fmt: skip
def test_an_id_that_is_not_of_this_bank_is_not_found(backend: SQLiteBackend, memory_id: str) -> None:
    with pytest.raises(NotFound):
        backend.get_memory("one", memory_id)


def test_a_bank_that_does_not_exist_holds_nothing(backend: SQLiteBackend) -> None:
    with pytest.raises(NotFound):
        backend.get_memory("nowhere", "1-1")
