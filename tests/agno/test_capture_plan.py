"""What of one run is retained, and where: decided from the run's output alone, without running one."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.models.response import ToolExecution
from agno.run.agent import RunOutput
from agno.run.base import RunContext, RunStatus

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.access.grants import Caller
from hindsight_teams.agno import capture
from hindsight_teams.agno.capture import RunRetention, Write, recalled_in, store_before_termination
from hindsight_teams.agno.citing import ALREADY_KNOWN
from hindsight_teams.agno.toolkit import QUARANTINED, STORED
from hindsight_teams.agno.turns import Hearing, Turn
from hindsight_teams.audit import SpanSink
from hindsight_teams.backends.base import MemoryBackend
from hindsight_teams.backends.hindsight import HindsightBackend
from hindsight_teams.guard import Guard, Verdict, WriteAttempt

FACT = "I moved to Bergen."


class Clerk:
    """A member with a bank of the user's, one of the team's, an open one and a notebook, and its runs."""

    def __init__(self, backend: MemoryBackend, **options: Any) -> None:
        self.team = TeamMemory(
            "desk",
            banks={
                "own": "user",
                "shared": "team",
                "talk": {"scope": "team", "conversations": True},
                "diary": {"scope": "member", "conversations": True},
            },
            members={"clerk": dict.fromkeys(("own", "shared", "talk", "diary"), "full")},
            backend=backend,
            **options,
        )

    def retention(self, bank: str = "own", **options: Any) -> RunRetention:
        memory = self.team.member("clerk").for_words_of_others()
        return RunRetention(memory, bank=self.team.definition.grants["clerk"][bank], **options)


@pytest.fixture
def clerk(backend: SQLiteBackend) -> Clerk:
    return Clerk(backend)


def context(user: str | None = "ada", session: str | None = "s1", run: str = "r1") -> RunContext:
    return RunContext(run_id=run, session_id=session, user_id=user)  # type: ignore[arg-type]


def output(content: Any = "Fine.", *tools: ToolExecution, run: str = "r1", status: Any = RunStatus.completed) -> Any:
    return RunOutput(run_id=run, content=content, tools=list(tools), status=status)


def used(name: str, result: str, *, failed: bool = False, **arguments: Any) -> ToolExecution:
    return ToolExecution(tool_name=name, result=result, tool_args=arguments, tool_call_error=failed)


OWN = {"answers": True, "leads": False, "for_leader": False}
"""What is said of a run of a member's own."""


def plan(retention: RunRetention, hearing: Hearing | str = FACT, *tools: ToolExecution, **given: Any) -> list[Write]:
    heard = Hearing(Turn(hearing)) if isinstance(hearing, str) else hearing
    writes = retention.plan(
        given.pop("output", None) or output(given.pop("answer", "Fine."), *tools),
        given.pop("context", None) or context(),
        heard,
        **{**OWN, **given},
    )
    assert isinstance(writes, list)
    return writes


def texts(writes: list[Write]) -> list[str]:
    return [write.content for write in writes]


def told(writes: list[Write]) -> list[dict[str, str]]:
    """The metadata of each."""
    return [dict(write.options["metadata"] or {}) for write in writes]


# --- whether ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [RunStatus.paused, RunStatus.cancelled, RunStatus.error, "paused"])
def test_a_run_that_did_not_end_is_retained_when_it_does(clerk: Clerk, status: Any) -> None:
    retention, hearing = clerk.retention(), Hearing(Turn(FACT))
    assert plan(retention, hearing, output=output(status=status)) == []
    assert texts(plan(retention, hearing)) == [FACT]


def test_a_run_is_retained_once(clerk: Clerk) -> None:
    retention = clerk.retention()
    assert texts(plan(retention)) == [FACT]
    assert plan(retention) == []
    assert texts(plan(retention, context=context(run="r2"))) == [FACT]


@pytest.mark.parametrize(
    ("bank", "user", "goes"), [("own", "ada", True), ("shared", "ada", False), ("talk", "ada", True)]
)
def test_a_users_words_go_to_a_bank_of_the_users_or_one_that_is_open(
    clerk: Clerk, bank: str, user: str, goes: bool
) -> None:
    assert bool(plan(clerk.retention(bank))) is goes
    assert clerk.retention(bank).takes(user) is goes


@pytest.mark.parametrize("nobody", [None, "", " "])
def test_what_nobody_in_particular_says_goes_to_any_bank(clerk: Clerk, nobody: str | None) -> None:
    assert clerk.retention("shared").takes(nobody)


