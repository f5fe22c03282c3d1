"""The subject of a request, without the words that only ask, in many languages."""

import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.text import terms
from hindsight_teams.backends.sqlite.text.framing import subject as subject_of

FILE = tomllib.loads(Path(__file__).with_name("frames.toml").read_text())


def is_right(request: str, subject: str, frame: str) -> bool:
    left = set(terms.words(subject_of(request)))
    return set(terms.words(subject)) <= left and left.isdisjoint(terms.words(frame))


@pytest.mark.parametrize(("request_", "subject", "frame"), FILE["mended"])
def test_the_subject_stays_and_the_frame_goes(request_: str, subject: str, frame: str) -> None:
    assert is_right(request_, subject, frame)


def test_requests_that_nobody_looked_at_keep_their_subject() -> None:
    kept = [set(terms.words(s)) <= set(terms.words(subject_of(r))) for r, s, _ in FILE["held_out"]]
    assert sum(kept) >= 0.95 * len(kept)


def test_most_frames_that_nobody_looked_at_go() -> None:
    right = sum(is_right(*entry) for entry in FILE["held_out"])
    assert right >= 0.8 * len(FILE["held_out"])


@pytest.mark.parametrize(
    "request_", ["Summarise everything", "Tell me what you know", "我们知道什么", "Erzähl mir alles"]
)
def test_a_request_that_names_nothing_gets_the_newest(tmp_path: Path, request_: str) -> None:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        for text in ("The gate is green.", "The roof leaks."):
            backend.retain("b", text)
        found = backend.recall("b", request_)
        assert [m.text for m in found.results] == ["The roof leaks.", "The gate is green."]
        assert found.confidence is None


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("Voyager 1 was launched in 1977.", "Summarise what the room knows of the launch of Voyager 1."),
        ("The lamp is green.", "What colour is the lamp?"),
        ("Der Umzug ist am Montag.", "Was weiß das Team über den Umzug?"),
        ("La mudanza es el lunes.", "¿Qué sabe el equipo de la mudanza?"),
        ("Le bail finit en mai.", "Parle-moi du bail."),
        ("Переезд в понедельник.", "Что команда знает о переезде?"),
        ("Marcus Lindqvist approves.", "Lindquist"),
    ],
)
def test_a_question_in_a_frame_is_answered_from_the_only_memory(tmp_path: Path, told: str, asked: str) -> None:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        backend.retain("b", told)
        assert told in backend.reflect("b", asked).text


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("The IT desk is on floor 3.", "Who is in IT?"),
        ("The WHO report is due.", "What about the WHO?"),
        ("The US team ships it.", "Who is in the US?"),
        ("We saw Will at the gate.", "Who is Will?"),
    ],
)
def test_a_stop_word_that_is_a_name_is_searched(tmp_path: Path, told: str, asked: str) -> None:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        for text in (told, "Elin bakes bread.", "Tom plays chess.", "The lift is out of order."):
            backend.retain("b", text)
        assert [m.text for m in backend.recall("b", asked).results] == [told]


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("合同在五月结束。", "合同什么时候结束?"),
        ("预算由王经理批准。", "谁批准预算?"),
        ("会議は金曜日に始まります。", "会議はいつ始まりますか"),
        ("계약은 오월에 끝난다.", "계약은 언제 끝나?"),
    ],
)
def test_a_word_that_asks_makes_no_pairs_with_its_neighbours(tmp_path: Path, told: str, asked: str) -> None:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as backend:
        for text in (told, "厨房星期一粉刷。", "Lunch is at noon."):
            backend.retain("b", text)
        assert told in backend.reflect("b", asked).text
