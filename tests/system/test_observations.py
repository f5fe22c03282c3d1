"""A server's observations: their sources, their tags and their readers."""

from __future__ import annotations

import pytest

from hindsight_teams import TeamMemory
from hindsight_teams.models import Memory
from tests.system.conftest import Place, facts

FACT = "The Maple pilot starts in May."


# A file derives observations only when it is asked to, and has its own tests.
pytestmark = pytest.mark.parametrize("place", [pytest.param("server", marks=pytest.mark.server)], indirect=True)


@pytest.fixture
def team(place: Place) -> TeamMemory:
    """The same fact retained in all ways that must be kept apart, each in two runs."""
    team = place.team(
        banks={"x": "team"},
        members={
            "a": {"x": "full"},
            "b": {"x": "full"},
            "north": {"x": {"access": "full", "scope_tags": ["area:north"]}},
        },
    )
    for name, user, tags in (
        ("a", "ada", ()),
        ("a", "bob", ()),
        ("a", "ada", ("red",)),
        ("b", "ada", ()),
        ("north", "ada", ()),
    ):
        member = team.member(name)
        for run in ("r1", "r2"):
            member.retain(
                FACT,
                tags=list(tags),
                caller=member.bound(user=user, session=f"session-{run}", run=run),
                document_id=f"{name}-{user}-{len(tags)}-{run}",
            )
    place.settle(team)
    return team


def test_observations_come_together_over_runs_and_over_nothing_else(place: Place, team: TeamMemory) -> None:
    held = place.held(team)
    by_id = {m.id: m for m in facts(held)}
    observed = [m for m in held if m.type == "observation"]
    assert len(by_id) == 10
    assert len(observed) == 5
    for observation in observed:
        sources = [by_id[source] for source in observation.source_ids]
        assert {m.metadata["run"] for m in sources} == {"r1", "r2"}
        assert len({(m.author, m.metadata["user"], _apart(m)) for m in sources}) == 1
        assert _apart(observation) == _apart(sources[0])
        assert not [tag for tag in observation.tags if tag.startswith(("session:", "run:"))]


def _apart(memory: Memory) -> frozenset[str]:
    return frozenset(tag for tag in memory.tags if not tag.startswith(("session:", "run:")))


def test_who_may_read_an_observation_may_read_all_that_it_rests_on(team: TeamMemory) -> None:
    def observed(name: str, **options: object) -> list[Memory]:
        return team.member(name).recall("Maple", types=["observation"], max_tokens=10_000, **options).results  # type: ignore[arg-type]

    assert {m.author for m in observed("north")} == {"north"}
    assert {m.author for m in observed("a", authors=["b"])} == {"b"}
    assert {tag for m in observed("a", tags=["red"], tags_match="any_strict") for tag in m.tags} >= {"red"}
    assert observed("a", tags=["session:session-r1"], tags_match="any_strict") == []
    # The same text is shown once, as one of those who said it.
    [shown] = team.member("a").recall("Maple").results
    assert (shown.text, shown.author is not None, shown.type) == (FACT, True, "world")


def test_a_forgotten_run_leaves_an_observation_of_the_rest_alone(place: Place, team: TeamMemory) -> None:
    team.forget(run="r1", dry_run=False)
    place.settle(team)
    held = place.held(team)
    live = {m.id: m for m in facts(held)}
    assert {m.metadata["run"] for m in live.values()} == {"r2"}
    observed = [m for m in held if m.type == "observation"]
    assert len(observed) == 5
    assert {source for m in observed for source in m.source_ids} == set(live)
