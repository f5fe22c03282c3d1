from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import pytest

from hindsight_recipes import list_recipes
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.cli.scaffold.place import RECORD
from tests.cli.conftest import Cli
from tests.cli.scaffold.test_place import tree

RECIPES = [recipe.name for recipe in list_recipes()]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_becomes_a_project_whose_files_can_be_read(cli: Cli, home: Path, recipe: str) -> None:
    made = cli("new", "my-desk", "--recipe", recipe)
    assert made.code == 0, made.err
    files = tree(home / "my-desk")
    assert {
        "pyproject.toml",
        "README.md",
        "AGENTS.md",
        ".env.example",
        ".gitignore",
        ".github/workflows/ci.yml",
    } <= set(files)
    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text)
        if path.endswith(".toml"):
            tomllib.loads(text)
        assert "{{" not in text.replace("${{", ""), path
        assert text == "" or text.endswith("\n"), path
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["name"] == "my-desk"
    assert any(wanted.startswith("hindsight-teams") for wanted in project["dependencies"])
    assert TeamDefinition.from_file(home / "my-desk" / "my_desk" / "team.toml").team_id == "my-desk"


def test_it_ends_with_the_matrix_and_how_to_test_and_talk(cli: Cli) -> None:
    shown = cli("new", "desk").out
    assert "writer-only" in shown
    commands = [line.strip().split("   ")[0] for line in shown.rstrip().splitlines()[-4:]]
    assert commands[:3] == ['cd desk && pip install -e ".[dev]"', "pytest", "hindsight-teams chat"]
    assert commands[3].endswith("python -m desk.app")


def test_json_names_the_files_the_matrix_and_the_answers(cli: Cli, home: Path) -> None:
    made = cli("new", "desk", "--json").json
    assert sorted(made["written"]) == sorted(tree(home / "desk"))
    assert made["access"]["members"]["researcher"] == {"shared": ["retain"]}
    assert made["answers"] == {
        "name": "desk",
        "recipe": "researcher_answerer",
        "members": {},
        "model": "offline",
        "backend": "embedded",
    }
    assert made["next"][1:3] == ["pytest", "hindsight-teams chat"]


def test_a_dry_run_shows_all_and_writes_nothing(cli: Cli, home: Path) -> None:
    shown = cli("new", "desk", "--dry-run")
    assert shown.code == 0
    assert "team.toml" in shown.out
    assert "writer-only" in shown.out
    assert list(home.iterdir()) == []
    planned = cli("new", "desk", "--dry-run", "--json").json
    assert planned["written"] == []
    assert "pyproject.toml" in planned["would_write"]


