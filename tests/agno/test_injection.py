from __future__ import annotations

import asyncio
import copy
import inspect
import json
import logging
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.db.in_memory import InMemoryDb
from agno.models.message import Message
from agno.run.base import RunContext
from agno.team import Team

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.agno.citing import ALREADY_KNOWN
from hindsight_teams.agno.injection import InjectionBudget, MemoryInjection, packed, with_memories
from hindsight_teams.errors import BackendUnreachable, IdentityRequired, TeamDefinitionError
from hindsight_teams.models import Memory
from hindsight_teams.testing import ScriptedModel
from hindsight_teams.testing.scripted import call
from hindsight_teams.text import estimate


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as opened:
        yield opened


@pytest.fixture
def memory(backend: SQLiteBackend) -> TeamMemory:
    memory = TeamMemory(
        "desk",
        banks={"facts": "team", "customer": "user"},
        members={"desk": {"facts": "read-only"}, "helper": {"customer": "full"}, "writer": {"facts": "writer-only"}},
        backend=backend,
    )
    memory.member("writer").retain("The Maple pilot has 40 users.")
    helper = memory.member("helper")
    helper.retain("Ada prefers letters to calls.", caller=helper.bound(user="ada"))
    helper.retain("Bob prefers calls to letters.", caller=helper.bound(user="bob"))
    return memory


def desk(leader: ScriptedModel, helper: ScriptedModel, **options: Any) -> Team:
    return Team(
        id="desk",
        model=leader,
        members=[
            Agent(id="helper", name="Helper", model=helper, telemetry=False),
            Agent(id="writer", model=ScriptedModel([])),
        ],
        telemetry=False,
        **options,
    )


def system_of(model: ScriptedModel, turn: int = 0) -> str:
    return str(model.requests[turn].messages[0].content)


@pytest.mark.parametrize("instructions", [None, "Be brief.", ["Be brief.", "Be kind."], lambda: "Be brief."])
@pytest.mark.parametrize("mode", ["run", "arun", "stream", "astream"])
def test_leader_and_members_see_memories_for_their_own_input(memory: TeamMemory, mode: str, instructions: Any) -> None:
    leader = ScriptedModel(
        [
            call("delegate_task_to_member", member_id="helper", task="Does this customer prefer letters or calls?"),
            "done",
        ]
    )
    helper = ScriptedModel(["by letter"])
    team = memory.equip(desk(leader, helper, instructions=instructions), inject="query")

    async def astream() -> None:
        async for _ in team.arun("How many users has the Maple pilot?", user_id="ada", stream=True):
            pass

    if mode == "run":
        team.run("How many users has the Maple pilot?", user_id="ada")
    elif mode == "stream":
        list(team.run("How many users has the Maple pilot?", user_id="ada", stream=True))
    elif mode == "arun":
        asyncio.run(team.arun("How many users has the Maple pilot?", user_id="ada"))
    else:
        asyncio.run(astream())
    assert "The Maple pilot has 40 users." in system_of(leader)
    assert "Ada prefers letters" in system_of(helper)
    assert "Bob prefers" not in system_of(helper)
    assert "Ada prefers" not in system_of(leader)
    if instructions is not None:
        assert "Be brief." in system_of(leader)


def test_injected_text_is_in_no_users_message_and_in_no_history(memory: TeamMemory) -> None:
    leader = ScriptedModel(["one", "two"])
    team = memory.equip(
        desk(
            leader,
            ScriptedModel([]),
            db=InMemoryDb(),  # type: ignore[no-untyped-call]  # Agno's own
            add_history_to_context=True,
        ),
        inject="query",
    )
    for _ in range(2):
        team.run("How many users has the Maple pilot?", user_id="ada", session_id="s")
    for message in leader.requests[-1].messages[1:]:
        assert "40 users" not in str(message.content)


def test_two_users_at_once_never_see_each_other(memory: TeamMemory) -> None:
    async def ask(user: str) -> str:
        helper = ScriptedModel(["ok"])
        agent = memory.equip(
            Team(id="desk", members=[Agent(id="helper"), Agent(id="writer")], model=ScriptedModel([])), inject="query"
        ).members[0]  # type: ignore[index]
        agent.model = helper
        await agent.arun("Does the customer prefer letters or calls?", user_id=user)
        return system_of(helper)

    async def both() -> list[str]:
        return list(await asyncio.gather(*(ask(user) for user in ("ada", "bob") * 10)))

    for position, system in enumerate(asyncio.run(both())):
        mine, other = ("Ada prefers", "Bob prefers") if position % 2 == 0 else ("Bob prefers", "Ada prefers")
        assert mine in system
        assert other not in system


