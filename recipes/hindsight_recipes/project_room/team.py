"""Project rooms: one bank for each project, shared by the members of nested teams and by a workflow's step."""

from __future__ import annotations

from pathlib import Path

from agno.agent import Agent
from agno.models.base import Model
from agno.team import Team
from agno.workflow import Step, Workflow

from hindsight_teams import MemoryBackend, TeamMemory
from hindsight_teams.testing import OfflineModel

TEAM_TOML = Path(__file__).with_name("team.toml")

WORK = "Retain what you find out, one fact at a time, with its date. Recall before you answer, and add nothing."
REPORT = "Answer from a reflection on the project's room. Say so when the room does not know."


def shared_memory(backend: MemoryBackend | None = None, *, project: str = "voyager") -> TeamMemory:
    """The memory that team.toml declares, with the room of one project."""
    return TeamMemory.from_file(TEAM_TOML, backend=backend, variables={"project": project})


def team(model: Model | str | None = None, memory: TeamMemory | None = None, *, project: str = "voyager") -> Team:
    """The team with its memory tools, in the room of one project.

    Args:
        model: An Agno model, or a string such as "openai:gpt-4o-mini"; None for the offline stand-in.
        memory: A memory whose project is already bound; None for ``shared_memory(project=project)``.
        project: Whose room it works in.
    """
    model = model or OfflineModel()

    def member(id: str, role: str, instructions: str = WORK) -> Agent:
        return Agent(id=id, name=id.replace("-", " ").capitalize(), role=role, model=model, instructions=instructions)

    engineering = Team(
        id="engineering",
        name="Engineering",
        role="Launch, trajectory, power and repair",
        model=model,
        members=[
            member("launch-engineer", "Launches, trajectories, servicing and repair"),
            member("power-engineer", "Power, mirrors, instruments and their condition"),
        ],
        add_member_tools_to_context=True,
    )
    science = Team(
        id="science",
        name="Science",
        role="Images, measurements and discoveries",
        model=model,
        members=[
            member("imaging-scientist", "Images and what they show"),
            member("fields-scientist", "Particles, fields and other measurements"),
        ],
        add_member_tools_to_context=True,
    )
    control = Team(
        id="mission-control",
        name="Mission control",
        model=model,
        members=[engineering, science, member("liaison", "Reports to the public", REPORT)],
        instructions="Findings and questions go to the team whose field they are in, unchanged.",
        add_member_tools_to_context=True,
    )
    # The leader has memory in every run: a weak model may answer by itself instead of delegating.
    return (memory or shared_memory(project=project)).equip(control, inject="query", retain="said", retain_bank="room")


def briefing(
    model: Model | str | None = None, memory: TeamMemory | None = None, *, project: str = "voyager"
) -> Workflow:
    """A workflow whose one step reflects on the same room, with the liaison's rights."""
    memory = memory or shared_memory(project=project)
    liaison = Agent(
        id="liaison",
        name="Liaison",
        model=model or OfflineModel(),
        instructions=REPORT,
        tools=[memory.tools("liaison")],
    )
    return Workflow(id="briefing", name="Briefing", steps=[Step(name="report", agent=liaison)])
