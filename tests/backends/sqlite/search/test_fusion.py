"""What each signal adds to a score, under which name, and how many lines are returned.

First as a recall shows it, then of small sets of candidates, reckoned by hand.
"""

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import fusion, moments, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.counting import Counted
from hindsight_teams.backends.sqlite.search.fusion import Wanted
from hindsight_teams.backends.sqlite.search.meaning import Similar
from hindsight_teams.backends.sqlite.search.words import Term, WordHits
from hindsight_teams.backends.sqlite.store.reading import Filter
from hindsight_teams.backends.sqlite.store.records import ARRIVAL, DATED
from hindsight_teams.backends.sqlite.text.terms import author_term
from hindsight_teams.models import Memory, RetainItem

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
    noted = {
        "within": datetime(2021, 3, 3, 12, tzinfo=UTC),
        "after": datetime(2021, 3, 4, tzinfo=UTC),
        "half": datetime(2021, 3, 7, 12, tzinfo=UTC),
        "beyond": datetime(2021, 3, 11, tzinfo=UTC),
        **{f"far{number}": datetime(2022, 1, number, tzinfo=UTC) for number in range(1, 8)},
    }
    for name, moment in noted.items():
        backend.retain("b", f"the mill {name}", timestamp=moment)
    memories = explained(backend, "the mill on 3 March 2021")
    time = {text: parts(memory).get(("time", "within or"), 0.0) for text, memory in memories.items()}
    full = time["the mill within"]
    assert full == pytest.approx(weights.TIME * CONTENT)
    assert time["the mill after"] == pytest.approx(full * 6 / 7)  # the next day begins outside
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


def test_what_every_vector_has_in_common_weighs_nothing(path: Path) -> None:
    angles = {
        "The car is red": 0.0,
        "A lamp for the lorry": 0.5,
        "The lamp is green": 0.9,
        "automobile, not a lamp": 0.0,
    }
    texts = [*list(angles)[:3], *(f"word{n}" for n in range(200))]
    scores = []
    for common in (0.0, 1.5):

        def embed(text: str, common: float = common) -> list[float]:
            return [math.cos(angles.get(text, 1.5)), math.sin(angles.get(text, 1.5)), common]

        with closing(SQLiteBackend(path.with_name(f"{common}.db"), embedder=embed)) as backend:
            backend.retain_batch("b", [RetainItem(text) for text in texts])
            found = explained(backend, "automobile, not a lamp")
            scores.append({text: found[text].score or 0.0 for text in texts[:3]})
    assert scores[1] == pytest.approx(scores[0], abs=0.05)
    assert max(scores[0].values()) > min(scores[0].values()) + 0.2


def test_the_only_memory_is_found_by_its_meaning_alone(path: Path) -> None:
    with closing(SQLiteBackend(path, embedder=lambda text: [1.0, 1.0])) as backend:
        backend.retain("b", "The lamp is green")
        assert list(explained(backend, "automobile")) == ["The lamp is green"]


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


DAY = 86_400_000_000
TEA, CAKE, NORA = 0b001, 0b010, 0b100
HITS = WordHits([Term.of("tea"), Term.of("cake", share=0.5), Term.of("nora")], [4.0, 1.0, 0.0], lack=7.0)


def candidate(no: int, mask: int = 0, content: str = "", *, chain: int | None = None, mentioned: int = 0) -> Candidate:
    return Candidate(
        no=no,
        chain=chain,
        position=no,
        author="Nora",
        mentioned=mentioned,
        occurred=None,
        occurred_end=None,
        stream=None,
        superseded_by=None,
        mask=mask,
        content=content,
    )


@pytest.fixture
def nowhere() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as db:
        yield db


