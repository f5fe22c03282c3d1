"""Changes to the file of an audit log, and their detection."""

import copy
import fcntl
import json
import os
import pickle
import sqlite3
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.audit import AuditEvent, AuditStore, Head, open_audit
from hindsight_teams.audit.database import SQLiteAuditStore
from hindsight_teams.audit.hashing import digest, link
from hindsight_teams.audit.journal import line_of
from hindsight_teams.audit.jsonl import JSONLinesAuditStore
from hindsight_teams.errors import ConfigurationError, DatabaseLocked, DatabaseUnusable


def record(store: AuditStore, *verbs: str) -> None:
    for verb in verbs:
        store.record(AuditEvent(verb=verb, outcome="allowed"))


def change(path: Path, *statements: str) -> None:
    """What somebody with the file can do: take away the triggers first."""
    db = sqlite3.connect(path, isolation_level=None)
    for trigger in ("no_update", "no_delete"):
        db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        db.execute(statement)
    db.close()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "audit.db"
    with open_audit(path) as store:
        record(store, "one", "two", "three")
    return path


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    with open_audit(path) as store:
        record(store, "one", "two", "three")
    return path


def test_an_entry_edited_and_hashed_again_breaks_the_next_one(lines: Path) -> None:
    first, second, third = lines.read_text().splitlines()
    head = Head(1, json.loads(first)["hash"])
    payload = second.partition(',"event":')[2][:-1].replace("two", "tow")
    lines.write_text("\n".join([first, line_of(link(head, payload)), third, ""]))
    with open_audit(lines) as store:
        assert store.verify().broken_at == 3


