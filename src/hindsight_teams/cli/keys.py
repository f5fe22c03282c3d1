"""``hindsight-teams keys``: make, rotate and revoke members' API keys for a server with the team extension."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.completing import complete_members
from hindsight_teams.cli.failing import usage
from hindsight_teams.cli.options import Json, TeamOption, find_team_file
from hindsight_teams.cli.output import console, done, listing, print_json, say, say_done, styled

if TYPE_CHECKING:
    from hindsight_teams.server.key_file import KeyRecord, KeyStore

DEFAULT_FILE = Path("team-keys.json")

app = typer.Typer(help="Make, rotate and revoke members' API keys.", no_args_is_help=True)

KeyFile = Annotated[
    Path,
    typer.Option(
        "--file",
        metavar="FILE",
        envvar="HINDSIGHT_API_TENANT_KEY_FILE",
        help="The server's key file, which holds hashes only.",
    ),
]

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as in `keys list`; not the key itself.")]


@app.command()
def create(
    member: Annotated[
        str, typer.Argument(metavar="MEMBER", help="The member's id, as in team.toml.", autocompletion=complete_members)
    ],
    *,
    admin: Annotated[
        bool, typer.Option("--admin", help="A key for an operator, which may do everything; MEMBER is whom to ask.")
    ] = False,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="How long it counts, such as 90d, 12h or 4w.")
    ] = None,
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
    lifetime = None if expires is None else _time(expires, "--expires")
    store = KeyStore(file)
    _show_new(store, *store.create(definition.team_id, member, admin=admin, lifetime=lifetime), json=json)


@app.command()
def rotate(
    key_id: KeyId,
    *,
    grace: Annotated[
        str | None,
        typer.Option(
            "--grace", metavar="TIME", help="How long the old key still counts, such as 1h; not at all if not given."
        ),
    ] = None,
    file: KeyFile = DEFAULT_FILE,
    json: Json = False,
) -> None:
    """Replace a key by a new one in one step.

    The new one belongs to the same member and counts for as long as the old one was made for; the old one stops.
    """
    from hindsight_teams.server.key_file import KeyStore

    store = KeyStore(file)
    wait = timedelta() if grace is None else _time(grace, "--grace")
    _show_new(store, *store.rotate(key_id, grace=wait), json=json)


@app.command("list")
def list_(*, file: KeyFile = DEFAULT_FILE, json: Json = False) -> None:
    """List the keys, without the keys themselves."""
    from hindsight_teams.server.key_file import KeyStore

    store = KeyStore(file)
    records, used = store.list(), store.last_used()
    if json:
        print_json({"keys": [{**_plain(record), "used": used.get(record.id)} for record in records]})
        return
    if not records:
        say(("No keys yet.", "dim"))
        return
    table = listing()
    for column in ("key", "team", "member", "created", "expires", "used", "revoked"):
        table.add_column(column)
    for record in records:
        member = styled(record.member, (" admin", "yellow") if record.admin else "")
        moments = (record.created, record.expires, used.get(record.id))
        created, expires, last = (f"{moment:%Y-%m-%d %H:%M}" if moment else "" for moment in moments)
        revoked = f"{record.revoked:%Y-%m-%d %H:%M}" if record.revoked else ""
        style = "" if record.active else "dim"
        table.add_row(
            record.id, styled(record.team), member, created, expires, last, styled((revoked, "red")), style=style
        )
    console().print(table)


@app.command()
def revoke(key_id: KeyId, *, file: KeyFile = DEFAULT_FILE, json: Json = False) -> None:
    """Revoke a key.

    A running server notices at its next request.
    """
    from hindsight_teams.server.key_file import KeyStore

    record = KeyStore(file).revoke(key_id)
    done(_plain(record), f"Key {record.id} of {record.member} no longer counts.", as_json=json)


def _show_new(store: KeyStore, key_id: str, key: str, *, json: bool) -> None:
    record = next(record for record in store.list() if record.id == key_id)
    if json:
        print_json({**_plain(record), "key": key})
        return
    who = f"{record.member} of {record.team}{' (admin)' if record.admin else ''}"
    until = f", until {record.expires:%Y-%m-%d %H:%M} UTC" if record.expires else ""
    say_done(f"Key {key_id} for {who}{until}, as a hash in {store.path}. It is shown only now:")
    say(key)


def _time(text: str, option: str) -> timedelta:
    """A length of time such as ``90d``."""
    parts = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", text.strip().lower())
    if parts is None:
        raise usage(f"{option} {text!r} must be a number and m, h, d or w, such as 90d")
    unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[parts[2]]
    return timedelta(**{unit: int(parts[1])})


def _plain(record: KeyRecord) -> dict[str, object]:
    names = ("id", "team", "member", "admin", "created", "expires", "revoked", "active")
    return {name: getattr(record, name) for name in names}