def test_messages_and_parts_are_understood_as_input(memory: TeamMemory) -> None:
    leader = ScriptedModel(["ok", "ok"])
    team = memory.equip(desk(leader, ScriptedModel([])), inject="query")
    team.run([Message(role="user", content="How many users has the Maple pilot?")])
    team.run({"text": "How many users has the Maple pilot?"})
    for turn in (0, 1):
        assert "40 users" in system_of(leader, turn)


def context(user: str | None = "ada", run: str = "r1") -> RunContext:
    return RunContext(run_id=run, session_id="s1", user_id=user)


async def recalled(injection: MemoryInjection, way: str, asked: str, run_context: Any) -> None:
    if way == "sync":
        injection.recall(asked, run_context)
    else:
        await injection.arecall(asked, run_context)


LETTERS = "Does the customer prefer letters or calls?"


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_what_is_found_is_kept_for_its_run_and_caller_until_it_is_dropped(memory: TeamMemory, way: str) -> None:
    injection, ada = MemoryInjection(memory.member("helper")), context()
    await recalled(injection, way, LETTERS, ada)
    assert "Ada prefers letters" in injection.text(ada)
    assert injection.text(ada) == injection.text(ada)
    assert injection.text(context()) == ""
    ada.user_id = "bob"
    assert injection.text(ada) == ""
    injection.drop(ada)
    ada.user_id = "ada"
    assert "Ada prefers letters" in injection.text(ada)
    injection.drop(ada)
    assert injection.text(ada) == ""


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("asked", ["", " ", "zephyr"])
async def test_a_run_gets_nothing_of_an_earlier_try(memory: TeamMemory, way: str, asked: str) -> None:
    injection, ada = MemoryInjection(memory.member("helper")), context()
    await recalled(injection, way, LETTERS, ada)
    await recalled(injection, way, asked, ada)
    assert injection.text(ada) == ""


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_missing_user_is_an_error_only_where_something_is_asked(memory: TeamMemory, way: str) -> None:
    injection, nobody = MemoryInjection(memory.member("helper")), context(None)
    await recalled(injection, way, "", nobody)
    with pytest.raises(IdentityRequired, match="user"):
        await recalled(injection, way, LETTERS, nobody)


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_what_was_injected_and_is_given_back_is_cited(memory: TeamMemory, way: str) -> None:
    helper, ada = memory.tools("helper"), context()
    injection = MemoryInjection(helper.memory)
    await recalled(injection, way, LETTERS, ada)
    assert str(helper.retain_memory(ada, "Ada prefers letters to calls.")).startswith(ALREADY_KNOWN)


def test_lines_are_labelled_with_their_bank_as_it_is_called(memory: TeamMemory, backend: SQLiteBackend) -> None:
    both = TeamMemory(
        "desk",
        banks={"facts": "team", "customer": "user"},
        members={"helper": {"facts": "full", "customer": "full"}},
        backend=backend,
    )
    injection, ada = MemoryInjection(both.member("helper")), context()
    injection.recall("Who prefers letters? How many users has the Maple pilot?", ada)
    lines = injection.text(ada).splitlines()
    assert any("Ada prefers letters" in line and "customer" in line for line in lines)
    assert any("40 users" in line and "facts" in line for line in lines)
    assert "desk:customer" not in injection.text(ada)


def test_memories_cost_a_thousand_tokens_and_two_seconds_at_most(memory: TeamMemory) -> None:
    injection = MemoryInjection(memory.member("helper"))
    assert injection.budget == InjectionBudget(max_tokens=1024, max_seconds=2.0)
    assert copy.deepcopy(injection) is injection


