"""``hindsight-teams new``: a project of one's own from a recipe, offline."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.failing import usage
from hindsight_teams.cli.options import Json, interactive
from hindsight_teams.cli.output import console, glyph, print_json, say

if TYPE_CHECKING:
    from hindsight_recipes import Recipe
    from hindsight_teams.cli.scaffold.answers import Answers
    from hindsight_teams.cli.scaffold.project_files import Rendered
    from hindsight_teams.cli.scaffold.project_names import ProjectName


def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The project's name, or a path that ends in it.")
    ] = None,
    *,
    recipe: Annotated[
        str | None, typer.Option("--recipe", metavar="RECIPE", help="What to start from; --list shows them.")
    ] = None,
    members: Annotated[
        str | None,
        typer.Option(
            "--members", metavar="NAMES", help="Other names for its members: researcher=scout, or all in order."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="An Agno model string such as openai:gpt-5-mini, or offline."),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option("--backend", metavar="BACKEND", help="Where memory lives: embedded, server or cloud."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Add to a folder that is not empty; overwrites no file that was changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the files and the access matrix; write none.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the recipes.")] = False,
    json: Json = False,
) -> None:
    """Make a project from a recipe.

    You get a team with memory, rights and tests that pass, offline. On a terminal it asks for what no flag says.
    """
    from hindsight_teams.cli import recipes
    from hindsight_teams.cli.scaffold.place import keep_changed, place, refuse_occupied
    from hindsight_teams.cli.scaffold.project_files import render
    from hindsight_teams.cli.scaffold.project_names import parse_name
    from hindsight_teams.cli.scaffold.record import RECORD, new_record

    if list_:
        recipes.list_(json=json)
        return
    if name is None:
        raise usage("give NAME, as in `hindsight-teams new my-team`")
    project = parse_name(name)
    refuse_occupied(project.folder, force=force)
    ask = not (yes or json) and interactive()
    answers = _answers(project, recipe, members, model, backend, ask=ask)
    rendered = render(project, answers)
    files = {**rendered.files, RECORD: new_record(answers.to_dict(), rendered.files).to_text()}
    write, kept = keep_changed(project.folder, files)
    if not dry_run:
        place(project.folder, write)
    if json:
        _print_json(project, answers, rendered, write, kept, dry_run=dry_run)
    else:
        _show(project, answers, rendered, write, kept, dry_run=dry_run)


def _answers(
    project: ProjectName,
    recipe: str | None,
    members: str | None,
    model: str | None,
    backend: str | None,
    *,
    ask: bool,
) -> Answers:
    """The four answers: from the flags, else asked for on a terminal, else the defaults."""
    from hindsight_recipes import get_recipe, list_recipes
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.cli.scaffold.answers import (
        BACKENDS,
        DEFAULT_RECIPE,
        OFFLINE,
        Answers,
        parse_members,
        parse_model,
    )
    from hindsight_teams.models import check_choice

    chosen = get_recipe(recipe or (_ask_recipe(list_recipes()) if ask else DEFAULT_RECIPE))
    definition = TeamDefinition.from_file(chosen.team_toml)
    ids = [member for member in definition.grants if member != definition.team_id]
    if members is None and ask:
        members = _ask("Members", ",".join(ids), "other names in this order, or Enter to keep them")
    renamed = parse_members(members or "", ids)
    if model is None:
        model = _ask("Model", OFFLINE, "an Agno model string such as openai:gpt-5-mini, or offline") if ask else OFFLINE
    parse_model(model)
    if backend is None:
        backend = _ask("Memory", BACKENDS[0], f"{', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}") if ask else BACKENDS[0]
    check_choice("backend", backend, BACKENDS)
    return Answers(project.distribution, chosen.name, renamed, model.strip(), backend)  # type: ignore[arg-type]


def _ask_recipe(recipes: Sequence[Recipe]) -> str:
    from hindsight_teams.cli.recipes import print_list

    print_list(recipes, numbered=True)
    answer = _ask("Recipe", recipes[0].name, "a number or a name")
    return recipes[int(answer) - 1].name if answer.isdecimal() and 0 < int(answer) <= len(recipes) else answer


def _ask(question: str, default: str, hint: str) -> str:
    say()
    say((hint, "dim"))
    return str(typer.prompt(question, default=default)).strip()


def _print_json(
    project: ProjectName, answers: Answers, rendered: Rendered, write: dict[str, str], kept: list[str], *, dry_run: bool
) -> None:
    from hindsight_teams.cli.access import plain

    print_json(
        {
            "folder": str(project.folder),
            "module": project.module,
            "answers": answers.to_dict(),
            "written": [] if dry_run else sorted(write),
            "would_write": sorted(write) if dry_run else [],
            "kept": kept,
            "access": plain(rendered.definition),
            "next": next_commands(project.folder),
        }
    )


def _show(
    project: ProjectName, answers: Answers, rendered: Rendered, write: dict[str, str], kept: list[str], *, dry_run: bool
) -> None:
    from hindsight_teams.cli.access import render

    screen = console()
    say()
    say((str(project.folder), "bold"), (f"  from {answers.recipe}", "dim"))
    say()
    _show_tree(sorted(write))
    for path in kept:
        say(("  kept, since you changed it: ", "yellow"), path)
    screen.print(render(rendered.definition, screen.width))
    if dry_run:
        say(("Nothing was written. Leave out --dry-run to make it.", "dim"))
        return
    say(("Next", "bold"))
    for command in next_commands(project.folder):
        say("  ", (command, "cyan"))


def next_commands(folder: Path) -> list[str]:
    """The two commands that lead from a new project to passing tests."""
    return [f'cd {shlex.quote(str(folder))} && pip install -e ".[dev]"', "pytest"]


def _show_tree(paths: list[str], indent: str = "  ") -> None:
    """The files as a tree: folders first, then files, each by name."""
    below: dict[str, list[str]] = {}
    for path in paths:
        first, _, rest = path.partition("/")
        below.setdefault(first, []).extend([rest] if rest else [])
    entries = sorted(below.items(), key=lambda entry: (not entry[1], entry[0]))
    for position, (name, inside) in enumerate(entries, 1):
        last = position == len(entries)
        say((f"{indent}{glyph('end' if last else 'tee')}", "dim"), name + ("/" if inside else ""))
        _show_tree(inside, indent + ("   " if last else glyph("pipe")))
