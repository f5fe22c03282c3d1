from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.backends.base import Backend, DelegatingBackend
from hindsight_teams.errors import BankNotFound, DatabaseLocked, InvalidInput
from hindsight_teams.memory.exporting import Export, export_lines, import_bank
from hindsight_teams.models import Memory, MemoryRecord, RetainItem
from hindsight_teams.requests import Capability, ListMemories, ListRepeats, Request, Restore


class Plain(DelegatingBackend):
    """A backend that can do what every backend can."""

    def __init__(self, inner: Backend) -> None:
        super().__init__(inner)
        self.capabilities = inner.capabilities - {
            Capability.RESTORE,
            Capability.LIST_AFTER,
            Capability.RENAME_BANKS,
        }


class Failing(DelegatingBackend):
    """Breaks before a restore."""

    left = 1

    def execute(self, request: Request[Any], /) -> Any:
        if isinstance(request, Restore):
            self.left -= 1
            if self.left < 0:
                raise DatabaseLocked("another process writes")
        return super().execute(request)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "other.db")) as opened:
        yield opened


def fill(backend: SQLiteBackend) -> str:
    """A bank with everything that a bank can hold."""
    memory = TeamMemory("desk", banks={"shared": "team"}, members={"scout": {"shared": "full"}}, backend=backend)
    scout = memory.member("scout")
    scout.retain("The Maple pilot begins on 3 May 2027.", tags=["project"], context="plans")
    scout.retain("The Maple pilot begins on 3 May 2027.", tags=["project"], context="plans", document_id="again")
    scout.retain('Grüße aus Køln \u2028 \U0001f600 "quoted"\nsecond line', document_id="d")
    scout.retain("It rained since 2019.", timestamp=datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC))
    scout.retain(" ".join(f"Box {n} stands in aisle {n}." for n in range(100)))
    for text in ("Ada feeds Minka.", "Ada likes tea.", "Ada lives in Bergen."):
        backend.retain("desk:shared", text, metadata={"author": "bob"})
    backend.consolidate("desk:shared")
    gone = backend.retain("desk:shared", "This goes.").memory_ids
    backend.delete_memories("desk:shared", ids=gone)
    backend.retain("desk:shared", "The last one.")
    return "desk:shared"


def written(backend: Backend, bank: str, path: Path) -> Path:
    path.write_text("".join(f"{line}\n" for line in export_lines(backend, bank)), encoding="utf-8", newline="")
    return path


def content(backend: Backend, bank: str) -> list[Memory]:
    memories = backend.list_memories(bank, limit=1000).memories
    return [replace(m, id=m.id.partition("-")[2], bank_id="", source_ids=(), superseded_by=None) for m in memories]


@pytest.mark.parametrize("bank", ["desk:shared", "elsewhere"])
def test_an_import_makes_the_same_bytes_again(
    backend: SQLiteBackend, other: SQLiteBackend, tmp_path: Path, bank: str
) -> None:
    first = written(backend, fill(backend), tmp_path / "first.jsonl")
    other.retain("taken", "So that the bank has another number.")
    report = import_bank(other, bank, Export.of(first))
    assert (report.stored, report.already, report.notes, report.problems) == (report.memories, 0, (), ())
    assert written(other, bank, tmp_path / "second.jsonl").read_bytes() == first.read_bytes()
    assert content(other, bank) == content(backend, "desk:shared")
    assert other.check().ok


def test_what_is_imported_is_found_as_before(backend: SQLiteBackend, other: SQLiteBackend, tmp_path: Path) -> None:
    import_bank(other, "b", Export.of(written(backend, fill(backend), tmp_path / "x.jsonl")))
    for query in ("When does Maple begin?", "Who feeds Minka?", "Where does Ada live?", "rain"):
        before = [m.text for m in backend.recall("desk:shared", query).results]
        assert [m.text for m in other.recall("b", query).results][:1] == before[:1]


def test_an_import_into_the_bank_itself_stores_nothing(backend: SQLiteBackend, tmp_path: Path) -> None:
    bank = fill(backend)
    path = written(backend, bank, tmp_path / "x.jsonl")
    report = import_bank(backend, bank, Export.of(path))
    assert (report.stored, report.already) == (0, report.memories)
    assert written(backend, bank, tmp_path / "y.jsonl").read_bytes() == path.read_bytes()


def test_what_was_deleted_comes_back_under_its_id(backend: SQLiteBackend, tmp_path: Path) -> None:
    bank = fill(backend)
    path = written(backend, bank, tmp_path / "x.jsonl")
    backend.delete_memories(bank, document_id="d")
    assert import_bank(backend, bank, Export.of(path)).stored == 1
    assert written(backend, bank, tmp_path / "y.jsonl").read_bytes() == path.read_bytes()


