import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.backends.sqlite.text.names import find_entities


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Nora lives in Oslo.", ["Nora", "Oslo"]),
        ("When did Caroline call?", ["Caroline"]),
        ("Painting helps. Luckily it rained.", []),
        ("Yesterday Nora called.", ["Nora"]),
        ("Melanie's kids like the LGBTQ group", ["Melanie", "LGBTQ"]),
        ("books by Dr. Seuss and J. K. Rowling", ["Dr. Seuss", "J. K. Rowling"]),
        ("Bank of America hired Ludwig van Beethoven", ["Bank of America", "Ludwig van Beethoven"]),
        ("O'Brien left AT&T for OpenAI", ["O'Brien", "AT&T", "OpenAI"]),
        ("with GPT-4 on an iPhone 15 and Python 3.11", ["GPT-4", "iPhone 15", "Python 3.11"]),
        ('She read "Nothing is Impossible" twice', ["Nothing is Impossible"]),
        ('He said "I will go to Paris tomorrow."', ["Paris"]),
        ("mail bob@example.com or @ada_l", ["bob@example.com", "@ada_l"]),
        ("On Monday in May we go.", []),
        ("我在读《三体》和「星球大战」，用Python", ["三体", "星球大战", "Python"]),
        ("田中さんは来ました", ["田中"]),
        ("Élodie Müller und Иван Петров", ["Élodie Müller", "Иван Петров"]),
        ("ALL OF THIS IS SHOUTED AND NAMES NOTHING", []),
        ("Apples are good. I like apples.", []),
        ("Oslo, oslo and Oslo", ["Oslo"]),
        ("", []),
    ],
)
def test_names_are_found_in_order(text: str, names: list[str]) -> None:
    assert find_entities(text) == tuple(names)


@given(st.one_of(st.text(), st.text(alphabet="Aa Bb.@\"'“”「」of 's-&1")))
def test_each_name_is_in_the_text_and_comes_once(text: str) -> None:
    names = find_entities(text)
    assert len({n.casefold() for n in names}) == len(names)
    flat = text.replace("\u00a0", " ")
    assert all(n in flat for n in names)
