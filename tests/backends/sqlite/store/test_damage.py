"""Damaged files: the report of a check, and the memories that a repair saves."""

import random
import sqlite3
import statistics
from contextlib import closing
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.store import carving
from hindsight_teams.errors import DatabaseUnusable
from hindsight_teams.models import Memory, RetainItem
from tests.conftest import slow


def filled(path: Path, count: int) -> bytes:
    """A file of memories with all kinds of columns, as its bytes."""
    backend = SQLiteBackend(path)
    items = [
        RetainItem(
            f"Fact number {i} about tea and {i * 7 % 1000} other things, said by Zoë.",
            tags=[f"session:{i // 10}", "x"],
            metadata={"author": "nora"},
            entities=["Nora"],
            context="tea time",
            document_id=f"d{i // 100}",
        )
        for i in range(count)
    ]
    backend.retain_batch("b", items)
    backend.close()
    return path.read_bytes()


def memories(backend: SQLiteBackend) -> list[Memory]:
    return [m for bank in backend.list_banks() for m in backend.list_memories(bank.bank_id, limit=10_000).memories]


def repaired(path: Path, data: bytes) -> list[Memory]:
    """What a repair keeps of a damaged file; the file is sound after it and the damaged one lies beside."""
    path.write_bytes(data)
    backend = SQLiteBackend(path)
    report = backend.repair()
    assert backend.check().problems == ()
    kept = memories(backend)
    assert len(kept) == report.kept
    assert report.damaged is None or report.damaged.read_bytes()[100:4096] == data[100:4096]
    backend.retain("b", "life goes on")
    assert backend.recall("b", "life goes on").results
    backend.close()
    return kept


def scattered(data: bytes, seed: int, count: int = 200) -> bytes:
    source = random.Random(seed)
    damaged = bytearray(data)
    for _ in range(count):
        damaged[source.randrange(len(damaged))] = source.randrange(256)
    return bytes(damaged)


def rescue_scattered(tmp_path: Path, seeds: range) -> list[int]:
    whole = filled(tmp_path / "whole.db", 5_000)
    kept = []
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        kept.append(len(repaired(folder / "memory.db", scattered(whole, seed))))
    return kept


@pytest.mark.slow
def test_scattered_damage_costs_few_memories(tmp_path: Path) -> None:
    assert min(rescue_scattered(tmp_path, range(2))) >= 4_750


@pytest.mark.slow
def test_scattered_damage_costs_few_memories_in_any_of_fifty_files(tmp_path: Path) -> None:
    kept = rescue_scattered(tmp_path, range(100, 150))
    assert statistics.median(kept) >= 4_750
    assert min(kept) >= 4_500


@pytest.mark.parametrize("share", [0.6, *slow(0.4, 0.97)])
def test_a_cut_file_keeps_what_its_pages_hold(tmp_path: Path, share: float) -> None:
    whole = filled(tmp_path / "whole.db", 1_000)
    cut = whole[: int(len(whole) * share)]
    (tmp_path / "plain.db").write_bytes(cut)
    db = sqlite3.connect(tmp_path / "plain.db")
    db.execute("PRAGMA writable_schema = ON")
    plain: set[str] = set()
    try:
        for (text,) in db.execute("SELECT text FROM memory"):
            plain.update([text] if isinstance(text, str) else [])  # SQLite gives nothing for a text that is cut
    except sqlite3.DatabaseError:
        pass
    db.close()
    kept = {m.text for m in repaired(tmp_path / "memory.db", cut)}
    assert plain <= kept
    assert kept


@pytest.mark.parametrize("seed", [0, 1, *slow(2, 3)])
def test_a_damaged_schema_page_costs_no_memory(tmp_path: Path, seed: int) -> None:
    whole = filled(tmp_path / "whole.db", 500)
    source = random.Random(seed)
    damaged = bytearray(whole)
    for at in range(0 if seed % 2 else 100, 4096):
        damaged[at] = source.randrange(256)
    kept = repaired(tmp_path / "memory.db", bytes(damaged))
    assert {m.text for m in kept} == {m.text for m in sound(tmp_path / "whole.db")}
    assert {m.bank_id for m in kept} == {"b"}