class Scene:
    """Candidates, with what was counted in them."""

    def __init__(self, db: sqlite3.Connection, *candidates: Candidate) -> None:
        self.found = Candidates(db, Filter())
        for one in candidates:
            self.found.by_number[one.no] = one
            if one.chain is not None:
                self.found.chains.setdefault(one.chain, {})[one.position] = one

    def fuse(
        self,
        counted: Counted,
        *,
        hits: WordHits = HITS,
        names: Sequence[str] = (),
        rarity: float = 0.0,
        spans: Sequence[moments.Named] = (),
        similarity: dict[int, float] | None = None,
        unrelated: float = 0.0,
        most: int = 30,
    ) -> dict[int, fusion.Scored]:
        ranked = fusion.fuse(
            self.found,
            hits,
            counted,
            names=dict.fromkeys(names, rarity),
            spans=spans,
            similarity=similarity or {},
            unrelated=unrelated,
            most=most,
        )
        return {scored.candidate.no: scored for scored in ranked}


NOTHING = WordHits()


def about(value: float) -> Any:
    return pytest.approx(value)


def test_the_parts_of_the_words_are_shares_of_the_largest_sum(nowhere: sqlite3.Connection) -> None:
    scene = Scene(nowhere, candidate(1), candidate(2), candidate(3), candidate(4))
    counted = Counted(own={1: 5.0, 2: 2.0}, hinted={1: 3.0, 3: 4.0}, mentioned={1: 2.0, 2: 3.0})
    ranked = scene.fuse(counted, hits=NOTHING)
    assert [(no, s.words, s.hinted, s.mentioned, s.total) for no, s in ranked.items()] == [
        (1, about(0.5), about(0.3), about(0.2), about(1.0)),
        (2, about(0.2), 0.0, about(0.3), about(0.5)),
        (3, 0.0, about(0.4), 0.0, about(0.4)),
    ]


def test_neighbours_and_documents_are_scaled_to_their_weights(nowhere: sqlite3.Connection) -> None:
    scene = Scene(nowhere, candidate(1, TEA, chain=9), candidate(2, chain=9), candidate(3, CAKE))
    ranked = scene.fuse(Counted(own={1: 4.0, 3: 1.0}))
    assert [(no, s.words, s.near) for no, s in ranked.items()] == [
        (1, about(1.0), 0.0),
        (2, 0.0, about(0.7)),
        (3, about(0.25), 0.0),
    ]
    assert ranked[1].document == ranked[2].document == about(weights.DOCUMENT)
    assert 0 < ranked[3].document <= weights.DOCUMENT
    assert ranked[2].total == about(0.7 + weights.DOCUMENT)


def test_the_largest_sum_may_be_of_what_stands_near(nowhere: sqlite3.Connection) -> None:
    scene = Scene(nowhere, candidate(1, TEA, chain=9), candidate(2, CAKE, chain=9))
    ranked = scene.fuse(Counted(own={1: 4.0, 2: 2.2}))
    assert (ranked[2].words, ranked[2].near) == (about(2.2 / 5), about(2.8 / 5))
    assert (ranked[1].words, ranked[1].near) == (about(4 / 5), about(0.5 / 5))


@pytest.mark.parametrize(
    ("content", "share", "by_named"),
    [
        (f" walk | {author_term('nora')} ", 1.0, True),
        (f" nora walk | {author_term('nora')} ", 1.0, True),
        (" nora walk ", weights.MENTION, False),
        (f" bo walk | {author_term('bo')} ", 1.0, True),
        (f" nora walk | {author_term('bo')} ", 1.0, True),
        (" norah walk ", 0.0, False),
        (f" walk | {author_term('ada')} ", 0.0, False),
    ],
)
@pytest.mark.parametrize(("similarity", "whole"), [({}, CONTENT), ({8: 0.5}, CONTENT + weights.MEANING)])
def test_a_named_author_counts_a_share_of_what_the_content_can_reach(
    nowhere: sqlite3.Connection,
    content: str,
    share: float,
    by_named: bool,
    similarity: dict[int, float],
    whole: float,
) -> None:
    scene = Scene(nowhere, candidate(7, content=content), candidate(8))
    ranked = scene.fuse(Counted(own={7: 1.0}), hits=NOTHING, names=("nora", "bo"), similarity=similarity)
    assert ranked[7].author == about(weights.AUTHOR * whole * share)
    assert ranked[7].by_named is by_named
    assert ranked[7].total == about(1.0 + ranked[7].author)


