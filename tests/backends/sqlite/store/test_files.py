"""The files of the engine: their permissions, and what is left after a kill."""

import copy
import os
import pickle
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.store import leftovers, schema
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.writing import ensure_bank
from hindsight_teams.errors import ConfigurationError, DatabaseLocked, DatabaseUnusable, InvalidInput


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_every_file_is_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "new" / "data" / "memory.db"
    before = os.umask(umask)
    try:
        backend = SQLiteBackend(path)
        backend.retain("b", "tea")
        backend.backup(path.with_name("backup.db"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        backend.close()
    finally:
        os.umask(before)
    assert {"memory.db", "memory.db-wal", "memory.db-shm", "backup.db"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("leads_to", ["a file", "nowhere"])
def test_a_backup_follows_no_planted_link(tmp_path: Path, backend: SQLiteBackend, leads_to: str) -> None:
    backend.retain("b", "tea")
    precious = tmp_path / "precious"
    if leads_to == "a file":
        precious.write_text("precious")
    (tmp_path / "copy.db").symlink_to(precious)
    with pytest.raises(InvalidInput, match="exists"):
        backend.backup(tmp_path / "copy.db")
    assert precious.read_text() == "precious" if leads_to == "a file" else not precious.exists()


def test_a_link_that_leads_nowhere_makes_no_file(tmp_path: Path) -> None:
    (tmp_path / "memory.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(DatabaseUnusable, match="symbolic link"):
        SQLiteBackend(tmp_path / "memory.db").retain("b", "tea")
    assert not (tmp_path / "elsewhere.db").exists()


@pytest.mark.parametrize("half", ["empty", "log mode", "mark", "mark and record"])
def test_a_file_that_a_kill_left_half_made_is_finished(path: Path, half: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    if half != "empty":
        db.execute("PRAGMA journal_mode = WAL")
    if half.startswith("mark"):
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    if half == "mark and record":
        db.execute("CREATE TABLE migration (name TEXT PRIMARY KEY, applied INTEGER NOT NULL)")
    db.close()
    backend = SQLiteBackend(path)
    backend.retain("b", "tea")
    assert backend.check().problems == ()
    backend.close()


def test_a_repair_that_was_killed_before_its_last_step_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    good = SQLiteBackend(tmp_path / "good.db")
    good.retain("b", "saved")
    good.close()
    old = SQLiteBackend(path)
    old.retain("b", "damaged")
    old.close()
    os.replace(tmp_path / "good.db", leftovers.repaired(path))
    backend = SQLiteBackend(path)
    assert [m.text for m in backend.list_memories("b").memories] == ["saved"]
    [aside] = tmp_path.glob("memory.db.damaged-*")
    beside = SQLiteBackend(aside)
    assert [m.text for m in beside.list_memories("b").memories] == ["damaged"]
    beside.close()
    backend.close()
    assert not leftovers.repaired(path).exists()


def test_a_repair_that_was_killed_between_its_renames_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    good = SQLiteBackend(path)
    good.retain("b", "saved")
    good.close()
    os.replace(path, leftovers.repaired(path))
    backend = SQLiteBackend(path)
    assert [m.text for m in backend.list_memories("b").memories] == ["saved"]
    backend.close()


def test_parts_of_a_killed_backup_go_and_those_of_a_running_one_stay(tmp_path: Path) -> None:
    with leftovers.part_of(tmp_path / "copy.db") as running:
        dead = running.with_name(running.name.replace("copy.db", "old.db"))
        dead.write_text("left")
        link = running.with_name(running.name.replace("copy.db", "link.db"))
        link.symlink_to(tmp_path / "precious")
        journals = [part.with_name(f"{part.name}-journal") for part in (running, dead)]
        for journal in journals:
            journal.write_text("left")
        SQLiteBackend(tmp_path / "memory.db").retain("b", "tea")
        assert running.exists()
        assert not dead.exists()
        assert [journal.exists() for journal in journals] == [True, False]
        assert link.is_symlink()
    assert not running.exists()


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="this system removes no file that is open")
def test_a_part_that_another_process_clears_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fchmod = os.fchmod
    cleared: list[int] = []

    def meanwhile(descriptor: int, mode: int) -> None:
        fchmod(descriptor, mode)
        if not cleared:
            cleared.append(mode)
            leftovers.clear(tmp_path)

    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        backend.retain("b", "tea")
        monkeypatch.setattr(os, "fchmod", meanwhile)
        assert backend.backup(tmp_path / "copy.db") > 0
    assert cleared
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "memory.db"]


def test_an_old_sqlite_is_named_before_a_file_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(ConfigurationError, match=r"3\.35"):
        SQLiteBackend(tmp_path / "memory.db")
    assert list(tmp_path.iterdir()) == []


def test_a_backend_travels_to_another_process_by_its_path(path: Path) -> None:
    backend = SQLiteBackend(path, busy_timeout=3.0)
    backend.retain("b", "tea")
    for twin in (pickle.loads(pickle.dumps(backend)), copy.copy(backend), copy.deepcopy(backend)):
        assert [m.text for m in twin.list_memories("b").memories] == ["tea"]
        twin.close()
    backend.retain("b", "still open")
    backend.close()


def test_a_copy_finds_the_file_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SQLiteBackend("memory.db") as backend:
        backend.retain("b", "tea")
        sent = pickle.dumps(backend)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pickle.loads(sent) as twin:
        assert [m.text for m in twin.list_memories("b").memories] == ["tea"]


@pytest.mark.parametrize("instead", ["nothing", "a folder", "a link that leads nowhere"])
def test_what_is_no_file_is_not_repaired_and_nothing_takes_its_place(
    path: Path, backend: SQLiteBackend, instead: str
) -> None:
    backend.retain("b", "tea")
    path.unlink()
    if instead == "a folder":
        path.mkdir()
    elif instead != "nothing":
        path.symlink_to(path.with_name("nowhere.db"))
    with pytest.raises(DatabaseUnusable, match="no memory database to repair") as caught:
        backend.repair()
    assert caught.value.details == {"path": str(path)}
    assert not path.is_file()
    with pytest.raises(DatabaseUnusable):
        backend.retain("b", "into a new, empty file")


def test_a_writer_does_not_wait_for_the_connections_of_readers(path: Path) -> None:
    pool = Pool(path, busy_timeout=1.0, size=1)
    with pool.read() as reader:
        assert reader.execute("SELECT count(*) FROM bank").fetchone() == (0,)
        with pool.write() as writer:
            ensure_bank(writer, "b", now=1)
        assert reader.execute("SELECT count(*) FROM bank").fetchone() == (0,)
    with pool.read() as reader:
        assert reader.execute("SELECT count(*) FROM bank").fetchone() == (1,)
    pool.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts what this process has open")
def test_a_deleted_file_is_not_kept_open(tmp_path: Path) -> None:
    def visit(name: str) -> None:
        path = tmp_path / name
        with SQLiteBackend(path) as backend:
            backend.retain("b", "tea", tags=["drinks"])
            assert backend.delete_memories("b", tags=["drinks"]) == 1
        path.unlink()

    for number in range(4):
        visit(f"{number}.db")
    kept = [str(Path(f"/proc/self/fd/{number}").resolve()) for number in os.listdir("/proc/self/fd")]
    assert [file for file in kept if file.startswith(str(tmp_path))] == []


def test_a_file_that_somebody_holds_while_it_is_opened_first_is_locked(path: Path) -> None:
    with closing(SQLiteBackend(path)) as backend:
        backend.retain("b", "tea")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")  # as in a backup
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseLocked):
            SQLiteBackend(path, busy_timeout=0.05).retain("b", "coffee")


def test_a_file_in_a_folder_that_may_only_be_read_is_read_unless_a_log_holds_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SQLiteBackend(path)) as backend:
        backend.retain("b", "tea")
    connect = sqlite3.connect

    def refused(database: str, **options: Any) -> sqlite3.Connection:
        if "immutable" not in database:
            error = sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorname = "SQLITE_CANTOPEN"
            raise error
        opened: sqlite3.Connection = connect(database, **options)
        return opened

    monkeypatch.setattr(sqlite3, "connect", refused)
    with closing(SQLiteBackend(path)) as backend:
        assert [m.text for m in backend.list_memories("b").memories] == ["tea"]
    path.with_name(path.name + "-wal").touch()
    with closing(SQLiteBackend(path)) as backend, pytest.raises(DatabaseUnusable, match="can't be opened"):
        backend.list_memories("b")
