"""``hindsight-teams audit``: show, verify and export the audit log."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hindsight_teams.cli.completing import complete_bank_names, complete_members
from hindsight_teams.cli.failing import FAILED, usage
from hindsight_teams.cli.options import Json, moment
from hindsight_teams.cli.output import (
    counted,
    done,
    glyph,
    item,
    opened_for_writing,
    print_json,
    print_json_line,
    say,
    say_done,
    styled,
)
from hindsight_teams.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from hindsight_teams.audit import AuditEvent, AuditStore

app = typer.Typer(help="Show, verify and export the audit log.", no_args_is_help=True)

Log = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="The audit log; HINDSIGHT_TEAMS_AUDIT if not given.")
]


Team = Annotated[str | None, typer.Option("--team", metavar="ID", help="Only this team.")]
Member = Annotated[
    str | None, typer.Option("--member", metavar="ID", help="Only this member.", autocompletion=complete_members)
]
User = Annotated[str | None, typer.Option("--user", metavar="ID", help="Only on behalf of this user.")]
Session = Annotated[str | None, typer.Option("--session", metavar="ID", help="Only in this session.")]
Run = Annotated[str | None, typer.Option("--run", metavar="ID", help="Only in this run.")]
Verb = Annotated[str | None, typer.Option("--verb", metavar="VERB", help="Only this verb, such as retain or recall.")]
Bank = Annotated[
    str | None,
    typer.Option(
        "--bank", metavar="BANK", help="Only this bank, by its name or id.", autocompletion=complete_bank_names
    ),
]
Outcome = Annotated[
    Literal["allowed", "denied", "error", "quarantined", "begun"] | None,
    typer.Option("--outcome", help="Only with this outcome."),
]
Since = Annotated[str | None, typer.Option("--since", metavar="ISO-TIME", help="Only from this moment on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="ISO-TIME", help="Only before this moment.")]


@app.command()
def show(
    *,
    team: Team = None,
    member: Member = None,
    user: User = None,
    session: Session = None,
    run: Run = None,
    verb: Verb = None,
    bank: Bank = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Only the last N.")] = 50,
    log: Log = None,
    json: Json = False,
) -> None:
    """Show the last events, oldest first.

    All filters that are given must hold.
    """
    with _open(log) as store:
        events = store.query(
            limit=limit,
            team=team,
            member=member,
            user=user,
            session=session,
            run=run,
            verb=verb,
            bank=bank,
            outcome=outcome,
            since=moment(since, "--since"),
            until=moment(until, "--until"),
        )
    _print(events, as_json=json)


@app.command()
def follow(
    *,
    member: Member = None,
    user: User = None,
    verb: Verb = None,
    bank: Bank = None,
    outcome: Outcome = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """Show events as they come, until interrupted.

    With --json it prints one object a line.
    """
    with _open(log) as store, suppress(KeyboardInterrupt):
        for entry in store.follow(member=member, user=user, verb=verb, bank=bank, outcome=outcome):
            if json:
                print_json_line(entry.event.to_dict())
            else:
                _line(entry.event)
            sys.stdout.flush()


@app.command("who-saw")
def who_saw(
    memory: Annotated[str, typer.Argument(metavar="MEMORY", help="The memory's id; `bank show` has it.")],
    *,
    log: Log = None,
    json: Json = False,
) -> None:
    """Show every operation that let somebody see a memory."""
    with _open(log) as store:
        events = store.who_saw(memory)
    _print(events, as_json=json)


@app.command("what-did")
def what_did(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id.", autocompletion=complete_members)],
    *,
    run: Run = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """Show what a member did, in all or in one run.

    With the ids of the memories that it read or wrote.
    """
    with _open(log) as store:
        events = store.what_did(member, run)
    _print(events, as_json=json, ids=True)


@app.command()
def verify(
    *,
    anchor: Annotated[
        str | None,
        typer.Option(
            "--anchor", metavar="HEAD", help="A head printed by an earlier `verify`: also finds events cut off the end."
        ),
    ] = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """Check that no event was changed, removed, added or moved."""
    with _open(log) as store:
        result = store.verify(anchor)
    if json:
        print_json(
            {
                "ok": result.ok,
                "entries": result.entries,
                "head": str(result.head),
                "broken_at": result.broken_at,
                "reason": result.reason,
                "breaks": [found._asdict() for found in result.breaks],
            }
        )
    elif result.ok:
        say_done(f"{result.entries:,} events, none changed.")
        say(("Keep this head elsewhere, for --anchor: ", "dim"), str(result.head))
    else:
        for found in result.breaks:
            say((glyph("bad"), "red"), f" Event {found.at:,} is not as it was written: {found.reason}")
    if not result.ok:
        raise typer.Exit(FAILED)


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; standard output if not given.")] = None,
    *,
    format: Annotated[Literal["jsonl", "csv"], typer.Option("--format", help="The format.")] = "jsonl",
    member: Member = None,
    user: User = None,
    bank: Bank = None,
    since: Since = None,
    until: Until = None,
    log: Log = None,
    json: Json = False,
) -> None:
    """Write events to a file.

    As JSON lines they keep their hashes; a log that is exported whole can be verified again.
    """
    if json and file is None:
        raise usage("give FILE with --json, since the events themselves would go to standard output")
    filters: Any = {"member": member, "user": user, "bank": bank}
    filters |= {"since": moment(since, "--since"), "until": moment(until, "--until")}
    with _open(log) as store:
        if file is None:
            store.export(sys.stdout, format=format, **filters)
            return
        source = _log_file(log)
        if file.exists() and file.samefile(source):
            raise InvalidInput(f"{file.name!r} is the log itself, which would be lost; name another file")
        with opened_for_writing(file) as out:
            count = store.export(out, format=format, **filters)
    done({"events": count, "file": file}, f"{count:,} events written to {file}", as_json=json)


def _open(log: Path | None) -> AuditStore:
    from hindsight_teams.audit import open_audit

    return open_audit(_log_file(log), create=False)


def _log_file(log: Path | None) -> Path:
    from hindsight_teams.settings import resolve

    path = log or resolve().audit
    if path is None:
        raise ConfigurationError("no audit log is configured; give --log FILE or set HINDSIGHT_TEAMS_AUDIT")
    return Path(path)


def _print(events: Iterable[AuditEvent], *, as_json: bool, ids: bool = False) -> None:
    found = list(events)
    if as_json:
        print_json({"events": [event.to_dict() for event in found]})
        return
    if not found:
        say(("No such events.", "dim"))
    for event in found:
        _line(event)
        if ids and event.memory_ids:
            item(styled("    "), styled((" ".join(event.memory_ids), "dim")))


_STYLES = {"allowed": "", "denied": "red", "error": "red", "quarantined": "yellow"}


def _line(event: AuditEvent) -> None:
    moment_ = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    who = " ".join(filter(None, [event.member or event.team or "somebody", f"as {event.user}" if event.user else ""]))
    count = f"  {counted(event.count)}" if event.count is not None and event.outcome == "allowed" else ""
    where = event.bank or event.bank_id or ""
    told = "" if event.outcome == "allowed" else f"  {event.outcome}"
    body = styled(who, "  ", (event.verb, "bold"), f" {where}", (told, _STYLES[event.outcome]), (count, "dim"))
    if event.reason:
        body += styled((f"  {event.reason}", "dim"))
    item(styled((moment_ + "  ", "dim")), body)