def test_a_rare_author_weighs_as_a_word_as_rare(nowhere: sqlite3.Connection) -> None:
    scene = Scene(nowhere, candidate(7), candidate(8, content=f" tea | {author_term('nora')} "))
    ranked = scene.fuse(Counted(own={7: 4.0}), hits=NOTHING, names=("nora",), rarity=6.0)
    assert ranked[8].author == about(weights.WORDS * 6.0 / 4.0)
    assert list(ranked) == [8, 7]


def test_meaning_counts_as_a_share_of_the_most_similar(nowhere: sqlite3.Connection) -> None:
    ranked = Scene(nowhere, candidate(1), candidate(2), candidate(3)).fuse(
        Counted(own={3: 1.0}), hits=NOTHING, similarity={1: 0.8, 2: 0.2}
    )
    assert {no: (s.meaning, s.similarity) for no, s in ranked.items()} == {
        1: (about(weights.MEANING), 0.8),
        2: (about(weights.MEANING / 4), 0.2),
        3: (0.0, 0.0),
    }
    assert Scene(nowhere, candidate(1)).fuse(Counted(), hits=NOTHING, similarity={1: 0.0}) == {}


def test_only_what_is_beyond_an_unrelated_text_counts_as_meaning(nowhere: sqlite3.Connection) -> None:
    ranked = Scene(nowhere, *(candidate(no) for no in (1, 2, 3))).fuse(
        Counted(own={3: 1.0}), hits=NOTHING, similarity={1: 0.8, 2: 0.65, 3: 0.5}, unrelated=0.6
    )
    assert {no: (s.meaning, s.similarity) for no, s in ranked.items()} == {
        1: (about(weights.MEANING), 0.8),
        2: (about(weights.MEANING / 4), 0.65),
        3: (0.0, 0.5),
    }


@pytest.mark.parametrize(("similarity", "whole"), [({}, CONTENT), ({2: 0.5}, CONTENT + weights.MEANING)])
def test_a_span_counts_a_share_of_what_the_content_can_reach(
    nowhere: sqlite3.Connection, similarity: dict[int, float], whole: float
) -> None:
    scene = Scene(nowhere, candidate(1, mentioned=5 * DAY), candidate(2, mentioned=50 * DAY))
    span = moments.Named(4 * DAY, 6 * DAY, "in May", rarity=9.0)
    ranked = scene.fuse(Counted(own={1: 1.0, 2: 1.0}), hits=NOTHING, spans=[span], similarity=similarity)
    assert (ranked[1].time, ranked[1].span) == (about(weights.TIME * whole), "in May")
    assert (ranked[2].time, ranked[2].span) == (0.0, "")
    assert ranked[1].total == about(1.0 + weights.TIME * whole)
    rare = scene.fuse(Counted(own={1: 10.0}), hits=NOTHING, spans=[replace(span, rarity=0.4)])
    assert rare[1].time == about(weights.TIME_RARITY * 0.4 / 10)


def test_of_equals_the_newer_comes_first_and_what_nothing_speaks_for_is_left_out(nowhere: sqlite3.Connection) -> None:
    scene = Scene(
        nowhere, candidate(1, mentioned=2), candidate(2, mentioned=3), candidate(3, mentioned=2), candidate(4)
    )
    assert list(scene.fuse(Counted(own={1: 1.0, 2: 1.0, 3: 1.0}), hits=NOTHING)) == [2, 3, 1]
    assert list(scene.fuse(Counted(own={1: 1.1, 2: 1.0, 3: 1.0}), hits=NOTHING)) == [1, 2, 3]
    assert Scene(nowhere).fuse(Counted()) == {}