def test_an_import_beside_other_memories_says_that_ids_changed(
    backend: SQLiteBackend, other: SQLiteBackend, tmp_path: Path
) -> None:
    path = written(backend, fill(backend), tmp_path / "x.jsonl")
    other.retain("b", "Already here.")
    report = import_bank(other, "b", Export.of(path))
    assert report.stored == report.memories
    assert "new ids" in report.notes[0]
    assert import_bank(other, "b", Export.of(path)).stored == 0


def test_an_import_that_was_cut_short_goes_on(backend: SQLiteBackend, other: SQLiteBackend, tmp_path: Path) -> None:
    backend.retain_batch(fill(backend), [RetainItem(f"Line {number} of the log.") for number in range(501)])
    path = written(backend, fill(backend), tmp_path / "x.jsonl")
    done: list[tuple[int, int]] = []
    with pytest.raises(DatabaseLocked):
        import_bank(Failing(other), "b", Export.of(path), progress=lambda *at: done.append(at))
    stored = other.list_memories("b").total
    assert 0 < stored < 501
    assert done[-1][0] == stored
    report = import_bank(other, "b", Export.of(path))
    assert report.already == stored
    assert written(other, "b", tmp_path / "y.jsonl").read_bytes() == path.read_bytes()


def test_another_backend_gets_texts_authors_tags_and_documents_and_says_what_it_can_not_keep(
    backend: SQLiteBackend, other: SQLiteBackend, tmp_path: Path
) -> None:
    path = written(backend, fill(backend), tmp_path / "x.jsonl")
    plain = Plain(other)
    report = import_bank(plain, "b", Export.of(path))
    assert report.problems == ()
    assert any("observations were left out" in note for note in report.notes)
    texts = {m.text for m in content(backend, "desk:shared") if m.type != "observation"}
    assert {m.text for m in content(other, "b")} == texts
    assert {m.author for m in content(other, "b")} == {"scout", "bob", None}
    assert import_bank(plain, "b", Export.of(path)).stored == 0


def test_the_ids_of_a_server_become_numbers(other: SQLiteBackend, tmp_path: Path) -> None:
    names = [f"{n}0000000-aaaa-bbbb-cccc-000000000000" for n in (1, 2)]
    rows: list[dict[str, Any]] = [
        {"format": "hindsight-teams bank", "version": 1},
        {"id": names[0], "text": "One.", "noted": "2027-05-03T00:00:00+00:00", "said": 3},
        {"id": names[1], "text": "Two.", "sources": [names[0], "unknown"], "type": "observation"},
        {"end": True, "memories": 2},
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    report = import_bank(other, "b", Export.of(path))
    one, two = other.list_memories("b").memories
    assert (one.id[-2:], two.id[-2:], two.source_ids) == ("-1", "-2", (one.id,))
    assert "counted" in report.notes[0]


def test_pages_that_shift_lose_and_double_nothing(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(f"Box {n}.") for n in range(1000)])
    lines = list(export_lines(Plain(backend), "b"))
    assert [json.loads(line)["text"] for line in lines[1:-1]] == [f"Box {n}." for n in range(1000)]


def test_a_bank_that_is_not_there_is_no_empty_export(backend: SQLiteBackend) -> None:
    with pytest.raises(BankNotFound):
        list(export_lines(backend, "b"))


def test_an_empty_bank_is_two_lines(backend: SQLiteBackend, other: SQLiteBackend, tmp_path: Path) -> None:
    backend.ensure_bank("b", name="The bank")
    path = written(backend, "b", tmp_path / "x.jsonl")
    assert path.read_text().splitlines() == [
        '{"format":"hindsight-teams bank","version":1,"name":"The bank"}',
        '{"end":true,"memories":0}',
    ]
    import_bank(other, "c", Export.of(path))
    assert [(bank.bank_id, bank.name) for bank in other.list_banks()] == [("c", "The bank")]


