"""The backend as it is made: its options, its key, what it can, and how it travels."""

from __future__ import annotations

import logging
import pickle
import time
from typing import Any

import pytest
from pydantic import SecretStr

from hindsight_teams.backends.hindsight import HindsightBackend, RetryPolicy, Timeouts
from hindsight_teams.errors import ConfigurationError, Unauthorized
from hindsight_teams.requests import STANDARD, Capability
from tests.backends.hindsight.conftest import QUICK, Answer, Loopback

KEY = "k-123"


@pytest.mark.parametrize("key", [KEY, SecretStr(KEY)])
async def test_a_key_is_sent_and_shown_nowhere(loopback: Loopback, key: Any) -> None:
    with HindsightBackend(loopback.url, api_key=key, headers={"X-Own": "1", "Accept": "text/plain"}) as backend:
        backend.recall("b", "q")
        await backend.arecall("b", "q")
        assert KEY not in repr(backend)
        assert repr(backend) == f"HindsightBackend({loopback.url!r})"
        assert backend.location == loopback.url
        await backend.aclose()
    for request in loopback.requests:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert (request.headers["x-own"], request.headers["accept"]) == ("1", "text/plain")
    assert len(loopback.requests) == 2


def test_a_header_of_ones_own_takes_the_place_of_the_key(loopback: Loopback) -> None:
    with HindsightBackend(loopback.url, api_key=KEY, headers={"Authorization": "Basic x"}) as backend:
        backend.recall("b", "q")
    assert loopback.requests[0].headers["authorization"] == "Basic x"


@pytest.mark.parametrize(("key", "says"), [(None, "wants an API key"), (KEY, "refused the API key")])
def test_without_a_key_none_is_sent_and_the_error_says_so(loopback: Loopback, key: str | None, says: str) -> None:
    loopback.next.append(Answer(401, {"detail": "no"}))
    with HindsightBackend(loopback.url, api_key=key) as backend, pytest.raises(Unauthorized, match=says):
        backend.recall("b", "q")
    assert ("authorization" in loopback.requests[0].headers) is (key is not None)


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        (None, {}, "must be strings"),
        (7, {}, "must be strings"),
        (b"http://x.test", {}, "must be strings"),
        ("http://x.test", {"api_key": b"k"}, "must be strings"),
        ("http://x.test", {"api_key": 7}, "must be strings"),
        ("ftp://x.test", {}, "http"),
        ("", {}, "."),
        ("http://x.test", {"api_key": ""}, "."),
        ("http://x.test", {"api_key": "a\nb"}, "."),
    ],
)
def test_a_url_or_key_that_can_not_be_is_refused_without_showing_it(url: Any, options: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        HindsightBackend(url, **options)
    assert "a\nb" not in str(caught.value)
    assert caught.value.__cause__ is None


OPTIONS: dict[str, Any] = {
    "timeouts": Timeouts(recall=1.0),
    "headers": {"X-Own": "1"},
    "retry": RetryPolicy(attempts=1),
    "verify": False,
    "proxy": "http://p.test",
    "trust_env": False,
    "max_connections": 3,
    "max_answer_bytes": 7,
}


def test_a_backend_travels_with_all_of_its_options() -> None:
    given = HindsightBackend("http://x.test", api_key=KEY, **OPTIONS)
    again = pickle.loads(pickle.dumps(given))
    made = again.__reduce__()[0]
    assert (made.func, made.args) == (HindsightBackend, ("http://x.test",))
    assert made.keywords == {**OPTIONS, "api_key": SecretStr(KEY)}
    assert KEY not in repr(made)


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_only_a_request_that_is_repeated_is_logged(
    loopback: Loopback, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    operation = "00000000-0000-0000-0000-000000000001"
    loopback.next += [
        Answer(503, {"detail": "busy"}),
        Answer(body={"operation_id": operation, "status": "pending"}),
        Answer(body={"operation_id": operation, "status": "completed"}),
    ]
    with HindsightBackend(loopback.url, retry=QUICK) as backend, caplog.at_level(logging.WARNING):
        if way == "sync":
            backend.wait_for_operation("b", operation)
        else:
            await backend.await_for_operation("b", operation)
            await backend.aclose()
    [line] = [record.getMessage() for record in caplog.records]
    assert "request repeated" in line
    assert "failed on get_operation (503)" in line
    assert '"seconds": 0.0' in line
    assert len(loopback.requests) == 3


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_request_is_sent_again_after_a_pause(loopback: Loopback, way: str) -> None:
    loopback.next.append(Answer(503, {"detail": "busy"}))
    began = time.monotonic()
    with HindsightBackend(loopback.url, retry=RetryPolicy(base=0.1)) as backend:
        if way == "sync":
            backend.recall("b", "q")
        else:
            await backend.arecall("b", "q")
            await backend.aclose()
    assert time.monotonic() - began >= 0.05
    assert len(loopback.requests) == 2


def test_a_server_does_what_the_service_needs_and_signs_a_whole_document_with_each_append() -> None:
    more = "APPEND_SIGNS_ANEW DOCUMENTS GET_MEMORY OPERATIONS SOURCES VERSION"
    assert HindsightBackend.capabilities == STANDARD | {Capability[name] for name in more.split()}
