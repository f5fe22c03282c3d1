from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agno.agent import Agent
from agno.db.in_memory import InMemoryDb
from agno.team import Team
from agno.team.mode import TeamMode

from hindsight_teams.testing import OFFLINE_MARKER, OfflineModel

from .conftest import Notebook, TwoBanks

STATEMENT = "The ship Endurance sank on 21 November 1915."
QUESTION = "When did the Endurance sink?"
Desk = Callable[..., Team]


def test_a_statement_is_retained_and_a_question_answered_from_it(desk: Desk, notebook: Notebook) -> None:
    team = desk()
    team.run(STATEMENT)
    answer = str(team.run(QUESTION).content)
    assert notebook.calls == [("retain", STATEMENT), ("recall", QUESTION)]
    assert "21 November 1915" in answer


async def test_a_statement_is_retained_and_a_question_answered_in_arun(desk: Desk, notebook: Notebook) -> None:
    team = desk()
    await team.arun(STATEMENT)
    assert "21 November 1915" in str((await team.arun(QUESTION)).content)


@pytest.mark.parametrize("mode", list(TeamMode))
def test_every_team_mode_reaches_memory(desk: Desk, notebook: Notebook, mode: TeamMode) -> None:
    team = desk(mode)
    team.run(STATEMENT)
    answer = str(team.run(QUESTION).content)
    assert notebook.lines == [STATEMENT]
    assert "21 November 1915" in answer
    assert answer.count(OFFLINE_MARKER) == 1


@pytest.mark.parametrize("mode", list(TeamMode))
async def test_every_team_mode_reaches_memory_when_streamed(desk: Desk, notebook: Notebook, mode: TeamMode) -> None:
    team = desk(mode)
    async for _ in team.arun(STATEMENT, stream=True, stream_events=True):
        pass
    final = [event async for event in team.arun(QUESTION, stream=True, stream_events=True)][-1]
    assert notebook.lines == [STATEMENT]
    assert "21 November 1915" in str(final.content)


def test_a_streamed_run_shows_each_tool_call(desk: Desk, notebook: Notebook) -> None:
    events: list[Any] = list(desk().run(STATEMENT, stream=True, stream_events=True))
    started = [event.tool.tool_name for event in events if event.event.endswith("ToolCallStarted")]
    assert started == ["delegate_task_to_member", "retain_memory"]


def test_each_bullet_of_a_note_is_retained_by_itself(desk: Desk, notebook: Notebook) -> None:
    desk().run(
        "Retain what this note says.\n\n# Endurance\nDate: 1915\n\n- It was beset in ice.\n- It sank\n  in November."
    )
    assert notebook.lines == ["It was beset in ice.", "It sank in November."]


def test_a_command_is_not_part_of_the_fact(desk: Desk, notebook: Notebook) -> None:
    desk().run("Please remember that tea is at four.")
    desk().run("Researcher, note this: the door code changed?")
    assert notebook.lines == ["Tea is at four.", "the door code changed?"]


def test_a_broad_question_is_reflected_on(desk: Desk, notebook: Notebook) -> None:
    team = desk()
    team.run(STATEMENT)
    assert "On reflection" in str(team.run("What do we know about the Endurance?").content)
    assert notebook.calls[-1][0] == "reflect"


@pytest.mark.parametrize("question", [QUESTION, "Summarise what we learned."])
def test_an_empty_memory_is_admitted(desk: Desk, question: str) -> None:
    assert str(desk().run(question).content).startswith(f"{OFFLINE_MARKER} I don't know")


def test_lines_that_do_not_bear_on_the_question_are_not_an_answer(notebook: Notebook) -> None:
    notebook.lines = ["The kettle stands in the hall."]
    alone = Agent(model=OfflineModel(), tools=[notebook.recall_memory], telemetry=False)
    assert "I don't know" in str(alone.run("Which ice floe was the ship in the end crushed by?").content)


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("Where does my brother live?", "My sister Vera lives in Narvik."),
        ("Where do I live?", "My sister Vera lives in Narvik."),
        ("What is my phone number?", "My order number is 4417."),
        ("What is my favourite colour?", "My favourite dish is walnuts with rice."),
        ("What is my cat afraid of?", "My dog Lupo is afraid of thunder."),
        ("Which SQLite version does Grace's till run?", "Ada's till runs SQLite 3.31.0."),
    ],
)
def test_a_question_is_not_answered_with_what_is_known_of_something_else(
    notebook: Notebook, question: str, line: str
) -> None:
    notebook.lines = [line]
    alone = Agent(model=OfflineModel(), tools=[notebook.recall_memory], telemetry=False)
    assert "I don't know" in str(alone.run(question).content)


@pytest.mark.parametrize("line", ["X is 5.", "Plan B\u2019s start is in May, and X is 5."])
def test_a_name_of_one_letter_is_a_word(notebook: Notebook, line: str) -> None:
    notebook.lines = ["The ship's cat is 3.", line]
    alone = Agent(model=OfflineModel(), tools=[notebook.recall_memory], telemetry=False)
    assert str(alone.run("What's X?").content) == f"{OFFLINE_MARKER} From memory:\n- {line}"


