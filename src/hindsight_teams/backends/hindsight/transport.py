"""Connections: one httpx.Client for all threads, one AsyncClient for each event loop.

An AsyncClient belongs to the loop it was first used in, and must be closed inside it. Each one is therefore held open
by an async generator: ``asyncio.run`` closes a loop's generators before the loop itself, and with them the client.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import ssl
import threading
import warnings
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import httpx

from hindsight_teams.backends.hindsight.failures import closed, failure
from hindsight_teams.backends.hindsight.wire import Call, Failure, Reply, Wait
from hindsight_teams.errors import ConfigurationError

KEEPALIVE = 15.0
"""Seconds an idle connection is kept: below the server's own 30, so that a request rarely meets a closing one."""

CLOSE_WAIT = 2.0
"""Seconds to wait for a loop that runs in another thread to close its client."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait.

    Retain and reflect are slow by nature, since an LLM is behind them. The server drops a synchronous retain whose
    client has left, so a ``retain`` too short stores nothing.
    """

    connect: float = 5.0
    recall: float = 30.0
    reflect: float = 120.0
    retain: float = 120.0

    def __post_init__(self) -> None:
        for name in ("connect", "recall", "reflect", "retain"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ConfigurationError(f"the {name} timeout {value!r} must be a number of seconds above 0")


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one server; all that httpx needs to know."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    timeouts: Timeouts
    verify: bool | str | ssl.SSLContext = True
    proxy: str | None = field(default=None, repr=False)
    trust_env: bool = True
    max_connections: int = 100


class Pool:
    """The clients of one server, opened when first needed.

    ``close`` gives everything back; a later request opens anew, so that a pool shared by several users can't be closed
    under one of them.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._url = lru_cache(maxsize=2048)(_url_maker(connection.base_url))
        self._waits: dict[Wait, dict[str, Any]] = {
            kind: {"timeout": self._timeout(getattr(connection.timeouts, kind))}
            for kind in ("recall", "reflect", "retain")
        }
        self._headers = _raw_headers(connection)
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._context: ssl.SSLContext | None = None
        self._loops: dict[asyncio.AbstractEventLoop, _LoopClient] = {}

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
        return Reply(response.status_code, response.content, response.headers.get("retry-after"))

    async def asend(self, call: Call) -> Reply | Failure:
        """Carry out one call in the running event loop."""
        loop = asyncio.get_running_loop()
        held = self._loops.get(loop) or await self._aopen(loop)
        try:
            response = await held.client.send(self._request(call), auth=None)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return failure(error, call)
        except RuntimeError:
            if not held.client.is_closed:
                raise
            return closed(call)
        return Reply(response.status_code, response.content, response.headers.get("retry-after"))

    def close(self) -> None:
        """Close every client; those of other event loops are closed inside their loop."""
        with self._lock:
            client, self._client = self._client, None
            loops = list(self._loops.items())
        if client is not None:
            client.close()
        for loop, held in loops:
            self._loops.pop(loop, None)
            _close_elsewhere(loop, held)

    async def aclose(self) -> None:
        """As ``close``; the running loop's own client is closed before this returns."""
        held = self._loops.pop(asyncio.get_running_loop(), None)
        if held is not None:
            await held.aclose()
        self.close()

    def _request(self, call: Call) -> httpx.Request:
        extensions = self._waits[call.wait]
        if call.longer:
            extensions = {"timeout": self._timeout(getattr(self._connection.timeouts, call.wait) + call.longer)}
        return httpx.Request(
            call.method, self._url(call.path), headers=self._headers, content=call.content, extensions=extensions
        )

    def _timeout(self, seconds: float) -> dict[str, float]:
        # A thread that waits for a free connection waits for other threads' answers, so it may wait as long as they do.
        return {"connect": self._connection.timeouts.connect, "read": seconds, "write": seconds, "pool": seconds}

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(**self._options())
            return self._client

    async def _aopen(self, loop: asyncio.AbstractEventLoop) -> _LoopClient:
        self._forget_closed_loops()
        with self._lock:
            options = self._options()
        held = self._loops[loop] = _LoopClient(self, loop, httpx.AsyncClient(**options))
        await held.hold()
        return held

    def _options(self) -> dict[str, Any]:
        given = self._connection
        if self._context is None:  # reading the system's certificates costs more than everything else here: once
            try:
                self._context = (
                    given.verify
                    if isinstance(given.verify, ssl.SSLContext)
                    else ssl.create_default_context(cafile=given.verify)
                    if isinstance(given.verify, str)
                    else httpx.create_ssl_context(verify=given.verify, trust_env=given.trust_env)
                )
            except OSError as error:
                raise ConfigurationError(
                    "the file of certificates given as verify can't be read", verify=given.verify
                ) from error
        limits = httpx.Limits(
            max_connections=given.max_connections,
            max_keepalive_connections=given.max_connections,
            keepalive_expiry=KEEPALIVE,
        )
        return {"verify": self._context, "proxy": given.proxy, "trust_env": given.trust_env, "limits": limits}

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in list(self._loops) if loop.is_closed()]:
            held = self._loops.pop(loop, None)
            if held is not None:
                _abandon(held)

    def _after_fork(self) -> None:
        _inherited.append((self._client, self._loops))
        self._reset()


class _LoopClient:
    """An AsyncClient, and the generator that closes it with its loop."""

    __slots__ = ("_holder", "client")

    def __init__(self, pool: Pool, loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
        self.client = client
        self._holder = _hold(weakref.ref(pool), loop, client)

    async def hold(self) -> None:
        await anext(self._holder)

    async def aclose(self) -> None:
        await self._holder.aclose()
        await self.client.aclose()


async def _hold(
    pool: weakref.ref[Pool], loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        if (owner := pool()) is not None:
            owner._loops.pop(loop, None)
        await client.aclose()


def _close_elsewhere(loop: asyncio.AbstractEventLoop, held: _LoopClient) -> None:
    """Close a client of any loop from any thread, as well as that loop's state allows."""
    if loop.is_closed():
        _abandon(held)
    elif _in_a_loop():
        if loop.is_running():
            loop.call_soon_threadsafe(lambda: _keep(loop.create_task(held.aclose())))
        else:
            _abandon(held)
    elif loop.is_running():
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(held.aclose(), loop).result(CLOSE_WAIT)
    else:
        loop.run_until_complete(held.aclose())


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _keep(task: asyncio.Task[None]) -> None:
    _closing.add(task)
    task.add_done_callback(_closing.discard)


def _abandon(held: _LoopClient) -> None:
    """Let go of a client whose loop was closed without its generators: nothing can run in it any more.

    Its sockets are closed as they are collected; the warning that asyncio gives then would blame nobody who could help.
    """
    held.client = None  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        held._holder = None  # type: ignore[assignment]
        gc.collect()


def _url_maker(base_url: str) -> Callable[[str], httpx.URL]:
    return lambda path: httpx.URL(base_url + path)


def _raw_headers(connection: Connection) -> list[tuple[bytes, bytes]]:
    """The headers of every request, ready for the wire.

    Raises:
        ConfigurationError: A header that HTTP can't carry.
    """
    headers = {
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "content-type": "application/json",
        "user-agent": f"hindsight-teams/{version('hindsight-teams')}",
        **{name.lower(): value for name, value in connection.headers.items()},
    }
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise ConfigurationError(f"the header {name!r} holds characters that HTTP can't carry")
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _after_fork() -> None:
    for pool in list(_pools):
        pool._after_fork()


_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_closing: set[asyncio.Task[None]] = set()
_inherited: list[Any] = []  # after a fork the parent's connections may be neither used nor closed

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
