from __future__ import annotations

import asyncio
import copy
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from agno.agent import Agent
from agno.run.base import RunContext, RunStatus
from agno.team import Team

from hindsight_teams import HindsightTools, SQLiteBackend, TeamMemory, configure, policies
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.access.signatures import own_tags
from hindsight_teams.audit import NOT_RECORDED, is_logged, open_audit
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import (
    AccessDenied,
    AuditFailed,
    ContentRefused,
    IdentityRequired,
    InvalidInput,
    ServerFault,
    TeamDefinitionError,
)
from hindsight_teams.guard import Guard, Verdict
from hindsight_teams.memory.direct import bank_of
from hindsight_teams.memory.member_options import Defaults
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import Recall, Request, Retain
from hindsight_teams.testing import OFFLINE_MARKER, OfflineModel, ScriptedModel
from hindsight_teams.testing.scripted import call
from tests.agno.fenced import inside
from tests.memory.team_fixtures import Kept, lines, team

R = TypeVar("R")


def agent(id: str, *turns: Any, **options: Any) -> Agent:
    return Agent(id=id, name=id.title(), role=f"the {id}", model=ScriptedModel(turns), telemetry=False, **options)


def run(user: str | None = None, session: str = "s1") -> RunContext:
    return RunContext(run_id="r1", session_id=session, user_id=user, session_state={}, dependencies={})


def toolkit_of(part: Any) -> HindsightTools:
    [found] = [tool for tool in part.tools if isinstance(tool, HindsightTools)]
    return found


def member(team: Team, id: str) -> Any:
    assert isinstance(team.members, list)
    return next(m for m in team.members if m.id == id)


def desk_team() -> Team:
    return Team(
        id="research-desk",
        model=ScriptedModel([]),
        members=[agent("researcher"), agent("answerer"), agent("clerk"), agent("judge")],
        telemetry=False,
    )


def test_each_member_gets_exactly_the_tools_of_its_grants(desk: TeamMemory) -> None:
    team = desk.equip(desk_team())
    offered = {m.id: list(toolkit_of(m).functions) for m in team.members if isinstance(m, Agent)}  # type: ignore[union-attr]
    assert offered == {
        "researcher": ["retain_memory", "recall_memory", "reflect_on_memory"],
        "answerer": ["recall_memory", "reflect_on_memory"],
        "clerk": ["retain_memory", "recall_memory", "reflect_on_memory"],
        "judge": ["reflect_on_memory"],
    }
    for m in team.members:  # type: ignore[union-attr]
        kit = toolkit_of(m)
        assert list(kit.async_functions) == list(kit.functions)


def test_the_team_that_was_given_stays_as_it_is(desk: TeamMemory) -> None:
    given = desk_team()
    desk.equip(given, inject="query")
    assert not given.tools
    assert all(not m.tools and m.instructions is None for m in given.members)  # type: ignore[union-attr]


def test_equipping_twice_gives_one_toolkit(desk: TeamMemory) -> None:
    team = desk.equip(desk.equip(desk_team(), inject="query"), inject="query")
    for m in team.members:  # type: ignore[union-attr]
        assert isinstance(m, Agent)
        toolkit_of(m)
        assert len(m.pre_hooks or []) == (0 if m.id == "judge" else 1)


def test_a_leader_is_granted_by_the_teams_id(backend: SQLiteBackend) -> None:
    memory = TeamMemory("desk", banks={"shared": "team"}, members={"desk": {"shared": "read-only"}}, backend=backend)
    team = memory.equip(Team(id="desk", members=[agent("a")], model=ScriptedModel([]), telemetry=False))
    assert list(toolkit_of(team).functions) == ["recall_memory", "reflect_on_memory"]


def test_members_of_nested_teams_are_equipped(backend: SQLiteBackend) -> None:
    memory = TeamMemory(
        "outer",
        banks={"shared": "team"},
        members={"deep": {"shared": "full"}, "inner": {"shared": "reflect-only"}},
        backend=backend,
    )
    inner = Team(id="inner", members=[agent("deep")], model=ScriptedModel([]))
    team = memory.equip(Team(id="outer", members=[inner], model=ScriptedModel([])))
    nested = member(team, "inner")
    assert list(toolkit_of(nested).functions) == ["reflect_on_memory"]
    assert "retain_memory" in toolkit_of(member(nested, "deep")).functions


