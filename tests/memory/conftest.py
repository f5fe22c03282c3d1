"""The team of these tests is that of the tests of teams."""

from tests.memory.team_fixtures import backend, desk

__all__ = ["backend", "desk"]
