"""Which failed request is sent again, and after how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hindsight_teams.backends.hindsight.retry import Repeat, RetryPolicy, retry_after_seconds


class Share:
    """Randomness that is known."""

    def __init__(self, share: float) -> None:
        self.share = share

    def random(self) -> float:
        return self.share


@pytest.mark.parametrize(
    ("attempt", "repeat", "status", "processed", "again"),
    [
        (1, "always", None, True, True),
        (2, "always", None, True, True),
        (3, "always", None, True, False),
        (4, "always", None, True, False),
        (1, "unprocessed", None, False, True),
        (1, "unprocessed", None, True, False),
        *((1, "always", status, True, True) for status in (429, 500, 502, 503, 504)),
        *((1, "always", status, True, False) for status in (200, 400, 401, 404, 409, 422, 501, 505)),
        (1, "unprocessed", 503, False, True),
        (1, "unprocessed", 404, False, False),
    ],
)
def test_what_may_be_sent_again(attempt: int, repeat: Repeat, status: int | None, processed: bool, again: bool) -> None:
    assert RetryPolicy().allows(attempt, repeat, status=status, processed=processed) is again


@pytest.mark.parametrize(
    ("attempt", "share", "asked", "seconds"),
    [
        (1, 0.0, None, 0.2),
        (1, 1.0, None, 0.4),
        (2, 0.5, None, 0.6),
        (3, 0.0, None, 0.8),
        (9, 1.0, None, 10.0),
        (9, 0.0, None, 5.0),
        (1, 0.0, 0.0, 0.2),
        (1, 0.0, 7.0, 7.0),
        (1, 0.0, 10.0, 10.0),
        (1, 0.0, 10.5, None),
    ],
)
def test_pauses_double_up_to_the_cap_and_half_of_each_is_random(
    attempt: int, share: float, asked: float | None, seconds: float | None
) -> None:
    found = RetryPolicy().pause(attempt, asked, rng=Share(share))  # type: ignore[arg-type]
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_a_date_to_wait_for_is_counted_from_now() -> None:
    later = datetime.now(UTC) + timedelta(seconds=100)
    assert 90 < (retry_after_seconds(format_datetime(later, usegmt=True)) or 0) <= 100


@pytest.mark.parametrize(
    ("value", "seconds"), [("Fri, 01 Mar 2024 10:00:30 -0000", 30.0), ("Fri, 01 Mar 2024 11:00:30 +0100", 30.0)]
)
def test_a_date_without_a_zone_is_in_utc(value: str, seconds: float) -> None:
    assert retry_after_seconds(value, now=datetime(2024, 3, 1, 10, tzinfo=UTC)) == seconds
