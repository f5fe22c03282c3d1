"""From a bank id back to the grant: the inverse of ``BankSpec.resolve``. Pure.

A server sees bank ids, not bank names. A member acts for users, sessions and runs that the server can't check, so any
user's id of a bank that the member holds is the member's; team and member it can check, and they are fixed.

Ids that were cut to a hash can't be inverted. Where everything but the hashed tail shows which bank it is, the id is
taken for that bank's. Where it does not, it is refused. So is an id that another bank of the team could have as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hindsight_teams.access.banks import BankSpec, join, unescape
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Caller, Grant
from hindsight_teams.access.overlap import pieces
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.memory.envelopes import review_bank_id
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
    own = [grant for grant in definition.grants.get(member, {}).values() if grant.access != Access.NONE]
    who = Caller(team=definition.team_id, member=member)
    for grant in own:
        if _exact(grant.bank, who) == bank_id:
            return grant
    found = [g for g in own if isinstance(g.bank, BankSpec) and could_be(g.bank, definition.team_id, member, bank_id)]
    if len(found) != 1:
        return None
    others = [spec for name, spec in definition.banks.items() if name != found[0].bank.name]
    if any(could_be(spec, definition.team_id, None, bank_id) for spec in others):
        return None
    return found[0]


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
    pattern = _pattern(spec.scope, spec.name, tuple(sorted(spec.variables.items())), team, member)
    hashed = _HASHED.fullmatch(bank_id)
    if hashed is None:
        fits = len(bank_id) <= MAX_BANK_ID and bank_id not in (".", "..")
        return fits and bool(pattern.whole.fullmatch(bank_id)) and _canonical(bank_id)
    head = hashed[1]
    if len(head) < _HEAD:  # only "." and ".." are hashed though short
        return head in (".", "..") and bool(pattern.whole.fullmatch(head)) and bank_id == join(head)
    if member is None:  # another's: be generous, so that a doubtful id is refused
        return head.startswith(pattern.fixed) or pattern.fixed.startswith(head)
    return len(head) == _HEAD and head.startswith(pattern.fixed)


def _exact(bank: object, who: Caller) -> str | None:
    """The bank's id where team and member alone decide it."""
    if not isinstance(bank, BankSpec) or bank.resolver is not None or not bank.needs <= {"team", "member"}:
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
    """What the ids of a bank look like: an expression for whole ones, and the text that all of them start with."""

    whole: re.Pattern[str]
    fixed: str


@lru_cache(maxsize=4096)
def _pattern(scope: str, name: str, variables: tuple[tuple[str, str], ...], team: str, member: str | None) -> _Pattern:
    spec = BankSpec(name, scope, variables=dict(variables))
    known = {"team": team} if member is None else {"team": team, "member": member}
    expression, fixed = "", ""
    free: set[str] = set()
    for text, field in pieces(spec, known):
        if field is None:
            expression += re.escape(text)
            fixed += "" if free else text
        else:
            expression += f"(?P={field})" if field in free else f"(?P<{field}>{_COMPONENT})"
            free.add(field)
    return _Pattern(re.compile(expression), fixed)
