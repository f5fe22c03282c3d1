"""Two hundred turns of six users with a team of three members, four sessions each, half of them questions."""

from __future__ import annotations

import random
import re
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
from hindsight_teams.models import Memory
from hindsight_teams.testing import OfflineModel, ToolCall, Turn
from hindsight_teams.testing.scripted import LocalModel, Request

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


class Reworder(LocalModel):
    """A model that words everything anew: the tasks it hands on, what it stores, and what it answers."""

    def __init__(self) -> None:
        super().__init__(id="reworder", name="Reworder")

    def next_turn(self, request: Request) -> Turn:
        prompt, results = request.prompt, request.tool_results
        asks = prompt.endswith("?")
        if "delegate_task_to_member" in request.tool_names:
            if prompt in SMALL_TALK:
                return Turn(content="You're welcome!")
            if results:
                return Turn(content=f"Here is what I found: {results[-1]} Is there anything else I can help you with?")
            task = f"{'Answer the question of the user' if asks else 'Store the following fact'}: {prompt}"
            to = MEMBERS[len(prompt) % len(MEMBERS)]
            return Turn(calls=(ToolCall("delegate_task_to_member", {"member_id": to, "task": task}),))
        fact = prompt.partition(": ")[2]
        if not results:
            if asks:
                return Turn(calls=(ToolCall("recall_memory", {"query": fact}),))
            return Turn(calls=(ToolCall("retain_memory", {"content": of_the_user(fact)}),))
        if not asks:
            return Turn(content=f"I've saved that {to_the_user(fact)} Let me know if you need anything else.")
        known = re.findall(r"^1\. \[[^\]]*\] (.*)", results[-1], re.M)
        return Turn(content=f"According to your records, {to_the_user(known[0])}" if known else "I don't know that.")


def of_the_user(fact: str) -> str:
    """What a user says, as said of the user."""
    fact = re.sub(r"^(?:My|Our) ", "The user's ", fact)
    fact = re.sub(
        r"^I am ", "The user is ", re.sub(r"^I have ", "The user has ", re.sub(r"^I was ", "The user was ", fact))
    )
    fact = re.sub(r"^I (\w+) ", r"The user \1s ", fact)
    return re.sub(r"\bmy\b", "their" if fact.startswith("The user ") else "the user's", fact)


def to_the_user(fact: str) -> str:
    """The same, as said to the user."""
    fact = re.sub(r"^(?:The user's|My|Our) ", "your ", re.sub(r"^(?:The user|I) ", "you ", fact))
    return re.sub(r"\b(?:my|their|the user's)\b", "your", fact)


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
@pytest.mark.parametrize(
    ("model", "retain", "seed", "leader"),
    [
        (OfflineModel(), "said", 1, None),
        (Parrot(), "runs", 2, None),
        (Reworder(), "runs", 4, "full"),
    ],
)
def test_no_fact_is_lost_none_crosses_and_each_is_found_when_asked(
    tmp_path: Path, model: Model, retain: Any, seed: int, leader: Any
) -> None:
    def holds(memory: Memory, fact: str) -> bool:
        return fact in memory.text or of_the_user(fact) in memory.text

    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        grants = {member: {"own": "full"} for member in MEMBERS} | ({"desk": {"own": leader}} if leader else {})
        memory = TeamMemory("desk", banks={"own": "user"}, members=grants, backend=backend)
        members: list[Agent | Team] = [
            Agent(id=member, name=member.title(), role="looks after travellers", model=model, telemetry=False)
            for member in MEMBERS
        ]
        plain = Team(id="desk", name="Desk", members=members, model=model, telemetry=False)
        desk = memory.equip(plain, inject="query", retain=retain, tools=MEMBERS)
        facts: list[Fact] = []
        for user, session, message, asked in story(seed):
            desk.run(message, user_id=user, session_id=f"{user}-{session}")
            if asked is not None and asked not in facts:
                facts.append(asked)
        told = [(user, message) for user, _, message, asked in story(seed) if not asked and message not in SMALL_TALK]
        stored = {user: backend.list_memories(f"desk:own:user:{user}", limit=1000).memories for user in USERS}

        lost = [(user, text) for user, text in told if not any(holds(m, text) for m in stored[user])]
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
            if not any(holds(m, fact.text) for m in found):
                missed.append((fact, [m.text for m in found]))
        assert missed == []
