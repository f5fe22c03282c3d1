"""Check the columns of a memory, and read what is still valid where one of them is damaged."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hindsight_teams.backends.sqlite import size_limits
from hindsight_teams.models import MEMORY_TYPES

_TEXTS = ("text", "author", "context")
_LISTS = ("tags", "entities")
_MOMENTS = ("mentioned", "occurred", "occurred_end")
_NUMBERS: Mapping[str, int | None] = {
    "digest": 0,
    "said": 0,
    "document": None,
    "position": 0,
    "stream": None,
    "dated": 0,
    "superseded_by": None,
    "zone": 0,
}
"""Further columns of numbers, with what stands for one that can't be read."""
_DAY = 24 * 60
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def wrong_columns(row: Mapping[str, Any]) -> list[str]:
    """The columns of a memory that a listing or a recall could not show."""
    wrong = [n for n in _TEXTS if not (_is_text(row[n]) or (row[n] is None and n != "text"))]
    wrong += [n for n in _LISTS if _strings(row[n]) is None]
    if _fields(row["metadata"]) is None:
        wrong.append("metadata")
    wrong += [n for n in _MOMENTS if not (_is_moment(row[n]) or (row[n] is None and n != "mentioned"))]
    if row["type"] not in MEMORY_TYPES:
        wrong.append("type")
    wrong += [n for n, empty in _NUMBERS.items() if not (isinstance(row[n], int) or row[n] is None is empty)]
    if "zone" not in wrong and abs(row["zone"]) >= _DAY:
        wrong.append("zone")
    return wrong


def mended(row: Mapping[str, Any], *, noted: int) -> dict[str, Any] | None:
    """A memory with what can still be read of each column; None where no text is left.

    Args:
        row: By column; text that was not valid UTF-8 with surrogates in it.
        noted: When it was noted, in microseconds, where that can't be read: that of the memory before it.
    """
    new = dict(row)
    for name in wrong_columns(row):
        value = row[name]
        if name in _TEXTS:
            new[name] = _readable(value)
        elif name in _LISTS:
            # What is left of a damaged tag stays one: a memory with tags must not become one without.
            found = [_readable(text) or "" for text in _literals(value)]
            new[name] = _packed([text for text in found if text.strip()])
        elif name == "metadata":
            found = [_readable(text) or "" for text in _literals(value)]
            new[name] = _packed(dict(zip(found[::2], found[1::2], strict=False)))
        elif name == "mentioned":
            new[name] = noted
        elif name == "type":
            new[name] = "world"
        else:
            new[name] = _NUMBERS.get(name)
    return new if new["text"] and new["text"].strip() else None


def problems(db: sqlite3.Connection, most: int) -> Iterator[str]:
    """Values that a read would stumble over, in words."""
    usual = db.text_factory
    db.text_factory = decode
    try:
        cursor = db.execute("SELECT * FROM memory ORDER BY no")
        names = [column[0] for column in cursor.description]
        found = 0
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            if wrong := wrong_columns(row):
                found += 1
                if found <= most:
                    yield f"memory {row['no']} can't be shown: its {', '.join(wrong)} can't be read"
        if found > most:
            yield f"{found - most} more memories can't be shown"
        for table, columns in (("bank", ("id", "name")), ("document", ("id",))):
            for number, *texts in db.execute(f"SELECT no, {', '.join(columns)} FROM {table}"):
                bad = [c for c, text in zip(columns, texts, strict=True) if not _is_text(text) and text is not None]
                if bad:
                    yield f"{table} {number} can't be shown: its {', '.join(bad)} can't be read"
        for number, *moments in db.execute("SELECT no, created, written FROM bank"):
            if not all(map(_is_moment, moments)):
                yield f"bank {number} can't be shown: its times can't be read"
    finally:
        db.text_factory = usual


def decode(raw: bytes) -> str:
    """Text of the file; what is not valid UTF-8 becomes surrogates instead of an error."""
    return raw.decode("utf-8", "surrogateescape")


def moment_or(value: Any, fallback: int) -> int:
    """A time in microseconds that Python can show, or another."""
    return int(value) if _is_moment(value) else fallback


def readable(value: Any, fallback: str) -> str:
    """Text without what could not be read in it, or another where there is none."""
    return _readable(value) or fallback


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


def _is_moment(value: Any) -> bool:
    if not isinstance(value, int):
        return False
    try:
        size_limits.from_microseconds(value)
    except OverflowError:
        return False
    return True


def _readable(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _strings(column: Any) -> list[str] | None:
    if column is None:
        return []
    try:
        values = json.loads(column) if _is_text(column) else None
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, list) and all(isinstance(v, str) for v in values) else None


def _fields(column: Any) -> dict[str, str] | None:
    if column is None:
        return {}
    try:
        values = json.loads(column) if _is_text(column) else None
    except (ValueError, RecursionError):
        return None
    fine = isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
    return values if fine else None


def _literals(column: Any) -> Sequence[str]:
    """The strings in what was JSON."""
    text = column.decode("utf-8", "surrogateescape") if isinstance(column, bytes) else column
    found = []
    for literal in _LITERAL.findall(text) if isinstance(text, str) else ():
        try:
            found.append(str(json.loads(f'"{literal}"', strict=False)))
        except ValueError:
            found.append(literal)
    return found or ([text] if isinstance(text, str) else [])


def _packed(values: Any) -> str | None:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) if values else None
