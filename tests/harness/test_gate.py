"""Without the server, its tests are skipped with the command that enables them, or fail where it is required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.stack import PROJECT

ONE_TEST = "tests/harness/test_server.py::test_the_server_is_the_pinned_version"


@pytest.mark.slow
@pytest.mark.parametrize(("required", "outcome", "code"), [("0", "1 skipped", 0), ("1", "1 error", 1)])
def test_a_missing_server_skips_or_fails(tmp_path: Path, required: str, outcome: str, code: int) -> None:
    environment = os.environ | {
        "HINDSIGHT_TEAMS_TEST_SERVER_DIR": str(tmp_path),
        "HINDSIGHT_TEAMS_REQUIRE_SERVER": required,
    }
    command = [sys.executable, "-m", "pytest", ONE_TEST, "-p", "no:cacheprovider", "-n", "0"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert outcome in done.stdout
    assert "python -m tests.harness install" in done.stdout
