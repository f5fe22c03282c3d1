"""A hook is awaited by who can await, and called by everybody else; Agno puts off only what may be put off."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
from agno.utils.hooks import is_guardrail_hook

from hindsight_teams.agno.hooks import RunHook


class Heard:
    """What a hook was called with, and in which way."""

    def __init__(self, *, blocking: bool = False) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.hook = RunHook(self.sync, self.asynchronous, blocking=blocking)

    def sync(self, run_input: Any, run_context: Any = None) -> None:
        """Hear it."""
        self.calls.append(("sync", (run_input, run_context)))

    async def asynchronous(self, run_input: Any, run_context: Any = None) -> None:
        self.calls.append(("async", (run_input, run_context)))


@pytest.mark.parametrize("asks", [inspect.iscoroutinefunction, asyncio.iscoroutinefunction])
def test_agno_is_told_of_an_async_function_in_async_runs_alone(asks: Any) -> None:
    heard = Heard()

    def run() -> None:
        assert not asks(heard.hook)
        heard.hook("hello", run_context=7)

    async def arun() -> None:
        assert asks(heard.hook)
        await heard.hook("hello", run_context=7)

    async def stream() -> AsyncIterator[int]:
        assert asks(heard.hook)
        await heard.hook("hello", run_context=7)
        yield 1

    async def streamed() -> list[int]:
        return [item async for item in stream()]

    async def run_inside_a_loop() -> None:
        run()

    run()
    asyncio.run(arun())
    assert asyncio.run(streamed()) == [1]
    asyncio.run(run_inside_a_loop())
    assert heard.calls == [(way, ("hello", 7)) for way in ("sync", "async", "async", "sync")]


@pytest.mark.parametrize("blocking", [True, False])
def test_only_a_hook_that_the_run_needs_may_not_be_put_off(blocking: bool) -> None:
    assert is_guardrail_hook(Heard(blocking=blocking).hook) is blocking
    assert not is_guardrail_hook(RunHook(Heard().sync, Heard().asynchronous))


def test_a_hook_looks_like_the_function_that_it_stands_for() -> None:
    hook: Any = Heard().hook
    assert (hook.__name__, hook.__doc__) == ("sync", "Hear it.")
    assert list(inspect.signature(hook).parameters) == ["run_input", "run_context"]


def test_a_copy_of_an_agent_has_the_same_hook() -> None:
    hook = Heard().hook
    assert copy.deepcopy([hook]) == [hook]
