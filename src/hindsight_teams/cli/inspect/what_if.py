"""A trial: the memories that a member would recall for a user, with reasons, and those that it would not get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.cli.inspect.memories_view import plain
from hindsight_teams.cli.inspect.subject import Subject
from hindsight_teams.errors import AccessDenied, HindsightTeamsError, IdentityRequired, InvalidInput
from hindsight_teams.memory.rendering import render_recall
from hindsight_teams.models import Memory, RecallResult, check_max_tokens
from hindsight_teams.text import estimate

_LEFT_OUT = 20

Why = Literal["scope", "right", "limit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A question, and in whose place it is asked."""

    member: str
    query: str
    user: str | None = None
    session: str | None = None
    max_tokens: int | None = None

    @classmethod
    def read(cls, values: Any) -> Trial:
        """A trial from the page's form.

        Raises:
            InvalidInput: A value of another kind, or no query.
        """
        if not isinstance(values, dict):
            raise InvalidInput("the form must be an object")
        member, query, user, session = (_text(values, name) for name in ("member", "query", "user", "session"))
        if not member or not query or not query.strip():
            raise InvalidInput("say who asks, and what")
        limit = values.get("max_tokens") or None
        if limit is not None:
            check_max_tokens(limit)
        return cls(member=member, query=query, user=user, session=session, max_tokens=limit)


def _text(values: dict[str, Any], name: str) -> str | None:
    value = values.get(name) or None
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"{name} must be text")
    return value


def answer(subject: Subject, trial: Trial) -> dict[str, Any]:
    """What the member recalls, with signals and tokens, and what scope, rights and the token limit leave out.

    Raises:
        TeamDefinitionError: There is no such member.
        InvalidInput: A bad limit.
    """
    memory = subject.member(trial.member)
    caller = Caller(team=subject.team_id, member=trial.member, user=trial.user, session=trial.session)
    limit = subject.memory.defaults.max_tokens if trial.max_tokens is None else trial.max_tokens
    denied = None
    result = RecallResult()
    try:
        result = memory.recall(trial.query, caller=caller, max_tokens=limit, explain=True)
    except (AccessDenied, IdentityRequired) as error:  # an answer too: the form shows what the member would be told
        denied = {"type": type(error).__name__, "message": error.message}
    names: dict[str, str] = {}
    if denied is None:
        names = memory.bank_names(Access.RECALL, caller)
    left_out = _left_out(subject, trial, caller, limit, {(m.bank_id, m.id) for m in result.results})
    subject.note(
        [*result.results, *(m for _, _, m in left_out)],
        user=trial.user,
        session=trial.session,
        text=trial.query,
        reason=f"what {trial.member} would recall",
    )
    return {
        "memories": [{**plain(m), "bank": names.get(m.bank_id), "tokens": estimate(m.text)} for m in result.results],
        "tokens": sum(estimate(m.text) for m in result.results),
        "limit": limit,
        "shown_to_the_model": estimate(render_recall(result, label_banks=True, names=names)),
        "denied": denied,
        "gaps": result.gaps,
        "notes": result.notes,
        "left_out": [{**plain(m), "bank": bank, "why": why} for why, bank, m in left_out],
    }


def _left_out(
    subject: Subject, trial: Trial, caller: Caller, limit: int, got: set[tuple[str, str]]
) -> list[tuple[Why, str, Memory]]:
    """What matches the question in a bank of the team, and does not come back: the nearest of it, by reason."""
    found: list[tuple[Why, str, Memory]] = []
    for name, spec in subject.memory.definition.banks.items():
        try:
            bank_id = spec.resolve(caller)
        except HindsightTeamsError:
            continue  # for this caller there is no such bank
        grant = subject.memory.definition.grant(trial.member, name)
        matching = subject.backend.recall(bank_id, trial.query, max_tokens=max(limit, 4096), explain=True).results
        for memory in [m for m in matching if (m.bank_id, m.id) not in got][:_LEFT_OUT]:
            if grant is None or Access.RECALL not in grant.access:
                why: Why = "right"
            elif not set(grant.scope_tags) <= set(memory.tags):
                why = "scope"
            else:
                why = "limit"
            found.append((why, name, memory))
    return found
