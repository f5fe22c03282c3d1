"""What stands next to a match, what it adds, and where the order of arrival counts."""

import math
import sqlite3
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import candidates, weights
from hindsight_teams.backends.sqlite.search.candidates import Candidate, Candidates
from hindsight_teams.backends.sqlite.search.words import Shares, Term, WordHits
from hindsight_teams.backends.sqlite.store.reading import Filter
from hindsight_teams.backends.sqlite.store.records import ARRIVAL, DATED
from hindsight_teams.models import RetainItem
from hindsight_teams.requests.tags import TagFilter

NOON = datetime(2024, 5, 7, 12, tzinfo=UTC)
TEA, CAKE, ZEBRA = 0b001, 0b010, 0b100
HITS = WordHits([Term.of(text) for text in ("tea", "cake", "zebra")], [1.0, 2.0, 4.0])


def candidate(no: int, mask: int = 0, *, chain: int | None = None, position: int = 0, stream: int = DATED) -> Candidate:
    return Candidate(
        no=no,
        chain=chain,
        position=position,
        author=None,
        mentioned=no,
        occurred=None,
        occurred_end=None,
        stream=None if chain is not None else stream,
        superseded_by=None,
        mask=mask,
    )


@pytest.fixture
def nowhere() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as db:
        yield db


def together(db: sqlite3.Connection, *candidates: Candidate, arrival: float = 0.0) -> Candidates:
    found = Candidates(db, Filter(), arrival=arrival)
    for one in candidates:
        found.by_number[one.no] = one
        if one.chain is not None:
            found.chains.setdefault(one.chain, {})[one.position] = one
    return found


@pytest.mark.parametrize(
    ("masks", "extra"),
    [
        ({0: TEA}, 0.0),
        ({0: 0, -1: TEA}, 0.7),
        ({0: 0, 1: TEA}, 0.5),
        ({0: 0, -2: TEA}, 0.4),
        ({0: 0, 2: TEA}, 0.2),
        ({0: 0, -3: TEA}, 0.2),
        ({0: 0, 3: TEA, -4: TEA}, 0.0),
        ({0: TEA, -1: TEA}, 0.0),
        ({0: TEA, -1: TEA | CAKE}, 1.4),
        ({0: 0, -1: TEA, 1: TEA}, 0.7),
        ({0: 0, -1: TEA, 1: TEA | CAKE}, 0.7 + 1.0),
        ({0: 0, -1: TEA, 1: CAKE, -2: ZEBRA, 2: ZEBRA | CAKE}, 0.7 + 1.0 + 1.6),
        ({0: 0, -3: ZEBRA, 2: TEA}, 0.8 + 0.2),
    ],
)
def test_a_neighbours_terms_count_once_by_how_near_it_stands(
    nowhere: sqlite3.Connection, masks: dict[int, int], extra: float
) -> None:
    in_document = {place: candidate(100 + place, mask, chain=3, position=7 + place) for place, mask in masks.items()}
    assert candidates.added(together(nowhere, *in_document.values()), in_document[0], HITS) == pytest.approx(extra)
    for stream, arrival, trust in ((DATED, 0.5, 1.0), (ARRIVAL, 0.5, 0.5), (ARRIVAL, 1.2, 1.2)):
        middle = candidate(100, masks[0], stream=stream)
        middle.near = {
            place: candidate(100 + place, mask, stream=stream) for place, mask in masks.items() if place != 0
        }
        found = together(nowhere, middle, *middle.near.values(), arrival=arrival)
        assert candidates.added(found, middle, HITS) == pytest.approx(trust * extra)


def test_a_memory_without_neighbours_gets_nothing(nowhere: sqlite3.Connection) -> None:
    alone, other = candidate(1, TEA), candidate(2, CAKE)
    assert candidates.added(together(nowhere, alone, other), alone, HITS) == 0.0
    run = candidate(3, TEA)
    run.chain = -1
    found = together(nowhere, run, candidate(4, CAKE))
    assert candidates.added(found, run, HITS) == 0.0
    assert candidates.adjoining(found, run) == []


def test_what_adjoins_is_just_before_and_just_after(nowhere: sqlite3.Connection) -> None:
    lines = [candidate(n, chain=5, position=n) for n in range(5)]
    first_document = [candidate(n, chain=1, position=n) for n in range(10, 12)]
    found = together(nowhere, *lines, *first_document)
    assert candidates.adjoining(found, lines[2]) == [lines[1], lines[3]]
    assert candidates.adjoining(found, lines[0]) == [lines[1]]
    assert candidates.adjoining(found, lines[4]) == [lines[3]]
    assert candidates.adjoining(found, first_document[0]) == [first_document[1]]
    turn = candidate(20)
    turn.near = {-2: candidate(18), -1: candidate(19), 1: candidate(21), 2: candidate(22)}
    assert candidates.adjoining(found, turn) == [turn.near[-1], turn.near[1]]
    assert candidates.adjoining(found, candidate(30)) == []


