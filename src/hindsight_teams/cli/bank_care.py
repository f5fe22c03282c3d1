"""``hindsight-teams bank check | repair | backup | rename``: maintenance of an embedded database file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.completing import complete_banks
from hindsight_teams.cli.failing import FAILED
from hindsight_teams.cli.options import Db, Json, Url, Yes, backend, confirm, insist_on, recorded
from hindsight_teams.cli.output import counted, done, glyph, item, print_json, say, say_done, styled, working
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
        say_done(f"{counted(report.memories)}, nothing wrong")
    else:
        for problem in report.problems:
            item(styled((glyph("bad") + " ", "red")), styled(problem))
        which = "" if db is None else f" --db {db}"
        say(("Try: ", "dim"), (f"hindsight-teams bank repair{which}", "cyan"))
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
    say_done(f"{counted(report.kept)} kept", (f", {report.lost:,} lost" if report.lost else ""))
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
    done({"file": target, "bytes": size}, str(target), (f"  {size:,} bytes", "dim"), as_json=json)


def rename(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The bank's id; `bank list` shows them.", autocompletion=complete_banks)
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its id from now on.")],
    *,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Give a bank of a database file another id.

    Its memories stay as they are. A team finds its banks by their ids: a bank that gets another id is lost to the
    team, and a bank that gets one of the team's ids can be read by every member that may read there.
    """
    from hindsight_teams.requests import Capability

    with backend(db, url, must_exist=True) as memory:
        if Capability.RENAME_BANKS not in memory.capabilities:
            raise Unsupported(
                f"a Hindsight server can't rename a bank: copy it with `hindsight-teams bank copy URL URL --bank {old}"
                f" --as {new}`, for which its LLM reads each text again, then `hindsight-teams bank delete {old}`"
            )
        insist_on(memory, old)
        with recorded("rename", old, f"to {new}"):
            memory.rename_bank(old, new)
    done({"old": old, "new": new}, f"{old} {glyph('arrow')} {new}", as_json=json)


@contextmanager
def _file(db: Path | None) -> Iterator[SQLiteBackend]:
    from hindsight_teams.backends.sqlite import SQLiteBackend

    with backend(db, None, must_exist=True) as opened:
        if not isinstance(opened, SQLiteBackend):
            raise Unsupported("a Hindsight server takes care of its own database; give --db for a file")
        yield opened
