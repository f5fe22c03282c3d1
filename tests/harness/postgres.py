"""PostgreSQL with pgvector, as pg0 ships it, in a temporary directory.

PostgreSQL refuses to run as root, so root starts it as another user; that user can't read root's cache directory,
which is why the binary is copied beside the data.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.layout import Layout
from tests.harness.processes import ProcessRecord, StartFailed, free_port

USER = PASSWORD = "hindsight"


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL."""

    port: int
    directory: str

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make a database; its URL."""
        psql = next(Path(self.directory).glob(".pg0/installation/*/bin/psql"))
        _run_as_other([str(psql), self.url("postgres"), "-qc", f'CREATE DATABASE "{name}"'], Path(self.directory))
        return self.url(name)

    def remove(self) -> None:
        """Delete its files; the process must have ended."""
        shutil.rmtree(self.directory, ignore_errors=True)


def start_postgres(at: Layout) -> tuple[Postgres, ProcessRecord]:
    """Start an empty PostgreSQL on a free port.

    Raises:
        StartFailed: pg0's own words are in the message.
    """
    directory = Path(tempfile.mkdtemp(prefix="hindsight-teams-pg-"))
    binary = shutil.copy(at.site_packages / "pg0" / "bin" / "pg0", directory)
    if other := _other_user():
        os.chown(directory, other.pw_uid, other.pw_gid)
    data = directory / "data"
    for attempt in range(3):  # another process may take the port between the look and the start
        port = free_port()
        name = f"tests-{port}"
        arguments = ["start", "--name", name, "-p", str(port), "-d", str(data), "-u", USER, "-P", PASSWORD, "-n", USER]
        tuning = ["-c", "fsync=off", "-c", "max_connections=400"]
        try:
            _run_as_other([str(binary), *arguments, *tuning], directory)
            break
        except StartFailed:
            shutil.rmtree(data, ignore_errors=True)
            if attempt == 2:
                shutil.rmtree(directory, ignore_errors=True)
                raise
    pid = int((data / "postmaster.pid").read_text().split()[0])
    return Postgres(port, str(directory)), ProcessRecord.of("postgres", pid, signal.SIGINT)


def _other_user() -> pwd.struct_passwd | None:
    """Whom root runs PostgreSQL as; None for anyone else."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _run_as_other(command: Sequence[str], home: Path) -> None:
    other = _other_user()
    identity: dict[str, Any] = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []} if other else {}
    with tempfile.TemporaryFile() as log:  # a file: the server inherits it, and a pipe would never end
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C.UTF-8"},
            check=False,
            **identity,
        )
        log.seek(0)
        said = log.read().decode(errors="replace")
    if done.returncode:
        raise StartFailed(f"{Path(command[0]).name} failed with {done.returncode}:\n{said[-2000:]}")
