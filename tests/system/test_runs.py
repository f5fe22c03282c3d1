"""Whole runs of a team, on both backends, with no LLM in the members."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from agno.agent import Agent
from agno.team import Team

from hindsight_teams import HindsightBackend, TeamMemory
from hindsight_teams.agno.injection import InjectionBudget
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.backends.hindsight import RetryPolicy
from hindsight_teams.errors import BackendUnreachable
from hindsight_teams.requests import BankRequest, Request
from hindsight_teams.testing import OfflineModel, ScriptedModel
from tests.system.conftest import Place, facts

R = TypeVar("R")

STATEMENT = "The ship Endurance sank on 21 November 1915."
QUESTION = "When did the Endurance sink?"
OPEN = {"scope": "team", "conversations": True}


def desk(place: Place) -> TeamMemory:
    return place.team(
        banks={"shared": "team"},
        members={"researcher": {"shared": "writer-only"}, "answerer": {"shared": "read-only"}},
    )


def offline(memory: TeamMemory, **options: Any) -> Team:
    members: list[Agent | Team] = [
        Agent(id=name, name=name.title(), role=role, model=OfflineModel(), telemetry=False)
        for name, role in (("researcher", "retains what it learns"), ("answerer", "answers from memory"))
    ]
    return memory.equip(Team(id="desk", model=OfflineModel(), members=members, telemetry=False), **options)


@pytest.mark.parametrize("mode", ["run", "arun"])
def test_what_one_member_retained_another_answers_from(place: Place, mode: str) -> None:
    memory = desk(place)
    for session, prompt in (("monday", STATEMENT), ("friday", QUESTION)):
        team = offline(memory)  # the second has seen nothing of the first
        if mode == "run":
            answer = team.run(prompt, user_id="ada", session_id=session)
        else:
            answer = asyncio.run(team.arun(prompt, user_id="ada", session_id=session))
    assert "21 November 1915" in str(answer.content)
    [stored] = facts(place.held(memory))
    assert stored.author == "researcher"
    assert (stored.metadata["user"], stored.metadata["session"]) == ("ada", "monday")


def scripted(memory: TeamMemory, model: ScriptedModel) -> Agent:
    agent = Agent(id="clerk", model=model, telemetry=False)
    budget = InjectionBudget(max_seconds=30)
    return memory.equip(agent, inject="query", inject_budget=budget, retain="runs", background=True)


def test_runs_that_were_retained_come_back_and_are_forgotten_one_by_one(place: Place) -> None:
    memory = place.team(banks={"desk": OPEN}, members={"clerk": {"desk": "full"}})
    model = ScriptedModel([f"Its shelf is C{number}." for number in range(4)])
    clerk = scripted(memory, model)
    runs = [
        clerk.run(f"Parcel number {number} lies in the hall.", user_id=user, session_id="s")
        for number, user in enumerate(["ada", "ada", "ada", "bob"])
    ]
    assert memory.flush(60)
    place.settle(memory)
    held = facts(place.held(memory))
    for number, run in enumerate(runs):
        mine = [m for m in held if m.metadata["run"] == run.run_id]
        assert str(mine).count(f"Parcel number {number} lies") >= 1
        assert f"Its shelf is C{number}." in str(mine)
        assert not [other for other in range(4) if other != number and f"arcel number {other} " in str(mine)]
    assert "recalled-memories" not in str(held)
    # ada's session and bob's; or a document for each statement and each answer
    assert len({m.document_id for m in held}) == {"file": 2, "server": 8}[place.kind]

    memory.forget(run=str(runs[1].run_id), dry_run=False)
    memory.forget(user="bob", dry_run=False)
    place.settle(memory)
    left = str(place.held(memory))
    assert [n for n in range(4) if f"arcel number {n} lies" in left] == [0, 2]
    assert "Its shelf is C1." not in left


@pytest.fixture
def unreachable() -> Iterator[HindsightBackend]:
    """A server that nobody runs."""
    with HindsightBackend("http://127.0.0.1:9", api_key="k-secret", retry=RetryPolicy(attempts=1)) as backend:
        yield backend


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_bank_that_can_not_be_reached_costs_only_its_own_part(
    place: Place, unreachable: HindsightBackend, mode: str
) -> None:
    class TwoPlaces(DelegatingBackend):
        """Each bank where it lives; one of them lives nowhere."""

        def execute(self, request: Request[R], /) -> R:
            dead = isinstance(request, BankRequest) and request.bank.endswith(":dead")
            return unreachable.execute(request) if dead else super().execute(request)

        async def aexecute(self, request: Request[R], /) -> R:
            dead = isinstance(request, BankRequest) and request.bank.endswith(":dead")
            return await (unreachable.aexecute(request) if dead else super().aexecute(request))

    team = place.team(
        banks={"alive": "team", "dead": "team"},
        members={"a": {"alive": "full", "dead": "full"}},
        backend=TwoPlaces(place.backend),
    )
    member = team.member("a")
    member.retain("The lamp is green.", bank="alive")

    def ask(verb: str, **options: Any) -> Any:
        if mode == "sync":
            return getattr(member, verb)("What colour is the lamp?", **options)
        return asyncio.run(getattr(member, f"a{verb}")("What colour is the lamp?", **options))

    for verb in ("recall", "reflect"):
        result = ask(verb)
        assert "green" in str(result)
        [gap] = result.gaps
        assert gap.bank == "dead"
        for secret in ("127.0.0.1", "http", "k-secret", "/v1"):
            assert secret not in gap.reason
        with pytest.raises(BackendUnreachable):
            ask(verb, banks=["dead"])
    with pytest.raises(BackendUnreachable):
        member.retain("The lamp is red.", bank="dead")


def test_a_run_that_is_still_to_be_stored_is_forgotten_too(place: Place) -> None:
    memory = place.team(banks={"desk": OPEN}, members={"clerk": {"desk": "full"}})
    clerk = scripted(memory, ScriptedModel(["Noted."]))
    clerk.run("Parcel number 7 lies in the hall.", user_id="ada", session_id="s")
    memory.forget(user="ada", dry_run=False)
    assert memory.flush(60)
    place.settle(memory)
    assert place.held(memory) == []


def test_what_is_kept_in_doubt_stands_below_what_was_told(place: Place) -> None:
    memory = place.team(banks={"own": "user"}, members={"clerk": {"own": "full"}})
    plain = Agent(id="clerk", model=ScriptedModel(["Fine.", "Fine."]), telemetry=False)
    clerk = memory.equip(plain, retain="said")
    asked = "how old is my boat in Bergen"
    for session, said in (("monday", "My boat in Bergen was built in 1987."), ("friday", asked)):
        clerk.run(said, user_id="ada", session_id=session)
    place.settle(memory)
    member = memory.member("clerk")
    first, *rest = facts(member.recall(asked, caller=member.bound(user="ada")).results)
    assert "1987" in first.text
    assert [other.doubtful for other in rest] == [True]
