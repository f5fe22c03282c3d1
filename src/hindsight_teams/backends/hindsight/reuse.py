"""Connections to one server that are used again, each by one call at a time.

httpcore's own pool goes through all of its connections several times for each request: 200 calls at once on one pool of
100 cost ten times the CPU of connections that are taken one by one. So its pool only makes them here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import httpcore

from hindsight_teams.backends.hindsight.connection import KEEPALIVE

C = TypeVar("C", httpcore.ConnectionInterface, httpcore.AsyncConnectionInterface)


class Idle(Generic[C]):
    """The open connections that no call is using. Safe between threads, as a deque is."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, C]] = deque()

    def take(self, gone: list[C]) -> C | None:
        """The one that was used last, which is open while others may have ended; None where there is none.

        Args:
            gone: Those that can't be used any more are added to it, to be closed.
        """
        try:
            while (connection := self._waiting.pop()[1]).has_expired():
                gone.append(connection)
        except IndexError:
            return None
        return connection

    def put(self, connection: C, gone: list[C]) -> None:
        """Keep a connection for the next call, if it can be used again.

        Args:
            gone: Those that need not be kept any longer are added to it, to be closed.
        """
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
