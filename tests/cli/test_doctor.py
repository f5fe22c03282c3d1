from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli


def finding(report: Any, what: str) -> dict[str, Any]:
    return next(dict(found) for found in report["findings"] if found["what"] == what)


def test_the_embedded_file_is_healthy_and_left_without_a_scratch_bank(cli: Cli, tmp_path: Path) -> None:
    report = cli("doctor", "--json")
    assert report.code == 0
    assert report.json["ok"]
    assert finding(report.json, "location")["found"] == str(tmp_path / "memory.db")
    assert "environment" in finding(report.json, "because")["found"]
    assert "removed" in finding(report.json, "write and read")["found"]
    assert cli("bank", "list", "--json").json["banks"] == []


def test_the_project_s_team_file_is_checked(cli: Cli, home: Path) -> None:
    (home / "team.toml").write_text('[team]\nid = "t"\n[banks]\na = "team"\n[members.m]\na = "full"\n')
    assert finding(cli("doctor", "--json").json, "team")["found"].startswith("t: 1 member, 1 bank (")
    (home / "team.toml").write_text('[team]\nid = "t"\n[banks]\na = "tame"\n[members.m]\n')
    broken = cli("doctor", "--json")
    assert broken.code == 1
    assert "'team'" in finding(broken.json, "team")["found"]


def test_versions_are_shown(cli: Cli) -> None:
    shown = cli("doctor").out
    for what in ("hindsight-teams", "python", "agno", "sqlite"):
        assert what in shown


def test_the_embedder_is_shown_or_how_to_have_one(cli: Cli) -> None:
    [embedder] = [found["found"] for found in cli("doctor", "--json").json["findings"] if found["what"] == "embedder"]
    assert "words alone" in embedder
    assert "HINDSIGHT_TEAMS_EMBEDDER=minilm" in embedder


def test_no_write_leaves_the_round_trip_out(cli: Cli) -> None:
    assert "write and read" not in cli("doctor", "--no-write").out


def test_a_server_that_is_down_fails_and_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_API_KEY", "hsk-very-secret")
    report = cli("doctor", "--url", "http://127.0.0.1:9", "--json")
    assert report.code == 1
    assert not report.json["ok"]
    assert finding(report.json, "health")["ok"] is False
    assert finding(report.json, "api key")["found"] == "set"
    assert "hsk-very-secret" not in report.out


def test_a_database_that_is_a_directory_fails(cli: Cli, home: Path) -> None:
    report = cli("doctor", "--db", home, "--json")
    assert report.code == 1
    assert "folder" in finding(report.json, "health")["found"]
    assert "schema" not in [found["what"] for found in report.json["findings"]]


def test_a_bad_setting_is_a_finding(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_API_URL", "localhost:8888")
    report = cli("doctor", "--json")
    assert report.code == 1
    assert "http://" in finding(report.json, "settings")["found"]


def test_a_dotenv_file_that_only_the_project_reads_is_pointed_out(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("HINDSIGHT_TEAMS_BUDGET", "low")
    (home / ".env").write_text("TEAM_MODEL=offline\nHINDSIGHT_API_KEY=hsk-very-secret\nHINDSIGHT_TEAMS_BUDGET=low\n")
    report = cli("doctor", "--json")
    assert report.code == 0
    assert "HINDSIGHT_API_KEY," in finding(report.json, ".env")["found"]
    assert "hsk-very-secret" not in report.out
    (home / ".env").write_text("# HINDSIGHT_API_KEY=\n")
    assert ".env" not in cli("doctor").out


class OldServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"/version": {"api_version": "0.3.2"}}.get(self.path, {"status": "healthy"})
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def old_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), OldServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_is_too_old_is_told_so(cli: Cli, old_server: str) -> None:
    report = cli("doctor", "--url", old_server, "--no-write")
    assert report.code == 1
    assert "0.3.2" in report.out
    assert "upgrade" in report.out
