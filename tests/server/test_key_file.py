"""The store of member keys."""

from __future__ import annotations

import json
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.errors import ConfigurationError, InvalidInput
from hindsight_teams.server.key_file import KeyStore


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys.json")


def test_a_key_tells_whose_it_is(store: KeyStore) -> None:
    key_id, key = store.create("desk", "researcher")
    record = store.verify(key)
    assert record is not None
    assert (record.id, record.team, record.member, record.admin) == (key_id, "desk", "researcher", False)
    assert record.created.utcoffset() is not None
    assert record.created.microsecond == 0


def test_a_key_can_be_recognised_and_not_guessed(store: KeyStore) -> None:
    keys = [store.create("desk", "researcher")[1] for _ in range(3)]
    assert all(re.fullmatch(r"htm_[0-9a-f]{10}_[A-Za-z0-9_-]{43}", key) for key in keys)
    assert len({key.split("_", 2)[2] for key in keys}) == 3


def test_the_file_holds_no_key_and_is_its_owners_alone(store: KeyStore) -> None:
    key_id, key = store.create("desk", "researcher")
    store.create("desk", "answerer")
    text = store.path.read_text()
    assert key_id in text
    assert key not in text
    assert key.split("_", 2)[2] not in text
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert repr(store.list()[0].sha256) not in repr(store.list()[0])


@pytest.mark.parametrize(
    "change", [lambda k: k[:-1], lambda k: k + "A", lambda k: k[:-1] + "!", str.upper, lambda k: ""]
)
def test_what_is_not_exactly_a_key_does_not_count(store: KeyStore, change: object) -> None:
    _, key = store.create("desk", "researcher")
    assert callable(change)
    assert store.verify(change(key)) is None
    assert store.verify(None) is None


def test_the_secret_of_one_key_does_not_open_with_the_id_of_another(store: KeyStore) -> None:
    one, key = store.create("desk", "researcher")
    other, _ = store.create("desk", "ops", admin=True)
    assert store.verify(key.replace(one, other)) is None


def test_a_revoked_key_stops_to_count_at_once_in_another_process_too(store: KeyStore) -> None:
    key_id, key = store.create("desk", "researcher")
    _, kept = store.create("desk", "answerer")
    server = KeyStore(store.path)
    assert server.verify(key)
    first = store.revoke(key_id)
    assert server.verify(key) is None
    assert server.verify(kept)
    assert store.revoke(key_id).revoked == first.revoked
    assert [record.active for record in server.list()] == [False, True]


def test_a_new_key_counts_at_once(store: KeyStore) -> None:
    server = KeyStore(store.path)
    assert server.list() == []
    _, key = store.create("desk", "ops", admin=True)
    record = server.verify(key)
    assert record is not None
    assert record.admin


def test_an_unknown_key_id_is_refused_with_the_nearest(store: KeyStore) -> None:
    key_id, _ = store.create("desk", "researcher")
    with pytest.raises(InvalidInput, match=f"'{key_id}'"):
        store.revoke(key_id[:-1] + "x")


def test_a_member_in_place_of_a_key_is_refused_with_the_keys_that_it_has(store: KeyStore) -> None:
    gone, _ = store.create("desk", "researcher")
    store.revoke(gone)
    counts, _ = store.create("desk", "researcher")
    store.create("desk", "writer")
    with pytest.raises(InvalidInput, match=f"'researcher'; that is a member, whose keys are '{counts}'$"):
        store.rotate("researcher")


@pytest.mark.parametrize(
    ("team", "member", "named"),
    [("", "a", "team=''"), ("desk", " ", "member=' '"), (7, "a", "team=7"), ("t", None, "member=None")],
)
def test_a_key_needs_a_team_and_a_member(store: KeyStore, team: Any, member: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{named} "):
        store.create(team, member)
    assert not store.path.exists()


def test_keys_are_listed_in_the_order_in_which_they_were_made(store: KeyStore) -> None:
    made = [store.create("desk", f"m{number}")[0] for number in range(5)]
    assert [record.id for record in KeyStore(store.path).list()] == made
    assert [record.member for record in store.list()] == [f"m{number}" for number in range(5)]
    assert json.loads(store.path.read_text())["version"] == 2


def test_keys_made_at_the_same_time_are_all_kept(store: KeyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda n: KeyStore(store.path).create("desk", f"m{n}")[0], range(24)))
    assert {record.id for record in store.list()} == made
    assert len(made) == 24


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "[]", '{"version": 1}', '{"version": 1, "keys": [{}]}', "\xff"]
)
def test_a_damaged_file_is_an_error_and_lets_nobody_in(store: KeyStore, text: str) -> None:
    _, key = store.create("desk", "researcher")
    store.path.write_text(text, encoding="latin-1")
    for act in (store.list, lambda: store.verify(key), lambda: store.create("desk", "b")):
        with pytest.raises(ConfigurationError, match=r"keys\.json.*damaged"):
            act()
    assert store.path.read_text(encoding="latin-1") == text


