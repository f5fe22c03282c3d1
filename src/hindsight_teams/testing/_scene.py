"""The input of the offline stand-in: the task, the tools, earlier tool results, and recalled memories."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agno.models.message import Message

from hindsight_teams.memory.rendering import unfenced
from hindsight_teams.testing._model import Request, text_of
from hindsight_teams.testing._text import blocks, memory_lines, unaddressed, without_blocks

_TASK_STATE = "<current_task_state>"


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool returned for the task at hand."""

    tool: str
    text: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """One request, as the rules see it.

    Attributes:
        task: The last user message, without what a framework put around it.
        task_id: Agno's id of that message.
        results: What the tools called for this task returned.
        tools: The names of the tools on offer.
        injected: Memories in the system message and around the task.
    """

    request: Request
    task: str
    task_id: str
    results: tuple[Result, ...]
    tools: frozenset[str]
    injected: tuple[str, ...]

    @classmethod
    def of(cls, request: Request) -> Scene:
        """Read a request: everything after the last user message, which holds the task."""
        messages = request.messages
        start = next((i for i in range(len(messages) - 1, -1, -1) if _is_task(messages[i])), None)
        prompt = text_of(messages[start]) if start is not None else ""
        done = messages[start + 1 :] if start is not None else messages
        return cls(
            request=request,
            task=without_blocks(prompt),
            task_id=messages[start].id or "" if start is not None else "",
            results=tuple(
                Result(m.tool_name or "", unfenced(text_of(m)), bool(m.tool_call_error))
                for m in done
                if m.role == "tool"
            ),
            tools=frozenset(request.tool_names),
            injected=tuple(memory_lines(request.system) + memory_lines(blocks(prompt))),
        )

    @property
    def asked(self) -> set[str]:
        """The ids of the members that the task was delegated to."""
        ids: set[str] = set()
        for message in reversed(self.request.messages):
            if _is_task(message):
                break
            for call in message.tool_calls or ():
                ids.update(re.findall(r'"member_id": "([^"]*)"', str(call.get("function", {}).get("arguments", ""))))
        return ids

    @property
    def question(self) -> str:
        """The task as a query: without the name of whom it is addressed to."""
        return unaddressed(self.task)

    def results_of(self, *tools: str) -> list[Result]:
        """The results of these tools, in order."""
        return [result for result in self.results if result.tool in tools]


def _is_task(message: Message) -> bool:
    return message.role == "user" and not text_of(message).startswith(_TASK_STATE)
