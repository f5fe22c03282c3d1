"""Store pending memories before the process ends, also after SIGTERM."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

_LONGEST_SECONDS = 25.0
"""Less than the half minute that process managers usually give."""

_waiting: list[Callable[[float], object]] = []


def store_before_termination(flush: Callable[[float], object]) -> None:
    """Store what waits before SIGTERM ends the process, where nobody else handles that signal.

    Python's own default ends the process at once, without its exit functions; a server such as uvicorn shuts down in
    order, and then lets the signal have that default. A handler of the application's own stays: it ends by leaving the
    interpreter, or calls ``TeamMemory.flush`` itself.

    Args:
        flush: Takes how many seconds it may take.
    """
    if flush not in _waiting:
        _waiting.append(flush)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _store_and_end)


def _store_and_end(number: int, frame: FrameType | None) -> None:
    for flush in _waiting:
        flush(_LONGEST_SECONDS)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
