import pytest

from hindsight_teams.backends.sqlite.store.records import told_key
from hindsight_teams.text import same_words


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Nora lives in Oslo.", "Nora lives in Oslo"),
        ("Nora lives in Oslo!", "Nora lives in Oslo."),
        ("Nora  lives\n in Oslo.", "Nora lives in Oslo."),
        ("Caf\u00e9 Lila is open.", "Cafe\u0301 Lila is open."),
        (
            "\u306e\u3089\u306f\u30aa\u30b9\u30ed\u306b\u3044\u308b\u3002",
            "\u306e\u3089\u306f\u30aa\u30b9\u30ed\u306b\u3044\u308b",
        ),
        ("She said (twice).", "She said (twice)"),
        ("\ufeffNora li\u200bves in Oslo.\u200e", "Nora lives in Oslo."),
        (
            "\u0928\u094b\u0930\u093e \u092f\u0939\u093e\u0901 \u0939\u0948\u0964",
            "\u0928\u094b\u0930\u093e \u092f\u0939\u093e\u0901 \u0939\u0948",
        ),
    ],
)
def test_white_space_composition_what_is_hidden_and_the_last_full_stop_make_no_difference(
    first: str, second: str
) -> None:
    assert same_words(first) == same_words(second)
    who = {"author": "ann", "context": None}
    assert told_key(first, tags=["run:1"], **who) == told_key(second, tags=["run:2"], **who)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The gain is -3.", "The gain is 3."),
        ("Limit >= 4", "Limit <= 4"),
        ("Vote: \U0001f44d", "Vote: \U0001f44e"),
        ("Ask Rob.", "Ask rob."),
        ("Area 5 m\u00b2", "Area 5 m2"),
        ("Blood group B+.", "Blood group B."),
        ("x_y", "x y"),
        ("Ship, then test.", "Test, then ship."),
        ("3!", "3"),
        ("Run cd ..", "Run cd ."),
        ("It is on?", "It is on."),
        ("Ti\u0302m", "Tim"),
        ("5 \u00b5g", "5 g"),
        ("\u00bd", "1/2"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0631\u0645", "\u0645\u06cc\u062e\u0648\u0631\u0645"),
        ("\u2764", "\u2764\ufe0f"),
        ("r\u00e9sum\u00e9", "resume"),
    ],
)
def test_every_sign_case_mark_number_and_order_makes_a_difference(first: str, second: str) -> None:
    assert same_words(first) != same_words(second)
