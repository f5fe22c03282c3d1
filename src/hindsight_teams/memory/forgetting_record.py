"""The audit event of a forgetting: the selection, its user, who asked, and the number deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from hindsight_teams.access.grants import Caller
from hindsight_teams.audit import AuditEvent, AuditSink, Outcome, trail_of
from hindsight_teams.errors import AuditFailed
from hindsight_teams.memory.recording import reason_of
from hindsight_teams.models import Memory

if TYPE_CHECKING:
    from hindsight_teams.memory.forgetting import Selection


class ForgettingRecord:
    """Records one forgetting, or one dry run, which shows texts and is a reading.

    Its events carry the user, the session and the run that were selected, so that asking the audit about a user tells
    that the user was forgotten.

    Args:
        sink: Where events go; None for nowhere.
        team_id: The team.
        selection: What was selected.
        actor: Who asked.
        dry_run: It is a dry run.
    """

    def __init__(
        self, sink: AuditSink | None, team_id: str, selection: Selection, actor: str | None, *, dry_run: bool
    ) -> None:
        self._trail = trail_of(sink)
        self._caller = Caller(team=team_id, user=selection.user, session=selection.session, run=selection.run)
        self._selection = str(selection)
        self._actor = actor
        self._verb = "preview" if dry_run else "forget"
        self._started = time.perf_counter()

    def begun(self) -> None:
        """Record that it begins, where calls that can't be recorded are refused.

        Raises:
            AuditFailed: It can't be recorded.
        """
        if self._trail is not None and self._trail.strict:
            self._tell("begun", None, ())

    def of(self, bank_id: str | None, memories: Sequence[Memory], error: BaseException | None = None) -> None:
        """Record what went from one bank, or was shown of it; with None for a bank that nothing was found."""
        if error is None:
            self._tell("allowed", bank_id, memories)
            return
        with suppress(AuditFailed):
            self._tell("error", bank_id, memories, error)

    def failed(self, error: BaseException) -> None:
        """Record that it was broken off."""
        with suppress(AuditFailed):
            self._tell("error", None, (), error)

    def _tell(
        self, outcome: Outcome, bank_id: str | None, memories: Sequence[Memory], error: BaseException | None = None
    ) -> None:
        if self._trail is None:
            return
        said = f"{self._selection}: {reason_of(error)}" if error else self._selection
        self._trail.record(
            AuditEvent.by(
                self._caller,
                self._verb,
                outcome,
                actor=self._actor,
                bank_id=bank_id,
                count=len(memories),
                memory_ids=tuple(memory.id for memory in memories),
                duration_ms=(time.perf_counter() - self._started) * 1e3,
                error=type(error).__name__ if error else None,
                reason=said,
            )
        )