def test_a_file_of_a_newer_version_is_an_error(store: KeyStore) -> None:
    store.create("desk", "researcher")
    store.path.write_text(json.dumps({**json.loads(store.path.read_text()), "version": 3}))
    with pytest.raises(ConfigurationError, match="version 3"):
        store.list()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize(
    ("mode", "works"), [(0o600, True), (0o644, True), (0o620, False), (0o602, False), (0o666, False)]
)
def test_a_file_that_others_can_write_is_an_error(store: KeyStore, mode: int, works: bool) -> None:
    _, key = store.create("desk", "researcher")
    store.path.chmod(mode)
    if works:
        assert store.verify(key)
        return
    with pytest.raises(ConfigurationError, match="chmod 600") as caught:
        store.verify(key)
    assert caught.value.details == {"path": str(store.path)}


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_all_files_of_a_store_are_their_owners_alone(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "deep" / "er" / "keys.json")
    before = os.umask(0)
    try:
        _, key = store.create("desk", "researcher")
        assert store.verify(key)
    finally:
        os.umask(before)
    assert {p.name: stat.S_IMODE(p.stat().st_mode) for p in store.path.parent.iterdir()} == {
        "keys.json": 0o600,
        "keys.json.used": 0o600,
        ".keys.json.lock": 0o600,
        ".keys.json.used.lock": 0o600,
    }
    assert [stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "deep", tmp_path / "deep" / "er")] == [0o700, 0o700]


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_planted_lock_makes_no_file_and_no_key(store: KeyStore) -> None:
    target = store.path.with_name("elsewhere")
    store.path.with_name(f".{store.path.name}.lock").symlink_to(target)
    with pytest.raises(ConfigurationError, match=repr(store.path.name)):
        store.create("desk", "a")
    assert not target.exists()
    assert not store.path.exists()


def test_where_there_are_no_keys_nothing_is_made_but_by_creating_one(store: KeyStore) -> None:
    assert store.list() == []
    assert store.last_used() == {}
    assert store.verify("htm_0000000000_" + "A" * 43) is None
    for change in (store.rotate, store.revoke):
        with pytest.raises(InvalidInput, match="'0000000000'"):
            change("0000000000")
    assert list(store.path.parent.iterdir()) == []


def test_a_failed_change_leaves_the_file_as_it_was(store: KeyStore) -> None:
    store.create("desk", "researcher")
    before = store.path.read_bytes()
    with pytest.raises(InvalidInput):
        store.revoke("nothing")
    assert store.path.read_bytes() == before
    assert sorted(p.name for p in store.path.parent.iterdir() if "lock" not in p.name) == ["keys.json"]


