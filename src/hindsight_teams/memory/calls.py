"""Decisions apart from their execution: one generator of requests, driven by a loop of threads or of coroutines.

A verb that needs a backend is written once, as a generator that yields the requests to make and is sent their answers.
The idea is that of httpx's authentication flows; it is what keeps sync and async from drifting apart.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from hindsight_teams.errors import BackendError

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One call, still to be made: of a backend verb, or of another object that has it in both ways.

    Attributes:
        verb: The method's name, without the ``a`` of the async twin.
        args: Positional arguments, the bank id first where the verb has one.
        options: Keyword arguments.
        target: What to ask instead of the backend.
    """

    verb: str
    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    target: Any = None


Answers: TypeAlias = list[Any]
"""For each request its answer, or the BackendError it raised."""

Steps: TypeAlias = Generator[list[Request], Answers, T]


def run(backend: MemoryBackend, steps: Steps[T]) -> T:
    """Drive a generator of requests from sync code; the requests of one step run at once, in threads."""

    def answer(request: Request) -> Any:
        try:
            verb: Callable[..., Any] = getattr(request.target or backend, request.verb)
            return verb(*request.args, **request.options)
        except BackendError as error:
            return error

    try:
        requests = next(steps)
        while True:
            if len(requests) == 1:
                answers = [answer(requests[0])]
            else:
                tasks = [_pool().submit(copy_context().run, answer, request) for request in requests[1:]]
                answers = [answer(requests[0]), *(task.result() for task in tasks)]
            requests = steps.send(answers)
    except StopIteration as stop:
        value: T = stop.value
        return value


async def arun(backend: MemoryBackend, steps: Steps[T]) -> T:
    """Drive a generator of requests from async code; the requests of one step run at once, as tasks."""

    async def answer(request: Request) -> Any:
        try:
            verb: Callable[..., Any] = getattr(request.target or backend, f"a{request.verb}")
            return await verb(*request.args, **request.options)
        except BackendError as error:
            return error

    try:
        requests = next(steps)
        while True:
            if len(requests) == 1:
                answers = [await answer(requests[0])]
            else:
                answers = list(await asyncio.gather(*map(answer, requests)))
            requests = steps.send(answers)
    except StopIteration as stop:
        value: T = stop.value
        return value


def given(answer: Any) -> Any:
    """The answer, or its error raised."""
    if isinstance(answer, BackendError):
        raise answer
    return answer


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads for reading several banks at once from sync code; shared by all members.

    Threads are started as they are needed; so many, that those who wait for a slow bank hold up nobody else.
    """
    return ThreadPoolExecutor(max_workers=256, thread_name_prefix="hindsight-teams-read")


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=_pool.cache_clear)
