"""Audit events, the recorder that makes them of a call, and the trail that they go along."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, get_args, runtime_checkable

from hindsight_teams.access.banks import Target
from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import AccessDenied, AuditFailed, ContentRefused, HindsightTeamsError
from hindsight_teams.log import get_logger
from hindsight_teams.models import Gap
from hindsight_teams.text import cut

Outcome: TypeAlias = Literal["allowed", "denied", "error", "quarantined", "begun"]
"""How a call ended; ``begun`` stands before a write where calls that can't be recorded are refused."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""Every outcome."""

NOT_RECORDED = "the audit log could not be written, so that this call is not in it"
"""The note in the answer of a call that left no event."""

MAX_NAME = 300
MAX_REASON = 1_000
MAX_TEXT = 32_768
"""Characters that an event holds of one value that a caller chose."""

_logger = get_logger("hindsight_teams.audit")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One operation, allowed or not.

    Attributes:
        verb: ``retain``, ``recall``, ``reflect``, ``inject``, ``forget``, ``preview`` (its dry run), ...
        outcome: ``denied`` for a missing right and for content that the write guard refused; ``begun`` for a write
            that is about to be made, which is recorded only where an unwritable log refuses calls.
        at: When the operation began, aware.
        actor: Who asked for it outside of any run, such as the operator who forgets a user.
        bank: What members call the bank.
        bank_id: Its id on the backend.
        count: Memories read or written.
        memory_ids: Their ids, where the backend tells; of a memory in another bank than ``bank_id`` as ``bank#id``,
            such as the one that a proposal copies.
        error: The type of the error, such as ``AccessDenied``.
        reason: Why it was denied or quarantined, in words that hold nothing of the content.
        text: The content or the query; kept only by a store that was asked to.

    Whatever a caller gave as a name becomes text, and is cut to a length, so that no call is too odd or too long to be
    recorded.
    """

    verb: str
    outcome: Outcome
    at: datetime = field(default_factory=_now)
    team: str | None = None
    member: str | None = None
    user: str | None = None
    session: str | None = None
    run: str | None = None
    actor: str | None = None
    bank: str | None = None
    bank_id: str | None = None
    count: int | None = None
    memory_ids: Sequence[str] = ()
    duration_ms: float | None = None
    error: str | None = None
    reason: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        for name, most in _LONGEST.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _as_text(value, most))
        ids = self.memory_ids
        if any(type(one) is not str or len(one) > MAX_NAME for one in ids):
            object.__setattr__(self, "memory_ids", tuple(_as_text(one, MAX_NAME) for one in ids))

    @classmethod
    def by(cls, caller: Caller, verb: str, outcome: Outcome, **rest: Any) -> AuditEvent:
        """An event of a caller; ``rest`` are the other fields."""
        return cls(
            verb=verb,
            outcome=outcome,
            team=caller.team,
            member=caller.member,
            user=caller.user,
            session=caller.session,
            run=caller.run,
            **rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields that are set, as JSON values; ``at`` in UTC with microseconds."""
        values = {name: getattr(self, name) for name in _PLAIN_FIELDS}
        known: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        known["at"] = iso(self.at)
        if self.memory_ids:
            known["memory_ids"] = list(self.memory_ids)
        return known

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AuditEvent:
        """The event that ``to_dict`` wrote; fields of a newer version are ignored."""
        known = {name: values[name] for name in _PLAIN_FIELDS if name in values}
        at = datetime.fromisoformat(values["at"])
        return cls(**known, at=at, memory_ids=tuple(values.get("memory_ids", ())))

    def canonical(self) -> str:
        """The event as the one JSON text that it is hashed as: ASCII, sorted keys, no spaces."""
        return _encode(self.to_dict())


_NAMES = ("verb", "team", "member", "user", "session", "run", "actor", "bank", "bank_id", "error")
_LONGEST = {**dict.fromkeys(_NAMES, MAX_NAME), "reason": MAX_REASON, "text": MAX_TEXT}
_PLAIN_FIELDS = tuple(f.name for f in fields(AuditEvent) if f.name not in ("at", "memory_ids"))


