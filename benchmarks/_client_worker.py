"""One measurement of ``client_overhead.py``, in a process and an environment of its own.

Standard library and the measured package alone, so that it runs in any environment. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

RUN: Any = SimpleNamespace(user_id="ada", session_id="s", run_id="r")
QUERY = "Where does the Maple pilot move?"


def clients(subject: str, url: str) -> tuple[Any, Any]:
    """The sync call and the coroutine function of a subject."""
    if subject == "hindsight-teams":
        from hindsight_teams import HindsightTools

        ours = HindsightTools(bank_id="b", hindsight_api_url=url)
        return lambda: ours.recall_memory(RUN, QUERY), lambda: ours.arecall_memory(RUN, QUERY)
    if subject == "hindsight-teams-backend":
        from hindsight_teams import HindsightBackend

        backend = HindsightBackend(url)
        return lambda: backend.recall("b", QUERY), lambda: backend.arecall("b", QUERY)
    if subject == "hindsight-agno":
        from hindsight_agno import HindsightTools as Theirs

        theirs = Theirs(bank_id="b", hindsight_api_url=url)
        recall = lambda: theirs.recall_memory(RUN, QUERY)  # noqa: E731
        return recall, lambda: asyncio.to_thread(recall)  # it has no async tools: this is what Agno does with it
    from hindsight_client import Hindsight

    client = Hindsight(url)
    return lambda: client.recall("b", QUERY), lambda: client.arecall("b", QUERY)


def measure(subject: str, mode: str, width: int, calls: int, url: str) -> dict[str, float]:
    """CPU and wall seconds a call, the median latency, and how many calls failed."""
    call, acall = clients(subject, url)
    latencies: list[float] = []
    errors: list[str] = []

    own = threading.local()

    def timed(_: int = 0) -> None:
        mine = call
        if mode == "own":
            mine = getattr(own, "call", None) or clients(subject, url)[0]
            own.call = mine
        start = time.perf_counter()
        try:
            mine()
        except Exception as error:
            errors.append(repr(error))
        else:
            latencies.append(time.perf_counter() - start)

    async def atimed(_: int = 0) -> None:
        start = time.perf_counter()
        try:
            await acall()
        except Exception as error:
            errors.append(repr(error))
        else:
            latencies.append(time.perf_counter() - start)

    async def concurrent() -> tuple[float, float]:
        await asyncio.gather(*(atimed() for _ in range(width)))  # connections open, imports done
        latencies.clear()
        warm_errors = len(errors)
        cpu, wall = time.process_time(), time.perf_counter()
        waves = max(1, calls // width)

        async def lane() -> None:
            for _ in range(waves):
                await atimed()

        await asyncio.gather(*(lane() for _ in range(width)))
        del errors[:warm_errors]
        return time.process_time() - cpu, time.perf_counter() - wall

    if mode == "coroutines":
        cpu, wall = asyncio.run(concurrent())
        calls = max(1, calls // width) * width
    elif mode in ("threads", "own"):
        together = threading.Barrier(width)

        def warm(number: int) -> None:
            timed(number)
            together.wait(60)  # so that each thread takes one

        with ThreadPoolExecutor(width) as pool:
            list(pool.map(warm, range(width)))
            latencies.clear()
            errors.clear()
            start_cpu, start = time.process_time(), time.perf_counter()
            list(pool.map(timed, range(calls)))
            cpu, wall = time.process_time() - start_cpu, time.perf_counter() - start
    else:
        for _ in range(50):
            timed()
        latencies.clear()
        errors.clear()
        start_cpu, start = time.process_time(), time.perf_counter()
        for _ in range(calls):
            timed()
        cpu, wall = time.process_time() - start_cpu, time.perf_counter() - start
    latencies.sort()
    if len(errors) == calls:
        print(errors[0], file=sys.stderr)
    return {
        "cpu": cpu / calls,
        "wall": wall / calls,
        "p50": latencies[len(latencies) // 2] if latencies else float("nan"),
        "errors": len(errors),
        "calls": calls,
    }


def in_turns(subject: str, url: str) -> None:
    """Make as many calls as each line of the standard input says, and print the CPU seconds that they took."""
    call, _ = clients(subject, url)
    for _ in range(50):
        call()
    print(flush=True)
    for line in sys.stdin:
        started = time.process_time()
        for _ in range(int(line)):
            call()
        print(time.process_time() - started, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.unraisablehook = lambda *_: None
    subject, mode, width, calls, url = sys.argv[1:]
    if mode == "turns":
        in_turns(subject, url)
    else:
        print(json.dumps(measure(subject, mode, int(width), int(calls), url)), flush=True)
