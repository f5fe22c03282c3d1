"""What the hooks around a run do, called as Agno calls them: who keeps the words, and what is shown where none can."""

from __future__ import annotations

from typing import Any

import pytest
from agno.agent import Agent
from agno.models.response import ToolExecution
from agno.run.agent import RunInput, RunOutput
from agno.run.base import RunContext, RunStatus
from agno.run.team import TeamRunOutput
from agno.team import Team
from agno.utils.hooks import is_guardrail_hook

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import OfflineModel, ScriptedModel

FACT = "I moved to Bergen."
ANSWER = "The parcel left Hull at nine."
OPEN = {"scope": "member", "conversations": True}


@pytest.fixture
def memory(backend: SQLiteBackend) -> TeamMemory:
    return TeamMemory(
        "desk",
        banks={"notes": OPEN, "profile": "user", "shared": "team"},
        members={"coder": {"notes": "full"}, "host": {"profile": "full"}, "scribe": {"shared": "full"}},
        backend=backend,
    )


class Hooked:
    """One part of what was equipped, with its hooks called in one way or the other."""

    def __init__(self, part: Any, way: str) -> None:
        self.part, self.way = part, way
        [self.before], [self.after] = part.pre_hooks, part.post_hooks

    async def hear(self, words: str, context: RunContext) -> None:
        await self._call(self.before, run_input=RunInput(input_content=words), run_context=context)

    async def end(self, output: Any, context: RunContext) -> Any:
        whose = {"team": self.part} if isinstance(self.part, Team) else {"agent": self.part}
        await self._call(self.after, run_output=output, run_context=context, **whose)
        return output

    async def run(self, words: str, context: RunContext, *tools: ToolExecution, answer: str = "Fine.") -> Any:
        await self.hear(words, context)
        return await self.end(self.output(answer, *tools, words=words, run=context.run_id), context)

    def output(self, answer: str, *tools: ToolExecution, words: str = "", run: str | None = "r1") -> Any:
        given = {"run_id": run, "session_id": "s1", "content": answer, "tools": list(tools)}
        if isinstance(self.part, Team):
            return TeamRunOutput(team_id=self.part.id, status=RunStatus.completed, **given)  # type: ignore[arg-type]
        told = RunInput(input_content=words)
        return RunOutput(agent_id=self.part.id, input=told, status=RunStatus.completed, **given)  # type: ignore[arg-type]

    async def _call(self, hook: Any, **given: Any) -> None:
        def sync_run() -> None:  # a hook looks at whether its caller can await
            hook(**given)

        if self.way == "async":
            await hook(**given)
        else:
            sync_run()


def context(user: str | None = "ada", run: str = "r1", **more: Any) -> RunContext:
    return RunContext(run_id=run, session_id="s1", user_id=user, **more)


def member(id: str, **options: Any) -> Any:
    return Agent(id=id, name=id.capitalize(), model=ScriptedModel([]), telemetry=False, **options)


def led(memory: TeamMemory, way: str, **options: Any) -> Hooked:
    """A team whose leader may write nothing, so that its members keep what the user says."""
    members = [member(name) for name in memory.definition.grants]
    plain = Team(id="lead", model=ScriptedModel([]), members=members, telemetry=False)
    return Hooked(memory.equip(plain, **{"retain": "said", **options}), way)


def stored(backend: SQLiteBackend) -> list[tuple[str, str]]:
    ids = sorted(bank.bank_id for bank in backend.list_banks())
    return [(id.removeprefix("desk:"), m.text) for id in ids for m in backend.list_memories(id).memories]


WAYS = pytest.mark.parametrize("way", ["sync", "async"])


def test_only_the_hook_before_a_run_may_not_be_put_off(memory: TeamMemory) -> None:
    hooked = led(memory, "sync")
    assert (is_guardrail_hook(hooked.before), is_guardrail_hook(hooked.after)) == (True, False)


# --- whom a leader's user talks to -----------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize(
    ("said", "user", "kept"),
    [
        (FACT, "ada", ("profile:user:ada", FACT)),
        ("Coder, the linter is ruff.", "ada", ("notes:member:coder", "Coder, the linter is ruff.")),
        ("Scribe, the linter is ruff.", "ada", ("profile:user:ada", "Scribe, the linter is ruff.")),
        ("Scribe, the linter is ruff.", None, ("shared", "Scribe, the linter is ruff.")),
    ],
)
async def test_for_a_leader_one_member_keeps_what_the_user_says(
    memory: TeamMemory, backend: SQLiteBackend, way: str, said: str, user: str | None, kept: tuple[str, str]
) -> None:
    await led(memory, way, retain="runs").run(said, context(user), answer=ANSWER)
    assert stored(backend) == [kept]


