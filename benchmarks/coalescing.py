"""CPU saved by sending a small request in one system call.

``python benchmarks/coalescing.py`` asks an instant server on the loopback; the two sides take turns.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import httpcore
from client_overhead import instant_server

from hindsight_teams import HindsightBackend
from hindsight_teams.backends.hindsight import transport

ROUNDS, CALLS = 15, 400


def cpu(url: str) -> float:
    """Microseconds of CPU of one recall."""
    with HindsightBackend(url) as backend:
        backend.recall("b", "When does the pilot start?")
        begin = time.process_time()
        for _ in range(CALLS):
            backend.recall("b", "When does the pilot start?")
        return (time.process_time() - begin) / CALLS * 1e6


def main() -> None:
    ours: Any = transport.Network
    found: dict[str, list[float]] = {"one send": [], "as httpcore sends": []}
    with instant_server() as url:
        for _ in range(ROUNDS):
            for name, make in (("one send", ours), ("as httpcore sends", httpcore.SyncBackend)):
                transport.Network = make  # type: ignore[misc]  # one of the two
                found[name].append(cpu(url))
    for name, values in found.items():
        print(f"{name:18} least {min(values):5.0f}   median {statistics.median(values):5.0f} µs of CPU a recall")


if __name__ == "__main__":
    main()