def test_no_more_lines_are_made_than_asked_for_but_for_what_replaced_one_of_them(nowhere: sqlite3.Connection) -> None:
    scene = Scene(nowhere, *(candidate(n) for n in range(1, 6)))
    counted = Counted(own={n: 1 / n for n in range(1, 6)})
    assert list(scene.fuse(counted, hits=NOTHING, most=2)) == [1, 2]
    scene.found.by_number[2].superseded_by = 4
    ranked = scene.fuse(counted, hits=NOTHING, most=2)
    assert list(ranked) == [1, 2, 4]
    assert ranked[4].words == about(1 / 4)


def test_a_lift_gives_the_score_of_the_older_line_and_never_lowers() -> None:
    scored = fusion.Scored(candidate(1), words=0.5, total=0.5)
    scored.lift(0.4)
    assert (scored.lifted, scored.total) == (0.0, 0.5)
    scored.lift(0.75)
    scored.lift(1.0)
    assert (scored.lifted, scored.total) == (0.5, 1.0)
    assert fusion.Scored(candidate(1)).total == 0.0


def test_an_author_counts_less_in_a_question_of_many_words(backend: SQLiteBackend) -> None:
    for author, text in (("nora", "We voted on the harbour."), ("bo", "The old pier needs new oak planks soon.")):
        backend.retain("b", text, metadata={"author": author})

    def by_author(query: str) -> float:
        found = backend.recall("b", query, explain=True).results
        return max(s.score for m in found for s in m.signals if s.reason == "by nora, whom the query names")

    short, long = by_author("Nora harbour"), by_author("Nora harbour voted pier oak planks")
    assert long == pytest.approx(short * weights.AUTHOR_TERMS / 5)


@pytest.mark.parametrize(
    ("parts", "strategy", "reason"),
    [
        ({"words": 0.5}, "words", "holds teas, cake"),
        ({"hinted": 0.5}, "words", "holds words that the best memories have in common"),
        ({"meaning": 0.5, "similarity": 0.456}, "meaning", "similarity 0.46"),
        ({"mentioned": 0.5}, "graph", "its heading is mentioned by one of the best memories"),
        ({"near": 0.5}, "graph", "stands next to memories that hold words of the query"),
        ({"document": 0.5}, "graph", "its document holds words of the query"),
        ({"author": 0.5, "by_named": True}, "graph", "by Nora, whom the query names"),
        ({"author": 0.5}, "graph", "mentions an author whom the query names"),
        ({"time": 0.5, "span": "in May"}, "time", "within or near 'in May'"),
        ({"lifted": 0.5}, "time", "newer than a memory that says nearly the same, or holds what is asked for"),
    ],
)
def test_each_signal_has_its_strategy_and_reason(parts: dict[str, Any], strategy: str, reason: str) -> None:
    scored = fusion.Scored(candidate(1, TEA | CAKE | NORA), **parts)
    (signal,) = fusion.signals(scored, HITS, {"tea": "teas", "nora": "nora"})
    assert (signal.strategy, signal.score, signal.reason) == (strategy, 0.5, reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (" budget euro | §abudget ", "begins with what the query names"),
        (" tea cake | §anora ", "by Nora, whom the query names"),
    ],
)
def test_a_heading_before_a_colon_is_nobody(content: str, reason: str) -> None:
    scored = fusion.Scored(candidate(1, content=content), author=0.5, by_named=True)
    (signal,) = fusion.signals(
        scored, HITS, {"budget": "budget", "nora": "nora"} if "nora" in content else {"budget": ""}
    )
    assert signal.reason == reason


def test_words_in_other_forms_are_told_as_such() -> None:
    (signal,) = fusion.signals(fusion.Scored(candidate(1), words=0.5), HITS, {})
    assert signal.reason == "holds other forms of its words"
    assert fusion.signals(fusion.Scored(candidate(1)), HITS, {}) == ()


