"""Injection: recall with the run's input before the run, and put the memories into the system message.

A pre-hook sees the run's input but not the system message; instructions see the run but not its input. So the hook
recalls, and the instructions of the same run take what it found. Nothing is added to the user's message: it stays out
of the session's history, and out of what automatic retention stores.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from typing import Any

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.agno.citing import note_recalled
from hindsight_teams.agno.inputs import query_of
from hindsight_teams.agno.turns import key_of, notes_of
from hindsight_teams.audit import is_logged
from hindsight_teams.errors import BackendTimeout, HindsightTeamsError, IdentityRequired
from hindsight_teams.log import get_logger
from hindsight_teams.memory.member import MemberMemory, caller_of
from hindsight_teams.memory.rendering import fence, render_recall
from hindsight_teams.models import RecallResult

_log = get_logger(__name__)

_LATE = "recall took too long"


@dataclass(frozen=True, slots=True)
class InjectionBudget:
    """What memories in a run may cost.

    Attributes:
        max_tokens: Most tokens of memories.
        max_seconds: Longest wait for the recall; past it the run goes on without, with a log line.
    """

    max_tokens: int = 1024
    max_seconds: float = 2.0


class MemoryInjection:
    """Recalls for a run before it starts, and gives what it found to the run's instructions.

    What was found is kept with the run's own context, under the caller's whole identity, until the run ends.

    Args:
        memory: The member's memory; all banks it may recall from are read.
        budget: What it may cost.
    """

    def __init__(self, memory: MemberMemory, budget: InjectionBudget | None = None) -> None:
        self.memory = memory
        self.budget = budget or InjectionBudget()

    def __deepcopy__(self, memo: dict[int, Any]) -> MemoryInjection:
        return self

    def recall(self, run_input: Any, run_context: Any) -> None:
        """Recall for a sync run.

        Raises:
            IdentityRequired: A bank needs a user that the run does not have.
        """
        caller, query = self._start(run_input, run_context)
        if not query:
            return
        task = _pool().submit(copy_context().run, self._recall, query, caller)
        try:
            self._keep(caller, run_context, task.result(self.budget.max_seconds))
        except FutureTimeout:
            task.cancel()
            self._late()
        except IdentityRequired:
            raise
        except HindsightTeamsError as error:
            self._failed(error)

    async def arecall(self, run_input: Any, run_context: Any) -> None:
        """Async twin of ``recall``."""
        caller, query = self._start(run_input, run_context)
        if not query:
            return
        asked = self.memory.arecall(query, caller=caller, max_tokens=self.budget.max_tokens)
        task = asyncio.ensure_future(asked)
        late = BackendTimeout(_LATE, max_seconds=self.budget.max_seconds)
        limit = asyncio.get_running_loop().call_later(self.budget.max_seconds, task.cancel, late)
        try:
            self._keep(caller, run_context, await task)
        except IdentityRequired:
            raise
        except HindsightTeamsError as error:
            self._failed(error)
        except asyncio.CancelledError as cancelled:
            if late not in cancelled.args:
                raise
            self._failed(late)
        finally:
            limit.cancel()

    def text(self, run_context: Any) -> str:
        """What was found for this run, fenced; empty when nothing was."""
        return str(notes_of(run_context).get(key_of("injected", caller_of(self.memory, run_context)), ""))

    def drop(self, run_context: Any) -> None:
        """Forget what was found: the run is over."""
        notes_of(run_context).pop(key_of("injected", caller_of(self.memory, run_context)), None)

    def _start(self, run_input: Any, run_context: Any) -> tuple[Caller, str]:
        self.drop(run_context)  # what an earlier try found is not this one's
        caller, query = caller_of(self.memory, run_context), query_of(run_input)
        if query:
            self.memory.bank_names(Access.RECALL, caller)  # raises where a user is missing, before anything is asked
        return caller, query

    def _recall(self, query: str, caller: Caller) -> RecallResult:
        return self.memory.recall(query, caller=caller, max_tokens=self.budget.max_tokens)

    def _keep(self, caller: Caller, run_context: Any, result: RecallResult) -> None:
        if not result.results:
            return
        rendered = render_recall(
            result,
            label_banks=caller.member is not None,
            names=self.memory.bank_names(Access.RECALL, caller),
        )
        notes_of(run_context)[key_of("injected", caller)] = fence(rendered)
        note_recalled(self.memory, run_context, caller, result.results)

    def _late(self) -> None:
        _log.warning(f"memories left out of this run: {_LATE}", max_seconds=self.budget.max_seconds)

    def _failed(self, error: HindsightTeamsError) -> None:
        if not is_logged(self.memory.audit):
            _log.warning("memories left out of this run", error=type(error).__name__, reason=str(error))


def with_memories(instructions: Any, injection: MemoryInjection) -> Any:
    """Instructions that are those given, and after them the memories of the run.

    What Agno serializes of them (a string, a list) stays what was given.
    """
    instructions = getattr(instructions, "given", instructions)  # what an earlier equip wrapped
    if isinstance(instructions, str):
        return _InjectedText(instructions, injection)
    if isinstance(instructions, list):
        return _InjectedList(instructions, injection)
    if inspect.iscoroutinefunction(instructions):

        async def acall(agent: Any = None, team: Any = None, session_state: Any = None, run_context: Any = None) -> Any:
            given = await _call(instructions, agent, team, session_state, run_context)
            return _joined(given, injection.text(run_context))

        acall.given = instructions  # type: ignore[attr-defined]  # so that equipping again does not wrap twice
        return acall

    def call(agent: Any = None, team: Any = None, session_state: Any = None, run_context: Any = None) -> Any:
        if instructions is None:
            return injection.text(run_context)
        return _joined(_call(instructions, agent, team, session_state, run_context), injection.text(run_context))

    call.given = instructions  # type: ignore[attr-defined]
    return call


class _InjectedText(str):
    """A string that Agno calls, as it calls any callable instructions.

    A plain callable would do for the run, but Agno serializes only strings and lists: stored with ``to_dict``, the
    agent would lose the instructions that it was given.
    """

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
    """A list that Agno calls and serializes, for the same reason as ``_InjectedText``."""

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


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="hindsight-teams-inject")
