"""The ASGI guard of the server: it identifies each request and checks it against the allowed routes.

Plain ASGI, around the whole application, MCP included.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hindsight_teams.access.grants import Access
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.requests.checks import MAX_BANK_ID
from hindsight_teams.server.authority import Authority, Identity
from hindsight_teams.server.routes import MCP_ARGUMENTS, MCP_METHODS, MCP_TOOLS, OPEN, Fields, wanted

MCP = "/mcp"
MAX_BODY = 32 * 1024 * 1024
"""Bytes of a member's request that are read to see what it asks for; a larger one is refused."""

_SESSION = b"mcp-session-id"
_UNFIT = re.compile(r"(?<!\\)(?:\\\\)*\\u0000|[\ud800-\udfff]")
"""In JSON, what no database takes and the server would fail on."""

admitted: ContextVar[str | None] = ContextVar("hindsight_teams_admitted", default=None)
"""The id of the key that the guard let through, for this request."""

single_bank: ContextVar[bool] = ContextVar("hindsight_teams_single_bank", default=False)
"""Whether this MCP request names its bank in the path."""

log = logging.getLogger(__name__)


class Refused(Exception):
    """The answer to a request that is not let through."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Sessions:
    """Which key opened which MCP session: another key can neither use, hear nor end it.

    Args:
        kept: How many are remembered. The oldest are forgotten beyond that; whoever used one opens another.
    """

    def __init__(self, *, kept: int = 10_000) -> None:
        self._kept = kept
        self._opened: OrderedDict[str, str] = OrderedDict()

    def check(self, session: str | None, key_id: str) -> None:
        """Refuse a session that this key did not open.

        Raises:
            Refused: The words are those of the server for a session that it does not know.
        """
        if session is not None and self._opened.get(session) != key_id:
            raise Refused(404, "Session not found")

    def noting(self, send: Send, key_id: str) -> Send:
        """``send``, which notes the session that an answer opens."""

        async def noted(message: Message) -> None:
            for name, value in message.get("headers", ()) if message["type"] == "http.response.start" else ():
                if name.lower() == _SESSION:
                    self._opened.setdefault(value.decode("latin-1"), key_id)
                    while len(self._opened) > self._kept:
                        self._opened.popitem(last=False)
            await send(message)

        return noted


class Guard:
    """Lets through what the key's owner may do, and nothing else.

    Args:
        app: The server's application.
        authority: Knows keys and grants.
    """

    def __init__(self, app: ASGIApp, authority: Authority) -> None:
        self.app = app
        self.authority = authority
        self.sessions = Sessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": "not allowed"})
            return
        path = _path(scope)
        if scope["method"] == "GET" and path in OPEN:
            await self.app(scope, receive, send)
            return
        try:
            identity = self._identify(scope)
            on_mcp = path == MCP or path.startswith(f"{MCP}/")
            if on_mcp:
                self.sessions.check(_header(scope, _SESSION), identity.key.id)
                send = self.sessions.noting(send, identity.key.id)
            if not identity.admin:
                if on_mcp:
                    receive = await self._check_mcp(identity, scope, path, receive)
                elif (fields := _check_route(identity, scope, path)) is not None:
                    receive = await _check_body(fields, receive)
        except Refused as refusal:
            await JSONResponse({"detail": refusal.detail}, refusal.status)(scope, receive, send)
            return
        admission = admitted.set(identity.key.id)
        single = single_bank.set(on_mcp and _mcp_bank(path) is not None)
        try:
            await self.app(scope, receive, send)
        finally:
            single_bank.reset(single)
            admitted.reset(admission)

    def _identify(self, scope: Scope) -> Identity:
        try:
            identity = self.authority.identify(_bearer(scope))
        except HindsightTeamsError as error:
            log.error("no member key counts until this is mended: %s %s", error, error.details)
            raise Refused(503, "the server can't check keys at present; its log says why") from None
        if identity is None:
            raise Refused(401, "Authentication failed: Invalid API key")
        return identity

    async def _check_mcp(self, identity: Identity, scope: Scope, path: str, receive: Receive) -> Receive:
        """Hold each message of an MCP request against the member's grants; gives the body back to be read again."""
        bank = _mcp_bank(path)
        if bank is not None and not any(identity.may(verb, bank) for verb in Access):
            raise Refused(403, _denied(identity, "use", bank))
        if scope["method"] in ("GET", "DELETE"):  # the event stream and the end of a session
            return receive
        if scope["method"] != "POST":
            raise Refused(403, _denied(identity, f"{scope['method']} here"))
        body = await _read(receive)
        data = _parsed(body, "this is not a JSON-RPC message")
        for message in data if isinstance(data, list) else [data]:
            _check_message(identity, message, bank or _header(scope, b"x-bank-id"))
        return _replay(body, receive)