def test_that_a_users_words_are_not_retained_is_said_once_and_not_where_there_are_none(
    clerk: Clerk, caplog: pytest.LogCaptureFixture
) -> None:
    retention = clerk.retention("shared")
    with caplog.at_level(logging.WARNING, "hindsight_teams"):
        assert plan(retention, "Hello!") == []
        assert caplog.records == []
        for run in ("r1", "r2"):
            assert plan(retention, context=context(run=run)) == []
    [line] = caplog.records
    assert "what users say to 'clerk' is not retained" in line.getMessage()
    assert "'shared'" in line.getMessage()


@pytest.mark.parametrize(
    ("hearing", "kept"),
    [
        (Hearing(Turn(FACT, addressee="clerk")), True),
        (Hearing(Turn(FACT, addressee="coder")), False),
        (Hearing(Turn(FACT), task="Find a flight."), True),
        (Hearing(Turn(FACT, leader="desk", leader_keeps=True), task="Find a flight."), False),
        (Hearing(Turn(FACT, leader="desk", leader_keeps=True), task=f"Note: {FACT}"), True),
        (Hearing(Turn(FACT, leader="desk", leader_keeps=True)), True),
        (Hearing(Turn(FACT, kept={"desk:talk"}), task="Find a flight."), False),
        (Hearing(Turn(FACT, kept={"desk:talk"}), task=f"Note: {FACT}"), True),
        (Hearing(Turn(FACT, kept={"desk:talk"})), True),
        (Hearing(Turn(FACT, kept={"desk:own:user:ada"})), False),
    ],
)
def test_the_users_words_are_kept_once_by_whom_they_were_for(clerk: Clerk, hearing: Hearing, kept: bool) -> None:
    assert texts(plan(clerk.retention(), hearing)) == [FACT] * kept


@pytest.mark.parametrize(
    ("kept", "for_leader", "goes"), [(False, True, True), (True, True, False), (True, False, True)]
)
def test_for_a_leader_is_kept_what_no_member_kept(clerk: Clerk, kept: bool, for_leader: bool, goes: bool) -> None:
    hearing = Hearing(Turn(FACT, kept={"desk:talk"} if kept else set()))
    assert texts(plan(clerk.retention(), hearing, for_leader=for_leader)) == [FACT] * goes


# --- what ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "kept"),
    [
        (used("retain_memory", STORED, content=FACT), False),
        (used("retain_memory", STORED, content=FACT, bank="own"), False),
        (used("retain_memory", STORED, content=FACT, bank="talk"), True),
        (used("retain_memory", QUARANTINED, content=FACT), False),
        (used("retain_memory", f"{ALREADY_KNOWN}\n- {FACT}", content=FACT), False),
        (used("retain_memory", "It could not be stored.", content=FACT), True),
        (used("retain_memory", STORED, content=FACT, failed=True), True),
        (used("retain_memory", STORED, content="Something else."), True),
        (used("retain_memory", STORED), True),
        (used("search", STORED, content=FACT), True),
        (ToolExecution(tool_name="retain_memory", result=STORED), True),
    ],
)
def test_what_a_tool_of_the_run_stored_in_this_bank_is_not_kept_again(
    clerk: Clerk, tool: ToolExecution, kept: bool
) -> None:
    assert texts(plan(clerk.retention(), FACT, tool)) == [FACT] * kept


@pytest.mark.parametrize(
    ("bank", "for_leader", "stored_in", "kept"),
    [
        ("own", False, "desk:own:user:ada", False),
        ("own", False, "desk:talk", True),
        ("own", True, "desk:talk", True),
        ("talk", False, "desk:diary:member:clerk", True),
        ("talk", True, "desk:diary:member:clerk", False),
    ],
)
def test_what_was_stored_in_the_turn_is_not_kept_again_in_that_bank_nor_for_a_leader_in_any(
    clerk: Clerk, bank: str, for_leader: bool, stored_in: str, kept: bool
) -> None:
    hearing = Hearing(Turn(FACT, stored=[(stored_in, FACT)]))
    assert texts(plan(clerk.retention(bank), hearing, for_leader=for_leader)) == [FACT] * kept


def test_in_a_bank_that_others_read_what_a_tool_stored_in_any_bank_is_not_kept_again(clerk: Clerk) -> None:
    tool = used("retain_memory", STORED, content=FACT, bank="diary")
    assert plan(clerk.retention("talk"), FACT, tool) == []


