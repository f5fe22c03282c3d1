"""Erasing does not wait for others, others do not wait for it, and it is finished."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams import TeamMemory
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.store import erasing
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.upkeep import Upkeep
from hindsight_teams.errors import BackendError, DatabaseUnusable
from hindsight_teams.models import RetainItem

needs_pread = pytest.mark.skipif(not hasattr(os, "pread"), reason="this system can't read at a place")


@pytest.fixture
def snapshot(path: Path, backend: SQLiteBackend) -> sqlite3.Connection:
    """Somebody who reads an older state of a file that holds 200 memories."""
    backend.retain_batch("b", [RetainItem(f"tea fact {i}", tags=[f"n:{i}"]) for i in range(200)])
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM memory").fetchone()
    return reader


def seconds(work: object) -> float:
    assert callable(work)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def test_a_delete_and_a_retain_do_not_wait_for_a_reader(backend: SQLiteBackend, snapshot: sqlite3.Connection) -> None:
    # With a busy_timeout of ten seconds a single wait would show.
    assert seconds(lambda: backend.delete_memories("b", tags=["n:7"])) < 5
    assert backend.erase_due()
    assert seconds(lambda: backend.retain("b", "one more")) < 5
    assert seconds(lambda: backend.delete_memories("b", tags=["n:8"])) < 5
    snapshot.execute("ROLLBACK")
    snapshot.close()
    assert backend.erase()
    assert not backend.erase_due()


def test_nobody_in_another_process_waits_either(
    backend: SQLiteBackend, snapshot: sqlite3.Connection, path: Path
) -> None:
    backend.delete_memories("b", tags=["n:7"])
    script = (
        "import sys, time; from hindsight_teams.backends.sqlite import SQLiteBackend\n"
        "backend = SQLiteBackend(sys.argv[1]); backend.recall('b', 'tea')\n"
        "started = time.perf_counter()\n"
        "backend.delete_memories('b', tags=['n:8']); backend.retain('b', 'from elsewhere')\n"
        "print(time.perf_counter() - started < 5, backend.erase_due())\n"
    )
    run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout == "True True\n"
    snapshot.close()


BESIDE = 15.0
"""Seconds of writing beside a reader, in each of two processes."""

PAIRS = """
import sys, time
from hindsight_teams.backends.sqlite import SQLiteBackend

def seconds(work, *arguments, **options):
    started = time.perf_counter()
    work(*arguments, **options)
    return time.perf_counter() - started

def pairs(read, free, most):
    backends, found, begun = [SQLiteBackend(read), SQLiteBackend(free)], [], time.perf_counter()
    number = 0
    while time.perf_counter() - begun < most:
        number += 1
        for verb in ("retain", "delete"):
            took = []
            for backend in backends:
                if verb == "retain":
                    took.append(seconds(backend.retain, "b", f"fact {sys.argv[0]} {number}", tags=[f"no:{number}"]))
                else:
                    took.append(seconds(backend.delete_memories, "b", tags=[f"no:{number}"]))
            found.append(took)
    for backend in backends:
        backend.close()
    return found
