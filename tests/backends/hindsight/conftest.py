"""A loopback server that answers as Hindsight would, or fails as told."""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hindsight_teams.backends.hindsight import HindsightBackend, RetryPolicy, Timeouts

MEMORY = {
    "id": "687ec01b-94b6-424d-9f26-8f22b9485100",
    "text": "Alice prefers dark mode.",
    "type": "world",
    "entities": ["Alice"],
    "context": "chat",
    "occurred_start": None,
    "occurred_end": None,
    "mentioned_at": "2026-11-22T22:12:54.149934+00:00",
    "document_id": "d",
    "metadata": {"author": "ann"},
    "chunk_id": "c",
    "tags": ["user:alice"],
    "source_fact_ids": None,
    "scores": {"final": 1.0, "reranker": None, "semantic": 0.5, "keyword": 0.1},
    "attachments": None,
}
QUICK = RetryPolicy(attempts=3, base=0.0)
"""Repeats at once."""


@dataclass(frozen=True)
class Request:
    """What arrived; ``headers`` by lower-case name, ``names`` as often as each was there, ``port`` of who sent it."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    names: tuple[str, ...]
    port: int = field(compare=False)


@dataclass(frozen=True)
class Answer:
    """What to do with a request.

    Attributes:
        body: JSON, or bytes as they are.
        drop: Close the connection instead of answering.
        cut: Promise more bytes than are sent.
        hang: Answer only when the test ends.
        trickle: Seconds between one byte of the body and the next.
        beyond: Sent after the answer, in one piece with it.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: bool = False
    hang: bool = False
    trickle: float | None = None
    beyond: bytes = b""


DROP = Answer(drop=True)
HANG = Answer(hang=True)


class Loopback:
    """A server on a port of its own.

    Attributes:
        requests: All that arrived.
        next: Answers for the next requests; when they are used up, the usual ones follow.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.next: deque[Answer] = deque()
        self.released = threading.Event()
        self.asked = threading.Semaphore(0)
        self.connections = 0
        self.all_closed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def encrypt(self, context: ssl.SSLContext) -> str:
        """Speak TLS from now on; give the URL."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        return self.url.replace("http:", "https:")

    def answer(self, request: Request) -> Answer:
        answer = self.next.popleft() if self.next else usual(request)
        self.requests.append(request)
        self.asked.release()
        return answer

    def wait_until_all_closed(self) -> bool:
        """Whether all connections are closed; waits for those that are closing."""
        with self.all_closed:
            return self.all_closed.wait_for(lambda: self.connections == 0, timeout=10)

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def usual(request: Request) -> Answer:
    """What a healthy Hindsight would answer, as far as the tests need it."""
    path = request.path.partition("?")[0]
    if path.endswith("/memories/recall"):
        return Answer(body={"results": [MEMORY]})
    if path.endswith("/memories/list"):
        return Answer(body={"items": [], "total": 0, "limit": 0, "offset": 0})
    if path.endswith("/memories"):
        items = request.body["items"]
        body = {"success": True, "bank_id": "b", "items_count": len(items), "async": request.body.get("async", False)}
        return Answer(body={**body, "operation_id": request.body.get("operation_id")})
    if path.endswith("/reflect"):
        return Answer(body={"text": "Alice prefers dark mode.", "based_on": {"memories": [MEMORY]}})
    if path.endswith("/version"):
        return Answer(body={"api_version": "1.1.0", "features": {}})
    if path.endswith("/banks"):
        return Answer(body={"banks": [], "total": 0, "limit": 1, "offset": 0})
    return Answer(404, {"detail": "Not Found"})


class _Server(ThreadingHTTPServer):
    owner: Loopback
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.owner.all_closed:
            self.server.owner.connections += 1

    def finish(self) -> None:
        with suppress(BrokenPipeError):  # whoever asked is gone already
            super().finish()
        with self.server.owner.all_closed:
            self.server.owner.connections -= 1
            self.server.owner.all_closed.notify_all()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _respond(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        names = tuple(name.lower() for name in self.headers.keys())
        body = json.loads(raw) if raw else None
        answer = self.server.owner.answer(
            Request(self.command, self.path, headers, body, names, self.client_address[1])
        )
        if answer.hang:
            self.server.owner.released.wait()
        if answer.drop or answer.hang:
            self.close_connection = True
            return
        said = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"content-type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(said) + (100 if answer.cut else 0)))
        self.end_headers()
        said += answer.beyond
        for piece in [said] if answer.trickle is None else [bytes([byte]) for byte in said]:
            self.wfile.write(piece)
            self.wfile.flush()
            if answer.trickle is not None:
                self.server.owner.released.wait(answer.trickle)
        self.close_connection = self.close_connection or answer.cut

    do_CONNECT = do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _respond

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.stop()


@pytest.fixture
def backend(loopback: Loopback) -> Iterator[HindsightBackend]:
    with HindsightBackend(loopback.url, api_key="k-123", retry=QUICK) as backend:
        yield backend


@pytest.fixture
def hasty(loopback: Loopback) -> Iterator[HindsightBackend]:
    """A backend that waits for no answer."""
    waits = Timeouts(connect=5.0, recall=0.05, reflect=0.05, retain=0.05)
    with HindsightBackend(loopback.url, timeouts=waits, retry=QUICK) as backend:
        yield backend


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> Callable[[HindsightBackend, str], Callable[..., Any]]:
    """Give a verb of a backend as a coroutine function, whichever of the twins it is."""
    plain = request.param == "sync"

    def pick(backend: HindsightBackend, verb: str) -> Callable[..., Any]:
        async def call(*args: Any, **options: Any) -> Any:
            if plain:
                return getattr(backend, verb)(*args, **options)
            return await getattr(backend, f"a{verb}")(*args, **options)

        return call

    return pick
