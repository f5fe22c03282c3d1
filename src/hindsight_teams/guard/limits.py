"""Checks of quantity: the size of one write, and the writes of one member in a minute."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from math import ceil

from hindsight_teams.errors import InvalidInput
from hindsight_teams.guard.verdict import Verdict, WriteAttempt

MAX_CHARACTERS = 32_768
WRITES_PER_MINUTE = 600
_WINDOW_SECONDS = 60.0
_MEMBERS = 10_000


class Oversize:
    """Refuse a memory over a number of characters, all of its fields together.

    Raises:
        InvalidInput: A limit below one.
    """

    name = "oversize"

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        if max_characters < 1:
            raise InvalidInput(f"max_characters={max_characters!r} must be at least 1")
        self.max_characters = max_characters

    def __call__(self, attempt: WriteAttempt) -> Verdict | None:
        """Judge one write."""
        size = attempt.size
        if size <= self.max_characters:
            return None
        return Verdict(
            "refuse", reason=f"it has {size:,} characters and the limit is {self.max_characters:,}; split it"
        )


class TooManyWrites:
    """Refuse a member's writes over a number within the last minute; each member of each team counts apart.

    A member's writes for all its users count together: who writes chooses the user, and would escape with a new one.
    Many memories in one call (``retain_many``) are one write: only the application can make such a call, no model.
    Refused writes do not count. Members that have not written for longest are forgotten past ten thousand.

    Args:
        per_minute: The most writes allowed.
        clock: Seconds that only go forward.

    Raises:
        InvalidInput: A limit below one.
    """

    name = "too_many_writes"

    def __init__(self, per_minute: int = WRITES_PER_MINUTE, *, clock: Callable[[], float] = time.monotonic) -> None:
        if per_minute < 1:
            raise InvalidInput(f"per_minute={per_minute!r} must be at least 1")
        self.per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._writes: dict[tuple[str | None, ...], deque[float]] = {}

    def __call__(self, attempt: WriteAttempt) -> Verdict | None:
        """Judge one write, and count it when it is allowed."""
        if not attempt.counts:
            return None
        caller = attempt.caller
        key = (caller.team, caller.member)
        with self._lock:
            now = self._clock()
            times = self._writes.pop(key, None) or deque()
            self._writes[key] = times  # a dictionary keeps its order: the member is now the last
            while times and times[0] <= now - _WINDOW_SECONDS:
                times.popleft()
            if len(times) >= self.per_minute:
                wait = ceil(times[0] + _WINDOW_SECONDS - now)
                return Verdict("refuse", reason=f"{self.per_minute} writes a minute are the limit; wait {wait} s")
            times.append(now)
            if len(self._writes) > _MEMBERS:
                del self._writes[next(iter(self._writes))]
        return None