HEAD = '{"format":"hindsight-teams bank","version":1}'
END = '{"end":true,"memories":1}'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "the file is empty"),
        ("hello\n", "line 1 is not JSON: .*bank ingest"),
        ('{"a":1}\n', "not an export of a bank"),
        ("[1]\n", "line 1 is not a JSON object"),
        (f"{HEAD.replace('1}', '2}')}\n", "version 2"),
        (f'{HEAD}\n{{"id":"1","text":"x"}}\n', "cut short after 1 memories"),
        (f'{HEAD}\n{{"id":"1","text":"x"}}\n{{"id":"2","te', "line 3 is not JSON: .*cut short"),
        (f"{HEAD}\nhello\n{END}", "line 2 is not JSON: .*damaged"),
        (f"{HEAD.replace('1}', '0}')}\n", "version=0"),
        (f"{HEAD.replace('1}', '-1}')}\n", "version=-1"),
        (f"{HEAD}\n{END}\n", "holds 0 memories and was written with 1"),
        (f'{HEAD}\n{{"id":"1","text":"x"}}\n{END}\n{{"id":"2","text":"x"}}', "line 4 comes after the end"),
        (f'{HEAD}\n{{"id":"1"}}\n{END}', "line 2: it has no text"),
        (f'{HEAD}\n{{"id":"1","text":"x","colour":"red"}}\n{END}', "line 2: there is no field 'colour'"),
        (f'{HEAD}\n{{"id":"1","text":7}}\n{END}', "line 2: text=7"),
        (f'{HEAD}\n{{"id":"1","text":"x"}}\n{{"id":"1","text":"y"}}\n{END}', "line 3 has the id '1'"),
        (f'{HEAD}\n{{"id":"1","text":" "}}\n{END}', "line 2: text is empty"),
        (f'{HEAD}\n{{"id":"1","text":"x","tags":[5]}}\n{END}', "line 2: tags holds 5"),
        (f'{HEAD}\n{{"id":"1","text":"x","metadata":{{"a":5}}}}\n{END}', "line 2: metadata"),
        (f'{HEAD}\n{{"id":"1","text":"x","type":"evil"}}\n{END}', "line 2: type='evil'"),
        (f'{HEAD}\n{{"id":"1","text":"x","repeats":["y"]}}\n{END}', "line 2: .*str"),
        (
            f'{HEAD}\n{{"id":"1","text":"x","repeats":[{{"colour":"red"}}]}}\n{END}',
            "line 2: there is no field 'colour'",
        ),
        (f'{HEAD}\n{{"id":"1","text":"x","metadata":{{"a":5}},"said":0}}\n{END}', "line 2"),
        (f"{HEAD.replace('1}', 'true}')}\n", "version=True"),
        (f'{HEAD}\n{{"id":"1","text":"x","noted":"soon"}}\n{END}', "line 2: .*'soon'"),
    ],
)
def test_a_file_that_is_no_whole_export_is_named_by_its_line(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=named):
        Export.of(path)


def test_bytes_that_are_no_text_are_no_export(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match=r"line 1.*UTF-8"):
        Export.of(path)


class Endless(DelegatingBackend):
    """Lists memories that nobody stored, and counts how many at once somebody holds."""

    def __init__(self, inner: Backend, total: int) -> None:
        super().__init__(inner)
        self.total = total
        self.asked = 0

    def execute(self, request: Request[Any], /) -> Any:
        if not isinstance(request, ListMemories):
            return super().execute(request)
        from hindsight_teams.models import MemoryPage

        self.asked += 1
        start = int((request.after or "1-0").partition("-")[2], 16)
        numbers = range(start + 1, min(start + request.limit, self.total) + 1)
        noted = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
        memories = [Memory(f"1-{n:x}", f"Box {n} " + "x" * 200, "b", mentioned_at=noted) for n in numbers]
        return MemoryPage(memories, len(memories), request.limit, 0)


def test_an_export_holds_no_more_than_a_page_and_asks_for_each_once(backend: SQLiteBackend) -> None:
    backend.ensure_bank("b")
    endless = Endless(backend, 4_000)
    lines = export_lines(endless, "b")
    sum(1 for _ in itertools.islice(lines, 200))
    tracemalloc.start()
    try:
        count = sum(1 for _ in lines)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 3_802
    assert endless.asked == 21
    assert peak < 1_000_000


def test_restored_records_hold_repeats(backend: SQLiteBackend, tmp_path: Path) -> None:
    path = written(backend, fill(backend), tmp_path / "x.jsonl")
    records: list[MemoryRecord] = list(Export.of(path).records())
    assert [record.repeats[0].document_id for record in records if record.repeats] == ["again"]


def test_what_is_empty_is_left_out_and_what_is_not_is_written_as_it_is(backend: SQLiteBackend) -> None:
    day = datetime(2027, 5, 3, tzinfo=UTC)
    backend.retain("b", "lamp", timestamp=day)
    backend.retain("b", "rug", timestamp=day, tags=["t"], context="c", document_id="d", metadata={"k": "v"})
    first, second = [json.loads(line) for line in export_lines(backend, "b")][1:-1]
    assert first == {"id": "1", "text": "lamp", "noted": "2027-05-03T00:00:00+00:00"}
    added = {"document": "d", "context": "c", "tags": ["t"], "metadata": {"k": "v"}}
    assert second == {**first, "id": "2", "text": "rug", **added}


