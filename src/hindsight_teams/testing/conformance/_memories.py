"""What is retained is found again, by words, document and tags; answers rest on it; bad values are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import RetainItem
from hindsight_teams.testing.conformance._subject import LAMPS, Caller, Subject, lamps, tells

TAG_TABLE: list[tuple[str, list[str], set[str]]] = [
    ("any", [], {"kitchen", "garden", "cellar", "attic"}),
    ("any", ["a"], {"kitchen", "garden", "cellar"}),
    ("any", ["a", "b"], {"kitchen", "garden", "cellar", "attic"}),
    ("any", ["z"], {"kitchen"}),
    ("any_strict", ["a"], {"garden", "cellar"}),
    ("any_strict", ["a", "b"], {"garden", "cellar", "attic"}),
    ("any_strict", ["z"], set()),
    ("all", ["a", "b"], {"kitchen", "cellar"}),
    ("all", ["a", "z"], {"kitchen"}),
    ("all_strict", [], {"kitchen", "garden", "cellar", "attic"}),
    ("all_strict", ["a"], {"garden", "cellar"}),
    ("all_strict", ["a", "b"], {"cellar"}),
    ("exact", ["a"], {"garden"}),
    ("exact", ["b", "a"], {"cellar"}),
    ("exact", [], {"kitchen"}),
]
"""Match mode, tags, and the lamps that pass."""

GROUP_TABLE: list[tuple[list[dict[str, Any]], set[str]]] = [
    ([{"tags": ["a"]}], {"garden", "cellar"}),
    ([{"tags": ["a"]}, {"tags": ["b"]}], {"cellar"}),
    ([{"or": [{"tags": ["a", "b"], "match": "all_strict"}, {"tags": [], "match": "exact"}]}], {"kitchen", "cellar"}),
    ([{"and": [{"tags": ["b"]}, {"not": {"tags": ["a"]}}]}], {"attic"}),
    ([{"not": {"tags": ["a", "b"]}}], {"kitchen"}),
]

HOSTILE_QUERIES = [
    '" OR NEAR( * -',
    "a AND",
    "'; DROP TABLE memory; --",
    "lamp*",
    "{}[]()^:",
    "%_",
    "\u202elamp",
    "💡" * 50,
]


class Memories(Subject):
    """Retain, recall and reflect."""

    def test_what_is_retained_is_recalled(self, do: Caller, bank: str) -> None:
        receipt = do.retain(bank, "Nora repaired the telescope in Oslo.")
        assert (receipt.bank_id, receipt.items_count) == (bank, 1)
        result = do.recall(bank, "Who repaired the telescope?")
        assert tells(result.results, "telescope")
        assert all(memory.bank_id == bank and memory.id for memory in result.results)

    def test_a_memory_comes_back_with_all_that_was_said_of_it(self, do: Caller, bank: str) -> None:
        when = datetime(2024, 3, 1, 10, tzinfo=UTC)
        do.retain(
            bank,
            "Nora repaired the telescope in Oslo.",
            timestamp=when,
            context="weekly report",
            metadata={"author": "researcher", "ticket": "42"},
            tags=["team:desk", "user:ada"],
            document_id="report/7 ?#%é",
            entities=["Observatory"],
        )
        (memory,) = do.list_memories(bank, document_id="report/7 ?#%é").memories
        assert memory.author == "researcher"
        assert memory.metadata["ticket"] == "42"
        assert set(memory.tags) == {"team:desk", "user:ada"}
        assert memory.document_id == "report/7 ?#%é"
        assert memory.context == "weekly report"
        assert memory.mentioned_at is not None
        assert abs(memory.mentioned_at - when) < timedelta(seconds=1)
        recalled = do.recall(bank, "telescope", tags=["user:ada"], tags_match="all_strict").results
        assert "researcher" in {m.author for m in recalled}

    def test_every_time_is_aware(self, do: Caller, bank: str) -> None:
        do.retain(bank, "The kettle is on.")
        do.retain(bank, "The oven is off.", timestamp=datetime(2024, 3, 1, 10))
        for memory in do.list_memories(bank).memories:
            times = (memory.occurred_at, memory.occurred_end, memory.mentioned_at)
            assert all(time is None or time.utcoffset() is not None for time in times)
            assert memory.mentioned_at is not None

    @pytest.mark.parametrize(
        "text", ["Žofie pije čaj 🍵 v Brně.", "诺拉修好了望远镜。", "نورا أصلحت التلسكوب.", "naïve — “quoted”"]
    )
    def test_every_script_survives(self, do: Caller, bank: str, text: str) -> None:
        do.retain(bank, text, document_id="d", metadata={"author": text}, tags=[text])
        found = do.list_memories(bank, document_id="d").memories
        assert text.strip(".。") in " ".join(memory.text for memory in found)
        assert found[0].metadata["author"] == text
        assert found[0].tags == (text,)

    def test_a_batch_is_stored_whole(self, lit: str, do: Caller) -> None:
        assert lamps(do.list_memories(lit).memories) == set(LAMPS)

    def test_a_batch_with_a_bad_item_stores_nothing(self, do: Caller, bank: str) -> None:
        with pytest.raises(InvalidInput):
            do.retain_batch(bank, [RetainItem("The kettle is on."), RetainItem("  ")])
        assert do.list_memories(bank).total == 0

    def test_an_empty_batch_is_no_error_and_makes_no_bank(self, do: Caller, bank: str) -> None:
        assert do.retain_batch(bank, []).items_count == 0
        assert do.list_banks(prefix=bank) == []

    def test_max_tokens_limits_the_answer(self, do: Caller, bank: str) -> None:
        do.retain_batch(
            bank, [RetainItem(f"Lamp number {n} stands in the long hall {'far ' * n}away.") for n in range(12)]
        )
        many = do.recall(bank, "Which lamp stands in the hall?").results
        few = do.recall(bank, "Which lamp stands in the hall?", max_tokens=40).results
        assert 0 < len(few) < len(many)
        assert sum(len(memory.text) for memory in few) < 40 * 8

    @pytest.mark.parametrize("query", HOSTILE_QUERIES)
    def test_no_query_is_an_error(self, do: Caller, lit: str, query: str) -> None:
        do.recall(lit, query)

    def test_a_very_long_query_is_answered(self, do: Caller, lit: str) -> None:
        assert do.recall(lit, "Which lamp is broken? " * 300).notes

    @pytest.mark.parametrize("budget", ["low", "mid", "high"])
    def test_every_budget_finds_it(self, do: Caller, lit: str, budget: str) -> None:
        assert tells(do.recall(lit, "Which lamp is broken?", budget=budget).results, "lamp")

    def test_recall_takes_kinds_a_time_and_explains(self, do: Caller, lit: str) -> None:
        now = datetime(2024, 3, 1, tzinfo=UTC)
        found = do.recall(lit, "Which lamp is broken?", types=["world"], query_timestamp=now, explain=True).results
        assert found
        assert all(memory.type == "world" for memory in found)
        assert any(memory.signals for memory in found)

    def test_min_score_leaves_out_what_is_less_relevant(self, do: Caller, bank: str) -> None:
        do.retain_batch(bank, [RetainItem("The garden lamp is broken."), RetainItem("The garden is closed on Monday.")])
        every = do.recall(bank, "Is the garden lamp broken?").results
        best = 0.999 * max(memory.score or 0.0 for memory in every)  # a server's score falls with a memory's age
        kept = do.recall(bank, "Is the garden lamp broken?", min_score=best).results
        assert kept, f"a recall with min_score={best}, just below the best score of {every}, found nothing"
        assert all((memory.score or 0.0) >= best for memory in kept), kept
        assert do.recall(bank, "Is the garden lamp broken?", min_score=best + 1).results == []

    def test_the_same_document_replaces(self, do: Caller, bank: str) -> None:
        do.retain(bank, "The office is in Oslo.", document_id="office")
        do.retain(bank, "The office is in Bergen.", document_id="office")
        found = do.list_memories(bank, document_id="office").memories
        assert tells(found, "Bergen")
        assert not tells(found, "Oslo")
        assert not tells(do.recall(bank, "Where is the office?").results, "Oslo")

    def test_the_same_retain_twice_is_one_memory(self, do: Caller, bank: str) -> None:
        for _ in range(2):
            do.retain(bank, "The office is in Oslo.", document_id="office")
        assert do.list_memories(bank, document_id="office").total == 1

    def test_append_adds_to_a_document(self, do: Caller, bank: str) -> None:
        do.retain(bank, "The office is in Oslo.", document_id="office")
        do.retain(bank, "The cantine is in Bergen.", document_id="office", update_mode="append")
        found = do.list_memories(bank, document_id="office").memories
        assert tells(found, "Oslo")
        assert tells(found, "Bergen")

    @pytest.mark.parametrize(("match", "tags", "expected"), TAG_TABLE)
    def test_tags_filter_as_the_table_says(
        self, do: Caller, lit: str, match: str, tags: list[str], expected: set[str]
    ) -> None:
        query = "Which lamp is broken?"
        assert lamps(do.list_memories(lit, tags=tags, tags_match=match).memories) == expected
        assert lamps(do.recall(lit, query, tags=tags, tags_match=match).results) == expected
        reflection = do.reflect(lit, query, tags=tags, tags_match=match)
        assert lamps(reflection.based_on) <= expected
        assert {name for name in LAMPS if name in reflection.text} <= expected

    @pytest.mark.parametrize(("groups", "expected"), GROUP_TABLE)
    def test_tag_groups_filter(self, do: Caller, lit: str, groups: list[dict[str, Any]], expected: set[str]) -> None:
        assert lamps(do.recall(lit, "Which lamp is broken?", tag_groups=groups).results) == expected
        assert lamps(do.reflect(lit, "Which lamp is broken?", tag_groups=groups).based_on) <= expected

    def test_tags_and_tag_groups_must_both_match(self, do: Caller, lit: str) -> None:
        both = {"tags": ["a"], "tags_match": "any_strict", "tag_groups": [{"tags": ["b"]}]}
        assert lamps(do.recall(lit, "Which lamp is broken?", **both).results) == {"cellar"}
        assert lamps(do.reflect(lit, "Which lamp is broken?", **both).based_on) <= {"cellar"}

    def test_reflect_answers_from_memories_and_names_them(self, do: Caller, bank: str) -> None:
        do.retain(bank, "Nora repaired the telescope in Oslo.")
        reflection = do.reflect(bank, "Who repaired the telescope?")
        assert "Nora" in reflection.text
        assert tells(reflection.based_on, "telescope")

    def test_a_scoped_reflect_never_tells_what_the_scope_hides(self, do: Caller, bank: str) -> None:
        do.retain(bank, "The salary of Ada is 91000.", tags=["user:a"])
        do.retain(bank, "The salary of Bob is a secret.", tags=["user:b"])
        reflection = do.reflect(bank, "What is the salary of Ada?", tags=["user:b"], tags_match="all_strict")
        assert "91000" not in reflection.text
        assert not tells(reflection.based_on, "91000")


class BadInput(Subject):
    """Each verb refuses what it can't use."""

    @pytest.mark.parametrize(
        "bad",
        [
            *({"content": bad} for bad in ("", " \n", None, b"x", "a\x00b", "\ud800")),
            *({"tags": bad} for bad in ("a", [""], [1])),
            *({"metadata": bad} for bad in ({"n": 1}, {1: "n"}, ["n"])),
            *({"update_mode": bad} for bad in ("merge", "append")),
            *({"timestamp": "yesterday"}, {"document_id": " "}, {"entities": "Ada"}),
        ],
        ids=repr,
    )
    def test_a_bad_retain_is_refused_and_stores_nothing(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.retain(bank, **{"content": "The kettle is on.", **bad})
        assert do.list_banks(prefix=bank) == []

    @pytest.mark.parametrize(
        "bad",
        [
            *({"query": bad} for bad in ("", None)),
            *({"max_tokens": bad} for bad in (0, -1, True, 1.5)),
            *({"tag_groups": {"tags": ["a"]}}, {"tag_groups": [{"nor": []}]}),
            *({"types": bad} for bad in (["opinion"], "world")),
            *({"min_score": bad} for bad in ("high", float("nan"))),
            *({"budget": "huge"}, {"tags": "a"}, {"tags_match": "some"}, {"query_timestamp": "now"}),
        ],
        ids=repr,
    )
    def test_a_bad_recall_is_refused(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.recall(bank, **{"query": "Which lamp?", **bad})

    @pytest.mark.parametrize(
        "bad", [{"query": " "}, {"budget": "huge"}, {"max_tokens": 0}, {"tags_match": "x"}], ids=repr
    )
    def test_a_bad_reflect_is_refused(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.reflect(bank, **{"query": "Which lamp?", **bad})

    @pytest.mark.parametrize("bad", [{"limit": 0}, {"limit": -1}, {"offset": -1}, {"limit": "1"}], ids=repr)
    def test_a_bad_page_is_refused(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.list_memories(bank, **bad)
