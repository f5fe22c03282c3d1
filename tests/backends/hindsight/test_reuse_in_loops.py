"""The connections of one event loop: how many there are, which are closed when, and what ends with the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import httpcore
import pytest

from hindsight_teams.backends.hindsight.reuse import LoopConnections


class Fake(httpcore.AsyncConnectionInterface):
    """A connection that is in the state it is told to be in, and knows the loop that it was closed in."""

    def __init__(self, *, closing: BaseException | None = None) -> None:
        self.expired, self.idle, self.closed = False, True, False
        self.closed_in: asyncio.AbstractEventLoop | None = None
        self.closing = closing

    def has_expired(self) -> bool:
        return self.expired

    def is_idle(self) -> bool:
        return self.idle

    def is_closed(self) -> bool:
        return self.closed

    async def aclose(self) -> None:
        self.closed, self.closed_in = True, asyncio.get_running_loop()
        if self.closing is not None:
            raise self.closing


class Loop:
    """Connections of one loop, those that were made, and how often their loop told that they are over."""

    def __init__(self, *, most: int = 2) -> None:
        self.made: list[Fake] = []
        self.ended: list[LoopConnections] = []
        self.connections = LoopConnections(self._make, most, self.ended.append)

    def _make(self) -> Fake:
        self.made.append(Fake())
        return self.made[-1]

    @property
    def closed(self) -> list[bool]:
        return [one.closed for one in self.made]


async def test_a_connection_is_made_where_none_is_free_and_used_again_after_it() -> None:
    loop = Loop()
    first = await loop.connections.take(1)
    await loop.connections.give(first)
    assert await loop.connections.take(1) is first
    assert await loop.connections.take(1) is loop.made[1]
    assert len(loop.made) == 2


async def test_no_more_than_so_many_are_in_use_at_once() -> None:
    loop = Loop()
    first, _ = await loop.connections.take(1), await loop.connections.take(1)
    with pytest.raises(httpcore.PoolTimeout):
        await loop.connections.take(0.01)
    waiting = asyncio.ensure_future(loop.connections.take(5))
    await asyncio.sleep(0)
    await loop.connections.give(first)
    assert await waiting is first
    assert len(loop.made) == 2


async def test_an_ended_connection_is_closed_when_another_is_taken() -> None:
    loop = Loop()
    await loop.connections.give(await loop.connections.take(1))
    loop.made[0].expired = True
    assert await loop.connections.take(1) is loop.made[1]
    assert loop.closed == [True, False]


async def test_a_call_that_is_cancelled_while_an_ended_one_is_closed_leaves_its_place() -> None:
    loop = Loop(most=1)
    await loop.connections.give(await loop.connections.take(1))
    loop.made[0].expired, loop.made[0].closing = True, asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await loop.connections.take(1)
    assert await loop.connections.take(0.5) is loop.made[1]


async def test_one_that_can_not_be_made_leaves_its_place_to_the_next() -> None:
    def broken() -> Fake:
        raise OSError("no file")

    connections = LoopConnections(broken, 1, lambda _: None)
    for _ in range(2):
        with pytest.raises(OSError, match="no file"):
            await connections.take(0.01)


async def test_one_that_failed_is_closed_when_it_is_given_back() -> None:
    loop = Loop()
    first = await loop.connections.take(1)
    loop.made[0].idle = False
    await loop.connections.give(first)
    assert loop.closed == [True]
    assert await loop.connections.take(1) is loop.made[1]


async def test_closing_closes_what_is_idle_at_once_and_the_others_after_their_calls() -> None:
    loop = Loop()
    busy, idle = await loop.connections.take(1), await loop.connections.take(1)
    await loop.connections.give(idle)
    await loop.connections.aclose()
    assert loop.closed == [False, True]
    await loop.connections.give(busy)
    assert loop.closed == [True, True]


def test_all_are_closed_inside_of_their_loop_when_that_ends() -> None:
    loop = Loop()
    running: list[asyncio.AbstractEventLoop] = []

    async def use() -> None:
        running.append(asyncio.get_running_loop())
        await loop.connections.hold()
        await loop.connections.give(await loop.connections.take(1))
        await loop.connections.take(1)
        await loop.connections.take(1)

    asyncio.run(use())
    assert [one.closed_in for one in loop.made] == running * 2
    assert loop.ended == [loop.connections]


async def test_closing_ends_the_watch_over_the_loop_where_nothing_is_in_use() -> None:
    loop = Loop()
    await loop.connections.hold()
    busy = await loop.connections.take(1)
    await loop.connections.aclose()
    assert loop.ended == []
    await loop.connections.give(busy)
    await loop.connections.aclose()
    assert (loop.closed, loop.ended) == ([True], [loop.connections])


@pytest.fixture
def elsewhere() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def opened(loop: Loop) -> None:
    await loop.connections.hold()
    await loop.connections.give(await loop.connections.take(1))


def test_from_another_thread_they_are_closed_in_their_running_loop(elsewhere: asyncio.AbstractEventLoop) -> None:
    loop = Loop()
    asyncio.run_coroutine_threadsafe(opened(loop), elsewhere).result(5)
    loop.connections.close_from_anywhere(elsewhere)
    assert [one.closed_in for one in loop.made] == [elsewhere]
    assert loop.ended == [loop.connections]


def test_from_inside_another_loop_nobody_waits_for_it(elsewhere: asyncio.AbstractEventLoop) -> None:
    loop = Loop()
    asyncio.run_coroutine_threadsafe(opened(loop), elsewhere).result(5)

    async def close() -> None:
        loop.connections.close_from_anywhere(elsewhere)

    asyncio.run(close())
    done = threading.Event()
    elsewhere.call_soon_threadsafe(elsewhere.call_soon, done.set)
    assert done.wait(5)
    assert [one.closed_in for one in loop.made] == [elsewhere]


def test_those_of_a_loop_that_stands_still_are_closed_in_it() -> None:
    loop, own = Loop(), asyncio.new_event_loop()
    own.run_until_complete(opened(loop))
    loop.connections.close_from_anywhere(own)
    assert [one.closed_in for one in loop.made] == [own]
    own.close()


@pytest.mark.parametrize("closed", [True, False])
def test_those_of_a_loop_in_which_nothing_can_run_are_let_go(closed: bool) -> None:
    loop, own = Loop(), asyncio.new_event_loop()
    own.run_until_complete(used(loop))
    if closed:
        own.close()
        loop.connections.close_from_anywhere(own)
    else:
        asyncio.run(called(lambda: loop.connections.close_from_anywhere(own)))
        own.close()
    assert loop.closed == [False]
    assert asyncio.run(taken(loop)) is loop.made[1]


async def used(loop: Loop) -> None:
    await loop.connections.give(await loop.connections.take(1))


async def called(function: Callable[[], None]) -> None:
    function()


async def taken(loop: Loop) -> httpcore.AsyncConnectionInterface:
    return await loop.connections.take(1)
