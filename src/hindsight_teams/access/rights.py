"""Rights: the banks that a call of a member may use. Pure; every denial of a call comes from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hindsight_teams.access.grants import Access, Caller, Grant
from hindsight_teams.errors import AccessDenied, InvalidInput, did_you_mean


@dataclass(frozen=True, slots=True)
class Target:
    """A bank that a call goes to, as this caller reaches it."""

    grant: Grant
    bank_id: str

    @property
    def name(self) -> str:
        """The bank's short name."""
        return self.grant.bank.name


@dataclass(frozen=True, slots=True)
class Rights:
    """The grants of one member.

    Attributes:
        member: Whose they are; None for a plain toolkit.
    """

    grants: tuple[Grant, ...]
    member: str | None = None

    def holds(self, access: Access) -> tuple[Grant, ...]:
        """The grants that include this access."""
        return tuple(g for g in self.grants if access in g.access)

    def write_target(self, who: Caller, bank: str | None) -> Target:
        """The bank a write goes to.

        Raises:
            AccessDenied: No RETAIN there, or anywhere.
            InvalidInput: Several banks are writable and none was named.
            IdentityRequired: The bank's scope needs more than the caller carries.
        """
        held = self.holds(Access.RETAIN)
        if bank is None:
            if len(held) > 1:
                names = ", ".join(repr(g.bank.name) for g in held)
                raise InvalidInput(f"{self._name()} may write several banks; name one of {names}")
            grant = held[0] if held else self._denied(Access.RETAIN, None)
        else:
            grant = self._named(bank, Access.RETAIN)
        return Target(grant, grant.bank.resolve(who))

    def read_targets(self, who: Caller, access: Access, banks: Sequence[str] | None) -> list[Target]:
        """The banks a read goes to: those named, else all that the access is held on.

        Raises:
            AccessDenied: The access is not held on a named bank, or on any.
            InvalidInput: An empty list of banks.
            IdentityRequired: A bank's scope needs more than the caller carries.
        """
        if isinstance(banks, str):
            banks = [banks]
        if banks is not None and not banks:
            raise InvalidInput("banks=[] names no bank; leave it out to read all that the member may read")
        grants = self.holds(access) if banks is None else tuple(self._named(bank, access) for bank in banks)
        if not grants:
            self._denied(access, None)
        return [Target(grant, grant.bank.resolve(who)) for grant in dict.fromkeys(grants)]

    def _named(self, bank: str, access: Access) -> Grant:
        for grant in self.grants:
            if grant.bank.name == bank:
                return grant if access in grant.access else self._denied(access, bank)
        held = [g.bank.name for g in self.holds(access)]
        raise AccessDenied(f"{self._name()} has no grant on a bank {bank!r}; {did_you_mean(str(bank), held)}")

    def _denied(self, access: Access, bank: str | None) -> Grant:
        verb = access.verbs[0]
        where = f"on bank {bank!r}" if bank else "on any bank"
        raise AccessDenied(f"{self._name()} may not {verb} {where}; its grant must include {verb!r}")

    def _name(self) -> str:
        return f"member {self.member!r}" if self.member else "this toolkit"
