import csv
import io
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hindsight_teams.access.grants import Caller
from hindsight_teams.audit import AuditEvent, AuditSink, AuditStore, open_audit
from hindsight_teams.audit.hashing import link
from hindsight_teams.audit.journal import line_of
from hindsight_teams.errors import ConfigurationError, DatabaseUnusable, InvalidInput

ADA = Caller(team="desk", member="researcher", user="ada", session="s1", run="r1")
BO = Caller(team="desk", member="answerer", user="bo", session="s2", run="r2")
START = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def filled(store: AuditStore) -> AuditStore:
    for minute, event in enumerate(
        (
            AuditEvent.by(ADA, "retain", "allowed", bank="shared", bank_id="desk:shared", count=1, memory_ids=("m1",)),
            AuditEvent.by(ADA, "recall", "denied", bank="shared", bank_id="desk:shared", error="AccessDenied"),
            AuditEvent.by(BO, "recall", "allowed", bank="shared", bank_id="desk:shared", memory_ids=("m1", "m2")),
            AuditEvent.by(BO, "reflect", "error", bank="notes", bank_id="desk:notes:answerer", error="ServerFault"),
            AuditEvent.by(ADA, "retain", "quarantined", bank="shared", bank_id="desk:shared", count=1),
        )
    ):
        store.record(_at(event, minute))
    return store


def _at(event: AuditEvent, minute: int) -> AuditEvent:
    return AuditEvent.from_dict({**event.to_dict(), "at": (START + timedelta(minutes=minute)).isoformat()})


def test_a_store_is_a_sink(store: AuditStore) -> None:
    assert isinstance(store, AuditSink)


def test_what_was_recorded_comes_back(path: Path) -> None:
    event = AuditEvent.by(ADA, "recall", "allowed", bank="b", count=2, memory_ids=("m1", "m2"), duration_ms=1.25)
    with open_audit(path) as store:
        store.record(event)
    with open_audit(path, create=False) as store:
        assert store.query() == [event]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"member": "researcher"}, [0, 1, 4]),
        ({"user": "bo"}, [2, 3]),
        ({"session": "s1", "verb": "retain"}, [0, 4]),
        ({"run": "r2"}, [2, 3]),
        ({"bank": "shared"}, [0, 1, 2, 4]),
        ({"bank": "desk:notes:answerer"}, [3]),
        ({"memory_id": "m1"}, [0, 2]),
        ({"memory_id": "m"}, []),
        ({"memory_id": "desk"}, []),
        ({"memory_id": "other#m1"}, []),
        ({"outcome": "denied"}, [1]),
        ({"team": "other"}, []),
        ({"since": START + timedelta(minutes=3)}, [3, 4]),
        ({"until": START + timedelta(minutes=1)}, [0]),
        ({"limit": 2}, [3, 4]),
        ({"limit": 2, "member": "researcher"}, [1, 4]),
        ({"limit": 2, "session": "s1", "verb": "retain"}, [0, 4]),
        ({"limit": 9, "user": "nobody"}, []),
        ({"limit": 0}, []),
    ],
)
def test_events_are_found_by_each_field(filled: AuditStore, filters: dict[str, object], found: list[int]) -> None:
    events = filled.query()
    assert filled.query(**filters) == [events[n] for n in found]  # type: ignore[arg-type]


def test_who_saw_a_memory_names_readers_only(filled: AuditStore) -> None:
    assert [(event.member, event.verb) for event in filled.who_saw("m1")] == [("answerer", "recall")]


@pytest.mark.parametrize("bank", ["desk:shared", "desk#shared"])
def test_a_memory_is_found_with_its_bank_before_it(store: AuditStore, bank: str) -> None:
    store.record(AuditEvent(verb="recall", outcome="allowed", bank_id=bank, memory_ids=["m1"]))
    store.record(AuditEvent(verb="review", outcome="allowed", bank_id="desk:review:queue", memory_ids=[f"{bank}#m1"]))
    store.record(AuditEvent(verb="recall", outcome="allowed", bank_id="desk:notes", memory_ids=["m1"]))
    assert [event.verb for event in store.who_saw(f"{bank}#m1")] == ["recall", "review"]
    assert [event.bank_id for event in store.who_saw("desk:notes#m1")] == ["desk:notes"]
    assert len(store.who_saw("m1")) == 3


