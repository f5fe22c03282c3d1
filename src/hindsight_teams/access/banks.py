"""Bank ids, derived from a bank's scope and a caller, and the banks that a member's call may use.

Distinct identities have distinct ids, and every denial of a call comes from ``Rights``.

An id is components joined by ``:``. Each component is escaped, so that it can hold neither ``:`` nor ``~``: every
UTF-8 byte outside ``A-Z a-z 0-9 _ . @ + -`` becomes ``~`` and two hex digits. Ids longer than the server's limit keep
their head, and the rest becomes ``~~`` and a hash of the whole; ``~~`` can't come out of escaping. So distinct
components give distinct ids, and since every id of a team's bank starts with the team and the bank, banks of different
teams or names never share one. A resolver's ids, and the ``bank_id`` of a plain toolkit, are the application's own
affair. A user id that a plain toolkit takes for its bank is refused where it could be the id of a team's.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hindsight_teams.access.grants import Access, Caller, Grant
from hindsight_teams.errors import (
    AccessDenied,
    HindsightTeamsError,
    IdentityRequired,
    InvalidBankId,
    InvalidInput,
    TeamDefinitionError,
    did_you_mean,
)
from hindsight_teams.requests.checks import MAX_BANK_ID, REVIEW, check_bank_id, is_review_bank

SCOPES = ("team", "member", "user")

CALLER_FIELDS = ("team", "member", "user", "session", "run")

BankResolver = Callable[[Any], str]
"""Hindsight's own term: ``(RunContext) -> bank id``."""

_HASH_CHARS = 40
_ANY = r"[A-Za-z0-9_.@+~-]+"
"""Any component of a bank id."""
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.@+-]")


def escape(component: str) -> str:
    """One component of a bank id, reversibly, with neither ``:`` nor ``~`` left in it.

    Raises:
        IdentityRequired: The component is empty.
    """
    if not component:
        raise IdentityRequired("a bank id can't be made from an empty identity; give a non-empty team, member or user")
    raw = component.encode("utf-8", "surrogatepass")
    return _UNSAFE.sub(lambda m: b"~%02x" % m.group()[0], raw).decode("ascii")


def unescape(component: str) -> str | None:
    """What ``escape`` made this of; None for what it never makes."""
    if not re.fullmatch(r"(?:[A-Za-z0-9_.@+-]|~[0-9a-f]{2})+", component):
        return None
    raw = re.sub(rb"~(..)", lambda m: bytes.fromhex(m[1].decode()), component.encode())
    try:
        text = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return text if escape(text) == component else None


def join(*components: str) -> str:
    """A bank id from components, each escaped; the tail of an id that is too long becomes a hash."""
    return _fit(":".join(map(escape, components)))


def review_bank_id(caller: Caller) -> str:
    """The id of a team's review bank; three components, which no scope of a member's bank has."""
    return join(caller.team or "toolkit", REVIEW, "queue")


def _fit(bank_id: str) -> str:
    if len(bank_id) <= MAX_BANK_ID and bank_id not in (".", ".."):
        return bank_id
    digest = hashlib.sha256(bank_id.encode()).hexdigest()[:_HASH_CHARS]
    return f"{bank_id[: MAX_BANK_ID - _HASH_CHARS - 2]}~~{digest}"


