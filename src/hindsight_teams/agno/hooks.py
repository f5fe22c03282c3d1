"""A run hook that works in both ways: ``run`` calls it, ``arun`` awaits it.

Agno keeps one list of hooks for both. Before each hook it asks ``iscoroutinefunction(hook)``, and then calls or awaits
it. A function can be only one of the two; an async one is skipped by ``run``, a sync one blocks the loop of ``arun``.
Agno's own answer, the guardrail, is turned into one of the two by the first run of an object, for good. A ``RunHook``
answers by who asks: a coroutine gets the async form, anybody else the sync one. So it holds in every order of ``run``,
``arun`` and ``continue_run``, on any loop, and in a thread.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine
from types import CodeType
from typing import Any

from agno.guardrails.base import BaseGuardrail

_PASSED_THROUGH = frozenset({"inspect", "asyncio.coroutines", __name__})
_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE


class RunHook:
    """A callable that Agno takes for an async function in ``arun``, and for a plain one everywhere else.

    Args:
        sync: What a sync run calls.
        asynchronous: What an async run awaits; it takes the same parameters.
        blocking: Whether it must run before the run goes on even where AgentOS puts hooks into the background, as a
            pre-hook must whose work the run needs.
    """

    __defaults__ = None
    __kwdefaults__ = None

    def __init__(
        self,
        sync: Callable[..., None],
        asynchronous: Callable[..., Coroutine[Any, Any, None]],
        *,
        blocking: bool = False,
    ) -> None:
        self._sync = sync
        self._asynchronous = asynchronous
        self.__name__ = sync.__name__
        self.__doc__ = sync.__doc__
        self.__annotations__: dict[str, Any] = {}
        self.__signature__ = inspect.signature(sync)
        if blocking:
            self.__self__ = _Blocking()  # how Agno knows a hook that may not be put off

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the sync form; for a coroutine, give it the async form to await."""
        return (self._asynchronous if _asked_by_a_coroutine() else self._sync)(*args, **kwargs)

    @property
    def __code__(self) -> CodeType:
        """What ``inspect.iscoroutinefunction`` reads."""
        return _awaited.__code__ if _asked_by_a_coroutine() else _called.__code__

    def __deepcopy__(self, memo: dict[int, Any]) -> RunHook:
        return self


class _Blocking(BaseGuardrail):
    """The owner of a hook that Agno runs in its place."""

    def check(self, run_input: Any) -> None:
        """Never asked: the hook itself is what runs."""

    async def async_check(self, run_input: Any) -> None:
        """Never asked: the hook itself is what runs."""


def _called() -> None: ...


async def _awaited() -> None: ...


def _asked_by_a_coroutine() -> bool:
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") in _PASSED_THROUGH and frame.f_back is not None:
        frame = frame.f_back
    return bool(frame.f_code.co_flags & _ASYNC)
