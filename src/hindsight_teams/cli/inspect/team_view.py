"""The team as a graph: members, banks and users, with the grants on the edges."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import Any

from hindsight_teams.access.banks import unescape
from hindsight_teams.access.grants import Access
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
