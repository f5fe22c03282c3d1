"""The table ``[guard]`` of a team.toml: the action of each check of the write guard, and the trusted authors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hindsight_teams.models import GuardAction


@dataclass(frozen=True, slots=True)
class GuardRules:
    """The rules of a team for the default checks.

    Attributes:
        actions: What to do with a hit, by the name of the check; the check's own choice where it is not named.
        trusted: Members whose suspicious notes are marked instead of withheld.
        untrusted: Members who pass on what others wrote.
    """

    actions: Mapping[str, GuardAction] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()
    untrusted: frozenset[str] = frozenset()
