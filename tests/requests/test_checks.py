"""What each check of a request refuses, and what it lets pass as it is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from hindsight_teams.errors import InvalidBankId, InvalidInput
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import checks

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
AN_ID = "6f1c9d2e-0f43-4a38-9d6b-0c6f7c0c1a11"


def refused(says: str, check: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    with pytest.raises(InvalidInput, match=says):
        check(*args, **kwargs)


@pytest.mark.parametrize("bank_id", ["a\x01b", "a\x1fb", "a\x7fb", "a\x9fb"])
def test_a_bank_id_with_a_character_that_nobody_sees_is_refused(bank_id: str) -> None:
    with pytest.raises(InvalidBankId, match="control character"):
        checks.check_bank_id(bank_id)


def test_a_bank_id_is_as_long_as_a_server_takes_it() -> None:
    fits = "é" * (checks.MAX_BANK_ID // 2)
    assert checks.check_bank_id(fits) == fits
    with pytest.raises(InvalidBankId, match=r" 193 .* 192"):
        checks.check_bank_id(fits + "x")
    for step in (".", ".."):
        with pytest.raises(InvalidBankId, match="path step"):
            checks.check_bank_id(step)
    for wrong in ("a/b", "a\\b"):
        with pytest.raises(InvalidBankId, match=re.escape(f"{wrong!r} holds")):
            checks.check_bank_id(wrong)
    with pytest.raises(InvalidBankId, match="surrogate"):
        checks.check_bank_id("a\ud800")


@pytest.mark.parametrize("character", [" ", "~", "\xa0", "!"])
def test_a_bank_id_may_hold_every_character_that_is_seen(character: str) -> None:
    assert checks.check_bank_id(f"a{character}b") == f"a{character}b"


@pytest.mark.parametrize(
    ("bank_id", "is_one"),
    [
        ("t:review:queue", True),
        ("t:shared:user", False),
        ("a:t:review:queue", False),
        ("review:queue", False),
        ("t:review:queued", False),
        ("t:reviews:queue", False),
    ],
)
def test_a_review_bank_is_known_by_its_id(bank_id: str, is_one: bool) -> None:
    assert checks.is_review_bank(bank_id) is is_one


def test_a_text_is_a_string_with_something_in_it() -> None:
    assert checks.check_text("content", " a\tb\nc ") == " a\tb\nc "
    refused("content must be a string, not int", checks.check_text, "content", 7)
    refused("content is empty", checks.check_text, "content", " \n")


@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x0e", "\x1b", "\x1f", "\x7f", "\x84", "\x86", "\x9f", "\ud800"]
)
def test_a_character_that_no_store_can_hold_is_refused_in_every_text(character: str) -> None:
    for check in (checks.check_text, checks.check_characters):
        refused("^title ", check, "title", f"a{character}b")
    refused("^context ", checks.check_context, f"a{character}b")
    refused(r"^metadata\['k'\] ", checks.check_metadata, {"k": f"a{character}b"})
    refused("a metadata key", checks.check_metadata, {f"a{character}b": "v"})
    found = checks.check_search(f"a{character}b", "mid", None)
    assert (len(found), found[0], found[2], character in found) == (3, "a", "b", False)


@pytest.mark.parametrize("character", ["\t", "\n", "\v", "\f", "\r", "\x85", "\xa0", "é", "\U0001f989"])
def test_white_space_and_letters_pass_in_every_text(character: str) -> None:
    text = f"a{character}b"
    assert checks.check_text("title", text) == checks.check_context(text) == text
    assert checks.check_metadata({text: text}) == {text: text}
    assert checks.check_search(text, "mid", None) == text


def test_a_context_may_be_empty_and_must_be_a_string() -> None:
    assert checks.check_context("") == ""
    refused("context must be a string, not NoneType", checks.check_context, None)


def test_a_time_is_aware() -> None:
    assert checks.check_time("timestamp", None) is None
    assert checks.check_time("timestamp", NOON) is NOON
    assert checks.check_time("timestamp", NOON.replace(tzinfo=None)) == NOON
    east = NOON.astimezone(timezone(timedelta(hours=5)))
    assert checks.check_time("timestamp", east) is east
    refused("timestamp='noon' must be a datetime", checks.check_time, "timestamp", "noon")


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        (7, "metadata must be a mapping of strings, not int"),
        ("ab", "not str"),
        ({7: "x"}, "the key 7"),
        ({"é": 7}, r"metadata\['é'\] is int"),
        ({"k": None}, r"metadata\['k'\] is NoneType"),
    ],
)
def test_metadata_that_is_no_mapping_of_strings_is_refused(metadata: Any, says: str) -> None:
    refused(says, checks.check_metadata, metadata)


def test_metadata_is_given_back_as_a_dict_of_its_own() -> None:
    given = {"k": "v", "ü": "é"}
    found = checks.check_metadata(given)
    assert found == given
    assert found is not given
    assert checks.check_metadata(None) == {}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"content": ""}, "content"),
        ({"timestamp": "noon"}, "timestamp"),
        ({"metadata": {"k": 7}}, "metadata"),
        ({"tags": "red"}, "tags"),
        ({"entities": ["", "Ada"]}, "entities"),
        ({"update_mode": "overwrite"}, "update_mode"),
        ({"observation_scopes": [["red"], ""]}, "observation_scopes"),
        ({"context": 7}, "context"),
        ({"document_id": " "}, "document_id"),
        ({"update_mode": "append"}, "update_mode='append' needs the document_id"),
    ],
)
def test_every_field_of_an_item_is_checked_and_named(fields: dict[str, Any], says: str) -> None:
    item = RetainItem(**{"content": "The lamp is red.", **fields})
    refused(rf"^{says}\b", checks.check_item, item)
    refused(rf"^items\[1\]: {says}\b", checks.check_items, [RetainItem("x"), item])
    refused(rf"^{says}\b", checks.check_items, [item])


def test_an_item_passes_as_it_is_but_for_its_time_zone() -> None:
    item = RetainItem(
        "x",
        NOON,
        context="",
        metadata={"k": "v"},
        tags=["red"],
        document_id="d",
        update_mode="append",
        entities=["Ada"],
        observation_scopes=[["red"]],
    )
    assert checks.check_item(item) is item
    assert checks.check_items((item, RetainItem("y", NOON.replace(tzinfo=None)))) == [item, RetainItem("y", NOON)]
    refused("must be a RetainItem, not str", checks.check_item, "x")


@pytest.mark.parametrize("items", ["ab", b"ab", 7, None, {RetainItem("x").content}])
def test_items_that_are_no_list_are_refused(items: Any) -> None:
    refused("items must be a list of RetainItem", checks.check_items, items)


@pytest.mark.parametrize(
    ("query", "budget", "max_tokens", "says"),
    [
        ("x", "huge", None, "budget"),
        ("x", "mid", 0, "max_tokens"),
        ("x", "mid", True, "max_tokens"),
        ("x", "mid", 1.5, "max_tokens"),
        (7, "mid", None, "query must be a string, not int"),
        ("  ", "mid", None, "query is empty"),
    ],
)
def test_a_search_that_can_not_be_is_refused(query: Any, budget: Any, max_tokens: Any, says: str) -> None:
    refused(says, checks.check_search, query, budget, max_tokens)


def test_a_search_has_a_query_a_budget_and_a_limit() -> None:
    for budget in ("low", "mid", "high"):
        assert checks.check_search(" where? ", budget, 1) == " where? "


def test_kinds_of_memory_are_a_list_of_known_ones() -> None:
    assert checks.check_types(None) is None
    assert checks.check_types(("world", "observation")) == ["world", "observation"]
    refused("types", checks.check_types, "world")
    refused("types", checks.check_types, {"world"})
    refused("types", checks.check_types, ["worlds"])


@pytest.mark.parametrize("value", [True, False, "1", None, float("nan"), float("inf"), float("-inf")])
def test_a_number_is_finite_and_no_truth_value(value: Any) -> None:
    refused(f"min_score={value!r}", checks.check_number, "min_score", value)
    for number in (0, -1, 0.5):
        checks.check_number("min_score", number)


def test_a_uuid_is_given_back_in_its_usual_form() -> None:
    assert checks.check_uuid("id", AN_ID.replace("-", "").upper()) == AN_ID
    assert checks.check_uuid("id", f"{{{AN_ID}}}") == AN_ID
    for value in ("x", 7, None, uuid.UUID(AN_ID)):
        refused("id=.* must be a UUID", checks.check_uuid, "id", value)


def test_only_what_runs_in_the_background_has_an_operation_id() -> None:
    checks.check_operation_id(AN_ID, background=True)
    refused("background=True", checks.check_operation_id, AN_ID, background=False)
    refused("operation_id='x'", checks.check_operation_id, "x", background=True)


@pytest.mark.parametrize("ids", ["ab", 7, ["a", 7], {"a": 1}, iter("a")])
def test_ids_that_are_no_list_of_strings_are_refused(ids: Any) -> None:
    refused("ids=", checks.check_ids, ids)


def test_ids_may_be_any_collection_of_strings() -> None:
    for ids in (None, [], ["a"], ("a", "b"), {"a"}, frozenset({"a"})):
        checks.check_ids(ids)


@pytest.mark.parametrize("value", [True, "1", 1.0, None, 1 << 62])
def test_a_page_is_of_whole_numbers(value: Any) -> None:
    refused("limit=", checks.check_page, value, 0)
    refused("offset=", checks.check_page, 1, value)


def test_a_page_begins_at_zero_and_holds_one_at_least() -> None:
    checks.check_page(1, 0)
    checks.check_page((1 << 62) - 1, (1 << 62) - 1)
    refused("limit=0 .* at least 1", checks.check_page, 0, 0)
    refused("offset=-1 .* at least 0", checks.check_page, 1, -1)