def test_a_documents_terms_weigh_by_how_few_documents_hold_them(nowhere: sqlite3.Connection) -> None:
    hits = WordHits([Term.of(text) for text in ("tea", "cake", "nora")], [1.0, 2.0, 0.0])
    found = together(
        nowhere,
        candidate(101, TEA, chain=1, position=0),
        candidate(102, CAKE, chain=1, position=1),
        candidate(103, TEA, chain=2, position=0),
        candidate(104, TEA | 0b100),
        candidate(105, 0),
    )
    tea, cake = (math.log(1 + (4 - n + 0.5) / (n + 0.5)) for n in (3, 1))
    assert candidates.documents(found, hits) == {
        101: pytest.approx(tea + cake),
        102: pytest.approx(tea + cake),
        103: pytest.approx(tea),
        104: pytest.approx(tea),
        105: 0.0,
    }


class Bank:
    """A bank in a file, and what stands around its memories."""

    def __init__(self, backend: SQLiteBackend, path: Path, items: Sequence[RetainItem]) -> None:
        backend.retain_batch("other", items)
        backend.retain_batch("b", items)
        self.db = sqlite3.connect(path)
        weakref.finalize(self, self.db.close)
        (self.number,) = self.db.execute("SELECT no FROM bank WHERE id = 'b'").fetchone()
        rows = self.db.execute("SELECT no, text FROM memory WHERE bank = ?", (self.number,))
        self.texts: dict[int, str] = dict(rows.fetchall())
        self.rowids = {text: no for no, text in self.texts.items()}

    def around(self, *texts: str, chosen: Filter | None = None, arrival: float = 0.0) -> Candidates:
        found = Candidates(self.db, chosen or Filter(), arrival=arrival)
        found.add([self.rowids[text] for text in texts], {})
        candidates.spread(found, self.number, list(found.by_number.values()), {})
        return found

    def near(self, found: Candidates, text: str) -> dict[int, str]:
        near = found.by_number[self.rowids[text]].near
        return {place: self.texts[near[place].no] for place in sorted(near)}

    def runs(self, found: Candidates) -> list[list[str]]:
        assert all({one.chain for one in run.values()} == {chain} for chain, run in found.chains.items())
        assert all(chain < 0 for chain in found.chains)  # those of documents have positive numbers
        return sorted([self.texts[one.no] for one in run.values()] for run in found.chains.values())


@pytest.fixture
def bank(backend: SQLiteBackend, path: Path) -> Iterator[Callable[..., Bank]]:
    with ExitStack() as stack:

        def made(*items: RetainItem) -> Bank:
            bank = Bank(backend, path, items)
            stack.enter_context(closing(bank.db))
            return bank

        yield made


def at(*seconds: float, tags: Sequence[str] = ()) -> list[RetainItem]:
    """Memories of these moments, each named by its place."""
    return [
        RetainItem(f"line {n}", NOON + timedelta(seconds=moment), tags=list(tags)) for n, moment in enumerate(seconds)
    ]


def test_two_memories_before_a_match_and_three_after_it_are_taken_in(bank: Callable[..., Bank]) -> None:
    b = bank(*at(*range(0, 100, 10)))
    found = b.around("line 5")
    assert {b.texts[no] for no in found.by_number} == {f"line {n}" for n in range(3, 9)}
    assert b.near(found, "line 5") == {place: f"line {5 + place}" for place in (-2, -1, 1, 2, 3)}
    assert b.near(found, "line 3") == {1: "line 4", 2: "line 5", 3: "line 6"}
    assert b.runs(found) == [[f"line {n}" for n in range(3, 9)]]


@pytest.mark.parametrize(("pause", "ends"), [(100, False), (200, False), (201, True), (1_000, True)])
def test_a_pause_of_more_than_twenty_steps_ends_a_run(bank: Callable[..., Bank], pause: int, ends: bool) -> None:
    b = bank(*at(0, 10, 20, 20 + pause, 30 + pause, 40 + pause))
    found = b.around("line 2", "line 3")
    runs = [[f"line {n}" for n in range(3)], [f"line {n}" for n in range(3, 6)]]
    assert b.runs(found) == (runs if ends else [[*runs[0], *runs[1]]])
    assert (b.near(found, "line 2").get(1) == "line 3") is not ends
    assert b.near(found, "line 2")[-1] == "line 1"


