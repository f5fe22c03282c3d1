"""Whether a file is sound: its pages, its indexes and counts, and what a read would stumble over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from hindsight_teams.backends.sqlite.store import schema, soundness
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.errors import DatabaseUnusable

_PROBLEMS = 20
"""Problems of one kind that a report lists."""

_ORPHANS = (
    ("memory m WHERE NOT EXISTS (SELECT 1 FROM words_content w WHERE w.id = m.no)", "memories are not indexed"),
    ("words_content w WHERE NOT EXISTS (SELECT 1 FROM memory m WHERE m.no = w.id)", "index entries have no memory"),
    ("derivation d WHERE NOT EXISTS (SELECT 1 FROM memory m WHERE m.no = d.memory)", "derivations have no memory"),
    ("derivation d WHERE NOT EXISTS (SELECT 1 FROM memory m WHERE m.no = d.source)", "derivations have no source"),
    ("pending p WHERE NOT EXISTS (SELECT 1 FROM memory m WHERE m.no = p.memory)", "extractions have no memory"),
    (
        "memory m WHERE m.superseded_by IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM memory n WHERE n.no = m.superseded_by)",
        "memories are superseded by one that is gone",
    ),
    ("vector v WHERE NOT EXISTS (SELECT 1 FROM memory m WHERE m.no = v.no)", "vectors have no memory"),
    ("memory m WHERE NOT EXISTS (SELECT 1 FROM bank b WHERE b.no = m.bank)", "memories are in no bank"),
    ("memory m WHERE m.no >> 32 <> m.bank", "memories have a number of another bank"),
    (
        "memory m WHERE m.document IS NOT NULL AND NOT EXISTS (SELECT 1 FROM document d WHERE d.no = m.document)",
        "memories are of a document that is gone",
    ),
)


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
    yield from soundness.problems(db, _PROBLEMS)
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
    for condition, words in _ORPHANS:
        (count,) = db.execute(f"SELECT count(*) FROM {condition}").fetchone()
        if count:
            yield f"{count} {words}"
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
