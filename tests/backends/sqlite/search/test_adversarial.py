"""What a query may cost at most, whatever is in it: in units of an ordinary one, so that no machine's speed counts."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import RetainItem

MONTHS = "January February March April May June July August September October November December".split()
WORDS = [
    f"{onset}{vowel}{coda}" for onset in "b d f g k l m n p r s t".split() for vowel in "aeiou" for coda in "kmnrt"
]
HAN = [chr(0x4E00 + 7 * i) for i in range(200)]
NAMES = [word.capitalize() for word in WORDS]
ORDINARY = f"What did {NAMES[3]} say about {WORDS[7]} and {WORDS[90]}?"
DEAR = {
    "4,000 common characters": (" ".join(WORDS) * 5)[:4_000],
    "4,000 common characters of Chinese": ("".join(HAN) * 20)[:4_000],
    "4,000 characters of single letters": "a b c d e i o u 1 2 3 4 " * 167,
    "100 dates": " ".join(f"on {1 + i % 28} {MONTHS[i % 12]} {2020 + i % 6}" for i in range(100)),
    "100 spans": " ".join(f"{2 + i} weeks ago, last {MONTHS[i % 12]}," for i in range(50)),
    "300 names": " ".join(NAMES[i % len(NAMES)] for i in range(300)),
    "30 common words": " ".join(WORDS[:30]),
    "300 tags, ids and numbers": " ".join(f"run:{i} {i}-{i:x} {i * 1_001}" for i in range(100)),
}
MOST = 5


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteBackend]:
    path: Path = tmp_path_factory.mktemp("bank") / "memory.db"
    backend = SQLiteBackend(path)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    items = []
    for i in range(2_000):
        english = " ".join(WORDS[(i * step + step) % len(WORDS)] for step in range(1, 12))
        chinese = "".join(HAN[(i * step + step) % len(HAN)] for step in range(1, 8))
        author = NAMES[i % len(NAMES)]
        when = start + timedelta(hours=i)
        items.append(RetainItem(f"{english} {chinese}", timestamp=when, metadata={"author": author}, tags=["team:t"]))
    backend.retain_batch("b", items)
    yield backend
    backend.close()


def cost(backend: SQLiteBackend, query: str, tags: list[str]) -> float:
    started = time.thread_time()
    backend.recall("b", query, tags=tags, tags_match="all_strict")
    return time.thread_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("tags", [[], ["team:t"]], ids=["everything", "a tag that all have"])
@pytest.mark.parametrize("name", DEAR)
def test_a_query_that_was_made_to_be_dear_costs_at_most_five_ordinary_ones(
    bank: SQLiteBackend, name: str, tags: list[str]
) -> None:
    turns = [(cost(bank, ORDINARY, tags), cost(bank, DEAR[name], tags)) for _ in range(4)][1:]
    assert min(dear for _, dear in turns) <= MOST * min(ordinary for ordinary, _ in turns)
