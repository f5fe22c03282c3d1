"""The date on which something happened is read only where the text gives it."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from hindsight_teams import TeamMemory
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import Memory, RetainItem
from tests.backends.sqlite.text import reading

SAID = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday


def test_sentences_that_nobody_looked_at_are_read_as_well_as_published() -> None:
    rows = list(reading.dated(held_out=True))
    assert sum(got in right for _, got, right in rows) >= 65
    assert sum(got not in right and got != "-" for _, got, right in rows) <= 2
    assert len(reading.invented(held_out=True)[0]) <= 1


def test_sentences_that_the_rules_were_written_on_are_read() -> None:
    rows = [*reading.dated(held_out=False), *reading.more()]
    assert [text for text, got, right in rows if got not in right] == []
    assert reading.invented(held_out=False)[0] == []


def stored(backend: SQLiteBackend, text: str, said: datetime = SAID) -> Memory:
    backend.retain("b", text, timestamp=said)
    return backend.list_memories("b").memories[-1]


def test_the_time_of_a_retain_is_no_day_on_which_its_text_happened(backend: SQLiteBackend) -> None:
    memory = stored(backend, "The Titanic had three classes.")
    assert (memory.occurred_at, memory.occurred_end, memory.mentioned_at) == (None, None, SAID)


def test_yesterday_is_the_day_before_where_it_was_said(backend: SQLiteBackend) -> None:
    evening = datetime(2024, 5, 3, 21, tzinfo=timezone(-timedelta(hours=5)))
    memory = stored(backend, "Nora met Bob yesterday.", evening)
    assert memory.occurred_at == datetime(2024, 5, 2, tzinfo=evening.tzinfo)
    assert memory.mentioned_at is not None
    assert memory.mentioned_at.isoformat() == evening.isoformat()


@pytest.mark.parametrize("text", ["Open until Friday.", "The deal has to close before July 2027."])
def test_a_span_without_a_beginning_has_only_an_end(backend: SQLiteBackend, text: str) -> None:
    memory = stored(backend, text)
    assert memory.occurred_at is None
    assert memory.occurred_end is not None


def test_a_span_without_an_end_has_only_a_beginning(backend: SQLiteBackend) -> None:
    memory = stored(backend, "Ola has led the desk since 2019.")
    assert (memory.occurred_at, memory.occurred_end) == (datetime(2019, 1, 1, tzinfo=UTC), None)


def test_a_memory_of_two_days_has_neither_and_each_sentence_keeps_its_own(backend: SQLiteBackend) -> None:
    memory = stored(backend, "The pilot began on 3 March 2026. The review was on 9 May 2026.")
    assert memory.occurred_at is None
    for asked, own, other in (
        ("When did the pilot begin?", "03-03", "05-09"),
        ("When was the review?", "05-09", "03-03"),
    ):
        text = backend.reflect("b", asked).text
        assert f"happened 2026-{own}, noted 2026-11-25" in text
        assert f"happened 2026-{other}" not in text


def test_the_head_of_a_transcript_tells_when_it_was_said_not_when_it_happened(backend: SQLiteBackend) -> None:
    assert stored(backend, "Nora (8 May 2023): I like tea.").occurred_at is None


def test_memories_are_listed_in_the_order_in_which_they_happen(backend: SQLiteBackend) -> None:
    texts = ["The fair is on 4 December 2026.", "Undated.", "The flood was in 2011.", "The offer ends on 1 July 2026."]
    backend.retain_batch("b", [RetainItem(text, timestamp=SAID) for text in texts])
    page = backend.list_memories("b", order="happened", limit=2)
    assert [m.text for m in page.memories] == [texts[2], texts[3]]
    assert (page.total, [m.text for m in backend.list_memories("b", order="happened", offset=2).memories]) == (
        3,
        texts[:1],
    )


def test_what_do_you_know_gives_what_was_noted_last_first(backend: SQLiteBackend) -> None:
    backend.retain("b", "The fair is on 4 December 2030.", timestamp=SAID)
    backend.retain("b", "The flood was in 2011.", timestamp=SAID + timedelta(days=1))
    found = backend.recall("b", "what do you know?").results
    assert [m.text for m in found] == ["The flood was in 2011.", "The fair is on 4 December 2030."]


def test_a_clock_says_when_a_memory_is_noted_and_what_last_week_is(tmp_path: Path) -> None:
    def clock() -> datetime:
        return datetime(2024, 5, 3, 23, tzinfo=timezone(-timedelta(hours=5)))

    team = TeamMemory(
        "t",
        banks={"s": "team"},
        members={"a": {"s": "full"}},
        backend=SQLiteBackend(tmp_path / "m.db", clock=clock),
        clock=clock,
    )
    with team:
        team.member("a").retain("Maple shipped today.")
        (memory,) = team.member("a").recall("What shipped today?").results
    assert memory.mentioned_at == clock()
    assert memory.occurred_at == datetime(2024, 5, 3, tzinfo=clock().tzinfo)


@pytest.mark.parametrize(
    "text",
    [
        "Not before Monday.",
        "Do not open it until Friday.",
        "Nothing ships before 5 December.",
        "Bo can't start before May 2027.",
        "It wasn't until 2019 that we met.",
        "The meeting was not on Monday.",
        "Nicht vor Freitag.",
        "We moved half a year ago.",
        "We met over a year ago.",
        "We met less than a week ago.",
        "Bo said he'd come on Friday.",
    ],
)
def test_a_denied_or_vague_day_is_no_day(backend: SQLiteBackend, text: str) -> None:
    memory = stored(backend, text)
    assert (memory.occurred_at, memory.occurred_end) == (None, None)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("In May, 2000 people came.", (2026, 5)),
        ("In May, 2000 we met.", (2000, 5)),
        ("On 5 May, 1500 tickets were sold.", (2026, 5)),
    ],
)
def test_a_number_that_counts_something_after_a_comma_is_no_year(
    backend: SQLiteBackend, text: str, month: tuple[int, int]
) -> None:
    start = stored(backend, text).occurred_at
    assert start is not None
    assert (start.year, start.month) == month


@pytest.mark.parametrize(
    "text", ["Le magasin est ferm\u00e9 jusqu'\u00e0 vendredi.", "Jusqu'\u00e0 vendredi c'est ferm\u00e9."]
)
def test_a_state_in_french_is_not_the_past(backend: SQLiteBackend, text: str) -> None:
    memory = stored(backend, text)
    assert memory.occurred_end is not None
    assert (memory.occurred_at, memory.occurred_end.date().isoformat()) == (None, "2026-11-27")
