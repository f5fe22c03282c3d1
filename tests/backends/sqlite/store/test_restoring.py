from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from hindsight_teams import SQLiteBackend
from hindsight_teams.errors import BankNotFound, InvalidBankId, InvalidInput
from hindsight_teams.models import Memory, MemoryRecord


def record(number: int, text: str = "", **more: object) -> MemoryRecord:
    noted = datetime(2027, 5, 3, 10, tzinfo=timezone(timedelta(hours=2)))
    memory = Memory(f"{number:x}", text or f"Box {number} stands in aisle {number}.", "", mentioned_at=noted)
    return MemoryRecord(replace(memory, **more))  # type: ignore[arg-type]


def test_a_memory_keeps_its_number_its_times_and_what_it_is_found_by(backend: SQLiteBackend) -> None:
    happened = datetime(2026, 1, 1, tzinfo=UTC)
    one = record(
        7, "Ada feeds the cat.", occurred_at=happened, tags=("a",), entities=("Minka",), metadata={"author": "ada"}
    )
    assert backend.restore("b", [one]).stored == 1
    [memory] = backend.list_memories("b").memories
    assert memory == replace(
        one.memory, id=memory.id, bank_id="b", last_said_at=one.memory.mentioned_at, occurred_at=memory.occurred_at
    )
    assert memory.id.endswith("-7")
    assert memory.occurred_at == happened
    assert memory.mentioned_at is not None
    assert memory.mentioned_at.isoformat() == "2027-05-03T10:00:00+02:00"
    assert [found.id for found in backend.recall("b", "Minka").results] == [memory.id]
    assert [(tag.tag, tag.count) for tag in backend.list_tags("b")] == [("a", 1)]
    assert backend.check().ok


def test_what_comes_later_gets_a_later_number(backend: SQLiteBackend) -> None:
    backend.restore("b", [record(9)])
    [after] = backend.retain("b", "Something new.").memory_ids
    assert after.endswith("-a")


def test_restoring_twice_stores_once(backend: SQLiteBackend) -> None:
    records = [record(1), record(2)]
    backend.restore("b", records)
    again = backend.restore("b", [*records, record(3)])
    assert (again.stored, again.already, again.shift) == (1, 2, 0)


def test_numbers_that_are_others_own_are_moved_together_and_the_same_way_again(backend: SQLiteBackend) -> None:
    backend.retain("b", "Somebody was here before.")
    backend.retain("b", "And somebody else.")
    records = [record(1), record(2, superseded_by="3"), record(3, source_ids=("1",), type="observation")]
    first = backend.restore("b", records)
    assert (first.stored, first.shift) == (3, 2)
    *_, one, two, three = backend.list_memories("b").memories
    assert (two.superseded_by, three.source_ids) == (three.id, (one.id,))
    again = backend.restore("b", records)
    assert (again.stored, again.already, again.shift) == (0, 3, 2)


def test_a_given_shift_that_is_in_the_way_is_refused_and_nothing_is_stored(backend: SQLiteBackend) -> None:
    backend.restore("b", [record(1)])
    with pytest.raises(InvalidInput, match=r"^1 .* 'b'"):
        backend.restore("b", [record(2), record(1, "Another.")], shift=0)
    assert backend.list_memories("b").total == 1


def test_documents_keep_their_order_over_several_requests(backend: SQLiteBackend) -> None:
    for number in (1, 2, 3):
        backend.restore("b", [record(number, document_id="d")])
    assert [m.id[-1] for m in backend.list_memories("b", document_id="d").memories] == ["1", "2", "3"]
    assert backend.check().ok


def test_a_repeat_comes_back_when_its_memory_goes(backend: SQLiteBackend) -> None:
    told = record(1, "The office is closed.", document_id="first")
    repeat = replace(told.memory, document_id="second", mentioned_at=datetime(2027, 6, 1, tzinfo=UTC))
    backend.restore("b", [MemoryRecord(told.memory, (repeat,))])
    [memory] = backend.list_memories("b").memories
    assert (memory.times_said, memory.last_said_at) == (2, repeat.mentioned_at)
    backend.delete_memories("b", document_id="first")
    [left] = backend.list_memories("b").memories
    assert (left.text, left.document_id) == ("The office is closed.", "second")


def test_what_was_extracted_and_said_before_goes_with_its_text(backend: SQLiteBackend) -> None:
    first, text = record(1, "Ada leads Maple."), record(2, "Minutes: Ada leads Maple, and so on.")
    extracted = replace(first.memory, source_ids=("2",))
    backend.restore("b", [MemoryRecord(first.memory, (extracted,)), text])
    one, two = backend.list_memories("b").memories
    assert one.times_said == 2
    backend.delete_memories("b", ids=[two.id])
    assert [memory.times_said for memory in backend.list_memories("b").memories] == [1]


@pytest.mark.parametrize("name", ["", "0", "x", "-1", "fffffffff"])
def test_an_id_that_is_no_number_is_refused(backend: SQLiteBackend, name: str) -> None:
    with pytest.raises(InvalidInput, match=f"id={name!r}"):
        backend.restore("b", [record(1, id=name)])
    assert backend.list_banks() == []


def test_a_renamed_bank_holds_what_it_held_under_the_same_ids(backend: SQLiteBackend) -> None:
    [before] = backend.retain("old", "The cat is Minka.").memory_ids
    backend.rename_bank("old", "new")
    assert [bank.bank_id for bank in backend.list_banks()] == ["new"]
    [memory] = backend.recall("new", "Minka").results
    assert (memory.id, memory.bank_id) == (before, "new")


def test_a_bank_can_not_take_the_name_of_another_or_a_bad_one(backend: SQLiteBackend) -> None:
    for bank in ("one", "two"):
        backend.retain(bank, "x")
    with pytest.raises(InvalidInput, match="'two'"):
        backend.rename_bank("one", "two")
    with pytest.raises(InvalidBankId):
        backend.rename_bank("one", "a/b")
    with pytest.raises(BankNotFound, match="'three'"):
        backend.rename_bank("three", "four")
    backend.rename_bank("one", "one")
    assert [bank.bank_id for bank in backend.list_banks()] == ["one", "two"]
