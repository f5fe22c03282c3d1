"""What a member retained comes back true: nothing lost, nothing merged that differs, nothing called outdated by a rule."""

import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.models import Memory

STATEMENTS = tomllib.loads(Path(__file__).with_name("statements.toml").read_text())
SAID = datetime(2026, 5, 4, 9, tzinfo=UTC)
DAY = timedelta(days=1)
OTHER_WORDS = {"The pool is open.", "Lynx is written in Ruby.", "Tia is a student."}
"""What an update tells in words that the question lacks stands second; docs/benchmarks.md counts these."""

TEAMS = count()
LOOKED_AT, HELD_OUT = slice(0, None, 2), slice(1, None, 2)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path_factory.mktemp("statements") / "memory.db")) as backend:
        yield backend


@pytest.fixture
def member(kept: SQLiteBackend) -> MemberMemory:
    """A member with a bank of its own, in the file of all these tests."""
    team = f"team-{next(TEAMS)}"
    return TeamMemory(team, banks={"s": "team"}, members={"x": {"s": "full"}}, backend=kept, guard=False).member("x")


def found(member: MemberMemory, query: str) -> list[Memory]:
    return list(member.recall(query, max_tokens=100_000).results)


def texts(member: MemberMemory, query: str) -> list[str]:
    return [memory.text for memory in found(member, query)]


@pytest.mark.parametrize(("first", "second", "subject"), STATEMENTS["distinct"])
def test_two_facts_are_found_by_their_own_words_and_by_their_subject(
    member: MemberMemory, first: str, second: str, subject: str
) -> None:
    member.retain(first)
    member.retain(second)
    assert first in texts(member, first)
    assert second in texts(member, second)
    assert {first, second} <= set(texts(member, subject))


@pytest.mark.parametrize(("first", "second"), STATEMENTS["more_distinct"])
def test_two_facts_are_found_by_their_own_words(member: MemberMemory, first: str, second: str) -> None:
    member.retain(first)
    member.retain(second)
    assert first in texts(member, first)
    assert second in texts(member, second)


@pytest.mark.parametrize(
    ("name", "half", "first", "answered"),
    [
        pytest.param("more_updates", LOOKED_AT, 15, 14, id="looked at"),
        pytest.param("more_updates", HELD_OUT, 13, 13, id="held out"),
        pytest.param("many_updates", LOOKED_AT, 35, 33, id="many, looked at", marks=pytest.mark.slow),
        pytest.param("many_updates", HELD_OUT, 35, 35, id="many, held out", marks=pytest.mark.slow),
        pytest.param("unseen_updates", slice(None), 28, 27, id="unseen", marks=pytest.mark.slow),
    ],
)
def test_updates_of_another_hand_come_first_as_often_as_published(
    kept: SQLiteBackend, name: str, half: slice, first: int, answered: int
) -> None:
    newer_first = quoted_first = 0
    for old, new, question in STATEMENTS[name][half]:
        team = TeamMemory(
            f"team-{next(TEAMS)}", banks={"s": "team"}, members={"x": {"s": "full"}}, backend=kept, guard=False
        )
        team.member("x").retain(old, timestamp=SAID)
        team.member("x").retain(new, timestamp=SAID + 3 * DAY)
        results = found(team.member("x"), question)
        newer_first += results[0].text == new
        assert not any(memory.superseded_by for memory in results)
        quoted_first += new in team.member("x").reflect(question).text.splitlines()[0]
    assert newer_first >= first
    assert quoted_first >= answered


@pytest.mark.slow
def test_what_is_said_later_of_something_else_stands_below_the_answer(kept: SQLiteBackend) -> None:
    for answer, later, question in STATEMENTS["not_updates"]:
        team = TeamMemory(
            f"team-{next(TEAMS)}", banks={"s": "team"}, members={"x": {"s": "full"}}, backend=kept, guard=False
        )
        team.member("x").retain(answer, timestamp=SAID)
        team.member("x").retain(later, timestamp=SAID + 3 * DAY)
        assert texts(team.member("x"), question)[0] == answer


@pytest.mark.parametrize(("first", "again"), STATEMENTS["same"])
def test_the_same_words_are_one_memory_said_twice(member: MemberMemory, first: str, again: str) -> None:
    member.retain(first)
    member.retain(again)
    assert [memory.times_said for memory in found(member, first)] == [2]


