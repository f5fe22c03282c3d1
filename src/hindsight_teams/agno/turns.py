"""Find out who worded each input in a team's run: the user, or a leader or member that passed a task on.

A team's leader hears the user. Its members are given tasks that the leader words, and the steps of a workflow after the
first are given what the step before put out; neither is what the user said. Agno tells a member nothing of this, so the
leader's pre-hook notes the user's words for as long as its run lasts, and the hooks of the members find them by the
session that they share.
"""

from __future__ import annotations

import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any, Literal, TypeAlias

from agno.run.agent import RunOutput
from agno.run.team import TeamRunOutput

from hindsight_teams.access.grants import Caller
from hindsight_teams.agno.echoes import not_in
from hindsight_teams.agno.inputs import words_of

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


Place: TypeAlias = Literal["outermost", "member", "later"]
"""Where a part stands: what the user talks to, a member of it, or a step of a workflow that something runs before."""

_TURNS_KEPT = 1024
_GIVEN_KEPT = 16


@dataclass(slots=True, eq=False)
class Turn:
    """What the user said once, for all who work on it.

    Attributes:
        words: The user's own words; empty where nobody knows them.
        leader: Who hands tasks on; None where nobody does.
        leader_keeps: Whether the leader retains the words itself.
        addressee: The member that the user addressed by name; the words are its to keep.
        addressed: The words without that name.
        stored: What was stored while it lasted, by tools or of what was said: the bank's id, and the text.
        held: What of that waits for review.
        kept: Ids of the banks that hold the words already.
        outputs: What the steps of a workflow put out.
        recalled: What memory gave to those who worked on it.
        answers: What members answered and was kept.
        members: The retentions of the members that a callable gave to a team inside of the one that hears the user.
        find_addressee: Looks for the addressee once more, among members that are known only later.
        over: Whether it ended.
        lock: Held while it is decided who keeps the words: steps at once run in threads.
    """

    words: str
    leader: str | None = None
    leader_keeps: bool = False
    addressee: str | None = None
    addressed: str = ""
    user: Any = None
    stored: list[tuple[str | None, str]] = field(default_factory=list)
    held: list[tuple[str | None, str]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    recalled: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    members: list[Any] = field(default_factory=list)
    find_addressee: Callable[[], None] | None = None
    over: bool = False
    lock: Any = field(default_factory=RLock)

    def begin_to_store(self, bank_id: str | None, text: str) -> bool:
        """Note that a tool stores a text; False where it holds the user's words and the bank has it already.

        Members that are asked at once would each store them.
        """
        if bank_id is None:
            return True
        with self.lock:
            of_the_user = text and (not not_in(text, [self.words]) or not not_in(self.words, [text]))
            if of_the_user and not not_in(text, self.stored_in(bank_id)):
                return False
            self.stored.append((bank_id, text))
            return True

    def did_not_store(self, bank_id: str | None, text: str) -> None:
        """Take the note back."""
        if (bank_id, text) in self.stored:
            self.stored.remove((bank_id, text))

    def is_held(self, bank_id: str | None, text: str) -> bool:
        """Whether a text that was stored in a bank waits for review."""
        return not not_in(text, [held for its_bank, held in self.held if its_bank == bank_id])

    def was_given(self, recalled: Iterable[str]) -> None:
        """Note what memory gave to somebody who works on it; of a long turn, such as a loop, the latest."""
        with self.lock:
            self.recalled = list(dict.fromkeys([*self.recalled, *filter(None, recalled)]))[-_GIVEN_KEPT:]

    def stored_in(self, bank_id: str | None) -> tuple[str, ...]:
        """What was stored in one bank, or, for None, in any."""
        return tuple(text for its_bank, text in self.stored if bank_id in (None, its_bank) and text)


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """What one run was told.

    Attributes:
        turn: The user's turn that it belongs to.
        task: What somebody else asked it to do; empty where it heard the user.
    """

    turn: Turn
    task: str = ""


class _Shared:
    """What all parts that one team memory equips know of each other, whether they were equipped apart or together."""

    def __init__(self) -> None:
        self.turns: OrderedDict[tuple[Any, ...], Turn] = OrderedDict()
        self.keepers: set[str] = set()
        self.lock = Lock()

    def turn(self, key: tuple[Any, ...], new: Turn) -> Turn:
        """The turn of this key, which is the new one where there was none; the oldest are dropped."""
        with self.lock:
            turn = self.turns.pop(key, new)
            self.turns[key] = turn
            while len(self.turns) > _TURNS_KEPT:
                self.turns.popitem(last=False)
        return turn


_shared_by: weakref.WeakKeyDictionary[Any, _Shared] = weakref.WeakKeyDictionary()


class Turns:
    """The turns of the users of one equipped team that last at this moment.

    Args:
        memory: The team memory that equips it.
    """

    def __init__(self, memory: Any) -> None:
        self.team: str = memory.team_id
        self._lasting: dict[str, list[tuple[weakref.ref[Any], Turn]]] = {}
        self._remarks: set[tuple[str, ...]] = set()
        self._shared = _shared_by.setdefault(memory, _Shared())
        self._lock = Lock()

    def keeps(self, leader: str) -> None:
        """Note that a leader retains what it hears."""
        self._shared.keepers.add(leader)

    def __deepcopy__(self, memo: dict[int, Any]) -> Turns:
        return self

    def hear(self, part: str, words: str, run_context: Any, *, leads: bool, place: Place) -> Hearing:
        """Find out whom a run that starts listens to."""
        user, session = getattr(run_context, "user_id", None), str(getattr(run_context, "session_id", None))
        if place == "member" and (turn := self._lasting_turn(session, user, words)):
            return Hearing(turn, "" if words == turn.words else words)
        if around := runs_around(part):
            hearing = self._handed_on(words, around, run_context)
        else:
            hearing = self._in_a_workflow(words, run_context, user, place)
        if leads:
            hearing.turn.leader, hearing.turn.leader_keeps = part, part in self._shared.keepers
            with self._lock:
                lasting = self._lasting.setdefault(session, [])
                lasting[:] = [(context, turn) for context, turn in lasting if context() and not turn.over]
                lasting.append((weakref.ref(run_context, self._forget(session)), hearing.turn))
            if not getattr(run_context, "workflow_id", None):
                self._turn_of_run(getattr(run_context, "run_id", None), hearing.turn, run_context)
        return hearing

    def hear_late(self, part: str, run_output: Any, run_context: Any) -> Hearing:
        """Find out what a run was told whose start nobody here saw, such as one that another process began."""
        words = words_of(getattr(run_output, "input", None))
        if around := runs_around(part):
            return self._handed_on(words, around, run_context)
        user = getattr(run_context, "user_id", None)
        if getattr(run_output, "parent_run_id", None):
            return Hearing(Turn("", user=user), words)
        return Hearing(self._turn_of_run(run_output.run_id, Turn(words, user=user), run_context))

    def _handed_on(self, words: str, around: Sequence[Around], run_context: Any) -> Hearing:
        """A run that was given its task by the innermost of the runs around it."""
        leader, outermost = around[0].owner, around[-1]
        unknown = outermost.led or getattr(run_context, "workflow_id", None)
        new = Turn("" if unknown else words_of(outermost.input), user=getattr(run_context, "user_id", None))
        turn = self._turn_of_run(outermost.run_id, new, run_context)
        turn.leader, turn.leader_keeps = turn.leader or leader, leader in self._shared.keepers
        return Hearing(turn, "" if words == turn.words else words)

    def _turn_of_run(self, run_id: str | None, new: Turn, run_context: Any) -> Turn:
        """The turn of an outermost run, the same for all who work on it."""
        user, session = getattr(run_context, "user_id", None), getattr(run_context, "session_id", None)
        key = (run_id, repr(user), session)
        turn = self._shared.turn(key, new)
        if new.words and new.words != turn.words:
            turn = self._shared.turns[key] = new  # another run under the same id
        return turn

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
        turn.over, turn.find_addressee = True, None
        turn.recalled = []

    def _in_a_workflow(self, words: str, run_context: Any, user: Any, place: Place) -> Hearing:
        """A run that nobody in a team handed on: the user's own, or a step of a workflow.

        The steps share the workflow's run id. The first hears the user, and so does who is told the same; what a step
        put out is not the user's.
        """
        if not getattr(run_context, "workflow_id", None):
            return Hearing(Turn(words, user=user))
        key = (run_context.workflow_id, run_context.run_id, run_context.session_id, repr(user))
        new = Turn("" if place == "later" else words, user=user)
        turn = self._shared.turn(key, new)
        if turn is not new and place == "outermost" and words != turn.words and words not in turn.outputs:
            turn = self._shared.turns[key] = new  # another run under the same id
        return Hearing(turn, "" if words == turn.words else words)

    def _lasting_turn(self, session: str, user: Any, words: str) -> Turn | None:
        with self._lock:
            found = [
                turn
                for context, turn in self._lasting.get(session, [])
                if context() is not None and not turn.over and turn.user == user
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


def turn_of(run_context: Any, caller: Caller) -> Turn:
    """The turn that a run of a caller belongs to; one without words where nobody noted it."""
    turn: Turn | None = notes_of(run_context).get(key_of("turn", caller))
    return turn or Turn("")


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