"""


@pytest.mark.slow
def test_a_snapshot_open_for_thirty_seconds_holds_up_no_writer(
    backend: SQLiteBackend, snapshot: sqlite3.Connection, path: Path
) -> None:
    """Each delete and retain beside a reader, and the same in a file that nobody reads, turn by turn."""
    free = path.with_name("free.db")
    alone = SQLiteBackend(free)
    alone.retain_batch("b", [RetainItem(f"tea fact {i}", tags=[f"n:{i}"]) for i in range(200)])
    alone.close()
    here: dict[str, Any] = {}
    exec(PAIRS, here)
    told = here["pairs"](path, free, BESIDE)
    script = PAIRS + f"print(pairs(sys.argv[1], sys.argv[2], {BESIDE}))"
    command = [sys.executable, "-c", script, str(path), str(free)]
    told += json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert snapshot.execute("SELECT count(*) FROM memory").fetchone() == (200,)
    assert len(told) > 20
    extra = sorted(beside - free for beside, free in told)
    assert extra[len(extra) // 2] < 0.1
    # A machine that is busy holds up the one as often as the other.
    assert sum(beside > 0.1 for beside, _ in told) <= 3 * sum(free > 0.1 for _, free in told) + len(told) // 50
    assert sum(beside for beside, _ in told) <= 3 * sum(free for _, free in told) + 0.1
    snapshot.close()
    assert backend.erase()


def test_erasing_is_finished_when_the_reader_ends(backend: SQLiteBackend, snapshot: sqlite3.Connection) -> None:
    backend.delete_memories("b", tags=["n:7"])
    snapshot.close()
    waited = threading.Event()
    for _ in range(200):
        if not backend.erase_due():
            return
        waited.wait(0.05)
    pytest.fail("it was not finished by itself")


def test_erasing_is_finished_at_the_next_open(path: Path, snapshot: sqlite3.Connection, backend: SQLiteBackend) -> None:
    backend.retain("b", "Xylophonist in the attic", tags=["secret"])
    script = (
        "import os, sys; from hindsight_teams.backends.sqlite import SQLiteBackend\n"
        "backend = SQLiteBackend(sys.argv[1]); backend.delete_memories('b', tags=['secret']); os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == 9
    backend.close()
    snapshot.close()
    again = SQLiteBackend(path)
    assert again.erase_due()
    again.close()
    assert not any(b"ylophon" in file.read_bytes() for file in path.parent.iterdir())


def test_a_delete_whose_erasing_fails_is_told_as_done(
    backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    team = TeamMemory("t", banks={"b": "team"}, members={"a": {"b": "full"}}, backend=backend)
    member = team.member("a")
    member.retain("Xylophonist in the attic", caller=member.bound(user="ada"))

    def fail(*_: object, **__: object) -> bool:
        raise DatabaseUnusable("the disk is full")

    monkeypatch.setattr(erasing, "erase", fail)
    report = team.forget(user="ada", dry_run=False)
    assert (report.deleted, report.erased) == (1, False)
    assert team.forget(user="ada").count == 0
    # The upkeep may try at the same time, and warns with a name of its own.
    [warned] = [record.getMessage() for record in caplog.records if record.name == erasing.__name__]
    assert json.loads(warned) == {"event": "erasing_failed", "error": "the disk is full"}
    monkeypatch.undo()
    assert backend.erase()


@needs_pread
def test_a_file_whose_bytes_can_not_be_written_keeps_no_delete_back(
    backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backend.retain("b", "Xylophonist in the attic", document_id="d")

    def refused(path: Path) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(erasing, "descriptor", refused)
    assert backend.delete_memories("b", document_id="d") == 1
    assert "erasing_failed" in caplog.text
    with pytest.raises(DatabaseUnusable, match="may be written"):
        backend.erase()
    monkeypatch.undo()
    assert backend.erase_due()
    backend.retain("b", "Tea in the attic")  # its background work is alive
    assert backend.erase()


@needs_pread
@pytest.mark.parametrize("pages", [2, 4_096])
def test_erasing_goes_through_the_whole_file_in_steps(path: Path, monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    monkeypatch.setattr(erasing, "_SCRUB_PAGES", pages)
    monkeypatch.setattr(erasing, "_MERGE_PAGES", pages)
    backend = SQLiteBackend(path)
    for i in range(240):  # banks are ranges of row numbers, so rows of one move those of the next
        item = RetainItem(f"Sentinel{i:03}sentinel " * (1 + i % 5), tags=[f"n:{i % 3}"])
        backend.retain_batch(f"b{i % 4}", [item])
    for bank in range(4):
        backend.delete_memories(f"b{bank}", tags=["n:0"], tags_match="all_strict")
    assert backend.erase()
    data = b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))
    assert [i for i in range(240) if i % 3 == 0 and f"Sentinel{i:03}".encode() in data] == []
    assert sum(f"Sentinel{i:03}".encode() in data for i in range(240)) == 160
    assert backend.check().problems == ()
    backend.close()


@pytest.mark.parametrize("count", [120, pytest.param(600, marks=pytest.mark.slow)])
@needs_pread
def test_no_copy_of_a_deleted_row_is_left_in_the_middle_of_a_page(path: Path, count: int) -> None:
    backend = SQLiteBackend(path)
    for i in range(count):  # banks are ranges of row numbers, so rows of one move those of the next
        backend.retain(f"b{i % 12}", f"Sentinel{i:04}sentinel " * (1 + i % 5), tags=[f"n:{i}"])
    for i in range(0, count, 3):
        backend.delete_memories(f"b{i % 12}", tags=[f"n:{i}"])
    assert backend.erase()
    data = path.read_bytes()
    assert [i for i in range(0, count, 3) if f"Sentinel{i:04}".encode() in data] == []
    assert backend.check().problems == ()
    backend.close()


def erase_in(path: Path) -> SQLiteBackend:
    backend = SQLiteBackend(path)
    backend.retain("b", "tea")
    backend.delete_bank("b")
    assert backend.erase()
    return backend


@needs_pread
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list what is open")
def test_a_process_keeps_no_descriptor_of_files_that_it_has_closed(tmp_path: Path) -> None:
    erase_in(tmp_path / "first.db").close()
    before = len(os.listdir("/proc/self/fd"))
    for number in range(5):
        erase_in(tmp_path / f"{number}.db").close()
    assert len(os.listdir("/proc/self/fd")) <= before


@needs_pread
def test_a_connection_that_is_closed_takes_no_lock_from_another_one(path: Path) -> None:
    with closing(SQLiteBackend(path)) as one:
        one.retain("b", "tea")
        with closing(SQLiteBackend(path)) as two:
            two.retain("b", "milk")
        script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM bank'); db.close()"
        subprocess.run([sys.executable, "-S", "-c", script, path], check=True)
        assert path.with_name("memory.db-wal").exists()  # the last to close the file would remove it
        one.retain("b", "rum")
        assert one.bank_stats("b").memories == 3


def test_erasing_in_other_files_takes_no_lock_from_a_file_that_is_open(tmp_path: Path) -> None:
    with erase_in(tmp_path / "open.db"):
        erase_in(tmp_path / "other.db").close()
        erase_in(tmp_path / "another.db").close()
        script = (
            "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=0)\n"
            "try: db.execute('PRAGMA journal_mode = DELETE')\n"
            "except sqlite3.OperationalError as error: print(error)\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "open.db")], capture_output=True, text=True, check=True
        )
        assert run.stdout == "database is locked\n"


@pytest.mark.slow
def test_a_writer_goes_on_while_a_large_file_is_erased(path: Path) -> None:
    backend = SQLiteBackend(path)
    for start in range(0, 40_000, 5_000):
        backend.retain_batch(
            "b", [RetainItem(f"tea fact {i} of many", tags=["x"]) for i in range(start, start + 5_000)]
        )
    backend.retain("b", "Xylophonist in the attic", tags=["secret"])
    assert backend.delete_memories("b", tags=["secret"]) == 1
    for i in range(50):
        backend.retain("b", f"one more fact {i}")
    backend.close()
    assert b"ylophon" not in path.read_bytes()
    again = SQLiteBackend(path)
    assert again.check().problems == ()
    assert again.bank_stats("b").memories == 40_050
    again.close()


@pytest.mark.parametrize("way", ["deleted", "replaced", "log"])
def test_a_file_that_is_lost_while_open_is_noticed_before_the_next_acknowledgement(
    path: Path, way: str, tmp_path: Path
) -> None:
    backend = SQLiteBackend(path)
    backend.retain("b", "before")
    other = SQLiteBackend(tmp_path / "other" / "memory.db")
    other.retain("b", "of another file")
    other.close()
    if way == "deleted":
        path.unlink()
    elif way == "replaced":
        os.replace(other.path, path)
    else:
        path.with_name("memory.db-wal").unlink()
    with pytest.raises(BackendError, match=r"deleted|replaced") as caught:
        backend.retain("b", "after")
    assert caught.value.details == {"path": str(path)}
    if way == "deleted":
        assert not backend.health().ok
        with pytest.raises(BackendError, match="deleted"):
            backend.retain("b", "after")
        assert not path.exists()
        os.replace(other.path, path)
    backend.retain("b", "after")
    expected = {"deleted": ["of another file"], "replaced": ["of another file"], "log": ["before"]}[way]
    assert [m.text for m in backend.list_memories("b").memories] == [*expected, "after"]
    assert backend.check().problems == ()
    backend.close()


@needs_pread
@pytest.mark.parametrize("way", ["emptied", "halved", "zeroed", "a backup", "another's"])
def test_a_file_that_somebody_writes_into_while_it_is_open_is_noticed_before_the_next_acknowledgement(
    path: Path, way: str, tmp_path: Path
) -> None:
    with closing(SQLiteBackend(tmp_path / "other" / "memory.db")) as other:
        other.retain("b", "of another file")
    with closing(SQLiteBackend(path)) as backend:
        backend.retain("b", "before")
        backend.backup(tmp_path / "backup.db")
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        backend.retain("b", "seen at its full size")
        size = path.stat().st_size
        data = {
            "emptied": b"",
            "halved": path.read_bytes()[: size // 2],
            "zeroed": bytes(size),
            "a backup": (tmp_path / "backup.db").read_bytes(),
            "another's": other.path.read_bytes(),
        }[way]
        with path.open("r+b") as file:
            file.write(data)
            file.truncate(len(data))
        with pytest.raises(DatabaseUnusable, match="while it was open") as caught:
            backend.retain("b", "after")
        assert caught.value.details == {"path": str(path)}
        if way in ("a backup", "another's"):  # what was put there is as it was put there
            expected = "before" if way == "a backup" else "of another file"
            assert [m.text for m in backend.list_memories("b").memories] == [expected]
            assert backend.check().problems == ()
        elif way in ("halved", "zeroed"):
            with pytest.raises(DatabaseUnusable):
                backend.retain("b", "after")


@needs_pread
@pytest.mark.parametrize("moment", ["before the look", "during the look"])
@pytest.mark.parametrize("what", ["emptied its log", "began its log anew", "vacuumed", "restored", "restored in part"])
def test_what_another_process_does_to_a_file_through_sqlite_is_no_alarm(
    path: Path, what: str, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SQLiteBackend(path)) as backend, closing(sqlite3.connect(path, isolation_level=None)) as other:
        backend.retain_batch("b", [RetainItem(f"before {number} {'tea ' * 1000}", tags=["t"]) for number in range(9)])
        backend.backup(tmp_path / "backup.db")
        backend.delete_memories("b", tags=["t"])
        backend.retain("b", "seen at its full size")
        fstat, identity, done = os.fstat, os.stat(path).st_ino, False

        def act() -> None:
            nonlocal done
            done = True
            if what == "vacuumed":
                other.execute("VACUUM")
            if what.startswith("restored"):
                with closing(sqlite3.connect(tmp_path / "backup.db")) as copy:
                    copy.backup(other)
            if what == "began its log anew":
                other.execute("PRAGMA journal_size_limit = 0")
                other.execute("PRAGMA wal_checkpoint(PASSIVE)")
                other.execute("UPDATE bank SET name = 'tea'")
            elif what != "restored in part":
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        def interrupted(descriptor: int) -> os.stat_result:
            found = fstat(descriptor)
            if found.st_ino == identity and not done:
                act()
            return found

        if moment == "during the look":
            monkeypatch.setattr(os, "fstat", interrupted)
        else:
            act()
        for number in range(3):
            backend.retain("b", f"after {number}")
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
        monkeypatch.undo()
        assert done
        after = {f"after {number}" for number in range(3)}
        if what.startswith("restored") and moment == "during the look":  # the first came before it
            after -= {"after 0"}
        assert after <= {memory.text for memory in backend.list_memories("b", limit=200).memories}
        assert backend.check().problems == ()


@needs_pread
@pytest.mark.parametrize("auto", [0, 1])
def test_a_file_that_becomes_smaller_without_a_new_vacuum_is_no_alarm(path: Path, auto: int) -> None:
    with closing(SQLiteBackend(path)) as one, closing(sqlite3.connect(path, isolation_level=None)) as other:
        one.retain_batch("b", [RetainItem(f"before {number} {'tea ' * 1000}", tags=["t"]) for number in range(99)])
        if not auto:
            one.delete_memories("b", tags=["t"])
        size = path.stat().st_size
        other.execute(f"PRAGMA auto_vacuum = {auto}")
        other.execute("VACUUM")
        assert path.stat().st_size == size  # the log still holds what VACUUM wrote
        with closing(SQLiteBackend(path)) as two:
            two.retain("b", "after")
            if auto:
                other.execute("PRAGMA wal_checkpoint(PASSIVE)")
                two.retain("b", "seen at its full size")
                size = path.stat().st_size
                two.delete_memories("b", tags=["t"])
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
            assert path.stat().st_size < size
            two.retain("b", "after all")
        assert {"after", "after all"} <= {memory.text for memory in one.list_memories("b").memories}
        assert one.check().problems == ()


@needs_pread
def test_a_written_file_is_put_apart_by_one_of_the_processes_that_notice(path: Path, tmp_path: Path) -> None:
    with closing(SQLiteBackend(path)) as one, closing(SQLiteBackend(path)) as two:
        one.retain("b", "before")
        one.backup(tmp_path / "backup.db")
        two.retain("b", "lost")
        path.write_bytes((tmp_path / "backup.db").read_bytes())
        with pytest.raises(DatabaseUnusable, match="written over"):
            one.retain("b", "lost too")
        one.retain("b", "kept")
        with pytest.raises(DatabaseUnusable, match="replaced"):
            two.retain("b", "refused")
        two.retain("b", "kept as well")
        texts = [memory.text for memory in one.list_memories("b").memories]
        assert sorted(texts) == ["before", "kept", "kept as well"]
        assert one.check().problems == ()


@pytest.mark.slow
def test_processes_that_write_delete_erase_and_reopen_at_once_raise_no_alarm(path: Path) -> None:
    script = (
        "import sys, random; from hindsight_teams.backends.sqlite import SQLiteBackend\n"
        "source = random.Random(sys.argv[2]); backend = SQLiteBackend(sys.argv[1])\n"
        "for i in range(150):\n"
        "    backend.retain('b', f'note {i} {sys.argv[2]}', tags=[f't:{i % 5}'])\n"
        "    if source.random() < .3: backend.delete_memories('b', tags=[f't:{source.randrange(5)}'])\n"
        "    if source.random() < .1: backend.close(); backend = SQLiteBackend(sys.argv[1])\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(path), str(i)], stderr=subprocess.PIPE) for i in range(4)
    ]
    assert [process.communicate()[1] for process in started] == [b""] * 4
    with closing(SQLiteBackend(path)) as backend:
        assert backend.erase()
        assert backend.check().problems == ()


def test_a_write_into_a_file_that_is_lost_meanwhile_is_not_acknowledged(path: Path) -> None:
    backend = SQLiteBackend(path)
    backend.retain("b", "before")

    class Meanwhile(list[RetainItem]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            path.unlink(missing_ok=True)
            return super().__iter__()

    with pytest.raises(DatabaseUnusable, match="deleted"):
        backend.retain_batch("b", Meanwhile([RetainItem("after")]))
    backend.close()


def test_a_delete_in_a_small_file_has_erased_when_it_returns(path: Path, backend: SQLiteBackend) -> None:
    backend.retain("b", "Xylophonist in the attic", document_id="d")
    assert backend.delete_memories("b", document_id="d") == 1
    assert not backend.erase_due()
    assert b"ylophon" not in b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


@pytest.mark.parametrize("spare", [-1, 0])
def test_a_delete_erases_at_once_in_a_file_of_up_to_so_many_pages(
    path: Path, backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    backend.retain("b", "Xylophonist in the attic", document_id="d")
    with closing(sqlite3.connect(path)) as other:
        (pages,) = other.execute("PRAGMA page_count").fetchone()
    erasers: list[threading.Thread] = []

    def noted(*_: object, **__: object) -> bool:
        erasers.append(threading.current_thread())
        return True

    monkeypatch.setattr(erasing, "_AT_ONCE", pages + spare)
    monkeypatch.setattr(erasing, "erase", noted)
    assert backend.delete_memories("b", document_id="d") == 1
    assert (threading.current_thread() in erasers) is (spare == 0)
    monkeypatch.undo()
    assert backend.erase()


@pytest.mark.parametrize("ending", ["ABORT", "ROLLBACK"])
@pytest.mark.parametrize("step", ["merged", "erased"])
def test_a_step_that_fails_leaves_no_transaction_open_and_says_why(
    path: Path, backend: SQLiteBackend, step: str, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    backend.retain("b", "Xylophonist in the attic", document_id="d")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(
            f"CREATE TRIGGER full BEFORE UPDATE ON erasing WHEN NEW.{step} > OLD.{step}"
            f" BEGIN SELECT RAISE({ending}, 'the disk is full'); END"
        )
        assert backend.delete_memories("b", document_id="d") == 1
        assert "the disk is full" in caplog.text
        assert backend.erase_due()
        backend.retain("b", "Tea in the attic")
        other.execute("DROP TRIGGER full")
    assert backend.erase()
    assert [m.text for m in backend.list_memories("b").memories] == ["Tea in the attic"]
    assert b"ylophon" not in b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def middles(data: bytes, page: int) -> dict[int, list[tuple[int, int]]]:
    """Where the unused middle of each page begins and ends, by the kind of page."""
    found: dict[int, list[tuple[int, int]]] = {}
    for at in range(0, len(data), page):
        head = at + (100 if at == 0 else 0)
        kind = data[head]
        if kind in (0x02, 0x05, 0x0A, 0x0D):
            cells = int.from_bytes(data[head + 3 : head + 5], "big")
            begin = head + (12 if kind in (0x02, 0x05) else 8) + 2 * cells
            found.setdefault(kind, []).append((begin, at + int.from_bytes(data[head + 5 : head + 7], "big")))
    return found


@needs_pread
@pytest.mark.parametrize("pages", [20, 4_096])
def test_the_unused_middle_of_every_kind_of_page_is_zeroed_and_nothing_beside_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    monkeypatch.setattr(erasing, "_SCRUB_PAGES", pages)
    with SQLiteBackend(path) as backend:
        backend.retain_batch("b", [RetainItem(f"Lamp {n}.", tags=[f"n:{n}"]) for n in range(300)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE erasing SET deleted = deleted + 1, merged = deleted + 1")
        (own,) = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'erasing'").fetchone()
        (page,) = other.execute("PRAGMA page_size").fetchone()
    data, wanted = bytearray(path.read_bytes()), bytearray(path.read_bytes())
    kinds = middles(bytes(data), page)
    assert set(kinds) == {0x02, 0x05, 0x0A, 0x0D}
    for places in kinds.values():
        for begin, end in places:
            data[begin:end] = b"#" * (end - begin)
            wanted[begin:end] = bytes(end - begin)
    path.write_bytes(data)
    with SQLiteBackend(path) as backend:
        assert backend.erase()
        assert backend.check().problems == ()
    left = path.read_bytes()
    # The first page counts the changes, and that of the table in which erasing keeps its place is written after it.
    numbers = [number for number in range(1, len(data) // page) if number != own - 1]
    assert [n for n in numbers if left[n * page : (n + 1) * page] != wanted[n * page : (n + 1) * page]] == []
    assert b"#" not in left[:page]


@needs_pread
@pytest.mark.parametrize("pages", [40, 4_096])
def test_a_power_cut_leaves_what_was_deleted_erased_or_still_to_be_erased(
    path: Path, monkeypatch: pytest.MonkeyPatch, pages: int, tmp_path: Path
) -> None:
    """At each statement the files are copied as a power cut may leave them: without any zero that is not synchronized."""
    monkeypatch.setattr(erasing, "_SCRUB_PAGES", pages)
    with closing(SQLiteBackend(path)) as backend:
        backend.retain_batch("b", [RetainItem(f"Xylophonist {n} in the attic.", document_id="d") for n in range(40)])
        backend.retain_batch("b", [RetainItem(f"Lamp {n}.") for n in range(40)])
    data = bytearray(path.read_bytes())
    for begin, end in middles(bytes(data), 4_096)[0x0A][-5:]:  # as if SQLite had moved rows from there
        data[begin:end] = (b"ylophonist" * 410)[: end - begin]
    path.write_bytes(data)
    pending: list[tuple[int, bytes]] = []
    states: list[Path] = []
    write, sync, connect = os.pwrite, os.fsync, sqlite3.connect

    def noted(descriptor: int, zeros: bytes, at: int, /) -> int:
        pending.append((at, os.pread(descriptor, len(zeros), at)))
        return write(descriptor, zeros, at)

    def synchronized(descriptor: int) -> None:
        sync(descriptor)
        pending.clear()

    def copied(statement: str) -> None:
        if not statement.upper().startswith(("BEGIN IMMEDIATE", "UPDATE ERASING", "PRAGMA WAL")):
            return
        states.append(tmp_path / f"state-{len(states)}" / "memory.db")
        states[-1].parent.mkdir()
        data = bytearray(path.read_bytes())
        for at, old in reversed(pending):
            data[at : at + len(old)] = old
        states[-1].write_bytes(data)
        log = path.with_name("memory.db-wal")
        if log.exists():
            states[-1].with_name("memory.db-wal").write_bytes(log.read_bytes())

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*arguments, **options)
        db.set_trace_callback(copied)
        return db

    monkeypatch.setattr(os, "pwrite", noted)
    monkeypatch.setattr(os, "fsync", synchronized)
    monkeypatch.setattr(sqlite3, "connect", traced)
    with closing(SQLiteBackend(path)) as backend:
        assert backend.delete_memories("b", document_id="d") == 40
        assert not backend.erase_due()
    monkeypatch.undo()
    told = set()
    for state in states:
        with closing(sqlite3.connect(state)) as db:
            (deleted, due) = db.execute("SELECT deleted, deleted > erased FROM erasing").fetchone()
        assert due or not deleted or b"ylophonist" not in state.read_bytes()
        told.add((deleted > 0, due))
    assert told == {(False, 0), (True, 1), (True, 0)}


@needs_pread
@pytest.mark.parametrize("damage", ["holds a row", "ends before it begins", "ends beyond the page"])
def test_a_page_whose_unused_middle_can_not_be_right_is_left_for_a_repair(path: Path, damage: str) -> None:
    with SQLiteBackend(path) as backend:
        backend.retain_batch("b", [RetainItem(f"Lamp {n}.") for n in range(100)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE erasing SET deleted = deleted + 1, merged = deleted + 1")
    data = bytearray(path.read_bytes())
    page = int.from_bytes(data[16:18], "big")
    at = data.index(b"Lamp 50.") // page * page
    rows = sorted(int.from_bytes(data[n : n + 2], "big") for n in range(at + 8, at + 12, 2))
    assert data[at] == 0x0D
    assert rows[0] < rows[1]
    end = {"holds a row": rows[1], "ends before it begins": 9, "ends beyond the page": page + 1}[damage]
    data[at + 5 : at + 7] = end.to_bytes(2, "big")
    path.write_bytes(data)
    with SQLiteBackend(path) as backend:
        assert backend.erase()
    assert path.read_bytes()[at : at + page] == data[at : at + page]


@pytest.mark.parametrize(("times", "done"), [(1, True), (19, True), (20, False)])
def test_erasing_tries_again_when_a_write_comes_between_but_not_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch, times: int, done: bool
) -> None:
    exclusive, here, left = Pool.exclusive, threading.current_thread(), times

    with SQLiteBackend(path) as backend, closing(sqlite3.connect(path, isolation_level=None)) as other:
        backend.retain("b", "Tea in the attic")
        other.execute("UPDATE erasing SET deleted = deleted + 1, merged = deleted + 1")

        @contextmanager
        def after_a_write(pool: Pool) -> Iterator[sqlite3.Connection]:
            nonlocal left
            if left and threading.current_thread() is here:
                left -= 1
                other.execute("UPDATE erasing SET merged = merged + 1")
            with exclusive(pool) as db:
                yield db

        monkeypatch.setattr(Pool, "exclusive", after_a_write)
        assert backend.erase() is done
        assert (left, backend.erase_due()) == (0, not done)
        assert backend.erase()
        assert not backend.erase_due()


@pytest.mark.parametrize("between", [2, 3])
def test_what_is_written_during_a_merge_does_not_end_it_early(
    path: Path, monkeypatch: pytest.MonkeyPatch, between: int
) -> None:
    exclusive, numbers = Pool.exclusive, iter(range(1, 6 * between + 1))
    with SQLiteBackend(path) as backend:
        backend.retain("b", "Xylophonist in the attic")
    with SQLiteBackend(path) as backend, closing(sqlite3.connect(path, isolation_level=None)) as other:
        rows = ((n, f"lamp {n * 7919} {n * 104729} {n * 1299709}") for n in range(1_000, 3_000))
        other.execute("BEGIN")
        other.executemany("INSERT INTO words (rowid, terms) VALUES (?, ?)", rows)
        other.execute("COMMIT")
        other.execute("INSERT INTO words (words) VALUES ('optimize')")
        other.execute("DELETE FROM words WHERE rowid = (SELECT no FROM memory WHERE text LIKE 'Xylo%')")
        other.execute("DELETE FROM memory WHERE text LIKE 'Xylo%'")

        @contextmanager
        def before_writes(pool: Pool) -> Iterator[sqlite3.Connection]:
            with exclusive(pool) as db:
                yield db
            for number in islice(numbers, between):
                other.execute("INSERT INTO words (rowid, terms) VALUES (?, ?)", (number, f"tea {number}"))

        monkeypatch.setattr(erasing, "_MERGE_PAGES", 1)
        monkeypatch.setattr(Pool, "exclusive", before_writes)
        assert backend.erase()
        assert next(numbers, None) is None
        blocks = [block for (block,) in other.execute("SELECT block FROM words_data")]
        assert [block for block in blocks if b"ylophon" in block] == []
        settings = dict(other.execute("SELECT k, v FROM words_config"))
    assert settings.get("usermerge", 4) == 4


def test_a_merge_ends_though_another_process_never_stops_writing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exclusive, numbers, steps = Pool.exclusive, count(1_000_000), count()
    with SQLiteBackend(path) as backend:
        backend.retain_batch("b", [RetainItem(f"Xylophonist {n} in the attic", tags=["x"]) for n in range(300)])
    with SQLiteBackend(path) as backend, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM words WHERE rowid IN (SELECT no FROM memory WHERE no % 2)")
        other.execute("DELETE FROM memory WHERE no % 2")

        @contextmanager
        def before_writes(pool: Pool) -> Iterator[sqlite3.Connection]:
            with exclusive(pool) as db:
                yield db
            assert next(steps) < 100
            for number in islice(numbers, 12):
                other.execute(
                    "INSERT INTO words (rowid, terms) VALUES (?, ?)", (number, f"tea {number} {number * 7919}")
                )

        monkeypatch.setattr(erasing, "_MERGE_PAGES", 4)
        monkeypatch.setattr(Pool, "exclusive", before_writes)
        assert backend.erase()
        assert not backend.erase_due()


def test_a_delete_returns_in_time_and_its_erasing_goes_on(
    path: Path, backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.retain("b", "Xylophonist in the attic", document_id="d")
    monkeypatch.setattr(erasing, "_AT_ONCE_SECONDS", -1)
    monkeypatch.setattr(Upkeep, "wrote", lambda *_, **__: None)
    assert backend.delete_memories("b", document_id="d") == 1
    assert backend.erase_due()
    assert backend.erase()
    assert b"ylophon" not in b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_a_merge_that_is_stopped_half_way_is_not_recorded_as_done(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SQLiteBackend(path) as backend:
        backend.retain("b", "Xylophonist in the attic")
    with closing(sqlite3.connect(path)) as other, other:
        rows = ((n, f"lamp {n * 7919} {n * 104729} {n * 1299709}") for n in range(1_000, 3_000))
        other.executemany("INSERT INTO words (rowid, terms) VALUES (?, ?)", rows)
        other.execute("DELETE FROM words WHERE rowid = (SELECT no FROM memory)")
        other.execute("DELETE FROM memory")
    monkeypatch.setattr(erasing, "_MERGE_PAGES", 1)
    monkeypatch.setattr(Upkeep, "wrote", lambda *_, **__: None)
    asked = iter([False, False, True])
    pool = Pool(path, busy_timeout=1, size=2)
    assert not erasing.erase(pool, stop=lambda: next(asked, True))
    with pool.read() as db:
        assert db.execute("SELECT merged < deleted FROM erasing").fetchone() == (1,)
    pool.close()
