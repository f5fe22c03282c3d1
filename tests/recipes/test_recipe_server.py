"""The same recipes, unchanged, on a real Hindsight server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hindsight_recipes import get_recipe
from hindsight_teams import HindsightBackend
from hindsight_teams.access.definition import TeamDefinition
from tests.harness import Server

RECIPES = ["researcher_answerer", "support_desk"]


@pytest.fixture
def server(hindsight_server: Server) -> Iterator[HindsightBackend]:
    """The server, without what an earlier session left in the recipes' banks."""
    with HindsightBackend(hindsight_server.url, api_key=hindsight_server.api_key) as backend:
        for name in RECIPES:
            team = TeamDefinition.from_file(get_recipe(name).team_toml).team_id
            for bank in backend.list_banks(prefix=f"{team}:"):
                backend.delete_bank(bank.bank_id)
        yield backend


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_runs_unchanged_on_a_server(server: HindsightBackend, name: str) -> None:
    for step, events in get_recipe(name).play(backend=server):
        *_, last = events
        assert step.problems(str(last.content)) == [], f"{step.title}: {last.content}"
