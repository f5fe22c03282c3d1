"""The same words told again, on a real file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from hindsight_teams import TeamMemory
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import Memory, RetainItem
from hindsight_teams.text import repeated

OSLO, AGAIN = "Nora lives in Oslo.", "Nora lives  in Oslo"
MAY = datetime(2023, 5, 3, tzinfo=UTC)


def texts(backend: SQLiteBackend, bank: str = "b") -> list[str]:
    return [m.text for m in backend.list_memories(bank).memories]


def only(backend: SQLiteBackend) -> Memory:
    (memory,) = backend.list_memories("b").memories
    return memory


def test_the_same_words_are_one_memory_that_knows_how_often_and_when_last(backend: SQLiteBackend) -> None:
    first = backend.retain("b", OSLO, timestamp=MAY)
    assert backend.retain("b", AGAIN, timestamp=MAY + timedelta(days=9)).memory_ids == first.memory_ids
    assert backend.retain("b", OSLO, timestamp=MAY + timedelta(days=4)).memory_ids == first.memory_ids
    assert (only(backend).text, only(backend).times_said) == (OSLO, 3)
    assert (only(backend).mentioned_at, only(backend).last_said_at) == (MAY, MAY + timedelta(days=9))


def test_the_last_day_is_that_of_the_place_where_it_was_said(backend: SQLiteBackend) -> None:
    for hour, zone in ((9, UTC), (23, timezone(timedelta(hours=-5)))):
        backend.retain("b", OSLO, timestamp=datetime(2023, 5, 3, hour, tzinfo=zone))
    assert repeated(only(backend)) == "said 2 times, last 2023-05-03"


def test_a_run_of_another_session_may_have_the_same_id(backend: SQLiteBackend) -> None:
    team = TeamMemory("t", banks={"s": "team"}, members={"ann": {"s": "full"}}, backend=backend, guard=False)
    ann = team.member("ann")
    for session in ("1", "2", "2"):
        ann.retain(OSLO, caller=ann.bound(session=session, run="r"))
    (memory,) = ann.recall("Where does Nora live?").results
    assert memory.times_said == 2
    team.forget(session="1", dry_run=False)
    assert [m.metadata["session"] for m in ann.recall("Where does Nora live?").results] == ["2"]


def test_other_words_are_another_memory(backend: SQLiteBackend) -> None:
    told = [OSLO, "In Oslo, Nora lives.", "nora lives in Oslo.", "Nora lives in Oslo?", "Nora lived in Oslo."]
    for text in told:
        backend.retain("b", text)
    assert texts(backend) == told


def test_without_a_time_each_retain_counts_as_said(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO)
    backend.retain("b", OSLO)
    assert only(backend).times_said == 2


@pytest.mark.parametrize("options", [{"timestamp": MAY}, {"document_id": "d"}])
def test_a_retain_that_is_tried_again_is_not_said_again(backend: SQLiteBackend, options: dict[str, object]) -> None:
    backend.retain("b", OSLO, **options)  # type: ignore[arg-type]
    backend.retain("b", OSLO, **options)  # type: ignore[arg-type]
    assert only(backend).times_said == 1


def test_a_member_that_says_the_same_again_is_counted(backend: SQLiteBackend) -> None:
    team = TeamMemory("t", banks={"s": "team"}, members={"ann": {"s": "full"}}, backend=backend, guard=False)
    ann = team.member("ann")
    for session in ("1", "2", "2"):
        ann.retain(OSLO, caller=ann.bound(session=session))
    (memory,) = ann.recall("Where does Nora live?").results
    assert memory.times_said == 3


def test_what_is_loaded_in_bulk_is_compared_too(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO)
    backend.retain_batch("b", [RetainItem(f"Ticket {n} was filed.") for n in range(100)] + [RetainItem(AGAIN)])
    assert backend.bank_stats("b").memories == 101


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


def test_the_same_words_about_something_else_are_another_memory(backend: SQLiteBackend) -> None:
    for about in ("the Maple budget", "the Oak budget"):
        backend.retain("b", "It was approved.", context=about)
    assert [m.context for m in backend.list_memories("b").memories] == ["the Maple budget", "the Oak budget"]


def test_another_session_and_run_of_the_same_user_are_linked(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, tags=["user:ada", "session:1", "run:1"], document_id="1")
    backend.retain("b", AGAIN, tags=["user:ada", "session:2", "run:2"], document_id="2")
    assert texts(backend) == [OSLO]


def test_a_document_keeps_its_own_repetitions(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(OSLO, document_id="chat"), RetainItem(AGAIN, document_id="chat")])
    assert texts(backend) == [OSLO, AGAIN]


def test_tomorrow_said_on_two_days_is_two_memories(backend: SQLiteBackend) -> None:
    for day in (3, 10):
        backend.retain("b", "The audit is tomorrow.", timestamp=datetime(2023, 5, day, tzinfo=UTC))
    assert len(texts(backend)) == 2


def test_a_linked_fact_outlives_the_document_that_told_it_first(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, document_id="one")
    backend.retain("b", AGAIN, document_id="two", tags=["t"])
    assert texts(backend) == [OSLO, AGAIN]  # another tag is another scope
    backend.retain("b", OSLO, document_id="three")
    backend.delete_memories("b", document_id="one")
    assert [(m.text, m.document_id) for m in backend.list_memories("b").memories] == [(AGAIN, "two"), (OSLO, "three")]


def test_a_linked_fact_outlives_the_replacement_of_the_first_document(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, document_id="one")
    backend.retain("b", AGAIN, document_id="two")
    backend.retain("b", "Bob has a cat.", document_id="one")
    assert sorted(texts(backend)) == ["Bob has a cat.", AGAIN]
    assert backend.bank_stats("b").memories == 2


def test_many_repeats_of_one_memory_stay_one_memory_when_its_document_goes(backend: SQLiteBackend) -> None:
    for number in range(100):
        backend.retain("b", OSLO, document_id=f"d{number}")
    backend.delete_memories("b", document_id="d0")
    assert (only(backend).times_said, backend.bank_stats("b").memories) == (99, 1)


def test_a_document_of_links_can_be_replaced_and_deleted(backend: SQLiteBackend) -> None:
    backend.retain("b", OSLO, document_id="one")
    backend.retain("b", AGAIN, document_id="two")
    backend.retain("b", "Bob has a cat.", document_id="two")
    backend.delete_memories("b", document_id="one")
    assert texts(backend) == ["Bob has a cat."]


def test_deleting_the_fact_itself_deletes_every_time_it_was_told(backend: SQLiteBackend, path: Path) -> None:
    (number,) = backend.retain("b", "The password is kumquat seven.", document_id="1").memory_ids
    backend.retain("b", "The password is kumquat  seven", document_id="2")
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
    assert (texts(backend), only(backend).times_said) == ([AGAIN], 1)


def test_forgetting_one_session_keeps_what_another_said_too(backend: SQLiteBackend) -> None:
    team = TeamMemory("t", banks={"s": "team"}, members={"ann": {"s": "full"}}, backend=backend, guard=False)
    ann = team.member("ann")
    for session in ("1", "2", "1"):
        ann.retain(OSLO, caller=ann.bound(user="u", session=session))
    assert team.forget(session="1", dry_run=False).deleted == 2
    (memory,) = ann.recall("Where does Nora live?").results
    assert (memory.times_said, "session:2" in memory.tags) == (1, True)
    team.forget(session="2", dry_run=False)
    assert ann.recall("Where does Nora live?").results == []


def test_nothing_is_left_of_what_was_deleted(backend: SQLiteBackend, path: Path) -> None:
    numbers = [backend.retain("b", text).memory_ids[0] for text in (OSLO, AGAIN, "Nora lives in Bergen.")]
    backend.delete_memories("b", ids=numbers)
    backend.retain("gone", OSLO)
    backend.retain("gone", AGAIN)
    backend.delete_bank("gone")
    backend.close()
    with closing(sqlite3.connect(path)) as db, db:
        assert db.execute("SELECT (SELECT count(*) FROM memory), (SELECT count(*) FROM mention)").fetchone() == (0, 0)
    db.close()


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("Nora lives in Norway.", "Nora lives in Oslo."),
        ("The rota is open.", "The rota is closed."),
        ("Nora likes jazz.", "Nora no longer likes jazz."),
    ],
)
async def test_no_rule_marks_a_memory_as_replaced(
    open_backend: Callable[..., SQLiteBackend], older: str, newer: str
) -> None:
    backend = open_backend()
    backend.retain("b", older, timestamp=MAY)
    backend.retain("b", newer, timestamp=MAY + timedelta(days=1))
    backend.retain("b", "Nora has a dog.")
    await backend.aconsolidate("b")
    assert all(m.superseded_by is None for m in backend.list_memories("b").memories)
    assert "No longer" not in "".join(m.text for m in backend.list_memories("b").memories)
