"""Authentication of the web page: a browser on this machine with the token of the address.

A page of some other site can reach a loopback port too. It can't know the token; its requests carry another Host once
its name was rebound to this machine, or another Origin; and no answer permits it to read anything.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
"""Bytes of the largest request; the page sends a question or nothing."""

HOSTS = ("127.0.0.1", "localhost", "::1")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Nothing inline, nothing from elsewhere, and no text that a browser would parse as markup."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The two keys of a session of the page.

    Attributes:
        reader: Looks at everything and changes nothing.
        curator: Decides on reviews too; None where nobody may.
    """

    reader: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    curator: str | None = field(default=None, repr=False)

    def role(self, given: str) -> str | None:
        """``curator``, ``reader``, or None for a token that is neither; both are compared in constant time."""
        raw = given.encode("utf-8", "surrogateescape")
        reads = hmac.compare_digest(raw, self.reader.encode())
        decides = self.curator is not None and hmac.compare_digest(raw, self.curator.encode())
        return "curator" if decides else "reader" if reads else None


class Gate:
    """Wraps the page's application: refuses what does not come from the page itself, and hardens each answer.

    The page's own files hold nothing of anybody and need no token; everything below ``/api/`` does.

    Args:
        app: The application.
        tokens: What the address that was printed carries.
        port: Where the server listens; part of each Host that is accepted.
    """

    def __init__(self, app: ASGIApp, *, tokens: Tokens, port: int) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = frozenset(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in HOSTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if (problem := self._problem(scope, headers)) is not None:
            status, told = problem
            asks = {"www-authenticate": "Bearer"} if status == 401 else None
            refusal = JSONResponse({"error": {"type": "Refused", "message": told}}, status, asks)
            await refusal(scope, receive, hardened)
            return
        scope.setdefault("state", {})["role"] = self._role(headers)
        await self._app(scope, receive, hardened)

    def _problem(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if headers.get("host", "").lower() not in self._hosts:
            return 421, "this page answers to its own address on this machine alone"
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self._hosts}:
            return 403, "a page of another site asked"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return 403, "a page of another site asked"
        if scope["path"].startswith("/api/") and self._role(headers) is None:
            return 401, "the token is missing or wrong; open the address that the command printed"
        size = headers.get("content-length", "0")
        if not (size.isascii() and size.isdigit() and len(size) < 20 and int(size) <= MAX_BODY):
            return 413, f"a request may hold {MAX_BODY} bytes"
        if "transfer-encoding" in headers:
            return 411, "say how long the request is"
        return None

    def _role(self, headers: Headers) -> str | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self._tokens.role(token.strip()) if scheme.lower() == "bearer" else None
