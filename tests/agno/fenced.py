"""The text inside the fence of a tool's answer."""

from __future__ import annotations

import re

from hindsight_teams.memory.rendering import NOTICE


def inside(answer: str) -> str:
    """The text in the one fence that an answer is."""
    found = re.fullmatch(r"<(recalled-memories-[0-9a-f]{16})>\n(.*)\n</\1>", answer, re.DOTALL)
    assert found, answer
    assert found[2].startswith(f"{NOTICE}\n")
    return found[2].removeprefix(f"{NOTICE}\n")
