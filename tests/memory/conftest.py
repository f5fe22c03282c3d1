"""The fixtures of the tests of teams."""

from tests.memory.team_fixtures import backend, desk, house, log

__all__ = ["backend", "desk", "house", "log"]
