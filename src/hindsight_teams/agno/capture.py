"""Automatic retention: a post-hook that retains each run's exchange."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from threading import Lock
from typing import Any

from agno.guardrails.base import BaseGuardrail

from hindsight_teams.access.banks import join
from hindsight_teams.access.grants import Caller
from hindsight_teams.agno.injection import text_of
from hindsight_teams.agno.toolkit import caller_of
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.log import get_logger
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.memory.rendering import strip_injected
from hindsight_teams.requests import Capability

_log = get_logger(__name__)

_RUNS_KEPT = 4096


class RunRetention(BaseGuardrail):
    """Retains what was asked and what was answered, one document for each session and user, in order.

    Memories that were injected are stripped first, so that what was recalled is never retained again as new. A run
    is retained once, however often its hooks run. A failure costs a log line, never the run.

    Args:
        memory: The member's memory.
        bank: Which bank to write to, where the member may write several.
        background: Retain after the run returned, in order; nothing is lost when the interpreter exits.
    """

    def __init__(self, memory: MemberMemory, *, bank: str | None = None, background: bool = False) -> None:
        self.memory = memory
        self.bank = bank
        self.background = background
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._pending: set[Future[None]] = set()
        self._lock = Lock()

    def __deepcopy__(self, memo: dict[int, Any]) -> RunRetention:
        return self

    def check(  # pyright: ignore[reportIncompatibleMethodOverride]  # Agno hands a post-hook its parameters by name
        self, run_output: Any, run_context: Any = None
    ) -> None:
        """Retain after a sync run."""
        exchange = self._exchange(run_output, run_context)
        if exchange is None:
            return
        if self.background:
            self._submit(exchange)
        else:
            self._retain(exchange)

    async def async_check(  # pyright: ignore[reportIncompatibleMethodOverride]  # as ``check``
        self, run_output: Any, run_context: Any = None
    ) -> None:
        """Retain after an async run."""
        exchange = self._exchange(run_output, run_context)
        if exchange is None:
            return
        if self.background:
            self._submit(exchange)
            return
        content, caller = exchange
        try:
            await self.memory.aretain(content, **self._options(caller))
        except HindsightTeamsError as error:
            self._failed(error)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was submitted is stored; False when ``timeout`` seconds were not enough."""
        with self._lock:
            pending = set(self._pending)
        return not wait(pending, timeout).not_done

    def _exchange(self, run_output: Any, run_context: Any) -> tuple[str, Caller] | None:
        caller = caller_of(self.memory, run_context)
        status = getattr(run_output, "status", None)
        if status is not None and str(getattr(status, "value", status)).upper() not in ("COMPLETED", "RUNNING"):
            return None
        run_input = getattr(run_output, "input", None)
        asked = strip_injected(text_of(getattr(run_input, "input_content", None))).strip()
        answered = strip_injected(text_of(getattr(run_output, "content", None))).strip()
        if not asked and not answered:
            return None
        if caller.run:
            with self._lock:
                if caller.run in self._seen:
                    return None
                self._seen[caller.run] = None
                while len(self._seen) > _RUNS_KEPT:
                    self._seen.popitem(last=False)
        speaker = caller.member or "The assistant"  # "assistant:" alone reads as a forged role to a guard
        lines = [f"User said: {asked}" if asked else "", f"{speaker} answered: {answered}" if answered else ""]
        return "\n".join(filter(None, lines)), caller

    def _options(self, caller: Caller) -> dict[str, Any]:
        # A server signs a whole document anew with each append, so there each run has a document of its own: otherwise
        # the last run would pass for the source of all, and be all that a run's forgetting could find.
        own = bool(caller.run) and Capability.APPEND_SIGNS_ANEW in self.memory._backend.capabilities
        parts = (caller.session or caller.run or "none", caller.user, caller.run if own else None)
        document_id = join("session", caller.member or "toolkit", *filter(None, parts))
        return {"caller": caller, "bank": self.bank, "document_id": document_id, "append": not own}

    def _retain(self, exchange: tuple[str, Caller]) -> None:
        content, caller = exchange
        try:
            self.memory.retain(content, **self._options(caller))
        except HindsightTeamsError as error:
            self._failed(error)

    def _submit(self, exchange: tuple[str, Caller]) -> None:
        future = _writer().submit(self._retain, exchange)
        with self._lock:
            self._pending.add(future)
        future.add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._pending.discard(future)

    def _failed(self, error: HindsightTeamsError) -> None:
        _log.warning("this run was not retained", error=type(error).__name__, reason=str(error))


@cache
def _writer() -> ThreadPoolExecutor:
    """One thread, so that turns are stored in their order; the interpreter waits for it at exit."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="hindsight-teams-retain")
