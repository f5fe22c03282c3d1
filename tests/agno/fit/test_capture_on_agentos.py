"""Retention behind a real AgentOS: separate users, paused runs continued over HTTP, background hooks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.os import AgentOS
from agno.team import Team
from agno.tools import tool

from hindsight_recipes import get_recipe
from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import ScriptedModel
from hindsight_teams.testing.scripted import call

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised inside Agno and FastAPI

FACT = "I live in Bergen and my order is 4417."


@asynccontextmanager
async def served(**options: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=AgentOS(telemetry=False, **options).get_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://os", timeout=60) as client:
        yield client


def texts(backend: SQLiteBackend) -> dict[str, list[str]]:
    banks = [bank.bank_id for bank in backend.list_banks()]
    return {bank_id: [m.text for m in backend.list_memories(bank_id).memories] for bank_id in banks}


@pytest.fixture
def build(agno_db: Callable[[], SqliteDb]) -> Callable[..., Agent]:
    def build(backend: SQLiteBackend, *turns: Any, **options: Any) -> Agent:
        memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
        db = agno_db()
        agent = Agent(id="clerk", model=ScriptedModel(turns), db=db, telemetry=False, **options)
        return memory.equip(agent, inject="query", retain="runs")

    return build


@pytest.mark.slow
@pytest.mark.parametrize("stream", ["true", "false"])
async def test_a_run_that_paused_is_retained_when_it_is_continued_elsewhere(
    tmp_path: Path, build: Callable[..., Agent], stream: str
) -> None:
    @tool(requires_confirmation=True)
    def book(price: int) -> str:
        """Book it."""
        return f"booked for {price}"

    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        async with served(agents=[build(backend, call("book", price=40), tools=[book])]) as client:
            form = {"message": FACT, "user_id": "ada", "session_id": "s", "stream": "false"}
            paused = (await client.post("/agents/clerk/runs", data=form)).json()
            assert texts(backend) == {}
        async with served(agents=[build(backend, "It is booked for 40 euros.", tools=[book])]) as client:
            tools = [{**one, "confirmed": True} for one in paused["tools"]]
            form = {"tools": json.dumps(tools), "user_id": "ada", "session_id": "s", "stream": stream}
            done = await client.post(f"/agents/clerk/runs/{paused['run_id']}/continue", data=form)
            assert done.status_code == 200, done.text
        assert texts(backend) == {"desk:own:user:ada": [FACT, "It is booked for 40 euros."]}


@pytest.mark.slow
async def test_hooks_in_the_background_are_injected_and_retained_all_the_same(
    tmp_path: Path, build: Callable[..., Agent]
) -> None:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        agent = build(backend, "Fine.", "In Bergen.")
        async with served(agents=[agent], run_hooks_in_background=True) as client:
            for message in (FACT, "Where do I live, and what is my order?"):
                await client.post("/agents/clerk/runs", data={"message": message, "user_id": "ada", "stream": "false"})
        assert texts(backend) == {"desk:own:user:ada": [FACT]}
        assert isinstance(agent.model, ScriptedModel)
        assert FACT in str(agent.model.requests[1].messages[0].content)


async def test_a_support_desk_keeps_its_customers_apart(tmp_path: Path) -> None:
    recipe = get_recipe("support_desk")
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        team = recipe.team(None, recipe.memory(backend=backend))
        assert isinstance(team, Team)
        async with served(teams=[team]) as client:

            async def ask(user: str, message: str) -> str:
                form = {"message": message, "user_id": user, "stream": "false"}
                answer = (await client.post("/teams/support-desk/runs", data=form)).json()
                return str(answer["content"])  # the rest holds ids and times, which may hold any digits

            await ask("ada", FACT)
            await ask("bob", "Hello!")
            assert "4417" not in await ask("bob", "What is my order number?")
            assert "4417" in await ask("ada", "What is my order number?")
        assert texts(backend) == {"support-desk:customer:user:ada": [FACT]}
