from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, TypeVar

import pytest

from hindsight_teams import MemberMemory, SQLiteBackend
from hindsight_teams.access.banks import BankSpec
from hindsight_teams.access.grants import Caller, Grant
from hindsight_teams.agno.policies import FULL
from hindsight_teams.backends.base import Backend, DelegatingBackend
from hindsight_teams.errors import BackendError, ServerFault, Unsupported
from hindsight_teams.requests import Capability, ListDocuments, ListMemories, Recall, Request
from hindsight_teams.requests.driver import Steps, adrive, arun, drive, given, run
from tests.memory.team_fixtures import backend

R = TypeVar("R")
__all__ = ["backend"]


def member(backend: Any, *banks: str) -> MemberMemory:
    return MemberMemory(backend, [Grant(BankSpec(bank), FULL) for bank in banks], caller=Caller(team="t", member="a"))


def _counting() -> Generator[int, int, list[int]]:
    seen = []
    for number in range(3):
        try:
            seen.append((yield number))
        except ValueError:
            seen.append(-1)
    return seen


def test_both_loops_send_answers_and_throw_what_was_raised() -> None:
    def do(number: int) -> int:
        if number == 1:
            raise ValueError
        return number * 10

    async def ado(number: int) -> int:
        return do(number)

    assert drive(_counting(), do) == [0, -1, 20]
    assert asyncio.run(adrive(_counting(), ado)) == [0, -1, 20]


class Counted:
    """A step that is no request; it tells in which way it was done."""

    def perform(self) -> str:
        return "sync"

    async def aperform(self) -> str:
        return "async"


class Shelf(Backend):
    """Answers a listing with the bank's name, but for banks that fail."""

    capabilities = frozenset({Capability.LIST})

    def execute(self, request: Request[R], /) -> R:
        answer: Any = getattr(request, "bank", None)
        if answer == "gone":
            raise ServerFault("down")
        if answer == "wrong":
            raise KeyError("a mistake")
        return answer  # type: ignore[no-any-return]


def steps(step: Any) -> Steps[Any]:
    try:
        return (yield step)
    except (ServerFault, KeyError, Unsupported) as error:
        return type(error)


def listing(bank: str) -> ListMemories:
    return ListMemories(bank=bank)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    ("step", "answer"),
    [
        (listing("a"), "a"),
        (listing("gone"), ServerFault),
        (listing("wrong"), KeyError),
        (ListDocuments(bank="a"), Unsupported),
        ([listing("a")], ["a"]),
        ([listing("gone")], [ServerFault]),
        ([listing("wrong")], KeyError),
        ([ListDocuments(bank="a")], [Unsupported]),
        ([listing("a"), listing("b"), listing("c")], ["a", "b", "c"]),
        ([listing("gone"), listing("b"), listing("gone")], [ServerFault, "b", ServerFault]),
        ([listing("a"), listing("wrong")], KeyError),
        ([], []),
    ],
    ids=str,
)
async def test_each_of_several_requests_is_answered_in_its_place_and_a_backends_error_stands_there(
    mode: str, step: Any, answer: Any
) -> None:
    got = run(Shelf(), steps(step)) if mode == "sync" else await arun(Shelf(), steps(step))
    if isinstance(got, list):
        got = [type(one) if isinstance(one, BackendError) else one for one in got]
    assert got == answer


async def test_a_step_that_is_no_request_is_done_in_the_callers_way() -> None:
    assert run(Shelf(), steps(Counted())) == "sync"
    assert await arun(Shelf(), steps(Counted())) == "async"


async def test_several_requests_of_one_step_are_made_at_once() -> None:
    together, meeting = threading.Barrier(3, timeout=60), asyncio.Barrier(3)

    class Meeting(Shelf):
        def execute(self, request: Request[R], /) -> R:
            together.wait()
            return super().execute(request)

        async def aexecute(self, request: Request[R], /) -> R:
            await asyncio.wait_for(meeting.wait(), 60)
            return super().execute(request)

    banks = ["a", "b", "c"]
    assert run(Meeting(), steps([listing(bank) for bank in banks])) == banks
    assert await arun(Meeting(), steps([listing(bank) for bank in banks])) == banks


def test_a_request_in_another_thread_sees_the_context_of_its_caller() -> None:
    who = ContextVar("who", default="nobody")

    class Asking(Shelf):
        def execute(self, request: Request[R], /) -> R:
            return who.get()  # type: ignore[return-value]

    who.set("ada")
    assert run(Asking(), steps([listing("a"), listing("b")])) == ["ada", "ada"]


def test_an_answer_that_is_an_error_is_raised_where_it_is_wanted() -> None:
    error = ServerFault("down")
    with pytest.raises(ServerFault) as raised:
        given(error)
    assert raised.value is error
    assert given(value := KeyError("a value")) is value


def test_many_who_wait_for_a_slow_bank_hold_up_nobody_else(backend: SQLiteBackend) -> None:
    waiting, go_on = threading.Semaphore(0), threading.Event()

    class Slow(DelegatingBackend):
        def execute(self, request: Request[R], /) -> R:
            if isinstance(request, Recall) and request.bank == "t:slow":
                waiting.release()
                assert go_on.wait(60)
            return super().execute(request)

    slow, quick = member(Slow(backend), "quick", "slow"), member(Slow(backend), "quick", "other")
    with ThreadPoolExecutor(max_workers=33) as callers:
        held_up = [callers.submit(slow.recall, "lamp") for _ in range(32)]
        for _ in held_up:
            assert waiting.acquire(timeout=60)
        try:
            assert callers.submit(quick.recall, "lamp").result(60).results == []
            assert not any(call.done() for call in held_up)
        finally:
            go_on.set()
        assert [call.result(60).gaps for call in held_up] == [()] * 32


def _recall_in_child(memory: MemberMemory, answers: Any) -> None:
    answers.put(sorted(m.text for m in memory.recall("lamp").results))


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork")
def test_a_forked_process_reads_several_banks_at_once_too(backend: SQLiteBackend) -> None:
    memory = member(backend, "x", "y")
    memory.retain("The lamp is green.", bank="x")
    memory.retain("The lamp is blue.", bank="y")
    both = ["The lamp is blue.", "The lamp is green."]
    assert sorted(m.text for m in memory.recall("lamp").results) == both
    forking = multiprocessing.get_context("fork")
    answers = forking.SimpleQueue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later warn of a fork with threads
        child = forking.Process(target=_recall_in_child, args=(memory, answers), daemon=True)
        child.start()
    child.join(60)
    try:
        assert child.exitcode == 0
        assert answers.get() == both
    finally:
        child.kill()
