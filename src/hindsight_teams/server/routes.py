"""The routes that a member's key may use. Pure.

The list is of what is allowed, so that an operation which a newer server adds is closed until somebody opens it here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from hindsight_teams.access.grants import Access
from hindsight_teams.server.fields import LISTING, PAGES, RECALL, REFLECT, RETAIN, Fields, query_fault

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
