from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hindsight_teams.cli.failing import INTERRUPTED
from hindsight_teams.cli.output import clean, item, say, styled
from hindsight_teams.errors import BackendUnreachable
from tests.cli.conftest import Cli

HEAVY = ("agno", "httpx", "jinja2", "pydantic", "rich", "sqlite3", "structlog")


def test_help_loads_nothing_heavy(home: Path) -> None:
    code = (
        "import sys; from hindsight_teams.cli.main import execute; execute(['--help']); execute(['review', '--help']);"
        f"sys.exit([m for m in {HEAVY!r} if m in sys.modules] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Shared long-term memory" in done.stdout
    assert "Approve or reject" in done.stdout


@pytest.mark.slow
def test_who_forgets_reviews_or_looks_at_banks_and_audit_loads_no_framework(home: Path) -> None:
    (home / "team.toml").write_text('[team]\nid = "desk"\n[banks]\nshared = "team"\n[members.a]\nshared = "full"\n')
    commands = [
        ["bank", "retain", "desk:shared", "Maple began in May."],
        ["bank", "list"],
        ["review", "list"],
        ["forget", "--author", "a", "--yes"],
        ["audit", "--help"],
    ]
    code = (
        "import sys; from hindsight_teams.cli.main import execute;"
        f"assert not any([execute(command) for command in {commands!r}]);"
        "sys.exit([m for m in sys.modules if m.split('.')[0] in ('agno', 'httpx')] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_command_is_a_usage_error_that_names_the_nearest(cli: Cli) -> None:
    failed = cli("acces")
    assert failed.code == 2
    assert failed.err.count("\n") == 1
    assert failed.err.endswith("Did you mean 'access'? see `hindsight-teams --help`\n")


def test_a_bad_option_is_a_usage_error_in_json_too(cli: Cli) -> None:
    failed = cli("access", "--json", "--nope")
    assert failed.code == 2
    assert failed.json["error"]["type"] == "UsageError"


def test_no_command_shows_the_help(cli: Cli) -> None:
    shown = cli()
    assert shown.code == 2
    assert "Commands:" in shown.out + shown.err
    assert "error:" not in shown.err


def test_the_version_is_shown(cli: Cli) -> None:
    assert cli("--version").out.startswith("hindsight-teams ")


def test_an_error_shows_its_details_but_no_key(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BackendUnreachable("no connection", url="http://h:1", api_key="hsk-1", authorization="Bearer hsk-1")

    monkeypatch.setattr("hindsight_teams.access.definition.TeamDefinition.from_file", fail)
    failed = cli("access", "--json")
    assert failed.err == "error: no connection (url: http://h:1)\n"
    assert failed.json["error"]["details"] == {"url": "http://h:1"}
    assert "hsk-1" not in failed.out + failed.err


def test_a_fault_of_our_own_is_one_line_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("hindsight_teams.access.definition.TeamDefinition.from_file", fail)
    failed = cli("access")
    assert failed.code == 1
    assert failed.err.count("\n") == 1
    assert "ZeroDivisionError" in failed.err
    with pytest.raises(ZeroDivisionError):
        cli("--debug", "access")


@pytest.mark.slow
def test_an_error_is_one_line_even_when_a_request_was_repeated_before_it() -> None:
    def run(*options: str) -> str:
        command = [sys.executable, "-m", "hindsight_teams.cli", *options, "bank", "list", "--url", "http://127.0.0.1:9"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr

    assert run().count("\n") == 1
    assert "request repeated" in run("--debug")


def test_an_interrupt_is_no_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hindsight_teams.access.definition.TeamDefinition.from_file", interrupt)
    assert cli("access").code == INTERRUPTED


def test_what_a_memory_holds_cannot_steer_the_terminal() -> None:
    assert clean("a\x1b[2J\u202eb\nc") == "a\\x1b[2J\\u202eb c"


def test_a_long_text_is_not_folded_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    text = "calm sea and a fair wind, " * 800 + "end"
    item(styled("1. "), styled(text))
    item(styled("2. "), styled(text), cut=True)
    say("3. ", text)
    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [len(text) + 3] * 3


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error(home: Path) -> None:
    banks = "".join(f"b{n} = 'team'\n" for n in range(60))
    members = "".join(f"[members.m{n}]\n" for n in range(100))
    (home / "team.toml").write_text(f"[team]\nid = 't'\n[banks]\n{banks}{members}")  # more than a pipe holds
    process = subprocess.Popen(
        [sys.executable, "-m", "hindsight_teams.cli", "access", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert errors == b""


@pytest.mark.slow
def test_an_ascii_terminal_gets_ascii(home: Path) -> None:
    (home / "team.toml").write_text("[team]\nid = 'tëam'\n[banks]\na = 'team'\nb = 'team'\n[members.m]\na = 'full'\n")
    done = subprocess.run(
        [sys.executable, "-m", "hindsight_teams.cli", "access"],
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        cwd=home,
        capture_output=True,
        check=True,
    )
    text = done.stdout.decode("ascii")
    assert "t\\xebam" in text
    assert "full" in text


@pytest.mark.slow
def test_json_is_one_object_for_programs(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hindsight_teams.cli", "access", "--json"], cwd=home, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["type"] == "TeamDefinitionError"
