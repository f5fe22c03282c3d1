from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
import typer

from hindsight_teams import SQLiteBackend
from hindsight_teams.cli.main import PROGRAM, app


@pytest.fixture
def filled(home: Path) -> Path:
    for path, number in ((Path(os.environ["HINDSIGHT_TEAMS_DB"]), ""), (home / "here.db", "2")):
        with closing(SQLiteBackend(path)) as backend:
            for bank in ("desk:shared", "desk:notes", "other"):
                backend.retain(f"{bank}{number}", "x")
    (home / "team.toml").write_text(
        '[team]\nid = "desk"\n[banks]\nshared = "team"\n[members.scout]\nshared = "full"\n[members.sailor]\nshared = "full"\n'
    )
    return home


def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What bash is told when the cursor stands behind the last word."""
    monkeypatch.setenv("_HINDSIGHT_TEAMS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join([PROGRAM, *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        typer.main.get_command(app).main([], prog_name=PROGRAM)
    printed = capsys.readouterr()
    assert (ended.value.code, printed.err) == (0, "")
    return printed.out.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("bank", "show", "desk"), {"desk:notes", "desk:shared"}),
        (("bank", "rename", "o"), {"other"}),
        (("bank", "show", "--db", "here.db", "o"), {"other2"}),
        (("bank", "ingest", "--member", "scout", "s"), {"shared"}),
        (("bank", "ingest", "x", "--member", "s"), {"scout", "sailor"}),
        (("mcp", "--member", "sc"), {"scout"}),
        (("audit", "show", "--bank", "s"), {"shared"}),
        (("audit", "show", "--team", "desk", "--member", "sc"), {"scout"}),
        (("run", "supp"), {"support_desk"}),
        (("recipes", "show", "supp"), {"support_desk"}),
        (("access", "te"), {"team.toml"}),
        (("review", "list", "--team", "te"), {"team.toml"}),
        (("bank", "show", "x", "--db", "he"), {"here.db"}),
        (("bank", "expo"), {"export"}),
    ],
)
def test_a_shell_completes(
    filled: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    wanted: set[str],
) -> None:
    assert set(complete(monkeypatch, capsys, *words)) == wanted


@pytest.mark.parametrize("content", [None, b"", b"no database", b"SQLite format 3\x00 broken"])
def test_a_file_that_can_not_be_read_completes_nothing_and_is_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = home / "x.db"
    if content is not None:
        path.write_bytes(content)
    assert complete(monkeypatch, capsys, "bank", "show", "--db", "x.db", "a") == []
    assert ([p.name for p in home.iterdir()], content) == (["x.db"] if content is not None else [], content)
    assert content is None or path.read_bytes() == content


def test_a_pipe_is_not_waited_for(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(home / "x.db")
    assert complete(monkeypatch, capsys, "bank", "show", "--db", "x.db", "a") == []


def test_a_team_file_that_is_broken_completes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "team.toml").write_text("team = [")
    assert complete(monkeypatch, capsys, "mcp", "--member", "s") == []


def test_no_server_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HINDSIGHT_API_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("HINDSIGHT_TEAMS_DB")
    assert complete(monkeypatch, capsys, "bank", "show", "a") == []
