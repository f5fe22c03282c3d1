"""Failures between the client and a server, on a real socket, for both twins of the verbs."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hindsight_teams.backends.hindsight import HindsightBackend, RetryPolicy, Timeouts
from hindsight_teams.backends.hindsight.connection import Connection
from hindsight_teams.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    BankNotFound,
    ConfigurationError,
    RateLimited,
    ServerFault,
    Unauthorized,
    UnexpectedAnswer,
)
from tests.backends.hindsight.conftest import DROP, HANG, MEMORY, QUICK, Answer, Loopback

Twin = Callable[[HindsightBackend, str], Callable[..., Awaitable[Any]]]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_healthy_server_answers(backend: HindsightBackend, loopback: Loopback, twin: Twin) -> None:
    result = await twin(backend, "recall")("b", "q")
    assert result.results[0].author == "ann"
    (request,) = loopback.requests
    assert request.headers["authorization"] == "Bearer k-123"
    assert request.headers["user-agent"].startswith("hindsight-teams/")
    assert request.headers["content-type"] == "application/json"


async def test_a_compressed_answer_is_read(backend: HindsightBackend, loopback: Loopback, twin: Twin) -> None:
    body = gzip.compress(json.dumps({"results": [MEMORY]}).encode())
    loopback.next.append(Answer(body=body, headers={"Content-Encoding": "gzip"}))
    assert (await twin(backend, "recall")("b", "q")).results[0].author == "ann"


async def test_an_answer_that_is_compressed_twice_is_read(
    backend: HindsightBackend, loopback: Loopback, twin: Twin
) -> None:
    body = gzip.compress(zlib.compress(json.dumps({"results": [MEMORY]}).encode()))
    encodings = {"Content-Encoding": "deflate", "content-encoding": "gzip"}
    loopback.next.append(Answer(body=body, headers=encodings))
    assert (await twin(backend, "recall")("b", "q")).results[0].author == "ann"


@pytest.mark.parametrize("layers", [0, 1, 2])
async def test_an_answer_that_is_too_long_is_not_read_to_its_end(loopback: Loopback, twin: Twin, layers: int) -> None:
    body, encodings = b'{"results": [' + b" " * 4_000_000 + b"]}", ["gzip"] * layers
    for _ in encodings:
        body = gzip.compress(body)
    headers = {"content-encoding": ", ".join(encodings)} if layers else {}
    loopback.next += [Answer(body=body, headers=headers)] * 2
    with HindsightBackend(loopback.url, retry=QUICK, max_answer_bytes=1_000_000) as backend:
        with pytest.raises(UnexpectedAnswer, match="max_answer_bytes"):
            await twin(backend, "recall")("b", "q")
        assert len(loopback.requests) == 1
    with HindsightBackend(loopback.url, retry=QUICK, max_answer_bytes=5_000_000) as backend:
        assert (await twin(backend, "recall")("b", "q")).results == []


async def test_what_is_sent_beyond_an_answer_answers_no_later_call(
    backend: HindsightBackend, loopback: Loopback, twin: Twin
) -> None:
    beyond = b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"results": []}'
    for query in ("q", "long " * 20_000):
        loopback.next.append(Answer(body={"results": [MEMORY]}, beyond=beyond))
        assert (await twin(backend, "recall")("b", "q")).results
        assert (await twin(backend, "recall")("b", query)).results
        assert (await twin(backend, "recall")("b", "q")).results


async def test_a_server_that_is_not_there_is_unreachable(twin: Twin) -> None:
    with HindsightBackend(f"http://127.0.0.1:{unused_port()}", retry=QUICK) as backend:
        with pytest.raises(BackendUnreachable, match="HINDSIGHT_API_URL") as caught:
            await twin(backend, "retain")("b", "x")
        assert caught.value.details["attempts"] == QUICK.attempts
        health = await twin(backend, "health")()
        assert not health.ok
        assert health.location == backend.location


async def test_an_unknown_host_is_unreachable(twin: Twin) -> None:
    with HindsightBackend("http://no-such-host.invalid", retry=QUICK) as backend:
        with pytest.raises(BackendUnreachable) as caught:
            await twin(backend, "recall")("b", "q")
        assert "no-such-host" not in str(caught.value)


@pytest.mark.parametrize(("verb", "hint"), [("recall", "recall_timeout"), ("retain", "in the background")])
async def test_no_answer_in_time_says_what_to_do(
    hasty: HindsightBackend, loopback: Loopback, twin: Twin, verb: str, hint: str
) -> None:
    loopback.next.append(HANG)
    with pytest.raises(BackendTimeout, match=hint) as caught:
        await twin(hasty, verb)("b", "x")
    assert str(caught.value)
    assert loopback.asked.acquire(timeout=10)
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("verb", ["recall", "retain"])
async def test_an_answer_that_comes_byte_by_byte_is_given_up_in_time(loopback: Loopback, twin: Twin, verb: str) -> None:
    loopback.next.append(Answer(body=b"{" + b" " * 2_000 + b"}", trickle=0.01))  # 20 seconds
    waits = Timeouts(recall=0.5, retain=0.5)
    with HindsightBackend(loopback.url, timeouts=waits, retry=QUICK) as backend:
        with pytest.raises(BackendTimeout):
            await twin(backend, verb)("b", "x")
        assert len(loopback.requests) == 1
        loopback.next.append(Answer(body={"results": []}))
        assert (await twin(backend, "recall")("b", "x")).results == []


async def test_a_slow_reflect_has_its_own_timeout(loopback: Loopback, twin: Twin) -> None:
    waits = Timeouts(recall=30, reflect=0.05)
    with HindsightBackend(loopback.url, timeouts=waits, retry=QUICK) as backend:
        loopback.next += [Answer(body={"total": 1}), HANG]
        with pytest.raises(BackendTimeout, match="reflect_timeout"):
            await twin(backend, "reflect")("b", "q")


async def test_a_dropped_connection_is_tried_again_and_logged(
    backend: HindsightBackend, loopback: Loopback, twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    loopback.next += [DROP, DROP]
    with caplog.at_level("WARNING", logger="hindsight_teams"):
        assert (await twin(backend, "recall")("b", "q")).results
    assert len(loopback.requests) == 3
    assert sum("request repeated" in record.getMessage() for record in caplog.records) == 2


async def test_a_retain_is_repeated_under_one_document_id(
    backend: HindsightBackend, loopback: Loopback, twin: Twin
) -> None:
    loopback.next += [DROP, Answer(503, {"detail": "busy"}, {"retry-after": "0"})]
    receipt = await twin(backend, "retain")("b", "x")
    assert {r.body["items"][0]["document_id"] for r in loopback.requests} == set(receipt.document_ids)
    assert len(loopback.requests) == 3


async def test_an_append_is_not_sent_twice(backend: HindsightBackend, loopback: Loopback, twin: Twin) -> None:
    loopback.next.append(DROP)
    with pytest.raises(BackendUnreachable):
        await twin(backend, "retain")("b", "x", document_id="d", update_mode="append")
    assert len(loopback.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, b"<html>log in</html>", {"content-type": "text/html"}), UnexpectedAnswer),
        (Answer(200, b'{"results": ['), UnexpectedAnswer),
        (Answer(200, b"\x1f\x8b broken", {"content-encoding": "gzip"}), UnexpectedAnswer),
        (Answer(302, b"", {"location": "https://elsewhere.test/login"}), UnexpectedAnswer),
        (Answer(401, {"detail": "Invalid API key"}), Unauthorized),
        (Answer(429, {"detail": "slow down"}, {"retry-after": "3600"}), RateLimited),
    ],
)
async def test_an_answer_that_is_no_answer_fails_at_once(
    backend: HindsightBackend, loopback: Loopback, twin: Twin, answer: Answer, error: type[BackendError]
) -> None:
    loopback.next.append(answer)
    with pytest.raises(error) as caught:
        await twin(backend, "recall")("b", "q")
    assert len(loopback.requests) == 1
    for secret in ("k-123", loopback.url, "<html>", "elsewhere"):
        assert secret not in str(caught.value)
    assert caught.value.details["url"] == loopback.url
    assert "k-123" not in repr(caught.value.details)


async def test_a_cut_answer_is_asked_for_again(backend: HindsightBackend, loopback: Loopback, twin: Twin) -> None:
    loopback.next.append(Answer(200, {"results": []}, cut=True))
    assert (await twin(backend, "recall")("b", "q")).results


async def test_a_lasting_server_fault_is_told(backend: HindsightBackend, loopback: Loopback, twin: Twin) -> None:
    loopback.next += [Answer(500, {"detail": "boom at https://db"})] * 3
    with pytest.raises(ServerFault) as caught:
        await twin(backend, "recall")("b", "q")
    assert "boom" not in str(caught.value)
    assert "boom" in caught.value.details["server_says"]


async def test_a_bank_that_does_not_exist_recalls_as_empty(
    backend: HindsightBackend, loopback: Loopback, twin: Twin
) -> None:
    missing = Answer(404, {"detail": "Bank 'b' not found"})
    loopback.next += [missing] * 4
    assert (await twin(backend, "recall")("b", "q")).results == []
    assert (await twin(backend, "list_memories")("b")).total == 0
    assert await twin(backend, "list_tags")("b") == []
    with pytest.raises(BankNotFound):
        await twin(backend, "bank_stats")("b")


async def test_health_tells_a_wrong_key_and_an_old_server(
    backend: HindsightBackend, loopback: Loopback, twin: Twin
) -> None:
    assert (await twin(backend, "health")()).ok
    loopback.next += [Answer(body={"api_version": "1.1.0"}), Answer(401, {"detail": "Invalid API key"})]
    health = await twin(backend, "health")()
    assert (health.ok, health.version) == (False, "1.1.0")
    assert "API key" in health.message
    loopback.next.append(Answer(body={"api_version": "0.9.1"}))
    health = await twin(backend, "health")()
    assert (health.ok, health.version) == (False, "0.9.1")
    assert "upgrade" in health.message


async def test_a_path_prefix_and_own_headers_reach_the_server(loopback: Loopback, twin: Twin) -> None:
    loopback.next.append(Answer(body={"results": []}))
    with HindsightBackend(loopback.url + "/team/memory/", headers={"X-Tenant": "desk"}) as backend:
        await twin(backend, "recall")("a b", "q")
    assert loopback.requests[0].path == "/team/memory/v1/default/banks/a%20b/memories/recall"
    assert loopback.requests[0].headers["x-tenant"] == "desk"
    assert "authorization" not in loopback.requests[0].headers


async def test_a_proxy_of_the_environment_is_used(
    loopback: Loopback, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", loopback.url)
    with HindsightBackend("http://memory.test") as backend:
        assert (await twin(backend, "recall")("b", "q")).results
    assert loopback.requests[0].path.startswith("http://memory.test/")
    monkeypatch.setenv("NO_PROXY", f"memory.test,127.0.0.1:{loopback.port}")
    with HindsightBackend(loopback.url) as backend:
        assert (await twin(backend, "recall")("b", "q")).results
    assert loopback.requests[1].path.startswith("/v1/")
    with HindsightBackend("http://memory.invalid", trust_env=False, retry=RetryPolicy(attempts=1)) as backend:
        with pytest.raises(BackendUnreachable):
            await twin(backend, "recall")("b", "q")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_a_login_is_named(loopback: Loopback, twin: Twin, scheme: str) -> None:
    loopback.next.extend([Answer(407, headers={"Proxy-Authenticate": "Basic"})] * 3)
    proxy = loopback.url.replace("//", "//ann:k-123@")
    with HindsightBackend(f"{scheme}://memory.test", api_key="k-456", proxy=proxy, retry=QUICK) as backend:
        with pytest.raises(BackendUnreachable, match="user name and password") as caught:
            await twin(backend, "recall")("b", "q")
    assert caught.value.details["attempts"] == 1
    assert "k-" not in f"{caught.value} {caught.value.details}"
    assert loopback.requests[0].headers["proxy-authorization"] == "Basic YW5uOmstMTIz"
    assert ("authorization" in loopback.requests[0].headers) is (scheme == "http")


async def test_nothing_bad_is_sent(backend: HindsightBackend, loopback: Loopback, twin: Twin) -> None:
    for bank_id in ("a/b", "..", "x\x00", "é" * 97):
        with pytest.raises(ValueError, match="bank id"):
            await twin(backend, "recall")(bank_id, "q")
    with pytest.raises(ValueError, match="operation_id"):
        await twin(backend, "retain")("b", "x", operation_id="687ec01b-94b6-424d-9f26-8f22b9485100")
    with pytest.raises(ValueError, match="UUID"):
        await twin(backend, "retain")("b", "x", background=True, operation_id="mine")
    with pytest.raises(ValueError, match="surrogate"):
        await twin(backend, "recall")("b", "q", tags=["\ud800"])
    with pytest.raises(ValueError, match="JSON"):
        await twin(backend, "reflect")("b", "q", response_schema={"type": object()})
    assert loopback.requests == []


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "localhost:8888"},
        {"base_url": "ftp://x"},
        {"base_url": "http://"},
        {"base_url": "http://ada:secret@x"},
        {"base_url": "http://x?key=secret"},
        {"base_url": "http://x:99999"},
        {"base_url": "http://x y"},
        {"base_url": "http://x\n.y"},
        {"base_url": "http://a..b"},
        {"base_url": "http://[v1.x]"},
        {"base_url": None},
        {"base_url": "http://x", "api_key": ""},
        {"base_url": "http://x", "api_key": "a\n"},
        {"base_url": "http://x", "api_key": "  "},
        {"base_url": "http://x", "api_key": "a b"},
        {"base_url": "http://x", "api_key": "ключ"},
        {"base_url": "http://x", "api_key": 7},
        {"base_url": "http://x", "headers": {"X Y": "z"}},
        {"base_url": "http://x", "headers": {"x": "a\r\nb"}},
        {"base_url": "http://x", "headers": {"x": 5}},
        {"base_url": "http://x", "timeouts": 5},
        {"base_url": "http://x", "verify": None},
        {"base_url": "http://x", "max_connections": 0},
        {"base_url": "http://x", "max_answer_bytes": 0},
    ],
    ids=repr,
)
def test_what_cannot_be_a_server_is_refused_when_it_is_given(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        HindsightBackend(**options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1, "5", True, float("nan"), float("inf"), 1e7])
def test_a_timeout_is_a_number_that_a_socket_can_wait_for(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="recall timeout"):
        Timeouts(recall=seconds)


def test_a_certificate_file_that_is_not_there_is_said_so() -> None:
    with HindsightBackend("https://x.invalid", verify="/no/such/file.pem") as backend:
        with pytest.raises(ConfigurationError, match="certificates"):
            backend.recall("b", "q")


async def test_a_server_without_tls_is_told_from_one_that_is_down(loopback: Loopback, twin: Twin) -> None:
    with HindsightBackend(loopback.url.replace("http:", "https:"), retry=QUICK) as backend:
        with pytest.raises(BackendUnreachable, match="http://") as caught:
            await twin(backend, "recall")("b", "q")
        assert caught.value.details["attempts"] == 1


def test_a_socks_proxy_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hindsight_teams.backends.hindsight.connection.find_spec", lambda name: None)
    with HindsightBackend("http://x.invalid", proxy="socks5://127.0.0.1:1") as backend:
        with pytest.raises(ConfigurationError, match="httpx\\[socks\\]"):
            backend.recall("b", "q")


def test_no_key_is_shown() -> None:
    backend = HindsightBackend("http://x", api_key="k-123", headers={"x": "k-123"}, proxy="http://u:k-123@p")
    assert "k-123" not in repr(backend)
    connection = Connection("http://x", {"authorization": "Bearer k-123"}, Timeouts(), proxy="http://u:k-123@p")
    assert "k-123" not in repr(connection)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_takes_a_key_or_a_memory_elsewhere(
    backend: HindsightBackend, loopback: Loopback, twin: Twin, status: int
) -> None:
    for verb, given in (("recall", ("b", "q")), ("retain", ("b", "x"))):
        loopback.requests.clear()
        loopback.next.append(Answer(status, {}, headers={"Location": f"{loopback.url}/elsewhere"}))
        with pytest.raises(UnexpectedAnswer, match="redirects"):
            await twin(backend, verb)(*given)
        assert "/elsewhere" not in [request.path for request in loopback.requests]
        assert len(loopback.requests) == 1
