"""Bad values are refused before anything is stored."""

from __future__ import annotations

from typing import Any

import pytest

from hindsight_teams.errors import InvalidInput
from hindsight_teams.testing.conformance._subject import Caller, Subject


class BadInput(Subject):
    """Each verb refuses what it can't use."""

    @pytest.mark.parametrize(
        "bad",
        [
            {"content": ""},
            {"content": " \n"},
            {"content": None},
            {"content": b"x"},
            {"content": "a\x00b"},
            {"content": "\ud800"},
            {"tags": "a"},
            {"tags": [""]},
            {"tags": [1]},
            {"metadata": {"n": 1}},
            {"metadata": {1: "n"}},
            {"metadata": ["n"]},
            {"timestamp": "yesterday"},
            {"document_id": " "},
            {"update_mode": "merge"},
            {"update_mode": "append"},
            {"entities": "Ada"},
        ],
        ids=repr,
    )
    def test_a_bad_retain_is_refused_and_stores_nothing(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.retain(bank, **{"content": "The kettle is on.", **bad})
        assert do.list_banks(prefix=bank) == []

    @pytest.mark.parametrize(
        "bad",
        [
            {"query": ""},
            {"query": None},
            {"budget": "huge"},
            {"max_tokens": 0},
            {"max_tokens": -1},
            {"max_tokens": True},
            {"max_tokens": 1.5},
            {"tags": "a"},
            {"tags_match": "some"},
            {"tag_groups": {"tags": ["a"]}},
            {"tag_groups": [{"nor": []}]},
            {"query_timestamp": "now"},
            {"types": ["opinion"]},
            {"types": "world"},
            {"min_score": "high"},
            {"min_score": float("nan")},
        ],
        ids=repr,
    )
    def test_a_bad_recall_is_refused(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.recall(bank, **{"query": "Which lamp?", **bad})

    @pytest.mark.parametrize(
        "bad", [{"query": " "}, {"budget": "huge"}, {"max_tokens": 0}, {"tags_match": "x"}], ids=repr
    )
    def test_a_bad_reflect_is_refused(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.reflect(bank, **{"query": "Which lamp?", **bad})

    @pytest.mark.parametrize("bad", [{"limit": 0}, {"limit": -1}, {"offset": -1}, {"limit": "1"}], ids=repr)
    def test_a_bad_page_is_refused(self, do: Caller, bank: str, bad: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            do.list_memories(bank, **bad)
