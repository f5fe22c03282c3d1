"""JSON objects as passages: one a line (JSON lines), or a list of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
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
                raise unreadable(f"line {number:,} is not JSON: {_why(error)}") from None
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


def _why(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
