"""``hindsight-teams access``: show the access matrix of a team.toml, as a table or, on a narrow terminal, a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hindsight_teams.access.grants import Access
from hindsight_teams.access.matrix import AccessMatrix
from hindsight_teams.cli.options import Json, TeamArgument, find_team_file
from hindsight_teams.cli.output import clean, console, glyph, print_json

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from hindsight_teams.access.definition import TeamDefinition

_STYLES = {"full": "green", "writer-only": "yellow", "read-only": "cyan", "reflect-only": "magenta"}
_GAP = 3


def access(team: TeamArgument = None, *, json: Json = False) -> None:
    """Show who may do what on which bank."""
    from hindsight_teams.access.definition import TeamDefinition

    definition = TeamDefinition.from_file(find_team_file(team))
    if json:
        print_json(plain(definition))
    else:
        screen = console()
        screen.print(render(definition, screen.width))


def plain(definition: TeamDefinition) -> dict[str, Any]:
    """The matrix as plain values, with the members who may review."""
    return {**AccessMatrix.of(definition).to_dict(), "curators": sorted(definition.curators)}


def render(definition: TeamDefinition, width: int) -> RenderableType:
    """The matrix for a terminal of this width: members down and banks across, or one member after another."""
    from rich.console import Group
    from rich.text import Text

    matrix = AccessMatrix.of(definition)
    title = Text.assemble(("Access  ", "dim"), (clean(matrix.team_id), "bold"))
    titles = {m: (" curator" if m in definition.curators else "", "dim italic") for m in matrix.cells}
    members = {m: Text.assemble("  ", clean(m), titles[m]) for m in matrix.cells}
    cells = {
        m: {b: _cell(a, scoped=b in matrix.scopes.get(m, {})) for b, a in row.items()}
        for m, row in matrix.cells.items()
    }
    first = max(map(len, members.values()))
    widths = [max(len(b), len(clean(s)), *(len(row[b]) for row in cells.values())) for b, s in matrix.banks.items()]
    fits = first + sum(w + _GAP for w in widths) <= width
    body = _table(matrix, members, cells) if fits else _list(matrix, members, cells)
    notes = [
        Text.assemble(
            ("  * on ", "dim"), bank, (" only what is tagged ", "dim"), clean(", ".join(tags)), f" ({member})"
        )
        for member, scopes in matrix.scopes.items()
        for bank, tags in scopes.items()
    ]
    return Group(Text(), title, Text(), body, *notes, Text())


def _table(matrix: AccessMatrix, members: dict[str, Text], cells: dict[str, dict[str, Text]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="")
    table.add_column("", no_wrap=True)
    for bank, scope in matrix.banks.items():
        table.add_column(Text.assemble((bank, "bold"), "\n", (clean(scope), "dim")), no_wrap=True)
    for member, label in members.items():
        table.add_row(label, *cells[member].values())
    return table


def _list(matrix: AccessMatrix, members: dict[str, Text], cells: dict[str, dict[str, Text]]) -> RenderableType:
    from rich.text import Text

    lines = []
    for member, label in members.items():
        lines.append(label)
        lines += [
            Text.assemble(
                "    ", cells[member][bank], (" on ", "dim"), bank, (f" ({clean(matrix.banks[bank])})", "dim")
            )
            for bank, access in matrix.cells[member].items()
            if access
        ]
    return Text("\n").join(lines)


def _cell(access: Access, *, scoped: bool) -> Text:
    from rich.text import Text

    if not access:
        return Text(glyph("none"), "dim")
    return Text(access.label + ("*" if scoped else ""), _STYLES.get(access.label, ""))
