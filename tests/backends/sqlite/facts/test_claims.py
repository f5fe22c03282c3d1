from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.backends.sqlite.text.claims import Statement, contradicts, read_claim, traces, without_speaker

OLD, NEW = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC)
CONTRADICTIONS = [
    ("Nora lives in Oslo.", "Nora lives in Bergen."),
    ("The launch is on 3 May.", "The launch is on 10 May."),
    ("The launch is on 3 May", "The launch has been moved to 10 May"),
    ("The launch is on 3 May", "The launch is scheduled for 10 May now."),
    ("Nora lives in Oslo", "Nora moved to Bergen."),
    ("Nora lives in Oslo", "Nora has moved from Oslo to Bergen last week."),
    ("Nora's phone number is 555 1234", "Nora's phone number is 555 9999"),
    ("My favourite colour is green", "My favorite color is blue"),
    ("The budget of the Maple pilot is 5000 dollars", "The Maple pilot's budget is 6000 dollars"),
    ("The price is $5", "The price is $7"),
    ("Bob works at Acme", "Bob now works for Initech"),
    ("Bob works at Acme", "Bob no longer works at Acme"),
    ("Nora likes jazz music", "Nora doesn't like jazz music anymore"),
    ("The ticket is open", "The ticket is closed"),
    ("I live in Oslo", "I live in Bergen"),
    ("Maple's status is green", "Maple's status is red"),
    ("The deadline is 5 June", "Update: the deadline is 12 June"),
    ("The meeting starts at 9 am", "The meeting starts at 10 am"),
    ("The CEO of Acme is Nora", "The CEO of Acme is Bob"),
    ("Ada reports to Bob", "Ada reports to Eve"),
    ("The API rate limit is 100 requests", "The API rate limit is 500 requests"),
    ("Nora is 34 years old", "Nora is 35 years old"),
    ("The offsite is in June", "The offsite will be in September"),
]
COMPATIBLE = [
    ("Nora lives in Oslo", "Bob lives in Bergen"),
    ("Nora lives in Oslo", "Nora lives in Oslo, Norway"),
    ("Nora lives in Oslo", "Nora works in Bergen"),
    ("Nora likes jazz", "Nora likes rock"),
    ("Nora's friend is Bob", "Nora's friend is Ann"),
    ("The launch is on 3 May", "The launch is delayed"),
    ("The launch is on 3 May", "The review is on 10 May"),
    ("The launch is on 3 May", "The launch is on Wednesday 3 May 2023"),
    ("Nora lives in Oslo", "Nora might live in Bergen"),
    ("Nora lives in Oslo", "Does Nora live in Bergen?"),
    ("Nora lives in Oslo", "Nora lived in Bergen"),
    ("Nora lives in Oslo", "She lives in Bergen"),
    ("Nora lives in Oslo", "Nora wants to move to Bergen"),
    ("Revenue in 2022 is 5 million", "Revenue in 2023 is 6 million"),
    ("The budget is 5000 dollars", "The budget is 10 percent"),
    ("Nora lives in Oslo and works at Acme", "Nora lives in Bergen"),
    ("Nora lives in Oslo. She has a dog.", "Nora lives in Bergen"),
    ("The meeting is on 3 May", "The meeting is in room 5"),
    ("Nora is happy", "Nora is tired"),
    ("Nora lives in Oslo", "Nora does not live in Bergen"),
    ("Nora has 2 dogs", "Nora has 3 cats"),
    ("The deadline for Maple is 3 May", "The deadline for Pine is 10 May"),
    ("The standup is every Monday", "The standup is on 3 May"),
    ("Nora lives in Oslo", "Nora's mother lives in Bergen"),
    ("The tests run on Linux", "The tests run on Mac"),
    ("The room is open at 9", "The room is open at noon to visitors"),
]


def judge(old: str, new: str) -> bool:
    return contradicts(Statement(old, OLD, "ada"), Statement(new, NEW, "ada"))


@pytest.mark.parametrize(("old", "new"), CONTRADICTIONS)
def test_another_value_of_the_same_attribute_contradicts(old: str, new: str) -> None:
    assert judge(old, new)


@pytest.mark.parametrize(("old", "new"), CONTRADICTIONS)
def test_contradicting_statements_share_a_trace(old: str, new: str) -> None:
    first, second = traces(old, author="ada"), traces(new, author="ada")
    assert set(first.claims) & set(second.claims) or first.fact in second.denied or second.fact in first.denied


@pytest.mark.parametrize(("old", "new"), COMPATIBLE)
def test_statements_that_can_both_be_true_do_not_contradict(old: str, new: str) -> None:
    assert not judge(old, new)


@pytest.mark.parametrize(("old", "new"), [*CONTRADICTIONS, *COMPATIBLE])
def test_nothing_contradicts_itself(old: str, new: str) -> None:
    assert not judge(old, old)
    assert not judge(new, new)


def test_i_is_the_author() -> None:
    old, new = Statement("I live in Oslo", OLD, "ada"), Statement("I live in Bergen", NEW, "bob")
    assert not contradicts(old, new)
    assert contradicts(old, Statement("Ada lives in Bergen", NEW, "bob"))


def test_tomorrow_means_another_day_on_another_day() -> None:
    old = Statement("The launch is tomorrow", datetime(2023, 5, 2, tzinfo=UTC))
    same_day = Statement("The launch is on 3 May 2023", datetime(2023, 5, 2, tzinfo=UTC))
    later = Statement("The launch is tomorrow", datetime(2023, 5, 9, tzinfo=UTC))
    assert not contradicts(old, same_day)
    assert contradicts(old, later)


def test_the_head_of_a_transcript_line_is_no_part_of_the_claim() -> None:
    assert without_speaker("Nora (8 May 2023): I live in Oslo.", "Nora") == "I live in Oslo."
    assert contradicts(Statement("Nora: I live in Oslo.", OLD, "Nora"), Statement("Nora: I live in Rome.", NEW, "Nora"))


_WORDS = st.sampled_from(
    "Nora I my is isn't lives in at moved to Oslo the launch on 3 May 's of budget 5 $ no longer not has been , . ? "
    "open closed and or phone number anymore".split()
)


@given(st.one_of(st.text(), st.lists(_WORDS, max_size=12).map(" ".join)), st.one_of(st.none(), st.text()))
def test_any_text_can_be_read(text: str, author: str | None) -> None:
    read_claim(text, author=author)
    traces(text, author=author)
    contradicts(Statement(text, OLD, author), Statement("Nora lives in Oslo", NEW))
