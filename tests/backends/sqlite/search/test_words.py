"""What the words of a query find and weigh, and what is kept about a bank as a whole."""

import math
import random
import sqlite3
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import weights, words
from hindsight_teams.backends.sqlite.search.words import Shares
from hindsight_teams.backends.sqlite.store import reading, records, writing
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.text.terms import tag_term, term
from hindsight_teams.models import RetainItem


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


def idf(holding: int, size: int) -> float:
    """The inverse document frequency of Robertson and Spärck Jones."""
    return math.log(1 + (size - holding + 0.5) / (holding + 0.5))


class Bank:
    """Texts in a bank "b" beside another bank, and what the words of queries find in its file."""

    def __init__(self, backend: SQLiteBackend, path: Path, *texts: str, tags: Sequence[str] = ()) -> None:
        backend.retain("other", "tea zebra harbour turbine")
        tagged = dict.fromkeys(tags)
        backend.retain_batch("b", [RetainItem(text, tags=["kept"] if text in tagged else []) for text in texts])
        self.db = sqlite3.connect(path)
        weakref.finalize(self, self.db.close)
        self.size = len(texts)
        (self.number,) = self.db.execute("SELECT no FROM bank WHERE id = 'b'").fetchone()
        rows = self.db.execute("SELECT no, text FROM memory WHERE bank = ?", (self.number,))
        self.texts = dict(sorted(rows.fetchall()))
        self.rowids = {text: no for no, text in self.texts.items()}

    def search(self, *asked: str, size: int | None = None, most: int = 100, **options: Any) -> words.WordHits:
        given = {"joined": {}, "silent": (), "light": (), "condition": None} | options
        asked_words = {term(word): word for word in asked}
        return words.search(
            self.db, self.number, asked_words, size=self.size if size is None else size, most=most, **given
        )

    def held(self, hits: words.WordHits) -> dict[str, list[str]]:
        """The terms found in each memory, in the order of the hits' terms."""
        return {
            self.texts[no]: [t.text for bit, t in enumerate(hits.terms) if mask >> bit & 1]
            for no, mask in hits.masks.items()
        }


@pytest.fixture
def bank(backend: SQLiteBackend, path: Path) -> Iterator[Callable[..., Bank]]:
    with ExitStack() as stack:

        def made(*texts: str, **options: Any) -> Bank:
            bank = Bank(backend, path, *texts, **options)
            stack.enter_context(closing(bank.db))
            return bank

        yield made


KEPT = f'"{tag_term("kept")}"'


def test_the_rarest_terms_come_first_and_weigh_most(bank: Callable[..., Bank]) -> None:
    b = bank("tea and zebra", "tea and harbour", "tea", "harbour")
    hits = b.search("tea", "harbour", "zebra")
    assert [t.text for t in hits.terms] == ["zebra", "harbour", "tea"]
    assert hits.weights == [pytest.approx(idf(n, 50)) for n in (1, 2, 3)]
    assert b.held(hits) == {
        "tea and zebra": ["zebra", "tea"],
        "tea and harbour": ["harbour", "tea"],
        "tea": ["tea"],
        "harbour": ["harbour"],
    }
    assert hits.rarest == pytest.approx(idf(1, 50))
    assert hits.missing == 0


def test_a_large_bank_weighs_by_its_own_size(bank: Callable[..., Bank]) -> None:
    hits = bank("tea", "tea too").search("tea", "unheard", size=3_000)
    assert hits.weights == [pytest.approx(idf(2, 3_000))]
    assert hits.rarest == pytest.approx(idf(1, 3_000))
    assert hits.missing == pytest.approx(idf(1, 3_000))


def test_a_count_beyond_the_size_of_the_bank_counts_as_all_of_it(bank: Callable[..., Bank]) -> None:
    b = bank(*(f"tea {n}" for n in range(60)))
    assert b.search("tea", size=55).weights == [pytest.approx(idf(55, 55))]


@pytest.mark.parametrize(
    ("asked", "options", "lacking"),
    [
        (["tea", "unheard"], {}, 1),
        (["tea", "unheard", "neverland"], {}, 2),
        (["tea", "unheard"], {"silent": ["unheard"]}, 0),
        (["tea", "year"], {"light": [term("year")]}, 0),
        (["tea", "colour"], {"light": [term("colour")]}, 0),  # and is one edit away
        (["tea", "zebr"], {}, 0),  # one edit away
        (["tea", "harbouring"], {}, 0),
        ([f"q{n}x" for n in range(60)], {}, 48),
    ],
)
def test_a_word_that_the_bank_lacks_weighs_as_the_rarest_of_two_thousand(
    bank: Callable[..., Bank], asked: list[str], options: dict[str, Any], lacking: int
) -> None:
    hits = bank("tea and zebras", "a zebra", "harbours", "the color").search(*asked, **options)
    assert hits.missing == pytest.approx(lacking * idf(1, 2_000))


