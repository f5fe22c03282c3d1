"""What kind of answer a question asks for, and what gives it."""

from __future__ import annotations

import pytest

from hindsight_teams import SQLiteBackend
from hindsight_teams.backends.sqlite.search import kinds
from hindsight_teams.models import Memory


def memory(text: str) -> Memory:
    return Memory("1", text, "b")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many bottles do we have?", "The cellar holds forty bottles."),
        ("How much tax is there?", "Customers pay twenty-one percent."),
        ("How often does Rashid go to Lyon?", "Rashid drives to Lyon every second week."),
        ("How many came?", "Nobody came."),
        ("When does the bakery open?", "The bakery opens at six."),
        ("When is the gallery closed?", "The gallery is closed on Mondays."),
        ("Where is Bo?", "Bo went home."),
        ("¿Dónde vive Marta?", "Marta se mudó a Gijón."),
    ],
)
def test_an_answer_of_the_kind_keeps_the_confidence(question: str, text: str) -> None:
    assert kinds.doubted(question, [memory(text)], 0.6) == 0.6


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many midwives work here?", "Nurse Adaeze becomes a midwife."),
        ("How much does Google pay?", "Ravi was paid by Google."),
        ("Where does Anand work?", "Anand pays for the domain."),
    ],
)
def test_a_number_or_place_that_is_lacking_costs_confidence(question: str, text: str) -> None:
    confidence = kinds.doubted(question, [memory(text)], 0.6)
    assert confidence is not None
    assert confidence < 0.45


def test_words_for_numbers_of_other_languages_are_not_missed() -> None:
    assert kinds.doubted("Wie viele Gäste kommen?", [memory("Es kommen siebzehn Gäste.")], 0.6) == 0.6


def test_what_asks_for_no_kind_keeps_its_confidence() -> None:
    assert kinds.wanted("Who is Bo?") is None
    assert kinds.doubted("Who is Bo?", [memory("Bo bakes.")], 0.6) == 0.6
    assert kinds.doubted("How many are there?", [], None) is None


def test_reflect_says_that_nothing_is_known_where_no_number_answers(backend: SQLiteBackend) -> None:
    for text in ("Adaeze trains to become a midwife.", "Bo sings.", "The lift is old."):
        backend.retain("b", text)
    assert backend.reflect("b", "How many midwives has the third floor?").based_on == []
