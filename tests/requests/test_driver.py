from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from hindsight_teams import MemberMemory, SQLiteBackend
from hindsight_teams.access.banks import BankSpec
from hindsight_teams.access.grants import Caller, Grant
from hindsight_teams.agno.policies import FULL
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.requests import Recall, Request
from tests.memory.team_fixtures import backend

R = TypeVar("R")
__all__ = ["backend"]


def member(backend: Any, *banks: str) -> MemberMemory:
    return MemberMemory(backend, [Grant(BankSpec(bank), FULL) for bank in banks], caller=Caller(team="t", member="a"))


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
