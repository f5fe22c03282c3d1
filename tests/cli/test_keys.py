from __future__ import annotations

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
    key = shown.out.splitlines()[-1]
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
