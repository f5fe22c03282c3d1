"""``hindsight-teams review``: decide on memories that a guard quarantined or a member proposed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hindsight_teams.cli.completing import complete_members
from hindsight_teams.cli.options import Db, Json, TeamOption, Url, backend, find_team_file
from hindsight_teams.cli.output import done, item, print_json, say, styled

if TYPE_CHECKING:
    from hindsight_teams.memory.curation import Decision, Reviews
    from hindsight_teams.memory.envelopes import ReviewItem

app = typer.Typer(help="Approve or reject what waits for review.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `review list` shows it.")]
Curator = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="MEMBER",
        help="Decide as this curator; as the operator if not given.",
        autocompletion=complete_members,
    ),
]


@app.command("list")
def list_(
    *,
    approved: Annotated[bool, typer.Option("--approved", help="What was approved and can be revoked.")] = False,
    marked: Annotated[bool, typer.Option("--marked", help="What the write guard stored with a mark.")] = False,
    team: TeamOption = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List what waits, oldest first."""
    with _reviews(team, db, url, None) as reviews:
        items = reviews.marked() if marked else reviews.approved() if approved else reviews.pending()
    if json:
        print_json({"items": [_plain(found) for found in items]})
        return
    if not items:
        nothing = (
            "Nothing is marked." if marked else "Nothing was approved." if approved else "Nothing waits for review."
        )
        say((nothing, "dim"))
    for found in items:
        author = (found.item.metadata or {}).get("author", "somebody")
        told = styled(f"{found.kind}, written by {author}, for {found.bank}", (f"  {found.reason}", "dim"))
        item(styled((found.id, "bold"), "  "), told)
        item(styled("  "), styled(found.item.content))


@app.command()
def approve(
    id: Id, *, curator: Curator = None, team: TeamOption = None, db: Db = None, url: Url = None, json: Json = False
) -> None:
    """Store a memory that waits, or take the mark off one.

    The copy keeps its author, and says where it came from and who approved it.
    """
    with _reviews(team, db, url, curator) as reviews:
        _tell(reviews.approve(id), as_json=json)


@app.command()
def reject(
    id: Id, *, curator: Curator = None, team: TeamOption = None, db: Db = None, url: Url = None, json: Json = False
) -> None:
    """Drop a memory that waits, or delete a marked one."""
    with _reviews(team, db, url, curator) as reviews:
        _tell(reviews.reject(id), as_json=json)


@app.command()
def revoke(
    id: Id, *, curator: Curator = None, team: TeamOption = None, db: Db = None, url: Url = None, json: Json = False
) -> None:
    """Take an approval back: the copy that it made is removed."""
    with _reviews(team, db, url, curator) as reviews:
        _tell(reviews.revoke(id), as_json=json)


@contextmanager
def _reviews(team: TeamOption, db: Db, url: Url, curator: str | None) -> Iterator[Reviews]:
    from hindsight_teams.memory.team import TeamMemory

    with backend(db, url, must_exist=True) as opened:
        yield TeamMemory.from_file(find_team_file(team), backend=opened).reviews(curator)


def _plain(found: ReviewItem) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "bank": found.bank,
        "bank_id": found.bank_id,
        "reason": found.reason,
        "origin": found.origin,
        "content": found.item.content,
        "metadata": dict(found.item.metadata or {}),
        "tags": list(found.item.tags or ()),
    }


def _tell(decision: Decision, *, as_json: bool) -> None:
    if as_json:
        print_json({"outcome": decision.outcome, **_plain(decision.item), "notes": decision.notes})
    else:
        done(f"{decision.outcome}", (f"  {decision.item.id} for {decision.item.bank}", "dim"))
        for note in decision.notes:
            say((note, "yellow"))
