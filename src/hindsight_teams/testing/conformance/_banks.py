"""Banks are kept apart and counted, and shared by many callers; their memories are listed and deleted."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hindsight_teams.backends.base import MemoryBackend, as_backend
from hindsight_teams.errors import BankNotFound, InvalidBankId, InvalidInput
from hindsight_teams.models import Memory, RetainItem
from hindsight_teams.testing.conformance._subject import LAMPS, Caller, Subject, lamps, tells

UNROUTABLE = [
    *("", " ", ".", "..", "a/b", "/", "../x", "a\\b", "a\x00b", "a\nb", " a"),
    *("é" * 97, "x" * 193, "\ud800", None, 7),
]
"""Bank ids that no server could route, or no store could hold."""

ODD_BANKS = ["a b", "50%", "a%2Fb", "q?x=1#y", "user:ada@x.org", "bänk-🍵", "~2f", "+", "x" * 150]
"""Bank ids that look odd and are fine; each gets a prefix of its own."""


class Banks(Subject):
    """Isolation, ids, statistics, pages and deletion."""

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
        do.retain(lit, "The harbour lamp is broken.", tags=["user:ada", "50%"])
        assert {tag.tag for tag in do.list_tags(lit)} == {"a", "b", "user:ada", "50%"}
        for pattern, found in (("%", []), ("5_%", []), ("50%", ["50%"]), ("*%", ["50%"]), ("user:\\", [])):
            assert [tag.tag for tag in do.list_tags(lit, pattern=pattern)] == found
        assert [tag.tag for tag in do.list_tags(lit, pattern="user:*")] == ["user:ada"]
        assert all(tag.count >= 1 for tag in do.list_tags(lit))

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


class Sharing(Subject):
    """Many callers at once."""

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
