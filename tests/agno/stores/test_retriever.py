"""memory_retriever as the knowledge of real agents and teams."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from agno.agent import Agent
from agno.run.base import RunContext
from agno.team import Team

from hindsight_teams import SQLiteBackend, TeamMemory, memory_retriever
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import AccessDenied, IdentityRequired, InvalidInput
from hindsight_teams.models import Memory, RecallResult
from hindsight_teams.requests import Recall, Request
from hindsight_teams.testing import ScriptedModel, call
from tests.agno.stores.conftest import Play


def searching(model: ScriptedModel, retriever: Any, **options: Any) -> Agent:
    return Agent(model=model, knowledge_retriever=retriever, search_knowledge=True, telemetry=False, **options)


def search(query: str = "favourite colour") -> ScriptedModel:
    return ScriptedModel([call("search_knowledge_base", query=query), "done"])


def answer_of(model: ScriptedModel) -> str:
    return str(model.requests[1].messages[-1].content)


def run_of(user: str | None = "ada") -> RunContext:
    return RunContext(run_id="r", session_id="s", user_id=user)


@pytest.fixture
def known(backend: SQLiteBackend) -> SQLiteBackend:
    backend.retain("ada", "My favourite colour is crimson.")
    backend.retain("bob", "My favourite colour is turquoise.")
    return backend


async def test_a_search_finds_the_memories_of_the_runs_user(known: SQLiteBackend, play: Play) -> None:
    for user, colour, other in (("ada", "crimson", "turquoise"), ("bob", "turquoise", "crimson")):
        model = search()
        await play(searching(model, memory_retriever(client=known)), "Which colour?", user_id=user)
        assert colour in answer_of(model)
        assert other not in answer_of(model)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_asynchronous_kind_serves_arun(known: SQLiteBackend, stream: bool) -> None:
    model = search()
    agent = searching(model, memory_retriever(client=known, asynchronous=True))
    if stream:
        async for _ in agent.arun("Which colour?", user_id="ada", stream=True):
            pass
    else:
        await agent.arun("Which colour?", user_id="ada")
    assert "crimson" in answer_of(model)


async def test_a_team_searches_too(known: SQLiteBackend, play: Play) -> None:
    model = search()
    team = Team(model=model, members=[], knowledge_retriever=memory_retriever(client=known), search_knowledge=True)
    await play(team, "Which colour?", user_id="ada")
    assert "crimson" in answer_of(model)


async def test_a_run_without_a_user_finds_nothing_of_anybody(known: SQLiteBackend, play: Play) -> None:
    model = search()
    await play(searching(model, memory_retriever(client=known)), "Which colour?")
    assert "crimson" not in answer_of(model)
    assert "turquoise" not in answer_of(model)


async def test_both_kinds_give_the_same_documents(desk: TeamMemory) -> None:
    desk.member("editor").retain("Tea is served at four.\nIn {room}.", tags=["house"])
    clerk = desk.member("clerk")
    [found] = memory_retriever(clerk)("tea", run_context=run_of())
    assert (found["content"], found["name"]) == ("Tea is served at four. In \uff5broom\uff5d.", "handbook")
    meta_data = found["meta_data"]
    assert (meta_data["bank"], meta_data["author"], meta_data["tags"]) == ("handbook", "editor", ["house"])
    assert await memory_retriever(clerk, asynchronous=True)("tea", run_context=run_of()) == [found]


def test_a_document_tells_all_that_is_known_of_its_memory_and_nothing_else(backend: SQLiteBackend) -> None:
    noon, told = datetime(2027, 5, 3, 12, tzinfo=UTC), {"author": "clerk"}
    whole = Memory(
        "2",
        "The ship sailed.",
        "ada",
        tags=("user:ada", "sea"),
        metadata=told,
        document_id="log",
        occurred_at=noon,
        mentioned_at=noon,
        superseded_by="3",
        times_said=2,
    )

    class Known(DelegatingBackend):
        def execute(self, request: Request[Any], /) -> Any:
            found = [whole, Memory("1", "Tea.", "ada")]
            return RecallResult(found) if isinstance(request, Recall) else super().execute(request)

    documents = memory_retriever(client=Known(backend))("tea", run_context=run_of())
    assert [document["meta_data"] for document in documents] == [
        {
            "id": "2",
            "bank": "memory",
            "author": "clerk",
            "happened": "since 2027-05-03",
            "noted": "2027-05-03",
            "said": "said 2 times",
            "document_id": "log",
            "tags": ["sea"],
            "superseded": True,
        },
        {"id": "1", "bank": "memory"},
    ]


def test_the_number_of_documents_is_kept(backend: SQLiteBackend) -> None:
    for number in range(5):
        backend.retain("ada", f"Ada drank tea in town {number}.")
    assert len(memory_retriever(client=backend)("tea", num_documents=2, run_context=run_of())) == 2


def test_rights_hold(desk: TeamMemory) -> None:
    with pytest.raises(AccessDenied):
        memory_retriever(desk.member("scribe"))("tea", run_context=run_of())
    with pytest.raises(AccessDenied):
        memory_retriever(desk.member("reader"), banks=["handbook"])("tea", run_context=run_of())
    with pytest.raises(IdentityRequired):
        memory_retriever(desk.member("reader"))("tea", run_context=run_of(None))
    with pytest.raises(IdentityRequired):
        memory_retriever(desk.member("reader"))("tea")


def test_filters_narrow_and_what_cannot_be_kept_is_refused(desk: TeamMemory) -> None:
    clerk, editor = desk.member("clerk"), desk.member("editor")
    editor.retain("Tea is served at four.", tags=["house"])
    clerk.retain("Ada drinks tea.", caller=clerk.bound(user="ada"), bank="customer")
    retrieve = memory_retriever(clerk)

    def found(**filters: Any) -> list[str]:
        return [str(document["name"]) for document in retrieve("tea", run_context=run_of(), filters=filters)]

    assert sorted(found()) == ["customer", "handbook"]
    assert found(banks=["customer"]) == ["customer"]
    assert found(tags=["house"]) == ["handbook"]
    assert found(authors=["clerk"]) == ["customer"]
    with pytest.raises(InvalidInput, match="authors"):
        found(author=["clerk"])
    with pytest.raises(InvalidInput, match="filters"):
        retrieve("tea", run_context=run_of(), filters=["x"])
    narrow = memory_retriever(clerk, banks=["handbook"])
    assert [d["name"] for d in narrow("tea", run_context=run_of())] == ["handbook"]
    with pytest.raises(InvalidInput, match="another bank"):
        narrow("tea", run_context=run_of(), filters={"banks": ["customer"]})


def test_the_filters_of_an_agent_reach_memory(desk: TeamMemory) -> None:
    desk.member("editor").retain("Tea is served at four.", tags=["house"])
    desk.member("editor").retain("Tea is grown in Assam.", tags=["trade"])
    model = search("tea")
    agent = searching(model, memory_retriever(desk.member("clerk")), knowledge_filters={"tags": ["house"]})
    agent.run("Tell me of tea.", user_id="ada")
    assert "four" in answer_of(model)
    assert "Assam" not in answer_of(model)


def test_memories_can_be_added_to_every_run_as_references(known: SQLiteBackend) -> None:
    model = ScriptedModel(["crimson"])
    agent = Agent(model=model, knowledge_retriever=memory_retriever(client=known), add_knowledge_to_context=True)
    agent.run("Which is my favourite colour?", user_id="ada")
    assert "crimson" in str(model.requests[0].messages[-1].content)


def test_a_copied_agent_searches_the_same_memory(known: SQLiteBackend) -> None:
    model = search()
    searching(model, memory_retriever(client=known)).deep_copy().run("Which colour?", user_id="ada")
    assert "crimson" in answer_of(model)
