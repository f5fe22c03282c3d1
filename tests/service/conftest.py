"""The team of these tests is that of the tests of teams."""

from tests.team.conftest import backend, desk

__all__ = ["backend", "desk"]
