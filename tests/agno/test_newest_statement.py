"""What somebody said last about a thing stands before what they said earlier, wherever memory is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from agno.agent import Agent

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import OfflineModel, ScriptedModel


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[TeamMemory]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        yield TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)


@pytest.mark.parametrize("sessions", [("s0", "s0"), ("s0", "s1")], ids=["one session", "two sessions"])
@pytest.mark.parametrize(
    ("first", "then", "question"),
    [
        ("My parcel number is 8812.", "No, it's 8813 not 8812.", "What is my parcel number?"),
        ("My order number is 4417.", "I meant 4418, not 4417.", "What is my order number?"),
        ("The gate code is 8812.", "Sorry, the gate code is 8813.", "What is the gate code?"),
        ("We meet on Monday.", "Correction: we meet on Tuesday.", "When do we meet?"),
        ("My train leaves at nine.", "Actually, my train leaves at ten.", "When does my train leave?"),
    ],
)
def test_a_correction_is_cited_first_everywhere(
    memory: TeamMemory, first: str, then: str, question: str, sessions: tuple[str, str]
) -> None:
    clerk = memory.equip(Agent(id="clerk", model=OfflineModel(), telemetry=False), inject="query", retain="said")
    for said, session in zip((first, then), sessions, strict=True):
        clerk.run(said, user_id="ada", session_id=session)
    member = memory.member("clerk")
    caller = member.bound(user="ada")
    answer = str(clerk.run(question, user_id="ada", session_id="later").content)
    model = ScriptedModel(["Fine."])
    memory.equip(Agent(id="clerk", model=model, telemetry=False), inject="query", tools=False).run(
        question, user_id="ada", session_id="last"
    )
    lists = (
        [found.text for found in member.recall(question, caller=caller).results],
        member.reflect(question, caller=caller).text.splitlines(),
        [line for line in answer.splitlines() if line.startswith("- ")],
        [line for line in model.requests[0].system.splitlines() if line[:3] in ("1. ", "2. ")],
    )
    for lines in lists:
        assert then in lines[0].replace("\u2019", "'")
        assert first in lines[1]


def test_another_figure_about_another_thing_corrects_nothing(memory: TeamMemory) -> None:
    member = memory.member("clerk")
    caller = member.bound(user="ada")
    for said in ("My parcel number is 8812.", "Parcel 8812 arrived on floor 3.", "Room 14 is not free."):
        member.retain(said, caller=caller)
    found = [one.text for one in member.recall("What is my parcel number?", caller=caller).results]
    assert found[0] == "My parcel number is 8812."


@pytest.mark.parametrize(
    ("first", "then", "question"),
    [
        ("The standup is at 9:30.", "Standup moved to 10:15.", "When is the standup?"),
        ("The release is planned for 12 June.", "The release slipped to 26 June.", "When is the release?"),
        ("Le code est 5521.", "Non, c'est 5512, pas 5521.", "Quel est le code ?"),
        ("El pedido es el 7781.", "No, es el 7787, no el 7781.", "¿Cuál es el número del pedido?"),
        ("Der Anwalt ist Lind.", "Falsch, Berg, nicht Lind.", "Wer ist der Anwalt?"),
        ("项目负责人是陈静。", "项目负责人换成了赵磊。", "项目负责人是谁"),
        ("Marta vive en Murcia.", "Marta se mudó a Gijón.", "¿Dónde vive Marta?"),
    ],
)
def test_the_newer_version_comes_first(memory: TeamMemory, first: str, then: str, question: str) -> None:
    member = memory.member("clerk")
    caller = member.bound(user="ada")
    for said in (first, then):
        member.retain(said, caller=caller)
    assert member.recall(question, caller=caller).results[0].text == then
    assert member.reflect(question, caller=caller).based_on[0].text == then


@pytest.mark.parametrize(
    ("lines", "question"),
    [
        (
            ("Bruno paid 60 euros for tickets.", "The invoice is 4,200 euros.", "Sorry, I meant 4,300 euros."),
            "How much did Bruno pay for tickets?",
        ),
        (("Ana isst gern Brot.", "Ana schläft nicht."), "Was isst Ana gern?"),
        (("Room 4 seats 10 people.", "Room 5 was moved to floor 12."), "How many people does room 4 seat?"),
        (("Team A scored 3 goals.", "Team B scored 5 goals."), "How many goals did team A score?"),
    ],
)
def test_what_is_about_something_else_is_not_raised(memory: TeamMemory, lines: tuple[str, ...], question: str) -> None:
    member = memory.member("clerk")
    caller = member.bound(user="ada")
    for said in lines:
        member.retain(said, caller=caller)
    assert member.recall(question, caller=caller).results[0].text == lines[0]
