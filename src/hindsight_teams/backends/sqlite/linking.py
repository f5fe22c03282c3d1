"""What a new memory repeats or contradicts in its bank: traces find it, rules decide, one row records it.

A fact that is stored already, by the same author and in the same scope, is linked: a ``mention`` keeps the new words
with their time, tags and document, and becomes a memory if the first one is deleted and it is not. A fact that a newer
one contradicts stays, marked with the newer one's number.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hindsight_teams.backends.sqlite import checks, duplicates
from hindsight_teams.backends.sqlite.claims import Statement, Traces, contradicts, traces, without_speaker
from hindsight_teams.backends.sqlite.dates import Span, find_spans
from hindsight_teams.backends.sqlite.records import Piece, unpack_tags

MOST_ITEMS = 64
"""Memories of one retain that are compared with what is stored. A bulk load is not: ``consolidate`` does it later."""

_MOST_CANDIDATES = 32
_DAY = 86_400_000_000

TABLES = (
    """CREATE TABLE trace (
        bank INTEGER NOT NULL,
        key INTEGER NOT NULL,
        memory INTEGER NOT NULL,
        PRIMARY KEY (bank, key, memory)
    ) WITHOUT ROWID""",
    """CREATE TABLE mention (
        no INTEGER PRIMARY KEY,
        bank INTEGER NOT NULL,
        memory INTEGER NOT NULL,
        digest INTEGER NOT NULL,
        document INTEGER,
        source INTEGER,
        item TEXT NOT NULL
    )""",
    "CREATE INDEX mention_memory ON mention (memory)",
    "CREATE INDEX mention_digest ON mention (bank, digest)",
    "CREATE INDEX mention_document ON mention (document) WHERE document IS NOT NULL",
    "CREATE INDEX mention_source ON mention (source) WHERE source IS NOT NULL",
)

_CANDIDATES = (
    "SELECT DISTINCT m.no, m.text, m.author, m.mentioned, m.occurred, m.document, m.tags, m.type, m.superseded_by"
    " FROM trace t JOIN memory m ON m.no = t.memory WHERE t.bank = ? AND t.key IN (SELECT value FROM json_each(?))"
    " ORDER BY m.no DESC LIMIT ?"
)
_SAME_SCOPE_ANYWAY = ("run:", "session:")
"""Tags that say on which occasion something was retained, not who may read it."""
_SIGNATURE = (*_SAME_SCOPE_ANYWAY, "team:", "author:", "tagset:", "trust:", "lineage:")


def twin(db: sqlite3.Connection, bank: int, piece: Piece, found: Traces, *, document: int | None) -> int | None:
    """The rowid of a memory that states the same fact as a piece: to be linked, not stored again.

    It has the same author, scope and day, belongs to no memory that was superseded, and not to the same document: a
    document is kept as it is.
    """
    if found.fact is None or piece.type == "observation":
        return None
    for row in db.execute(_CANDIDATES, (bank, json.dumps([found.fact]), _MOST_CANDIDATES)).fetchall():
        no, text, author, mentioned, occurred, its_document, tags, kind, newer = row
        if newer is not None or kind == "observation" or author != piece.author:
            continue
        if its_document is not None and its_document == document and no not in piece.sources:
            continue
        if _scope(unpack_tags(tags), _SAME_SCOPE_ANYWAY) != _scope(piece.tags, _SAME_SCOPE_ANYWAY):
            continue
        if occurred is not None and piece.occurred is not None and occurred // _DAY != piece.occurred // _DAY:
            if not found.claims:  # what is so may be said on many days; what happened, happened twice
                continue
        said, its = without_speaker(piece.text, piece.author), without_speaker(text, author)
        if duplicates.same_fact(said, its) and _days(said, piece.mentioned) == _days(its, mentioned):
            return int(no)
    return None


def mention(db: sqlite3.Connection, bank: int, memory: int, piece: Piece, *, document: int | None) -> None:
    """Record that a piece states what a memory holds already."""
    if memory in piece.sources:  # extracted from a text that says no more than this
        db.execute(
            "UPDATE memory SET occurred = coalesce(occurred, ?), occurred_end = coalesce(occurred_end, ?),"
            " entities = coalesce(entities, ?) WHERE no = ?",
            (
                piece.occurred,
                piece.occurred_end,
                json.dumps(piece.entities, ensure_ascii=False) if piece.entities else None,
                memory,
            ),
        )
        return
    item = {
        name: getattr(piece, name)
        for name in ("text", "author", "document_id", "mentioned", "dated", "occurred", "occurred_end", "context")
    } | {"tags": piece.tags, "metadata": piece.metadata, "entities": piece.entities, "type": piece.type}
    db.execute(
        "INSERT INTO mention (bank, memory, digest, document, source, item) VALUES (?, ?, ?, ?, ?, ?)",
        (
            bank,
            memory,
            piece.digest,
            document,
            piece.sources[0] if piece.sources else None,
            json.dumps(item, ensure_ascii=False, separators=(",", ":")),
        ),
    )


def trace(db: sqlite3.Connection, bank: int, no: int, found: Traces) -> None:
    """Make a stored memory findable by what it states, claims and denies."""
    db.executemany("INSERT OR IGNORE INTO trace VALUES (?, ?, ?)", [(bank, key, no) for key in _keys(found)])


def supersede(db: sqlite3.Connection, bank: int, no: int, piece: Piece, found: Traces) -> list[int]:
    """Mark the memories that a stored piece makes untrue, or itself where a newer one did so; the rowids marked."""
    wanted = [*found.claims, *found.denied, *([_denial(found.fact)] if found.fact is not None else [])]
    if not wanted or piece.type == "observation":
        return []
    marked: list[int] = []
    scope = _scope(piece.tags, _SIGNATURE)
    for row in db.execute(_CANDIDATES, (bank, json.dumps(wanted), _MOST_CANDIDATES)).fetchall():
        other, text, author, mentioned, _, _, tags, kind, newer = row
        if other == no or newer is not None or kind == "observation" or _scope(unpack_tags(tags), _SIGNATURE) != scope:
            continue
        mine, its = _statement(piece.text, piece.mentioned, piece.author), _statement(text, mentioned, author)
        if (piece.mentioned, no) < (mentioned, other):  # told late: what is stored is newer
            if contradicts(mine, its):
                db.execute("UPDATE memory SET superseded_by = ? WHERE no = ?", (other, no))
                return [no]
        elif contradicts(its, mine):
            db.execute("UPDATE memory SET superseded_by = ? WHERE no = ?", (no, other))
            marked.append(int(other))
    return marked


def known(db: sqlite3.Connection, bank: int, document: int | None, digest: int) -> int | None:
    """The memory that a piece with this fingerprint was linked to before."""
    row = db.execute(
        "SELECT memory FROM mention WHERE bank = ? AND digest = ? AND document IS ?", (bank, digest, document)
    ).fetchone()
    return None if row is None else int(row[0])


def forget(db: sqlite3.Connection, bank: int, numbers: Iterable[int]) -> None:
    """Remove the traces of memories that are about to be deleted, and the mentions that were extracted from them."""
    for no in numbers:
        row = db.execute("SELECT text, author FROM memory WHERE no = ?", (no,)).fetchone()
        if row is None:
            continue
        keys = _keys(traces(row[0], author=row[1]))
        db.executemany("DELETE FROM trace WHERE bank = ? AND key = ? AND memory = ?", [(bank, k, no) for k in keys])
        db.execute("DELETE FROM mention WHERE source = ?", (no,))


def orphans(db: sqlite3.Connection, bank: int, numbers: Iterable[int]) -> Iterator[tuple[Piece, int | None]]:
    """Take out the mentions of deleted memories, each as a piece to be stored in its own right, with its source."""
    for no in numbers:
        rows = db.execute("SELECT no, digest, source, item FROM mention WHERE memory = ? ORDER BY no", (no,)).fetchall()
        for number, digest, source, item in rows:
            db.execute("DELETE FROM mention WHERE no = ?", (number,))
            yield _piece(json.loads(item), digest, source), source


def _piece(item: dict[str, Any], digest: int, source: int | None) -> Piece:
    from hindsight_teams.backends.sqlite import tokens

    tags, entities = tuple(item.pop("tags")), tuple(item.pop("entities"))
    piece = Piece(
        **item,
        digest=digest,
        terms="",
        append=True,
        tags=tags,
        entities=entities,
        sources=() if source is None else (source,),
    )
    terms = tokens.indexed(piece.text, author=piece.author, context=piece.context, entities=entities, tags=tags)
    return replace(piece, terms=terms)


def _keys(found: Traces) -> list[int]:
    fact = [] if found.fact is None else [found.fact]
    return [*fact, *found.claims, *map(_denial, found.denied)]


def _denial(key: int) -> int:
    raw = hashlib.blake2b(f"not {key}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


def _statement(text: str, mentioned: int, author: str | None) -> Statement:
    return Statement(text, checks.from_microseconds(mentioned), author)  # type: ignore[arg-type]


def _days(text: str, mentioned: int) -> list[tuple[object, object]]:
    """What "tomorrow" and the like mean in a text: the same words are two facts on two days."""
    spans: list[Span] = find_spans(text, checks.from_microseconds(mentioned))  # type: ignore[arg-type]
    return [(span.start, span.end) for span in spans]


def _scope(tags: Sequence[str], ignored: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tag for tag in tags if not tag.startswith(ignored))