def _check_route(identity: Identity, scope: Scope, path: str) -> Fields | None:
    """Hold a request against the list of routes; gives the fields that its body may have, where it has one."""
    query = scope.get("query_string", b"").decode("latin-1")
    wish = wanted(scope["method"], path, query)
    if wish is None:
        raise Refused(403, _denied(identity, "do that; it takes an admin key"))
    if wish.bank_id is None:
        if wish.fault:
            raise Refused(403, wish.fault)
        return None
    held = [route for route in wish.routes if identity.may(route.access, wish.bank_id)]
    if not held:
        raise Refused(403, _denied(identity, wish.routes[0].access.verbs[0], wish.bank_id))
    faults = [route.fault(query) for route in held]
    if None not in faults:
        raise Refused(403, faults[0] or "")
    return held[faults.index(None)].body


async def _check_body(fields: Fields, receive: Receive) -> Receive:
    """Hold a request's body against the fields that it may have; gives it back to be read again."""
    body = await _read(receive)
    fault = fields.fault(_parsed(body, "the body is not a JSON object"))
    if fault is not None:
        raise Refused(422, fault)
    return _replay(body, receive)


def _check_message(identity: Identity, message: Any, default_bank: str | None) -> None:
    method = message.get("method") if isinstance(message, dict) else None
    if not isinstance(method, str):
        if isinstance(message, dict) and "method" not in message:
            return  # an answer to the server
        raise Refused(400, "this is not a JSON-RPC message")
    if method not in MCP_METHODS and not method.startswith("notifications/"):
        raise Refused(403, _denied(identity, f"use the MCP method {method[:80]!r}"))
    if method != "tools/call":
        return
    params = message.get("params")
    tool = params.get("name") if isinstance(params, dict) else None
    arguments = params.get("arguments") if isinstance(params, dict) else None
    verb = MCP_TOOLS.get(tool) if isinstance(tool, str) else None
    if verb is None:
        raise Refused(403, _denied(identity, f"call the tool {str(tool)[:80]!r}"))
    bank = arguments.get("bank_id") if isinstance(arguments, dict) else None
    bank = bank if bank is not None else default_bank
    # Where no bank is named at all the server takes its default; the validator judges that.
    if verb and isinstance(bank, str) and not identity.may(verb, bank):
        raise Refused(403, _denied(identity, verb.verbs[0], bank))
    if arguments is not None and (fault := MCP_ARGUMENTS[str(tool)].fault(arguments, "the tool's arguments")):
        raise Refused(422, fault)


def _denied(identity: Identity, what: str, bank: str | None = None) -> str:
    return f"member {identity.member!r} may not {what}{f' on bank {bank[:MAX_BANK_ID]!r}' if bank is not None else ''}"


def _path(scope: Scope) -> str:
    """The path as the server's router sees it: without the base path."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if not root or not path.startswith(root):
        return path
    return path[len(root) :] if path == root or path[len(root)] == "/" else path


def _mcp_bank(path: str) -> str | None:
    """The bank in ``/mcp/BANK/...``."""
    return path.removeprefix(MCP).lstrip("/").split("/", 1)[0] or None


def _header(scope: Scope, name: bytes) -> str | None:
    values = [value for key, value in scope["headers"] if key.lower() == name]
    if len(values) > 1:
        raise Refused(400, f"the header {name.decode()} is given twice")
    return values[0].decode("utf-8", "replace") if values else None


def _bearer(scope: Scope) -> str | None:
    value = (_header(scope, b"authorization") or "").strip()
    return value[7:].strip() if value.lower().startswith("bearer ") else value or None


def _parsed(body: bytes, otherwise: str) -> Any:
    """The JSON in a body, in which no reader could see something else than another, and which a database can hold."""
    try:
        data = json.loads(body.decode("utf-8"), object_pairs_hook=_unique)
        unfit = b"\\u" in body and _UNFIT.search(json.dumps(data, ensure_ascii=False))
    except (ValueError, RecursionError):
        raise Refused(400, otherwise) from None
    if unfit:
        raise Refused(422, "a text holds a NUL character or half of a surrogate pair; remove it")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ; with doubles, two readers could see two different messages."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "the request was cut")
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise Refused(413, "the message is too large")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
