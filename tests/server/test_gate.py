"""The ASGI guard, in front of an application that lets everything through."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hindsight_teams.access.grants import FULL, Access
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.server import gate
from hindsight_teams.server.authority import Authority
from hindsight_teams.server.gate import Guard, Refused, Sessions, admitted, single_bank

BANKS = "/v1/default/banks"
BODIES = {"memories": {"items": [{"content": "x"}]}, "recall": {"query": "x"}, "reflect": {"query": "x"}}
TEAM = """
[team]
id = "desk"
[banks]
shared = "team"
notes = "member"
customer = "user"
[members.writer]
shared = "writer-only"
[members.reader]
shared = "read-only"
[members.thinker]
shared = "reflect-only"
[members.all]
shared = "full"
notes = "full"
customer = "full"
"""


class Guarded:
    """A guard, the keys that it knows, and the requests that came through."""

    def __init__(self, folder: Path) -> None:
        self.team_file, self.key_file = folder / "team.toml", folder / "keys.json"
        self.team_file.write_text(TEAM)
        self.authority = Authority(self.key_file, [self.team_file])
        self.ids: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        for name, team, member in (
            ("writer", "desk", "writer"),
            ("reader", "desk", "reader"),
            ("thinker", "desk", "thinker"),
            ("all", "desk", "all"),
            ("gone", "desk", "gone"),
            ("stranger", "elsewhere", "all"),
            ("admin", "desk", "ops"),
        ):
            self.ids[name], self.keys[name] = self.authority.keys.create(team, member, admin=name == "admin")
        self.seen: list[tuple[str, bytes]] = []
        self.guard = Guard(self.app, self.authority)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.seen.append((scope["path"], body))
        said = json.dumps([admitted.get(), single_bank.get()]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": said})

    async def ask(self, who: str | None, method: str, path: str, *, root: str = "", **given: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.guard, root_path=root)
        headers = dict(given.pop("headers", {}))
        if method == "POST" and BANKS in path and not given:
            given["json"] = next((body for end, body in BODIES.items() if path.partition("?")[0].endswith(end)), {})
        if who:
            headers["Authorization"] = f"Bearer {self.keys.get(who, who)}"
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, headers=headers, **given)

    async def call(self, who: str, tool: str, path: str = "/mcp", **arguments: Any) -> int:
        params = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return (await self.ask(who, "POST", path, json=message)).status_code


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    return Guarded(tmp_path)


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/version"])
async def test_that_the_server_lives_is_open_to_all(guarded: Guarded, path: str) -> None:
    answer = await guarded.ask(None, "GET", path)
    assert (answer.status_code, answer.json()) == (200, [None, False])


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", BANKS), ("POST", "/health"), ("GET", "/metrics"), ("GET", "/docs"), ("GET", "/health/")],
)
@pytest.mark.parametrize("who", [None, "htm_0000000000_" + "A" * 43, "secret", "Basic x"])
async def test_nothing_else_is_open_without_a_key(guarded: Guarded, who: str | None, method: str, path: str) -> None:
    assert (await guarded.ask(who, method, path)).status_code == 401
    assert guarded.seen == []


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", f"{BANKS}/any"), ("GET", "/metrics"), ("POST", "/mcp"), ("GET", "/new/in/2.0")]
)
async def test_an_admin_key_opens_everything(guarded: Guarded, method: str, path: str) -> None:
    answer = await guarded.ask("admin", method, path)
    assert answer.json() == [guarded.ids["admin"], False]


@pytest.mark.parametrize("spelling", ["Bearer {}", "bearer  {}", "{}", " {} "])
async def test_a_key_is_read_as_the_server_reads_it(guarded: Guarded, spelling: str) -> None:
    headers = {"Authorization": spelling.format(guarded.keys["all"])}
    assert (await guarded.ask(None, "GET", BANKS, headers=headers)).json() == [guarded.ids["all"], False]


async def test_two_keys_in_one_request_are_refused(guarded: Guarded) -> None:
    transport = httpx.ASGITransport(guarded.guard)
    headers = [("Authorization", f"Bearer {guarded.keys[who]}") for who in ("all", "admin")]
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        assert (await client.get(BANKS, headers=headers)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "holders"),
    [
        ("POST", "desk:shared/memories", {"writer", "all"}),
        ("POST", "desk:shared/memories/recall", {"reader", "all"}),
        ("POST", "desk:shared/reflect", {"reader", "thinker", "all"}),
        ("GET", "desk:shared/memories/list", {"reader", "all"}),
        ("GET", "desk:shared/memories/list?limit=0", {"reader", "thinker", "all"}),
        ("GET", "desk:shared/memories/list?limit=0&q=x", {"reader", "all"}),
        ("GET", "desk:shared/tags", {"reader", "all"}),
        ("GET", "desk:shared/operations/5f0c", {"writer", "all"}),
        ("POST", "desk:notes:member:all/memories", {"all"}),
        ("POST", "desk:customer:user:ada/memories/recall", {"all"}),
        ("POST", "desk:customer:user:~41/memories/recall", set()),
        ("POST", "desk:notes:member:writer/memories", set()),
        ("POST", "desk:review:queue/memories", {"writer", "all"}),
        ("POST", "desk:review:queue/memories/recall", set()),
        ("GET", "desk:review:queue/memories/list", set()),
        ("POST", "elsewhere:shared/memories", set()),
        ("DELETE", "desk:shared", set()),
        ("PUT", "desk:shared", set()),
        ("DELETE", "desk:shared/memories", set()),
        ("GET", "desk:shared/stats", set()),
        ("GET", "desk:shared/config", set()),
        ("POST", "desk:shared/memories/", set()),
        ("POST", "desk:shared//memories", set()),
        ("GET", "desk:shared/operations/5f0c?include_payload=true", set()),
        ("POST", "desk:shared%2Fmemories", {"writer", "all"}),
        ("POST", "desk%3Ashared/memories", {"writer", "all"}),
        ("POST", "desk:shared%0A/memories", set()),
        ("HEAD", "desk:shared/memories/list", set()),
    ],
)
async def test_a_member_does_what_it_holds_and_nothing_else(
    guarded: Guarded, method: str, path: str, holders: set[str]
) -> None:
    answers = {who: (await guarded.ask(who, method, f"{BANKS}/{path}")).status_code for who in guarded.keys}
    assert {who for who, status in answers.items() if status == 200} == holders | {"admin"}
    assert {status for who, status in answers.items() if who not in holders | {"admin"}} == {403}


async def test_every_member_may_ask_for_the_listing(guarded: Guarded) -> None:
    for who in guarded.keys:
        assert (await guarded.ask(who, "GET", f"{BANKS}?limit=5")).status_code == 200


async def test_the_base_path_is_no_part_of_a_route(guarded: Guarded) -> None:
    inside = f"/hs{BANKS}/desk:shared/memories"
    assert (await guarded.ask("writer", "POST", inside, root="/hs")).status_code == 200
    assert (await guarded.ask("reader", "POST", inside, root="/hs")).status_code == 403
    assert (await guarded.ask("writer", "POST", f"/hsx{BANKS}/desk:shared/memories", root="/hs")).status_code == 403


async def test_a_revoked_key_is_refused_at_once(guarded: Guarded) -> None:
    assert (await guarded.ask("all", "GET", BANKS)).status_code == 200
    guarded.authority.keys.revoke(guarded.ids["all"])
    assert (await guarded.ask("all", "GET", BANKS)).status_code == 401


async def test_a_right_that_is_taken_away_is_gone_at_once(guarded: Guarded) -> None:
    path = f"{BANKS}/desk:shared/memories"
    assert (await guarded.ask("writer", "POST", path)).status_code == 200
    guarded.team_file.write_text(TEAM.replace("writer-only", "none"))
    assert (await guarded.ask("writer", "POST", path)).status_code == 403


@pytest.mark.parametrize("broken", ["team_file", "key_file"])
async def test_while_rights_can_not_be_read_no_member_is_let_in(
    guarded: Guarded, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    getattr(guarded, broken).write_text("{")
    answer = await guarded.ask("all", "GET", BANKS)
    assert answer.status_code == 503
    assert str(guarded.team_file.parent) not in answer.text
    assert getattr(guarded, broken).name in caplog.text


async def test_an_admin_is_let_in_while_a_team_file_can_not_be_read(guarded: Guarded) -> None:
    guarded.team_file.write_text("no team")
    assert (await guarded.ask("admin", "GET", BANKS)).status_code == 200


async def test_a_web_socket_is_closed(guarded: Guarded) -> None:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        raise AssertionError

    await guarded.guard({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert said == [{"type": "websocket.close", "code": 1008, "reason": "not allowed"}]


async def through(
    guarded: Guarded, *messages: dict[str, Any], path: str = "/mcp", method: str = "POST", headers: Any = None
) -> tuple[list[Any], list[Any]]:
    """What an application hears that listens twice, and what is said back, for a request as a server hands it over."""
    heard: list[Any] = []
    said: list[Any] = []
    waiting = [*messages, {"type": "http.disconnect"}]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([await receive(), await receive()])

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    given = headers or [(b"Authorization", f"Bearer {guarded.keys['all']}".encode())]
    await Guard(app, guarded.authority)(
        {"type": "http", "method": method, "path": path, "headers": given}, receive, send
    )
    return heard, [message["status"] for message in said if "status" in message]


def part(body: bytes | None, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request"} | ({} if body is None else {"body": body}) | ({"more_body": True} if more else {})


async def test_a_request_in_parts_is_heard_as_one_and_its_end_after_it(guarded: Guarded) -> None:
    heard, said = await through(guarded, part(b'{"method": ', more=True), part(None, more=True), part(b'"ping"}'))
    whole = {"type": "http.request", "body": b'{"method": "ping"}', "more_body": False}
    assert (heard, said) == ([whole, {"type": "http.disconnect"}], [])


async def test_a_request_that_is_cut_never_arrives(guarded: Guarded) -> None:
    assert await through(guarded, part(b'{"method": "ping"}', more=True)) == ([], [400])


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_event_stream_and_the_end_of_a_session_are_not_read(guarded: Guarded, method: str) -> None:
    heard, said = await through(guarded, part(b"anything"), method=method)
    assert (heard, said) == ([part(b"anything"), {"type": "http.disconnect"}], [])


@pytest.mark.parametrize("path", ["/mcpx", "/mc", "/", "/MCP"])
async def test_what_only_looks_like_the_path_of_mcp_is_a_route_like_others(guarded: Guarded, path: str) -> None:
    assert await through(guarded, part(b'{"method": "ping"}'), path=path) == ([], [403])


@pytest.mark.parametrize("value", [b"Bearer \xff\xfe", b"", b"Bearer ", b"Basic x"])
async def test_a_header_that_holds_no_key_is_refused(guarded: Guarded, value: bytes) -> None:
    headers = [(b"Authorization", value)]
    assert await through(guarded, part(b'{"method": "ping"}'), headers=headers) == ([], [401])


async def test_the_start_of_the_server_needs_no_key(guarded: Guarded) -> None:
    started: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        started.append(scope["type"])

    async def never(*_: Any) -> Any:
        raise AssertionError

    await Guard(app, guarded.authority)({"type": "lifespan"}, never, never)
    assert started == ["lifespan"]


async def test_a_request_of_thirty_two_mebibytes_is_read_and_a_larger_one_is_not(guarded: Guarded) -> None:
    fits = b'{"method": "ping"}'.ljust(32 * 1024 * 1024)
    heard, said = await through(guarded, part(fits))
    assert (len(heard), said) == (2, [])
    assert await through(guarded, part(fits, more=True), part(b" ")) == ([], [413])


async def test_the_last_ten_thousand_sessions_are_known_by_the_key_that_opened_them() -> None:
    sessions, said = Sessions(), []

    async def send(message: Any) -> None:
        said.append(message["type"])

    def opening(session: str, kind: str = "http.response.start") -> dict[str, Any]:
        headers = [(b"content-type", b"x"), (b"MCP-Session-Id", session.encode())]
        return {"type": kind, "headers": headers}

    for number in range(10_001):
        await sessions.noting(send, "k")(opening(f"s{number}"))
    await sessions.noting(send, "other")(opening("s1"))
    await sessions.noting(send, "other")(opening("body", "http.response.body"))
    await sessions.noting(send, "other")({"type": "http.response.start"})
    assert len(said) == 10_004
    sessions.check("s1", "k")
    sessions.check("s10000", "k")
    sessions.check(None, "other")
    for session, key in (("s0", "k"), ("s1", "other"), ("body", "other"), ("content-type", "k"), ("x", "k")):
        with pytest.raises(Refused) as refused:
            sessions.check(session, key)
        assert (refused.value.status, refused.value.detail) == (404, "Session not found")


async def test_a_refusal_is_json_that_says_what_is_not_allowed(guarded: Guarded) -> None:
    asked: list[tuple[str | None, str, str, int, str]] = [
        (None, "GET", BANKS, 401, "Authentication failed: Invalid API key"),
        ("reader", "DELETE", f"{BANKS}/desk:shared", 403, "member 'reader' may not do that; it takes an admin key"),
        (
            "reader",
            "POST",
            f"{BANKS}/desk:shared/memories",
            403,
            "member 'reader' may not retain on bank 'desk:shared'",
        ),
        ("reader", "PUT", "/mcp", 403, "member 'reader' may not PUT here"),
        ("reader", "GET", "/mcp/desk:notes:member:x", 403, "member 'reader' may not use on bank 'desk:notes:member:x'"),
        (
            "thinker",
            "GET",
            f"{BANKS}/desk:shared/memories/list?limit=1",
            403,
            "this request takes the query 'limit=0' and no other",
        ),
    ]
    for who, method, path, status, detail in asked:
        answer = await guarded.ask(who, method, path)
        assert (answer.status_code, answer.json()) == (status, {"detail": detail})
        assert answer.headers["content-type"] == "application/json"
        assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_long_bank_a_method_and_a_tool_are_cut_in_an_answer(guarded: Guarded) -> None:
    long = "q" * 5_000
    answers = [
        await guarded.ask("reader", "POST", f"{BANKS}/{long}/memories"),
        await guarded.ask("reader", "POST", "/mcp", json={"method": long}),
        await guarded.ask("reader", "POST", "/mcp", json={"method": "tools/call", "params": {"name": long}}),
        await guarded.ask("reader", "GET", f"/mcp/{long}"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert all(60 < len(answer.json()["detail"]) < 300 for answer in answers)


async def test_whoever_was_let_through_is_forgotten_when_the_request_is_over(guarded: Guarded) -> None:
    await guarded.ask("all", "POST", "/mcp/desk:shared/", json={"method": "ping"})
    assert (admitted.get(), single_bank.get()) == (None, False)


@pytest.mark.parametrize(
    ("root", "path", "status"),
    [
        ("", f"{BANKS}/desk:shared/memories", 200),
        ("/hs", f"/hs{BANKS}/desk:shared/memories", 200),
        ("/hs", f"{BANKS}/desk:shared/memories", 200),
        ("/", f"{BANKS}/desk:shared/memories", 200),
        ("/hs", "/hs", 403),
        ("/hs", "/hs/mcp", 200),
        ("/hs", "/hs/health", 403),
    ],
)
async def test_a_path_is_read_without_the_base_path(guarded: Guarded, root: str, path: str, status: int) -> None:
    given: dict[str, Any] = {"json": {"method": "ping"}} if "mcp" in path else {}
    assert (await guarded.ask("writer", "POST", path, root=root, **given)).status_code == status


def test_two_files_for_one_team_are_refused(guarded: Guarded) -> None:
    with pytest.raises(ConfigurationError, match="'desk'"):
        Authority(guarded.key_file, [guarded.team_file, guarded.team_file]).teams()


def test_a_key_of_a_team_that_no_file_declares_holds_nothing(guarded: Guarded) -> None:
    identity = guarded.authority.identify(guarded.keys["stranger"])
    assert identity is not None
    assert (identity.definition, identity.admin, identity.grants, identity.access) == (None, False, (), Access.NONE)
    for bank_id in ("desk:shared", "desk:review:queue", "elsewhere:review:queue"):
        assert identity.grant(bank_id) is None
        assert identity.may_queue(bank_id) is False
        assert [identity.may(verb, bank_id) for verb in (*FULL, Access.NONE)] == [False] * 4


def test_a_right_that_is_none_is_held_by_an_admin_alone(guarded: Guarded) -> None:
    held = {name: guarded.authority.identify(guarded.keys[name]) for name in ("all", "admin")}
    assert {name: who is not None and who.may(Access.NONE, "desk:shared") for name, who in held.items()} == {
        "all": False,
        "admin": True,
    }


def test_member_keys_count_once_both_parts_are_at_work(guarded: Guarded) -> None:
    authority = Authority(guarded.key_file, [guarded.team_file])
    assert authority.missing == {"guard", "validator"}
    authority.attached.add("validator")
    assert authority.missing == {"guard"}
    authority.attached.add("guard")
    assert authority.missing == frozenset()


async def test_a_template_of_one_team_does_not_open_the_banks_of_another(guarded: Guarded, tmp_path: Path) -> None:
    wide = tmp_path / "wide.toml"
    wide.write_text('[team]\nid = "wide"\n[banks]\nany = "{team}:{bank}:{user}:{session}"\n[members.m]\nany = "full"\n')
    authority = Authority(guarded.key_file, [guarded.team_file, wide])
    _, key = authority.keys.create("wide", "m")
    identity = authority.identify(key)
    assert identity
    assert identity.grant("wide:any:ada:s1")
    assert identity.grant("ada:s1") is None
    assert identity.grant("desk:shared") is None


class TestSessions:
    """An MCP session belongs to the key that opened it."""

    @pytest.fixture
    def sessions(self, guarded: Guarded) -> Guarded:
        """A server that opens a session with each ``initialize``."""
        opened = iter(range(20_000))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            message = json.loads((await receive())["body"] or b"{}") if scope["method"] == "POST" else {}
            begins = message.get("method") == "initialize"
            headers = [(b"Mcp-Session-Id", b"s%d" % next(opened))] if begins else []
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

        guarded.guard = Guard(app, guarded.authority)
        return guarded

    @staticmethod
    async def use(guarded: Guarded, who: str, session: str, method: str = "POST", path: str = "/mcp") -> int:
        given: dict[str, Any] = {"json": {"method": "ping"}} if method == "POST" else {}
        return (await guarded.ask(who, method, path, headers={"Mcp-Session-Id": session}, **given)).status_code

    @staticmethod
    async def begin(guarded: Guarded, who: str) -> str:
        answer = await guarded.ask(who, "POST", "/mcp", json={"method": "initialize"})
        return str(answer.headers["mcp-session-id"])

    @pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
    async def test_only_the_key_that_opened_it_may_use_it(self, sessions: Guarded, method: str) -> None:
        own = await self.begin(sessions, "all")
        for who, status in (("all", 200), ("reader", 404), ("admin", 404), ("stranger", 404)):
            assert await self.use(sessions, who, own, method) == status
        assert await self.use(sessions, "reader", await self.begin(sessions, "reader"), method) == 200
        assert await self.use(sessions, "all", own, method, "/mcp/desk:shared/") == 200

    @pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
    async def test_it_ends_with_the_key_that_opened_it(self, sessions: Guarded, method: str) -> None:
        keys = sessions.authority.keys
        revoked, rotated = await self.begin(sessions, "all"), await self.begin(sessions, "reader")
        keys.revoke(sessions.ids["all"])
        _, sessions.keys["reader's next"] = keys.rotate(sessions.ids["reader"])
        assert await self.use(sessions, "all", revoked, method) == 401
        assert await self.use(sessions, "reader", rotated, method) == 401
        assert await self.use(sessions, "reader's next", rotated, method) == 404

    async def test_an_open_session_keeps_no_right_that_was_taken_away(self, sessions: Guarded) -> None:
        own = await self.begin(sessions, "writer")
        call = {"method": "tools/call", "params": {"name": "retain", "arguments": {"content": "x"}}}
        given: dict[str, Any] = {"json": call, "headers": {"Mcp-Session-Id": own, "X-Bank-Id": "desk:shared"}}
        assert (await sessions.ask("writer", "POST", "/mcp", **given)).status_code == 200
        sessions.team_file.write_text(TEAM.replace("writer-only", "none"))
        assert (await sessions.ask("writer", "POST", "/mcp", **given)).status_code == 403

    async def test_one_that_nobody_opened_is_not_there(self, sessions: Guarded) -> None:
        assert await self.use(sessions, "all", "s0") == 404
        assert await self.use(sessions, "admin", "") == 404

    async def test_elsewhere_the_header_means_nothing(self, sessions: Guarded) -> None:
        headers = {"Mcp-Session-Id": "unknown"}
        assert (await sessions.ask("all", "GET", BANKS, headers=headers)).status_code == 200

    async def test_the_oldest_are_forgotten(self, sessions: Guarded) -> None:
        sessions.guard.sessions = Sessions(kept=2)
        first, second, third = [await self.begin(sessions, "all") for _ in range(3)]
        assert [await self.use(sessions, "all", session) for session in (first, second, third)] == [404, 200, 200]


class TestMcp:
    @pytest.mark.parametrize(
        ("tool", "holders"),
        [
            ("retain", {"writer", "all"}),
            ("sync_retain", {"writer", "all"}),
            ("recall", {"reader", "all"}),
            ("reflect", {"reader", "all"}),
            ("delete_bank", set()),
            ("get_memory", set()),
            ("list_memories", set()),
            ("create_bank", set()),
            ("new_in_2_0", set()),
        ],
    )
    async def test_a_tool_is_held_against_the_grant_however_its_bank_is_named(
        self, guarded: Guarded, tool: str, holders: set[str]
    ) -> None:
        for who in ("writer", "reader", "all", "stranger"):
            expected = 200 if who in holders else 403
            assert await guarded.call(who, tool, bank_id="desk:shared") == expected
            assert await guarded.call(who, tool, path="/mcp/desk:shared/") == expected
            assert await guarded.call(who, tool, path="/mcp/desk:shared/", bank_id="desk:notes:member:x") == 403

    async def test_the_listing_of_banks_is_for_all(self, guarded: Guarded) -> None:
        assert await guarded.call("writer", "list_banks") == 200
        assert await guarded.call("writer", "list_banks", path="/mcp/desk:shared/") == 200

    async def test_the_bank_of_the_header_counts(self, guarded: Guarded) -> None:
        message = {"method": "tools/call", "params": {"name": "recall", "arguments": {"query": "x"}}}
        for bank, status in (("desk:shared", 200), ("desk:notes:member:all", 403)):
            answer = await guarded.ask("reader", "POST", "/mcp", json=message, headers={"X-Bank-Id": bank})
            assert answer.status_code == status

    async def test_the_message_reaches_the_server_as_it_was_sent(self, guarded: Guarded) -> None:
        body = b'{"jsonrpc": "2.0",  "id": 1, "method": "tools/list"}'

        async def pieces() -> AsyncIterator[bytes]:
            for byte in body:
                yield bytes([byte])

        answer = await guarded.ask("all", "POST", "/mcp/desk:shared/", content=pieces())
        assert guarded.seen == [("/mcp/desk:shared/", body)]
        assert answer.json() == [guarded.ids["all"], True]

    async def test_a_connection_for_a_bank_that_is_not_held_is_refused(self, guarded: Guarded) -> None:
        for path in ("/mcp/desk:notes:member:writer/", "/mcp/default", "/mcp//desk:unknown"):
            for method in ("GET", "POST", "DELETE"):
                assert (await guarded.ask("all", method, path)).status_code == 403

    async def test_without_a_key_there_is_no_connection(self, guarded: Guarded) -> None:
        assert (await guarded.ask(None, "GET", "/mcp")).status_code == 401
        assert (await guarded.ask(None, "POST", "/mcp/desk:shared/", json={"method": "initialize"})).status_code == 401

    @pytest.mark.parametrize(
        ("method", "status"),
        [
            ("initialize", 200),
            ("notifications/initialized", 200),
            ("tools/list", 200),
            ("ping", 200),
            ("resources/list", 403),
            ("prompts/get", 403),
            ("tasks/result", 403),
            ("TOOLS/CALL", 403),
        ],
    )
    async def test_only_the_methods_for_tools_are_let_through(self, guarded: Guarded, method: str, status: int) -> None:
        assert (await guarded.ask("all", "POST", "/mcp", json={"method": method})).status_code == status

    async def test_each_message_of_a_batch_is_checked(self, guarded: Guarded) -> None:
        batch = [{"method": "ping"}, {"method": "tools/call", "params": {"name": "delete_bank"}}]
        assert (await guarded.ask("all", "POST", "/mcp", json=batch)).status_code == 403

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"7",
            b"[7]",
            b'{"method": 7}',
            b'{"method": "ping", "method": "tools/call"}',
            b'{"method": "tools/call", "params": {"name": "recall", "name": "delete_bank"}}',
            b"[" * 100_000,
        ],
    )
    async def test_what_can_not_be_judged_is_refused(self, guarded: Guarded, body: bytes) -> None:
        assert (await guarded.ask("all", "POST", "/mcp", content=body)).status_code == 400
        assert guarded.seen == []

    @pytest.mark.parametrize("params", [None, 7, [], {}, {"name": None}, {"name": ["recall"]}])
    async def test_a_call_without_a_tool_is_refused(self, guarded: Guarded, params: Any) -> None:
        message = {"method": "tools/call", "params": params}
        assert (await guarded.ask("all", "POST", "/mcp", json=message)).status_code == 403

    async def test_a_message_without_end_is_refused(self, guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate, "MAX_BODY", 100)
        assert (await guarded.ask("all", "POST", "/mcp", content=b"x" * 101)).status_code == 413
        fits = b'{"method": "ping"}'.ljust(100)
        assert (await guarded.ask("all", "POST", "/mcp", content=fits)).status_code == 200

    async def test_an_answer_to_the_server_is_let_through(self, guarded: Guarded) -> None:
        for message, status in (({"result": {}}, 200), ({"method": None}, 400), ([], 200), ([{"result": 1}, 7], 400)):
            assert (await guarded.ask("all", "POST", "/mcp", json=message)).status_code == status

    async def test_the_bank_of_an_argument_counts_before_that_of_the_path_and_the_header(
        self, guarded: Guarded
    ) -> None:
        shared, other = "desk:shared", "desk:notes:member:all"
        for path, header, argument, status in (
            ("/mcp", None, shared, 200),
            ("/mcp", None, None, 200),  # the server takes its default, and the validator judges that
            ("/mcp", None, 7, 200),
            ("/mcp", other, shared, 200),
            ("/mcp", shared, other, 403),
            (f"/mcp/{shared}/", other, None, 200),
            (f"/mcp/{shared}/", None, other, 403),
        ):
            params = {"name": "recall", "arguments": {"query": "x"} | ({"bank_id": argument} if argument else {})}
            headers = {"X-Bank-Id": header} if header else {}
            message = {"method": "tools/call", "params": params}
            answer = await guarded.ask("reader", "POST", path, json=message, headers=headers)
            assert answer.status_code == status, (path, header, argument)

    async def test_a_call_without_arguments_is_held_against_the_grant(self, guarded: Guarded) -> None:
        for who, status in (("reader", 200), ("stranger", 403)):
            message = {"method": "tools/call", "params": {"name": "recall"}}
            assert (await guarded.ask(who, "POST", "/mcp/desk:shared/", json=message)).status_code == status

    async def test_an_argument_that_is_not_listed_is_refused(self, guarded: Guarded) -> None:
        assert await guarded.call("all", "recall", bank_id="desk:shared", query="x", state="invalidated") == 422
        assert await guarded.call("all", "recall", bank_id="desk:shared", query=["x"]) == 422
