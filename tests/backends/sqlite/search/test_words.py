"""What the words of a query find and weigh, and what is kept about a bank as a whole."""

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search.words import Shares


def reasons(backend: SQLiteBackend, query: str) -> dict[str, str]:
    return {m.text: m.signals[0].reason for m in backend.recall("b", query, explain=True).results}


def scores(backend: SQLiteBackend, query: str) -> dict[str, float]:
    return {m.text: m.score or 0.0 for m in backend.recall("b", query).results}


def test_the_reason_names_the_words_that_a_memory_holds(backend: SQLiteBackend) -> None:
    for text in ("Long walks by the sea", "The sea is cold", "Walks in the park"):
        backend.retain("b", text)
    assert reasons(backend, "Which walks by the sea?") == {
        "Long walks by the sea": "holds walks, sea",
        "The sea is cold": "holds sea",
        "Walks in the park": "holds walks",
    }


@pytest.mark.parametrize("known", ["The base is large.", "The data is old."])
def test_two_words_are_one_where_the_bank_lacks_either(backend: SQLiteBackend, known: str) -> None:
    for text in (known, "The database is slow."):
        backend.retain("b", text)
    assert set(scores(backend, "data base")) == {known, "The database is slow."}


def test_what_is_written_as_one_counts_less_where_the_parts_are_known(backend: SQLiteBackend) -> None:
    for text in ("The wi and the fi", "One wifi here"):
        backend.retain("b", text)
    found = scores(backend, "wi-fi")
    assert found["The wi and the fi"] > 1.5 * found["One wifi here"] > 0


def test_a_name_finds_nothing_beside_other_words(backend: SQLiteBackend) -> None:
    backend.retain("b", "The lamp is green", metadata={"author": "Omar"})
    backend.retain("b", "Nora is tall", metadata={"author": "Nora"})
    assert reasons(backend, "Which lamp did Nora buy?")["The lamp is green"] == "holds lamp"
    assert "holds" not in reasons(backend, "Which lamp did Nora buy?").get("Nora is tall", "")


def test_a_figure_of_a_bank_is_kept_until_a_tenth_has_changed() -> None:
    shares = Shares()
    assert shares.keep(1, "size", 100, 0.25) == 0.25
    assert shares.recall(1, "size", 100) == shares.recall(1, "size", 110) == shares.recall(1, "size", 90) == 0.25
    assert shares.recall(1, "size", 111) is None
    assert shares.recall(1, "other", 100) is None
    assert shares.recall(2, "size", 100) is None
