"""List and count memories with plain reads of the tables, and filter them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from hindsight_teams.backends.sqlite.store import records
from hindsight_teams.backends.sqlite.store.records import from_microseconds
from hindsight_teams.backends.sqlite.store.schema import BANK_SHIFT
from hindsight_teams.backends.sqlite.text.terms import UNTAGGED, tag_term
from hindsight_teams.models import BankInfo, BankStats, Memory, MemoryPage, MemoryType, TagCount, TagGroup, TagsMatch
from hindsight_teams.requests.tags import ALL, TagFilter

MOST_TAGS = 100
"""Tags of one filter that go into the index's condition; a longer filter is only checked row by row."""

_TERMS_AT_ONCE = 100
_FASTER_BY_ROWID = 5_000
"""Memories that are looked up and ordered faster than others are passed over until the newest of them come."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of memories; the default lets everything through."""

    tags: TagFilter = ALL
    types: frozenset[MemoryType] | None = None

    @staticmethod
    def of(chosen: TagFilter, types: Sequence[MemoryType] | None = None) -> Filter:
        """The filter of a request."""
        return Filter(chosen, frozenset(types) if types else None)

    @property
    def trivial(self) -> bool:
        """Whether everything passes."""
        return self.types is None and self.tags.trivial

    def accepts(self, tags_column: str | None, kind: str) -> bool:
        """Whether a memory with this column of tags and this type passes."""
        if self.types is not None and kind not in self.types:
            return False
        return self.tags.trivial or self.tags.accepts(set(records.unpack_tags(tags_column)))

    def condition(self) -> str | None:
        """The tags as a full-text condition that every memory which ``accepts`` takes meets, where there is one."""
        parts = [_leaf(self.tags.tags, self.tags.match), *map(_group, self.tags.groups)]
        return _joined(parts, " AND ", skip=True)


def _leaf(tags: Sequence[str], match: TagsMatch) -> str | None:
    wanted = sorted({f'"{tag_term(tag)}"' for tag in tags})
    if len(wanted) > MOST_TAGS:
        return None
    untagged = f'"{UNTAGGED}"'
    if not wanted:
        return untagged if match == "exact" else None
    if match in ("any", "any_strict"):
        return _joined([*wanted, untagged] if match == "any" else wanted, " OR ")
    together = _joined(wanted, " AND ")
    return _joined([together, untagged], " OR ") if match == "all" else together


def _group(group: TagGroup) -> str | None:
    if "and" in group:
        return _joined([_group(g) for g in group["and"]], " AND ", skip=True)
    if "or" in group:
        return _joined([_group(g) for g in group["or"]], " OR ")
    if "not" in group:  # full-text search can only subtract from something; the exact check does it
        return None
    return _leaf(group["tags"], group.get("match", "any_strict"))


def _joined(parts: Sequence[str | None], operator: str, *, skip: bool = False) -> str | None:
    known = [part for part in parts if part is not None]
    if not known or (len(known) < len(parts) and not skip):
        return None
    return f"({operator.join(known)})" if len(known) > 1 else known[0]


def bank_number(db: sqlite3.Connection, bank_id: str) -> int | None:
    """The number of a bank, or None where there is no such bank."""
    row = db.execute("SELECT no FROM bank WHERE id = ?", (bank_id,)).fetchone()
    return None if row is None else int(row[0])


def banks(db: sqlite3.Connection, prefix: str) -> list[BankInfo]:
    """The banks whose id starts with a prefix, by id."""
    rows = db.execute(
        "SELECT id, name, memories, created, written FROM bank WHERE id >= ? AND id < ? ORDER BY id",
        _beginning(prefix),
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
        created_at=from_microseconds(created),
        updated_at=from_microseconds(written),
    )


def stats(db: sqlite3.Connection, number: int) -> BankStats:
    """Counts of one bank."""
    bank_id, memories, written = db.execute("SELECT id, memories, written FROM bank WHERE no = ?", (number,)).fetchone()
    (entities,) = db.execute(
        "SELECT count(DISTINCT value) FROM memory, json_each(entities) WHERE no >= ? AND no < ?", bounds(number)
    ).fetchone()
    (observations,) = db.execute(
        "SELECT count(*) FROM memory INDEXED BY memory_observation WHERE bank = ? AND type = 'observation'", (number,)
    ).fetchone()
    (documents,) = db.execute("SELECT count(*) FROM document WHERE bank = ?", (number,)).fetchone()
    (waiting,) = db.execute("SELECT count(*) FROM pending WHERE memory >= ? AND memory < ?", bounds(number)).fetchone()
    return BankStats(
        bank_id=bank_id,
        memories=memories,
        documents=documents,
        observations=observations,
        entities=entities,
        failed_operations=waiting,
        last_write_at=from_microseconds(written),
    )


def bounds(number: int) -> tuple[int, int]:
    """The rowids of a bank: from the first, up to but not including the second."""
    return number << BANK_SHIFT, (number + 1) << BANK_SHIFT


def newest(db: sqlite3.Connection, number: int) -> int:
    """The highest rowid that a bank has given to a memory, also where that was deleted since."""
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (number,)).fetchone()
    return (number << BANK_SHIFT) + int(last)