def test_a_change_that_can_not_be_written_leaves_nothing_behind(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create("desk", "researcher")
    before = store.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((OSError, ConfigurationError)):
        store.create("desk", "answerer")
    assert store.path.read_bytes() == before
    assert sorted(p.name for p in store.path.parent.iterdir() if "lock" not in p.name) == ["keys.json"]


def test_a_key_file_is_whole_on_the_disk_before_it_replaces_the_old_one(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    store.create("desk", "researcher")
    assert synced == [store.path.stat().st_size]


def test_a_path_that_can_hold_no_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="can't be"):
        KeyStore(tmp_path / "file" / "keys.json").create("desk", "a")
    with pytest.raises(ConfigurationError, match="can't be"):
        KeyStore(tmp_path).list()


class TestLifetime:
    @pytest.fixture
    def now(self) -> list[datetime]:
        """The time, to be set."""
        return [datetime(2026, 1, 1, tzinfo=UTC)]

    @pytest.fixture
    def store(self, tmp_path: Path, now: list[datetime]) -> KeyStore:
        return KeyStore(tmp_path / "keys.json", clock=lambda: now[-1])

    def test_a_key_stops_to_count_when_its_time_is_over(self, store: KeyStore, now: list[datetime]) -> None:
        _, key = store.create("desk", "a", lifetime=timedelta(days=90))
        now.append(datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC))
        assert store.verify(key) is not None
        now.append(datetime(2026, 4, 1, tzinfo=UTC))
        assert store.verify(key) is None
        assert [record.active_at(now[-1]) for record in store.list()] == [False]

    @pytest.mark.parametrize("lifetime", [timedelta(), timedelta(days=-1), timedelta.max])
    def test_a_lifetime_that_can_not_be_is_refused(self, store: KeyStore, lifetime: timedelta) -> None:
        with pytest.raises(InvalidInput):
            store.create("desk", "a", lifetime=lifetime)
        assert store.list() == []

    def test_the_shortest_lifetime_is_a_second(self, store: KeyStore, now: list[datetime]) -> None:
        _, key = store.create("desk", "a", lifetime=timedelta(seconds=1))
        assert store.verify(key)
        with pytest.raises(InvalidInput, match="second"):
            store.create("desk", "a", lifetime=timedelta(milliseconds=999))
        now.append(now[-1] + timedelta(seconds=1))
        assert store.verify(key) is None

    def test_a_grace_period_is_not_negative_and_a_second_at_least(self, store: KeyStore) -> None:
        key_id, key = store.create("desk", "a")
        for grace in (timedelta(seconds=-1), timedelta(milliseconds=1), timedelta.max):
            with pytest.raises(InvalidInput):
                store.rotate(key_id, grace=grace)
        assert store.verify(key)
        assert len(store.list()) == 1

    def test_an_expired_key_is_not_rotated(self, store: KeyStore, now: list[datetime]) -> None:
        key_id, _ = store.create("desk", "a", lifetime=timedelta(hours=1))
        now.append(now[-1] + timedelta(hours=1))
        with pytest.raises(InvalidInput, match=repr(key_id)):
            store.rotate(key_id)

    def test_what_a_rotation_writes_down(self, store: KeyStore, now: list[datetime]) -> None:
        old_id, _ = store.create("desk", "a")
        now.append(now[-1] + timedelta(days=1))
        store.rotate(old_id)
        old, new = store.list()
        assert (old.revoked, old.created, new.created, new.revoked) == (now[1], now[0], now[1], None)
        assert old.sha256 != new.sha256
        later, _ = store.rotate(new.id, grace=timedelta(hours=2))
        assert [(r.id, r.revoked, r.expires) for r in store.list()[1:]] == [
            (new.id, None, now[1] + timedelta(hours=2)),
            (later, None, None),
        ]

    def test_a_rotated_key_has_the_same_owner_and_the_old_one_stops_at_once(self, store: KeyStore) -> None:
        old_id, old = store.create("desk", "a", admin=True)
        new_id, new = store.rotate(old_id)
        assert store.verify(old) is None
        record = store.verify(new)
        assert record is not None
        assert (record.id, record.team, record.member, record.admin, record.expires) == (
            new_id,
            "desk",
            "a",
            True,
            None,
        )

    def test_a_rotated_key_counts_as_long_as_the_old_one_was_made_for(
        self, store: KeyStore, now: list[datetime]
    ) -> None:
        old_id, _ = store.create("desk", "a", lifetime=timedelta(days=90))
        now.append(datetime(2026, 3, 1, tzinfo=UTC))
        _, new = store.rotate(old_id)
        record = store.verify(new)
        assert record is not None
        assert record.expires == datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=90)

    def test_both_keys_count_during_the_grace_period(self, store: KeyStore, now: list[datetime]) -> None:
        old_id, old = store.create("desk", "a", lifetime=timedelta(days=1))
        _, new = store.rotate(old_id, grace=timedelta(hours=1))
        assert store.verify(old)
        assert store.verify(new)
        now.append(now[-1] + timedelta(hours=1))
        assert store.verify(old) is None
        assert store.verify(new)

    def test_a_grace_period_makes_no_key_live_longer(self, store: KeyStore, now: list[datetime]) -> None:
        old_id, old = store.create("desk", "a", lifetime=timedelta(hours=1))
        store.rotate(old_id, grace=timedelta(days=9))
        now.append(now[-1] + timedelta(hours=1))
        assert store.verify(old) is None

    def test_what_does_not_count_is_not_rotated(self, store: KeyStore) -> None:
        key_id, _ = store.create("desk", "a")
        store.revoke(key_id)
        for gone in (key_id, "0000000000"):
            with pytest.raises(InvalidInput):
                store.rotate(gone)
        assert len(store.list()) == 1

    def test_revoking_twice_keeps_the_first_time(self, store: KeyStore, now: list[datetime]) -> None:
        key_id, _ = store.create("desk", "a")
        assert store.revoke(key_id).revoked == now[0]
        now.append(now[0] + timedelta(days=1))
        assert store.revoke(key_id).revoked == now[0]
        assert [record.revoked for record in store.list()] == [now[0]]

    def test_an_expired_key_can_still_be_revoked(self, store: KeyStore, now: list[datetime]) -> None:
        key_id, _ = store.create("desk", "a", lifetime=timedelta(hours=1))
        now.append(now[-1] + timedelta(days=1))
        assert store.revoke(key_id).revoked == now[-1]

    def test_a_file_without_expiry_is_still_read(self, store: KeyStore) -> None:
        _, key = store.create("desk", "a")
        data = json.loads(store.path.read_text())
        for record in data["keys"]:
            del record["expires"]
        store.path.write_text(json.dumps({**data, "version": 1}))
        assert store.verify(key)