def test_a_member_without_the_right_says_so(notebook: Notebook) -> None:
    writer = Agent(model=OfflineModel(), tools=[notebook.retain_memory], telemetry=False)
    reader = Agent(model=OfflineModel(), tools=[notebook.recall_memory], telemetry=False)
    assert "none of my tools reads memory" in str(writer.run(QUESTION).content)
    assert "none of my tools writes to memory" in str(reader.run(STATEMENT).content)
    assert notebook.calls == []


def test_a_member_that_is_addressed_gets_the_task_even_without_the_right(desk: Desk, notebook: Notebook) -> None:
    assert "none of my tools reads memory" in str(desk().run(f"Researcher, {QUESTION}").content)


def test_a_refusal_of_the_tool_is_reported() -> None:
    def retain_memory(content: str) -> str:
        """Store a fact."""
        raise PermissionError("may not retain here")

    result = Agent(model=OfflineModel(), tools=[retain_memory], telemetry=False).run(STATEMENT)
    assert str(result.content) == f"{OFFLINE_MARKER} The tool refused: may not retain here"


@pytest.mark.parametrize(
    ("prompt", "kept"),
    [
        ("Write in your notebook: the decisions came late.", "[notebook] the decisions came late."),
        ("Record a decision: use SQLite.", "[decisions] use SQLite."),
        ("We use SQLite.", "[decisions] We use SQLite."),
    ],
)
def test_the_bank_named_in_the_task_is_written(notebook: Notebook, prompt: str, kept: str) -> None:
    Agent(model=OfflineModel(), tools=[notebook.retain_in(TwoBanks)], telemetry=False).run(prompt)
    assert notebook.lines == [kept]


@pytest.mark.parametrize("listed", [True, False])
def test_the_leader_finds_the_able_member_with_and_without_listed_tools(
    desk: Desk, notebook: Notebook, listed: bool
) -> None:
    team = desk(add_member_tools_to_context=listed)
    team.run(STATEMENT)
    team.run(QUESTION)
    assert [verb for verb, _ in notebook.calls] == ["retain", "recall"]


@pytest.mark.parametrize("mode", list(TeamMode))
async def test_a_leader_answers_with_what_is_known_and_nothing_else(
    desk: Desk, notebook: Notebook, mode: TeamMode
) -> None:
    notebook.lines = [STATEMENT]
    known = f"{OFFLINE_MARKER} From memory:\n- {STATEMENT}"
    assert desk(mode).run(QUESTION).content == known
    assert (await desk(mode).arun(QUESTION)).content == known


def test_a_task_reaches_the_members_of_a_nested_team(desk: Desk, notebook: Notebook) -> None:
    notebook.lines = [STATEMENT]
    inner = desk(TeamMode.broadcast, add_member_tools_to_context=True)
    model = OfflineModel()
    outer = Team(id="outer", model=model, members=[inner], add_member_tools_to_context=True, telemetry=False)
    assert "21 November 1915" in str(outer.run(QUESTION).content)


def test_memories_in_the_system_message_answer_without_a_tool() -> None:
    system = f"You remember:\n1. {STATEMENT}\n2. Tea is at four."
    answer = Agent(model=OfflineModel(), instructions=system, telemetry=False).run(QUESTION).content
    assert answer == f"{OFFLINE_MARKER} From memory:\n- {STATEMENT}"


def test_a_leader_with_its_own_memory_and_no_able_member_uses_it(notebook: Notebook) -> None:
    notebook.lines = [STATEMENT]
    mute = Agent(id="mute", name="Mute", role="Draws", model=OfflineModel())
    team = Team(model=OfflineModel(), members=[mute], tools=[notebook.recall_memory], telemetry=False)
    assert "21 November 1915" in str(team.run(QUESTION).content)


def test_a_task_list_is_worked_through_twice_in_one_session(desk: Desk, notebook: Notebook) -> None:
    notebook.lines = [STATEMENT]
    store: Any = InMemoryDb  # has no annotations
    team = desk(TeamMode.tasks, db=store())
    answers = [str(team.run(QUESTION, session_id="s").content) for _ in range(2)]
    assert all("21 November 1915" in answer for answer in answers)


@pytest.mark.parametrize("role", ["Recalls what was said", "Draws maps"])
def test_a_team_answers_from_memory_whatever_the_role_is_called(notebook: Notebook, role: str) -> None:
    notebook.lines = [STATEMENT]
    member = Agent(id="one", name="One", role=role, model=OfflineModel(), tools=[notebook.recall_memory])
    team = Team(model=OfflineModel(), members=[member], telemetry=False)
    assert "21 November 1915" in str(team.run(QUESTION).content)


def test_a_leader_asks_on_until_a_member_is_able(notebook: Notebook) -> None:
    model = OfflineModel()
    members: list[Agent | Team] = [
        Agent(id="planner", name="Planner", role="Plans the trip", model=model, tools=[notebook.recall_memory]),
        Agent(id="booker", name="Booker", role="Books the hotels", model=model, tools=[notebook.retain_memory]),
    ]
    Team(model=model, members=members, telemetry=False).run("The ship sails at nine.")
    assert notebook.lines == ["The ship sails at nine."]