def test_a_silent_term_finds_nothing_and_weighs_nothing_beside_others(bank: Callable[..., Bank]) -> None:
    b = bank("nora has tea", "nora", "nora too", "tea", "tea too", "tea again")
    options: dict[str, Any] = {"silent": ["nora"]}
    hits = b.search("nora", "tea", **options)
    assert [t.text for t in hits.terms] == ["tea", "nora"]
    assert hits.weights == [pytest.approx(idf(4, 50)), 0.0]
    assert b.held(hits) == {
        "nora has tea": ["tea", "nora"],
        **{text: ["tea"] for text in ("tea", "tea too", "tea again")},
    }
    alone = b.search("nora", **options)
    assert alone.weights == [pytest.approx(idf(3, 50))]
    assert len(alone.masks) == 3


def test_common_terms_only_mark_what_rarer_ones_found(bank: Callable[..., Bank]) -> None:
    b = bank("zebra tea", "zebra", "tea 1", "tea 2", "tea 3")
    assert b.held(b.search("zebra", "tea", most=6)).keys() == set(b.rowids)
    assert b.held(b.search("zebra", "tea", most=5)) == {"zebra tea": ["zebra", "tea"], "zebra": ["zebra"]}


def test_the_commonest_terms_of_a_long_query_are_left_to_the_candidates(bank: Callable[..., Bank]) -> None:
    common = [f"q{n}x" for n in range(10)]
    b = bank(f"zebra {' '.join(common)}", *(f"{' '.join(common)} {n}" for n in range(20)))
    hits = b.search("zebra", *common, most=4)
    assert {term(word) for word in common} < {t.text for t in hits.terms}
    ((text, held),) = b.held(hits).items()
    assert text.startswith("zebra")
    assert len(held) == 5  # the rare one, and four that are always looked up
    assert len(b.held(b.search("zebra", *common, most=20))[text]) == 11


def test_a_condition_that_most_meet_is_met_by_every_hit(bank: Callable[..., Bank]) -> None:
    kept = ["zebra tea", "harbour", *(f"tea {n}" for n in range(6))]
    b = bank(*kept, "zebra", "harbour tea", tags=kept)
    hits = b.search("zebra", "harbour", "tea", most=5, condition=KEPT)
    assert b.held(hits) == {"zebra tea": ["zebra", "tea"], "harbour": ["harbour"]}


def test_the_budget_is_that_of_all_terms_together(bank: Callable[..., Bank]) -> None:
    b = bank("zebra", "harbour 1", "harbour 2", "tea 1", "tea 2", "tea 3")
    found = {most: set(b.held(b.search("zebra", "harbour", "tea", most=most))) for most in (3, 5, 6)}
    assert found[3] == found[5] == {"zebra", "harbour 1", "harbour 2"}
    assert found[6] == set(b.rowids)


def test_where_even_the_rarest_is_common_what_holds_two_comes_before_the_newest(bank: Callable[..., Bank]) -> None:
    b = bank("tea harbour old", *(f"tea {n}" for n in range(4)), *(f"harbour {n}" for n in range(5)))
    assert b.held(b.search("tea", "harbour", most=3)) == {
        "tea harbour old": ["harbour", "tea"],
        **{f"harbour {n}": ["harbour"] for n in (2, 3, 4)},
    }


def test_a_condition_keeps_other_memories_out(bank: Callable[..., Bank]) -> None:
    b = bank("zebra", "tea here", "tea there", "tea", tags=["tea here", "tea there"])
    # The zebra is beyond the condition, so the tea, more than the budget, still finds.
    assert set(b.held(b.search("zebra", "tea", condition=KEPT, most=3))) == {"tea here", "tea there"}
    assert set(b.held(b.search("zebra", "tea", condition=KEPT, loose=True))) == {"tea here", "tea there", "tea"}
    assert b.search("zebra", condition=KEPT).masks == {}


