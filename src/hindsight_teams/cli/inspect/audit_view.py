"""The audit log as a timeline, newest event first, in pages."""

from __future__ import annotations

from typing import Any

from hindsight_teams.audit import AuditEvent, open_audit
from hindsight_teams.cli.inspect.subject import Subject

PAGE = 60
_FIRST_WINDOW = 500
FILTERS = ("member", "user", "verb", "outcome", "bank")


def page(subject: Subject, *, before: int | None = None, **filters: str) -> dict[str, Any]:
    """Events before number ``before``, the newest first.

    The log is read backwards in windows that double, so that the newest page of a long log costs no more than that of
    a short one, and a filter that nothing passes reads it once.

    Args:
        subject: The team, with its log.
        before: A number in the chain; the end of the log when None.
        **filters: Values by the names in ``FILTERS``; an empty one filters nothing.
    """
    if subject.log is None:
        return {"events": [], "next": None, "log": False}
    wanted = {name: value for name, value in filters.items() if value}
    found: list[tuple[int, AuditEvent]] = []
    with open_audit(subject.log, create=False) as store:
        end = (store.head().seq if before is None else before - 1) + 1
        window = _FIRST_WINDOW
        while end > 1 and len(found) < PAGE:
            start = max(1, end - window)
            part: list[tuple[int, AuditEvent]] = []
            for entry in store.entries(after=start - 1):
                if entry.seq >= end:
                    break
                if entry.event.team == subject.team_id and _passes(entry.event, wanted):
                    part.append((entry.seq, entry.event))
            found += reversed(part)
            end, window = start, window * 2
    shown = found[:PAGE]
    more = end > 1 or len(found) > PAGE
    return {
        "events": [{"seq": seq, **event.to_dict()} for seq, event in shown],
        "next": (shown[-1][0] if shown else end) if more else None,
        "log": True,
    }


def _passes(event: AuditEvent, wanted: dict[str, str]) -> bool:
    return all(
        value in (event.bank, event.bank_id) if name == "bank" else getattr(event, name) == value
        for name, value in wanted.items()
    )
