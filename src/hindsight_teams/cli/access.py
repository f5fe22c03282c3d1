"""``hindsight-teams access``: the access matrix of a team.toml. Imports no agno."""

from __future__ import annotations

from hindsight_teams.cli.options import Json
from hindsight_teams.cli.output import console, print_json
from hindsight_teams.cli.team_file import TeamArgument, find_team_file


def access(team: TeamArgument = None, *, json: Json = False) -> None:
    """Show who may do what on which bank."""
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.cli.matrix_table import plain, render

    definition = TeamDefinition.from_file(find_team_file(team))
    if json:
        print_json(plain(definition))
    else:
        screen = console()
        screen.print(render(definition, screen.width))