def ranking(*candidates: Candidate) -> list[fusion.Scored]:
    return [fusion.Scored(one) for one in candidates]


UNHELD = [alone + weights.UNHELD * (HITS.lack - alone) for alone in (4, 2)]
"""What tea, and what the cake's other form, weighs in the question beside a memory that lacks it."""


@pytest.mark.parametrize(
    ("masks", "missing", "sure"),
    [
        ([TEA | CAKE], 0.0, 5 / 6),  # the cake is another form, of which the whole is twice its weight
        ([TEA], 0.0, 4 / (4 + UNHELD[1])),
        ([CAKE, TEA], 0.0, 4 / (4 + UNHELD[1])),
        ([CAKE, 0, TEA], 0.0, 4 / (4 + UNHELD[1])),
        ([CAKE, 0, 0, TEA], 0.0, 1 / (2 + UNHELD[0])),
        ([TEA], 2.0, 4 / (6 + UNHELD[1])),
        ([0], 2.0, 0.0),
        ([], 2.0, 0.0),
    ],
)
def test_the_confidence_is_what_one_of_the_first_three_covers(
    nowhere: sqlite3.Connection, masks: list[int], missing: float, sure: float
) -> None:
    candidates = [candidate(100 + n, mask) for n, mask in enumerate(masks)]
    found = Scene(nowhere, *candidates).found
    hits = replace(HITS, missing=missing)
    assert fusion.confidence(found, hits, ranking(*candidates), Similar(), Wanted()) == about(sure)


def test_what_differs_by_an_edit_weighs_as_lacking_unless_it_is_held(nowhere: sqlite3.Connection) -> None:
    terms = [Term.of("tea"), replace(Term.of("cake"), share=weights.ONE_EDIT), HITS.terms[2]]
    hits = replace(HITS, terms=terms, lack=7.0)
    cake = hits.weights[1]
    for mask, sure in ((TEA, 4 / 11), (TEA | CAKE, (4 + cake) / (4 + cake / weights.ONE_EDIT))):
        first = candidate(1, mask)
        assert fusion.confidence(Scene(nowhere, first).found, hits, ranking(first), Similar(), Wanted()) == about(sure)


def test_a_light_word_weighs_nothing_unless_it_is_held_beside_another_or_all_there_is(
    nowhere: sqlite3.Connection,
) -> None:
    for mask, light, sure in (
        (TEA, {"cake"}, 1.0),
        (TEA | CAKE, {"cake"}, 5 / 6),
        (CAKE, {"cake"}, 0.0),
        (TEA, {"tea", "cake"}, 1.0),
        (0, {"tea", "cake"}, 0.0),
    ):
        first = candidate(1, mask)
        assert fusion.confidence(
            Scene(nowhere, first).found, HITS, ranking(first), Similar(), Wanted(light=light)
        ) == about(sure)


@pytest.mark.parametrize(
    ("speaker", "text", "sure"),
    [("bo", "Which cake?", 5 / 6), ("bo", "\uff1f", 5 / 6), ("ada", "Which cake?", 4 / 9), ("bo", "A cake.", 4 / 9)],
)
def test_in_a_conversation_the_best_lines_cover_together(
    nowhere: sqlite3.Connection, speaker: str, text: str, sure: float
) -> None:
    nowhere.execute("CREATE TABLE memory (no, text)")
    nowhere.execute("INSERT INTO memory VALUES (2, ?)", (text,))
    first, other, reply = candidate(1, TEA, chain=9), candidate(8, CAKE), candidate(2, chain=9)
    first.author, reply.author = "ada", speaker
    found = Scene(nowhere, first, reply, other).found
    assert fusion.confidence(found, HITS, ranking(first, other), Similar(), Wanted()) == about(sure)
    if sure == 5 / 6:
        assert fusion.confidence(found, HITS, ranking(first, other), Similar({1: 0.1}), Wanted()) == about(sure)