def test_no_question_is_asked_where_nobody_can_answer(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise AssertionError("asked")

    monkeypatch.setattr("typer.prompt", refuse)
    assert cli("new", "desk").code == 0


def test_on_a_terminal_at_most_four_questions_are_asked(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = {"Recipe": "2", "Members": "writer,helper", "Model": "openai:gpt-5-mini", "Memory": "cloud"}

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return answers[question]

    monkeypatch.setattr("typer.prompt", answer)
    monkeypatch.setattr("hindsight_teams.cli.new.interactive", lambda: True)
    made = cli("new", "desk")
    assert made.code == 0, made.err
    assert asked == list(answers)
    recorded = json.loads((home / "desk" / RECORD).read_text())["answers"]
    assert recorded["recipe"] == "support_desk"
    assert recorded["members"] == {"editor": "writer", "support": "helper"}
    assert recorded["model"] == "openai:gpt-5-mini"
    assert recorded["backend"] == "cloud"


def test_a_typo_is_told_and_the_question_asked_again(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "Name": iter(["my team!", "desk"]),
        "Recipe": iter(["17", "suport_desk", "support_desk"]),
        "Members": iter(["writer", "writer,helper"]),
        "Model": iter(["gpt", "offline"]),
        "Memory": iter(["clouds", "embedded"]),
    }
    monkeypatch.setattr("typer.prompt", lambda question, **_: next(given[question]))
    monkeypatch.setattr("hindsight_teams.cli.new.interactive", lambda: True)
    made = cli("new")
    assert made.code == 0, made.err
    assert (home / "desk" / "desk" / "team.toml").exists()
    assert [question for question, answers in given.items() if next(answers, None)] == []
    assert "did you mean 'support_desk'?" in made.out


def test_a_flag_answers_its_question(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def take_default(question: str, *, default: str) -> str:
        asked.append(question)
        return default

    monkeypatch.setattr("typer.prompt", take_default)
    monkeypatch.setattr("hindsight_teams.cli.new.interactive", lambda: True)
    assert cli("new", "desk", "--recipe", "support-desk", "--model", "offline", "--backend", "server").code == 0
    assert asked == ["Members"]
    assert cli("new", "desk2", "--yes").code == 0
    assert asked == ["Members"]


@pytest.mark.parametrize("members", ["scout,helper", "researcher=scout,answerer=helper"])
def test_members_get_the_names_given(cli: Cli, home: Path, members: str) -> None:
    made = cli("new", "desk", "--members", members, "--json")
    assert made.json["access"]["members"] == {
        "scout": {"shared": ["retain"]},
        "helper": {"shared": ["recall", "reflect"]},
        "desk": {"shared": ["recall"]},
    }
    code = (home / "desk" / "desk" / "team.py").read_text()
    assert 'id="scout"' in code
    assert 'name="Scout"' in code
    assert "researcher" not in code.casefold()
    assert "answerer" not in code.casefold()


def test_two_members_may_swap_their_names(cli: Cli) -> None:
    made = cli("new", "desk", "--members", "researcher=answerer,answerer=researcher", "--json").json
    assert made["access"]["members"]["answerer"] == {"shared": ["retain"]}


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--recipe", "researcher", "researcher_answerer"),
        ("--members", "reasearcher=x", "researcher"),
        ("--members", "one", "2 members"),
        ("--members", ",", "2 members"),
        ("--members", "a,a", "'a'"),
        ("--members", "Big Name,b", "'Big Name'"),
        ("--members", "researcher=team", "'team'"),
        ("--model", "gpt", "openai:gpt-5-mini"),
        ("--backend", "embeded", "embedded"),
    ],
)
def test_an_answer_that_does_not_fit_is_one_line_and_makes_nothing(
    cli: Cli, home: Path, option: str, value: str, hint: str
) -> None:
    failed = cli("new", "desk", option, value)
    assert failed.code == 1
    assert failed.err.count("\n") == 1
    assert hint in failed.err
    assert list(home.iterdir()) == []


def test_a_name_is_needed(cli: Cli) -> None:
    assert cli("new").code == 2


def test_a_trailing_slash_is_no_trouble(cli: Cli, home: Path) -> None:
    assert cli("new", "desk/").code == 0
    assert (home / "desk" / "pyproject.toml").exists()


def test_the_model_brings_its_package_and_its_key(cli: Cli, home: Path) -> None:
    cli("new", "desk", "--model", "anthropic:claude-sonnet-5")
    dependencies = tomllib.loads((home / "desk" / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(wanted.startswith("agno[anthropic]") for wanted in dependencies)
    environment = (home / "desk" / ".env.example").read_text()
    assert "TEAM_MODEL=anthropic:claude-sonnet-5" in environment
    assert "ANTHROPIC_API_KEY=\n" in environment


@pytest.mark.parametrize(
    ("backend", "line"),
    [
        ("embedded", "HINDSIGHT_TEAMS_DB=memory.db"),
        ("server", "HINDSIGHT_API_URL=http://localhost:8888"),
        ("cloud", "HINDSIGHT_API_KEY="),
    ],
)
def test_the_backend_is_the_one_that_is_switched_on(cli: Cli, home: Path, backend: str, line: str) -> None:
    cli("new", "desk", "--backend", backend)
    lines = (home / "desk" / ".env.example").read_text().splitlines()
    assert [found for found in lines if found.startswith("HINDSIGHT")] == [line]


def test_a_folder_with_something_in_it_is_refused(cli: Cli, home: Path) -> None:
    (home / "desk").mkdir()
    (home / "desk" / "mine.txt").write_text("mine")
    failed = cli("new", "desk")
    assert failed.code == 1
    assert "--force" in failed.err
    assert tree(home / "desk") == {"mine.txt": "mine"}


def test_force_adds_what_is_missing_and_keeps_what_was_changed(cli: Cli, home: Path) -> None:
    cli("new", "desk")
    readme, env = home / "desk" / "README.md", home / "desk" / ".env.example"
    readme.write_text("my own words\n")
    env.unlink()
    again = cli("new", "desk", "--force", "--model", "openai:gpt-5-mini", "--json").json
    assert again["kept"] == ["README.md"]
    assert readme.read_text() == "my own words\n"
    assert "openai:gpt-5-mini" in env.read_text()
    assert "openai:gpt-5-mini" in (home / "desk" / "desk" / "settings.py").read_text()


def test_force_leaves_a_stranger_s_file_alone(cli: Cli, home: Path) -> None:
    (home / "desk").mkdir()
    (home / "desk" / "pyproject.toml").write_text("# somebody else's\n")
    cli("new", "desk", "--force")
    assert (home / "desk" / "pyproject.toml").read_text() == "# somebody else's\n"
    assert (home / "desk" / "desk" / "team.toml").exists()


def test_a_failure_while_writing_leaves_nothing(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    real = Path.write_bytes

    def full_disk(self: Path, data: bytes) -> int:
        written.append(self)
        if len(written) > 3:
            raise OSError(28, "No space left on device", str(self))
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    failed = cli("new", "desk")
    assert failed.code == 1
    assert "No space left" in failed.err
    assert list(home.iterdir()) == []


def test_no_flag_takes_a_key(cli: Cli) -> None:
    for command in ("new", "demo", "run", "doctor"):
        assert "--api-key" not in cli(command, "--help").out
