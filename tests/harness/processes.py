"""Start processes, find them again after a crash, and stop them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


class StartFailed(Exception):
    """A process ended, or did not become ready; the end of its log is in the message."""


@dataclass(frozen=True)
class ProcessRecord:
    """A running process, by its id and the time it started, so that a reused id is never mistaken for it.

    Attributes:
        stop_signal: What makes it end in order.
    """

    name: str
    pid: int
    started: str
    stop_signal: int = signal.SIGTERM

    @classmethod
    def of(cls, name: str, pid: int, stop_signal: int = signal.SIGTERM) -> ProcessRecord:
        """The record of a process that runs now."""
        return cls(name, pid, start_time(pid) or "", stop_signal)

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return start_time(self.pid) == self.started

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def stop(self, *, patience: float = 15.0) -> None:
        """End it: in order first, and by force when it has not ended after ``patience`` seconds."""
        for number, wait in ((self.stop_signal, patience), (signal.SIGKILL, 5.0)):
            if not self.alive:
                return
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return
            wait_until(lambda: not self.alive, wait)


def start_time(pid: int) -> str | None:
    """When a process started, as the system tells it; None when there is no such process or it is a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)  # let go of a child of ours that has ended
    except ChildProcessError:
        pass
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else fields[19]
    shown = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return started.strip() or None if state and not state.startswith("Z") else None


def spawn(
    name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> ProcessRecord:
    """Start a process in a session of its own, with its output in ``log``."""
    with log.open("ab") as out:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=cwd, start_new_session=True
        )
    child.returncode = 0  # it may outlive this process: no warning when the object goes
    return ProcessRecord.of(name, child.pid)


def wait_ready(record: ProcessRecord, ready: Callable[[], bool], *, log: Path, seconds: float) -> None:
    """Wait until a process is ready.

    Raises:
        StartFailed: It ended, or it was not ready in time.
    """
    if wait_until(lambda: ready() or not record.alive, seconds) and record.alive:
        return
    why = "was not ready in time" if record.alive else "ended"
    record.stop()
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
    raise StartFailed(f"{record.name} {why}; the end of {log}:\n{tail}")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds; whether it did within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port() -> int:
    """A TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
