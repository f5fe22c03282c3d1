"""ClientBackend: a backend over a client, such as an official ``hindsight_client.Hindsight`` or a test double.

A client that can be used in one event loop only is given one, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar, cast

from hindsight_teams.backends.base import Backend
from hindsight_teams.backends.client import calls
from hindsight_teams.errors import BankNotFound, HindsightTeamsError, InvalidInput, Unsupported
from hindsight_teams.models import Health
from hindsight_teams.requests import Capability, DeleteBank, GetHealth, Recall, Reflect, Request, Retain
from hindsight_teams.requests.driver import adrive, drive

R = TypeVar("R")
T = TypeVar("T")

_PATIENCE = 5.0
"""Seconds to wait for the loop to end."""


class BackgroundLoop:
    """A running event loop that every thread, and every other loop, can hand coroutines to.

    Args:
        closing: Awaited inside the loop as its last act.

    Attributes:
        process: The process it runs in; in a fork of that it does not.

    It ends with ``close``, when it is collected, or with the interpreter, whichever comes first.
    """

    def __init__(self, closing: Callable[[], Awaitable[Any]] | None = None) -> None:
        self.process = os.getpid()
        self._state = _State()
        self._thread = threading.Thread(
            target=_live, args=(self._state, closing), name="hindsight-teams-client", daemon=True
        )
        self._thread.start()
        self._state.ready.wait()
        self._end = weakref.finalize(self, _end, self._state, self._thread)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine in the loop, with the context variables of the caller."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._state.loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine from a thread without a loop, or from inside another running loop."""
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine from another loop; cancelling this cancels it."""
        return await asyncio.wrap_future(self.submit(coroutine))

    def close(self) -> None:
        """End the loop; what still runs in it is cancelled. Safe to call twice."""
        self._end()


class _State:
    """What the thread and its handle share; the thread must not keep the handle alive."""

    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event

    def __init__(self) -> None:
        self.ready = threading.Event()


def _live(state: _State, closing: Callable[[], Awaitable[Any]] | None) -> None:
    async def main() -> None:
        state.loop, state.stop = asyncio.get_running_loop(), asyncio.Event()
        state.ready.set()
        await state.stop.wait()
        if closing is not None:
            await closing()
            await asyncio.sleep(0)  # transports say goodbye in the loop's next turn

    asyncio.run(main())


def _end(state: _State, thread: threading.Thread) -> None:
    state.loop.call_soon_threadsafe(state.stop.set)
    if thread is not threading.current_thread():
        thread.join(_PATIENCE)


VERBS = ("retain", "recall", "reflect")

_OFFERS = {
    "retain": Capability.RETAIN,
    "retain_batch": Capability.RETAIN,
    "recall": Capability.RECALL,
    "reflect": Capability.REFLECT,
    "delete_bank": Capability.DELETE_BANKS,
}
"""What a client can do by the methods that it has."""

_CALLS: dict[type[Request[Any]], Callable[[Any], calls.Call[Any]]] = {
    DeleteBank: calls.delete_bank,
    Recall: calls.recall,
    Reflect: calls.reflect,
    Retain: calls.retain,
}


_Step: TypeAlias = "tuple[Callable[..., Any], dict[str, Any]]"
"""A method of the client, and its arguments."""


class ClientBackend(Backend):
    """A MemoryBackend over anything with retain, recall or reflect, as plain methods, coroutines, or ``a``-twins.

    Coroutines always run in one event loop, in a thread of its own: the official client belongs to the loop of its
    first call for life. So one client serves any number of threads and loops, and sync calls work inside a running
    loop too. Of an official client this uses a twin with connections of its own; the one given stays the caller's.

    Args:
        client: The client. What it can't do raises ``Unsupported``.

    Raises:
        InvalidInput: It has none of the three verbs.
    """

    name = "client"

    def __init__(self, client: Any) -> None:
        if not any(callable(getattr(client, prefix + verb, None)) for verb in VERBS for prefix in ("", "a")):
            raise InvalidInput(
                f"client={type(client).__name__!r} has no retain, recall or reflect; give a MemoryBackend, a"
                " hindsight_client.Hindsight, or an object with those methods"
            )
        self.client = client
        self.capabilities = frozenset(
            {
                Capability.APPEND_SIGNS_ANEW,  # it may, as a Hindsight server does
                *(
                    c
                    for verb, c in _OFFERS.items()
                    if any(callable(getattr(client, p + verb, None)) for p in ("", "a"))
                ),
            }
        )
        self._lock = threading.Lock()
        self._loop: BackgroundLoop | None = None
        self._in_use: Any = None

    def execute(self, request: Request[R], /) -> R:
        """Carry out a request."""
        request.admit(self)
        if isinstance(request, GetHealth):
            return cast("R", drive(self._health(), self._do))
        call: calls.Call[R] = _CALLS[type(request)](request)
        return drive(self._steps(call), self._do)

    async def aexecute(self, request: Request[R], /) -> R:
        """As ``execute``, without blocking the event loop."""
        request.admit(self)
        if isinstance(request, GetHealth):
            return cast("R", await adrive(self._health(), self._ado))
        call: calls.Call[R] = _CALLS[type(request)](request)
        return await adrive(self._steps(call), self._ado)

    def close(self) -> None:
        """End the loop and the connections in it; a later call opens them anew. The client given stays open."""
        with self._lock:
            loop, self._loop, self._in_use = self._loop, None, None
        if loop is not None:
            loop.close()

    async def aclose(self) -> None:
        """Async twin of ``close``."""
        await asyncio.to_thread(self.close)

    # --- a call of the client -------------------------------------------------------------------------------------

    def _steps(self, call: calls.Call[T]) -> Generator[_Step, Any, T]:
        try:
            with calls.typed_errors(call.verb):
                method = self._method(call.verb)
                arguments, lost = call.fitted(method)
                answer = yield method, arguments
        except BankNotFound:
            if call.missing is None:
                raise
            return call.missing
        return call.result(answer, lost)

    def _do(self, step: _Step) -> Any:
        method, arguments = step
        if inspect.iscoroutinefunction(method):
            return self._background().run(method(**arguments))
        return method(**arguments)

    async def _ado(self, step: _Step) -> Any:
        method, arguments = step
        if inspect.iscoroutinefunction(method):
            return await self._background().arun(method(**arguments))
        return await asyncio.to_thread(method, **arguments)

    def _method(self, verb: str) -> Callable[..., Any]:
        """The client's method for a verb: its coroutine where it has one."""
        client = self._client()
        twin = getattr(client, f"a{verb}", None)
        method = twin if inspect.iscoroutinefunction(twin) else getattr(client, verb, None)
        if not callable(method):
            raise Unsupported(f"the memory client has no {verb}; give hindsight_api_url= or backend= for that instead")
        return method

    def _client(self) -> Any:
        with self._lock:
            if (
                self._loop is not None and self._loop.process != os.getpid()
            ):  # a fork took neither loop nor thread along
                self._loop = self._in_use = None
            if self._in_use is None:
                self._in_use = _with_own_connections(self.client)
            return self._in_use

    def _background(self) -> BackgroundLoop:
        client = self._client()
        with self._lock:
            if self._loop is None:
                self._loop = BackgroundLoop(None if client is self.client else client.aclose)
            return self._loop

    def _health(self) -> Generator[_Step, Any, Health]:
        """Whether the client's server tells its version; a client that can't ask is taken to be well."""
        where = getattr(self.client, "_base_url", None)
        location = where if isinstance(where, str) else type(self.client).__name__
        try:
            version = yield from self._steps(calls.version())
        except HindsightTeamsError as error:
            return Health(isinstance(error, Unsupported), self.name, location, None, str(error))
        return Health(True, self.name, location, version)


def _with_own_connections(client: Any) -> Any:
    """An official client's twin, which shares all but the connections; any other client itself.

    The official client keeps its connections in the event loop of its first call, which may be its owner's.
    """
    if not any(base.__module__.partition(".")[0] == "hindsight_client" for base in type(client).__mro__):
        return client
    try:
        shared = client._api_client
        own = copy.copy(shared)
        own.rest_client = type(shared.rest_client)(shared.configuration)
        twin = copy.copy(client)
        for name, part in vars(client).items():
            if getattr(part, "api_client", None) is shared:
                setattr(twin, name, copy.copy(part))
                getattr(twin, name).api_client = own
        twin._api_client = own
    except AttributeError:  # another version, made otherwise
        return client
    return twin
