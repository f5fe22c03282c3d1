"""Files that are moved, locked or damaged, and processes that are killed while they use them."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.store import rescue
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.errors import DatabaseLocked, DatabaseUnusable, InvalidInput
from hindsight_teams.models import RetainItem

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


def texts(backend: SQLiteBackend, bank: str = "b") -> list[str]:
    return [m.text for m in backend.list_memories(bank, limit=100_000).memories]


def writer(path: Path, acknowledged: int) -> None:
    """Retain, replace and delete without end, and say what is done."""
    backend = SQLiteBackend(path)
    for i in range(1_000_000):
        backend.retain("b", f"fact {os.getpid()} {i}", tags=[f"run:{os.getpid()}"])
        os.write(acknowledged, f"fact {os.getpid()} {i}\n".encode())
        if i % 7 == 0:
            backend.retain("d", f"version {i} of the plan", document_id="plan")
        if i % 11 == 10:
            gone = backend.retain("t", f"passing thought {i}").memory_ids
            backend.delete_memories("t", ids=gone)


@needs_fork
@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_process_loses_nothing_that_it_was_told_is_stored(path: Path, rounds: int) -> None:
    source = random.Random(7)
    expected: list[str] = []
    SQLiteBackend(path).retain("b", "the first fact")
    for _ in range(rounds):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                writer(path, writing)
            finally:
                os._exit(1)
        os.close(writing)
        first = os.read(reading, 4096)  # it works: now kill it at a random point
        threading.Event().wait(source.random() * 0.03)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        rest = b"".join(iter(lambda: os.read(reading, 65536), b""))  # noqa: B023
        os.close(reading)
        expected += (first + rest).decode().splitlines()
    backend = SQLiteBackend(path)
    held = texts(backend)
    report = backend.check()
    assert report.ok, report.problems
    assert [t for t in expected if t not in set(held)] == []
    assert len(texts(backend, "d")) <= 1
    assert len(expected) >= rounds
    backend.close()


@needs_fork
def test_a_forked_child_uses_the_backend_of_its_parent(backend: SQLiteBackend) -> None:
    backend.retain("b", "from the parent")
    child = os.fork()
    if child == 0:
        try:
            backend.retain("b", "from the child")
            os._exit(0 if len(backend.recall("b", "from parent child").results) == 2 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    backend.retain("b", "from the parent again")
    assert sorted(texts(backend)) == ["from the child", "from the parent", "from the parent again"]
    assert backend.check().ok


@pytest.mark.slow
def test_processes_that_open_a_new_file_at_once_all_succeed(path: Path) -> None:
    script = (
        "import sys; from hindsight_teams.backends.sqlite import SQLiteBackend; sys.stdin.read(1);"
        "SQLiteBackend(sys.argv[1]).retain('b', 'from ' + sys.argv[2])"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [subprocess.Popen([*command, str(i)], **pipes) for i in range(4)]
    failures = [process.communicate(b"go")[1] for process in started]
    assert failures == [b""] * 4
    backend = SQLiteBackend(path)
    assert sorted(texts(backend)) == [f"from {i}" for i in range(4)]
    backend.close()


@pytest.mark.slow
def test_readers_and_a_writer_in_threads_never_fail(backend: SQLiteBackend) -> None:
    backend.retain("b", "tea 0")
    errors: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                assert backend.recall("b", "tea").results
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for i in range(1, 60):
        backend.retain("b", f"tea {i}")
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert backend.bank_stats("b").memories == 60


_connect = sqlite3.connect


def limited(*args: Any, **options: Any) -> sqlite3.Connection:
    """A connection that fails as on a full disk, without filling one."""
    db: sqlite3.Connection = _connect(*args, **options)
    if args[0] != ":memory:":
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 4}")
    return db


def test_a_full_disk_refuses_a_write_and_keeps_the_rest(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SQLiteBackend(path)) as first:
        first.retain("b", "kept")
    monkeypatch.setattr(sqlite3, "connect", limited)
    backend = SQLiteBackend(path, threads=1)
    with pytest.raises(DatabaseUnusable, match="full"):
        backend.retain_batch("b", [RetainItem(f"{i} " + "word " * 200) for i in range(200)])
    assert texts(backend) == ["kept"]
    assert backend.check().ok
    backend.close()


def test_a_repair_on_a_full_disk_says_so_and_leaves_the_file_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SQLiteBackend(path)) as first:
        first.retain_batch("b", [RetainItem(f"tea fact {i}", tags=["x"]) for i in range(200)])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE memory SET tags = '[' WHERE no & 4294967295 = 7")
    monkeypatch.setattr(sqlite3, "connect", limited)
    with closing(SQLiteBackend(path)) as backend:
        with pytest.raises(DatabaseUnusable, match="full"):
            backend.repair()
        monkeypatch.undo()
        assert [file.name for file in path.parent.iterdir() if "part" in file.name or "repaired" in file.name] == []
        assert backend.repair().kept == 200


def test_a_reader_of_an_old_state_neither_blocks_nor_is_disturbed(path: Path) -> None:
    backend = SQLiteBackend(path, busy_timeout=0.1)
    backend.retain("b", "before")
    slow = sqlite3.connect(path, isolation_level=None)
    slow.execute("BEGIN")
    assert slow.execute("SELECT count(*) FROM memory").fetchone() == (1,)
    for i in range(50):
        backend.retain("b", f"after {i}")
    assert slow.execute("SELECT count(*) FROM memory").fetchone() == (1,)
    assert backend.delete_memories("b", ids=backend.recall("b", "before").results[0].id.split()) == 1
    assert backend.erase() is False
    slow.execute("COMMIT")
    slow.close()
    assert backend.erase() is True
    assert path.with_name("memory.db-wal").stat().st_size == 0
    backend.close()


def test_a_clock_that_goes_back_changes_no_order_and_no_state(path: Path) -> None:
    now = [datetime(2024, 5, 3, tzinfo=UTC)]
    backend = SQLiteBackend(path, clock=lambda: now[0])
    backend.retain("b", "first")
    now[0] = datetime(1970, 1, 1, tzinfo=UTC)
    backend.retain("b", "second")
    assert texts(backend) == ["first", "second"]
    assert backend.bank_stats("b").last_write_at == datetime(2024, 5, 3, tzinfo=UTC)
    assert backend.check().ok
    backend.close()


def test_a_sound_file_has_no_problems(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(f"fact {i}", document_id=f"d{i % 3}", tags=["x"]) for i in range(50)])
    backend.delete_memories("b", document_id="d1")
    report = backend.check()
    assert (report.ok, report.problems, report.memories) == (True, (), 33)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM words WHERE rowid IN (SELECT no FROM memory LIMIT 3)",
        "DELETE FROM memory WHERE no IN (SELECT no FROM memory LIMIT 3)",
        "UPDATE bank SET memories = 7",
        "DELETE FROM words_content",
        "DELETE FROM words_data WHERE id > 10",
        "DELETE FROM document",
    ],
)
def test_what_does_not_agree_is_found_and_repaired(backend: SQLiteBackend, path: Path, damage: str) -> None:
    backend.retain_batch("b", [RetainItem(f"tea fact {i}", document_id="d") for i in range(20)])
    db = sqlite3.connect(path)
    db.execute(damage)
    db.commit()
    db.close()
    report = backend.check()
    assert not report.ok
    assert report.problems
    repaired = backend.repair()
    assert backend.check().problems == ()
    assert repaired.kept == len(texts(backend)) >= 17
    assert len(backend.recall("b", "tea fact").results) == repaired.kept
    backend.retain("b", "life goes on")


@pytest.mark.slow
def test_memories_outside_damaged_pages_are_rescued(backend: SQLiteBackend, path: Path) -> None:
    stored = [f"tea fact number {i} with some more words" for i in range(2_000)]
    backend.retain_batch("b", [RetainItem(t, metadata={"author": "nora"}, tags=["x"]) for t in stored])
    backend.close()
    db = sqlite3.connect(path)
    pages = [p for (p,) in db.execute("SELECT pageno FROM dbstat WHERE name = 'memory' AND pagetype = 'leaf'")]
    db.close()
    with path.open("r+b") as file:
        for page in pages[len(pages) // 2 : len(pages) // 2 + 3]:
            file.seek((page - 1) * 4096)
            file.write(os.urandom(4096))
    again = SQLiteBackend(path)
    assert not again.check().ok
    report = again.repair()
    assert report.damaged is not None
    assert report.damaged.exists()
    assert 1_500 < report.kept < 2_000
    assert report.kept + report.lost == 2_000
    assert again.check().problems == ()
    kept = again.list_memories("b", limit=5_000).memories
    assert {m.text for m in kept} <= set(stored)
    assert len(kept) == report.kept
    assert kept[0].author == "nora"
    assert again.recall("b", kept[-1].text).results
    again.close()


def test_a_corrupt_page_is_a_typed_error_that_names_the_remedy(backend: SQLiteBackend, path: Path) -> None:
    backend.retain_batch("b", [RetainItem(f"tea fact {i}") for i in range(500)])
    backend.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(DatabaseUnusable, match="repair"):
        SQLiteBackend(path).recall("b", "tea")


def test_repair_refuses_while_another_process_has_the_file(backend: SQLiteBackend, path: Path) -> None:
    backend.retain("b", "tea")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM memory").fetchone()
    with pytest.raises(DatabaseLocked):
        backend.repair()
    other.close()
    assert texts(backend) == ["tea"]


def test_nobody_writes_into_a_file_while_it_is_repaired(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written then would be in the old file only."""
    with closing(SQLiteBackend(path)) as first:
        first.retain_batch("b", [RetainItem(f"tea fact {i}", tags=["x"]) for i in range(20)])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE memory SET tags = '[' WHERE no & 4294967295 = 7")
    read, outcomes = rescue.rescue, list[str]()

    def meanwhile(*args: Any, **options: Any) -> rescue.Rescued:
        found = read(*args, **options)
        with closing(SQLiteBackend(path, busy_timeout=0.05)) as other:
            try:
                other.retain("b", "meanwhile")
                outcomes.append("stored")
            except DatabaseLocked:
                outcomes.append("locked")
        return found

    monkeypatch.setattr(rescue, "rescue", meanwhile)
    with closing(SQLiteBackend(path)) as backend:
        assert backend.repair().kept == 20
        assert outcomes == ["locked"]
        backend.retain("b", "afterwards")
        assert backend.check().problems == ()