PASTED = " ".join(f"Clause {number} of the lease is about pipe {number}." for number in range(160))


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_long_memory_leaves_room_for_short_ones(memory: TeamMemory, way: str) -> None:
    helper, ada = memory.member("helper"), context()
    for text in (PASTED.replace("pipe", "lease"), PASTED, "The lease ends on 3 May."):
        helper.retain(text, caller=helper.bound(user="ada"))
    injection = MemoryInjection(helper)
    await recalled(injection, way, "What does clause 77 of the lease say, and when does the lease end?", ada)
    shown = injection.text(ada)
    assert "The lease ends on 3 May." in shown
    assert "Clause 77 of the lease is about pipe 77." in shown
    assert estimate(shown) < 1024 + 200  # the fence and the labels


def remembered(text: str) -> Memory:
    return Memory(id=text[:20], text=text, bank_id="b")


def test_a_long_memory_that_leaves_room_is_whole() -> None:
    long = remembered("The harbour opens early. " * 30)
    assert packed([long, remembered("It rains.")], "harbour", max_tokens=1024) == [long, remembered("It rains.")]


def test_what_all_leave_goes_to_the_best_of_the_long() -> None:
    several = [remembered(f"{number} " + "The harbour opens early. " * 30) for number in range(6)]
    first, *_, last = (estimate(one.text) for one in packed(several, "harbour", max_tokens=800))
    assert (first > last, last <= 100) == (True, True)


def test_a_memory_that_is_longer_than_all_the_room_is_cut_to_what_bears_on_the_query() -> None:
    [shown] = packed([remembered(PASTED)], "Which clause is about pipe 41?", max_tokens=40)
    assert "pipe 41." in shown.text
    assert shown.text.startswith("\u2026") or shown.text.startswith("Clause 0 ")
    assert estimate(shown.text) <= 40


def test_what_does_not_fit_whole_beside_the_better_is_left_out() -> None:
    better, worse = remembered("The boat is red."), remembered("The harbour opens early. " * 8)
    assert packed([better, worse], "boat", max_tokens=40) == [better]


def test_words_bear_on_a_query_and_not_their_letters() -> None:
    text = "Notations flow over knightly rotations. The boat is red."
    [shown] = packed([remembered(text)], "Which boat has flotation for nights?", max_tokens=12)
    assert shown.text == "\u2026 The boat is red."
    turned = "The boat is red. Notations flow over knightly rotations."
    [shown] = packed([remembered(turned)], "Which boat has flotation for nights?", max_tokens=12)
    assert shown.text == "The boat is red. \u2026"


@pytest.mark.parametrize("sign", ["x", "\u4f60", "\U0001f600", "a b. "])
@pytest.mark.parametrize("most", [1, 7, 64, 300])
def test_no_text_costs_more_than_it_may(sign: str, most: int) -> None:
    shown = packed([remembered(sign * 3000), remembered(sign * 2000)], sign, max_tokens=most)
    assert 1 <= sum(estimate(one.text) for one in shown) <= most


def test_the_right_sentence_of_a_text_without_spaces_is_shown() -> None:
    text = (
        "".join(f"\u7b2c{number}\u6761\u5173\u4e8e\u6c34\u7ba1\u3002" for number in range(100))
        + "\u623f\u79df\u662f\u4e94\u767e\u5143\u3002"
    )
    [shown] = packed([remembered(text * 1)], "\u623f\u79df\u591a\u5c11\uff1f", max_tokens=64)
    assert "\u623f\u79df\u662f\u4e94\u767e\u5143" in shown.text


def agents_instructions(agent: Any = None) -> list[str]:
    return [f"Be brief, {agent}."]


async def later(session_state: Any, run_context: Any) -> str:
    return f"Be brief, {session_state}, {run_context.user_id}."


