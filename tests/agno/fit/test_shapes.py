"""Every shape that Agno gives a team: modes, workflows, serialization, nesting, callable members."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.registry import Registry
from agno.run.base import RunContext
from agno.team import Team, TeamMode
from agno.workflow import Step, StepInput, StepOutput, Workflow

from hindsight_teams import HindsightTools, SQLiteBackend, TeamMemory
from hindsight_teams.testing import OfflineModel, ScriptedModel
from hindsight_teams.testing.scripted import call

FACT = "The Maple pilot began on 3 May 2024 with 40 users."
QUESTION = "How many users did the Maple pilot begin with?"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[TeamMemory]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        yield TeamMemory(
            "desk",
            banks={"shared": "team"},
            members={"researcher": {"shared": "writer-only"}, "answerer": {"shared": "read-only"}},
            backend=backend,
        )


def make(**options: Any) -> Team:
    model = OfflineModel()
    return Team(
        id="desk",
        model=model,
        members=[
            Agent(id="researcher", name="Researcher", role="retains facts", model=model, telemetry=False),
            Agent(id="answerer", name="Answerer", role="answers from memory", model=model, telemetry=False),
        ],
        telemetry=False,
        add_member_tools_to_context=True,
        **options,
    )


@pytest.mark.parametrize("mode", list(TeamMode))
@pytest.mark.parametrize("way", ["run", "arun"])
def test_all_four_team_modes_remember(memory: TeamMemory, mode: TeamMode, way: str) -> None:
    def go(message: str) -> str:
        team = memory.equip(make(mode=mode))
        answer = team.run(message) if way == "run" else asyncio.run(team.arun(message))
        return str(answer.content)

    go(FACT)
    assert "40 users" in go(QUESTION)
    [bank] = memory.backend.list_banks()
    assert bank.memory_count == 1


def test_a_workflow_remembers_from_step_to_step(memory: TeamMemory) -> None:
    team = memory.equip(make())
    assert isinstance(team.members, list)
    researcher, answerer = (m for m in team.members if isinstance(m, Agent))
    asked = Workflow(
        name="ask",
        steps=[
            Step(name="learn", agent=researcher),
            Step(name="switch", executor=_question),
            Step(name="answer", agent=answerer),
        ],
        telemetry=False,
    )
    assert "40 users" in str(asked.run(FACT, user_id="ada", session_id="s").content)
    [stored] = memory.backend.list_memories("desk:shared").memories
    assert stored.metadata["user"] == "ada"
    assert stored.author == "researcher"


def _question(step_input: StepInput) -> StepOutput:
    return StepOutput(content=QUESTION)


def test_a_deep_copy_keeps_tools_hooks_and_instructions(memory: TeamMemory) -> None:
    leader = ScriptedModel([call("delegate_task_to_member", member_id="answerer", task=QUESTION), "done"])
    answerer = ScriptedModel(["noted"])
    memory.member("researcher").retain(FACT)
    team = memory.equip(make(), inject="query").deep_copy()
    team.model = leader
    next(m for m in team.members if m.id == "answerer").model = answerer  # type: ignore[union-attr]
    team.run(QUESTION)
    assert FACT in str(answerer.requests[0].messages[0].content)


def toolkit_of(agent: Any) -> HindsightTools:
    [kit] = [tool for tool in agent.tools if isinstance(tool, HindsightTools)]
    return kit


def test_a_serialized_team_finds_its_toolkits_in_the_registry(memory: TeamMemory) -> None:
    team = memory.equip(make(instructions="Be brief."), inject="query", retain="runs")
    assert isinstance(team.members, list)
    members = [m for m in team.members if isinstance(m, Agent)]
    kits = {m.id: toolkit_of(m) for m in members}
    registry = Registry(tools=list(kits.values()), models=[OfflineModel()])
    data = team.to_dict()
    assert data["instructions"] == "Be brief."
    for m in members:
        rebuilt = Agent.from_dict(m.to_dict(), registry=registry)
        assert isinstance(rebuilt.tools, list)
        names = {getattr(tool, "name", None) for tool in rebuilt.tools}
        assert set(kits[m.id].functions) <= names or kits[m.id].name in names
        again = memory.equip(_team_of(rebuilt, memory))
        assert list(toolkit_of(again.members[0]).functions) == list(kits[m.id].functions)  # type: ignore[index]


def test_equipping_what_was_read_from_a_dict_binds_it_anew(memory: TeamMemory) -> None:
    elsewhere = TeamMemory(
        "other", banks={"shared": "team"}, members={"desk": {"shared": "full"}}, backend=memory.backend
    )
    before = elsewhere.equip(Team(id="desk", members=[], model=OfflineModel(), telemetry=False))
    assert isinstance(before.tools, list)
    registry = Registry(tools=before.tools, models=[OfflineModel()])
    rebuilt = Team.from_dict({**before.to_dict(), "members": []}, registry=registry)
    here = TeamMemory("desk", banks={"shared": "team"}, members={"desk": {"shared": "full"}}, backend=memory.backend)
    here.equip(rebuilt).run(FACT)
    assert [bank.bank_id for bank in memory.backend.list_banks()] == ["desk:shared"]


def _team_of(agent: Agent, memory: TeamMemory) -> Team:
    others: list[Agent | Team] = [Agent(id=m) for m in memory.definition.grants if m != agent.id]
    return Team(id="desk", members=[agent, *others])


def test_callable_members_are_equipped_by_their_own_toolkits(memory: TeamMemory) -> None:
    def members(run_context: RunContext) -> list[Any]:
        model = OfflineModel()
        return [
            Agent(
                id="researcher",
                name="Researcher",
                role="retains facts",
                model=model,
                tools=[memory.tools("researcher")],
            ),
            Agent(
                id="answerer",
                name="Answerer",
                role="answers from memory",
                model=model,
                tools=[memory.tools("answerer")],
            ),
        ]

    def team() -> Team:
        return Team(id="desk", members=members, model=OfflineModel(), telemetry=False, add_member_tools_to_context=True)

    team().run(FACT)
    assert "40 users" in str(team().run(QUESTION).content)
