"""``hindsight-teams demo``: run one team in two processes that share nothing but memory."""

from __future__ import annotations

from typing import Annotated

import typer

from hindsight_teams.cli.options import Db, Json

RECIPE = "researcher_answerer"

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="An Agno model string such as openai:gpt-5-mini; a stand-in by fixed rules if not given.",
    ),
]


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
    from hindsight_teams.cli.play import play

    raise typer.Exit(play(get_recipe(RECIPE), model=model, db=db, url=None, as_json=json, brief=not full))
