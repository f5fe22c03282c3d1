"""Connections that are kept between calls: which is taken, which is closed, and how many there are."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpcore
import pytest

from hindsight_teams.backends.hindsight.reuse import Idle, ThreadConnections


class Fake(httpcore.ConnectionInterface):
    """A connection that is in the state it is told to be in."""

    def __init__(self, *, expired: bool = False, idle: bool = True, closed: bool = False) -> None:
        self.expired, self.idle, self.closed = expired, idle, closed

    def has_expired(self) -> bool:
        return self.expired

    def is_idle(self) -> bool:
        return self.idle

    def is_closed(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only a test changes."""
    moments = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: moments[-1])
    return moments


def test_the_one_used_last_is_taken_and_ended_ones_are_let_go() -> None:
    idle: Idle[httpcore.ConnectionInterface] = Idle()
    first, second, third = Fake(), Fake(), Fake()
    gone: list[httpcore.ConnectionInterface] = []
    for one in (first, second, third):
        idle.put(one, gone)
    third.expired = True
    assert idle.take(gone) is second
    assert gone == [third]
    assert idle.take(gone) is first
    assert idle.take(gone) is None
    assert gone == [third]


@pytest.mark.parametrize("state", [{"closed": True}, {"idle": False}, {"closed": True, "idle": False}])
def test_what_can_not_be_used_again_is_not_kept(state: dict[str, bool]) -> None:
    idle: Idle[httpcore.ConnectionInterface] = Idle()
    gone: list[httpcore.ConnectionInterface] = []
    useless = Fake(**state)
    idle.put(useless, gone)
    assert (gone, idle.take([])) == ([useless], None)


@pytest.mark.parametrize(("seconds", "kept"), [(14.0, True), (15.0, True), (15.1, False)])
def test_one_that_was_not_needed_for_a_quarter_of_a_minute_is_let_go(
    now: list[float], seconds: float, kept: bool
) -> None:
    idle: Idle[httpcore.ConnectionInterface] = Idle()
    old, new = Fake(), Fake()
    gone: list[httpcore.ConnectionInterface] = []
    idle.put(old, gone)
    now.append(100.0 + seconds)
    idle.put(new, gone)
    assert gone == ([] if kept else [old])
    assert idle.empty() == ([new, old] if kept else [new])
    assert idle.empty() == []


@pytest.fixture
def made() -> list[Fake]:
    return []


@pytest.fixture
def connections(made: list[Fake]) -> ThreadConnections:
    return ThreadConnections(maker(made), most=2)


def maker(made: list[Fake]) -> Callable[[], Fake]:
    def make() -> Fake:
        made.append(Fake())
        return made[-1]

    return make


def test_a_connection_is_made_where_none_is_free_and_used_again_after_it(
    connections: ThreadConnections, made: list[Fake]
) -> None:
    first = connections.take(1)
    connections.give(first)
    assert connections.take(1) is first
    assert connections.take(1) is made[1]
    assert len(made) == 2


def test_no_more_than_so_many_are_in_use_at_once(connections: ThreadConnections, made: list[Fake]) -> None:
    first, _ = connections.take(1), connections.take(1)
    with pytest.raises(httpcore.PoolTimeout):
        connections.take(0.01)
    connections.give(first)
    assert connections.take(1) is first
    assert len(made) == 2


def test_an_ended_connection_is_closed_when_another_is_taken(connections: ThreadConnections, made: list[Fake]) -> None:
    first = connections.take(1)
    connections.give(first)
    made[0].expired = True
    assert connections.take(1) is made[1]
    assert made[0].closed


def test_one_that_failed_is_closed_when_it_is_given_back(connections: ThreadConnections, made: list[Fake]) -> None:
    first = connections.take(1)
    made[0].idle = False
    connections.give(first)
    assert made[0].closed
    assert connections.take(1) is made[1]


def test_closing_closes_what_is_idle_at_once_and_the_others_after_their_calls(
    connections: ThreadConnections, made: list[Fake]
) -> None:
    busy, idle = connections.take(1), connections.take(1)
    connections.give(idle)
    connections.close()
    assert [one.closed for one in made] == [False, True]
    connections.give(busy)
    assert [one.closed for one in made] == [True, True]


def test_one_that_can_not_be_made_leaves_its_place_to_the_next() -> None:
    def broken() -> httpcore.ConnectionInterface:
        raise OSError("no file")

    connections = ThreadConnections(broken, most=1)
    for _ in range(2):
        with pytest.raises(OSError, match="no file"):
            connections.take(0.01)
