"""The statements of one run, and the selection of those that become memories. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hindsight_teams.agno.citing import with_what_is_cited, without_recalled
from hindsight_teams.agno.echoes import new_in, not_in
from hindsight_teams.agno.said import (
    document,
    holds_no_fact,
    is_courtesy,
    is_refusal,
    off_the_record,
    without_tool_calls,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that somebody said in a run.

    Attributes:
        speaker: ``"user"``, the id of the member or leader who said it, or ``"tool:<name>"``.
        text: Their words.
        under: The head of the document that they come from.
    """

    speaker: str
    text: str
    under: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said in one run, and what it was said on.

    Attributes:
        member: Who answered.
        said: What the user said; None where a member was only given a task.
        task: What a leader asked the member to do, where those are not the user's words.
        answered: What the member answered.
        recalled: What memory gave to the run: lines of recalls and reflections.
        stored: What the run's own tools stored already where this exchange would go.
        heard: What the user said in this turn, also where another member retains it.
        user: On whose behalf.
        session: The session.
        run: The run.
    """

    member: str
    said: Statement | None = None
    task: Statement | None = None
    answered: Statement | None = None
    recalled: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    heard: str = ""
    user: str | None = None
    session: str | None = None
    run: str | None = None

    @property
    def id(self) -> str:
        """The same for the same run, step, input and output, and for no other."""
        spoken = (self.heard, *(part.text if part else "" for part in (self.task, self.answered)))
        whole = "\0\0".join([self.member, self.user or "", self.session or "", self.run or "", *spoken])
        return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:24]


Selection: TypeAlias = Callable[[Exchange], Iterable[Statement]]
"""Which statements of an exchange are retained; it may change their text, and leave all out."""

Retain: TypeAlias = "Literal['said', 'runs'] | Selection"
"""What of each run is retained: what users state, that and what members answer, or what a callable chooses."""


def keep_said(exchange: Exchange) -> list[Statement]:
    """What the user stated, each item of a document by itself, but what is off the record, new to nobody or no fact."""
    if exchange.said is None or off_the_record(exchange.said.text):
        return []
    whole = without_recalled(exchange.said.text)
    if whole != exchange.said.text:
        if all(line.rstrip().endswith(":") or holds_no_fact(line) for line in whole.splitlines()):
            return []  # "You told me:" opens what was recalled
        whole = with_what_is_cited(exchange.said.text)
    head, items = document(whole)
    told = [not_in(text, exchange.stored) for text in items or [whole]]
    return [Statement(exchange.said.speaker, text, head) for text in told if not holds_no_fact(text)]


def keep_runs(exchange: Exchange) -> list[Statement]:
    """What the user and the leader stated and what the member answered, without refusals and echoes of memory."""
    if exchange.heard and (is_courtesy(exchange.heard) or off_the_record(exchange.heard)):
        return []  # what is answered to a greeting is a greeting, and what is not to be kept may be in the answer
    kept = keep_said(exchange)
    known = (*exchange.recalled, *exchange.stored, exchange.heard)
    handed_on_as_said = bool(exchange.heard) and exchange.task is not None and exchange.heard in exchange.task.text
    spoken = [] if exchange.task is None or handed_on_as_said else [exchange.task]
    if exchange.answered is not None and not is_refusal(said := without_tool_calls(exchange.answered.text)):
        spoken.append(Statement(exchange.answered.speaker, said))
    for statement in spoken:
        text = not_in(new_in(without_recalled(statement.text), known), exchange.stored)
        kept += [] if holds_no_fact(text) else [Statement(statement.speaker, text)]
    return kept


SELECTIONS: dict[str, Selection] = {"said": keep_said, "runs": keep_runs}
