from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_access import TEAM


@pytest.fixture(autouse=True)
def team_file(home: Path) -> None:
    (home / "team.toml").write_text(TEAM)


def test_a_key_is_shown_once_and_stored_as_a_hash(cli: Cli, home: Path) -> None:
    shown = cli("keys", "create", "researcher")
    assert shown.code == 0
    told, key = shown.out.splitlines()[0], shown.out.splitlines()[-1]
    assert "for researcher of research-desk, as a hash in" in told
    assert key.startswith("htm_")
    assert key not in (home / "team-keys.json").read_text()
    assert key not in cli("keys", "list").out


def test_a_revoked_key_no_longer_counts(cli: Cli, home: Path) -> None:
    from hindsight_teams.server.key_file import KeyStore

    made = cli("keys", "create", "answerer", "--json").json
    store = KeyStore(home / "team-keys.json")
    assert store.verify(made["key"]) is not None
    assert cli("keys", "revoke", made["id"]).code == 0
    assert store.verify(made["key"]) is None
    [listed] = cli("keys", "list", "--json").json["keys"]
    assert listed["revoked"] is not None
    assert "sha256" not in listed


def test_keys_are_listed_with_whose_they_are_and_when_they_were_used(cli: Cli, home: Path) -> None:
    from hindsight_teams.server.key_file import KeyStore

    made, admin = (cli("keys", "create", *who, "--json").json for who in (["answerer"], ["grace", "--admin"]))
    assert KeyStore(home / "team-keys.json").verify(made["key"])
    assert [key["used"] is not None for key in cli("keys", "list", "--json").json["keys"]] == [True, False]
    head, first, second = (line.split() for line in cli("keys", "list").out.splitlines())
    assert head == ["key", "team", "member", "created", "expires", "used", "revoked"]
    assert (first[:3], second[:4]) == (
        [made["id"], "research-desk", "answerer"],
        [admin["id"], "research-desk", "grace", "admin"],
    )


def test_what_matters_of_a_key_stands_out_on_a_terminal(cli: Cli, coloured: Callable[..., str]) -> None:
    assert coloured("keys", "list") == "<dim>No keys yet.<>\n"
    made = [cli("keys", "create", *who, "--json").json["id"] for who in (["answerer"], ["grace", "--admin"])]
    assert coloured("keys", "create", "answerer").startswith("<green>✓<> Key ")
    assert coloured("keys", "revoke", made[1]).startswith(f"<green>✓<> Key {made[1]} of grace no longer")
    head, first, second, _ = coloured("keys", "list").splitlines()
    assert head.startswith("<dim>key")
    assert "   <>" in head
    assert first.startswith(f"{made[0]}   research-desk   answerer ")
    assert second.startswith(f"<dim>{made[1]}")
    assert "<dim>grace<><dim yellow> admin<>" in second
    assert re.search(r"<dim red>20\d\d-\d\d-\d\d \d\d:\d\d<>$", second)


def test_a_member_that_the_team_does_not_have_gets_no_key(cli: Cli, home: Path) -> None:
    failed = cli("keys", "create", "reasearcher")
    assert failed.code == 1
    assert "researcher" in failed.err
    assert not (home / "team-keys.json").exists()


def test_an_admin_key_needs_no_member(cli: Cli) -> None:
    assert cli("keys", "create", "grace", "--admin", "--json").json["admin"]


def test_an_unknown_key_is_one_line(cli: Cli) -> None:
    failed = cli("keys", "revoke", "0000000000")
    assert failed.code == 1
    assert failed.err.count("\n") == 1


def test_the_file_of_the_server_is_taken_from_its_own_variable(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HINDSIGHT_API_TENANT_KEY_FILE", str(tmp_path / "server.json"))
    cli("keys", "create", "researcher")
    assert (tmp_path / "server.json").exists()


def test_a_key_expires(cli: Cli) -> None:
    made = cli("keys", "create", "answerer", "--expires", "90d", "--json").json
    created, expires = (datetime.fromisoformat(made[name]) for name in ("created", "expires"))
    assert expires - created == timedelta(days=90)
    assert f"{expires:%Y-%m-%d}" in cli("keys", "list").out
    told = " ".join(cli("keys", "create", "answerer", "--expires", "90d").out.split())
    assert re.search(r"for answerer of research-desk, until \d{4}-\d\d-\d\d \d\d:\d\d UTC", told)


@pytest.mark.parametrize("text", ["90", "0d", "-1d", "d", "9999999w", "90 days", "1e3d", ""])
def test_a_time_that_is_none_is_told_so(cli: Cli, home: Path, text: str) -> None:
    failed = cli("keys", "create", "answerer", f"--expires={text}")
    assert failed.code == 2
    assert "90d" in failed.err
    assert f"--expires {text!r}" in " ".join(failed.err.split())
    assert not (home / "team-keys.json").exists()


def test_a_key_is_rotated_in_one_step(cli: Cli, home: Path) -> None:
    from hindsight_teams.server.key_file import KeyStore

    made = cli("keys", "create", "answerer", "--json").json
    new = cli("keys", "rotate", made["id"], "--json").json
    store = KeyStore(home / "team-keys.json")
    assert store.verify(made["key"]) is None
    record = store.verify(new["key"])
    assert record is not None
    assert (record.member, record.admin) == ("answerer", False)
    assert cli("keys", "rotate", made["id"]).code == 1


def test_a_rotated_key_may_have_a_grace_period(cli: Cli, home: Path) -> None:
    from hindsight_teams.server.key_file import KeyStore

    made = cli("keys", "create", "answerer", "--json").json
    assert cli("keys", "rotate", made["id"], "--grace", "1h").out.splitlines()[-1].startswith("htm_")
    assert KeyStore(home / "team-keys.json").verify(made["key"])


def test_the_doctor_warns_of_keys_that_lie_unused_and_of_keys_that_end_soon(cli: Cli, home: Path) -> None:
    from hindsight_teams.server.key_file import KeyStore

    long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(days=100)
    old = KeyStore(home / "team-keys.json", clock=lambda: long_ago)
    (idle, _), (_, busy) = old.create("desk", "answerer"), old.create("desk", "answerer")
    ending = cli("keys", "create", "researcher", "--expires", "7d", "--json").json
    assert KeyStore(old.path).verify(busy)
    report = cli("doctor", "--no-write", "--json").json
    warned = [found["found"] for found in report["findings"] if "warning" in found["found"]]
    assert [idle in line or ending["id"] in line for line in warned] == [True, True]
    assert "100 days" in warned[0]
    assert report["ok"]


def test_the_doctor_says_nothing_of_keys_where_there_are_none(cli: Cli) -> None:
    assert "keys" not in {found["what"] for found in cli("doctor", "--no-write", "--json").json["findings"]}
