"""Connections to one server that are used again, each by one call at a time.

httpcore's own pool goes through all of its connections several times for each request: 200 calls at once on one pool of
100 cost ten times the CPU of connections that are taken one by one. So its pool only makes them here.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import wait
from typing import Generic, TypeVar

import httpcore

from hindsight_teams.backends.hindsight.connection import KEEPALIVE

C = TypeVar("C", httpcore.ConnectionInterface, httpcore.AsyncConnectionInterface)


class Idle(Generic[C]):
    """The open connections that no call is using. Safe between threads, as a deque is."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, C]] = deque()

    def take(self, gone: list[C]) -> C | None:
        """The one that was used last; None where there is none. What is of no use any more is added to ``gone``."""
        try:
            while (connection := self._waiting.pop()[1]).has_expired():
                gone.append(connection)
        except IndexError:
            return None
        return connection

    def put(self, connection: C, gone: list[C]) -> None:
        """Keep a connection for the next call, if it can be used again; what is to be closed is added to ``gone``."""
        if connection.is_closed() or not connection.is_idle():
            gone.append(connection)
            return
        now = time.monotonic()
        self._waiting.append((now, connection))
        try:
            if now - self._waiting[0][0] > KEEPALIVE:
                gone.append(self._waiting.popleft()[1])
        except IndexError:  # another thread has just taken it
            pass

    def empty(self) -> list[C]:
        """Take out all."""
        gone: list[C] = []
        try:
            while True:
                gone.append(self._waiting.pop()[1])
        except IndexError:
            return gone


class ThreadConnections:
    """The connections that threads share.

    Args:
        make: Makes a connection, which opens at its first use.
        most: Connections at most; a further call waits for one.
    """

    def __init__(self, make: Callable[[], httpcore.ConnectionInterface], most: int) -> None:
        self._make = make
        self._free = threading.Semaphore(most)
        self._idle: Idle[httpcore.ConnectionInterface] = Idle()
        self._closed = False

    def take(self, patience: float) -> httpcore.ConnectionInterface:
        """A connection for one call, to be given back after it.

        Args:
            patience: Seconds to wait for one.

        Raises:
            httpcore.PoolTimeout: None was free so long.
        """
        if not self._free.acquire(timeout=patience):
            raise httpcore.PoolTimeout("no connection was free")
        gone: list[httpcore.ConnectionInterface] = []
        try:
            connection = self._idle.take(gone) or self._make()
            _close(gone)
        except BaseException:
            self._free.release()
            raise
        return connection

    def give(self, connection: httpcore.ConnectionInterface) -> None:
        """Give a connection back."""
        gone: list[httpcore.ConnectionInterface] = []
        self._idle.put(connection, gone)
        if self._closed:
            gone += self._idle.empty()
        _close(gone)
        self._free.release()

    def close(self) -> None:
        """Close the connections that no call is using; each other is closed when it is given back.

        A socket that one thread reads must not be closed by another: its number may at once be that of a new one.
        """
        self._closed = True
        _close(self._idle.empty())


def _close(connections: list[httpcore.ConnectionInterface]) -> None:
    for connection in connections:
        connection.close()


CLOSE_WAIT = 2.0
"""Seconds to wait for a loop that runs in another thread to close its connections."""

_closing: set[asyncio.Task[None]] = set()


class LoopConnections:
    """Connections of one event loop, as many as its calls at once need, closed together with the loop.

    An async connection must be closed inside the loop that opened it. Those of a loop are therefore held by an async
    generator: ``asyncio.run`` closes a loop's generators before the loop itself.

    Args:
        make: Makes a connection, which opens at its first use.
        most: Connections at most; a further call waits for one.
        on_close: Called when the loop closes them.
    """

    def __init__(
        self,
        make: Callable[[], httpcore.AsyncConnectionInterface],
        most: int,
        on_close: Callable[[LoopConnections], None],
    ) -> None:
        self._make = make
        self._free = asyncio.Semaphore(most)
        self._idle: Idle[httpcore.AsyncConnectionInterface] = Idle()
        self._all: set[httpcore.AsyncConnectionInterface] = set()
        self._closed = False
        self._holder: AsyncGenerator[None, None] | None = _hold(self._all, lambda: self._end(on_close))

    async def hold(self) -> None:
        """Let the running loop close these connections when it ends."""
        if self._holder is not None:
            await anext(self._holder)

    async def take(self, patience: float) -> httpcore.AsyncConnectionInterface:
        """As ``ThreadConnections.take``."""
        if self._free.locked():
            try:
                async with asyncio.timeout(patience):
                    await self._free.acquire()
            except TimeoutError:
                raise httpcore.PoolTimeout("no connection was free") from None
        else:
            await self._free.acquire()
        gone: list[httpcore.AsyncConnectionInterface] = []
        try:
            connection = self._idle.take(gone) or self._make()
        except BaseException:
            self._free.release()
            raise
        self._all.add(connection)
        if gone:
            try:
                await self._close(gone)
            except BaseException:
                await self.give(connection)
                raise
        return connection

    async def give(self, connection: httpcore.AsyncConnectionInterface) -> None:
        """Give a connection back."""
        gone: list[httpcore.AsyncConnectionInterface] = []
        self._idle.put(connection, gone)
        self._free.release()
        if self._closed:
            gone += self._idle.empty()
        if gone:
            await self._close(gone)

    async def _close(self, gone: list[httpcore.AsyncConnectionInterface]) -> None:
        for connection in gone:  # where the loop ends meanwhile, its generator closes the rest
            self._all.discard(connection)
            await connection.aclose()

    def _end(self, on_close: Callable[[LoopConnections], None]) -> None:
        self._closed = True
        on_close(self)

    async def aclose(self) -> None:
        """Close the connections that no call is using, in their loop; each other is closed when it is given back."""
        self._closed = True
        await self._close(self._idle.empty())
        if not self._all and self._holder is not None:
            await self._holder.aclose()

    def close_from_anywhere(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the connections from any thread, as well as the state of their loop allows."""
        if loop.is_closed():
            self.abandon()
        elif _inside_a_loop():
            if loop.is_running():
                loop.call_soon_threadsafe(lambda: _keep(loop.create_task(self.aclose())))
            else:
                self.abandon()
        elif loop.is_running():
            self._close_in_another_thread(loop)
        else:
            loop.run_until_complete(self.aclose())

    def _close_in_another_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        closing = self.aclose()
        try:
            closed = asyncio.run_coroutine_threadsafe(closing, loop)
        except RuntimeError:  # the loop has just ended, and closed them with its generators
            closing.close()
            return
        end = time.monotonic() + CLOSE_WAIT
        while not closed.done() and not loop.is_closed() and time.monotonic() < end:
            wait([closed], 0.05)
        if closed.done():
            if not closed.cancelled():  # else the loop is ending, and closes them itself
                closed.result()
        elif loop.is_closed():
            closing.close()

    def abandon(self) -> None:
        """Let go of connections whose loop was closed without its generators: nothing can run in it any more.

        Python closes their sockets when it collects them. asyncio then gives a ``ResourceWarning``, rightly: whoever
        closed the loop should have run ``loop.shutdown_asyncgens()`` first, as ``asyncio.run`` does.
        """
        self._all.clear()
        self._idle.empty()
        self._holder = None


async def _hold(
    connections: set[httpcore.AsyncConnectionInterface], on_close: Callable[[], None]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        on_close()
        while connections:
            await connections.pop().aclose()


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _keep(task: asyncio.Task[None]) -> None:
    _closing.add(task)  # a loop holds its tasks only weakly
    task.add_done_callback(_closing.discard)
