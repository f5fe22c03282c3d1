"""A secret in every bank, requested by everybody: the sentinel matrix on both backends."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import Any

import pytest
from agno.agent import Agent
from agno.team import Team

from hindsight_teams import Access, TeamMemory
from hindsight_teams.agno.injection import InjectionBudget
from hindsight_teams.errors import AccessDenied
from hindsight_teams.testing import OfflineModel, ScriptedModel
from hindsight_teams.testing.scripted import call
from tests.system.conftest import Place
from tests.system.isolation.test_sentinels import MEMBERS, USERS, allowed, seen, text

QUESTION = "What is the secret password?"


@pytest.fixture(scope="module")
def desk(place: Place) -> TeamMemory:
    team = place.team(
        banks={"shared": "team", "notes": "member", "customer": "user", "vault": "team"},
        members={
            "desk": {"shared": "read-only"},
            "writer": {"shared": "writer-only", "notes": "full"},
            "reader": {"shared": ["recall"]},
            "judge": {"shared": "reflect-only"},
            "clerk": {"customer": "full", "notes": "full"},
            "outsider": {"vault": "writer-only"},
        },
    )
    for member, bank, whose in (
        ("writer", "shared", None),
        ("writer", "notes", "writer"),
        ("clerk", "notes", "clerk"),
        ("clerk", "customer", "ada"),
        ("clerk", "customer", "bob"),
        ("outsider", "vault", None),
    ):
        mine = team.member(member)
        mine.retain(text(bank, whose), bank=bank, caller=mine.bound(user=whose if bank == "customer" else None))
    place.settle(team)
    return team


@pytest.mark.parametrize(("member", "user"), list(product(MEMBERS, USERS)))
@pytest.mark.parametrize("verb", ["recall", "reflect"])
def test_a_secret_shows_exactly_where_the_matrix_says(desk: TeamMemory, member: str, user: str, verb: str) -> None:
    mine = desk.member(member)
    caller = mine.bound(user=user, session="s", run="r")
    expected = allowed(desk, member, user, Access[verb.upper()])
    try:
        if verb == "recall":
            answer: Any = mine.recall(QUESTION, caller=caller)
            assert seen([m.text for m in answer.results]) == expected
            everything = mine.recall(QUESTION, caller=caller, types=["observation"], max_tokens=10_000)
            assert seen(everything.results) <= expected
        else:
            answer = asyncio.run(mine.areflect(QUESTION, caller=caller))
            assert seen(answer.text) | seen(answer.based_on) == expected
    except AccessDenied:
        assert not expected


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("member", ["reader", "judge", "clerk", "outsider"])
def test_a_run_shows_what_its_member_and_leader_may_read(desk: TeamMemory, member: str, user: str) -> None:
    models: dict[str, Any] = {name: ScriptedModel([]) for name in MEMBERS}
    models["desk"] = ScriptedModel(
        [
            call("delegate_task_to_member", member_id=member, task=QUESTION),
            lambda request: str(request.messages[-1].content),
        ]
    )
    models[member] = OfflineModel()
    members: list[Agent | Team] = [
        Agent(id=name, name=name.title(), role=f"the {name}", model=models[name], telemetry=False)
        for name in MEMBERS
        if name != "desk"
    ]
    team = desk.equip(
        Team(id="desk", model=models["desk"], members=members, telemetry=False),
        inject="query",
        inject_budget=InjectionBudget(max_seconds=30),
    )
    answer = team.run(QUESTION, user_id=user, session_id="s")
    reads = allowed(desk, member, user, Access.RECALL) | allowed(desk, member, user, Access.REFLECT)
    assert seen(answer.content) == reads
    assert seen(models["desk"].requests[0].messages) == allowed(desk, "desk", user, Access.RECALL)
