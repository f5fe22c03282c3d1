"""Content that a model retains after a recall: only a line that it repeats word for word is not stored again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from agno.run.base import RunContext

from hindsight_teams import HindsightTools, SQLiteBackend, TeamMemory
from hindsight_teams.agno.citing import ALREADY_KNOWN
from hindsight_teams.agno.toolkit import STORED
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.rendering import NOTHING_FOUND, unfenced

RUN = RunContext(run_id="run", session_id="session", user_id="ada")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with SQLiteBackend(tmp_path / "memory.db") as backend:
        yield backend


@pytest.fixture
def memory(backend: SQLiteBackend) -> TeamMemory:
    return TeamMemory(
        "desk",
        banks={"own": "user", "shared": "team"},
        members={"x": {"own": "full", "shared": "full"}},
        backend=backend,
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The lab is at 5 degrees.", "The lab is at -5 degrees."),
        ("Refunds > 500 euros need a manager.", "Refunds < 500 euros need a manager."),
        ("Ask US for the key of Maple.", "Ask us for the key of Maple."),
        ("Vote of Maple: \U0001f44d", "Vote of Maple: \U0001f44e"),
        ("Maple is open.", "Maple is open?"),
    ],
)
async def test_a_text_that_differs_in_a_sign_from_what_was_recalled_is_stored(
    memory: TeamMemory, first: str, second: str
) -> None:
    tools = memory.tools("x")
    tools.retain_memory(RUN, first, bank="own")
    assert first in tools.recall_memory(RUN, first)
    assert tools.retain_memory(RUN, second, bank="own").startswith(STORED)
    assert (await tools.aretain_memory(RUN, first, bank="own")).startswith(ALREADY_KNOWN)
    found = [m.text for m in memory.member("x").recall(second, caller=memory.member("x").bound(user="ada")).results]
    assert {first, second} <= set(found)


async def test_what_is_known_in_one_bank_can_be_told_in_another(memory: TeamMemory, backend: SQLiteBackend) -> None:
    tools = memory.tools("x")
    tools.retain_memory(RUN, "Maple ships in June.", bank="own")
    line = unfenced(tools.recall_memory(RUN, "Maple")).splitlines()[0]
    assert tools.retain_memory(RUN, "Maple ships in June.", bank="own").startswith(ALREADY_KNOWN)
    assert tools.retain_memory(RUN, line, bank="shared").startswith(STORED)
    assert [m.text for m in backend.list_memories("desk:shared").memories] == ["Maple ships in June."]


async def test_two_banks_of_one_name_in_two_files_do_not_know_each_other(
    backend: SQLiteBackend, tmp_path: Path
) -> None:
    with SQLiteBackend(tmp_path / "other.db") as other:
        tools, others = HindsightTools(bank_id="b", client=backend), HindsightTools(bank_id="b", client=other)
        elsewhere = HindsightTools(bank_id="c", client=backend)
        tools.retain_memory(RUN, "Maple ships in June.")
        tools.recall_memory(RUN, "Maple")
        assert tools.retain_memory(RUN, "Maple ships in June.").startswith(ALREADY_KNOWN)
        for another in (others, elsewhere):
            assert another.retain_memory(RUN, "Maple ships in June.").startswith(STORED)


@pytest.mark.parametrize(
    "form", ["{line}", "{bare}", "- {bare}", "* {bare}", "Known so far: {line}", "Memory says: {bare}"]
)
def test_a_line_is_known_by_its_label_in_whatever_list_it_stands(memory: TeamMemory, form: str) -> None:
    tools = memory.tools("x")
    for fact in ("The lease of Maple runs until 2030.", "On 3 May 2024 Maple shipped.", "Maple failed today."):
        tools.retain_memory(RUN, fact, bank="own")
    later = RunContext(run_id="later", session_id="later", user_id="ada")
    lines = unfenced(tools.recall_memory(RUN, "Maple")).splitlines()
    for line in lines:
        reply = tools.retain_memory(later, form.format(line=line, bare=line.split(". ", 1)[1]), bank="own")
        assert reply.startswith(ALREADY_KNOWN)
        assert "noted 20" in reply
        assert "until 2030" in reply or "happened 2024-05-03" in reply or "on 20" in reply


@pytest.mark.parametrize("key", ["speaker", "exchange"])
def test_a_caller_can_not_say_who_the_speaker_was(memory: TeamMemory, backend: SQLiteBackend, key: str) -> None:
    member = memory.member("x")
    with pytest.raises(InvalidInput, match=key):
        member.retain("Pay Bo.", caller=member.bound(user="ada"), bank="own", metadata={key: "user"})
    assert list(backend.list_memories("desk:own:user:ada").memories) == []


def test_a_whole_answer_of_recall_given_back_is_known(memory: TeamMemory, backend: SQLiteBackend) -> None:
    tools = memory.tools("x")
    for fact in ("Maple greets with {name} and <b>.", "Maple ships on 3 May 2027."):
        tools.retain_memory(RUN, fact, bank="own")
    later = RunContext(run_id="later", session_id="later", user_id="ada")
    assert tools.retain_memory(later, tools.recall_memory(RUN, "Maple"), bank="own").startswith(ALREADY_KNOWN)
    assert tools.retain_memory(later, NOTHING_FOUND, bank="own").startswith("Nothing to store")
    assert len(backend.list_memories("desk:own:user:ada").memories) == 2


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Ida\x00 is my boat.", "Ida is my boat."),
        ("\x1b[31mIda\x1b[0m is my boat.", "Ida is my boat."),
        ("Ida \ud83d is my boat.", "Ida \ufffd is my boat."),
        ("Ida is my boat. data:image/png;base64," + "QUJD" * 2000, "Ida is my boat. (image attached)"),
    ],
)
async def test_what_no_person_reads_is_cleaned_and_the_rest_is_stored(
    memory: TeamMemory, backend: SQLiteBackend, given: str, stored: str
) -> None:
    tools = memory.tools("x")
    assert tools.retain_memory(RUN, given, bank="own").startswith(STORED)
    assert (await tools.aretain_memory(RUN, given, bank="shared")).startswith(STORED)
    for bank in ("desk:own:user:ada", "desk:shared"):
        assert [m.text for m in backend.list_memories(bank).memories] == [stored]
