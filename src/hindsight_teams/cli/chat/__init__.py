"""``hindsight-teams chat``: talk with a team in the terminal and see its calls of memory.

``partners`` finds whom to talk with, ``talk`` follows each turn.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.completing import complete_recipes
from hindsight_teams.cli.failing import FAILED
from hindsight_teams.cli.options import Db, Json, Model, Url, backend, interactive
from hindsight_teams.cli.output import print_json, say

if TYPE_CHECKING:
    from hindsight_teams.cli.chat.talk import Conversation


_PROMPT = " > "


def chat(
    team: Annotated[
        str | None,
        typer.Argument(
            metavar="TEAM",
            autocompletion=complete_recipes,
            help="A recipe, a folder, a team.toml, or module:name; the current project if not given.",
        ),
    ] = None,
    *,
    user: Annotated[str, typer.Option("--user", metavar="ID", help="Who speaks.")] = "me",
    session: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="The session to continue; a new one if not given.")
    ] = None,
    model: Model = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Let /forget forget without asking.")] = False,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Talk with a team.

    Each line is a message to the team; a line that begins with a slash is a command, and /help lists them. In a pipe
    each line of the input is one turn.
    """
    from hindsight_teams.cli.chat.partners import find
    from hindsight_teams.cli.chat.talk import Conversation, greet
    from hindsight_teams.cli.play import OFFLINE, quiet_agno
    from hindsight_teams.cli.stage import Watch

    log = Watch()

    def confirm(question: str) -> bool:
        if yes or interactive():
            return yes or typer.confirm(question)
        if not json:
            say(("Without a terminal, /forget needs the option --yes.", "dim"))
        return False

    with quiet_agno(), backend(db, url) as opened:
        partner = find(team, model=model, backend=opened, watch=log)
        remember_the_session(partner.runner)
        talk = Conversation(partner, opened, log, user=user, session=session, confirm=confirm, silent=json)
        if interactive() and not json:
            greet(partner, user)
            _converse(talk)
        else:
            if model and model != OFFLINE and partner.model is not None and partner.model.offline:
                sys.stderr.write(f"{partner.model.notice}\n")
            for line in sys.stdin:
                if not talk.hear(line):
                    break
        if partner.memory is not None:
            partner.memory.flush()
    if json:
        turns = [
            {"user": t.user, "said": t.said, "answer": t.answer, "memory": [e.to_dict() for e in t.events]}
            for t in talk.turns
        ]
        print_json({"team": partner.title, "session": talk.session, "turns": turns})
    if talk.failed and not interactive():
        raise typer.Exit(FAILED)


def remember_the_session(runner: object) -> None:
    """Let a team without a database of its own know what was said before in this session, as long as it lasts."""
    from agno.agent import Agent
    from agno.db.in_memory import InMemoryDb
    from agno.team import Team

    if isinstance(runner, Agent | Team) and runner.db is None:
        runner.db = InMemoryDb()  # type: ignore[no-untyped-call]  # Agno's own
        runner.add_history_to_context = True


def _converse(talk: Conversation) -> None:
    import contextlib

    with contextlib.suppress(ImportError):  # arrow keys and a history, where Python was built with them
        import readline  # noqa: F401
    while True:
        try:
            line = input(f"{talk.user}{_PROMPT}")
        except EOFError:
            say()
            return
        if not talk.hear(line):
            return
