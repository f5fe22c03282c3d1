"""The rules behind HTTP, as ``POST /v1/chat/completions`` with and without streaming.

Usable in a test as a context manager, and as a process: ``python -m tests.harness.llm.endpoint PORT_FILE``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.harness.llm.rules import Message, answer, wait_of


class RuleEndpoint:
    """The endpoint on a free port of this machine, served by a thread.

    Attributes:
        requests: The bodies of the chat requests so far, when ``keep`` was asked for.
    """

    def __init__(self, *, keep: bool = True) -> None:
        self.requests: list[dict[str, Any]] = []
        self._keep = keep
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.heard = self._hear
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL is to be set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    def _hear(self, request: dict[str, Any]) -> None:
        if self._keep:
            self.requests.append(request)

    def __enter__(self) -> RuleEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve_forever(self) -> None:
        """Serve in this thread until the process ends."""
        self._server.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    heard: Any = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # a client that left is none


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "rules", "object": "model"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            return self._send(404, {"error": {"message": f"there is no {self.path}", "type": "invalid_request_error"}})
        self.server.heard(request)
        time.sleep(wait_of(request))
        message = answer(request)
        for index, call in enumerate(message.get("tool_calls", ())):
            call |= {"index": index, "id": f"call_{uuid.uuid4().hex[:16]}"}
        if not request.get("stream"):
            return self._send(200, _completion(request, message))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in _chunks(request, message):
            self.wfile.write(b"data: " + chunk.encode() + b"\n\n")
        self.close_connection = True

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def _completion(request: dict[str, Any], message: Message) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": _finish(message)}
    return {**_frame(request, "chat.completion"), "choices": [choice], "usage": _usage(request, message)}


def _chunks(request: dict[str, Any], message: Message) -> Iterator[str]:
    frame = _frame(request, "chat.completion.chunk")
    yield json.dumps({**frame, "choices": [{"index": 0, "delta": message, "finish_reason": None}]})
    yield json.dumps({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(message)}]})
    if (request.get("stream_options") or {}).get("include_usage"):
        yield json.dumps({**frame, "choices": [], "usage": _usage(request, message)})
    yield "[DONE]"


def _frame(request: dict[str, Any], kind: str) -> dict[str, Any]:
    model = request.get("model", "rules")
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def _finish(message: Message) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


def _usage(request: dict[str, Any], message: Message) -> dict[str, int]:
    asked, said = len(json.dumps(request["messages"])) // 4, len(json.dumps(message)) // 4
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


if __name__ == "__main__":
    endpoint = RuleEndpoint(keep=False)
    port_file = Path(sys.argv[1])
    port_file.with_suffix(".new").write_text(str(endpoint.port))
    os.replace(port_file.with_suffix(".new"), port_file)
    endpoint.serve_forever()