@pytest.mark.parametrize(
    ("given", "as_given", "beside"),
    [
        (None, "", None),
        ("Be brief.", "Be brief.", "Be brief.\n\n"),
        ("", "", ""),
        (["Be brief."], ["Be brief."], ["Be brief."]),
        (lambda: "Be brief.", "Be brief.", "Be brief.\n\n"),
        (lambda team: f"Be brief, {team}.", "Be brief, T.", "Be brief, T.\n\n"),
        (agents_instructions, ["Be brief, A."], ["Be brief, A."]),
        (later, "Be brief, S, ada.", "Be brief, S, ada.\n\n"),
        (lambda: None, None, ""),
    ],
)
async def test_memories_come_after_the_instructions_that_were_given(
    memory: TeamMemory, given: Any, as_given: Any, beside: Any
) -> None:
    injection, ada = MemoryInjection(memory.member("helper")), context()

    async def asked(instructions: Any) -> Any:
        offered = {"agent": "A", "team": "T", "session_state": "S", "run_context": ada}
        accepted = inspect.signature(instructions).parameters
        answer = instructions(**{name: value for name, value in offered.items() if name in accepted})
        return await answer if inspect.isawaitable(answer) else answer

    once = with_memories(given, injection)
    twice = with_memories(with_memories(given, MemoryInjection(memory.member("desk"))), injection)
    for wrapped in (once, twice, copy.deepcopy(once)):
        injection.drop(ada)
        assert await asked(wrapped) == as_given
        await injection.arecall(LETTERS, ada)
        memories = injection.text(ada)
        assert await asked(wrapped) == (
            [*beside, memories] if isinstance(beside, list) else f"{beside or ''}{memories}"
        )


def test_what_agno_serializes_of_instructions_is_what_was_given(memory: TeamMemory) -> None:
    injection = MemoryInjection(memory.member("helper"))
    for given in ("Be brief.", ["Be brief.", "Be kind."]):
        wrapped = copy.deepcopy(with_memories(given, injection))
        assert json.loads(json.dumps(wrapped)) == given


class Slow:
    """A client whose recall takes its time."""

    def retain(self, **_: Any) -> None: ...
    def reflect(self, **_: Any) -> None: ...
    def recall(self, **_: Any) -> Any:
        time.sleep(0.5)
        raise BackendUnreachable("the memory server did not answer")


@pytest.mark.parametrize("mode", ["run", "arun"])
@pytest.mark.parametrize(("seconds", "says"), [(0.01, "recall took too long"), (30.0, "BackendUnreachable")])
def test_past_the_time_budget_or_on_failure_the_run_goes_on(
    caplog: pytest.LogCaptureFixture, mode: str, seconds: float, says: str
) -> None:
    from hindsight_teams.backends.select import open_backend

    memory = TeamMemory(
        "desk", banks={"facts": "team"}, members={"desk": {"facts": "full"}}, backend=open_backend(client=Slow())
    )
    leader = ScriptedModel(["went on"])
    team = memory.equip(
        Team(id="desk", members=[Agent(id="a")], model=leader, telemetry=False),
        inject="query",
        inject_budget=InjectionBudget(max_seconds=seconds),
    )
    with caplog.at_level(logging.WARNING, "hindsight_teams"):
        answer = team.run("hi there") if mode == "run" else asyncio.run(team.arun("hi there"))
    assert answer.content == "went on"
    assert any(says in r.getMessage() for r in caplog.records)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["run", "arun"])
@pytest.mark.parametrize("background", [False, True])
def test_fifty_turns_leave_no_echo_no_duplicate_and_keep_their_order(
    backend: SQLiteBackend, mode: str, background: bool
) -> None:
    memory = TeamMemory("desk", banks={"log": "user"}, members={"clerk": {"log": "full"}}, backend=backend)
    turns = [f"Turn {number}: parcel number {number * 37} arrived." for number in range(50)]
    model = ScriptedModel([f"It is on shelf {number}." for number in range(50)])
    clerk = memory.equip(
        Agent(id="clerk", name="Clerk", model=model, telemetry=False),
        inject="query",
        retain="runs",
        background=background,
    )
    for turn in turns:
        if mode == "run":
            clerk.run(turn, user_id="ada", session_id="s1")
        else:
            asyncio.run(clerk.arun(turn, user_id="ada", session_id="s1"))
    assert memory.flush(30)
    [bank] = backend.list_banks()
    stored = backend.list_memories(bank.bank_id, limit=1000).memories
    text = "\n".join(m.text for m in stored)
    assert [text.count(f"parcel number {number * 37} arrived") for number in range(50)] == [1] * 50
    assert [text.count(f"It is on shelf {number}.") for number in range(50)] == [1] * 50
    positions = [text.index(f"Turn {number}:") for number in range(50)]
    assert positions == sorted(positions)
    assert "recalled-memories" not in text
    assert "1. [" not in text
    assert len({m.document_id for m in stored}) == 1
    assert "parcel number" in system_of(model, 49)  # what was retained comes back in later runs