def test_a_loose_condition_holds_where_not_all_is_read(bank: Callable[..., Bank]) -> None:
    b = bank("tea kept", *(f"tea {n}" for n in range(5)), tags=["tea kept"])
    assert set(b.held(b.search("tea", condition=KEPT, loose=True, most=5))) == {"tea kept"}
    assert len(b.search("tea", condition=KEPT, loose=True, most=6).masks) == 6


def test_two_dozen_terms_are_looked_up_and_sixteen_marked(bank: Callable[..., Bank]) -> None:
    asked = [f"q{n}x" for n in range(30)]
    b = bank(" ".join(asked), "q29x")
    hits = b.search(*asked)
    assert len(hits.terms) == len(hits.weights) == 24
    assert [mask.bit_count() for mask in hits.masks.values()] == [16]


def test_a_term_after_the_sixteenth_finds_nothing(bank: Callable[..., Bank]) -> None:
    asked = [f"q{n}x" for n in range(17)]
    b = bank(" ".join(asked[:16]), "q16x first", "q16x second", "q15x alone")
    assert set(b.held(b.search(*asked))) == {" ".join(asked[:16]), "q15x alone"}


def test_four_unknown_words_are_tried_in_other_ways(bank: Callable[..., Bank]) -> None:
    b = bank("lantern", "harbour", "pumpkin", "samovar", "museum")
    asked = ("lantarn", "harbuor", "pumpkim", "samovarr", "musuem")
    assert set(b.held(b.search(*asked))) == {"lantern", "harbour", "pumpkin", "samovar"}


@pytest.mark.parametrize(
    ("asked", "found", "share"),
    [
        ("harbour", {"the harbour"}, 1.0),
        ("harbuor", {"the harbour"}, weights.ONE_EDIT),
        ("harbormaster", set(), None),
        ("lindquist", {"lindqvist signs"}, weights.ONE_EDIT),
        ("architectural", {"an architect"}, weights.OTHER_FORM_ALONE),
        ("4712", set(), None),
    ],
)
def test_a_word_in_another_form_counts_a_share(
    bank: Callable[..., Bank], asked: str, found: set[str], share: float | None
) -> None:
    b = bank("the harbour", "lindqvist signs", "an architect", "4711")
    hits = b.search(asked)
    assert set(b.held(hits)) == found
    assert hits.weights == ([] if share is None else [pytest.approx(share * idf(1, 50))])
    assert [t.share for t in hits.terms] == ([] if share is None else [share])


def test_a_correction_is_counted_where_it_stands(bank: Callable[..., Bank]) -> None:
    b = bank("a harbour", "an architect")
    (corrected,) = b.search("harbuor").terms
    assert corrected.text == term("harbuor")
    assert [corrected.occurrences(content) for content in (" harbour harbour ", " harbuor ", " x ")] == [1, 0, 0]
    (begun,) = b.search("architectural").terms
    assert begun.occurrences(" architect x architectur y arch ") == 2


@pytest.mark.parametrize(
    ("texts", "share", "missing"),
    [
        (("wifi",), 1.0, 0),
        (("wifi", "the wi"), 1.0, 0),
        (("wifi", "the wi", "the fi"), weights.OTHER_FORM_ALONE, 0),
        (("nothing",), None, 2),
    ],
)
def test_what_others_write_as_one_stands_for_the_parts_that_the_bank_lacks(
    bank: Callable[..., Bank], texts: tuple[str, ...], share: float | None, missing: int
) -> None:
    hits = bank(*texts).search("wi", "fi", joined={"wifi": ["wi", "fi"]})
    assert [t.share for t in hits.terms if t.text == "wifi"] == ([] if share is None else [share])
    assert hits.missing == pytest.approx(missing * idf(1, 2_000))


def test_what_is_written_in_two_parts_is_told_once_and_certain(backend: SQLiteBackend) -> None:
    for text in ("The wifi is down.", "Bo likes tea.", "Ada met Bo."):
        backend.retain("b", text)
    assert reasons(backend, "Is the Wi-Fi down?") == {"The wifi is down.": "holds wifi"}
    assert backend.recall("b", "Is the Wi-Fi down?").confidence == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("a database",), ["databas"]),
        (("a database", "the base"), ["databas", "base"]),
        (("a database", "the data"), ["databas", "data"]),
        (("a database", "the base", "the data"), ["base", "data"]),
    ],
)
def test_neighbouring_words_are_one_where_the_bank_lacks_either(
    bank: Callable[..., Bank], texts: tuple[str, ...], found: list[str]
) -> None:
    hits = bank(*texts).search("data", "base")
    assert sorted(t.text for t in hits.terms) == sorted(found)
    assert hits.missing == 0


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("architecture", "architec"),
        ("harbour", "harbo"),
        ("maple", "maple"),
        ("mapl", None),
        ("r2d2c3po", None),
        ("7", None),
        ("猫", "猫"),
        ("猫猫", None),
        ("\u1000", None),
    ],
)
def test_other_forms_share_three_fifths_of_the_beginning(text: str, begin: str | None) -> None:
    assert words.beginning(text) == begin


