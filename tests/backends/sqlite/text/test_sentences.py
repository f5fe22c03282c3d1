from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.backends.sqlite.text.sentences import split


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("They talked. He left.", ["They talked.", "He left."]),
        ("Dr. Smith met J. K. Rowling. OK!", ["Dr. Smith met J. K. Rowling.", "OK!"]),
        ("It costs 3.5 euros at 5 p.m. today. Fine.", ["It costs 3.5 euros at 5 p.m. today.", "Fine."]),
        ("I live in the U.S. now. The U.S. Army said no.", ["I live in the U.S. now.", "The U.S. Army said no."]),
        ("Pick plan B. We agreed.", ["Pick plan B.", "We agreed."]),
        ("Buy fruit, e.g. apples. Go.", ["Buy fruit, e.g. apples.", "Go."]),
        ("He left... and came back. Good.", ["He left... and came back.", "Good."]),
        ('"Really?" she said. "Yes." He left.', ['"Really?" she said.', '"Yes."', "He left."]),
        ("No. 5 is alive. No. That is it.", ["No. 5 is alive.", "No.", "That is it."]),
        ("To do:\n- first\n- second", ["To do:", "- first", "- second"]),
        ("1. One thing\n2. Another", ["1. One thing", "2. Another"]),
        ("# Title\nBody. More.", ["# Title", "Body.", "More."]),
        ("A paragraph\n\nAnother one", ["A paragraph", "Another one"]),
        ("a line that is\nwrapped here. End.", ["a line that is\nwrapped here.", "End."]),
        ("Am 7. Mai kam er z.B. nach Oslo. Gut.", ["Am 7. Mai kam er z.B. nach Oslo.", "Gut."]),
        ("我住在北京。你呢？很好！", ["我住在北京。", "你呢？", "很好！"]),
        ("彼は「行く。」と言った。はい。", ["彼は「行く。」と言った。", "はい。"]),
        ("मैं ठीक हूँ। धन्यवाद।", ["मैं ठीक हूँ।", "धन्यवाद।"]),
        ("كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
        (
            "ผมชื่อสมชายและผมอาศัยอยู่ในกรุงเทพ วันนี้อากาศดี",
            ["ผมชื่อสมชายและผมอาศัยอยู่ในกรุงเทพ", "วันนี้อากาศดี"],
        ),
        ("", []),
        (" \n ", []),
    ],
)
def test_a_text_is_split_between_its_sentences(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


_TEXT = st.one_of(st.text(), st.text(alphabet="aB1 .!?…。！\"'()\n-#ก「」。"))


@given(_TEXT)
def test_no_character_but_white_space_is_lost(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


@given(_TEXT)
def test_no_sentence_is_empty_or_padded(text: str) -> None:
    assert all(s and s == s.strip() for s in split(text))


@pytest.mark.slow
@pytest.mark.parametrize("piece", [" ", "\n ", ". ", "A.", "ก ", "1. ", '"', "...", "- "])
def test_the_time_grows_with_the_length_and_no_faster(piece: str) -> None:
    def seconds(size: int) -> float:
        text = "x" + piece * (size // len(piece))
        begin = process_time()
        split(text)
        return process_time() - begin

    short = max(min(seconds(10_000) for _ in range(3)), 1e-3)
    assert seconds(160_000) < 100 * short  # 16 where linear, 256 where quadratic
