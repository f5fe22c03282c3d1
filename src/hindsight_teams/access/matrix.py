"""The access matrix of a team as rows, as plain values and as text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access


@dataclass(frozen=True, slots=True)
class AccessMatrix:
    """The access of each member on each bank.

    Attributes:
        team_id: The team.
        banks: Bank names with the scope of each, in the order of the definition.
        cells: By member and bank name.
        scopes: Mandatory tags by member and bank name, where a grant has them.
    """

    team_id: str
    banks: dict[str, str]
    cells: dict[str, dict[str, Access]]
    scopes: dict[str, dict[str, tuple[str, ...]]]

    @classmethod
    def of(cls, definition: TeamDefinition) -> AccessMatrix:
        """The matrix of a team."""
        grants = definition.grants
        return cls(
            definition.team_id,
            {name: "resolver" if spec.resolver else spec.scope for name, spec in definition.banks.items()},
            {
                m: {b: held[b].access if b in held else Access.NONE for b in definition.banks}
                for m, held in grants.items()
            },
            {m: {b: g.scope_tags for b, g in held.items() if g.scope_tags} for m, held in grants.items()},
        )

    def rows(self) -> list[tuple[str, ...]]:
        """A header, then a row for each member: its id, and the label of its access on each bank."""
        header = ("member", *(f"{name} ({scope})" for name, scope in self.banks.items()))
        return [header, *((m, *(access.label for access in row.values())) for m, row in self.cells.items())]

    def to_dict(self) -> dict[str, Any]:
        """The matrix as plain values, ready for JSON."""
        return {
            "team": self.team_id,
            "banks": dict(self.banks),
            "members": {m: {b: list(access.verbs) for b, access in row.items()} for m, row in self.cells.items()},
            "scope_tags": {m: {b: list(tags) for b, tags in row.items()} for m, row in self.scopes.items() if row},
        }

    def allows(self, member: str, bank: str, verb: str) -> bool:
        """Whether the member holds the verb on the bank."""
        return verb in self.cells.get(member, {}).get(bank, Access.NONE).verbs

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)
