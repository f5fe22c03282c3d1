"""An event loop in a thread of its own, for clients that can be used in one event loop only."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE = 5.0
"""Seconds to wait for the loop to end."""


class BackgroundLoop:
    """A running event loop that every thread, and every other loop, can hand coroutines to.

    Args:
        closing: Awaited inside the loop as its last act.

    Attributes:
        process: The process it runs in; in a fork of that it does not.

    It ends with ``close``, when it is collected, or with the interpreter, whichever comes first.
    """

    def __init__(self, closing: Callable[[], Awaitable[Any]] | None = None) -> None:
        self.process = os.getpid()
        self._state = _State()
        self._thread = threading.Thread(
            target=_live, args=(self._state, closing), name="hindsight-teams-client", daemon=True
        )
        self._thread.start()
        self._state.ready.wait()
        self._end = weakref.finalize(self, _end, self._state, self._thread)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine in the loop, with the context variables of the caller."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._state.loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine from a thread without a loop, or from inside another running loop."""
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine from another loop; cancelling this cancels it."""
        return await asyncio.wrap_future(self.submit(coroutine))

    def close(self) -> None:
        """End the loop; what still runs in it is cancelled. Safe to call twice."""
        self._end()


class _State:
    """What the thread and its handle share; the thread must not keep the handle alive."""

    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event

    def __init__(self) -> None:
        self.ready = threading.Event()


def _live(state: _State, closing: Callable[[], Awaitable[Any]] | None) -> None:
    async def main() -> None:
        state.loop, state.stop = asyncio.get_running_loop(), asyncio.Event()
        state.ready.set()
        await state.stop.wait()
        if closing is not None:
            await closing()
            await asyncio.sleep(0)  # transports say goodbye in the loop's next turn

    asyncio.run(main())


def _end(state: _State, thread: threading.Thread) -> None:
    state.loop.call_soon_threadsafe(state.stop.set)
    if thread is not threading.current_thread():
        thread.join(_PATIENCE)
