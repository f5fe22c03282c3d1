"""Verbs, policies, grants, the caller, and a team's rules for the write guard. Pure; imports nothing that does I/O."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hindsight_teams.errors import InvalidInput, did_you_mean
from hindsight_teams.models import GuardAction


class Access(enum.Flag):
    """The set of verbs that a member holds on a bank."""

    NONE = 0
    RETAIN = enum.auto()
    RECALL = enum.auto()
    REFLECT = enum.auto()

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs in it, lower case: ``("recall", "reflect")``."""
        return tuple(str(verb.name).lower() for verb in self)

    @property
    def label(self) -> str:
        """The policy's name where it has one, else its verbs: ``read-only``, ``retain+recall``."""
        return next((name for name, access in POLICIES.items() if access == self), "+".join(self.verbs))


NONE = Access.NONE
"""No verb."""
WRITER_ONLY = Access.RETAIN
"""Retain alone."""
READ_ONLY = Access.RECALL | Access.REFLECT
"""Recall and reflect."""
REFLECT_ONLY = Access.REFLECT
"""Reflect alone."""
FULL = Access.RETAIN | Access.RECALL | Access.REFLECT
"""Retain, recall and reflect."""

POLICIES: dict[str, Access] = {
    "none": NONE,
    "writer-only": WRITER_ONLY,
    "read-only": READ_ONLY,
    "reflect-only": REFLECT_ONLY,
    "full": FULL,
}
"""The named policies, as team.toml writes them."""


def parse_access(value: Access | str | Iterable[str]) -> Access:
    """An access from a policy's name, a verb, a list of verbs, or an Access.

    Raises:
        InvalidInput: An unknown name; the nearest known one is named.
    """
    if isinstance(value, Access):
        return value
    if isinstance(value, str):
        name = value.strip().lower().replace("_", "-")
        if name in POLICIES:
            return POLICIES[name]
        if name.upper() in Access.__members__:
            return Access[name.upper()]
        known = [*POLICIES, *FULL.verbs]
        raise InvalidInput(f"{value!r} is neither a policy nor a verb; {did_you_mean(name, known)}")
    if not isinstance(value, Iterable):
        raise InvalidInput(f"{value!r} is not an access; give a policy such as 'read-only' or a list of verbs")
    access = Access.NONE
    for verb in value:
        if not isinstance(verb, str) or verb.upper() not in ("RETAIN", "RECALL", "REFLECT"):
            raise InvalidInput(f"{verb!r} is not a verb; {did_you_mean(str(verb), FULL.verbs)}")
        access |= Access[verb.upper()]
    return access


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking.

    Team and member are bound when the team is composed; user, session and run come from the run, and from nothing else.

    Attributes:
        context: The framework's own run context, handed to custom bank resolvers and to nothing else.
    """

    team: str | None = None
    member: str | None = None
    user: str | None = None
    session: str | None = None
    run: str | None = None
    context: Any = field(default=None, compare=False, repr=False)


class Bank(Protocol):
    """What a grant needs to know of a bank: its short name, and how its id follows from the caller."""

    @property
    def name(self) -> str:
        """What members call it."""
        ...

    @property
    def description(self) -> str:
        """One line for the model's benefit."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """The caller's fields that the id depends on."""
        ...

    def resolve(self, caller: Caller) -> str:
        """The id of the bank for this caller."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """An access on a bank, held by a member.

    Attributes:
        scope_tags: Every read through this grant is limited to memories that carry all of them, and every write
            gets them.
        closed_tags: With a scope: the tags that make up the scopes of others on the bank, which a write may not have.
    """

    bank: Bank
    access: Access
    scope_tags: tuple[str, ...] = ()
    closed_tags: frozenset[str] = frozenset()


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
