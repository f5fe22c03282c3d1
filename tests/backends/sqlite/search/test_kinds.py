"""What kind of answer a question asks for, and what gives it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hindsight_teams import SQLiteBackend
from hindsight_teams.backends.sqlite.search import kinds
from hindsight_teams.backends.sqlite.text.terms import term
from hindsight_teams.models import Memory


def memory(text: str) -> Memory:
    return Memory("1", text, "b")


def doubts(question: str, memories: dict[int, Memory]) -> dict[int, float]:
    kind = kinds.doubted(question)
    return kind.doubts(memories, question) if kind else {}


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many bottles do we have?", "The cellar holds forty bottles."),
        ("How much tax is there?", "Customers pay twenty-one percent."),
        ("How often does Rashid go to Lyon?", "Rashid drives to Lyon every second week."),
        ("How long is the break?", "The break lasts an hour."),
        ("How many came?", "Nobody came."),
        ("How many came?", "They did not come."),
        ("When does the bakery open?", "The bakery opens at six."),
        ("When is the gallery closed?", "The gallery is closed on Mondays."),
        ("When was the bridge built?", "The bridge dates from 1897."),
        ("When is the tyre changed?", "The tyre is changed before each race."),
        ("Where is Bo?", "Bo went home."),
        ("¿Dónde vive Marta?", "Marta se mudó a Gijón."),
        ("Who painted the hall?", "The hall was painted by Ada Quist."),
        ("Who painted the hall?", "My sister painted the hall."),
        ("Who painted the hall?", "ada painted the hall"),
        ("What is the name of the goat?", "The goat is called Pim."),
        ("What is the goat's name?", "our goat pim is ill"),
        ("What colour is the shed?", "The shed is dark green."),
    ],
)
def test_an_answer_of_the_kind_is_not_doubted(question: str, text: str) -> None:
    assert kinds.wanted(question) is not None
    assert doubts(question, {7: memory(text)}) == {}


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many midwives work here?", "Nurse Adaeze becomes a midwife."),
        ("How much does Google pay?", "Ravi was paid by Google."),
        ("Where does Anand work?", "Anand pays for the domain."),
        ("When was the bridge built?", "The bridge has 24 arches."),
        ("Who repaired the mixer?", "The mixer leaks."),
        ("Who repaired Otto's mixer?", "The mixer of Otto leaks."),
        ("What is the name of the goat?", "A goat ate the hedge."),
        ("What is the goat called?", "The goat ate the hedge."),
        ("What colour is the shed?", "The shed is locked."),
    ],
)
def test_what_holds_no_answer_of_the_kind_is_doubted(question: str, text: str) -> None:
    left = 0.6 if question.startswith(("Whe", "Who")) else 0.4
    assert doubts(question, {7: memory(text)}) == {7: left}


@pytest.mark.parametrize("field", ["occurred_at", "occurred_end"])
def test_a_time_that_was_read_when_it_was_retained_answers_when_and_nothing_else(field: str) -> None:
    told = replace(memory("The bridge stands."), **{field: datetime(1897, 5, 3, tzinfo=UTC)})  # type: ignore[arg-type]
    assert doubts("When was the bridge built?", {7: told}) == {}
    assert doubts("Where was the bridge built?", {7: told}) == {7: 0.6}


@pytest.mark.parametrize(("entities", "doubted"), [((), True), (("Otto",), False), (("Mixer",), True)])
def test_a_name_that_was_given_with_a_memory_answers_who(entities: tuple[str, ...], doubted: bool) -> None:
    told = Memory("1", "The Mixer leaks.", "b", entities=entities)
    assert bool(doubts("Who repaired the Mixer?", {7: told})) is doubted


@pytest.mark.parametrize(
    ("question", "text"),
    [("Wie viele Gäste kommen?", "Es kommen siebzehn Gäste."), ("Who is Bo?", "Bo bakes."), ("Bo's van", "It leaks.")],
)
def test_other_languages_and_what_asks_for_no_kind_are_not_doubted(question: str, text: str) -> None:
    assert doubts(question, {7: memory(text)}) == {}


@pytest.mark.parametrize(
    ("question", "sort"),
    [
        ("Which language does Bo speak?", "language"),
        ("In which city does Bo live?", "city"),
        ("What brand is the kettle?", "brand"),
        ("How strong is the tea?", "strong"),
        ("What is the brand of the kettle?", None),
        ("What does Bo speak?", None),
        ("Which vaccine did Bo get?", None),
        ("Who speaks?", None),
    ],
)
def test_the_sort_of_thing_that_is_asked_for(question: str, sort: str | None) -> None:
    assert kinds.sort(question) == (sort and term(sort))


def test_reflect_says_that_nothing_is_known_where_no_number_answers(backend: SQLiteBackend) -> None:
    for text in ("Adaeze trains to become a midwife.", "Bo sings.", "The lift is old."):
        backend.retain("b", text)
    assert backend.reflect("b", "How many midwives has the third floor?").based_on == []
