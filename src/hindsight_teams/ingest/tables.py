"""Rows as passages: each row says its columns' names, so that it is understood alone."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from hindsight_teams.ingest.document import Passage

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
        told = [f"{name}: {cell}" if name else cell for name, cell in _paired(names, cells) if cell]
        yield Passage("; ".join(told), heading)
    if alone:
        yield Passage("; ".join(cell for cell in alone if cell), heading)


def _paired(names: list[str], cells: list[str]) -> Iterator[tuple[str, str]]:
    for number, cell in enumerate(cells):
        yield (names[number] if number < len(names) else ""), cell