def test_what_a_member_did_in_a_run(filled: AuditStore) -> None:
    assert [event.verb for event in filled.what_did("answerer", "r2")] == ["recall", "reflect"]
    assert filled.what_did("answerer", "r1") == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(codec=None, categories=None), min_size=1, max_size=12))
def test_a_hostile_name_finds_its_own_events_only(store: AuditStore, name: str) -> None:
    before = len(store.query(member=name))
    store.record(AuditEvent(verb="recall", outcome="allowed", member=name))
    store.record(AuditEvent(verb="recall", outcome="allowed", member="x", reason=f'"member":"{name}"'))
    assert len(store.query(member=name)) == before + 1 + (name == "x")


def test_an_unknown_outcome_is_refused(store: AuditStore) -> None:
    with pytest.raises(InvalidInput, match="denied"):
        store.query(outcome="deny")  # type: ignore[arg-type]


def test_text_is_not_kept_unless_asked_for(path: Path) -> None:
    with open_audit(path) as store:
        store.record(AuditEvent(verb="retain", outcome="allowed", text="the sentinel"))
        assert store.query()[0].text is None
    assert all(b"sentinel" not in file.read_bytes() for file in path.parent.iterdir())


def test_text_that_is_kept_holds_no_keys(path: Path) -> None:
    with open_audit(path, keep_text=True) as store:
        store.record(AuditEvent(verb="retain", outcome="allowed", text="Ada's token is ghp_" + "a1B2" * 9))
        assert store.query()[0].text == "Ada's token is [redacted: GitHub token]"


def test_followers_get_each_new_event_once(store: AuditStore) -> None:
    store.record(AuditEvent(verb="old", outcome="allowed"))
    stop = threading.Event()
    following = store.follow(after=0, poll=0.001, stop=stop)
    assert next(following).event.verb == "old"
    store.record(AuditEvent(verb="recall", outcome="allowed"))
    assert next(following).event.verb == "recall"
    store.record(AuditEvent(verb="last", outcome="denied"))
    stop.set()
    assert [entry.event.verb for entry in following] == ["last"]


def test_a_follower_waits_for_an_event_of_another_thread(store: AuditStore) -> None:
    stop = threading.Event()
    following: Iterator[object] = store.follow(after=0, poll=0.001, stop=stop, member="bo")

    def write() -> None:
        for member in ("ada", "bo"):
            store.record(AuditEvent(verb="v", outcome="allowed", member=member))

    writer = threading.Timer(0.01, write)
    writer.start()
    assert getattr(next(following), "seq", None) == 2
    writer.join()


def test_an_exported_log_is_a_log(filled: AuditStore, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    with copy.open("w") as stream:
        assert filled.export(stream) == 5
    with open_audit(copy) as copied:
        assert copied.query() == filled.query()
        assert copied.verify(filled.head()).ok


def test_a_terminal_that_shows_an_exported_table_obeys_nothing_in_it(store: AuditStore) -> None:
    hostile = "a\x1b]0;t\x07\x1b[31m\x9b2J\x08\u202eb"
    store.record(AuditEvent(verb="recall", outcome="allowed", member=hostile, reason=hostile, memory_ids=(hostile,)))
    stream = io.StringIO(newline="")
    store.export(stream, format="csv")
    [row] = csv.DictReader(io.StringIO(stream.getvalue(), newline=""))
    assert {row["member"], row["reason"], row["memory_ids"]} == {"a]0;t[31m2Jb"}


def test_a_spreadsheet_takes_no_exported_name_for_a_formula(store: AuditStore) -> None:
    names = [f"{start}cmd()" for start in "=+-@\t\r\uff1d\uff0b"]
    for name in names:
        store.record(
            AuditEvent(verb="recall", outcome="allowed", member=name, memory_ids=("m1", "m2"), duration_ms=-1.5)
        )
    stream = io.StringIO(newline="")
    assert store.export(stream, format="csv", verb="recall") == len(names)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))
    assert [row["member"] for row in rows] == [f"'{name}" for name in names]
    assert {(row["memory_ids"], row["duration_ms"]) for row in rows} == {("m1 m2", "-1.5")}


def test_an_unknown_format_of_an_export_says_which_there_are(store: AuditStore) -> None:
    with pytest.raises(InvalidInput, match=r"format.*jsonl"):
        store.export(io.StringIO(), format="xml")  # type: ignore[arg-type]


def test_an_unknown_suffix_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.db .*\.jsonl"):
        open_audit(tmp_path / "audit.log")


