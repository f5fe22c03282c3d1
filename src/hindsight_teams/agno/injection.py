"""Memories in every run without a tool call: recalled with the run's own input, put into the system message.

A pre-hook sees the run's input but not the system message; instructions see the run but not its input. So the hook
recalls, and the instructions of the same run take what it found. The hook is a guardrail by type because that is the
one kind of hook for which Agno has a sync and an async form. Nothing is added to the user's message: it stays out of
the session's history, and out of what automatic retention stores.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

from agno.guardrails.base import BaseGuardrail

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.agno.toolkit import caller_of
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.log import get_logger
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.memory.rendering import fence, render_recall, strip_injected
from hindsight_teams.models import RecallResult

_log = get_logger(__name__)

MAX_QUERY_CHARACTERS = 2000
"""About the 500 tokens at which a Hindsight server cuts a query."""

_RUNS_KEPT = 1024


@dataclass(frozen=True, slots=True)
class InjectionBudget:
    """What memories in a run may cost.

    Attributes:
        max_tokens: Most tokens of memories.
        max_seconds: Longest wait for the recall; past it the run goes on without, with a log line.
    """

    max_tokens: int = 1024
    max_seconds: float = 2.0


class MemoryInjection(BaseGuardrail):
    """A pre-hook that recalls for the run, and the keeper of what it found until the system message is built.

    Args:
        memory: The member's memory; all banks it may recall from are read.
        budget: What it may cost.
    """

    def __init__(self, memory: MemberMemory, budget: InjectionBudget | None = None) -> None:
        self.memory = memory
        self.budget = budget or InjectionBudget()
        self._found: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def __deepcopy__(self, memo: dict[int, Any]) -> MemoryInjection:
        return self

    def check(self, run_input: Any, run_context: Any = None) -> None:
        """Recall for a sync run."""
        query = _query(run_input)
        if not query:
            return
        caller = caller_of(self.memory, run_context)
        task = _pool().submit(copy_context().run, self._recall, query, caller)
        try:
            self._keep(caller, task.result(self.budget.max_seconds))
        except FutureTimeout:
            task.cancel()
            self._late()
        except HindsightTeamsError as error:
            self._failed(error)

    async def async_check(self, run_input: Any, run_context: Any = None) -> None:
        """Recall for an async run."""
        query = _query(run_input)
        if not query:
            return
        caller = caller_of(self.memory, run_context)
        try:
            async with asyncio.timeout(self.budget.max_seconds):
                found = await self.memory.arecall(query, caller=caller, max_tokens=self.budget.max_tokens)
            self._keep(caller, found)
        except HindsightTeamsError as error:  # before TimeoutError: a backend's own time-out is one of ours
            self._failed(error)
        except TimeoutError:
            self._late()

    def text(self, run_context: Any) -> str:
        """What was found for this run, fenced; empty when nothing was."""
        with self._lock:
            return self._found.get(getattr(run_context, "run_id", None) or "", "")

    def _recall(self, query: str, caller: Caller) -> RecallResult:
        return self.memory.recall(query, caller=caller, max_tokens=self.budget.max_tokens)

    def _keep(self, caller: Caller, result: RecallResult) -> None:
        if not result.results or not caller.run:
            return
        rendered = render_recall(
            result,
            label_banks=caller.member is not None,
            names=self.memory.bank_names(Access.RECALL, caller),
        )
        with self._lock:
            self._found[caller.run] = fence(rendered)
            while len(self._found) > _RUNS_KEPT:
                self._found.popitem(last=False)

    def _late(self) -> None:
        _log.warning("memories left out of this run: recall took too long", max_seconds=self.budget.max_seconds)

    def _failed(self, error: HindsightTeamsError) -> None:
        _log.warning("memories left out of this run", error=type(error).__name__, reason=str(error))


def with_memories(instructions: Any, injection: MemoryInjection) -> Any:
    """Instructions that are those given, and after them the memories of the run.

    What Agno serializes of them (a string, a list) stays what was given.
    """
    instructions = getattr(instructions, "given", instructions)
    if instructions is None or isinstance(instructions, str):
        return _InjectedText(instructions or "", injection)
    if isinstance(instructions, list):
        return _InjectedList(instructions, injection)
    if inspect.iscoroutinefunction(instructions):

        async def acall(agent: Any = None, team: Any = None, session_state: Any = None, run_context: Any = None) -> Any:
            given = await _call(instructions, agent, team, session_state, run_context)
            return _joined(given, injection.text(run_context))

        acall.given = instructions  # type: ignore[attr-defined]  # so that equipping again does not wrap twice
        return acall

    def call(agent: Any = None, team: Any = None, session_state: Any = None, run_context: Any = None) -> Any:
        return _joined(_call(instructions, agent, team, session_state, run_context), injection.text(run_context))

    call.given = instructions  # type: ignore[attr-defined]
    return call


class _InjectedText(str):
    """A string that Agno calls, as it calls any callable instructions."""

    injection: MemoryInjection

    def __new__(cls, text: str, injection: MemoryInjection) -> _InjectedText:
        self = super().__new__(cls, text)
        self.injection = injection
        return self

    def __call__(self, run_context: Any = None) -> Any:
        return _joined(str(self), self.injection.text(run_context))

    def __deepcopy__(self, memo: dict[int, Any]) -> _InjectedText:
        return self


class _InjectedList(list[Any]):
    """A list that Agno calls, as it calls any callable instructions."""

    def __init__(self, items: list[Any], injection: MemoryInjection) -> None:
        super().__init__(items)
        self.injection = injection

    def __call__(self, run_context: Any = None) -> Any:
        return _joined(list(self), self.injection.text(run_context))

    def __deepcopy__(self, memo: dict[int, Any]) -> _InjectedList:
        return _InjectedList(list(self), self.injection)


def _call(instructions: Callable[..., Any], agent: Any, team: Any, session_state: Any, run_context: Any) -> Any:
    offered = {"agent": agent, "team": team, "session_state": session_state, "run_context": run_context}
    accepted = inspect.signature(instructions).parameters
    return instructions(**{name: value for name, value in offered.items() if name in accepted})


def _joined(given: Any, memories: str) -> Any:
    if not memories:
        return given
    if isinstance(given, list):
        return [*given, memories]
    return f"{given}\n\n{memories}" if given else memories


def _query(run_input: Any) -> str:
    """The run's own words: the text of its input, without memories that were injected upstream."""
    content = getattr(run_input, "input_content", run_input)
    return strip_injected(text_of(content))[:MAX_QUERY_CHARACTERS].strip()


def text_of(content: Any) -> str:
    """The text of a run's input: of a string, a message, messages or parts; anything else as JSON or ``str``."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "\n".join(filter(None, map(text_of, content)))
    if isinstance(content, dict):
        if isinstance(content.get("text"), str):
            return str(content["text"])
        return text_of(content.get("content")) if "content" in content else str(content)
    if hasattr(content, "get_content_string"):
        return str(content.get_content_string())
    return str(content.model_dump_json(exclude_none=True)) if hasattr(content, "model_dump_json") else str(content)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="hindsight-teams-inject")
