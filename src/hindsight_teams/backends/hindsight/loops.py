"""The async transports of each event loop, closed together with the loop.

An async transport belongs to the loop it was first used in, and must be closed inside it. Those of a loop are
therefore held by an async generator: ``asyncio.run`` closes a loop's generators before the loop itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import wait
from contextlib import asynccontextmanager

import httpx

from hindsight_teams.backends.hindsight.connection import KEEPALIVE

CLOSE_WAIT = 2.0
"""Seconds to wait for a loop that runs in another thread to close its transports."""

_closing: set[asyncio.Task[None]] = set()


class Lane:
    """A transport of one connection.

    httpcore goes through all connections of a pool several times for each request: 200 calls at once on one pool of 100
    cost ten times the CPU of a pool for each connection.
    """

    __slots__ = ("busy", "since", "transport")

    def __init__(self, transport: httpx.AsyncHTTPTransport) -> None:
        self.transport = transport
        self.busy = False
        self.since = 0.0


class LoopTransports:
    """Transports of one event loop, as many as its calls at once need.

    Args:
        make: Makes a transport of one connection.
        most: Transports at most; a further call waits for one.
        on_close: Called when the loop closes them.
    """

    def __init__(
        self, make: Callable[[], httpx.AsyncHTTPTransport], most: int, on_close: Callable[[LoopTransports], None]
    ) -> None:
        self._make = make
        self._free = asyncio.Semaphore(most)
        self._lanes: list[Lane] = []
        self._idle: deque[Lane] = deque()
        self._closed = False
        self._holder: AsyncGenerator[None, None] | None = _hold(self._lanes, lambda: self._end(on_close))

    async def hold(self) -> None:
        """Let the running loop close these transports when it ends."""
        if self._holder is not None:
            await anext(self._holder)

    @asynccontextmanager
    async def lane(self, patience: float) -> AsyncIterator[Lane]:
        """A transport for one call.

        Args:
            patience: Seconds to wait for one.

        Raises:
            httpx.PoolTimeout: None was free so long.
        """
        if self._free.locked():
            try:
                async with asyncio.timeout(patience):
                    await self._free.acquire()
            except TimeoutError:
                raise httpx.PoolTimeout("no connection was free") from None
        else:
            await self._free.acquire()
        if self._idle:
            lane = self._idle.pop()  # the last one used: its connection is open, and the others may end
        else:
            lane = Lane(self._make())
            self._lanes.append(lane)
        lane.busy = True
        try:
            yield lane
        finally:
            lane.busy = False
            self._free.release()
            if self._closed:
                await lane.transport.aclose()
            else:
                await self._give_back(lane)

    async def _give_back(self, lane: Lane) -> None:
        lane.since = time.monotonic()
        self._idle.append(lane)
        if lane.since - self._idle[0].since > KEEPALIVE:
            old = self._idle.popleft()
            self._lanes.remove(old)
            await old.transport.aclose()

    def _end(self, on_close: Callable[[LoopTransports], None]) -> None:
        self._closed = True
        self._idle.clear()
        on_close(self)

    async def aclose(self) -> None:
        """Close the transports that no call is using, in their loop; each other is closed by its last call."""
        self._closed = True
        self._idle.clear()
        for lane in [lane for lane in self._lanes if not lane.busy]:
            await lane.transport.aclose()  # where the loop ends meanwhile, its generator closes what is left
            if lane in self._lanes:
                self._lanes.remove(lane)
        if not self._lanes and self._holder is not None:
            await self._holder.aclose()

    def close_from_anywhere(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the transports from any thread, as well as the state of their loop allows."""
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
        """Let go of transports whose loop was closed without its generators: nothing can run in it any more.

        Python closes their sockets when it collects them. asyncio then gives a ``ResourceWarning``, rightly: whoever
        closed the loop should have run ``loop.shutdown_asyncgens()`` first, as ``asyncio.run`` does.
        """
        self._lanes.clear()
        self._idle.clear()
        self._holder = None


async def _hold(lanes: list[Lane], on_close: Callable[[], None]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        on_close()
        await _close(lanes)


async def _close(lanes: list[Lane]) -> None:
    while lanes:
        await lanes.pop().transport.aclose()


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _keep(task: asyncio.Task[None]) -> None:
    _closing.add(task)  # a loop holds its tasks only weakly
    task.add_done_callback(_closing.discard)
