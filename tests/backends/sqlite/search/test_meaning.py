"""How near the vectors of a bank's memories are to that of a query."""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search.meaning import Similar, pack, search
from hindsight_teams.errors import InvalidInput

VECTORS = {
    "north east": [0.6, 0.8],
    "east": [1.0, 0.0],
    "north": [0.0, 1.0],
    "west": [-1.0, 0.0],
    "nowhere": [0.0, 0.0],
}


class Compass:
    """Three banks that say the same, one after the other."""

    def __init__(self, path: Path) -> None:
        with closing(SQLiteBackend(path, embedder=lambda text: VECTORS[text])) as backend:
            for bank in ("a", "b", "c"):
                for text in VECTORS:
                    backend.retain(bank, text)
        self.db = sqlite3.connect(path)
        (self.bank,) = self.db.execute("SELECT no FROM bank WHERE id = 'b'").fetchone()
        rows = self.db.execute("SELECT no, text FROM memory WHERE bank = ?", (self.bank,))
        self.texts: dict[int, str] = dict(rows.fetchall())

    def near_east(
        self, *candidates: str, scan: int = 5, model: int = 1, query: Sequence[float] = (1.0, 0.0)
    ) -> Similar:
        numbers = [no for no, text in self.texts.items() if text in candidates]
        return search(self.db, self.bank, model, pack(query), numbers, scan=scan)

    def told(self, similar: Similar) -> list[tuple[str, Any]]:
        return [(self.texts[no], pytest.approx(score, abs=0.01)) for no, score in similar.scores.items()]


@pytest.fixture(params=["numpy", "by hand"])
def compass(request: pytest.FixtureRequest, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Compass]:
    if request.param == "by hand":
        monkeypatch.setitem(sys.modules, "numpy", None)
    made = Compass(path)
    with closing(made.db):
        yield made


def test_the_nearest_of_the_bank_come_first_and_none_of_another_bank(compass: Compass) -> None:
    assert compass.told(compass.near_east()) == [("east", 1.0), ("north east", 0.6)]


def test_candidates_stay_however_far_they_are(compass: Compass) -> None:
    found = compass.told(compass.near_east("west", "nowhere"))
    assert sorted(found[:2]) == [("nowhere", 0.0), ("west", 0.0)]
    assert found[2:] == [("east", 1.0), ("north east", 0.6)]


def test_in_a_larger_bank_only_the_candidates_are_compared(compass: Compass) -> None:
    similar = compass.near_east("north east", scan=4)
    assert compass.told(similar) == [("north east", 0.6)]
    assert [similar.base, similar.unrelated, similar.trust] == pytest.approx([0.6, 0.6 / 11, 1 / 11], abs=0.01)


def test_what_was_compared_tells_what_an_unrelated_text_gets(compass: Compass) -> None:
    similar = compass.near_east()
    assert [similar.base, similar.unrelated, similar.trust] == pytest.approx([0.12, 0.0, 1 / 3], abs=0.01)


@pytest.mark.parametrize("other", [{"model": 2}, {"query": (1.0, 0.0, 0.0)}])
def test_vectors_of_another_embedder_are_not_compared(compass: Compass, other: dict[str, Any]) -> None:
    for scan in (4, 5):
        assert compass.near_east("east", scan=scan, **other) == Similar(trust=0.0)


def test_a_vector_is_stored_as_shares_of_its_largest_component() -> None:
    assert pack([1, -2, 0.5]) == array("b", [64, -127, 32]).tobytes()
    assert pack([100.0, 50.0]) == array("b", [127, 64]).tobytes()
    assert pack([0.0, 0.0]) == bytes(2)


@pytest.mark.parametrize("vector", [[], [float("inf"), 1.0], [float("nan"), 1.0], [1.0, float("nan")]])
def test_what_is_no_vector_is_refused(vector: list[float]) -> None:
    with pytest.raises(InvalidInput, match="finite numbers"):
        pack(vector)
