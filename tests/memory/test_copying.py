"""Copies of banks between files and servers, also interrupted and repeated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from hindsight_teams.backends.base import Backend, DelegatingBackend
from hindsight_teams.backends.hindsight import HindsightBackend
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.errors import BackendUnreachable, BankNotFound, InvalidInput
from hindsight_teams.memory.copying import MARK, CopyReport, check, copy_bank, missing, pack, read_all
from hindsight_teams.memory.storing import batches
from hindsight_teams.models import Memory, RetainItem
from hindsight_teams.requests import Request, Retain
from tests.harness import Server

R = TypeVar("R")
Fresh = Callable[[], SQLiteBackend]
START = datetime(2024, 3, 1, 10, tzinfo=UTC)
CITIES = "Oslo Bergen Paris Rome Turin Lima Quito Accra Cairo Delhi Osaka Seoul".split()


class Failing(DelegatingBackend):
    """Breaks after some batches."""

    def __init__(self, inner: Backend, batches: int) -> None:
        super().__init__(inner)
        self.left = batches

    def execute(self, request: Request[R], /) -> R:
        if isinstance(request, Retain):
            self.left -= 1
            if self.left < 0:
                raise BackendUnreachable("gone")
        return super().execute(request)


def fill(backend: Backend, bank_id: str) -> None:
    """Twelve documents of one memory, one of three, and two memories that belong to none."""
    backend.ensure_bank(bank_id, name="The desk")
    items = [
        RetainItem(
            f"The office in {city} opened in {1990 + number}.",
            START + timedelta(days=number),
            context="offices",
            metadata={"author": "researcher" if number % 2 else "scout", "row": str(number)},
            tags=["team:desk", f"city:{city.lower()}"],
            document_id=f"offices/{city}",
        )
        for number, city in enumerate(CITIES)
    ]
    items += [
        RetainItem(text, START, metadata={"author": "scout"}, document_id="menu")
        for text in ("The soup is hot.", "The bread is fresh.", "The tea is green.")
    ]
    backend.retain_batch(bank_id, items)
    backend.retain(bank_id, "Čaj je zelený 🍵.", timestamp=START)
    backend.retain(bank_id, "The kettle is on.", timestamp=START, tags=["kitchen"])


def portrait(backend: Backend, bank_id: str) -> list[tuple[Any, ...]]:
    """All that a copy must keep."""
    return sorted(
        (
            m.text,
            m.mentioned_at,
            m.context or "",
            m.author or "",
            tuple(sorted(m.tags)),
            tuple(sorted((k, v) for k, v in m.metadata.items() if k != MARK)),
            None if m.document_id is None or m.document_id.startswith("copied:") else m.document_id,
        )
        for m in backend.list_memories(bank_id, limit=500).memories
        if m.type != "observation"
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """Gives an empty backend each time."""
    made: list[SQLiteBackend] = []

    def make() -> SQLiteBackend:
        made.append(SQLiteBackend(tmp_path / f"fresh-{len(made)}.db"))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SQLiteBackend]:
    backend = SQLiteBackend(tmp_path / "memory.db")
    fill(backend, "desk")
    yield backend
    backend.close()


def test_every_memory_arrives_with_all_that_belongs_to_it(file: SQLiteBackend, tmp_path: Path) -> None:
    other = SQLiteBackend(tmp_path / "other.db")
    seen: list[tuple[int, int]] = []
    report = copy_bank(file, "desk", other, batch=5, progress=lambda done, total: seen.append((done, total)))
    assert report == CopyReport("desk", "desk", 17, copied=17, already=0, arrived=17, sampled=17)
    assert report.ok
    assert portrait(other, "desk") == portrait(file, "desk")
    assert [bank.name for bank in other.list_banks()] == ["The desk"]
    assert seen[0] == (0, 17)
    assert seen[-1] == (17, 17)
    assert seen == sorted(seen)
    other.close()


def test_a_second_copy_writes_nothing(file: SQLiteBackend, fresh: Fresh) -> None:
    target = Failing(fresh(), batches=100)
    copy_bank(file, "desk", target)
    before = portrait(target, "desk")
    target.left = 0
    report = copy_bank(file, "desk", target)
    assert (report.copied, report.already, report.ok) == (0, 17, True)
    assert portrait(target, "desk") == before


def test_a_copy_goes_on_where_it_was_cut_short(file: SQLiteBackend, fresh: Fresh) -> None:
    target = Failing(fresh(), batches=2)
    with pytest.raises(BackendUnreachable):
        copy_bank(file, "desk", target, batch=5)
    stored = target.list_memories("desk").total
    assert 0 < stored < 17
    target.left = 100
    report = copy_bank(file, "desk", target, batch=5)
    assert (report.copied, report.already, report.ok) == (17 - stored, stored, True)
    assert portrait(target, "desk") == portrait(file, "desk")


def test_there_and_back_again_changes_nothing(file: SQLiteBackend, tmp_path: Path, fresh: Fresh) -> None:
    away, home = fresh(), SQLiteBackend(tmp_path / "home.db")
    copy_bank(file, "desk", away)
    copy_bank(away, "desk", home)
    assert portrait(home, "desk") == portrait(file, "desk")
    report = copy_bank(away, "desk", file)
    assert (report.copied, report.already) == (0, 17)
    assert portrait(home, "desk") == portrait(file, "desk")
    home.close()


def test_what_was_said_again_in_other_sessions_arrives_each_time(tmp_path: Path, fresh: Fresh) -> None:
    source = fresh()
    for session in ("s1", "s2", "s3"):
        signed = {"author": "scout", "session": session}
        source.retain("b", "The lift code is 7.", metadata=signed, tags=[f"session:{session}"], document_id=session)
    with closing(SQLiteBackend(tmp_path / "one.db")) as one, closing(SQLiteBackend(tmp_path / "two.db")) as two:
        assert copy_bank(source, "b", one).ok
        assert len(one.list_memories("b").memories) == 1  # the embedded engine keeps one memory and two repeats
        assert copy_bank(source, "b", one).copied == 0
        assert copy_bank(one, "b", two).ok
        back = fresh()
        assert copy_bank(two, "b", back).ok
        assert sorted(m.metadata["session"] for m in read_all(back, "b")) == ["s1", "s2", "s3"]


def test_what_changed_since_is_copied_again(file: SQLiteBackend, fresh: Fresh) -> None:
    target = fresh()
    copy_bank(file, "desk", target)
    file.retain("desk", "The office in Oslo closed.", timestamp=START, document_id="offices/Oslo")
    report = copy_bank(file, "desk", target)
    assert (report.copied, report.already, report.ok) == (1, 16, True)
    assert portrait(target, "desk") == portrait(file, "desk")


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({}, 0),
        ({"text": "One."}, 1),
        ({"tags": ("b", "a")}, 0),
        ({"tags": ("a",)}, 1),
        ({"metadata": {"k": "w"}}, 1),
        ({"metadata": {"k": "v", MARK: "x"}}, 0),
        ({"context": "c"}, 1),
        ({"mentioned_at": START + timedelta(microseconds=1)}, 0),
        ({"mentioned_at": START + timedelta(seconds=1)}, 1),
        ({"mentioned_at": None}, 1),
        ({"mentioned_at": None, "occurred_at": START}, 0),
        ({"document_id": "2"}, 1),
    ],
    ids=str,
)
def test_a_document_is_copied_again_where_anything_of_it_differs(change: dict[str, Any], anew: int) -> None:
    held = memory("one \ud800", document_id="1", tags=("a", "b"), metadata={"k": "v"})
    assert len(missing(pack([replace(held, **change)]), [held])) == anew


def test_what_the_target_held_besides_stays(file: SQLiteBackend, fresh: Fresh) -> None:
    target = fresh()
    target.ensure_bank("desk", name="Mine")
    target.retain("desk", "The oven is off.")
    assert copy_bank(file, "desk", target).ok
    assert target.list_memories("desk").total == 18
    assert target.list_banks()[0].name == "Mine"


def test_a_name_that_is_but_the_id_is_not_copied(file: SQLiteBackend) -> None:
    file.ensure_bank("b", name="b")
    assert copy_bank(file, "b", file, "c").ok
    assert [bank.name for bank in file.list_banks(prefix="c")] == [None]


def test_memories_travel_in_batches_and_a_sample_of_them_is_looked_at(fresh: Fresh) -> None:
    class Counting(DelegatingBackend):
        def execute(self, request: Request[R], /) -> R:
            if isinstance(request, Retain):
                sizes.append(len(request.items))
            return super().execute(request)

    sizes: list[int] = []
    source = fresh()
    source.retain_batch("b", [RetainItem(f"Fact number {n}.", document_id=str(n)) for n in range(45)])
    given: list[tuple[dict[str, Any], list[int]]] = [({}, [20, 20, 5]), ({"batch": 30}, [30, 15])]
    for options, wanted in given:
        report = copy_bank(source, "b", Counting(fresh()), **options)
        assert (sizes, report.sampled) == (wanted, 25)
        sizes.clear()


def test_a_bank_can_be_copied_under_another_name_in_the_same_backend(file: SQLiteBackend) -> None:
    assert copy_bank(file, "desk", file, "desk:copy").ok
    assert portrait(file, "desk:copy") == portrait(file, "desk")


def test_a_large_bank_is_read_page_by_page(tmp_path: Path, fresh: Fresh) -> None:
    source, target = fresh(), fresh()
    source.retain_batch("b", [RetainItem(f"Fact number {n}.", document_id=str(n)) for n in range(1001)])
    report = copy_bank(source, "b", target, batch=100)
    assert (report.memories, report.arrived, report.sampled, report.ok) == (1001, 1001, 25, True)


def test_an_empty_bank_is_copied_as_one(fresh: Fresh) -> None:
    source, target = fresh(), fresh()
    source.ensure_bank("b")
    assert copy_bank(source, "b", target) == CopyReport("b", "b", 0, 0, 0, 0, 0)
    assert [bank.bank_id for bank in target.list_banks()] == ["b"]


def test_what_cannot_be_copied_is_refused(fresh: Fresh) -> None:
    fake = fresh()
    fake.ensure_bank("b2")
    with pytest.raises(BankNotFound):
        copy_bank(fake, "b", fresh())
    with pytest.raises(InvalidInput, match="onto itself"):
        copy_bank(fake, "b2", fake)
    with pytest.raises(InvalidInput):
        copy_bank(fake, "b2", fake, "a/b")


def memory(text: str, **given: Any) -> Memory:
    return Memory(id=text, text=text, bank_id="b", mentioned_at=START, **given)


def test_the_check_finds_what_is_missing() -> None:
    parcels = pack([memory("one", document_id="1"), memory("two", document_id="2")])
    arrived, sampled, _, problems = check(parcels, [memory("one", document_id="1")])
    assert (arrived, sampled) == (1, 1)
    assert "1 of 2" in problems[0]


@pytest.mark.parametrize(
    "change",
    [{"tags": ("t",)}, {"metadata": {"author": "eve"}}, {"mentioned_at": START + timedelta(hours=1)}],
)
def test_the_check_finds_what_differs(change: dict[str, Any]) -> None:
    parcels = pack([memory("one", document_id="1")])
    mark = parcels[0].mark
    there = memory("one", document_id="1", metadata={MARK: mark})
    assert check(parcels, [there])[3] == ()
    if "metadata" in change:
        change = {"metadata": {**change["metadata"], MARK: mark}}
    assert "arrived with another" in check(parcels, [replace(there, **change)])[3][0]


def test_other_words_are_told_and_are_no_problem() -> None:
    parcels = pack([memory("one", document_id="1")])
    reworded = memory("One, in other words.", document_id="1", metadata={MARK: parcels[0].mark})
    assert check(parcels, [reworded]) == (1, 1, 1, ())


def test_a_document_is_never_split() -> None:
    parcels = pack([memory(f"{d}{n}", document_id=str(d)) for d in range(4) for n in range(3)])
    items = [parcel.items for parcel in parcels]
    assert [[item.document_id for item in load] for load in batches(items, 7)] == [
        ["0"] * 3 + ["1"] * 3,
        ["2"] * 3 + ["3"] * 3,
    ]
    assert [len(load) for load in batches(items, 1)] == [3, 3, 3, 3]
    assert missing(parcels, []) == parcels


@pytest.fixture
def server(hindsight_server: Server) -> Iterator[HindsightBackend]:
    with HindsightBackend(hindsight_server.url, api_key=hindsight_server.api_key) as backend:
        yield backend


def test_from_the_file_to_a_server_and_back(
    file: SQLiteBackend, server: HindsightBackend, hindsight_server: Server, tmp_path: Path
) -> None:
    bank_id = hindsight_server.unused_bank()
    home = SQLiteBackend(tmp_path / "home.db")
    try:
        report = copy_bank(file, "desk", server, bank_id)
        assert report.ok, report.problems
        assert (report.copied, report.arrived, report.reworded) == (17, 17, 0)
        assert portrait(server, bank_id) == portrait(file, "desk")
        again = copy_bank(file, "desk", server, bank_id)
        assert (again.copied, again.already, again.ok) == (0, 17, True)
        assert copy_bank(server, bank_id, home, "desk").ok
        assert portrait(home, "desk") == portrait(file, "desk")
        assert home.recall("desk", "When did the office in Turin open?").results[0].author == "scout"
    finally:
        server.delete_bank(bank_id)
        home.close()
