"""``hindsight-teams access``: the access matrix of a team.toml. Imports no agno."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hindsight_teams.cli.options import Json
from hindsight_teams.cli.output import console, print_json


def access(
    team: Annotated[Path, typer.Argument(metavar="TEAM.TOML", help="The team's definition.")] = Path("team.toml"),
    *,
    json: Json = False,
) -> None:
    """Show who may do what: members by banks, from a team.toml."""
    from hindsight_teams.cli.matrix import as_json, render
    from hindsight_teams.definition import TeamDefinition

    definition = TeamDefinition.from_file(team / "team.toml" if team.is_dir() else team)
    if json:
        print_json(as_json(definition))
    else:
        console().print(render(definition, console().width))
