"""Texts whose facts are still to be extracted: marked in the transaction that stores them, unmarked afterwards.

So a crash, or a model that fails, costs no text and no fact: what is marked is tried again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hindsight_teams.backends.sqlite import size_limits
from hindsight_teams.backends.sqlite.learn.extraction import CHUNK, ExtractedFact
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.backends.sqlite.store.records import Piece, digest, local, unpack_tags
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.duplicates import told_key
from hindsight_teams.models import RetainItem


@dataclass(frozen=True, slots=True)
class Unit:
    """Neighbouring memories that are given to the extractor together.

    Attributes:
        numbers: Their rowids.
        text: Their words.
        row: What they share: author, document id, time, its zone and whether it was given, context, tags and metadata.
    """

    numbers: tuple[int, ...]
    text: str
    author: str | None
    document_id: str | None
    mentioned: int
    zone: int
    dated: bool
    context: str | None
    tags: tuple[str, ...]
    metadata: dict[str, str]


def units(db: sqlite3.Connection, bank: int, numbers: Iterable[int] | None = None) -> list[Unit]:
    """What is to be extracted of a bank, oldest first: all of it, or only these memories."""
    wanted = None if numbers is None else set(numbers)
    rows = db.execute(
        "SELECT m.no, m.text, (SELECT d.id FROM document d WHERE d.no = m.document), m.mentioned, m.zone,"
        " m.dated, m.context, m.tags, m.metadata FROM pending p JOIN memory m ON m.no = p.memory"
        " WHERE p.memory >= ? AND p.memory < ? ORDER BY m.no",
        bounds(bank),
    )
    found: list[Unit] = []
    for no, text, document_id, mentioned, zone, dated, context, tags, metadata in rows:
        if wanted is not None and no not in wanted:
            continue
        signature = json.loads(metadata or "{}")
        # A signature alone: what stands before a colon may be a heading ("Budget: 5,000"), and the text has it anyway.
        author = signature.get("author")
        fields = (author, document_id, mentioned, zone, bool(dated), context, unpack_tags(tags), signature)
        unit = Unit((no,), text, *fields)
        last = found[-1] if found else None
        if last and document_id is not None and _shared(last) == fields and len(last.text) + len(text) < CHUNK:
            found[-1] = Unit((*last.numbers, no), f"{last.text}\n{text}", *fields)
        else:
            found.append(unit)
    return found


def _shared(unit: Unit) -> tuple[object, ...]:
    said = (unit.author, unit.document_id, unit.mentioned, unit.zone, unit.dated)
    return (*said, unit.context, unit.tags, unit.metadata)


def pieces(unit: Unit, facts: Sequence[ExtractedFact]) -> list[Piece]:
    """Facts as memories derived from their texts; they carry the texts' tags, signature and document."""
    return [_piece(unit, fact) for fact in facts]


def _piece(unit: Unit, fact: ExtractedFact) -> Piece:
    metadata = dict(unit.metadata)
    if fact.author:  # what the text says of its speaker never replaces a signature
        metadata.setdefault("speaker" if unit.author else "author", fact.author)
    item = RetainItem(
        fact.text,
        timestamp=local(unit.mentioned, unit.zone),
        context=unit.context,
        metadata=metadata,
        document_id=unit.document_id,
    )
    author = metadata.get("author") or unit.author
    occurred = size_limits.to_microseconds("occurred_at", fact.occurred_at)
    return Piece(
        text=fact.text,
        digest=digest(item, fact.text, unit.tags),
        said=told_key(fact.text, author=author, context=unit.context, tags=unit.tags),
        terms=tokens.indexed(fact.text, author=author, context=unit.context, entities=fact.entities, tags=unit.tags),
        author=author,
        document_id=unit.document_id,
        append=True,
        mentioned=unit.mentioned,
        zone=unit.zone,
        dated=unit.dated,
        occurred=occurred,
        occurred_end=size_limits.to_microseconds("occurred_end", fact.occurred_end),
        context=unit.context,
        tags=unit.tags,
        metadata=metadata,
        entities=fact.entities,
        type=fact.kind,
        sources=unit.numbers,
    )


def settle(db: sqlite3.Connection, unit: Unit, failure: str | None) -> None:
    """Unmark what was extracted; note why the rest was not."""
    numbers = [(no,) for no in unit.numbers]
    if failure is None:
        db.executemany("DELETE FROM pending WHERE memory = ?", numbers)
    else:
        db.executemany("UPDATE pending SET failure = ? WHERE memory = ?", [(failure, no) for (no,) in numbers])
