"""Agno's guardrails as checks of a write guard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hindsight_teams.access.grants import Caller
from hindsight_teams.guard.verdict import Action, Verdict, WriteAttempt

if TYPE_CHECKING:
    from agno.guardrails.base import BaseGuardrail


class AgnoCheck:
    """One of Agno's guardrails, asked about every field of a write instead of a run's input.

    Not about the ids of user, session and run: their author did not choose them, and one with a part masked is another.
    """

    def __init__(self, guardrail: BaseGuardrail, action: Action) -> None:
        self.name = type(guardrail).__name__
        self._guardrail = guardrail
        self._action: Action = action

    def __call__(self, attempt: WriteAttempt) -> Verdict | None:
        """Judge one write."""
        from agno.exceptions import InputCheckError
        from agno.run.agent import RunInput

        text = attempt.content
        for place, field in enumerate(replace(attempt, caller=Caller()).texts()):  # not its ids
            run_input = RunInput(input_content=field)
            try:
                self._guardrail.check(run_input)
            except InputCheckError as error:
                return Verdict(self._action, reason=_reason(error))
            masked = run_input.input_content_string()
            if place == 0:
                text = masked
            elif masked != field:  # a tag or an id with a part masked would be another
                return Verdict("refuse", reason=f"{self.name} found something to mask beside the content")
        if text == attempt.content:
            return None
        return Verdict("redact", reason=f"{self.name} masked some of it", text=text)


def _reason(error: Any) -> str:
    trigger = getattr(error, "check_trigger", None)
    return str(getattr(trigger, "value", None) or "Agno's guardrail found it").replace("_", " ")


def from_agno(guardrail: BaseGuardrail, *, action: Action = "quarantine") -> AgnoCheck:
    """Make a check of one of Agno's guardrails (``PromptInjectionGuardrail``, ``PIIDetectionGuardrail``, your own).

    Args:
        guardrail: A guardrail that can be asked synchronously. One that masks its input (``mask_pii=True``) redacts.
        action: What to do when it raises ``InputCheckError``.
    """
    return AgnoCheck(guardrail, action)
