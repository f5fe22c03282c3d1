"""``hindsight-teams bank export | import``: write a bank as JSON lines, and store it from them."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from hindsight_teams.cli.completing import complete_banks
from hindsight_teams.cli.failing import FAILED, line, usage
from hindsight_teams.cli.options import Bank, Db, Json, Url, backend, insist_on, recorded
from hindsight_teams.cli.output import counted, glyph, opened_for_writing, print_json, say, spare_databases
from hindsight_teams.cli.progress import progress_bar
from hindsight_teams.errors import InvalidInput

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend


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
        say((glyph("ok"), "green"), f" {counted(count)}", (f"  {bank} {glyph('arrow')} {output}", "dim"))


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
