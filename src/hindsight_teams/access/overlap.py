"""Whether two banks of a team could ever have the same id: then no right on one could be kept apart from the other.

Banks of the built-in scopes never can. A template can: ``{team}:{user}`` gives the user ``shared`` the id of the team's
bank ``shared``. Pure.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from hindsight_teams.access.banks import BankSpec, escape

COMPONENT = frozenset(string.ascii_letters + string.digits + "_.@+-~")
"""The characters of an escaped component."""

_Step: TypeAlias = tuple[frozenset[str], bool]
"""The characters that may come next, and whether any number of them may follow."""


def pieces(spec: BankSpec, known: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """What the ids of a bank are made of: text that is fixed, or the name of a field that is free.

    Args:
        spec: Not a resolver's.
        known: Fields with a fixed value, such as ``team``.
    """
    fixed = {"bank": spec.name, **spec.variables, **known}
    template = spec.scope
    if "{" not in template:
        template = "{team}:{bank}" if spec.scope == "team" else f"{{team}}:{{bank}}:{spec.scope}:{{{spec.scope}}}"
    for literal, field, *_ in string.Formatter().parse(template):
        if literal:
            yield literal, None
        if field is not None:
            yield (escape(fixed[field]), None) if field in fixed else ("", field)


def can_share_an_id(one: BankSpec, other: BankSpec, *, team: str) -> bool:
    """Whether some members, users, sessions and runs of a team give two of its banks the same id.

    A field that stands twice in a template is taken for two, so that a strange template may be suspected wrongly.
    A resolver's ids are its own affair.
    """
    if one.resolver is not None or other.resolver is not None:
        return False
    return _meet(_steps(pieces(one, {"team": team})), _steps(pieces(other, {"team": team})))


def is_an_id_of(spec: BankSpec, bank_id: str, *, team: str) -> bool:
    """Whether a bank of a team could have this very id, which is not a hashed one."""
    return spec.resolver is None and _meet(_steps(pieces(spec, {"team": team})), _steps([(bank_id, None)]))


def _steps(parts: Iterator[tuple[str, str | None]] | list[tuple[str, str | None]]) -> list[_Step]:
    steps: list[_Step] = []
    for text, field in parts:
        steps += [(COMPONENT, True)] if field is not None else [(frozenset(character), False) for character in text]
    return steps


def _meet(one: list[_Step], other: list[_Step]) -> bool:
    """Whether some text follows both: a search through the product of the two automata."""
    reached, waiting = {(0, 0)}, [(0, 0)]
    while waiting:
        here = waiting.pop()
        if here == (len(one), len(other)):
            return True
        for left, first in _moves(one, here[0]):
            for right, second in _moves(other, here[1]):
                if (first, second) not in reached and not left.isdisjoint(right):
                    reached.add((first, second))
                    waiting.append((first, second))
    return False


def _moves(steps: list[_Step], at: int) -> Iterator[tuple[frozenset[str], int]]:
    if at < len(steps):
        yield steps[at][0], at + 1
    if at and steps[at - 1][1]:
        yield steps[at - 1][0], at
