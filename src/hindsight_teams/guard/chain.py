"""The chain of checks that each retain passes."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Generator, Mapping, Sequence
from typing import Any, cast

from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import ConfigurationError, did_you_mean
from hindsight_teams.guard.limits import MAX_CHARACTERS, WRITES_PER_MINUTE, Oversize, TooManyWrites, check_secrets
from hindsight_teams.guard.orders import check_instructions
from hindsight_teams.guard.verdict import ACTIONS, Action, Check, Verdict, WriteAttempt, name_of
from hindsight_teams.log import get_logger
from hindsight_teams.models import check_choice

_logger = get_logger(__name__)
_Answer = "Verdict | None | Exception"


def default_checks(
    *, max_characters: int | None = MAX_CHARACTERS, writes_per_minute: int | None = WRITES_PER_MINUTE
) -> list[Check]:
    """The checks of a guard that is given none; ``None`` leaves a limit out."""
    checks: list[Check] = []
    if max_characters is not None:
        checks.append(Oversize(max_characters))
    if writes_per_minute is not None:
        checks.append(TooManyWrites(writes_per_minute))
    return [*checks, check_secrets, check_instructions]


class Guard:
    """Checks that run in order over what is to be retained; the strictest verdict holds.

    A check that redacts hands the redacted text to the next. The first refusal ends the chain. A check that raises, or
    answers with anything but a verdict, refuses: nothing unchecked is ever stored.

    Args:
        checks: Callables that take a ``WriteAttempt`` and give a ``Verdict`` or None; ``default_checks()`` when left
            out. Coroutine functions work with ``ainspect`` only.
        on_hit: What to do with a hit instead of what the check says: for all checks that would quarantine or refuse, or
            for single ones by name, such as ``{"secrets": "refuse"}``.

    Raises:
        ConfigurationError: A check that can't be called, or an unknown name or action in ``on_hit``.
    """

    def __init__(
        self, checks: Sequence[Check] | None = None, *, on_hit: Action | Mapping[str, Action] | None = None
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
        self._by_name: Mapping[str, Action] = by_name
        self._for_all: Action | None = on_hit if isinstance(on_hit, str) else None

    def inspect(
        self,
        content: str,
        *,
        caller: Caller,
        bank: str | None = None,
        context: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Judge one write.

        Returns:
            A verdict whose ``text`` is what to store, unless its action is ``refuse``.
        """
        steps = self._steps(WriteAttempt(content, caller, bank, context, tags, metadata or {}))
        answer: Any = None
        while True:
            try:
                check, attempt = steps.send(answer)
            except StopIteration as end:
                return cast("Verdict", end.value)
            try:
                answer = check(attempt)
                if inspect.iscoroutine(answer):
                    answer.close()
                if inspect.isawaitable(answer):
                    answer = TypeError("an asynchronous check works only with the asynchronous methods")
            except Exception as error:
                answer = error

    async def ainspect(
        self,
        content: str,
        *,
        caller: Caller,
        bank: str | None = None,
        context: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Judge one write; checks may be coroutine functions."""
        steps = self._steps(WriteAttempt(content, caller, bank, context, tags, metadata or {}))
        answer: Any = None
        while True:
            try:
                check, attempt = steps.send(answer)
            except StopIteration as end:
                return cast("Verdict", end.value)
            try:
                answer = check(attempt)
                if isinstance(answer, Awaitable):
                    answer = await answer
            except Exception as error:
                answer = error

    def _steps(self, attempt: WriteAttempt) -> Generator[tuple[Check, WriteAttempt], Any, Verdict]:
        """Yield each check with what it is to judge, take its answer (or exception), and end with the verdict."""
        strictest: Action = "allow"
        reasons: list[str] = []
        decided: str | None = None
        text = attempt.content
        for check in self.checks:
            answer = yield check, _with_content(attempt, text)
            verdict = self._read(answer, name_of(check))
            if verdict is None:
                continue
            if verdict.action == "refuse":
                return verdict
            if verdict.text is not None:
                text = verdict.text
            if verdict.reason:
                reasons.append(verdict.reason)
            if ACTIONS.index(verdict.action) > ACTIONS.index(strictest):
                strictest, decided = verdict.action, name_of(check)
        return Verdict(strictest, reason="; ".join(reasons), text=text, check=decided)

    def _read(self, answer: Any, name: str) -> Verdict | None:
        """A check's answer as a verdict with the guard's own actions; None when there is nothing to say."""
        if answer is None:
            return None
        if not isinstance(answer, Verdict) or answer.action not in ACTIONS:
            error = answer if isinstance(answer, Exception) else TypeError(f"it answered {type(answer).__name__}")
            _logger.error("guard check failed", check=name, error=repr(error))
            return Verdict(
                "refuse", reason=f"the check {name!r} failed, and nothing goes unchecked", check=name, cause=error
            )
        if answer.action == "allow":
            return None
        action = self._by_name.get(name) or answer.action
        if self._for_all is not None and answer.action != "redact":
            action = self._for_all
        if action == "allow":
            return None
        if action == "redact" and answer.text is None:
            action = "quarantine"  # there is nothing redacted to store
        return Verdict(action, answer.reason, answer.text, name, answer.cause)


def _with_content(attempt: WriteAttempt, content: str) -> WriteAttempt:
    if content is attempt.content:
        return attempt
    return WriteAttempt(content, attempt.caller, attempt.bank, attempt.context, attempt.tags, attempt.metadata)
