from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.ingest.document import LARGEST, Passage, sized
from hindsight_teams.ingest.sections import COMFORTABLE, markdown_passages, plain_passages


def told(markdown: str) -> list[tuple[str | None, str]]:
    return [(passage.heading, passage.text) for passage in markdown_passages(markdown)]


def test_a_passage_stands_under_its_headings() -> None:
    assert told("# Leave\n\nThirty days.\n\n## Parents\n\nTwelve weeks.\n\n# Travel\n\nBy train.") == [
        ("Leave", "Thirty days."),
        ("Leave > Parents", "Twelve weeks."),
        ("Travel", "By train."),
    ]


def test_underlined_titles_are_headings() -> None:
    assert told("Leave\n=====\n\nThirty days.\n\nParents\n---\n\nTwelve weeks.") == [
        ("Leave", "Thirty days."),
        ("Leave > Parents", "Twelve weeks."),
    ]


def test_code_is_no_heading() -> None:
    text = "# Install\n\n```sh\n# first\nmake\n```"
    assert told(text) == [("Install", "```sh\n# first\nmake\n```")]


def test_a_rule_and_a_table_are_no_headings() -> None:
    text = "One.\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert [heading for heading, _ in told(text)] == [None]


def test_a_heading_with_nothing_below_it_is_told() -> None:
    assert told("# The office is closed on Friday\n\n# Next") == [
        (None, "The office is closed on Friday"),
        (None, "Next"),
    ]


def test_short_paragraphs_of_a_section_share_a_passage_and_long_ones_do_not() -> None:
    assert [passage.text for passage in plain_passages("One.\n\nTwo.\n\n\nThree.")] == ["One.\n\nTwo.\n\nThree."]
    long = "word " * (COMFORTABLE // 5)
    assert len(list(plain_passages(f"{long}\n\n{long}"))) == 2


def test_a_passage_that_is_too_long_is_cut_between_sentences() -> None:
    sentence = "The ferry leaves at half past two."
    parts = sized([Passage(" ".join([sentence] * 100), "Times", "ada")])
    assert all(len(part.text) <= LARGEST and part.text.endswith(".") for part in parts)
    assert {(part.heading, part.speaker) for part in parts} == {("Times", "ada")}


@pytest.mark.parametrize("text", ["x" * 3_000_000, "a b" * 1_000_000])
def test_a_huge_line_is_cut_in_linear_time(text: str) -> None:
    parts = sized([Passage(text)])
    assert sum(len(part.text.replace(" ", "")) for part in parts) == len(text.replace(" ", ""))


def test_what_no_bank_can_hold_is_taken_out() -> None:
    [part] = sized([Passage("a\x00b\ud83d\ude00c\ud800", "h\x07\n1", "s\x01")])
    assert (part.text, part.heading, part.speaker) == ("a b\U0001f600c\ufffd", "h 1", "s")


@given(st.lists(st.sampled_from(["# a", "## b", "word", "", "---", "===", "```", "- item", "  x"]), max_size=30))
def test_no_word_of_any_markdown_is_lost(lines: list[str]) -> None:
    found = " ".join(f"{passage.heading or ''} {passage.text}" for passage in markdown_passages("\n".join(lines)))
    for word in ("a", "b", "word", "item", "x"):
        if any(word in line.split() or word in line.split("# ") for line in lines):
            assert word in found.split() or word in found
