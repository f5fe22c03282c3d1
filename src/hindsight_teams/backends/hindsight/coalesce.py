"""Network streams: one system call for a small request, one deadline for the whole answer, no answer of another's.

httpcore writes the head of a request and its body apart; here they are sent together: a recall takes 308 instead of 331
µs of CPU, the median of 15 rounds (``python benchmarks/coalescing.py``). And its read timeout begins anew with each
byte: a server, or something before it, that trickles an answer would never be given up. Here the time of all reads
counts together. And what a server sent beyond one answer it takes for the answer to the next request; so a stream tells
whether it was read since the last write.
"""

# ruff: noqa: ASYNC109  # a timeout as a parameter is httpcore's own signature

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Any

import httpcore

UNREAD = "unread"
"""The extra information of a stream that is true where nothing was read since the last write."""

_ENOUGH = 65_536


class _Exchange:
    """What is written and not sent yet, when the last of it was sent, and whether nothing was read since."""

    __slots__ = ("_sent", "kept", "unread")

    def __init__(self) -> None:
        self.kept = b""
        self.unread = False
        self._sent = 0.0

    def keep(self, buffer: bytes) -> bool:
        """Keep what is written; whether it is enough to be sent."""
        self.kept += buffer
        self.unread = True
        return len(self.kept) >= _ENOUGH

    def take(self) -> bytes:
        """All that was kept, to be sent now."""
        kept, self.kept = self.kept, b""
        self._sent = time.monotonic()
        return kept

    def left(self, timeout: float | None) -> float | None:
        """How much of a read's timeout is left.

        Raises:
            httpcore.ReadTimeout: Nothing.
        """
        self.unread = False
        if timeout is None:
            return None
        left = timeout - (time.monotonic() - self._sent)
        if left <= 0:
            raise httpcore.ReadTimeout("the answer is not whole in time")
        return left


class _Stream(httpcore.NetworkStream):
    """A stream that sends what was written when it is read, or when there is much of it."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain
        self._exchange = _Exchange()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._exchange.keep(buffer):
            self._flush(timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._exchange.kept:
            self._flush(timeout)
        return self._plain.read(max_bytes, self._exchange.left(timeout))

    def _flush(self, timeout: float | None) -> None:
        if self._exchange.kept:
            self._plain.write(self._exchange.take(), timeout)

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._flush(timeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._exchange.unread if info == UNREAD else self._plain.get_extra_info(info)


class _Reader(asyncio.StreamReader):
    """What came from the server, and whether anything came that nobody asked for: the end of the connection is one."""

    heard = False

    def feed_data(self, data: Any) -> None:
        self.heard = True
        super().feed_data(data)

    def feed_eof(self) -> None:
        self.heard = True
        super().feed_eof()


class _AsyncStream(httpcore.AsyncNetworkStream):
    """As ``_Stream``, for one event loop: asyncio's own streams, which cost half of what anyio's do."""

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._exchange = _Exchange()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._exchange.keep(buffer):
            await self._flush(timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._exchange.kept:
            await self._flush(timeout)
        with _errors(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(self._exchange.left(timeout)):
                data = await self._reader.read(max_bytes)
        self._reader.heard = self._reader.at_eof()
        return data

    async def _flush(self, timeout: float | None) -> None:
        if self._exchange.kept:
            self._writer.write(self._exchange.take())
            if not self._writer.transport.get_write_buffer_size():
                return  # all of it is sent, as nearly always
            with _errors(httpcore.WriteTimeout, httpcore.WriteError):
                async with asyncio.timeout(timeout):
                    await self._writer.drain()

    async def aclose(self) -> None:
        if self._writer.get_extra_info("ssl_object"):
            self._writer.transport.abort()  # without waiting for the server to close its side
        else:
            self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        await self._flush(timeout)
        with _errors(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # asked before each request: something came, so it is of no use any more
            return self._reader.heard or self._writer.is_closing()
        if info == UNREAD:
            return self._exchange.unread
        names = {"ssl_object": "ssl_object", "client_addr": "sockname", "server_addr": "peername", "socket": "socket"}
        return self._writer.get_extra_info(names[info]) if info in names else None


@contextmanager
def _errors(late: type[httpcore.TimeoutException], broken: type[httpcore.NetworkError]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:  # TLS errors are of this kind
        raise broken(str(error)) from error


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Network(httpcore.SyncBackend):
    """A network backend of such streams."""

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        """Open a connection to a server."""
        return _Stream(super().connect_tcp(*args, **options))


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """As ``Network``, for one event loop."""

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection to a server; the pool is made without an address or socket options of its own."""
        loop = asyncio.get_running_loop()
        reader = _Reader(limit=_ENOUGH, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        # uvloop has no such option; a race that is cancelled leaves its winner to the garbage collector
        race = isinstance(loop, asyncio.BaseEventLoop) and not _is_address(host)
        eyeballs: dict[str, Any] = {"happy_eyeballs_delay": 0.25} if race else {}
        with _errors(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                transport, _ = await loop.create_connection(lambda: protocol, host, port, **eyeballs)
        return _AsyncStream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