@WAYS
async def test_what_a_leader_may_keep_itself_no_member_keeps(backend: SQLiteBackend, way: str) -> None:
    owned = TeamMemory(
        "desk", banks={"notes": OPEN}, members={"lead": {"notes": "full"}, "coder": {"notes": "full"}}, backend=backend
    )
    plain = Team(id="lead", model=ScriptedModel([]), members=[member("coder")], telemetry=False)
    await Hooked(owned.equip(plain, retain="runs"), way).run(FACT, context(), answer=ANSWER)
    assert stored(backend) == [("notes:member:lead", FACT), ("notes:member:lead", ANSWER)]


@WAYS
@pytest.mark.parametrize("model", [ScriptedModel([]), OfflineModel()])
async def test_an_answer_of_the_offline_model_is_no_fact(backend: SQLiteBackend, way: str, model: Any) -> None:
    owned = TeamMemory("desk", banks={"notes": OPEN}, members={"coder": {"notes": "full"}}, backend=backend)
    hooked = Hooked(owned.equip(Agent(id="coder", model=model, telemetry=False), retain="runs"), way)
    await hooked.run(FACT, context(), answer=ANSWER)
    answers = [] if isinstance(model, OfflineModel) else [("notes:member:coder", ANSWER)]
    assert stored(backend) == [("notes:member:coder", FACT), *answers]


def delegated(to: str | None, *, failed: bool = False) -> ToolExecution:
    name = "delegate_task_to_member" if to else "delegate_task_to_members"
    arguments = {"member_id": to, "task": FACT} if to else {"task": FACT}
    return ToolExecution(tool_name=name, tool_args=arguments, tool_call_error=failed, result="Done.")


@WAYS
@pytest.mark.parametrize(
    ("said", "tool", "kept"),
    [
        (FACT, delegated("host"), []),
        (FACT, delegated(None), []),
        (FACT, delegated("guest"), ["profile:user:ada"]),
        (FACT, delegated("host", failed=True), ["profile:user:ada"]),
        ("Coder, the linter is ruff.", delegated("host"), ["notes:member:coder"]),
        ("Coder, the linter is ruff.", delegated("coder"), []),
        (FACT, ToolExecution(tool_name="search", result="x"), ["profile:user:ada"]),
    ],
)
async def test_what_a_member_kept_in_another_process_is_not_kept_again(
    memory: TeamMemory, backend: SQLiteBackend, way: str, said: str, tool: ToolExecution, kept: list[str]
) -> None:
    hooked = led(memory, way)
    late = hooked.output(ANSWER, tool)
    late.input = RunInput(input_content=said)
    await hooked.end(late, context())  # its start was heard elsewhere
    assert [bank for bank, _ in stored(backend)] == kept


