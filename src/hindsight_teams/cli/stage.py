"""Show a running team: which member called which memory tool on which bank, and what the tool returned."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hindsight_teams.cli.output import glyph, item, say, say_more, styled
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.memory.rendering import unfenced

if TYPE_CHECKING:
    from hindsight_recipes import Step
    from hindsight_teams.audit import AuditEvent

VERBS = {"retain_memory": "retain", "recall_memory": "recall", "reflect_on_memory": "reflect"}
_STYLES = {"retain": "yellow", "recall": "cyan", "reflect": "magenta"}
_SHOWN_LINES = 3


class RunFailed(HindsightTeamsError):
    """A team's run ended in an error."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a memory tool, or one memory that a run left behind by itself."""

    member: str
    verb: str
    banks: tuple[str, ...]
    outcome: str
    given: str
    result: str
    count: int


@dataclass(slots=True)
class Played:
    """One step of a script as it went."""

    phase: str
    title: str
    user: str | None
    calls: list[Call] = field(default_factory=list)
    answer: str = ""
    problems: list[str] = field(default_factory=list)


class Watch:
    """An audit sink that keeps what the service records, until somebody asks for it."""

    def __init__(self) -> None:
        self._events: deque[AuditEvent] = deque()
        self._lock = threading.Lock()

    def record(self, event: AuditEvent) -> None:
        """Take one event."""
        with self._lock:
            self._events.append(event)

    def take(self) -> list[AuditEvent]:
        """The events since the last time."""
        with self._lock:
            taken = [*self._events]
            self._events.clear()
        return taken

    def take_call(self, member: str, verb: str, text: str) -> list[AuditEvent]:
        """What one call recorded, an event a bank: those of the oldest call with this text that was not taken yet."""
        with self._lock:
            own = [event for event in self._events if (event.member, event.verb) == (member, verb)]
            first = next((event for event in own if event.text == text), own[0] if own else None)
            found = [event for event in own if first is not None and event.at == first.at]
            for event in found:
                self._events.remove(event)
            return found

    def rest(self, verb: str) -> list[AuditEvent]:
        """What was recorded of a verb and no tool call took: what a run left behind by itself."""
        with self._lock:
            found = [event for event in self._events if event.verb == verb]
            for event in found:
                self._events.remove(event)
            return found


CANCELLED = ("TeamRunCancelled", "RunCancelled")
"""What Agno makes of a Ctrl-C during a run."""


def perform(step: Step, events: Iterator[Any], watch: Watch, *, silent: bool = False) -> Played:
    """Follow one step to its end.

    Raises:
        RunFailed: The run ended in an error, and without an answer.
    """
    played = Played(step.phase, " ".join(step.title.split()), step.user_id)
    failure = ""
    if not silent:
        _announce(played)
    for event in events:
        call = _call(event, watch)
        if call is not None:
            if not silent:
                _show_call(call, played.calls[-1] if played.calls else None)
            played.calls.append(call)
        if _kind(event) in ("TeamRunCompleted", "RunCompleted"):
            played.answer = str(event.content or "")  # the last one is the team's own
        elif _kind(event) in ("TeamRunError", "RunError"):
            failure = str(event.content or "it gave no reason")
        elif _kind(event) in CANCELLED:
            raise KeyboardInterrupt
    for record in watch.rest("retain"):
        kept = _kept(record)
        if not silent:
            _show_call(kept, played.calls[-1] if played.calls else None)
        played.calls.append(kept)
    if failure and not played.answer:
        raise RunFailed("the run failed; the model or the network may be at fault", reason=failure)
    played.problems = step.problems(played.answer)
    if not silent:
        _show_answer(played, checked=bool(step.expect or step.forbid))
    return played


def facts_kept(*played: Played) -> int:
    """How many memories were stored in some steps."""
    return sum(call.verb == "retain" and call.outcome == "allowed" for step in played for call in step.calls)


def show_outcome(played: Played, *, checked: bool) -> None:
    """One line on a step whose calls were not shown: its title, and what came of it."""
    kept = facts_kept(played)
    sign = glyph("bad" if played.problems else "ok") if checked else " "
    mark = styled("  ", (sign, "red" if played.problems else "green"), " ")
    item(mark, styled(played.title, (f"  {kept} facts" if kept > 1 else "", "dim")), cut=True)


def _kind(event: Any) -> str:
    return str(getattr(event, "event", ""))


def _call(event: Any, watch: Watch) -> Call | None:
    if _kind(event) not in ("ToolCallCompleted", "TeamToolCallCompleted"):
        return None
    tool = event.tool
    verb = VERBS.get(tool.tool_name or "")
    if verb is None:
        return None
    member = getattr(event, "agent_id", None) or getattr(event, "team_id", None) or ""
    given = str((tool.tool_args or {}).get("content") or (tool.tool_args or {}).get("query") or "")
    records = watch.take_call(member, verb, given)
    outcomes = {record.outcome for record in records}
    return Call(
        member=member,
        verb=verb,
        banks=tuple(record.bank for record in records if record.bank),
        outcome=next((o for o in ("denied", "quarantined", "allowed") if o in outcomes), "error"),
        given=given,
        result=unfenced(str(tool.result or "")),
        count=sum(record.count or 0 for record in records),
    )


def _kept(record: AuditEvent) -> Call:
    """What was kept without a call, as if a tool had stored it."""
    banks = (record.bank,) if record.bank else ()
    return Call(record.member or "", "retain", banks, record.outcome, record.text or "", "", record.count or 0)


def _announce(played: Played) -> None:
    asked = f"  as {played.user}" if played.user else ""
    say()
    item(styled(), styled((played.title, "bold"), (asked, "dim")))


def _show_call(call: Call, before: Call | None) -> None:
    if before is None or (before.member, before.verb, before.banks) != (call.member, call.verb, call.banks):
        arrow = glyph("arrow") if call.verb == "retain" else glyph("back")
        say("  ", call.member, "  ", (call.verb, _STYLES[call.verb]), f" {arrow} ", ", ".join(call.banks))
    if call.outcome in ("denied", "error"):
        item(styled("    ", (glyph("bad") + " ", "red")), styled(call.result))
    elif call.verb == "retain":
        held = ("  held for review", "yellow") if call.outcome == "quarantined" else ""
        item(styled("    "), styled((call.given, "dim"), held), cut=True)
    else:
        _show_lines([line for line in call.result.splitlines() if line.strip()])


def _show_lines(lines: list[str]) -> None:
    for line in lines[:_SHOWN_LINES]:
        item(styled("    "), styled((line, "dim")), cut=True)
    say_more(len(lines) - _SHOWN_LINES)


def _show_answer(played: Played, *, checked: bool) -> None:
    sign = glyph("bad" if played.problems else "ok") if checked else " "
    mark = styled("  ", (sign, "red" if played.problems else "green"), " ")
    for line in filter(str.strip, played.answer.splitlines()):
        item(mark, styled(line))
        mark = mark.indent()
    for problem in played.problems:
        item(styled("    "), styled((f"not as expected: {problem}", "red")))
