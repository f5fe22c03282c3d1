"""One system call for a small request: what is written is kept until the answer is read.

httpcore writes the head of a request and its body apart. On a loopback or a fast network the second ``send`` costs more
than all of the JSON of a recall, so they are sent together. A network backend is httpcore's own place for this; httpx
has no parameter for one, so it is put into the transport's pool, and left out where a newer httpx has no such pool.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

_ENOUGH = 65_536


def coalesce(transport: httpx.HTTPTransport) -> httpx.HTTPTransport:
    """The transport, sending small requests in one piece."""
    pool = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if isinstance(backend, httpcore.NetworkBackend):
        pool._network_backend = _Backend(backend)  # type: ignore[union-attr]  # a pool that has one
    return transport


class _Backend(httpcore.NetworkBackend):
    """A network backend whose streams keep what is written."""

    def __init__(self, plain: httpcore.NetworkBackend) -> None:
        self._plain = plain

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._plain.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._plain.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._plain.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A stream that sends what was written when it is read, or when there is much of it."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain
        self._kept = b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._kept += buffer
        if len(self._kept) >= _ENOUGH:
            self._flush(timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._kept:
            self._flush(timeout)
        return self._plain.read(max_bytes, timeout)

    def _flush(self, timeout: float | None) -> None:
        kept, self._kept = self._kept, b""
        self._plain.write(kept, timeout)

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if self._kept:
            self._flush(timeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)
