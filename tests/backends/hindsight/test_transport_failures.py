"""What went wrong on the way to an answer: which error it is, whether the server may have worked, whether to go on."""

from __future__ import annotations

from typing import Any

import httpcore
import httpx
import pytest

from hindsight_teams.backends.hindsight.transport import FAILURES, AnswerTooLong, failure
from hindsight_teams.backends.hindsight.wire import Call
from hindsight_teams.errors import BackendTimeout, BackendUnreachable, UnexpectedAnswer

CALL = Call("recall", "POST", "/x")
SENT, UNSENT = True, False
AGAIN, LASTING = True, False


@pytest.mark.parametrize(
    ("error", "kind", "processed", "repeatable", "says"),
    [
        (httpcore.ConnectTimeout(), BackendUnreachable, UNSENT, AGAIN, "can't be reached in time"),
        (httpcore.PoolTimeout(), BackendTimeout, UNSENT, LASTING, "no connection was free for recall"),
        (httpcore.ReadTimeout(), BackendTimeout, SENT, LASTING, "no answer to recall in time; raise recall_timeout"),
        (httpcore.WriteTimeout(), BackendTimeout, SENT, LASTING, "no answer to recall in time"),
        (httpcore.ConnectError(), BackendUnreachable, UNSENT, AGAIN, "check that it runs"),
        (
            httpcore.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] x"),
            BackendUnreachable,
            UNSENT,
            LASTING,
            "not trusted",
        ),
        (httpcore.ConnectError("[SSL: WRONG_VERSION_NUMBER] x"), BackendUnreachable, UNSENT, LASTING, "speaks no TLS"),
        (httpcore.ProxyError("502 Bad Gateway"), BackendUnreachable, UNSENT, AGAIN, "check that it runs"),
        (
            httpcore.ProxyError("407 Proxy Authentication"),
            BackendUnreachable,
            UNSENT,
            LASTING,
            "user name and password",
        ),
        (httpcore.ConnectError("407"), BackendUnreachable, UNSENT, AGAIN, "check that it runs"),
        (AnswerTooLong("more than 7 bytes"), UnexpectedAnswer, SENT, LASTING, "the answer to recall is too long"),
        (httpx.DecodingError("bad"), UnexpectedAnswer, SENT, LASTING, "its answer to recall can't be read"),
        (httpcore.ReadError("reset"), BackendUnreachable, SENT, AGAIN, "broke during recall"),
        (httpcore.WriteError("reset"), BackendUnreachable, SENT, AGAIN, "broke during recall"),
        (httpcore.RemoteProtocolError("cut"), BackendUnreachable, SENT, AGAIN, "broke during recall"),
        (httpcore.LocalProtocolError("bad header"), BackendUnreachable, UNSENT, LASTING, "can't be sent as configured"),
        (httpcore.UnsupportedProtocol("ftp"), BackendUnreachable, UNSENT, LASTING, "can't be sent as configured"),
        (httpx.InvalidURL("bad"), BackendUnreachable, UNSENT, LASTING, "can't be sent as configured"),
    ],
)
def test_a_failure_says_what_it_means(
    error: Exception, kind: Any, processed: bool, repeatable: bool, says: str
) -> None:
    assert isinstance(error, FAILURES)
    found = failure(error, CALL)
    assert (type(found.error), found.processed, found.repeatable) == (kind, processed, repeatable)
    assert says in found.error.message
    if not isinstance(error, httpx.DecodingError):
        assert found.error.details == {"cause": f"{type(error).__name__}: {error}"}


@pytest.mark.parametrize(
    ("wait", "says"), [("retain", "raise retain_timeout"), ("reflect", "raise reflect_timeout"), ("recall", "recall_t")]
)
def test_each_wait_has_its_own_advice(wait: Any, says: str) -> None:
    assert says in failure(httpcore.ReadTimeout(), Call("it", "POST", "/x", wait=wait)).error.message