@pytest.mark.parametrize("size", [512, 8_192, *slow(1_024, 2_048, 16_384, 32_768)])
def test_a_header_that_says_another_size_of_pages_costs_no_memory(tmp_path: Path, size: int) -> None:
    damaged = bytearray(filled(tmp_path / "whole.db", 300))
    damaged += bytes(-len(damaged) % size)
    damaged[16:18] = size.to_bytes(2, "big")
    kept = repaired(tmp_path / "memory.db", bytes(damaged))
    assert {m.text for m in kept} == {m.text for m in sound(tmp_path / "whole.db")}


@pytest.mark.parametrize("at", [18, 47, 59, 71])
def test_a_bad_byte_in_the_header_is_found_and_costs_no_memory(tmp_path: Path, at: int) -> None:
    damaged = bytearray(filled(tmp_path / "whole.db", 50))
    damaged[at] = 9  # whether it may be written, the format of the schema, how text is stored, whose file it is
    if at in (18, 47):  # the others change nothing that is read, or say that it is another application's
        (tmp_path / "memory.db").write_bytes(damaged)
        with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
            assert not backend.check().ok
    assert len(repaired(tmp_path / "memory.db", bytes(damaged))) == 50


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX memory_observation",
        "DROP TRIGGER memory_deleted",
        "DROP TABLE vocabulary",
        "DROP TABLE tag",
        "ALTER TABLE memory RENAME COLUMN zone TO zome",
    ],
)
def test_a_changed_schema_is_found_and_made_anew(tmp_path: Path, change: str) -> None:
    filled(tmp_path / "memory.db", 50)
    with closing(sqlite3.connect(tmp_path / "memory.db", isolation_level=None)) as db:
        db.execute(change)
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        assert not backend.check().ok
        assert backend.repair().kept == 50
        assert backend.check().problems == ()
        assert backend.bank_stats("b").memories == 50
        assert len(memories(backend)) == 50


