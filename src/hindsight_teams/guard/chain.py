"""The chain of checks that each retain passes."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Collection, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hindsight_teams.access.grants import Caller, GuardRules
from hindsight_teams.errors import ConfigurationError, did_you_mean
from hindsight_teams.guard.instructions import check_instructions
from hindsight_teams.guard.limits import MAX_CHARACTERS, WRITES_PER_MINUTE, Oversize, TooManyWrites
from hindsight_teams.guard.secrets import check_codes, check_secrets
from hindsight_teams.guard.structure import check_structure
from hindsight_teams.guard.verdict import ACTIONS, Action, Check, Verdict, WriteAttempt, name_of
from hindsight_teams.log import get_logger
from hindsight_teams.models import check_choice
from hindsight_teams.requests.driver import adrive, drive

_logger = get_logger(__name__)

_LONGEST_REASON = 300
_INLINE = 2_000
"""Characters up to which a synchronous check runs on the event loop: it takes about a millisecond."""


def log_hit(verdict: Verdict, bank: str | None, caller: Caller) -> None:
    """Log what a guard found in a write that it did not refuse; whoever asked the guard knows whether to."""
    if verdict.action not in ("allow", "refuse"):
        given = {"action": verdict.action, "reason": verdict.reason, "bank": bank}
        _logger.warning("the write guard found something", **given, team=caller.team, member=caller.member)


def default_checks(
    *, max_characters: int | None = MAX_CHARACTERS, writes_per_minute: int | None = WRITES_PER_MINUTE
) -> list[Check]:
    """The checks of a guard that is given none; ``None`` leaves a limit out."""
    checks: list[Check] = []
    if max_characters is not None:
        checks.append(Oversize(max_characters))
    if writes_per_minute is not None:
        checks.append(TooManyWrites(writes_per_minute))
    return [*checks, check_secrets, check_codes, check_structure, check_instructions]


class Guard:
    """Checks that run in order over what is to be retained; the strictest verdict holds.

    A check that redacts hands the redacted text to the next. The first refusal ends the chain. A check that raises, or
    answers with anything but a verdict, refuses: nothing unchecked is ever stored.

    What a check would quarantine is only marked where the author is trusted and the words are its own. Words of others
    are never only marked: what a check would mark is quarantined.

    Args:
        checks: Callables that take a ``WriteAttempt`` and give a ``Verdict`` or None; ``default_checks()`` when left
            out. Coroutine functions work with ``ainspect`` only.
        on_hit: What to do with a hit instead of what the check says: for all checks that would quarantine or refuse, or
            for single ones by name, such as ``{"secrets": "refuse"}``.
        trusted: Members whose suspicious notes are marked instead of quarantined.
        untrusted: Members who pass on what others wrote, such as one that reads web pages: whatever they retain counts
            as the words of others.

    Raises:
        ConfigurationError: A check that can't be called, an unknown name or action in ``on_hit``, or a member that is
            both trusted and untrusted.
    """

    def __init__(
        self,
        checks: Sequence[Check] | None = None,
        *,
        on_hit: Action | Mapping[str, Action] | None = None,
        trusted: Collection[str] = (),
        untrusted: Collection[str] = (),
    ) -> None:
        self.checks: tuple[Check, ...] = tuple(default_checks() if checks is None else checks)
        for check in self.checks:
            if not callable(check):
                raise ConfigurationError(f"the guard's check {check!r} can't be called; give a function")
        names = [name_of(check) for check in self.checks]
        by_name = on_hit if isinstance(on_hit, Mapping) else {}
        for name in by_name:
            if name not in names:
                raise ConfigurationError(f"on_hit names the check {name!r}; {did_you_mean(name, names)}")
        for action in by_name.values() if isinstance(on_hit, Mapping) else [on_hit] if on_hit else []:
            check_choice("on_hit", action, ACTIONS)
        if both := frozenset(trusted) & frozenset(untrusted):
            raise ConfigurationError(f"the guard can't both trust and distrust {sorted(both)}; name each once")
        self.trusted = frozenset(trusted)
        self.untrusted = frozenset(untrusted)
        self._by_name: Mapping[str, Action] = by_name
        self._for_all: Action | None = on_hit if isinstance(on_hit, str) else None

    @classmethod
    def of(cls, rules: GuardRules) -> Guard:
        """The default checks under the rules of a team."""
        return cls(on_hit=rules.actions, trusted=rules.trusted, untrusted=rules.untrusted)

    def inspect(self, attempt: WriteAttempt) -> Verdict:
        """Judge one write.

        Returns:
            A verdict whose ``attempt`` is what to store, unless its action is ``refuse``.
        """

        def do(step: tuple[Check, WriteAttempt]) -> Any:
            check, left = step
            answer = check(left)
            if inspect.iscoroutine(answer):
                answer.close()
            if inspect.isawaitable(answer):
                raise TypeError("an asynchronous check works only with the asynchronous methods")
            return answer

        return drive(self._steps(attempt), do)

    async def ainspect(self, attempt: WriteAttempt) -> Verdict:
        """Judge one write; checks may be coroutine functions. A long text is judged in a thread."""
        in_a_thread = attempt.size > _INLINE

        async def do(step: tuple[Check, WriteAttempt]) -> Any:
            check, left = step
            answer = await asyncio.to_thread(check, left) if in_a_thread else check(left)
            return await answer if isinstance(answer, Awaitable) else answer

        return await adrive(self._steps(attempt), do)

    def _steps(self, attempt: WriteAttempt) -> Generator[tuple[Check, WriteAttempt], Any, Verdict]:
        """Yield each check with what it is to judge, take its answer or its exception, and end with the verdict."""
        if attempt.caller.member in self.untrusted:
            attempt = replace(attempt, source="others")
        strictest: Action = "allow"
        reasons: list[str] = []
        notes: list[str] = []
        marks: list[str] = []
        decided: str | None = None
        for check in self.checks:
            name = name_of(check)
            try:
                answer = yield check, attempt
            except Exception as error:  # whatever a check raises: it refuses
                answer = error
            verdict = self._read(answer, name, attempt)
            if verdict is None:
                continue
            if verdict.action == "refuse":
                return verdict
            if verdict.attempt is not None:
                attempt = verdict.attempt
            if verdict.text is not None:
                attempt = replace(attempt, content=verdict.text)
            if verdict.reason:
                reasons.append(verdict.reason)
            if verdict.action == "redact":
                notes.append(verdict.reason)
            if verdict.action == "mark":
                marks.append(name)
                notes.append(f"it is marked as suspicious wherever it is recalled: {verdict.reason}")
            if ACTIONS.index(verdict.action) > ACTIONS.index(strictest):
                strictest, decided = verdict.action, name
        return Verdict(
            strictest,
            reason="; ".join(reasons)[:_LONGEST_REASON],
            text=attempt.content,
            check=decided,
            attempt=attempt,
            marks=tuple(marks),
            notes=tuple(filter(None, notes)),
        )

    def _read(self, answer: Any, name: str, attempt: WriteAttempt) -> Verdict | None:
        """A check's answer as a verdict with the guard's own actions; None when there is nothing to say."""
        if answer is None:
            return None
        if not isinstance(answer, Verdict) or answer.action not in ACTIONS:
            error = answer if isinstance(answer, Exception) else TypeError(f"it answered {type(answer).__name__}")
            _logger.error("guard check failed", check=name, error=type(error).__name__)
            return Verdict(
                "refuse", reason=f"the check {name!r} failed, and nothing goes unchecked", check=name, cause=error
            )
        found: Verdict = answer
        if found.action == "allow":
            return None
        action: Action = self._by_name.get(name) or found.action
        if self._for_all is not None and found.action != "redact":
            action = self._for_all
        chosen = name in self._by_name or self._for_all is not None
        if attempt.private and not chosen:
            action = found.if_private or action
        if action == "allow":
            return None
        if action == "redact" and found.text is None and found.attempt is None:
            action = "quarantine"  # there is nothing redacted to store
        if not chosen and attempt.source == "author" and attempt.caller.member in self.trusted:
            action = found.if_trusted or ("mark" if action == "quarantine" else action)
        if action == "mark" and found.action == "redact":
            if attempt.source == "others" or found.if_trusted != "mark":
                action = "redact"  # a mark does not take a secret out
            else:  # it is stored as it was told
                found = replace(found, attempt=None, text=None, reason=f"holds {name}")
        elif action == "mark" and attempt.source == "others":
            action = found.if_others or "quarantine"
        return replace(found, action=action, reason=str(found.reason)[:_LONGEST_REASON], check=name)
