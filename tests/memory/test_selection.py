"""What a selection names."""

from __future__ import annotations

from typing import Any

import pytest

from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.envelopes import ReviewItem
from hindsight_teams.memory.selection import Selection
from hindsight_teams.models import RetainItem
from tests.memory.team_fixtures import SIGNED, fact


class TestSelection:
    @pytest.mark.parametrize("nothing", [{}, {"memory_ids": []}, {"tags": []}, {"user": ""}, {"user": None}])
    def test_one_that_selects_nothing_is_refused(self, nothing: Any) -> None:
        with pytest.raises(InvalidInput, match="selected"):
            Selection(**nothing)

    @pytest.mark.parametrize("wrong", [{"memory_ids": "ab"}, {"memory_ids": [7]}, {"tags": "red"}, {"tags": [""]}])
    def test_lists_are_lists(self, wrong: Any) -> None:
        with pytest.raises(InvalidInput, match=r"tags|^ids="):
            Selection(**wrong)

    def test_its_tags_are_those_of_the_signature(self) -> None:
        whole = Selection(author="a b", user="ada", session="s:1", run="r1", tags=["red"])
        assert whole.kept_tags == ["author:a~20b", "user:ada", "red"]
        assert whole.occasion_tags == ["session:s~3a1", "run:r1"]
        assert Selection(tags=["red"]).occasion_tags == []

    @pytest.mark.parametrize(
        ("given", "follows"),
        [
            ({"memory_ids": ["1"]}, True),
            ({"document_id": "d"}, True),
            ({"session": "s"}, True),
            ({"run": "r"}, True),
            ({"user": "u"}, False),
            ({"author": "a"}, False),
            ({"tags": ["red"]}, False),
        ],
    )
    def test_what_is_bound_is_followed_where_its_tags_do_not_find_it(self, given: Any, follows: bool) -> None:
        assert Selection(**given).follows is follows

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"memory_ids": ["1", "2"]}, True),
            ({"memory_ids": ["2"]}, False),
            ({"document_id": "doc-1"}, True),
            ({"document_id": "doc-2"}, False),
            ({"session": "s1", "run": "r1"}, True),
            ({"session": "s1", "run": "r2"}, False),
            ({"memory_ids": ["1"], "document_id": "doc-2"}, False),
        ],
    )
    def test_it_names_what_meets_all_of_it(self, given: Any, named: bool) -> None:
        assert Selection(**given).names(fact("1")) is named

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"memory_ids": ["e1"]}, True),
            ({"memory_ids": ["e2"]}, True),
            ({"memory_ids": ["rid"]}, True),
            ({"memory_ids": ["77"]}, True),
            ({"memory_ids": ["t:shared#77"]}, False),
            ({"document_id": "d"}, True),
            ({"document_id": "review-proposal-rid"}, True),
            ({"document_id": "approved-rid"}, True),
            ({"document_id": "rid"}, False),
            ({"user": "ada", "session": "s1", "tags": ["red"]}, True),
            ({"user": "bob"}, False),
            ({"user": "ada", "run": "r2"}, False),
            ({"memory_ids": ["rid"], "user": "bob"}, False),
        ],
    )
    def test_it_names_an_envelope_by_any_id_that_it_goes_by(self, given: Any, named: bool) -> None:
        inside = RetainItem("x", tags=list(SIGNED), document_id="d")
        item = ReviewItem("rid", "proposal", "b", "t:b", "", inside, "t:shared#77", envelope_ids=("e1", "e2"))
        assert Selection(**given).names_held(item) is named

    def test_what_nobody_signed_is_named_by_no_signature(self) -> None:
        item = ReviewItem("rid", "proposal", "b", "t:b", "", RetainItem("x"))
        assert (Selection(user="ada").names_held(item), Selection(memory_ids=["rid"]).names_held(item)) == (False, True)

    def test_its_text_is_what_was_given(self) -> None:
        assert (
            str(Selection(user="ada", tags=("red",), memory_ids=["1"])) == "memory_ids=['1'], user='ada', tags=['red']"
        )