@pytest.mark.parametrize(
    ("written_id", "stored_id"), [("7654321", "7654321"), ("76543210", "76543210"), ("9" * 9, "1")]
)
def test_a_number_of_up_to_eight_digits_stays_the_id(
    other: SQLiteBackend, tmp_path: Path, written_id: str, stored_id: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{HEAD}\n{{"id":"{written_id}","text":"x"}}\n{END}\n')
    assert import_bank(other, "b", Export.of(path)).stored == 1
    [memory] = other.list_memories("b").memories
    assert memory.id.partition("-")[2] == stored_id


class Counted(DelegatingBackend):
    """Counts how often something was said, and keeps none of the repeats."""

    def __init__(self, inner: Backend) -> None:
        super().__init__(inner)
        self.capabilities = inner.capabilities - {Capability.REPEATS}

    def execute(self, request: Request[Any], /) -> Any:
        assert not isinstance(request, ListRepeats)
        return super().execute(request)


def test_of_what_was_only_counted_the_export_holds_the_number_and_the_last_time(
    backend: SQLiteBackend, tmp_path: Path
) -> None:
    first, last = datetime(2027, 5, 3, tzinfo=UTC), datetime(2027, 5, 9, tzinfo=UTC)
    for day, document in ((first, "one"), (last, "two")):
        backend.retain("b", "The lamp is green.", timestamp=day, document_id=document)
    [stored] = backend.list_memories("b").memories
    assert stored.times_said == 2
    [record] = Export.of(written(Counted(backend), "b", tmp_path / "x.jsonl")).records()
    assert (record.memory.times_said, record.memory.last_said_at) == (2, stored.last_said_at)
    assert (record.memory.mentioned_at, record.repeats) == (stored.mentioned_at, ())
    assert stored.last_said_at is not None


@pytest.mark.parametrize("name", [None, "b"])
def test_a_bank_without_a_name_of_its_own_is_exported_without_one(backend: SQLiteBackend, name: str | None) -> None:
    backend.ensure_bank("b", name=name)
    assert next(iter(export_lines(backend, "b"))) == HEAD


def test_a_count_at_the_beginning_of_a_long_file_is_told_too(other: SQLiteBackend, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": f"{n:x}", "text": f"Box {n}."} for n in range(1, 502)]
    rows[0]["said"] = 3
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join([HEAD, *map(json.dumps, rows), '{"end":true,"memories":501}']))
    report = import_bank(other, "b", Export.of(path))
    assert report.stored == 501
    assert ["counted" in note for note in report.notes] == [True]


def test_the_days_from_and_until_which_something_happened_are_read(tmp_path: Path) -> None:
    days = {"noted": 1, "happened": 2, "happened_until": 3}
    row = {"id": "1", "text": "x", **{name: f"2027-05-0{day}T00:00:00+00:00" for name, day in days.items()}}
    path = tmp_path / "x.jsonl"
    path.write_text(f"{HEAD}\n{json.dumps(row)}\n{END}\n")
    [record] = Export.of(path).records()
    memory = record.memory
    assert [memory.mentioned_at, memory.occurred_at, memory.occurred_end] == [
        datetime(2027, 5, day, tzinfo=UTC) for day in days.values()
    ]


def test_memories_without_ids_are_numbered_in_their_order(other: SQLiteBackend, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"text": "One."}, {"id": "", "text": "Two."}, {"text": "Three.", "repeats": [{"document": "d"}]}]
    path.write_text("\n".join([HEAD, *map(json.dumps, rows), '{"end":true,"memories":3}']))
    report = import_bank(other, "b", Export.of(path))
    assert (report.memories, report.stored, report.already) == (3, 3, 0)
    assert [(m.id.partition("-")[2], m.text) for m in other.list_memories("b").memories] == [
        ("1", "One."),
        ("2", "Two."),
        ("3", "Three."),
    ]
    assert [m.document_id for m in other.list_repeats("b")] == ["d"]


def test_a_bank_is_made_under_the_name_of_the_export(other: SQLiteBackend, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{HEAD[:-1]},"name":"The desk"}}\n{{"end":true,"memories":0}}')
    import_bank(other, "b", Export.of(path))
    import_bank(Plain(other), "c", Export.of(path))
    assert [(bank.bank_id, bank.name) for bank in other.list_banks()] == [("b", "The desk"), ("c", "The desk")]
