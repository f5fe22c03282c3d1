"""HindsightBackend: banks on a Hindsight server, self-hosted or Cloud."""

from __future__ import annotations

import asyncio
import ssl
import time
import weakref
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from pydantic import SecretStr

from hindsight_teams.backends.base import Backend
from hindsight_teams.backends.hindsight.connection import MAX_ANSWER, Connection, Timeouts
from hindsight_teams.backends.hindsight.plans import PLANS
from hindsight_teams.backends.hindsight.retry import RetryPolicy
from hindsight_teams.backends.hindsight.transport import Pool
from hindsight_teams.backends.hindsight.wire import Outcome, Pause, Plan, Rules, Step
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.log import get_logger
from hindsight_teams.requests.core import STANDARD, Capability, Request
from hindsight_teams.requests.driver import adrive, drive
from hindsight_teams.settings import check_api_key, check_url

R = TypeVar("R")

log = get_logger(__name__)


def _log_repeat(pause: Pause) -> None:
    if pause.why:
        log.warning("request repeated", seconds=round(pause.seconds, 2), reason=pause.why)


class HindsightBackend(Backend):
    """Banks on a Hindsight server, over HTTP; threads, coroutines and event loops may share one.

    Nothing is opened before the first call. ``copy.deepcopy`` gives the same backend: connections can't be copied.
    Pickled, for a pool of processes, it holds its URL and options, **with the API key**.

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
        max_answer_bytes: A longer answer, unpacked, is not read to its end: the call raises ``UnexpectedAnswer``.

    Raises:
        ConfigurationError: A URL, key, header or timeout that can't be.
    """

    name = "hindsight"
    capabilities = STANDARD | {
        Capability.APPEND_SIGNS_ANEW,
        Capability.DOCUMENTS,
        Capability.GET_MEMORY,
        Capability.OPERATIONS,
        Capability.SOURCES,
        Capability.VERSION,
    }

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
        max_answer_bytes: int = MAX_ANSWER,
    ) -> None:
        try:
            self._url = check_url(base_url)
            key = api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key
            authorization = {} if key is None else {"authorization": f"Bearer {check_api_key(key)}"}
        except (ValueError, AttributeError) as error:
            words = str(error) if isinstance(error, ValueError) else "the URL and the API key must be strings"
            raise ConfigurationError(words) from None
        self._rules = Rules(retry=retry or RetryPolicy(), has_key=key is not None, location=self._url)
        options: dict[str, Any] = {
            "timeouts": timeouts or Timeouts(),
            "verify": verify,
            "proxy": proxy,
            "trust_env": trust_env,
            "max_connections": max_connections,
            "max_answer_bytes": max_answer_bytes,
        }
        self._pool = Pool(Connection(self._url, headers={**authorization, **(headers or {})}, **options))
        self._options = {**options, "api_key": key and SecretStr(key), "headers": dict(headers or {}), "retry": retry}
        weakref.finalize(self, self._pool.close)  # also at the interpreter's exit

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process by the URL and the options, the API key among them; the connections stay."""
        return partial(type(self), self._url, **self._options), ()

    @property
    def location(self) -> str:
        """The server's base URL."""
        return self._url

    def execute(self, request: Request[R], /) -> R:
        """Carry out a request."""
        request.admit(self)
        return drive(self._plan(request), self._do)

    async def aexecute(self, request: Request[R], /) -> R:
        """As ``execute``, in the running event loop."""
        request.admit(self)
        return await adrive(self._plan(request), self._ado)

    def _plan(self, request: Request[R]) -> Plan[R]:
        plan: Plan[R] = PLANS[type(request)](self._rules, request)
        return plan

    def _do(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            _log_repeat(step)
            time.sleep(step.seconds)
            return None
        return self._pool.send(step)

    async def _ado(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            _log_repeat(step)
            await asyncio.sleep(step.seconds)
            return None
        return await self._pool.asend(step)

    def close(self) -> None:
        """Close all connections. Safe to call twice; a later call opens new ones."""
        self._pool.close()

    async def aclose(self) -> None:
        """As ``close``; the running loop's connections are closed when this returns."""
        await self._pool.aclose()

    def __repr__(self) -> str:
        return f"HindsightBackend({self._url!r})"
