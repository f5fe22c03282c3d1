"""The source of each input in a team's run: the user, or a member that passed the user's words on.

A team's leader hears the user. Its members are given tasks that the leader words, and the steps of a workflow after the
first are given what the step before put out; neither is what the user said. Agno tells a member nothing of this, so the
leader's pre-hook notes the user's words for as long as its run lasts, and the hooks of the members find them by the
session that they share.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, TypeAlias

Place: TypeAlias = Literal["outermost", "member", "later"]
"""Where a part stands: what the user talks to, a member of it, or a step of a workflow that something runs before."""

_NOTES = "_hindsight_teams_notes"
_WORKFLOWS_KEPT = 1024


@dataclass(slots=True, eq=False)
class Turn:
    """What the user said once, for all who work on it.

    Attributes:
        words: The user's own words; empty where nobody knows them.
        leader: Who hands tasks on; None where nobody does.
        leader_keeps: Whether the leader retains the words itself.
        stored: What tools stored while it lasted: the bank's name, and the text.
        kept: Ids of the banks that hold the words already.
        outputs: What the steps of a workflow put out.
        over: Whether it ended.
    """

    words: str
    leader: str | None = None
    leader_keeps: bool = False
    user: Any = None
    stored: list[tuple[str | None, str]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    over: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """What one run was told.

    Attributes:
        turn: The user's turn that it belongs to.
        task: What somebody else asked it to do; empty where it heard the user.
    """

    turn: Turn
    task: str = ""


class Workflows:
    """What the runs of workflows were told and put out: of all parts that one team memory equips, apart or together."""

    def __init__(self) -> None:
        self.turns: OrderedDict[tuple[Any, ...], Turn] = OrderedDict()
        self.lock = Lock()


_workflows_of: weakref.WeakKeyDictionary[Any, Workflows] = weakref.WeakKeyDictionary()


class Turns:
    """The turns of the users of one equipped team that last at this moment.

    Args:
        memory: The team memory that equips it.
    """

    def __init__(self, memory: Any) -> None:
        self._lasting: dict[str, list[tuple[weakref.ref[Any], Turn]]] = {}
        self._remarks: set[tuple[str, ...]] = set()
        self._workflows = _workflows_of.setdefault(memory, Workflows())
        self._lock = Lock()

    def __deepcopy__(self, memo: dict[int, Any]) -> Turns:
        return self

    def hear(self, words: str, run_context: Any, *, leads: str | None, keeps: bool, place: Place) -> Hearing:
        """Find out whom a run that starts listens to.

        Args:
            words: What it was told.
            run_context: Agno's context of it.
            leads: The id of the team that it leads; None for an agent.
            keeps: Whether it retains what it hears.
            place: Where the part stands in what was equipped.
        """
        user, session = getattr(run_context, "user_id", None), str(getattr(run_context, "session_id", None))
        if place == "member" and (turn := self._lasting_turn(session, user, words)):
            return Hearing(turn, "" if words == turn.words else words)
        hearing = self._in_a_workflow(words, run_context, user, place)
        if leads is not None:
            hearing.turn.leader, hearing.turn.leader_keeps = leads, keeps
            with self._lock:
                lasting = self._lasting.setdefault(session, [])
                lasting[:] = [(context, turn) for context, turn in lasting if context() and not turn.over]
                lasting.append((weakref.ref(run_context, self._forget(session)), hearing.turn))
        return hearing

    def is_new(self, remark: tuple[str, ...]) -> bool:
        """Whether a remark has not been made yet; it counts as made from now on."""
        with self._lock:
            known = remark in self._remarks
            self._remarks.add(remark)
        return not known

    def end(self, turn: Turn, run_context: Any) -> None:
        """End a turn whose outermost run is over."""
        session = str(getattr(run_context, "session_id", None))
        with self._lock:
            left = [entry for entry in self._lasting.get(session, []) if entry[1] is not turn]
            if left:
                self._lasting[session] = left
            else:
                self._lasting.pop(session, None)
        turn.over = True

    def _in_a_workflow(self, words: str, run_context: Any, user: Any, place: Place) -> Hearing:
        """A run that nobody in a team handed on: the user's own, or a step of a workflow.

        The steps share the workflow's run id. The first hears the user, and so does who is told the same; what a step
        put out is not the user's.
        """
        if not getattr(run_context, "workflow_id", None):
            return Hearing(Turn(words, user=user))
        key = (run_context.workflow_id, run_context.run_id, run_context.session_id, repr(user))
        workflows = self._workflows.turns
        with self._workflows.lock:
            turn = workflows.pop(key, None)
            if turn is None:
                turn = Turn("" if place == "later" else words, user=user)
            elif place == "outermost" and words != turn.words and words not in turn.outputs:
                turn = Turn(words, user=user)  # another run under the same id
            workflows[key] = turn
            while len(workflows) > _WORKFLOWS_KEPT:
                workflows.popitem(last=False)
        return Hearing(turn, "" if words == turn.words else words)

    def _lasting_turn(self, session: str, user: Any, words: str) -> Turn | None:
        with self._lock:
            found = [
                turn
                for context, turn in self._lasting.get(session, [])
                if context() is not None and not turn.over and turn.user in (None, user)
            ]
        verbatim = [turn for turn in found if turn.words and turn.words in words]
        candidates = verbatim or found
        return candidates[-1] if candidates else None

    def _forget(self, session: str) -> Any:
        lasting, lock = self._lasting, self._lock

        def forget(gone: weakref.ref[Any]) -> None:
            if lock.acquire(blocking=False):  # this thread may hold it; then the next turn cleans up
                try:
                    left = [entry for entry in lasting.get(session, []) if entry[0] is not gone]
                    if left:
                        lasting[session] = left
                    else:
                        lasting.pop(session, None)
                finally:
                    lock.release()

        return forget


def notes_of(run_context: Any) -> dict[Any, Any]:
    """What is kept between the steps of a run: on its own context, so that it goes when the run does.

    A run id is the caller's to choose, and two runs may carry the same; no two share a context. Its keys are a caller's
    whole identity all the same.
    """
    notes: dict[Any, Any] | None = getattr(run_context, _NOTES, None)
    if notes is None:
        notes = _Notes()
        setattr(run_context, _NOTES, notes)
    return notes


class _Notes(dict[Any, Any]):
    """Notes that a copy of a run's context shares: AgentOS copies it for hooks in the background."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Notes:
        return self
