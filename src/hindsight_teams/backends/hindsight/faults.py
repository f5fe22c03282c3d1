"""Turn an HTTP status and body into a typed error. Pure.

The messages are safe for a model; the server's own words, with the address, go to ``details``.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hindsight_teams.backends.hindsight.retry import retry_after_seconds
from hindsight_teams.errors import (
    BackendError,
    BackendUnreachable,
    BankNotFound,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    ServerFault,
    Unauthorized,
    UnexpectedAnswer,
    Unsupported,
)

NOT_HINDSIGHT = "what answered is not a Hindsight server; check hindsight_api_url, and what stands between"
PROXY_LOGIN = "the proxy wants a user name and password, or refused them; check proxy, HTTP_PROXY and HTTPS_PROXY"
MAX_WORDS = 500
"""Characters of a foreign answer that are kept in ``details``."""


def from_answer(status: int, content: bytes, *, verb: str, retry_after: str | None, has_key: bool) -> BackendError:
    """The error that an answer with a failing status means.

    Args:
        status: HTTP status, not 2xx.
        content: The raw body.
        verb: What was asked, for the message.
        retry_after: The header of that name.
        has_key: An API key was sent.
    """
    detail = _detail(content)
    details: dict[str, Any] = {"status": status, "server_says": _words(detail, content)}
    if status == 401:
        if has_key:
            return Unauthorized(
                "the Hindsight server refused the API key; check api_key or HINDSIGHT_API_KEY", **details
            )
        return Unauthorized("the Hindsight server wants an API key; set api_key or HINDSIGHT_API_KEY", **details)
    if status == 403:
        return Forbidden(f"the API key does not allow {verb} here; ask whoever runs the Hindsight server", **details)
    if status == 407:
        return BackendUnreachable(PROXY_LOGIN, **details)
    if status == 413:
        return Rejected(f"the {verb} is too large for the server, or for a proxy before it; split it", **details)
    if status == 429:
        seconds = retry_after_seconds(retry_after)
        when = "later" if seconds is None else f"in {seconds:.0f} s"
        return RateLimited(
            f"the Hindsight server takes no more requests now; try {when}", retry_after=seconds, **details
        )
    if status >= 500:
        return ServerFault(f"the Hindsight server failed on {verb} ({status}); try later or look at its log", **details)
    if 300 <= status < 400:
        return UnexpectedAnswer(
            f"the Hindsight server redirects ({status}); give its final address as hindsight_api_url", **details
        )
    if detail is None:
        return UnexpectedAnswer(f"{NOT_HINDSIGHT} (it answered {verb} with {status})", **details)
    if status in (404, 405):
        return _not_found(detail, verb, details)
    if isinstance(detail, str) and verb == "reflect" and "llm" in detail.lower():
        return Unsupported("this Hindsight server has no LLM and can't reflect; use recall, or give it one", **details)
    field = _field(detail)
    if field:
        return Rejected(f"the Hindsight server refused {field} of {verb} ({status})", field=field, **details)
    return Rejected(f"the Hindsight server refused {verb} ({status})", field=None, **details)


def unreadable(content: bytes, *, verb: str) -> UnexpectedAnswer:
    """The error for a 2xx answer that is not the JSON it should be."""
    return UnexpectedAnswer(f"{NOT_HINDSIGHT} (its answer to {verb} can't be read)", server_says=_words(None, content))


def _not_found(detail: Any, verb: str, details: dict[str, Any]) -> BackendError:
    words = detail if isinstance(detail, str) else ""
    if words in ("Not Found", "Method Not Allowed"):  # the router's own words: no such address at all
        return UnexpectedAnswer(
            f"the server has no address for {verb}; check the path in hindsight_api_url, and the server's version",
            **details,
        )
    if words.startswith("Bank "):
        return BankNotFound("there is no such bank on the Hindsight server", **details)
    return NotFound(f"the Hindsight server knows no such thing ({verb})", **details)


def _detail(content: bytes) -> Any:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body.get("detail") if isinstance(body, dict) else None


def _words(detail: Any, content: bytes) -> str:
    if isinstance(detail, list):  # FastAPI repeats the input here; keep what was wrong with it
        detail = [{k: e.get(k) for k in ("loc", "msg")} if isinstance(e, dict) else e for e in detail]
    words = detail if isinstance(detail, str) else json.dumps(detail) if detail is not None else None
    return (content.decode("utf-8", "replace") if words is None else words)[:MAX_WORDS]


def _field(detail: Any) -> str | None:
    if not isinstance(detail, list) or not detail or not isinstance(detail[0], dict):
        return None
    where = detail[0].get("loc")
    if not isinstance(where, list):
        return None
    steps = map(str, where[1:] if where[:1] in (["body"], ["query"], ["path"]) else where)
    return re.sub(r"[^\w.\[\]-]", "_", ".".join(steps))[:80] or None
