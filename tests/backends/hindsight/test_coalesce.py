# a timeout as a parameter is httpcore's own signature

from __future__ import annotations

import asyncio

import httpcore
import pytest

from hindsight_teams.backends.hindsight.coalesce import AsyncNetwork, _Stream


class Wire(httpcore.NetworkStream):
    """What goes over the wire, in the pieces it is sent in."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.sent.append(buffer)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return b"answer"

    def get_extra_info(self, info: str) -> bool:
        return True


def test_a_small_request_is_sent_in_one_piece_before_its_answer_is_read() -> None:
    wire = Wire()
    stream = _Stream(wire)
    stream.write(b"head")
    stream.write(b"body")
    assert wire.sent == []
    assert stream.read(10) == b"answer"
    stream.read(10)
    assert wire.sent == [b"headbody"]


def test_a_large_request_is_not_held_back_and_loses_nothing() -> None:
    wire = Wire()
    stream = _Stream(wire)
    pieces = [b"head", *[bytes([n]) * 40_000 for n in range(5)]]
    for piece in pieces:
        stream.write(piece)
    assert wire.sent
    stream.read(10)
    assert b"".join(wire.sent) == b"".join(pieces)


async def test_the_async_stream_sends_in_one_piece_too_and_notices_what_nobody_asked_for() -> None:
    pieces: list[bytes] = []
    asked, over = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces.append(await reader.read(100))
        writer.write(b"answer")
        await asked.wait()
        writer.close()  # as a server does with a connection that is idle
        await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        stream = await AsyncNetwork().connect_tcp(host, port, timeout=5.0)
        await stream.write(b"head")
        await stream.write(b"body")
        assert await stream.read(10, 5.0) == b"answer"
        assert pieces == [b"headbody"]
        assert not stream.get_extra_info("is_readable")
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(10, 0.01)
        asked.set()
        await over.wait()
        assert await stream.read(10, 5.0) == b""
        assert stream.get_extra_info("is_readable")
        await stream.aclose()
    with pytest.raises(httpcore.ConnectError):
        await AsyncNetwork().connect_tcp(host, port, timeout=5.0)


def test_the_time_of_all_reads_counts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    now, allowed = [100.0], []

    class Slow(Wire):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            allowed.append(timeout)
            now[0] += 4
            return b"."

    monkeypatch.setattr("hindsight_teams.backends.hindsight.coalesce.time.monotonic", lambda: now[0])
    stream = _Stream(Slow())
    for _ in range(2):  # a second request on the same connection has its own time
        stream.write(b"request")
        for _ in range(3):
            assert stream.read(10, 10.0) == b"."
        with pytest.raises(httpcore.ReadTimeout):
            stream.read(10, 10.0)
    assert allowed == [10.0, 6.0, 2.0] * 2
    assert stream.read(10, None) == b"."
