"""Automatic retention: statements made in a run become memories, each signed with its speaker."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from threading import RLock
from types import FrameType
from typing import Any

from hindsight_teams.access.banks import join
from hindsight_teams.access.grants import Caller, Grant
from hindsight_teams.access.signatures import USER
from hindsight_teams.agno.citing import ALREADY_KNOWN
from hindsight_teams.agno.echoes import not_in
from hindsight_teams.agno.exchange import SELECTIONS, Exchange, Retain, Statement
from hindsight_teams.agno.inputs import MAX_CHARACTERS, answer_of
from hindsight_teams.agno.said import as_said, document, tells_nothing_to
from hindsight_teams.agno.toolkit import QUARANTINED, STORED
from hindsight_teams.agno.turns import Hearing, Turn
from hindsight_teams.audit import is_logged
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.log import get_logger
from hindsight_teams.memory.member import MemberMemory, caller_of
from hindsight_teams.memory.member_options import MemberRetainOptions
from hindsight_teams.requests import Capability
from hindsight_teams.text import split

_log = get_logger(__name__)

_EXCHANGES_KEPT = 4096
_all_pending: set[Future[None]] = set()
_LEFT_OUT = ("PAUSED", "CANCELLED", "ERROR")
_READS = ("recall_memory", "reflect_on_memory")


@dataclass(frozen=True, slots=True)
class Write:
    """One memory that a run leaves behind, still to be stored."""

    content: str
    options: MemberRetainOptions


class RunRetention:
    """Retains what is said in a member's runs: each statement a memory of its own, with its speaker and its trust.

    The statements of one exchange carry its id as ``exchange`` in their metadata. An exchange is retained once, however
    often its hooks run. A failure costs a log line, never the run; a run that paused is retained when it is continued,
    and one that failed or was cancelled is not.

    Args:
        memory: The member's memory.
        bank: Which bank to write to.
        retain: What to keep.
        background: Retain after the run returned, in order; nothing is lost when the interpreter exits.
        names: What users call the members by, so that "Thanks, coder!" is known to tell nothing.
        by_name: Retentions to banks of the member's own, for what a user says of one of them by its name.
    """

    def __init__(
        self,
        memory: MemberMemory,
        *,
        bank: Grant,
        retain: Retain = "said",
        background: bool = False,
        names: Collection[str] = (),
        by_name: Collection[RunRetention] = (),
    ) -> None:
        self.memory = memory
        self.member = str(memory.identity.member)
        self.names = names
        self.by_name = by_name
        self.bank = bank.bank
        self.select = SELECTIONS[retain] if isinstance(retain, str) else retain
        self.background = background
        self._refused = False
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._pending: set[Future[None]] = set()
        self._lock = RLock()  # a signal may flush on the thread that holds it

    def __deepcopy__(self, memo: dict[int, Any]) -> RunRetention:
        return self

    @property
    def is_the_users(self) -> bool:
        """Whether it writes to a bank of the user's own."""
        return "user" in self.bank.needs

    def takes(self, user: Any) -> bool:
        """Whether a user's words may go to its bank: nobody else reads it, or the definition says so.

        A bank of the user's own takes those of a run without a user too, which fails: they do not go to others instead.
        """
        nobody = user is None or not str(user).strip()
        return self.is_the_users or nobody or getattr(self.bank, "conversations", False)

    def retain(self, run_output: Any, run_context: Any, hearing: Hearing, **given: Any) -> None:
        """Retain what a sync run leaves behind; ``given`` as for ``plan``.

        Raises:
            IdentityRequired: The bank needs a user that the run does not have.
        """
        writes = self.plan(run_output, run_context, hearing, **given)
        if self.background:
            self._submit(writes)
        else:
            self._store(writes)

    async def aretain(self, run_output: Any, run_context: Any, hearing: Hearing, **given: Any) -> None:
        """Async twin of ``retain``. Cancelling the run does not cut a write short."""
        writes = self.plan(run_output, run_context, hearing, **given)
        if self.background:
            self._submit(writes)
        elif writes:
            await asyncio.shield(asyncio.ensure_future(self._astore(writes)))

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was submitted is stored; False when ``timeout`` seconds were not enough."""
        with self._lock:
            pending = set(self._pending)
        return not wait(pending, timeout).not_done

    def plan(
        self,
        run_output: Any,
        run_context: Any,
        hearing: Hearing,
        *,
        answers: bool,
        leads: bool,
        for_leader: bool,
    ) -> list[Write]:
        """Decide what of a run to retain, and note that it was.

        Args:
            run_output: Agno's RunOutput or TeamRunOutput.
            run_context: Its context.
            hearing: Whom it listened to.
            answers: Whether what the model answers may be new; not so for the offline stand-in.
            leads: Whether it is a team's own run, which passes on what members answer.
            for_leader: Whether it keeps for a leader what no member kept: what a member's tool stored in another bank
                is left out too, unless this is the user's own bank and that one is read by others.

        Raises:
            IdentityRequired: The bank needs a user that the run does not have.
        """
        status = getattr(run_output, "status", None)
        if str(getattr(status, "value", status)).upper() in _LEFT_OUT:
            return []
        caller = caller_of(self.memory, run_context)
        for other in self.by_name:
            if re.search(rf"\b{re.escape(other.bank.name)}\b", hearing.turn.words, re.I) and other.takes(caller.user):
                return other.plan(run_output, run_context, hearing, answers=answers, leads=leads, for_leader=for_leader)
        bank_id, turn = self.bank.resolve(caller), hearing.turn
        with turn.lock:
            hears = self._hears(hearing, bank_id) and not (for_leader and turn.kept)
            known = turn.stored_in(None if for_leader and not self.is_the_users else bank_id)
            exchange = self._exchange(
                run_output, caller, hearing, answers=answers, leads=leads, hears=hears, known=known
            )
            kept = [statement for statement in self.select(exchange) if statement.text.strip()]
            if not kept or not self._may_go(caller) or not self._is_first(exchange):
                return []
            if exchange.said is not None:
                turn.kept.add(bank_id)
            for statement in kept:
                if statement.speaker == exchange.member:
                    turn.answers.append(statement.text)
                else:
                    turn.stored.append((bank_id, statement.text))
        return list(self._writes(kept, exchange, caller))

    def _exchange(
        self,
        run_output: Any,
        caller: Caller,
        hearing: Hearing,
        *,
        answers: bool,
        leads: bool,
        hears: bool,
        known: tuple[str, ...],
    ) -> Exchange:
        turn = hearing.turn
        by_tools = [
            str((tool.tool_args or {}).get("content") or "")
            for tool in tools_of(run_output)
            if tool.tool_name == "retain_memory"
            and str(tool.result).startswith((STORED, QUARANTINED, ALREADY_KNOWN))
            and (not self.is_the_users or (tool.tool_args or {}).get("bank", self.bank.name) == self.bank.name)
        ]
        stored = (*known, *filter(None, by_tools))
        answer = answer_of(getattr(run_output, "content", None)) if answers else ""
        turn.outputs.add(answer_of(getattr(run_output, "content", None)))
        return Exchange(
            member=self.member,
            said=Statement(USER, said) if hears and (said := self._said(turn, stored)) else None,
            task=Statement(turn.leader, hearing.task) if hearing.task and turn.leader else None,
            answered=Statement(self.member, answer) if answer else None,
            recalled=(*turn.recalled, *(turn.answers if leads else ())),
            stored=stored,
            heard=turn.words,
            user=caller.user,
            session=caller.session,
            run="/".join(dict.fromkeys(filter(None, (caller.run, getattr(run_output, "run_id", None))))) or None,
        )

    def _said(self, turn: Turn, stored: tuple[str, ...]) -> str:
        """The user's words in a turn; nothing where they tell the members that they name nothing new.

        The name stays: "Coder, host and I are ill." tells of the coder too.
        """
        if tells_nothing_to(self.names, turn.words):
            return ""
        if turn.addressed and document(turn.addressed)[1]:
            return turn.addressed
        return turn.words if not turn.addressed or not_in(turn.addressed, stored) else ""

    def _hears(self, hearing: Hearing, bank_id: str) -> bool:
        """Whether this run retains the user's words: once for each bank, a leader's own rather than its member's."""
        turn = hearing.turn
        if turn.addressee not in (None, self.member):
            return False
        if hearing.task and turn.words not in hearing.task and (turn.leader_keeps or turn.kept):
            return False
        return bank_id not in turn.kept

    def _may_go(self, caller: Caller) -> bool:
        if self.takes(caller.user):
            return True
        if not self._refused:
            self._refused = True
            _log.warning(
                f"what users say to {caller.member!r} is not retained: other people read its bank {self.bank.name!r};"
                " give it a bank of scope 'user', or set conversations = true for this one in the team's definition"
            )
        return False

    def _is_first(self, exchange: Exchange) -> bool:
        with self._lock:
            if exchange.id in self._seen:
                return False
            self._seen[exchange.id] = None
            while len(self._seen) > _EXCHANGES_KEPT:
                self._seen.popitem(last=False)
        return True

    def _writes(self, kept: Iterable[Statement], exchange: Exchange, caller: Caller) -> Iterator[Write]:
        # A server signs a whole document anew with each append, so there each memory has a document of its own:
        # otherwise the last run would pass for the source of all, and be all that a run's forgetting could find.
        own = bool(caller.run) and Capability.APPEND_SIGNS_ANEW in self.memory.capabilities
        where = (caller.session or caller.run or "none", caller.user, exchange.id if own else None)
        for number, statement in enumerate(kept):
            heard = as_said(
                statement.text,
                caller=caller,
                bank=self.bank.name,
                speaker=statement.speaker,
                under=statement.under,
            )
            parts = split(statement.text, MAX_CHARACTERS)
            for part, text in enumerate(parts):
                of_several = {"part": f"{part + 1}/{len(parts)}"} if len(parts) > 1 else {}
                which = f"{number}.{part}" if own else None
                heard["metadata"] = {**(heard.get("metadata") or {}), "exchange": exchange.id, **of_several}
                heard["document_id"] = join("session", self.member, *filter(None, (*where, which)))
                yield Write(text, {**heard, "append": not own})

    def _store(self, writes: Iterable[Write]) -> None:
        for write in writes:
            try:
                self.memory.retain(write.content, **write.options)
            except HindsightTeamsError as error:
                self._failed(error)

    async def _astore(self, writes: Iterable[Write]) -> None:
        for write in writes:
            try:
                await self.memory.aretain(write.content, **write.options)
            except HindsightTeamsError as error:
                self._failed(error)

    def _failed(self, error: HindsightTeamsError) -> None:
        if not is_logged(self.memory.audit):
            _log.warning("what was said in this run was not retained", error=type(error).__name__, reason=str(error))

    def _submit(self, writes: list[Write]) -> None:
        if not writes:
            return
        store_before_termination(flush_all)  # equip may have run in a thread, where no handler can be set
        future = _writer().submit(self._store, writes)
        with self._lock:
            self._pending.add(future)
        _all_pending.add(future)
        future.add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._pending.discard(future)
        _all_pending.discard(future)


