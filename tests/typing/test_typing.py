"""The types of the public keywords, as editors and type checkers see them."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest
from agno.tools.toolkit import Toolkit
from mypy import api

from hindsight_teams.agno.memory_toolkit import ToolkitOptions
from hindsight_teams.settings import Settings, SettingsOptions, configure

WRONG = Path(__file__).parent / "wrong.py.txt"
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_mypy_refuses_each_typo_and_each_wrong_type_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("MYPYPATH", str(ROOT / "src"))
    out, err, _ = api.run(
        [str(wrong), "--strict", "--cache-dir", str(tmp_path / "cache"), "--python-executable", sys.executable]
    )
    assert not err
    refused = {int(found[1]) for found in re.finditer(r"wrong\.py:(\d+): error", out)}
    lines = WRONG.read_text(encoding="utf-8").splitlines()
    assert refused == {number for number, line in enumerate(lines, start=1) if line.endswith("# wrong")}, out


def test_configure_shows_the_options_of_the_settings() -> None:
    assert list(inspect.signature(configure).parameters) == list(Settings.model_fields)
    assert list(SettingsOptions.__annotations__) == list(Settings.model_fields)


def test_a_toolkit_takes_what_agnos_own_takes() -> None:
    theirs = set(inspect.signature(Toolkit.__init__).parameters) - {"self", "tools", "async_tools"}
    assert set(ToolkitOptions.__annotations__) == theirs
