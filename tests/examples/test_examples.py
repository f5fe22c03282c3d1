"""Each example runs by itself, says what it claims, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

SAYS = {
    "agno_places.py": [
        "memory manager: ['My parcel 4417 never arrived.']",
        "[Noted DATE | handbook | editor] Parcels leave the house at four.",
        '"content": "Parcels leave the house at four."',
    ],
    "every_run.py": [
        """ada, friday: What happened to my parcel?
  (offline stand-in) From memory:
- [Noted DATE | customer | clerk] My parcel 4417 never arrived.
""",
        """bob, friday: What happened to my parcel?
  (offline stand-in) From memory:
- [Noted DATE | customer | clerk] My parcel 5120 arrived broken.
""",
    ],
    "one_agent.py": ["From memory:\n- my sister lives in Bergen.\nbob: (offline stand-in) I don't know"],
    "promote_and_forget.py": [
        "before the review: []",
        "after the review: ['Retries need jitter, or clients march in step.']",
        "after forgetting: []",
    ],
    "shared_team.py": ["answerer    read-only", "with 40 users in Oslo", "Denied: member 'answerer' may not retain"],
}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs_and_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    work, temporary = tmp_path / "home", tmp_path / "tmp"
    work.mkdir()
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=work,
        env={"PATH": os.environ["PATH"], "HOME": str(work), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    printed = re.sub(r"\d{4}-\d\d-\d\d", "DATE", done.stdout)
    for text in SAYS[path.name]:
        assert text in printed
    assert [*work.iterdir(), *temporary.iterdir()] == []
