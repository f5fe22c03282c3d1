"""ScriptedModel: a model that plays a script and records its requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.testing._model import LocalModel, Request, ToolCall, Turn

__all__ = ["Request", "Script", "ScriptExhausted", "ScriptedModel", "ToolCall", "Turn", "call"]

Script: TypeAlias = "str | ToolCall | Sequence[ToolCall] | Turn | Exception | Callable[[Request], Script]"
"""One turn of a script: a text, a tool call, several at once, a ``Turn`` of both, an exception to raise, or a
callable that gives one of these for the request."""


class ScriptExhausted(HindsightTeamsError):
    """The model was asked once more than its script has turns."""


def call(tool: str, /, **arguments: Any) -> ToolCall:
    """A tool call for a script: ``call("retain_memory", content="Tea at four.")``."""
    return ToolCall(tool, arguments)


class ScriptedModel(LocalModel):
    """An Agno model that plays a fixed script, turn by turn, and records every request.

    Works in ``run`` and ``arun``, streaming or not, for an agent, a member or a team's leader. A deep copy is the
    same model, so that the copies Agno makes of an agent play on in one script and fill one record.

    Args:
        turns: What to answer, in order; see ``Script``.
        id: The model's id, shown by Agno.

    Attributes:
        requests: What Agno sent, oldest first: messages, tools, system message, tool results.
    """

    def __init__(self, turns: Iterable[Script], *, id: str = "scripted") -> None:
        super().__init__(id=id, name="ScriptedModel")
        self.requests: list[Request] = []
        self._turns = list(turns)
        self._lock = threading.Lock()

    @property
    def remaining(self) -> int:
        """How many turns have not been played yet."""
        return max(0, len(self._turns) - len(self.requests))

    def next_turn(self, request: Request) -> Turn:
        """Record the request and play the next turn.

        Raises:
            ScriptExhausted: The script has no more turns. Agno turns this into a failed run that carries the message.
        """
        with self._lock:
            position = len(self.requests)
            self.requests.append(request)
        if position >= len(self._turns):
            raise ScriptExhausted(
                f"{self.id!r} was asked for turn {position + 1} but its script has {len(self._turns)};"
                f" the last message was {request.messages[-1].role if request.messages else 'nothing'!r}."
                " Add a turn, usually the text that ends the run"
            )
        return _turn(self._turns[position], request)

    def __deepcopy__(self, memo: dict[int, Any]) -> ScriptedModel:
        return self


def _turn(script: Script, request: Request) -> Turn:
    if isinstance(script, Exception):
        raise script
    if isinstance(script, Turn):
        return script
    if isinstance(script, str):
        return Turn(content=script)
    if isinstance(script, ToolCall):
        return Turn(calls=(script,))
    if callable(script):
        return _turn(script(request), request)
    return Turn(calls=tuple(script))