@dataclass(frozen=True, slots=True)
class BankSpec:
    """One bank of a team: its short name and how its id is derived.

    Attributes:
        name: What members call it; part of every id except a resolver's.
        scope: ``team`` (one for the team), ``member`` (private), ``user`` (one for each end user), or a template
            such as ``"{team}:{bank}:{project}"``. It starts with the team and the bank; further fields are member,
            user, session, run and the team's own ``variables``. Field values are escaped; the text between them is
            used as it is.
        resolver: A callable that gives the id from the run context, instead of a scope.
        description: One line for the model's benefit.
        conversations: Whether what a user says in a run may be retained here by itself (``equip(retain=...)``) although
            other people read this bank. A bank of the user's own needs no such permission.
    """

    name: str
    scope: str = "team"
    resolver: BankResolver | None = None
    description: str = ""
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    conversations: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", self.name):
            raise TeamDefinitionError(
                f"bank name {self.name!r} must start with a letter and hold only letters, digits, '-' and '_'"
            )
        if self.resolver is None:
            self._check_scope()

    def _check_scope(self) -> None:
        if "{" not in self.scope and "}" not in self.scope:
            if self.scope not in SCOPES:
                raise TeamDefinitionError(
                    f"bank {self.name!r} has the unknown scope {self.scope!r}; {did_you_mean(self.scope, SCOPES)}"
                    " A template of your own is written as '{team}:{bank}:{session}'"
                )
            return
        known = {*CALLER_FIELDS, "bank", *self.variables}
        try:
            fields = _template_fields(self.scope)
        except ValueError as error:
            raise TeamDefinitionError(f"bank {self.name!r}: template {self.scope!r} can't be read: {error}") from None
        for name in fields:
            if name not in known:
                raise TeamDefinitionError(
                    f"bank {self.name!r}: template {self.scope!r} names the unknown field {name!r};"
                    f" {did_you_mean(name, known)}"
                )
        if not fields:
            raise TeamDefinitionError(f"bank {self.name!r}: template {self.scope!r} holds no field")
        literal = "".join(text for text, *_ in string.Formatter().parse(self.scope))
        if "~" in literal:
            raise TeamDefinitionError(f"bank {self.name!r}: template {self.scope!r} holds '~', which marks escapes")
        if literal.strip():
            check_bank_id("x" + literal.strip())
        self._check_start()

    def _check_start(self) -> None:
        """Refuse a template whose ids another bank of this team, or a bank of another team, could have."""
        starts = ("{team}:{bank}", f"{{team}}:{self.name}")
        rest = next((self.scope.removeprefix(start) for start in starts if self.scope.startswith(start)), None)
        if rest is None or (rest and not rest.startswith(":")):
            own = self.scope.removeprefix("{team}:").removeprefix("{bank}:")
            raise TeamDefinitionError(
                f"bank {self.name!r}: template {self.scope!r} must start with the team and the bank, so that no other"
                f" bank can have its ids; write '{{team}}:{{bank}}:{own}'"
            )
        if self.name == REVIEW and rest:
            raise TeamDefinitionError(
                f"bank {self.name!r}: template {self.scope!r} could give the id of the team's review bank;"
                " choose another name for the bank"
            )

    @property
    def template(self) -> str:
        """The scope as a template, a built-in one too; empty for a resolver."""
        if self.resolver is not None:
            return ""
        if "{" in self.scope:
            return self.scope
        return "{team}:{bank}" if self.scope == "team" else f"{{team}}:{{bank}}:{self.scope}:{{{self.scope}}}"

    @property
    def needs(self) -> frozenset[str]:
        """The caller's fields that the id depends on."""
        return _needs(self.template)

    def may_be_of(self, caller: Caller, bank_id: str) -> bool:
        """Whether a bank id is this bank's for the caller, whatever the fields are that the caller lacks.

        An id that was too long, and so ends with a hash, is that of nobody certain.
        """
        values = {**self.variables, "bank": self.name}
        values |= {name: value for name in self.needs if (value := getattr(caller, name))}
        pattern = "".join(
            re.escape(literal) + ("" if name is None else re.escape(escape(values[name])) if name in values else _ANY)
            for literal, name, *_ in string.Formatter().parse(self.template)
        )
        return re.fullmatch(pattern, bank_id) is not None

    def resolve(self, caller: Caller) -> str:
        """The id of the bank for this caller.

        Raises:
            IdentityRequired: The caller lacks an identity that the scope needs; there is no shared fallback.
            InvalidBankId: A resolver gave something that is not a bank id.
        """
        if self.resolver is not None:
            return call_resolver(self.resolver, caller.context)
        template = self.template
        needs = _needs(template)
        for name in sorted(needs):
            value = getattr(caller, name)
            if not value or not isinstance(value, str):
                raise IdentityRequired(_missing(self.name, self.scope, name, value))
        values = {name: escape(value) for name, value in self.variables.items()}
        values |= {name: escape(getattr(caller, name)) for name in needs}
        return check_bank_id(_fit(template.format_map({**values, "bank": self.name})))


@lru_cache(maxsize=1024)
def _needs(template: str) -> frozenset[str]:
    return frozenset(_template_fields(template)) & frozenset(CALLER_FIELDS)


