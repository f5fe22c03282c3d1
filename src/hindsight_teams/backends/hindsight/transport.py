"""Connections to one server: one transport for all threads, and transports of its own for each event loop.

These are httpx's transports without its clients: redirects, cookies and logins are not wanted here, and looking for
them takes a fifth of the CPU of a recall.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import httpx
from httpx import AsyncByteStream, SyncByteStream

from hindsight_teams.backends.hindsight.coalesce import coalesce
from hindsight_teams.backends.hindsight.connection import Connection
from hindsight_teams.backends.hindsight.failures import failure
from hindsight_teams.backends.hindsight.loops import LoopTransports
from hindsight_teams.backends.hindsight.wire import Call, Failure, Reply, Wait


class Held:
    """The transport of the threads, and how many calls are using it."""

    __slots__ = ("busy", "transport")

    def __init__(self, transport: httpx.HTTPTransport) -> None:
        self.transport = transport
        self.busy = 0


class Pool:
    """The transports of one server, opened when first needed.

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
        self._names_host = any(name == b"host" for name, _ in self._headers)
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._held: Held | None = None
        self._tls: ssl.SSLContext | None = None
        self._loops: dict[asyncio.AbstractEventLoop, LoopTransports] = {}

    def send(self, call: Call) -> Reply | Failure:
        """Carry out one call."""
        with self._lock:
            held = self._held = self._held or Held(self._open())
            held.busy += 1
        try:
            response = held.transport.handle_request(self._request(call))
            try:
                content = response.read() if _is_encoded(response) else b"".join(cast(SyncByteStream, response.stream))
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return failure(error, call)
        finally:
            with self._lock:
                held.busy -= 1
                last = held.busy == 0 and held is not self._held
            if last:
                held.transport.close()
        return _reply(response, content)

    async def asend(self, call: Call) -> Reply | Failure:
        """Carry out one call in the running event loop."""
        loop = asyncio.get_running_loop()
        transports = self._loops.get(loop) or await self._open_in(loop)
        request = self._request(call)
        try:
            async with transports.lane(request.extensions["timeout"]["pool"]) as lane:
                response = await lane.transport.handle_async_request(request)
                try:
                    if _is_encoded(response):
                        content = await response.aread()
                    else:
                        content = b"".join([part async for part in cast(AsyncByteStream, response.stream)])
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return failure(error, call)
        return _reply(response, content)

    def close(self) -> None:
        """Close every transport that no call is using; the others are closed by the last call that uses them.

        A socket that one thread reads must not be closed by another: its number may at once be that of a new one.
        """
        with self._lock:
            held, self._held = self._held, None
            idle = held is not None and held.busy == 0
        if held is not None and idle:
            held.transport.close()
        for loop in list(self._loops):
            if (transports := self._loops.pop(loop, None)) is not None:
                transports.close_from_anywhere(loop)

    async def aclose(self) -> None:
        """As ``close``; the running loop's own transports are closed before this returns."""
        transports = self._loops.pop(asyncio.get_running_loop(), None)
        if transports is not None:
            await transports.aclose()
        self.close()

    def _request(self, call: Call) -> httpx.Request:
        extensions = self._waits[call.wait]
        if call.longer:
            extensions = self._connection.timeout(getattr(self._connection.timeouts, call.wait) + call.longer)
        url, content, headers = self._url(call.path), call.content or b"", self._headers
        if call.content_type is not None:
            headers = [h for h in headers if h[0] != b"content-type"]
            headers.append((b"content-type", call.content_type.encode()))
        if not self._names_host:
            headers = [(b"host", url.netloc), *headers]
        if content or call.method not in ("GET", "DELETE"):
            headers = [*headers, (b"content-length", b"%d" % len(content))]
        # To a stream httpx adds no headers; to look for those that lack takes half of the time to make a request.
        return httpx.Request(call.method, url, headers=headers, stream=httpx.ByteStream(content), extensions=extensions)

    def _open(self) -> httpx.HTTPTransport:
        return coalesce(httpx.HTTPTransport(**self._options(self._connection.max_connections)))

    async def _open_in(self, loop: asyncio.AbstractEventLoop) -> LoopTransports:
        for other in list(self._loops):
            if other.is_closed() and (left := self._loops.pop(other, None)) is not None:
                left.abandon()
        options = self._options(1)
        owner = weakref.ref(self)

        def forget(transports: LoopTransports) -> None:
            if (pool := owner()) is not None and pool._loops.get(loop) is transports:
                del pool._loops[loop]

        transports = LoopTransports(
            lambda: coalesce(httpx.AsyncHTTPTransport(**options)), self._connection.max_connections, forget
        )
        self._loops[loop] = transports
        await transports.hold()
        return transports

    def _options(self, size: int) -> dict[str, Any]:
        if self._tls is None:
            self._tls = self._connection.tls()
        return self._connection.transport_options(self._tls, size)

    def _after_fork(self) -> None:
        _inherited.append((self._held, self._loops))
        self._reset()


def _is_encoded(response: httpx.Response) -> bool:
    """Whether the body must be decoded; reading a plain one as it is takes a twentieth less CPU of a recall."""
    return any(name.lower() == b"content-encoding" for name, _ in response.headers.raw)


def _reply(response: httpx.Response, content: bytes) -> Reply:
    if response.status_code == 200:
        return Reply(200, content)
    return Reply(response.status_code, content, response.headers.get("retry-after"))


def _url_maker(base_url: str) -> Callable[[str], httpx.URL]:
    return lambda path: httpx.URL(base_url + path)


def _after_fork() -> None:
    for pool in list(_pools):
        pool._after_fork()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_inherited: list[Any] = []  # after a fork the parent's connections may be neither used nor closed

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
