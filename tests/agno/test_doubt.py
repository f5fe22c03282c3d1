"""What automatic retention keeps in doubt stands below what was plainly said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from agno.agent import Agent
from agno.models.message import Message

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.agno.learning_store import HindsightLearningStore
from hindsight_teams.agno.memory_manager import HindsightMemoryManager
from hindsight_teams.errors import InvalidInput
from hindsight_teams.testing import ScriptedModel

ASKED = "how old is my boat in Bergen"
TOLD = "My boat in Bergen was built in 1987."


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[TeamMemory]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        yield TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)


@pytest.fixture
def desk(memory: TeamMemory) -> Agent:
    clerk = Agent(id="clerk", model=ScriptedModel(["Fine."] * 4), telemetry=False)
    equipped = memory.equip(clerk, inject="query", retain="said")
    for number, said in enumerate((TOLD, ASKED)):
        equipped.run(said, user_id="ada", session_id=f"s{number}")
    return equipped


def test_an_unmarked_question_is_kept_and_stands_below_the_fact(memory: TeamMemory, desk: Agent) -> None:
    clerk = memory.member("clerk")
    found = clerk.recall(ASKED, caller=clerk.bound(user="ada")).results
    assert [(one.text, one.doubtful) for one in found] == [(TOLD, False), (ASKED, True)]


def test_a_reflection_quotes_the_fact_first(memory: TeamMemory, desk: Agent) -> None:
    clerk = memory.member("clerk")
    answer = clerk.reflect(ASKED, caller=clerk.bound(user="ada"))
    assert next(line for line in answer.text.splitlines() if "1987" in line) == answer.text.splitlines()[0]


def test_doubt_is_not_the_callers_to_set(memory: TeamMemory) -> None:
    clerk = memory.member("clerk")
    with pytest.raises(InvalidInput, match="'doubt'"):
        clerk.retain(TOLD, caller=clerk.bound(user="ada"), metadata={"doubt": "none"})


@pytest.mark.parametrize("said", [TOLD, ASKED])
def test_agnos_own_places_for_memory_tell_speaker_and_doubt_too(memory: TeamMemory, said: str) -> None:
    clerk = memory.member("clerk")
    HindsightMemoryManager(clerk).create_user_memories(said, user_id="ada")
    HindsightLearningStore(clerk).process([Message(role="user", content=said)], user_id="bo")
    for user in ("ada", "bo"):
        [found] = clerk.recall(said, caller=clerk.bound(user=user)).results
        assert (found.metadata["speaker"], found.doubtful) == ("user", said == ASKED)
