"""``hindsight-teams forget``: remove what a selection names, from every bank of the team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.options import Db, Json, TeamOption, Url, Yes, backend, confirm, find_team_file, login
from hindsight_teams.cli.output import counted, item, print_json, say, say_done, say_more, styled
from hindsight_teams.text import happened, noted

if TYPE_CHECKING:
    from hindsight_teams.memory.selection import SelectionOptions
    from hindsight_teams.models import Memory

_SHOWN = 20


def forget(
    *,
    memory: Annotated[
        list[str] | None, typer.Option("--memory", metavar="ID", help="This memory; may be given again.")
    ] = None,
    document: Annotated[str | None, typer.Option("--document", metavar="ID", help="All of this document.")] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="ID", help="All that this member retained.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="All retained for this end user.")] = None,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="All of this session.")] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="All of this run.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="All with this tag; may be given again.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="Who asked for it, for the audit; you if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go; delete nothing.")] = False,
    yes: Yes = False,
    team: TeamOption = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Forget for good, in all banks of the team.

    What was derived from a memory goes with it. Selections that are given together are ANDed.
    """
    from hindsight_teams.memory.team import TeamMemory

    selection: SelectionOptions = {
        "memory_ids": tuple(memory or ()),
        "document_id": document,
        "author": author,
        "user": user,
        "session": session,
        "run": run,
        "tags": tuple(tag or ()),
    }
    who = actor or login()
    with backend(db, url, must_exist=True) as opened:
        own = TeamMemory.from_file(find_team_file(team), backend=opened)
        report = own.forget(dry_run=True, actor=who, **selection)
        if not json:
            _show(report.memories)
        if report.count and not dry_run:
            confirm(f"Forget {counted(report.count)} of {own.team_id!r} for good?", yes=yes)
            report = own.forget(dry_run=False, actor=who, **selection)
    if json:
        names = ("memories", "count", "deleted", "erased", "notes")
        print_json({"dry_run": dry_run, **{name: getattr(report, name) for name in names}})
    elif dry_run:
        say((f"{counted(report.count)} would go. Nothing was deleted.", "dim"))
    elif report.count:
        say_done(f"{counted(report.deleted)} forgotten")
        if not report.erased:
            say(("Not all of it is erased from the file's bytes yet; the next use of the file goes on.", "dim"))
    if not json:
        for note in report.notes:
            say((note, "yellow"))


def _show(memories: dict[str, list[Memory]]) -> None:
    if not memories:
        say(("Nothing matches.", "dim"))
    for bank, found in memories.items():
        say((bank, "bold"), (f"  {counted(len(found))}", "dim"))
        for entry in found[:_SHOWN]:
            marks = "  ".join(filter(None, (entry.author, happened(entry), noted(entry))))
            item(styled("  "), styled(entry.text, (f"  {marks}", "dim")), cut=True)
        say_more(len(found) - _SHOWN, "  ")
