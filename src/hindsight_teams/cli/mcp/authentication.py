"""Authentication of the HTTP transport: a request without the member's own key is refused."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from hindsight_teams.server.key_file import KeyStore

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class KeyGate:
    """Wraps the protocol's application.

    Args:
        app: The application.
        keys: The key file; a key that is revoked there stops to count at the next request.
        team: Whose keys count.
        member: Whose key it must be; one of another member, and an operator's, opens nothing here.
    """

    def __init__(self, app: App, *, keys: KeyStore, team: str, member: str) -> None:
        self._app = app
        self._keys = keys
        self._who = (team, member)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and not self._holds(scope):
            await _refuse(send)
        elif scope["type"] in ("http", "lifespan"):
            await self._app(scope, receive, send)

    def _holds(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, key = given[0].decode("latin-1").partition(" ")
        record = self._keys.verify(key.strip()) if scheme.lower() == "bearer" else None
        return record is not None and not record.admin and (record.team, record.member) == self._who


async def _refuse(send: Send) -> None:
    body = json.dumps({"error": "invalid_token", "error_description": "the member's own key is needed"}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", b'Bearer error="invalid_token"'),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})
