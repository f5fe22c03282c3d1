from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

FERRY = "The ferry Aurora leaves Bergen at 14:30 on 3 May 2027."


@pytest.fixture
def filled(cli: Cli) -> str:
    assert cli("bank", "retain", "desk:shared", FERRY, "--tag", "travel", "--metadata", "author=ada").code == 0
    assert cli("bank", "retain", "desk:shared", "The office cat is called Minka.").code == 0
    return "desk:shared"


def test_what_is_retained_is_recalled_by_the_next_command(cli: Cli, filled: str) -> None:
    found = cli("bank", "recall", filled, "When does the ferry leave Bergen?")
    assert found.code == 0
    assert FERRY in found.out
    assert "ada" in found.out
    assert "travel" in found.out


def test_show_counts_in_words_and_leaves_bookkeeping_out(cli: Cli) -> None:
    cli("bank", "retain", "one", FERRY, "--tag", "travel", "--tag", "tagset:none")
    shown = cli("bank", "show", "one").out
    assert "1 memory" in shown
    assert "memories" not in shown
    assert "travel" in shown
    assert "tagset" not in shown


def test_show_lists_what_has_a_day_in_the_order_in_which_it_happens(cli: Cli, filled: str) -> None:
    cli("bank", "retain", filled, "The ferry Borealis sank on 9 June 2011.")
    shown = cli("bank", "show", filled, "--order", "happened").out
    assert shown.index("Borealis") < shown.index("Aurora")
    assert "Minka" not in shown


def test_recall_as_json_holds_the_whole_memory(cli: Cli, filled: str) -> None:
    [memory] = cli("bank", "recall", filled, "ferry", "--tag", "travel", "--tags-match", "all_strict", "--json").json[
        "memories"
    ]
    assert memory["text"] == FERRY
    assert memory["metadata"]["author"] == "ada"


def test_nothing_found_is_said_and_is_no_failure(cli: Cli, filled: str) -> None:
    found = cli("bank", "recall", filled, "submarines")
    assert (found.code, found.out.splitlines()[0]) == (0, "No relevant memories found.")


def test_lines_that_hardly_answer_are_said_to_be_that(cli: Cli, filled: str) -> None:
    asked = ("bank", "recall", filled, "Who repairs the engine of the ferry Aurora Borealis in Tromso?")
    assert "little is known about this" in cli(*asked).out
    assert cli(*asked, "--json").json["confidence"] < 0.42
    assert "little is known" not in cli("bank", "recall", filled, "ferry").out


@pytest.mark.parametrize("command", [("show",), ("recall", "x"), ("reflect", "x"), ("delete", "--yes")])
def test_a_mistyped_bank_is_told_from_an_empty_one(cli: Cli, filled: str, command: tuple[str, ...]) -> None:
    verb, *rest = command
    failed = cli("bank", verb, f"{filled}s", *rest)
    assert failed.code == 1
    assert f"did you mean {filled!r}?" in failed.err


def test_a_search_by_words_alone_says_so_and_how_to_add_meaning(
    cli: Cli, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cli("bank", "recall", filled, "ferry").out
    assert "by words" in found
    assert "HINDSIGHT_TEAMS_EMBEDDER=minilm" in found
    assert "by words" not in cli("bank", "recall", filled, "ferry", "--json").out


def test_a_memory_takes_two_lines_and_the_second_begins_with_its_id(cli: Cli, filled: str) -> None:
    [memory, *_] = cli("bank", "show", filled, "--json").json["memories"]
    shown = cli("bank", "show", filled).out.splitlines()
    at = next(number for number, line in enumerate(shown) if line.strip() == memory["text"])
    assert shown[at + 1].split()[0] == memory["id"]


def test_recall_explains_why_a_memory_was_found(cli: Cli, filled: str) -> None:
    plain = cli("bank", "recall", filled, "ferry", "--json").json["memories"][0]
    assert plain["signals"] == []
    explained = cli("bank", "recall", filled, "ferry", "--explain", "--json").json["memories"][0]
    assert explained["signals"]
    shown = cli("bank", "recall", filled, "ferry", "--explain").out
    assert explained["signals"][0]["strategy"] in shown


def test_reflect_answers_with_what_it_rests_on(cli: Cli, filled: str) -> None:
    answer = cli("bank", "reflect", filled, "When does the ferry leave?", "--json").json
    assert "14:30" in answer["text"]
    assert answer["based_on"][0]["text"] == FERRY


def test_banks_are_listed_by_prefix(cli: Cli, filled: str) -> None:
    cli("bank", "retain", "other", "Something else.")
    assert [bank["bank_id"] for bank in cli("bank", "list", "--json").json["banks"]] == [filled, "other"]
    assert [bank["bank_id"] for bank in cli("bank", "list", "--prefix", "desk", "--json").json["banks"]] == [filled]
    assert filled in cli("bank", "list").out


def test_show_pages_through_a_bank(cli: Cli, filled: str) -> None:
    first = cli("bank", "show", filled, "--limit", 1)
    assert FERRY in first.out
    assert "--offset 1" in first.out
    page = cli("bank", "show", filled, "--limit", 1, "--offset", 1, "--json").json
    assert page["memories"][0]["text"] == "The office cat is called Minka."
    assert page["total"] == page["stats"]["memories"] == 2


def test_content_can_come_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(FERRY))
    assert cli("bank", "retain", "piped", "-").code == 0
    assert cli("bank", "show", "piped", "--json").json["memories"][0]["text"] == FERRY


def test_a_timestamp_is_kept(cli: Cli) -> None:
    cli("bank", "retain", "dated", "The mast broke.", "--timestamp", "2020-02-03T10:00:00+00:00")
    [memory] = cli("bank", "show", "dated", "--json").json["memories"]
    assert memory["mentioned_at"].startswith("2020-02-03")


