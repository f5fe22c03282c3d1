"""How pytest-xdist distributes the tests: by file, and all files that need the server to one worker.

One worker starts one stack of servers, and the modules that set up something dear set it up once.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

SERVER_FILES = frozenset(
    f"tests/{name}.py"
    for name in (
        "agno/article/test_article",
        "agno/stores/test_on_a_server",
        "backends/client/test_official",
        "agno/predecessor/test_thirteen_faults",
        "backends/hindsight/test_server",
        "backends/test_conformance",
        "cli/inspect/test_views",
        "cli/test_server",
        "docs/test_console",
        "harness/test_crash",
        "harness/test_page",
        "harness/test_server",
        "memory/test_copying",
        "memory/test_files_on_a_server",
        "recipes/test_recipe_server",
        "server/test_attacks",
        "server/test_matrix",
        "server/test_operations",
        "server/test_real_server",
        "system/test_forgetting",
        "system/test_matrix",
        "system/test_observations",
        "system/test_promotion",
        "system/test_runs",
        "system/test_scope",
        "system/test_signature",
    )
)
"""Files with tests that need the real server. Their own tests of the quick part go along."""


def check_listed(items: list[pytest.Item]) -> None:
    """Refuse a test that needs the server in a file that is not listed: a second worker would start a second stack."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        if item.get_closest_marker("server") and path not in SERVER_FILES:
            raise pytest.UsageError(f"{path} needs the server; add it to SERVER_FILES in tests/workers.py")


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """A file to a worker, and the files that need the server to one."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "server" if path in SERVER_FILES else path


def scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """What xdist asks for in ``pytest_xdist_make_scheduler``."""
    return Scheduling(config, log)
