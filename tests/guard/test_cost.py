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


FRAGMENTS = [
    "token=", "password: ", "pass ", "a|", "|password|\n", "user,password\n", "abc-def-", "A2", "# % token ", "login <|x|>",
    "ignore ", "ignore all ", "the ai reading this ", "note to the ", "quietly change ", "treat ", "a.b@", "a_", "\\x41 ",
    "-----BEGIN PRIVATE KEY-----", "<img ", "](", "{{a", "Action: a\n", "忽略", "密码", "ж",
]  # fmt: skip
"""What texts that cost much are made of, found by repeating some hundreds of short texts."""


@pytest.mark.slow
@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_no_short_text_costs_much_more_for_being_repeated(fragment: str) -> None:
    guard = Guard(default_checks(max_characters=None, writes_per_minute=None))
    text = (fragment * (16_000 // len(fragment) + 1))[:16_000]
    prose = seconds(guard, ("The ferry leaves at noon on Monday. " * 500)[:16_000])
    assert seconds(guard, text) < 12 * prose
