from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hindsight_recipes import get_recipe, list_recipes
from hindsight_teams import SQLiteBackend
from hindsight_teams.testing import OFFLINE_MARKER

from .conftest import Play

NAMES = [recipe.name for recipe in list_recipes()]

ONE_PHASE = """
import sys
from hindsight_recipes import get_recipe
for step, events in get_recipe(sys.argv[1]).play([sys.argv[2]]):
    *_, last = events
    print(step.problems(str(last.content)) or "ok")
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_script_runs_offline_and_every_answer_is_right(play: Play, name: str) -> None:
    answers = play(name)
    assert len(answers) == len(get_recipe(name).script)
    assert all(answer.startswith(OFFLINE_MARKER) for _, answer in answers)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
async def test_every_team_runs_async(backend: SQLiteBackend, name: str) -> None:
    recipe = get_recipe(name)
    for step in recipe.script:
        team = recipe.team(memory=recipe.memory(backend=backend, **step.options))
        result = await team.arun(step.prompt, user_id=step.user_id)
        assert step.problems(str(result.content)) == [], step.title


@pytest.mark.slow
def test_phases_in_separate_processes_are_connected_by_memory_alone(tmp_path: Path) -> None:
    environment = {**os.environ, "HINDSIGHT_TEAMS_DB": str(tmp_path / "memory.db")}

    def run(phase: str) -> set[str]:
        command = [sys.executable, "-W", "ignore", "-c", ONE_PHASE, "researcher_answerer", phase]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.splitlines())

    assert "ok" not in run("answer")
    assert run("research") == {"ok"}
    assert run("answer") == {"ok"}


@pytest.mark.slow
def test_a_streamed_step_shows_who_called_which_memory_tool(backend: SQLiteBackend) -> None:
    calls = []
    for _, events in get_recipe("researcher_answerer").play(backend=backend):
        for event in events:
            if event.event == "ToolCallCompleted":
                calls.append((event.agent_id, event.tool.tool_name))
    assert set(calls) == {
        ("researcher", "retain_memory"),
        ("answerer", "recall_memory"),
        ("answerer", "reflect_on_memory"),
    }
    assert calls.count(("researcher", "retain_memory")) == 45
