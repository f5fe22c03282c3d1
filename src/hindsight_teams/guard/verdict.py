"""The input and the result of a check: ``WriteAttempt`` and ``Verdict``."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal, TypeAlias

from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import ContentRefused
from hindsight_teams.models import GUARD_ACTIONS, GuardAction

Action: TypeAlias = GuardAction
"""What the guard does with a text."""
ACTIONS: tuple[Action, ...] = GUARD_ACTIONS
"""From the mildest to the strictest."""

Source: TypeAlias = Literal["author", "others"]
"""Whose words a text holds: the member's own, or those of others (an end user, a tool, a web page)."""

_PLAIN_ID = re.compile(r"[\w.@:+-]{0,200}")


@dataclass(frozen=True, slots=True)
class WriteAttempt:
    """One retain, before it happens.

    Attributes:
        content: What is to be stored, as the checks before left it.
        caller: Who wants to store it.
        bank: What members call the bank.
        context: What the content is about.
        tags: The author's own, without the signature.
        metadata: The author's own, without the signature.
        entities: Names that the author gave.
        document_id: The id that the author gave; None where the service derives it.
        source: Whose words these are.
        private: Whether the bank is the user's own: only runs for that user read it.
        counts: Whether it counts as a write of its own; of many memories in one call only the first does.
    """

    content: str
    caller: Caller = field(default_factory=Caller)
    bank: str | None = None
    context: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    entities: Sequence[str] = ()
    document_id: str | None = None
    source: Source = "author"
    private: bool = False
    counts: bool = True

    def texts(self) -> Iterator[str]:
        """Every text that would be stored, the content first and the ids last; what is not text a backend refuses."""
        yield self.content
        others = (self.context, *self.tags, *chain(*self.metadata.items()), *self.entities, self.document_id)
        yield from (text for text in others if isinstance(text, str) and text)
        yield from self.ids()

    def ids(self) -> list[str]:
        """The ids of user, session and run that are more than a word: a signature stores them.

        Many authors do not choose them, so they never are a reason to withhold what was said.
        """
        ids = (self.caller.user, self.caller.session, self.caller.run)
        return [text for text in ids if isinstance(text, str) and not _PLAIN_ID.fullmatch(text)]

    @property
    def size(self) -> int:
        """Characters in all fields together."""
        return sum(map(len, self.texts()))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a write.

    Attributes:
        action: ``allow``; ``mark``: store it with a mark that every reader sees; ``redact``: store ``attempt`` (or
            ``text``) instead; ``quarantine``: store it out of every read until somebody reviewed it; ``refuse``: do not
            store it.
        reason: Why, in words that a model may read: they hold nothing of the content. Cut to 300 characters.
        text: What to store as content. A check sets it to change the content; a guard always does.
        check: The check that decided.
        cause: The exception that a check raised, for the log.
        attempt: What to store, all fields. A check sets it to change more than the content; a guard always does.
        if_trusted: What a check does instead with a trusted author's own words. Where it says nothing, they are marked
            instead of quarantined.
        if_private: What a check does instead in a user's own bank, whoever says it.
        if_others: What a check does instead with the words of others. Where it says nothing, what it would mark is
            quarantined.
        marks: The checks whose hits mark the memory; set by a guard.
        notes: What the caller is told beside the outcome; set by a guard.
    """

    action: Action
    reason: str = ""
    text: str | None = None
    check: str | None = None
    cause: Exception | None = None
    attempt: WriteAttempt | None = None
    if_trusted: Action | None = None
    if_private: Action | None = None
    if_others: Action | None = None
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def error(self) -> ContentRefused | None:
        """The error to raise for a refusal, None for every other verdict."""
        if self.action != "refuse":
            return None
        error = ContentRefused(f"the content was not stored: {self.reason or 'a check refused it'}", check=self.check)
        error.__cause__ = self.cause
        return error


Check: TypeAlias = Callable[[WriteAttempt], "Verdict | Awaitable[Verdict | None] | None"]
"""A check takes an attempt and gives a verdict, or None when it has nothing to say."""


def found_by(search: Callable[[str], Iterable[str]], attempt: WriteAttempt) -> Verdict | None:
    """Quarantine a write in which a search names something; where only an id holds it, mark the write.

    In a user's own bank an id is no matter: only runs for that user read it.
    """
    of_nobody = replace(attempt, caller=Caller())
    found, odd = (
        ", ".join(list(dict.fromkeys(name for text in texts for name in search(text)))[:4])
        for texts in (of_nobody.texts(), attempt.ids())
    )
    if found:
        return Verdict("quarantine", reason=found)
    reason = f"an id of its user, session or run: {odd}"
    return Verdict("mark", reason=reason, if_private="allow", if_others="mark") if odd else None


def name_of(check: Check) -> str:
    """What a check is called: its ``name``, else its function's name less ``check_``, else its class."""
    name = getattr(check, "name", None) or getattr(check, "__name__", None) or type(check).__name__
    return str(name).removeprefix("check_")
