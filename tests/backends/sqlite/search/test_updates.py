"""Which newer line stands before which older one, of small rankings reckoned by hand."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import updates
from hindsight_teams.backends.sqlite.search.fusion import Scored
from tests.backends.sqlite.search.test_fusion import CAKE, MAY, TEA, Scene, about, candidate, explained


@pytest.fixture
def stored(backend: SQLiteBackend, path: Path) -> Iterator[sqlite3.Connection]:
    """The file of a backend with a bank, of which no memory tells a change."""
    backend.retain("b", "The roof leaks.", timestamp=MAY)
    with closing(sqlite3.connect(path)) as db:
        yield db


def line(no: int, content: str, total: float = 1.0, *, mask: int = TEA, time: float = 0.0, said: int = 0) -> Scored:
    """A line of the ranking, older the smaller its number."""
    return Scored(candidate(no, mask, content, mentioned=said or no), time=time, total=total)


def newest(db: sqlite3.Connection, *ranked: Scored, asked: Sequence[str] = ()) -> dict[int, float]:
    """The order of the lines, by number, each with what it was lifted by."""
    scene = Scene(db, *(one.candidate for one in ranked))
    (bank,) = db.execute("SELECT no FROM bank WHERE id = 'b'").fetchone()
    return {one.candidate.no: one.lifted for one in updates.newest_first(db, bank, scene.found, ranked, asked=asked)}


FILLERS = [line(no, f"word{no} other{no} third{no} fourth{no}", 0.5) for no in range(900, 908)]
"""Lines that have nothing to do with the others, so that what two have in common is rare."""


@pytest.mark.parametrize(
    ("old", "new", "lifted"),
    [
        # one word differs, and both answer as well
        (line(1, "logo blue"), line(2, "logo orang", 0.9), True),
        (line(1, "logo blue"), line(2, "logo orang", 0.89), False),
        (line(1, "logo blue"), line(2, "logo orang now last week", 0.9), True),
        (line(1, "logo blue"), line(2, "logo orang larg", 0.9), False),
        (line(1, "logo larg blue"), line(2, "logo orang", 0.9), False),
        (line(1, "logo"), line(2, "logo orang", 0.9), True),
        (line(1, "blue"), line(2, "orang", 0.95), False),
        # half of what either says, by its weight
        (line(1, "launch mapl spring eleven"), line(2, "launch mapl spring twelv", 0.7), True),
        (line(1, "launch mapl spring eleven"), line(2, "launch mapl autumn twelv", 0.7), False),
        (line(1, "launch mapl spring eleven"), line(2, "launch mapl spring twelv", 0.59), False),
        (line(1, "launch mapl spring eleven"), line(2, "launch mapl spring twelv", 0.61), True),
        # never the older, and not what the question's time fits better
        (line(2, "logo blue"), line(1, "logo orang", 0.95), False),
        (line(1, "logo blue", said=5), line(2, "logo orang", 0.95, said=5), False),
        (line(1, "logo blue", time=0.2), line(2, "logo orang", 0.95, time=0.1), False),
        (line(1, "logo blue", time=0.1), line(2, "logo orang", 0.95, time=0.1), True),
        # what is asked for by name must stand in both
        (line(1, "nora tea", mask=TEA | CAKE), line(2, "nora jazz", 0.95, mask=TEA), False),
        (line(1, "nora tea", mask=TEA), line(2, "nora jazz", 0.95, mask=TEA | CAKE), True),
        # numbers and days are what changes, and function words tell nothing
        (line(1, "das treffen ist montag"), line(2, "das treffen wurd auf freitag verschoben", 0.7), True),
        (line(1, "das treffen ist montag"), line(2, "das auto ist auf freitag repariert", 0.7), False),
        (line(1, "das ist montag"), line(2, "das ist freitag", 0.7), False),
        (line(1, "会议 议在 在周 周一"), line(2, "会议 议改 改到 到周 周四", 0.7), True),
        (line(1, "nora wohnt oslo"), line(2, "nora jetzt wohnt rom anna", 0.2), True),
        # who moved lives elsewhere, however far behind
        (line(1, "nora live oslo"), line(2, "nora move bergen", 0.1), True),
        (line(1, "nora live oslo"), line(2, "omar move bergen", 0.1), False),
        (line(1, "alt nora wohnt oslo"), line(2, "nora zog bergen", 0.1), False),
        (line(1, "nora wohnt oslo"), line(2, "nora zog bergen", 0.1), True),
        (line(1, "live oslo"), line(2, "nora move bergen", 0.1), False),
        (line(1, "nora live oslo"), line(2, "nora visit bergen", 0.1), False),
        (line(1, "诺拉 住在 奥斯"), line(2, "诺拉 搬到 卑尔", 0.1), True),
        (line(1, "住在 奥斯"), line(2, "诺拉 搬到 卑尔", 0.1), False),
        # a change may share less, and rank lower
        (line(1, "team use kafka stream"), line(2, "team drop kafka yesterday noon", 0.2), True),
        (line(1, "team use kafka stream"), line(2, "team keep kafka yesterday noon", 0.2), False),
        (line(1, "team drop kafka stream"), line(2, "team drop kafka yesterday noon", 0.2), False),
        (line(1, "team use kafka stream"), line(2, "team drop yesterday noon", 0.2), False),
        (line(1, "team use"), line(2, "team drop yesterday noon", 0.2), True),
        (line(1, "team use kafka", mask=TEA | CAKE), line(2, "team drop kafka yesterday", 0.2), True),
        (line(1, "team use", mask=TEA | CAKE), line(2, "team drop yesterday", 0.2), False),
        # a long line is no update, and the author behind the bar is no word of the line
        (line(1, "logo blue"), line(2, " ".join(["logo", *(f"w{n}" for n in range(25))]), 0.95), False),
        (line(1, "logo blue | nora"), line(2, "logo orang | omar", 0.95), True),
        (line(1, "logo / blue"), line(2, "logo / orang", 0.95), True),
        (line(1, ""), line(2, "logo", 0.95), False),
    ],
)
def test_a_newer_line_stands_before_an_older_one_that_it_is_a_version_of(
    stored: sqlite3.Connection, old: Scored, new: Scored, lifted: bool
) -> None:
    old, new = replace(old), replace(new)  # what is lifted is changed
    order = newest(stored, old, new, *map(replace, FILLERS))
    place = list(order)
    assert (place.index(new.candidate.no) < place.index(old.candidate.no)) is lifted
    assert (order[new.candidate.no] > 0) is lifted
    assert order[old.candidate.no] == 0.0


@pytest.mark.parametrize(
    ("asked", "old", "new", "lifted"),
    [
        (["bug", "open"], line(1, "bug open", mask=3), line(2, "bug fix", mask=1), False),
        (["bug", "open", "fix"], line(1, "bug open", mask=3), line(2, "bug fix", mask=5), True),
        (["bug", "open", "fix"], line(1, "bug open", mask=3), line(2, "bug fix friday", mask=5), False),
        (["miet", "ist"], line(1, "miet ist 850", mask=3), line(2, "miet stieg 900", mask=1), True),
        (["小王", "王住"], line(1, "小王 王住 住罗 东城", mask=3), line(2, "小王 王又 又住 住巴 东城", mask=1), True),
        (["小王", "王住"], line(1, "小王 王住 住罗 东城", mask=3), line(2, "小王 王去 去巴 东城", mask=1), False),
    ],
)
def test_what_is_asked_for_stands_in_the_newer_line_too(
    stored: sqlite3.Connection, asked: list[str], old: Scored, new: Scored, lifted: bool
) -> None:
    """Or the other one of what is asked; not what only joins words, and not side by side in an unspaced script."""
    order = list(newest(stored, replace(old), replace(new), *map(replace, FILLERS), asked=asked))
    assert (order.index(2) < order.index(1)) is lifted


def test_a_line_stands_before_the_first_of_several_older_versions(stored: sqlite3.Connection) -> None:
    order = newest(
        stored,
        line(2, "logo blue", 1.0),
        line(1, "logo green", 0.99),
        line(3, "logo orang", 0.95),
        *map(replace, FILLERS),
    )
    assert list(order)[:3] == [3, 2, 1]
    assert order[3] == about(0.05)


def test_what_most_lines_hold_makes_no_two_of_them_alike(stored: sqlite3.Connection) -> None:
    pair = (line(1, "diari noon gate alpha"), line(2, "diari noon gate beta", 0.7))
    assert list(newest(stored, *map(replace, pair), *map(replace, FILLERS)))[:2] == [2, 1]
    crowd = [line(900 + n, f"diari noon gate other{n}", 0.5, said=1) for n in range(20)]
    assert list(newest(stored, *map(replace, pair), *crowd))[:2] == [1, 2]


def test_a_line_that_was_said_again_is_as_new_as_when_it_was_said_last(backend: SQLiteBackend, path: Path) -> None:
    for text, day in (("The logo is blue", 1), ("The logo is orange", 2), ("The logo is blue", 3)):
        backend.retain("b", text, timestamp=MAY + timedelta(days=day))
    assert next(iter(explained(backend, "Which logo?"))) == "The logo is blue"


def test_what_replaced_a_line_stands_before_it_with_its_score(stored: sqlite3.Connection) -> None:
    def ranked() -> tuple[Scored, ...]:
        old, between, new = line(1, "alpha", 1.0), line(2, "beta", 0.8), line(3, "gamma", 0.6)
        old.candidate.superseded_by = 3
        return old, between, new

    assert newest(stored, *ranked()) == {3: about(0.4), 1: 0.0, 2: 0.0}
    old, between, new = ranked()
    new.total = 2.0
    assert newest(stored, new, old, between) == {3: 0.0, 1: 0.0, 2: 0.0}
    old, between, new = ranked()
    new.total = 0.0
    assert newest(stored, old, between, new) == {3: about(1.0), 1: 0.0, 2: 0.0}
    old, between, _ = ranked()
    assert newest(stored, old, between) == {1: 0.0, 2: 0.0}


def test_a_replacement_that_was_not_found_is_brought(backend: SQLiteBackend, path: Path) -> None:
    backend.retain("b", "The lamp is green.", timestamp=MAY)
    with closing(sqlite3.connect(path)) as db:
        (number,) = db.execute("SELECT no FROM memory").fetchone()
        old = line(number - 1, "alpha", 1.0)
        old.candidate.superseded_by = number
        assert newest(db, old) == {number: about(1.0), number - 1: 0.0}


def test_lines_of_no_score_are_left_out_unless_something_lifts_them(stored: sqlite3.Connection) -> None:
    assert newest(stored, line(1, "alpha", 1.0), line(2, "beta", 0.0)) == {1: 0.0}


def test_a_newer_change_is_brought_though_it_lacks_the_questions_words(backend: SQLiteBackend, path: Path) -> None:
    for number, text in enumerate(("We use Kafka.", "We dropped Kafka.", "We like Kafka.", "We dropped tea.")):
        backend.retain("b", text, timestamp=MAY + timedelta(days=number))
    with closing(sqlite3.connect(path)) as db:
        numbers = {text: no for no, text in db.execute("SELECT no, text FROM memory")}
        first = line(numbers["We use Kafka."], "use kafka", 1.0, said=1)
        assert list(newest(db, first)) == [numbers["We dropped Kafka."], numbers["We use Kafka."]]
        long = line(numbers["We use Kafka."], " ".join(["use", "kafka", *(f"w{n}" for n in range(7))]), 1.0, said=1)
        assert list(newest(db, long)) == [numbers["We use Kafka."]]
        last = line(numbers["We dropped tea."], "use kafka", 1.0, said=1)
        assert list(newest(db, last)) == [numbers["We dropped tea."]]


@pytest.mark.parametrize(
    ("old", "new", "question", "lifted"),
    [
        ("Ada lives in Rome.", "Ada's cat moved to the sofa.", "Where does Ada live?", False),
        ("Ada lives in Rome.", "Ada moved the piano to the cellar.", "Where does Ada live?", False),
        ("Ada lives in Rome.", "Ada moved to Turin.", "Where does Ada live?", True),
        ("The rent is 900 euros.", "The rent office moved to Mill Street.", "How much is the rent?", False),
        ("The rent is 900 euros.", "The rent was raised to 950 euros.", "How much is the rent?", True),
        ("The standup is at 9:30.", "The standup board was replaced.", "When is the standup?", False),
        ("The standup is at 9:30.", "The standup is cancelled.", "When is the standup?", True),
        ("Kim's birthday is 4 May.", "Kim's birthday party moved to the garden.", "When is Kim's birthday?", False),
        ("Bo's phone number is 555-0199.", "Bo dropped the phone.", "What is Bo's phone number?", False),
        ("Uwe is 42.", "Uwe is tall.", "How old is Uwe?", False),
    ],
)
def test_a_newer_line_that_does_not_answer_stands_below_the_one_that_does(
    backend: SQLiteBackend, old: str, new: str, question: str, lifted: bool
) -> None:
    for day, text in enumerate(("The lamp is broken.", old, "Rain falls on the lake.", new)):
        backend.retain("b", text, timestamp=MAY + timedelta(days=day))
    assert backend.recall("b", question).results[0].text == (new if lifted else old)
