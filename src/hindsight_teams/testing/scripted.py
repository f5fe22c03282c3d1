"""ScriptedModel: a model that plays a script and records its requests."""

from __future__ import annotations

import json
import threading
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import uuid4

from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse

from hindsight_teams.errors import HindsightTeamsError


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call that a stand-in makes."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a model answers to one request: text, tool calls, or both."""

    content: str | None = None
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What Agno sent to a model once: the messages as they stood, and the tools as the provider would see them."""

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def tool_names(self) -> list[str]:
        """The names of the tools offered, sorted as Agno sorts them."""
        return [str(tool.get("function", tool).get("name", "")) for tool in self.tools]

    @property
    def system(self) -> str:
        """The system message, empty where there is none."""
        return "\n".join(text_of(m) for m in self.messages if m.role in ("system", "developer"))

    @property
    def prompt(self) -> str:
        """The last user message."""
        return next((text_of(m) for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def tool_results(self) -> list[str]:
        """The results of the tool calls made since the last user message, in order."""
        results: list[str] = []
        for message in reversed(self.messages):
            if message.role == "user":
                break
            if message.role == "tool":
                results.append(text_of(message))
        return results[::-1]

    def schema(self, tool: str) -> Mapping[str, Any]:
        """The parameters of one offered tool as JSON schema, empty when it is not offered."""
        for offered in self.tools:
            function = offered.get("function", offered)
            if function.get("name") == tool:
                return function.get("parameters") or {}
        return {}


def text_of(message: Message) -> str:
    """The text of a message."""
    return message.get_content_string() if message.content is not None else ""


class LocalModel(Model):
    """An Agno model that runs in this process; a subclass only decides what the next turn is."""

    def __init__(self, id: str, name: str) -> None:
        super().__init__(id=id, name=name, provider="hindsight-teams")

    @abstractmethod
    def next_turn(self, request: Request) -> Turn:
        """Decide what to answer."""

    def invoke(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] | None = None, **_: Any
    ) -> ModelResponse:
        """One whole answer."""
        turn = self.next_turn(Request(tuple(m.model_copy(deep=True) for m in messages), tuple(tools or ())))
        return ModelResponse(role="assistant", content=turn.content, tool_calls=[_wire(call) for call in turn.calls])

    async def ainvoke(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """One whole answer."""
        return self.invoke(*args, **kwargs)

    def invoke_stream(self, *args: Any, **kwargs: Any) -> Iterator[ModelResponse]:
        """The answer in pieces: its text line by line, then its tool calls."""
        whole = self.invoke(*args, **kwargs)
        for line in (whole.content or "").splitlines(keepends=True):
            yield ModelResponse(role="assistant", content=line)
        if whole.tool_calls:
            yield ModelResponse(role="assistant", tool_calls=whole.tool_calls)

    async def ainvoke_stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ModelResponse]:
        """The answer in pieces: its text line by line, then its tool calls."""
        for piece in self.invoke_stream(*args, **kwargs):
            yield piece

    def _parse_provider_response(self, response: Any, **_: Any) -> ModelResponse:
        return response  # type: ignore[no-any-return]  # already Agno's own type

    def _parse_provider_response_delta(self, response: Any) -> ModelResponse:
        return response  # type: ignore[no-any-return]  # already Agno's own type


def _wire(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(dict(call.arguments), ensure_ascii=False)}
    return {"id": f"call_{uuid4().hex}", "type": "function", "function": function}


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
