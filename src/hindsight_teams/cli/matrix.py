"""The access matrix of a team as a table, as a list where the terminal is too narrow, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hindsight_teams.access import Access, Grant
from hindsight_teams.cli.output import clean, glyph

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from hindsight_teams.definition import TeamDefinition

_STYLES = {"full": "green", "writer-only": "yellow", "read-only": "cyan", "reflect-only": "magenta"}


def as_json(definition: TeamDefinition) -> dict[str, Any]:
    """The matrix as plain values: banks with their scope, members with the verbs they hold on each bank."""
    return {
        "team": definition.team_id,
        "banks": {
            name: {"scope": _scope(definition, name), "description": b.description} for name, b in _banks(definition)
        },
        "members": {
            member: {name: _cell_json(definition.grant(member, name)) for name, _ in _banks(definition)}
            for member in definition.grants
        },
        "curators": sorted(definition.curators),
    }


def _cell_json(grant: Grant | None) -> dict[str, Any]:
    access = grant.access if grant else Access.NONE
    return {"access": access.label, "verbs": list(access.verbs), "scope_tags": list(grant.scope_tags if grant else ())}


def render(definition: TeamDefinition, width: int) -> RenderableType:
    """The matrix: members down, banks across, or one member after another where the table would not fit."""
    from rich.console import Group
    from rich.text import Text

    title = Text.assemble(("Access  ", "dim"), (clean(definition.team_id), "bold"))
    body = _table(definition) if _table_width(definition) <= width else _list(definition)
    notes = [Text.assemble(("  only memories tagged ", "dim"), clean(note)) for note in _scope_notes(definition)]
    return Group(Text(), title, Text(), body, *notes, Text())


def _table(definition: TeamDefinition) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=True, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    table.add_column(Text(""), no_wrap=True)
    for name, _ in _banks(definition):
        header = Text.assemble((name, "bold"), "\n", (clean(_scope(definition, name)), "dim"))
        table.add_column(header, no_wrap=True)
    for member in definition.grants:
        cells = [_cell(definition.grant(member, name)) for name, _ in _banks(definition)]
        table.add_row(_member(definition, member), *cells)
    return table


def _list(definition: TeamDefinition) -> RenderableType:
    from rich.text import Text

    lines = Text()
    for member in definition.grants:
        lines.append_text(_member(definition, member)).append("\n")
        for name, _ in _banks(definition):
            grant = definition.grant(member, name)
            if grant and grant.access:
                lines.append(f"    {name} ", "bold").append(f"({clean(_scope(definition, name))}) ", "dim")
                lines.append_text(_cell(grant)).append("\n")
    lines.right_crop(1)
    return lines


def _member(definition: TeamDefinition, member: str) -> Text:
    from rich.text import Text

    curator = (" curator", "dim italic") if member in definition.curators else ""
    return Text.assemble("  ", clean(member), curator)


def _cell(grant: Grant | None) -> Text:
    from rich.text import Text

    label = _label(grant)
    return Text(label, style=_STYLES.get(label.rstrip("*"), "" if grant and grant.access else "dim"))


def _label(grant: Grant | None) -> str:
    if grant is None or not grant.access:
        return glyph("none")
    return f"{grant.access.label}{'*' if grant.scope_tags else ''}"


def _table_width(definition: TeamDefinition) -> int:
    first = max(len(clean(m)) + (8 if m in definition.curators else 0) for m in definition.grants) + 2
    banks = (
        max(
            len(name),
            len(_scope(definition, name)),
            *(len(_label(definition.grant(m, name))) for m in definition.grants),
        )
        for name, _ in _banks(definition)
    )
    return first + sum(width + 3 for width in banks)


def _scope_notes(definition: TeamDefinition) -> list[str]:
    return [
        f"{', '.join(grant.scope_tags)}: {member} on {name}*"
        for member, grants in definition.grants.items()
        for name, grant in grants.items()
        if grant.scope_tags
    ]


def _banks(definition: TeamDefinition) -> list[tuple[str, Any]]:
    return list(definition.banks.items())


def _scope(definition: TeamDefinition, name: str) -> str:
    bank = definition.banks[name]
    return "resolver" if bank.resolver is not None else bank.scope
