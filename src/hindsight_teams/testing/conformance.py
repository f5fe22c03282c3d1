"""The conformance suite: tests that every backend must pass.

    from hindsight_teams.testing.conformance import BackendConformance

    class TestMyBackend(BackendConformance):
        @pytest.fixture
        def backend(self):
            with MyBackend() as backend:
                yield backend

Each test runs twice: with the plain verbs, and with their ``a``-twins in an event loop. A server may make several
memories of one content, or word them anew, so the tests look for telling words and not for whole texts. Needs pytest,
and no plugin of it.
"""

# ruff: noqa: D102 - a test's name is its outcome

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hindsight_teams import requests as ask
from hindsight_teams.backends.base import MemoryBackend, as_backend
from hindsight_teams.errors import BankNotFound, InvalidBankId, InvalidInput, NotFound, Unsupported
from hindsight_teams.models import Memory, MemoryRecord, RetainItem
from hindsight_teams.requests import Capability, Recall, Request

LAMPS: dict[str, list[str]] = {"kitchen": [], "garden": ["a"], "cellar": ["a", "b"], "attic": ["b"]}
"""Four memories and their tags, for every filter."""

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

UNROUTABLE = [
    "",
    " ",
    ".",
    "..",
    "a/b",
    "/",
    "../x",
    "a\\b",
    "a\x00b",
    "a\nb",
    " a",
    "é" * 97,
    "x" * 193,
    "\ud800",
    None,
    7,
]
"""Bank ids that no server could route, or no store could hold."""

ODD_BANKS = ["a b", "50%", "a%2Fb", "q?x=1#y", "user:ada@x.org", "bänk-🍵", "~2f", "+", "x" * 150]
"""Bank ids that look odd and are fine; each gets a prefix of its own."""

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


class Caller:
    """The verbs of a backend as plain functions, whichever of the twins stands behind them."""

    def __init__(self, backend: MemoryBackend, runner: asyncio.Runner | None) -> None:
        self._backend = as_backend(backend)
        self._runner = runner

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        runner = self._runner
        if runner is None:
            plain: Callable[..., Any] = getattr(self._backend, verb)
            return plain
        twin: Callable[..., Any] = getattr(self._backend, f"a{verb}")
        return lambda *args, **options: runner.run(twin(*args, **options))


def lamps(memories: Sequence[Memory]) -> set[str]:
    """Which of the lamps these memories tell of."""
    return {name for name in LAMPS if any(name in memory.text for memory in memories)}


def tells(memories: Sequence[Memory], word: str) -> bool:
    """Whether a memory holds the word, whatever its case."""
    return any(word.casefold() in memory.text.casefold() for memory in memories)


def needs(backend: MemoryBackend, capability: Capability) -> None:
    """Skip a test of something that the backend does not declare."""
    if capability not in backend.capabilities:
        pytest.skip(f"{backend.name} does not declare that it can {capability}")


def optional_requests(bank: str) -> list[Request[Any]]:
    """One request for each thing that a backend may lack."""
    operation = str(uuid.uuid4())
    return [
        ask.CancelOperation(bank=bank, operation_id=operation),
        ask.Consolidate(bank=bank),
        ask.DeleteDocument(bank=bank, document_id="d"),
        ask.DeleteEmptyBank(bank=bank),
        ask.GetDocument(bank=bank, document_id="d"),
        ask.GetMemory(bank=bank, memory_id=operation),
        ask.GetOperation(bank=bank, operation_id=operation),
        ask.GetVersion(),
        ask.ListDocuments(bank=bank),
        ask.ListOperations(bank=bank),
        ask.ListRepeats(bank=bank),
        ask.Recall(bank=bank, query="lamp", include_chunks=True),
        ask.RenameBank(bank=bank, to=f"{bank}-renamed"),
        ask.Restore(bank=bank, records=[]),
        ask.Retain(bank=bank, items=[RetainItem("The kettle is on.")], background=True),
        ask.RetryExtraction(bank=bank),
        ask.WaitForOperation(bank=bank, operation_id=operation),
    ]


