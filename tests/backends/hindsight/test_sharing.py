"""One backend shared by threads, coroutines and successive event loops; every connection is closed."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import re
import subprocess
import sys
import textwrap
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from hindsight_teams.backends.hindsight import HindsightBackend, Timeouts
from hindsight_teams.errors import BackendTimeout
from tests.backends.hindsight.conftest import HANG, QUICK, Loopback


def run_script(loopback: Loopback, script: str, *, careless: bool = False) -> str:
    """What a script prints, run by a new interpreter that takes every warning for an error and shows every leak.

    A careless script closes event loops without their generators, of which Python itself warns.
    """
    head = f"""
        import asyncio, gc, os, sys, threading
        from hindsight_teams.backends.hindsight import HindsightBackend
        backend = HindsightBackend({loopback.url!r})
    """
    source = textwrap.dedent(head) + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "always::ResourceWarning", "-c", source],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    leaks = re.fullmatch(r"(.*ResourceWarning: .*\n|  .*\n)+", done.stderr) if careless else None
    assert (done.returncode, done.stderr) == (0, leaks[0] if leaks else "")
    assert loopback.wait_until_all_closed()
    return done.stdout.strip()


@pytest.mark.slow
def test_200_threads_share_one_backend(backend: HindsightBackend, loopback: Loopback) -> None:
    together = threading.Barrier(200)

    def work(number: int) -> int:
        together.wait(timeout=60)
        backend.retain("b", f"memory {number}")
        return len(backend.recall("b", "q").results)

    with ThreadPoolExecutor(200) as threads:
        assert sum(threads.map(work, range(200))) == 200
    assert len(loopback.requests) == 400
    backend.close()
    assert loopback.wait_until_all_closed()


@pytest.mark.slow
async def test_200_coroutines_share_one_backend(backend: HindsightBackend, loopback: Loopback) -> None:
    async def work(number: int) -> int:
        await backend.aretain("b", f"memory {number}")
        return len((await backend.arecall("b", "q")).results)

    assert sum(await asyncio.gather(*map(work, range(200)))) == 200
    await backend.aclose()
    assert await asyncio.to_thread(loopback.wait_until_all_closed)


def test_event_loops_one_after_another_share_one_backend(backend: HindsightBackend, loopback: Loopback) -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def crowd() -> int:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        return sum(len(r.results) for r in await asyncio.gather(*(backend.arecall("b", "q") for _ in range(20))))

    for _ in range(5):
        assert asyncio.run(crowd()) == 20
        assert loopback.wait_until_all_closed()
    gc.collect()
    assert [loop() for loop in loops] == [None] * 5


def test_event_loops_at_once_share_one_backend(backend: HindsightBackend, loopback: Loopback) -> None:
    async def crowd() -> int:
        return sum(len(r.results) for r in await asyncio.gather(*(backend.arecall("b", "q") for _ in range(10))))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: asyncio.run(crowd()), range(8))) == [10] * 8
    assert loopback.wait_until_all_closed()


def test_sync_then_async_then_sync(backend: HindsightBackend) -> None:
    assert backend.recall("b", "q").results
    assert asyncio.run(backend.arecall("b", "q")).results
    assert backend.recall("b", "q").results


async def test_a_sync_verb_works_inside_a_running_loop(backend: HindsightBackend) -> None:
    assert backend.recall("b", "q").results
    assert (await backend.arecall("b", "q")).results
    assert (await asyncio.to_thread(backend.recall, "b", "q")).results


def test_a_copy_is_the_same_backend(backend: HindsightBackend) -> None:
    assert copy.deepcopy({"memory": backend})["memory"] is backend
    assert copy.copy(backend) is backend


def test_a_closed_backend_opens_again(backend: HindsightBackend, loopback: Loopback) -> None:
    for _ in range(2):
        assert backend.recall("b", "q").results
        backend.close()
        backend.close()
        assert loopback.wait_until_all_closed()


@pytest.mark.slow
def test_closing_while_others_call_harms_nobody(backend: HindsightBackend, loopback: Loopback) -> None:
    done = threading.Event()

    async def crowd() -> int:
        return sum(len(r.results) for r in await asyncio.gather(*(backend.arecall("b", "q") for _ in range(10))))

    def work(_: int) -> int:
        calls = 0
        while not done.is_set():
            assert backend.recall("b", "q").results
            assert asyncio.run(crowd()) == 10
            calls += 1
        return calls

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(work, n) for n in range(4)]
        try:
            for _ in range(30):
                backend.close()
                backend.recall("b", "q")
        finally:
            done.set()
        assert all(future.result() for future in running)
    backend.close()
    assert loopback.wait_until_all_closed()


async def test_closing_inside_a_loop_closes_that_loops_connections(
    backend: HindsightBackend, loopback: Loopback
) -> None:
    async with backend:
        await backend.arecall("b", "q")
        backend.recall("b", "q")
    assert await asyncio.to_thread(loopback.wait_until_all_closed)
    await backend.arecall("b", "q")
    backend.close()
    await asyncio.sleep(0)
    assert await asyncio.to_thread(loopback.wait_until_all_closed)


def test_closing_from_outside_closes_a_running_loops_connections(backend: HindsightBackend, loopback: Loopback) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(backend.arecall("b", "q"), loop).result(30)
    backend.close()
    assert loopback.wait_until_all_closed()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def test_a_cancelled_call_leaves_the_backend_well(backend: HindsightBackend, loopback: Loopback) -> None:
    loopback.next.append(HANG)
    call = asyncio.create_task(backend.arecall("b", "q"))
    assert await asyncio.to_thread(loopback.asked.acquire, timeout=10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await backend.arecall("b", "q")).results


async def test_a_call_cancelled_at_any_step_leaves_no_connection(loopback: Loopback) -> None:
    with HindsightBackend(loopback.url, max_connections=1, retry=QUICK) as backend:
        for steps in range(40):
            call = asyncio.create_task(backend.arecall("b", "q"))
            for _ in range(steps):
                await asyncio.sleep(0)
            call.cancel()
            with suppress(asyncio.CancelledError):
                await call
            assert (await backend.arecall("b", "q")).results
            if steps % 2:  # the next call opens a connection
                await backend.aclose()
        await backend.aclose()
    assert await asyncio.to_thread(loopback.wait_until_all_closed)


def test_a_loop_of_uvloop_is_one_as_well(backend: HindsightBackend, loopback: Loopback) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def crowd() -> int:
        return sum(len(r.results) for r in await asyncio.gather(*(backend.arecall("b", "q") for _ in range(5))))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert [runner.run(crowd()) for _ in range(2)] == [5, 5]
    assert loopback.wait_until_all_closed()


def test_a_backend_travels_to_another_process_with_its_key(loopback: Loopback) -> None:
    with HindsightBackend(loopback.url, api_key="k-123", headers={"x-tenant": "desk"}, retry=QUICK) as backend:
        backend.recall("b", "q")
        with pickle.loads(pickle.dumps(backend)) as twin:
            assert twin.recall("b", "q").results
    first, second = loopback.requests
    assert first == second
    assert second.headers["authorization"] == "Bearer k-123"


def test_a_forgotten_backend_closes_its_connections(loopback: Loopback) -> None:
    backend = HindsightBackend(loopback.url)
    backend.recall("b", "q")
    del backend
    gc.collect()
    assert loopback.wait_until_all_closed()


async def test_a_backend_forgotten_inside_a_loop_closes_its_connections(loopback: Loopback) -> None:
    backend = HindsightBackend(loopback.url)
    await backend.arecall("b", "q")
    del backend
    gc.collect()
    assert await asyncio.to_thread(loopback.wait_until_all_closed)


@pytest.mark.parametrize("in_a_loop", [False, True])
def test_a_call_that_gets_no_connection_in_time_says_so(loopback: Loopback, in_a_loop: bool) -> None:
    waits = Timeouts(recall=0.05)

    async def both(backend: HindsightBackend) -> int:
        plain = asyncio.to_thread
        held = asyncio.create_task(backend.aretain("b", "tea") if in_a_loop else plain(backend.retain, "b", "tea"))
        assert await plain(loopback.asked.acquire, timeout=10)
        late = backend.arecall("b", "q") if in_a_loop else plain(backend.recall, "b", "q")
        with pytest.raises(BackendTimeout, match="no connection was free"):
            await late
        loopback.released.set()
        return (await held).items_count  # sent again, since its connection broke

    loopback.next.append(HANG)
    with HindsightBackend(loopback.url, max_connections=1, timeouts=waits, retry=QUICK) as backend:
        assert asyncio.run(both(backend)) == 1
        assert backend.retain("b", "more tea").items_count == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        "print(len(backend.recall('b', 'q').results))",
        "print(len(asyncio.run(backend.arecall('b', 'q')).results))",
        """
        asyncio.run(backend.arecall('b', 'q'))
        print(len(asyncio.run(backend.arecall('b', 'q')).results))
        backend.recall('b', 'q')
        """,
        """
        loop = asyncio.new_event_loop()
        print(len(loop.run_until_complete(backend.arecall('b', 'q')).results))
        backend.close()
        loop.close()
        """,
        """
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        print(len(asyncio.run_coroutine_threadsafe(backend.arecall('b', 'q'), loop).result().results))
        backend.close()
        async def end(): loop.stop()
        asyncio.run_coroutine_threadsafe(end(), loop)
        while loop.is_running(): pass
        loop.close()
        """,
        """
        async def main():
            await backend.arecall('b', 'q')
            return backend.recall('b', 'q')
        print(len(asyncio.run(main()).results))
        del backend
        """,
    ],
)
def test_the_interpreter_ends_without_a_warning(loopback: Loopback, script: str) -> None:
    assert run_script(loopback, script) == "1"


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        """
        loop = asyncio.new_event_loop()
        print(len(loop.run_until_complete(backend.arecall('b', 'q')).results))
        loop.close()
        """,
        """
        for _ in range(3):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(backend.arecall('b', 'q'))
            loop.close()
        print(len(backend.recall('b', 'q').results))
        backend.close()
        """,
    ],
)
def test_loops_closed_without_their_generators_leave_nothing_but_pythons_own_warning(
    loopback: Loopback, script: str
) -> None:
    assert run_script(loopback, script, careless=True) == "1"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_forked_child_has_connections_of_its_own(loopback: Loopback) -> None:
    script = """
        backend.recall('b', 'q')
        child = os.fork()
        if child == 0:
            ok = len(backend.recall('b', 'q').results) == 1 and len(asyncio.run(backend.arecall('b', 'q')).results) == 1
            backend.close()
            os._exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        backend.recall('b', 'q')
        print(os.waitstatus_to_exitcode(status))
    """
    assert run_script(loopback, script) == "0"
