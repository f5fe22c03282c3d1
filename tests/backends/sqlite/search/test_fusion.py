"""What each signal adds to a score, under which name, and how many lines are returned."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.models import Memory

MAY = datetime(2024, 5, 7, 12, tzinfo=UTC)
CONTENT = weights.WORDS + weights.DOCUMENT


def explained(backend: SQLiteBackend, query: str) -> dict[str, Memory]:
    return {m.text: m for m in backend.recall("b", query, explain=True, query_timestamp=MAY).results}


def parts(memory: Memory) -> dict[tuple[str, str], float]:
    """The signals of a memory by strategy and the first two words of the reason."""
    return {(s.strategy, " ".join(s.reason.split()[:2])): s.score for s in memory.signals}


@pytest.fixture
def walks(backend: SQLiteBackend) -> SQLiteBackend:
    for author, text in (
        ("Nora", "Long walks by the sea are fine"),
        ("Omar", "Long walks with Nora are fine"),
        ("Omar", "Long walks by the lake are fine"),
    ):
        backend.retain("b", text, metadata={"author": author})
    return backend


def test_an_author_counts_a_share_of_the_content_and_a_mention_a_share_of_that(walks: SQLiteBackend) -> None:
    own, mentioned, other = (
        parts(explained(walks, "Which long walks does Nora like?")[text])
        for text in (
            "Long walks by the sea are fine",
            "Long walks with Nora are fine",
            "Long walks by the lake are fine",
        )
    )
    assert own["graph", "by Nora,"] == pytest.approx(weights.AUTHOR * CONTENT)
    assert mentioned["graph", "mentions an"] == pytest.approx(weights.MENTION * weights.AUTHOR * CONTENT)
    assert ("graph", "by Omar,") not in mentioned
    assert not {("graph", "by Omar,"), ("graph", "mentions an")} & set(other)


def test_every_signal_that_is_told_speaks_for_the_memory(walks: SQLiteBackend) -> None:
    for memory in explained(walks, "Which long walks does Nora like?").values():
        assert all(signal.score > 0 for signal in memory.signals)
        assert memory.score == pytest.approx(sum(signal.score for signal in memory.signals))


def test_the_best_memory_gets_the_whole_of_words_and_document(walks: SQLiteBackend) -> None:
    best = parts(explained(walks, "lake")["Long walks by the lake are fine"])
    assert best["words", "holds lake"] == pytest.approx(weights.WORDS)
    assert best["graph", "its document"] == pytest.approx(weights.DOCUMENT)


def test_a_day_within_the_span_counts_a_share_of_the_content(backend: SQLiteBackend) -> None:
    for days in (3, 40, 80, 120, 160, 200, 240, 280):
        backend.retain("b", f"A walk of {days} miles", timestamp=MAY - timedelta(days=days))
    memories = explained(backend, "walk last week")
    named = {text: part for text, memory in memories.items() if (part := parts(memory).get(("time", "within or")))}
    assert named == {"A walk of 3 miles": pytest.approx(weights.TIME * CONTENT)}


@pytest.mark.parametrize(
    "text",
    [
        "The mill burnt down on 3 March 2021.",
        "Bo has kept the mill since 3 March 2021.",
        "The mill stood until May 2021.",
    ],
)
def test_what_happened_within_the_span_counts_though_it_was_noted_later(backend: SQLiteBackend, text: str) -> None:
    backend.retain("b", text, timestamp=MAY)
    for number in range(8):
        backend.retain("b", f"The mill has {number} wheels", timestamp=MAY)
    memories = explained(backend, "the mill in March 2021")
    told = [name for name, memory in memories.items() if ("time", "within or") in parts(memory)]
    assert told == ([] if "until" in text else [text])


def test_the_time_signal_falls_over_the_week_after_a_span(backend: SQLiteBackend) -> None:
    moments = {
        "within": datetime(2021, 3, 3, 12, tzinfo=UTC),
        "after": datetime(2021, 3, 4, tzinfo=UTC),
        "half": datetime(2021, 3, 7, 12, tzinfo=UTC),
        "beyond": datetime(2021, 3, 11, tzinfo=UTC),
        **{f"far{number}": datetime(2022, 1, number, tzinfo=UTC) for number in range(1, 8)},
    }
    for name, moment in moments.items():
        backend.retain("b", f"the mill {name}", timestamp=moment)
    memories = explained(backend, "the mill on 3 March 2021")
    time = {text: parts(memory).get(("time", "within or"), 0.0) for text, memory in memories.items()}
    full = time["the mill within"]
    assert full == pytest.approx(weights.TIME * CONTENT)
    assert time["the mill after"] < full
    assert time["the mill after"] == pytest.approx(full)
    assert time["the mill half"] == pytest.approx(full / 2)
    assert time.get("the mill beyond", 0.0) == pytest.approx(0.0, abs=1e-6)


def test_a_span_counts_though_no_word_finds_anything(backend: SQLiteBackend) -> None:
    backend.retain("b", "The mill burnt down", timestamp=datetime(2021, 3, 3, 12, tzinfo=UTC))
    backend.retain("b", "The roof leaks", timestamp=MAY)
    (memory,) = explained(backend, "in March 2021").values()
    assert memory.text == "The mill burnt down"
    assert parts(memory) == {("time", "within or"): pytest.approx(weights.TIME * CONTENT)}


def test_a_newer_line_tells_that_it_was_lifted(backend: SQLiteBackend) -> None:
    backend.retain("b", "The launch of Maple is in May", timestamp=MAY - timedelta(days=9))
    backend.retain("b", "The launch of Maple is in June, as all agree", timestamp=MAY)
    first = backend.recall("b", "launch Maple", explain=True).results[0]
    assert first.text.endswith("all agree")
    assert parts(first)["time", "newer than"] > 0
    assert first.score == pytest.approx(sum(signal.score for signal in first.signals))


def test_only_the_first_ten_lines_may_fall_far_behind_the_best(backend: SQLiteBackend) -> None:
    backend.retain("b", "turbine harbour museum lantern")
    for number in range(15):
        backend.retain("b", f"{('turbine', 'harbour', 'museum', 'lantern')[number % 4]} line{number} of others")
    assert len(backend.recall("b", "turbine harbour museum lantern").results) == weights.FIRST


def test_meaning_adds_its_weight_and_tells_the_similarity(path: Path) -> None:
    vectors = {"The car is red": [1.0, 0.0], "The lamp is green": [0.6, 0.8], "automobile": [1.0, 0.0]}
    with closing(SQLiteBackend(path, embedder=lambda text: vectors[text])) as backend:
        for text in list(vectors)[:2]:
            backend.retain("b", text)
        car, lamp = (explained(backend, "automobile")[text] for text in list(vectors)[:2])
    assert [(s.strategy, s.reason) for s in car.signals] == [("meaning", "similarity 1.00")]
    assert car.score == pytest.approx(weights.MEANING)
    assert lamp.score == pytest.approx(0.6 * weights.MEANING, abs=0.01)


def test_vectors_that_tell_nothing_apart_leave_the_confidence_to_the_words(path: Path) -> None:
    confidence: list[float | None] = []
    for embedder in (None, lambda text: [1.0, 1.0]):
        with closing(SQLiteBackend(path.with_name(f"{len(confidence)}.db"), embedder=embedder)) as backend:
            backend.retain("b", "The lamp is green")
            confidence.append(backend.recall("b", "Which lamp was stolen?").confidence)
    assert confidence[0] == confidence[1]
    assert 0 < (confidence[0] or 0) < 1


def test_a_span_finds_nothing_of_another_bank(backend: SQLiteBackend) -> None:
    for bank in ("b", "other"):
        backend.retain(bank, f"Told to {bank}", timestamp=datetime(2021, 3, 3, 12, tzinfo=UTC))
    assert list(explained(backend, "in March 2021")) == ["Told to b"]


@pytest.mark.parametrize("query", ["In 2021 the mill", "the mill of 2021"])
def test_a_bare_year_counts_a_share_of_a_span(backend: SQLiteBackend, query: str) -> None:
    backend.retain("b", "The mill burnt down", timestamp=datetime(2021, 3, 3, 12, tzinfo=UTC))
    for number in range(1, 9):
        backend.retain("b", f"The mill has {number} wheels", timestamp=MAY)
    time = parts(explained(backend, query)["The mill burnt down"])["time", "within or"]
    assert time == pytest.approx(weights.BARE_YEAR * weights.TIME * CONTENT)
