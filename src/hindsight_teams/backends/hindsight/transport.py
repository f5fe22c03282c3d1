"""Send calls over the connections to one server: one set for all threads, and one for each event loop.

This is httpcore without httpx's clients and transports: redirects, cookies and logins are not wanted here, and looking
for them takes a fifth of the CPU of a recall.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import weakref
from collections.abc import AsyncIterable, Callable, Iterable
from functools import lru_cache
from typing import Any, cast

import httpcore
import httpx

from hindsight_teams.backends.hindsight import faults
from hindsight_teams.backends.hindsight.coalesce import UNREAD, AsyncNetwork, Network
from hindsight_teams.backends.hindsight.connection import Connection, core_url
from hindsight_teams.backends.hindsight.reuse import LoopConnections, ThreadConnections
from hindsight_teams.backends.hindsight.wire import Call, Failure, Reply, Wait
from hindsight_teams.errors import BackendError, BackendTimeout, BackendUnreachable, UnexpectedAnswer

_PACKED = 4_096
"""Bytes of a compressed answer that are unpacked at once."""


class Pool:
    """The connections to one server, opened when first needed.

    ``close`` gives everything back; a later request opens anew, so that a pool shared by several users can't be closed
    under one of them.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._address = lru_cache(2048)(_reader(connection.base_url))
        self._origin = self._address("")[0].origin
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
        self._threads: ThreadConnections | None = None
        self._tls: ssl.SSLContext | None = None
        self._loops: dict[asyncio.AbstractEventLoop, LoopConnections] = {}

    def send(self, call: Call) -> Reply | Failure:
        """Carry out one call."""
        with self._lock:
            connections = self._threads = self._threads or self._open()
        try:
            request = self._request(call)
            connection = connections.take(request.extensions["timeout"]["pool"])
            try:
                response = connection.handle_request(request)
                try:
                    _check_order(response)
                    body = _Body(self._connection.max_answer_bytes)
                    for part in cast("Iterable[bytes]", response.stream):
                        body.add(part)
                finally:
                    response.close()
            finally:
                connections.give(connection)
            return _reply(response, body)
        except FAILURES as error:
            return failure(error, call)

    async def asend(self, call: Call) -> Reply | Failure:
        """Carry out one call in the running event loop."""
        loop = asyncio.get_running_loop()
        connections = self._loops.get(loop) or await self._open_in(loop)
        try:
            request = self._request(call)
            connection = await connections.take(request.extensions["timeout"]["pool"])
            try:
                response = await connection.handle_async_request(request)
                try:
                    _check_order(response)
                    body = _Body(self._connection.max_answer_bytes)
                    async for part in cast("AsyncIterable[bytes]", response.stream):
                        body.add(part)
                finally:
                    await response.aclose()
            finally:
                await connections.give(connection)
            return _reply(response, body)
        except FAILURES as error:
            return failure(error, call)

    def close(self) -> None:
        """Close every connection that no call is using; the others are closed after their calls."""
        with self._lock:
            connections, self._threads = self._threads, None
        if connections is not None:
            connections.close()
        for loop in list(self._loops):
            if (of_loop := self._loops.pop(loop, None)) is not None:
                of_loop.close_from_anywhere(loop)

    async def aclose(self) -> None:
        """As ``close``; the running loop's own connections are closed before this returns."""
        connections = self._loops.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            await connections.aclose()
        self.close()

    def _request(self, call: Call) -> httpcore.Request:
        extensions = self._waits[call.wait]
        if call.longer:
            extensions = self._connection.timeout(getattr(self._connection.timeouts, call.wait) + call.longer)
        (url, host), content, headers = self._address(call.path), call.content or b"", self._headers
        if call.content_type is not None:
            headers = [h for h in headers if h[0] != b"content-type"]
            headers.append((b"content-type", call.content_type.encode()))
        if not self._names_host:
            headers = [(b"host", host), *headers]
        if content or call.method not in ("GET", "DELETE"):
            headers = [*headers, (b"content-length", b"%d" % len(content))]
        request = httpcore.Request(call.method, url, content=content, extensions=extensions)
        request.headers = headers  # bytes already: httpcore would look at each name and value again
        return request

    def _open(self) -> ThreadConnections:
        pool = httpcore.ConnectionPool(**self._options(), network_backend=Network())
        origin = self._origin
        return ThreadConnections(lambda: pool.create_connection(origin), self._connection.max_connections)

    async def _open_in(self, loop: asyncio.AbstractEventLoop) -> LoopConnections:
        for other in list(self._loops):
            if other.is_closed() and (left := self._loops.pop(other, None)) is not None:
                left.abandon()
        pool = httpcore.AsyncConnectionPool(**self._options(), network_backend=AsyncNetwork())
        origin = self._origin
        owner = weakref.ref(self)

        def forget(connections: LoopConnections) -> None:
            if (mine := owner()) is not None and mine._loops.get(loop) is connections:
                del mine._loops[loop]

        connections = LoopConnections(lambda: pool.create_connection(origin), self._connection.max_connections, forget)
        self._loops[loop] = connections
        await connections.hold()
        return connections

    def _options(self) -> dict[str, Any]:
        if self._tls is None:
            self._tls = self._connection.tls()
        return self._connection.pool_options(self._tls)

    def _after_fork(self) -> None:
        _inherited.append((self._threads, self._loops))
        self._reset()


