"""A server that answers any Hindsight request at once with the same ten memories, so that only the client costs.

``python benchmarks/instant_server.py`` prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys

TEXT = "Nora said in the weekly meeting of team {0} that the Maple pilot moves to Oslo in week {0}, after the audit."
MEMORY = {
    "type": "world",
    "entities": ["Nora", "Maple", "Oslo"],
    "context": "",
    "occurred_start": "2024-05-03T00:00:00+00:00",
    "occurred_end": "2024-05-03T00:00:00+00:00",
    "mentioned_at": "2024-05-04T09:12:31.120451+00:00",
    "metadata": {"author": "researcher", "team": "desk", "session": "s-1"},
    "tags": ["author:researcher", "team:desk"],
    "source_fact_ids": None,
    "scores": {"final": 0.92, "reranker": None, "semantic": 0.54, "keyword": 0.2},
    "attachments": None,
}


def _memory(number: int) -> dict[str, object]:
    ids = {"id": f"638d615a-9682-47c6-8e2c-{number:012d}", "document_id": f"d{number}", "chunk_id": f"b_d{number}_0"}
    return {**ids, "text": TEXT.format(number), **MEMORY}


RECALL = json.dumps({"results": [_memory(n) for n in range(10)], "trace": None, "entities": None, "chunks": None})
BANK = {"bank_id": "b", "name": "b", "disposition": {"skepticism": 3, "literalism": 3, "empathy": 3}}
PAGE = {"banks": [{"bank_id": "b"}], "items": [], "total": 1, "limit": 1, "offset": 0}
OTHER = json.dumps({**BANK, **PAGE, "success": True, "items_count": 1})


def _answer(body: str) -> bytes:
    data = body.encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(data), data)


_RECALL, _OTHER = _answer(RECALL), _answer(OTHER)


class Instant(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as the clients here need it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.data = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.data) < end + 4 + length:
                return
            self.data = self.data[end + 4 + length :]
            self.transport.write(_RECALL if b"/recall " in head.split(b"\r\n", 1)[0] else _OTHER)


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Instant, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
