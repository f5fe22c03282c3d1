import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.text import estimate

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=60)


@given(ANY_TEXT, ANY_TEXT)
def test_a_text_never_costs_less_than_a_part_of_it(a: str, b: str) -> None:
    assert estimate(a + b) >= max(estimate(a), estimate(b))


@given(ANY_TEXT, ANY_TEXT)
def test_two_texts_cost_no_more_apart_than_one_token_over_their_sum(a: str, b: str) -> None:
    assert estimate(a + b) <= estimate(a) + estimate(b) <= estimate(a + b) + 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("éééé", 2), ("記憶", 2), ("🙂", 2), ("ab記é🙂", 4), ("\ud800", 1)],
)
def test_each_width_of_character_has_its_price(text: str, tokens: int) -> None:
    assert estimate(text) == tokens
