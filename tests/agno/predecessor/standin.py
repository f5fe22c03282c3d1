"""A local HTTP server that fails on demand, in ways that a real one can't be made to."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEMORY = {"id": "1", "text": "Nora leads the Maple pilot."}
HAPPY: dict[str, Any] = {
    "memories": {"success": True, "bank_id": "b", "items_count": 1, "async": False},
    "recall": {"results": [MEMORY]},
    "reflect": {"text": "Nora does."},
    "list": {"items": [MEMORY], "total": 1, "limit": 100, "offset": 0},
}


@dataclass(frozen=True)
class Answer:
    """One answer, held back until ``until`` is set."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    until: threading.Event | None = None


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    body: dict[str, Any]

    @property
    def verb(self) -> str:
        return self.path.rpartition("/")[2]


class StandIn:
    """Plays ``answers`` in order, then answers as a Hindsight server with one memory would.

    Attributes:
        asked: The requests so far.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            return self.answers.pop(0) if self.answers else Answer(body=HAPPY.get(asked.verb, {}))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    owner: StandIn

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that left


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.owner.take(Asked(self.path.partition("?")[0], json.loads(content) if content else {}))
        if answer.until is not None:
            answer.until.wait(20)
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        data = text.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        pass