ANSWER = "The parcel left Hull at nine."


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"answer": ANSWER}, [FACT, ANSWER]),
        ({"answer": f"<think>What now?</think>{ANSWER}"}, [FACT, ANSWER]),
        ({"answer": None}, [FACT]),
        ({"answer": ANSWER, "answers": False}, [FACT]),
    ],
)
def test_an_answer_is_kept_where_that_is_wanted_and_a_model_gave_it(
    clerk: Clerk, given: dict[str, Any], kept: list[str]
) -> None:
    answer = given["answer"]
    rest = {key: value for key, value in given.items() if key != "answer"}
    assert texts(plan(clerk.retention(retain="runs"), output=output(answer), **rest)) == kept
    assert texts(plan(clerk.retention(retain="said"), output=output(answer), **rest)) == [FACT]


@pytest.mark.parametrize(("leads", "kept"), [(True, []), (False, [ANSWER])])
def test_a_leader_that_says_what_a_member_answered_says_nothing_new(clerk: Clerk, leads: bool, kept: list[str]) -> None:
    turn = Turn(FACT, answers=[ANSWER], kept={"desk:own:user:ada"})
    assert texts(plan(clerk.retention(retain="runs"), Hearing(turn), answer=ANSWER, leads=leads)) == kept


def test_what_memory_gave_to_the_turn_is_not_new_in_an_answer(clerk: Clerk) -> None:
    turn = Turn("Where is it?", recalled=[ANSWER])
    assert plan(clerk.retention(retain="runs"), Hearing(turn), answer=ANSWER) == []


def test_a_task_is_its_leaders_and_an_answer_the_members(clerk: Clerk) -> None:
    retention, task = clerk.retention(retain="runs"), "The depot in Hull closes at six."
    writes = plan(retention, Hearing(Turn(FACT, leader="desk"), task=task), answer=ANSWER)
    assert texts(writes) == [FACT, task, ANSWER]
    assert [one["speaker"] for one in told(writes)] == ["user", "desk", "clerk"]
    alone = plan(retention, Hearing(Turn(FACT), task=task), answer=ANSWER)
    assert texts(alone) == [FACT, ANSWER]


def test_the_turn_learns_what_was_kept_of_it(clerk: Clerk) -> None:
    turn = Turn(FACT)
    plan(clerk.retention(retain="runs"), Hearing(turn), answer=ANSWER)
    assert (turn.kept, turn.stored, turn.answers) == ({"desk:own:user:ada"}, [("desk:own:user:ada", FACT)], [ANSWER])
    assert turn.outputs == {ANSWER}
    asked = Turn("Coder, where is it?", addressee="coder")
    plan(clerk.retention(retain="runs"), Hearing(asked), answer=ANSWER, context=context(run="r2"))
    assert (asked.kept, asked.answers) == (set(), [ANSWER])


def test_a_run_without_an_answer_of_a_model_still_says_what_it_put_out(clerk: Clerk) -> None:
    turn = Turn(FACT)
    plan(clerk.retention(), Hearing(turn), answer=ANSWER, answers=False)
    assert turn.outputs == {ANSWER}


@pytest.mark.parametrize(
    ("words", "addressed", "stored", "kept"),
    [
        ("Coder, I moved to Bergen.", FACT, [], ["Coder, I moved to Bergen."]),
        ("Coder, I moved to Bergen.", FACT, [FACT], []),
        ("Coder, thanks!", "thanks!", [], []),
        ("Thanks, coder!", "", [], []),
        ("Coder, # Move\n- I moved to Bergen.", "# Move\n- I moved to Bergen.", [], [FACT]),
    ],
)
def test_the_name_of_whom_it_is_said_to_stays_unless_nothing_else_is_new(
    clerk: Clerk, words: str, addressed: str, stored: list[str], kept: list[str]
) -> None:
    bank = "desk:own:user:ada"
    turn = Turn(words, addressee="clerk", addressed=addressed, stored=[(bank, text) for text in stored])
    assert texts(plan(clerk.retention(names=["coder"]), Hearing(turn))) == kept


def test_what_a_choice_gives_without_a_word_is_not_kept(clerk: Clerk) -> None:
    def blank(exchange: Any) -> Any:
        return [exchange.said, type(exchange.said)("user", "  ")]

    assert texts(plan(clerk.retention(retain=blank))) == [FACT]


