"""docs/cli.md names every command and option, and its commands run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hindsight_teams.cli.main import app
from tests.cli.conftest import Cli

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
HEADING = re.compile(r"^### `hindsight-teams ([a-z -]+)`$", re.M)


def commands(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, child in below.items():
        yield from commands(child, f"{path} {name}".strip())


COMMANDS = dict(commands(typer.main.get_command(app)))


def sections() -> dict[str, str]:
    """The text for each heading; headings that follow each other directly share the text after the last of them."""
    found: dict[str, str] = {}
    parts = HEADING.split(PAGE)[1:]
    waiting: list[str] = []
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        waiting.append(name)
        if text.strip():
            body = text.split("\n## ")[0]
            found.update(dict.fromkeys(waiting, body))
            waiting = []
    return found


def options(command: Any) -> list[str]:
    shown = [p for p in command.params if not getattr(p, "hidden", False)]
    return [o for p in shown for o in (*p.opts, *p.secondary_opts) if o.startswith("--")]


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert list(sections()) == list(dict.fromkeys(HEADING.findall(PAGE)))
    assert set(sections()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented(name: str) -> None:
    common = PAGE.split("## Start")[0]
    for option in options(COMMANDS[name]):
        assert re.search(rf"`{option}\b", sections()[name] + common), f"{name} {option}"


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_documented_that_does_not_exist(name: str) -> None:
    group = [other for other, text in sections().items() if text == sections()[name]]
    known = {option for other in group for option in options(COMMANDS[other])}
    documented = re.findall(r"^- (.*?):", sections()[name], re.M)
    assert {option for line in documented for option in re.findall(r"`(--[a-z-]+)", line)} <= known


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_ends_with_an_example_of_it(cli: Cli, name: str) -> None:
    heading, example = cli(*name.split(), "--help").out.rstrip().splitlines()[-2:]
    assert heading.strip() == "Example:"
    assert len(example) <= 60
    program, *words = shlex.split(example)
    assert program == "hindsight-teams"
    assert words[: len(name.split())] == name.split()
    assert {word for word in words if word.startswith("--")} <= set(options(COMMANDS[name]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_json_and_explains_itself(cli: Cli, name: str) -> None:
    assert "--json" in options(COMMANDS[name])
    shown = cli(*name.split(), "--help")
    assert shown.code == 0
    assert "Usage: hindsight-teams" in shown.out
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "hidden", False) or parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize("group", ["", "bank", "audit", "keys", "review", "recipes"])
def test_a_list_of_commands_is_never_cut_short(cli: Cli, group: str) -> None:
    assert "..." not in cli(*group.split(), "--help").out.partition("Commands:")[2]


@pytest.mark.slow
def test_the_page_s_commands_run_from_top_to_bottom(home: Path) -> None:
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S))
    here = Path(sys.executable).parent
    assert shutil.which("hindsight-teams", path=here) is not None
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=home,
        env={"PATH": f"{here}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "TMPDIR": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "3 May 2027" in done.stdout
