from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hindsight_teams.audit import AuditEvent, AuditStore, open_audit
from tests.cli.conftest import Cli

FERRY = "The ferry Aurora leaves Bergen at 14:30 on 3 May 2027."


@pytest.fixture
def filled(cli: Cli) -> str:
    for text in (FERRY, "The office cat is called Minka.", "The office cat is called Minka."):
        cli("bank", "retain", "notes", text, "--tag", "t", "--metadata", "author=ada")
    return "notes"


def test_an_export_comes_back_as_the_same_bytes(cli: Cli, filled: str, home: Path) -> None:
    assert cli("bank", "export", filled, "--output", "a.jsonl").code == 0
    done = cli("bank", "import", "other", "a.jsonl", "--db", "new.db")
    assert (done.code, "2 of 2 memories stored" in done.out) == (0, True)
    cli("bank", "export", "other", "-o", "b.jsonl", "--db", "new.db")
    assert (home / "a.jsonl").read_bytes() == (home / "b.jsonl").read_bytes()
    assert "0 of 2 memories stored, 2 there before" in cli("bank", "import", "other", "a.jsonl", "--db", "new.db").out


def test_without_a_file_the_export_is_printed(cli: Cli, filled: str, home: Path) -> None:
    printed = cli("bank", "export", filled).out
    cli("bank", "export", filled, "--output", "a.jsonl")
    assert printed == (home / "a.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line).get("text") for line in printed.splitlines()] == [
        None,
        FERRY,
        "The office cat is called Minka.",
        None,
    ]


def test_a_file_for_its_owner_alone_takes_the_place_of_the_one_before_when_it_is_whole(
    cli: Cli, filled: str, home: Path
) -> None:
    (home / "a.jsonl").write_text("before")
    assert cli("bank", "export", "typo", "--output", "a.jsonl").code == 1
    assert (home / "a.jsonl").read_text() == "before"
    cli("bank", "export", filled, "--output", "a.jsonl")
    assert (home / "a.jsonl").stat().st_mode & 0o077 == 0
    assert [path.name for path in home.iterdir()] == ["a.jsonl"]


def test_a_link_is_not_followed(cli: Cli, filled: str, home: Path) -> None:
    (home / "a.jsonl").symlink_to(home / "elsewhere")
    failed = cli("bank", "export", filled, "--output", "a.jsonl")
    assert (failed.code, "is a link" in failed.err) == (1, True)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_regular_file_is_left_as_it_is(cli: Cli, filled: str, home: Path, kind: str) -> None:
    path = home / "x"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    before = path.stat()
    failed = cli("bank", "export", filled, "--output", path)
    assert (failed.code, "is not a regular file" in failed.err) == (1, True)
    after = path.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert [entry.name for entry in home.iterdir()] == ["x"]


def test_an_export_does_not_take_the_place_of_a_database(cli: Cli, filled: str, home: Path) -> None:
    cli("bank", "retain", "notes", FERRY, "--db", home / "a.db")
    failed = cli("bank", "export", "notes", "--db", home / "a.db", "--output", home / "a.db")
    assert (failed.code, "'a.db' is a database" in failed.err) == (1, True)
    assert FERRY in cli("bank", "show", "notes", "--db", home / "a.db").out


def test_json_tells_of_the_file_and_needs_one(cli: Cli, filled: str) -> None:
    assert cli("bank", "export", filled, "--json").code == 2
    assert cli("bank", "export", filled, "--json", "-o", "a.jsonl").json == {
        "bank": filled,
        "file": "a.jsonl",
        "memories": 2,
    }
    told = cli("bank", "import", "other", "a.jsonl", "--json").json
    assert (told["ok"], told["stored"], told["notes"]) == (True, 2, [])


def test_a_file_that_is_no_export_is_one_line_and_makes_no_bank(cli: Cli, home: Path) -> None:
    (home / "a.txt").write_text("hello")
    failed = cli("bank", "import", "notes", "a.txt")
    assert failed.code == 1
    assert failed.err.count("\n") == 1
    assert "line 1 is not JSON: it is not an export of a bank" in failed.err
    assert cli("bank", "list", "--json").json["banks"] == []
    assert "No such file" in cli("bank", "import", "notes", "typo.jsonl").err


def test_an_export_is_no_file_to_ingest(cli: Cli, filled: str) -> None:
    cli("bank", "export", filled, "-o", "a.jsonl")
    failed = cli("bank", "ingest", "other", "a.jsonl")
    assert (failed.code, "`bank import` reads" in failed.err) == (1, True)


def test_a_renamed_bank_is_listed_under_its_new_id(cli: Cli, filled: str) -> None:
    assert cli("bank", "rename", filled, "archive").code == 0
    assert [bank["bank_id"] for bank in cli("bank", "list", "--json").json["banks"]] == ["archive"]
    assert "did you mean 'archive'?" in cli("bank", "rename", "archiv", "x").err
    assert cli("bank", "rename", "archive", "a/b").code == 1


def test_no_bank_takes_or_leaves_the_place_of_a_review_queue(cli: Cli, filled: str) -> None:
    failed = cli("bank", "rename", filled, "desk:review:queue")
    assert (failed.code, "review bank" in failed.err) == (1, True)
    assert cli("bank", "stats", filled).code == 0


