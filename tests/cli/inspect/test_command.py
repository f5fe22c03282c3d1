"""``hindsight-teams inspect`` from start to end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from tests.cli.conftest import Cli
from tests.cli.inspect import harbour


@pytest.mark.slow
def test_it_prints_its_addresses_serves_them_and_ends_with_control_c(home: Path) -> None:
    harbour.live(home, SQLiteBackend(home / "memory.db")).close()
    command = [sys.executable, "-m", "hindsight_teams.cli", "inspect", "--as", "lead", "--db", "memory.db"]
    environment = {**os.environ, "HINDSIGHT_TEAMS_AUDIT": "audit.db", "COLUMNS": "200"}
    environment.pop("PYTHONUNBUFFERED", None)  # the address must reach a pipe without it
    with subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(3)]
        look, decide = (line.split()[1] for line in printed[1:])
        for url, role in ((look, "reader"), (decide, "curator")):
            address, _, token = url.partition("/#token=")
            answer = httpx.get(f"{address}/api/team", headers={"authorization": f"Bearer {token}"}, timeout=30)
            assert answer.json()["role"] == role
            assert answer.json()["audit"] is True
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_only_a_curator_gets_an_address_that_decides(cli: Cli, home: Path) -> None:
    (home / "team.toml").write_text(harbour.TEAM)
    refused = cli("inspect", "--as", "leed")
    assert refused.code == 2
    assert "lead" in refused.err


def test_a_port_that_is_taken_is_an_error_on_one_line(cli: Cli, home: Path) -> None:
    (home / "team.toml").write_text(harbour.TEAM)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = cli("inspect", "--port", taken.getsockname()[1])
    assert refused.code == 1
    assert "--port" in refused.err


def test_a_mistyped_database_is_not_made(cli: Cli, home: Path) -> None:
    (home / "team.toml").write_text(harbour.TEAM)
    assert cli("inspect", "--db", "nothing.db").code == 1
    assert not (home / "nothing.db").exists()


@pytest.mark.parametrize(
    ("command", "package", "extra"), [(("inspect",), "uvicorn", "inspect"), (("mcp", "--member", "lead"), "mcp", "mcp")]
)
def test_a_missing_extra_is_named(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], package: str, extra: str
) -> None:
    (home / "team.toml").write_text(harbour.TEAM)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "hindsight_teams.cli.mcp.server", raising=False)
    refused = cli(*command)
    assert refused.code == 1
    assert f"hindsight-teams[{extra}]" in refused.err
