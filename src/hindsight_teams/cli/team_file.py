"""Which team.toml a command means: the one it was given, or the one of the project in the current folder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

TEAM_FILE = "team.toml"

TeamArgument = Annotated[
    Path | None,
    typer.Argument(metavar="TEAM.TOML", help="The team's definition; the current project's if not given."),
]
TeamOption = Annotated[
    Path | None,
    typer.Option(
        "--team", metavar="FILE", help="The team's definition; the current project's if not given.", show_default=False
    ),
]


def find_team_file(given: Path | None, *, start: Path | None = None) -> Path:
    """The path of a team.toml, whether or not it exists.

    A folder stands for the file in it. Without any, it is ``team.toml`` in the current folder, else the file that
    ``[tool.hindsight-teams] team`` of its pyproject.toml names, as in a project made by ``hindsight-teams new``.
    """
    folder = given if given is not None and given.is_dir() else start or Path()
    if given is not None and not given.is_dir():
        return given
    plain = folder / TEAM_FILE
    named = None if plain.exists() else _from_pyproject(folder / "pyproject.toml")
    return folder / named if named else plain


def _from_pyproject(path: Path) -> str | None:
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))["tool"]["hindsight-teams"]["team"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError):
        return None
    return value if isinstance(value, str) else None