@pytest.mark.parametrize("request_", ["Recommend a web framework for my project.", "Please suggest a name."])
def test_a_request_for_advice_is_answered_from_memory_and_not_retained(
    desk: Desk, notebook: Notebook, request_: str
) -> None:
    desk().run(request_)
    assert [verb for verb, _ in notebook.calls] == ["reflect"]


def test_an_empty_prompt_is_noted_and_nothing_is_stored(notebook: Notebook) -> None:
    alone = Agent(model=OfflineModel(), tools=[notebook.retain_memory], telemetry=False)
    assert "Noted." in str(alone.run("  ").content)
    assert notebook.lines == []


def test_nobody_able_in_task_mode_ends_the_run(notebook: Notebook) -> None:
    mute = Agent(id="mute", name="Mute", role="Draws", model=OfflineModel())
    team = Team(model=OfflineModel(), members=[mute], mode=TeamMode.tasks, telemetry=False)
    assert "none of my tools reads memory" in str(team.run(QUESTION).content)


def test_the_model_is_labelled_a_stand_in(desk: Desk) -> None:
    result = desk().run(QUESTION)
    assert result.model == "offline-stand-in"
    assert str(result.content).startswith(OFFLINE_MARKER)


def test_the_same_run_gives_the_same_answer(desk: Desk, notebook: Notebook) -> None:
    notebook.lines = [STATEMENT, "The ship Nimrod was sold in 1909.", "The ship James Caird sailed in 1916."]
    answers: set[Any] = {desk().run("Which ship sailed or sank?").content for _ in range(3)}
    assert len(answers) == 1


class Curation:
    """The tools of a proposer and a curator, over one list of what waits."""

    def __init__(self) -> None:
        self.waiting: dict[str, str] = {}
        self.decided: list[tuple[str, str]] = []

    def propose_memory(self, memory: str, bank: str, reason: str) -> str:
        """Propose a memory."""
        self.waiting[f"id{len(self.waiting)}"] = f"{bank}: {memory}"
        return "Proposed."

    def list_reviews(self) -> str:
        """List what waits."""
        lines = [f"{key} [proposal] {text}" for key, text in self.waiting.items()]
        return "\n".join(lines) or "Nothing waits for review."

    def approve_memory(self, review_id: str) -> str:
        """Approve one."""
        self.decided.append(("approve", self.waiting.pop(review_id)))
        return "Stored."

    def reject_memory(self, review_id: str) -> str:
        """Reject one."""
        self.decided.append(("reject", self.waiting.pop(review_id)))
        return "Dropped."


def test_a_note_is_recalled_and_proposed_in_its_exact_words(notebook: Notebook) -> None:
    notebook.lines = ["Tea is at four.", "[shared | coder] The handler imports cgi."]
    curation = Curation()
    tools: list[Any] = [notebook.recall_memory, curation.propose_memory]
    coder = Agent(model=OfflineModel(), tools=tools, telemetry=False)
    assert "Proposed." in str(coder.run("Coder, propose for the decisions: the handler imports cgi").content)
    assert [text.partition(": ")[2] for text in curation.waiting.values()] == ["The handler imports cgi."]


def test_what_nobody_noted_is_not_proposed(notebook: Notebook) -> None:
    curation = Curation()
    tools: list[Any] = [notebook.recall_memory, curation.propose_memory]
    coder = Agent(model=OfflineModel(), tools=tools, telemetry=False)
    assert "I don't know" in str(coder.run("Propose for the decisions: the moon is made of cheese").content)
    assert curation.waiting == {}


@pytest.mark.parametrize(("verb", "left"), [("Approve", 0), ("Reject", 0), ("Review", 2)])
def test_a_curator_decides_on_all_that_waits(verb: str, left: int) -> None:
    curation = Curation()
    curation.waiting = {"id0": "decisions: one", "id1": "decisions: two"}
    tools: list[Any] = [curation.list_reviews, curation.approve_memory, curation.reject_memory]
    answer = str(Agent(model=OfflineModel(), tools=tools, telemetry=False).run(f"{verb} what waits.").content)
    assert len(curation.waiting) == left
    assert curation.decided == [(verb.lower(), text) for text in ("decisions: one", "decisions: two")][: 2 - left]
    assert "id1" in answer if left else "Stored." in answer or "Dropped." in answer


def test_nothing_to_approve_is_said() -> None:
    curation = Curation()
    tools: list[Any] = [curation.list_reviews, curation.approve_memory, curation.reject_memory]
    answer = Agent(model=OfflineModel(), tools=tools, telemetry=False).run("Approve what waits.").content
    assert answer == f"{OFFLINE_MARKER} Nothing waits for review."


def test_an_address_is_not_part_of_the_query_and_a_date_is(desk: Desk, notebook: Notebook) -> None:
    desk().run("Answerer, please tell me when the ship sank?")
    desk().run("In November 1915, which ship sank?")
    assert [query for _, query in notebook.calls] == [
        "tell me when the ship sank?",
        "In November 1915, which ship sank?",
    ]