def test_the_last_entry_edited_and_hashed_again_is_told_by_the_database(database: Path) -> None:
    db = sqlite3.connect(database)
    seq, prev, event = db.execute("SELECT seq, prev, event FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    db.close()
    forged = event.replace("three", "forged")
    change(database, f"UPDATE entries SET event = '{forged}', hash = '{digest(seq, prev, forged)}' WHERE seq = {seq}")
    with open_audit(database) as store:
        assert store.verify().broken_at == 3


def test_tampering_after_a_torn_line_is_told(lines: Path) -> None:
    lines.write_bytes(lines.read_bytes()[:-20])
    with open_audit(lines) as store:
        record(store, "four", "five", "six")
        assert store.verify().only_torn
    lines.write_text(lines.read_text().replace("five", "fife"))
    with open_audit(lines) as store:
        result = store.verify()
    assert not result.only_torn
    assert [found.at for found in result.breaks] == [3, 4]


def test_an_entry_that_lacks_only_the_end_of_its_line_counts(lines: Path) -> None:
    lines.write_bytes(lines.read_bytes().removesuffix(b"\n"))
    with open_audit(lines) as store:
        for verbs in (["one", "two", "three"], ["one", "two", "three", "four"]):
            assert [event.verb for event in store.query()] == [event.verb for event in store.query(limit=9)] == verbs
            assert (store.head().seq, store.verify().ok) == (len(verbs), True)
            record(store, "four")
        assert [entry.event.verb for entry in store.entries(after=4)] == ["four"]


def test_a_destroyed_line_in_the_middle_does_not_pass_for_a_torn_one(lines: Path) -> None:
    first, second, third = lines.read_text().splitlines()
    lines.write_text("\n".join([first, second[:-30], third, ""]))
    with open_audit(lines) as store:
        assert not store.verify().only_torn


@pytest.mark.parametrize("added", ['"seen":false,', '"event":{"at":"x"},'])
def test_a_key_outside_the_hashed_part_is_told(lines: Path, added: str) -> None:
    lines.write_text(lines.read_text().replace('{"seq":2,', f'{{{added}"seq":2,'))
    with open_audit(lines) as store:
        assert store.verify().broken_at == 2


@pytest.mark.parametrize("what", ["record", "query", "query the last", "verify"])
def test_lines_that_a_stopped_process_holds_are_told_as_locked(
    lines: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("hindsight_teams.audit.jsonl.BUSY_SECONDS", 0.02)
    with open(lines, "rb") as other, open_audit(lines) as store:
        fcntl.flock(other, fcntl.LOCK_EX)
        calls: dict[str, Callable[[], object]] = {
            "record": lambda: record(store, "four"),
            "query": store.query,
            "query the last": lambda: store.query(limit=1),
            "verify": store.verify,
        }
        with pytest.raises(DatabaseLocked):
            calls[what]()
        fcntl.flock(other, fcntl.LOCK_UN)
        record(store, "four")
        assert store.verify().entries == 4


@pytest.mark.parametrize("kind", ["lines", "database"])
def test_a_thread_waits_no_longer_for_one_that_waits_than_for_the_lock(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path: Path = request.getfixturevalue(kind)
    monkeypatch.setattr("hindsight_teams.audit.jsonl.BUSY_SECONDS", 0.15)
    monkeypatch.setattr("hindsight_teams.audit.database.BUSY_SECONDS", 0.15)
    with ExitStack() as held, open_audit(path) as store, ThreadPoolExecutor(40) as threads:
        if kind == "lines":
            fcntl.flock(held.enter_context(open(path, "rb")), fcntl.LOCK_EX)
        else:
            held.enter_context(closing(sqlite3.connect(path, isolation_level=None))).execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        waiting = [threads.submit(record, store, "four") for _ in range(40)]
        assert {type(one.exception()) for one in waiting} == {DatabaseLocked}
        assert time.monotonic() - started < 40 * 0.15 / 2


def test_a_log_that_another_process_holds_is_told_as_locked(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hindsight_teams.audit.database.BUSY_SECONDS", 0.02)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_audit(database) as store:  # which can be read all the same
            assert len(store.query()) == 3
            with pytest.raises(DatabaseLocked):
                record(store, "four")
            other.execute("ROLLBACK")
            record(store, "four")
            assert store.verify().entries == 4


def test_a_log_of_the_version_before_goes_on(database: Path) -> None:
    change(database, "DROP TRIGGER appended", "DROP TABLE head", "PRAGMA user_version = 1")
    with open_audit(database) as store:
        record(store, "four")
        assert (store.verify().ok, store.verify().entries, store.head().seq) == (True, 4, 4)


def test_a_row_with_a_negative_number_is_told(database: Path) -> None:
    change(database, "INSERT INTO entries SELECT -5, prev, hash, event FROM entries WHERE seq = 2")
    with open_audit(database) as store:
        assert store.verify().broken_at == 1


@pytest.mark.parametrize(
    "deletion",
    [
        ["DELETE FROM entries"],
        ["DELETE FROM entries", "DELETE FROM head"],
        ["DELETE FROM entries WHERE seq = 3"],
        ["DELETE FROM entries WHERE seq >= 2", "DELETE FROM head"],
        ["UPDATE head SET seq = 1"],
        ["DELETE FROM head"],
    ],
)
@pytest.mark.parametrize("when", ["open", "closed"])
def test_a_database_goes_on_recording_after_rows_were_deleted_and_tells(
    database: Path, deletion: list[str], when: str
) -> None:
    with open_audit(database) as store:
        if when == "open":
            record(store, "four")
        change(database, *deletion)
        if deletion != ["UPDATE head SET seq = 1"]:
            assert not store.verify().ok
        record(store, "after")
        assert [event.verb for event in store.query(limit=1)] == ["after"]
        assert not store.verify().ok


def test_lines_taken_away_while_the_log_is_open_are_told(lines: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_audit(lines) as store:
        record(store, "four")
        end = str(store.head())
        os.truncate(lines, 0)
        with pytest.raises(DatabaseUnusable, match="cut"):
            record(store, "five")
        assert [event.verb for event in store.query()] == ["five"]
        assert store.verify().broken_at == 1
    [told] = caplog.records
    assert (told.name, told.levelname) == ("hindsight_teams.audit", "ERROR")
    assert "entries_were_removed_from_the_audit_log" in told.getMessage()
    assert end in told.getMessage()


def test_the_next_event_after_lines_were_taken_away_keeps_its_number(lines: Path) -> None:
    with open_audit(lines) as store:
        record(store, "four")
        os.truncate(lines, 0)
        with pytest.raises(DatabaseUnusable, match="cut"):
            record(store, "five")
        record(store, "six")
        assert [entry.seq for entry in store.entries()] == [5, 6]
        assert store.head().seq == 6


def test_an_event_that_was_written_in_part_does_not_spoil_the_next(
    lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def full(descriptor: int, data: bytes, /) -> int:
        write(descriptor, data[:20])
        raise OSError(28, "No space left on device")

    with open_audit(lines) as store:
        record(store, "four")
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(DatabaseUnusable, match="disk is full") as raised:
                record(store, "lost")
        assert raised.value.details["path"] == str(lines)
        record(store, "five")
        assert [(entry.seq, entry.event.verb) for entry in store.entries(after=3)] == [(4, "four"), (5, "five")]
        assert store.verify().ok


def test_an_event_that_the_system_takes_in_pieces_is_whole(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    with open_audit(lines) as store:
        record(store, "four", "five")
        assert [entry.event.verb for entry in store.entries(after=3)] == ["four", "five"]
        assert store.verify().ok


@pytest.mark.parametrize("filters", [{}, {"member": "m1"}], ids=["all", "filtered"])
def test_a_log_of_several_blocks_is_read_from_its_end(tmp_path: Path, filters: dict[str, str]) -> None:
    many = tuple(f"{n:030}" for n in range(1_000))
    with open_audit(tmp_path / "audit.jsonl") as store:
        for number in range(8):
            store.record(AuditEvent(verb=str(number), outcome="allowed", member=f"m{number % 2}", memory_ids=many))
        assert store.path.stat().st_size > 3 << 16
        wanted = [str(number) for number in range(8) if not filters or number % 2]
        assert [event.verb for event in store.query(limit=8, **filters)] == wanted  # type: ignore[arg-type]
        assert [event.verb for event in store.query(limit=2, **filters)] == wanted[-2:]  # type: ignore[arg-type]
    with open_audit(tmp_path / "audit.jsonl") as again:
        assert again.head().seq == 8
        record(again, "more")
        assert again.verify().ok


def test_a_database_of_thousands_of_entries_is_read_whole_from_either_end(tmp_path: Path) -> None:
    with open_audit(tmp_path / "audit.db") as store:
        head = store.head()
        with closing(sqlite3.connect(store.path)) as db, db:
            for number in range(2_500):
                event = AuditEvent(verb=str(number), outcome="allowed").canonical()
                entry = link(head, event)
                db.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (entry.seq, entry.prev, entry.hash, event))
                head = Head(entry.seq, entry.hash)
        verbs = [str(number) for number in range(2_500)]
        assert [event.verb for event in store.query()] == verbs
        assert [event.verb for event in store.query(limit=2_200)] == verbs[300:]
        assert (store.verify().entries, store.verify().ok) == (2_500, True)


@pytest.mark.parametrize("way", ["deleted", "replaced"])
def test_a_log_that_is_lost_while_open_is_noticed_at_the_next_event(path: Path, way: str, tmp_path: Path) -> None:
    with open_audit(path) as store:
        record(store, "one")
        if way == "replaced":
            open_audit(tmp_path / f"other{path.suffix}").close()
            os.replace(tmp_path / f"other{path.suffix}", path)
        else:
            path.unlink()
        with pytest.raises(DatabaseUnusable, match="deleted") as caught:
            record(store, "two")
        assert caught.value.details == {"path": str(path)}
        record(store, "three")
        assert [event.verb for event in store.query()] == ["three"]
        assert not store.verify().ok


def written_over(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)
        file.truncate(len(data))


@pytest.mark.skipif(not hasattr(os, "pread"), reason="this system lets nobody write into a file that is open")
@pytest.mark.parametrize("way", ["emptied", "halved", "zeroed", "another's"])
def test_a_log_that_somebody_writes_into_while_it_is_open_is_noticed_at_the_next_event(
    path: Path, way: str, tmp_path: Path
) -> None:
    with open_audit(tmp_path / f"other{path.suffix}") as other:
        record(other, *["theirs"] * 20)
    with open_audit(path) as store:
        record(store, "one")
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as db:
                db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        record(store, "two")  # so that it was seen at its full size
        size = path.stat().st_size
        if way == "another's":
            written_over(path, other.path.read_bytes())
        else:
            written_over(path, {"emptied": b"", "halved": path.read_bytes()[: size // 2], "zeroed": bytes(size)}[way])
        with pytest.raises(DatabaseUnusable, match="while it was open") as caught:
            record(store, "three")
        assert caught.value.details == {"path": str(path)}
        if path.suffix == ".jsonl" or way == "another's":  # a database without some of its pages may be of no use
            record(store, "four")
            assert [event.verb for event in store.query(limit=1)] == ["four"]


@pytest.mark.parametrize("way", ["while it is open", "while it is closed"])
def test_a_link_that_takes_the_place_of_an_open_log_is_not_followed(path: Path, way: str, tmp_path: Path) -> None:
    precious = tmp_path / f"precious{path.suffix}"
    with open_audit(path) as store, open_audit(precious) as another:
        record(another, "theirs")
        record(store, "one")
        if way == "while it is closed":
            store.close()
        path.unlink()
        path.symlink_to(precious)
        for verb in ("two", "three", "four"):
            with pytest.raises(DatabaseUnusable):
                record(store, verb)
        assert [event.verb for event in another.query()] == ["theirs"]


def test_a_file_that_has_another_name_is_no_log(path: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    path.parent.mkdir()
    os.link(precious, path)
    with pytest.raises(ConfigurationError, match=f"{path.name!r}.* another name"):
        open_audit(path)
    assert precious.read_text() == "precious"


def test_a_log_that_is_replaced_by_one_that_was_used_takes_the_next_event_but_one(path: Path, tmp_path: Path) -> None:
    other = tmp_path / f"other{path.suffix}"
    with open_audit(path) as store:
        record(store, "one", "two")
        with open_audit(other) as another:
            record(another, "three")
        os.replace(other, path)
        store.query(limit=1)  # a reader opens what lies there
        with pytest.raises(DatabaseUnusable, match="replaced"):
            record(store, "four")
        record(store, "five")
        assert [event.verb for event in store.query(limit=1)] == ["five"]


@pytest.mark.parametrize("way", ["deleted", "a link that leads nowhere"])
def test_who_reads_a_lost_log_makes_no_file_in_its_place(path: Path, way: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with open_audit(path) as store:
        record(store, "one")
        path.unlink()
        if way != "deleted":
            path.symlink_to(nowhere)
        if way == "deleted" or path.suffix == ".db":
            with pytest.raises(DatabaseUnusable):
                store.query()
        assert not path.exists()
        assert not nowhere.exists()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_log_is_for_its_owner_only(tmp_path: Path, path: Path, umask: int) -> None:
    place = tmp_path / "new" / "folder" / path.name
    before = os.umask(umask)
    try:
        with open_audit(place) as store:
            record(store, "one")
            modes = {stat.S_IMODE(file.stat().st_mode) for file in place.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {0o600}
    assert stat.S_IMODE(place.parent.stat().st_mode) == stat.S_IMODE(place.parent.parent.stat().st_mode) == 0o700


@pytest.mark.slow
def test_the_last_events_are_found_without_reading_the_log(path: Path) -> None:
    with open_audit(path) as store:
        for number in range(3_000):
            store.record(AuditEvent(verb="recall", outcome="allowed", run=str(number), member=f"m{number % 2}"))
        assert [event.run for event in store.query(limit=3)] == ["2997", "2998", "2999"]
        assert [event.run for event in store.query(limit=2, member="m0")] == ["2996", "2998"]
        assert store.query(limit=0) == []
        assert len(store.query(limit=5_000)) == 3_000


def test_a_log_travels_to_another_process_by_its_path(store: AuditStore) -> None:
    record(store, "one")
    for twin in (pickle.loads(pickle.dumps(store)), copy.copy(store)):
        record(twin, "again")
        twin.close()
    assert [event.verb for event in store.query()] == ["one", "again", "again"]


def test_a_follower_reads_on_in_a_log_whose_lines_were_taken_away(lines: Path) -> None:
    with open_audit(lines) as writer, open_audit(lines, create=False) as reader:
        assert [entry.seq for entry in reader.entries()] == [1, 2, 3]
        os.truncate(lines, 0)
        record(writer, "four")
        assert [entry.event.verb for entry in reader.entries(after=0)] == ["four"]


def test_a_follower_of_a_log_that_is_shorter_than_before_misses_no_entry(lines: Path) -> None:
    with open_audit(lines) as store:
        record(store, "four")
        assert [entry.seq for entry in store.entries()] == [1, 2, 3, 4]
        os.truncate(lines, 0)
        with pytest.raises(DatabaseUnusable, match="cut"):
            record(store, "five")
        assert [entry.event.verb for entry in store.entries(after=4)] == ["five"]


def test_a_log_that_was_read_to_its_end_gives_nothing_more(lines: Path) -> None:
    with open_audit(lines) as store:
        whole = lines.read_bytes()
        assert len(list(store.entries())) == 3
        lines.write_bytes(whole + b'{"seq":4')  # somebody is in the middle of a line
        assert list(store.entries(after=3)) == []
        assert [entry.seq for entry in store.entries(after=1)] == [2, 3]


@pytest.mark.parametrize("part", ["seq", "prev", "hash", "at"])
@pytest.mark.parametrize("lacks", [False, True], ids=["of another kind", "missing"])
def test_a_last_line_with_a_part_of_another_kind_or_without_it_is_told_and_the_log_goes_on(
    lines: Path, part: str, lacks: bool
) -> None:
    *before, last = lines.read_text().splitlines()
    entry = json.loads(last)
    value = entry["event"]["at"] if part == "at" else entry[part]
    wrong = '"3"' if part == "seq" else "5"
    other = f'"no":{json.dumps(value)}' if lacks else f'"{part}":{wrong}'
    lines.write_text("\n".join([*before, last.replace(f'"{part}":{json.dumps(value)}', other), ""]))
    with open_audit(lines) as store:
        assert store.head().seq == 2
        record(store, "four")
        assert [event.verb for event in store.query()] == ["one", "two", "four"]
        assert store.verify().broken_at == 3


def test_a_line_that_is_nested_too_deeply_is_told_and_the_log_goes_on(lines: Path) -> None:
    with lines.open("a") as out:
        out.write("[" * 99_999 + "\n")
    with open_audit(lines) as store:
        record(store, "four")
        assert [event.verb for event in store.query()] == ["one", "two", "three", "four"]
        assert not store.verify().ok


@pytest.mark.parametrize("ending", ["ABORT", "ROLLBACK"])
def test_an_append_that_fails_beyond_removed_rows_leaves_no_transaction_open(database: Path, ending: str) -> None:
    full = f"CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE({ending}, 'the disk is full'); END"
    with open_audit(database) as store:
        record(store, "four")
        change(database, "UPDATE head SET seq = 1", full)
        with pytest.raises(DatabaseUnusable) as caught:
            record(store, "lost")
        assert caught.value.details == {"path": str(database), "cause": "the disk is full"}
        change(database, "DROP TRIGGER full")
        record(store, "five")
        assert [event.verb for event in store.query()] == ["one", "two", "three", "four", "five"]
        assert not store.verify().ok


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list what is open")
def test_a_log_that_was_lost_while_open_is_let_go(path: Path) -> None:
    with open_audit(path) as store:
        record(store, "one")
        path.unlink()
        with pytest.raises(DatabaseUnusable, match="deleted"):
            record(store, "two")
        opened = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        assert [name for name in opened if name.startswith(f"{path} ")] == []


def test_a_byte_that_is_no_text_is_told_and_the_log_goes_on(lines: Path) -> None:
    first, second, third = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(first + second.replace(b"two", b"tw\xff") + third + b"\xff\xfe\n")
    with open_audit(lines) as store:
        assert store.verify().broken_at == 2
        assert store.head().seq == 3
        assert [event.verb for event in store.query(limit=1)] == ["three"]
        record(store, "four")
        assert [event.verb for event in store.query()][-2:] == ["three", "four"]


def test_an_entry_in_another_layout_is_none(lines: Path) -> None:
    *before, last = lines.read_text().splitlines(keepends=True)
    lines.write_text("".join(before) + json.dumps(json.loads(last)) + "\n")
    with open_audit(lines) as store:
        assert store.head().seq == 2
        assert [event.verb for event in store.query()] == ["one", "two"]
        assert not store.verify().ok
        record(store, "after")
        assert [(entry.seq, entry.event.verb) for entry in store.entries(after=2)] == [(3, "after")]


def test_the_first_entry_after_a_line_that_is_none_begins_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"no entry\n")
    with open_audit(path) as store:
        record(store, "one")
        [none, entry] = path.read_bytes().splitlines()
        assert (none, json.loads(entry)["event"]["verb"]) == (b"no entry", "one")
        assert store.head().seq == 1


@pytest.mark.parametrize("kind", [JSONLinesAuditStore, SQLiteAuditStore])
def test_a_store_that_is_told_nothing_keeps_no_text(
    tmp_path: Path, kind: type[JSONLinesAuditStore | SQLiteAuditStore]
) -> None:
    with kind(tmp_path / "audit") as store:
        store.record(AuditEvent(verb="recall", outcome="allowed", text="Where is the key?"))
        assert [event.text for event in store.query()] == [None]


def test_what_follows_a_gap_is_one_chain_again_and_the_gap_is_logged_once(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_audit(database) as store:
        record(store, "three and a half")
        end = str(store.head())
        change(database, "DELETE FROM head")
        seqs = []
        for verb in ("four", "five", "six"):
            record(store, verb)
            seqs.append(store.head().seq)
        assert seqs == [6, 7, 8]
        assert [found.at for found in store.verify().breaks] == [5]
    assert [(entry.name, entry.levelname) for entry in caplog.records] == [("hindsight_teams.audit", "ERROR")]
    assert "entries_were_removed" in caplog.text
    assert end in caplog.text


def test_who_reads_a_log_for_long_holds_up_no_event(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hindsight_teams.audit.database.BUSY_SECONDS", 0.02)
    with closing(sqlite3.connect(database, isolation_level=None)) as other, open_audit(database) as store:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM entries").fetchone() == (3,)
        record(store, "four")
        assert other.execute("SELECT count(*) FROM entries").fetchone() == (3,)
        assert store.verify().entries == 4


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list what is open")
def test_another_process_with_an_open_log_uses_a_connection_of_its_own(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened() -> int:
        links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return links.count(str(database))

    with open_audit(database) as store:
        record(store, "of the parent")
        before = opened()
        parent = os.getpid()
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: parent + 1)
            record(store, "of the child")
            assert opened() == before + 1
        assert [event.verb for event in store.query(limit=2)] == ["of the parent", "of the child"]
        assert store.verify().ok


def test_the_newest_events_are_shown_beside_one_that_can_not_be_read(database: Path) -> None:
    change(database, "UPDATE entries SET event = x'ff' WHERE seq = 2")
    with open_audit(database) as store:
        assert [event.verb for event in store.query(limit=5)] == ["one", "three"]
        assert store.verify().broken_at == 2


@pytest.mark.parametrize(
    ("application", "cause"),
    [(0x48544155, "written by a newer version of hindsight-teams"), (7, "another kind of database")],
)
def test_a_database_of_a_higher_version_is_told_by_whose_it_is(database: Path, application: int, cause: str) -> None:
    change(database, f"PRAGMA application_id = {application}", "PRAGMA user_version = 3")
    with pytest.raises(DatabaseUnusable) as caught:
        open_audit(database)
    assert caught.value.details == {"path": str(database), "cause": cause}


def test_a_full_disk_is_named_by_a_log_in_a_database(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def limited(*args: Any, **options: Any) -> sqlite3.Connection:
        """The same error as a full disk, without filling one."""
        connection: sqlite3.Connection = connect(*args, **options)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr(sqlite3, "connect", limited)
    with open_audit(database) as store, pytest.raises(DatabaseUnusable, match="disk is full"):
        record(store, *["four"] * 100)
    monkeypatch.undo()
    with open_audit(database) as store:
        record(store, "five")
        assert store.verify().ok