def test_looking_at_a_log_that_does_not_exist_makes_none(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="audit log") as caught:
        open_audit(path, create=False)
    assert caught.value.details == {"path": str(path)}
    assert not path.exists()


def test_a_directory_is_no_audit_log(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(DatabaseUnusable) as caught:
        open_audit(path)
    assert str(path) not in str(caught.value)
    assert caught.value.details["path"] == str(path)


def test_another_database_is_left_alone(tmp_path: Path) -> None:

    path = tmp_path / "memory.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE banks (id)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusable):
        open_audit(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    path.write_text("hello " * 1000)
    with pytest.raises(DatabaseUnusable):
        open_audit(path)


@pytest.mark.parametrize("payload", ['{"at":"x"}', '{"at":"2025-01-01T00:00:00+00:00"}'])
def test_an_entry_that_holds_no_event_is_passed_over(store: AuditStore, path: Path, payload: str) -> None:
    store.record(AuditEvent(verb="one", outcome="allowed"))
    odd = link(store.head(), payload)
    if path.suffix == ".db":
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", odd[:4])
    else:
        with path.open("a") as file:
            file.write(f"{line_of(odd)}\n")
    store.record(AuditEvent(verb="two", outcome="allowed"))
    assert [event.verb for event in store.query()] == [event.verb for event in store.query(limit=9)] == ["one", "two"]
    assert [entry.seq for entry in store.entries(outcome="allowed")] == [1, 3]
    assert (store.export(io.StringIO()), store.verify().entries) == (2, 3)


def test_a_log_in_what_is_no_folder_is_refused_with_its_place(path: Path) -> None:
    path.parent.write_text("a file")
    with pytest.raises(DatabaseUnusable) as refused:
        open_audit(path)
    assert refused.value.details["path"] == str(path)
    assert refused.value.details["cause"]


def test_a_closed_store_leaves_nothing_beside_its_file_and_opens_again_for_the_next_event(
    store: AuditStore, path: Path
) -> None:
    for number in range(3):
        store.close()
        store.close()
        assert list(path.parent.iterdir()) == [path]
        assert store.head().seq == number
        store.record(AuditEvent(verb="recall", outcome="allowed"))
    assert store.verify().entries == 3


@pytest.mark.parametrize(
    ("wanted", "found"), [("m1", 2), ("desk:notes#m1", 1), ("desk:other#m1", 0), ("1", 0), ("s#m1", 0)]
)
def test_a_memory_of_another_bank_is_found_by_its_id_alone_and_with_its_bank(
    store: AuditStore, wanted: str, found: int
) -> None:
    for name in ("m1", "desk:notes#m1", "desk:notes#m11"):
        store.record(AuditEvent.by(ADA, "propose", "allowed", bank_id="desk:shared", memory_ids=(name,)))
    assert len(store.query(memory_id=wanted)) == found


@pytest.mark.parametrize("verb", ["retain", "forget", "delete", "propose", "approve", "reject", "revoke", "promote"])
def test_who_deleted_or_decided_did_not_see(store: AuditStore, verb: str) -> None:
    store.record(AuditEvent.by(ADA, verb, "allowed", memory_ids=("m1",)))
    assert store.who_saw("m1") == []
    store.record(AuditEvent.by(ADA, "review", "allowed", memory_ids=("m1",)))
    assert [event.verb for event in store.who_saw("m1")] == ["review"]


def test_who_saw_and_what_was_done_keep_to_the_time_that_is_asked_for(store: AuditStore) -> None:
    for minute in range(4):
        store.record(_at(AuditEvent.by(ADA, "recall", "allowed", memory_ids=("m1",)), minute))
    since, until = START + timedelta(minutes=1), START + timedelta(minutes=3)
    for found in (
        store.who_saw("m1", since=since, until=until),
        store.what_did("researcher", since=since, until=until),
    ):
        assert [event.at for event in found] == [START + timedelta(minutes=n) for n in (1, 2)]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list what is open")
def test_a_log_is_opened_once_and_given_back(store: AuditStore) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    store.close()
    before = opened()
    counts = []
    for _ in range(3):
        store.record(AuditEvent(verb="recall", outcome="allowed"))
        counts.append(opened())
    assert len(set(counts)) == 1
    store.close()
    assert opened() == before


def test_threads_share_a_log(store: AuditStore) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: store.record(AuditEvent(verb="recall", outcome="allowed")), range(12)))
    assert (store.verify().ok, store.verify().entries) == (True, 12)
