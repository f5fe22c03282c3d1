"""The conformance suite: tests that every backend must pass.

    from hindsight_teams.testing.conformance import BackendConformance

    class TestMyBackend(BackendConformance):
        @pytest.fixture
        def backend(self):
            with MyBackend() as backend:
                yield backend

Each test runs twice: with the plain verbs, and with their ``a``-twins in an event loop. A server may make several
memories of one content, or word them anew, so the tests look for telling words and not for whole texts. Needs pytest,
and no plugin of it.
"""

from __future__ import annotations

from hindsight_teams.testing.conformance._banks import Banks, Sharing
from hindsight_teams.testing.conformance._capabilities import Capabilities
from hindsight_teams.testing.conformance._memories import BadInput, Memories

__all__ = ["BackendConformance"]


class BackendConformance(Capabilities, Memories, Banks, BadInput, Sharing):
    """Override ``backend``; pytest runs the rest."""