def test_member_runs_are_retained_and_readers_retain_nothing(memory: TeamMemory, backend: SQLiteBackend) -> None:
    leader = ScriptedModel([call("delegate_task_to_member", member_id="helper", task="Ada moved to Bergen."), "done"])
    team = memory.equip(desk(leader, ScriptedModel(["I noted the move."])), retain="runs")
    team.run("Please note the move", user_id="ada")
    helper = memory.member("helper")
    found = helper.recall("Where did Ada move?", caller=helper.bound(user="ada"))
    assert any("Bergen" in m.text for m in found.results)
    facts = backend.list_memories("desk:facts").memories
    assert [m.text for m in facts] == ["The Maple pilot has 40 users."]


def test_retention_asks_which_bank_where_several_are_writable(backend: SQLiteBackend) -> None:
    members = {"a": {"x": "full", "y": "full"}}
    memory = TeamMemory("t", banks={"x": "team", "y": "team"}, members=members, backend=backend)
    agent = Agent(id="a", model=ScriptedModel(["ok"]), telemetry=False)
    with pytest.raises(TeamDefinitionError, match=r"retain_bank=.*'x', 'y'"):
        memory.equip(agent, retain="runs")
    memory.equip(agent, retain="runs", retain_bank="y").run("The kettle is red.")
    assert [b.bank_id for b in backend.list_banks()] == ["t:y"]


def test_each_member_may_have_a_bank_for_its_runs_and_the_user_may_name_its_own(memory: TeamMemory) -> None:
    banks = {"log": {"scope": "team", "conversations": True}, "diary": {"scope": "member", "conversations": True}}
    members = {"clerk": {"log": "full", "diary": "full"}, "aide": {"log": "full", "diary": "full"}}
    office = TeamMemory("office", banks=banks, members=members, backend=memory.backend)
    for member in members:
        agent = Agent(id=member, model=ScriptedModel(["Noted."] * 2), telemetry=False)
        equipped = office.equip(agent, retain="said", retain_bank={"clerk": "log", "aide": "diary"})
        equipped.run(f"The {member} sits on the left.", user_id="ada")
        equipped.run("Write in your diary: the kettle is red.", user_id="ada")
    held = {bank.bank_id: bank.memory_count for bank in memory.backend.list_banks(prefix="office")}
    assert held == {"office:log": 1, "office:diary:member:clerk": 1, "office:diary:member:aide": 2}
    with pytest.raises(TeamDefinitionError, match="retain_bank= names 'clark'; did you mean 'clerk'"):
        office.equip(Agent(id="clerk"), retain="said", retain_bank={"clark": "log"})


@pytest.mark.slow
def test_retained_in_the_background_nothing_is_lost_at_exit(tmp_path: Path) -> None:
    import subprocess
    import sys

    script = f"""
from agno.agent import Agent
from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import ScriptedModel
backend = SQLiteBackend({str(tmp_path / "m.db")!r})
memory = TeamMemory("t", banks={{"x": "team"}}, members={{"a": {{"x": "full"}}}}, backend=backend)
agent = memory.equip(Agent(id="a", model=ScriptedModel(["ok"] * 5), telemetry=False), retain="runs", background=True)
for n in range(5):
    agent.run(f"Fact number {{n}} is stored at exit.", session_id="s")
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=120)
    with closing(SQLiteBackend(tmp_path / "m.db")) as reopened:
        text = "\n".join(m.text for m in reopened.list_memories("t:x").memories)
    assert [f"Fact number {n} is stored" in text for n in range(5)] == [True] * 5


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_token_budget_holds(memory: TeamMemory, mode: str) -> None:
    for number in range(20):
        memory.member("writer").retain(f"The Maple pilot has a user called number {number} from Bergen.")

    def lines(tokens: int) -> int:
        model = ScriptedModel(["Fine."])
        equipped = memory.equip(
            desk(model, ScriptedModel([])), inject="query", inject_budget=InjectionBudget(max_tokens=tokens)
        )
        if mode == "sync":
            equipped.run("Which users does the Maple pilot have?", user_id="ada")
        else:
            asyncio.run(equipped.arun("Which users does the Maple pilot have?", user_id="ada"))
        return model.requests[0].system.count("Maple pilot")

    assert 1 <= lines(30) <= 2
    assert lines(30) < lines(2_000)
