"""Retain and delete inside one write transaction."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from hindsight_teams.backends.sqlite import size_limits
from hindsight_teams.backends.sqlite.learn import linking
from hindsight_teams.backends.sqlite.store.records import (
    Piece,
    digest,
    instant,
    pack,
    pack_tags,
    stream,
    to_microseconds,
    told_key,
)
from hindsight_teams.backends.sqlite.store.schema import BANK_SHIFT
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import RetainItem
from hindsight_teams.text import split

MEMORY_SIZE = 1_500
"""Characters of one memory; longer content is stored as several, cut between sentences."""

_INSERT = (
    "INSERT INTO memory (no, bank, digest, author, document, position, mentioned, dated, occurred, occurred_end, type,"
    " context, tags, metadata, entities, text, said, zone, stream) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)

_COUNT_TAG = (
    "INSERT INTO tag (bank, tag, memories) VALUES (?, ?, ?)"
    " ON CONFLICT (bank, tag) DO UPDATE SET memories = memories + excluded.memories"
)


def pieces(item: RetainItem, *, now: datetime, read: bool = True) -> list[Piece]:
    """The memories that one retain makes, checked and ready to be stored.

    Args:
        now: When an item without a timestamp is said.
        read: Look for names and dates in the text, which costs more than all the rest: not for a bulk load.

    Raises:
        InvalidInput: The item can't be stored.
    """
    size_limits.check_item(item)
    text = item.content.strip()
    tags = tuple(dict.fromkeys(item.tags)) if item.tags else ()
    texts = [text] if len(text) <= MEMORY_SIZE else split(text, MEMORY_SIZE)
    document_id = item.document_id
    if document_id is None and len(texts) > 1:
        # The parts of one long text are each other's neighbours, which a document says.
        document_id = "content:" + hashlib.blake2b(f"{digest(item, text, tags)}".encode(), digest_size=8).hexdigest()
        item = replace(item, document_id=document_id)
    metadata = dict(item.metadata or {})
    author = metadata.get("author") or tokens.speaker(text)
    given = tuple(dict.fromkeys(item.entities)) if item.entities else ()
    moment = item.timestamp or now
    mentioned, zone = instant(moment)
    made = []
    for part in texts:
        occurred, end = _happened(part, moment) if read else (None, None)
        piece = Piece(
            text=part,
            digest=digest(item, part, tags),
            said=told_key(part, author=author, context=item.context, tags=tags),
            terms=tokens.indexed(part, author=author, context=item.context, entities=given, tags=tags),
            author=author,
            document_id=document_id,
            append=item.update_mode == "append",
            mentioned=mentioned,
            zone=zone,
            dated=item.timestamp is not None,
            occurred=occurred,
            occurred_end=end,
            context=item.context,
            tags=tags,
            metadata=metadata,
            entities=tuple(dict.fromkeys((*given, *_names(part)))) if read else given,
        )
        made.append(piece)
    return made


def _names(text: str) -> tuple[str, ...]:
    from hindsight_teams.backends.sqlite.text.names import find_entities

    return find_entities(text)


def _happened(text: str, moment: datetime) -> tuple[int | None, int | None]:
    """When that happened which a text tells: the first and the last microsecond, where it says so."""
    from hindsight_teams.backends.sqlite.text.dates import happened  # many patterns, which other verbs do without

    found = happened(text, moment)
    if found is None:
        return None, None
    return to_microseconds("start", found.start), to_microseconds("end", found.end)


def ensure_bank(db: sqlite3.Connection, bank_id: str, *, now: int, name: str | None = None) -> int:
    """The number of the bank, which is made when it does not exist."""
    row = db.execute("SELECT no FROM bank WHERE id = ?", (bank_id,)).fetchone()
    if row is None:
        sql = "INSERT INTO bank (id, name, created, written) VALUES (?, ?, ?, ?)"
        row = (db.execute(sql, (bank_id, name, now, now)).lastrowid,)
    return int(row[0])  # pyright: ignore[reportArgumentType]  # an INSERT has a row id


def store(db: sqlite3.Connection, bank: int, new: Sequence[Piece], *, now: int) -> list[int]:
    """Store pieces in a bank; the rowids of all of them, also of those that were there already."""
    numbers = [0] * len(new)
    fresh: list[linking.NewMemory] = []
    groups: dict[str | None, list[int]] = {}
    for i, piece in enumerate(new):
        groups.setdefault(piece.document_id, []).append(i)
    plans: list[tuple[int | None, bool, dict[int, int], list[int]]] = []
    for document_id, members in groups.items():
        document = None if document_id is None else document_number(db, bank, document_id)
        pieces_of_it = [new[i] for i in members]
        added = document is None or all(piece.append or linking.stands_alone(piece) for piece in pieces_of_it)
        if document is None or added:
            known = linking.known(db, bank, document, [piece.digest for piece in pieces_of_it])
        else:
            known = _replaced(db, bank, document, pieces_of_it)
            if document_id is not None and not known:  # with its memories the document went too
                document = document_number(db, bank, document_id)
        plans.append((document, added, known, members))
    # Only now: what was deleted above may have made memories of what repeated it.
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (bank,)).fetchone()
    told = linking.Told(db, bank, new)
    for document, added, known, members in plans:
        position = 0 if document is None else document_end(db, document)
        for i in members:
            piece = new[i]
            number = told.same(piece, document) if added else None
            if number is None:
                number = known.get(piece.digest)
            if linking.is_said_again(piece) and told.is_replaced(number):
                number = None  # it holds again
            if number is None:
                number = told.before(piece, document)
                if number is not None:
                    linking.mention(db, bank, number, piece, document=document)
            elif linking.is_said_again(piece):
                linking.mention(db, bank, number, piece, document=document)
            if number is None:
                last += 1
                if last >> BANK_SHIFT:
                    raise InvalidInput("the bank is full: it has numbered 4 billion memories; use another bank")
                number = known[piece.digest] = (bank << BANK_SHIFT) + last
                fresh.append((number, piece, document, position))
                told.add(fresh[-1])
                position += document is not None
            numbers[i] = number
    insert(db, bank, fresh, last=last, now=now)
    return numbers


def insert(db: sqlite3.Connection, bank: int, fresh: Sequence[linking.NewMemory], *, last: int, now: int) -> None:
    """Write new memories and all that is found by them.

    Args:
        fresh: For each its rowid, itself, its document and its position in that.
        last: The highest number that the bank has given now.
        now: When it was written.
    """
    # One row at a time: thousands of tuples that live on make the garbage collector look through all there is.
    db.executemany(_INSERT, (_row(number, bank, p, d, at) for number, p, d, at in fresh))
    db.executemany("INSERT INTO words (rowid, terms) VALUES (?, ?)", ((n, p.terms) for n, p, *_ in fresh))
    # A document of several memories has an order of its own.
    several = [(document,) for document in {d for _, _, d, position in fresh if position}]
    tags = Counter(tag for _, piece, *_ in fresh for tag in piece.tags)
    for sql, rows in (
        (_COUNT_TAG, [(bank, tag, n) for tag, n in tags.items()]),
        ("UPDATE memory SET stream = NULL WHERE document = ? AND position = 0", several),
        (
            "INSERT INTO vector (no, model, data) VALUES (?, ?, ?)",
            [(n, p.model, p.vector) for n, p, *_ in fresh if p.vector is not None],
        ),
        ("INSERT INTO derivation (source, memory) VALUES (?, ?)", [(s, n) for n, p, *_ in fresh for s in p.sources]),
    ):
        if rows:
            db.executemany(sql, rows)
    db.execute(
        "UPDATE bank SET last = ?, memories = memories + ?, written = max(written, ?) WHERE no = ?",
        (last, len(fresh), now, bank),
    )


def _row(number: int, bank: int, piece: Piece, document: int | None, position: int) -> tuple[object, ...]:
    return (
        number,
        bank,
        piece.digest,
        piece.author,
        document,
        position,
        piece.mentioned,
        piece.dated,
        piece.occurred,
        piece.occurred_end,
        piece.type,
        piece.context,
        pack_tags(piece.tags),
        pack(piece.metadata),
        pack(piece.entities),
        piece.text,
        piece.said,
        piece.zone,
        None if position else stream(piece.tags, dated=piece.dated),
    )


def document_number(db: sqlite3.Connection, bank: int, document_id: str) -> int:
    """The number of a document, which is made when it does not exist."""
    row = db.execute("SELECT no FROM document WHERE bank = ? AND id = ?", (bank, document_id)).fetchone()
    if row is None:
        row = (db.execute("INSERT INTO document (bank, id) VALUES (?, ?)", (bank, document_id)).lastrowid,)
    return int(row[0])  # pyright: ignore[reportArgumentType]  # an INSERT has a row id


def document_end(db: sqlite3.Connection, document: int) -> int:
    """The position after a document's last memory."""
    (last,) = db.execute("SELECT max(position) FROM memory WHERE document = ?", (document,)).fetchone()
    return 0 if last is None else int(last) + 1


