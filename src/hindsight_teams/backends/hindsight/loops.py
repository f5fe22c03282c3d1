"""The async transports of each event loop, closed together with the loop.

An async transport belongs to the loop it was first used in, and must be closed inside it. Those of a loop are
therefore held by an async generator: ``asyncio.run`` closes a loop's generators before the loop itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import httpx

LANE = 10
"""Connections of one transport. httpcore goes through all connections of a pool several times for each request, which
for 200 calls at once on one pool of 100 cost ten times the CPU of ten pools of 10."""

CLOSE_WAIT = 2.0
"""Seconds to wait for a loop that runs in another thread to close its transports."""

_closing: set[asyncio.Task[None]] = set()


class Lane:
    """One transport, and how many calls it is busy with."""

    __slots__ = ("busy", "transport")

    def __init__(self, transport: httpx.AsyncHTTPTransport) -> None:
        self.transport = transport
        self.busy = 0


class LoopTransports:
    """Transports of one event loop, as many as its calls at once need.

    Args:
        make: Makes a transport of ``LANE`` connections.
        most: Transports at most; further calls wait for a free connection.
        on_close: Called when the loop closes them.
    """

    def __init__(
        self, make: Callable[[], httpx.AsyncHTTPTransport], most: int, on_close: Callable[[LoopTransports], None]
    ) -> None:
        self._make = make
        self._most = most
        self._lanes: list[Lane] = []
        self._holder: AsyncGenerator[None, None] | None = _hold(self._lanes, lambda: on_close(self))

    async def hold(self) -> None:
        """Let the running loop close these transports when it ends."""
        if self._holder is not None:
            await anext(self._holder)

    def lane(self) -> Lane:
        """The transport for the next call."""
        for lane in self._lanes:
            if lane.busy < LANE:
                return lane
        if len(self._lanes) < self._most:
            self._lanes.append(Lane(self._make()))
            return self._lanes[-1]
        return min(self._lanes, key=lambda lane: lane.busy)

    async def aclose(self) -> None:
        """Close the transports that no call is using, in their loop; each other is closed by its last call."""
        for lane in [lane for lane in self._lanes if lane.busy == 0]:
            self._lanes.remove(lane)
            await lane.transport.aclose()
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
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self.aclose(), loop).result(CLOSE_WAIT)
        else:
            loop.run_until_complete(self.aclose())

    def abandon(self) -> None:
        """Let go of transports whose loop was closed without its generators: nothing can run in it any more.

        Python closes their sockets when it collects them. asyncio then gives a ``ResourceWarning``, rightly: whoever
        closed the loop should have run ``loop.shutdown_asyncgens()`` first, as ``asyncio.run`` does.
        """
        self._lanes.clear()
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
