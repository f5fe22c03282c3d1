"""Scores, orders, reasons, confidence and cuts of small sets of candidates, reckoned by hand."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from hindsight_teams.backends.sqlite.search import fusion, moments, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates, Filter
from hindsight_teams.backends.sqlite.search.counting import Counted
from hindsight_teams.backends.sqlite.search.meaning import Similar
from hindsight_teams.backends.sqlite.search.words import Term, WordHits
from hindsight_teams.backends.sqlite.text.terms import author_term

DAY = 86_400_000_000
TEA, CAKE, NORA = 0b001, 0b010, 0b100
HITS = WordHits([Term.of("tea"), Term.of("cake", share=0.5), Term.of("nora")], [4.0, 1.0, 0.0])
CONTENT = weights.WORDS + weights.DOCUMENT


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
        spans: Sequence[moments.Named] = (),
        similarity: dict[int, float] | None = None,
    ) -> dict[int, fusion.Scored]:
        ranked = fusion.fuse(
            self.found, hits, counted, names=frozenset(names), spans=spans, similarity=similarity or {}
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


def test_a_lift_gives_the_score_of_the_older_line_and_never_lowers() -> None:
    scored = fusion.Scored(candidate(1), words=0.5)
    scored.lift(0.4)
    scored.lift(0.5)
    assert (scored.lifted, scored.total) == (0.0, 0.5)
    scored.lift(0.75)
    scored.lift(1.0)
    assert (scored.lifted, scored.total) == (0.5, 1.0)
    assert fusion.Scored.of(candidate(1)).total == 0.0


def test_the_total_is_the_sum_of_the_parts() -> None:
    parts = {"words": 1, "hinted": 2, "mentioned": 4, "near": 8, "document": 16, "author": 32, "time": 64}
    assert fusion.Scored(candidate(1), **parts, meaning=128, similarity=1_000).total == 255  # type: ignore[arg-type]


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
        ({"lifted": 0.5}, "time", "newer than a memory that it replaces, or that says nearly the same"),
    ],
)
def test_each_signal_has_its_strategy_and_reason(parts: dict[str, Any], strategy: str, reason: str) -> None:
    scored = fusion.Scored(candidate(1, TEA | CAKE | NORA), **parts)
    (signal,) = fusion.signals(scored, HITS, {"tea": "teas"})
    assert (signal.strategy, signal.score, signal.reason) == (strategy, 0.5, reason)


def test_words_in_other_forms_are_told_as_such() -> None:
    (signal,) = fusion.signals(fusion.Scored(candidate(1), words=0.5), HITS, {})
    assert signal.reason == "holds other forms of its words"
    assert fusion.signals(fusion.Scored(candidate(1)), HITS, {}) == ()


def ranking(*candidates: Candidate) -> list[fusion.Scored]:
    return [fusion.Scored.of(one) for one in candidates]


@pytest.mark.parametrize(
    ("masks", "missing", "sure"),
    [
        ([TEA | CAKE], 0.0, 5 / 6),  # the cake is another form, of which the whole is twice its weight
        ([TEA], 0.0, 4 / 6),
        ([CAKE, TEA], 0.0, 4 / 6),
        ([CAKE, 0, TEA], 0.0, 4 / 6),
        ([CAKE, 0, 0, TEA], 0.0, 1 / 6),
        ([TEA], 2.0, 4 / 8),
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
    assert fusion.confidence(found, hits, ranking(*candidates), Similar()) == about(sure)


def test_what_stands_beside_the_best_covers_too(nowhere: sqlite3.Connection) -> None:
    first, second = candidate(1, CAKE, chain=9), candidate(2, TEA, chain=9)
    found = Scene(nowhere, first, second).found
    assert fusion.confidence(found, HITS, ranking(first), Similar()) == about((1 + 0.5 * 4) / 6)
    assert fusion.confidence(found, WordHits(), ranking(first), Similar()) is None


@pytest.mark.parametrize(
    ("scores", "base", "sure"),
    [
        ({1: 0.55}, 0.0, 0.5),
        ({1: 0.55, 2: 0.65}, 0.0, 0.75),
        ({1: 0.2, 4: 0.9}, 0.0, 0.0),
        ({1: 0.8}, 0.5, 0.625),  # .6 of what is left to 1
        ({1: 0.9}, 0.0, 1.0),
        ({1: 0.3}, 0.0, 0.0),
        ({1: 1.0}, 1.0, 0.0),
        ({9: 0.5}, 0.0, 0.0),
    ],
)
def test_the_confidence_of_vectors_is_how_far_the_best_stands_out(
    nowhere: sqlite3.Connection, scores: dict[int, float], base: float, sure: float
) -> None:
    candidates = [candidate(n) for n in (1, 2, 3, 4)]
    found, similar = Scene(nowhere, *candidates).found, Similar(scores, base)
    assert fusion.confidence(found, WordHits(), ranking(*candidates), similar) == about(sure)
    words = fusion.confidence(found, replace(HITS, missing=2.0), ranking(*candidates), similar)
    assert words == about(sure / 2)
    held = [candidate(1, TEA)]
    assert fusion.confidence(Scene(nowhere, *held).found, HITS, ranking(*held), Similar({1: 0.3})) == about(4 / 6)


def scored(*totals: float) -> list[fusion.Scored]:
    return [fusion.Scored(candidate(n), words=total) for n, total in enumerate(totals, start=1)]


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
        ([1.0] * 20, 0.3, 14),
        ([1.0] * 20, 0.29, 2),
        ([1.0, 0.1], 0.0, 1),
    ],
)
def test_how_many_lines_are_worth_returning(
    nowhere: sqlite3.Connection, totals: list[float], sure: float | None, kept: int
) -> None:
    ranked = scored(*totals)
    found = Scene(nowhere, *(one.candidate for one in ranked)).found
    assert fusion.cut(found, ranked, sure, DEPTH) == ranked[:kept]


def test_a_conversation_around_the_best_line_is_returned_though_little_is_known(nowhere: sqlite3.Connection) -> None:
    ranked = scored(*[1.0] * 5)
    ranked[0].candidate.chain = 9
    before = candidate(0, chain=9)
    found = Scene(nowhere, before, *(one.candidate for one in ranked)).found
    assert fusion.cut(found, ranked, 0.0, DEPTH) == ranked
    assert fusion.cut(found, ranked[::-1], 0.0, DEPTH) == ranked[:2:-1]