@pytest.mark.parametrize(
    ("every", "most", "estimated"),
    [
        (1, 20, 12),
        (1, 12, 12),
        (1, 11, 12),  # at least one more than were read
        (1, 4, 9),  # the fifth is number five: four of five, of twelve
        (2, 6, 6),
        (2, 2, 4),
        (3, 2, 3),
    ],
)
def test_matches_are_counted_up_to_a_limit_and_then_estimated(
    bank: Callable[..., Bank], every: int, most: int, estimated: int
) -> None:
    b = bank(*(f"tea {n}" if n % every == 0 else f"zebra {n}" for n in range(1, 13)))
    assert words.estimate(b.db, b.number, '"tea"', most) == estimated


def test_a_count_is_kept_only_while_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    pool = Pool(path, busy_timeout=1.0, size=1)  # so that each read has the same connection

    def counted() -> int:
        with pool.read() as db:
            number = reading.bank_number(db, "b")
            return words.estimate(db, number, '"tea"', 10) if number is not None else 0

    with closing(SQLiteBackend(path)) as other, closing(pool):
        assert counted() == 0
        first = other.retain("b", "Tea is green").memory_ids
        assert (counted(), counted()) == (1, 1)
        other.retain("b", "Tea is black")
        assert counted() == 2
        other.retain("b", "Tea is white")
        with suppress(KeyError), pool.write() as db:  # a write that counts sees the others', and its own
            assert words.estimate(db, 1, '"tea"', 10) == 3
            writing.remove(db, 1, [row for row in map(records.row_number, first) if row is not None])
            assert words.estimate(db, 1, '"tea"', 10) == 2
            raise KeyError
        assert counted() == 3
        with pool.write() as db:
            writing.remove(db, 1, [row for row in map(records.row_number, first) if row is not None])
        assert counted() == 2
        pool.release()
        assert counted() == 2


def test_shares_are_those_of_the_bank(bank: Callable[..., Bank]) -> None:
    b = bank("tea", "tea and cake", "cake", "jam")
    shares = {word: words.Shares().of(b.db, b.number, f'"{word}"', 4) for word in ("tea", "cake", "zebra")}
    assert shares == {"tea": 0.5, "cake": 0.5, "zebra": 0.0}
    assert [words.occurs(b.db, b.number, f'"{word}"') for word in shares] == [True, True, False]


def test_the_newest_that_hold_all_terms_come_first(bank: Callable[..., Bank]) -> None:
    b = bank("tea cake 1", "tea cake 2", "tea cake 3", "tea", "cake", tags=["tea cake 1", "tea"])
    found = {
        (condition, most): [
            b.texts[no] for no in words.newest(b.db, b.number, ["tea", "cake"], condition=condition, most=most)
        ]
        for condition, most in ((None, 9), (None, 2), (KEPT, 9))
    }
    assert list(found.values()) == [
        ["tea cake 3", "tea cake 2", "tea cake 1"],
        ["tea cake 3", "tea cake 2"],
        ["tea cake 1"],
    ]


def test_memories_are_ranked_by_the_weight_of_their_terms_and_then_by_age() -> None:
    terms = [words.Term.of(text) for text in ("zebra", "tea", "nora")]
    hits = words.WordHits(terms, [3.0, 2.0, 0.0], {1: 0b010, 2: 0b001, 3: 0b011, 4: 0b010, 6: 0b100})
    assert list(hits.ranked()) == [3, 2, 4, 1, 6]
    assert [hits.weight(mask) for mask in (0b011, 0b111, 0b100, 0)] == [5.0, 5.0, 0.0, 0.0]


def test_the_ranking_of_many_memories_is_that_of_all_of_them() -> None:
    terms = [words.Term.of(text) for text in ("zebra", "tea", "cake", "nora")]
    hits = words.WordHits(terms, [8.0, 4.0, 2.0, 1.0], {no: no * 7 % 16 for no in range(1, 2_000)})
    expected = sorted(hits.masks, key=lambda no: (hits.weight(hits.masks[no]), no), reverse=True)
    assert list(hits.ranked()) == expected


