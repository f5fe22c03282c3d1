"""Mandatory scope, tags and authors, through signed reads: they mean the same on both backends."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from agno.agent import Agent
from agno.team import Team

from hindsight_teams import Grant, MemberMemory, TeamMemory
from hindsight_teams.access.banks import DirectBank
from hindsight_teams.access.grants import FULL
from hindsight_teams.agno.injection import InjectionBudget
from hindsight_teams.models import RetainItem
from hindsight_teams.testing import ScriptedModel
from tests.system.conftest import Place, texts

LAMPS = {"plain": [], "red": ["red"], "blue": ["blue"], "both": ["red", "blue"]}
MODES: list[tuple[Any, list[str], set[str]]] = [
    ("any", ["red"], {"plain", "red", "both"}),
    ("any_strict", ["red"], {"red", "both"}),
    ("all", ["red", "blue"], {"plain", "both"}),
    ("all_strict", ["red", "blue"], {"both"}),
    ("exact", ["red"], {"red"}),
    ("exact", ["blue", "red"], {"both"}),
    ("exact", [], {"plain"}),
    ("any", [], {"plain", "red", "blue", "both"}),
    ("all_strict", [], {"plain", "red", "blue", "both"}),
]


@pytest.fixture(scope="module")
def lamps(place: Place) -> TeamMemory:
    """Four lamps of each of two areas, retained by a member confined to it; and as many from elsewhere, unsigned."""
    team = place.team(
        banks={"x": "team"},
        members={
            "north": {"x": {"access": "full", "scope_tags": ["area:north"]}},
            "south": {"x": {"access": "full", "scope_tags": ["area:south"]}},
            "boss": {"x": "full"},
        },
    )
    for area in ("north", "south"):
        for name, tags in LAMPS.items():
            member = team.member(area)
            member.retain(f"The {name} lamp of {area} hangs here.", tags=tags, caller=member.bound(user="ada"))
    team.backend.retain_batch(
        f"{team.team_id}:x",
        [RetainItem(f"The {name} lamp of nobody hangs here.", tags=tags) for name, tags in LAMPS.items()],
    )
    place.settle(team)
    return team


def seen(found: Any) -> set[tuple[str, str]]:
    """Which lamps, and whose, are spoken of."""
    return set(re.findall(r"The (\w+) lamp of (\w+) hangs", str(found)))


@pytest.mark.parametrize(("match", "tags", "expected"), MODES)
@pytest.mark.parametrize("who", ["north", "boss"])
def test_each_match_mode_means_the_authors_own_tags_inside_the_scope(
    lamps: TeamMemory, who: str, match: Any, tags: list[str], expected: set[str]
) -> None:
    owners = {"north"} if who == "north" else {"north", "south", "nobody"}
    wanted = {(name, owner) for name in expected for owner in owners}
    member = lamps.member(who)
    options: dict[str, Any] = {"tags": tags, "tags_match": match}
    assert seen([m.text for m in member.recall("Which lamp hangs here?", **options).results]) == wanted
    reflection = asyncio.run(member.areflect("Which lamp hangs here?", **options))
    assert seen(reflection.text) | seen([m.text for m in reflection.based_on]) <= wanted


def test_a_reflection_rests_on_what_the_scope_lets_through(lamps: TeamMemory) -> None:
    for owner in ("north", "south"):
        reflection = lamps.member(owner).reflect("Which red lamp hangs here?")
        assert {o for _, o in seen([m.text for m in reflection.based_on]) | seen(reflection.text)} == {owner}


@pytest.mark.parametrize(
    "options",
    [{"tags": ["area:north"], "tags_match": "any"}, {"tags": ["area:north"], "tags_match": "exact"}, {"tags": ["x"]}],
)
def test_no_tags_lead_out_of_the_scope(lamps: TeamMemory, options: Any) -> None:
    south = lamps.member("south")
    assert {o for _, o in seen([m.text for m in south.recall("lamp", **options).results])} <= {"south"}
    assert {o for _, o in seen(south.reflect("Which lamp hangs here?", **options).based_on)} <= {"south"}


def test_authors_are_told_apart(lamps: TeamMemory) -> None:
    boss = lamps.member("boss")
    found = boss.recall("lamp", authors=["south"]).results
    assert {m.author for m in found} == {"south"}
    assert {o for _, o in seen([m.text for m in found])} == {"south"}
    assert {o for _, o in seen(boss.reflect("lamp?", authors=["north"]).based_on)} == {"north"}
    assert lamps.member("north").recall("lamp", authors=["south"]).results == []


def test_what_is_derived_stays_in_the_scope(place: Place, lamps: TeamMemory) -> None:
    found = lamps.member("north").recall("lamp", types=["observation"]).results
    assert {o for _, o in seen([m.text for m in found])} <= {"north"}
    assert {m.author for m in found} <= {"north"}
    assert bool(found) == (place.kind == "server")


def test_injected_memories_stay_in_the_scope(lamps: TeamMemory) -> None:
    for who, owners in (("north", {"north"}), ("boss", {"north", "south", "nobody"})):
        models = {name: ScriptedModel(["ok"]) for name in lamps.definition.grants}
        members: list[Agent | Team] = [Agent(id=name, model=model, telemetry=False) for name, model in models.items()]
        team = lamps.equip(
            Team(id="lamps", members=members, model=ScriptedModel([]), telemetry=False),
            inject="query",
            inject_budget=InjectionBudget(max_seconds=30),
        )
        agent = next(m for m in team.members if m.id == who)  # type: ignore[union-attr]
        agent.run("Which lamp hangs here?", user_id="ada", session_id="s")
        assert {o for _, o in seen(models[who].requests[0].messages)} == owners


def test_the_plain_toolkits_scope_is_the_same(place: Place) -> None:
    """Without a member nothing is signed: the tags are exactly those asked for."""
    team = place.team(banks={"x": "team"}, members={"a": {"x": "full"}})
    memory = MemberMemory(team.backend, [Grant(DirectBank(f"{team.team_id}:x", None), FULL)])
    for name, tags in LAMPS.items():
        memory.retain(f"The {name} lamp of north hangs here.", tags=tags)
    for match, tags, expected in MODES:
        found = texts(memory, "lamp", tags=tags, tags_match=match)
        assert {name for name, _ in seen(found)} == expected, (match, tags)
