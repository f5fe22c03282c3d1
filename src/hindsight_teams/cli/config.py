"""``hindsight-teams config show``: show each setting with its value and its source."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from hindsight_teams.cli.bank_transfer import TARGET_KEY
from hindsight_teams.cli.doctor import dotenv_names
from hindsight_teams.cli.failing import FAILED
from hindsight_teams.cli.keys import DEFAULT_FILE
from hindsight_teams.cli.options import TEAM_FILE, Db, Json, Url, check_place, find_team_file
from hindsight_teams.cli.output import glyph, item, print_json, styled, without_secrets

if TYPE_CHECKING:
    from hindsight_teams.settings import Setting

app = typer.Typer(help="Show the settings.", no_args_is_help=True)

_OPTIONS = {"db": "--db", "hindsight_api_url": "--url"}
_COLUMN = 10
"""Characters that a value takes at least, so that what follows most of them stands in a column."""
_KEY_FILE = "HINDSIGHT_API_TENANT_KEY_FILE"
_PREFIX = "HINDSIGHT_TEAMS_"
_READ_ELSEWHERE = {TARGET_KEY, "HINDSIGHT_TEAMS_DEBUG"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the answer; a ``problem`` says why the value can't be used."""

    name: str
    value: Any
    source: str
    variable: str | None = None
    problem: str | None = None
    note: str | None = None


@app.command()
def show(*, db: Db = None, url: Url = None, json: Json = False) -> None:
    """Show each setting, its value, and where it comes from.

    Secrets are masked. `doctor` shows which backend follows from them, and whether it works.
    """
    from hindsight_teams.settings import described

    check_place(db, url)
    unread = dotenv_names()
    settings = described(db=db, hindsight_api_url=url)
    unmasked = [*(_row(setting, unread) for setting in settings), *_files(), *_unread(settings)]
    rows = [replace(row, value=without_secrets(row.value)) for row in unmasked]
    good = not any(row.problem for row in rows)
    if json:
        print_json({"ok": good, "settings": rows})
    else:
        width = max(len(row.name) for row in rows)
        for row in rows:
            value = glyph("none") if row.value is None else str(row.value)
            told = styled((f"{value:<{_COLUMN}}", "red" if row.problem else ""))
            item(styled((f"{row.name:<{width}}  ", "dim")), told + styled((f"  {row.source}", "dim")))
            if remark := row.problem or row.note:
                item(styled(" " * (width + 2)), styled((remark, "red" if row.problem else "yellow")))
    if not good:
        raise typer.Exit(FAILED)


def _row(setting: Setting, unread: list[str]) -> Row:
    from hindsight_teams.settings import default_database

    source: str = setting.source
    if source == "argument":
        source = f"option {_OPTIONS[setting.name]}"
    elif source == "environment":
        source = f"environment: {setting.variable}"
    value = default_database() if setting.name == "db" and setting.value is None else setting.value
    note = f".env sets {setting.variable}, and commands don't read it" if setting.variable in unread else None
    return Row(setting.name, value, source, setting.variable, setting.problem, note)


def _files() -> list[Row]:
    """The files that commands use besides: the team's, where there is one, and the members' keys."""
    found = []
    path = find_team_file(None)
    if path.exists():
        source = "file here" if str(path) == TEAM_FILE else "file pyproject.toml: [tool.hindsight-teams] team"
        found.append(Row("team", path, source))
    keys = os.environ.get(_KEY_FILE)
    found.append(Row("keys", keys or DEFAULT_FILE, f"environment: {_KEY_FILE}" if keys else "default", _KEY_FILE))
    return found


def _unread(settings: list[Setting]) -> list[Row]:
    """Variables with the package's prefix that set nothing, such as a mistyped one; the value may be a secret."""
    from hindsight_teams.errors import did_you_mean

    known = {setting.variable for setting in settings}
    unread = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known | _READ_ELSEWHERE)
    return [Row(name, None, "environment", name, note=f"sets nothing; {did_you_mean(name, known)}") for name in unread]
