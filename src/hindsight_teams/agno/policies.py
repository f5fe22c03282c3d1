"""Named policies, and the toolkits that follow from them through the ``enable_*`` flags."""

from __future__ import annotations

from typing import Unpack

from hindsight_teams.access.grants import (
    FULL,
    NONE,
    POLICIES,
    READ_ONLY,
    REFLECT_ONLY,
    WRITER_ONLY,
    Access,
    parse_access,
)
from hindsight_teams.agno.memory_toolkit import ToolkitOptions
from hindsight_teams.agno.toolkit import HindsightTools
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.direct import BankOptions

__all__ = [
    "FULL",
    "NONE",
    "POLICIES",
    "READ_ONLY",
    "REFLECT_ONLY",
    "WRITER_ONLY",
    "full_access",
    "read_only",
    "reflect_only",
    "toolkit",
    "writer_only",
]


class PolicyOptions(BankOptions, ToolkitOptions):
    """The arguments of HindsightTools, without the ``enable_*`` flags."""


def toolkit(access: Access | str, **options: Unpack[PolicyOptions]) -> HindsightTools:
    """A toolkit with exactly this access.

    Args:
        access: A policy, a policy's name, or an Access.
        **options: The arguments of HindsightTools, without the ``enable_*`` flags.

    Raises:
        InvalidInput: An ``enable_*`` flag was given: the policy decides them.
    """
    for flag in ("enable_retain", "enable_recall", "enable_reflect"):
        if flag in options:
            raise InvalidInput(f"{flag}= is decided by the policy; use HindsightTools to set it yourself")
    access = parse_access(access)
    return HindsightTools(
        enable_retain=Access.RETAIN in access,
        enable_recall=Access.RECALL in access,
        enable_reflect=Access.REFLECT in access,
        **options,
    )


def writer_only(**options: Unpack[PolicyOptions]) -> HindsightTools:
    """A toolkit that can retain, and read nothing; options as for HindsightTools."""
    return toolkit(WRITER_ONLY, **options)


def read_only(**options: Unpack[PolicyOptions]) -> HindsightTools:
    """A toolkit that can recall and reflect, and store nothing; options as for HindsightTools."""
    return toolkit(READ_ONLY, **options)


def reflect_only(**options: Unpack[PolicyOptions]) -> HindsightTools:
    """A toolkit that can reflect, and neither list memories nor store any; options as for HindsightTools."""
    return toolkit(REFLECT_ONLY, **options)


def full_access(**options: Unpack[PolicyOptions]) -> HindsightTools:
    """A toolkit that can retain, recall and reflect; options as for HindsightTools."""
    return toolkit(FULL, **options)
