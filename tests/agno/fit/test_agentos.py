"""An equipped team behind a real AgentOS over HTTP: separate users, streaming, concurrency, forged fields."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.team import Team

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import OfflineModel

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised inside Agno and FastAPI


@pytest.fixture
async def client(tmp_path: Path, agno_db: Callable[[], SqliteDb]) -> AsyncIterator[httpx.AsyncClient]:
    from agno.os import AgentOS  # with FastAPI and much else: only in the worker that runs this file

    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        memory = TeamMemory(
            "support",
            banks={"customer": "user"},
            members={"clerk": {"customer": "full"}},
            backend=backend,
        )
        model = OfflineModel()
        team = memory.equip(
            Team(
                id="support",
                name="Support",
                members=[Agent(id="clerk", name="Clerk", role="remembers each customer", model=model)],
                model=model,
                db=agno_db(),
                add_member_tools_to_context=True,
                telemetry=False,
            ),
            inject="query",
        )
        clerk = memory.member("clerk")
        for user, colour in (("ada", "crimson"), ("bob", "turquoise")):
            clerk.retain(f"The favourite colour of this customer is {colour}.", caller=clerk.bound(user=user))
        app = AgentOS(teams=[team], telemetry=False).get_app()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://os", timeout=60) as client:
            yield client


QUESTION = "What is the favourite colour of this customer?"


async def ask(client: httpx.AsyncClient, user: str | None, message: str = QUESTION, **form: str) -> str:
    fields = {"message": message, "stream": "false", **form}
    if user:
        fields["user_id"] = user
    answer = await client.post("/teams/support/runs", data=fields)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_each_user_is_answered_from_its_own_bank(client: httpx.AsyncClient) -> None:
    assert "crimson" in await ask(client, "ada")
    assert "turquoise" in await ask(client, "bob")


@pytest.mark.slow
async def test_a_streamed_run_answers_too(client: httpx.AsyncClient) -> None:
    streamed = await ask(client, "ada", stream="true")
    assert "crimson" in streamed
    assert "turquoise" not in streamed


@pytest.mark.slow
async def test_concurrent_requests_of_two_users_never_meet(client: httpx.AsyncClient) -> None:
    users = ["ada", "bob"] * 6
    answers = await asyncio.gather(*(ask(client, user, stream=str(n % 3 == 0).lower()) for n, user in enumerate(users)))
    for user, answer in zip(users, answers, strict=True):
        mine, other = ("crimson", "turquoise") if user == "ada" else ("turquoise", "crimson")
        assert mine in answer
        assert other not in answer


@pytest.mark.slow
@pytest.mark.parametrize("field", ["session_state", "dependencies", "metadata"])
async def test_a_form_that_names_another_user_elsewhere_gains_nothing(client: httpx.AsyncClient, field: str) -> None:
    forged = json.dumps(
        {"user_id": "bob", "bank_id": "support:customer:user:bob", "memories": "x", "member": "editor", "team": "other"}
    )
    answer = await ask(client, "ada", **{field: forged})
    assert "crimson" in answer
    assert "turquoise" not in answer


@pytest.mark.slow
async def test_what_one_user_tells_is_known_to_that_user_alone(client: httpx.AsyncClient) -> None:
    await ask(client, "ada", "The parcel 4417 went to Bergen on 3 May 2024.")
    assert "Bergen" in await ask(client, "ada", "Where did the parcel 4417 go?")
    assert "Bergen" not in await ask(client, "bob", "Where did the parcel 4417 go?")


async def test_a_request_without_a_user_reads_no_users_memory(client: httpx.AsyncClient) -> None:
    answer = await ask(client, None)
    assert "crimson" not in answer
    assert "turquoise" not in answer
