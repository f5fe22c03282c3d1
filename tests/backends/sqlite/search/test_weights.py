"""How the weights of the ranking stand to each other, and that the page on the engine tells the ones it names.

What each does is tested where it is used; here is noticed what no ranking survives: a share beyond the whole, a weaker
sign above a stronger one, a budget that allows less than a smaller one.
"""

from __future__ import annotations

from dataclasses import astuple
from itertools import pairwise
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.weights import DEPTHS

ENGINE = " ".join((Path(__file__).parents[4] / "docs" / "engine.md").read_text().split())
LOW, MID, HIGH = (DEPTHS[budget] for budget in ("low", "mid", "high"))
NUMBERS = {2: "two", 3: "three", 10: "ten", 15: "fifteen", 100: "a hundred", 2_000: "two thousand"}


@pytest.mark.parametrize(
    "name",
    [
        *("AUTHOR", "MENTION", "SPREAD_FROM", "DOCUMENT", "TIME", "MEANING_FLOOR", "LENGTH", "SATURATION", "PAIR"),
        *("OTHER_FORM", "OTHER_FORM_ALONE", "FORM_SHARE", "ONE_EDIT", "HINTS", "BARE_YEAR", "FIRST_FLOOR", "FEW_BELOW"),
        *("FEW_BELOW_THIN", "UPDATE_SHARE", "UPDATE_ALIKE", "CHANGE_OF_SUBJECT", "CHANGE_OF_OBJECT"),
    ],
)
def test_a_share_is_a_part_of_the_whole(name: str) -> None:
    assert 0 < getattr(weights, name) < 1


@pytest.mark.parametrize(
    "rising",
    [
        (weights.DOCUMENT, weights.AUTHOR, weights.WORDS),
        (weights.TIME, weights.WORDS),
        (weights.WORDS, weights.MEANING, weights.WORDS + weights.AUTHOR),
        (weights.HINTS, weights.PAIR, weights.WORDS, weights.HEADING + weights.PAIR),
        (weights.OTHER_FORM, weights.OTHER_FORM_ALONE, weights.ONE_EDIT, weights.WORDS),
        (weights.MEANING_FLOOR, *weights.OUTSTANDING, 1),
        (weights.CHANGE_OF_OBJECT, weights.CHANGE_OF_SUBJECT, weights.UPDATE_ALIKE),
        (weights.FIRST_FLOOR, weights.FEW_BELOW, weights.FEW_BELOW_THIN, 0.5),
        (1, *weights.ARRIVAL_RATIO, 2),
        (1, weights.ARRIVAL, 1.5),
        (weights.THIN, weights.CONFIDENCE_FROM, weights.FIRST),
        (weights.FEW, weights.FIRST, MID.spread, LOW.results, MID.results),
        (weights.CHANGES_TRIED, weights.CHANGED_LONGEST, weights.UPDATE_LONGEST, weights.UPDATES_AMONG),
        (weights.LINK_FROM, weights.HINT_MEMORIES, weights.HINT_TERMS, weights.HINTS_TRIED, weights.HINT_SAMPLE),
        (weights.SATURATION_BY_LENGTH * weights.SATURATION_LONGEST, 1),
        (weights.FEWEST, weights.HINTED, MID.candidates, weights.LACKING_AMONG),
    ],
)
def test_the_stronger_sign_weighs_more(rising: tuple[float, ...]) -> None:
    assert all(less < more for less, more in pairwise(rising))


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
        assert less.rows * 5 == more.rows
    assert LOW.scan == 0
    assert HIGH.floor == weights.FIRST_FLOOR
    assert (HIGH.candidates, HIGH.results, HIGH.rows) == (10 * MID.candidates, MID.candidates, 25 * HIGH.candidates)


@pytest.mark.parametrize(
    ("candidates", "terms", "scored"),
    [
        (1_000, 0, 1_000),
        (1_000, 8, 1_000),
        (1_000, 9, 888),
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
        f"Below {weights.FEW_BELOW_THIN:.2f} the tool says".replace("0.", "."),
        f"Below {weights.FEW_BELOW:.1f} {NUMBERS.get(weights.FEW)} lines come back, below".replace("0.", "."),
        f"holds at most {NUMBERS.get(weights.THIN)} of the question's terms",
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


def test_a_talk_pauses_for_hours_and_time_reaches_a_week() -> None:
    assert weights.TALK_PAUSE % 3_600_000_000 == 0
    assert weights.TIME_REACH_DAYS == 7
