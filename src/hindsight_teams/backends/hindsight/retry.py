"""The retry policy: which failed requests are sent again, and after which pause. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

Repeat = Literal["always", "unprocessed"]
"""``always``: sending it twice does no harm; ``unprocessed``: only when the server has certainly not worked on it."""

TRANSIENT = frozenset({429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast a request is repeated.

    Attributes:
        attempts: Requests in all, the first included; 1 means no repeating.
        base: Seconds of the first pause; each further one doubles, and half of it is random (equal jitter, after
            M. Brooker, "Exponential Backoff And Jitter", 2015).
        cap: Most seconds of one pause. A server that asks for more (Retry-After) is not asked again.
    """

    attempts: int = 3
    base: float = 0.4
    cap: float = 10.0

    def allows(self, attempt: int, repeat: Repeat, *, status: int | None, processed: bool) -> bool:
        """Whether a failure of this attempt (1, 2, ...) may be followed by another.

        Args:
            attempt: Which one failed.
            repeat: When this request may be sent again.
            status: What the server answered, None for a broken connection.
            processed: The server may have worked on the request.
        """
        if attempt >= self.attempts or (status is not None and status not in TRANSIENT):
            return False
        return repeat == "always" or not processed

    def pause(self, attempt: int, retry_after: float | None = None, rng: random.Random | None = None) -> float | None:
        """Seconds to wait after this attempt; None when the server asks for more than the cap."""
        share = (rng or random).random()
        jittered = min(self.cap, self.base * 2.0 ** (attempt - 1)) * (0.5 + share / 2)
        if retry_after is None:
            return jittered
        return None if retry_after > self.cap else max(retry_after, jittered)


def retry_after_seconds(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header: a number, or an HTTP date (RFC 9110, 10.2.3); None when unreadable."""
    if value is None:
        return None
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