@pytest.mark.parametrize(
    ("mask", "lack", "wanted", "sure"),
    [
        (
            TEA,
            12.0,
            Wanted(),
            4 / (4 + 2 + weights.UNHELD * 10),
        ),  # what only others hold weighs nearly what nobody does
        (TEA | CAKE, 12.0, Wanted(names=[["tea", "cake"]]), 4 / (6 - 1)),  # a name is one thing
        (TEA | CAKE, 12.0, Wanted(names=[["cake", "tea"]]), 5 / 6),
        (TEA, 12.0, Wanted(sort="cake"), 4 / (4 + 2 + weights.UNHELD * 10 - weights.SORT * 12)),
        (TEA, 12.0, Wanted(sort="tea"), 4 / (4 + 2 + weights.UNHELD * 10)),
        (TEA, 2.0, Wanted(doubts={1: 0.4}), 0.4 * 4 / 6),
        (TEA, 2.0, Wanted(doubts={2: 0.4}), 4 / 6),
    ],
)
def test_the_confidence_depends_on_what_the_question_wants(
    nowhere: sqlite3.Connection, mask: int, lack: float, wanted: Wanted, sure: float
) -> None:
    first = candidate(1, mask, content=" tea cake | ")
    hits = replace(HITS, lack=lack)
    assert fusion.confidence(Scene(nowhere, first).found, hits, ranking(first), Similar(), wanted) == about(sure)


def test_one_memory_must_both_hold_the_words_and_stand_out(nowhere: sqlite3.Connection) -> None:
    held, alike = candidate(1, TEA), candidate(2)
    found = Scene(nowhere, held, alike).found
    apart = fusion.confidence(found, HITS, ranking(held, alike), Similar({1: 0.0, 2: 0.9}), Wanted())
    both = fusion.confidence(found, HITS, ranking(held, alike), Similar({1: 0.9, 2: 0.0}), Wanted())
    assert apart == about(0.5)
    assert both == about((4 / 9 + 1) / 2)


def test_nothing_need_cover_most_of_a_long_question(nowhere: sqlite3.Connection) -> None:
    first = candidate(1, TEA)
    hits = replace(HITS, missing=9.0, lack=2.0)
    assert fusion.confidence(Scene(nowhere, first).found, hits, ranking(first), Similar(), Wanted()) == about(4 / 8)


def test_what_stands_beside_the_best_covers_too(nowhere: sqlite3.Connection) -> None:
    first, second = candidate(1, CAKE, chain=9), candidate(2, TEA, chain=9)
    found = Scene(nowhere, first, second).found
    assert fusion.confidence(found, HITS, ranking(first), Similar(), Wanted()) == about((1 + 0.5 * 4) / (2 + UNHELD[0]))
    assert fusion.confidence(found, WordHits(), ranking(first), Similar(), Wanted()) is None


@pytest.mark.parametrize(
    ("scores", "base", "sure"),
    [
        ({1: 0.55}, 0.0, 0.5),
        ({1: 0.55, 2: 0.65}, 0.0, 0.75),
        ({1: 0.2, 4: 0.9}, 0.0, 0.0),
        ({1: 0.8}, 0.5, 0.625),  # .6 of what is left to 1
        ({1: 0.9}, 0.0, 1.0),
        ({1: 0.3}, 0.0, 0.0),
        ({9: 0.5}, 0.0, 0.0),
    ],
)
def test_the_confidence_of_vectors_is_how_far_the_best_stands_out(
    nowhere: sqlite3.Connection, scores: dict[int, float], base: float, sure: float
) -> None:
    candidates = [candidate(n) for n in (1, 2, 3, 4)]
    found, similar = Scene(nowhere, *candidates).found, Similar(scores, base)
    assert fusion.confidence(found, WordHits(), ranking(*candidates), similar, Wanted()) == about(sure)
    words = fusion.confidence(found, replace(HITS, missing=2.0), ranking(*candidates), similar, Wanted())
    assert words == about(sure / 2)


