"""The routes that a member's key may use, and the fields and query parameters that a request may carry. Pure.

The lists are of what is allowed, so that what a newer server adds is closed until somebody opens it here. A field that
is not on the list may go past the checks behind the gate (``document_tags`` signs a whole document,
``observation_scopes`` signs what is derived) or show what was forgotten (``include.chunks``, ``state=invalidated``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from hindsight_teams.access.grants import Access

_SHOWN = 60
"""Characters of a name, chosen by whoever sent it, that an answer repeats."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that a JSON object may have.

    Attributes:
        names: Fields with any value.
        inner: Fields that hold an object, or a list of objects, with fields of their own; null is allowed too.
        texts: Fields that must be a string, because what comes after reads nothing else.
    """

    names: frozenset[str] = frozenset()
    inner: Mapping[str, Fields] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()

    def fault(self, value: Any, where: str = "the body") -> str | None:
        """Why an object is not allowed; None where it is."""
        if not isinstance(value, dict):
            return f"{where} must be a JSON object"
        for name, content in value.items():
            if name in self.texts:
                if not isinstance(content, str):
                    return f"{name!r} in {where} must be a string"
            elif name in self.inner:
                several = content if isinstance(content, list) else [] if content is None else [content]
                for one in several:
                    if found := self.inner[name].fault(one, f"{name!r}"):
                        return found
            elif name not in self.names:
                return f"a member's key may not send {name[:_SHOWN]!r} in {where}"
        return None


def query_fault(query: str, names: Collection[str]) -> str | None:
    """Why a query string is not allowed; None where it is. Read as the server reads it."""
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in names:
            return f"a member's key may not send the query parameter {name[:_SHOWN]!r}"
        if "\0" in value:
            return f"the query parameter {name!r} holds a NUL character; remove it"
    return None


_ENTITY = Fields(frozenset({"text", "type"}))
_LIMITS = frozenset({"max_tokens", "max_tokens_per_observation"})
_ITEM = frozenset({"timestamp", "metadata", "tags", "update_mode", "observation_scopes", "context", "document_id"})
_ANSWERED = frozenset({"budget", "max_tokens", "tags", "tags_match", "tag_groups"})

RETAIN = Fields(
    frozenset({"async", "operation_id"}),
    {"items": Fields(_ITEM, {"entities": _ENTITY}, frozenset({"content"}))},
)
RECALL = Fields(
    _ANSWERED | {"types", "prefer_observations", "trace", "query_timestamp", "min_scores", "temporal_window"},
    {"include": Fields(inner={"entities": Fields(_LIMITS), "source_facts": Fields(_LIMITS)})},
    frozenset({"query"}),
)
REFLECT = Fields(
    _ANSWERED | {"context", "response_schema", "fact_types"},
    {"include": Fields(inner={"facts": Fields()})},
    frozenset({"query"}),
)

LISTING = frozenset(
    {"type", "q", "document_id", "tags", "tags_match", "time_field", "start_date", "end_date", "limit", "offset"}
)
"""Query parameters of the listing of memories."""
PAGES = frozenset({"q", "limit", "offset"})
"""Query parameters of the listings of tags and banks."""

_ON_MCP = frozenset({"bank_id"})
_MCP_ITEM = frozenset({"timestamp", "tags", "metadata", "context", "document_id"})
MCP_ARGUMENTS: Mapping[str, Fields] = {
    "retain": Fields(_ON_MCP | _MCP_ITEM | {"update_mode"}, texts=frozenset({"content"})),
    "sync_retain": Fields(_ON_MCP | _MCP_ITEM, texts=frozenset({"content"})),
    "recall": Fields(
        _ON_MCP
        | (_ANSWERED | {"types", "prefer_observations", "query_timestamp", "min_scores", "temporal_window"})
        | {"include_entities", "max_entity_tokens", "include_source_facts", "max_source_facts_tokens"},
        texts=frozenset({"query"}),
    ),
    "reflect": Fields(
        _ON_MCP | (_ANSWERED - {"tag_groups"}) | {"context", "response_schema", "include_based_on"},
        texts=frozenset({"query"}),
    ),
    "list_banks": Fields(frozenset({"query", "limit", "offset"})),
}
"""Arguments of the MCP tools that a member may call."""


OPEN = frozenset({"/health", "/health/live", "/health/ready", "/version", "/v1/version"})
"""GET of these needs no key: they tell that the server lives, and its version."""

_BANKS = "/v1/default/banks"


@dataclass(frozen=True, slots=True)
class Route:
    """A request that a member may make.

    Attributes:
        method: Of HTTP.
        path: What follows the bank's id, as an expression.
        access: The right that the member needs on the bank.
        query: The query parameters that it may carry, by name; a string for one query string alone.
        body: The fields that its body may have; None for a request whose body is not read.
    """

    method: str
    path: str
    access: Access
    query: Collection[str] | str = ()
    body: Fields | None = None

    def fault(self, query: str) -> str | None:
        """Why a query string is not allowed; None where it is."""
        if isinstance(self.query, str):
            return None if query == self.query else f"this request takes the query {self.query!r} and no other"
        return query_fault(query, self.query)


ROUTES = (
    Route("POST", "/memories", Access.RETAIN, body=RETAIN),
    Route("POST", "/memories/recall", Access.RECALL, body=RECALL),
    Route("POST", "/reflect", Access.REFLECT, body=REFLECT),
    Route("GET", "/memories/list", Access.RECALL, query=LISTING),
    # Only the count: a client looks whether there is a bank before it reflects, which would make one.
    Route("GET", "/memories/list", Access.REFLECT, query="limit=0"),
    Route("GET", "/tags", Access.RECALL, query=PAGES),
    # With a query one could ask for the operation's payload: what somebody else retained.
    Route("GET", "/operations/[0-9a-fA-F-]+", Access.RETAIN, query=""),
)
"""Beside the listing of banks, which is filtered."""

MCP_TOOLS: dict[str, Access] = {
    "retain": Access.RETAIN,
    "sync_retain": Access.RETAIN,
    "recall": Access.RECALL,
    "reflect": Access.REFLECT,
    "list_banks": Access.NONE,
}
"""MCP tools that a member may call, and the right that each needs; ``list_banks`` is filtered."""

MCP_METHODS = frozenset({"initialize", "ping", "tools/list", "tools/call"})
"""MCP methods that a member may use, beside notifications."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an allowed request asks for: a bank, and the routes that lead there, of which one right is enough.

    Attributes:
        bank_id: None for the listing of banks, which every member may ask for.
        fault: Why its query is not allowed; for a request with routes each of them says that itself.
    """

    bank_id: str | None = None
    routes: tuple[Route, ...] = ()
    fault: str | None = None


def wanted(method: str, path: str, query: str = "") -> Wanted | None:
    """What a request asks for; None where no member may ask it.

    Args:
        method: Of HTTP.
        path: Decoded, below the server's base path.
        query: The query string, as sent.
    """
    if method == "GET" and path == _BANKS:
        return Wanted(fault=query_fault(query, PAGES))
    match = re.fullmatch(rf"{_BANKS}/([^/]+)(/.+)", path)
    if match is None:
        return None
    routes = tuple(route for route in ROUTES if route.method == method and re.fullmatch(route.path, match[2]))
    return Wanted(match[1], routes) if routes else None
