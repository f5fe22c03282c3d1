"""Link a text to an equal memory of the same bank, which then counts how often it was told.

A text that the same author has told in the same scope is not stored a second time: a ``mention`` keeps the time, tags,
metadata and document of the repetition, and becomes a memory of its own if the first one is deleted and it is not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from hindsight_teams.access.signatures import is_invented
from hindsight_teams.backends.sqlite.store.reading import Filter
from hindsight_teams.backends.sqlite.store.records import (
    OCCASION,
    Piece,
    local,
    pack,
    pack_tags,
    public_id,
    scope,
    told_key,
    unpack_tags,
)
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.models import Memory
from hindsight_teams.text import same_words

_SIGNATURE = (*OCCASION, "team:", "author:", "tagset:", "trust:", "lineage:")

_PLAIN = "text author document_id mentioned zone dated occurred occurred_end context".split()

Row: TypeAlias = "tuple[int, int, str, str | None, str | None, int, int, int | None, str | None]"
"""Number, fingerprint, text, author, context, when and in which zone it was said, document, tags."""

NewMemory: TypeAlias = tuple[int, Piece, int | None, int]
"""A memory that a retain adds: its rowid, what is stored under it, its document, its position in that."""


class Told:
    """What a bank holds, and what one retain adds to it, by its words.

    Args:
        bank: The bank's number.
        new: What is to be stored: only memories of the same words are looked up.
    """

    def __init__(self, db: sqlite3.Connection, bank: int, new: Sequence[Piece]) -> None:
        self._rows: dict[int, list[Row]] = {}
        self._added: dict[int, NewMemory] = {}  # not yet a row: most are told once
        self._same: dict[tuple[int, int | None], tuple[int, str]] = {}
        self._replaced: set[int] = set()
        keys, values = _is_one_of([piece.said for piece in new])
        rows = db.execute(
            "SELECT said, superseded_by IS NULL AND type <> 'observation', no, digest, text, author, context,"
            " mentioned, zone, document, tags FROM memory INDEXED BY memory_said"
            f" WHERE bank = ? AND said {keys} ORDER BY no",
            (bank, values),
        )
        for said, holds, *row in rows:
            self._same[row[1], row[7]] = row[0], row[2]
            if not holds:
                self._replaced.add(row[0])
            else:
                self._rows.setdefault(said, []).append(tuple(row))

    def add(self, memory: NewMemory) -> None:
        """Note a memory that is stored by this retain."""
        no, piece, document, _ = memory
        self._same[piece.digest, document] = no, piece.text
        if piece.type != "observation":
            if piece.said in self._added:
                self._take(*self._added[piece.said])
            self._added[piece.said] = memory

    def _take(self, no: int, piece: Piece, document: int | None, _: int) -> None:
        said = (piece.text, piece.author, piece.context, piece.mentioned, piece.zone)
        self._rows.setdefault(piece.said, []).append((no, piece.digest, *said, document, pack_tags(piece.tags)))

    def same(self, piece: Piece, document: int | None) -> int | None:
        """The rowid of the memory that the same retain made earlier; None where there is none."""
        no, text = self._same.get((piece.digest, document), (None, None))
        return no if text == piece.text else None

    def is_replaced(self, no: int | None) -> bool:
        """Whether a memory is superseded, or an observation: what says it again is a memory of its own."""
        return no in self._replaced

    def before(self, piece: Piece, document: int | None) -> int | None:
        """The rowid of the memory that a piece says again; None where it says something new.

        It has the same words, author, context and scope, means the same days by "tomorrow" and the like, and does not
        belong to the same document, unless that is a conversation: a document is kept as it is.
        """
        if piece.type == "observation":
            return None
        if piece.said in self._added:
            self._take(*self._added.pop(piece.said))
        for no, _, text, author, context, mentioned, zone, its_document, tags in self._rows.get(piece.said, ()):
            if (
                (author, context) == (piece.author, piece.context)
                and (its_document is None or its_document != document or no in piece.sources or is_heard(piece))
                and scope(unpack_tags(tags), OCCASION) == scope(piece.tags, OCCASION)
                and same_words(text) == same_words(piece.text)
                and _days(text, mentioned, zone) == _days(piece.text, piece.mentioned, piece.zone)
            ):
                return no
        return None


def is_said_again(piece: Piece) -> bool:
    """Whether a retain that equals an earlier one in everything counts as said again.

    With a time, or for a document of the caller's own, it is the same retain, tried again.
    """
    return not piece.dated and not piece.sources and piece.type != "observation" and stands_alone(piece)


def stands_alone(piece: Piece) -> bool:
    """Whether a piece stands for itself: it is not part of a document that somebody named."""
    return piece.document_id is None or is_invented(piece.document_id)


def is_heard(piece: Piece) -> bool:
    """Whether a piece may say again what its own document holds: it has none, or was heard in a conversation."""
    return stands_alone(piece) or "exchange" in piece.metadata


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
    if _is_of_the_same_run(db, memory, piece):  # a model that repeats its call, not somebody who says it again
        return
    item = {name: getattr(piece, name) for name in _PLAIN}
    item |= {"tags": piece.tags, "metadata": piece.metadata, "entities": piece.entities, "type": piece.type}
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


def _is_of_the_same_run(db: sqlite3.Connection, memory: int, piece: Piece) -> bool:
    occasion = (piece.metadata.get("run"), piece.metadata.get("session"))
    if not occasion[0] or not stands_alone(piece):
        return False
    sql = (
        "SELECT json_extract(metadata, '$.run'), json_extract(metadata, '$.session') FROM memory WHERE no = ?"
        " UNION SELECT json_extract(item, '$.metadata.run'), json_extract(item, '$.metadata.session')"
        " FROM mention WHERE memory = ?"
    )
    return occasion in db.execute(sql, (memory, memory)).fetchall()


def mark(db: sqlite3.Connection, old: int, new: int) -> bool:
    """Record that a memory is superseded, once: by the first that was found to do so, and never in a circle."""
    sql = (
        "UPDATE memory SET superseded_by = ?1 WHERE no = ?2 AND superseded_by IS NULL AND no NOT IN"
        " (WITH RECURSIVE later (no) AS"
        " (VALUES (?1) UNION SELECT superseded_by FROM later JOIN memory USING (no) WHERE superseded_by NOT NULL)"
        " SELECT no FROM later)"
    )
    return db.execute(sql, (new, old)).rowcount > 0


def pass_on(db: sqlite3.Connection, gone: Collection[int]) -> dict[int, int]:
    """Hand what deleted memories replaced to those that replaced them in turn; which ones replace the deleted."""
    sql = "SELECT no, superseded_by FROM memory WHERE superseded_by NOT NULL AND no IN (SELECT value FROM json_each(?))"
    newer = dict(db.execute(sql, (json.dumps(sorted(gone)),)).fetchall())
    for no in newer:
        while newer[no] in gone:
            newer[no] = newer.get(newer[no])
    db.executemany("UPDATE memory SET superseded_by = ? WHERE superseded_by = ?", [(newer.get(no), no) for no in gone])
    return newer


def known(
    db: sqlite3.Connection, bank: int, document: int | None, digests: Iterable[int] | None = None
) -> dict[int, int]:
    """Fingerprint to rowid of what a document, or what belongs to none, was linked to before.

    Args:
        digests: Only these fingerprints; all of the document's when None.
    """
    if digests is None:
        return dict(db.execute("SELECT digest, memory FROM mention WHERE document = ?", (document,)))
    keys, values = _is_one_of(list(digests))
    sql = f"SELECT digest, memory FROM mention WHERE bank = ? AND digest {keys} AND document IS ?"
    return dict(db.execute(sql, (bank, values, document)))


def _is_one_of(numbers: Sequence[int]) -> tuple[str, int | str]:
    """A condition that a column is one of some numbers, with its value: one alone, as in most retains, costs less."""
    if len(numbers) == 1:
        return "= ?", numbers[0]
    return "IN (SELECT value FROM json_each(?))", json.dumps(numbers)


def selected(
    db: sqlite3.Connection, bank: int, chosen: Filter, *, document_id: str | None, numbers: Collection[int] | None
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """The mentions that meet every selection given: number, memory, and what was retained."""
    values: list[object] = [bank]
    sql = "SELECT no, memory, item, source FROM mention WHERE bank = ?"
    if numbers is not None:
        sql += " AND memory IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(sorted(numbers)))
    if document_id is not None:
        sql += " AND document = (SELECT no FROM document WHERE bank = ? AND id = ?)"
        values += [bank, document_id]
    for no, memory, item, source in db.execute(f"{sql} ORDER BY no", values):
        fields = json.loads(item)
        if chosen.accepts(pack(fields["tags"]), fields["type"]):
            yield no, memory, {**fields, "source": source}


def drop_selected(
    db: sqlite3.Connection, bank: int, chosen: Filter, *, document_id: str | None, numbers: Collection[int] | None
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
    zone = fields["zone"]
    return Memory(
        id=public_id(no),
        text=fields["text"],
        bank_id=bank_id,
        tags=tuple(fields["tags"]),
        metadata=fields["metadata"],
        document_id=fields["document_id"],
        context=fields["context"],
        occurred_at=local(fields["occurred"], zone),
        occurred_end=local(fields["occurred_end"], zone),
        mentioned_at=local(fields["mentioned"], zone),
        entities=tuple(fields["entities"]),
        type=fields["type"],
        source_ids=() if fields["source"] is None else (public_id(fields["source"]),),
    )


def orphans(db: sqlite3.Connection, numbers: Iterable[int]) -> list[tuple[int, Piece]]:
    """Take out the mentions of deleted memories, as pieces to be stored in their own right; each with its memory."""
    sql = "DELETE FROM mention WHERE memory = ? RETURNING source, digest, item"
    return [
        (no, _piece(json.loads(item), digest, source))
        for no in numbers
        for source, digest, item in db.execute(sql, (no,)).fetchall()
    ]


def _piece(item: dict[str, Any], digest: int, source: int | None) -> Piece:
    tags, entities = tuple(item.pop("tags")), tuple(item.pop("entities"))
    piece = Piece(
        **item,
        digest=digest,
        said=told_key(item["text"], author=item["author"], context=item["context"], tags=tags),
        terms="",
        append=True,
        tags=tags,
        entities=entities,
        sources=() if source is None else (source,),
    )
    terms = tokens.indexed(piece.text, author=piece.author, context=piece.context, entities=entities, tags=tags)
    return replace(piece, terms=terms)


def _days(text: str, mentioned: int, zone: int) -> list[tuple[object, object]]:
    """What "tomorrow" and the like mean in a text: the same words are two facts on two days."""
    moment = local(mentioned, zone)
    assert moment is not None
    from hindsight_teams.backends.sqlite.text.dates import find_spans  # many patterns, which other verbs do without

    return [(span.start, span.end) for span in find_spans(text, moment)]


def readers(tags: Iterable[str]) -> frozenset[str]:
    """The tags that decide who may read a memory, without those that the service signs it with."""
    return scope(tags, _SIGNATURE)
