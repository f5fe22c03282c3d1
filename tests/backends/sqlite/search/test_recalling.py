"""How a query is read, what answers one that names nothing, and how many lines fit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search.recalling import Question, within
from hindsight_teams.backends.sqlite.store.records import to_microseconds
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.framing import subject
from hindsight_teams.models import Memory

NOON = datetime(2024, 5, 7, 12, tzinfo=UTC)


def texts(backend: SQLiteBackend, query: str, **options: Any) -> list[str]:
    return [memory.text for memory in backend.recall("b", query, query_timestamp=NOON, **options).results]


# --- what a query is about -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("Oslo", "Oslo"),
        ("  the plan for Oslo? ", "the plan for Oslo?"),
        ("", ""),
        ("?!", "?!"),
        ("Tell me about Oslo", "Oslo"),
        ("Please tell me everything about the plan for Oslo", "plan for Oslo"),
        ("Summarise what the team knows about Oslo", "Oslo"),
        ("What does the team know about Oslo?", "Oslo?"),
        ("What do we have on Oslo", "Oslo"),
        ("Tell me", ""),
        ("Tell me everything", ""),
        ("Was weiß das Team über den Umzug?", "den Umzug?"),
        ("Fasse zusammen, was das Team über den Umzug weiß", "den Umzug weiß"),
        ("We met Oslo", "We met Oslo"),
        ("What list did Ana make?", "What list did Ana make?"),
        ("Team Oslo", "Team Oslo"),
        ("我们知道什么", ""),
        ("告诉我关于预算的一切", "预算"),
        ("猫について知っていることを教えて", "猫"),
        ("예산에 대해 알려줘", "예산"),
        ("合同什么时候结束?", "合同 结束?"),
        ("我住在第几层?", "我住在 ?"),
    ],
)
def test_a_query_is_about_what_it_does_not_only_ask_with(query: str, about: str) -> None:
    assert subject(query) == about


@pytest.fixture
def db(backend: SQLiteBackend, path: Path) -> Iterator[sqlite3.Connection]:
    backend.retain("b", "I like naps", metadata={"author": "Nora"}, timestamp=NOON)
    backend.retain("other", "So do I", metadata={"author": "Omar"}, timestamp=NOON)
    with closing(sqlite3.connect(path)) as opened:
        yield opened


def read(db: sqlite3.Connection, text: str) -> Question:
    (bank,) = db.execute("SELECT no FROM bank WHERE id = 'b'").fetchone()
    now = to_microseconds("now", NOON)
    assert now is not None
    return Question.read(db, bank, text, about=tokens.words(subject(text)), now=now, size=1)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("Who bought the lamps?", {"buy": "bought", "lamp": "lamps"}),
        ("lamp lamps", {"lamp": "lamp"}),
        ("to be or not to be", {word: word for word in ("to", "be", "or", "not")}),
        ("Who is in IT?", {word: word for word in ("who", "is", "in", "it")}),
        ("Is the lamp in IT?", {"lamp": "lamp", "it": "it"}),
    ],
)
def test_a_query_is_looked_for_by_its_terms_and_by_stop_words_where_they_are_names_or_all(
    db: sqlite3.Connection, query: str, shown: dict[str, str]
) -> None:
    assert read(db, query).shown == shown


def test_only_authors_of_the_bank_are_names(db: sqlite3.Connection) -> None:
    question = read(db, "What do Nora and Omar like about naps?")
    assert set(question.names) == {"nora"}
    assert question.rest() == "What do and Omar like about naps?"
    assert read(db, "What does Omar like?").rest() == "What does Omar like?"
    assert read(db, "Nora").rest() == "Nora"


def test_two_dozen_terms_are_tried_as_names(db: sqlite3.Connection) -> None:
    words = " ".join(f"zeb{chr(97 + n)}ox" for n in range(24))
    assert read(db, f"{words} Nora").names == {}
    assert read(db, f"{words[7:]} Nora").names.keys() == {"nora"}


def test_words_that_only_ask_are_silent_and_those_of_a_date_are_light(db: sqlite3.Connection) -> None:
    question = read(db, "Tell me about the lamp of May 2023")
    assert question.silent == {"tell"}
    assert "lamp" not in question.light
    assert {"2023"} <= question.light
    assert "date" in read(db, "What was the date of the launch?").light
    assert [span.text.lower() for span in question.spans] in (["may 2023"], ["of may 2023"])
    assert "wer" in read(db, "Wer kennt die Lampe?").silent
    assert read(db, "Summarise what the team knows about the lamp").silent >= {"summaris", "team"}


@pytest.mark.parametrize(
    ("query", "dated"),
    [
        ("the lamp", False),
        ("the lamp yesterday", True),
        ("the lamp on 3 May 2024", True),
        ("the lamp 2023-04-05", True),
        ("昨天的灯", True),
        ("la lámpara de ayer", True),
    ],
)
def test_a_query_names_a_span_where_it_holds_a_word_of_one(db: sqlite3.Connection, query: str, dated: bool) -> None:
    assert bool(read(db, query).spans) is dated


def test_what_is_written_apart_and_by_others_as_one_is_looked_for_in_both_ways(db: sqlite3.Connection) -> None:
    assert read(db, "the wi-fi").joined == {"wifi": ["wi", "fi"]}
    assert read(db, "the lamp").joined == {}


# --- queries that name nothing, and texts of hardly any terms --------------------------------------------------------


@pytest.fixture
def days(backend: SQLiteBackend) -> SQLiteBackend:
    for number in range(40):
        tags = ["even"] if number % 2 == 0 else ["odd"]
        backend.retain("b", f"Parcel {number} came.", timestamp=NOON - timedelta(days=number), tags=tags)
    return backend


@pytest.mark.parametrize("query", ["What do you know?", "Tell me everything", "anything"])
def test_a_query_that_names_nothing_gets_the_newest(days: SQLiteBackend, query: str) -> None:
    for budget, most in (("low", 20), ("mid", 30), ("high", 40)):
        assert texts(days, query, budget=budget) == [f"Parcel {number} came." for number in range(most)]
    found = days.recall("b", query, explain=True)
    assert found.confidence is None
    assert {(m.score, m.signals[0].strategy, "last noted first" in m.signals[0].reason) for m in found.results} == {
        (1.0, "time", True)
    }
    assert days.recall("b", query).results[0].signals == ()


def test_the_newest_are_those_that_the_filter_lets_through(days: SQLiteBackend) -> None:
    odd = [f"Parcel {number} came." for number in range(1, 40, 2)]
    assert texts(days, "What do you know?", tags=["odd"], tags_match="all_strict") == odd
    days.retain("b", "Parcel 99 came.", timestamp=NOON, tags=["rare"])
    assert texts(days, "What do you know?", tags=["rare"], tags_match="all_strict") == ["Parcel 99 came."]


def test_of_memories_of_one_instant_the_later_one_is_newer(backend: SQLiteBackend) -> None:
    for name in ("first", "second", "third"):
        backend.retain("b", f"The {name} parcel", timestamp=NOON, tags=[name])
    assert texts(backend, "What do you know?") == ["The third parcel", "The second parcel", "The first parcel"]
    assert texts(backend, "What do you know?", tags=["first", "third"], tags_match="any_strict") == [
        "The third parcel",
        "The first parcel",
    ]


def test_what_says_just_this_comes_first_and_once(backend: SQLiteBackend) -> None:
    backend.retain("b", "It is what it is", timestamp=NOON - timedelta(days=9), tags=["old"])
    for number in range(3):
        backend.retain("b", f"Parcel {number} came.", timestamp=NOON)
    found = backend.recall("b", "It is what it is", explain=True)
    assert found.results[0].text == "It is what it is"
    assert [signal.reason for signal in found.results[0].signals] == ["says just this"]
    assert len({memory.id for memory in found.results}) == len(found.results)
    assert backend.recall("b", "It is what it is").results[0].signals == ()
    assert texts(backend, "It is what it is", tags=["new"], tags_match="all_strict") == []


@pytest.mark.parametrize("asked", ["Ada lives in Rome.", "ADA lives in Rome!", "ada lives in rome"])
def test_what_says_just_this_comes_before_a_newer_line_that_says_nearly_the_same(
    backend: SQLiteBackend, asked: str
) -> None:
    for text in ("Ada lives in Rome.", "Ada lives in Oslo now.", "Ada lives in Rome with a cat and two dogs."):
        backend.retain("b", text)
    assert backend.recall("b", "Where does Ada live, in Rome?").results[0].text != "Ada lives in Rome."
    assert backend.recall("b", asked).results[0].text == "Ada lives in Rome."


def test_what_was_replaced_does_not_come_first_though_it_says_just_this(backend: SQLiteBackend, path: Path) -> None:
    for text in ("Ada lives in Rome.", "Ada lives in Oslo."):
        backend.retain("b", text)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE memory SET superseded_by = (SELECT max(no) FROM memory) WHERE text LIKE '%Rome%'")
    found = [memory.text for memory in backend.recall("b", "Ada lives in Rome.").results]
    assert found == ["Ada lives in Oslo.", "Ada lives in Rome."]


def test_a_text_of_hardly_any_terms_is_sure_where_it_stands(backend: SQLiteBackend) -> None:
    backend.retain("b", "Bo: not now", timestamp=NOON)
    backend.retain("b", "The lamp is green", timestamp=NOON)
    found = backend.recall("b", "Bo: not now")
    assert (found.results[0].text, found.confidence) == ("Bo: not now", 1.0)
    lamp = backend.recall("b", "Which lamp is blue?")
    assert lamp.confidence is not None
    assert lamp.confidence < 1.0


# --- names, spans and signals ----------------------------------------------------------------------------------------


def test_what_a_named_author_said_is_found_without_any_word_of_it(backend: SQLiteBackend) -> None:
    backend.retain("b", "I like naps", metadata={"author": "Nora"})
    backend.retain("b", "I like walks", metadata={"author": "Omar"}, tags=["own"])
    assert texts(backend, "Which sports does Nora do?") == ["I like naps"]
    assert texts(backend, "Which sports does Nora do?", tags=["own"], tags_match="all_strict") == []


@pytest.mark.parametrize("tags", [None, ["kept"]])
def test_of_two_named_authors_what_either_said_is_found(backend: SQLiteBackend, tags: list[str] | None) -> None:
    for author, text in (("Nora", "The lamp is green."), ("Omar", "It rains."), ("Ada", "Tea is hot.")):
        backend.retain("b", text, metadata={"author": author}, tags=["kept"])
    found = backend.recall("b", "What did Nora and Omar say?", tags=tags).results
    assert {"The lamp is green.", "It rains."} <= {memory.text for memory in found}


def test_what_lies_in_a_named_span_is_found_without_any_word_of_it(backend: SQLiteBackend) -> None:
    for month in range(1, 11):
        backend.retain("b", f"Parcel {month} came.", timestamp=datetime(2023, month, 9, tzinfo=UTC), tags=[str(month)])
    assert texts(backend, "Which sports in March 2023?")[0] == "Parcel 3 came."
    assert texts(backend, "Which sports in March 2023?", tags=["4"], tags_match="all_strict") == []


def test_why_a_memory_was_found_is_told_only_where_it_was_asked(backend: SQLiteBackend) -> None:
    backend.retain("b", "The lamp is green")
    asked, plain = (backend.recall("b", "Which lamp?", explain=explain).results[0] for explain in (True, False))
    assert (bool(asked.signals), plain.signals) == (True, ())
    assert plain.score == asked.score == pytest.approx(sum(signal.score for signal in asked.signals))


# --- how many fit ----------------------------------------------------------------------------------------------------


def memory(text: str) -> Memory:
    return Memory(id=text, text=text, bank_id="b")


@pytest.mark.parametrize(
    ("lengths", "most", "kept", "left"),
    [
        ([4, 4], 2, [4, 4], 0),
        ([4, 5], 2, [4], 1),
        ([5, 4, 1], 2, [5], 2),
        ([9, 4, 4], 2, [4, 4], 1),
        ([1], 0, [], 1),
        ([], 5, [], 0),
    ],
)
def test_four_characters_are_a_token_and_what_does_not_fit_makes_room_for_what_does(
    lengths: list[int], most: int, kept: list[int], left: int
) -> None:
    found, missing = within([memory("x" * length) for length in lengths], most)
    assert ([len(one.text) for one in found], missing) == (kept, left)


@pytest.mark.parametrize("text", ["0-_0", "ab-_cd", "Wi-_Fi", "_-a"])
def test_a_sign_beside_a_hyphen_is_looked_for_as_it_stands(backend: SQLiteBackend, text: str) -> None:
    backend.retain("b", f"the flag {text} is set")
    assert [line.text for line in backend.recall("b", f"flag {text}").results] == [f"the flag {text} is set"]