def test_a_file_of_larger_pages_is_rescued_as_well(tmp_path: Path) -> None:
    filled(tmp_path / "whole.db", 300)
    with closing(sqlite3.connect(tmp_path / "whole.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA page_size = 8192")
        db.execute("VACUUM")
        assert db.execute("PRAGMA page_size").fetchone() == (8192,)
    damaged = bytearray((tmp_path / "whole.db").read_bytes())
    damaged[200:8192] = bytes(7992)  # the schema, so that SQLite reads nothing
    kept = repaired(tmp_path / "memory.db", bytes(damaged))
    assert {m.text for m in kept} == {m.text for m in sound(tmp_path / "whole.db")}


def sound(path: Path) -> list[Memory]:
    backend = SQLiteBackend(path)
    found = memories(backend)
    backend.close()
    return found


@pytest.mark.parametrize("column", ["text", "tags", "metadata", "entities", "context", "author", "type"])
def test_a_bad_byte_in_a_text_is_found_and_its_memory_kept(tmp_path: Path, column: str) -> None:
    path = tmp_path / "memory.db"
    filled(path, 50)
    db = sqlite3.connect(path)
    (value,) = db.execute(f"SELECT {column} FROM memory WHERE no & 4294967295 = 7").fetchone()
    bad = value.encode()[:3] + b"\xff" + value.encode()[4:]
    db.execute(f"UPDATE memory SET {column} = CAST(? AS TEXT) WHERE no & 4294967295 = 7", (bad,))
    db.commit()
    db.close()
    backend = SQLiteBackend(path)
    report = backend.check()
    assert [column in problem for problem in report.problems[:1]] == [True]
    if column not in ("author", "type"):  # the one only the index reads, the other is only shown
        with pytest.raises(DatabaseUnusable, match="damaged"):
            memories(backend)
    assert backend.repair().mended == 1
    assert backend.check().problems == ()
    kept = memories(backend)
    assert len(kept) == 50
    damaged = kept[6]
    assert damaged.text.endswith("said by Zoë.") or column == "text"
    assert damaged.tags  # a memory with tags never becomes one without
    backend.close()


@pytest.mark.parametrize(
    "column", ["digest", "said", "document", "position", "stream", "dated", "superseded_by", "zone"]
)
@pytest.mark.parametrize("value", ["CAST(x'61ff' AS TEXT)", "x'ff'", "1.5"])
def test_a_number_that_damage_made_something_else_is_found_and_its_memory_kept(
    tmp_path: Path, column: str, value: str
) -> None:
    path = tmp_path / "memory.db"
    filled(path, 12)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE memory SET {column} = {value} WHERE no & 4294967295 = 7")
    with closing(SQLiteBackend(path)) as backend:
        assert column in backend.check().problems[0]
        backend.repair()
        assert backend.check().problems == ()
        assert len(memories(backend)) == 12


@pytest.mark.parametrize("column", ["mentioned", "occurred", "occurred_end"])
def test_a_time_that_no_calendar_has_is_found_and_its_memory_kept(tmp_path: Path, column: str) -> None:
    path = tmp_path / "memory.db"
    filled(path, 50)
    db = sqlite3.connect(path)
    db.execute(f"UPDATE memory SET {column} = 1 << 60 WHERE no & 4294967295 = 7")
    db.commit()
    db.close()
    backend = SQLiteBackend(path)
    assert column in backend.check().problems[0]
    backend.repair()
    assert backend.check().problems == ()
    assert len(memories(backend)) == 50
    backend.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE bank SET no = no + 5",
        "UPDATE bank SET last = 1",
        "UPDATE bank SET last = 1 << 40",
        "UPDATE bank SET written = 1 << 60",
        "UPDATE document SET no = no + 1000 WHERE id = 'd0'",
        "UPDATE memory SET bank = bank + 3 WHERE no & 4294967295 = 7",
        "UPDATE memory SET no = no + (9 << 32) WHERE no & 4294967295 = 7",
        "UPDATE memory SET bank = 'x', no = no + (9 << 32) WHERE no & 4294967295 = 7",
        "UPDATE memory SET superseded_by = 77 WHERE no & 4294967295 = 7",
        "INSERT INTO derivation VALUES (5, 7)",
        "INSERT INTO pending VALUES (7, '')",
        "DELETE FROM erasing",
        "DELETE FROM tag WHERE tag = 'x'",
        "DELETE FROM bank",
    ],
)
def test_a_damaged_number_is_found_and_no_memory_lost(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "memory.db"
    filled(path, 50)
    db = sqlite3.connect(path)
    db.execute(damage)
    db.commit()
    db.close()
    backend = SQLiteBackend(path)
    assert not backend.check().ok
    backend.repair()
    assert backend.check().problems == ()
    kept = memories(backend)
    assert len(kept) == 50
    assert {m.document_id for m in kept} == {"d0"}
    backend.retain("b", "life goes on")
    backend.close()


def test_pages_of_an_unfinished_log_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    backend = SQLiteBackend(path)
    backend.retain("b", "in the log only")
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"\0" * 4096)
    copy.with_name("copy.db-wal").write_bytes(path.with_name("memory.db-wal").read_bytes())
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE TABLE sample (no INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT, created INTEGER NOT NULL,"
        " written INTEGER NOT NULL, last INTEGER NOT NULL, memories INTEGER NOT NULL)"
    )
    rows = list(carving.rows(copy, {"bank": carving.Shape.of(db, "sample")}))
    assert [(table, row[1]) for table, row in rows] == [("bank", "b")]
    db.close()
    backend.close()
