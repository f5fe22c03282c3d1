"""Find the grant of a bank id: the inverse of ``BankSpec.resolve``. Pure.

A server sees bank ids, not bank names. An id starts with the team and the bank, so it names one bank at most. A member
acts for users, sessions and runs that the server can't check, so any user's id of a bank that the member holds is the
member's; team and member it can check, and they are fixed.

An id that was cut to a hash can't be inverted. Where team, bank and member stand before the hash, the id is taken for
that bank's. Where they do not, it is refused.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import lru_cache

from hindsight_teams.access.banks import BankSpec, escape, review_bank_id, unescape
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Caller, Grant
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.requests.checks import MAX_BANK_ID

_HASHED = re.compile(r"(.*)~~([0-9a-f]{40})", re.DOTALL)
_HEAD = MAX_BANK_ID - 42
_SAFE = "A-Za-z0-9_.@+-"
_COMPONENT = rf"(?:[{_SAFE}]|~[0-9a-f]{{2}})+"


def match_bank_id(definition: TeamDefinition, member: str, bank_id: str) -> Grant | None:
    """The grant through which a member reaches a bank, or None.

    Args:
        definition: The member's team.
        member: Its id in the team.
        bank_id: As given in a request.
    """
    if is_review_bank(definition, bank_id):
        return None
    who = Caller(team=definition.team_id, member=member)
    for name, grant in definition.grants.get(member, {}).items():
        bank = definition.banks[name]
        is_it = _exact(bank, who) == bank_id or could_be(bank, definition.team_id, member, bank_id)
        if is_it and grant.access != Access.NONE:
            return grant
    return None


def claims(definition: TeamDefinition, bank_id: str) -> bool:
    """Whether a bank id may be one of a team's banks, for whichever member."""
    return is_review_bank(definition, bank_id) or any(
        could_be(spec, definition.team_id, None, bank_id) for spec in definition.banks.values()
    )


def is_review_bank(definition: TeamDefinition, bank_id: str) -> bool:
    """Whether a bank id is that of the team's review bank."""
    return bank_id == review_bank_id(Caller(team=definition.team_id))


def could_be(spec: BankSpec, team: str, member: str | None, bank_id: str) -> bool:
    """Whether some user, session and run (where ``member`` is None, some member too) may give this id for this bank."""
    if spec.resolver is not None:
        return False
    pattern = _pattern(spec.template, spec.name, tuple(sorted(spec.variables.items())), team, member)
    hashed = _HASHED.fullmatch(bank_id)
    if hashed is None:
        return len(bank_id) <= MAX_BANK_ID and bool(pattern.whole.fullmatch(bank_id)) and _canonical(bank_id)
    head = hashed[1]
    if len(head) != _HEAD:
        return False
    if member is None:  # another's: be generous, so that a doubtful id is refused
        return head.startswith(pattern.fixed) or pattern.fixed.startswith(head)
    return pattern.cut_is_known and head.startswith(pattern.fixed)


def named_by(spec: BankSpec, team: str, member: str, bank_id: str) -> dict[str, str]:
    """The user, session and run that an id of this bank names; empty for one that was cut to a hash, or resolved."""
    pattern = _pattern(spec.template, spec.name, tuple(sorted(spec.variables.items())), team, member)
    match = pattern.whole.fullmatch(bank_id)  # never of one that was cut: no component holds "~~"
    values = match.groupdict() if match else {}
    return {name: value for name, escaped in values.items() if (value := unescape(escaped))}


def _exact(bank: BankSpec, who: Caller) -> str | None:
    """The bank's id where team and member alone decide it."""
    if bank.resolver is not None:
        return None
    try:
        return bank.resolve(who)
    except HindsightTeamsError:
        return None


def _canonical(bank_id: str) -> bool:
    """Whether each escape in it is one that escaping would have made."""
    return all(unescape(escapes) for escapes in re.findall(r"(?:~[0-9a-f]{2})+", bank_id))


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What the ids of a bank look like.

    Attributes:
        whole: Matches a whole id.
        fixed: The text that all ids start with, up to the first field that is free.
        cut_is_known: An id that is cut after ``fixed`` is this bank's: a free field follows, and no member after that.
    """

    whole: re.Pattern[str]
    fixed: str
    cut_is_known: bool


@lru_cache(maxsize=4096)
def _pattern(
    template: str, name: str, variables: tuple[tuple[str, str], ...], team: str, member: str | None
) -> _Pattern:
    known = {**dict(variables), "bank": name, "team": team}
    if member is not None:
        known["member"] = member
    expression, fixed, member_is_late = "", "", False
    free: set[str] = set()
    for literal, field, *_ in string.Formatter().parse(template):
        text = literal + (escape(known[field]) if field in known else "")
        expression += re.escape(text)
        fixed += "" if free else text
        member_is_late |= field == "member" and bool(free)
        if field is not None and field not in known:
            expression += f"(?P={field})" if field in free else f"(?P<{field}>{_COMPONENT})"
            free.add(field)
    return _Pattern(re.compile(expression), fixed, bool(free) and not member_is_late)