def selected(
    db: sqlite3.Connection,
    number: int | None,
    chosen: Filter,
    document_id: str | None = None,
    *,
    low: int = 0,
    numbers: Collection[int] | None = None,
) -> Iterator[int]:
    """The rowids of a bank that pass a filter, oldest first, from ``low`` on, of ``numbers`` only where given.

    Args:
        number: The bank's; None for all banks.
    """
    first, high = (0, (1 << 63) - 1) if number is None else bounds(number)
    low = max(low, first)
    clauses: list[str] = ["m.no >= ? AND m.no < ?"]
    values: list[Any] = [low, high]
    if document_id is not None:
        own = "" if number is None else " AND bank = ?"
        clauses.append(f"m.document IN (SELECT no FROM document WHERE id = ?{own})")
        values += [value for value in (document_id, number) if value is not None]
    condition = chosen.condition()
    if numbers is not None:
        clauses.append("m.no IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(numbers)))
    elif condition is not None:
        clauses.append("m.no IN (SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?)")
        values += [condition, low, high]
    sql = f"SELECT m.no, m.tags, m.type FROM memory m WHERE {' AND '.join(clauses)} ORDER BY m.no"
    return (no for no, tags, kind in db.execute(sql, values) if chosen.accepts(tags, kind))


def passing_rowids(
    db: sqlite3.Connection, number: int, chosen: Filter, *, most: int = _FASTER_BY_ROWID
) -> list[int] | None:
    """The rowids that can pass a filter; None where they are more than ``most``, or the index can't tell."""
    condition = chosen.condition()
    if condition is None:
        return None
    sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? LIMIT ?"
    found = [no for (no,) in db.execute(sql, (condition, *bounds(number), most + 1))]
    return found if len(found) <= most else None


def page(
    db: sqlite3.Connection,
    number: int,
    bank_id: str,
    chosen: Filter,
    document_id: str | None,
    limit: int,
    offset: int,
    after: int | None = None,
) -> MemoryPage:
    """One page of a bank's memories, oldest first.

    Args:
        after: Begin after this rowid, at the cost of the page alone; its ``total`` then counts the page.
    """
    low, high = bounds(number)
    if after is not None:
        low = max(low, after + 1)
    if chosen.trivial and document_id is None:
        total, last = db.execute("SELECT memories, last FROM bank WHERE no = ?", (number,)).fetchone()
        start = offset
        if total == last:  # none was deleted: the offset is a number, and what lies before need not be passed over
            low, start = low + offset + (low == bounds(number)[0]), 0
        sql = f"SELECT {records.COLUMNS} FROM memory m WHERE m.no >= ? AND m.no < ? ORDER BY m.no LIMIT ? OFFSET ?"
        memories = [records.memory(row, bank_id) for row in db.execute(sql, (low, high, limit, start))]
        return MemoryPage(memories, total if after is None else len(memories), limit, offset)
    matching = selected(db, number, chosen, document_id, low=low)
    numbers = list(matching if after is None else islice(matching, offset + limit))
    wanted = numbers[offset : offset + limit]
    found = fetch(db, wanted, bank_id)
    return MemoryPage([found[no] for no in wanted], len(numbers if after is None else wanted), limit, offset)


def everywhere(
    db: sqlite3.Connection, chosen: Filter, *, document_id: str | None = None, numbers: Collection[int] | None = None
) -> list[Memory]:
    """The memories of all banks that meet every selection given, bank by bank, oldest first."""
    found = list(selected(db, None, chosen, document_id, numbers=numbers))
    banks = json.dumps(sorted({no >> BANK_SHIFT for no in found}))
    names = dict(
        db.execute("SELECT no, id FROM bank WHERE no IN (SELECT value FROM json_each(?))", (banks,)).fetchall()
    )
    by_number = rows(db, found)
    return [records.memory(by_number[no], names[no >> BANK_SHIFT]) for no in found]


def related(db: sqlite3.Connection, numbers: Iterable[int], terms: Sequence[str]) -> set[int]:
    """The rowids of what was derived from memories, of what they were derived from, and of what bears a term.

    Args:
        numbers: The memories.
        terms: Terms of the index, such as those of the tags that name them as an origin.
    """
    one = json.dumps(list(numbers))
    found = {
        int(no)
        for sql in (
            "SELECT memory FROM derivation WHERE source IN (SELECT value FROM json_each(?))",
            "SELECT source FROM derivation WHERE memory IN (SELECT value FROM json_each(?))",
        )
        for (no,) in db.execute(sql, (one,))
    }
    for start in range(0, len(terms), _TERMS_AT_ONCE):
        query = " OR ".join(f'"{term}"' for term in terms[start : start + _TERMS_AT_ONCE])
        found.update(no for (no,) in db.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,)))
    return found


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
    found = fetch(db, wanted, bank_id)
    return MemoryPage([found[no] for no in wanted], len(numbers), limit, offset)


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
    # Only '*' is a wildcard; fnmatch knows '?' and '[' too.
    glob = None if pattern is None else "".join(f"[{c}]" if c in "?[" else c for c in pattern)
    counted = db.execute(
        "SELECT tag, memories FROM tag WHERE bank = ? AND tag >= ? AND tag < ?",
        (number, *_beginning((pattern or "").partition("*")[0])),
    )
    kept = [(tag, n) for tag, n in counted if glob is None or fnmatchcase(tag, glob)]
    return [TagCount(tag, n) for tag, n in sorted(kept, key=lambda pair: (-pair[1], pair[0]))]


def _beginning(prefix: str) -> tuple[str, str]:
    """Between which texts those lie that begin with a prefix."""
    return prefix, prefix + "\U0010ffff"
