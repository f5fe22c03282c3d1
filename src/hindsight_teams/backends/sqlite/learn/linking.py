"""What a new memory repeats or contradicts in its bank: traces find it, rules decide, one row records it.

A fact that is stored already, by the same author and in the same scope, is linked: a ``mention`` keeps the new words
with their time, tags and document, and becomes a memory if the first one is deleted and it is not. A fact that a newer
one contradicts stays, marked with the newer one's number.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from hindsight_teams.backends.sqlite import checks
from hindsight_teams.backends.sqlite.search.filters import Filter
from hindsight_teams.backends.sqlite.store.records import Piece, pack, public_id, unpack_tags
from hindsight_teams.backends.sqlite.text import duplicates
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.dates import Span, find_spans
from hindsight_teams.models import Memory

if TYPE_CHECKING:  # its patterns take 20 ms to compile, which a process that only recalls need not spend
    from hindsight_teams.backends.sqlite.text.claims import Statement, Traces

MOST_ITEMS = 64
"""Memories of one retain that are compared with what is stored. A bulk load is not: ``consolidate`` does it later."""

_MOST_CANDIDATES = 32
_DAY = 86_400_000_000

_CANDIDATES = (
    "SELECT DISTINCT m.no, m.text, m.author, m.mentioned, m.occurred, m.document, m.tags, m.type, m.superseded_by"
    " FROM trace t JOIN memory m ON m.no = t.memory WHERE t.bank = ? AND t.key IN (SELECT value FROM json_each(?))"
    " ORDER BY m.no DESC LIMIT ?"
)
_OCCASION = ("run:", "session:")
"""Tags that say on which occasion something was retained, not who may read it."""
_SIGNATURE = (*_OCCASION, "team:", "author:", "tagset:", "trust:", "lineage:")


Row: TypeAlias = "tuple[int, str, str | None, int, int | None, int | None, str | None, str, int | None]"
Fresh: TypeAlias = "Sequence[tuple[int, Piece, int | None, int]]"


def link(db: sqlite3.Connection, bank: int, piece: Piece, *, document: int | None, batch: Fresh) -> int | None:
    """The rowid of a memory that states what a piece states, with a mention recorded; None where there is none.

    It has the same author, scope and day, is not superseded, and belongs to another document: a document is kept as it
    is.

    Args:
        document: The document that the piece belongs to.
        batch: What the same retain stores and the tables do not hold yet: rowid, piece, document, position.
    """
    found = _traces(piece)
    if found.fact is None or piece.type == "observation":
        return None
    rows: list[Row] = [
        (no, p.text, p.author, p.mentioned, p.occurred, d, pack(p.tags), p.type, None)
        for no, p, d, _ in batch
        if _traces(p).fact == found.fact
    ]
    rows += db.execute(_CANDIDATES, (bank, json.dumps([found.fact]), _MOST_CANDIDATES)).fetchall()
    for row in rows:
        if _repeats(piece, found, document, row):
            _mention(db, bank, row[0], piece, document=document)
            return row[0]
    return None


def _repeats(piece: Piece, found: Traces, document: int | None, row: Row) -> bool:
    from hindsight_teams.backends.sqlite.text.claims import without_speaker

    no, text, author, mentioned, occurred, its_document, tags, kind, newer = row
    if newer is not None or kind == "observation" or author != piece.author:
        return False
    if its_document is not None and its_document == document and no not in piece.sources:
        return False
    if scope(unpack_tags(tags), _OCCASION) != scope(piece.tags, _OCCASION):
        return False
    other_day = occurred is not None and piece.occurred is not None and occurred // _DAY != piece.occurred // _DAY
    if other_day and not found.claims:  # what is so may be said on many days; what happened, happened twice
        return False
    said, its = without_speaker(piece.text, piece.author), without_speaker(text, author)
    return duplicates.same_fact(said, its) and _days(said, piece.mentioned) == _days(its, mentioned)


def record(db: sqlite3.Connection, bank: int, no: int, piece: Piece) -> None:
    """Make a stored memory findable by what it states, and mark what it makes untrue, or itself."""
    found = _traces(piece)
    db.executemany("INSERT OR IGNORE INTO trace VALUES (?, ?, ?)", [(bank, key, no) for key in _keys(found)])
    _supersede(db, bank, no, piece, found)


@lru_cache(maxsize=256)
def _traced(text: str, author: str | None) -> Traces:
    from hindsight_teams.backends.sqlite.text.claims import traces

    return traces(text, author=author)


def _traces(piece: Piece) -> Traces:
    return _traced(piece.text, piece.author)


def _mention(db: sqlite3.Connection, bank: int, memory: int, piece: Piece, *, document: int | None) -> None:
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


def _supersede(db: sqlite3.Connection, bank: int, no: int, piece: Piece, found: Traces) -> None:
    from hindsight_teams.backends.sqlite.text.claims import contradicts

    wanted = [*found.claims, *found.denied, *([_denial(found.fact)] if found.fact is not None else [])]
    if not wanted or piece.type == "observation":
        return
    its_scope = scope(piece.tags)
    mine = _statement(piece.text, piece.mentioned, piece.author)
    for row in db.execute(_CANDIDATES, (bank, json.dumps(wanted), _MOST_CANDIDATES)).fetchall():
        other, text, author, mentioned, _, _, tags, kind, newer = row
        if other == no or newer is not None or kind == "observation" or scope(unpack_tags(tags)) != its_scope:
            continue
        its = _statement(text, mentioned, author)
        if (piece.mentioned, no) < (mentioned, other):  # told late: what is stored is newer
            if contradicts(mine, its):
                mark(db, no, other)
                return
        elif contradicts(its, mine):
            mark(db, other, no)


def mark(db: sqlite3.Connection, old: int, new: int) -> None:
    """Record that a memory is superseded, once: by the first that was found to do so."""
    db.execute("UPDATE memory SET superseded_by = ? WHERE no = ? AND superseded_by IS NULL", (new, old))


def known(
    db: sqlite3.Connection, bank: int, document: int | None, digests: Iterable[int] | None = None
) -> dict[int, int]:
    """Fingerprint to rowid of what a document, or what belongs to none, was linked to before.

    Args:
        digests: Only these fingerprints; all of the document's when None.
    """
    if digests is None:
        return dict(db.execute("SELECT digest, memory FROM mention WHERE document = ?", (document,)))
    if db.execute("SELECT 1 FROM mention WHERE bank = ? LIMIT 1", (bank,)).fetchone() is None:
        return {}
    sql = "SELECT digest, memory FROM mention WHERE bank = ? AND digest = ? AND document IS ?"
    return {d: memory for digest in digests for d, memory in db.execute(sql, (bank, digest, document))}


def drop(db: sqlite3.Connection, bank: int, *, document: int) -> None:
    """Remove the mentions that belong to a document."""
    db.execute("DELETE FROM mention WHERE bank = ? AND document = ?", (bank, document))


def selected(
    db: sqlite3.Connection, bank: int, chosen: Filter, *, document_id: str | None, numbers: Container[int] | None
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """The mentions that meet every selection given: number, memory, and what was retained."""
    for no, memory, item in db.execute("SELECT no, memory, item FROM mention WHERE bank = ? ORDER BY no", (bank,)):
        fields = json.loads(item)
        if (
            (document_id is None or document_id == fields["document_id"])
            and (numbers is None or memory in numbers)
            and chosen.accepts(pack(fields["tags"]), fields["type"])
        ):
            yield no, memory, fields


def drop_selected(
    db: sqlite3.Connection, bank: int, chosen: Filter, *, document_id: str | None, numbers: Container[int] | None
) -> int:
    """Remove the mentions that meet every selection given, with documents that held nothing else; how many went."""
    gone = [(no,) for no, _, _ in selected(db, bank, chosen, document_id=document_id, numbers=numbers)]
    documents: set[tuple[int | None]] = set()
    for one in gone:
        documents.update(db.execute("DELETE FROM mention WHERE no = ? RETURNING document", one).fetchall())
    drop_empty(db, (number for (number,) in documents if number is not None))
    return len(gone)


def drop_empty(db: sqlite3.Connection, documents: Iterable[int]) -> None:
    """Remove those of these documents that hold nothing any more."""
    db.executemany(
        "DELETE FROM document WHERE no = ? AND NOT EXISTS (SELECT 1 FROM memory WHERE document = document.no)"
        " AND NOT EXISTS (SELECT 1 FROM mention WHERE document = document.no)",
        [(number,) for number in sorted(documents)],
    )


def as_memory(bank_id: str, no: int, fields: Mapping[str, Any]) -> Memory:
    """A mention as a memory, under the id of the one that it repeats."""
    at = checks.from_microseconds
    return Memory(
        id=public_id(no),
        text=fields["text"],
        bank_id=bank_id,
        tags=tuple(fields["tags"]),
        metadata=fields["metadata"],
        document_id=fields["document_id"],
        context=fields["context"],
        occurred_at=at(fields["occurred"]),
        occurred_end=at(fields["occurred_end"]),
        mentioned_at=at(fields["mentioned"]),
        entities=tuple(fields["entities"]),
        type=fields["type"],
    )


def forget(db: sqlite3.Connection, bank: int, numbers: Iterable[int]) -> None:
    """Remove the traces of memories that are about to be deleted, and the mentions that were extracted from them."""
    for no in numbers:
        row = db.execute("SELECT text, author FROM memory WHERE no = ?", (no,)).fetchone()
        if row is not None:
            keys = _keys(_traced(*row))
            db.executemany("DELETE FROM trace WHERE bank = ? AND key = ? AND memory = ?", [(bank, k, no) for k in keys])
        db.execute("DELETE FROM mention WHERE source = ?", (no,))


def orphans(db: sqlite3.Connection, numbers: Iterable[int]) -> list[Piece]:
    """Take out the mentions of deleted memories, as pieces to be stored in their own right."""
    pieces: list[Piece] = []
    for no in numbers:
        for source, digest, item in db.execute(
            "DELETE FROM mention WHERE memory = ? RETURNING source, digest, item", (no,)
        ).fetchall():
            pieces.append(_piece(json.loads(item), digest, source))
    return pieces


def remove_bank(db: sqlite3.Connection, bank: int) -> None:
    """Remove all traces and mentions of a bank."""
    db.execute("DELETE FROM trace WHERE bank = ?", (bank,))
    db.execute("DELETE FROM mention WHERE bank = ?", (bank,))


def _piece(item: dict[str, Any], digest: int, source: int | None) -> Piece:
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
    from hindsight_teams.backends.sqlite.text.claims import Statement

    return Statement(text, checks.from_microseconds(mentioned), author)  # type: ignore[arg-type]


def _days(text: str, mentioned: int) -> list[tuple[object, object]]:
    """What "tomorrow" and the like mean in a text: the same words are two facts on two days."""
    spans: list[Span] = find_spans(text, checks.from_microseconds(mentioned))  # type: ignore[arg-type]
    return [(span.start, span.end) for span in spans]


def scope(tags: Sequence[str], ignored: tuple[str, ...] = _SIGNATURE) -> frozenset[str]:
    """The tags that decide who may read a memory: all but those that say who retained it, and when."""
    return frozenset(tag for tag in tags if not tag.startswith(ignored))
