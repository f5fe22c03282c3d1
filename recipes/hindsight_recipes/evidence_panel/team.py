"""An evidence panel: collectors who only write, judges who only reflect, and a chair who records the verdict."""

from __future__ import annotations

from pathlib import Path

from agno.agent import Agent
from agno.models.base import Model
from agno.team import Team
from agno.team.mode import TeamMode

from hindsight_teams import MemoryBackend, TeamMemory
from hindsight_teams.testing import OfflineModel

TEAM_TOML = Path(__file__).with_name("team.toml")

COLLECT = "Retain each finding by itself, with its date, numbers and source, for or against. Draw no conclusion."
JUDGE = "Reflect on the evidence, then say what it supports, what speaks against it, and how strong it is. Add nothing."


def shared_memory(backend: MemoryBackend | None = None) -> TeamMemory:
    """The memory that team.toml declares, on the given backend or the one that the settings choose."""
    return TeamMemory.from_file(TEAM_TOML, backend=backend)


def team(model: Model | str | None = None, memory: TeamMemory | None = None) -> Team:
    """The team with its memory tools.

    Args:
        model: An Agno model, or a string such as "openai:gpt-4o-mini"; None for the offline stand-in.
        memory: None for the memory that team.toml declares.
    """
    model = model or OfflineModel()
    collectors = [
        Agent(
            id="field-collector",
            name="Field collector",
            role="Collects observations from the field",
            model=model,
            instructions=COLLECT,
        ),
        Agent(
            id="archive-collector",
            name="Archive collector",
            role="Collects figures from reports and registers",
            model=model,
            instructions=COLLECT,
        ),
    ]
    judges = [
        Agent(id="epidemiologist", name="Epidemiologist", role="Judges cause and effect", model=model),
        Agent(id="statistician", name="Statistician", role="Judges the numbers and their comparison", model=model),
        Agent(id="sceptic", name="Sceptic", role="Judges what speaks against the claim", model=model),
    ]
    for judge in judges:
        judge.instructions = JUDGE
    chair = Team(
        id="chair",
        name="Chair",
        role="Puts a question to the judges and states their common view; records verdicts",
        model=model,
        mode=TeamMode.broadcast,
        members=[*judges],
        instructions="Put each question to all judges and state what they agree on. Retain a verdict when told to.",
        add_member_tools_to_context=True,
    )
    panel = Team(
        id="evidence-panel",
        name="Evidence panel",
        model=model,
        members=[*collectors, chair],
        instructions="Evidence goes to the collectors, questions and verdicts to the chair. Pass them on unchanged.",
        add_member_tools_to_context=True,
    )
    return (memory or shared_memory()).equip(panel, retain="said")
