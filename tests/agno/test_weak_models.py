"""Memory with models that call tools badly or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent

from hindsight_teams import HindsightTools, SQLiteBackend, TeamMemory
from hindsight_teams.errors import TeamDefinitionError
from hindsight_teams.testing import ScriptedModel
from hindsight_teams.testing.scripted import call


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as opened:
        yield opened


def memories(backend: SQLiteBackend, bank: str = "ada") -> list[tuple[str, int]]:
    return [(memory.text, memory.times_said) for memory in backend.list_memories(bank).memories]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (["Ada lives in Oslo.", "Ada rows."], "Ada lives in Oslo.\nAda rows."),
        ([{"fact": "Ada lives in Oslo."}], "Ada lives in Oslo."),
        ({"name": "Ada", "city": "Oslo"}, "Ada\nOslo"),
        (4417, "4417"),
    ],
)
def test_facts_in_another_form_than_a_text_are_kept(backend: SQLiteBackend, content: Any, kept: str) -> None:
    model = ScriptedModel([call("retain_memory", content=content), "Done."])
    done = Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)]).run("Remember this.")
    assert [tool.tool_call_error for tool in done.tools or []] == [False]
    assert memories(backend) == [(kept, 1)]


def test_a_fact_that_a_model_stores_again_and_again_is_one_memory(backend: SQLiteBackend) -> None:
    again = call("retain_memory", content="Ada lives in Oslo.")
    agent = Agent(
        model=ScriptedModel([again, again, again, "Done."]),
        tools=[HindsightTools(bank_id="ada", client=backend)],
        tool_call_limit=2,
    )
    agent.run("Remember this.")
    assert memories(backend) == [("Ada lives in Oslo.", 2)]


def test_a_model_without_tools_remembers_by_injection_and_retention(backend: SQLiteBackend) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
    model = ScriptedModel(["I am sorry.", "It is 4417."])
    clerk = memory.equip(Agent(id="clerk", model=model), inject="query", retain="said", tools=False)
    clerk.run("My parcel 4417 never arrived.", user_id="ada", session_id="monday")
    clerk.run("Which parcel of mine never arrived?", user_id="ada", session_id="friday")
    assert [request.tools for request in model.requests] == [(), ()]
    assert "My parcel 4417 never arrived." in model.requests[1].system


def test_neither_tools_nor_anything_in_their_place_is_refused(backend: SQLiteBackend) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
    with pytest.raises(TeamDefinitionError):
        memory.equip(Agent(id="clerk"), tools=False)


CALL = '{"name": "recall_memory", "arguments": {"query": "parcel"}}'


@pytest.mark.parametrize("answer", [CALL, f"```json\n{CALL}\n```", f"<tool_call>\n{CALL}\n</tool_call>"])
def test_a_tool_call_written_into_the_answer_is_no_memory(backend: SQLiteBackend, answer: str) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
    clerk = memory.equip(Agent(id="clerk", model=ScriptedModel([answer])), retain="runs")
    clerk.run("My parcel 4417 never arrived.", user_id="ada")
    [bank] = memory.backend.list_banks(prefix="desk")
    assert memories(backend, bank.bank_id) == [("My parcel 4417 never arrived.", 1)]
