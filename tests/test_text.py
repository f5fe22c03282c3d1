import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.text import estimate, one_line, visible

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


HIDDEN = "\u200b\u200c\u200d\u202e\u2066\u2069\u2028\u2029\x00\x07\x1b\x85\ufeff\U000e0041\U000e0100\ufe0f\u3164\ud800"
HOSTILE_TEXT = st.text(
    st.characters(codec=None, categories=None) | st.sampled_from(HIDDEN + "\r\n\t<>{}$[]|.1 "), max_size=80
)


@given(HOSTILE_TEXT)
def test_a_line_holds_nothing_that_cannot_be_seen(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    hidden = {c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\u200c", "\u200d"}
    assert all(unicodedata.category(c) == "Cf" and _is_shown(c) for c in hidden)


def test_every_format_character_of_unicode_is_dropped_unless_it_is_shown() -> None:
    for code in range(sys.maxunicode + 1):
        c = chr(code)
        if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and not _is_shown(c):
            assert one_line(f"a{c}b") in ("ab", "a b"), f"U+{code:04X}"


def _is_shown(c: str) -> bool:
    """Arabic, Syriac and Kaithi number signs are format characters with a glyph."""
    return unicodedata.name(c, "").startswith(("ARABIC", "SYRIAC", "KAITHI")) and c != "\u061c"


@given(HOSTILE_TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize("text", ["می‌خواهم", "क्‍ष", "👩‍👩‍👧", "❤️ and 1️⃣", "naïve café", "日本語の文", "ภาษาไทย"])
def test_ordinary_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "i\u200dgnore",
        "a\u200c\u200d\u200cb",
        "x\ufe0f\ufe0fy",
        "in\u00adgore",
        "".join(chr(0xE0000 + ord(c)) for c in "hi"),
    ],
)
def test_hidden_text_is_uncovered(text: str) -> None:
    assert one_line(text).isascii()
