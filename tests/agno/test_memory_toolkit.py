"""What a model gives to a tool is read as it must have been meant, or refused with a sentence that helps."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from hindsight_teams.agno.memory_toolkit import read_arguments as read
from hindsight_teams.errors import InvalidInput

TYPES: dict[str, Any] = {"run_context": object, "content": str, "bank": Literal["own", "shared"]}


def content(given: Any) -> Any:
    return read("retain_memory", TYPES, {"content": given}).values["content"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Ada rows.", "Ada rows."),
        (["Ada lives in Oslo.", "Ada rows."], "Ada lives in Oslo.\nAda rows."),
        (["Ada rows.", "", None], "Ada rows."),
        ([{"fact": "Ada rows."}, ["Ada", ["sails."]]], "Ada rows.\nAda\nsails."),
        ({"name": "Ada", "city": "Oslo"}, "Ada\nOslo"),
        (4417, "4417"),
        (2.5, "2.5"),
        ('["Ada lives in Oslo.", "Ada rows."]', "Ada lives in Oslo.\nAda rows."),
        ('{"content": "Ada rows."}', "Ada rows."),
        ('{"content": ["Ada rows.", "Ada sails."]}', "Ada rows.\nAda sails."),
        ('{"port": 8080}', '{"port": 8080}'),
        ("[not JSON", "[not JSON"),
        ("[1, 2]", "[1, 2]"),
        ("", ""),
        ('{"type": "string", "description": "The fact to remember."}', ""),
        ('{"type": "string", "description": "The fact to remember.", "title": "Content"}', ""),
        ('{"type": "lamp"}', '{"type": "lamp"}'),
    ],
)
def test_a_text_is_read_from_what_stands_in_its_place(given: Any, meant: str) -> None:
    assert content(given) == meant


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"content": None},
        {"content": []},
        {"content": True},
        {"content": {"type": "string", "description": "The fact to remember."}},
        {"importance": "high"},
        {"user_id": "bob"},
    ],
)
def test_a_text_that_is_missing_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"content.*retain_memory"):
        read("retain_memory", TYPES, given)


DOC = "Store it.\n\nArgs:\n    content: The fact to remember.\n    query: The question.\n"


@pytest.mark.parametrize(
    "given", ["The fact to remember.", "the fact to remember", "The observation to remember.", "A fact to remember!"]
)
def test_a_parameters_description_is_no_argument_for_it(given: str) -> None:
    with pytest.raises(InvalidInput, match=r"content.*retain_memory"):
        read("retain_memory", TYPES, {"content": given}, doc=DOC)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("content", "The observation to forget."),
        ("content", "The fact to remember is the gate's colour."),
        ("content", "Remember the fact."),
        ("content", "..."),
        ("query", "The weather."),
    ],
)
def test_a_text_that_says_more_than_the_description_is_kept(name: str, given: str) -> None:
    assert read("tool", {name: str}, {name: given}, doc=DOC).values == {name: given}


@pytest.mark.parametrize("name", ["text", "fact", "memory"])
def test_the_one_text_may_come_under_another_name(name: str) -> None:
    found = read("retain_memory", TYPES, {name: "Ada rows.", "bank": "own"})
    assert (found.values, found.note) == ({"bank": "own", "content": "Ada rows."}, "")


def test_an_argument_that_is_made_up_is_left_out_and_told() -> None:
    found = read("retain_memory", TYPES, {"content": "Ada rows.", "importance": "high", "user_id": "bob"})
    assert found.values == {"content": "Ada rows."}
    assert "importance, user_id" in found.note


@pytest.mark.parametrize("given", ["own", " Own ", ["own"]])
def test_a_choice_is_read_whatever_its_case(given: Any) -> None:
    assert read("retain_memory", TYPES, {"content": "Ada rows.", "bank": given}).values["bank"] == "own"


@pytest.mark.parametrize("given", ["everybody", ["own", "shared"], 3])
def test_a_choice_that_is_not_offered_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput, match="own, shared"):
        read("retain_memory", TYPES, {"content": "Ada rows.", "bank": given})


@pytest.mark.parametrize("given", [{"query": ""}, {"content": [], "query": "x"}, {}])
def test_of_several_texts_each_one_that_is_missing_counts(given: dict[str, Any]) -> None:
    types = {"query": str, "content": str}
    with pytest.raises(InvalidInput, match=r"missing; call tool again with \w+ as a text"):
        read("tool", types, given)
    assert read("tool", types, {"query": "", "content": ""}).values == {"query": "", "content": ""}


def test_of_several_texts_none_is_taken_from_another_name() -> None:
    with pytest.raises(InvalidInput, match="query is missing"):
        read("tool", {"query": str, "content": str}, {"text": "Ada rows."})


@pytest.mark.parametrize(
    ("given", "values", "left_out"),
    [
        ({"text": "Ada rows.", "fact": "Ada sails."}, {"content": "Ada rows."}, ("fact",)),
        ({"fact": "", "text": "Ada rows."}, {"content": "Ada rows."}, ("fact",)),
        ({"content": "Ada rows.", "text": "Ada sails."}, {"content": "Ada rows."}, ("text",)),
        ({"content": "Ada rows.", "run_context": 7}, {"content": "Ada rows.", "run_context": 7}, ()),
    ],
)
def test_the_first_text_counts_and_what_agno_puts_in_is_kept(
    given: dict[str, Any], values: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    found = read("retain_memory", TYPES, given)
    assert (found.values, found.left_out) == (values, left_out)


def test_a_name_that_is_made_up_is_told_in_one_short_line() -> None:
    note = read("retain_memory", TYPES, {"content": "Ada rows.", "a\nb": 1, "x" * 1000: 2}).note
    assert "a b" in note
    assert len(note) < 200
