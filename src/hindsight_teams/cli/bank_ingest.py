"""``hindsight-teams bank ingest``: store files, folders and chat exports in a bank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.completing import complete_any_bank, complete_members
from hindsight_teams.cli.failing import FAILED, line, usage
from hindsight_teams.cli.options import Db, Json, TeamOption, Url, backend, find_team_file, moment, recorded
from hindsight_teams.cli.output import counted, glyph, item, print_json, progress_bar, styled
from hindsight_teams.errors import AccessDenied, HindsightTeamsError

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend
    from hindsight_teams.ingest.files import File
    from hindsight_teams.memory.ingesting import Destination, Outcome

_NAMED = 3
"""Files that a line names which tells of many."""


def ingest(
    bank: Annotated[
        str,
        typer.Argument(
            metavar="BANK",
            help="The bank's id; with --member its name in the team will do.",
            autocompletion=complete_any_bank,
        ),
    ],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    *,
    member: Annotated[
        str | None,
        typer.Option(
            "--member",
            metavar="ID",
            help="Write as this member: with its rights, signed and guarded.",
            autocompletion=complete_members,
        ),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="With --member: on whose behalf.")] = None,
    propose: Annotated[bool, typer.Option("--propose", help="With --member: let a curator decide on each.")] = False,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; may be given again.")] = None,
    timestamp: Annotated[
        str | None,
        typer.Option("--timestamp", metavar="ISO-TIME", help="When the files were written; now if not given."),
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="What document ids begin with.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be stored; store nothing.")] = False,
    team: TeamOption = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Store files, folders and chat exports in a bank.

    Text, Markdown, CSV, JSON lines, conversations of Claude, ChatGPT and Slack; and HTML, PDF and Office files with
    `pip install 'hindsight-teams[ingest]'`. Each file is a document: run it again, and what changed is replaced, what
    did not change costs nothing, and what was cut short is finished.
    """
    if member is None and (propose or user is not None or team is not None):
        raise usage("--propose, --user and --team need --member, whose rights are used")
    from hindsight_teams.ingest.files import find_files
    from hindsight_teams.memory.ingesting import Ingestion

    outcomes: list[Outcome] = []
    with _destination(bank, member, user, team, db, url, propose=propose, dry_run=dry_run) as destination:
        ingestion = Ingestion(
            destination, tags=tag or (), timestamp=moment(timestamp, "--timestamp"), prefix=prefix, dry_run=dry_run
        )
        with _stopping_well(outcomes, bank, as_json=json), progress_bar(shown=not json) as bar:
            bar.start("looking for files")
            files = list(find_files(paths))

            def shown() -> Iterator[File]:
                for number, file in enumerate(files):
                    bar.at(number, len(files), file.name)
                    yield file

            outcomes.extend(ingestion.run(shown()))
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    if json:
        print_json({"ok": not failed, "bank": bank, "held": ingestion.held, "documents": outcomes})
    else:
        _show(outcomes, bank, ingestion.held, proposed=propose, dry_run=dry_run)
    if failed:
        raise typer.Exit(FAILED)


@contextmanager
def _stopping_well(outcomes: Sequence[Outcome], bank: str, *, as_json: bool) -> Iterator[None]:
    """Say how far it came, where the bank can't be written any more, or somebody interrupts."""
    try:
        yield
    except (HindsightTeamsError, KeyboardInterrupt):
        stored = sum(1 for outcome in outcomes if outcome.memories)
        if not as_json:
            told = f"stopped after {counted(stored, 'document', 'documents')}; run it again to go on"
            item(styled((glyph("bad"), "red"), " "), styled(told, (f"  {bank}", "dim")))
        raise


