"""The agents and teams in a workflow's steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agno.agent import Agent
from agno.team import Team
from agno.workflow import Condition, Loop, Parallel, Router, Step, Steps, Workflow

__all__ = ["Workflow", "steps_of"]


def steps_of(workflow: Workflow) -> Iterator[tuple[Agent | Team, bool]]:
    """Each agent and team that is a step, once, and whether it may be the first that is given the user's words.

    All other steps are given what a step before them put out. Workflows inside are walked too.
    """
    seen: set[int] = set()
    for part, first in _walk(workflow.steps, first=True):
        if id(part) not in seen:
            seen.add(id(part))
            yield part, first


def _walk(step: Any, *, first: bool) -> Iterator[tuple[Agent | Team, bool]]:
    if isinstance(step, Agent | Team):
        yield step, first
    elif isinstance(step, Workflow):
        yield from _walk(step.steps, first=first)
    elif isinstance(step, Step):
        for part in (step.agent, step.team, step.workflow):
            yield from _walk(part, first=first)
    elif isinstance(step, Parallel):
        for one in _as_sequence(step.steps):
            yield from _walk(one, first=first)
    elif isinstance(step, Condition):
        for branch in (step.steps, step.else_steps):
            yield from _walk(branch, first=first)
    elif isinstance(step, Router):
        for choice in _as_sequence(step.choices):
            yield from _walk(choice, first=first)
    elif isinstance(step, Loop | Steps):
        yield from _walk(step.steps, first=first)
    elif isinstance(step, Sequence) and not isinstance(step, str):
        for position, one in enumerate(step):
            yield from _walk(one, first=first and position == 0)


def _as_sequence(steps: Any) -> Sequence[Any]:
    return steps if isinstance(steps, Sequence) else ()
