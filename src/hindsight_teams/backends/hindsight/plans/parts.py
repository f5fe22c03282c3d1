"""Helpers that several plans share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.wire import Call, Plan, Rules, exchange, unless_no_bank
from hindsight_teams.requests.tags import TagFilter

T = TypeVar("T")

PAGE = 500
"""Rows asked for at once."""


def tag_filter(chosen: TagFilter) -> dict[str, Any]:
    """Both filters ANDed; the server takes only one of them, so flat tags become one more group."""
    flat, groups = list(chosen.tags), list(chosen.groups)
    given = bool(flat) or chosen.match == "exact"
    if not groups:
        return {"tags": flat, "tags_match": chosen.match} if given else {}
    return {"tag_groups": [*groups, {"tags": flat, "match": chosen.match}] if given else groups}


def selection(chosen: TagFilter, document_id: str | None) -> dict[str, Any]:
    """Which memories of a bank, as query parameters of its listing."""
    found = tag_filter(chosen)
    if document_id is not None:
        found["document_id"] = document_id
    return {name: value for name, value in found.items() if value != []}


def count(rules: Rules, path: str) -> Plan[int | None]:
    """How many memories the bank at this path holds; None where it does not exist."""
    call = Call("bank_stats", "GET", wire.query(path + "/memories/list", limit=0))
    total: Plan[int | None] = exchange(call, lambda answer: int(answer["total"]), rules)
    return (yield from unless_no_bank(total, None))


def all_pages(
    rules: Rules,
    verb: str,
    path: str,
    key: str,
    read: Callable[[Mapping[str, Any]], T],
    *,
    page: int = PAGE,
    **filters: Any,
) -> Plan[list[T]]:
    """Every row of a listing, in the server's order."""
    found: list[T] = []
    while True:
        call = Call(verb, "GET", wire.query(path, **filters, limit=page, offset=len(found)))
        rows, total = yield from exchange(
            call, lambda answer: ([read(raw) for raw in answer[key]], int(answer["total"])), rules
        )
        found += rows
        if not rows or len(found) >= total:
            return found


def ignore(answer: Any) -> None:
    """Read nothing, but a JSON object it must be."""
    if not isinstance(answer, dict):
        raise TypeError("not an object")