@dataclass(frozen=True, slots=True)
class DirectBank:
    """The bank of a plain toolkit: ``bank_resolver``, else ``bank_id``, else the run's user id."""

    bank_id: str | None = None
    resolver: BankResolver | None = None
    name: str = "memory"
    description: str = ""

    def __post_init__(self) -> None:
        if self.bank_id is not None:
            check_bank_id(self.bank_id)
        if self.resolver is not None and not callable(self.resolver):
            raise InvalidInput(f"bank_resolver={self.resolver!r} must be a callable (RunContext) -> str")

    @property
    def needs(self) -> frozenset[str]:
        """The caller's fields that the id depends on."""
        return frozenset() if self.resolver or self.bank_id else frozenset({"user"})

    def resolve(self, caller: Caller) -> str:
        """The id of the bank for this caller.

        Raises:
            IdentityRequired: Neither a resolver, nor a bank id, nor a user.
            InvalidBankId: What the resolver or the user id gave is not a bank id, or the user id could be that of a
                team's bank.
        """
        if self.resolver is not None:
            return call_resolver(self.resolver, caller.context)
        if self.bank_id is not None:
            return self.bank_id
        if caller.user:
            return _of_a_user(caller.user)
        raise IdentityRequired(
            "no memory bank is known for this run: give bank_id= or bank_resolver= to the toolkit,"
            " or user_id= to the agent or the run"
        )


def call_resolver(resolver: BankResolver, context: Any) -> str:
    """The bank id that a resolver gives for a run context.

    Raises:
        InvalidBankId: The resolver raised, or gave something that is not a bank id. The resolver's own words are kept
            out of the message, since a model may read it; the original error is its cause.
    """
    name = getattr(resolver, "__name__", type(resolver).__name__)
    try:
        bank_id = resolver(context)
    except HindsightTeamsError:
        raise
    except Exception as error:
        raise InvalidBankId(
            f"the bank resolver {name!r} raised {type(error).__name__}; it must return a bank id for every run"
        ) from error
    if inspect.isawaitable(bank_id):
        if inspect.iscoroutine(bank_id):
            bank_id.close()  # else Python warns that nobody awaited it
        raise InvalidBankId(f"the bank resolver {name!r} is async; give a plain function (RunContext) -> str")
    if bank_id is None:
        raise InvalidBankId(f"the bank resolver {name!r} returned None; it must return a bank id for every run")
    return _chosen_at_run_time(bank_id)


def _of_a_user(user: Any) -> str:
    """A user id as a bank id, unchanged, as it is in Hindsight's own toolkit; never one that a team's bank may have."""
    bank_id = check_bank_id(user)
    if ":" in bank_id or "~~" in bank_id:
        raise InvalidBankId(
            f"the user id {user!r} could be the id of a team's bank, so it names none by itself; give the toolkit"
            " bank_resolver=, a function (RunContext) -> bank id, or define a bank of scope 'user' in a TeamMemory"
        )
    return bank_id


def _chosen_at_run_time(bank_id: Any) -> str:
    """A bank id that a resolver gave, which is that of no review bank: that may be read by nobody."""
    if is_review_bank(check_bank_id(bank_id)):
        raise InvalidBankId(f"the bank id {bank_id!r} is that of a team's review bank; give another one")
    return str(bank_id)


@lru_cache(maxsize=1024)
def _template_fields(template: str) -> tuple[str, ...]:
    fields: list[str] = []
    for literal, name, spec, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(f"write a field as {{name}}, without format or attribute: {name!r}")
        if fields and not _UNSAFE.search(literal.encode()):
            # A value may hold what lies between: {member}-{user} of "a" and "b-c" is that of "a-b" and "c".
            raise ValueError(f"put a separator such as ':' between {{{fields[-1]}}} and {{{name}}}, not {literal!r}")
        fields.append(name)
    return tuple(fields)


def _missing(bank: str, scope: str, name: str, value: Any = None) -> str:
    how = {
        "user": "pass user_id= to the run, or set it on the agent or team",
        "session": "pass session_id= to the run",
        "run": "call it from within a run",
    }.get(name, f"compose it with a {name}")
    if value:
        return f"bank {bank!r} is scoped by {scope!r}, and {name}_id={value!r} is not a string; {how}"
    return f"bank {bank!r} is scoped by {scope!r}, and this run has no {name}; {how}"


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