def test_one_agent_in_two_teams_keeps_the_memories_apart(backend: SQLiteBackend) -> None:
    shared_agent = agent("worker")
    teams = {}
    for name in ("red", "blue"):
        memory = TeamMemory(name, banks={"shared": "team"}, members={"worker": {"shared": "full"}}, backend=backend)
        teams[name] = toolkit_of(member(memory.equip(Team(id=name, members=[shared_agent])), "worker"))
    teams["red"].retain_memory(run(), "The red code is 7341.")
    assert "7341" in teams["red"].recall_memory(run(), "What is the code?")
    assert teams["blue"].recall_memory(run(), "What is the red code?") == "No relevant memories found."


def test_users_are_kept_apart_and_none_is_an_error(desk: TeamMemory) -> None:
    clerk = desk.tools("clerk")
    clerk.retain_memory(run("ada"), "Ada's contract ends on 4 July 2026.")
    assert "4 July" in clerk.recall_memory(run("ada"), "When does the contract end?")
    assert clerk.recall_memory(run("bob"), "When does Ada's contract end?") == "No relevant memories found."
    with pytest.raises(IdentityRequired, match="user_id="):
        clerk.recall_memory(run(None), "When does the contract end?")


def test_a_member_with_several_banks_reads_them_all_labelled(desk: TeamMemory, backend: SQLiteBackend) -> None:
    memory = TeamMemory(
        "research-desk",
        banks={"shared": "team", "notes": "member"},
        members={"researcher": {"shared": "full", "notes": "full"}},
        backend=backend,
    )
    kit = memory.tools("researcher")
    kit.retain_memory(run(), "The Maple pilot has 40 users.", bank="shared")
    kit.retain_memory(run(), "The Maple pilot worries me.", bank="notes")
    kit.retain_memory(run(), "The Maple pilot has 40 users.", bank="notes")
    found = inside(kit.recall_memory(run(), "Maple pilot")).splitlines()
    assert len(found) == 2
    assert {line.split("]")[0].split("[")[1].split(" | ", 1)[1] for line in found} == {
        "shared | researcher",
        "notes | researcher",
    }


