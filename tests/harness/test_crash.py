"""Processes that a killed session left behind are found and stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.harness import Stack
from tests.harness.processes import ProcessRecord
from tests.harness.stack import PROJECT, sweep

DYING = """
import os, signal
from tests.harness.layout import layout
from tests.harness.stack import Stack
stack = Stack.for_session(layout())
stack.postgres = stack.llm_url = stack.server = None
stack.start_parts()
print(stack.run, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_session_started_is_stopped_by_the_next(hindsight_stack: Stack) -> None:
    died = subprocess.run([sys.executable, "-c", DYING], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    run = Path(died.stdout.strip())
    left = Stack.load(hindsight_stack.at, run)
    assert left
    assert left.postgres
    assert left.orphaned
    assert {p.name for p in left.processes if p.alive} == {"llm", "postgres"}
    sweep(hindsight_stack.at)
    assert not any(p.alive for p in left.processes)
    assert not Path(left.postgres.directory).exists()
    assert (run / "llm.log").exists()
    assert Stack.load(hindsight_stack.at, run) is None


def test_a_reused_process_id_is_never_stopped(hindsight_stack: Stack) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert other.stdin
        ProcessRecord("server", other.pid, started="an older process").stop()
        assert other.poll() is None
        record = ProcessRecord.of("server", other.pid)
        record.stop()
        assert not record.alive
        other.stdin.close()
