"""Listing and counting: plain reads of the tables."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from hindsight_teams.backends.sqlite import checks
from hindsight_teams.backends.sqlite.search.filters import Filter
from hindsight_teams.backends.sqlite.store import records
from hindsight_teams.backends.sqlite.store.schema import BANK_SHIFT
from hindsight_teams.models import BankInfo, BankStats, Memory, MemoryPage, TagCount


def bank_number(db: sqlite3.Connection, bank_id: str) -> int | None:
    """The number of a bank, or None where there is no such bank."""
    row = db.execute("SELECT no FROM bank WHERE id = ?", (bank_id,)).fetchone()
    return None if row is None else int(row[0])


def banks(db: sqlite3.Connection, prefix: str) -> list[BankInfo]:
    """The banks whose id starts with a prefix, by id."""
    rows = db.execute(
        "SELECT id, name, memories, created, written FROM bank WHERE substr(id, 1, ?) = ? ORDER BY id",
        (len(prefix), prefix),
    )
    return [_info(row) for row in rows]


def bank(db: sqlite3.Connection, number: int) -> BankInfo:
    """One bank."""
    row = db.execute("SELECT id, name, memories, created, written FROM bank WHERE no = ?", (number,)).fetchone()
    return _info(row)


def _info(row: tuple[str, str | None, int, int, int]) -> BankInfo:
    bank_id, name, memories, created, written = row
    return BankInfo(
        bank_id=bank_id,
        name=name,
        memory_count=memories,
        created_at=checks.from_microseconds(created),
        updated_at=checks.from_microseconds(written),
    )


def stats(db: sqlite3.Connection, number: int) -> BankStats:
    """Counts of one bank."""
    bank_id, memories, written = db.execute("SELECT id, memories, written FROM bank WHERE no = ?", (number,)).fetchone()
    entities: set[str] = set()
    for (column,) in db.execute(
        "SELECT DISTINCT entities FROM memory WHERE no >= ? AND no < ? AND entities IS NOT NULL", bounds(number)
    ):
        entities.update(json.loads(column))
    (observations,) = db.execute(
        "SELECT count(*) FROM memory WHERE no >= ? AND no < ? AND type = 'observation'", bounds(number)
    ).fetchone()
    (documents,) = db.execute("SELECT count(*) FROM document WHERE bank = ?", (number,)).fetchone()
    (waiting,) = db.execute("SELECT count(*) FROM pending WHERE memory >= ? AND memory < ?", bounds(number)).fetchone()
    return BankStats(
        bank_id=bank_id,
        memories=memories,
        documents=documents,
        observations=observations,
        entities=len(entities),
        failed_operations=waiting,
        last_write_at=checks.from_microseconds(written),
    )


def bounds(number: int) -> tuple[int, int]:
    """The rowids of a bank: from the first, up to but not including the second."""
    return number << BANK_SHIFT, (number + 1) << BANK_SHIFT


def newest(db: sqlite3.Connection, number: int) -> int:
    """The highest rowid that a bank has given to a memory, also where that was deleted since."""
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (number,)).fetchone()
    return (number << BANK_SHIFT) + int(last)


def selected(db: sqlite3.Connection, number: int, chosen: Filter, document_id: str | None = None) -> Iterator[int]:
    """The rowids of a bank that pass a filter, oldest first."""
    low, high = bounds(number)
    clauses, values = ["m.no >= ? AND m.no < ?"], [low, high]
    if document_id is not None:
        row = db.execute("SELECT no FROM document WHERE bank = ? AND id = ?", (number, document_id)).fetchone()
        clauses.append("m.document = ?")
        values.append(-1 if row is None else row[0])
    condition = chosen.condition()
    if condition is not None:
        clauses.append("m.no IN (SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?)")
        values += [condition, low, high]  # type: ignore[list-item]
    sql = f"SELECT m.no, m.tags, m.type FROM memory m WHERE {' AND '.join(clauses)} ORDER BY m.no"
    return (no for no, tags, kind in db.execute(sql, values) if chosen.accepts(tags, kind))


def page(
    db: sqlite3.Connection, number: int, bank_id: str, chosen: Filter, document_id: str | None, limit: int, offset: int
) -> MemoryPage:
    """One page of a bank's memories, oldest first."""
    if chosen.trivial and document_id is None:
        (total,) = db.execute("SELECT memories FROM bank WHERE no = ?", (number,)).fetchone()
        found = db.execute(
            f"SELECT {records.COLUMNS} FROM memory m WHERE m.no >= ? AND m.no < ? ORDER BY m.no LIMIT ? OFFSET ?",
            (*bounds(number), limit, offset),
        )
        return MemoryPage([records.memory(row, bank_id) for row in found], total, limit, offset)
    numbers = list(selected(db, number, chosen, document_id))
    wanted = numbers[offset : offset + limit]
    by_number = rows(db, wanted)
    return MemoryPage([records.memory(by_number[no], bank_id) for no in wanted], len(numbers), limit, offset)


