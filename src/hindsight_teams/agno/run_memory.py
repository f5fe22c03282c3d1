"""The hooks before and after each run of one part of a team."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time
from typing import Any, TypeAlias

from agno.run.agent import CustomEvent
from agno.run.team import CustomEvent as TeamCustomEvent
from agno.run.team import TeamRunOutput

from hindsight_teams.access.grants import Caller
from hindsight_teams.agno.capture import RunRetention, recalled_in, tools_of
from hindsight_teams.agno.hooks import RunHook
from hindsight_teams.agno.injection import MemoryInjection
from hindsight_teams.agno.inputs import words_of
from hindsight_teams.agno.turns import Hearing, Place, Turns, key_of, notes_of
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.log import get_logger

_log = get_logger(__name__)

MemberRetention: TypeAlias = "tuple[RunRetention, re.Pattern[str]]"
"""A member's retention, and what calls the member by name."""

OfMembers: TypeAlias = "Callable[[Any], tuple[MemberRetention, ...]]"
"""The retentions of a team's members, for the context of a run: members that are a callable are known only in one."""


class RunMemory:
    """Memory in the runs of one agent or leader: listens and recalls before, retains after.

    Args:
        part: The agent's or team's id.
        turns: The turns of the users of what was equipped.
        place: Where the part stands in it.
        leads: Whether it is a team, which hands tasks on.
        injection: Recalls before the run; None where it may not.
        retention: Retains after the run; None where it may not.
        of_members: One of a team's members keeps what the user says where the leader may not and hands nothing on.
    """

    def __init__(
        self,
        part: str,
        turns: Turns,
        *,
        place: Place,
        leads: bool,
        injection: MemoryInjection | None,
        retention: RunRetention | None,
        of_members: OfMembers | None = None,
    ) -> None:
        self.part = part
        self.turns = turns
        self.place: Place = place
        self.leads = leads
        self.injection = injection
        self.retention = retention
        self.of_members = of_members if retention is None else None
        if leads and retention is not None:
            turns.keeps(part)

    def hooks(self) -> tuple[RunHook, RunHook]:
        """The pre-hook and the post-hook."""
        return RunHook(self.before, self.abefore, blocking=True), RunHook(self.after, self.aafter)

    def before(self, run_input: Any, run_context: Any = None) -> None:
        """Listen and recall, in a sync run."""
        self._listen(run_input, run_context)
        with self._telling_what_it_missed(run_context):
            if self.injection is not None:
                self.injection.recall(run_input, run_context)

    async def abefore(self, run_input: Any, run_context: Any = None) -> None:
        """Listen and recall, in an async run."""
        self._listen(run_input, run_context)
        with self._telling_what_it_missed(run_context):
            if self.injection is not None:
                await self.injection.arecall(run_input, run_context)

    def after(self, run_output: Any, run_context: Any = None, agent: Any = None, team: Any = None) -> None:
        """Retain, after a sync run."""
        with self._ending(run_output, run_context, agent or team) as (hearing, given):
            if retention := self.retention or self._retention_of_a_member(hearing, run_output, run_context):
                retention.retain(run_output, run_context, hearing, **given)

    async def aafter(self, run_output: Any, run_context: Any = None, agent: Any = None, team: Any = None) -> None:
        """Retain, after an async run."""
        with self._ending(run_output, run_context, agent or team) as (hearing, given):
            if retention := self.retention or self._retention_of_a_member(hearing, run_output, run_context):
                await retention.aretain(run_output, run_context, hearing, **given)

    @contextmanager
    def _ending(self, run_output: Any, run_context: Any, part: Any) -> Iterator[tuple[Hearing, dict[str, Any]]]:
        hearing, given = self._heard(run_output, run_context, part)
        try:
            with self._telling_what_it_missed(run_context):
                yield hearing, given
        finally:
            self._end(run_output, run_context, hearing)

    def _listen(self, run_input: Any, run_context: Any) -> None:
        notes = notes_of(run_context)
        hearing = self.turns.hear(self.part, words_of(run_input), run_context, leads=self.leads, place=self.place)
        self._note_addressee(hearing, run_context)
        if self.of_members and not hearing.turn.addressee:
            context = weakref.ref(run_context)
            hearing.turn.find_addressee = lambda: self._note_addressee(hearing, context())
        notes[self._key("heard", run_context)] = hearing
        notes[self._key("turn", run_context)] = hearing.turn
        notes.pop(self._key("missed", run_context), None)

    def _members(self, run_context: Any) -> tuple[MemberRetention, ...]:
        return self.of_members(run_context) if self.of_members else ()

    def _note_addressee(self, hearing: Hearing, run_context: Any) -> None:
        turn = hearing.turn
        for retention, name in self._members(run_context):
            if not hearing.task and (called := name.match(turn.words)) and retention.takes(turn.user):
                turn.addressee, turn.addressed = retention.member, turn.words[called.end() :].strip()

    def _retention_of_a_member(self, hearing: Hearing, run_output: Any, run_context: Any) -> RunRetention | None:
        """The member's retention that keeps what the user said to a team, in the user's own bank where one has it.

        None where a member that another process asked has kept it: this one sees only that it was asked.
        """
        turn = hearing.turn
        known = (*self._members(run_context), *turn.members)
        if hearing.task:
            turn.members += known
            return None
        members = [retention for retention, _ in known]
        elsewhere = [one.member for one in members if turn.leader is None and _asked(run_output, one)]
        if elsewhere and turn.addressee in (None, *elsewhere):
            return None
        members.sort(key=lambda one: (one.member != turn.addressee, not one.takes(turn.user), not one.is_the_users))
        return members[0] if members else None

    def _heard(self, run_output: Any, run_context: Any, part: Any) -> tuple[Hearing, dict[str, Any]]:
        hearing = notes_of(run_context).pop(self._key("heard", run_context), None)
        if hearing is None:
            hearing = self.turns.hear_late(self.part, run_output, run_context)
        self._note_addressee(hearing, run_context)
        if not hearing.turn.addressee and (find := hearing.turn.find_addressee):
            find()  # by now it is known whom a callable gave to the leader
        injected = self.injection.text(run_context) if self.injection is not None else ""
        hearing.turn.was_given([injected, *recalled_in(run_output)])
        answers = getattr(getattr(part, "model", None), "states_facts", True)
        for_leader = self.retention is None
        return hearing, {"answers": answers and not for_leader, "leads": self.leads, "for_leader": for_leader}

    @contextmanager
    def _telling_what_it_missed(self, run_context: Any) -> Iterator[None]:
        """Keep a reason why memory had no part in a run for the run's events, and say it once in the log."""
        try:
            yield
        except HindsightTeamsError as error:
            missed: list[str] = notes_of(run_context).setdefault(self._key("missed", run_context), [])
            if str(error) not in missed:
                missed.append(str(error))
            kind = type(error).__name__
            if self.turns.is_new((self.part, kind)):
                _log.warning("no memory in this run", member=self.part, error=kind, reason=str(error))

    def _end(self, run_output: Any, run_context: Any, hearing: Hearing) -> None:
        if self.injection is not None:
            self.injection.drop(run_context)
        if self.leads and self.place != "member":
            self.turns.end(hearing.turn, run_context)
        for reason in notes_of(run_context).pop(self._key("missed", run_context), ()):
            self._show(run_output, reason)

    def _show(self, run_output: Any, reason: str) -> None:
        kind: Any = TeamCustomEvent if isinstance(run_output, TeamRunOutput) else CustomEvent
        owner = "team_id" if isinstance(run_output, TeamRunOutput) else "agent_id"
        event = kind(
            created_at=int(time()),
            content=f"no memory in this run: {reason}",
            run_id=run_output.run_id,
            session_id=run_output.session_id,
            **{owner: self.part},
        )
        run_output.events = [*(run_output.events or ()), event]
        run_output.metadata = {**(run_output.metadata or {}), "memory_missing": reason}

    def _key(self, kind: str, run_context: Any) -> tuple[Any, ...]:
        return key_of(kind, self._caller(run_context))

    def _caller(self, run_context: Any) -> Caller:
        user, session, run = (getattr(run_context, name, None) for name in ("user_id", "session_id", "run_id"))
        return Caller(self.turns.team, self.part, user, session, run)


def _asked(run_output: Any, retention: RunRetention) -> bool:
    """Whether a team's run handed a task to the member whose retention this is, and it was done."""
    return any(
        tool.tool_name == "delegate_task_to_members" or (tool.tool_args or {}).get("member_id") == retention.member
        for tool in tools_of(run_output)
    )
