from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.cli.main import execute


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with nothing set up, in an empty directory."""
    for name in ("HINDSIGHT_API_URL", "HINDSIGHT_API_KEY", "HINDSIGHT_TEAMS_DEBUG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HINDSIGHT_TEAMS_DB", str(tmp_path / "memory.db"))
    monkeypatch.chdir(work)
    return work


_STYLES = {"0": "", "1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow"}


@pytest.fixture
def coloured(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs one command as on a terminal: what it prints, with styles written as ``<green>word<>``."""

    def call(*arguments: object) -> str:
        with monkeypatch.context() as terminal:
            terminal.setenv("FORCE_COLOR", "1")
            terminal.setenv("TERM", "xterm")
            out = cli(*arguments).out
        return re.sub(
            r"\x1b\[([\d;]+)m", lambda codes: f"<{' '.join(map(_STYLES.__getitem__, codes[1].split(';')))}>", out
        )

    return call


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs one command in this process."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = execute([str(a) for a in arguments])
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call
