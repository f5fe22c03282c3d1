"""Two hundred turns of six users with a team of three members, four sessions each, half of them questions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.models.base import Model
from agno.team import Team

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import OfflineModel, ToolCall, Turn
from hindsight_teams.testing._model import LocalModel, Request

USERS = ("ada", "bob", "cleo", "dan", "eve", "finn")
MEMBERS = ("greeter", "planner", "booker")
SESSIONS = 4
TURNS = 200

TOLD = (
    ("My sister is called {name} and lives in {city}.", "Who is my sister?", "sister"),
    ("My dog {name} is afraid of thunder.", "What is my dog afraid of?", "dog"),
    ("I was born in {city} in {year}.", "Where was I born?", "born"),
    ("My order number is {number}, by express.", "What is my order number?", "order"),
    ("I am allergic to {food}.", "What am I allergic to?", "allergic"),
    ("I have worked at {firm} as a welder since {year}.", "Where do I work?", "worked"),
    ("Our boat is the {name}, a ketch of {number} feet.", "Which boat do we have?", "boat"),
    ("My passport expires in {year}.", "When does my passport expire?", "passport"),
    ("I pay my rent to {name} on the {day}th.", "To whom do I pay my rent?", "rent"),
    ("The roof of my garage was built by {name} of {firm}.", "Who built the roof of my garage?", "garage"),
    ("I take the {day} o'clock ferry to {city}.", "Which ferry do I take?", "ferry"),
    ("My favourite dish is {food} with rice.", "What is my favourite dish?", "dish"),
    ("My doctor is {name} at {firm}.", "Who is my doctor?", "doctor"),
    ("I drive a car with the plate {number}.", "What is the plate of my car?", "plate"),
    ("My wedding was in {city}, in {year}.", "Where was my wedding?", "wedding"),
    ("I play the cello in the orchestra of {city}.", "What instrument do I play?", "cello"),
    ("My tax adviser {name} charges {number} euros.", "What does my tax adviser charge?", "adviser"),
)
NAMES = "Ingrid Osvald Petra Quentin Rosalind Sven Tilda Ulrik Vera Wanda Xaver Yrsa Zoltan Agnes Bodil Cyril".split()
CITIES = "Bergen Porto Gdansk Turin Nantes Cork Tartu Split Malmo Ghent Basel Varna".split()
FOODS = "walnuts shellfish celery lupin sesame mustard lentils barley aubergine fennel".split()
FIRMS = "Nordbank Kielwerft Altaclinic Brightmill Tollhouse Marefoods Quayworks Oakline".split()
SMALL_TALK = ("Hi!", "Thanks!", "Great, thank you.", "Good morning", "ok")


@dataclass(frozen=True)
class Fact:
    user: str
    text: str
    question: str


class Parrot(LocalModel):
    """A model that hands everything on and answers every question by repeating what stands in its system message."""

    def __init__(self) -> None:
        super().__init__(id="parrot", name="Parrot")

    def next_turn(self, request: Request) -> Turn:
        if "delegate_task_to_member" in request.tool_names and not request.tool_results:
            member = MEMBERS[len(request.prompt) % len(MEMBERS)]
            return Turn(
                calls=(ToolCall("delegate_task_to_member", {"member_id": member, "task": f"Help: {request.prompt}"}),)
            )
        lines = [line for line in request.system.splitlines() if line[:2] in ("1.", "2.")]
        return Turn(content="\n".join(["You told me:", *lines]) if lines else "Noted, thank you!")


def story(seed: int) -> Iterator[tuple[str, int, str, Fact | None]]:
    """User, session, message, and the fact that a question asks for."""
    chance = random.Random(seed)
    waiting = {user: list(TOLD) for user in USERS}
    known: list[Fact] = []
    for turn in range(TURNS):
        session = turn * SESSIONS // TURNS
        if turn % 2 == 0:
            user = USERS[turn // 2 % len(USERS)]
            template, question, _ = waiting[user].pop(chance.randrange(len(waiting[user])))
            text = template.format(
                name=chance.choice(NAMES),
                city=chance.choice(CITIES),
                food=chance.choice(FOODS),
                firm=chance.choice(FIRMS),
                year=chance.randrange(1970, 2035),
                number=chance.randrange(1000, 9999),
                day=chance.randrange(4, 19),
            )
            known.append(Fact(user, text, question))
            yield user, session, text, None
        else:
            fact = chance.choice(known)
            yield fact.user, session, fact.question, fact
            if turn % 10 == 1:
                yield fact.user, session, chance.choice(SMALL_TALK), None


@pytest.mark.slow
@pytest.mark.parametrize(("model", "retain", "seed"), [(OfflineModel(), "said", 1), (Parrot(), "runs", 2)])
def test_no_fact_is_lost_none_crosses_and_each_is_found_when_asked(
    tmp_path: Path, model: Model, retain: Any, seed: int
) -> None:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        memory = TeamMemory(
            "desk", banks={"own": "user"}, members={member: {"own": "full"} for member in MEMBERS}, backend=backend
        )
        members: list[Agent | Team] = [
            Agent(id=member, name=member.title(), role="looks after travellers", model=model, telemetry=False)
            for member in MEMBERS
        ]
        plain = Team(id="desk", name="Desk", members=members, model=model, telemetry=False)
        desk = memory.equip(plain, inject="query", retain=retain)
        facts: list[Fact] = []
        for user, session, message, asked in story(seed):
            desk.run(message, user_id=user, session_id=f"{user}-{session}")
            if asked is not None and asked not in facts:
                facts.append(asked)
        told = [(user, message) for user, _, message, asked in story(seed) if not asked and message not in SMALL_TALK]
        stored = {user: backend.list_memories(f"desk:own:user:{user}", limit=1000).memories for user in USERS}

        lost = [(user, text) for user, text in told if not any(text in m.text for m in stored[user])]
        assert lost == []
        crossing = [
            (user, other, text)
            for user, text in told
            for other in USERS
            if other != user and (other, text) not in told and any(text in m.text for m in stored[other])
        ]
        assert crossing == []
        count = sum(map(len, stored.values()))
        assert count <= 1.1 * len(told), [m.text for held in stored.values() for m in held]
        missed = []
        for number, fact in enumerate(facts):
            member = memory.member(MEMBERS[number % len(MEMBERS)])
            found = member.recall(fact.question, caller=member.bound(user=fact.user)).results[:3]
            if not any(fact.text in m.text for m in found):
                missed.append((fact, [m.text for m in found]))
        assert missed == []
