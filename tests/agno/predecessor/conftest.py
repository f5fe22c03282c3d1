"""A toolkit over a server that can be made to fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agno.predecessor.standin import StandIn


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server