def page_by_day(
    db: sqlite3.Connection, number: int, bank_id: str, chosen: Filter, document_id: str | None, limit: int, offset: int
) -> MemoryPage:
    """One page of the memories that have a day, in the order in which they happen; an open span counts by its end."""
    passing = None if chosen.trivial and document_id is None else set(selected(db, number, chosen, document_id))
    sql = (
        "SELECT no FROM memory INDEXED BY memory_happened WHERE bank = ? AND coalesce(occurred, occurred_end)"
        " IS NOT NULL ORDER BY coalesce(occurred, occurred_end), no"
    )
    numbers = [no for (no,) in db.execute(sql, (number,)) if passing is None or no in passing]
    wanted = numbers[offset : offset + limit]
    by_number = rows(db, wanted)
    return MemoryPage([records.memory(by_number[no], bank_id) for no in wanted], len(numbers), limit, offset)


def every(db: sqlite3.Connection, number: int, bank_id: str) -> Iterator[Memory]:
    """All memories of a bank, oldest first."""
    sql = f"SELECT {records.COLUMNS} FROM memory m WHERE m.no >= ? AND m.no < ? ORDER BY m.no"
    return (records.memory(row, bank_id) for row in db.execute(sql, bounds(number)))


def rows(db: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """Rows of ``records.COLUMNS`` by rowid; memories that do not exist are left out."""
    sql = f"SELECT {records.COLUMNS} FROM memory m WHERE m.no IN (SELECT value FROM json_each(?))"
    return {row[0]: row for row in db.execute(sql, (json.dumps(list(numbers)),))}


def fetch(db: sqlite3.Connection, numbers: Iterable[int], bank_id: str) -> dict[int, Memory]:
    """Memories by rowid; those that do not exist are left out."""
    return {no: records.memory(row, bank_id) for no, row in rows(db, numbers).items()}


def one(db: sqlite3.Connection, number: int, bank_id: str, memory_id: str) -> Memory | None:
    """One memory of a bank by its public id; None where the bank holds no such memory."""
    no = records.row_number(memory_id)
    low, high = bounds(number)
    return fetch(db, [no], bank_id).get(no) if no is not None and low <= no < high else None


def tag_counts(db: sqlite3.Connection, number: int, pattern: str | None) -> list[TagCount]:
    """Tags in use, most used first."""
    counts: Counter[str] = Counter()
    for column, times in db.execute(
        "SELECT tags, count(*) FROM memory WHERE no >= ? AND no < ? AND tags IS NOT NULL GROUP BY tags", bounds(number)
    ):
        for tag in records.unpack_tags(column):
            counts[tag] += times
    # Only '*' is a wildcard; fnmatch knows '?' and '[' too.
    glob = None if pattern is None else "".join(f"[{c}]" if c in "?[" else c for c in pattern)
    kept = [(tag, n) for tag, n in counts.items() if glob is None or fnmatchcase(tag, glob)]
    return [TagCount(tag, n) for tag, n in sorted(kept, key=lambda pair: (-pair[1], pair[0]))]
