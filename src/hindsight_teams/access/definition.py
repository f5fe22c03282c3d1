"""TeamDefinition: the banks of a team and the access of each member, from a team.toml or from Python.

Read from ``team.toml`` or built from Python; the toolkits, the service, the command line and the server extension all
take their rights from here. Pure: it reads one file and imports no framework.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

from hindsight_teams.access.banks import CALLER_FIELDS, BankResolver, BankSpec, escape
from hindsight_teams.access.grants import Access, Bank, Grant, GuardRules, parse_access
from hindsight_teams.errors import HindsightTeamsError, TeamDefinitionError, did_you_mean
from hindsight_teams.models import GUARD_ACTIONS, GUARD_CHECKS
from hindsight_teams.requests.tags import check_tags

BankValue: TypeAlias = "str | BankSpec | BankResolver | Mapping[str, Any]"
AccessValue: TypeAlias = "Access | str | Iterable[str]"
GrantValue: TypeAlias = "AccessValue | Mapping[str, Any]"

_TABLES = ("team", "banks", "members", "review", "guard")


@dataclass(frozen=True, slots=True)
class TeamDefinition:
    """The banks of a team and the grants of its members.

    Attributes:
        team_id: Part of every bank id of the team.
        banks: By short name.
        grants: By member id, then by bank name. A member without an entry for a bank holds nothing on it.
        curators: Members who may review proposals and quarantined memories.
        proposers: Members who may propose memories that they can recall for another bank.
        source: The file it was read from.
        guard: What is done with what the write guard finds.
    """

    team_id: str
    banks: Mapping[str, BankSpec]
    grants: Mapping[str, Mapping[str, Grant]]
    curators: frozenset[str] = frozenset()
    proposers: frozenset[str] = frozenset()
    source: Path | None = field(default=None, compare=False)
    guard: GuardRules = field(default_factory=GuardRules)

    @classmethod
    def from_parts(
        cls,
        team_id: str,
        *,
        banks: Mapping[str, BankValue],
        members: Mapping[str, Mapping[str, GrantValue]],
        variables: Mapping[str, str] | None = None,
        curators: Iterable[str] = (),
        proposers: Iterable[str] = (),
        guard: Mapping[str, Any] | None = None,
    ) -> Self:
        """A definition from Python values.

        Args:
            team_id: The team's id, as its Agno Team has it.
            banks: Name to scope (``team``, ``member``, ``user``, a template), to a resolver, or to a mapping with
                ``scope`` and ``description``.
            members: Member id to bank name to a policy, a verb, a list of verbs, or a mapping with ``access`` and
                ``scope_tags``.
            variables: Values for template fields of your own, bound once.
            curators: Members who may review.
            proposers: Members who may propose memories for another bank.
            guard: Check names to actions, and ``trusted`` and ``untrusted`` to lists of members.

        Raises:
            TeamDefinitionError: It names the key and the nearest valid name.
        """
        return cls(**_Reader().build(team_id, banks, members, variables or {}, curators, proposers, guard or {}))

    @classmethod
    def from_file(cls, path: str | Path, *, variables: Mapping[str, str] | None = None) -> Self:
        """A definition from a team.toml.

        Raises:
            TeamDefinitionError: It names the line or the key, and the nearest valid name.
        """
        path = Path(path)
        try:
            source = path.read_text(encoding="utf-8-sig")  # some editors put a mark in front
        except FileNotFoundError:
            near = next((f"did you mean {str(below)!r}?" for below in path.parent.glob(f"*/{path.name}")), None)
            go = (
                "go to the folder of a project, give the file's path, or make a project with `hindsight-teams new NAME`"
            )
            raise TeamDefinitionError(f"there is no {path.name!r}; {near or go}", path=str(path)) from None
        except IsADirectoryError:
            raise TeamDefinitionError(f"{str(path)!r} is a folder; give its team.toml", path=str(path)) from None
        except PermissionError:
            raise TeamDefinitionError(f"you may not read {path.name!r}; ask its owner", path=str(path)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise TeamDefinitionError(f"{path.name!r} can't be read as UTF-8 text", path=str(path)) from error
        try:
            data = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise TeamDefinitionError(f"{path.name} is not valid TOML: {error}", path=str(path)) from None
        except RecursionError:
            raise TeamDefinitionError(f"{path.name} is nested too deeply", path=str(path)) from None
        return cls(**_Reader(path, source).read(data, dict(variables or {})), source=path)

    def grant(self, member: str, bank: str) -> Grant | None:
        """The member's grant on a bank, if any."""
        return self.grants.get(member, {}).get(bank)

    def grants_of(self, member: str) -> tuple[Grant, ...]:
        """All grants of a member.

        Raises:
            TeamDefinitionError: The team has no such member.
        """
        if member not in self.grants:
            raise TeamDefinitionError(
                f"team {self.team_id!r} has no member {member!r}; {did_you_mean(member, self.grants)}"
            )
        return tuple(self.grants[member].values())


