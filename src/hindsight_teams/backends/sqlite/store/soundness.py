"""Whether a file is sound: pages, indexes, counts, each column of a memory; and what a damaged one still says."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hindsight_teams.backends.sqlite.store import schema
from hindsight_teams.backends.sqlite.store.records import from_microseconds
from hindsight_teams.errors import DatabaseUnusable
from hindsight_teams.models import MEMORY_TYPES

if TYPE_CHECKING:
    from hindsight_teams.backends.sqlite.store.connections import Pool

_PROBLEMS = 20
"""Problems of one kind that a report lists."""

_ORPHANS = (
    ("memory", "no", "words_content", "id", "memories are not indexed"),
    ("words_content", "id", "memory", "no", "index entries have no memory"),
    ("derivation", "memory", "memory", "no", "derivations have no memory"),
    ("derivation", "source", "memory", "no", "derivations have no source"),
    ("pending", "memory", "memory", "no", "extractions have no memory"),
    ("memory", "superseded_by", "memory", "no", "memories are superseded by one that is gone"),
    ("vector", "no", "memory", "no", "vectors have no memory"),
    ("memory", "bank", "bank", "no", "memories are in no bank"),
    ("memory", "document", "document", "no", "memories are of a document that is gone"),
)
"""A table, and its column of which each value that is given stands in a column of another table; else what is wrong."""

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


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        problems: In words; empty for a sound file.
        memories: How many the file holds, as far as it can be read.
    """

    ok: bool
    problems: tuple[str, ...]
    memories: int


def check(pool: Pool) -> CheckReport:
    """Compare every page, index and count of the file with each other; reads all of it.

    Raises:
        DatabaseUnusable: The file can't be opened at all.
    """
    try:
        with pool.outside() as db:
            problems = list(_problems(db))
            (memories,) = db.execute("SELECT count(*) FROM memory").fetchone()
    except DatabaseUnusable as error:
        if not str(error.details.get("code", "")).startswith(("SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_NOTADB")):
            raise
        return CheckReport(ok=False, problems=(str(error.details["sqlite"]),), memories=0)
    return CheckReport(ok=not problems, problems=tuple(problems), memories=memories)


def _problems(db: sqlite3.Connection) -> Iterator[str]:
    pages = [row[0] for row in db.execute(f"PRAGMA integrity_check({_PROBLEMS})")]
    if pages != ["ok"]:
        yield from pages
        if not all(map(is_of_an_index, pages)):
            return
    if changed := schema.differences(db):
        yield from (f"{name} is missing, or not as this version makes it" for name in changed)
        return
    yield from unreadable(db, _PROBLEMS)
    yield from _disagreements(db)


def is_of_an_index(problem: str) -> bool:
    """Whether something is wrong with an index only, which is made anew from its table."""
    return problem == "ok" or " index " in f" {problem} "


def _disagreements(db: sqlite3.Connection) -> Iterator[str]:
    """Indexes and counts that do not agree with the memories, from which they are made anew."""
    try:
        db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        if "readonly" not in str(error):
            yield f"the full-text index does not agree with its own content: {error}"
        elif may_be_written(db.execute("PRAGMA database_list").fetchone()[2]):
            yield "its header says that the file may only be read"
    for table, column, other, key, words in _ORPHANS:
        found = f"SELECT 1 FROM {other} o WHERE o.{key} = t.{column}"
        sql = f"SELECT count(*) FROM {table} t WHERE t.{column} IS NOT NULL AND NOT EXISTS ({found})"
        if count := db.execute(sql).fetchone()[0]:
            yield f"{count} {words}"
    if count := db.execute("SELECT count(*) FROM memory WHERE no >> 32 <> bank").fetchone()[0]:
        yield f"{count} memories have a number of another bank"
    for bank, said, counted, last, highest in db.execute(
        "SELECT b.id, b.memories, (SELECT count(*) FROM memory m WHERE m.no >= b.no << 32 AND m.no < (b.no + 1) << 32),"
        " b.last, coalesce((SELECT max(m.no) FROM memory m WHERE m.no >= b.no << 32 AND m.no < (b.no + 1) << 32), 0)"
        " & 4294967295 FROM bank b"
    ):
        if said != counted:
            yield f"bank {bank!r} says it holds {said} memories and holds {counted}"
        if not highest <= last < 1 << schema.BANK_SHIFT:
            yield f"bank {bank!r} says its last memory has number {last}, and {highest} is in use"
    counted = "SELECT m.bank, t.value, count(*) FROM memory m, json_each(m.tags) t GROUP BY m.bank, t.value"
    both = (counted, "SELECT bank, tag, memories FROM tag")
    if any(db.execute(f"{one} EXCEPT {other} LIMIT 1").fetchone() for one, other in (both, both[::-1])):
        yield "tags are not counted as often as memories carry them"
    if not db.execute("SELECT 1 FROM erasing").fetchone():
        yield "it is not recorded what is still to be erased"


def may_be_written(path: str | os.PathLike[str]) -> bool:
    """Whether the system lets this process write a file, and make others beside it."""
    return os.access(path, os.W_OK) and os.access(os.path.dirname(os.path.abspath(path)), os.W_OK)


def wrong_columns(row: Mapping[str, Any]) -> list[str]:
    """The columns of a memory that a listing or a recall could not show."""
    wrong = [n for n in _TEXTS if not (is_text(row[n]) or (row[n] is None and n != "text"))]
    wrong += [n for n in _LISTS if not _holds_texts(row[n], list)]
    if not _holds_texts(row["metadata"], dict):
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


def unreadable(db: sqlite3.Connection, most: int) -> Iterator[str]:
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
                bad = [c for c, text in zip(columns, texts, strict=True) if not is_text(text) and text is not None]
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


def is_text(value: Any) -> bool:
    """Whether a value is text that was valid UTF-8; see ``decode``."""
    try:
        return isinstance(value, str) and (value.isascii() or bool(value.encode()))
    except UnicodeEncodeError:
        return False


def _is_moment(value: Any) -> bool:
    if not isinstance(value, int):
        return False
    try:
        from_microseconds(value)
    except OverflowError:
        return False
    return True


def _readable(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _holds_texts(column: Any, kind: type[list[str] | dict[str, str]]) -> bool:
    """Whether a column is empty, or a list or an object of texts as JSON."""
    if column is None:
        return True
    try:
        values = json.loads(column) if is_text(column) else None
    except (ValueError, RecursionError):
        return False
    texts = values.values() if isinstance(values, dict) else values or ()
    return isinstance(values, kind) and all(isinstance(text, str) for text in texts)


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
