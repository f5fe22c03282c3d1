"""A real server that enforces a team.toml, and a key for each of its members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import POLICIES
from hindsight_teams.server.key_file import KeyStore
from tests.conftest import ServerFactory
from tests.harness import Server

PROJECT = Path(__file__).resolve().parents[2]
EXTENSION = "hindsight_teams.server.extension"
BANKS = {"shared": "team", "notes": "member", "customer": "user", "room": "{team}:room:{session}"}


def team_toml() -> str:
    """A team with a member for each policy on each bank, and some more."""
    lines = ["[team]", 'id = "desk"', "[banks]", 'spare = "team"']
    lines += [f'{bank} = "{scope}"' for bank, scope in BANKS.items()]
    for policy in POLICIES:
        for bank in BANKS:
            lines += [f"[members.{policy}-{bank}]", f'{bank} = "{policy}"']
    lines += ["[members.insider]", *(f'{bank} = "full"' for bank in BANKS)]
    lines += ["[members.maple]", 'shared = { access = "full", scope_tags = ["project:maple"] }']
    lines += ["[members.proposer]", 'notes = "read-only"', "[review]", 'proposers = ["proposer"]']
    return "\n".join(lines) + "\n"


@dataclass
class Desk:
    """The server, the team on it, and what its members ask."""

    server: Server
    team_file: Path
    store: KeyStore
    client: httpx.Client
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def definition(self) -> TeamDefinition:
        return TeamDefinition.from_file(self.team_file)

    def issue(self, name: str, *, member: str | None = None, team: str = "desk", admin: bool = False) -> str:
        """Make a key and remember it under a name."""
        self.ids[name], self.keys[name] = self.store.create(team, member or name, admin=admin)
        return self.keys[name]

    def ask(self, who: str | None, method: str, path: str, **given: Any) -> httpx.Response:
        """One hand-written request with a member's key; the path starts below the banks unless it starts with ``/``."""
        headers = {"Authorization": f"Bearer {self.keys.get(who, who)}"} if who else {}
        path = path if path.startswith("/") else f"/v1/default/banks/{path}"
        headers |= given.pop("headers", {})
        return self.client.request(method, f"{self.server.url}{path}", headers=headers, **given)

    def retain(self, who: str, bank_id: str, content: str, **item: Any) -> httpx.Response:
        return self.ask(who, "POST", f"{bank_id}/memories", json={"items": [{"content": content, **item}]})

    def recall(self, who: str, bank_id: str, query: str, **given: Any) -> httpx.Response:
        return self.ask(who, "POST", f"{bank_id}/memories/recall", json={"query": query, **given})

    def reflect(self, who: str, bank_id: str, query: str, **given: Any) -> httpx.Response:
        return self.ask(who, "POST", f"{bank_id}/reflect", json={"query": query, **given})


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an operator sets, with the files it names."""
    folder = tmp_path_factory.mktemp("team-server")
    (folder / "team.toml").write_text(team_toml())
    return {
        "HINDSIGHT_API_TENANT_EXTENSION": f"{EXTENSION}:TeamTenant",
        "HINDSIGHT_API_TENANT_KEY_FILE": str(folder / "keys.json"),
        "HINDSIGHT_API_TENANT_TEAM_FILE": str(folder / "team.toml"),
        "HINDSIGHT_API_OPERATION_VALIDATOR_EXTENSION": f"{EXTENSION}:TeamValidator",
        "HINDSIGHT_API_HTTP_EXTENSION": f"{EXTENSION}:TeamHttp",
    }


@pytest.fixture(scope="session")
def desk(hindsight_server_with: ServerFactory, environment: dict[str, str]) -> Iterator[Desk]:
    """The team on a real server of its own; its package lies there as the documentation says, without dependencies."""
    server = hindsight_server_with(env=environment, install=["--no-deps", str(PROJECT)])
    team_file = Path(environment["HINDSIGHT_API_TENANT_TEAM_FILE"])
    with httpx.Client(timeout=60, trust_env=False) as client:
        desk = Desk(server, team_file, KeyStore(environment["HINDSIGHT_API_TENANT_KEY_FILE"]), client)
        for member in desk.definition.grants:
            desk.issue(member)
        desk.issue("admin", member="ops", admin=True)
        desk.issue("stranger", member="insider", team="elsewhere")
        yield desk
