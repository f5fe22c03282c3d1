"""``hindsight-teams keys``: an API key for each member, for a Hindsight server with the team extension."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.options import Json, TeamOption, find_team_file
from hindsight_teams.cli.output import console, glyph, print_json, say, styled

if TYPE_CHECKING:
    from hindsight_teams.server.key_file import KeyRecord

DEFAULT_FILE = Path("team-keys.json")

app = typer.Typer(help="Create, list and revoke the members' API keys of a server.", no_args_is_help=True)

KeyFile = Annotated[
    Path,
    typer.Option(
        "--file",
        metavar="FILE",
        envvar="HINDSIGHT_API_TENANT_KEY_FILE",
        help="The server's key file, which holds hashes only.",
    ),
]


@app.command()
def create(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id, as in team.toml.")],
    *,
    admin: Annotated[
        bool, typer.Option("--admin", help="A key for an operator, which may do everything; MEMBER is whom to ask.")
    ] = False,
    team: TeamOption = None,
    file: KeyFile = DEFAULT_FILE,
    json: Json = False,
) -> None:
    """Create a key for a member.

    It is shown once and stored nowhere; the file holds its hash.
    """
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.server.key_file import KeyStore

    definition = TeamDefinition.from_file(find_team_file(team))
    if not admin:
        definition.grants_of(member)
    key_id, key = KeyStore(file).create(definition.team_id, member, admin=admin)
    if json:
        print_json({"id": key_id, "key": key, "team": definition.team_id, "member": member, "admin": admin})
        return
    who = f"{member} of {definition.team_id}{' (admin)' if admin else ''}"
    say((glyph("ok"), "green"), f" Key {key_id} for {who}. It is shown only now:")
    say(key)


@app.command("list")
def list_(*, file: KeyFile = DEFAULT_FILE, json: Json = False) -> None:
    """List the keys, without the keys themselves."""
    from hindsight_teams.server.key_file import KeyStore

    records = KeyStore(file).list()
    if json:
        print_json({"keys": [_plain(record) for record in records]})
        return
    if not records:
        say(("No keys yet.", "dim"))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for column in ("key", "team", "member", "created", "revoked"):
        table.add_column(column)
    for record in records:
        revoked = f"{record.revoked:%Y-%m-%d %H:%M}" if record.revoked else ""
        member = styled(record.member, (" admin", "yellow") if record.admin else "")
        created = f"{record.created:%Y-%m-%d %H:%M}"
        style = "" if record.active else "dim"
        table.add_row(record.id, styled(record.team), member, created, styled((revoked, "red")), style=style)
    console().print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as in `keys list`; not the key itself.")],
    *,
    file: KeyFile = DEFAULT_FILE,
    json: Json = False,
) -> None:
    """Make a key worthless.

    A running server notices at its next request.
    """
    from hindsight_teams.server.key_file import KeyStore

    record = KeyStore(file).revoke(key_id)
    if json:
        print_json(_plain(record))
    else:
        say((glyph("ok"), "green"), f" Key {record.id} of {record.member} no longer counts.")


def _plain(record: KeyRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in ("id", "team", "member", "admin", "created", "revoked", "active")}
