"""``hindsight-teams new``: make a project from a recipe, without a network."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from hindsight_teams.cli.completing import complete_recipes
from hindsight_teams.cli.failing import usage
from hindsight_teams.cli.options import Json, interactive
from hindsight_teams.cli.output import console, glyph, print_json, say
from hindsight_teams.errors import HindsightTeamsError

if TYPE_CHECKING:
    from hindsight_recipes import Recipe
    from hindsight_teams.cli.scaffold.answers import Answers, ProjectName
    from hindsight_teams.cli.scaffold.project_files import Rendered


Value = TypeVar("Value")


def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The project's name, or a path that ends in it.")
    ] = None,
    *,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", metavar="RECIPE", help="As `recipes list` shows it.", autocompletion=complete_recipes),
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
        str | None, typer.Option("--backend", metavar="BACKEND", help="Where memory lives: embedded, server or cloud.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Add to a folder that is not empty; overwrites no file that was changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the files and the access matrix; write none.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a project from a recipe.

    You get a team with memory, rights and tests that pass, offline. On a terminal it asks for what no flag says.
    """
    from hindsight_teams.cli.access import plain
    from hindsight_teams.cli.scaffold.answers import parse_name
    from hindsight_teams.cli.scaffold.place import RECORD, keep_changed, new_record, place, refuse_occupied
    from hindsight_teams.cli.scaffold.project_files import render

    ask = not (yes or json) and interactive()

    def named(text: str) -> ProjectName:
        found = parse_name(text)
        refuse_occupied(found.folder, force=force)
        return found

    if name is None and not ask:
        raise usage("give NAME, as in `hindsight-teams new my-team`")
    project = named(name) if name is not None else _ask("Name", "my-team", "the project's name, or a path", named)
    answers = _answers(project, recipe, members, model, backend, ask=ask)
    rendered = render(project, answers)
    files = {**rendered.files, RECORD: new_record(answers.to_dict(), rendered.files).to_text()}
    write, kept = keep_changed(project.folder, files)
    if not dry_run:
        place(project.folder, write)
    if json:
        print_json(
            {
                "folder": str(project.folder),
                "module": project.module,
                "answers": answers.to_dict(),
                "written": [] if dry_run else sorted(write),
                "would_write": sorted(write) if dry_run else [],
                "kept": kept,
                "access": plain(rendered.definition),
                "next": [command for command, _ in _next(project)],
            }
        )
    else:
        _show(project, answers, rendered, write, kept, dry_run=dry_run)


def _answers(
    project: ProjectName, recipe: str | None, members: str | None, model: str | None, backend: str | None, *, ask: bool
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

    def model_string(text: str) -> str:
        parse_model(text)
        return text.strip()

    def backend_kind(text: str) -> str:
        check_choice("backend", text, BACKENDS)
        return text

    chosen = _ask_recipe(list_recipes()) if ask and recipe is None else get_recipe(recipe or DEFAULT_RECIPE)
    definition = TeamDefinition.from_file(chosen.team_toml)
    ids = [member for member in definition.grants if member != definition.team_id]
    if members is None and ask:
        hint = "other names in this order, or Enter to keep them"
        renamed = _ask("Members", ",".join(ids), hint, lambda text: parse_members(text, ids))
    else:
        renamed = parse_members(members or "", ids)
    if model is None and ask:
        hint = "an Agno model string such as openai:gpt-5-mini, or offline: a stand-in by fixed rules, without a key"
        model = _ask("Model", OFFLINE, hint, model_string)
    if backend is None and ask:
        hint = "embedded: one SQLite file; server: a Hindsight server of yours; cloud: Hindsight Cloud"
        backend = _ask("Memory", BACKENDS[0], hint, backend_kind)
    return Answers(
        project.distribution,
        chosen.name,
        renamed,
        model_string(model or OFFLINE),
        backend_kind(backend or BACKENDS[0]),  # type: ignore[arg-type]
    )


def _ask_recipe(recipes: Sequence[Recipe]) -> Recipe:
    from hindsight_recipes import get_recipe
    from hindsight_teams.cli.recipes import print_list
    from hindsight_teams.cli.scaffold.answers import DEFAULT_RECIPE

    def chosen(answer: str) -> Recipe:
        if answer.isdecimal() and 0 < int(answer) <= len(recipes):
            return recipes[int(answer) - 1]
        return get_recipe(answer)

    say()
    print_list(recipes, numbered=True)
    return _ask("Recipe", DEFAULT_RECIPE, "a number or a name", chosen)


def _ask(question: str, default: str, hint: str, read: Callable[[str], Value]) -> Value:
    """Ask until the answer can be read; what is wrong with one is said before the next."""
    say()
    say((hint, "dim"))
    while True:
        answer = str(typer.prompt(question, default=default)).strip()
        try:
            return read(answer)
        except HindsightTeamsError as error:
            say((error.message, "yellow"))


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
    for command, purpose in _next(project):
        say("  ", (command, "cyan"), (f"   {purpose}" if purpose else "", "dim"))


def _next(project: ProjectName) -> list[tuple[str, str]]:
    """The commands from a new project to passing tests and a talk with the team, and what each is for."""
    return [
        (f'cd {shlex.quote(str(project.folder))} && pip install -e ".[dev]"', ""),
        ("pytest", "checks every right in the table"),
        ("hindsight-teams chat", "talks with the team"),
        (f'pip install -e ".[serve]" && python -m {project.module}.app', "serves it"),
    ]


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
