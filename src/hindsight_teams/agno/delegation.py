"""Which runs are under way around the one that starts: those of whoever handed it its task.

Agno tells a member neither who leads it nor what the user said, and no context of its own says it. What called the
member's run is the leader's, so the leader's run is found among the calls that are under way. Where Agno is built in
another way than expected, none is found, and a task counts as what the user said.
"""

from __future__ import annotations

import sys
from typing import TypeAlias

from agno.run.agent import RunOutput
from agno.run.team import TeamRunOutput

Run: TypeAlias = RunOutput | TeamRunOutput

_RUNNERS = ("agno.team.", "agno.agent.")


def owner_of(run: Run) -> str | None:
    """The id of the agent or team whose run it is."""
    return run.team_id if isinstance(run, TeamRunOutput) else run.agent_id


def runs_around(part: str) -> list[Run]:
    """The runs of others that a run of one part is made in, the innermost first."""
    found: dict[str | None, Run] = {}
    frame = sys._getframe(1)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(_RUNNERS):
            run = frame.f_locals.get("run_response")
            if isinstance(run, Run) and owner_of(run) != part:
                found.setdefault(run.run_id, run)
        frame = frame.f_back  # type: ignore[assignment]  # None is where the loop ends
    return list(found.values())
