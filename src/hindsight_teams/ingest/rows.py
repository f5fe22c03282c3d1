"""Rows as passages: JSON objects, one a line or in a list, and rows of cells under the names of their columns."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from hindsight_teams.ingest.document import Passage, moment, unreadable

EXPORT = "hindsight-teams bank"
"""What the first line of a bank's export names as its format."""

TEXTS = ("text", "content", "message", "body")
SPEAKERS = ("speaker", "author", "user", "name", "role", "sender", "from")
TIMES = ("timestamp", "time", "date", "created_at", "noted", "ts")


def line_passages(text: str) -> Iterator[Passage]:
    """JSON lines: one object, or one text, a line.

    Raises:
        InvalidInput: It names the line that is not JSON; or the whole is an export of a bank.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                why = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
                raise unreadable(f"line {number:,} is not JSON: {why}") from None
            if number == 1 and isinstance(value, Mapping) and value.get("format") == EXPORT:
                raise unreadable("it is an export of a bank, which `bank import` reads")
            yield from object_passages([value])


def object_passages(values: Iterable[Any]) -> Iterator[Passage]:
    """Objects: what is under ``text`` (or a like name) is told, with who said it and when; else every field by name."""
    for value in values:
        if isinstance(value, Mapping):
            yield from _one(value)
        elif value is not None:
            yield Passage(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _one(value: Mapping[str, Any]) -> Iterator[Passage]:
    rest = dict(value)
    text = _taken(rest, TEXTS, str)
    if text is None or not text.strip():
        yield Passage("; ".join(f"{name}: {_cell(cell)}" for name, cell in value.items() if _filled(cell)))
        return
    timed = next((name for name in TIMES if moment(rest.get(name)) is not None), None)
    at = None if timed is None else moment(rest.pop(timed))
    speaker = _taken(rest, SPEAKERS, str)
    title = _taken(rest, ("title", "heading", "subject"), str)
    more = [f"{name}: {_cell(cell)}" for name, cell in rest.items() if _filled(cell)]
    yield Passage("; ".join([text, *more]) if more else text, title, speaker, at)


def _taken(value: dict[str, Any], names: Iterable[str], kind: type[str]) -> str | None:
    for name in names:
        if isinstance(value.get(name), kind):
            return kind(value.pop(name))
    return None


def _filled(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_SAMPLE = 16_384
_QUOTED = re.compile('"[^"]*"')


def csv_passages(text: str, *, tabs: bool = False) -> Iterator[Passage]:
    """Comma- or otherwise separated values, whose first row names the columns."""
    csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)
    return row_passages(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else _delimiter(text)))


def _delimiter(text: str) -> str:
    """The sign that divides the first row most often, outside quotes."""
    first = _QUOTED.sub("", text[:_SAMPLE]).lstrip().partition("\n")[0]
    return max(",;\t|", key=first.count)


def row_passages(rows: Iterable[Sequence[object]], heading: str | None = None) -> Iterator[Passage]:
    """Rows of cells, the first of which names the columns; one row alone is told as it is."""
    names: list[str] | None = None
    alone: list[str] = []
    for row in rows:
        cells = ["" if cell is None else str(cell).strip() for cell in row]
        if not any(cells):
            continue
        if names is None:
            names = alone = cells
            continue
        alone = []
        told = [f"{name}: {cell}" if name else cell for name, cell in zip_longest(names, cells) if cell]
        yield Passage("; ".join(told), heading)
    if alone:
        yield Passage("; ".join(cell for cell in alone if cell), heading)
