"""The connection settings of one server, checked once and in the form that httpcore takes."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from os.path import isdir
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from hindsight_teams.errors import ConfigurationError

KEEPALIVE = 15.0
"""Seconds an idle connection is kept: below the server's own 30, so that a request rarely meets a closing one."""

MAX_ANSWER = 64 * 2**20
"""Bytes of one answer, unpacked, unless something else is set; a page of a thousand memories has some two million."""

_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait.

    Retain and reflect are slow by nature, since an LLM is behind them. The server drops a synchronous retain whose
    client has left, so a ``retain`` too short stores nothing. A million seconds at most: sockets know no "for ever".
    """

    connect: float = 5.0
    recall: float = 30.0
    reflect: float = 120.0
    retain: float = 120.0

    def __post_init__(self) -> None:
        for name in ("connect", "recall", "reflect", "retain"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1_000_000:
                raise ConfigurationError(f"the {name} timeout {value!r} must be seconds, above 0 and at most 1,000,000")


@dataclass(frozen=True, slots=True)
class Connection:
    """One server, as given."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    timeouts: Timeouts
    verify: bool | str | ssl.SSLContext = True
    proxy: str | None = field(default=None, repr=False)
    trust_env: bool = True
    max_connections: int = 100
    max_answer_bytes: int = MAX_ANSWER

    def __post_init__(self) -> None:
        try:
            httpx.URL(self.base_url)
        except httpx.InvalidURL as error:
            raise ConfigurationError("the Hindsight URL has a host name that can't be one") from error
        if not isinstance(self.timeouts, Timeouts):
            raise ConfigurationError("timeouts must be Timeouts(connect=..., recall=..., reflect=..., retain=...)")
        if not isinstance(self.verify, bool | str | ssl.SSLContext):
            raise ConfigurationError("verify must be True, False, a file or folder of certificates or an SSL context")
        if not isinstance(self.max_connections, int) or self.max_connections < 1:
            raise ConfigurationError(f"max_connections={self.max_connections!r} must be a whole number above 0")
        if not isinstance(self.max_answer_bytes, int) or self.max_answer_bytes < 1:
            raise ConfigurationError(f"max_answer_bytes={self.max_answer_bytes!r} must be a whole number above 0")

    def pool_options(self, context: ssl.SSLContext | None) -> dict[str, Any]:
        """What an httpcore pool is made with that only makes connections.

        Raises:
            ConfigurationError: The proxy is not a URL.
        """
        given = self._proxy()
        proxy = None
        if given is not None:
            proxy = httpcore.Proxy(
                core_url(given.url), auth=given.raw_auth, headers=given.headers.raw, ssl_context=given.ssl_context
            )
        return {"ssl_context": context, "proxy": proxy, "keepalive_expiry": KEEPALIVE}

    def _proxy(self) -> httpx.Proxy | None:
        url = self.proxy
        server = urlsplit(self.base_url)
        if url is None and self.trust_env and not any(map(proxy_bypass, (server.hostname or "", server.netloc))):
            found = getproxies()
            url = found.get(server.scheme) or found.get("all")
        if not url:
            return None
        try:
            proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
        except (ValueError, httpx.InvalidURL) as error:
            raise ConfigurationError("the proxy must be a URL such as http://localhost:3128") from error
        if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
            raise ConfigurationError("a SOCKS proxy needs a further package: pip install 'httpx[socks]'")
        return proxy

    def tls(self) -> ssl.SSLContext | None:
        """The TLS settings, for https. Reading the certificates costs more than a hundred requests: do it once.

        Raises:
            ConfigurationError: The file given as ``verify`` can't be read.
        """
        if urlsplit(self.base_url).scheme == "http":
            return None
        if isinstance(self.verify, ssl.SSLContext):
            return self.verify
        try:
            if isinstance(self.verify, str):
                if isdir(self.verify):
                    return ssl.create_default_context(capath=self.verify)
                return ssl.create_default_context(cafile=self.verify)
            return httpx.create_ssl_context(verify=self.verify, trust_env=self.trust_env)
        except OSError as error:
            raise ConfigurationError("the file of certificates can't be read", verify=self.verify) from error

    def timeout(self, seconds: float) -> dict[str, Any]:
        """The extension of a request that allows an answer so many seconds.

        Who waits for a free connection waits for the answers of others, and so may wait as long as they do.
        """
        return {"timeout": {"connect": self.timeouts.connect, "read": seconds, "write": seconds, "pool": seconds}}

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of every request, ready for the wire.

        Raises:
            ConfigurationError: A header that HTTP can't carry.
        """
        headers = {
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "content-type": "application/json",
            "user-agent": f"hindsight-teams/{version('hindsight-teams')}",
            **{name.lower(): value for name, value in self.headers.items()},
        }
        for name, value in headers.items():
            if not isinstance(value, str):
                raise ConfigurationError(f"the header {name!r} must be a string")
            if not _TOKEN.fullmatch(name) or not value.isascii() or not value.isprintable():
                raise ConfigurationError(f"the header {name!r} holds characters that HTTP can't carry")
        return [(name.encode(), value.encode()) for name, value in headers.items()]


def core_url(url: httpx.URL) -> httpcore.URL:
    """A parsed URL as httpcore takes it."""
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
