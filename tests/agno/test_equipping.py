"""What equipping gives to whom: tools, injection and hooks of each part, and the refusals. Little is run."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from agno.agent import Agent
from agno.run.base import RunContext
from agno.team import Team
from agno.workflow import Condition, Loop, Parallel, Router, Step, StepInput, StepOutput, Steps, Workflow

from hindsight_teams import HindsightTools, SQLiteBackend, TeamMemory
from hindsight_teams.agno.equipping import (
    TOOLS,
    check_confirmed,
    confirm_tools,
    ids_of,
    mapped,
    parts_of,
    retention_bank,
    select_by_name,
    spoken,
    steps_of,
)
from hindsight_teams.agno.hooks import RunHook
from hindsight_teams.agno.review_tools import ProposalTools, ReviewTools
from hindsight_teams.errors import InvalidInput, TeamDefinitionError
from hindsight_teams.testing import ScriptedModel

FACT = "I moved to Bergen."


@pytest.fixture
def memory(backend: SQLiteBackend) -> TeamMemory:
    return TeamMemory(
        "desk",
        banks={"facts": "team", "customer": "user"},
        members={
            "desk": {"facts": "read-only"},
            "clerk": {"customer": "full"},
            "scribe": {"facts": "writer-only"},
        },
        curators=["desk"],
        proposers=["clerk"],
        backend=backend,
    )


def team(*more: Any, **options: Any) -> Team:
    members = [Agent(id="clerk", name="Clerk", telemetry=False), Agent(id="scribe", telemetry=False), *more]
    return Team(id="desk", members=members, telemetry=False, **options)


def tools_of(part: Any) -> list[str]:
    return [name for tool in part.tools or [] for name in getattr(tool, "functions", {getattr(tool, "name", None): 0})]


def by_id(whole: Any) -> dict[str, Any]:
    return {str(part.id): part for part in parts_of(whole)}


# --- tools -----------------------------------------------------------------------------------------------------------

READING = ["recall_memory", "reflect_on_memory"]
HELD = {
    "desk": [*READING, "list_reviews", "approve_memory", "reject_memory"],
    "clerk": ["retain_memory", *READING, "propose_memory"],
    "scribe": ["retain_memory"],
}


@pytest.mark.parametrize(
    ("tools", "with_tools"),
    [
        (True, {"desk", "clerk", "scribe"}),
        (["clerk", "scribe"], {"clerk", "scribe"}),
        (["desk"], {"desk"}),
        (False, set()),
        ([], set()),
    ],
)
def test_each_member_gets_the_tools_that_it_holds(memory: TeamMemory, tools: Any, with_tools: set[str]) -> None:
    equipped = memory.equip(team(Agent(id="guest", telemetry=False)), tools=tools, inject="query")
    given = {member: tools_of(part) for member, part in by_id(equipped).items()}
    assert given == {member: HELD.get(member, []) if member in with_tools else [] for member in given}


def test_the_team_that_was_given_stays_as_it_is_and_is_told_what_its_members_can(memory: TeamMemory) -> None:
    given = team()
    equipped = memory.equip(given, inject="query", retain="said")
    assert [[bool(it) for it in (part.tools, part.pre_hooks, part.post_hooks)] for part in parts_of(given)] == [
        [False] * 3
    ] * 3
    assert (given.add_member_tools_to_context, equipped.add_member_tools_to_context) == (False, True)


def test_toolkits_are_named_after_their_team_and_member(memory: TeamMemory) -> None:
    parts = by_id(memory.equip(team()))
    names = {tool.name for part in parts.values() for tool in part.tools if not isinstance(tool, HindsightTools)}
    assert names == {"hindsight_proposals:desk:clerk", "hindsight_reviews:desk:desk"}
    alone = (ProposalTools(memory.proposals("clerk")), ReviewTools(memory.reviews("desk")))
    assert [toolkit.name for toolkit in alone] == ["hindsight_proposals", "hindsight_reviews"]


def test_a_tool_is_told_of_in_the_same_words_in_both_ways(memory: TeamMemory) -> None:
    for toolkit in (
        memory.tools("clerk"),
        ProposalTools(memory.proposals("clerk")),
        ReviewTools(memory.reviews("desk")),
    ):
        for name, function in toolkit.functions.items():
            ways = [function.entrypoint, toolkit.async_functions[name].entrypoint]
            plain, awaited = (str(inspect.getdoc(way)) for way in ways)
            assert plain == awaited != "None"


def search(query: str) -> str:
    """Search the web."""
    return query


def test_what_is_equipped_again_has_its_own_tools_and_one_set_of_ours(
    memory: TeamMemory, backend: SQLiteBackend
) -> None:
    mine = HindsightTools(bank_id="mine", client=backend, name="mine")
    given = team(tools=[search, mine])
    given.members[0].tools = [search, mine]  # type: ignore[index]
    once = memory.equip(given, inject="query", retain="said")
    twice = by_id(memory.equip(once, inject="query", retain="said"))
    for member, part in twice.items():
        kinds = [type(tool) for tool in part.tools]
        assert kinds.count(ReviewTools) == (member == "desk")
        assert kinds.count(ProposalTools) == (member == "clerk")
        assert [tool for tool in part.tools if tool is search] == [search] * (member != "scribe")
        assert kinds.count(HindsightTools) == 1 + (member != "scribe")
        assert [sum(isinstance(hook, RunHook) for hook in hooks) for hooks in (part.pre_hooks, part.post_hooks)] == [
            1,
            1,
        ]


def test_hooks_of_the_applications_own_stay_before_ours(memory: TeamMemory) -> None:
    def own(run_input: Any) -> None: ...

    agent = Agent(id="clerk", pre_hooks=[own], post_hooks=[own], telemetry=False)
    equipped = memory.equip(agent, retain="said")
    for hooks in (equipped.pre_hooks, equipped.post_hooks):
        assert hooks is not None
        assert [hook is own for hook in hooks] == [True, False]


def test_tools_that_are_a_callable_are_the_applications_to_change(memory: TeamMemory) -> None:
    agent = Agent(id="clerk", tools=lambda: [search], telemetry=False)
    with pytest.raises(TeamDefinitionError, match=r"'clerk' are a callable.*memory\.tools\('clerk'\)"):
        memory.equip(agent)
    assert callable(memory.equip(agent, tools=False, retain="said").tools)


@pytest.mark.parametrize(
    ("given", "hooked"),
    [
        ({}, set()),
        ({"inject": "query"}, {"desk", "clerk"}),
        ({"retain": "said"}, {"desk", "clerk", "scribe"}),
        ({"inject": "query", "retain": "runs"}, {"desk", "clerk", "scribe"}),
    ],
)
def test_only_who_reads_or_is_retained_has_hooks(memory: TeamMemory, given: dict[str, Any], hooked: set[str]) -> None:
    equipped = by_id(memory.equip(team(Agent(id="guest", telemetry=False)), **given))
    assert {member for member, part in equipped.items() if part.pre_hooks and part.post_hooks} == hooked
    assert {member for member, part in equipped.items() if part.pre_hooks or part.post_hooks} == hooked
    reads = {"desk", "clerk"} if "inject" in given else set()
    assert {member for member, part in equipped.items() if part.instructions is not None} == reads


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"tools": False}, TeamDefinitionError, "tools=False"),
        ({"tools": []}, TeamDefinitionError, "tools=False"),
        ({"tools": ["clark"]}, TeamDefinitionError, "tools= names 'clark'; did you mean 'clerk'"),
        ({"inject": "always"}, InvalidInput, "inject='always'"),
        ({"retain": "all"}, InvalidInput, "retain='all'"),
        ({"retain": "said", "retain_bank": {"clark": "x"}}, TeamDefinitionError, "retain_bank= names 'clark'"),
        ({"retain": "said", "retain_bank": "fact"}, TeamDefinitionError, "the bank 'fact'; did you mean 'facts'"),
        ({"retain": "said", "retain_bank": {"clerk": "fact"}}, TeamDefinitionError, "the bank 'fact'"),
        ({"confirm": "approve_memory"}, InvalidInput, "confirm='approve_memory'"),
        ({"confirm": ["approve"]}, InvalidInput, "'approve'; did you mean 'approve_memory'"),
    ],
)
def test_an_option_that_means_nothing_is_refused(
    memory: TeamMemory, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says.replace("(", r"\(")):
        memory.equip(team(), **options)


@pytest.mark.parametrize(
    ("whole", "says"),
    [
        (Agent(id="clark"), "grants nothing to 'clark'; did you mean 'clerk'"),
        (Agent(name="Clark"), "the agent 'Clark' has no id"),
        (Team(id="desk", members=[Agent(id="clerk"), Agent()]), r"the agent '\(without a name\)' has no id"),
        (Team(name="Desk", members=[Agent(id="clerk")]), r"the team 'Desk' has no id.*Team\(id="),
        (Team(id="desk", members=[Agent(id="clerk"), Agent(id="clerk")]), "'clerk' is there twice"),
        (Team(id="clerk", members=[Agent(id="clerk")]), "'clerk' is there twice"),
        (Team(id="desk", members=[Agent(id="clerk")]), "'scribe', but the team has no such member"),
        (Workflow(name="day", steps=[Step(agent=Agent(id="guest"))]), "no step of the workflow 'day'"),
        (Workflow(name="day", steps=[Step(agent=Agent())]), "has no id"),
    ],
)
def test_a_team_that_does_not_fit_its_definition_is_refused(memory: TeamMemory, whole: Any, says: str) -> None:
    with pytest.raises(TeamDefinitionError, match=says):
        memory.equip(whole)


@pytest.mark.parametrize("whole", ["desk", [Agent(id="clerk")], None])
def test_what_is_no_team_agent_or_workflow_is_refused(memory: TeamMemory, whole: Any) -> None:
    with pytest.raises(InvalidInput, match=f"not {type(whole).__name__}"):
        memory.equip(whole)


def test_a_workflow_may_have_steps_of_others_and_need_not_have_all_members(memory: TeamMemory) -> None:
    given = Workflow(name="day", steps=[Step(agent=Agent(id="guest")), Step(agent=Agent(id="clerk"))])
    parts = [part for part, _ in steps_of(memory.equip(given))]
    assert [tools_of(part) for part in parts] == [[], HELD["clerk"]]


def test_members_that_only_a_run_knows_are_not_missed(memory: TeamMemory) -> None:
    inside = Team(id="inner", members=lambda: [], telemetry=False)
    given: list[Any] = [lambda: [], [inside]]
    for members in given:
        assert tools_of(memory.equip(Team(id="desk", members=members, telemetry=False))) == HELD["desk"]


# --- members that are a callable -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["sync", "async"])
def test_members_that_a_callable_gives_are_equipped_each_time(memory: TeamMemory, way: str) -> None:
    own = Agent(id="clerk", name="Clerk", telemetry=False)

    def given(run_context: RunContext) -> list[Any]:
        """Who works today."""
        return [own, "not an agent"]

    async def later(run_context: RunContext) -> list[Any]:
        return given(run_context)

    factory: Any = given if way == "sync" else later
    equipped = memory.equip(Team(id="desk", members=factory, telemetry=False))
    members: Any = equipped.members
    assert inspect.iscoroutinefunction(members) is (way == "async")
    assert list(inspect.signature(members).parameters) == ["run_context"]
    context = RunContext(run_id="r1", session_id="s1")
    found = asyncio.run(members(context)) if way == "async" else members(context)
    assert [getattr(member, "id", member) for member in found] == ["clerk", "not an agent"]
    assert (tools_of(found[0]), tools_of(own)) == (HELD["clerk"], [])


def test_members_of_one_id_that_a_callable_gives_are_refused(memory: TeamMemory) -> None:
    def given() -> list[Any]:
        return [Agent(id="clerk"), Agent(id="clerk")]

    members: Any = memory.equip(Team(id="desk", members=given, telemetry=False)).members
    with pytest.raises(TeamDefinitionError, match="'clerk' is there twice"):
        members()


def test_no_members_from_a_callable_are_none(memory: TeamMemory) -> None:
    def nobody() -> Any: ...

    members: Any = memory.equip(Team(id="desk", members=nobody, telemetry=False)).members
    assert members() == []


class Factory:
    """An object that is called, and one whose call is awaited."""

    def __call__(self, number: int) -> int:
        return number

    class Later:
        async def __call__(self, number: int) -> int:
            return number


async def test_what_a_callable_gives_is_changed_sync_or_async_as_it_is() -> None:
    def plain(number: int) -> int:
        return number

    async def later(number: int) -> int:
        return number

    for factory in (plain, Factory().__call__):
        assert mapped(factory, str)(number=7) == "7"
    for awaited in (later, Factory.Later().__call__):
        changed = mapped(awaited, str)
        assert inspect.iscoroutinefunction(changed)
        assert await changed(7) == "7"


# --- retention -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("banks", "access", "wanted", "chosen"),
    [
        ({"a": "team"}, "full", None, "a"),
        ({"a": "team"}, "read-only", None, None),
        ({"a": "team", "b": "user"}, "full", None, "b"),
        ({"a": {"scope": "team", "conversations": True}, "b": "team"}, "full", None, "a"),
        ({"a": {"scope": "team", "conversations": True}, "b": "user"}, "full", None, "b"),
        ({"a": "team", "b": "user"}, "full", "a", "a"),
        ({"a": "team", "b": "user"}, "full", "c", None),
        ({"a": "team", "b": "user"}, "read-only", "a", None),
    ],
)
def test_runs_go_to_the_users_own_bank_else_an_open_one_else_the_only_one(
    backend: SQLiteBackend, banks: dict[str, Any], access: str, wanted: str | None, chosen: str | None
) -> None:
    owned = TeamMemory("t", banks=banks, members={"m": dict.fromkeys(banks, access)}, backend=backend)
    grant = retention_bank(owned.member("m"), wanted)
    assert (grant.bank.name if grant else None) == chosen


def test_one_bank_goes_for_all_and_who_may_not_write_it_keeps_nothing(memory: TeamMemory) -> None:
    memory.equip(team(), retain="said", retain_bank="facts")
    assert [retention.bank.name for retention in memory.retentions] == ["facts"]
    assert [retention.member for retention in memory.retentions] == ["scribe"]


def test_a_choice_of_what_to_keep_is_a_plain_function(memory: TeamMemory) -> None:
    async def choose(exchange: Any) -> Any:
        return []

    with pytest.raises(TeamDefinitionError, match=r"retain=.*must be a plain function"):
        memory.equip(team(), retain=choose)  # type: ignore[arg-type]


def test_names_by_which_users_call_a_member() -> None:
    assert spoken("qa-lead") == ["qa-lead", "qa lead"]
    assert spoken("coder", "Bo") == ["coder", "coder", "Bo"]


@pytest.mark.parametrize(
    ("said", "kept_by"),
    [
        ("Qa-lead, I moved to Bergen.", "qa-lead"),
        ("The qa lead: I moved to Bergen.", "qa-lead"),
        ("- Bo (tester), I moved to Bergen.", "qa-lead"),
        ("I moved to Bergen, qa lead.", "clerk"),
        ("Qa leader, I moved to Bergen.", "clerk"),
    ],
)
def test_whom_a_user_calls_by_id_or_name_keeps_the_words(backend: SQLiteBackend, said: str, kept_by: str) -> None:
    bank = {"scope": "member", "conversations": True}
    members = {"clerk": {"notes": "full"}, "qa-lead": {"notes": "full"}}
    owned = TeamMemory("desk", banks={"notes": bank}, members=members, backend=backend)
    parts: list[Any] = [Agent(id="clerk", telemetry=False), Agent(id="qa-lead", name="Bo (tester)", telemetry=False)]
    whole = Team(id="desk", members=parts, model=ScriptedModel(["Noted."]), telemetry=False)
    owned.equip(whole, retain="said").run(said, user_id="ada", session_id="s1")
    assert [b.bank_id for b in backend.list_banks()] == [f"desk:notes:member:{kept_by}"]


# --- confirmation ----------------------------------------------------------------------------------------------------


def test_the_tools_that_can_be_confirmed_are_those_that_members_get(memory: TeamMemory) -> None:
    given = {name for part in parts_of(memory.equip(team())) for name in tools_of(part)}
    assert set(TOOLS) == given
    assert check_confirmed(TOOLS, more=False) == TOOLS
    assert check_confirmed(["own_tool"], more=True) == ("own_tool",)
    with pytest.raises(InvalidInput, match="'own_tool'"):
        check_confirmed(["own_tool"], more=False)


def test_only_the_tools_that_are_named_wait_for_a_person(memory: TeamMemory) -> None:
    parts = by_id(memory.equip(team(), confirm=["retain_memory", "approve_memory"]))
    waiting = {
        (member, function.name)
        for member, part in parts.items()
        for toolkit in part.tools
        for function in (*toolkit.functions.values(), *toolkit.async_functions.values())
        if function.requires_confirmation
    }
    named = {
        (member, name) for member, part in parts.items() for t in part.tools for name in t.requires_confirmation_tools
    }
    assert waiting == named == {("desk", "approve_memory"), ("clerk", "retain_memory"), ("scribe", "retain_memory")}


def test_what_a_toolkit_asks_a_person_for_already_is_asked_for_beside_what_is_named(memory: TeamMemory) -> None:
    toolkit = memory.tools("clerk", requires_confirmation_tools=["recall_memory"])
    confirm_tools([toolkit], ["retain_memory"])
    assert toolkit.requires_confirmation_tools == ["recall_memory", "retain_memory"]


# --- workflows -------------------------------------------------------------------------------------------------------


def agent(name: str) -> Any:
    return Agent(id=name, name=name, telemetry=False)


def unchanged(given: StepInput) -> StepOutput:
    return StepOutput(content=given.input)


a, b, c = agent("a"), agent("b"), agent("c")
one_step: Any = Step(agent=a)
another_step: Any = Step(agent=b)


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([Step(agent=a), Step(agent=b)], [("a", True), ("b", False)]),
        ([a, b], [("a", True), ("b", False)]),
        (
            [Parallel(one_step, another_step, name="both"), Step(agent=c)],
            [("a", True), ("b", True), ("c", False)],
        ),
        ([Loop(name="l", steps=[Step(agent=a), Step(agent=b)])], [("a", True), ("b", False)]),
        ([Steps(name="s", steps=[Step(agent=a), Step(agent=b)])], [("a", True), ("b", False)]),
        ([Step(agent=a), Steps(name="s", steps=[Step(agent=b)])], [("a", True), ("b", False)]),
        (
            [Condition(name="c", evaluator=True, steps=[Step(agent=a), Step(agent=b)], else_steps=[Step(agent=c)])],
            [("a", True), ("b", False), ("c", True)],
        ),
        ([Condition(name="c", evaluator=True, steps=[Step(agent=a)]), Step(agent=b)], [("a", True), ("b", False)]),
        (
            [Router(name="r", selector=lambda _: [], choices=[Step(agent=a), Step(agent=b)]), Step(agent=c)],
            [("a", True), ("b", True), ("c", False)],
        ),
        (
            [Step(agent=a), Router(name="r", selector=lambda _: [], choices=[Step(agent=b)])],
            [("a", True), ("b", False)],
        ),
        ([Step(team=Team(id="t", members=[b]))], [("t", True)]),
        ([Step(agent=a), Step(agent=a)], [("a", True)]),
        ([Step(agent=a), Step(workflow=Workflow(name="w", steps=[Step(agent=b)]))], [("a", True), ("b", False)]),
        (
            [Step(workflow=Workflow(name="w", steps=[Step(agent=a), Step(agent=b)])), Step(agent=c)],
            [("a", True), ("b", False), ("c", False)],
        ),
        ([Step(executor=unchanged), Step(agent=a)], [("a", False)]),
    ],
)
def test_each_part_of_a_workflow_is_found_once_and_whether_it_may_hear_the_user(steps: Any, found: Any) -> None:
    assert [(part.id, first) for part, first in steps_of(Workflow(name="day", steps=steps))] == found


def test_a_router_is_given_its_choices_by_name_and_all_else_as_it_is() -> None:
    first, second = Step(name="first", agent=a), Step(name="second", agent=b)
    stranger = Step(name="stranger", agent=c)
    router = Router(name="r", selector=lambda given: given, choices=[first, second])
    select_by_name(router)
    selector: Any = router.selector
    assert selector(first) == "first"
    assert selector([second, "first"]) == ["second", "first"]
    assert selector((first,)) == ["first"]
    assert selector(stranger) is stranger
    chosen = Router(name="r", selector="first", choices=[first])
    select_by_name(chosen)
    assert chosen.selector == "first"


def test_nested_teams_have_all_their_parts() -> None:
    inner = Team(id="inner", members=[a, b])
    outer = Team(id="outer", members=[inner, c])
    assert [part.id for part in parts_of(outer)] == ["outer", "inner", "a", "b", "c"]
    assert ids_of(outer, "text") == {"outer", "inner", "a", "b", "c"}
    assert [part.id for part in parts_of(Team(id="late", members=lambda: [a]))] == ["late"]
