"""Execute the requests that a generator yields: one loop for sync code, one for async code.

What needs both a sync and an async variant is written once, as a generator that yields what is to be done and is sent
what came of it; an exception is raised where the generator waits. The idea is that of httpx's authentication flows.
The service yields requests, the HTTP engine yields exchanges; ``drive`` and ``adrive`` are the only two loops.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextvars import copy_context
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from hindsight_teams.errors import BackendError
from hindsight_teams.requests.core import Request

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from hindsight_teams.backends.base import MemoryBackend

S = TypeVar("S")
T = TypeVar("T")

Steps: TypeAlias = Generator["Request[Any] | Sequence[Request[Any]] | Other", Any, T]
"""What the service yields: a request, which is answered or raises; several, to be made at once; or something else."""


class Other(Protocol):
    """A step that is not a request to the backend, such as an inspection by a guard."""

    def perform(self) -> Any:
        """Do it from sync code."""
        ...

    async def aperform(self) -> Any:
        """Do it from async code."""
        ...


def drive(steps: Generator[S, Any, T], do: Callable[[S], Any]) -> T:
    """Carry out each step and send what came of it, or throw what was raised, until the generator returns."""
    try:
        step = next(steps)
        while True:
            try:
                answer = do(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value


async def adrive(steps: Generator[S, Any, T], do: Callable[[S], Awaitable[Any]]) -> T:
    """As ``drive``, awaiting each step."""
    try:
        step = next(steps)
        while True:
            try:
                answer = await do(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value


def run(backend: MemoryBackend, steps: Steps[T]) -> T:
    """Drive requests to a backend from sync code; several of one step run at once, in threads."""

    def ask(request: Request[Any]) -> Any:
        request.admit(backend)
        return backend.execute(request)

    def settle(request: Request[Any]) -> Any:
        try:
            return ask(request)
        except BackendError as error:
            return error

    def do(step: Any) -> Any:
        if isinstance(step, Request):
            return ask(step)
        if not isinstance(step, Sequence):
            return step.perform()
        tasks = [_pool().submit(copy_context().run, settle, request) for request in step[1:]]
        return [*map(settle, step[:1]), *(task.result() for task in tasks)]

    return drive(steps, do)


async def arun(backend: MemoryBackend, steps: Steps[T]) -> T:
    """Drive requests to a backend from async code; several of one step run at once, as tasks."""

    async def ask(request: Request[Any]) -> Any:
        request.admit(backend)
        return await backend.aexecute(request)

    async def settle(request: Request[Any]) -> Any:
        try:
            return await ask(request)
        except BackendError as error:
            return error

    async def do(step: Any) -> Any:
        if isinstance(step, Request):
            return await ask(step)
        if not isinstance(step, Sequence):
            return await step.aperform()
        from asyncio import gather

        return list(await gather(*map(settle, step)))

    return await adrive(steps, do)


def given(answer: Any) -> Any:
    """One answer of several that were asked for at once, or its error raised."""
    if isinstance(answer, BackendError):
        raise answer
    return answer


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads for reading several banks at once from sync code; shared by all members.

    Threads are started as they are needed; so many, that those who wait for a slow bank hold up nobody else.
    """
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=256, thread_name_prefix="hindsight-teams-read")


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=_pool.cache_clear)
