"""``hindsight-teams recipes``: list and show the ready teams of the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hindsight_teams.cli.completing import complete_recipes
from hindsight_teams.cli.options import Json
from hindsight_teams.cli.output import console, item, print_json, say, styled

if TYPE_CHECKING:
    from hindsight_recipes import Recipe

app = typer.Typer(help="List and show the ready teams.", no_args_is_help=True)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the recipes."""
    from hindsight_recipes import list_recipes

    recipes = list_recipes()
    if json:
        print_json({"recipes": [_plain(recipe) for recipe in recipes]})
        return
    print_list(recipes)


def print_list(recipes: Sequence[Recipe], *, numbered: bool = False) -> None:
    """Each recipe's name, and what it is in one sentence."""
    width = max(len(recipe.name) for recipe in recipes)
    for number, recipe in enumerate(recipes, 1):
        mark = styled((f"{number:>3}  " if numbered else "", "dim"), (recipe.name.ljust(width), "bold"), "  ")
        sentence = " ".join(recipe.summary.split()).partition(". ")[0].rstrip(".")
        item(mark, styled((f"{sentence}.", "dim")))


@app.command()
def show(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="The recipe's name.", autocompletion=complete_recipes)
    ],
    *,
    json: Json = False,
) -> None:
    """Show what a recipe does, and who may do what in it."""
    from hindsight_recipes import get_recipe
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.cli.access import plain, render

    found = get_recipe(recipe)
    definition = TeamDefinition.from_file(found.team_toml)
    if json:
        print_json({**_plain(found), "readme": found.readme.read_text(encoding="utf-8"), "access": plain(definition)})
        return
    screen = console()
    say((found.title, "bold"), (f"  {found.name}", "dim"))
    say()
    screen.print(found.summary.strip())
    screen.print(render(definition, screen.width))
    say((f"hindsight-teams run {found.name}", "cyan"), ("   plays it", "dim"))
    say((f"hindsight-teams new my-team --recipe {found.name}", "cyan"), ("   makes it yours", "dim"))


def _plain(recipe: Recipe) -> dict[str, Any]:
    return {"name": recipe.name, "title": recipe.title, "summary": recipe.summary.strip(), "phases": recipe.phases}
