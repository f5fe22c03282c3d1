from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.ingest import files

TEAM = """
[team]
id = "desk"
[banks]
shared = "team"
journal = "user"
[members.scout]
shared = "full"
journal = "full"
[members.reader]
shared = "read-only"
[review]
proposers = ["scout"]
"""


@pytest.fixture
def folder(home: Path) -> Path:
    (home / "kb").mkdir()
    (home / "kb" / "a.md").write_text("# Leave\n\nThirty days.")
    files.pdf(home / "kb" / "plan.pdf", "Maple begins on 7 June 2027.")
    (home / "team.toml").write_text(TEAM)
    return home / "kb"


def test_a_folder_is_stored_and_recalled_by_the_next_command(cli: Cli, folder: Path) -> None:
    done = cli("bank", "ingest", "notes", "kb")
    assert (done.code, done.err) == (0, "")
    assert "2 documents stored as 2 memories" in done.out
    found = cli("bank", "recall", "notes", "When does Maple begin?").out
    assert "happens 2027-06-07" in found
    assert "2 unchanged" in cli("bank", "ingest", "notes", "kb").out


def test_a_dry_run_lists_documents_and_makes_no_file(cli: Cli, folder: Path, home: Path) -> None:
    done = cli("bank", "ingest", "notes", "kb", "--dry-run", "--db", "new.db")
    assert done.code == 0
    assert [line.split()[:2] for line in done.out.splitlines()[:2]] == [["new", "kb/a.md"], ["new", "kb/plan.pdf"]]
    assert "would be stored" in done.out
    assert not (home / "new.db").exists()


def test_failures_are_named_on_stderr_and_the_rest_is_stored(cli: Cli, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4")
    (folder / ".hidden").write_text("x")
    done = cli("bank", "ingest", "notes", "kb", "typo.md")
    assert done.code == 1
    assert "kb/broken.pdf: the PDF is damaged" in done.err
    assert "typo.md: there is no such file or folder" in done.err
    assert "2 documents stored as 2 memories, 2 failed" in done.out
    assert "kb/.hidden: it is hidden" in done.out


def test_many_failures_of_one_kind_are_one_line(cli: Cli, folder: Path) -> None:
    for number in range(9):
        (folder / f"{number}.pdf").write_bytes(b"")
    failed = cli("bank", "ingest", "notes", "kb").err.splitlines()
    assert len(failed) == 1
    assert "and 6 more" in failed[0]


def test_an_empty_folder_says_so(cli: Cli, home: Path) -> None:
    (home / "empty").mkdir()
    done = cli("bank", "ingest", "notes", "empty")
    assert (done.code, done.out.split()[0]) == (0, "skipped")
    assert "empty: there is nothing in it" in done.out


def test_a_run_that_has_to_stop_says_how_to_go_on(cli: Cli, folder: Path, home: Path) -> None:
    (home / "broken.db").write_bytes(b"no database at all" * 100)
    failed = cli("bank", "ingest", "notes", "kb", "--db", "broken.db")
    assert failed.code == 1
    assert "stopped after 0 documents; run it again to go on" in failed.out
    assert failed.err.count("\n") == 1


def test_json_tells_of_each_document(cli: Cli, folder: Path) -> None:
    told = cli("bank", "ingest", "notes", "kb", "--json").json
    assert told["ok"]
    assert [(one["name"], one["state"], one["memories"]) for one in told["documents"]] == [
        ("kb/a.md", "new", 1),
        ("kb/plan.pdf", "new", 1),
    ]


@pytest.mark.parametrize("bank", ["shared", "desk:shared"])
def test_a_member_writes_signed_to_a_bank_by_its_name_or_its_id(cli: Cli, folder: Path, bank: str) -> None:
    assert cli("bank", "ingest", bank, "kb", "--member", "scout").code == 0
    memories = cli("bank", "show", "desk:shared", "--json").json["memories"]
    assert {memory["metadata"]["author"] for memory in memories} == {"scout"}


def test_a_bank_of_each_user_needs_the_user(cli: Cli, folder: Path) -> None:
    failed = cli("bank", "ingest", "journal", "kb", "--member", "scout")
    assert (failed.code, "--user ID" in failed.err) == (2, True)
    assert cli("bank", "ingest", "journal", "kb", "--member", "scout", "--user", "ada").code == 0
    assert cli("bank", "show", "desk:journal:user:ada").code == 0


def test_a_reader_cannot_ingest_and_the_audit_has_it(
    cli: Cli, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_AUDIT", str(home / "audit.jsonl"))
    failed = cli("bank", "ingest", "shared", "kb", "--member", "reader")
    assert failed.code == 1
    assert "member 'reader' may not retain on bank 'shared'" in failed.err
    [event] = cli("audit", "show", "--member", "reader", "--json").json["events"]
    assert (event["verb"], event["outcome"]) == ("retain", "denied")
    assert cli("bank", "list", "--json").json["banks"] == []


def test_a_mistyped_member_or_bank_is_told(cli: Cli, folder: Path) -> None:
    assert "did you mean 'scout'?" in cli("bank", "ingest", "shared", "kb", "--member", "scot").err
    assert "did you mean 'shared'?" in cli("bank", "ingest", "shred", "kb", "--member", "scout").err


def test_proposals_wait_for_a_curator(cli: Cli, folder: Path) -> None:
    done = cli("bank", "ingest", "shared", "kb", "--member", "scout", "--propose")
    assert "2 documents proposed as 2 memories" in done.out
    items = cli("review", "list", "--json").json["items"]
    assert {item["reason"] for item in items} == {"from kb/a.md", "from kb/plan.pdf"}
    assert "may not propose" in cli("bank", "ingest", "shared", "kb", "--member", "reader", "--propose").err


@pytest.mark.parametrize("options", [("--propose",), ("--user", "ada"), ("--team", "team.toml")])
def test_rights_need_a_member(cli: Cli, folder: Path, options: tuple[str, ...]) -> None:
    assert cli("bank", "ingest", "shared", "kb", *options).code == 2


def test_a_bad_time_is_a_usage_error(cli: Cli, folder: Path) -> None:
    assert cli("bank", "ingest", "notes", "kb", "--timestamp", "soon").code == 2


def test_words_such_as_tomorrow_are_counted_from_the_time_that_is_given(cli: Cli, home: Path) -> None:
    (home / "a.txt").write_text("The office is closed tomorrow.")
    cli("bank", "ingest", "notes", "a.txt", "--timestamp", "2027-05-03T12:00:00+00:00")
    [memory] = cli("bank", "show", "notes", "--json").json["memories"]
    assert memory["occurred_at"].startswith("2027-05-04")
