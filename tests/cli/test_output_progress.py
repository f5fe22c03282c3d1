from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hindsight_teams.cli.output import progress_bar, working

pty = pytest.importorskip("pty", reason="needs a system with pseudo terminals")


def test_a_pipe_gets_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as bar, working("checking"):
        bar.start("reading", 3)
        bar.at(1, 3, "a\x1b[31m.md")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def on_a_terminal(columns: int, script: str, **environment: str) -> str:
    """What a script writes to a terminal of this width."""
    outer, inner = pty.openpty()
    try:
        done = subprocess.Popen(
            [sys.executable, "-c", script],
            stderr=inner,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment},
        )
        os.close(inner)
        seen = b""
        while True:
            try:
                part = os.read(outer, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            seen += part
        assert done.wait() == 0
    finally:
        os.close(outer)
    return seen.decode()


SCRIPT = """
from hindsight_teams.cli.output import progress_bar
with progress_bar() as bar:
    bar.start("handbook/" + "long/" * 30 + "name.md", 40)
    bar.at(12)
"""


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 80])
def test_a_bar_is_one_line_of_a_narrow_terminal(columns: int) -> None:
    from rich.text import Text

    seen = on_a_terminal(columns, SCRIPT)
    lines = [Text.from_ansi(line).plain for line in seen.replace("\r", "\n").split("\n")]
    assert any("12/40" in line for line in lines)
    assert max(map(len, lines)) <= columns


@pytest.mark.slow
def test_a_bar_has_no_colour_where_none_is_wanted() -> None:
    assert "\x1b[3" in on_a_terminal(80, SCRIPT)
    assert "\x1b[3" not in on_a_terminal(80, SCRIPT, NO_COLOR="1")
