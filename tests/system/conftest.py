from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from hindsight_teams import HindsightBackend, MemberMemory, SQLiteBackend, TeamMemory
from hindsight_teams.models import Memory
from tests.harness import Server


class Place:
    """Somewhere that banks can live, shared by a module's tests: each takes a team of its own.

    Attributes:
        kind: ``file`` or ``server``.
    """

    def __init__(self, kind: str, backend: Any) -> None:
        self.kind = kind
        self.backend = backend
        self._teams: list[str] = []

    def team(self, *, backend: Any = None, **parts: Any) -> TeamMemory:
        """A team that nobody else uses."""
        team_id = Server.unused_bank("both")
        self._teams.append(team_id)
        return TeamMemory(team_id, backend=backend or self.backend, **parts)

    def settle(self, team: TeamMemory) -> None:
        """Wait until a server has derived what it derives."""
        if self.kind == "file":
            return
        for bank_id in self.bank_ids(team):
            while busy := [o for o in self.backend.list_operations(bank_id) if o.status in ("pending", "processing")]:
                for operation in busy:
                    self.backend.wait_for_operation(bank_id, operation.operation_id, timeout=120)

    def bank_ids(self, team: TeamMemory) -> list[str]:
        return [bank.bank_id for bank in self.backend.list_banks(prefix=f"{team.team_id}:")]

    def held(self, team: TeamMemory) -> list[Memory]:
        """All that is listed in any bank of the team, observations too."""
        return [m for bank_id in self.bank_ids(team) for m in self.backend.list_memories(bank_id).memories]

    def clean_up(self) -> None:
        for team_id in self._teams:
            for bank in self.backend.list_banks(prefix=f"{team_id}:"):
                self.backend.delete_bank(bank.bank_id)


@pytest.fixture(scope="module", params=["file", pytest.param("server", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The file, then the server."""
    if request.param == "file":
        with closing(SQLiteBackend(tmp_path_factory.mktemp("both") / "memory.db")) as file:
            yield Place("file", file)
        return
    server: Server = request.getfixturevalue("hindsight_server")
    with HindsightBackend(server.url, api_key=server.api_key) as http:
        place = Place("server", http)
        yield place
        place.clean_up()


def facts(memories: list[Memory]) -> list[Memory]:
    """Without what was derived."""
    return [memory for memory in memories if memory.type != "observation"]


def texts(member: MemberMemory, query: str, **options: Any) -> set[str]:
    """What a member recalls."""
    return {memory.text for memory in member.recall(query, **options).results}
