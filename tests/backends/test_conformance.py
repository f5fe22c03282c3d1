"""The conformance suite on the three backends of this project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from hindsight_teams.backends.base import DelegatingBackend, MemoryBackend
from hindsight_teams.backends.hindsight import HindsightBackend
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import Health
from hindsight_teams.requests import STANDARD, Request
from hindsight_teams.testing.conformance import BackendConformance
from tests.harness import Server

R = TypeVar("R")


@pytest.mark.slow
class TestDelegatingBackend(BackendConformance):
    """A backend that somebody wrapped is one too."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[MemoryBackend]:
        with DelegatingBackend(SQLiteBackend(tmp_path / "memory.db")) as backend:
            yield backend


@pytest.mark.slow
class TestFiveMethods(BackendConformance):
    """What a third party writes: the protocol and nothing else."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[MemoryBackend]:
        engine = SQLiteBackend(tmp_path / "memory.db")

        class Plain:
            name = "plain"
            capabilities = STANDARD

            def execute(self, request: Request[R], /) -> R:
                answer = engine.execute(request)
                return replace(answer, backend="plain") if isinstance(answer, Health) else answer

            async def aexecute(self, request: Request[R], /) -> R:
                answer = await engine.aexecute(request)
                return replace(answer, backend="plain") if isinstance(answer, Health) else answer

            def close(self) -> None:
                engine.close()

        yield Plain()
        engine.close()


class TestSQLiteBackend(BackendConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[MemoryBackend]:
        backend = SQLiteBackend(tmp_path / "memory.db")
        yield backend
        backend.close()


class TestHindsightBackend(BackendConformance):
    @pytest.fixture
    def backend(self, hindsight_server: Server) -> Iterator[MemoryBackend]:
        with HindsightBackend(hindsight_server.url, api_key=hindsight_server.api_key) as backend:
            yield backend
