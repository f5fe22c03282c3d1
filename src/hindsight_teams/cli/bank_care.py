"""``hindsight-teams bank check | repair | backup``: maintenance of an embedded database file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.failing import FAILED
from hindsight_teams.cli.options import Db, Json, Yes, backend, confirm
from hindsight_teams.cli.output import glyph, item, print_json, say, styled
from hindsight_teams.cli.progress import working
from hindsight_teams.errors import Unsupported

if TYPE_CHECKING:
    from hindsight_teams.backends.sqlite import SQLiteBackend


def check(*, db: Db = None, json: Json = False) -> None:
    """Check a database file: pages, indexes and counts."""
    with _file(db) as file, working("checking", shown=not json):
        report = file.check()
    if json:
        print_json(report)
    elif report.ok:
        say((glyph("ok"), "green"), f" {report.memories:,} memories, nothing wrong")
    else:
        for problem in report.problems:
            item(styled((glyph("bad") + " ", "red")), styled(problem))
        say(("Try: ", "dim"), ("hindsight-teams bank repair", "cyan"))
    if not report.ok:
        raise typer.Exit(FAILED)


def repair(*, yes: Yes = False, db: Db = None, json: Json = False) -> None:
    """Repair a database file, and keep all that can be read.

    Stop what else uses the file first. Indexes are rebuilt; where pages are damaged, what can still be read goes into
    a new file, and the old one stays beside it.
    """
    confirm("Is everything else that uses the file stopped?", yes=yes)
    with _file(db) as file, working("repairing", shown=not json):
        report = file.repair()
    if json:
        print_json(report)
        return
    say((glyph("ok"), "green"), f" {report.kept:,} memories kept", (f", {report.lost:,} lost" if report.lost else ""))
    if report.damaged is not None:
        say(("The file as it was: ", "dim"), str(report.damaged))


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not exist yet.")],
    *,
    db: Db = None,
    json: Json = False,
) -> None:
    """Copy a database file while it is in use."""
    with _file(db) as file, working("copying", shown=not json):
        size = file.backup(target)
    if json:
        print_json({"file": target, "bytes": size})
    else:
        say((glyph("ok"), "green"), f" {target}", (f"  {size:,} bytes", "dim"))


@contextmanager
def _file(db: Path | None) -> Iterator[SQLiteBackend]:
    from hindsight_teams.backends.sqlite import SQLiteBackend

    with backend(db, None, must_exist=True) as opened:
        if not isinstance(opened, SQLiteBackend):
            raise Unsupported("a Hindsight server takes care of its own database; give --db for a file")
        yield opened
