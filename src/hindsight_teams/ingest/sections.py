"""Running text as passages: paragraphs of one section together, under the headings that they stand below."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hindsight_teams.ingest.document import LARGEST, Passage

COMFORTABLE = 800
"""Characters up to which paragraphs of one section share a passage: enough to be understood, little to be read."""

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")


def plain_passages(text: str, heading: str | None = None) -> Iterator[Passage]:
    """Text without markup: paragraphs are what blank lines divide."""
    yield from _packed(_paragraphs(text.splitlines()), heading)


def markdown_passages(text: str, above: str | None = None) -> Iterator[Passage]:
    """Markdown: a heading begins a section, and stands with each of its passages."""
    path: list[str] = []
    lines: list[str] = []
    fence: str | None = None
    section = text.splitlines()
    for number, line in enumerate(section):
        if found := _FENCE.match(line):
            mark = found[1]
            if fence is None:
                fence = mark
            elif mark[0] == fence[0] and len(mark) >= len(fence):
                fence = None
        title = None if fence is not None else _heading(section, number)
        if title is None:
            if fence is not None or not _is_underline(section, number):
                lines.append(line)
            continue
        level, name = title
        yield from _section(lines, above, path, followed_by=level)
        path = [*path[: level - 1], *[""] * max(0, level - 1 - len(path)), name]
        lines = []
    yield from _section(lines, above, path, followed_by=0)


def _section(lines: list[str], above: str | None, path: list[str], *, followed_by: int) -> Iterator[Passage]:
    """What stands below a heading; a heading with nothing below it is told itself."""
    if path and followed_by <= len(path) and not any(line.strip() for line in lines):
        yield Passage(path[-1], _joined(above, path[:-1]))
    yield from _packed(_paragraphs(lines), _joined(above, path))


def _heading(lines: list[str], number: int) -> tuple[int, str] | None:
    """The level and the words of a heading that begins in a line."""
    line = lines[number]
    if found := _HEADING.match(line):
        return len(found[1]), found[2].strip()
    alone = number == 0 or not lines[number - 1].strip()
    if alone and line.strip() and number + 1 < len(lines) and _is_underline(lines, number + 1):
        return (1 if "=" in lines[number + 1] else 2), line.strip()
    return None


def _is_underline(lines: list[str], number: int) -> bool:
    """Whether a line underlines the one above it, which makes that a heading."""
    found = _UNDERLINE.match(lines[number])
    if found is None or len(found[1]) < 3 or number == 0 or not lines[number - 1].strip():
        return False
    above = lines[number - 1]
    return (number == 1 or not lines[number - 2].strip()) and above.lstrip()[:1] not in "-*|>#`~+=:"


def _joined(above: str | None, path: list[str]) -> str | None:
    return " > ".join(filter(None, [above, *path])) or None


def _paragraphs(lines: list[str]) -> Iterator[str]:
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            paragraph.append(line.rstrip())
        elif paragraph:
            yield "\n".join(paragraph)
            paragraph = []


def _packed(paragraphs: Iterator[str], heading: str | None) -> Iterator[Passage]:
    together: list[str] = []
    size = 0
    for paragraph in paragraphs:
        if together and (size + len(paragraph) > COMFORTABLE or len(paragraph) > LARGEST):
            yield Passage("\n\n".join(together), heading)
            together, size = [], 0
        together.append(paragraph)
        size += len(paragraph) + 2
    if together:
        yield Passage("\n\n".join(together), heading)
