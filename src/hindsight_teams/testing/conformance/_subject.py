"""What all tests of the suite share: the backend, both ways to call it, and a bank with four memories."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from hindsight_teams.backends.base import MemoryBackend, as_backend
from hindsight_teams.models import Memory, RetainItem
from hindsight_teams.requests import Capability

LAMPS: dict[str, list[str]] = {"kitchen": [], "garden": ["a"], "cellar": ["a", "b"], "attic": ["b"]}
"""Four memories and their tags, for every filter."""


class Caller:
    """The verbs of a backend as plain functions, whichever of the twins stands behind them."""

    def __init__(self, backend: MemoryBackend, runner: asyncio.Runner | None) -> None:
        self._backend = as_backend(backend)
        self._runner = runner

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        runner = self._runner
        if runner is None:
            plain: Callable[..., Any] = getattr(self._backend, verb)
            return plain
        twin: Callable[..., Any] = getattr(self._backend, f"a{verb}")
        return lambda *args, **options: runner.run(twin(*args, **options))


def lamps(memories: Sequence[Memory]) -> set[str]:
    """Which of the lamps these memories tell of."""
    return {name for name in LAMPS if any(name in memory.text for memory in memories)}


def tells(memories: Sequence[Memory], word: str) -> bool:
    """Whether a memory holds the word, whatever its case."""
    return any(word.casefold() in memory.text.casefold() for memory in memories)


def needs(backend: MemoryBackend, capability: Capability) -> None:
    """Skip a test of something that the backend does not declare."""
    if capability not in backend.capabilities:
        pytest.skip(f"{backend.name} does not declare that it can {capability}")


class Subject:
    """The fixtures of every test."""

    @pytest.fixture
    def backend(self) -> MemoryBackend:
        """The backend under test; give it back closed."""
        raise NotImplementedError("override the fixture `backend` of BackendConformance")

    @pytest.fixture(params=["sync", "async"])
    def do(self, backend: MemoryBackend, request: pytest.FixtureRequest) -> Iterator[Caller]:
        """The backend's verbs, once plain and once awaited."""
        if request.param == "sync":
            yield Caller(backend, None)
        else:
            with asyncio.Runner() as runner:
                yield Caller(backend, runner)
                runner.run(as_backend(backend).aclose())

    @pytest.fixture
    def bank(self, do: Caller) -> Iterator[str]:
        """A bank of its own for each test, removed afterwards."""
        bank_id = f"conformance:{uuid.uuid4().hex}"
        yield bank_id
        do.delete_bank(bank_id)

    @pytest.fixture
    def lit(self, do: Caller, bank: str) -> str:
        """A bank that holds the four lamps."""
        do.retain_batch(
            bank,
            [RetainItem(f"The {name} lamp is broken.", tags=tags, document_id=name) for name, tags in LAMPS.items()],
        )
        return bank
