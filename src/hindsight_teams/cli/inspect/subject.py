"""The team, the backend and the audit log that one session of the web page shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from hindsight_teams.access.banks import BankSpec
from hindsight_teams.audit import AuditEvent, AuditTrail
from hindsight_teams.errors import BankNotFound
from hindsight_teams.server.matching import could_be, fixed_head, named_by

if TYPE_CHECKING:
    from pathlib import Path

    from hindsight_teams.backends.base import Backend
    from hindsight_teams.memory.curation import Reviews
    from hindsight_teams.memory.member import MemberMemory
    from hindsight_teams.memory.team import TeamMemory
    from hindsight_teams.models import BankInfo, Memory


@dataclass(frozen=True, slots=True)
class TeamBank:
    """One bank of the team that exists on the backend.

    Attributes:
        spec: Which bank of the definition it is.
        holder: The user or member it belongs to; None for the team's own, and where the id does not tell.
    """

    info: BankInfo
    spec: BankSpec
    holder: str | None


@dataclass(frozen=True)
class Subject:
    """A team as the page sees it.

    Attributes:
        memory: The team's memory; its backend, definition and audit sink are used.
        curator: Who decides on reviews with a curator's token.
        log: The audit log's file, where there is one.
    """

    memory: TeamMemory
    curator: str | None = None
    log: Path | None = None

    @property
    def backend(self) -> Backend:
        """Where the banks live."""
        return self.memory.backend

    @property
    def team_id(self) -> str:
        """The team's id."""
        return self.memory.team_id

    @cached_property
    def _quiet(self) -> TeamMemory:
        from hindsight_teams.memory.team import TeamMemory

        return TeamMemory.of(
            self.memory.definition, backend=self.backend, defaults=self.memory.defaults, guard=False, audit=AuditTrail()
        )

    def member(self, member_id: str) -> MemberMemory:
        """A member's memory for a trial: nothing is recorded in the member's name, who did nothing."""
        return self._quiet.member(member_id)

    def reviews(self) -> Reviews:
        """The review queue, as the curator sees it."""
        return self.memory.reviews(self.curator)

    def banks(self) -> Iterator[TeamBank]:
        """The banks of the team that exist, by id."""
        definition = self.memory.definition
        for info in self.backend.list_banks(prefix=_common_prefix(definition.banks.values(), self.team_id)):
            spec = self._spec(info.bank_id)
            if spec is not None:
                holder = named_by(spec, self.team_id, None, info.bank_id).get(spec.scope)
                yield TeamBank(info, spec, holder)

    def check_bank(self, bank_id: str) -> BankSpec:
        """The bank of the definition that an id belongs to.

        Raises:
            BankNotFound: It is not a bank of this team.
        """
        spec = self._spec(bank_id)
        if spec is None:
            raise BankNotFound(f"{bank_id!r} is not a bank of the team {self.team_id!r}")
        return spec

    def _spec(self, bank_id: str) -> BankSpec | None:
        specs = self.memory.definition.banks.values()
        return next((spec for spec in specs if could_be(spec, self.team_id, None, bank_id)), None)

    def note(self, memories: Iterable[Memory], **rest: Any) -> None:
        """Record that somebody looked at memories, on behalf of no member."""
        ids = tuple(memory.id for memory in memories)
        event = AuditEvent(verb="inspect", outcome="allowed", team=self.team_id, count=len(ids), memory_ids=ids, **rest)
        self.memory.audit.record(event)


def _common_prefix(specs: Iterable[BankSpec], team: str) -> str | None:
    """What the ids of all banks begin with, so that a backend need not list those of other teams."""
    common: str | None = None
    for spec in specs:
        if spec.resolver is None:
            head = fixed_head(spec, team)
            pairs = zip(head, head if common is None else common, strict=False)
            common = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return common or None
