"""HindsightBackend: banks on a Hindsight server, self-hosted or Cloud."""

from __future__ import annotations

import asyncio
import ssl
import time
import weakref
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from pydantic import SecretStr

from hindsight_teams.backends.hindsight.connection import Connection, Timeouts
from hindsight_teams.backends.hindsight.plans import banks, memories, operations, verbs
from hindsight_teams.backends.hindsight.retry import RetryPolicy
from hindsight_teams.backends.hindsight.transport import Pool
from hindsight_teams.backends.hindsight.wire import Outcome, Pause, Plan, Rules
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.log import get_logger
from hindsight_teams.settings import check_api_key, check_url

T = TypeVar("T")
P = ParamSpec("P")

log = get_logger(__name__)


def _sync(plan: Callable[Concatenate[Rules, P], Plan[T]]) -> Callable[Concatenate[HindsightBackend, P], T]:
    @wraps(plan)
    def verb(self: HindsightBackend, /, *args: P.args, **options: P.kwargs) -> T:
        return self._run(plan(self._rules, *args, **options))

    return verb


def _async(
    plan: Callable[Concatenate[Rules, P], Plan[T]],
) -> Callable[Concatenate[HindsightBackend, P], Coroutine[Any, Any, T]]:
    @wraps(plan)
    async def verb(self: HindsightBackend, /, *args: P.args, **options: P.kwargs) -> T:
        return await self._arun(plan(self._rules, *args, **options))

    return verb


def _log_repeat(pause: Pause) -> None:
    if pause.why:
        log.warning("request repeated", seconds=round(pause.seconds, 2), reason=pause.why)


class HindsightBackend:
    """Banks on a Hindsight server, over HTTP; threads, coroutines and event loops may share one.

    Nothing is opened before the first call. ``copy.deepcopy`` gives the same backend: connections can't be copied.

    Args:
        base_url: ``http://localhost:8888``, or with a path prefix.
        api_key: Sent as a bearer token; None for a server without authentication.
        timeouts: Seconds to wait for each kind of call.
        headers: Sent with every request, besides those of this client.
        retry: How often a failed request is repeated, where that is safe.
        verify: False, a file or folder of certificates, or an SSL context.
        proxy: URL of a proxy; None for what the environment says.
        trust_env: Whether HTTP_PROXY, SSL_CERT_FILE and the like are read.
        max_connections: Most connections open at once, for all threads, and again for each event loop.

    Raises:
        ConfigurationError: A URL, key, header or timeout that can't be.
    """

    name = "hindsight"
    append_signs_anew = True
    """An append gives the whole document its own tags and metadata."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | SecretStr | None = None,
        timeouts: Timeouts | None = None,
        headers: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        verify: bool | str | ssl.SSLContext = True,
        proxy: str | None = None,
        trust_env: bool = True,
        max_connections: int = 100,
    ) -> None:
        try:
            self._url = check_url(base_url)
            key = api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key
            authorization = {} if key is None else {"authorization": f"Bearer {check_api_key(key)}"}
        except (ValueError, AttributeError, TypeError) as error:
            words = str(error) if isinstance(error, ValueError) else "the URL and the API key must be strings"
            raise ConfigurationError(words) from None
        self._rules = Rules(retry=retry or RetryPolicy(), has_key=key is not None, location=self._url)
        self._pool = Pool(
            Connection(
                self._url,
                headers={**authorization, **(headers or {})},
                timeouts=timeouts or Timeouts(),
                verify=verify,
                proxy=proxy,
                trust_env=trust_env,
                max_connections=max_connections,
            )
        )
        weakref.finalize(self, self._pool.close)  # also at the interpreter's exit

    @property
    def location(self) -> str:
        """The server's base URL."""
        return self._url

    retain, aretain = _sync(verbs.retain), _async(verbs.retain)
    retain_batch, aretain_batch = _sync(verbs.retain_batch), _async(verbs.retain_batch)
    recall, arecall = _sync(verbs.recall), _async(verbs.recall)
    reflect, areflect = _sync(verbs.reflect), _async(verbs.reflect)

    ensure_bank, aensure_bank = _sync(banks.ensure_bank), _async(banks.ensure_bank)
    list_banks, alist_banks = _sync(banks.list_banks), _async(banks.list_banks)
    bank_stats, abank_stats = _sync(banks.bank_stats), _async(banks.bank_stats)
    delete_bank, adelete_bank = _sync(banks.delete_bank), _async(banks.delete_bank)
    list_tags, alist_tags = _sync(banks.list_tags), _async(banks.list_tags)
    version, aversion = _sync(banks.version), _async(banks.version)
    check_version, acheck_version = _sync(banks.check_version), _async(banks.check_version)
    health, ahealth = _sync(banks.health), _async(banks.health)

    list_memories, alist_memories = _sync(memories.list_memories), _async(memories.list_memories)
    get_memory, aget_memory = _sync(memories.get_memory), _async(memories.get_memory)
    delete_memories, adelete_memories = _sync(memories.delete_memories), _async(memories.delete_memories)
    list_documents, alist_documents = _sync(memories.list_documents), _async(memories.list_documents)
    get_document, aget_document = _sync(memories.get_document), _async(memories.get_document)
    delete_document, adelete_document = _sync(memories.delete_document), _async(memories.delete_document)

    list_operations, alist_operations = _sync(operations.list_operations), _async(operations.list_operations)
    get_operation, aget_operation = _sync(operations.get_operation), _async(operations.get_operation)
    cancel_operation, acancel_operation = _sync(operations.cancel_operation), _async(operations.cancel_operation)
    wait_for_operation = _sync(operations.wait_for_operation)
    await_for_operation = _async(operations.wait_for_operation)

    def close(self) -> None:
        """Close all connections. Safe to call twice; a later call opens new ones."""
        self._pool.close()

    async def aclose(self) -> None:
        """As ``close``; the running loop's connections are closed when this returns."""
        await self._pool.aclose()

    def _run(self, plan: Plan[T]) -> T:
        outcome: Outcome = None
        try:
            while True:
                step = plan.send(outcome)
                if isinstance(step, Pause):
                    _log_repeat(step)
                    time.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = self._pool.send(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _arun(self, plan: Plan[T]) -> T:
        outcome: Outcome = None
        try:
            while True:
                step = plan.send(outcome)
                if isinstance(step, Pause):
                    _log_repeat(step)
                    await asyncio.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = await self._pool.asend(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"HindsightBackend({self._url!r})"
