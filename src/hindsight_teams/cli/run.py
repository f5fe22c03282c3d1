"""``hindsight-teams run | demo``: play a recipe's script, or send its team one prompt."""

from __future__ import annotations

import json as json_module
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.completing import complete_recipes
from hindsight_teams.cli.options import Db, Json, Model, Url, check_place
from hindsight_teams.cli.output import opened_for_writing, print_json, say

if TYPE_CHECKING:
    from hindsight_recipes import Recipe
    from hindsight_teams.cli.play import Staging


def run(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help="The recipe's name; `recipes list` shows them.", autocompletion=complete_recipes
        ),
    ],
    prompt: Annotated[
        str | None, typer.Argument(metavar="PROMPT", help="Ask this, instead of playing the recipe's script.")
    ] = None,
    *,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="On whose behalf PROMPT is asked.")] = None,
    model: Model = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
    phase: Annotated[str | None, typer.Option("--phase", hidden=True)] = None,
    report: Annotated[Path | None, typer.Option("--report", hidden=True)] = None,
    scratch: Annotated[bool, typer.Option("--scratch", hidden=True)] = False,
    brief: Annotated[
        bool, typer.Option("--brief", help="Show only the calls of one fact, where the recipe names one.")
    ] = False,
) -> None:
    """Play a recipe, or ask its team one thing.

    The script plays in a database file of its own unless --db or --url says otherwise. A PROMPT uses the memory that
    the settings choose, as `doctor` shows it.
    """
    from hindsight_recipes import get_recipe
    from hindsight_teams.cli.failing import usage
    from hindsight_teams.cli.play import Staging, choose_model, play, play_phase

    check_place(db, url)
    found = get_recipe(recipe)
    how = Staging(model=model, db=db, url=url, scratch=scratch, as_json=json, brief=brief)
    if prompt is not None:
        if not prompt.strip():
            raise usage("PROMPT holds no words")
        _ask(found, prompt, user, how)
    elif phase is not None and report is not None:
        done = play_phase(found, phase, how, choose_model(model))
        with opened_for_writing(report) as out:
            out.write(json_module.dumps(done))
    else:
        raise typer.Exit(play(found, how))


def _ask(recipe: Recipe, prompt: str, user: str | None, how: Staging) -> None:
    from hindsight_recipes import Step
    from hindsight_teams.backends.select import open_backend
    from hindsight_teams.cli.play import choose_model, quiet_agno, watched_team
    from hindsight_teams.cli.stage import Watch, perform

    chosen = choose_model(how.model)
    watch = Watch()
    if not how.as_json:
        say((chosen.notice, "yellow" if chosen.offline else "dim"))
    with quiet_agno(), closing(open_backend(db=how.db, hindsight_api_url=how.url)) as backend:
        team = watched_team(recipe, chosen, backend, watch)
        events = iter(team.run(prompt, user_id=user, stream=True, stream_events=True))
        played = perform(Step("ask", prompt, prompt, user), events, watch, silent=how.as_json)
    if how.as_json:
        print_json({"recipe": recipe.name, "model": chosen.name, "offline": chosen.offline, "step": played})


def demo(
    *,
    model: Model = None,
    full: Annotated[bool, typer.Option("--full", help="Show every call, not only those of one fact.")] = False,
    db: Db = None,
    json: Json = False,
) -> None:
    """See a team remember across processes.

    One process stores facts, the next one answers from memory alone. One fact is shown from the note to the answer, the
    others with a line each. It needs no key, no server and no network, and uses a database file of its own.
    """
    from hindsight_recipes import get_recipe
    from hindsight_teams.cli.play import Staging, play
    from hindsight_teams.cli.scaffold.answers import DEFAULT_RECIPE

    how = Staging(model=model, db=db, url=None, as_json=json, brief=not full)
    raise typer.Exit(play(get_recipe(DEFAULT_RECIPE), how))