class BackendConformance:
    """Override ``backend``; pytest runs the rest."""

    @pytest.fixture
    def backend(self) -> MemoryBackend:
        """The backend under test; give it back closed."""
        raise NotImplementedError("override the fixture `backend` of BackendConformance")

    @pytest.fixture(params=["sync", "async"])
    def do(self, backend: MemoryBackend, request: pytest.FixtureRequest) -> Iterator[Caller]:
        """The backend's verbs, once plain and once awaited."""
        if request.param == "sync":
            yield Caller(backend, None)
        else:
            with asyncio.Runner() as runner:
                yield Caller(backend, runner)
                runner.run(as_backend(backend).aclose())

    @pytest.fixture
    def bank(self, do: Caller) -> Iterator[str]:
        """A bank of its own for each test, removed afterwards."""
        bank_id = f"conformance:{uuid.uuid4().hex}"
        yield bank_id
        do.delete_bank(bank_id)

    @pytest.fixture
    def lit(self, do: Caller, bank: str) -> str:
        """A bank that holds the four lamps."""
        do.retain_batch(
            bank,
            [RetainItem(f"The {name} lamp is broken.", tags=tags, document_id=name) for name, tags in LAMPS.items()],
        )
        return bank

    # --- the protocol

    def test_it_has_every_verb_of_the_protocol(self, backend: MemoryBackend) -> None:
        assert isinstance(backend, MemoryBackend)
        assert isinstance(backend.name, str)
        assert backend.capabilities <= set(Capability)

    def test_what_it_lacks_is_unsupported(self, do: Caller, backend: MemoryBackend, bank: str) -> None:
        for request in optional_requests(bank):
            if request.required <= backend.capabilities:
                continue
            with pytest.raises(Unsupported):
                do.execute(request)

    def test_what_was_retained_again_is_listed_where_it_is_kept(
        self, do: Caller, backend: MemoryBackend, bank: str
    ) -> None:
        needs(backend, Capability.REPEATS)
        do.retain(bank, "The lift code is 7.", tags=["session:one"], document_id="one")
        do.retain(bank, "The lift code is 7.", tags=["session:two"], document_id="two")
        shown = do.list_memories(bank).memories
        repeats = do.list_repeats(bank)
        assert sorted(m.document_id for m in (*shown, *repeats)) == ["one", "two"]
        assert [m.document_id for m in do.list_repeats(bank, document_id="two")] == ["two"]
        assert do.list_repeats(bank, document_id="one") == []

    def test_documents_are_listed_got_and_deleted(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.DOCUMENTS)
        assert {document.document_id for document in do.list_documents(lit)} == set(LAMPS)
        assert do.get_document(lit, "attic").document_id == "attic"
        assert do.delete_document(lit, "attic") >= 1
        assert do.delete_document(lit, "attic") == 0
        with pytest.raises(NotFound):
            do.get_document(lit, "attic")

    def test_a_memory_is_got_by_its_id(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.GET_MEMORY)
        [first, *_] = do.list_memories(lit).memories
        assert do.get_memory(lit, first.id).text == first.text
        with pytest.raises(NotFound):
            do.get_memory(lit, "no-such-id")

    def test_a_renamed_bank_holds_what_it_held(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.RENAME_BANKS)
        before = do.list_memories(lit).memories
        do.rename_bank(lit, f"{lit}-renamed")
        assert [m.id for m in do.list_memories(f"{lit}-renamed").memories] == [m.id for m in before]
        with pytest.raises(BankNotFound):
            do.rename_bank(lit, f"{lit}-again")
        do.rename_bank(f"{lit}-renamed", lit)

    def test_what_is_restored_is_as_it_was_and_stored_once(self, do: Caller, backend: MemoryBackend, bank: str) -> None:
        needs(backend, Capability.RESTORE)
        noted = datetime(2027, 5, 3, tzinfo=UTC)
        memory = Memory("5", "The lift code is 7.", "", ("a",), {"author": "ada"}, "d", mentioned_at=noted)
        assert do.restore(bank, [MemoryRecord(memory)]).stored == 1
        assert do.restore(bank, [MemoryRecord(memory)]).stored == 0
        [found] = do.list_memories(bank, document_id="d").memories
        assert (found.text, found.tags, found.author, found.mentioned_at) == (memory.text, ("a",), "ada", noted)

    def test_a_retain_in_the_background_is_followed(self, do: Caller, backend: MemoryBackend, bank: str) -> None:
        needs(backend, Capability.OPERATIONS)
        receipt = do.retain(bank, "Nora repaired the telescope in Oslo.", background=True)
        done = do.wait_for_operation(bank, receipt.operation_id, timeout=60)
        assert done.status == "completed", done
        assert tells(do.recall(bank, "Who repaired the telescope?").results, "telescope")

    def test_an_append_leaves_earlier_signatures_alone_unless_it_says_so(
        self, do: Caller, backend: MemoryBackend, bank: str
    ) -> None:
        do.retain(bank, "The office is in Oslo.", document_id="d", metadata={"author": "ada"})
        do.retain(bank, "The oven is off.", document_id="d", metadata={"author": "bob"}, update_mode="append")
        authors = {m.author for m in do.list_memories(bank, document_id="d").memories}
        anew = Capability.APPEND_SIGNS_ANEW in backend.capabilities
        assert authors == ({"bob"} if anew else {"ada", "bob"})

    def test_consolidating_makes_only_observations(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.CONSOLIDATE)
        before = lamps(do.list_memories(lit).memories)
        do.consolidate(lit)
        after = do.list_memories(lit).memories
        assert lamps([m for m in after if m.type != "observation"]) == before

    def test_a_request_without_a_bank_is_refused(self, do: Caller) -> None:
        with pytest.raises(InvalidBankId):
            do.execute(Recall(query="Which lamp is broken?"))

    def test_it_says_that_it_is_well(self, do: Caller, backend: MemoryBackend) -> None:
        health = do.health()
        assert health.ok, health.message
        assert health.backend == backend.name

    def test_closing_twice_does_no_harm(self, do: Caller, bank: str) -> None:
        do.retain(bank, "The kettle is on.")
        do.close()
        do.close()

    # --- retain and recall

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

    # --- documents

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

    # --- filters

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

    # --- reflect

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

    # --- banks

    def test_reading_a_bank_that_does_not_exist_is_empty_and_makes_none(self, do: Caller, bank: str) -> None:
        assert do.recall(bank, "anything").results == []
        assert do.reflect(bank, "anything?").based_on == []
        assert do.list_memories(bank).total == 0
        assert do.list_tags(bank) == []
        assert do.delete_bank(bank) == 0
        assert do.delete_memories(bank, document_id="d") == 0
        with pytest.raises(BankNotFound):
            do.bank_stats(bank)
        assert do.list_banks(prefix=bank) == []

    def test_banks_do_not_see_each_other(self, do: Caller, lit: str) -> None:
        other = lit + "2"
        do.retain(other, "The harbour lamp is broken.", tags=["a"])
        try:
            assert not tells(do.recall(lit, "Which lamp is broken?").results, "harbour")
            assert lamps(do.recall(other, "Which lamp is broken?").results) == set()
            assert not tells(do.list_memories(lit).memories, "harbour")
        finally:
            do.delete_bank(other)
        assert lamps(do.list_memories(lit).memories) == set(LAMPS)

    @pytest.mark.parametrize("bank_id", UNROUTABLE)
    def test_a_bank_id_that_cannot_be_is_refused_by_every_verb(self, do: Caller, bank_id: Any) -> None:
        for verb, *args in (
            ("retain", "x"),
            ("recall", "x"),
            ("reflect", "x"),
            ("ensure_bank",),
            ("bank_stats",),
            ("delete_bank",),
            ("list_memories",),
            ("list_tags",),
        ):
            with pytest.raises(InvalidBankId):
                getattr(do, verb)(bank_id, *args)
        with pytest.raises(InvalidBankId):
            do.retain_batch(bank_id, [RetainItem("x")])
        with pytest.raises(InvalidBankId):
            do.delete_memories(bank_id, ids=["x"])

    def test_odd_bank_ids_are_used_exactly_as_given(self, do: Caller, bank: str) -> None:
        ids = [f"{bank[-12:]}{odd}" for odd in ODD_BANKS]
        try:
            for number, bank_id in enumerate(ids):
                do.retain(bank_id, f"This is lamp number {number}.", document_id="d")
            for number, bank_id in enumerate(ids):
                texts = [memory.text for memory in do.list_memories(bank_id, document_id="d").memories]
                assert texts == [f"This is lamp number {number}."]
            assert [b.bank_id for b in do.list_banks(prefix=bank[-12:])] == sorted(ids)
        finally:
            for bank_id in ids:
                do.delete_bank(bank_id)

    def test_ensuring_a_bank_never_renames_it(self, do: Caller, bank: str) -> None:
        assert do.ensure_bank(bank, name="First").bank_id == bank
        assert do.ensure_bank(bank, name="Second").name == "First"
        do.ensure_bank(bank)
        assert [b.name for b in do.list_banks(prefix=bank)] == ["First"]

    def test_retaining_never_renames_a_bank(self, do: Caller, bank: str) -> None:
        do.ensure_bank(bank, name="First")
        do.retain(bank, "The kettle is on.")
        assert [b.name for b in do.list_banks(prefix=bank)] == ["First"]

    def test_stats_count(self, do: Caller, lit: str) -> None:
        stats = do.bank_stats(lit)
        assert stats.bank_id == lit
        assert stats.memories >= len(LAMPS)
        assert stats.documents == len(LAMPS)

    def test_tags_are_counted_and_searched(self, do: Caller, lit: str) -> None:
        do.retain(lit, "The harbour lamp is broken.", tags=["user:ada"])
        assert {tag.tag for tag in do.list_tags(lit)} == {"a", "b", "user:ada"}
        assert [tag.tag for tag in do.list_tags(lit, pattern="user:*")] == ["user:ada"]
        assert all(tag.count >= 1 for tag in do.list_tags(lit))

    # --- listing and deleting

    def test_pages_show_every_memory_once_oldest_first(self, do: Caller, bank: str) -> None:
        start = datetime(2024, 1, 1, tzinfo=UTC)
        days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
        for number, day in enumerate(days):
            item = RetainItem(f"The lamp broke on {day}.", start + timedelta(days=number), tags=["log"])
            do.retain_batch(bank, [item])
        seen: list[Memory] = []
        page = do.list_memories(bank, limit=2, tags=["log"], tags_match="exact")
        for offset in range(0, 6, 2):
            page = do.list_memories(bank, limit=2, offset=offset, tags=["log"], tags_match="exact")
            seen += page.memories
        assert page.offset == 4
        facts = [m for m in do.list_memories(bank, tags=["log"]).memories if m.type == "world"]
        assert [day for memory in facts for day in days if day in memory.text] == days
        if page.total == len(days):  # nothing was derived meanwhile
            assert [m.id for m in seen] == [m.id for m in facts]

    def test_a_page_beyond_the_end_is_empty(self, do: Caller, lit: str) -> None:
        page = do.list_memories(lit, limit=10, offset=1000)
        assert page.memories == []
        assert page.total >= len(LAMPS)

    def test_deleting_a_document_leaves_the_others(self, do: Caller, lit: str) -> None:
        assert do.delete_memories(lit, document_id="attic") >= 1
        assert do.delete_memories(lit, document_id="attic") == 0
        assert "attic" not in lamps(do.recall(lit, "Which lamp is broken?").results)
        assert lamps(do.list_memories(lit).memories) == {"kitchen", "garden", "cellar"}

    def test_deleting_by_id_leaves_the_others(self, do: Caller, lit: str) -> None:
        found = do.list_memories(lit, document_id="garden").memories
        assert do.delete_memories(lit, ids=[memory.id for memory in found]) == len(found)
        assert "garden" not in lamps(do.recall(lit, "Which lamp is broken?").results)
        assert lamps(do.list_memories(lit).memories) == {"kitchen", "cellar", "attic"}

    def test_one_memory_of_a_document_can_be_deleted(self, do: Caller, bank: str) -> None:
        do.retain_batch(
            bank, [RetainItem("The kettle is on.", document_id="d"), RetainItem("The oven is off.", document_id="d")]
        )
        kettle = [m.id for m in do.list_memories(bank, document_id="d").memories if "kettle" in m.text]
        assert do.delete_memories(bank, ids=kettle) == 1
        left = do.list_memories(bank, document_id="d").memories
        assert tells(left, "oven")
        assert not tells(left, "kettle")
        assert not tells(do.recall(bank, "Is the kettle on?").results, "kettle")

    def test_deleting_by_tag_leaves_the_others(self, do: Caller, lit: str) -> None:
        assert do.delete_memories(lit, tags=["a", "b"]) == 1
        assert lamps(do.list_memories(lit).memories) == {"kitchen", "garden", "attic"}
        assert do.delete_memories(lit, tags=["a"]) == 1
        assert lamps(do.list_memories(lit).memories) == {"kitchen", "attic"}

    def test_selections_of_a_deletion_are_anded(self, do: Caller, lit: str) -> None:
        assert do.delete_memories(lit, document_id="attic", tags=["a"]) == 0
        assert do.delete_memories(lit, ids=["no-such-id"]) == 0
        assert do.delete_memories(lit, ids=[]) == 0
        assert lamps(do.list_memories(lit).memories) == set(LAMPS)

    def test_a_deletion_without_selection_is_refused(self, do: Caller, lit: str) -> None:
        nothings: list[dict[str, Any]] = [{}, {"tags": []}, {"tags_match": "exact"}]
        for nothing in nothings:
            with pytest.raises(InvalidInput):
                do.delete_memories(lit, **nothing)
        assert lamps(do.list_memories(lit).memories) == set(LAMPS)

    def test_a_deleted_bank_is_gone_and_can_be_made_anew(self, do: Caller, lit: str) -> None:
        assert do.delete_bank(lit) >= len(LAMPS)
        assert do.recall(lit, "Which lamp is broken?").results == []
        assert do.list_banks(prefix=lit) == []
        do.retain(lit, "The kettle is on.")
        assert lamps(do.list_memories(lit).memories) == set()

    # --- bad input

    @pytest.mark.parametrize(
        "bad",
        [
            {"content": ""},
            {"content": " \n"},
            {"content": None},
            {"content": b"x"},
            {"content": "a\x00b"},
            {"content": "\ud800"},
            {"tags": "a"},
            {"tags": [""]},
            {"tags": [1]},
            {"metadata": {"n": 1}},
            {"metadata": {1: "n"}},
            {"metadata": ["n"]},
            {"timestamp": "yesterday"},
            {"document_id": " "},
            {"update_mode": "merge"},
            {"update_mode": "append"},
            {"entities": "Ada"},
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
            {"query": ""},
            {"query": None},
            {"budget": "huge"},
            {"max_tokens": 0},
            {"max_tokens": -1},
            {"max_tokens": True},
            {"max_tokens": 1.5},
            {"tags": "a"},
            {"tags_match": "some"},
            {"tag_groups": {"tags": ["a"]}},
            {"tag_groups": [{"nor": []}]},
            {"query_timestamp": "now"},
            {"types": ["opinion"]},
            {"types": "world"},
            {"min_score": "high"},
            {"min_score": float("nan")},
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

    # --- at once

    def test_threads_can_share_it(self, backend: MemoryBackend) -> None:
        whole, bank_id = as_backend(backend), f"conformance:{uuid.uuid4().hex}"

        def work(number: int) -> bool:
            whole.retain(bank_id, f"The lamp in room {number} is broken.", document_id=str(number))
            return tells(whole.recall(bank_id, f"The lamp in room {number}").results, "lamp")

        try:
            with ThreadPoolExecutor(8) as threads:
                assert all(threads.map(work, range(16)))
            assert whole.bank_stats(bank_id).documents == 16
        finally:
            whole.delete_bank(bank_id)

    def test_coroutines_and_loops_can_share_it(self, backend: MemoryBackend) -> None:
        whole, bank_id = as_backend(backend), f"conformance:{uuid.uuid4().hex}"

        async def work(number: int) -> bool:
            await whole.aretain(bank_id, f"The lamp in room {number} is broken.", document_id=str(number))
            return tells((await whole.arecall(bank_id, f"The lamp in room {number}")).results, "lamp")

        async def crowd(first: int) -> list[bool]:
            return await asyncio.gather(*(work(number) for number in range(first, first + 8)))

        try:
            assert all(asyncio.run(crowd(0)) + asyncio.run(crowd(8)))
            assert whole.bank_stats(bank_id).documents == 16
        finally:
            whole.delete_bank(bank_id)
