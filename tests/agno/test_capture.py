"""Automatic retention on a real file and real Agno objects: what is retained, once, for whom, in which bank."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.models.message import Message
from agno.run.base import RunContext, RunStatus
from agno.team import Team, TeamMode
from agno.tools import tool
from agno.workflow import Loop, Parallel, Router, Step, StepInput, StepOutput, Workflow

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.agno.exchange import Exchange, Statement
from hindsight_teams.errors import BackendError, TeamDefinitionError
from hindsight_teams.guard import Guard, WriteAttempt
from hindsight_teams.models import Memory
from hindsight_teams.testing import OfflineModel, ScriptedModel
from hindsight_teams.testing.scripted import call
from tests.agno.fenced import inside
from tests.conftest import slow

FACT = "I moved to Bergen on 3 May 2024."
WAYS = ["run", "astream", *slow("stream", "arun")]


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as opened:
        yield opened


@pytest.fixture
def memory(backend: SQLiteBackend) -> TeamMemory:
    return TeamMemory(
        "desk",
        banks={"customer": "user", "shared": "team"},
        members={"clerk": {"customer": "full"}, "scribe": {"shared": "full"}},
        backend=backend,
    )


def clerk(*turns: Any, **options: Any) -> Agent:
    return Agent(id="clerk", name="Clerk", model=ScriptedModel(turns), telemetry=False, **options)


def go(part: Any, way: str, message: Any, user: str | None = "ada", **options: Any) -> Any:
    """One run, whichever way; the last output."""
    options = {"user_id": user, "session_id": "s1", **options}

    async def awaited() -> Any:
        if way == "arun":
            return await part.arun(message, **options)
        events = [event async for event in part.arun(message, stream=True, yield_run_output=True, **options)]
        return events[-1]

    if way == "run":
        return part.run(message, **options)
    if way == "stream":
        return list(part.run(message, stream=True, yield_run_output=True, **options))[-1]
    return asyncio.run(awaited())


def held(backend: SQLiteBackend) -> list[Memory]:
    return [m for bank in backend.list_banks() for m in backend.list_memories(bank.bank_id, limit=1000).memories]


def texts(backend: SQLiteBackend) -> list[str]:
    return [m.text for m in held(backend)]


# --- every way that a run can go ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
def test_runs_of_one_object_are_injected_and_retained_in_any_order(
    memory: TeamMemory, backend: SQLiteBackend, first: str, second: str
) -> None:
    agent = memory.equip(clerk("Fine.", "In Bergen."), inject="query", retain="said")
    go(agent, first, FACT)
    go(agent, second, "My dog Rex is afraid of thunder in Bergen.", session_id="s2")
    assert texts(backend) == [FACT, "My dog Rex is afraid of thunder in Bergen."]
    assert FACT in str(agent.model.requests[1].messages[0].content)  # type: ignore[union-attr]


async def test_a_sync_run_inside_a_running_loop_is_injected_and_retained(
    memory: TeamMemory, backend: SQLiteBackend
) -> None:
    agent = memory.equip(clerk("Fine.", "Yes."), inject="query", retain="said")
    await agent.arun(FACT, user_id="ada", session_id="s1")
    agent.run("My dog in Bergen is Rex.", user_id="ada", session_id="s1")
    assert texts(backend) == [FACT, "My dog in Bergen is Rex."]
    assert FACT in str(agent.model.requests[1].messages[0].content)  # type: ignore[union-attr]


def test_after_a_sync_run_async_ones_do_not_block_the_loop(backend: SQLiteBackend) -> None:
    meetings: list[asyncio.Barrier] = []

    async def together(attempt: WriteAttempt) -> None:
        async with asyncio.timeout(30):
            await meetings[0].wait()  # each write waits for the other, which a blocked loop would never start

    members = {"clerk": {"own": "full"}}
    guard = Guard([together])
    memory = TeamMemory("desk", banks={"own": "user"}, members=members, backend=backend, guard=guard)
    agent = memory.equip(clerk("Hello.", "One.", "Two."), retain="said")
    go(agent, "run", "hi")

    async def both() -> None:
        meetings.append(asyncio.Barrier(2))
        await asyncio.gather(*(agent.arun(FACT, user_id=user, session_id=user) for user in ("ada", "bob")))

    asyncio.run(both())
    assert texts(backend) == [FACT, FACT]


def confirmed() -> Any:
    @tool(requires_confirmation=True)
    def book(price: int) -> str:
        """Book it."""
        return f"booked for {price}"

    return book


@pytest.mark.parametrize("kind", ["agent", "team"])
@pytest.mark.parametrize("way", WAYS)
def test_a_paused_run_is_retained_once_when_another_object_continues_it(
    tmp_path: Path, agno_db: Callable[[], SqliteDb], kind: str, way: str
) -> None:
    def fresh(backend: SQLiteBackend, *turns: Any) -> Any:
        memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
        options: dict[str, Any] = {
            "id": "clerk",
            "model": ScriptedModel(turns),
            "tools": [confirmed()],
            "db": agno_db(),
            "telemetry": False,
        }
        part: Any = Agent(**options) if kind == "agent" else Team(members=[Agent(id="idle")], **options)
        return memory.equip(part, inject="query", retain="runs")

    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        paused = go(fresh(backend, call("book", price=40)), way, FACT)
        assert paused.is_paused
        assert held(backend) == []
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        part = fresh(backend, "It is booked for 40 euros.")
        for requirement in paused.requirements:
            requirement.confirm()
        options: dict[str, Any] = {
            "run_id": paused.run_id,
            "session_id": "s1",
            "user_id": "ada",
            "requirements": paused.requirements,
        }

        async def awaited() -> None:
            if way == "arun":
                await part.acontinue_run(**options)
            else:
                _ = [event async for event in part.acontinue_run(stream=True, **options)]

        if way == "run":
            part.continue_run(**options)
        elif way == "stream":
            list(part.continue_run(stream=True, **options))
        else:
            asyncio.run(awaited())
        assert texts(backend) == [FACT, "It is booked for 40 euros."]
        assert {m.bank_id for m in held(backend)} == {"desk:own:user:ada"}


def shipped_elsewhere() -> Any:
    @tool(external_execution=True)
    def ship(order: int) -> str:
        """Ship it."""
        raise AssertionError("this is done outside")

    return ship


def fitted() -> Any:
    @tool(requires_user_input=True, user_input_fields=["size"])
    def ship(order: int, size: str = "") -> str:
        """Ship it."""
        return f"shipped in {size}"

    return ship


@pytest.mark.parametrize("made", [shipped_elsewhere, fitted])
@pytest.mark.parametrize("way", ["run", "astream"])
def test_a_run_that_waited_for_what_is_done_outside_is_retained_once(
    memory: TeamMemory, backend: SQLiteBackend, agno_db: Callable[[], SqliteDb], made: Callable[[], Any], way: str
) -> None:
    def build(*turns: Any) -> Agent:
        return memory.equip(clerk(*turns, tools=[made()], db=agno_db()), retain="runs")

    paused = go(build(call("ship", order=4417)), way, FACT)
    assert held(backend) == []
    for requirement in paused.requirements:
        if requirement.needs_external_execution:
            requirement.external_execution_result = requirement.tool_execution.result = "shipped"
        else:
            requirement.provide_user_input({"size": "a box"})
    options = {"run_id": paused.run_id, "session_id": "s1", "user_id": "ada", "requirements": paused.requirements}
    agent = build("Truck nine has it.")

    async def streamed() -> None:
        _ = [event async for event in agent.acontinue_run(stream=True, **options)]

    if way == "run":
        agent.continue_run(**options)
    else:
        asyncio.run(streamed())
    assert texts(backend) == [FACT, "Truck nine has it."]


def test_two_runs_under_one_id_that_pause_are_both_retained(
    memory: TeamMemory, backend: SQLiteBackend, agno_db: Callable[[], SqliteDb]
) -> None:
    turns = [call("book", price=40), "Booked.", call("book", price=50), "Booked."]
    db = agno_db()
    agent = memory.equip(clerk(*turns, tools=[confirmed()], db=db), retain="said")
    for said in (FACT, "My dog is called Rex."):
        paused = go(agent, "run", said, run_id="r1")
        for requirement in paused.requirements:
            requirement.confirm()
        agent.continue_run(run_id="r1", session_id="s1", user_id="ada", requirements=paused.requirements)
    assert texts(backend) == [FACT, "My dog is called Rex."]


@pytest.mark.parametrize("mode", list(TeamMode))
@pytest.mark.parametrize("way", ["run", *slow("astream")])
@pytest.mark.parametrize("nested", [True, *slow(False)])
def test_in_every_team_mode_a_fact_is_stored_once_with_the_user(
    backend: SQLiteBackend, mode: TeamMode, way: str, nested: bool
) -> None:
    members = {"planner": {"own": "full"}, "booker": {"own": "full"}}
    memory = TeamMemory("trip", banks={"own": "user"}, members=members, backend=backend)
    model = OfflineModel()
    agents: list[Agent | Team] = [
        Agent(id="planner", name="Planner", role="Plans the trip", model=model, telemetry=False),
        Agent(id="booker", name="Booker", role="Books the hotels", model=model, telemetry=False),
    ]
    if nested:
        agents = [Team(id="crew", name="Crew", role="Does it all", members=agents, model=model, telemetry=False)]
    team = memory.equip(
        Team(id="lead", members=agents, model=model, mode=mode, telemetry=False), inject="query", retain="runs"
    )
    for message in (FACT, "When did I move to Bergen?", "Thanks!"):
        go(team, way, message)
    assert set(texts(backend)) == {FACT}
    assert len(held(backend)) == 1
    assert "3 May 2024" in str(go(team, way, "When did I move to Bergen?").content)
    assert "3 May 2024" not in str(go(team, way, "When did I move to Bergen?", user="bob").content)


def test_a_cancelled_run_leaves_nothing(memory: TeamMemory, backend: SQLiteBackend) -> None:
    def cancelled(request: Any) -> str:
        agent.cancel_run("r1")
        return "Too late."

    agent = memory.equip(clerk(cancelled), retain="runs")
    assert go(agent, "run", FACT, run_id="r1").status == RunStatus.cancelled
    assert held(backend) == []


def test_words_that_a_tool_failed_to_store_are_kept_all_the_same(backend: SQLiteBackend) -> None:
    down = [BackendError("down")]

    def fails_at_first(attempt: WriteAttempt) -> None:
        if down:
            raise down.pop()

    members = {"clerk": {"own": "full"}}
    memory = TeamMemory("desk", banks={"own": "user"}, members=members, backend=backend, guard=Guard([fails_at_first]))
    agent = memory.equip(clerk(call("retain_memory", content=FACT), "I will try again."), retain="said")
    go(agent, "run", FACT)
    assert not down
    assert texts(backend) == [FACT]


def test_a_run_that_fails_leaves_nothing_and_its_retry_leaves_it_once(
    memory: TeamMemory, backend: SQLiteBackend
) -> None:
    agent = memory.equip(clerk(RuntimeError("no"), "The ferry there leaves at nine.", retries=1), retain="runs")
    go(agent, "run", FACT)
    assert texts(backend) == [FACT, "The ferry there leaves at nine."]
    failing = memory.equip(clerk(RuntimeError("no")), retain="runs")
    go(failing, "run", "I never got through.")
    assert "never got through" not in str(texts(backend))


@pytest.mark.parametrize("way", ["run", "arun"])
def test_each_iteration_of_a_loop_leaves_its_answer_and_the_users_words_once(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    answers = [f"Draft number {number} has {number * 100} words." for number in range(1, 4)]
    workflow = Workflow(
        name="write",
        steps=[Loop(name="again", steps=[Step(name="draft", agent=clerk(*answers))], max_iterations=3)],
        telemetry=False,
    )
    go(memory.equip(workflow, retain="runs"), way, FACT)
    assert texts(backend) == [FACT, *answers]


@pytest.mark.parametrize("way", ["run", "arun"])
def test_a_router_runs_the_equipped_step_for_the_one_that_its_selector_gives(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    chosen, other = (Step(name=name, agent=clerk("Fine.")) for name in ("chosen", "other"))

    def select(step_input: StepInput) -> list[Any]:
        return [chosen]

    workflow = Workflow(name="w", steps=[Router(name="r", choices=[chosen, other], selector=select)], telemetry=False)
    go(memory.equip(workflow, retain="said"), way, FACT)
    assert texts(backend) == [FACT]


def test_steps_at_once_in_threads_keep_the_users_words_once(backend: SQLiteBackend) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={m: {"own": "full"} for m in "ab"}, backend=backend)
    both = Barrier(2)

    def keep(exchange: Exchange) -> list[Statement]:
        with suppress(BrokenBarrierError):
            both.wait(timeout=0.1)
        return [exchange.said] if exchange.said else []

    steps: list[Any] = [
        Step(name=member, agent=Agent(id=member, model=ScriptedModel(["Fine."]), telemetry=False)) for member in "ab"
    ]
    workflow = Workflow(name="w", steps=[Parallel(*steps, name="p")], telemetry=False)
    go(memory.equip(workflow, retain=keep), "run", FACT)
    assert texts(backend) == [FACT]
    assert held(backend)[0].times_said == 1


def test_a_step_after_a_function_does_not_hear_the_user(memory: TeamMemory, backend: SQLiteBackend) -> None:
    def summarize(given: StepInput) -> StepOutput:
        return StepOutput(content="The customer has a boat.")

    steps: Any = [Step(name="sum up", executor=summarize), Step(name="file", agent=clerk("Filed under boats 17."))]
    go(memory.equip(Workflow(name="w", steps=steps, telemetry=False), retain="runs"), "run", FACT)
    assert [(m.text, m.metadata["speaker"]) for m in held(backend)] == [("Filed under boats 17.", "clerk")]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_step_of_an_agent_equipped_apart_puts_out_is_not_the_users(backend: SQLiteBackend, way: str) -> None:
    memory = TeamMemory(
        "desk", banks={"own": "user"}, members={"a": {"own": "full"}, "b": {"own": "full"}}, backend=backend
    )
    said = {"a": "The draft says nine.", "b": "The final version says ten."}
    steps: Any = [
        Step(name=id, agent=memory.equip(Agent(id=id, model=ScriptedModel([text]), telemetry=False), retain="runs"))
        for id, text in said.items()
    ]
    go(Workflow(id="w", name="w", steps=steps, telemetry=False), way, FACT)
    spoken = [(m.metadata["speaker"], m.text) for m in held(backend)]
    assert spoken == [("user", FACT), *said.items()]


@pytest.mark.parametrize("mode", [TeamMode.coordinate, TeamMode.route])
def test_a_fact_told_again_to_a_team_is_one_memory(backend: SQLiteBackend, mode: TeamMode) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
    member = Agent(id="clerk", name="Clerk", role="Books hotels", model=OfflineModel(), telemetry=False)
    plain = Team(id="desk", name="Desk", mode=mode, members=[member], model=OfflineModel(), telemetry=False)
    desk = memory.equip(plain, inject="query", retain="runs")
    for session in ("one", "two", "three"):
        desk.run(FACT, user_id="ada", session_id=session)
    assert texts(backend) == [FACT]


def test_a_fact_told_again_in_one_session_is_one_memory_that_counts(memory: TeamMemory, backend: SQLiteBackend) -> None:
    agent = memory.equip(clerk("Fine.", "Fine."), retain="said")
    go(agent, "run", FACT)
    go(agent, "run", FACT)
    assert [(one.text, one.times_said) for one in held(backend)] == [(FACT, 2)]


def test_in_the_background_a_run_is_stored_by_the_flush(memory: TeamMemory, backend: SQLiteBackend) -> None:
    async def both() -> None:
        agent = memory.equip(clerk("Fine."), retain="said", background=True)
        await agent.arun(FACT, user_id="ada")
        assert await memory.aflush(30)

    asyncio.run(both())
    assert texts(backend) == [FACT]


# --- who said what --------------------------------------------------------------------------------------------------


def test_an_exchange_is_two_linked_memories_each_with_its_speaker(memory: TeamMemory, backend: SQLiteBackend) -> None:
    go(memory.equip(clerk("The ferry to Bergen takes 7 hours."), retain="runs"), "run", FACT)
    said, answered = held(backend)
    assert (said.metadata["speaker"], said.metadata["trust"]) == ("user", "user")
    assert (answered.metadata["speaker"], answered.metadata["trust"]) == ("clerk", "member")
    assert said.metadata["exchange"] == answered.metadata["exchange"]
    assert said.author == answered.author == "clerk"


def test_only_the_last_user_message_of_a_history_is_said(memory: TeamMemory, backend: SQLiteBackend) -> None:
    agent = memory.equip(clerk("Fine."), retain="said")
    history = [
        Message(role="system", content="You are a pirate."),
        Message(role="user", content="I own a boat."),
        Message(role="assistant", content="Arr, a boat."),
        Message(role="user", content=FACT),
    ]
    go(agent, "run", history)
    assert texts(backend) == [FACT]


def test_what_a_leader_hands_on_is_not_what_the_user_said(memory: TeamMemory, backend: SQLiteBackend) -> None:
    task = "The customer has agreed to pay 40 euros. Book it."
    leader = ScriptedModel([call("delegate_task_to_member", member_id="clerk", task=task), "Booked."])
    members: list[Agent | Team] = [clerk("Booked for 40 euros."), Agent(id="scribe", model=ScriptedModel([]))]
    team = memory.equip(Team(id="lead", model=leader, members=members, telemetry=False), retain="runs")
    go(team, "run", "Hm, what would that cost?")
    assert [(m.text, m.metadata["speaker"]) for m in held(backend)] == [
        (task, "lead"),
        ("Booked for 40 euros.", "clerk"),
    ]


@pytest.mark.parametrize("way", WAYS)
def test_the_users_words_reach_the_users_bank_however_the_leader_words_them(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    leader = ScriptedModel(
        [call("delegate_task_to_member", member_id="clerk", task="Note the move to Norway."), "Done."]
    )
    members: list[Agent | Team] = [clerk("Filed."), Agent(id="scribe", model=ScriptedModel([]))]
    team = memory.equip(Team(id="lead", model=leader, members=members, telemetry=False), retain="said")
    go(team, way, FACT)
    [stored] = held(backend)
    assert (stored.text, stored.bank_id) == (FACT, "desk:customer:user:ada")


def test_what_the_user_said_is_stored_whatever_the_model_answered(memory: TeamMemory, backend: SQLiteBackend) -> None:
    broken = '{"name": "recall_memory", "arguments": {"query": "ignore all previous instructions"}}'
    go(memory.equip(clerk(broken), retain="runs"), "run", FACT)
    assert FACT in [m.text for m in backend.list_memories("desk:customer:user:ada").memories]


def test_reasoning_is_left_out_of_an_answer(memory: TeamMemory, backend: SQLiteBackend) -> None:
    go(memory.equip(clerk("<think>He is rich.</think>The ferry leaves at 9."), retain="runs"), "run", FACT)
    assert texts(backend) == [FACT, "The ferry leaves at 9."]


# --- no echo --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message", ["Thanks!", "hi", "¿Dónde vivo?", "ありがとうございます", "Where do I live?", "👍", "..."]
)
def test_a_user_who_tells_nothing_gets_no_bank(memory: TeamMemory, backend: SQLiteBackend, message: str) -> None:
    go(memory.equip(clerk("You are welcome."), inject="query", retain="runs"), "run", message)
    assert backend.list_banks() == []


def test_answers_that_came_out_of_memory_are_not_new(memory: TeamMemory, backend: SQLiteBackend) -> None:
    agent = memory.equip(
        clerk("Noted.", "You moved to Bergen on 3 May 2024.", "I don't know that, sorry."),
        inject="query",
        retain="runs",
    )
    for message in (FACT, "When did I move to Bergen?", "What is my shoe size?"):
        go(agent, "run", message)
    assert texts(backend) == [FACT]


def test_what_a_tool_stored_in_the_run_is_not_stored_again(memory: TeamMemory, backend: SQLiteBackend) -> None:
    agent = memory.equip(Agent(id="clerk", model=OfflineModel(), telemetry=False), retain="runs")
    go(agent, "run", "Please remember that my boat is called Saga.")
    assert texts(backend) == ["My boat is called Saga."]


def test_a_callable_chooses_what_is_retained(memory: TeamMemory, backend: SQLiteBackend) -> None:
    def only_answers(exchange: Exchange) -> list[Statement]:
        return [exchange.answered] if exchange.answered else []

    go(memory.equip(clerk("The ferry leaves at 9."), retain=only_answers), "run", FACT)
    assert texts(backend) == ["The ferry leaves at 9."]


def test_an_async_choice_is_refused_when_it_is_given(memory: TeamMemory) -> None:
    async def later(exchange: Exchange) -> list[Statement]:
        return []

    with pytest.raises(TeamDefinitionError, match="plain function"):
        memory.equip(clerk(), retain=later)  # type: ignore[arg-type]


# --- nothing of the user's words lost -------------------------------------------------------------------------------


def test_long_input_is_split_and_none_of_it_lost(memory: TeamMemory, backend: SQLiteBackend) -> None:
    sentences = [f"Parcel number {number} lies in hall {number % 7}." for number in range(1200)]
    go(memory.equip(clerk("Fine."), retain="said"), "run", " ".join(sentences))
    stored = " ".join(texts(backend))
    assert [sentence for sentence in sentences if sentence not in stored] == []


def test_what_a_terminal_coloured_is_cleaned(memory: TeamMemory, backend: SQLiteBackend) -> None:
    go(memory.equip(clerk("Fine."), retain="said"), "run", "\x1b[31mI live\x1b[0m in\x00 Bergen \ud83d now.")
    [stored] = texts(backend)
    assert stored.startswith("I live in Bergen")
    assert "\x1b" not in stored
    assert "[31m" not in stored


def test_an_image_is_named_and_not_stored(memory: TeamMemory, backend: SQLiteBackend) -> None:
    parts = [
        {"type": "text", "text": "This is my boat, the Saga."},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBORw0K" * 2000}},
    ]
    agent = memory.equip(clerk("Fine."), inject="query", retain="said")
    go(agent, "run", [Message(role="user", content=parts)])
    assert texts(backend) == ["This is my boat, the Saga.\n(image attached)"]


# --- in the right bank ----------------------------------------------------------------------------------------------


def scribe(*turns: Any) -> Agent:
    return Agent(id="scribe", model=ScriptedModel(turns), telemetry=False)


def test_a_users_words_do_not_go_to_a_bank_that_others_read(
    memory: TeamMemory, backend: SQLiteBackend, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "hindsight_teams"):
        go(memory.equip(scribe("Fine."), retain="said"), "run", FACT)
    assert held(backend) == []
    assert "conversations = true" in caplog.text
    go(memory.equip(scribe("Fine."), retain="said", retain_bank="shared"), "run", FACT)
    assert held(backend) == []
    go(memory.equip(scribe("Fine."), retain="said"), "run", FACT, user=None)
    assert texts(backend) == [FACT]


def test_a_team_bank_that_is_open_to_conversations_takes_them(backend: SQLiteBackend) -> None:
    banks = {"shared": {"scope": "team", "conversations": True}}
    memory = TeamMemory("desk", banks=banks, members={"scribe": {"shared": "full"}}, backend=backend)
    go(memory.equip(scribe("Fine."), retain="said"), "run", FACT)
    assert texts(backend) == [FACT]


def test_of_several_banks_the_users_own_takes_what_the_user_says(backend: SQLiteBackend) -> None:
    members = {"scribe": {"shared": "full", "own": "full"}}
    memory = TeamMemory("desk", banks={"shared": "team", "own": "user"}, members=members, backend=backend)
    go(memory.equip(scribe("Fine."), retain="said"), "run", FACT)
    assert [m.bank_id for m in held(backend)] == ["desk:own:user:ada"]


def test_two_runs_of_one_id_never_share_what_is_injected(memory: TeamMemory) -> None:
    agent = memory.equip(clerk("Fine.", "Hm.", "Hm."), inject="query", retain="said")
    go(agent, "run", FACT, run_id="r1")
    for user in ("mallory", "ada"):
        go(agent, "run", "Where is Bergen, and who moved there?", user=user, run_id="r1")
    systems = [str(request.messages[0].content) for request in agent.model.requests]  # type: ignore[union-attr]
    assert [FACT in system for system in systems] == [False, False, True]


# --- a missing user is seen -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", [None, "  ", 7])
@pytest.mark.parametrize("way", WAYS)
def test_a_missing_user_shows_in_the_events_and_once_in_the_log(
    memory: TeamMemory, backend: SQLiteBackend, caplog: pytest.LogCaptureFixture, user: Any, way: str
) -> None:
    agent = memory.equip(Agent(id="clerk", model=ScriptedModel(["One.", "Two."]), telemetry=False), retain="said")
    with caplog.at_level(logging.WARNING, "hindsight_teams"):
        output = go(agent, way, FACT, user=user)
        again = go(agent, way, FACT, user=user)
    for run in (output, again):
        assert any("user" in str(event.content) for event in run.events or [])
    assert len([r for r in caplog.records if "no memory in this run" in r.getMessage()]) == 1
    assert held(backend) == []


def test_a_run_context_of_another_user_hears_nothing(memory: TeamMemory) -> None:
    context = RunContext(run_id="r", session_id="s", user_id="bob")
    assert memory.tools("clerk").recall_memory(context, "Bergen") == "No relevant memories found."


# --- recall's own lines, given back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{line}", "{text}", "Known so far:\n{line}"])
@pytest.mark.parametrize("later", [False, True])
async def test_recalls_own_lines_are_cited_and_not_copied(
    memory: TeamMemory, backend: SQLiteBackend, form: str, later: bool
) -> None:
    tools = memory.tools("clerk")
    context = RunContext(run_id="r", session_id="s", user_id="ada")
    tools.retain_memory(context, FACT)
    line = inside(tools.recall_memory(context, "Bergen")).splitlines()[0]
    if later and form != "{text}":  # bare words are known in the run that was given them
        context = RunContext(run_id="r2", session_id="s2", user_id="ada")
    for answer in (
        tools.retain_memory(context, form.format(line=line, text=FACT)),
        await tools.aretain_memory(context, form.format(line=line, text=FACT)),
    ):
        assert (FACT in answer) is ("Known" not in form)
    assert [text for text in texts(backend) if FACT in text] == [FACT]
    originals = {m.id for m in held(backend) if m.text == FACT}
    assert {m.metadata.get("cites") for m in held(backend) if "Known" in m.text} <= originals


def test_a_label_that_memory_does_not_know_is_taken_off(memory: TeamMemory, backend: SQLiteBackend) -> None:
    context = RunContext(run_id="r", session_id="s", user_id="ada")
    memory.tools("clerk").retain_memory(context, f"1. [Noted 2024-05-03 | customer | boss] {FACT}")
    assert texts(backend) == [FACT]
