"""A backend made of a client that somebody else wrote: an official ``hindsight_client.Hindsight``, or a test double."""

from __future__ import annotations

import asyncio
import copy
import inspect
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from hindsight_teams.backends.client import calls
from hindsight_teams.backends.client.loop import BackgroundLoop
from hindsight_teams.errors import BankNotFound, HindsightTeamsError, InvalidInput, Unsupported
from hindsight_teams.models import (
    Budget,
    Health,
    MemoryType,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagGroup,
    TagsMatch,
    UpdateMode,
)

T = TypeVar("T")

VERBS = ("retain", "recall", "reflect")


def _lacking(verb: str) -> Callable[..., Any]:
    def method(self: ClientBackend, *args: Any, **options: Any) -> Any:
        raise _unsupported(verb)

    return method


def _alacking(verb: str) -> Callable[..., Any]:
    async def method(self: ClientBackend, *args: Any, **options: Any) -> Any:
        raise _unsupported(verb)

    return method


def _unsupported(verb: str) -> Unsupported:
    return Unsupported(
        f"a memory client given as client= offers no {verb}; give hindsight_api_url= or backend= for that instead"
    )


class ClientBackend:
    """A MemoryBackend over anything with retain, recall or reflect, as plain methods, coroutines, or ``a``-twins.

    Coroutines always run in one event loop, in a thread of its own: the official client belongs to the loop of its
    first call for life. So one client serves any number of threads and loops, and sync calls work inside a running
    loop too. Of an official client this uses a twin with connections of its own; the one given stays the caller's.

    Args:
        client: The client. What it can't do raises ``Unsupported``.

    Raises:
        InvalidInput: It has none of the three verbs.
    """

    append_signs_anew = True
    """An append may give the whole document its own tags and metadata, as a Hindsight server does."""

    def __init__(self, client: Any) -> None:
        if not any(callable(getattr(client, prefix + verb, None)) for verb in VERBS for prefix in ("", "a")):
            raise InvalidInput(
                f"client={type(client).__name__!r} has no retain, recall or reflect; give a MemoryBackend, a"
                " hindsight_client.Hindsight, or an object with those methods"
            )
        self.client = client
        self._lock = threading.Lock()
        self._loop: BackgroundLoop | None = None
        self._in_use: Any = None

    @property
    def name(self) -> str:
        """``client``."""
        return "client"

    def __deepcopy__(self, memo: dict[int, Any]) -> ClientBackend:
        return self

    # --- the verbs ----------------------------------------------------------------------------------------------

    def retain(
        self,
        bank_id: str,
        content: str,
        *,
        timestamp: datetime | None = None,
        context: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        document_id: str | None = None,
        update_mode: UpdateMode = "replace",
        entities: Sequence[str] | None = None,
    ) -> Receipt:
        """Store one piece of content; see ``MemoryBackend``."""
        item = RetainItem(content, timestamp, context, metadata, tags, document_id, update_mode, entities)
        return self._run(calls.retain(bank_id, [item]))

    async def aretain(
        self,
        bank_id: str,
        content: str,
        *,
        timestamp: datetime | None = None,
        context: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        document_id: str | None = None,
        update_mode: UpdateMode = "replace",
        entities: Sequence[str] | None = None,
    ) -> Receipt:
        """Async twin of ``retain``."""
        item = RetainItem(content, timestamp, context, metadata, tags, document_id, update_mode, entities)
        return await self._arun(calls.retain(bank_id, [item]))

    def retain_batch(self, bank_id: str, items: Sequence[RetainItem]) -> Receipt:
        """Store several pieces; a single one goes to the client's ``retain``."""
        return self._run(calls.retain(bank_id, items))

    async def aretain_batch(self, bank_id: str, items: Sequence[RetainItem]) -> Receipt:
        """Async twin of ``retain_batch``."""
        return await self._arun(calls.retain(bank_id, items))

    def recall(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        max_tokens: int = 4096,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        query_timestamp: datetime | None = None,
        types: Sequence[MemoryType] | None = None,
        explain: bool = False,
    ) -> RecallResult:
        """Find memories; see ``MemoryBackend``."""
        limits = {"budget": budget, "max_tokens": max_tokens, "query_timestamp": query_timestamp, "types": types}
        return self._run(calls.recall(bank_id, query, limits, tags, tags_match, tag_groups, explain))

    async def arecall(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        max_tokens: int = 4096,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        query_timestamp: datetime | None = None,
        types: Sequence[MemoryType] | None = None,
        explain: bool = False,
    ) -> RecallResult:
        """Async twin of ``recall``."""
        limits = {"budget": budget, "max_tokens": max_tokens, "query_timestamp": query_timestamp, "types": types}
        return await self._arun(calls.recall(bank_id, query, limits, tags, tags_match, tag_groups, explain))

    def reflect(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        context: str | None = None,
        max_tokens: int | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> Reflection:
        """Answer a question from what the bank holds; see ``MemoryBackend``."""
        options = {"budget": budget, "max_tokens": max_tokens, "context": context, "response_schema": response_schema}
        return self._run(calls.reflect(bank_id, query, options, tags, tags_match, tag_groups))

    async def areflect(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        context: str | None = None,
        max_tokens: int | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> Reflection:
        """Async twin of ``reflect``."""
        options = {"budget": budget, "max_tokens": max_tokens, "context": context, "response_schema": response_schema}
        return await self._arun(calls.reflect(bank_id, query, options, tags, tags_match, tag_groups))

    def delete_bank(self, bank_id: str) -> int:
        """Delete a bank with all it holds, where the client can; see ``MemoryBackend``."""
        return self._run(calls.delete_bank(bank_id))

    async def adelete_bank(self, bank_id: str) -> int:
        """Async twin of ``delete_bank``."""
        return await self._arun(calls.delete_bank(bank_id))

    ensure_bank, aensure_bank = _lacking("ensure_bank"), _alacking("ensure_bank")
    list_banks, alist_banks = _lacking("list_banks"), _alacking("list_banks")
    bank_stats, abank_stats = _lacking("bank_stats"), _alacking("bank_stats")
    list_memories, alist_memories = _lacking("list_memories"), _alacking("list_memories")
    delete_memories, adelete_memories = _lacking("delete_memories"), _alacking("delete_memories")
    list_tags, alist_tags = _lacking("list_tags"), _alacking("list_tags")

    def health(self) -> Health:
        """Whether the client's server tells its version; a client that can't ask is taken to be well."""
        try:
            return self._health(version=self._run(calls.version()))
        except HindsightTeamsError as error:
            return self._health(error=error)

    async def ahealth(self) -> Health:
        """Async twin of ``health``."""
        try:
            return self._health(version=await self._arun(calls.version()))
        except HindsightTeamsError as error:
            return self._health(error=error)

    def close(self) -> None:
        """End the loop and the connections in it; a later call opens them anew. The client given stays open."""
        with self._lock:
            loop, self._loop, self._in_use = self._loop, None, None
        if loop is not None:
            loop.close()

    async def aclose(self) -> None:
        """Async twin of ``close``."""
        await asyncio.to_thread(self.close)

    # --- the two ways to make a call ----------------------------------------------------------------------------

    def _run(self, call: calls.Call[T]) -> T:
        try:
            with calls.typed_errors(call.verb):
                method = self._method(call.verb)
                arguments, lost = call.fitted(method)
                if inspect.iscoroutinefunction(method):
                    answer = self._background().run(method(**arguments))
                else:
                    answer = method(**arguments)
        except BankNotFound:
            if call.missing is None:
                raise
            return call.missing
        return call.result(answer, lost)

    async def _arun(self, call: calls.Call[T]) -> T:
        try:
            with calls.typed_errors(call.verb):
                method = self._method(call.verb)
                arguments, lost = call.fitted(method)
                if inspect.iscoroutinefunction(method):
                    answer = await self._background().arun(method(**arguments))
                else:
                    answer = await asyncio.to_thread(method, **arguments)
        except BankNotFound:
            if call.missing is None:
                raise
            return call.missing
        return call.result(answer, lost)

    def _method(self, verb: str) -> Callable[..., Any]:
        """The client's method for a verb: its coroutine where it has one."""
        client = self._client()
        twin = getattr(client, f"a{verb}", None)
        method = twin if inspect.iscoroutinefunction(twin) else getattr(client, verb, None)
        if not callable(method):
            raise _unsupported(verb)
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

    def _health(self, *, version: str | None = None, error: HindsightTeamsError | None = None) -> Health:
        where = getattr(self.client, "_base_url", None)
        location = where if isinstance(where, str) else type(self.client).__name__
        ok = error is None or isinstance(error, Unsupported)
        return Health(ok, self.name, location, version, "" if error is None else str(error))


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
