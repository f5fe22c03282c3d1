from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

TEAM = """
[team]
id = "research-desk"
[banks]
shared = "team"
notes = "member"
[members.researcher]
shared = "writer-only"
notes = "full"
[members.answerer]
shared = {access = ["recall", "reflect"], scope_tags = ["eu"]}
[review]
curators = ["answerer"]
"""


@pytest.fixture(autouse=True)
def team_file(home: Path) -> Path:
    path = home / "team.toml"
    path.write_text(TEAM)
    return path


def test_the_matrix_shows_each_member_on_each_bank(cli: Cli) -> None:
    shown = cli("access")
    assert shown.code == 0
    rows = {line.split()[0]: line.split()[1:] for line in shown.out.splitlines() if line.strip()}
    assert rows["researcher"] == ["writer-only", "full"]
    assert rows["answerer"] == ["curator", "read-only*", "·"]
    assert "* on shared only what is tagged eu (answerer)" in shown.out


def test_json_holds_the_verbs_and_the_scope(cli: Cli) -> None:
    matrix = cli("access", "--json").json
    assert matrix["members"]["answerer"] == {"shared": ["recall", "reflect"], "notes": []}
    assert matrix["scope_tags"] == {"answerer": {"shared": ["eu"]}}
    assert matrix["curators"] == ["answerer"]


def test_a_folder_stands_for_the_team_file_in_it(cli: Cli, home: Path) -> None:
    assert cli("access", home, "--json").json["team"] == "research-desk"


def test_a_project_names_its_team_file_in_pyproject(cli: Cli, home: Path, team_file: Path) -> None:
    (home / "desk").mkdir()
    team_file.rename(home / "desk" / "team.toml")
    (home / "pyproject.toml").write_text('[tool.hindsight-teams]\nteam = "desk/team.toml"\n')
    assert cli("access", "--json").json["team"] == "research-desk"


def test_a_narrow_terminal_gets_a_list(team_file: Path) -> None:
    from rich.console import Console

    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.cli.access import render

    narrow = Console(width=34, record=True)
    narrow.print(render(TeamDefinition.from_file(team_file), 34))
    text = narrow.export_text()
    assert "writer-only on shared (team)" in text
    assert max(map(len, text.splitlines())) <= 34


def test_a_mistake_in_the_file_is_one_line_with_its_place(cli: Cli, team_file: Path) -> None:
    team_file.write_text(TEAM.replace('"writer-only"', '"writer-onyl"'))
    failed = cli("access")
    assert failed.code == 1
    assert failed.out == ""
    assert failed.err.count("\n") == 1
    assert "line 8" in failed.err
    assert "writer-only" in failed.err


def test_a_missing_file_is_one_line_and_a_json_object(cli: Cli) -> None:
    failed = cli("access", "elsewhere.toml", "--json")
    assert failed.code == 1
    assert failed.err.startswith("error: there is no 'elsewhere.toml'")
    assert failed.json["error"]["type"] == "TeamDefinitionError"


def test_debug_shows_the_traceback(cli: Cli) -> None:
    from hindsight_teams.errors import TeamDefinitionError

    with pytest.raises(TeamDefinitionError):
        cli("--debug", "access", "elsewhere.toml")


@pytest.mark.slow
def test_it_imports_no_agno(home: Path) -> None:
    code = (
        "import sys; from hindsight_teams.cli.main import execute; assert execute(['access']) == 0;"
        "sys.exit([m for m in sys.modules if m.split('.')[0] in ('agno', 'httpx')] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
