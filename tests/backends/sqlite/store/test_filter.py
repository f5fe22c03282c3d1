"""The filter of a recall: what it accepts, and the index's condition that narrows it down before."""

from __future__ import annotations

import re
from itertools import product
from typing import Any, get_args

import pytest

from hindsight_teams.backends.sqlite.store.reading import MOST_TAGS, Filter
from hindsight_teams.backends.sqlite.store.records import pack_tags
from hindsight_teams.backends.sqlite.text.terms import UNTAGGED, tag_term
from hindsight_teams.models import TagsMatch
from hindsight_teams.requests.tags import TagFilter, matches, matches_group

MATCHES: tuple[TagsMatch, ...] = get_args(TagsMatch)
HELD = [set[str](), {"a"}, {"b"}, {"a", "b"}, {"a", "b", "c"}, {"c"}]
GROUPS: list[Any] = [
    {"tags": ["a"]},
    {"tags": ["a"], "match": "any"},
    {"tags": [], "match": "exact"},
    {"and": [{"tags": ["a"]}, {"tags": ["b"]}]},
    {"and": [{"tags": ["a"]}, {"not": {"tags": ["b"]}}]},
    {"or": [{"tags": ["a"]}, {"tags": ["c"]}]},
    {"or": [{"tags": ["a"]}, {"not": {"tags": ["c"]}}]},
    {"not": {"tags": ["a"]}},
]


def held_column(held: set[str]) -> str | None:
    return pack_tags(tuple(sorted(held)))


def met(condition: str | None, held: set[str]) -> bool:
    """Whether a memory with these tags meets a condition of the index; none lets everything through."""
    if condition is None:
        return True
    terms = {tag_term(tag) for tag in held} or {UNTAGGED}
    said = re.sub(r'"([^"]*)"', lambda term: str(term[1] in terms), condition)
    return bool(eval(said.replace(" AND ", " and ").replace(" OR ", " or ")))


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("asked", [(), ("a",), ("a", "b"), ("z",)])
def test_flat_tags_are_accepted_in_each_mode_and_the_index_takes_just_the_same(asked: Any, match: Any) -> None:
    chosen = Filter(TagFilter(asked, match))
    assert chosen.trivial == (asked == () and match != "exact")
    for held in HELD:
        wanted = matches(asked, match, held)
        assert chosen.accepts(held_column(held), "world") == wanted
        exact = {"exact": matches(asked, "all_strict", held) if asked else wanted}.get(match, wanted)
        assert met(chosen.condition(), held) == exact


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_groups_are_accepted_and_the_index_loses_none(group: Any) -> None:
    for (asked, match), held in product([((), "any"), (("b",), "any_strict")], HELD):
        chosen = Filter(TagFilter(asked, match, (group,)))  # type: ignore[arg-type]
        assert not chosen.trivial
        wanted = matches(asked, match, held) and matches_group(group, held)  # type: ignore[arg-type]
        assert chosen.accepts(held_column(held), "world") == wanted
        assert met(chosen.condition(), held) or not wanted


def test_the_index_narrows_what_groups_ask_for() -> None:
    both = Filter(
        TagFilter(
            (),
            "any",
            (
                GROUPS[3],
                GROUPS[5],
            ),
        )
    ).condition()
    assert [met(both, held) for held in HELD] == [False, False, False, True, True, False]
    assert met(Filter(TagFilter((), "any", (GROUPS[4],))).condition(), {"b"}) is False
    assert Filter(TagFilter((), "any", (GROUPS[6],))).condition() is None


def test_types_are_accepted_whatever_the_tags() -> None:
    chosen = Filter(types=frozenset({"world"}))
    assert not chosen.trivial
    assert [chosen.accepts(held_column({"a"}), kind) for kind in ("world", "observation")] == [True, False]


def test_the_default_lets_all_through_and_a_long_filter_is_checked_row_by_row() -> None:
    assert Filter().trivial
    assert Filter().condition() is None
    tags = tuple(f"t{n}" for n in range(MOST_TAGS + 1))
    assert Filter(TagFilter(tags, "any_strict")).condition() is None
    assert Filter(TagFilter(tags[:-1], "any_strict")).condition() is not None
    assert not Filter(TagFilter(tags, "any_strict")).accepts(None, "world")
    assert Filter(TagFilter(tags, "any_strict")).accepts(held_column({"t7"}), "world")
