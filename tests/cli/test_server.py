"""The commands on the real Hindsight server."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.harness import Server

FERRY = "The ferry Aurora leaves Bergen at 14:30 on 3 May 2027."


@pytest.fixture
def bank() -> str:
    return f"cli-{uuid.uuid4().hex[:8]}"


def test_doctor_finds_a_real_server_healthy_and_leaves_nothing(cli: Cli, hindsight_server: Server) -> None:
    report = cli("doctor", "--url", hindsight_server.url, "--json")
    assert report.code == 0, report.out
    found = {finding["what"]: finding["found"] for finding in report.json["findings"]}
    assert found["server version"] == "1.1.0"
    banks = cli("bank", "list", "--url", hindsight_server.url, "--prefix", "hindsight-teams-doctor", "--json").json
    assert banks["banks"] == []


def test_a_bank_is_filled_read_and_deleted(cli: Cli, hindsight_server: Server, bank: str) -> None:
    at = ("--url", hindsight_server.url)
    assert cli("bank", "retain", bank, FERRY, "--tag", "travel", "--metadata", "author=ada", *at).code == 0
    [memory] = cli("bank", "recall", bank, "When does the ferry leave?", "--json", *at).json["memories"]
    assert "14:30" in memory["text"]
    assert memory["metadata"]["author"] == "ada"
    assert cli("bank", "recall", bank, "ferry", "--explain", *at).code == 0
    assert "14:30" in cli("bank", "reflect", bank, "When does the ferry leave?", *at).out
    assert "ada" in cli("bank", "show", bank, *at).out
    assert cli("bank", "delete", bank, "--yes", *at).code == 0
    assert cli("bank", "show", bank, *at).code == 1


def test_a_bank_moves_to_the_server_and_back(cli: Cli, hindsight_server: Server, bank: str, home: Path) -> None:
    for text in (FERRY, "The cat of the office is called Minka."):
        cli("bank", "retain", bank, text, "--tag", "t", "--db", home / "here.db")
    there = cli("bank", "copy", home / "here.db", hindsight_server.url, "--json")
    assert there.code == 0, there.out
    back = cli("bank", "copy", hindsight_server.url, home / "back.db", "--bank", bank, "--json")
    assert back.code == 0, back.out
    before, after = (
        {memory["text"] for memory in cli("bank", "show", bank, "--db", home / name, "--json").json["memories"]}
        for name in ("here.db", "back.db")
    )
    assert before == after
    cli("bank", "delete", bank, "--yes", "--url", hindsight_server.url)
