"""When a memory happened and when it was noted, as people and models read it: two things that look different."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hindsight_teams.models import Memory


def happened(memory: Memory) -> str:
    """When that happened, or will happen, which a memory tells; empty where the memory does not say.

    ``happened 2024-05-03``, ``happens 2024-05`` (after it was noted), ``since 2019-01-01``, ``until 2026-11-27``.
    """
    return told(memory.occurred_at, memory.occurred_end, noted_at=memory.mentioned_at)


def told(start: datetime | None, end: datetime | None, *, noted_at: datetime | None) -> str:
    """A span in words; see ``happened``.

    Args:
        start: First moment; None where only an end is known.
        end: Last moment; None where only a beginning is known.
        noted_at: When it was said: what comes later has not happened yet.
    """
    if start is None:
        return f"until {end.date().isoformat()}" if end else ""
    if end is None:
        return f"since {start.date().isoformat()}"
    verb = "happens" if noted_at is not None and start > noted_at else "happened"
    return f"{verb} {days(start.date(), end.date())}"


def days(first: date, last: date) -> str:
    """A day, a whole month, a whole year, or a span of days, both included."""
    after = last + timedelta(days=1) if last < date.max else last
    if last <= first:
        return first.isoformat()
    if (first.month, first.day, after.month, after.day) == (1, 1, 1, 1) and after.year == first.year + 1:
        return f"{first:%Y}"
    if first.day == after.day == 1 and (after.year - first.year) * 12 + after.month - first.month == 1:
        return f"{first:%Y-%m}"
    return f"{first.isoformat()} to {last.isoformat()}"


def noted(memory: Memory) -> str:
    """When a memory was said or retained: ``noted 2026-11-25``; empty where its backend does not tell."""
    return f"noted {memory.mentioned_at.date().isoformat()}" if memory.mentioned_at else ""


def repeated(memory: Memory) -> str:
    """How often a memory was told, and when last; empty for one that was told once."""
    if memory.times_said < 2:
        return ""
    last = f", last {memory.last_said_at.date().isoformat()}" if memory.last_said_at else ""
    return f"said {memory.times_said} times{last}"