@contextmanager
def _destination(
    bank: str,
    member: str | None,
    user: str | None,
    team: Path | None,
    db: Path | None,
    url: str | None,
    *,
    propose: bool,
    dry_run: bool,
) -> Iterator[Destination]:
    from hindsight_teams.memory import ingesting

    if dry_run and member is None and db is not None and not db.exists():
        yield ingesting.Nowhere()
        return
    with backend(db, url) as opened:
        if member is None and dry_run:
            yield ingesting.BankDestination(opened, bank)
        elif member is None:
            with recorded("retain", bank) as event:
                destination = ingesting.BankDestination(opened, bank)
                try:
                    yield destination
                finally:
                    event["count"] = destination.stored
        else:
            yield _as_member(opened, bank, member, user, team, propose=propose)


def _as_member(
    opened: Backend, bank: str, member: str, user: str | None, team: Path | None, *, propose: bool
) -> Destination:
    """Where a member writes, once its right to do so is certain; a denial is in the audit.

    Raises:
        AccessDenied: It may not.
    """
    from hindsight_teams.memory import ingesting
    from hindsight_teams.memory.team import TeamMemory

    memory = TeamMemory.from_file(find_team_file(team), backend=opened)
    own = memory.member(member)
    caller = own.bound(user=user)
    name = bank
    if bank in memory.definition.banks and user is None and "user" in memory.definition.banks[bank].needs:
        raise usage(f"the bank {bank!r} is one for each user; say whose with --user ID")
    for spec in memory.definition.banks.values():
        with suppress(HindsightTeamsError):  # a bank of each user, and no user
            name = spec.name if spec.resolve(caller) == bank else name
    if propose:
        proposals = memory.proposals(member)
        proposals.propose_many([], to=name, caller=caller)
        return ingesting.ReviewDestination(proposals, name, caller)
    try:
        target = own.rights.write_target(caller, name)
    except AccessDenied:
        own.retain_many([], bank=name, caller=caller)
        raise
    return ingesting.MemberDestination(opened, target.bank_id, own, name, caller)


def _show(outcomes: Sequence[Outcome], bank: str, held: int, *, proposed: bool, dry_run: bool) -> None:
    by_state: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_state.setdefault(outcome.state, []).append(outcome)
    if dry_run:
        for outcome in outcomes:
            if outcome.state in ("new", "changed", "unchanged"):
                count = f"  {counted(outcome.memories)}" if outcome.memories else ""
                item(styled((f"{outcome.state:<10}", "dim")), styled(outcome.name, (count, "dim")))
    for reason, names in _by_reason(by_state.get("skipped", ())).items():
        item(styled(("skipped   ", "dim")), styled(f"{names}: {reason}"))
    for reason, names in _by_reason(by_state.get("failed", ())).items():
        line(f"{names}: {reason}")
    stored = [*by_state.get("new", ()), *by_state.get("changed", ())]
    stored += [outcome for outcome in by_state.get("failed", ()) if outcome.memories]  # stored in part
    memories = sum(outcome.memories for outcome in stored)
    done = "would be stored" if dry_run else "proposed" if proposed else "stored"
    parts = [f"{counted(len(stored), 'document', 'documents')} {done} as {counted(memories)}"]
    if not stored:
        parts = [f"nothing {'would be' if dry_run else 'was'} stored"] if outcomes else ["there are no files to read"]
    if same := len(by_state.get("unchanged", ())):
        parts.append(f"{same:,} unchanged")
    if held and not proposed:
        parts.append(f"{counted(held, 'memory waits', 'memories wait')} for review")
    if broken := len(by_state.get("failed", ())):
        parts.append(f"{broken:,} failed")
    good = not by_state.get("failed")
    sign = (glyph("ok"), "green") if good else (glyph("bad"), "red")
    item(styled(sign, " "), styled(", ".join(parts), (f"  {bank}", "dim")))


def _by_reason(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """For each reason the files that it is told of; of many the first, and how many more."""
    found: dict[str, list[str]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.reason, []).append(outcome.name)
    return {
        reason: ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        for reason, names in found.items()
    }
