"""Memory with models that call tools badly or not at all."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from agno.agent import Agent
from agno.run.base import RunContext

from hindsight_teams import HindsightTools, SQLiteBackend, TeamMemory
from hindsight_teams.agno.citing import NOTHING_TOLD
from hindsight_teams.agno.toolkit import STORED, STORED_BEFORE
from hindsight_teams.audit import AuditEvent
from hindsight_teams.errors import TeamDefinitionError
from hindsight_teams.memory.rendering import ANSWERED_ABOVE
from hindsight_teams.testing import ScriptedModel
from hindsight_teams.testing.scripted import call
from tests.agno.test_capture import WAYS, go


class Log:
    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


def memories(backend: SQLiteBackend, bank: str = "ada") -> list[tuple[str, int]]:
    return [(memory.text, memory.times_said) for memory in backend.list_memories(bank).memories]


def answers(request: Any) -> list[str]:
    return [str(message.content) for message in request.messages if message.role == "tool"]


def test_facts_in_a_list_are_kept(backend: SQLiteBackend) -> None:
    model = ScriptedModel([call("retain_memory", content=["Ada lives in Oslo.", "Ada rows."]), "Done."])
    done = Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)]).run("Remember this.")
    assert [tool.tool_call_error for tool in done.tools or []] == [False]
    assert memories(backend) == [("Ada lives in Oslo.\nAda rows.", 1)]


def test_a_fact_that_a_model_stores_again_and_again_in_a_run_is_told_once(backend: SQLiteBackend) -> None:
    again = call("retain_memory", content="Ada lives in Oslo.")
    model = ScriptedModel([again, again, "Done."])
    agent = Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)])
    agent.run("Remember this.")
    assert memories(backend) == [("Ada lives in Oslo.", 1)]
    assert answers(model.requests[-1]) == [STORED, f"{STORED} {STORED_BEFORE}"]


@pytest.mark.parametrize("content", ["Ada lives in Oslo.", STORED])
def test_a_call_that_stores_nothing_new_leaves_an_event_too(backend: SQLiteBackend, content: str) -> None:
    log = Log()
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend, audit=log)
    turns = [call("retain_memory", content=text) for text in ("Ada lives in Oslo.", content)]
    agent = memory.equip(Agent(id="clerk", model=ScriptedModel([*turns, "Done."]), telemetry=False), retain="said")
    agent.run("Ada lives in Oslo.", user_id="ada", session_id="s1")
    own = "desk:own:user:ada"
    seen = [(e.verb, e.outcome, e.bank_id, e.user, e.session, e.count, e.text) for e in log.events]
    assert seen == [
        ("retain", "allowed", own, "ada", "s1", 1, "Ada lives in Oslo."),
        ("retain", "allowed", own, "ada", "s1", 0, content),
    ]
    assert log.events[-1].reason == "nothing new to store"
    assert memories(backend, own) == [("Ada lives in Oslo.", 1)]


def test_a_fact_that_is_told_in_another_run_counts(backend: SQLiteBackend) -> None:
    again = call("retain_memory", content="Ada lives in Oslo.")
    agent = Agent(
        model=ScriptedModel([again, "Done.", again, "Done."]), tools=[HindsightTools(bank_id="ada", client=backend)]
    )
    agent.run("Remember this.")
    agent.run("Remember this.")
    assert memories(backend) == [("Ada lives in Oslo.", 2)]


@pytest.mark.parametrize("tool", ["recall_memory", "reflect_on_memory"])
@pytest.mark.parametrize("way", ["run", "arun"])
def test_a_question_that_is_asked_again_in_a_run_is_not_answered_at_length_again(
    backend: SQLiteBackend, tool: str, way: str
) -> None:
    backend.retain("ada", "Ada lives in Oslo.")
    again = call(tool, query="Where does Ada live?")
    more = call("retain_memory", content="Ada lives in Oslo, at the harbour.")
    model = ScriptedModel([again, again, more, again, "In Oslo."])
    agent = Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)])
    if way == "run":
        agent.run("Where does Ada live?")
    else:
        asyncio.run(agent.arun("Where does Ada live?"))
    first, second, third = (answers(model.requests[number])[-1] for number in (1, 2, 4))
    assert "Ada lives in Oslo." in first
    assert second == ANSWERED_ABOVE
    assert "at the harbour" in third


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tool", ["recall_memory", "reflect_on_memory"])
def test_a_model_that_asks_the_same_on_and_on_ends_with_what_memory_says(
    backend: SQLiteBackend, tool: str, way: str
) -> None:
    backend.retain("ada", "Ada lives in Oslo.")
    model = ScriptedModel([call(tool, query="Where does Ada live?")] * 9)
    output = go(Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)]), way, "Where does Ada live?")
    assert len(model.requests) == 3
    assert "Ada lives in Oslo." in output.content
    assert "recalled-memories" not in output.content


def test_a_model_that_stores_the_same_on_and_on_ends(backend: SQLiteBackend) -> None:
    again = call("retain_memory", content="Ada lives in Oslo.")
    agent = Agent(
        model=ScriptedModel([again, again, again, again, "Done."]),
        tools=[HindsightTools(bank_id="ada", client=backend)],
    )
    assert str(go(agent, "run", "Ada lives in Oslo.").content).startswith(STORED)
    assert memories(backend) == [("Ada lives in Oslo.", 1)]
    assert go(agent, "run", "Ada lives in Oslo.").content == "Done."  # the next run is as any


def test_a_model_that_does_something_in_between_goes_on(backend: SQLiteBackend) -> None:
    backend.retain("ada", "Ada lives in Oslo.")

    def wait() -> str:
        """Wait a while."""
        return "waited"

    asked, waited = call("recall_memory", query="Where does Ada live?"), call("wait")
    model = ScriptedModel([asked, waited, asked, waited, asked, waited, "In Oslo."])
    tools: list[Any] = [HindsightTools(bank_id="ada", client=backend), wait]
    assert go(Agent(model=model, tools=tools), "run", "Where does Ada live?").content == "In Oslo."


def test_what_memory_answered_is_not_stored_when_it_is_given_back(backend: SQLiteBackend) -> None:
    turns = [call("retain_memory", content=text) for text in (STORED, ANSWERED_ABOVE, f"{STORED} {STORED_BEFORE}")]
    model = ScriptedModel([*turns, "Done."])
    Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)]).run("Remember this.")
    assert backend.list_banks() == []
    assert set(answers(model.requests[-1])) == {NOTHING_TOLD}


def test_arguments_that_are_made_up_are_left_out(backend: SQLiteBackend) -> None:
    model = ScriptedModel([call("retain_memory", content="Ada lives in Oslo.", tags=["city"], user_id="bob"), "Done."])
    done = Agent(model=model, tools=[HindsightTools(client=backend)]).run("Remember this.", user_id="ada")
    assert [tool.tool_call_error for tool in done.tools or []] == [False]
    assert memories(backend) == [("Ada lives in Oslo.", 1)]
    assert "tags, user_id" in answers(model.requests[1])[-1]


def test_a_text_that_looks_like_deep_json_is_stored_as_it_is(backend: SQLiteBackend) -> None:
    tools, text = HindsightTools(bank_id="ada", client=backend), "[" * 1_400 + " brackets"
    answer = tools.functions["retain_memory"].entrypoint
    assert answer is not None
    assert answer(run_context=RunContext(run_id="r", session_id="s"), content=text) == STORED
    assert memories(backend) == [(text, 1)]


def test_arguments_that_are_nested_too_deeply_are_answered_and_not_raised(backend: SQLiteBackend) -> None:
    tools = HindsightTools(bank_id="ada", client=backend)
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    answer = tools.functions["recall_memory"].entrypoint
    assert answer is not None
    told = answer(run_context=RunContext(run_id="r", session_id="s"), query=deep)
    assert "recall_memory" in told
    assert "nested" in told


@pytest.mark.parametrize(
    "arguments",
    [{}, {"content": ""}, {"content": " "}, {"content": None}, {"content": []}, {"content": "The fact to remember."}],
)
def test_a_call_with_nothing_to_store_is_answered_and_not_logged(
    backend: SQLiteBackend, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    model = ScriptedModel([call("retain_memory", **arguments), "Done."])
    Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)]).run("Remember this.")
    assert "content" in answers(model.requests[1])[-1]
    assert backend.list_banks() == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_text_beyond_the_guards_limit_is_stored_in_parts(backend: SQLiteBackend) -> None:
    sentences = [f"Line {number} of the log says that pump {number} was at {number} degrees." for number in range(900)]
    model = ScriptedModel([call("retain_memory", content=" ".join(sentences)), "Done."])
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
    memory.equip(Agent(id="clerk", model=model)).run("Remember this.", user_id="ada")
    assert answers(model.requests[1])[-1] == STORED
    [bank] = backend.list_banks()
    held = " ".join(memory.text for memory in backend.list_memories(bank.bank_id, limit=1000).memories)
    assert all(sentence in held for sentence in sentences)


@pytest.mark.parametrize("tool", ["recall_memory", "reflect_on_memory"])
def test_a_question_behind_a_long_text_is_answered(backend: SQLiteBackend, tool: str) -> None:
    backend.retain("ada", "Ada lives in Oslo.")
    model = ScriptedModel([call(tool, query=f"{'The pump hums. ' * 3000} Where does Ada live?"), "In Oslo."])
    Agent(model=model, tools=[HindsightTools(bank_id="ada", client=backend)]).run("Where does Ada live?")
    assert "Ada lives in Oslo." in answers(model.requests[1])[-1]


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


@pytest.mark.parametrize(
    "answer",
    [
        CALL,
        f"```json\n{CALL}\n```",
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"[{CALL}]",
        f'{CALL}\n{{"requires_confirmation": false, "external_execution": false}}',
        '{\n  "name": "recall_memory",\n  "arguments": {\n    "query": "parcel"\n  }\n}',
        '{"name": "retain_memory", "arguments": {"content": "My parcel',
        '{"function": "recall_memory", "args": {"query": "parcel"}}',
        'recall_memory(query="parcel")',
        '```python\nretain_memory("My parcel never\narrived.")\n```',
        "<function=retain_memory>\n<parameter=content>My parcel</parameter>\n</function>",
        '<function_calls><invoke name="recall_memory"><parameter name="query">x</parameter></invoke></function_calls>',
        f"[TOOL_CALLS] [{CALL}]",
        "Action: recall_memory\nAction Input: parcel",
        '<|python_tag|>recall_memory.call(query="parcel")',
        '```tool_code\nprint(recall_memory(query="parcel"))\n```',
        'functions.retain_memory({"content": "My parcel"})',
        '{"tool": "retain_memory", "content": "My parcel"}',
        '{"retain_memory": {"content": "My parcel"}}',
    ],
)
def test_a_tool_call_written_into_the_answer_is_no_memory(backend: SQLiteBackend, answer: str) -> None:
    assert kept_of(answer, backend) == ["My parcel 4417 never arrived."]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (f"I looked.\n{CALL}\nThe ferry takes 7 hours.", "I looked.\n\nThe ferry takes 7 hours."),
        ("The <function> tag is no HTML, but <b> is.", "The <function> tag is no HTML, but <b> is."),
        ("Action: call the ferry office.", "Action: call the ferry office."),
        ('Set {"name": "prod", "port": 80} in the file.', 'Set {"name": "prod", "port": 80} in the file.'),
    ],
)
def test_what_stands_beside_a_call_is_kept(backend: SQLiteBackend, answer: str, kept: str) -> None:
    assert kept_of(answer, backend) == ["My parcel 4417 never arrived.", kept]


def kept_of(answer: str, backend: SQLiteBackend) -> list[str]:
    """What all banks, the review queue too, hold after a run with this answer."""
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
    clerk = memory.equip(Agent(id="clerk", model=ScriptedModel([answer])), retain="runs")
    clerk.run("My parcel 4417 never arrived.", user_id="ada")
    return [text for bank in backend.list_banks() for text, _ in memories(backend, bank.bank_id)]
