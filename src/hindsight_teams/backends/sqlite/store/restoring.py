"""Store exported memories with their numbers, times, names, links and repeats, without deriving them again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

from hindsight_teams.backends.sqlite import size_limits
from hindsight_teams.backends.sqlite.learn import linking
from hindsight_teams.backends.sqlite.store import writing
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.records import Piece, digest, to_microseconds, told_key, zone_of
from hindsight_teams.backends.sqlite.store.schema import BANK_SHIFT
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import Memory, Restored
from hindsight_teams.requests import Restore


def restore(pool: Pool, request: Restore, *, attached: Callable[[list[Piece]], list[Piece]], now: int) -> Restored:
    """Store what is not there yet.

    Args:
        pool: The file.
        request: What is to be stored.
        attached: Gives the pieces their vectors, where the backend has an embedder.
        now: Microseconds since 1970.

    Raises:
        InvalidInput: A memory that can't be stored, or numbers that the bank has given to others.
    """
    records = request.records
    numbers = [_number(record.memory.id) for record in records]
    pieces = attached([_piece(record.memory, now) for record in records])
    with pool.write() as db:
        bank = writing.ensure_bank(db, request.bank, now=now)
        shift = _shift(db, bank, numbers, pieces) if request.shift is None else request.shift
        places = [(bank << BANK_SHIFT) + number + shift for number in numbers]
        held = _held(db, places, pieces)
        if taken := [place for place in places if held.get(place) is False]:
            raise InvalidInput(
                f"{len(taken):,} of the ids are those of other memories of the bank {request.bank!r}; restore into a"
                " new bank"
            )
        (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (bank,)).fetchone()
        new = [
            (place, piece, record)
            for place, piece, record in zip(places, pieces, records, strict=True)
            if place not in held
        ]
        writing.insert(
            db,
            bank,
            _placed(db, bank, [(place, _linked(piece, record.memory, bank, shift)) for place, piece, record in new]),
            last=max([last, *(number + shift for number in numbers)]),
            now=now,
        )
        for place, _, record in new:
            if record.memory.superseded_by is not None:
                linking.mark(db, place, _shifted(record.memory.superseded_by, bank, shift))
            for repeat in record.repeats:
                said = _linked(_piece(repeat, now), repeat, bank, shift)
                document = None if said.document_id is None else writing.document_number(db, bank, said.document_id)
                linking.mention(db, bank, place, said, document=document)
    return Restored(len(new), len(records) - len(new), shift)


def _shift(db: sqlite3.Connection, bank: int, numbers: Sequence[int], pieces: Sequence[Piece]) -> int:
    """What to add to the numbers: nothing, where no other memory has them; else as much as an earlier run did."""
    places = [(bank << BANK_SHIFT) + number for number in numbers]
    if not places or False not in _held(db, places, pieces).values():
        return 0
    row = db.execute(
        "SELECT no FROM memory WHERE bank = ? AND said = ? AND digest = ? AND text = ?",
        (bank, pieces[0].said, pieces[0].digest, pieces[0].text),
    ).fetchone()
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (bank,)).fetchone()
    return int(last) if row is None else int(row[0]) - places[0]


def _held(db: sqlite3.Connection, places: Sequence[int], pieces: Sequence[Piece]) -> dict[int, bool]:
    """Which of these rowids there are, and whether each is the memory that is to be there."""
    rows = db.execute(
        "SELECT no, text, mentioned, (SELECT id FROM document d WHERE d.no = m.document) FROM memory m"
        " WHERE no IN (SELECT value FROM json_each(?))",
        (json.dumps(list(places)),),
    )
    wanted = dict(zip(places, pieces, strict=True))
    return {
        no: told == (wanted[no].text, wanted[no].mentioned, wanted[no].document_id)
        for no, *rest in rows
        for told in [tuple(rest)]
    }


def _placed(
    db: sqlite3.Connection, bank: int, new: Sequence[tuple[int, Piece]]
) -> list[tuple[int, Piece, int | None, int]]:
    """Each piece with its document, at the end of what that holds."""
    ends: dict[int, int] = {}
    placed = []
    for place, piece in new:
        document = None if piece.document_id is None else writing.document_number(db, bank, piece.document_id)
        position = 0
        if document is not None:
            position = ends[document] if document in ends else writing.document_end(db, document)
            ends[document] = position + 1
        placed.append((place, piece, document, position))
    return placed


def _piece(memory: Memory, now: int) -> Piece:
    item = replace(memory.to_item(), document_id=memory.document_id)
    size_limits.check_item(item)
    author = memory.metadata.get("author") or tokens.speaker(memory.text)
    tags, entities = tuple(memory.tags), tuple(memory.entities)
    mentioned = to_microseconds("noted", memory.mentioned_at)
    return Piece(
        text=memory.text,
        digest=digest(item, memory.text, tags),
        said=told_key(memory.text, author=author, context=memory.context, tags=tags),
        terms=tokens.indexed(memory.text, author=author, context=memory.context, entities=entities, tags=tags),
        author=author,
        document_id=memory.document_id,
        append=True,
        mentioned=now if mentioned is None else mentioned,
        zone=zone_of(memory.mentioned_at),
        dated=True,
        occurred=to_microseconds("happened", memory.occurred_at),
        occurred_end=to_microseconds("happened", memory.occurred_end),
        context=memory.context,
        tags=tags,
        metadata=dict(memory.metadata),
        entities=entities,
        type=memory.type,
    )


def _linked(piece: Piece, memory: Memory, bank: int, shift: int) -> Piece:
    return replace(piece, sources=tuple(_shifted(source, bank, shift) for source in memory.source_ids))


def _shifted(number: str, bank: int, shift: int) -> int:
    return (bank << BANK_SHIFT) + _number(number) + shift


def _number(text: str) -> int:
    try:
        number = int(text, 16)
    except ValueError:
        number = 0
    if not 0 < number < 1 << (BANK_SHIFT - 1):
        raise InvalidInput(f"id={text!r} must be a memory's number in its bank, in hex")
    return number