# --- where -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "bank", "kept_in"),
    [
        ("Put it into the diary: Oslo is far.", "diary", "diary"),
        ("My DIARY says that Oslo is far.", "diary", "diary"),
        ("Oslo is far.", "diary", "own"),
        ("The diaryist lives in Oslo.", "diary", "own"),
        ("The shared desk is in Oslo.", "shared", "own"),  # others read it, and it is not open to conversations
    ],
)
def test_what_a_user_says_of_a_bank_by_its_name_goes_there(clerk: Clerk, words: str, bank: str, kept_in: str) -> None:
    retention = clerk.retention(by_name=[clerk.retention(bank)])
    assert [write.options["bank"] for write in plan(retention, words)] == [kept_in]


def test_what_goes_to_a_bank_by_its_name_is_judged_as_elsewhere(clerk: Clerk) -> None:
    words = "The diary says that Oslo is far."
    retention = clerk.retention(by_name=[clerk.retention("diary", retain="runs")])
    assert texts(plan(retention, words, answer=ANSWER)) == [words, ANSWER]
    alone = {"answers": False, "for_leader": True, "leads": True}
    assert (
        plan(retention, Hearing(Turn(words, kept={"desk:talk"})), answer=ANSWER, context=context(run="r2"), **alone)
        == []
    )
    passed_on = Hearing(Turn(words, answers=[ANSWER]))
    assert texts(plan(retention, passed_on, answer=ANSWER, context=context(run="r3"), leads=True)) == [words]


@pytest.mark.parametrize(
    ("session", "run", "user", "document"),
    [
        ("s1", "r1", "ada", "session:clerk:s1:ada"),
        (None, "r1", "ada", "session:clerk:r1:ada"),
        (None, None, "ada", "session:clerk:none:ada"),
        ("s1", "r1", None, "session:clerk:s1"),
    ],
)
def test_a_session_is_one_document_of_its_member_and_user(
    clerk: Clerk, session: Any, run: Any, user: Any, document: str
) -> None:
    bank = "own" if user else "shared"
    [write] = plan(clerk.retention(bank), context=context(user, session, run))
    assert (write.options["document_id"], write.options["append"]) == (document, True)
    assert write.options["caller"] == Caller("desk", "clerk", user, session, run)


def test_on_a_server_that_signs_a_document_anew_each_memory_is_a_document() -> None:
    with HindsightBackend("http://127.0.0.1:9") as server:
        writes = plan(Clerk(server).retention(retain="runs"), f"{'Bergen is fine. ' * 600}", answer=ANSWER)
        [alone] = plan(Clerk(server).retention(), context=context(run=""))
    start = f"session:clerk:s1:ada:{told(writes)[0]['exchange']}"
    assert [write.options["document_id"] for write in writes] == [f"{start}:0.0", f"{start}:0.1", f"{start}:1.0"]
    assert [write.options["append"] for write in writes] == [False] * 3
    assert (alone.options["document_id"], alone.options["append"]) == ("session:clerk:s1:ada", True)


def test_the_parts_of_a_long_statement_are_numbered_and_of_one_exchange(clerk: Clerk) -> None:
    writes = plan(clerk.retention(retain="runs"), f"{'Bergen is fine. ' * 600}", answer=ANSWER)
    assert [one.get("part") for one in told(writes)] == ["1/2", "2/2", None]
    assert len({one["exchange"] for one in told(writes)}) == 1


@pytest.mark.parametrize(("first", "second"), [("r1", "r2"), ("r2", "r1")])
def test_a_run_that_goes_by_two_ids_is_known_by_both(clerk: Clerk, first: str, second: str) -> None:
    chosen: list[Any] = []

    def choose(exchange: Any) -> Any:
        chosen.append(exchange)
        return []

    retention = clerk.retention(retain=choose)
    plan(retention, context=context(run=first), output=output(run=second))
    plan(retention, context=context(run=first), output=output(run=first))
    plan(retention, context=context(run=""), output=output(run=""))
    assert [exchange.run for exchange in chosen] == [f"{first}/{second}", first, None]
    assert {(exchange.user, exchange.session, exchange.heard) for exchange in chosen} == {("ada", "s1", FACT)}


# --- storing ---------------------------------------------------------------------------------------------------------


def no_oslo(attempt: Any) -> Verdict | None:
    """A guard's check that refuses whatever names Oslo."""
    return Verdict("refuse", reason="no Oslo") if "Oslo" in attempt.content else None


NOTE = "# Move\n- I left Oslo.\n- I moved to Bergen."


