"""What a request asks for, and that all else is nobody's to ask. Which right each route needs is in test_routes_fields.py."""

from __future__ import annotations

import pytest

from hindsight_teams.access.grants import Access
from hindsight_teams.server.routes import MCP_METHODS, MCP_TOOLS, OPEN, Wanted, wanted

BANKS = "/v1/default/banks"
UUID = "5f0c1d2e-0000-4000-8000-00000000abCD"


@pytest.mark.parametrize(
    ("method", "path", "rights"),
    [
        ("POST", "/memories", [Access.RETAIN]),
        ("POST", "/memories/recall", [Access.RECALL]),
        ("POST", "/reflect", [Access.REFLECT]),
        ("GET", "/memories/list", [Access.RECALL, Access.REFLECT]),
        ("GET", "/tags", [Access.RECALL]),
        ("GET", f"/operations/{UUID}", [Access.RETAIN]),
    ],
)
def test_a_route_leads_to_its_bank_by_its_right(method: str, path: str, rights: list[Access]) -> None:
    wish = wanted(method, f"{BANKS}/desk:shared{path}")
    assert wish is not None
    assert (wish.bank_id, wish.fault, [route.access for route in wish.routes]) == ("desk:shared", None, rights)
    other = "GET" if method == "POST" else "POST"
    assert wanted(other, f"{BANKS}/desk:shared{path}") is None
    for near in (f"{path}/", f"{path}x", f"/x{path}", path.upper(), f"{path}/../memories", f"{path}\n"):
        assert wanted(method, f"{BANKS}/desk:shared{near}") is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{BANKS}/desk:shared"),
        ("GET", f"{BANKS}/"),
        ("GET", f"{BANKS}//memories/list"),
        ("POST", BANKS),
        ("GET", f"/x{BANKS}"),
        ("GET", f"{BANKS}x"),
        ("GET", "/v1/other/banks"),
        ("GET", f"{BANKS}/desk:shared/operations/xyz"),
        ("GET", f"{BANKS}/desk:shared/operations/"),
        ("GET", f"{BANKS}/desk:shared/operations/a/b"),
        ("GET", ""),
    ],
)
def test_what_is_not_listed_is_nobodys_to_ask(method: str, path: str) -> None:
    assert wanted(method, path) is None


@pytest.mark.parametrize(
    ("query", "fine"), [("", True), ("q=a&limit=5&offset=0", True), ("tags=a", False), ("limit=1&tags=", False)]
)
def test_the_listing_of_banks_is_everybodys_with_its_own_parameters(query: str, fine: bool) -> None:
    wish = wanted("GET", BANKS, query)
    assert isinstance(wish, Wanted)
    assert (wish.bank_id, wish.routes, wish.fault is None) == (None, (), fine)


@pytest.mark.parametrize(
    ("path", "query", "faults"),
    [
        ("/memories/list", "limit=0", [None, None]),
        ("/memories/list", "limit=5", [None, "the query 'limit=0' and no other"]),
        ("/memories/list", "state=invalidated", ["'state'", "the query 'limit=0' and no other"]),
        ("/tags", "q=a", [None]),
        ("/tags", "tags=a", ["'tags'"]),
        (f"/operations/{UUID}", "", [None]),
        (f"/operations/{UUID}", "include_payload=true", ["the query '' and no other"]),
    ],
)
def test_each_route_says_which_query_it_takes(path: str, query: str, faults: list[str | None]) -> None:
    wish = wanted("GET", f"{BANKS}/desk:shared{path}", query)
    assert wish is not None
    for route, expected in zip(wish.routes, faults, strict=True):
        fault = route.fault(query)
        assert fault is None if expected is None else expected in str(fault)


def test_what_is_open_and_what_mcp_offers() -> None:
    assert {"/health", "/health/live", "/health/ready", "/version", "/v1/version"} == OPEN
    assert {"initialize", "ping", "tools/list", "tools/call"} == MCP_METHODS
    assert {
        "retain": Access.RETAIN,
        "sync_retain": Access.RETAIN,
        "recall": Access.RECALL,
        "reflect": Access.REFLECT,
        "list_banks": Access.NONE,
    } == MCP_TOOLS