def test_a_pause_is_judged_by_the_nearer_steps(bank: Callable[..., Bank]) -> None:
    b = bank(*at(0, 10, 150, 160))
    assert b.near(b.around("line 1"), "line 1") == {-1: "line 0", 1: "line 2", 2: "line 3"}


def test_the_shorter_steps_of_two_sides_tell_what_a_pause_is(bank: Callable[..., Bank]) -> None:
    b = bank(*at(0, 10, 510, 910))
    found = b.around("line 1", "line 2")
    assert b.near(found, "line 1") == {-1: "line 0"}
    assert b.near(found, "line 2") == {1: "line 3"}


def test_memories_of_one_instant_have_no_order(bank: Callable[..., Bank]) -> None:
    b = bank(*at(0, 0, 0, 0))
    found = b.around("line 1")
    assert b.near(found, "line 1") == {}
    assert b.runs(found) == []


def test_what_the_filter_keeps_back_keeps_its_place(bank: Callable[..., Bank]) -> None:
    lines = at(0, 10, 20, 30, 40, tags=["open"])
    lines[2] = RetainItem("line 2", NOON + timedelta(seconds=20), tags=["secret"])
    b = bank(*lines)
    found = b.around("line 1", chosen=Filter(TagFilter(("open",), "any_strict")))
    assert {b.texts[no] for no in found.by_number} == {"line 0", "line 1", "line 3", "line 4"}
    assert b.near(found, "line 1") == {-1: "line 0", 2: "line 3", 3: "line 4"}
    assert b.runs(found) == [["line 0", "line 1"], ["line 3", "line 4"]]


def test_undated_memories_follow_each_other_only_where_arrival_counts(bank: Callable[..., Bank]) -> None:
    b = bank(*(RetainItem(f"line {n}") for n in range(5)))
    assert b.near(b.around("line 2"), "line 2") == {}
    found = b.around("line 2", arrival=0.5)
    assert b.near(found, "line 2") == {-2: "line 0", -1: "line 1", 1: "line 3", 2: "line 4"}
    assert b.runs(found) == [[f"line {n}" for n in range(5)]]


def test_a_match_in_a_document_brings_the_lines_around_it(bank: Callable[..., Bank]) -> None:
    b = bank(
        *(RetainItem(f"{name} {n}", document_id=name, update_mode="append") for name in ("x", "y") for n in range(16))
    )
    cases: list[tuple[tuple[str, ...], set[str]]] = [
        (("x 8",), {f"x {n}" for n in range(6, 12)}),
        (("x 3", "x 12"), {f"x {n}" for n in (*range(1, 7), *range(10, 16))}),
        (("x 3", "x 9"), {f"x {n}" for n in range(1, 13)}),
        (("x 5", "x 6", "y 0"), {*(f"x {n}" for n in range(3, 10)), "y 0", "y 1", "y 2", "y 3"}),
    ]
    for hits, brought in cases:
        found = b.around(*hits)
        assert {b.texts[no] for no in found.by_number} == brought
        assert all(one.near == {} for one in found.by_number.values())


def arrival(bank: Bank, size: int) -> float:
    return candidates.arrival(bank.db, bank.number, size, Shares())


def test_the_order_of_arrival_counts_from_twenty_memories_on(bank: Callable[..., Bank]) -> None:
    b = bank(*(RetainItem(f"w{n}x w{n + 1}x") for n in range(20)))
    assert arrival(b, 20) == weights.ARRIVAL
    assert arrival(b, 19) == 0.0


@pytest.mark.parametrize(
    ("holding", "share"),
    [
        ({2, 9, 10, 15, 16, 17}, 1.0),  # three next ones share the term, and no other
        ({0, 1, 2, 3, 5, 6, 13, 14, 16, 17, 18, 19, 20}, 1.0),  # nine, and five others
        ({1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 19}, 1.0),  # eight, and five
        ({0, 2, 3, 6, 7, 8, 10, 12, 13, 14, 15}, 0.75),  # six, and four
        ({1, 6, 7, 8, 9, 10, 11, 13, 14, 16, 19, 20}, 0.5),  # seven, and five
        ({1, *range(6, 20)}, 0.25),  # thirteen, and ten
        ({0, 5, 7, 8, 9, 11, 12, 13, 14, 15, 18, 20}, 0.0),  # six, and five
        ({0, 3, 6, 9, 12, 13, 14, 15, 18, 19, 20}, 0.0),  # five, and five
        (set(), 0.0),
    ],
)
def test_the_order_of_arrival_counts_by_how_much_more_the_next_one_shares(
    bank: Callable[..., Bank], holding: set[int], share: float
) -> None:
    b = bank(*(RetainItem(f"u{n}x tea" if n in holding else f"u{n}x") for n in range(21)))
    assert arrival(b, 21) == pytest.approx(share * weights.ARRIVAL)


