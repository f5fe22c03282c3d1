"""One stack: PostgreSQL, the rule-following LLM endpoint, and Hindsight servers on them."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.install import install, installed, overlay
from tests.harness.layout import Layout
from tests.harness.postgres import Postgres, start_postgres
from tests.harness.processes import ProcessRecord, free_port, spawn, wait_ready

PROJECT = Path(__file__).resolve().parents[2]
_PRIVATE = ("HINDSIGHT_", "OPENAI_", "PYTHON", "HF_")


@dataclass(frozen=True)
class Server:
    """A running Hindsight server.

    Attributes:
        api_key: The key it asks for, or None where it asks for none.
        log: Where its output goes.
        env: What its environment was given beyond the usual.
    """

    url: str
    api_key: str | None = None
    log: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether it answers ``GET /health`` with 200."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @staticmethod
    def unused_bank(name: str = "bank") -> str:
        """A bank id that nobody has used: servers are shared between tests."""
        return f"{name}-{uuid.uuid4().hex[:12]}"


class Stack:
    """What one process started, recorded on disk so that ``down`` finds it after a crash too.

    Args:
        at: The installed layout.
        run: The folder of its state file and logs.
        owner: The process whose end makes it an orphan; None for what ``up`` starts.
    """

    def __init__(self, at: Layout, run: Path, owner: ProcessRecord | None) -> None:
        self.at = at
        self.run = run
        self.owner = owner
        self.processes: list[ProcessRecord] = []
        self.postgres: Postgres | None = None
        self.llm_url: str | None = None
        self.server: Server | None = None

    @classmethod
    def for_session(cls, at: Layout) -> Stack:
        """A stack of this process; it uses the parts of the one that ``up`` left running, where there is one."""
        sweep(at)
        stack = cls(
            at, at.runs / f"session-{os.getpid()}-{uuid.uuid4().hex[:6]}", ProcessRecord.of("owner", os.getpid())
        )
        shared = cls.load(at, at.shared_run)
        if shared and shared.server and shared.server.healthy:
            stack.postgres, stack.llm_url, stack.server = shared.postgres, shared.llm_url, shared.server
            stack.save()
        return stack

    @classmethod
    def for_up(cls, at: Layout) -> Stack:
        """The stack of the ``up`` command: running already, or new."""
        return cls.load(at, at.shared_run) or cls(at, at.shared_run, None)

    @classmethod
    def load(cls, at: Layout, run: Path) -> Stack | None:
        """A stack from its state file; None where there is none."""
        try:
            state = json.loads((run / "state.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        stack = cls(at, run, ProcessRecord(**state["owner"]) if state["owner"] else None)
        stack.processes = [ProcessRecord(**p) for p in state["processes"]]
        stack.postgres = Postgres(**state["postgres"]) if state["postgres"] else None
        stack.llm_url = state["llm_url"]
        stack.server = Server(**state["server"]) if state["server"] else None
        return stack

    def save(self) -> None:
        """Write the state file, whole or not at all."""
        self.run.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {
            "owner": self.owner and self.owner.to_dict(),
            "processes": [p.to_dict() for p in self.processes],
            "postgres": self.postgres and asdict(self.postgres),
            "llm_url": self.llm_url,
            "server": self.server and asdict(self.server),
        }
        new = self.run / "state.new"
        new.write_text(json.dumps(state, indent=1))
        os.replace(new, self.run / "state.json")

    @property
    def orphaned(self) -> bool:
        """Whether the process that started it has ended without stopping it."""
        return self.owner is not None and not self.owner.alive

    def main_server(self) -> Server:
        """The plain server, started on first use."""
        if self.server is None:
            self.server = self.start_server()
            self.save()
        return self.server

    def start_server(self, *, env: Mapping[str, str] | None = None, install: Sequence[str] = ()) -> Server:
        """Start a server with an empty database of its own.

        Args:
            env: More of its environment, such as ``HINDSIGHT_API_TENANT_EXTENSION``.
            install: Arguments of ``pip install`` for packages its extensions need; a directory is installed in
                editable form. They go into an overlay, the pinned environment stays as it is.

        Raises:
            StartFailed: The end of its log is in the message.
        """
        self.start_parts()
        assert self.postgres
        assert self.llm_url
        extra = dict(env or {})
        python = overlay(self.at, install) if install else self.at.python
        name = f"server-{uuid.uuid4().hex[:8]}"
        log = self.run / f"{name}.log"
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_PRIVATE)}
        environment |= _server_environment(self.at, self.postgres.create_database(name), self.llm_url, port) | extra
        record = spawn(name, [str(python), "-m", "hindsight_api.main"], log=log, env=environment, cwd=self.run)
        self.processes.append(record)
        self.save()
        server = Server(f"http://127.0.0.1:{port}", extra.get("HINDSIGHT_API_TENANT_API_KEY"), str(log), extra)
        wait_ready(record, lambda: server.healthy, log=log, seconds=180)
        return server

    def start_parts(self) -> None:
        """Start the database and the LLM endpoint, where there are none."""
        self.run.mkdir(parents=True, exist_ok=True)
        if self.llm_url is None:
            port_file, log = self.run / "llm.port", self.run / "llm.log"
            port_file.unlink(missing_ok=True)
            command = [sys.executable, "-m", "tests.harness.llm.endpoint", str(port_file)]
            record = spawn("llm", command, log=log, cwd=PROJECT)
            self.processes.append(record)
            self.save()
            wait_ready(record, port_file.exists, log=log, seconds=30)
            self.llm_url = f"http://127.0.0.1:{port_file.read_text()}/v1"
        if self.postgres is None:
            self.postgres, record = start_postgres(self.at)
            self.processes.append(record)
        self.save()

    def stop(self) -> None:
        """Stop what it started, the last first, and keep the logs."""
        for record in reversed(self.processes):
            record.stop()
        if self.postgres and any(p.name == "postgres" for p in self.processes):
            self.postgres.remove()
        self.processes.clear()
        self.postgres = self.llm_url = self.server = None
        (self.run / "state.json").unlink(missing_ok=True)


def sweep(at: Layout) -> list[Path]:
    """Stop the stacks whose owner has died, and forget logs older than a week; the folders of the stopped ones."""
    stopped = []
    for run in sorted(at.runs.glob("session-*")):
        stack = Stack.load(at, run)
        if stack and stack.orphaned:
            stack.stop()
            stopped.append(run)
        elif stack is None and time.time() - run.stat().st_mtime > 7 * 24 * 3600:
            shutil.rmtree(run, ignore_errors=True)
    return stopped


def users(stack: Stack) -> list[int]:
    """The processes whose sessions use a stack."""
    sessions = [Stack.load(stack.at, run) for run in stack.at.runs.glob("session-*")]
    return [s.owner.pid for s in sessions if s and s.owner and not s.orphaned and s.postgres == stack.postgres]


def ensure_installed(at: Layout) -> None:
    """Install what is missing, and say so, since it takes minutes."""
    if not installed(at):
        print(f"installing the Hindsight server into {at.root} (about 1.6 GB, two minutes)", flush=True)
        install(at)


def _server_environment(at: Layout, database: str, llm_url: str, port: int) -> dict[str, str]:
    onnx = {
        "MODEL_ID": "all-MiniLM-L6-v2",
        "MODEL_PATH": str(at.model / "model.onnx"),
        "TOKENIZER_NAME_OR_PATH": str(at.model),
        "DIMENSIONS": "384",
        "MAX_TOKENS": "256",
        "QUERY_PREFIX": "",
        "PASSAGE_PREFIX": "",
    }
    settings = {
        "DATABASE_URL": database,
        "DB_POOL_MIN_SIZE": "2",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKER_ID": f"tests-{port}",
        "EMBEDDINGS_PROVIDER": "onnx",
        "RERANKER_PROVIDER": "rrf",
        # The default, 0.3, fits the default model, where unrelated texts come to 0.4; with this one they come to 0.
        "SEMANTIC_MIN_SIMILARITY": "0.0",
        "LLM_PROVIDER": "openai",
        "LLM_BASE_URL": llm_url,
        "LLM_API_KEY": "none",
        "LLM_MODEL": "rules",
        **{f"EMBEDDINGS_ONNX_{name}": value for name, value in onnx.items()},
    }
    return {**{f"HINDSIGHT_API_{name}": value for name, value in settings.items()}, "HF_HUB_OFFLINE": "1"}
