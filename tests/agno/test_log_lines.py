"""What fails in a run is one line in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.run.base import RunContext

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.agno.injection import InjectionBudget, MemoryInjection
from hindsight_teams.audit import AuditEvent, AuditSink
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import ServerFault
from hindsight_teams.testing import ScriptedModel, call
from tests.agno.test_capture import FACT, go


class Broken(DelegatingBackend):
    """A backend that can do nothing at this moment."""

    def execute(self, request: Any) -> Any:
        raise ServerFault("the server failed")

    async def aexecute(self, request: Any) -> Any:
        raise ServerFault("the server failed")


class Kept:
    """A sink of the application's own, which does not log."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Broken]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        yield Broken(backend)


class Silent(DelegatingBackend):
    """A backend that never answers."""

    async def aexecute(self, request: Any) -> Any:
        await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("audit", [None, Kept()], ids=["default", "own"])
def test_an_async_recall_that_takes_too_long_is_one_line(
    broken: Broken, audit: AuditSink | None, caplog: pytest.LogCaptureFixture
) -> None:
    silent = Silent(broken.inner)
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=silent, audit=audit)
    clerk = Agent(id="clerk", model=ScriptedModel(["Fine."]), telemetry=False)
    equipped = memory.equip(clerk, inject="query", inject_budget=InjectionBudget(max_seconds=0.01))
    with caplog.at_level(logging.WARNING):
        output = go(equipped, "arun", FACT)
    assert output.content == "Fine."
    [line] = [record.getMessage() for record in caplog.records]
    assert "recall took too long" in line


def test_a_run_that_is_cancelled_while_it_recalls_is_cancelled(broken: Broken) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=Silent(broken.inner))
    injection = MemoryInjection(memory.member("clerk"))

    async def cancelled() -> None:
        context = RunContext(run_id="r", session_id="s", user_id="ada")
        async with asyncio.timeout(0.01):
            await injection.arecall(FACT, context)

    with pytest.raises(TimeoutError):
        asyncio.run(cancelled())


@pytest.mark.parametrize("audit", [None, Kept()], ids=["default", "own"])
@pytest.mark.parametrize("way", ["run", "arun"])
@pytest.mark.parametrize("options", [{"inject": "query"}, {"retain": "said"}], ids=["recall", "retain"])
def test_a_call_that_fails_in_a_run_is_one_line(
    broken: Broken, audit: AuditSink | None, way: str, options: Any, caplog: pytest.LogCaptureFixture
) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=broken, audit=audit)
    clerk = Agent(id="clerk", model=ScriptedModel(["Fine."]), telemetry=False)
    with caplog.at_level(logging.WARNING):
        output = go(memory.equip(clerk, **options), way, FACT)
    assert output.content == "Fine."
    [line] = [record.getMessage() for record in caplog.records]
    assert "the server failed" in line


@pytest.mark.parametrize("way", ["run", "arun"])
def test_a_tool_that_fails_tells_the_model_in_a_sentence_and_logs_no_traceback(
    broken: Broken, way: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=broken)
    model = ScriptedModel([call("recall_memory", query="Where does Ada live?"), "Fine."])
    with caplog.at_level(logging.WARNING):
        output = go(memory.equip(Agent(id="clerk", model=model, telemetry=False)), way, "Where do I live?")
    [tool] = output.tools or []
    assert (tool.tool_call_error, tool.result, output.content) == (True, "the server failed", "Fine.")
    assert [record.exc_info for record in caplog.records if record.name.startswith("hindsight")] == [None]
    assert "Traceback" not in "".join(capfd.readouterr())
