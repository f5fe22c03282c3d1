"""Record a call of the service as audit events, and say so where that failed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict, Unpack

from hindsight_teams.access.grants import Caller
from hindsight_teams.access.rights import Target
from hindsight_teams.audit import NOT_RECORDED, AuditEvent, AuditSink, Outcome, trail_of
from hindsight_teams.errors import AccessDenied, AuditFailed, ContentRefused, HindsightTeamsError
from hindsight_teams.models import Gap, Memory


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as the audit tells of it."""

    caller: Caller
    verb: str
    text: str
    at: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class Done:
    """How a call ended.

    Attributes:
        error: What was raised; a cancelled call was cancelled by one too.
        ids: Ids of the memories read or written, by bank id.
        gaps: Banks that did not answer.
        named: The banks that were named, where it came to no target.
    """

    outcome: Outcome = "allowed"
    error: BaseException | None = None
    count: int | None = None
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gaps: Sequence[Gap] = ()
    named: Sequence[str] = ()
    reason: str | None = None


class Ending(TypedDict, total=False):
    """The fields of ``Done``."""

    outcome: Outcome
    error: BaseException | None
    count: int | None
    ids: Mapping[str, Sequence[str]]
    gaps: Sequence[Gap]
    named: Sequence[str]
    reason: str | None


_NAMED = 20
"""Banks that were named and not reached, of which a denied call leaves an event."""


class Recorder:
    """Records one call: that it begins, how it ended, or how it failed.

    Args:
        sink: Where events go; None for nowhere.
        asked: The call.
    """

    def __init__(self, sink: AuditSink | None, asked: Asked) -> None:
        self._trail = trail_of(sink)
        self.asked = asked

    @property
    def records(self) -> bool:
        """Whether anything is recorded."""
        return self._trail is not None

    def begun(self, target: Target) -> None:
        """Record that a write is about to be made, where calls that can't be recorded are refused.

        Raises:
            AuditFailed: It can't be recorded.
        """
        if self._trail is not None and self._trail.strict:
            self._told([target], Done("begun"))

    def ended(self, targets: Sequence[Target], **done: Unpack[Ending]) -> tuple[str, ...]:
        """Record a call that was carried out; the note for its answer where that was not possible.

        Raises:
            AuditFailed: It can't be recorded, and such calls are refused.
        """
        return () if self._told(targets, Done(**done)) else (NOT_RECORDED,)

    def failed(self, error: BaseException, targets: Sequence[Target] = (), named: Any = None) -> None:
        """Record a call that was denied, failed or was cancelled; its own error is what the caller gets."""
        banks = [named] if isinstance(named, str) else named if isinstance(named, Sequence) else ()
        with suppress(AuditFailed):  # it is logged
            self._told(targets, Done(error=error, named=banks[:_NAMED]))

    def _told(self, targets: Sequence[Target], done: Done) -> bool:
        trail = self._trail
        return trail is None or not [e for e in events(self.asked, targets, done) if not trail.tell(e)]


def events(asked: Asked, targets: Sequence[Target], done: Done) -> Iterator[AuditEvent]:
    """One event a bank, so that the audit can be asked by bank; one in all where no bank was reached."""
    duration = (time.perf_counter() - asked.started) * 1e3
    outcome = done.outcome
    if done.error is not None:
        outcome = "denied" if isinstance(done.error, AccessDenied | ContentRefused) else "error"
    failed = {gap.bank: gap.reason for gap in done.gaps}
    reached: list[tuple[str | None, str | None]] = [(t.name, t.bank_id) for t in targets]
    named: list[tuple[str | None, str | None]] = [(name, None) for name in done.named]
    for name, bank_id in reached or named or [(None, None)]:
        seen = tuple(done.ids.get(bank_id or "", ()))
        yield AuditEvent.by(
            asked.caller,
            asked.verb,
            "error" if name in failed else outcome,
            at=datetime.fromtimestamp(asked.at, UTC),
            bank=name,
            bank_id=bank_id,
            count=len(seen) if done.count is None else done.count,
            memory_ids=seen,
            duration_ms=duration,
            error=type(done.error).__name__ if done.error else None,
            reason=reason_of(done.error) if done.error else failed.get(name or "", done.reason),
            text=asked.text,
        )


def reason_of(error: BaseException) -> str:
    """The error's own words where they are this package's; what anybody else raises may hold anything.

    A call that this package cancelled was cancelled with the error that says why.
    """
    if not isinstance(error, Exception) and error.args and isinstance(error.args[0], HindsightTeamsError):
        error = error.args[0]
    return str(error) if isinstance(error, HindsightTeamsError) else type(error).__name__


def ids_by_bank(memories: Sequence[Memory]) -> dict[str, list[str]]:
    """Ids of memories by the id of their bank."""
    ids: dict[str, list[str]] = {}
    for memory in memories:
        ids.setdefault(memory.bank_id, []).append(memory.id)
    return ids
