"""The same fact told again, on a real file."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import RetainItem

OSLO, AGAIN = "Nora lives in Oslo.", "In Oslo, Nora lives!"


def texts(backend: SQLiteBackend, bank: str = "b") -> list[str]:
    return [m.text for m in backend.list_memories(bank).memories]


def test_the_same_fact_in_other_words_is_linked_not_stored(backend: SQLiteBackend) -> None:
    first = backend.retain("b", OSLO)
    assert backend.retain("b", AGAIN).memory_ids == first.memory_ids
    assert backend.retain("b", AGAIN).memory_ids == first.memory_ids
    assert texts(backend) == [OSLO]


def test_repetitions_within_one_retain_are_linked(backend: SQLiteBackend) -> None:
    receipt = backend.retain_batch("b", [RetainItem(OSLO), RetainItem(AGAIN), RetainItem("Nora has a dog.")])
    assert len(receipt.memory_ids) == 2
    assert texts(backend) == [OSLO, "Nora has a dog."]


def test_other_banks_authors_and_users_keep_their_own(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, tags=["user:ada"], metadata={"author": "ann"})
    backend.retain("b", AGAIN, tags=["user:bob"], metadata={"author": "ann"})
    backend.retain("b", AGAIN, tags=["user:ada"], metadata={"author": "bob"})
    backend.retain("other", AGAIN)
    assert len(texts(backend)) == 3
    assert len(texts(backend, "other")) == 1


def test_another_session_and_run_of_the_same_user_are_linked(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, tags=["user:ada", "session:1", "run:1"], document_id="1")
    backend.retain("b", AGAIN, tags=["user:ada", "session:2", "run:2"], document_id="2")
    assert texts(backend) == [OSLO]


def test_a_document_keeps_its_own_repetitions(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(OSLO, document_id="chat"), RetainItem(AGAIN, document_id="chat")])
    assert texts(backend) == [OSLO, AGAIN]


def test_what_happened_twice_is_two_memories(backend: SQLiteBackend) -> None:
    for day in (3, 10):
        backend.retain("b", "The build server crashed.", timestamp=datetime(2023, 5, day, tzinfo=UTC))
    assert len(texts(backend)) == 2


def test_tomorrow_said_on_two_days_is_two_memories(backend: SQLiteBackend) -> None:
    for day in (3, 10):
        backend.retain("b", "The audit is tomorrow.", timestamp=datetime(2023, 5, day, tzinfo=UTC))
    assert len(texts(backend)) == 2


def test_a_linked_fact_outlives_the_document_that_told_it_first(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, document_id="one")
    backend.retain("b", AGAIN, document_id="two", tags=["t"])
    backend.delete_memories("b", document_id="one")
    (memory,) = backend.list_memories("b").memories
    assert (memory.text, memory.document_id) == (AGAIN, "two")


def test_a_linked_fact_outlives_the_replacement_of_the_first_document(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, document_id="one")
    backend.retain("b", AGAIN, document_id="two")
    backend.retain("b", "Bob has a cat.", document_id="one")
    assert sorted(texts(backend)) == ["Bob has a cat.", AGAIN]
    assert backend.bank_stats("b").memories == 2


def test_a_document_of_links_can_be_replaced_and_deleted(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, document_id="one")
    backend.retain("b", AGAIN, document_id="two")
    backend.retain("b", "Bob has a cat.", document_id="two")
    backend.delete_memories("b", document_id="one")
    assert texts(backend) == ["Bob has a cat."]


def test_deleting_the_fact_itself_deletes_every_way_it_was_told(backend: SQLiteBackend, path: Path) -> None:
    (number,) = backend.retain("b", "The password is kumquat seven.", document_id="1").memory_ids
    backend.retain("b", "The password is the kumquat 7!", document_id="2")
    backend.delete_memories("b", ids=[number])
    assert texts(backend) == []
    backend.close()
    assert b"kumquat" not in path.read_bytes()


def test_deleting_by_tags_takes_only_what_carries_them(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, tags=["session:1"])
    backend.retain("b", AGAIN, tags=["session:2"])
    backend.delete_memories("b", tags=["session:1"])
    assert texts(backend) == [AGAIN]
    backend.retain("b", OSLO, tags=["session:1"])
    backend.delete_memories("b", tags=["session:1"])
    assert texts(backend) == [AGAIN]


def test_no_trace_is_left_of_what_was_deleted(backend: SQLiteBackend, path: Path) -> None:
    numbers = [backend.retain("b", text).memory_ids[0] for text in (OSLO, AGAIN, "Nora lives in Bergen.")]
    backend.delete_memories("b", ids=numbers)
    backend.retain("gone", OSLO)
    backend.retain("gone", AGAIN)
    backend.delete_bank("gone")
    backend.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT (SELECT count(*) FROM trace), (SELECT count(*) FROM mention)").fetchone() == (0, 0)
    db.close()
