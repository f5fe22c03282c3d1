"""``hindsight-teams bank copy``: copy banks between two backends."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.failing import FAILED, usage
from hindsight_teams.cli.options import Json, recorded
from hindsight_teams.cli.output import glyph, item, print_json, say, styled
from hindsight_teams.cli.progress import progress_bar
from hindsight_teams.errors import NotFound

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend
    from hindsight_teams.memory.copying import CopyReport

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
