"""The fields of a member's request, checked before an application that lets everything through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hindsight_teams.server.routes import (
    MCP_ARGUMENTS,
    MCP_METHODS,
    MCP_TOOLS,
    OPEN,
    RECALL,
    REFLECT,
    RETAIN,
    ROUTES,
    Fields,
    query_fault,
)
from tests.server.test_gate import BANKS, Guarded

SHARED = f"{BANKS}/desk:shared"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


ITEM = {"content", "context", "document_id", "entities", "metadata", "observation_scopes", "tags", "timestamp"}
ANSWER = {"budget", "max_tokens", "query", "tag_groups", "tags", "tags_match"}
FOUND = {"min_scores", "prefer_observations", "query_timestamp", "temporal_window", "types"}
LISTED = {"document_id", "end_date", "limit", "offset", "q", "start_date", "tags", "tags_match", "time_field", "type"}
UNSENT = {"entities", "observation_scopes"}
LEAF = dict.fromkeys(("max_tokens", "max_tokens_per_observation"), "any")


def allowed(fields: Fields) -> dict[str, Any]:
    """The names that an object may have: each a text, a value, or an object with names of its own."""
    inner = {name: allowed(more) for name, more in fields.inner.items()}
    return {**dict.fromkeys(fields.names, "any"), **dict.fromkeys(fields.texts, "text"), **inner}


def of(values: set[str], texts: str, **inner: Any) -> dict[str, Any]:
    return {**dict.fromkeys(values, "any"), texts: "text", **inner}


ITEMS = of(ITEM | {"update_mode"}, "content", entities={"text": "any", "type": "any"})


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        (RETAIN, {"async": "any", "operation_id": "any", "items": ITEMS}),
        (RECALL, of(ANSWER | FOUND | {"trace"}, "query", include={"entities": LEAF, "source_facts": LEAF})),
        (REFLECT, of(ANSWER | {"context", "fact_types", "response_schema"}, "query", include={"facts": {}})),
        (MCP_ARGUMENTS["retain"], of({"bank_id", "update_mode"} | ITEM - UNSENT, "content")),
        (MCP_ARGUMENTS["sync_retain"], of({"bank_id"} | ITEM - UNSENT, "content")),
        (
            MCP_ARGUMENTS["recall"],
            of(
                {"bank_id", "include_entities", "max_entity_tokens", "include_source_facts", "max_source_facts_tokens"}
                | ANSWER
                | FOUND,
                "query",
            ),
        ),
        (
            MCP_ARGUMENTS["reflect"],
            of({"bank_id", "context", "include_based_on", "response_schema"} | ANSWER - {"tag_groups"}, "query"),
        ),
        (MCP_ARGUMENTS["list_banks"], dict.fromkeys(("query", "limit", "offset"), "any")),
    ],
)
def test_exactly_these_fields_may_be_sent(fields: Fields, names: dict[str, Any]) -> None:
    assert allowed(fields) == names


def test_exactly_these_routes_and_tools_may_be_used() -> None:
    assert [(r.method, r.path, r.access.label, r.body) for r in ROUTES] == [
        ("POST", "/memories", "writer-only", RETAIN),
        ("POST", "/memories/recall", "recall", RECALL),
        ("POST", "/reflect", "reflect-only", REFLECT),
        ("GET", "/memories/list", "recall", None),
        ("GET", "/memories/list", "reflect-only", None),
        ("GET", "/tags", "recall", None),
        ("GET", "/operations/[0-9a-fA-F-]+", "writer-only", None),
    ]
    assert [r.query for r in ROUTES if r.method == "POST"] == [(), (), ()]
    assert {name for r in ROUTES if not isinstance(r.query, str) for name in r.query} == LISTED
    assert {r.query for r in ROUTES if isinstance(r.query, str)} == {"", "limit=0"}
    assert {tool: verb.label for tool, verb in MCP_TOOLS.items()} == {
        "retain": "writer-only",
        "sync_retain": "writer-only",
        "recall": "recall",
        "reflect": "reflect-only",
        "list_banks": "none",
    }
    assert MCP_METHODS == {"initialize", "ping", "tools/list", "tools/call"}
    assert OPEN == {"/health", "/health/live", "/health/ready", "/version", "/v1/version"}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"content": "x"}, None),
        ({"content": 7}, "'content' in the body must be a string"),
        ({"content": None}, "'content' in the body must be a string"),
        ({"entities": None}, None),
        ({"entities": {"text": "Ada"}}, None),
        ({"entities": [{"text": "Ada"}, {"type": "x"}]}, None),
        ({"entities": [{"text": "Ada"}, {"tags": 1}]}, "a member's key may not send 'tags' in 'entities'"),
        ({"entities": ["Ada"]}, "'entities' must be a JSON object"),
        ({"more" * 100: 1}, "a member's key may not send '" + ("more" * 15) + "' in the body"),
        ([{"content": "x"}], "the body must be a JSON object"),
        (None, "the body must be a JSON object"),
    ],
)
def test_the_field_that_may_not_be_sent_is_named_and_cut(body: Any, fault: str | None) -> None:
    assert RETAIN.inner["items"].fault(body) == fault


def test_a_query_is_read_as_the_server_reads_it() -> None:
    assert query_fault("", []) is None
    assert query_fault("limit=5&limit=6&q=", {"limit", "q"}) is None
    for query in ("st%61te=1", "limit=5&state", "state=", "limit=5&st%61te"):
        assert query_fault(query, {"limit"}) == "a member's key may not send the query parameter 'state'"
    assert len(query_fault("q" * 10_000 + "=1", ()) or "") < 150


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return Guarded(tmp_path_factory.mktemp("fields"))


async def status(guarded: Guarded, method: str, path: str, who: str = "all", **sent: Any) -> int:
    return (await guarded.ask(who, method, path, **sent)).status_code


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"content": "x"}], "document_tags": ["author:b"]},
        {"items": [{"content": "x", "strategy": "verbatim"}]},
        {"items": [{"content": "x", "resolve_entities": True}]},
        {"items": [{"content": "x", "entities": [{"text": "Ada", "tags": ["t"]}]}]},
        {"items": [{"content": [{"type": "text", "text": "x"}]}]},
        {"items": [{"content": "x"}], "new_in_2_0": True},
        {"items": ["x"]},
        {"items": "x"},
        [],
        7,
        "x",
    ],
)
async def test_a_retain_with_anything_else_is_refused(guarded: Guarded, body: Any) -> None:
    before = len(guarded.seen)
    assert await status(guarded, "POST", f"{SHARED}/memories", json=body) == 422
    assert len(guarded.seen) == before


@pytest.mark.parametrize(
    "body",
    [
        {"query": "x", "include": {"chunks": {}}},
        {"query": "x", "include": {"chunks": None}},
        {"query": "x", "include": {"entities": {"deep": 1}}},
        {"query": "x", "include": [{"chunks": {}}]},
        {"query": "x", "state": "invalidated"},
        {"query": ["x"]},
    ],
)
async def test_a_recall_with_anything_else_is_refused(guarded: Guarded, body: Any) -> None:
    assert await status(guarded, "POST", f"{SHARED}/memories/recall", json=body) == 422


@pytest.mark.parametrize(
    "body",
    [
        {"query": "x", "include": {"tool_calls": {}}},
        {"query": "x", "apply_all_directives": True},
        {"query": "x", "exclude_mental_models": True},
    ],
)
async def test_a_reflect_with_anything_else_is_refused(guarded: Guarded, body: Any) -> None:
    assert await status(guarded, "POST", f"{SHARED}/reflect", json=body) == 422


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("memories/list?limit=5&offset=0&tags=a&tags=b&tags_match=all&document_id=d&q=x&type=world", 200),
        ("memories/list?state=invalidated", 403),
        ("memories/list?st%61te=invalidated", 403),
        ("memories/list?state", 403),
        ("memories/list?limit=5&consolidation_state=failed", 403),
        ("memories/list?entity_id=1", 403),
        ("tags?q=a&limit=1&offset=2", 200),
        ("tags?source=documents", 403),
        ("memories/list?q=a%00b", 403),
        ("memories/list?limit=5&tags=a&tags=%00", 403),
        ("memories/list?document_id=%2500", 200),
        ("tags?q=%00", 403),
        ("operations/5f0c?include_payload=true", 403),
    ],
)
async def test_a_query_parameter_that_is_not_listed_is_refused(guarded: Guarded, path: str, expected: int) -> None:
    assert await status(guarded, "GET", f"{SHARED}/{path}") == expected


async def test_the_listing_of_banks_takes_its_own_parameters_alone(guarded: Guarded) -> None:
    assert await status(guarded, "GET", f"{BANKS}?q=desk&limit=5&offset=0") == 200
    assert await status(guarded, "GET", f"{BANKS}?deleted=true") == 403


async def test_a_write_takes_no_query(guarded: Guarded) -> None:
    assert await status(guarded, "POST", f"{SHARED}/memories?async=true", json={"items": []}) == 403


async def test_an_admin_key_may_send_whatever_the_server_knows(guarded: Guarded) -> None:
    body = {"items": [{"content": "x"}], "document_tags": ["a"]}
    assert await status(guarded, "POST", f"{SHARED}/memories", who="admin", json=body) == 200
    assert await status(guarded, "GET", f"{SHARED}/memories/list?state=invalidated", who="admin") == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"query": "x", "query": "y"}',
        b'{"query": "x", "include": {"entities": null, "entities": {"chunks": {}}}}',
        b"\xff\xfe",
        '{"query": "x"}'.encode("utf-16"),
        b'{"a":' * 100_000,
    ],
)
async def test_a_body_that_two_readers_could_read_differently_is_refused(guarded: Guarded, raw: bytes) -> None:
    assert await status(guarded, "POST", f"{SHARED}/memories/recall", content=raw) == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\0", 422),
        ("a \\\0", 422),
        ("a \\\\\0 b", 422),
        ("\ud83d", 422),
        ("\udca9\ud83d", 422),
        ("\\u0000 and \\\\u0000 and \\ud83d", 200),
        ("\U0001f4a9 \x01 \u20ac", 200),
    ],
)
async def test_a_text_that_no_database_takes_is_refused_wherever_it_stands(
    guarded: Guarded, text: str, expected: int
) -> None:
    asked = {"query": "x", "tags": [text]}
    for body in (asked, {"query": text}, {"query": "x", "tag_groups": [{"not": {"tags": [text]}}]}):
        raw = json.dumps(body).encode()
        assert await status(guarded, "POST", f"{SHARED}/memories/recall", content=raw) == expected
    call = {"method": "tools/call", "params": {"name": "recall", "arguments": {**asked, "bank_id": "desk:shared"}}}
    assert await status(guarded, "POST", "/mcp", content=json.dumps(call).encode()) == expected


async def test_a_body_that_is_cut_never_reaches_the_server(guarded: Guarded) -> None:
    said: list[Any] = []
    pieces = [{"type": "http.request", "body": b'{"query":', "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return pieces.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    key = guarded.keys["all"].encode()
    path = f"{SHARED}/memories/recall"
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [(b"authorization", key)]}
    before = len(guarded.seen)
    await guarded.guard(scope, receive, send)
    assert said[0]["status"] == 400
    assert len(guarded.seen) == before


async def test_a_body_reaches_the_server_as_it_was_sent(guarded: Guarded) -> None:
    body = b'{"query":  "x" }'
    assert await status(guarded, "POST", f"{SHARED}/memories/recall", content=body) == 200
    assert guarded.seen[-1][1] == body


def test_each_tool_and_each_route_with_a_body_has_its_fields() -> None:
    assert MCP_ARGUMENTS.keys() == MCP_TOOLS.keys()
    assert {route.path: route.body for route in ROUTES if route.method == "POST"} == {
        "/memories": RETAIN,
        "/memories/recall": RECALL,
        "/reflect": REFLECT,
    }


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("recall", {"query": "x", "include_source_facts": True}, 200),
        ("recall", {"query": "x", "include_chunks": True}, 422),
        ("recall", {"query": "x", "max_chunk_tokens": 1}, 422),
        ("reflect", {"query": "x", "include_trace": True}, 422),
        ("reflect", {"query": "x", "apply_all_directives": True}, 422),
        ("retain", {"content": "x", "strategy": "verbatim"}, 422),
        ("retain", {"content": "x", "document_tags": ["author:b"]}, 422),
        ("sync_retain", {"content": ["x"]}, 422),
        ("list_banks", {"deleted": True}, 422),
        ("list_banks", {}, 200),
    ],
)
async def test_the_arguments_of_a_tool_are_a_list_too(
    guarded: Guarded, tool: str, arguments: dict[str, Any], expected: int
) -> None:
    bank = {} if tool == "list_banks" else {"bank_id": "desk:shared"}
    assert await guarded.call("all", tool, **bank, **arguments) == expected


async def test_arguments_that_are_no_object_are_refused(guarded: Guarded) -> None:
    message = {"method": "tools/call", "params": {"name": "recall", "arguments": ["x"]}}
    answer = await guarded.ask("all", "POST", "/mcp/desk:shared/", json=message)
    assert answer.status_code == 422


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_an_answer_repeats_little_of_what_was_sent(guarded: Guarded, size: int) -> None:
    long = "n" * size
    asked = [
        await guarded.ask("all", "POST", f"{SHARED}/memories/recall", json={"query": "x", long: 1}),
        await guarded.ask("all", "POST", "/mcp", json={"method": long}),
        await guarded.ask("all", "POST", "/mcp", json={"method": "tools/call", "params": {"name": long}}),
    ]
    arguments = {"query": "x", "bank_id": long}
    message = {"method": "tools/call", "params": {"name": "recall", "arguments": arguments}}
    asked.append(await guarded.ask("all", "POST", "/mcp", json=message))
    assert [answer.status_code for answer in asked] == [422, 403, 403, 403]
    assert all(len(answer.content) < 500 for answer in asked)


class TestFuzz:
    """Whatever is sent is answered, and what is let through holds listed fields and reaches held banks alone."""

    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=3 * settings().max_examples // 2
    )
    @given(
        method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]),
        bank=st.sampled_from(["desk:shared", "desk:notes:member:writer", "desk:review:queue", "x", "..", ""])
        | st.text(max_size=12),
        tail=st.sampled_from(
            [route.path for route in ROUTES] + ["", "/", "/config", "//memories", "/memories/../config"]
        )
        | st.text(max_size=12),
        query=st.text(max_size=20),
        body=json_values,
    )
    def test_only_a_listed_route_of_a_held_bank_is_let_through(
        self, guarded: Guarded, method: str, bank: str, tail: str, query: str, body: Any
    ) -> None:
        path = f"{BANKS}/{bank}{tail}"
        seen, answered = asyncio.run(_raw(guarded, "reader", method, path, query, json.dumps(body).encode()))
        if seen is None:
            assert answered in (400, 403, 422)
        else:
            rest = seen.removeprefix(f"{BANKS}/desk:shared")
            assert rest in ("/memories/recall", "/reflect", "/memories/list", "/tags") or seen == BANKS

    @settings(max_examples=3 * settings().max_examples // 2)
    @given(
        kind=st.sampled_from([RETAIN, RECALL, REFLECT, *MCP_ARGUMENTS.values()]),
        name=st.text(max_size=20),
        value=json_values,
    )
    def test_a_field_passes_only_by_its_name(self, kind: Any, name: str, value: Any) -> None:
        listed = name in kind.names | kind.texts | kind.inner.keys()
        assert (kind.fault({name: value}) is None) <= listed

    @settings(max_examples=settings().max_examples)
    @given(
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "get", "CONNECT"]),
        path=st.sampled_from(["/mcp", "/mcp/", "/mcp/desk:shared/", "/mcp/desk:notes:member:writer", "/mcp//", "/mcpx"])
        | st.text(max_size=12).map("/mcp/{}".format),
        headers=st.lists(
            st.tuples(
                st.sampled_from([b"authorization", b"Authorization", b"mcp-session-id", b"x-bank-id", b"content-type"]),
                st.binary(max_size=12),
            ),
            max_size=3,
        ),
        body=st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()),
    )
    def test_no_header_and_no_body_breaks_the_gate_or_opens_it(
        self, guarded: Guarded, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        given_key = any(name.lower() == b"authorization" for name, _ in headers)
        seen, answered = asyncio.run(_raw(guarded, "reader", method, path, "", body, headers))
        assert answered in (200, 400, 401, 403, 404, 422)
        if given_key or any(name == b"mcp-session-id" for name, _ in headers):
            assert seen is None
        if seen is not None and method == "POST":
            assert path in ("/mcp", "/mcp/", "/mcp//", "/mcp/desk:shared/", "/mcp/desk:shared")

    @settings(max_examples=settings().max_examples)
    @given(message=json_values)
    def test_no_message_on_mcp_breaks_the_gate(self, guarded: Guarded, message: Any) -> None:
        params = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "recall", "arguments": message}}
        for sent in (message, params):
            _, answered = asyncio.run(_raw(guarded, "writer", "POST", "/mcp", "", json.dumps(sent).encode()))
            assert answered in (200, 400, 403, 422)


async def _raw(
    guarded: Guarded,
    who: str,
    method: str,
    path: str,
    query: str,
    body: bytes,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> tuple[str | None, int | None]:
    """One request that no client library has cleaned: the path that the server saw, and the status."""
    said: list[Any] = []
    before = len(guarded.seen)
    key = guarded.keys[who].encode()

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("utf-8", "replace"),
        "headers": [(b"authorization", key), *headers],
    }
    await guarded.guard(scope, receive, send)
    seen = guarded.seen[-1][0] if len(guarded.seen) > before else None
    return seen, said[0]["status"]