def recalled_in(run_output: Any) -> list[str]:
    """What memory's tools gave to a run."""
    return [str(tool.result) for tool in tools_of(run_output) if tool.tool_name in _READS]


def tools_of(run_output: Any) -> list[Any]:
    """The tool calls of a run that did not fail."""
    return [tool for tool in getattr(run_output, "tools", None) or () if not tool.tool_call_error]


def flush_all(timeout: float) -> None:
    """Wait, for at most so many seconds, until all that waits in this process is stored."""
    wait(list(_all_pending), timeout)


@cache
def _writer() -> ThreadPoolExecutor:
    """One thread, so that turns are stored in their order; the interpreter waits for it at exit."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="hindsight-teams-retain")


_LONGEST_SECONDS = 25.0
"""Less than the half minute that process managers usually give."""

_waiting: list[Callable[[float], object]] = []


def store_before_termination(flush: Callable[[float], object]) -> None:
    """Store what waits before SIGTERM ends the process, where nobody else handles that signal.

    Python's own default ends the process at once, without its exit functions; a server such as uvicorn shuts down in
    order, and then lets the signal have that default. A handler of the application's own stays: it ends by leaving the
    interpreter, or calls ``TeamMemory.flush`` itself.

    Args:
        flush: Takes how many seconds it may take.
    """
    if flush not in _waiting:
        _waiting.append(flush)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _store_and_end)


def _store_and_end(number: int, frame: FrameType | None) -> None:
    for flush in _waiting:
        flush(_LONGEST_SECONDS)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