@pytest.mark.parametrize(("terms", "counts"), [(30, True), (31, False)])
def test_the_order_of_long_texts_says_nothing(bank: Callable[..., Bank], terms: int, counts: bool) -> None:
    shared = [f"w{n}x" for n in range(21)]
    b = bank(
        *(RetainItem(" ".join([shared[n], shared[n + 1], *(f"u{n}x{k}" for k in range(terms - 2))])) for n in range(20))
    )
    assert arrival(b, 20) == (weights.ARRIVAL if counts else 0.0)


@pytest.mark.parametrize(("undated", "counts"), [(11, True), (10, False)])
def test_ten_pairs_of_undated_memories_tell_whether_their_order_counts(
    bank: Callable[..., Bank], undated: int, counts: bool
) -> None:
    dated = [RetainItem(f"u{n}x", NOON + timedelta(days=n)) for n in range(20)]
    b = bank(*(RetainItem(f"w{n}x w{n + 1}x") for n in range(undated)), *dated)
    assert arrival(b, undated + 20) == (weights.ARRIVAL if counts else 0.0)


def test_what_the_order_of_arrival_counts_is_kept(bank: Callable[..., Bank]) -> None:
    b = bank(*(RetainItem(f"w{n}x w{n + 1}x") for n in range(20)))
    shares = Shares()
    assert candidates.arrival(b.db, b.number, 20, shares) == weights.ARRIVAL
    assert shares.recall(b.number, "arrival", 20) == weights.ARRIVAL
    shares.keep(b.number, "arrival", 20, 0.25)
    assert candidates.arrival(b.db, b.number, 20, shares) == 0.25


def test_what_stands_next_to_a_line_of_a_diary_is_no_answer(backend: SQLiteBackend) -> None:
    for day, text in enumerate(
        ("The kiln has cracked.", "Otto lost a hat.", "The dog is at the vet.", "We had soup.", "The well froze.")
    ):
        backend.retain("d", text, timestamp=NOON + timedelta(days=day))
    assert [m.text for m in backend.recall("d", "Where is the dog?").results] == ["The dog is at the vet."]


def test_what_stands_next_to_a_question_is_returned(backend: SQLiteBackend) -> None:
    for minute, text in enumerate(("Hello there.", "Bo: Where is the dog?", "Cy: With Ida in Oslo.", "Bo: Thanks.")):
        backend.retain("d", text, timestamp=NOON + timedelta(minutes=minute))
    assert "Cy: With Ida in Oslo." in [m.text for m in backend.recall("d", "Where is the dog?").results]


@pytest.mark.parametrize(
    ("speaker", "stream", "text", "talk"),
    [
        ("bo", DATED, "Which cake?", True),
        ("bo", DATED, "\uff1f", True),
        ("bo", DATED, "\u061f", True),
        ("bo", DATED, "A cake.", False),
        ("ada", DATED, "Which cake?", False),
        ("bo", ARRIVAL, "Which cake?", False),
    ],
)
def test_people_talk_where_another_one_speaks_beside_a_line_and_somebody_asks(
    nowhere: sqlite3.Connection, speaker: str, stream: int, text: str, talk: bool
) -> None:
    nowhere.execute("CREATE TABLE memory (no, text)")
    nowhere.execute("INSERT INTO memory VALUES (2, ?)", (text,))
    first, reply = candidate(1, stream=stream), candidate(2, stream=stream)
    first.author, reply.author = "ada", speaker
    first.near, reply.near = {1: reply}, {-1: first}
    found = together(nowhere, first, reply)
    assert candidates.in_conversation(found, [first]) is talk
    assert candidates.is_asked(found, [first]) is ("cake?" in text or len(text) == 1)
    assert not candidates.is_asked(found, [])


def test_lines_that_stand_alone_are_no_talk(nowhere: sqlite3.Connection) -> None:
    nowhere.execute("CREATE TABLE memory (no, text)")
    nowhere.execute("INSERT INTO memory VALUES (1, 'Which cake?')")
    alone = candidate(1)
    assert not candidates.in_conversation(together(nowhere, alone), [alone])
