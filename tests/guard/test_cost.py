"""The guard's cost grows at most linearly with the length of a text."""

import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from hindsight_teams.guard import Guard, WriteAttempt, default_checks

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
with patch.object(sys, "path", [str(BENCHMARKS), *sys.path]):
    TEXTS: dict[str, Callable[[int], str]] = runpy.run_path(str(BENCHMARKS / "guard_cost.py"))["TEXTS"]

SHORT, LONG = 4_000, 16_000


def seconds(guard: Guard, text: str) -> float:
    def once() -> float:
        begin = time.process_time()
        guard.inspect(WriteAttempt(text))
        return time.process_time() - begin

    return min(once() for _ in range(3))


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_four_times_the_length_costs_far_less_than_sixteen_times_as_much(name: str) -> None:
    guard = Guard(default_checks(max_characters=None, writes_per_minute=None))
    make = TEXTS[name]
    assert seconds(guard, make(LONG)) < 9 * max(seconds(guard, make(SHORT)), 0.001)
