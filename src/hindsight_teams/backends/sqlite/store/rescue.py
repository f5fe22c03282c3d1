"""Make a new file from the readable parts of a damaged one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hindsight_teams.backends.sqlite.store import carving, schema, soundness
from hindsight_teams.backends.sqlite.store.schema import BANK_SHIFT
from hindsight_teams.backends.sqlite.store.sqlite_errors import UNREADABLE

_CARVED = ("bank", "document", "memory", "vector")
"""Tables whose rows no other table's can be mistaken for."""

_SEQUENCE = (1 << BANK_SHIFT) - 1


@dataclass
class Rescued:
    """What a rescue found.

    Attributes:
        kept: Memories in the new file.
        lost: Memories of which something was left, but no text.
        mended: Memories of which some part could not be read.
    """

    kept: int = 0
    lost: int = 0
    mended: int = 0
    _seen: set[int] = field(default_factory=set)


def rescue(path: Path, target: Path, *, rebuild: Callable[[sqlite3.Connection], None]) -> Rescued:
    """Write what can be read of a damaged file into a new one.

    Args:
        path: The damaged file; only read.
        target: The new file, empty.
        rebuild: Makes indexes and counts in the new file.
    """
    with closing(sqlite3.connect(target, isolation_level=None)) as new:
        schema.migrate(new, now=time.time_ns() // 1000)
        new.execute("BEGIN")
        new.execute("CREATE TEMP TABLE found AS SELECT * FROM memory")
        new.execute("CREATE UNIQUE INDEX temp.found_once ON found (no, text)")
        shapes = {table: carving.Shape.of(new, table) for table in _CARVED}
        for table, row in carving.rows(path, shapes):
            _insert(new, "found" if table == "memory" else table, shapes[table].columns, row)
        for table in schema.PLAIN_TABLES:
            columns = carving.Shape.of(new, table).columns
            for row in _selected(path, table, columns):
                _insert(new, "found" if table == "memory" else table, columns, row)
        _name_banks(new)
        rescued = _take_memories(new)
        rescued.lost = max(0, len(_numbers(path) - rescued._seen))
        if rescued.kept:
            rebuild(new)
        new.execute("COMMIT")
        new.execute("DROP TABLE temp.found")
        new.execute("PRAGMA journal_mode = DELETE")
    return rescued


def _insert(new: sqlite3.Connection, table: str, columns: tuple[str, ...], row: tuple[Any, ...]) -> None:
    # Bytes that are not text travel as a BLOB: SQLite takes no surrogates.
    fit = [v.encode("utf-8", "surrogateescape") if isinstance(v, str) and not soundness.is_text(v) else v for v in row]
    marks = ", ".join("?" * len(columns))
    new.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})", fit)


def _selected(path: Path, table: str, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """A table's rows as SQLite reads them, from both ends up to the damage; none where it can't read the table."""
    for direction in ("", " DESC"):
        try:
            with closing(_reader(path)) as db:
                yield from db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1{direction}")
                return
        except UNREADABLE:
            continue


def _reader(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.text_factory = soundness.decode
    db.execute("PRAGMA writable_schema = ON")  # read on past what is wrong in the schema
    return db


def _numbers(path: Path) -> set[int]:
    """The numbers of memories that any index or table still names."""
    found: set[int] = set()
    for sql in (
        "SELECT no FROM memory INDEXED BY memory_said",
        "SELECT no FROM memory INDEXED BY memory_noted",
        "SELECT id FROM words_content",
    ):
        try:
            with closing(_reader(path)) as db:
                found.update(number for (number,) in db.execute(sql) if isinstance(number, int))
        except UNREADABLE:
            continue
    return found


def _name_banks(new: sqlite3.Connection) -> None:
    now = time.time_ns() // 1000
    for table in ("bank", "document"):
        for number, name in new.execute(f"SELECT no, id FROM {table} WHERE typeof(id) <> 'text'").fetchall():
            new.execute(f"UPDATE {table} SET id = ? WHERE no = ?", (soundness.readable(name, "damaged"), number))
    new.execute("UPDATE bank SET name = NULL WHERE name IS NOT NULL AND typeof(name) <> 'text'")
    for number, created, written in new.execute("SELECT no, created, written FROM bank").fetchall():
        times = (soundness.moment_or(created, now), soundness.moment_or(written, now))
        new.execute("UPDATE bank SET created = ?, written = ? WHERE no = ?", (*times, number))


def _take_memories(new: sqlite3.Connection) -> Rescued:
    """Move what was found into the table of memories, each under a number that fits its bank."""
    rescued = Rescued()
    cursor = new.execute("SELECT * FROM temp.found ORDER BY no")
    names = tuple(column[0] for column in cursor.description)
    banks = {int(number) for (number,) in new.execute("SELECT no FROM bank")}
    last: dict[int, int] = {}
    again: list[dict[str, Any]] = []
    noted = 0
    insert = f"INSERT OR IGNORE INTO memory ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})"

    def store(row: dict[str, Any]) -> bool:
        rescued._seen.add(row["no"])
        if new.execute(insert, row).rowcount <= 0:
            return False
        bank = row["bank"]
        last[bank] = max(last.get(bank, 0), row["no"] & _SEQUENCE)
        rescued.kept += 1
        return True

    for values in cursor:
        row = dict(zip(names, map(_as_read, values), strict=True))
        whole = soundness.mended(row, noted=noted)
        if whole is None:
            rescued._seen.discard(row["no"])
            continue
        noted = whole["mentioned"]
        rescued.mended += whole != row
        whole["bank"] = schema.home(whole["no"], whole["bank"], banks)
        if whole["no"] >> BANK_SHIFT != whole["bank"] or not store(whole):
            again.append(whole)
    for whole in again:
        whole["no"] = (whole["bank"] << BANK_SHIFT) + last.get(whole["bank"], 0) + 1
        store(whole)
    return rescued


def _as_read(value: Any) -> Any:
    return soundness.decode(value) if isinstance(value, bytes) else value
