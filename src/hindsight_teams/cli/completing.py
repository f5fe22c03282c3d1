"""Shell completion of banks, members, recipes and team files. It only reads, is quick, and never fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

import typer

_MOST = 200

Completion = Callable[[typer.Context, str], list[str]]


def _quietly(find: Callable[[typer.Context, str], Iterable[str]]) -> Completion:
    """What is found that begins as it was typed; nothing where anything is wrong: a shell shows no errors."""

    @wraps(find)
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return [name for name in find(ctx, incomplete) if name.startswith(incomplete)][:_MOST]
        except Exception:
            return []

    return complete


@_quietly
def complete_banks(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Banks of the database file that is meant; of a server none: it would be asked with each key."""
    from hindsight_teams.backends.select import choose_backend
    from hindsight_teams.backends.sqlite.store.opening import bank_ids

    chosen = choose_backend(db=ctx.params.get("db"), hindsight_api_url=ctx.params.get("url"))
    return bank_ids(Path(chosen.location), incomplete, limit=_MOST) if chosen.kind == "sqlite" else []


@_quietly
def complete_members(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Members of the team that is meant."""
    return sorted(_team(ctx).grants)


@_quietly
def complete_bank_names(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Banks of the team that is meant, by their short names."""
    return sorted(_team(ctx).banks)


@_quietly
def complete_any_bank(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Banks by their ids, and with ``--member`` by their short names."""
    short = complete_bank_names(ctx, incomplete) if ctx.params.get("member") else []
    return [*short, *complete_banks(ctx, incomplete)]


@_quietly
def complete_recipes(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The recipes."""
    from hindsight_recipes import list_recipes

    return [recipe.name for recipe in list_recipes()]


@_quietly
def complete_files(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Files and folders, as the shell itself completes them."""
    return sorted(f"{path}/" if path.is_dir() else str(path) for path in _begins(incomplete))


@_quietly
def complete_team_files(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Folders, and files that may define a team; first those of the current project."""
    from hindsight_teams.cli.options import find_team_file

    found = [find_team_file(None), *sorted(Path().glob("*/team.toml")), *sorted(_begins(incomplete))]
    kept = (path for path in found if path.exists() and (path.is_dir() or path.suffix == ".toml"))
    return dict.fromkeys(f"{path}/" if path.is_dir() else str(path) for path in kept)


def _begins(incomplete: str) -> Iterable[Path]:
    folder, _, name = incomplete.rpartition("/")
    here = Path(f"{folder}/" if incomplete.startswith("/") or folder else ".")
    return (path for path in here.iterdir() if name.startswith(".") or not path.name.startswith("."))


def _team(ctx: typer.Context) -> Any:
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.cli.options import find_team_file

    given = ctx.params.get("team")
    path = find_team_file(None if given is None else Path(given))
    return TeamDefinition.from_file(path if path.exists() else find_team_file(None))  # an audit's --team is not a file