def _as_text(value: Any, most: int) -> str:
    """A value as text of at most so many characters, whatever it is."""
    if isinstance(value, str):
        return cut(str(value), most)
    try:
        return cut(repr(value), most)
    except Exception:  # an object of somebody else's may raise anything
        return f"<{type(value).__name__}>"


def iso(moment: datetime) -> str:
    """A moment as text that sorts by time: UTC, microseconds.

    A naive datetime counts as local time, as everywhere in Python.
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


@runtime_checkable
class AuditSink(Protocol):
    """A place that audit events go to. Called from many threads at once."""

    def record(self, event: AuditEvent) -> None:
        """Take one event."""
        ...


class AuditTrail:
    """Several sinks as one.

    Args:
        *sinks: Each gets every event, in this order.
        strict: Raise where a sink fails, after the other sinks got the event, instead of logging it. A member's calls
            are then refused: a read gives nothing, and a write is not begun.
    """

    def __init__(self, *sinks: AuditSink, strict: bool = False) -> None:
        self.sinks = sinks
        self.strict = strict

    def record(self, event: AuditEvent) -> None:
        """Give the event to each sink; one that fails does not keep it from the next.

        Raises:
            AuditFailed: A sink failed, and the trail is strict.
        """
        self.tell(event)

    def tell(self, event: AuditEvent) -> bool:
        """As ``record``; whether every sink took it."""
        failed: Exception | None = None
        for sink in self.sinks:
            taken = True
            try:
                if isinstance(sink, AuditTrail):
                    taken = sink.tell(event)
                else:
                    sink.record(event)
            except Exception as error:
                _logger.error("audit sink failed", sink=type(sink).__name__, error=repr(error), verb=event.verb)
                failed = failed or error
            if not taken:
                failed = failed or AuditFailed("a sink failed")
        if failed is not None and self.strict:
            raise AuditFailed(
                "the audit log could not be written, and calls that can't be recorded are refused;"
                " mend the log, or set audit_failure to 'warn'",
                cause=repr(failed),
            ) from failed
        return failed is None


def trail_of(sink: AuditSink | None, *, strict: bool | None = None) -> AuditTrail | None:
    """A sink as a trail: one that fails is never silent, and breaks a call only where it is strict.

    Args:
        sink: Where events go; None for nowhere.
        strict: What the trail is to be; None leaves one that is a trail already as it is.
    """
    if sink is None or (isinstance(sink, AuditTrail) and strict in (None, sink.strict)):
        return sink
    return AuditTrail(sink, strict=bool(strict))


class BankName(NamedTuple):
    """A bank of which only the name or only the id is known."""

    name: str | None = None
    bank_id: str | None = None


Bank: TypeAlias = "Target | BankName"

_NAMED = 20  # banks that were named and not reached, of which a denied call leaves an event


class Recorder:
    """Records one call: that it begins, how it ended, or how it failed.

    Each leaves one event a bank, or one in all where no bank was reached.

    Args:
        sink: Where events go; None for nowhere.
        caller: Who calls.
        verb: What is called.
        text: The content or the query.
        actor: Who asked for it outside of any run.
        about: What the call is about, for the reason of its events.
        at: When it began, in seconds since 1970; ``started`` is the same on the clock of ``time.perf_counter``.
    """

    def __init__(
        self,
        sink: AuditSink | None,
        caller: Caller,
        verb: str,
        text: str | None = None,
        *,
        actor: str | None = None,
        about: str | None = None,
        at: float | None = None,
        started: float | None = None,
    ) -> None:
        self._trail = trail_of(sink)
        self.caller = caller
        self._asked: dict[str, Any] = {"verb": verb, "text": text, "actor": actor}
        self._about = about
        self._at = time.time() if at is None else at
        self._started = time.perf_counter() if started is None else started

    @property
    def records(self) -> bool:
        """Whether anything is recorded."""
        return self._trail is not None

    def begun(self, *banks: Bank) -> None:
        """Record that a write is about to be made, where calls that can't be recorded are refused (``AuditFailed``)."""
        if self._trail is not None and self._trail.strict:
            self._tell(banks, "begun")

    def ended(
        self,
        banks: Sequence[Bank],
        *,
        outcome: Outcome = "allowed",
        count: int | None = None,
        ids: Mapping[str, Sequence[str]] | None = None,
        gaps: Sequence[Gap] = (),
        reason: str | None = None,
    ) -> tuple[str, ...]:
        """Record a call that was carried out; the note for its answer where that was not possible.

        ``banks`` are those that it reached, ``ids`` those of the memories by bank id, and ``count`` their number, where
        that is another. ``gaps`` are banks that did not answer.

        Raises:
            AuditFailed: It can't be recorded, and such calls are refused.
        """
        told = self._tell(banks, outcome, count=count, ids=ids, gaps=gaps, reason=reason)
        return () if told else (NOT_RECORDED,)

    def failed(
        self,
        error: BaseException,
        banks: Sequence[Bank] = (),
        *,
        named: Any = None,
        ids: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Record a call that was denied, failed or was cancelled; its own error is what the caller gets.

        ``banks`` are those that it reached; where it reached none, ``named`` are those that were named.
        """
        if not banks and isinstance(named, Sequence):
            banks = [BankName(name) for name in ([named] if isinstance(named, str) else named[:_NAMED])]
        outcome: Outcome = "denied" if isinstance(error, AccessDenied | ContentRefused) else "error"
        with suppress(AuditFailed):  # it is logged
            self._tell(banks, outcome, ids=ids, error=error)

    def _tell(
        self,
        banks: Sequence[Bank],
        outcome: Outcome,
        *,
        count: int | None = None,
        ids: Mapping[str, Sequence[str]] | None = None,
        gaps: Sequence[Gap] = (),
        reason: str | None = None,
        error: BaseException | None = None,
    ) -> bool:
        """Whether every event was recorded."""
        if self._trail is None:
            return True
        duration = (time.perf_counter() - self._started) * 1e3
        failed = {gap.bank: gap.reason for gap in gaps}
        why = reason or self._about
        if error is not None:
            why = f"{self._about}: {reason_of(error)}" if self._about else reason_of(error)
        recorded = True
        for bank in banks or [BankName()]:
            name, bank_id = bank.name, bank.bank_id
            seen = tuple((ids or {}).get(bank_id or "", ()))
            event = AuditEvent.by(
                self.caller,
                outcome="error" if name in failed else outcome,
                at=datetime.fromtimestamp(self._at, UTC),
                bank=name,
                bank_id=bank_id,
                count=len(seen) if count is None else count,
                memory_ids=seen,
                duration_ms=duration,
                error=type(error).__name__ if error else None,
                reason=failed.get(name or "", why),
                **self._asked,
            )
            recorded &= self._trail.tell(event)
        return recorded


@contextmanager
def recording_failure(
    sink: AuditSink | None, identity: Caller, verb: str, *, caller: Any = None, actor: str | None = None
) -> Iterator[None]:
    """Record a call that fails before it is carried out, such as one with an argument that can't be read.

    Args:
        sink: Where events go; None for nowhere.
        identity: Whose call it is: team and member as they were bound.
        verb: What is called.
        caller: What was given as the caller of the call; where it is one, the event has its user, session and run,
            whatever these are.
        actor: Who asked for it outside of any run.
    """
    try:
        yield
    except Exception as error:
        who = identity
        if isinstance(caller, Caller):
            who = replace(caller, team=identity.team, member=identity.member)
        Recorder(sink, who, verb, "", actor=actor).failed(error)
        raise


def reason_of(error: BaseException) -> str:
    """The error's own words where they are this package's; what anybody else raises may hold anything.

    A call that this package cancelled was cancelled with the error that says why.
    """
    if not isinstance(error, Exception) and error.args and isinstance(error.args[0], HindsightTeamsError):
        error = error.args[0]
    return str(error) if isinstance(error, HindsightTeamsError) else type(error).__name__