@pytest.mark.parametrize(("first", "second"), STATEMENTS["compatible"])
def test_of_two_true_statements_neither_is_called_outdated(member: MemberMemory, first: str, second: str) -> None:
    member.retain(first, timestamp=SAID)
    member.retain(second, timestamp=SAID + 3 * DAY)
    assert [memory.superseded_by for memory in found(member, f"{first} {second}")] == [None, None]
    for statement in (first, second):
        answer = member.reflect(statement).text
        assert statement in answer
        assert "no longer current" not in answer


@pytest.mark.parametrize(
    ("first", "second", "question"), [row for row in STATEMENTS["updates"] if row[0] not in OTHER_WORDS]
)
def test_the_newer_of_two_lines_that_say_nearly_the_same_comes_first(
    member: MemberMemory, first: str, second: str, question: str
) -> None:
    member.retain(first, timestamp=SAID)
    member.retain(second, timestamp=SAID + 3 * DAY)
    assert texts(member, question)[0] == second
    assert member.reflect(question).text.splitlines()[0].endswith(f"{second}\u201d")


@pytest.mark.parametrize(
    ("first", "second", "question"), [row for row in STATEMENTS["updates"] if row[0] in OTHER_WORDS]
)
def test_an_update_in_words_that_the_question_lacks_is_found_too(
    member: MemberMemory, first: str, second: str, question: str
) -> None:
    member.retain(first, timestamp=SAID)
    member.retain(second, timestamp=SAID + 3 * DAY)
    assert set(texts(member, question)) == {first, second}
    assert second in member.reflect(question).text


def test_what_is_said_again_is_newer_than_what_was_said_between(member: MemberMemory) -> None:
    member.retain("Pia lives in Graz.", timestamp=SAID)
    member.retain("Pia lives in Linz.", timestamp=SAID + DAY)
    member.retain("Pia lives in Graz.", timestamp=SAID + 2 * DAY)
    assert texts(member, "Where does Pia live?") == ["Pia lives in Graz.", "Pia lives in Linz."]
    first = member.reflect("Where does Pia live?").text.splitlines()[0]
    assert first == "- noted 2026-05-04, said 2 times, last 2026-05-06, x: \u201cPia lives in Graz.\u201d"


def test_what_is_noted_late_but_was_said_early_is_older(member: MemberMemory) -> None:
    member.retain("Pia lives in Linz.", timestamp=SAID + DAY)
    member.retain("Pia lives in Graz.", timestamp=SAID)
    assert texts(member, "Where does Pia live?")[0] == "Pia lives in Linz."


def test_the_line_of_the_time_that_a_question_names_stands_before_a_newer_one(member: MemberMemory) -> None:
    member.retain("Otter had filter one swapped.", timestamp=datetime(2025, 8, 12, tzinfo=UTC))
    member.retain("Otter had filter two swapped.", timestamp=datetime(2026, 3, 2, tzinfo=UTC))
    assert texts(member, "Which filter of Otter was swapped?")[0] == "Otter had filter two swapped."
    assert texts(member, "Which filter of Otter was swapped in Q3 2025?")[0] == "Otter had filter one swapped."


@pytest.mark.parametrize(
    ("asked_for", "change", "question"),
    [
        ("Die Witwe wohnt in Graz.", "Die Firma ist nach Linz gezogen.", "Wo wohnt die Witwe?"),
        ("Mein Bruder wohnt in Graz.", "Meine Tante ist nach Linz gezogen.", "Wo wohnt mein Bruder?"),
        ("La familia vive en Lima.", "La oficina se ha mudado a Quito.", "¿Dónde vive la familia?"),
        ("Le gardien habite à Lyon.", "Le bureau a déménagé à Metz.", "Où habite le gardien ?"),
        ("O dono mora em Faro.", "O escritório mudou para Braga.", "Onde mora o dono?"),
        ("Mr Hart lives in Oslo.", "Mr Dean moved to Bergen.", "Where does Mr Hart live?"),
        ("Kate Hill lives in Oslo.", "Kate Moss moved to Bergen.", "Where does Kate Hill live?"),
        ("Mona is married.", "Mona moved to Tampere.", "Is Mona married?"),
        ("Ole smokes.", "Ole switched banks.", "Does Ole smoke?"),
    ],
)
def test_a_change_of_something_else_does_not_stand_before_what_is_asked_for(
    member: MemberMemory, asked_for: str, change: str, question: str
) -> None:
    member.retain(asked_for, timestamp=SAID)
    member.retain(change, timestamp=SAID + DAY)
    assert texts(member, question)[0] == asked_for
    assert asked_for in member.reflect(question).text.splitlines()[0]
