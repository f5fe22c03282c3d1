"""What a check is asked and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import ContentRefused

Action: TypeAlias = Literal["allow", "redact", "quarantine", "refuse"]
ACTIONS: tuple[Action, ...] = get_args(Action)
"""From the mildest to the strictest."""


@dataclass(frozen=True, slots=True)
class WriteAttempt:
    """One retain, before it happens.

    Attributes:
        content: What is to be stored, as the checks before left it.
        bank: What members call the bank.
    """

    content: str
    caller: Caller = field(default_factory=Caller)
    bank: str | None = None
    context: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a write.

    Attributes:
        action: ``allow``; ``redact``: store ``text`` instead; ``quarantine``: store it out of every read until somebody
            reviewed it; ``refuse``: do not store it.
        reason: Why, in words that a model may read: they hold nothing of the content.
        text: What to store. A check sets it to change the content; a guard always does.
        check: The check that decided.
        cause: The exception that a check raised, for the log.
    """

    action: Action
    reason: str = ""
    text: str | None = None
    check: str | None = None
    cause: Exception | None = None

    @property
    def error(self) -> ContentRefused | None:
        """The error to raise for a refusal, None for every other verdict."""
        if self.action != "refuse":
            return None
        error = ContentRefused(f"the content was not stored: {self.reason or 'a check refused it'}", check=self.check)
        error.__cause__ = self.cause
        return error


ALLOWED = Verdict("allow")

Check: TypeAlias = Callable[[WriteAttempt], "Verdict | Awaitable[Verdict | None] | None"]
"""A check takes an attempt and gives a verdict, or None when it has nothing to say."""


def name_of(check: Check) -> str:
    """What a check is called: its ``name``, else its function's name less ``check_``, else its class."""
    name = getattr(check, "name", None) or getattr(check, "__name__", None) or type(check).__name__
    return str(name).removeprefix("check_")
