"""``hindsight-teams bank copy``: copy banks between two backends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.failing import FAILED, usage
from hindsight_teams.cli.options import Json
from hindsight_teams.cli.output import clean, console, glyph, item, print_json, say, styled
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
        advance = opened.enter_context(_progress(len(names), shown=not json))
        reports = [copy_bank(here, name, there, rename, progress=advance(name)) for name in names]
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
    if other is None or "://" not in other:
        return open_backend(hindsight_api_url=place)
    from hindsight_teams.backends.hindsight import HindsightBackend

    backend: Backend = HindsightBackend(place, api_key=os.environ.get(TARGET_KEY) or None)
    return backend


Advance = Callable[[int, int], None]


@contextmanager
def _progress(banks: int, *, shown: bool) -> Iterator[Callable[[str], Advance]]:
    """A bar on a terminal, for the bank that is being copied; nothing in a pipe."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not (shown and screen.is_terminal)) as bar:
        task = bar.add_task("", total=None)
        number = 0

        def start(name: str) -> Advance:
            nonlocal number
            number += 1
            where = f"{clean(name)}{f'  ({number} of {banks})' if banks > 1 else ''}"
            bar.reset(task, description=where, total=None)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield start


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
