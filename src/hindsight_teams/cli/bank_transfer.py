"""``hindsight-teams bank copy | export | import``: move banks between backends, and to files of JSON lines and back."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from hindsight_teams.cli.completing import complete_banks
from hindsight_teams.cli.failing import FAILED, line, usage
from hindsight_teams.cli.options import Bank, Db, Json, Url, backend, insist_on, recorded
from hindsight_teams.cli.output import (
    counted,
    done,
    glyph,
    item,
    opened_for_writing,
    print_json,
    progress_bar,
    say,
    spare_databases,
    styled,
)
from hindsight_teams.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend
    from hindsight_teams.memory.copying import CopyReport


def export(
    bank: Bank,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this file; to standard output if not given."),
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Write a bank as JSON lines.

    One line a memory, between a first and a last line. The same bank makes the same bytes. `bank import` reads them.
    """
    if json and output is None:
        raise usage("--json tells of the file that --output names; without it the export itself is printed")
    with backend(db, url, must_exist=True) as memory:
        insist_on(memory, bank)
        if output is None:
            _write(memory, bank, sys.stdout, shown=False)
            return
        if output.exists() and not output.is_file():
            raise InvalidInput(
                f"{output.name!r} is not a regular file; name another, or leave --output out and redirect"
            )
        if output.is_symlink():
            raise InvalidInput(f"{output.name!r} is a link, and none is followed; name the file itself")
        if not output.parent.is_dir():
            raise InvalidInput(f"there is no folder {str(output.parent)!r}; make it first, or name another file")
        spare_databases(output)
        part = output.with_name(f".{output.name}.{os.getpid()}")  # what stood there stays until the new one is whole
        try:
            with opened_for_writing(part) as file:
                count = _write(memory, bank, file, shown=not json)
            os.replace(part, output)
        finally:
            part.unlink(missing_ok=True)
    if json:
        print_json({"bank": bank, "file": output, "memories": count})
    else:
        done(f"{counted(count)}", (f"  {bank} {glyph('arrow')} {output}", "dim"))


def import_(
    bank: Annotated[
        str,
        typer.Argument(
            metavar="BANK", help="The bank's id; it is made when there is none.", autocompletion=complete_banks
        ),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `bank export` wrote.")],
    *,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Store what `bank export` wrote.

    A database file keeps all of it: ids, days, authors, tags, documents, repeats and links. A server gives ids of its
    own, and its LLM reads each text again. Run it again where it was cut short: nothing is stored twice.
    What was forgotten or deleted since the export was written comes back.
    """
    from hindsight_teams.memory.exporting import Export, import_bank

    try:
        export = Export.of(file)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=str(file)) from None
    with backend(db, url) as memory, progress_bar(shown=not json) as bar, recorded("import", bank) as event:
        bar.start(bank, export.memories)
        report = import_bank(memory, bank, export, progress=bar.at)
        event["count"] = report.stored
    if json:
        print_json({"ok": not report.problems, **asdict(report)})
    else:
        told = f"{report.stored:,} of {report.memories:,} memories stored"
        told += f", {report.already:,} there before" if report.already else ""
        sign = (glyph("bad"), "red") if report.problems else (glyph("ok"), "green")
        say(sign, f" {told}", (f"  {bank}", "dim"))
        for note in report.notes:
            say(("  " + note, "dim"))
        for problem in report.problems:
            line(problem)
    if report.problems:
        raise typer.Exit(FAILED)


def _write(memory: Backend, bank: str, out: TextIO, *, shown: bool) -> int:
    """Write the lines of a bank; how many memories they hold."""
    from hindsight_teams.memory.exporting import export_lines

    count = 0
    with progress_bar(shown=shown) as bar, recorded("export", bank):
        bar.start(bank, memory.bank_stats(bank).memories)
        for count, row in enumerate(export_lines(memory, bank)):
            out.write(f"{row}\n")
            if count % 100 == 0:
                bar.at(count)
    return count - 1  # without the first line, whose number is 0, and the last


TARGET_KEY = "HINDSIGHT_TEAMS_TARGET_API_KEY"
"""The key of the second server, where both ends are servers: no server is ever sent the key of another one."""

Place = "a database file, or the URL of a Hindsight server"


def copy(
    source: Annotated[str, typer.Argument(metavar="SRC", help=f"Where from: {Place}.")],
    target: Annotated[str, typer.Argument(metavar="DST", help=f"Where to: {Place}.")],
    *,
    bank: Annotated[
        list[str] | None, typer.Option("--bank", metavar="BANK", help="Only this bank; may be given again.")
    ] = None,
    prefix: Annotated[str | None, typer.Option("--prefix", metavar="TEXT", help="Only ids that begin so.")] = None,
    rename: Annotated[str | None, typer.Option("--as", metavar="BANK", help="Another id for the one --bank.")] = None,
    json: Json = False,
) -> None:
    """Copy banks between any two backends.

    Every memory goes with its time, author, tags, metadata and document. It is checked by count and by sample, goes on
    where it was cut short, and doubles nothing when it is run again.
    """
    from hindsight_teams.memory.copying import copy_bank

    if bank and prefix is not None:
        raise usage("give --bank or --prefix, not both")
    if rename is not None and len(bank or ()) != 1:
        raise usage("--as needs exactly one --bank")
    with ExitStack() as opened:
        here = opened.enter_context(closing(_open(source, None, must_exist=True)))
        there = opened.enter_context(closing(_open(target, source)))
        names = bank or [found.bank_id for found in here.list_banks(prefix=prefix)]
        bar = opened.enter_context(progress_bar(shown=not json))
        reports = []
        for number, name in enumerate(names, 1):
            bar.start(f"{name}  ({number} of {len(names)})" if len(names) > 1 else name)
            with recorded("copy", name, f"to {rename or name} of another backend"):
                reports.append(copy_bank(here, name, there, rename, progress=bar.at))
    if json:
        print_json({"ok": all(report.ok for report in reports), "banks": reports})
    else:
        _show(reports)
    if not all(report.ok for report in reports):
        raise typer.Exit(FAILED)


def _open(place: str, other: str | None, *, must_exist: bool = False) -> Backend:
    from hindsight_teams.backends.select import open_backend

    if "://" not in place:
        if must_exist and not Path(place).exists():
            raise NotFound("there is no such database file", path=place)
        return open_backend(db=place)
    if other is None or "://" not in other or other.rstrip("/") == place.rstrip("/"):
        return open_backend(hindsight_api_url=place)
    from hindsight_teams.backends.hindsight import HindsightBackend

    backend: Backend = HindsightBackend(place, api_key=os.environ.get(TARGET_KEY) or None)
    return backend


def _show(reports: list[CopyReport]) -> None:
    if not reports:
        say(("There is nothing to copy.", "dim"))
    for report in reports:
        sign = (glyph("ok"), "green") if report.ok else (glyph("bad"), "red")
        told = f"{report.copied:,} copied"
        told += f", {report.already:,} there before" if report.already else ""
        told += f"; {report.arrived:,} of {report.memories:,} arrived, {report.sampled} compared one by one"
        told += f" ({report.reworded} in other words)" if report.reworded else ""
        item(styled(sign, " "), styled((report.target, "bold"), (f"  {told}", "dim")))
        for problem in report.problems:
            item(styled("    "), styled((problem, "red")))