@WAYS
async def test_in_the_process_that_asked_a_member_it_is_known_what_it_kept(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    leading, hooked = context(), led(memory, way)
    await hooked.hear(FACT, leading)
    await hooked.end(hooked.output(ANSWER, delegated("host")), leading)
    assert [bank for bank, _ in stored(backend)] == ["profile:user:ada"]  # its hooks here never ran


@WAYS
async def test_a_member_hears_the_turn_of_its_leader_until_that_ends(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    hooked = led(memory, way)
    host = Hooked(next(part for part in hooked.part.members if part.id == "host"), way)
    leading = context()
    await hooked.hear(FACT, leading)
    await host.run("Note where she lives.", context(run="r2"))
    assert stored(backend) == [("profile:user:ada", FACT)]
    await hooked.end(hooked.output("Done."), leading)
    assert stored(backend) == [("profile:user:ada", FACT)]
    await host.run("The depot closes at six.", context(run="r3"))
    assert stored(backend)[1:] == [("profile:user:ada", "The depot closes at six.")]


@WAYS
async def test_members_that_are_known_only_in_a_run_keep_the_words(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    def members(run_context: RunContext) -> list[Any]:
        return [member(name) for name in memory.definition.grants]

    plain = Team(id="lead", model=ScriptedModel([]), members=members, telemetry=False)
    hooked = Hooked(memory.equip(plain, retain="said"), way)
    leading = context()
    await hooked.hear("Coder, the linter is ruff.", leading)
    leading.members = hooked.part.members(leading)  # Agno asks once the run has begun
    await hooked.end(hooked.output("Done."), leading)
    assert [bank for bank, _ in stored(backend)] == ["notes:member:coder"]


# --- what is told to whoever looks -----------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize("options", [{"retain": "said"}, {"inject": "query"}, {"inject": "query", "retain": "said"}])
async def test_a_run_without_its_memory_says_so_once_in_its_events(
    memory: TeamMemory, way: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    hooked = Hooked(memory.equip(member("host"), **options), way)
    for run in ("r1", "r2"):
        output = await hooked.run(FACT, context(None, run))
        [event] = output.events
        assert event.content.startswith("no memory in this run: ")
        assert (event.run_id, event.session_id, event.agent_id, type(event).__name__) == (
            run,
            "s1",
            "host",
            "CustomEvent",
        )
        assert event.created_at > 1_700_000_000
        assert output.metadata == {"memory_missing": event.content.removeprefix("no memory in this run: ")}
    lines = [record.getMessage() for record in caplog.records if "no memory in this run" in record.getMessage()]
    assert ["host" in line and "IdentityRequired" in line for line in lines] == [True]


@WAYS
async def test_what_a_run_had_already_stays_beside_what_it_missed(memory: TeamMemory, way: str) -> None:
    hooked = Hooked(memory.equip(member("host"), retain="said"), way)
    nobody = context(None)
    await hooked.hear(FACT, nobody)
    output = hooked.output("Fine.")
    output.events, output.metadata = ["first"], {"own": 1}
    await hooked.end(output, nobody)
    assert (output.events[0], len(output.events), set(output.metadata)) == ("first", 2, {"own", "memory_missing"})


@WAYS
async def test_the_run_of_a_team_is_told_in_an_event_of_teams(backend: SQLiteBackend, way: str) -> None:
    owned = TeamMemory("desk", banks={"own": "user"}, members={"lead": {"own": "full"}}, backend=backend)
    plain = Team(id="lead", model=ScriptedModel([]), members=[], telemetry=False)
    output = await Hooked(owned.equip(plain, inject="query"), way).run(FACT, context(None))
    [event] = output.events
    assert (event.team_id, type(event).__module__) == ("lead", "agno.run.team")


@WAYS
async def test_a_run_that_has_its_memory_says_nothing(memory: TeamMemory, way: str) -> None:
    hooked = Hooked(memory.equip(member("host"), inject="query", retain="said"), way)
    output = await hooked.run(FACT, context())
    assert (output.events, output.metadata) == (None, None)


@WAYS
async def test_what_was_found_goes_when_the_run_ends(memory: TeamMemory, way: str) -> None:
    host = memory.member("host")
    host.retain("The parcel is in Hull.", caller=host.bound(user="ada"))
    hooked = Hooked(memory.equip(member("host"), inject="query"), way)
    instructions: Any = hooked.part.instructions
    asked = context()
    await hooked.hear("Where is the parcel?", asked)
    assert "Hull" in instructions(run_context=asked)
    await hooked.end(hooked.output("In Hull."), asked)
    assert instructions(run_context=asked) == ""


@WAYS
@pytest.mark.parametrize("tool", [None, "recall_memory"])
async def test_an_answer_that_memory_gave_is_not_kept(
    memory: TeamMemory, backend: SQLiteBackend, way: str, tool: str | None
) -> None:
    host = memory.member("host")
    host.retain(ANSWER, caller=host.bound(user="ada"))
    hooked = Hooked(memory.equip(member("host"), retain="runs", inject=None if tool else "query"), way)
    used = [ToolExecution(tool_name=tool, result=ANSWER)] if tool else []
    await hooked.run("When did the parcel leave Hull?", context(), *used, answer="The parcel left at nine.")
    assert stored(backend) == [("profile:user:ada", ANSWER)]


@WAYS
async def test_what_a_tool_stored_in_the_turn_is_told_once(
    memory: TeamMemory, backend: SQLiteBackend, way: str
) -> None:
    hooked = Hooked(memory.equip(member("host"), retain="said"), way)
    [toolkit] = hooked.part.tools
    asked = context()
    await hooked.hear(FACT, asked)
    toolkit.retain_memory(asked, FACT)
    await hooked.end(hooked.output("Noted."), asked)
    [kept] = backend.list_memories("desk:profile:user:ada").memories
    assert (kept.text, kept.times_said) == (FACT, 1)