class TestUse:
    def test_the_last_use_of_a_key_is_known(self, store: KeyStore) -> None:
        used_id, key = store.create("desk", "a")
        store.create("desk", "b")
        assert store.last_used() == {}
        store.verify(key)
        assert store.last_used().keys() == {used_id}
        assert KeyStore(store.path).last_used() == store.last_used()

    def test_a_key_that_does_not_count_is_not_used(self, store: KeyStore) -> None:
        key_id, key = store.create("desk", "a")
        store.revoke(key_id)
        store.verify(key)
        store.verify("htm_0000000000_" + "A" * 43)
        assert store.last_used() == {}

    def test_where_its_use_can_not_be_noted_a_key_counts_all_the_same(
        self, store: KeyStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        _, key = store.create("desk", "a")
        store.path.with_name(f"{store.path.name}.used").mkdir()
        assert store.verify(key)
        assert store.last_used() == {}
        assert "the use of a key could not be noted" in caplog.text

    @pytest.mark.skipif(os.name != "posix", reason="locks")
    def test_a_server_waits_for_nobody_who_holds_a_lock(self, store: KeyStore) -> None:
        import fcntl

        key_id, key = store.create("desk", "a")
        with store.path.with_name(f".{store.path.name}.lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert store.verify(key)
            assert store.last_used().keys() == {key_id}
        _, other = store.create("desk", "b")
        with store.path.with_name(f".{store.path.name}.used.lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert store.verify(other)
        assert store.last_used().keys() == {key_id}
        store.verify(other)
        assert len(store.last_used()) == 2

    def test_a_use_is_noted_once_an_hour_and_again_after_the_clock_was_set_back(self, tmp_path: Path) -> None:
        noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        moments = [noon]
        store = KeyStore(tmp_path / "keys.json", clock=lambda: moments[-1])
        (one, key), (other, second) = store.create("desk", "a"), store.create("desk", "b")
        for minutes, noted in ((0, 0), (59, 0), (60, 60), (61, 60), (30, 30)):
            moments.append(noon + timedelta(minutes=minutes))
            store.verify(key)
            assert store.last_used() == {one: noon + timedelta(minutes=noted)}
        store.verify(second)
        assert store.last_used().keys() == {one, other}

    @pytest.mark.parametrize(
        "text", ["", "[]", "7", '{"a": 7}', '{"a": "noon"}', '{"a": "2026-01-01T12:00:00"}', "[" * 99_999]
    )
    def test_a_damaged_note_of_uses_counts_for_nothing(self, store: KeyStore, text: str) -> None:
        key_id, key = store.create("desk", "a")
        store.path.with_name(f"{store.path.name}.used").write_text(text)
        assert store.last_used() == {}
        assert store.verify(key)
        assert store.last_used().keys() == {key_id}

    @pytest.mark.skipif(os.name != "posix", reason="pipes")
    def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(self, store: KeyStore, tmp_path: Path) -> None:
        _, key = store.create("desk", "a")
        os.mkfifo(store.path.with_name(f"{store.path.name}.used"))
        assert store.last_used() == {}
        assert store.verify(key)
        os.mkfifo(tmp_path / "pipe.json")
        with pytest.raises(ConfigurationError, match="plain file"):
            KeyStore(tmp_path / "pipe.json").list()

    @pytest.mark.skipif(os.name != "posix", reason="links")
    @pytest.mark.parametrize("name", [".{}.lock", "{}.used", ".{}.used.lock"])
    def test_no_planted_link_is_followed(self, store: KeyStore, name: str) -> None:
        target = store.path.with_name("precious")
        target.write_text("precious")
        store.path.with_name(name.format(store.path.name)).symlink_to(target)
        with suppress(ConfigurationError):
            _, key = store.create("desk", "a")
            store.verify(key)
        assert target.read_text() == "precious"
