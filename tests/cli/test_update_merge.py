from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.cli.update import has_conflicts, merge

texts = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "\n"]), max_size=12).map("".join)


@given(texts, texts)
def test_what_only_the_template_changed_is_taken(base: str, theirs: str) -> None:
    merged = merge(base, base, theirs)
    assert (merged.text, merged.conflicts) == (theirs, 0)


@given(texts, texts)
def test_what_only_the_user_changed_stays(base: str, mine: str) -> None:
    merged = merge(base, mine, base)
    assert (merged.text, merged.conflicts) == (mine, 0)


@given(texts, texts)
def test_the_same_change_on_both_sides_is_no_conflict(base: str, both: str) -> None:
    merged = merge(base, both, both)
    assert (merged.text, merged.conflicts) == (both, 0)


@given(texts, texts, texts)
def test_each_conflict_is_marked_once(base: str, mine: str, theirs: str) -> None:
    merged = merge(base, mine, theirs)
    lines = merged.text.splitlines()
    marks = [lines.count(mark) for mark in ("<<<<<<< yours", "=======", ">>>>>>> template")]
    assert marks == [merged.conflicts] * 3
    assert has_conflicts(merged.text) == bool(merged.conflicts)


def test_changes_apart_from_each_other_are_both_made() -> None:
    base = "one\ntwo\nthree\nfour\nfive\n"
    merged = merge(base, base.replace("one", "ONE"), base.replace("five", "FIVE"))
    assert merged.text == "ONE\ntwo\nthree\nfour\nFIVE\n"
    assert merged.conflicts == 0


def test_two_changes_of_one_line_are_marked_as_git_marks_them() -> None:
    merged = merge("a\nb\nc\n", "a\nmine\nc\n", "a\ntheirs\nc\n")
    assert merged.text == "a\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template\nc\n"
    assert merged.conflicts == 1


def test_a_last_line_without_its_end_does_not_swallow_a_marker() -> None:
    merged = merge("a\nb", "a\nmine", "a\ntheirs")
    assert "=======" in merged.text.splitlines()