def _check_order(response: httpcore.Response) -> None:
    if response.extensions["network_stream"].get_extra_info(UNREAD):
        raise httpcore.RemoteProtocolError("an answer came before its request was sent")


class _Body:
    """The bytes of an answer, as far as they are not too many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._left = most
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        self._left -= len(part)
        if self._left < 0:
            raise AnswerTooLong(f"more than {self.most} bytes")
        self._parts.append(part)

    def whole(self) -> bytes:
        return b"".join(self._parts)


def _reply(response: httpcore.Response, body: _Body) -> Reply:
    encodings: list[bytes] = []
    retry_after = None
    for name, value in response.headers:
        match name.lower():
            case b"content-encoding":
                encodings += value.split(b",")
            case b"retry-after":
                retry_after = value.decode("latin-1")
    for encoding in reversed(encodings):
        body = _unpacked(body, encoding)
    return Reply(response.status, body.whole(), retry_after)


def _unpacked(body: _Body, encoding: bytes) -> _Body:
    """An answer without one layer of compression, a little at a time: each part may become a thousand times as long."""
    content, out = body.whole(), _Body(body.most)
    parts = (content[at : at + _PACKED] for at in range(0, len(content), _PACKED))
    for part in httpx.Response(
        httpx.codes.OK, headers=[(b"content-encoding", encoding.strip())], content=parts
    ).iter_bytes():
        out.add(part)
    return out


def _reader(base_url: str) -> Callable[[str], tuple[httpcore.URL, bytes]]:
    def read(path: str) -> tuple[httpcore.URL, bytes]:
        url = httpx.URL(base_url + path)
        return core_url(url), url.netloc

    return read


def _after_fork() -> None:
    for pool in list(_pools):
        pool._after_fork()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_inherited: list[Any] = []  # after a fork the parent's connections may be neither used nor closed

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_HINTS = {
    "retain": "the server drops a retain whose client has left; raise retain_timeout, or retain in the background",
    "reflect": "raise reflect_timeout, or use a lower budget",
    "recall": "raise recall_timeout, or look at the server",
}
_TLS = {
    "CERTIFICATE_VERIFY_FAILED": (
        "the Hindsight server's TLS certificate is not trusted; give its authority as verify, or SSL_CERT_FILE"
    ),
    "WRONG_VERSION_NUMBER": "what answered speaks no TLS; hindsight_api_url may have to begin with http://",
}


class AnswerTooLong(Exception):
    """An answer has more bytes than are allowed."""


FAILURES = (
    AnswerTooLong,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.DecodingError,
    httpx.InvalidURL,
)
"""What goes wrong on the way to an answer."""


def failure(error: Exception, call: Call) -> Failure:
    """What one of ``FAILURES`` means: the error, whether the server may have worked on it, whether to try again."""

    def failed(kind: type[BackendError], words: str, *, processed: bool = False, repeatable: bool = False) -> Failure:
        return Failure(kind(words, cause=f"{type(error).__name__}: {error}"), processed, repeatable)

    match error:
        case httpcore.ConnectTimeout():
            words = "the Hindsight server can't be reached in time; check its URL, HINDSIGHT_API_URL"
            return failed(BackendUnreachable, words, repeatable=True)
        case httpcore.PoolTimeout():
            return failed(BackendTimeout, f"no connection was free for {call.verb}; allow more, or send less at once")
        case httpcore.TimeoutException():
            words = f"no answer to {call.verb} in time; {_HINTS[call.wait]}"
            return failed(BackendTimeout, words, processed=True)
        case httpcore.ProxyError() if str(error).startswith("407"):
            return failed(BackendUnreachable, faults.PROXY_LOGIN)
        case httpcore.ConnectError() | httpcore.ProxyError():
            if words := next((words for sign, words in _TLS.items() if sign in str(error)), ""):
                return failed(BackendUnreachable, words)
            words = "the Hindsight server can't be reached; check that it runs, and its URL, HINDSIGHT_API_URL"
            return failed(BackendUnreachable, words, repeatable=True)
        case AnswerTooLong():
            words = f"the answer to {call.verb} is too long: ask for less at once, or raise max_answer_bytes"
            return failed(UnexpectedAnswer, words, processed=True)
        case httpx.DecodingError():
            return Failure(faults.unreadable(b"", verb=call.verb), processed=True, repeatable=False)
        case httpcore.NetworkError() | httpcore.RemoteProtocolError():
            words = f"the connection to the Hindsight server broke during {call.verb}"
            return failed(BackendUnreachable, words, processed=True, repeatable=True)
    words = f"{call.verb} can't be sent as configured; check hindsight_api_url, proxy and headers"
    return failed(BackendUnreachable, words)
