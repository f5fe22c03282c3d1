"""``hindsight-teams inspect``: a local web page that shows a team's rights, memory and audit.

``browser_gate`` decides who may ask, ``app`` routes, and each of the other modules is one view: values for the page, as
JSON. What the browser loads lies in ``static``.
"""

from __future__ import annotations

import secrets
import socket
import sys
import webbrowser
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.completing import complete_members
from hindsight_teams.cli.failing import usage
from hindsight_teams.cli.options import Db, Json, TeamArgument, Url, backend, find_team_file
from hindsight_teams.cli.output import print_json, say
from hindsight_teams.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from hindsight_teams.cli.inspect.browser_gate import Tokens


def inspect(
    team: TeamArgument = None,
    *,
    curator: Annotated[
        str | None,
        typer.Option(
            "--as",
            autocompletion=complete_members,
            metavar="MEMBER",
            help="Print a second address, whose holder decides on reviews as this curator.",
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port; a free one if 0.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the address in the browser.")] = False,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Look at a team's memory in the browser.

    The page is served to this machine alone, and to whoever has the address with its token. Without
    --as it changes nothing.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise ConfigurationError(
            "the page needs two more packages: pip install 'hindsight-teams[inspect]'", missing=str(error.name)
        ) from None
    from hindsight_teams.cli.inspect.app import application
    from hindsight_teams.cli.inspect.browser_gate import Tokens
    from hindsight_teams.cli.inspect.subject import Subject
    from hindsight_teams.memory.team import TeamMemory
    from hindsight_teams.settings import resolve

    with backend(db, url, must_exist=True) as opened:
        memory = TeamMemory.from_file(find_team_file(team), backend=opened)
        if curator is not None and curator not in memory.definition.curators:
            near = did_you_mean(curator, memory.definition.curators) if memory.definition.curators else "there is none"
            raise usage(f"--as {curator!r} is not a curator in the team's definition; {near}")
        log = resolve().audit
        subject = Subject(memory, curator, log if log is not None and Path(log).expanduser().exists() else None)
        tokens = Tokens(curator=secrets.token_urlsafe(32) if curator else None)
        with closing(listening(port)) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/#token="
            _announce(address, tokens, memory.team_id, curator, as_json=json)
            sys.stdout.flush()  # a pipe or a file would get the address when the server ends
            if open_browser:
                webbrowser.open(address + (tokens.curator or tokens.reader))
            app = application(subject, tokens=tokens, port=listener.getsockname()[1])
            config = uvicorn.Config(
                app, log_level="warning", access_log=False, server_header=False, lifespan="off", ws="none"
            )
            with suppress(KeyboardInterrupt):  # how it ends
                uvicorn.Server(config).run(sockets=[listener])


def listening(port: int) -> socket.socket:
    """A socket on the loopback interface: bound before the address is printed, so that it is right."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"port {port} can't be used: {error.strerror}; leave out --port") from None
    listener.listen()
    return listener


def _announce(address: str, tokens: Tokens, team: str, curator: str | None, *, as_json: bool) -> None:
    if as_json:
        deciding = address + tokens.curator if tokens.curator else None
        print_json({"team": team, "url": address + tokens.reader, "curator_url": deciding})
        return
    say((team, "bold"), ("  in the browser, on this machine only; Ctrl-C ends it", "dim"))
    say(("Look    ", "dim"), (address + tokens.reader, "cyan"))
    if tokens.curator:
        say(("Decide  ", "dim"), (address + tokens.curator, "cyan"), (f"  as {curator}", "dim"))
