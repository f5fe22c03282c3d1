"""Turn an httpcore error into a typed error that says whether to try again. Pure."""

from __future__ import annotations

import httpcore
import httpx

from hindsight_teams.backends.hindsight import faults
from hindsight_teams.backends.hindsight.wire import Call, Failure
from hindsight_teams.errors import BackendError, BackendTimeout, BackendUnreachable, UnexpectedAnswer

_HINTS = {
    "retain": "the server drops a retain whose client has left; raise retain_timeout, or retain in the background",
    "reflect": "raise reflect_timeout, or use a lower budget",
    "recall": "raise recall_timeout, or look at the server",
}
_TLS = {
    "CERTIFICATE_VERIFY_FAILED": (
        "the Hindsight server's TLS certificate is not trusted; give its authority as verify, or SSL_CERT_FILE"
    ),
    "WRONG_VERSION_NUMBER": "what answered speaks no TLS; hindsight_api_url may have to begin with http://",
}


class AnswerTooLong(Exception):
    """An answer has more bytes than are allowed."""


FAILURES = (
    AnswerTooLong,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.DecodingError,
    httpx.InvalidURL,
)
"""What goes wrong on the way to an answer."""


def failure(error: Exception, call: Call) -> Failure:
    """What one of ``FAILURES`` means: the error, whether the server may have worked on it, whether to try again."""
    details = {"cause": f"{type(error).__name__}: {error}"}
    reason: BackendError
    if isinstance(error, httpcore.ConnectTimeout):
        reason = BackendUnreachable(
            "the Hindsight server can't be reached in time; check its URL, HINDSIGHT_API_URL", **details
        )
        return Failure(reason, processed=False, repeatable=True)
    if isinstance(error, httpcore.PoolTimeout):
        reason = BackendTimeout(f"no connection was free for {call.verb}; allow more, or send less at once", **details)
        return Failure(reason, processed=False, repeatable=False)
    if isinstance(error, httpcore.TimeoutException):
        return Failure(
            BackendTimeout(f"no answer to {call.verb} in time; {_HINTS[call.wait]}", **details),
            processed=True,
            repeatable=False,
        )
    if isinstance(error, httpcore.ConnectError | httpcore.ProxyError):
        if isinstance(error, httpcore.ProxyError) and str(error).startswith("407"):
            return Failure(BackendUnreachable(faults.PROXY_LOGIN, **details), processed=False, repeatable=False)
        for sign, words in _TLS.items():
            if sign in str(error):
                return Failure(BackendUnreachable(words, **details), processed=False, repeatable=False)
        reason = BackendUnreachable(
            "the Hindsight server can't be reached; check that it runs, and its URL, HINDSIGHT_API_URL", **details
        )
        return Failure(reason, processed=False, repeatable=True)
    if isinstance(error, AnswerTooLong):
        words = f"the answer to {call.verb} is too long: ask for less at once, or raise max_answer_bytes"
        return Failure(UnexpectedAnswer(words, **details), processed=True, repeatable=False)
    if isinstance(error, httpx.DecodingError):
        return Failure(faults.unreadable(b"", verb=call.verb), processed=True, repeatable=False)
    if isinstance(error, httpcore.NetworkError | httpcore.RemoteProtocolError):
        reason = BackendUnreachable(f"the connection to the Hindsight server broke during {call.verb}", **details)
        return Failure(reason, processed=True, repeatable=True)
    reason = BackendUnreachable(
        f"{call.verb} can't be sent as configured; check hindsight_api_url, proxy and headers", **details
    )
    return Failure(reason, processed=False, repeatable=False)
