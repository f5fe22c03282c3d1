"""A newer fact that contradicts an older one, on a real file."""

from collections.abc import Callable
from datetime import UTC, datetime

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import Memory, RetainItem


def by_text(backend: SQLiteBackend) -> dict[str, Memory]:
    return {m.text: m for m in backend.list_memories("b").memories}


def test_recall_says_what_is_superseded_and_by_what(backend: SQLiteBackend) -> None:
    backend.retain("b", "Nora lives in Oslo.")
    (newer,) = backend.retain("b", "Nora lives in Bergen.").memory_ids
    found = {m.text: m for m in backend.recall("b", "Where does Nora live?").results}
    assert found["Nora lives in Oslo."].superseded_by == newer
    assert found["Nora lives in Bergen."].superseded_by is None


def test_the_answer_names_the_current_value_first(backend: SQLiteBackend) -> None:
    backend.retain("b", "The launch is on 3 May.", timestamp=datetime(2023, 4, 1, tzinfo=UTC))
    backend.retain("b", "The launch has been moved to 10 May.", timestamp=datetime(2023, 4, 20, tzinfo=UTC))
    text = backend.reflect("b", "When is the launch?").text
    assert text.index("10 May") < text.index("on 3 May") < text.index("no longer current")


def test_what_is_told_late_does_not_replace_what_is_newer(backend: SQLiteBackend) -> None:
    backend.retain("b", "Nora lives in Bergen.", timestamp=datetime(2023, 5, 1, tzinfo=UTC))
    backend.retain("b", "Nora lives in Oslo.", timestamp=datetime(2022, 5, 1, tzinfo=UTC))
    found = by_text(backend)
    assert found["Nora lives in Bergen."].superseded_by is None
    assert found["Nora lives in Oslo."].superseded_by == found["Nora lives in Bergen."].id


def test_going_back_to_the_first_value_is_news(backend: SQLiteBackend) -> None:
    for town in ("Oslo", "Bergen", "Oslo"):
        backend.retain("b", f"Nora lives in {town}.", document_id=f"{len(backend.list_memories('b').memories)}")
    states = [(m.text, m.superseded_by) for m in backend.list_memories("b").memories]
    assert [bool(newer) for _, newer in states] == [True, True, False]


def test_deleting_the_newer_fact_makes_the_older_one_current(backend: SQLiteBackend) -> None:
    backend.retain("b", "Nora lives in Oslo.")
    newer = backend.retain("b", "Nora lives in Bergen.").memory_ids
    backend.delete_memories("b", ids=newer)
    assert by_text(backend)["Nora lives in Oslo."].superseded_by is None


def test_another_users_word_changes_nothing(backend: SQLiteBackend) -> None:
    backend.retain("b", "Nora lives in Oslo.", tags=["user:ada"])
    backend.retain("b", "Nora lives in Bergen.", tags=["user:bob"])
    assert all(m.superseded_by is None for m in by_text(backend).values())


def test_another_members_word_does(backend: SQLiteBackend) -> None:
    backend.retain("b", "Nora lives in Oslo.", tags=["team:t", "author:a", "run:1"], metadata={"author": "a"})
    backend.retain("b", "Nora lives in Bergen.", tags=["team:t", "author:b", "run:2"], metadata={"author": "b"})
    assert by_text(backend)["Nora lives in Oslo."].superseded_by


def test_no_longer_supersedes(backend: SQLiteBackend) -> None:
    backend.retain("b", "Nora likes smoky jazz clubs.")
    backend.retain("b", "Nora no longer likes smoky jazz clubs.")
    assert by_text(backend)["Nora likes smoky jazz clubs."].superseded_by


def test_a_bulk_load_is_compared_by_consolidate(backend: SQLiteBackend) -> None:
    filler = [RetainItem(f"Ticket {n} was filed.") for n in range(100)]
    backend.retain_batch("b", [RetainItem("Nora lives in Oslo."), *filler, RetainItem("Nora lives in Bergen.")])
    assert by_text(backend)["Nora lives in Oslo."].superseded_by is None
    backend.consolidate("b")
    assert by_text(backend)["Nora lives in Oslo."].superseded_by


async def test_the_async_twins_do_the_same(open_backend: Callable[..., SQLiteBackend]) -> None:
    backend = open_backend()
    for town in ("Oslo", "Bergen"):
        await backend.aretain("b", f"Nora lives in {town}.")
    assert by_text(backend)["Nora lives in Oslo."].superseded_by
    await backend.aconsolidate("b")
