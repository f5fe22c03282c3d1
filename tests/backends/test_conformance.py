"""The one suite against the three backends of this project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hindsight_teams.backends.base import MemoryBackend
from hindsight_teams.backends.hindsight import HindsightBackend
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.testing.conformance import BackendConformance
from hindsight_teams.testing.fake import FakeBackend
from tests.harness import Server


class TestFakeBackend(BackendConformance):
    @pytest.fixture
    def backend(self) -> MemoryBackend:
        return FakeBackend()


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