def test_a_backup_is_a_whole_database_of_its_own(backend: SQLiteBackend, tmp_path: Path) -> None:
    backend.retain("b", "tea")
    size = backend.backup(tmp_path / "copy.db")
    backend.retain("b", "later")
    copy = SQLiteBackend(tmp_path / "copy.db")
    assert (texts(copy), copy.check().ok) == (["tea"], True)
    assert size > 0
    assert not (tmp_path / "copy.db-wal").exists() or copy.health().ok
    copy.close()
    with pytest.raises(InvalidInput, match="exists"):
        backend.backup(tmp_path / "copy.db")
    with pytest.raises(DatabaseUnusable):
        backend.backup(tmp_path / "nowhere" / "copy.db")


def sentinel_in_bytes(path: Path) -> bool:
    needles = [b"xylophonist", b"Xylophonist", b"xylophon", b"secretdoc", b"secrettag", b"ghostwriter"]
    files = [f for f in path.parent.iterdir() if f.name.startswith(path.name)]
    return any(needle in file.read_bytes() for file in files for needle in needles)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["ids", "document", "tags", "bank", "replace"])
def test_a_deleted_memory_is_gone_from_the_bytes_of_the_file(backend: SQLiteBackend, path: Path, way: str) -> None:
    for i in range(300):
        backend.retain("b", f"ordinary fact {i} about tea")
    receipt = backend.retain(
        "s" if way == "bank" else "b",
        "Xylophonist in the attic",
        tags=["secrettag"],
        document_id="secretdoc",
        metadata={"author": "ghostwriter"},
        context="xylophonist",
        entities=["Xylophonist"],
    )
    for i in range(300):
        backend.retain("b", f"ordinary fact {i} about coffee")
    assert sentinel_in_bytes(path)
    if way == "ids":
        assert backend.delete_memories("b", ids=receipt.memory_ids) == 1
    elif way == "document":
        assert backend.delete_memories("b", document_id="secretdoc") == 1
    elif way == "tags":
        assert backend.delete_memories("b", tags=["secrettag"]) == 1
    elif way == "bank":
        assert backend.delete_bank("s") == 1
    else:
        backend.retain("b", "nothing here", document_id="secretdoc")
        backend.delete_memories("b", document_id="secretdoc")
    assert not sentinel_in_bytes(path)
    assert backend.check().ok