def test_vectors_lower_the_confidence_of_words_as_far_as_enough_were_compared(nowhere: sqlite3.Connection) -> None:
    held = [candidate(1, TEA)]
    for trust, sure in ((1.0, 4 / 9 / 2), (0.25, 4 / 9 / 1.25)):
        similar = Similar({1: 0.3}, trust=trust)
        assert fusion.confidence(Scene(nowhere, *held).found, HITS, ranking(*held), similar, Wanted()) == about(sure)


def scored(*totals: float, mask: int = 0b111) -> list[fusion.Scored]:
    return [fusion.Scored(candidate(n, mask), total=total) for n, total in enumerate(totals, start=1)]


DEPTH = weights.Depth(rows=1, candidates=1, spread=1, scan=0, results=14, floor=0.5)


@pytest.mark.parametrize(
    ("totals", "sure", "kept"),
    [
        ([], 1.0, 0),
        ([1.0], 1.0, 1),
        ([1.0, 0.2, 0.19], 1.0, 2),
        ([2.0, 0.4, 0.39, 2.0], 1.0, 2),
        ([1.0] * 10 + [0.5, 0.49], 1.0, 11),
        ([1.0] * 9 + [0.3, 0.3], 1.0, 10),
        ([1.0] * 20, 1.0, 14),
        ([1.0] * 20, None, 14),
        ([1.0] * 20, 0.22, 14),
        ([1.0] * 20, 0.21, 2),
        ([1.0, 0.1], 0.0, 1),
    ],
)
def test_how_many_lines_are_worth_returning(
    nowhere: sqlite3.Connection, totals: list[float], sure: float | None, kept: int
) -> None:
    ranked = scored(*totals)
    found = Scene(nowhere, *(one.candidate for one in ranked)).found
    assert fusion.cut(found, ranked, sure, DEPTH) == ranked[:kept]


@pytest.mark.parametrize(("mask", "sure", "kept"), [(0b11, 0.41, 2), (0b11, 0.42, 14), (0b111, 0.41, 14)])
def test_a_best_line_of_two_terms_must_say_more_than_one_of_three(
    nowhere: sqlite3.Connection, mask: int, sure: float, kept: int
) -> None:
    ranked = scored(*[1.0] * 20, mask=mask)
    found = Scene(nowhere, *(one.candidate for one in ranked)).found
    assert len(fusion.cut(found, ranked, sure, DEPTH)) == kept


@pytest.mark.parametrize(
    ("stream", "apart", "own", "kept"),
    [
        (DATED, weights.TALK_PAUSE + 1, 0.0, False),
        (DATED, weights.TALK_PAUSE, 0.0, True),
        (DATED, weights.TALK_PAUSE + 1, 0.1, True),
        (ARRIVAL, weights.TALK_PAUSE + 1, 0.0, True),
    ],
)
def test_a_note_of_a_diary_that_only_stands_next_to_the_answer_is_left_out(
    nowhere: sqlite3.Connection, stream: int, apart: int, own: float, kept: bool
) -> None:
    best, beside = candidate(1, 0b111), candidate(2, mentioned=apart)
    beside.stream = stream
    beside.near[-1] = best
    ranked = [fusion.Scored(best, total=1.0), fusion.Scored(beside, total=0.5 + own, near=0.3, document=0.2)]
    assert fusion.cut(Scene(nowhere, best, beside).found, ranked, 1.0, DEPTH) == ranked[: 1 + kept]


def test_a_conversation_around_the_best_line_is_returned_though_little_is_known(nowhere: sqlite3.Connection) -> None:
    ranked = scored(*[1.0] * 5)
    ranked[0].candidate.chain = 9
    before = candidate(0, chain=9)
    found = Scene(nowhere, before, *(one.candidate for one in ranked)).found
    assert fusion.cut(found, ranked, 0.0, DEPTH) == ranked
    assert fusion.cut(found, ranked[::-1], 0.0, DEPTH) == ranked[:2:-1]
