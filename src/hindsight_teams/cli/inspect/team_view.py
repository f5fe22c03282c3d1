"""The team: a graph of its members, banks and users with the grants on the edges; and its audit log, in pages."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import Any

from hindsight_teams.access.banks import unescape
from hindsight_teams.access.grants import Access
from hindsight_teams.audit import AuditEvent, open_audit
from hindsight_teams.cli.inspect.subject import Subject, TeamBank
from hindsight_teams.errors import BackendError

MOST_USERS = 200
MOST_BANKS = 100
_TAGGED_BANKS = 12
"""Banks that are asked which users their memories were retained for: each costs one pass over its tags."""


def overview(subject: Subject, *, role: str) -> dict[str, Any]:
    """Everything the page shows of the team itself, and who is looking."""
    definition = subject.memory.definition
    banks = list(subject.banks())
    users, users_total = _users(subject, banks)
    held: dict[str, list[TeamBank]] = defaultdict(list)
    for bank in banks:
        held[bank.spec.name].append(bank)
    return {
        "team": subject.team_id,
        "source": definition.source and definition.source.name,
        "health": subject.backend.health(),
        "role": role,
        "curator": subject.curator if role == "curator" else None,
        "audit": subject.log is not None,
        "members": [
            {"id": member, "curator": member in definition.curators, "proposer": member in definition.proposers}
            for member in definition.grants
        ],
        "banks": [
            {
                "name": name,
                "scope": spec.scope if spec.resolver is None else "resolver",
                "description": spec.description,
                "instances": len(held[name]),
                "memories": sum(bank.info.memory_count or 0 for bank in held[name]),
            }
            for name, spec in definition.banks.items()
        ],
        "grants": [
            {
                "member": member,
                "bank": bank,
                "access": grant.access.label,
                "verbs": grant.access.verbs,
                "scope_tags": grant.scope_tags,
            }
            for member, grants in definition.grants.items()
            for bank, grant in grants.items()
            if grant.access is not Access.NONE
        ],
        "users": users,
        "users_total": users_total,
    }


def listing(subject: Subject, *, query: str = "", offset: int = 0) -> dict[str, Any]:
    """One page of the banks that exist, by id, whose id, name or holder contains a text."""
    wanted = query.casefold()
    found = [
        bank
        for bank in subject.banks()
        if wanted in bank.info.bank_id.casefold() or wanted in (bank.holder or "").casefold()
    ]
    return {
        "banks": [plain(bank) for bank in found[offset : offset + MOST_BANKS]],
        "total": len(found),
        "offset": offset,
        "limit": MOST_BANKS,
    }


def plain(bank: TeamBank) -> dict[str, Any]:
    """A bank as the page lists it."""
    return {
        "bank_id": bank.info.bank_id,
        "name": bank.spec.name,
        "scope": bank.spec.scope,
        "holder": bank.holder,
        "memories": bank.info.memory_count,
        "written": bank.info.updated_at,
    }


def _users(subject: Subject, banks: list[TeamBank]) -> tuple[list[dict[str, Any]], int]:
    """The users that memory knows: those with a bank of their own, and those that a shared bank's tags name."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for bank in banks:
        if bank.spec.scope == "user" and bank.holder is not None:
            counts[bank.holder][bank.spec.name] = bank.info.memory_count or 0
    for bank in islice((bank for bank in banks if bank.spec.scope != "user"), _TAGGED_BANKS):
        try:
            tagged = subject.backend.list_tags(bank.info.bank_id, pattern="user:*")
        except BackendError:
            continue  # the graph is still right without who else was mentioned there
        for tag in tagged:
            user = unescape(tag.tag.removeprefix("user:"))
            if user is not None:
                counts[user][bank.spec.name] = counts[user].get(bank.spec.name, 0) + tag.count
    ordered = sorted(counts.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
    return [{"id": user, "banks": held} for user, held in ordered[:MOST_USERS]], len(ordered)


_EVENTS = 60
_FIRST_WINDOW = 500
AUDIT_FILTERS = ("member", "user", "verb", "outcome", "bank")


def timeline(subject: Subject, *, before: int | None = None, **filters: str) -> dict[str, Any]:
    """One page of the audit log: events before number ``before``, the newest first.

    The log is read backwards in windows that double, so that the newest page of a long log costs no more than that of
    a short one, and a filter that nothing passes reads it once.

    Args:
        subject: The team, with its log.
        before: A number in the chain; the end of the log when None.
        **filters: Values by the names in ``AUDIT_FILTERS``; an empty one filters nothing.
    """
    if subject.log is None:
        return {"events": [], "next": None, "log": False}
    wanted = {name: value for name, value in filters.items() if value}
    found: list[tuple[int, AuditEvent]] = []
    with open_audit(subject.log, create=False) as store:
        end = (store.head().seq if before is None else before - 1) + 1
        window = _FIRST_WINDOW
        while end > 1 and len(found) < _EVENTS:
            start = max(1, end - window)
            part: list[tuple[int, AuditEvent]] = []
            for entry in store.entries(after=start - 1):
                if entry.seq >= end:
                    break
                if entry.event.team == subject.team_id and _matches(entry.event, wanted):
                    part.append((entry.seq, entry.event))
            found += reversed(part)
            end, window = start, window * 2
    shown = found[:_EVENTS]
    more = end > 1 or len(found) > _EVENTS
    return {
        "events": [{"seq": seq, **event.to_dict()} for seq, event in shown],
        "next": (shown[-1][0] if shown else end) if more else None,
        "log": True,
    }


def _matches(event: AuditEvent, wanted: dict[str, str]) -> bool:
    return all(
        value in (event.bank, event.bank_id) if name == "bank" else getattr(event, name) == value
        for name, value in wanted.items()
    )
