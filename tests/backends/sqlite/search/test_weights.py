"""What budgets and neighbours count, and that the page on the engine tells the weights that it names.

What each weight does is tested where it is used.
"""

from __future__ import annotations

from dataclasses import astuple
from itertools import pairwise
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.weights import DEPTHS
from hindsight_teams.models import LITTLE_KNOWN

ENGINE = " ".join((Path(__file__).parents[4] / "docs" / "engine.md").read_text().split())
LOW, MID, HIGH = (DEPTHS[budget] for budget in ("low", "mid", "high"))
NUMBERS = {2: "two", 3: "three", 10: "ten", 15: "fifteen", 100: "a hundred", 2_000: "two thousand"}


def test_a_neighbour_counts_by_its_distance_and_a_reply_more_than_what_was_said_before() -> None:
    near = dict(weights.NEAR)
    assert set(near) == {-2, -1, 1, 2, 3}
    for distance in (1, 2):
        assert near[distance] > near[-distance] > 0
    assert 1 > near[1] > near[2] > near[3] >= near[-2]
    assert near[-1] > near[2]
    assert [share for _, share in weights.NEAR] == sorted(near.values(), reverse=True)


def test_a_larger_budget_allows_more_of_everything() -> None:
    for less, more in pairwise((LOW, MID, HIGH)):
        assert all(a <= b for a, b in zip(astuple(less)[:-1], astuple(more)[:-1], strict=True))
        assert less.floor >= more.floor > 0


@pytest.mark.parametrize(
    ("candidates", "terms", "scored"),
    [
        (1_000, 8, 1_000),
        (1_000, 16, 500),
        (1_000, 90, 100),
        (60, 1, 60),
        (100, 99, 100),
    ],
)
def test_the_terms_of_a_long_query_share_the_work_of_a_short_one(candidates: int, terms: int, scored: int) -> None:
    depth = weights.Depth(rows=1, candidates=candidates, spread=1, scan=0, results=1, floor=0.5)
    assert depth.scored(terms) == scored


@pytest.mark.parametrize(
    "told",
    [
        f"at most {MID.results} lines (`low` {LOW.results}, `high` {HIGH.results})",
        f"the first {NUMBERS.get(weights.FIRST)} unless they are far behind",
        f"its best {NUMBERS.get(weights.CONFIDENCE_FROM)} cover together",
        f"as the rarest of {NUMBERS.get(weights.LACKING_AMONG)} memories",
        f"the confidence is below {LITTLE_KNOWN:.2f} | the tool says".replace("0.", "."),
        f"| below {weights.FEW_BELOW:.2f} by the words too, or below {LITTLE_KNOWN:.2f} where".replace("0.", "."),
        f"holds at most {NUMBERS.get(weights.THIN)} of the question's terms | {NUMBERS.get(weights.FEW)} lines come back |",
        f"{NUMBERS.get(weights.TALK_PAUSE // 3_600_000_000)} hours or more away",
        f"the neighbours of the {MID.spread} best memories ({HIGH.spread} with `high`)",
        f"whose own words reach {weights.SPREAD_FROM:.0%} of the best one's".replace("%", " %"),
        f"in a bank of up to {MID.scan:,} memories",
        f"candidates have {NUMBERS.get(weights.HINTS_LENGTH[0])} terms or more on average",
        f"and whole from {NUMBERS.get(weights.HINTS_LENGTH[1])} on",
    ],
)
def test_the_page_on_the_engine_tells_it_as_it_is(told: str) -> None:
    assert told in ENGINE