@pytest.mark.parametrize(
    ("options", "logger"), [({}, "hindsight_teams.audit"), ({"audit": SpanSink()}, "hindsight_teams.agno.capture")]
)
async def test_a_memory_that_is_refused_costs_one_log_line_and_not_the_next(
    backend: SQLiteBackend, caplog: pytest.LogCaptureFixture, options: dict[str, Any], logger: str
) -> None:
    retention = Clerk(backend, guard=Guard([no_oslo]), **options).retention()
    with caplog.at_level(logging.WARNING, "hindsight_teams"):
        retention.retain(output(), context(), Hearing(Turn(NOTE)), **OWN)
        await retention.aretain(output(run="r2"), context("bob", run="r2"), Hearing(Turn(NOTE)), **OWN)
    banks = ("desk:own:user:ada", "desk:own:user:bob")
    assert [[m.text for m in backend.list_memories(bank).memories] for bank in banks] == [[FACT], [FACT]]
    assert [(line.name, "no Oslo" in line.getMessage()) for line in caplog.records] == [(logger, True)] * 2


async def test_in_the_background_runs_are_stored_one_after_the_other_by_the_flush(backend: SQLiteBackend) -> None:
    submitted = threading.Event()
    seen: list[tuple[str, int]] = []

    def look(attempt: WriteAttempt) -> None:
        assert submitted.wait(5)
        seen.append((attempt.content, threading.get_ident()))

    retention = Clerk(backend, guard=Guard([look])).retention(background=True)
    assert retention.flush()
    for number in range(3):
        run = f"r{number}"
        hearing = Hearing(Turn(f"Parcel {number} left Hull."))
        if number % 2:
            retention.retain(output(run=run), context(run=run), hearing, **OWN)
        else:
            await retention.aretain(output(run=run), context(run=run), hearing, **OWN)
    submitted.set()
    assert retention.flush(30)
    assert [content for content, _ in seen] == [f"Parcel {number} left Hull." for number in range(3)]
    assert len({thread for _, thread in seen}) == 1
    assert backend.list_memories("desk:own:user:ada").total == 3


def test_a_flush_says_when_its_time_was_not_enough(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waiting(attempt: Any) -> None:
        begun.set()
        assert go_on.wait(5)

    with closing(SQLiteBackend(tmp_path / "slow.db")) as opened:
        retention = Clerk(opened, guard=Guard([waiting])).retention(background=True)
        retention.retain(output(), context(), Hearing(Turn(FACT)), **OWN)
        assert begun.wait(5)
        assert not retention.flush(0.01)
        go_on.set()
        assert retention.flush(30)
        assert [memory.text for memory in opened.list_memories("desk:own:user:ada").memories] == [FACT]


def test_what_memorys_reading_tools_gave_to_a_run_is_what_it_recalled() -> None:
    tools = [
        used("recall_memory", "a"),
        used("reflect_on_memory", "b"),
        used("retain_memory", "c"),
        used("recall_memory", "d", failed=True),
    ]
    assert recalled_in(output("x", *tools)) == ["a", "b"]
    assert recalled_in(object()) == []


@pytest.fixture
def signals() -> Iterator[None]:
    """The process's own handling of SIGTERM, given back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("signals")
class TestTermination:
    def test_what_waits_is_stored_once_before_the_process_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ended: list[tuple[int, int]] = []
        flushed: list[float] = []
        monkeypatch.setattr(os, "kill", lambda pid, number: ended.append((pid, number)))
        for _ in range(2):
            store_before_termination(flushed.append)
        signal.raise_signal(signal.SIGTERM)
        assert (flushed, ended) == ([25.0], [(os.getpid(), signal.SIGTERM)])
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def test_a_handler_of_the_applications_own_stays(self) -> None:
        def own(number: int, frame: Any) -> None: ...

        signal.signal(signal.SIGTERM, own)
        store_before_termination(capture.flush_all)
        assert signal.getsignal(signal.SIGTERM) is own

    @pytest.mark.parametrize("background", [False, True])
    def test_equipping_sees_to_it_where_runs_are_retained_in_the_background(
        self, backend: SQLiteBackend, background: bool
    ) -> None:
        memory = TeamMemory("t", banks={"own": "user"}, members={"a": {"own": "full"}}, backend=backend)
        memory.equip(Agent(id="a", telemetry=False), retain="said", background=background)
        assert (signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL) is background
        assert [retention.background for retention in memory.retentions] == [background]

    def test_in_a_thread_no_handler_is_set_and_none_is_missed(self) -> None:
        failed: list[Exception] = []

        def elsewhere() -> None:
            try:
                store_before_termination(capture.flush_all)
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert (failed, signal.getsignal(signal.SIGTERM)) == ([], signal.SIG_DFL)
