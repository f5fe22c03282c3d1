"""The runs that are in progress around a run: those of the leaders that delegated its task.

Agno tells a member neither who leads it nor what the user said, and no context of its own says it. What called the
member's run is the leader's, so the leader's run is found among the calls that are under way. Where Agno is built in
another way than expected, none is found, and a task counts as what the user said.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from agno.run.agent import RunOutput
from agno.run.team import TeamRunOutput

_RUNNERS = ("agno.team.", "agno.agent.")


@dataclass(frozen=True, slots=True)
class Around:
    """A run that another one is made in.

    Attributes:
        run_id: Its id.
        owner: The agent or team whose run it is.
        input: What it was told.
        led: Whether its owner is a member of a team, and so was told it by a leader.
    """

    run_id: str | None
    owner: str
    input: Any
    led: bool


def runs_around(part: str) -> list[Around]:
    """The runs of others that a run of one part is made in, the innermost first.

    Of what was begun as a task of its own, as Agno does with members in an async run, those outside the task are not
    seen.
    """
    found: dict[str | None, Around] = {}
    frame = sys._getframe(1)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(_RUNNERS):
            names = frame.f_locals
            run = names.get("run_response")
            if isinstance(run, RunOutput | TeamRunOutput):
                owner = str(run.team_id if isinstance(run, TeamRunOutput) else run.agent_id)
                whole = names.get("team") or getattr(names.get("member_agent"), "_team", None) or names.get("agent")
                led = bool(getattr(whole, "parent_team_id", None) or getattr(whole, "team_id", None))
                if owner != part and not (run.run_id in found and found[run.run_id].led):
                    found[run.run_id] = Around(run.run_id, owner, run.input, led)
        frame = frame.f_back  # type: ignore[assignment]  # None is where the loop ends
    return list(found.values())
