"""Connections to one server: a client for all threads, and clients of its own for each event loop."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import httpx

from hindsight_teams.backends.hindsight.connection import Connection
from hindsight_teams.backends.hindsight.failures import closed, failure
from hindsight_teams.backends.hindsight.loops import LANE, LoopClients
from hindsight_teams.backends.hindsight.wire import Call, Failure, Reply, Wait


class Pool:
    """The clients of one server, opened when first needed.

    ``close`` gives everything back; a later request opens anew, so that a pool shared by several users can't be closed
    under one of them.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._url = lru_cache(maxsize=2048)(_url_maker(connection.base_url))
        self._waits: dict[Wait, dict[str, Any]] = {
            "recall": connection.timeout(connection.timeouts.recall),
            "reflect": connection.timeout(connection.timeouts.reflect),
            "retain": connection.timeout(connection.timeouts.retain),
        }
        self._headers = connection.raw_headers()
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._tls: ssl.SSLContext | None = None
        self._loops: dict[asyncio.AbstractEventLoop, LoopClients] = {}

    def send(self, call: Call) -> Reply | Failure:
        """Carry out one call."""
        client = self._client or self._open()
        try:
            response = client.send(self._request(call), auth=None)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return failure(error, call)
        except RuntimeError:
            if not client.is_closed:
                raise
            return closed(call)
        return _reply(response)

    async def asend(self, call: Call) -> Reply | Failure:
        """Carry out one call in the running event loop."""
        loop = asyncio.get_running_loop()
        lane = (self._loops.get(loop) or await self._open_in(loop)).lane()
        lane.busy += 1
        try:
            response = await lane.client.send(self._request(call), auth=None)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return failure(error, call)
        except RuntimeError:
            if not lane.client.is_closed:
                raise
            return closed(call)
        finally:
            lane.busy -= 1
        return _reply(response)

    def close(self) -> None:
        """Close every client; those of an event loop are closed inside it."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
        for loop in list(self._loops):
            if (clients := self._loops.pop(loop, None)) is not None:
                clients.close_from_anywhere(loop)

    async def aclose(self) -> None:
        """As ``close``; the running loop's own clients are closed before this returns."""
        clients = self._loops.pop(asyncio.get_running_loop(), None)
        if clients is not None:
            await clients.aclose()
        self.close()

    def _request(self, call: Call) -> httpx.Request:
        extensions = self._waits[call.wait]
        if call.longer:
            extensions = self._connection.timeout(getattr(self._connection.timeouts, call.wait) + call.longer)
        return httpx.Request(
            call.method, self._url(call.path), headers=self._headers, content=call.content, extensions=extensions
        )

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(**self._options(self._connection.max_connections))
            return self._client

    async def _open_in(self, loop: asyncio.AbstractEventLoop) -> LoopClients:
        for other in list(self._loops):
            if other.is_closed() and (left := self._loops.pop(other, None)) is not None:
                left.abandon()
        size = min(LANE, self._connection.max_connections)
        options = self._options(size)
        owner = weakref.ref(self)

        def forget(clients: LoopClients) -> None:
            if (pool := owner()) is not None and pool._loops.get(loop) is clients:
                del pool._loops[loop]

        most = max(1, self._connection.max_connections // size)
        clients = self._loops[loop] = LoopClients(lambda: httpx.AsyncClient(**options), most, forget)
        await clients.hold()
        return clients

    def _options(self, size: int) -> dict[str, Any]:
        if self._tls is None:
            self._tls = self._connection.tls()
        return self._connection.client_options(self._tls, size)

    def _after_fork(self) -> None:
        _inherited.append((self._client, self._loops))
        self._reset()


def _reply(response: httpx.Response) -> Reply:
    return Reply(response.status_code, response.content, response.headers.get("retry-after"))


def _url_maker(base_url: str) -> Callable[[str], httpx.URL]:
    return lambda path: httpx.URL(base_url + path)


def _after_fork() -> None:
    for pool in list(_pools):
        pool._after_fork()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_inherited: list[Any] = []  # after a fork the parent's connections may be neither used nor closed

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
