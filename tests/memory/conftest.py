"""The fixtures of the tests of teams."""

from tests.memory.team_fixtures import backend, desk

__all__ = ["backend", "desk"]
