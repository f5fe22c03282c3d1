"""Tag filters: the server's five match modes and its boolean groups."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import TAGS_MATCHES, TagGroup, TagsMatch
from hindsight_teams.requests.tags import TagFilter, check_group, check_tags, matches, matches_group

tag_sets = st.sets(st.sampled_from("abcd"))
modes = st.sampled_from(TAGS_MATCHES)
leaves = st.fixed_dictionaries({"tags": st.lists(st.sampled_from("abcd"), min_size=1), "match": modes})
groups = st.recursive(
    leaves,
    lambda g: (
        st.fixed_dictionaries({"and": st.lists(g, max_size=3)})
        | st.fixed_dictionaries({"or": st.lists(g, max_size=3)})
        | st.fixed_dictionaries({"not": g})
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("match", "untagged", "one", "both", "more", "other"),
    [
        ("any", True, True, True, True, False),
        ("any_strict", False, True, True, True, False),
        ("all", True, False, True, True, False),
        ("all_strict", False, False, True, True, False),
        ("exact", False, False, True, False, False),
    ],
)
def test_the_match_modes_are_those_of_the_server(
    match: TagsMatch, untagged: bool, one: bool, both: bool, more: bool, other: bool
) -> None:
    memories: list[set[str]] = [set(), {"a"}, {"a", "b"}, {"a", "b", "c"}, {"z"}]
    assert [matches(["a", "b"], match, m) for m in memories] == [untagged, one, both, more, other]


@given(st.sampled_from((None, [])), modes, tag_sets)
def test_no_tags_mean_no_filter_and_with_exact_only_untagged(
    nothing: list[str] | None, match: TagsMatch, memory: set[str]
) -> None:
    assert matches(nothing, match, memory) == (match != "exact" or not memory)


@given(tag_sets, modes, tag_sets)
def test_neither_order_nor_repetition_of_tags_counts(tags: set[str], match: TagsMatch, memory: set[str]) -> None:
    twice = [*sorted(tags), *sorted(tags, reverse=True)]
    assert matches(twice, match, memory) == matches(sorted(tags), match, memory)


@given(tag_sets, tag_sets)
def test_a_strict_mode_lets_nothing_through_that_the_plain_one_refuses(tags: set[str], memory: set[str]) -> None:
    for strict, plain in (("any_strict", "any"), ("all_strict", "all"), ("all_strict", "any_strict")):
        if matches(sorted(tags), strict, memory):  # type: ignore[arg-type]
            assert matches(sorted(tags), plain, memory)  # type: ignore[arg-type]


@given(groups, tag_sets)
def test_not_turns_a_group_round(group: dict[str, Any], memory: set[str]) -> None:
    assert matches_group({"not": group}, memory) != matches_group(group, memory)


@given(st.lists(groups, max_size=4), tag_sets)
def test_and_or_mean_what_they_say(members: list[dict[str, Any]], memory: set[str]) -> None:
    each = [matches_group(group, memory) for group in members]
    assert matches_group({"and": members}, memory) == all(each)
    assert matches_group({"or": members}, memory) == any(each)


@given(st.sets(st.sampled_from("abcd"), min_size=1), groups, tag_sets)
def test_no_filter_of_the_callers_widens_a_scope(scope: set[str], asked: dict[str, Any], memory: set[str]) -> None:
    scoped = {"and": [{"tags": sorted(scope), "match": "all_strict"}, asked]}
    assert not matches_group(scoped, memory) or scope <= memory


@given(groups)
def test_a_well_formed_group_is_accepted(group: dict[str, Any]) -> None:
    check_group(group)


def test_a_leaf_is_strict_unless_it_says_otherwise() -> None:
    assert not matches_group({"tags": ["a"]}, set())


@pytest.mark.parametrize(
    "group",
    [
        None,
        "a",
        [],
        {},
        {"tags": "a"},
        {"tags": [""]},
        {"tags": ["a"], "match": "most"},
        {"tags": ["a"], "nor": []},
        {"and": {"tags": ["a"]}},
        {"and": "ab"},
        {"or": [{"tags": ["a"]}, "b"]},
        {"not": []},
        {"and": [], "or": []},
    ],
)
def test_a_group_of_the_wrong_shape_is_refused(group: Any) -> None:
    with pytest.raises(InvalidInput):
        check_group(group)


@pytest.mark.parametrize("tags", ["a", b"a", 7, {"a": 1}, ["a", 7], [""], [" "], ["a\nb"], ["a\x7f"]])
def test_tags_that_no_backend_could_hold_are_refused(tags: Any) -> None:
    with pytest.raises(InvalidInput, match="scope_tags"):
        check_tags(tags, name="scope_tags")


def test_tags_are_given_back_as_a_list() -> None:
    assert check_tags(None) == []
    assert check_tags(("a", "b")) == ["a", "b"]
    assert check_tags({"a"}) == ["a"]


@pytest.mark.parametrize(
    ("chosen", "trivial"),
    [
        (TagFilter(), True),
        (TagFilter((), "any"), True),
        (TagFilter((), "all_strict"), True),
        (TagFilter((), "exact"), False),
        (TagFilter(["a"], "any"), False),
        (TagFilter(["a"], "exact"), False),
        (TagFilter((), "any", [{"tags": ["a"]}]), False),
        (TagFilter(["a"], "any", [{"tags": ["a"]}]), False),
    ],
)
def test_a_filter_that_anything_could_fail_is_not_trivial(chosen: TagFilter, trivial: bool) -> None:
    assert chosen.trivial is trivial


@pytest.mark.parametrize("children", ["ab", b"ab", 7, None, {"tags": ["a"]}])
@pytest.mark.parametrize("name", ["and", "or"])
def test_children_that_are_no_list_are_refused(name: str, children: object) -> None:
    with pytest.raises(InvalidInput, match="tag group"):
        check_group({name: children})


def test_a_bad_tag_in_a_group_is_named_as_such() -> None:
    with pytest.raises(InvalidInput, match="tag_groups holds"):
        check_group({"tags": [""]})


@pytest.mark.parametrize("groups", ["ab", b"ab", 7, {"tags": ["a"]}, {1}])
def test_groups_that_are_no_list_are_refused_with_the_filter(groups: Any) -> None:
    with pytest.raises(InvalidInput, match="tag_groups="):
        TagFilter(("a",), "any", groups).checked()


def test_a_filter_is_settled_and_each_of_its_parts_checked() -> None:
    group: TagGroup = {"tags": ["a"]}
    assert TagFilter(["b"], groups=[group]).checked() == TagFilter(("b",), "any", (group,))
    assert TagFilter(None, "exact", None).checked() == TagFilter((), "exact", ())  # type: ignore[arg-type]
    for wrong in (TagFilter("ab"), TagFilter(["a"], "most"), TagFilter((), "any", [{"tags": [""]}])):  # type: ignore[arg-type]
        with pytest.raises(InvalidInput):
            wrong.checked()


def test_a_filter_accepts_what_passes_its_tags_and_each_of_its_groups() -> None:
    chosen = TagFilter(["a"], "any_strict", [{"tags": ["b"]}, {"not": {"tags": ["c"]}}])
    assert chosen.accepts({"a", "b"})
    for memory in ({"a"}, {"b"}, {"a", "b", "c"}, set[str]()):
        assert not chosen.accepts(memory)
    assert TagFilter().accepts(set())


@pytest.mark.parametrize("keys", [{"tags"}, {"tags", "match"}, {"tags", "resolve"}, {"tags", "match", "resolve"}])
def test_a_leaf_may_say_how_its_tags_match_and_are_resolved(keys: set[str]) -> None:
    whole: dict[str, Any] = {"tags": ["a"], "match": "all", "resolve": True}
    check_group({key: whole[key] for key in keys})
    with pytest.raises(InvalidInput):
        check_group({**{key: whole[key] for key in keys}, "more": 1})


def test_a_set_of_tags_and_a_sequence_of_ones_own_are_lists_too() -> None:
    assert check_tags(frozenset({"a"})) == ["a"]
    assert check_tags(["é", "a\u200bb"]) == ["é", "a\u200bb"]
    for tags in (["a\x1fb"], ["é\x7f"], [None]):
        with pytest.raises(InvalidInput, match=r"^tags holds"):
            check_tags(tags)