@pytest.mark.slow
def test_nothing_is_left_open_at_exit(path: Path) -> None:
    script = (
        "import sys, asyncio, logging; from hindsight_teams.backends.sqlite import SQLiteBackend\n"
        "logging.getLogger('asyncio').setLevel(logging.ERROR)\n"  # a busy machine's slow steps are warnings
        "backend = SQLiteBackend(sys.argv[1])\n"
        "async def main():\n"
        "    await asyncio.gather(*(backend.aretain('b', f'fact {i}') for i in range(20)))\n"
        "asyncio.run(main()); asyncio.run(main())\n"
        "print(len(backend.list_memories('b').memories))\n"
    )
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("20\n", "")


def test_an_error_that_somebody_keeps_keeps_neither_a_snapshot_nor_a_lock(path: Path) -> None:
    """It keeps the cursors of its frames; a write on an old snapshot fails at once, as locked."""
    backend, other = SQLiteBackend(path), SQLiteBackend(path)
    backend.retain("b", "the first fact")
    pool = Pool(path, busy_timeout=0.1, size=2)

    def read(db: sqlite3.Connection) -> None:
        found = db.execute("SELECT name FROM migration")
        found.fetchone()
        raise KeyError("half read")

    def failed() -> KeyError:
        with pytest.raises(KeyError) as caught, pool.read() as db:
            read(db)
        return caught.value

    kept = [failed()]
    other.retain("b", "the second fact")
    with pool.write() as db:
        assert db.execute("SELECT count(*) FROM memory").fetchone() == (2,)
    kept.append(failed())
    for user in (pool, backend, other):
        user.close()
    assert SQLiteBackend(path).repair().kept == 2  # which needs the file for itself
    assert [error.args for error in kept] == [("half read",)] * 2
