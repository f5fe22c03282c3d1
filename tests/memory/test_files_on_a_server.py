"""Ingestion and exports on the real Hindsight server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hindsight_teams import HindsightBackend, SQLiteBackend
from hindsight_teams.errors import Unsupported
from hindsight_teams.ingest.files import find_files
from hindsight_teams.memory.exporting import Export, export_lines, import_bank
from hindsight_teams.memory.ingesting import BankDestination, Ingestion
from tests.harness import Server


@pytest.fixture
def server(hindsight_server: Server) -> Iterator[HindsightBackend]:
    with HindsightBackend(hindsight_server.url, api_key=hindsight_server.api_key) as backend:
        yield backend


@pytest.fixture
def bank(server: HindsightBackend, hindsight_server: Server) -> Iterator[str]:
    name = hindsight_server.unused_bank()
    yield name
    server.delete_bank(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "kb"
    root.mkdir()
    (root / "a.md").write_text("# Leave\n\nEverybody has thirty days.\n\n# Travel\n\nAda goes to Bergen by train.")
    (root / "b.csv").write_text("item,aisle\n" + "\n".join(f"Box {n},{n}" for n in range(60)))
    return root


def ingest(server: HindsightBackend, bank: str, folder: Path) -> list[tuple[str, str]]:
    outcomes = Ingestion(BankDestination(server, bank)).run(find_files([folder]))
    return [(outcome.name, outcome.state) for outcome in outcomes]


def test_a_server_holds_each_file_once_and_a_change_replaces_it(
    server: HindsightBackend, bank: str, folder: Path
) -> None:
    assert ingest(server, bank, folder) == [("kb/a.md", "new"), ("kb/b.csv", "new")]
    assert ingest(server, bank, folder) == [("kb/a.md", "unchanged"), ("kb/b.csv", "unchanged")]
    (folder / "a.md").write_text("# Leave\n\nEverybody has forty days.")
    assert sorted(ingest(server, bank, folder)) == [("kb/a.md", "changed"), ("kb/b.csv", "unchanged")]
    texts = [memory.text for memory in server.list_memories(bank, document_id="kb/a.md").memories]
    assert any("forty" in text for text in texts)
    assert not any("thirty" in text for text in texts)


def test_an_export_of_a_server_goes_to_a_file_and_to_another_bank(
    server: HindsightBackend, bank: str, folder: Path, hindsight_server: Server, tmp_path: Path
) -> None:
    ingest(server, bank, folder)
    path = tmp_path / "x.jsonl"
    path.write_text("".join(f"{line}\n" for line in export_lines(server, bank)), encoding="utf-8")
    export = Export.of(path)
    facts = {m.text for m in server.list_memories(bank, limit=1000).memories if m.type != "observation"}
    with closing(SQLiteBackend(tmp_path / "home.db")) as home:
        assert import_bank(home, "desk", export).stored == export.memories
        there = [m for m in home.list_memories("desk", limit=1000).memories if m.type != "observation"]
        assert {memory.text for memory in there} == facts
        assert {memory.document_id for memory in there} == {"kb/a.md", "kb/b.csv"}
    other = hindsight_server.unused_bank()
    try:
        assert import_bank(server, other, export).problems == ()
        assert import_bank(server, other, export).stored == 0
    finally:
        server.delete_bank(other)


def test_a_server_can_not_rename_a_bank(server: HindsightBackend, bank: str) -> None:
    with pytest.raises(Unsupported, match="rename"):
        server.rename_bank(bank, f"{bank}-new")
