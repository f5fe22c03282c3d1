"""A leader's task is the leader's, and the user's words the user's, however the team was put together and however it ran."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.team import Team, TeamMode

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import ScriptedModel
from hindsight_teams.testing.scripted import call
from tests.agno.test_capture import FACT, confirmed, go, held
from tests.conftest import slow

TASK = "The customer has agreed to pay 40 euros. Book it."
ANSWER = "Booked for 40 euros."


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as opened:
        yield opened


@pytest.fixture
def memory(backend: SQLiteBackend) -> TeamMemory:
    members = {"clerk": {"own": "full"}, "other": {"own": "full"}}
    return TeamMemory("desk", banks={"own": "user"}, members=members, backend=backend)


def said(backend: SQLiteBackend) -> list[tuple[str, str]]:
    return sorted((memory.metadata["speaker"], memory.text) for memory in held(backend))


def agent(id: str, *turns: Any, **options: Any) -> Agent:
    return Agent(id=id, name=id, model=ScriptedModel(turns), telemetry=False, **options)


@pytest.mark.parametrize("mode", [TeamMode.coordinate, TeamMode.route, TeamMode.broadcast])
@pytest.mark.parametrize("way", ["run", "astream", *slow("stream", "arun")])
def test_members_that_were_equipped_apart_tell_the_leader_from_the_user(
    memory: TeamMemory, backend: SQLiteBackend, mode: TeamMode, way: str
) -> None:
    members: list[Agent | Team] = [memory.equip(agent(id, ANSWER), retain="runs") for id in ("clerk", "other")]
    everybody = mode == TeamMode.broadcast
    to = {} if everybody else {"member_id": "clerk"}
    handed = call("delegate_task_to_members" if everybody else "delegate_task_to_member", task=TASK, **to)
    go(Team(id="lead", model=ScriptedModel([handed, "Done."]), members=members, mode=mode, telemetry=False), way, FACT)
    answered = [(id, ANSWER) for id in ("clerk", "other")[: 1 + everybody]]
    assert said(backend) == sorted([*answered, ("lead", TASK), ("user", FACT)])


@pytest.mark.parametrize("way", ["run", "astream"])
def test_what_an_unequipped_outer_leader_words_is_not_the_users(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    inner = Team(
        id="lead",
        model=ScriptedModel([call("delegate_task_to_member", member_id="clerk", task=TASK), "Done."]),
        members=[memory.equip(agent("clerk", ANSWER), retain="runs")],
        telemetry=False,
    )
    handed = call("delegate_task_to_member", member_id="lead", task="Go on with the move.")
    go(Team(id="top", model=ScriptedModel([handed, "Done."]), members=[inner], telemetry=False), way, FACT)
    assert ("user", "Go on with the move.") not in said(backend)
    assert {("lead", TASK), ("clerk", ANSWER)} <= set(said(backend))


@pytest.mark.parametrize("pausing", ["leader", "member"])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("way", ["run", *slow("astream")])
def test_a_team_that_paused_and_is_continued_by_another_object_tells_them_apart(
    agno_db: Callable[[], SqliteDb], backend: SQLiteBackend, pausing: str, apart: bool, way: str
) -> None:
    book, handed = call("book", price=40), call("delegate_task_to_member", member_id="clerk", task=TASK)
    leads = pausing == "leader"
    leader_turns: list[list[Any]] = [[book], [handed, "Done."]] if leads else [[handed], ["Done."]]
    member_turns: list[list[Any]] = [[], [ANSWER]] if leads else [[book], [ANSWER]]

    def fresh(leg: int) -> Team:
        memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
        member = agent("clerk", *member_turns[leg], tools=None if leads else [confirmed()])
        team = Team(
            id="lead",
            model=ScriptedModel(leader_turns[leg]),
            members=[memory.equip(member, retain="runs") if apart else member],
            tools=[confirmed()] if leads else None,
            db=agno_db(),
            telemetry=False,
        )
        return team if apart else memory.equip(team, retain="runs")

    paused = go(fresh(0), way, FACT)
    assert paused.is_paused
    assert held(backend) == []
    for requirement in paused.requirements:
        requirement.confirm()
    team = fresh(1)
    options: dict[str, Any] = {
        "run_id": paused.run_id,
        "session_id": "s1",
        "user_id": "ada",
        "requirements": paused.requirements,
    }

    async def awaited() -> None:
        _ = [event async for event in team.acontinue_run(stream=True, **options)]

    if way == "run":
        team.continue_run(**options)
    else:
        asyncio.run(awaited())
    assert said(backend) == [("clerk", ANSWER), ("lead", TASK), ("user", FACT)]


@pytest.mark.parametrize("by_tool", [True, False])
@pytest.mark.parametrize(("told", "kept_by"), [(FACT, "clerk"), (f"Other, {FACT}", "other")])
@pytest.mark.parametrize("way", ["run", *slow("astream")])
def test_what_a_member_kept_before_another_process_continued_its_team_is_not_kept_again(
    agno_db: Callable[[], SqliteDb], backend: SQLiteBackend, by_tool: bool, told: str, kept_by: str, way: str
) -> None:
    def fresh(*leader: Any) -> Team:
        banks: dict[str, Any] = {"log": {"scope": "team", "conversations": True}, "own": "user"}
        grants = {"clerk": {"log": "full"}, "other": {"own": "full"}}
        store = [call("retain_memory", content=FACT)] if by_tool and kept_by == "clerk" else []
        members: list[Agent | Team] = [agent("clerk", *store, "Fine."), agent("other")]
        team = Team(
            id="lead",
            model=ScriptedModel(leader),
            members=members,
            tools=[confirmed()],
            db=agno_db(),
            telemetry=False,
        )
        memory = TeamMemory("desk", banks=banks, members=grants, backend=backend)
        return memory.equip(team, retain="said")

    asked = call("delegate_task_to_member", member_id="clerk", task=TASK)
    paused = go(fresh(asked, call("book", price=40)), way, told)
    assert paused.is_paused
    for requirement in paused.requirements:
        requirement.confirm()
    options: dict[str, Any] = {"run_id": paused.run_id, "session_id": "s1", "user_id": "ada"}
    continued = fresh("Done.").continue_run(requirements=paused.requirements, **options)
    assert continued.content == "Done."
    assert [(one.author, one.text) for one in held(backend)] == [(kept_by, told)]


@pytest.mark.parametrize("way", ["run", "arun", "astream"])
def test_members_asked_at_once_that_each_store_the_users_words_store_them_once(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    members: list[Agent | Team] = [
        agent("clerk", call("retain_memory", content=FACT), "Noted."),
        agent("other", "Fine."),
    ]
    leader = ScriptedModel([call("delegate_task_to_members", task=FACT), "Done."])
    team = Team(id="lead", model=leader, members=members, mode=TeamMode.broadcast, telemetry=False)
    go(memory.equip(team, retain="said"), way, FACT)
    assert [one.text for one in held(backend)] == [FACT]


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("run", "Remember that my boat Ida lies in Bergen."),
        ("astream", "Remember that my boat Ida lies in Bergen."),
        ("run", "I rented a car. My boat Ida lies in Bergen."),
    ],
)
def test_what_two_members_store_of_the_users_words_is_one_memory(
    memory: TeamMemory, backend: SQLiteBackend, way: str, told: str
) -> None:
    hands: list[Agent | Team] = [
        agent(name, call("retain_memory", content="My boat Ida lies in Bergen."), "Noted.")
        for name in ("clerk", "other")
    ]
    asked = [call("delegate_task_to_member", member_id=name, task=f"{name}, see to it.") for name in ("clerk", "other")]
    team = Team(id="lead", model=ScriptedModel([asked, "Done."]), members=hands, telemetry=False)
    go(memory.equip(team, retain="said"), way, told)
    assert [one.text for one in held(backend) if "speaker" not in one.metadata] == ["My boat Ida lies in Bergen."]


def test_an_agent_that_another_one_uses_as_a_tool_does_not_hear_the_user(
    memory: TeamMemory, backend: SQLiteBackend
) -> None:
    clerk = memory.equip(agent("clerk", ANSWER), retain="runs")

    def ask_the_clerk() -> str:
        """Ask the clerk."""
        return str(clerk.run(TASK, user_id="ada", session_id="s1").content)

    go(agent("boss", call("ask_the_clerk"), "Done.", tools=[ask_the_clerk]), "run", FACT)
    assert ("user", TASK) not in said(backend)
    assert ("boss", TASK) in said(backend)


def lead_by(leader: ScriptedModel, members: Any) -> Team:
    return Team(id="lead", name="Lead", model=leader, members=members, telemetry=False)


@pytest.mark.parametrize("way", ["run", "astream"])
def test_what_a_leader_answers_itself_is_kept_by_members_that_a_callable_gave(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    def members(run_context: Any) -> list[Agent]:
        return [agent("clerk" if run_context.user_id == "ada" else "other")]

    team = memory.equip(lead_by(ScriptedModel(["Sure."] * 2), members), retain="said")
    go(team, way, FACT, user="ada")
    go(team, way, FACT, user="bob")
    assert sorted((memory.author, memory.text) for memory in held(backend)) == [("clerk", FACT), ("other", FACT)]


def test_of_members_that_a_callable_gave_the_one_called_by_name_keeps_it(
    memory: TeamMemory, backend: SQLiteBackend
) -> None:
    team = memory.equip(lead_by(ScriptedModel(["Sure."]), lambda: [agent("clerk"), agent("other")]), retain="said")
    go(team, "run", f"Other, {FACT}")
    assert [memory.author for memory in held(backend)] == ["other"]


def test_who_is_called_by_name_keeps_it_also_where_the_leader_asks_another_that_a_callable_gave(
    memory: TeamMemory, backend: SQLiteBackend
) -> None:
    asks_another: list[Any] = [call("delegate_task_to_member", member_id="clerk", task=f"Other, {FACT}"), "Sure."]
    team = memory.equip(lead_by(ScriptedModel(asks_another), lambda: [agent("clerk"), agent("other")]), retain="said")
    go(team, "run", f"Other, {FACT}")
    assert [memory.author for memory in held(backend)] == ["other"]


def test_a_team_inside_whose_members_a_callable_gives_keeps_what_its_leader_answers_itself(
    memory: TeamMemory, backend: SQLiteBackend
) -> None:
    inner = Team(
        id="inner", name="Inner", model=ScriptedModel(["Sure."]), members=lambda: [agent("clerk")], telemetry=False
    )
    handed = call("delegate_task_to_member", member_id="inner", task="Help.")
    go(memory.equip(lead_by(ScriptedModel([handed, "Done."]), [inner]), retain="said"), "run", FACT)
    assert said(backend) == [("user", FACT)]


def test_a_team_inside_that_was_told_the_users_words_leaves_them_to_who_has_the_users_own_bank(
    backend: SQLiteBackend,
) -> None:
    banks: dict[str, Any] = {"log": {"scope": "team", "conversations": True}, "own": "user"}
    memory = TeamMemory(
        "desk", banks=banks, members={"scribe": {"log": "full"}, "clerk": {"own": "full"}}, backend=backend
    )
    inner = Team(id="inner", name="Inner", model=ScriptedModel(["Sure."]), members=[agent("scribe")], telemetry=False)
    handed = call("delegate_task_to_member", member_id="inner", task=FACT)
    go(memory.equip(lead_by(ScriptedModel([handed, "Done."]), [inner, agent("clerk")]), retain="said"), "run", FACT)
    assert [(one.author, one.text) for one in held(backend)] == [("clerk", FACT)]


@pytest.mark.parametrize("reads_only", [False, True])
def test_what_a_leader_passes_on_of_a_members_answer_is_kept_once(backend: SQLiteBackend, reads_only: bool) -> None:
    grant = "read-only" if reads_only else "full"
    memory = TeamMemory(
        "desk", banks={"own": "user"}, members={"lead": {"own": ["retain"]}, "clerk": {"own": grant}}, backend=backend
    )
    answer = "My sister Vera lives in Narvik." if reads_only else ANSWER
    turns = [call("recall_memory", query="Who is my sister?"), answer] if reads_only else [answer]
    if reads_only:
        memory.member("lead").retain(answer, caller=memory.member("lead").bound(user="ada"))
    handed = call("delegate_task_to_member", member_id="clerk", task="Help.")
    leader = ScriptedModel([handed, f"The clerk says: {answer}"])
    go(memory.equip(lead_by(leader, [agent("clerk", *turns)]), retain="runs"), "run", "Who is it, and what is it?")
    assert [text for _, text in said(backend)].count(answer) == 1 if not reads_only else len(held(backend)) == 1
    assert not any("clerk says" in memory.text for memory in held(backend))
