"""The same stores on a real Hindsight server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from agno.agent import Agent
from agno.db.schemas import UserMemory
from agno.models.message import Message
from agno.run.base import RunContext

from hindsight_teams import (
    HindsightBackend,
    HindsightLearningStore,
    HindsightMemoryManager,
    TeamMemory,
    memory_retriever,
)
from hindsight_teams.testing import ScriptedModel
from tests.harness import Server


@pytest.fixture
def server(hindsight_server: Server) -> Iterator[HindsightBackend]:
    with HindsightBackend(hindsight_server.url, api_key=hindsight_server.api_key) as backend:
        yield backend


@pytest.fixture
def user(hindsight_server: Server) -> str:
    return hindsight_server.unused_bank()


def texts(memories: list[UserMemory]) -> list[str]:
    return [memory.memory for memory in memories]


async def test_a_manager_lists_replaces_deletes_and_clears(server: HindsightBackend, user: str) -> None:
    manager = HindsightMemoryManager(client=server, max_memories=2)
    model = ScriptedModel(["ok"])
    for text in ("Nora drinks tea.", "Nora lives in Oslo.", "Nora plays the viola."):
        manager.add_user_memory(UserMemory(text, topics=["nora"]), user)
    assert texts(await manager.aget_user_memories(user)) == ["Nora lives in Oslo.", "Nora plays the viola."]
    agent = Agent(model=model, memory_manager=manager, add_memories_to_context=True, telemetry=False)
    await agent.arun("Where does Nora live?", user_id=user)
    assert "- Nora lives in Oslo." in model.requests[0].system
    [first] = manager.search_user_memories(limit=1, retrieval_method="first_n", user_id=user)
    assert (first.memory, first.topics) == ("Nora drinks tea.", ["nora"])
    assert first.memory_id is not None
    manager.replace_user_memory(first.memory_id, UserMemory("Nora drinks coffee."), user)
    held = manager.search_user_memories(user_id=user)
    assert sorted(texts(held)) == ["Nora drinks coffee.", "Nora lives in Oslo.", "Nora plays the viola."]
    await manager.aclear_user_memories(user)
    assert manager.get_user_memories(user) == []


async def test_a_scope_bounds_what_is_deleted(server: HindsightBackend, user: str) -> None:
    team = TeamMemory(
        user,
        banks={"customer": "user"},
        members={"all": {"customer": "full"}, "eu": {"customer": {"access": "full", "scope_tags": ["region-eu"]}}},
        backend=server,
    )
    everything, eu = (HindsightMemoryManager(team.member(member)) for member in ("all", "eu"))
    everything.add_user_memory(UserMemory("Nora drinks tea."), "nora")
    eu.add_user_memory(UserMemory("Nora lives in Oslo."), "nora")
    assert texts(eu.get_user_memories("nora")) == ["Nora lives in Oslo."]
    tea = next(m.memory_id for m in everything.get_user_memories("nora") if "tea" in m.memory)
    assert tea is not None
    eu.delete_user_memory(tea, "nora")
    eu.clear_user_memories("nora")
    assert texts(everything.get_user_memories("nora")) == ["Nora drinks tea."]


async def test_a_learning_store_and_a_retriever_find_what_was_said(server: HindsightBackend, user: str) -> None:
    store = HindsightLearningStore(client=server)
    await store.aprocess([Message(role="user", content="Nora leads the Maple pilot.")], user_id=user)
    found = await store.arecall(message="Who leads the Maple pilot?", user_id=user)
    assert "1. Nora leads the Maple pilot." in store.build_context(found)
    assert store.recall(message="Who leads the Maple pilot?", user_id=f"{user}-other") is None
    run = RunContext(run_id="r", session_id="s", user_id=user)
    documents = memory_retriever(client=server)("Who leads the Maple pilot?", run_context=run)
    assert [document["content"] for document in documents] == ["Nora leads the Maple pilot."]
