"""Values that are kept with Agno's context of a run until the run ends."""

from __future__ import annotations

from typing import Any

from hindsight_teams.access.grants import Caller

_NOTES = "_hindsight_teams_notes"


def notes_of(run_context: Any) -> dict[Any, Any]:
    """What is kept between the steps of a run: on its own context, so that it goes when the run does.

    A run id is the caller's to choose, and two runs may carry the same; no two share a context. Its keys are made with
    ``key_of`` all the same. A run without a context keeps nothing.
    """
    if run_context is None:
        return {}
    notes: dict[Any, Any] | None = getattr(run_context, _NOTES, None)
    if notes is None:
        notes = _Notes()
        setattr(run_context, _NOTES, notes)
    return notes


def key_of(kind: str, caller: Caller) -> tuple[Any, ...]:
    """The key of a note of one kind: with a caller's whole identity."""
    return (kind, caller.team, caller.member, repr(caller.user), caller.session, caller.run)


class _Notes(dict[Any, Any]):
    """Notes that a copy of a run's context shares: AgentOS copies it for hooks in the background."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Notes:
        return self
