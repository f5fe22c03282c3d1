from datetime import UTC, datetime, timedelta

import pytest
from rich.text import Text

from hindsight_teams.memory.rendering import render_recall
from hindsight_teams.models import Memory, RecallResult
from hindsight_teams.text import happened, repeated

NOTED = datetime(2026, 11, 25, 12, tzinfo=UTC)


def memory(start: str | None, end: str | None, **more: object) -> Memory:
    first = datetime.fromisoformat(start).replace(tzinfo=UTC) if start else None
    last = datetime.fromisoformat(end).replace(tzinfo=UTC) + timedelta(hours=23) if end else None
    return Memory("1", "text", "b", occurred_at=first, occurred_end=last, mentioned_at=NOTED, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2024-05-03", "2024-05-03", "happened 2024-05-03"),
        ("2024-02-01", "2024-02-29", "happened 2024-02"),
        ("2019-01-01", "2019-12-31", "happened 2019"),
        ("2024-05-03", "2024-05-10", "happened 2024-05-03 to 2024-05-10"),
        ("2026-12-04", "2026-12-04", "happens 2026-12-04"),
        ("2026-11-25", "2026-11-25", "on 2026-11-25"),
        ("2026-01-01", "2026-12-31", "within 2026"),
        ("2026-11-23", "2026-11-29", "within 2026-11-23 to 2026-11-29"),
        ("2019-01-01", None, "since 2019"),
        ("2019-03-01", None, "since 2019-03"),
        ("2019-03-02", None, "since 2019-03-02"),
        (None, "2030-12-31", "until 2030"),
        (None, "2024-02-29", "until 2024-02"),
        ("2025-04-01", "2025-06-30", "happened 2025-04 to 2025-06"),
        ("2012-01-01", "2016-12-31", "happened 2012 to 2016"),
        ("2024-01-01", "2025-06-30", "happened 2024-01 to 2025-06"),
        ("2024-01-01", "2024-01-05", "happened 2024-01-01 to 2024-01-05"),
        (None, "2026-11-27", "until 2026-11-27"),
        (None, None, ""),
    ],
)
def test_when_it_happened_is_told_as_exactly_as_it_is_known(start: str | None, end: str | None, shown: str) -> None:
    assert happened(memory(start, end)) == shown


def test_noted_always_stands_beside_happened_and_looks_different() -> None:
    lines = render_recall(RecallResult([memory("2024-05-03", "2024-05-03"), memory(None, None)]), label_banks=True)
    assert (
        lines
        == "1. [Happened 2024-05-03 | noted 2026-11-25 | b | unsigned] text\n2. [Noted 2026-11-25 | b | unsigned] text"
    )


def test_how_often_it_was_said_and_when_last_is_told() -> None:
    found = memory(None, None, times_said=3, last_said_at=NOTED)
    assert repeated(found) == "said 3 times, last 2026-11-25"
    assert repeated(memory(None, None)) == ""


def test_rich_leaves_a_label_as_it_is() -> None:
    for found in (memory("2024-05-03", "2024-05-03"), memory(None, "2026-11-27"), memory("2019-01-01", None)):
        line = render_recall(RecallResult([found]), label_banks=True)
        assert Text.from_markup(line).plain == line
