"""Render a project: a recipe's team, under the names of its own members, and the files that every project has."""

from __future__ import annotations

import io
import re
import tokenize
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access
from hindsight_teams.access.matrix import AccessMatrix
from hindsight_teams.cli.scaffold.answers import Answers, ProjectName, parse_model
from hindsight_teams.errors import InvalidInput

if TYPE_CHECKING:
    from hindsight_recipes import Recipe

TEMPLATES = Path(__file__).parents[1] / "templates" / "project"

# a template's name says what it is, since a wheel leaves out files whose names begin with a dot or are ignored by git
PLACES = {
    "AGENTS.md.tmpl": "AGENTS.md",
    "README.md.tmpl": "README.md",
    "ci.yml.tmpl": ".github/workflows/ci.yml",
    "env.tmpl": ".env.example",
    "gitignore.tmpl": ".gitignore",
    "package/__init__.py.tmpl": "{module}/__init__.py",
    "package/__main__.py.tmpl": "{module}/__main__.py",
    "package/app.py.tmpl": "{module}/app.py",
    "package/settings.py.tmpl": "{module}/settings.py",
    "pyproject.toml.tmpl": "pyproject.toml",
    "tests/conftest.py.tmpl": "tests/conftest.py",
    "tests/test_rights.py.tmpl": "tests/test_rights.py",
    "tests/test_team.py.tmpl": "tests/test_team.py",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A project that is not written yet.

    Attributes:
        files: Path in the project to text.
        definition: What its team.toml says.
    """

    files: Mapping[str, str]
    definition: TeamDefinition


@dataclass(frozen=True, slots=True)
class Handover:
    """Who can leave something in memory for whom: what the generated test tries."""

    writer: str
    reader: str
    bank: str
    verb: str


def render(name: ProjectName, answers: Answers) -> Rendered:
    """All files of a project.

    Raises:
        InvalidInput: There is no such recipe, or an answer does not fit it.
    """
    from hindsight_recipes import get_recipe

    recipe = get_recipe(answers.recipe)
    old = TeamDefinition.from_file(recipe.team_toml)
    names = {**answers.members, old.team_id: name.distribution}
    team_toml = in_text(recipe.team_toml.read_text(encoding="utf-8"), names)
    definition = _definition(team_toml)
    team = _join_imports(in_python((recipe.folder / "team.py").read_text(encoding="utf-8"), names))
    files = {
        f"{name.module}/team.py": team,
        f"{name.module}/team.toml": team_toml,
        f"{name.module}/py.typed": "",
        **_from_templates(name, answers, recipe, definition, single="import Team\n" not in team),
    }
    return Rendered(dict(sorted(files.items())), definition)


def _definition(team_toml: str) -> TeamDefinition:
    data = tomllib.loads(team_toml)
    return TeamDefinition.from_parts(
        data["team"]["id"],
        banks=data["banks"],
        members=data["members"],
        variables=data["team"].get("variables"),
        curators=data.get("review", {}).get("curators", ()),
    )


def _from_templates(
    name: ProjectName, answers: Answers, recipe: Recipe, definition: TeamDefinition, *, single: bool
) -> dict[str, str]:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # it renders source code, not HTML
    )
    matrix = AccessMatrix.of(definition)
    values: dict[str, Any] = {
        "name": name,
        "recipe": recipe,
        "team_id": definition.team_id,
        "model": parse_model(answers.model),
        "backend": answers.backend,
        "version": version("hindsight-teams"),
        "matrix": str(matrix),
        "expected": {m: {b: _set_literal(a) for b, a in row.items()} for m, row in matrix.cells.items()},
        "handover": _handover(definition),
        "single": single,
    }
    return {
        place.format(module=name.module): environment.get_template(template).render(values)
        for template, place in PLACES.items()
    }


def _set_literal(access: Access) -> str:
    verbs = ", ".join(f'"{verb}"' for verb in access.verbs)
    return f"{{{verbs}}}" if verbs else "set()"


def _handover(definition: TeamDefinition) -> Handover | None:
    """Two members, better than one, of whom one can write what the other can read."""
    found = [
        Handover(writer, reader, bank, verb)
        for bank, spec in definition.banks.items()
        for writer, w in definition.grants.items()
        for reader, r in definition.grants.items()
        for verb in ("recall", "reflect")
        if bank in w and bank in r and "retain" in w[bank].access.verbs and verb in r[bank].access.verbs
        if writer == reader or "member" not in spec.needs
    ]
    return min(found, key=lambda h: (h.writer == h.reader, h.verb == "reflect"), default=None)


def _join_imports(source: str) -> str:
    """Put this package's imports among the other third-party ones, which is what they are in a project of one's own."""
    return re.sub(r"(\n(?:from|import) agno[^\n]*)\n\n(?=from hindsight_teams)", r"\1\n", source)


_PROSE = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def in_text(text: str, names: Mapping[str, str]) -> str:
    """The text with each name replaced where it stands as a whole word, as an id and as a title alike.

    All at once, so that two members may swap their names.
    """
    wanted = {**names, **{title(old): title(new) for old, new in names.items()}}
    if not wanted:
        return text
    words = "|".join(sorted(map(re.escape, wanted), key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{words})(?![\w-])", lambda found: wanted[found.group()], text)


def in_python(source: str, names: Mapping[str, str]) -> str:
    """Python code with each name replaced, in strings and comments as text, and as an identifier.

    Raises:
        InvalidInput: A new name is taken by something else in the code.
    """
    identifiers = {identifier(old): identifier(new) for old, new in names.items()}
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    used = {token.string for token in tokens if token.type == tokenize.NAME}
    for old, new in identifiers.items():
        if old in used and new in used - identifiers.keys():
            raise InvalidInput(f"{new!r} already means something else in the recipe's code; choose another name")
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    replace: dict[int, Callable[[str], str]] = dict.fromkeys(_PROSE, lambda text: in_text(text, names))
    replace[tokenize.NAME] = lambda text: identifiers.get(text, text)
    for token in reversed(tokens):
        if token.type in replace:
            begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            source = source[:begin] + replace[token.type](source[begin:end]) + source[end:]
    return source


def identifier(name: str) -> str:
    """A member's id as a Python name."""
    return name.replace("-", "_")


def title(name: str) -> str:
    """A member's id as a heading: ``Lead scout``."""
    return name.replace("-", " ").replace("_", " ").capitalize()