def test_what_an_operator_does_to_a_whole_bank_is_in_the_audit(
    cli: Cli, filled: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_AUDIT", "log.jsonl")
    monkeypatch.setenv("LOGNAME", "olga")
    memory_id = cli("bank", "show", filled, "--json").json["memories"][0]["id"]
    assert cli("bank", "delete", filled, "--memory", memory_id, "--yes").code == 0
    assert cli("bank", "export", filled, "-o", "a.jsonl").code == 0
    assert cli("bank", "import", "new", "a.jsonl").code == 0
    assert cli("bank", "rename", filled, "archive").code == 0
    assert cli("bank", "rename", "archive", "new").code == 1
    assert cli("bank", "delete", "new", "--yes").code == 0
    with open_audit(home / "log.jsonl", create=False) as log:
        events = list(log.query())
    assert {event.actor for event in events} == {"olga"}
    assert [(e.verb, e.bank_id, e.outcome, e.error, e.reason) for e in events] == [
        ("recall", filled, "allowed", None, None),
        ("delete", filled, "allowed", None, None),
        ("export", filled, "allowed", None, None),
        ("import", "new", "allowed", None, None),
        ("rename", filled, "allowed", None, "to archive"),
        ("rename", "archive", "error", "InvalidInput", "to new"),
        ("delete", "new", "allowed", None, "the whole bank"),
    ]
    assert list(events[1].memory_ids) == [memory_id]


def test_what_an_operator_reads_and_writes_is_in_the_audit(
    cli: Cli, filled: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_AUDIT", str(home / "log.jsonl"))
    monkeypatch.setenv("LOGNAME", "olga")
    [stored] = cli("bank", "retain", filled, "The ferry was late.", "--json").json["memory_ids"]
    for command in ("recall", "reflect"):
        assert cli("bank", command, filled, "Was the ferry late?").code == 0
    assert cli("bank", "show", filled).code == 0
    assert cli("bank", "recall", "typo", "ferry").code == 1
    (home / "a.md").write_text("# Ferry\n\nIt leaves at noon.")
    assert cli("bank", "ingest", filled, "a.md", "--dry-run").code == 0
    assert cli("bank", "ingest", filled, "a.md").code == 0
    with open_audit(home / "log.jsonl", create=False) as log:
        events = list(log.query())
        saw = [event.verb for event in log.who_saw(stored)]
    assert {(event.actor, event.member) for event in events} == {("olga", None)}
    assert [(e.verb, e.bank_id, e.outcome) for e in events] == [
        ("retain", filled, "allowed"),
        ("recall", filled, "allowed"),
        ("reflect", filled, "allowed"),
        ("recall", filled, "allowed"),
        ("recall", "typo", "allowed"),
        ("retain", filled, "allowed"),
    ]
    assert saw == ["recall", "reflect", "recall"]
    assert [event.count for event in events][-2:] == [0, 1]


def test_an_operator_does_nothing_that_can_not_be_recorded_where_that_is_refused(
    cli: Cli, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: AuditStore, event: AuditEvent) -> None:
        raise OSError("no space is left")

    monkeypatch.setattr(AuditStore, "record", full)
    monkeypatch.setenv("HINDSIGHT_TEAMS_AUDIT", "full.jsonl")
    monkeypatch.setenv("HINDSIGHT_TEAMS_AUDIT_FAILURE", "refuse")
    for command in (("rename", filled, "archive"), ("delete", filled, "--yes"), ("export", filled)):
        assert "can't be recorded are refused" in cli("bank", *command).err
    monkeypatch.setenv("HINDSIGHT_TEAMS_AUDIT_FAILURE", "warn")
    assert len(cli("bank", "show", filled, "--json").json["memories"]) == 2


def test_a_server_is_not_asked_to_rename_and_the_error_says_what_to_do(cli: Cli) -> None:
    failed = cli("bank", "rename", "old", "new", "--url", "http://127.0.0.1:1")
    assert failed.code == 1
    assert "bank copy URL URL --bank old --as new" in failed.err


def test_stats_count_authors_tags_and_documents(cli: Cli, filled: str) -> None:
    shown = {line.split()[0]: line.split()[1:] for line in cli("bank", "stats", filled).out.splitlines()[1:]}
    assert shown["memories"] == ["2"]
    assert shown["tags"] == ["t", "(2)"]
    told = cli("bank", "stats", filled, "--json").json
    assert (told["stats"]["memories"], told["tags"], told["authors"]) == (2, [{"tag": "t", "count": 2}], [])
    assert cli("bank", "stats", "typo").code == 1


def test_show_lists_memories_as_they_happen(cli: Cli, filled: str) -> None:
    cli("bank", "retain", filled, "The ferry was painted on 1 April 2027.")
    memories = cli("bank", "show", filled, "--order", "happened", "--json").json["memories"]
    assert [memory["text"] for memory in memories] == ["The ferry was painted on 1 April 2027.", FERRY]
    assert cli("bank", "show", filled, "--order", "size").code == 2


def test_an_export_into_a_folder_that_is_not_there_names_the_folder(cli: Cli, filled: str, home: Path) -> None:
    failed = cli("bank", "export", filled, "--output", home / "nowhere" / "a.jsonl")
    assert failed.code == 1
    assert f"there is no folder '{home / 'nowhere'}'" in failed.err