@dataclass(slots=True)
class _Reader:
    """Turns raw values into the fields of a definition, and knows where each value stands for the error text."""

    path: Path | None = None
    source: str = ""

    def fail(self, keys: tuple[str, ...], problem: str) -> TeamDefinitionError:
        where = ".".join(keys)
        if self.path is not None:
            line = _line_of(self.source, keys)
            where = f"{self.path.name}{f' line {line}' if line else ''}, {where}"
        details = {"path": str(self.path)} if self.path else {}
        return TeamDefinitionError(f"{where}: {problem}", **details)

    def read(self, data: dict[str, Any], variables: dict[str, str]) -> dict[str, Any]:
        for key in data:
            if key not in _TABLES:
                raise self.fail((key,), f"unknown table; {did_you_mean(key, _TABLES)}")
        team = self.table(data, "team")
        self.only(("team",), team, ("id", "variables"))
        if "id" not in team:
            raise self.fail(("team",), 'the id is missing; add id = "your-team" under [team]')
        review = self.table(data, "review")
        self.only(("review",), review, ("curators", "proposers"))
        given = self.table(team, "variables")
        return self.build(
            team["id"],
            self.table(data, "banks"),
            self.table(data, "members"),
            {**given, **variables},
            review.get("curators", ()),
            review.get("proposers", ()),
            self.table(data, "guard"),
        )

    def table(self, data: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self.fail((key,), f"{value!r} must be a table")
        return value

    def only(self, keys: tuple[str, ...], table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                raise self.fail((*keys, str(key)), f"unknown key; {did_you_mean(str(key), known)}")

    def build(
        self,
        team_id: Any,
        banks: Mapping[str, Any],
        members: Mapping[str, Any],
        variables: Mapping[str, str],
        curators: Any,
        proposers: Any,
        guard: Mapping[str, Any],
    ) -> dict[str, Any]:
        if not isinstance(team_id, str) or not team_id.strip():
            raise self.fail(("team", "id"), f"{team_id!r} must be a non-empty string")
        for name, value in variables.items():
            if not isinstance(value, str) or not value or name in (*CALLER_FIELDS, "bank"):
                raise self.fail(
                    ("team", "variables", str(name)), f"{value!r} must be a non-empty string, under a new name"
                )
        for key, given, holds in (("banks", banks, "its scope"), ("members", members, "the banks it may use")):
            if not isinstance(given, Mapping):
                raise self.fail((key,), f"{given!r} must map each {key[:-1]} to {holds}")
        if not banks:
            raise self.fail(("banks",), 'no bank is defined; add one such as shared = "team"')
        if not members:
            raise self.fail(("members",), "no member is defined; add one with the banks it may use")
        specs = {name: self.bank(name, value, variables) for name, value in banks.items()}
        grants = _apart({member: self.member(member, value, specs) for member, value in members.items()})
        reviewing = {
            key: self.some_members(("review", key), value, grants)
            for key, value in (("curators", curators), ("proposers", proposers))
        }
        rules = self.guard_rules(guard, grants)
        return {"team_id": team_id, "banks": specs, "grants": grants, **reviewing, "guard": rules}

    def guard_rules(self, guard: Mapping[str, Any], members: Mapping[str, Any]) -> GuardRules:
        people = ("trusted", "untrusted")
        self.only(("guard",), guard, (*people, *GUARD_CHECKS))
        actions = {name: guard[name] for name in GUARD_CHECKS if name in guard}
        for name, action in actions.items():
            if action not in GUARD_ACTIONS:
                problem = f"{action!r} is not an action; {did_you_mean(str(action), GUARD_ACTIONS)}"
                raise self.fail(("guard", name), problem)
        chosen = {key: self.some_members(("guard", key), guard.get(key, ()), members) for key in people}
        if both := chosen["trusted"] & chosen["untrusted"]:
            raise self.fail(("guard", "untrusted"), f"{min(both)!r} is trusted too; name it once")
        return GuardRules(actions, **chosen)

    def some_members(self, keys: tuple[str, ...], value: Any, members: Mapping[str, Any]) -> frozenset[str]:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise self.fail(keys, f"{value!r} must be a list of member ids")
        chosen = list(value)
        for member in chosen:
            if not isinstance(member, str) or member not in members:
                raise self.fail(keys, f"unknown member {member!r}; {did_you_mean(str(member), members)}")
        return frozenset(chosen)

    def bank(self, name: Any, value: Any, variables: Mapping[str, str]) -> BankSpec:
        keys = ("banks", str(name))
        if isinstance(value, BankSpec):
            if value.name != name:
                raise self.fail(keys, f"its BankSpec is called {value.name!r}; give both the same name")
            return value
        options: dict[str, Any] = {"scope": value}
        if isinstance(value, Mapping):
            self.only(keys, value, ("scope", "description", "conversations"))
            options = {"scope": "team", **value}
        elif callable(value):
            options = {"resolver": value}
        if not isinstance(options.get("conversations", False), bool):
            raise self.fail(keys, f"conversations {options['conversations']!r} must be true or false")
        for key, text in options.items():
            if key not in ("resolver", "conversations") and not isinstance(text, str):
                raise self.fail(keys, f"{key} {text!r} must be a string such as 'team', 'member' or 'user'")
        try:
            return BankSpec(name, variables=variables, **options)
        except (HindsightTeamsError, TypeError) as error:
            raise self.fail(keys, str(error)) from None

    def member(self, member: Any, value: Any, banks: Mapping[str, BankSpec]) -> dict[str, Grant]:
        keys = ("members", str(member))
        try:
            escape(member)
        except (HindsightTeamsError, AttributeError):
            raise self.fail(keys, f"{member!r} must be a non-empty string, the id of the agent") from None
        if not isinstance(value, Mapping):
            raise self.fail(keys, f"{value!r} must map banks to an access such as 'read-only'")
        grants = {}
        for bank, wanted in value.items():
            if bank not in banks:
                raise self.fail((*keys, str(bank)), f"unknown bank; {did_you_mean(str(bank), banks)}")
            grants[bank] = self.grant((*keys, bank), banks[bank], wanted)
        return grants

    def grant(self, keys: tuple[str, ...], bank: Bank, value: Any) -> Grant:
        scope_tags: list[str] = []
        try:
            if isinstance(value, Mapping):
                self.only(keys, value, ("access", "scope_tags"))
                scope_tags = check_tags(value.get("scope_tags"), name="scope_tags")
                value = value.get("access", "none")
            return Grant(bank, parse_access(value), tuple(scope_tags))
        except TeamDefinitionError:
            raise
        except HindsightTeamsError as error:
            raise self.fail(keys, str(error)) from None


def _apart(grants: dict[str, dict[str, Grant]]) -> dict[str, dict[str, Grant]]:
    """The grants, where one with a scope is closed to the scopes of others on its bank."""
    scopes: dict[str, set[str]] = {}
    for held in grants.values():
        for bank, grant in held.items():
            scopes.setdefault(bank, set()).update(grant.scope_tags)
    return {
        member: {
            bank: replace(grant, closed_tags=frozenset(scopes[bank].difference(grant.scope_tags)))
            if grant.scope_tags
            else grant
            for bank, grant in held.items()
        }
        for member, held in grants.items()
    }


def _line_of(source: str, keys: tuple[str, ...]) -> int | None:
    """The line of a key in a TOML text, found by its table header and name; None where that can't tell."""
    table: tuple[str, ...] = ()
    header_line = None
    for number, line in enumerate(source.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            table = _split(header[1])
            if table == keys:
                header_line = number
        elif (pair := re.match(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[^=\s]+)*)\s*=""", line)) and (
            *table,
            *_split(pair[1]),
        ) == keys[: len(table) + len(_split(pair[1]))]:
            return number
    return header_line


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", dotted))
