"""One turn of a chat: the message, the streamed answer, and the calls of memory in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hindsight_teams.cli.output import clean
from hindsight_teams.cli.stage import Watch
from hindsight_teams.errors import HindsightTeamsError, NotFound
from hindsight_teams.requests import Capability

if TYPE_CHECKING:
    from hindsight_teams.audit import AuditEvent
    from hindsight_teams.backends.base import Backend


class TurnFailed(HindsightTeamsError):
    """The team gave no answer."""


@dataclass(slots=True)
class Turn:
    """What one exchange was.

    Attributes:
        said: The user's words.
        user: Whose they are.
        answer: The team's.
        events: What the memory did, in order.
    """

    said: str
    user: str | None
    answer: str = ""
    events: list[AuditEvent] = field(default_factory=list)

    @property
    def runs(self) -> list[str]:
        """The runs that retained something."""
        return list(dict.fromkeys(event.run for event in self.events if event.verb == "retain" and event.run))


def follow(
    runner: Any,
    turn: Turn,
    log: Watch,
    *,
    session: str,
    on_text: Callable[[str], None],
    on_event: Callable[[AuditEvent], None],
) -> None:
    """Run one exchange to its end, handing out text and memory events as they come.

    Raises:
        TurnFailed: The run ended in an error, and without an answer.
    """
    failure = ""
    streamed: list[str] = []

    def drain() -> None:
        for happened in log.take():
            turn.events.append(happened)
            on_event(happened)

    for event in runner.run(turn.said, user_id=turn.user, session_id=session, stream=True, stream_events=True):
        drain()
        kind = str(getattr(event, "event", ""))
        whose = getattr(event, "team_id", None) or getattr(event, "agent_id", None)
        if kind in ("TeamRunContent", "RunContent") and whose == runner.id and event.content:
            streamed.append(str(event.content))
            on_text(streamed[-1])
        elif kind in ("TeamRunCompleted", "RunCompleted") and whose == runner.id:
            turn.answer = str(event.content or "")
        elif kind in ("TeamRunError", "RunError"):
            failure = str(getattr(event, "content", "") or "it gave no reason")
    drain()
    if failure and not turn.answer and not streamed:
        raise TurnFailed("the team gave no answer; the model or the network may be at fault", reason=failure)
    if turn.answer and not streamed:
        on_text(turn.answer)
    turn.answer = turn.answer or "".join(streamed)


def texts(event: AuditEvent, backend: Backend) -> Iterator[str]:
    """The memories that an event names, as they stand now; the text that was retained where a backend names none."""
    shown = False
    for name in event.memory_ids if event.bank_id and Capability.GET_MEMORY in backend.capabilities else ():
        bank_id, _, memory_id = (name if "#" in name else f"{event.bank_id}#{name}").rpartition("#")
        try:
            yield backend.get_memory(bank_id, memory_id).text
        except NotFound:
            yield f"{memory_id} (no longer there)"
        shown = True
    if not shown and event.verb == "retain" and event.text:
        yield event.text


def visible(text: str) -> str:
    """Streamed text without what a terminal would obey, its line breaks kept."""
    return "\n".join(clean(line) for line in text.split("\n"))
