"""Signatures as pure functions."""

from __future__ import annotations

import pytest

from hindsight_teams.access import signatures as provenance
from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory import merging as federation
from hindsight_teams.models import Memory, RecallResult

CALLER = Caller(team="desk", member="a b", user="ada", session="s", run="r")
SIGNED = provenance.sign_tags(CALLER, ["red"], ["area:north"])


def observation(text: str, tags: list[str]) -> Memory:
    return Memory("o", text, "desk:x", tags=tuple(tags), type="observation")


def test_observations_are_scoped_by_all_but_the_occasion() -> None:
    [scope] = provenance.observation_scopes([*SIGNED, "lineage:x"])
    expected = ["red", "area:north", "team:desk", "author:a~20b", "user:ada", provenance.tagset(["red"])]
    assert sorted(scope) == sorted(expected)


def test_an_observation_is_attributed_by_its_tags() -> None:
    assert provenance.attributed(observation("x", SIGNED)).metadata == {"team": "desk", "author": "a b", "user": "ada"}


@pytest.mark.parametrize("tags", [[], ["author:a", "author:b"], ["author:"], ["author:a b"], ["author:~zz"]])
def test_an_observation_of_nobody_certain_is_attributed_to_nobody(tags: list[str]) -> None:
    assert provenance.attributed(observation("x", tags)).author is None


def test_a_fact_is_attributed_by_its_metadata_alone() -> None:
    fact = Memory("f", "x", "desk:x", tags=("author:b",))
    assert provenance.attributed(fact) is fact


def test_of_a_fact_and_an_observation_that_say_the_same_the_fact_is_shown_at_the_better_rank() -> None:
    fact = Memory("f", "The lamp  is red.", "desk:x", metadata={"author": "b"})
    other = Memory("g", "The oven is off.", "desk:x")
    derived = observation("The lamp is red.", SIGNED)
    assert federation.merge_recall([("x", RecallResult([derived, other, fact]))]).results == [fact, other]
    assert federation.merge_recall([("x", RecallResult([fact, other, derived]))]).results == [fact, other]


def test_what_a_decision_left_is_taken_off_before_the_next() -> None:
    metadata = {
        "author": "a",
        "trust": "reviewed",
        "reviewed_by": "chair",
        "review_id": "1",
        "lineage": "b#1",
        "page": "7",
    }
    assert provenance.undecided(metadata, ["red", "lineage:b", "author:a"]) == (
        {"author": "a", "trust": "member", "page": "7"},
        ["red", "author:a"],
    )


@pytest.mark.parametrize("key", sorted(provenance.RESERVED_METADATA))
def test_metadata_that_only_the_service_sets_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{key}'"):
        provenance.refuse_forgery([], {key: "x"})