def _replaced(db: sqlite3.Connection, bank: int, document: int, new: Sequence[Piece]) -> dict[int, int]:
    """Fingerprint to rowid of what a document holds already; nothing where it held something else, which goes."""
    old = db.execute(  # facts that were extracted from its texts come and go with these
        "SELECT no, digest FROM memory WHERE document = ?"
        " AND NOT EXISTS (SELECT 1 FROM derivation d WHERE d.memory = memory.no) ORDER BY position",
        (document,),
    ).fetchall()
    wanted = list(dict.fromkeys(piece.digest for piece in new))
    linked = linking.known(db, bank, document)
    stored = [d for d in wanted if d not in linked]
    if [d for _, d in old] != stored[: len(old)] or not linked.keys() <= set(wanted):
        db.execute("DELETE FROM mention WHERE bank = ? AND document = ?", (bank, document))
        remove(db, bank, [no for no, _ in old])
        return {}
    return linked | {d: no for no, d in old}


def remove(db: sqlite3.Connection, bank: int, numbers: Iterable[int]) -> int:
    """Delete memories of a bank with everything that was derived from them; how many went.

    What repeated one of them becomes a memory of its own.
    """
    gone = set(numbers)
    wave = sorted(gone)
    while wave:
        derived = {
            int(memory)
            for no in wave
            for (memory,) in db.execute("SELECT memory FROM derivation WHERE source = ?", (no,))
        }
        wave = sorted(derived - gone)
        gone |= derived
    rows = [(no,) for no in sorted(gone)]
    db.executemany("DELETE FROM mention WHERE source = ?", rows)
    repeated = linking.orphans(db, sorted(gone))
    documents = {d for row in rows for (d,) in db.execute("SELECT document FROM memory WHERE no = ?", row)} - {None}
    db.executemany("DELETE FROM words WHERE rowid = ?", rows)
    db.executemany("DELETE FROM vector WHERE no = ?", rows)
    db.executemany("DELETE FROM derivation WHERE memory = ?", rows)
    db.executemany("DELETE FROM pending WHERE memory = ?", rows)
    newer = linking.pass_on(db, gone)
    deleted = db.executemany("DELETE FROM memory WHERE no = ?", rows).rowcount if rows else 0
    db.execute("UPDATE bank SET memories = memories - ? WHERE no = ?", (deleted, bank))
    if repeated:
        written, last = db.execute("SELECT written, last FROM bank WHERE no = ?", (bank,)).fetchone()
        stored = store(db, bank, [piece for _, piece in repeated], now=written)
        for no, (first, _) in zip(stored, repeated, strict=True):
            if first in newer and no > (bank << BANK_SHIFT) + last:  # what was replaced as often as it was said
                linking.mark(db, no, newer[first])
    linking.drop_empty(db, documents)
    return deleted


def remove_bank(db: sqlite3.Connection, bank: int) -> int:
    """Delete a bank with all it holds; how many memories went."""
    low, high = bank << BANK_SHIFT, (bank + 1) << BANK_SHIFT
    db.execute("DELETE FROM words WHERE rowid >= ? AND rowid < ?", (low, high))
    db.execute("DELETE FROM vector WHERE no >= ? AND no < ?", (low, high))
    db.execute("DELETE FROM derivation WHERE source >= ? AND source < ?", (low, high))
    db.execute("DELETE FROM pending WHERE memory >= ? AND memory < ?", (low, high))
    db.execute("DELETE FROM mention WHERE bank = ?", (bank,))
    deleted = db.execute("DELETE FROM memory WHERE no >= ? AND no < ?", (low, high)).rowcount
    db.execute("DELETE FROM document WHERE bank = ?", (bank,))
    db.execute("DELETE FROM bank WHERE no = ?", (bank,))
    return deleted
