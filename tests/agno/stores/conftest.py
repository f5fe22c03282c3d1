from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.audit import AuditEvent

MODES = ("run", "arun", "stream", "astream")

Play = Callable[..., Awaitable[None]]


class Log:
    """An audit sink that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def desk(backend: SQLiteBackend, log: Log) -> TeamMemory:
    return TeamMemory(
        "desk",
        banks={"customer": "user", "handbook": "team"},
        members={
            "clerk": {"customer": "full", "handbook": "read-only"},
            "scribe": {"customer": "writer-only"},
            "reader": {"customer": "read-only"},
            "editor": {"handbook": "writer-only"},
        },
        backend=backend,
        audit=log,
    )


@pytest.fixture(params=MODES)
def play(request: pytest.FixtureRequest) -> Play:
    """Runs an agent to its end, in one of the four ways that Agno has."""

    async def run(agent: Any, message: str, **options: Any) -> None:
        mode = request.param
        if mode == "run":
            agent.run(message, **options)
        elif mode == "arun":
            await agent.arun(message, **options)
        elif mode == "stream":
            for _ in agent.run(message, stream=True, **options):
                pass
        else:
            async for _ in agent.arun(message, stream=True, **options):
                pass

    return run
