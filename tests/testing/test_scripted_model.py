from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from agno.agent import Agent
from agno.models.message import Message
from agno.run.base import RunStatus
from agno.team import Team

from hindsight_teams.testing import Request, Script, ScriptedModel, ScriptExhausted, Turn, call


def add(a: int, b: int) -> str:
    """Add two numbers.

    Args:
        a: One number.
        b: Another.
    """
    return str(a + b)


def agent(model: ScriptedModel) -> Agent:
    return Agent(id="adder", model=model, tools=[add], instructions="Add.", telemetry=False)


SCRIPT: list[Script] = [call("add", a=2, b=3), lambda request: f"The sum is {request.tool_results[-1]}."]


def test_a_script_plays_its_tool_calls_and_ends_with_its_text() -> None:
    model = ScriptedModel(SCRIPT)
    assert agent(model).run("2 + 3?").content == "The sum is 5."
    assert model.remaining == 0


async def test_a_script_plays_the_same_in_arun() -> None:
    assert (await agent(ScriptedModel(SCRIPT)).arun("2 + 3?")).content == "The sum is 5."


def test_a_script_plays_the_same_when_streamed() -> None:
    pieces = [event.content for event in agent(ScriptedModel(SCRIPT)).run("2 + 3?", stream=True)]
    assert "".join(p for p in pieces if p) == "The sum is 5."


async def test_a_script_plays_the_same_when_streamed_in_arun() -> None:
    pieces = [event.content async for event in agent(ScriptedModel(SCRIPT)).arun("2 + 3?", stream=True)]
    assert "".join(p for p in pieces if p) == "The sum is 5."


def test_every_request_is_recorded_as_it_stood() -> None:
    model = ScriptedModel(SCRIPT)
    agent(model).run("2 + 3?")
    first, second = model.requests
    assert first.prompt == second.prompt == "2 + 3?"
    assert "Add." in first.system
    assert first.tool_names == ["add"]
    assert first.tool_results == []
    assert second.tool_results == ["5"]
    assert set(first.schema("add")["properties"]) == {"a", "b"}
    assert first.schema("unknown") == {}


def test_several_calls_of_one_turn_all_run() -> None:
    model = ScriptedModel([[call("add", a=1, b=1), call("add", a=2, b=2)], "done"])
    agent(model).run("go")
    assert model.requests[1].tool_results == ["2", "4"]


def test_a_turn_may_speak_and_call_at_once() -> None:
    model = ScriptedModel([Turn("Adding. ", (call("add", a=1, b=1),)), "Done."])
    assert agent(model).run("go").content == "Adding. Done."


def test_a_copied_agent_plays_on_in_the_same_script() -> None:
    model = ScriptedModel(["one", "two"])
    assert copy.deepcopy(model) is model
    original = agent(model)
    assert [original.run("a").content, original.deep_copy().run("b").content] == ["one", "two"]
    assert len(model.requests) == 2


def test_an_exhausted_script_says_so_and_fails_the_run() -> None:
    model = ScriptedModel([call("add", a=1, b=1)], id="adder-script")
    result = agent(model).run("go")
    assert result.status == RunStatus.error
    assert "'adder-script' was asked for turn 2 but its script has 1; the last message was 'tool'" in str(
        result.content
    )


def test_an_exhausted_script_raises_when_asked_directly() -> None:
    with pytest.raises(ScriptExhausted, match=r"turn 1\b.*\b0\b"):
        ScriptedModel([]).next_turn(Request((Message(role="user", content="hello"),)))


def test_a_script_may_raise() -> None:
    result = agent(ScriptedModel([RuntimeError("the model is down")])).run("go")
    assert result.status == RunStatus.error
    assert "the model is down" in str(result.content)


def test_a_scripted_leader_delegates_to_a_scripted_member() -> None:
    member = ScriptedModel([call("add", a=4, b=4), "eight"])
    leader = ScriptedModel([call("delegate_task_to_member", member_id="adder", task="4 + 4?"), "It is eight."])
    team = Team(id="sums", model=leader, members=[agent(member)], telemetry=False)
    assert team.run("What is 4 + 4?").content == "It is eight."
    assert member.requests[0].prompt == "4 + 4?"
    assert leader.requests[1].tool_results == ["eight"]


def test_the_desk_runs_on_one_script_for_all(desk: Callable[..., Team], notebook: Any) -> None:
    model = ScriptedModel(
        [
            call("delegate_task_to_member", member_id="researcher", task="keep it"),
            call("retain_memory", content="Tea is at four."),
            "kept",
            "done",
        ]
    )
    assert desk(model=model).run("Tea is at four.").content == "done"
    assert notebook.lines == ["Tea is at four."]