def test_a_printed_answer_shows_that_a_stand_in_gave_it_and_whose_memories_it_quotes(
    backend: SQLiteBackend, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = TeamMemory(
        "t",
        banks={"shared": "team", "notes": "member"},
        members={"clerk": {"shared": "full", "notes": "full"}},
        backend=backend,
    )
    clerk = memory.equip(Agent(id="clerk", model=OfflineModel()))
    clerk.run("The Maple pilot has 40 users.")
    clerk.print_response("How many users has the Maple pilot?")
    printed = capsys.readouterr().out
    assert OFFLINE_MARKER in printed
    assert " | shared | clerk] The Maple pilot has 40 users." in printed


def test_the_bank_argument_is_a_literal_of_the_writable_banks(backend: SQLiteBackend) -> None:
    memory = TeamMemory(
        "t",
        banks={"shared": "team", "notes": "member", "closed": "team"},
        members={"a": {"shared": "writer-only", "notes": "full", "closed": "read-only"}, "b": {"notes": "full"}},
        backend=backend,
    )
    for functions in (memory.tools("a").functions, memory.tools("a").async_functions):
        retain = functions["retain_memory"].model_copy()
        retain.process_entrypoint()
        assert retain.parameters["properties"]["bank"]["enum"] == ["shared", "notes"]
        assert retain.parameters["required"] == ["content", "bank"]
    single = memory.tools("b").functions["retain_memory"].model_copy()
    single.process_entrypoint()
    assert list(single.parameters["properties"]) == ["content"]


def test_max_tokens_holds_over_all_banks_together(backend: SQLiteBackend) -> None:
    memory = TeamMemory(
        "t", banks={"x": "team", "y": "member"}, members={"a": {"x": "full", "y": "full"}}, backend=backend
    )
    mine = memory.member("a")
    for bank in ("x", "y"):
        for number in range(20):
            mine.retain(f"Measurement {number} of series {bank} is {number * 7} volts exactly.", bank=bank)
    from hindsight_teams.text import estimate

    found = mine.recall("measurement series volts", max_tokens=60).results
    assert 2 <= len(found) < 10
    assert sum(estimate(m.text) for m in found) <= 60
    assert {m.bank_id.split(":")[1] for m in found} == {"x", "y"}


@pytest.mark.parametrize("wrong", [{"guard": "strict"}, {"audit": 5}])
def test_a_part_of_the_wrong_type_is_refused_at_once(backend: SQLiteBackend, wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="|".join(f"{name}={value!r}" for name, value in wrong.items())):
        TeamMemory("t", banks={"shared": "team"}, members={"a": {"shared": "full"}}, backend=backend, **wrong)


SECRET = "the pw: hunter!2024x"


@pytest.mark.parametrize(
    ("guard", "stored"),
    [
        (None, None),
        (True, None),
        (False, SECRET),
        (Guard([]), SECRET),
        (Guard(), "the pw: [redacted: password]"),
    ],
    ids=["unset", "the team's", "none", "one without checks", "one by default"],
)
def test_a_team_has_its_own_guard_unless_it_is_given_another_or_none(
    backend: SQLiteBackend, guard: Any, stored: str | None
) -> None:
    definition = TeamDefinition.from_parts(
        "t", banks={"b": "team"}, members={"a": {"b": "full"}}, guard={"secrets": "refuse"}
    )
    member = TeamMemory.of(definition, backend=backend, guard=guard).member("a")
    with nullcontext() if stored else pytest.raises(ContentRefused):
        member.retain(SECRET)
    assert [memory.text for memory in backend.list_memories("t:b").memories] == ([stored] if stored else [])


async def test_whatever_a_team_does_is_recorded_in_its_audit(backend: SQLiteBackend) -> None:
    log = Kept()
    memory = team(backend, audit=log)
    memory.member("scout").retain("Box 1 is lost.", bank="shared")
    [item] = memory.proposals("scout").propose_many([RetainItem("Box 2 is lost.")], to="shared")
    memory.reviews().reject(item.id)
    memory.forget(author="scout", actor="root")
    await memory.aforget(author="scout", actor="root", dry_run=False)
    assert [(e.verb, e.member, e.actor) for e in log.events] == [
        ("retain", "scout", None),
        ("propose", "scout", None),
        ("reject", None, None),
        ("preview", None, "root"),
        ("forget", None, "root"),
    ]


def test_a_team_is_made_of_all_that_it_is_given(backend: SQLiteBackend) -> None:
    class OwnTools(HindsightTools):
        pass

    now = datetime(2027, 5, 3, 9, tzinfo=UTC)
    memory = TeamMemory(
        "t",
        banks={"room": "{team}:{bank}:{project}"},
        members={"a": {"room": "full"}, "b": {"room": "none"}},
        variables={"project": "maple"},
        curators=["a"],
        proposers=["b"],
        backend=backend,
        defaults=Defaults(tags=("desk",)),
        toolkit=OwnTools,
        clock=lambda: now,
    )
    assert memory.member("a").retain("The rug is red.").bank_id == "t:room:maple"
    [stored] = backend.list_memories("t:room:maple").memories
    assert (stored.mentioned_at, own_tags(stored.tags)) == (now, ("desk",))
    assert (set(memory.definition.curators), set(memory.definition.proposers)) == ({"a"}, {"b"})
    assert type(memory.tools("a")) is OwnTools
    assert (memory.tools("a").name, memory.tools("a", name="mine").name) == ("hindsight_tools:t:a", "mine")
    assert type(TeamMemory.of(memory.definition, backend=backend).tools("a")) is HindsightTools


def test_one_bank_is_meant_where_one_alone_comes_into_question(backend: SQLiteBackend) -> None:
    memory = TeamMemory(
        "t",
        banks={"own": lambda context: f"for-{context.user_id}", "room": "team", "shed": "team"},
        members={"a": {"own": "full", "room": "read-only"}, "b": {"room": "full", "shed": "full"}},
        backend=backend,
    )
    a, b = memory.member("a"), memory.member("b")
    assert (bank_of(a, Access.RETAIN, None), bank_of(b, Access.RETAIN, "shed")) == ("own", "shed")
    assert bank_of(a, Access.RECALL, None, needs="user") == "own"  # a resolver may depend on anything
    for member, bank, says in ((a, "shed", "'shed'"), (a, None, "'own', 'room'"), (b, None, "'room', 'shed'")):
        with pytest.raises(InvalidInput, match=says):
            bank_of(member, Access.RECALL, bank)
    with pytest.raises(InvalidInput, match="'room'"):
        bank_of(a, Access.RETAIN, "room")
    with pytest.raises(InvalidInput, match="no bank scoped by user"):
        bank_of(b, Access.RECALL, None, needs="user")


class Answering(DelegatingBackend):
    """Answers with all it has, however little was asked for, and notes what it was asked."""

    def __init__(self, inner: SQLiteBackend) -> None:
        super().__init__(inner)
        self.asked: list[Recall] = []

    def execute(self, request: Request[R], /) -> R:
        whole: Any = request
        if isinstance(request, Recall):
            self.asked.append(request)
            whole = replace(request, max_tokens=4096)
        return super().execute(whole)  # type: ignore[no-any-return]


def test_a_question_is_asked_at_the_clocks_time_where_it_has_none_of_its_own(backend: SQLiteBackend) -> None:
    now, then = datetime(2027, 5, 3, 9, tzinfo=UTC), datetime(2024, 5, 3, 9, tzinfo=UTC)
    answering = Answering(backend)
    scout = team(answering, clock=lambda: now).member("scout")
    scout.recall("Which box?", banks=["shared"])
    scout.recall("Which box?", banks=["shared"], query_timestamp=then)
    team(answering).member("scout").recall("Which box?", banks=["shared"])
    assert [asked.query_timestamp for asked in answering.asked] == [now, then, None]


def test_a_question_has_the_defaults_of_the_team_where_it_says_nothing(backend: SQLiteBackend) -> None:
    answering = Answering(backend)
    scout = team(answering, defaults=Defaults(max_tokens=77, budget="low")).member("scout")
    scout.recall("Which box?", banks=["shared"])
    scout.recall("Which box?", banks=["shared"], max_tokens=5, budget="high")
    assert [(asked.max_tokens, asked.budget) for asked in answering.asked] == [(77, "low"), (5, "high")]


def test_what_one_bank_answers_is_not_cut_again(backend: SQLiteBackend) -> None:
    scout = team(Answering(backend)).member("scout")
    scout.retain_many(lines(5), bank="shared")
    assert len(scout.recall("Which box?", banks=["shared"], max_tokens=1).results) == 5
    assert len(scout.recall("Which box?", caller=Caller(user="ada"), max_tokens=10).results) == 1


def test_a_team_without_an_audit_of_its_own_writes_to_the_log_and_to_the_file_of_the_settings(
    backend: SQLiteBackend, tmp_path: Path
) -> None:
    configure(audit=tmp_path / "audit.jsonl")
    memory = team(backend)
    memory.member("scout").retain("Box 1.", bank="shared")
    assert is_logged(memory.audit)
    with open_audit(tmp_path / "audit.jsonl") as log:
        assert [(event.verb, event.member) for event in log.query()] == [("retain", "scout")]


class Terse(DelegatingBackend):
    """Tells no ids of what it stored, or fails."""

    fails = False

    def execute(self, request: Request[R], /) -> R:
        if self.fails and isinstance(request, Retain):
            raise ServerFault("no")
        answer: Any = super().execute(request)
        return replace(answer, memory_ids=()) if isinstance(request, Retain) else answer  # type: ignore[no-any-return]


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_stored_or_failed_to_be_is_recorded_with_its_bank(backend: SQLiteBackend, fails: bool) -> None:
    audit, terse = Kept(), Terse(backend)
    terse.fails = fails
    with pytest.raises(ServerFault) if fails else nullcontext():
        team(terse, audit=audit).member("scout").retain("Box 1.", bank="shared")
    [event] = audit.events
    assert (event.bank, event.bank_id, event.memory_ids) == ("shared", "desk:shared", ())
    assert (event.outcome, event.count) == (("error", 0) if fails else ("allowed", 1))


def test_what_is_held_back_is_recorded_with_the_bank_where_it_waits(backend: SQLiteBackend) -> None:
    audit, guard = Kept(), Guard([lambda attempt: Verdict("quarantine", reason="look at it")])
    receipt = team(backend, audit=audit, guard=guard).member("scout").retain("Box 1.", bank="shared")
    [event] = audit.events
    assert (event.bank_id, event.outcome, event.reason) == ("desk:shared", "quarantined", "look at it")
    assert event.memory_ids == tuple(f"desk:review:queue#{name}" for name in receipt.memory_ids)
    assert event.memory_ids


@pytest.mark.parametrize("failure", ["warn", "refuse"])
def test_what_can_not_be_recorded_is_refused_where_the_settings_say_so(backend: SQLiteBackend, failure: Any) -> None:
    class Full:
        def record(self, event: Any) -> None:
            raise OSError("no space left")

    configure(audit_failure=failure)
    member = team(backend, audit=Full()).member("scout")
    with pytest.raises(AuditFailed) if failure == "refuse" else nullcontext():
        member.retain("Box 1.", bank="shared")
    assert [m.text for m in backend.list_memories("desk:shared").memories] == ["Box 1."] * (failure == "warn")


def test_every_option_of_equipping_is_handed_on(desk: TeamMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []
    monkeypatch.setattr("hindsight_teams.agno.equipping.equip", lambda *parts, **options: given.append(options))
    unset: dict[str, Any] = {"inject": None, "inject_budget": None, "retain": None, "retain_bank": None}
    unset |= {"background": False, "confirm": (), "tools": True}
    one: Any = agent("researcher")
    desk.equip(one)
    for name in unset:
        options: Any = {name: "given"}
        desk.equip(one, **options)
    assert given == [unset, *(unset | {name: "given"} for name in unset)]


class Waiting:
    """Runs that are retained in the background."""

    def __init__(self, done: list[str], stored: bool = True) -> None:
        self.done = done
        self.stored = stored

    def flush(self, timeout: float | None) -> bool:
        self.done.append(f"stored within {timeout}")
        return self.stored


@pytest.mark.parametrize("how", ["close", "with", "aclose", "async with", "lifespan", "forget", "aforget"])
async def test_what_waits_is_stored_before_a_team_is_closed_or_forgets(backend: SQLiteBackend, how: str) -> None:
    class Closing(DelegatingBackend):
        def execute(self, request: Request[R], /) -> R:
            done.append("asked")
            return super().execute(request)

        async def aexecute(self, request: Request[R], /) -> R:
            return self.execute(request)

        def close(self) -> None:
            done.append("closed")

        async def aclose(self) -> None:
            done.append("closed")

    done: list[str] = []
    memory = team(Closing(backend))
    memory.retentions.append(Waiting(done))  # type: ignore[arg-type]
    if how == "with":
        with memory:
            assert done == []
    elif how in ("async with", "lifespan"):
        async with memory if how == "async with" else memory.lifespan(object()):
            assert done == []
    elif how == "aforget":
        await memory.aforget(author="scout")
    elif how == "aclose":
        await memory.aclose()
    else:
        getattr(memory, how)(**{"author": "scout"} if how == "forget" else {})
    assert done[:2] == ["stored within None", "asked" if "forget" in how else "closed"]
    assert ("closed" in done) is ("forget" not in how)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(("stored", "all_of_it"), [((True, True), True), ((True, False), False), ((), True)])
async def test_a_flush_tells_whether_all_was_stored(
    backend: SQLiteBackend, stored: tuple[bool, ...], all_of_it: bool, mode: str
) -> None:
    done: list[str] = []
    memory = team(backend)
    memory.retentions.extend(Waiting(done, one) for one in stored)  # type: ignore[misc]
    assert (memory.flush(7) if mode == "sync" else await memory.aflush(7)) is all_of_it
    assert done == ["stored within 7"] * len(stored)


@pytest.mark.parametrize("member", ["aa", 5, None])
def test_an_unknown_member_is_refused_whatever_it_is(backend: SQLiteBackend, member: Any) -> None:
    memory = TeamMemory("t", banks={"shared": "team"}, members={"a": {"shared": "full"}}, backend=backend)
    with pytest.raises(TeamDefinitionError, match=repr(member)):
        memory.member(member)


@pytest.mark.parametrize(
    ("team", "says"),
    [
        (Team(id="t", members=[Agent(name="No id")]), "has no id; give it one"),
        (Team(id="t", members=[Agent(id="a"), Agent(id="a")]), "'a' is there twice"),
        (Team(id="t", members=[Agent(id="aa")]), "did you mean 'aa'"),
        (Agent(id="b"), "grants nothing to 'b'"),
        (Team(id="t", members=[Agent(id="a", tools=lambda: [])]), "tools of 'a' are a callable"),
        (Team(name="x", members=[Agent(id="a")]), "team 'x' has no id"),
    ],
)
def test_what_can_not_be_bound_is_refused(backend: SQLiteBackend, team: Any, says: str) -> None:
    memory = TeamMemory("t", banks={"shared": "team"}, members={"a": {"shared": "full"}}, backend=backend)
    with pytest.raises(TeamDefinitionError, match=says):
        memory.equip(team)


def desk_of(clerks: Any) -> Team:
    return Team(id="t", model=OfflineModel(), members=clerks, telemetry=False)


def clerk() -> Agent:
    return Agent(id="clerk", role="Retains and recalls", model=OfflineModel(), telemetry=False)


class Office:
    async def __call__(self, session_state: dict[str, Any]) -> list[Agent]:
        return [clerk()]


async def clerks_later(run_context: RunContext) -> list[Agent]:
    assert run_context.user_id
    return [clerk()]


@pytest.fixture
def office(backend: SQLiteBackend) -> TeamMemory:
    banks = {"customer": "user"}
    return TeamMemory("t", banks=banks, members={"clerk": {"customer": "full"}}, backend=backend)


@pytest.mark.parametrize("nested", [False, True])
def test_members_that_are_a_callable_have_their_memory(office: TeamMemory, nested: bool) -> None:
    inner = Team(id="office", role="Retains and recalls", model=OfflineModel(), members=lambda: [clerk()])
    team = office.equip(desk_of([inner] if nested else inner.members), inject="query", retain="runs").deep_copy()
    team.run("The parcel 4417 never arrived.", user_id="ada")
    held = office.backend.list_memories("t:customer:user:ada").memories
    assert {memory.author for memory in held} == {"clerk"}
    assert [memory.text for memory in held] == [
        "The parcel 4417 never arrived."
    ]  # the tool stored it, so it is not new
    assert "4417" in str(team.run("Which parcel never arrived?", user_id="ada").content)
    assert "4417" not in str(team.run("Which parcel never arrived?", user_id="bob").content)


@pytest.mark.parametrize("members", [clerks_later, Office()])
async def test_members_that_are_an_async_callable_have_their_memory(office: TeamMemory, members: Any) -> None:
    team = office.equip(desk_of(members))
    await team.arun("The parcel 4417 never arrived.", user_id="ada")
    assert "4417" in str((await team.arun("Which parcel never arrived?", user_id="ada")).content)


def test_a_callable_that_gives_one_id_twice_ends_the_run_in_an_error(office: TeamMemory) -> None:
    ended = office.equip(desk_of(lambda: [clerk(), clerk()])).run("The parcel never arrived.", user_id="ada")
    assert ended.status == RunStatus.error
    assert "'clerk' is there twice" in str(ended.content)


def test_one_agent_of_a_team_can_be_equipped_alone(desk: TeamMemory) -> None:
    answerer = desk.equip(agent("answerer", "Nothing."), inject="query")
    assert "recall_memory" in toolkit_of(answerer).functions
    assert "retain_memory" not in toolkit_of(answerer).functions


def test_toolkits_have_names_of_their_own(desk: TeamMemory) -> None:
    names = [desk.tools(m).name for m in desk.definition.grants]
    assert len(set(names)) == len(names)


def test_a_deep_copied_team_keeps_rights_and_memory(desk: TeamMemory) -> None:
    team = desk.equip(desk_team()).deep_copy()
    toolkit_of(member(team, "researcher")).retain_memory(run(), "Maple began in May.", bank="shared")
    answerer = copy.deepcopy(toolkit_of(member(team, "answerer")))
    assert "Maple began in May." in answerer.recall_memory(run(), "Maple")
    with pytest.raises(AccessDenied):
        answerer.retain_memory(run(), "no")


def test_memory_travels_through_a_real_team_run(desk: TeamMemory) -> None:
    def team(leader: list[Any], researcher: list[Any], answerer: list[Any]) -> Team:
        return desk.equip(
            Team(
                id="research-desk",
                model=ScriptedModel(leader),
                members=[
                    agent("researcher", *researcher),
                    agent("answerer", *answerer),
                    agent("clerk"),
                    agent("judge"),
                ],
                telemetry=False,
            )
        )

    def delegate(to: str) -> Any:
        return call("delegate_task_to_member", member_id=to, task="go")

    team(
        [delegate("researcher"), "stored"],
        [call("retain_memory", content="Maple has 40 users.", bank="shared"), "done"],
        [],
    ).run("remember", user_id="ada")
    answering = ScriptedModel([call("recall_memory", query="Maple users"), "40 users"])
    second = team([delegate("answerer"), "It has 40 users."], [], [])
    member(second, "answerer").model = answering
    answer = asyncio.run(second.arun("How many users?", user_id="ada"))
    assert answer.content == "It has 40 users."
    assert "Maple has 40 users." in str(answering.requests[-1].messages[-1].content)


def test_the_matrix_says_who_holds_what(desk: TeamMemory) -> None:
    matrix = desk.access_matrix()
    assert matrix.rows()[1] == ("researcher", "writer-only", "full", "none")
    assert matrix.allows("judge", "shared", "reflect")
    assert not matrix.allows("judge", "shared", "recall")
    assert matrix.to_dict()["members"]["answerer"]["shared"] == ["recall", "reflect"]
    assert "writer-only" in str(matrix)


def test_policies_build_toolkits_through_the_enable_flags(backend: SQLiteBackend) -> None:
    built = {
        name: list(getattr(policies, name)(bank_id="x", client=backend).functions)
        for name in ("writer_only", "read_only", "reflect_only", "full_access")
    }
    assert built == {
        "writer_only": ["retain_memory"],
        "read_only": ["recall_memory", "reflect_on_memory"],
        "reflect_only": ["reflect_on_memory"],
        "full_access": ["retain_memory", "recall_memory", "reflect_on_memory"],
    }
    with pytest.raises(ValueError, match="enable_retain"):
        policies.read_only(bank_id="x", client=backend, enable_retain=True)  # type: ignore[call-arg]
    with pytest.raises(AccessDenied):
        policies.reflect_only(bank_id="x", client=backend).recall_memory(run(), "anything")


class OwnMemory(TeamMemory):
    pass


def test_a_subclass_is_what_of_and_from_file_make(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_text('[team]\nid = "desk"\n[banks]\nshared = "{team}:{bank}:{project}"\n[members.a]\nshared = "full"\n')
    given: Any = {"variables": {"project": "maple"}, "backend": SQLiteBackend(tmp_path / "memory.db")}
    with OwnMemory.from_file(file, **given) as own, OwnMemory.of(own.definition, backend=given["backend"]) as again:
        assert type(own) is type(again) is OwnMemory
        assert own.member("a").retain("The rug is red.").bank_id == "desk:shared:maple"


def test_a_members_memory_shows_no_way_to_banks_it_holds_no_right_on(desk: TeamMemory) -> None:
    shown = [
        getattr(desk.member("answerer"), name) for name in dir(desk.member("answerer")) if not name.startswith("_")
    ]
    assert desk.backend not in shown


def test_an_audit_sink_that_counts_as_false_is_given_every_event(backend: SQLiteBackend) -> None:
    class Log(list[Any]):
        def record(self, event: Any) -> None:
            self.append(event)

    log = Log()
    memory = TeamMemory("desk", banks={"b": "team"}, members={"a": {"b": "full"}}, backend=backend, audit=log)
    memory.member("a").retain("The rug is red.")
    assert [event.verb for event in log] == ["retain"]


def test_members_of_one_team_share_a_backend_and_those_of_another_file_do_not(desk: TeamMemory, tmp_path: Path) -> None:
    with SQLiteBackend(tmp_path / "other.db") as elsewhere:
        other = TeamMemory("desk", banks={"b": "team"}, members={"a": {"b": "full"}}, backend=elsewhere)
        assert desk.member("researcher").shares_backend(desk.member("answerer")) is True
        assert desk.member("researcher").shares_backend(other.member("a")) is False


def test_a_read_that_can_not_be_recorded_says_so_beside_its_other_notes(backend: SQLiteBackend) -> None:
    class Full:
        def record(self, event: Any) -> None:
            raise OSError("no space left")

    memory = TeamMemory("desk", banks={"b": "team"}, members={"a": {"b": "full"}}, backend=backend, audit=Full())
    recorded = TeamMemory("desk", banks={"b": "team"}, members={"a": {"b": "full"}}, backend=backend)
    member, whole = memory.member("a"), recorded.member("a")
    assert member.retain("The rug is red.").notes == (NOT_RECORDED,)
    assert member.recall("rug").notes == (*whole.recall("rug").notes, NOT_RECORDED)
    assert member.reflect("rug").notes == (*whole.reflect("rug").notes, NOT_RECORDED)
