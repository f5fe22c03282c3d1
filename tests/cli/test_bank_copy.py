from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def filled(cli: Cli, home: Path) -> Path:
    path = home / "here.db"
    for bank, text in (("desk:a", "The ferry leaves at 14:30."), ("desk:a", "The cat is Minka."), ("other", "Rain.")):
        cli("bank", "retain", bank, text, "--tag", "t", "--metadata", "author=ada", "--db", path)
    return path


def shown(cli: Cli, bank: str, path: Path) -> list[dict[str, object]]:
    memories = cli("bank", "show", bank, "--db", path, "--json").json["memories"]
    kept = ("text", "tags", "mentioned_at")
    return [{name: memory[name] for name in kept} | {"author": memory["metadata"]["author"]} for memory in memories]


def test_every_bank_arrives_as_it_was(cli: Cli, home: Path, filled: Path) -> None:
    there = home / "there.db"
    copied = cli("bank", "copy", filled, there, "--json")
    assert copied.code == 0
    assert [(r["target"], r["copied"], r["arrived"]) for r in copied.json["banks"]] == [
        ("desk:a", 2, 2),
        ("other", 1, 1),
    ]
    for bank in ("desk:a", "other"):
        assert shown(cli, bank, there) == shown(cli, bank, filled)


def test_a_second_copy_doubles_nothing(cli: Cli, home: Path, filled: Path) -> None:
    cli("bank", "copy", filled, home / "there.db")
    again = cli("bank", "copy", filled, home / "there.db")
    assert again.code == 0
    assert "0 copied, 2 there before" in again.out
    assert cli("bank", "show", "desk:a", "--db", home / "there.db", "--json").json["total"] == 2


def test_one_bank_can_be_copied_under_another_id(cli: Cli, home: Path, filled: Path) -> None:
    cli("bank", "copy", filled, home / "there.db", "--bank", "desk:a", "--as", "desk:b")
    banks = cli("bank", "list", "--db", home / "there.db", "--json").json["banks"]
    assert [bank["bank_id"] for bank in banks] == ["desk:b"]


def test_banks_are_chosen_by_prefix(cli: Cli, home: Path, filled: Path) -> None:
    reports = cli("bank", "copy", filled, home / "there.db", "--prefix", "desk", "--json").json["banks"]
    assert [report["source"] for report in reports] == ["desk:a"]


def test_a_source_that_is_not_there_is_one_line_and_makes_no_file(cli: Cli, home: Path) -> None:
    failed = cli("bank", "copy", home / "typo.db", home / "there.db")
    assert failed.code == 1
    assert "typo.db" in failed.err
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "options", [("--as", "x"), ("--bank", "a", "--prefix", "b"), ("--bank", "a", "--bank", "b", "--as", "x")]
)
def test_options_that_contradict_are_a_usage_error(
    cli: Cli, home: Path, filled: Path, options: tuple[str, ...]
) -> None:
    assert cli("bank", "copy", filled, home / "there.db", *options).code == 2


class Recorder(BaseHTTPRequestHandler):
    seen: list[str | None]

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization"))
        bank = {"bank_id": "desk", "name": "desk"}
        data = json.dumps({**bank, "banks": [bank], "items": [], "total": 0, "limit": 100, "offset": 0}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_PUT = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def servers() -> Iterator[list[tuple[str, list[str | None]]]]:
    running = []
    for _ in range(2):
        seen: list[str | None] = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Recorder,), {"seen": seen}))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread, seen))
    yield [(f"http://127.0.0.1:{server.server_port}", seen) for server, _, seen in running]
    for server, thread, _ in running:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_server_is_sent_the_key_of_another(
    cli: Cli, servers: list[tuple[str, list[str | None]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (source, at_source), (target, at_target) = servers
    monkeypatch.setenv("HINDSIGHT_API_KEY", "key-of-source")
    assert cli("bank", "copy", source, target, "--bank", "desk").code == 0
    assert set(at_source) == {"Bearer key-of-source"}
    assert set(at_target) == {None}
    at_target.clear()
    monkeypatch.setenv("HINDSIGHT_TEAMS_TARGET_API_KEY", "key-of-target")
    assert cli("bank", "copy", source, target, "--bank", "desk").code == 0
    assert set(at_target) == {"Bearer key-of-target"}


def test_a_copy_within_one_server_uses_its_key(
    cli: Cli, servers: list[tuple[str, list[str | None]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (source, at_source), _ = servers
    monkeypatch.setenv("HINDSIGHT_API_KEY", "key-of-source")
    assert cli("bank", "copy", source, source, "--bank", "desk", "--as", "other").code == 0
    assert set(at_source) == {"Bearer key-of-source"}
