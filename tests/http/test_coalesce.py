from __future__ import annotations

import httpcore
import httpx
import pytest

from hindsight_teams.backends.hindsight.coalesce import _Stream, coalesce


class Wire(httpcore.NetworkStream):
    """What goes over the wire, in the pieces it is sent in."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.sent.append(buffer)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return b"answer"


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


def test_a_transport_without_such_a_pool_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with httpx.HTTPTransport() as transport:
        del transport._pool._network_backend
        assert coalesce(transport) is transport
