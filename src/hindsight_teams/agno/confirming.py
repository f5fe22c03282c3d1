"""Tools that wait until a person confirms the call."""

from __future__ import annotations

from collections.abc import Sequence

from agno.tools.toolkit import Toolkit

from hindsight_teams.errors import InvalidInput, did_you_mean

TOOLS = (
    "retain_memory",
    "recall_memory",
    "reflect_on_memory",
    "propose_memory",
    "list_reviews",
    "approve_memory",
    "reject_memory",
)
"""The tools that ``equip`` gives to members."""


def check_confirmed(confirm: Sequence[str], *, more: bool) -> tuple[str, ...]:
    """The names of tools to be confirmed.

    Args:
        confirm: As given to ``equip``.
        more: Whether the members may have tools besides ``TOOLS``, from a toolkit of the application's own.

    Raises:
        InvalidInput: Not a list of names, or a name of no tool: a misspelt one would let every call through.
    """
    if isinstance(confirm, str):
        raise InvalidInput(f"confirm={confirm!r} must be a list of tools' names, such as ['approve_memory']")
    for name in confirm:
        if name not in TOOLS and not more:
            raise InvalidInput(f"confirm names no tool {name!r}; {did_you_mean(str(name), TOOLS)}")
    return tuple(confirm)


def confirm_tools(toolkits: Sequence[Toolkit], confirm: Sequence[str]) -> None:
    """Make Agno pause before each call of these tools, until somebody confirms it."""
    for toolkit in toolkits:
        functions = [*toolkit.functions.values(), *toolkit.async_functions.values()]
        chosen = [function for function in functions if function.name in confirm]
        for function in chosen:
            function.requires_confirmation = True
        named = dict.fromkeys([*toolkit.requires_confirmation_tools, *(function.name for function in chosen)])
        toolkit.requires_confirmation_tools = list(named)
