"""A three-way merge of lines, with git's conflict markers.

The classic diff3 (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007): lines of the base that both
sides still have are stable; between two of them, a side that left the base alone gives way to the other one.
Written here because the one maintained library for it is under the GPL, and git is not on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

MINE, BETWEEN, THEIRS = "<<<<<<< yours\n", "=======\n", ">>>>>>> template\n"


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text, and how many places of it need a person."""

    text: str
    conflicts: int


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Apply to ``mine`` what changed from ``base`` to ``theirs``."""
    b, m, t = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    in_mine, in_theirs = _matches(b, m), _matches(b, t)
    stable = [(i, in_mine[i], in_theirs[i]) for i in sorted(in_mine.keys() & in_theirs.keys())]
    lines: list[str] = []
    conflicts = at_base = at_mine = at_theirs = 0
    for i, j, k in [*stable, (len(b), len(m), len(t))]:
        chunk, conflict = _resolve(b[at_base:i], m[at_mine:j], t[at_theirs:k])
        lines += chunk
        conflicts += conflict
        lines += b[i : i + 1]
        at_base, at_mine, at_theirs = i + 1, j + 1, k + 1
    return Merged("".join(lines), conflicts)


def has_conflicts(text: str) -> bool:
    """Whether a text still holds the markers of an earlier merge."""
    return any(line.startswith(MINE[:8]) for line in text.splitlines())


def _matches(base: list[str], other: list[str]) -> dict[int, int]:
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {block.a + n: block.b + n for block in blocks for n in range(block.size)}


def _resolve(base: list[str], mine: list[str], theirs: list[str]) -> tuple[list[str], bool]:
    if mine == base or mine == theirs:
        return theirs, False
    if theirs == base:
        return mine, False
    return [MINE, *_ended(mine), BETWEEN, *_ended(theirs), THEIRS], True


def _ended(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1] if lines[-1].endswith("\n") else lines[-1] + "\n"] if lines else []
