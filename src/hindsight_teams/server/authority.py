"""The owner and the rights of a key, from the current key file and team files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Grant
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.server.key_file import KeyRecord, KeyStore, Reloaded
from hindsight_teams.server.matching import claims, is_review_bank, match_bank_id


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a key that counts belongs to.

    Attributes:
        definition: The member's team; None where no team file declares it. Then the member holds nothing.
        rivals: The other teams of the server.
    """

    key: KeyRecord
    definition: TeamDefinition | None
    rivals: tuple[TeamDefinition, ...] = ()

    @property
    def admin(self) -> bool:
        """May do everything."""
        return self.key.admin

    @property
    def member(self) -> str:
        """The member's id in its team."""
        return self.key.member

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What the member holds."""
        return tuple(self.definition.grants.get(self.member, {}).values()) if self.definition else ()

    @property
    def access(self) -> Access:
        """The verbs that the member holds on any bank."""
        held = Access.NONE
        for grant in self.grants:
            held |= grant.access
        return held

    def grant(self, bank_id: str) -> Grant | None:
        """The grant through which the member reaches a bank; None where it holds nothing there."""
        if self.definition is None or any(claims(rival, bank_id) for rival in self.rivals):
            return None
        return match_bank_id(self.definition, self.member, bank_id)

    def may_queue(self, bank_id: str) -> bool:
        """Whether this is the team's review bank, and the member one who retains or proposes: it may add to it."""
        if self.definition is None or not is_review_bank(self.definition, bank_id):
            return False
        return Access.RETAIN in self.access or self.member in self.definition.proposers

    def may(self, verb: Access, bank_id: str) -> bool:
        """Whether the member may use a verb on a bank."""
        if self.admin or (verb == Access.RETAIN and self.may_queue(bank_id)):
            return True
        grant = self.grant(bank_id)
        return grant is not None and verb != Access.NONE and verb in grant.access


class Authority:
    """The rights of a server, read from its key file and team files; each is read again when it changes.

    Args:
        key_file: See ``KeyStore``.
        team_files: One team.toml for each team.

    Attributes:
        attached: The parts of the extension that are at work; member keys count only when all of them are.
    """

    PARTS = frozenset({"guard", "validator"})

    def __init__(self, key_file: str | Path, team_files: Sequence[str | Path]) -> None:
        self.keys = KeyStore(key_file)
        self._teams = [Reloaded(Path(path), TeamDefinition.from_file) for path in team_files]
        self.attached: set[str] = set()

    @property
    def missing(self) -> frozenset[str]:
        """The parts that are not at work."""
        return self.PARTS - self.attached

    def teams(self) -> Mapping[str, TeamDefinition]:
        """The teams by id.

        Raises:
            ConfigurationError: A team file has a mistake, or two declare the same team.
        """
        teams: dict[str, TeamDefinition] = {}
        for source in self._teams:
            definition = source.get()
            if definition.team_id in teams:
                raise ConfigurationError(f"two team files declare the team {definition.team_id!r}; keep one of them")
            teams[definition.team_id] = definition
        return teams

    def identify(self, key: str | None) -> Identity | None:
        """Whom a key belongs to; None for a key that does not count.

        Raises:
            ConfigurationError: The key file or a team file can't be read.
        """
        record = self.keys.verify(key)
        if record is None:
            return None
        if record.admin:
            return Identity(record, None)
        teams = self.teams()
        rivals = tuple(definition for team, definition in teams.items() if team != record.team)
        return Identity(record, teams.get(record.team), rivals)