def test_the_words_shown_are_those_that_weigh_in_the_querys_spelling() -> None:
    terms = [words.Term.of(text) for text in ("walk", "tea", "nora")]
    hits = words.WordHits(terms, [3.0, 2.0, 0.0])
    assert words.shown(hits, 0b111, {"walk": "walks"}) == "walks, tea"
    assert words.shown(hits, 0b010, {}) == "tea"
    assert words.shown(hits, 0b100, {"nora": "Nora"}) == ""


def test_the_share_of_a_condition_is_counted_once(bank: Callable[..., Bank]) -> None:
    b = bank("tea", "tea too", "tea again", "cake")
    shares = Shares()
    assert shares.of(b.db, b.number, '"tea"', 4) == 0.75
    assert shares.keep(b.number, '"tea"', 4, 0.5) == 0.5
    assert shares.of(b.db, b.number, '"tea"', 4) == 0.5
    assert shares.of(b.db, b.number, '"tea"', 12) == 0.25
    assert Shares().of(b.db, b.number, '"tea"', 0) == 3.0


def test_a_figure_of_an_empty_bank_is_not_kept() -> None:
    shares = Shares()
    shares.keep(1, "size", 0, 0.25)
    assert shares.recall(1, "size", 0) is None


def test_a_thousand_figures_are_kept_at_once() -> None:
    shares = Shares()
    for number in range(1_000):
        shares.keep(number, "size", 100, 0.25)
    assert shares.recall(0, "size", 100) == 0.25
    shares.keep(1_000, "size", 100, 0.5)
    assert shares.recall(0, "size", 100) is None
    assert shares.recall(1_000, "size", 100) == 0.5


@pytest.mark.parametrize("enough", [1, 5, 20])
def test_as_many_of_the_weightiest_memories_as_are_wanted_are_found(bank: Callable[..., Bank], enough: int) -> None:
    spread = {"zebra": 3, "harbour": 20, "tea": 60, "ink": 75}
    source = random.Random(5)
    holding = {word: set(source.sample(range(160), n)) for word, n in spread.items()}
    b = bank(*(" ".join([f"line{i}", *(w for w, places in holding.items() if i in places)]) for i in range(160)))
    everything, few = b.search(*spread), b.search(*spread, enough=enough)
    assert len(few.masks) < len(everything.masks)
    assert [(no, few.masks[no]) for no in islice(few.ranked(), enough)] == [
        (no, everything.masks[no]) for no in islice(everything.ranked(), enough)
    ]


@pytest.mark.parametrize(
    ("masks", "fewest", "terms", "beyond", "quoted"),
    [
        ({1: 3, 2: 3, 3: 3, 4: 1}, 3, ["red", "lamp"], 2, [1, 3]),
        ({1: 3, 2: 3, 3: 3, 4: 1}, 3, ["red", "lamp"], 3, []),  # all of them are scored anyway
        ({1: 3, 4: 1}, 2, ["red", "lamp"], 0, [1]),
        ({1: 1, 3: 3, 4: 1}, 3, ["red", "lamp"], 0, [3]),
        ({}, 5, ["red", "lamp"], 0, [1, 3]),  # too many to read all of them
        ({}, 10_000, ["red", "lamp"], 9, [1, 3]),
        ({}, 10_001, ["red", "lamp"], 0, []),
        ({}, 5, ["red"], 0, []),
        ({}, 4, ["red", "lamp"], 0, []),
    ],
)
def test_a_quotation_is_looked_for_where_what_holds_its_words_is_more_than_is_scored(
    backend: SQLiteBackend,
    path: Path,
    masks: dict[int, int],
    fewest: int,
    terms: list[str],
    beyond: int,
    quoted: list[int],
) -> None:
    for text in ("red lamp on the shelf", "lamp red", "the red lamp", "red"):
        backend.retain("b", text)
    hits = words.WordHits([words.Term.of(t) for t in terms], [1.0] * len(terms), fewest=fewest)
    with closing(sqlite3.connect(path)) as db:
        (bank,) = db.execute("SELECT no FROM bank WHERE id = 'b'").fetchone()
        first, _ = reading.bounds(bank)
        hits.masks = {first + place: mask for place, mask in masks.items()}
        found = words.quoting(db, bank, hits, ["red", "lamp"], beyond=beyond, most=4, condition=None)
    assert sorted(no - first for no in found) == quoted
