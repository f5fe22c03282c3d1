"""A filter does not make a recall worse: hidden memories take no place in the answer."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search.words import Shares
from hindsight_teams.models import RetainItem

MAPLE: dict[str, Any] = {"tag_groups": [{"tags": ["project:maple"], "match": "all_strict"}]}
WORDS = "harbour library orchard bakery museum bridge garden station theatre clinic school market".split()


def filled(path: Path, maple: int, oak: int) -> SQLiteBackend:
    """A bank in which most memories are Maple's."""
    chance = random.Random(3)
    texts = [(f"The {chance.choice(WORDS)} by the {chance.choice(WORDS)}, note {n}.", "maple") for n in range(maple)]
    texts += [(f"The zephyr turbine of the {chance.choice(WORDS)}, note {n}.", "oak") for n in range(oak)]
    texts.append(("The turbine of Maple is green.", "maple"))
    chance.shuffle(texts)
    backend = SQLiteBackend(path)
    backend.retain_batch("b", [RetainItem(text, tags=[f"project:{project}"]) for text, project in texts])
    return backend


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteBackend]:
    with closing(filled(tmp_path_factory.mktemp("mixed") / "memory.db", 4_600, 400)) as backend:
        yield backend


QUERIES = ["zephyr turbine", "turbine", "harbour", "the bakery of the orchard", "note 12", "museum bridge zephyr"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("budget", ["low", "mid"])
@pytest.mark.parametrize(
    "chosen",
    [
        MAPLE,
        {"tags": ["project:maple"], "tags_match": "any"},
        {"tags": ["project:oak", "project:maple"], "tags_match": "any_strict"},
        {**MAPLE, "types": ["world"]},
    ],
    ids=str,
)
def test_checking_candidates_finds_what_intersecting_the_index_finds(
    mixed: SQLiteBackend, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any], budget: Any, query: str
) -> None:
    def recalled(share: float) -> list[tuple[str, float | None]]:
        monkeypatch.setattr(Shares, "of", lambda *_: share)
        return [(m.id, m.score) for m in mixed.recall("b", query, budget=budget, max_tokens=100_000, **chosen).results]

    checked, intersected = recalled(1.0), recalled(0.0)
    assert checked
    assert checked == intersected


@pytest.mark.parametrize("query", ["zephyr turbine", "turbine"])
def test_what_is_found_for_others_does_not_crowd_out_the_reader(mixed: SQLiteBackend, query: str) -> None:
    results = mixed.recall("b", query, **MAPLE).results
    assert results[0].text == "The turbine of Maple is green."


def test_memories_of_another_type_do_not_crowd_out(mixed: SQLiteBackend) -> None:
    assert mixed.recall("b", "zephyr turbine", types=["experience"]).results == []
    chosen: dict[str, Any] = {"tag_groups": [{"not": {"tags": ["project:oak"], "match": "any_strict"}}]}
    results = mixed.recall("b", "zephyr turbine", **chosen).results
    assert [m.text for m in results] == ["The turbine of Maple is green."]


def test_memories_of_the_same_date_do_not_crowd_out(backend: SQLiteBackend) -> None:
    may = datetime(2024, 5, 7, 12, tzinfo=UTC)
    items = [RetainItem(f"Oak was measured, {n}.", may, tags=["project:oak"]) for n in range(400)]
    items.append(RetainItem("Somebody planted a lime.", may, tags=["project:maple"]))
    backend.retain_batch("b", items)
    results = backend.recall("b", "What was done on 7 May 2024?", **MAPLE).results
    assert [m.text for m in results] == ["Somebody planted a lime."]


def test_memories_of_like_meaning_do_not_crowd_out(path: Path) -> None:
    def embed(text: str) -> list[float]:
        return [1.0, 0.0 if "boat" in text else 0.5]

    with closing(SQLiteBackend(path, embedder=embed)) as backend:
        items = [RetainItem(f"A boat, {n}.", tags=["project:oak"]) for n in range(400)]
        items.append(RetainItem("A canoe.", tags=["project:maple"]))
        backend.retain_batch("b", items)
        assert [m.text for m in backend.recall("b", "vessel", **MAPLE).results] == ["A canoe."]


def test_behind_a_filter_of_few_every_memory_with_a_word_of_the_query_is_found(mixed: SQLiteBackend) -> None:
    # "harbour" is too common in the bank to be looked up beside "zephyr", but not among these two.
    told = ["The zephyr of Elm.", "The harbour of Elm."]
    ids = {mixed.retain("b", text, tags=["project:elm"]).memory_ids[0] for text in told}
    found = mixed.recall("b", "zephyr harbour", budget="low", tags=["project:elm"], tags_match="all_strict")
    assert {memory.id for memory in found.results} == ids