def test_happened_and_noted_are_told_apart(cli: Cli) -> None:
    said = ("--timestamp", "2026-11-25T12:00:00+00:00")
    cli("bank", "retain", "dated", "The mast broke on 3 May 2024.", *said)
    cli("bank", "retain", "dated", "The sail is red.", *said)
    for command in (("show",), ("recall", "mast sail")):
        out = " ".join(cli("bank", command[0], "dated", *command[1:]).out.split())
        assert "The mast broke on 3 May 2024. 1-1 happened 2024-05-03 noted 2026-11-25" in out
        assert "The sail is red. 1-2 noted 2026-11-25" in out


def test_what_was_said_again_is_counted(cli: Cli) -> None:
    for day in ("03", "09"):
        cli("bank", "retain", "dated", "The mast broke.", "--timestamp", f"2026-11-{day}T12:00:00+00:00")
    assert "said 2 times, last 2026-11-09" in " ".join(cli("bank", "show", "dated").out.split())


def test_deleting_needs_consent(cli: Cli, filled: str) -> None:
    refused = cli("bank", "delete", filled)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert cli("bank", "show", filled, "--json").json["total"] == 2


@pytest.mark.parametrize(("answer", "left"), [("n\n", 2), ("y\n", 0)])
def test_on_a_terminal_deleting_asks(
    cli: Cli, filled: str, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr("hindsight_teams.cli.options.interactive", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert cli("bank", "delete", filled).code == (1 if left else 0)
    assert len(cli("bank", "list", "--json").json["banks"]) == (1 if left else 0)


def test_a_deleted_bank_is_gone(cli: Cli, filled: str) -> None:
    assert cli("bank", "delete", filled, "--yes", "--json").json == {"bank_id": filled, "deleted": 2}
    assert cli("bank", "list", "--json").json["banks"] == []


def test_one_memory_can_be_deleted(cli: Cli, filled: str) -> None:
    first, second = cli("bank", "show", filled, "--json").json["memories"]
    assert cli("bank", "delete", filled, "--memory", first["id"], "--yes").code == 0
    assert [m["id"] for m in cli("bank", "show", filled, "--json").json["memories"]] == [second["id"]]


def test_deleting_what_is_not_there_says_so(cli: Cli, filled: str) -> None:
    assert "Nothing matches" in cli("bank", "delete", filled, "--memory", "zzz", "--yes").out


@pytest.mark.parametrize("command", ["show", "delete"])
def test_a_bank_that_is_not_there_is_one_line(cli: Cli, command: str) -> None:
    failed = cli("bank", command, "nowhere", *(["--yes"] if command == "delete" else []))
    assert failed.code == 1
    assert failed.err.count("\n") == 1
    assert "nowhere" in failed.err


def test_of_a_bank_that_is_not_there_the_known_ones_are_listed_apart(cli: Cli, filled: str) -> None:
    assert f"known: {filled!r}; `hindsight-teams bank list`" in cli("bank", "show", "xyzzy").err


def test_a_mistyped_database_is_not_made_by_a_reader(cli: Cli, home: Path) -> None:
    failed = cli("bank", "list", "--db", home / "typo.db")
    assert failed.code == 1
    assert "typo.db" in failed.err
    assert list(home.iterdir()) == []


def test_db_and_url_exclude_each_other(cli: Cli, home: Path) -> None:
    assert cli("bank", "list", "--db", home / "a.db", "--url", "http://localhost:1").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("retain", "b", "x", "--metadata", "no-sign"),
        ("retain", "b", "x", "--timestamp", "yesterday"),
        ("recall", "b", "x", "--budget", "huge"),
        ("recall", "b", "x", "--max-tokens", "many"),
        ("show", "b", "--limit", "0"),
        ("recall", "b"),
    ],
)
def test_a_bad_argument_is_a_usage_error(cli: Cli, arguments: tuple[str, ...]) -> None:
    failed = cli("bank", *arguments)
    assert failed.code == 2
    assert failed.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [("retain", "a/b", "x"), ("retain", "b", " "), ("recall", "b", "x", "--max-tokens", "0"), ("recall", "b", "")],
)
def test_a_value_that_memory_refuses_is_one_line(cli: Cli, arguments: tuple[str, ...]) -> None:
    failed = cli("bank", *arguments)
    assert failed.code == 1
    assert failed.err.count("\n") == 1


def test_an_error_masks_nothing_that_is_not_secret(cli: Cli) -> None:
    assert "max_tokens=0 " in cli("bank", "recall", "b", "x", "--max-tokens", "0").err
    assert "NAME=VALUE" in cli("bank", "retain", "b", "x", "--metadata", "no-sign").err


def test_a_server_that_is_down_is_one_line_without_the_key(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_API_KEY", "hsk-very-secret")
    failed = cli("bank", "list", "--url", "http://127.0.0.1:9")
    assert failed.code == 1
    assert "127.0.0.1:9" in failed.err
    assert "&offset=0, attempts: " in failed.err
    assert "hsk-very-secret" not in failed.err + failed.out


def test_a_file_that_is_no_database_is_one_line(cli: Cli, home: Path) -> None:
    (home / "notes.db").write_text("just text, long enough to be looked at as a header of a database file " * 30)
    failed = cli("bank", "list", "--db", home / "notes.db")
    assert failed.code == 1
    assert failed.err.count("\n") == 1
    assert (home / "notes.db").read_text().startswith("just text")


def test_a_memory_cannot_steer_the_terminal(cli: Cli) -> None:
    cli("bank", "retain", "b", "A fact about boats \x1b[2J and \u202eships.")
    shown = cli("bank", "recall", "b", "boats")
    assert "\x1b" not in shown.out
    assert "\u202e" not in shown.out
