"""One call as it goes over the wire, and its answer, without a plan around them."""

from __future__ import annotations

import asyncio
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hindsight_teams.backends.hindsight import Timeouts
from hindsight_teams.backends.hindsight.connection import Connection
from hindsight_teams.backends.hindsight.transport import Pool
from hindsight_teams.backends.hindsight.wire import Call, Failure, Reply
from hindsight_teams.errors import BackendTimeout, BackendUnreachable, UnexpectedAnswer
from tests.backends.hindsight.conftest import HANG, Answer, Loopback, Request

WAYS = pytest.mark.parametrize("way", ["sync", "async"])
HASTY = Timeouts(connect=5.0, recall=0.05, reflect=0.05, retain=0.05)


@contextmanager
def pool(loopback: Loopback, **options: Any) -> Iterator[Pool]:
    given = {"headers": {}, "timeouts": Timeouts(), "trust_env": False, **options}
    made = Pool(Connection(loopback.url, **given))
    yield made
    made.close()


def send(made: Pool, way: str, *calls: Call) -> Any:
    """What came of the calls, sent one after the other; the last one."""

    async def awaited() -> Any:
        outcome: Any = None
        for call in calls:
            outcome = await made.asend(call)
        await made.aclose()
        return outcome

    if way == "async":
        return asyncio.run(awaited())
    return [made.send(call) for call in calls][-1]


def sent(loopback: Loopback, way: str, call: Call, **options: Any) -> Request:
    with pool(loopback, **options) as made:
        send(made, way, call)
    [request] = loopback.requests
    return request


@WAYS
@pytest.mark.parametrize(
    ("method", "content", "length"),
    [
        ("GET", None, None),
        ("DELETE", None, None),
        ("DELETE", b"{}", "2"),
        ("POST", None, "0"),
        ("PUT", b"{}", "2"),
        ("PATCH", b'{"a":1}', "7"),
    ],
)
def test_a_body_has_its_length_and_what_must_have_one_says_so(
    loopback: Loopback, way: str, method: str, content: bytes | None, length: str | None
) -> None:
    request = sent(loopback, way, Call("it", method, "/x?a=b%20c", content))
    assert (request.method, request.path, request.headers.get("content-length")) == (method, "/x?a=b%20c", length)
    assert request.headers["host"] == f"127.0.0.1:{loopback.port}"
    assert request.headers["content-type"] == "application/json"


@WAYS
def test_a_call_has_the_content_type_that_it_names_and_the_host_that_is_given(loopback: Loopback, way: str) -> None:
    call = Call("it", "POST", "/x", b"{}", content_type="multipart/form-data; boundary=z")
    request = sent(loopback, way, call, headers={"Host": "memory.test", "X-Own": "1"})
    assert request.headers["content-type"] == "multipart/form-data; boundary=z"
    assert (request.headers["host"], request.headers["x-own"]) == ("memory.test", "1")
    assert request.headers["accept-encoding"] == "gzip, deflate"
    assert sorted(request.names) == sorted(set(request.names))


@WAYS
def test_an_answer_is_given_as_it_is(loopback: Loopback, way: str) -> None:
    loopback.next.append(Answer(503, b"busy", {"Retry-After": "7"}))
    with pool(loopback) as made:
        assert send(made, way, Call("it", "GET", "/x")) == Reply(503, b"busy", "7")
        assert send(made, way, Call("it", "GET", "/version")).retry_after is None


@WAYS
@pytest.mark.parametrize(
    ("encodings", "body"),
    [
        ("gzip", gzip.compress(b"0123456789", mtime=0)),
        ("deflate", zlib.compress(b"0123456789")),
        ("deflate, gzip", gzip.compress(zlib.compress(b"0123456789"), mtime=0)),
        ("identity", b"0123456789"),
    ],
)
@pytest.mark.parametrize(("most", "fits"), [(64, True), (9, False)])
def test_a_compressed_answer_is_as_long_as_it_is_unpacked(
    loopback: Loopback, way: str, encodings: str, body: bytes, most: int, fits: bool
) -> None:
    loopback.next.append(Answer(200, body, {"Content-Encoding": encodings}))
    with pool(loopback, max_answer_bytes=most) as made:
        found = send(made, way, Call("it", "GET", "/x"))
    if fits:
        assert found == Reply(200, b"0123456789")
    else:
        assert isinstance(found.error, UnexpectedAnswer)


@WAYS
@pytest.mark.parametrize(("length", "fits"), [(10, True), (11, False)])
def test_an_answer_may_have_just_as_many_bytes_as_are_allowed(
    loopback: Loopback, way: str, length: int, fits: bool
) -> None:
    loopback.next.append(Answer(200, b"x" * length))
    with pool(loopback, max_answer_bytes=10) as made:
        found = send(made, way, Call("it", "GET", "/x"))
    assert isinstance(found, Reply) is fits
    if not fits:
        assert found.error.details["cause"] == "AnswerTooLong: more than 10 bytes"


@WAYS
@pytest.mark.parametrize("wait", ["recall", "reflect", "retain"])
def test_a_call_waits_as_long_as_its_kind_and_its_size_ask_for(loopback: Loopback, way: str, wait: Any) -> None:
    loopback.next += [HANG, Answer(200, b"x" * 20, trickle=0.004)]
    with pool(loopback, timeouts=HASTY) as made:
        late = send(made, way, Call("it", "POST", "/x", b"{}", wait=wait))
        assert isinstance(late, Failure)
        assert isinstance(late.error, BackendTimeout)
        in_time = send(made, way, Call("it", "POST", "/x", b"{}", wait=wait, longer=30))
        assert in_time == Reply(200, b"x" * 20)


@WAYS
def test_a_path_that_is_none_is_a_failure_that_lasts(loopback: Loopback, way: str) -> None:
    with pool(loopback) as made:
        found = send(made, way, Call("it", "GET", "/\x00"))
    assert isinstance(found.error, BackendUnreachable)
    assert (found.processed, found.repeatable, loopback.requests) == (False, False, [])


@WAYS
def test_a_connection_is_used_again_and_closed_with_its_pool(loopback: Loopback, way: str) -> None:
    call = Call("it", "GET", "/version")

    async def thrice() -> int:
        for _ in range(3):
            await made.asend(call)
        return loopback.connections

    with pool(loopback) as made:
        if way == "async":
            assert asyncio.run(thrice()) == 1
        else:
            send(made, way, call, call, call)
            assert loopback.connections == 1
    assert loopback.wait_until_all_closed()
    assert len(loopback.requests) == 3


def test_a_second_loop_leaves_the_connections_of_the_first_open(loopback: Loopback) -> None:
    with pool(loopback) as made, asyncio.Runner() as first, asyncio.Runner() as second:
        for runner in (first, second, first, second):
            assert isinstance(runner.run(made.asend(Call("it", "GET", "/version"))), Reply)
        assert loopback.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_a_forked_child_opens_a_connection_of_its_own(loopback: Loopback) -> None:
    call = Call("it", "GET", "/version")
    with pool(loopback) as made:
        made.send(call)
        if (child := os.fork()) == 0:
            try:
                os._exit(not isinstance(made.send(call), Reply))
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        made.send(call)
    of_parent, of_child, again = (request.port for request in loopback.requests)
    assert of_parent == again != of_child
