"""A member's options: what goes into the request, and whom it is addressed to."""

from __future__ import annotations

from typing import Any

import pytest

from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.member_options import Defaults, addressed, retaining
from hindsight_teams.models import RetainItem

ADA = Caller(user="ada")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"budget": "huge"}, "^budget"),
        ({"max_tokens": 0}, "^max_tokens"),
        ({"recall_tags_match": "most"}, "^recall_tags_match"),
        ({"tags": ("",)}, "^tags"),
        ({"recall_tags": ("",)}, "^recall_tags"),
    ],
)
def test_a_default_that_no_call_could_use_is_refused_at_once(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        Defaults(**given)


def test_what_a_call_uses_where_it_says_nothing() -> None:
    defaults = Defaults()
    assert (defaults.budget, defaults.max_tokens, defaults.tags) == ("mid", 4096, ())
    assert (defaults.recall_tags, defaults.recall_tags_match) == ((), "any")


def test_who_calls_and_which_banks_stand_apart_from_the_request() -> None:
    options = {"caller": ADA, "banks": ["a"], "authors": None, "tags": ["x"], "max_tokens": 5}
    to, rest = addressed(options)
    assert to == {"caller": ADA, "banks": ["a"], "authors": None}
    assert rest == {"tags": ["x"], "max_tokens": 5}
    assert addressed({}) == ({}, {})
    assert set(options) == {"caller", "banks", "authors", "tags", "max_tokens"}


def test_a_retain_names_its_bank_and_its_caller_beside_the_item() -> None:
    request, to = retaining("x", {"caller": ADA, "bank": "notes", "tags": ["red"], "context": None})
    assert request.items == (RetainItem("x", tags=["red"]),)
    assert to == {"caller": ADA, "banks": ["notes"]}
    unsaid, _ = retaining("x", {"update_mode": None, "append": None, "bank": None, "metadata": None})
    assert unsaid.items == (RetainItem("x"),)
    bare, nobody = retaining("x", {})
    assert bare.items == (RetainItem("x"),)
    assert nobody == {"caller": None}


@pytest.mark.parametrize(("append", "mode"), [(True, "append"), (False, "replace"), (None, "replace")])
def test_to_append_is_a_mode_of_the_item(append: bool | None, mode: str) -> None:
    [item] = retaining("x", {"append": append, "document_id": "d"})[0].items
    assert (item.update_mode, item.document_id) == (mode, "d")
