"""``hindsight-teams mcp``: one member's memory tools as a server of the Model Context Protocol."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.completing import complete_members
from hindsight_teams.cli.failing import usage
from hindsight_teams.cli.keys import DEFAULT_FILE
from hindsight_teams.cli.options import Db, Json, TeamOption, Url, backend, find_team_file
from hindsight_teams.errors import ConfigurationError

if TYPE_CHECKING:
    from hindsight_teams.cli.mcp.server import MemberServer


def mcp(
    *,
    member: Annotated[
        str | None,
        typer.Option("--member", metavar="ID", help="Whose tools to serve. Required.", autocompletion=complete_members),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="On whose behalf the member acts.")] = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="The session of all calls; a new one if not given.")
    ] = None,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, to holders of the member's key.")] = False,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="With --http: the address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="With --http: the port.")] = 8300,
    keys: Annotated[
        Path,
        typer.Option(
            "--keys",
            metavar="FILE",
            envvar="HINDSIGHT_API_TENANT_KEY_FILE",
            help="With --http: the key file that `keys create` writes.",
        ),
    ] = DEFAULT_FILE,
    team: TeamOption = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Serve a member's tools to an editor (MCP).

    It speaks on standard input and output, as an editor starts it, or over HTTP. With --json it prints the tools and
    serves nothing.
    """
    if member is None or not member.strip():
        raise usage("no member is named; --member ID says whose tools are served")
    try:
        from hindsight_teams.cli.mcp.server import Identity, MemberServer, plain
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "mcp":
            raise
        raise ConfigurationError("the protocol needs one more package: pip install 'hindsight-teams[mcp]'") from None
    from hindsight_teams.cli.play import quiet_agno
    from hindsight_teams.memory.team import TeamMemory

    with quiet_agno(), backend(db, url) as opened, TeamMemory.from_file(find_team_file(team), backend=opened) as memory:
        served = MemberServer(memory, Identity(member, user or None, session or None))
        if json:
            sys.stdout.write(plain(served, memory.team_id) + "\n")
        elif http:
            _serve_http(served, memory.team_id, host, port, keys)
        else:
            _serve_streams(served, memory.team_id)


def _serve_streams(served: MemberServer, team: str) -> None:
    import anyio
    from mcp.server.stdio import stdio_server

    # The thread that reads standard input can't be cancelled: with Python's handler, Ctrl-C waits for the next line.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stdin.isatty():
        sys.stderr.write(
            f"Serves member {served.identity.member} of {team} to the editor that starts this command.\n"
            "On a terminal it only waits: --json prints the tools, Ctrl-C ends it.\n"
        )
        sys.stderr.flush()

    async def run() -> None:
        server = served.server()
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)


def _serve_http(served: MemberServer, team: str, host: str, port: int, keys: Path) -> None:
    import uvicorn

    from hindsight_teams.cli.mcp.server import KeyGate
    from hindsight_teams.server.key_file import KeyStore

    store = KeyStore(keys)
    member = served.identity.member
    if not any(k.active and not k.admin and (k.team, k.member) == (team, member) for k in store.list()):
        raise ConfigurationError(
            f"no client could connect: {store.path.name!r} holds no key of member {member!r} of team {team!r};"
            f" make one with `hindsight-teams keys create {member}`",
            path=str(store.path),
        )
    protocol = served.server().streamable_http_app(stateless_http=True, json_response=True, host=host)
    app = KeyGate(protocol, keys=store, team=team, member=member)
    sys.stderr.write(f"http://{host}:{port}/mcp  member {member} of {team}; Authorization: Bearer KEY\n")
    sys.stderr.flush()
    with suppress(KeyboardInterrupt):
        uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False, ws="none")
