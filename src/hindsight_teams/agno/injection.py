"""Injection: recall with the run's input before the run, and put the memories into the system message.

A pre-hook sees the run's input but not the system message; instructions see the run but not its input. So the hook
recalls, and the instructions of the same run take what it found. Nothing is added to the user's message: it stays out
of the session's history, and out of what automatic retention stores.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise
from typing import Any

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.agno.citing import note_recalled
from hindsight_teams.agno.inputs import query_of
from hindsight_teams.agno.said import sentences, tokens
from hindsight_teams.agno.turns import key_of, notes_of
from hindsight_teams.audit import is_logged
from hindsight_teams.errors import BackendTimeout, HindsightTeamsError, IdentityRequired
from hindsight_teams.log import get_logger
from hindsight_teams.memory.member import MemberMemory, caller_of
from hindsight_teams.memory.rendering import fence, render_recall
from hindsight_teams.models import Memory, RecallResult
from hindsight_teams.text import cut, estimate, split

_log = get_logger(__name__)

_LATE = "recall took too long"
_SHARES = 8
_LEAST_SHARE = 64
_TIMES_READ = 4


@dataclass(frozen=True, slots=True)
class InjectionBudget:
    """What memories in a run may cost.

    Attributes:
        max_tokens: Most tokens of memories. Where not all fit, one that is longer than an eighth of it is cut to what
            bears on the query.
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
        recall = partial(self.memory.recall, query, caller=caller, max_tokens=self._most_read)
        task = _pool().submit(copy_context().run, recall)
        try:
            self._keep(query, caller, run_context, task.result(self.budget.max_seconds))
        except FutureTimeout:
            task.cancel()
            _log.warning(f"memories left out of this run: {_LATE}", max_seconds=self.budget.max_seconds)
        except IdentityRequired:
            raise
        except HindsightTeamsError as error:
            self._failed(error)

    async def arecall(self, run_input: Any, run_context: Any) -> None:
        """Async twin of ``recall``."""
        caller, query = self._start(run_input, run_context)
        if not query:
            return
        asked = self.memory.arecall(query, caller=caller, max_tokens=self._most_read)
        task = asyncio.ensure_future(asked)
        late = BackendTimeout(_LATE, max_seconds=self.budget.max_seconds)
        limit = asyncio.get_running_loop().call_later(self.budget.max_seconds, task.cancel, late)
        try:
            self._keep(query, caller, run_context, await task)
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

    @property
    def _most_read(self) -> int:
        return self.budget.max_tokens * _TIMES_READ  # one that is longer than the budget can then be cut to it

    def _keep(self, query: str, caller: Caller, run_context: Any, found: RecallResult) -> None:
        shown = packed(found.results, query, max_tokens=self.budget.max_tokens)
        if not shown:
            return
        result = replace(found, results=shown)
        rendered = render_recall(
            result,
            label_banks=caller.member is not None,
            names=self.memory.bank_names(Access.RECALL, caller),
        )
        notes_of(run_context)[key_of("injected", caller)] = fence(rendered)
        note_recalled(self.memory, run_context, caller, [*found.results, *shown])

    def _failed(self, error: HindsightTeamsError) -> None:
        if not is_logged(self.memory.audit):
            _log.warning("memories left out of this run", error=type(error).__name__, reason=str(error))


def packed(memories: Sequence[Memory], query: str, *, max_tokens: int) -> list[Memory]:
    """The memories that fit into a number of tokens, best first; long ones do not take the place of short ones.

    A memory that is longer than its share costs that, and all of them together half of the room, until the short ones
    have theirs. What is left of it goes to the long ones, the best first.
    """
    share, room = max(max_tokens // _SHARES, _LEAST_SHARE), max_tokens
    whole = [estimate(memory.text) for memory in memories]
    given = dict.fromkeys(range(len(memories)), 0)
    for is_long, keep_free in ((True, max_tokens // 2), (False, 0), (True, 0)):
        for at, needs in enumerate(whole):
            cost = min(needs, share)
            if (needs > share) == is_long and not given[at] and cost <= room - keep_free:
                given[at], room = cost, room - cost
    if memories and not any(given.values()):
        given[0], room = min(whole[0], room), room - min(whole[0], room)
    for at, needs in enumerate(whole):
        more = min(needs - given[at], room) if given[at] else 0
        given[at], room = given[at] + more, room - more
    return [
        memory if given[at] == whole[at] else replace(memory, text=bearing(memory.text, query, given[at]))
        for at, memory in enumerate(memories)
        if given[at]
    ]


def bearing(text: str, query: str, max_tokens: int) -> str:
    """What of a text bears most on a query: sentences in their order, "\u2026" where some are left out."""
    units = [part for sentence in sentences(text) for part in split(sentence, max(max_tokens, 16))]
    terms = [_terms(unit) for unit in units]
    held = Counter(term for of_one in terms for term in of_one)
    asked = _terms(query)
    worth = [sum(1 / held[term] for term in of_one & asked) for of_one in terms]
    room, chosen = max_tokens, []
    for at in sorted(range(len(units)), key=lambda at: -worth[at]):
        if (cost := estimate(f" \u2026 {units[at]} \u2026")) <= room:
            chosen.append(at)
            room -= cost
    if not chosen:
        return cut(text, max(max_tokens // 2, 1))
    chosen.sort()
    gaps = [" " if second == first + 1 else " \u2026 " for first, second in pairwise(chosen)]
    inner = "".join(f"{units[at]}{gap}" for at, gap in zip(chosen, [*gaps, ""], strict=True))
    before, after = ("" if chosen[0] == 0 else "\u2026 "), ("" if chosen[-1] == len(units) - 1 else " \u2026")
    return f"{before}{inner}{after}"


def _terms(text: str) -> set[str]:
    """The words of a text; of those in scripts without spaces each two letters."""
    words = tokens(text)
    pairs = (f"{a}{b}" for word in words if max(word) > "\u2e7f" for a, b in pairwise(word))
    return {*words, *pairs}


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
