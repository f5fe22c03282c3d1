from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hindsight_teams import RetainItem, SQLiteBackend
from tests.cli.conftest import Cli


@pytest.fixture
def filled(home: Path) -> Path:
    path = home / "memory.db"
    with closing(SQLiteBackend(path)) as backend:
        backend.retain_batch("b", [RetainItem(f"Fact number {number} is about boats.") for number in range(40)])
    return path


def test_a_sound_file_is_said_to_be_sound(cli: Cli, filled: Path) -> None:
    assert cli("bank", "check", "--db", filled, "--json").json == {"ok": True, "problems": [], "memories": 40}
    assert "40 memories, nothing wrong" in cli("bank", "check", "--db", filled).out
    cli("bank", "retain", "b", "One.", "--db", filled.with_name("one.db"))
    assert "1 memory, nothing wrong" in cli("bank", "check", "--db", filled.with_name("one.db")).out


def test_a_count_that_is_wrong_is_found_and_repaired(cli: Cli, filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db, db:
        db.execute("update bank set memories = memories + 5")
    db.close()
    found = cli("bank", "check", "--db", filled)
    assert found.code == 1
    assert f"bank repair --db {filled}" in found.out
    assert cli("bank", "repair", "--db", filled, "--yes").code == 0
    assert cli("bank", "check", "--db", filled).code == 0
    assert cli("bank", "show", "b", "--db", filled, "--json").json["total"] == 40


def test_repair_wants_consent(cli: Cli, filled: Path) -> None:
    assert cli("bank", "repair", "--db", filled).code == 2


def test_a_backup_holds_what_the_file_holds(cli: Cli, filled: Path, home: Path) -> None:
    assert cli("bank", "backup", home / "copy.db", "--db", filled, "--json").json["bytes"] > 0
    assert cli("bank", "show", "b", "--db", home / "copy.db", "--json").json["total"] == 40


def test_a_backup_overwrites_nothing(cli: Cli, filled: Path, home: Path) -> None:
    (home / "there.db").write_text("mine")
    assert cli("bank", "backup", home / "there.db", "--db", filled).code == 1
    assert (home / "there.db").read_text() == "mine"


@pytest.mark.parametrize("command", [("check",), ("repair", "--yes"), ("backup", "x.db")])
def test_a_server_takes_care_of_itself(cli: Cli, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    monkeypatch.delenv("HINDSIGHT_TEAMS_DB")
    monkeypatch.setenv("HINDSIGHT_API_URL", "http://127.0.0.1:9")
    failed = cli("bank", *command)
    assert failed.code == 1
    assert "--db" in failed.err
