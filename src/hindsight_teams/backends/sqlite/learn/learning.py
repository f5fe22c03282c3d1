"""The model's part of a store: extract facts and derive observations, outside of every transaction.

A text is stored and marked in one transaction; what the extractor makes of it is stored, and the mark removed, when it
comes. So a crash, or a model that fails, costs no text and no fact, and nothing is locked while a model thinks.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hindsight_teams.access.signatures import trust_in
from hindsight_teams.backends.sqlite.learn import linking
from hindsight_teams.backends.sqlite.learn.consolidation import Consolidation, Observation, consolidate, topics
from hindsight_teams.backends.sqlite.learn.extraction import CHUNK, ExtractedFact, extract
from hindsight_teams.backends.sqlite.store import reading, writing
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.records import (
    Piece,
    digest,
    local,
    row_number,
    row_numbers,
    to_microseconds,
    told_key,
    unpack_tags,
    zone_of,
)
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.names import find_entities
from hindsight_teams.log import Logger
from hindsight_teams.models import Memory, RetainItem

_log = Logger(__name__)


@dataclass(frozen=True, slots=True)
class Learned:
    """What was made of texts or facts.

    Attributes:
        numbers: Rowids of the memories that hold it.
        failed: How many texts, or topics, the model gave nothing for.
        failure: Why, safe to show.
    """

    numbers: tuple[int, ...] = ()
    failed: int = 0
    failure: str | None = None


def learn(
    pool: Pool, bank: int, extractor: Any, embed: Callable[[list[Piece]], list[Piece]], numbers: Iterable[int] | None
) -> Learned:
    """Extract the facts of the texts that are marked: all of a bank, or only these."""
    with pool.read() as db:
        units = _marked(db, bank, numbers)
    found: list[int] = []
    failed, failure = 0, None
    for unit in units:
        result = extract(extractor, unit.text, now=local(unit.mentioned, unit.zone), author=unit.author)  # type: ignore[arg-type]
        new = embed([_derived(unit, fact) for fact in result.facts])
        with pool.write() as db:
            if _marked(db, bank, unit.numbers) != [unit]:
                continue  # deleted, or done by somebody else, while the extractor was at work
            if new:
                found += writing.store(db, bank, new, now=unit.mentioned)
            _settle(db, unit, result.failure)
        if result.failure:
            failed, failure = failed + len(unit.numbers), result.failure
            _log.warning("facts_not_extracted", texts=len(unit.numbers), reason=result.failure)
    return Learned(tuple(dict.fromkeys(found)), failed, failure)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Neighbouring memories that are given to the extractor together.

    Attributes:
        numbers: Their rowids.
        text: Their words; all else is what they share.
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


def _marked(db: sqlite3.Connection, bank: int, numbers: Iterable[int] | None = None) -> list[_Unit]:
    """What is to be extracted of a bank, oldest first: all of it, or only these memories."""
    wanted = None if numbers is None else set(numbers)
    rows = db.execute(
        "SELECT m.no, m.text, (SELECT d.id FROM document d WHERE d.no = m.document), m.mentioned, m.zone,"
        " m.dated, m.context, m.tags, m.metadata FROM pending p JOIN memory m ON m.no = p.memory"
        " WHERE p.memory >= ? AND p.memory < ? ORDER BY m.no",
        reading.bounds(bank),
    )
    found: list[_Unit] = []
    for no, text, document_id, mentioned, zone, dated, context, tags, metadata in rows:
        if wanted is not None and no not in wanted:
            continue
        signature = json.loads(metadata or "{}")
        # A signature alone: what stands before a colon may be a heading ("Budget: 5,000"), and the text has it anyway.
        signed = signature.get("author")
        told = (mentioned, zone, bool(dated), context, unpack_tags(tags), signature)
        unit = _Unit((no,), text, signed, document_id, *told)
        last = found[-1] if found and document_id is not None else None
        if last and replace(last, numbers=(no,), text=text) == unit and len(last.text) + len(text) < CHUNK:
            found[-1] = replace(last, numbers=(*last.numbers, no), text=f"{last.text}\n{text}")
        else:
            found.append(unit)
    return found


def _derived(unit: _Unit, fact: ExtractedFact) -> Piece:
    """A fact as a memory derived from its texts; it carries their tags, signature and document."""
    metadata = dict(unit.metadata)
    if fact.author and trust_in(fact.author) == "member":  # no text tells that a user or a tool was heard
        metadata.setdefault("speaker", fact.author)
    item = RetainItem(
        fact.text,
        timestamp=local(unit.mentioned, unit.zone),
        context=unit.context,
        metadata=metadata,
        document_id=unit.document_id,
    )
    author = unit.author or metadata.get("speaker")
    occurred = to_microseconds("occurred_at", fact.occurred_at)
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
        occurred_end=to_microseconds("occurred_end", fact.occurred_end),
        context=unit.context,
        tags=unit.tags,
        metadata=metadata,
        entities=fact.entities,
        type=fact.kind,
        sources=unit.numbers,
    )


def _settle(db: sqlite3.Connection, unit: _Unit, failure: str | None) -> None:
    """Unmark what was extracted; note why the rest was not."""
    numbers = [(no,) for no in unit.numbers]
    if failure is None:
        db.executemany("DELETE FROM pending WHERE memory = ?", numbers)
    else:
        db.executemany("UPDATE pending SET failure = ? WHERE memory = ?", [(failure, no) for (no,) in numbers])


def observe(
    pool: Pool, bank: int, bank_id: str, model: Any, embed: Callable[[list[Piece]], list[Piece]], *, now: datetime
) -> Learned:
    """Make observations of the facts about each name; a model may find that one of them replaces another.

    Memories of different scopes are never put together: an observation carries the tags that all its sources carry. One
    that rests on what was then found to be superseded is made anew.
    """
    kept: list[int] = []
    failed, failure, again = 0, None, True
    while again:
        kept, again = [], False
        for scope, members in _by_scope(pool, bank, bank_id).items():
            for topic, about in topics(members).items():
                newest = max(about, key=lambda m: row_number(m.id) or 0).id
                with pool.read() as db:
                    before = _observations(db, bank, bank_id, topic, scope)
                if before and all(m.metadata.get("newest") == newest for m in before):
                    kept += row_numbers(m.id for m in before)
                    continue
                result = consolidate(topic, about, model=model)
                if result.failure:
                    failed, failure = failed + 1, result.failure
                    _log.warning("observations_by_rule", reason=result.failure)
                by_id = {m.id: m for m in about}
                new = [_piece(o, [by_id[i] for i in o.source_ids], newest, now) for o in result.observations]
                made, stale = _kept(pool, bank, before, embed(new), result)
                kept += made
                again |= stale
    return Learned(tuple(dict.fromkeys(kept)), failed, failure)


def _by_scope(pool: Pool, bank: int, bank_id: str) -> dict[frozenset[str], list[Memory]]:
    """The facts of a bank by scope; of a text and the facts extracted from it, the facts are what counts."""
    by_scope: dict[frozenset[str], list[Memory]] = defaultdict(list)
    with pool.read() as db:
        sql = (
            "SELECT d.source FROM derivation d JOIN memory m ON m.no = d.memory"
            " WHERE d.source >= ? AND d.source < ? AND m.type <> 'observation'"
        )
        extracted = {no for (no,) in db.execute(sql, reading.bounds(bank))}
        for memory in reading.every(db, bank, bank_id):
            if memory.type != "observation" and row_number(memory.id) not in extracted:
                by_scope[linking.readers(memory.tags)].append(_named(memory))
    return by_scope


def _kept(
    pool: Pool,
    bank: int,
    before: Sequence[Memory],
    new: list[Piece],
    result: Consolidation,
) -> tuple[list[int], bool]:
    """Store observations in place of the earlier ones about the same, and what was superseded.

    Returns:
        The observations, and whether others went, which rest on what is superseded now.
    """
    with pool.write() as db:
        sources = {n for piece in new for n in piece.sources}
        if len(reading.fetch(db, sources, "")) < len(sources):
            return [], False  # a source was deleted meanwhile, and with it what it says
        writing.remove(db, bank, row_numbers(m.id for m in before))
        stale: set[int] = set()
        sql = "SELECT no FROM derivation d JOIN memory m ON m.no = d.memory WHERE source = ? AND type = 'observation'"
        for old, newer in result.superseded:
            pair = row_numbers((old, newer))
            if len(pair) == 2 and linking.mark(db, *pair):
                stale.update(no for (no,) in db.execute(sql, pair[:1]))
        writing.remove(db, bank, stale)
        return writing.store(db, bank, new, now=new[0].mentioned) if new else [], bool(stale)


def _observations(db: sqlite3.Connection, bank: int, bank_id: str, topic: str, scope: frozenset[str]) -> list[Memory]:
    sql = "SELECT no FROM memory WHERE bank = ? AND context = ? AND type = 'observation'"
    numbers = [no for (no,) in db.execute(sql, (bank, _context(topic)))]
    return [m for m in reading.fetch(db, numbers, bank_id).values() if linking.readers(m.tags) == scope]


def _piece(observation: Observation, sources: Sequence[Memory], newest: str, now: datetime) -> Piece:
    tags = tuple(t for t in sources[0].tags if all(t in m.tags for m in sources))
    context, entities = _context(observation.topic), (observation.topic,)
    metadata = {"newest": newest}
    item = RetainItem(observation.text, context=context, metadata=metadata)
    return Piece(
        text=observation.text,
        digest=digest(item, observation.text, tags),
        said=told_key(observation.text, author=None, context=context, tags=tags),
        terms=tokens.indexed(observation.text, author=None, context=context, entities=entities, tags=tags),
        author=None,
        document_id=None,
        append=False,
        mentioned=to_microseconds("now", now) or 0,
        zone=zone_of(now),
        dated=False,
        occurred=None,
        occurred_end=None,
        context=context,
        tags=tags,
        metadata=metadata,
        entities=entities,
        type="observation",
        sources=tuple(row_numbers(m.id for m in sources)),
    )


def _context(topic: str) -> str:
    return f"about {topic}"


def _named(memory: Memory) -> Memory:
    return memory if memory.entities else replace(memory, entities=find_entities(memory.text))
