"""Memory in a server: opened and closed with it, and pending memories stored at shutdown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from agno.agent import Agent

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import ScriptedModel
from tests.harness.processes import free_port, wait_until

SERVED = """
import sys, time
from agno.agent import Agent
from agno.os import AgentOS
from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.guard import Guard
from hindsight_teams.testing import ScriptedModel

db, port, lifespan = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "lifespan"

def slow(attempt):
    time.sleep(1.0)  # the signal comes while it is still to be stored

memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=SQLiteBackend(db),
                    guard=Guard([slow]))
clerk = memory.equip(Agent(id="clerk", name="Clerk", model=ScriptedModel(["Fine."]), telemetry=False),
                     retain="said", background=True)
served = AgentOS(agents=[clerk], telemetry=False, lifespan=memory.lifespan if lifespan else None)
served.serve(app=served.get_app(), host="127.0.0.1", port=port)
"""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[TeamMemory]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        yield TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)


def clerk(memory: TeamMemory) -> Agent:
    agent = Agent(id="clerk", model=ScriptedModel(["Fine."]), telemetry=False)
    return memory.equip(agent, retain="said", background=True)


def stored_in(path: Path) -> list[str]:
    with closing(SQLiteBackend(path)) as backend:
        return [m.text for bank in backend.list_banks() for m in backend.list_memories(bank.bank_id).memories]


@pytest.mark.slow  # starts a server
@pytest.mark.parametrize("how", ["lifespan", "alone"])
def test_a_server_that_is_told_to_end_stores_what_it_answered(tmp_path: Path, how: str) -> None:
    port, db = free_port(), tmp_path / "memory.db"
    command = [sys.executable, "-c", SERVED, str(db), str(port), how]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:

            def up() -> bool:
                try:
                    return httpx.get(f"http://127.0.0.1:{port}/agents", timeout=5).status_code == 200
                except httpx.TransportError:
                    return False

            assert wait_until(up, 90)
            answer = httpx.post(
                f"http://127.0.0.1:{port}/agents/clerk/runs",
                data={"message": "I moved to Bergen.", "user_id": "ada", "stream": "false"},
                timeout=60,
            )
            assert "Fine." in answer.text
            os.kill(server.pid, signal.SIGTERM)
            server.wait(60)
        finally:
            server.kill()
    assert stored_in(db) == ["I moved to Bergen."]


async def test_an_async_context_stores_what_waits(tmp_path: Path, memory: TeamMemory) -> None:
    async with memory:
        await clerk(memory).arun("I moved to Bergen.", user_id="ada")
    assert stored_in(tmp_path / "memory.db") == ["I moved to Bergen."]


async def test_the_lifespan_of_an_application_stores_what_waits(tmp_path: Path, memory: TeamMemory) -> None:
    application: Any = object()
    async with memory.lifespan(application):
        await clerk(memory).arun("I moved to Bergen.", user_id="ada")
    assert stored_in(tmp_path / "memory.db") == ["I moved to Bergen."]
