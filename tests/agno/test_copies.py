"""Copies of toolkits, as AgentOS makes one of each for every request."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.tools.function import Function
from agno.tools.toolkit import Toolkit

from hindsight_teams import HindsightTools, SQLiteBackend, TeamMemory
from hindsight_teams.agno.memory_toolkit import MemoryToolkit
from hindsight_teams.agno.review_tools import ProposalTools, ReviewTools
from hindsight_teams.testing import ScriptedModel
from tests.agno.test_toolkit import run

OPTIONS: dict[str, Any] = {
    "name": "own",
    "id": "own-id",
    "instructions": "Mine.",
    "add_instructions": False,
    "cache_ttl": 7,
    "cache_dir": "elsewhere",
    "timeout": 3,
}
"""A value of its own for each option of Agno's Toolkit that names no tool."""

NAMING = (
    "include_tools",
    "requires_confirmation_tools",
    "external_execution_required_tools",
    "stop_after_tool_call_tools",
    "show_result_tools",
)
FLAGS = ("requires_confirmation", "external_execution", "stop_after_tool_call", "show_result")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[TeamMemory]:
    with TeamMemory(
        "desk",
        banks={"shared": "team", "notes": "member"},
        members={"a": {"notes": "full"}, "b": {"shared": "full"}},
        curators=["b"],
        proposers=["a"],
        backend=SQLiteBackend(tmp_path / "memory.db"),
    ) as memory:
        yield memory


def toolkit(kind: type[MemoryToolkit], desk: TeamMemory, **options: Any) -> MemoryToolkit:
    if kind is HindsightTools:
        return HindsightTools.of(desk.member("a"), **options)
    if kind is ProposalTools:
        return ProposalTools(desk.proposals("a"), **options)
    return ReviewTools(desk.reviews("b"), **options)


KINDS = pytest.mark.parametrize("kind", [HindsightTools, ProposalTools, ReviewTools])


def options_of(toolkit: Toolkit) -> dict[str, Any]:
    names = set(inspect.signature(Toolkit.__init__).parameters) - {"self", "tools", "async_tools", "auto_register"}
    return {name: getattr(toolkit, name) for name in names}


@KINDS
@pytest.mark.parametrize("naming", NAMING)
def test_a_copy_keeps_every_option_that_agnos_toolkit_takes(
    kind: type[MemoryToolkit], naming: str, desk: TeamMemory
) -> None:
    [first, *_] = toolkit(kind, desk).functions
    made = toolkit(kind, desk, **OPTIONS, **{naming: [first]})
    copied = copy.deepcopy(made)
    assert type(copied) is kind
    assert options_of(copied) == options_of(made)
    assert {name: getattr(made, name) for name in OPTIONS} == OPTIONS
    for here, there in ((made.functions, copied.functions), (made.async_functions, copied.async_functions)):
        assert list(here) == list(there)
        for name, function in here.items():
            assert there[name] is not function
            assert [getattr(there[name], flag) for flag in FLAGS] == [getattr(function, flag) for flag in FLAGS]


@KINDS
def test_a_human_who_must_confirm_is_asked_by_the_copy_too(kind: type[MemoryToolkit], desk: TeamMemory) -> None:
    made = toolkit(kind, desk, requires_confirmation_tools=list(toolkit(kind, desk).functions))
    twice = copy.deepcopy(copy.deepcopy(made))
    assert twice.functions
    assert all(f.requires_confirmation for f in [*twice.functions.values(), *twice.async_functions.values()])


@KINDS
def test_a_model_is_told_of_a_flag_only_where_it_is_set(kind: type[MemoryToolkit], desk: TeamMemory) -> None:
    [first, *others] = toolkit(kind, desk).functions
    model = ScriptedModel(["hello", "hello"])
    agent = Agent(model=model, tools=[toolkit(kind, desk, requires_confirmation_tools=[first])], telemetry=False)
    agent.run("hi")
    asyncio.run(agent.arun("hi"))
    for request in model.requests:
        told = {tool["function"]["name"]: set(tool["function"]) for tool in request.tools}
        assert told.pop(first) == {"name", "description", "parameters", "requires_confirmation"}
        assert set(told) == set(others)
        assert all(parts == {"name", "description", "parameters"} for parts in told.values())


class Counting(HindsightTools):
    """Counts its recalls, and has a tool of its own."""

    def __init__(self, *, greeting: str = "hello", **options: Any) -> None:
        super().__init__(**options)
        self.greeting = greeting
        self.recalls = 0
        self.register(self.greet)

    def greet(self) -> str:
        return self.greeting

    def recall_memory(self, run_context: Any, query: str) -> str:
        self.recalls += 1
        return super().recall_memory(run_context, query)


def call(toolkit: Toolkit, name: str, **arguments: Any) -> Any:
    function: Function = toolkit.functions[name]
    assert function.entrypoint
    return function.entrypoint(**arguments)


def test_a_copy_of_a_subclass_keeps_its_state_and_tools_and_calls_its_own_methods(desk: TeamMemory) -> None:
    made = Counting.of(desk.member("a"), greeting="ahoy")
    copied = copy.deepcopy(made)
    call(copied, "recall_memory", run_context=run(), query="x")
    assert (made.recalls, copied.recalls) == (0, 1)
    made.greeting = "changed"
    assert call(copied, "greet") == "ahoy"


def test_the_lists_of_a_copy_are_its_own(desk: TeamMemory) -> None:
    made = toolkit(HindsightTools, desk)
    copy.deepcopy(made).requires_confirmation_tools.append("retain_memory")
    assert made.requires_confirmation_tools == []


def test_a_team_memory_gives_its_members_the_toolkit_class_that_it_was_told(desk: TeamMemory) -> None:
    own = TeamMemory.of(desk.definition, backend=desk.backend, toolkit=Counting)
    tools = own.tools("a")
    assert isinstance(tools, Counting)
    tools.retain_memory(run(), "Maple began in May.")
    assert "Maple" in call(tools, "recall_memory", run_context=run(), query="Maple")
    assert tools.recalls == 1
    assert type(desk.tools("a")) is HindsightTools


@pytest.mark.parametrize("option", [{"bank_id": "x"}, {"budget": "low"}, {"enable_retain": False}])
def test_a_memory_that_brings_its_own_banks_takes_no_option_besides(option: dict[str, Any], desk: TeamMemory) -> None:
    from hindsight_teams.errors import InvalidInput

    with pytest.raises(InvalidInput, match=f"memory=.*{next(iter(option)).split('_')[0]}"):
        HindsightTools(memory=desk.member("a"), **option)
