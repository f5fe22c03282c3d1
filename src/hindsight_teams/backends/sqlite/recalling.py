"""Recall: the strategies find memories, their scores are fused, the best are fetched."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from hindsight_teams.backends.sqlite import reading, tokens, words
from hindsight_teams.backends.sqlite.filters import Filter
from hindsight_teams.models import Budget, Memory, Signal

ROWS: dict[Budget, int] = {"low": 1_000, "mid": 5_000, "high": 25_000}
"""Index rows that may be read for finding candidates."""

RESULTS: dict[Budget, int] = {"low": 25, "mid": 100, "high": 300}
"""Memories returned at most, before ``max_tokens`` cuts."""

CHARACTERS_PER_TOKEN = 4


def recall(
    db: sqlite3.Connection,
    bank: int,
    bank_id: str,
    query: str,
    *,
    budget: Budget,
    chosen: Filter,
    now: int,
    explain: bool,
) -> list[Memory]:
    """Memories that answer the query, best first."""
    (size,) = db.execute("SELECT memories FROM bank WHERE no = ?", (bank,)).fetchone()
    terms = list(dict.fromkeys(tokens.terms(query)))
    asked = tokens.words(query)
    if asked and all(w in tokens.GENERIC_WORDS or w in tokens.STOP_WORDS for w in asked):
        return _newest(db, bank, bank_id, chosen, RESULTS[budget], explain)
    hits = words.search(db, bank, terms, size=size, condition=chosen.condition(), most=ROWS[budget])
    ranked = sorted(hits.scores, key=lambda no: (-hits.scores[no], -no))[: RESULTS[budget] * 4]
    allowed = _allowed(db, ranked, chosen)
    best = [no for no in ranked if no in allowed][: RESULTS[budget]]
    found = reading.fetch(db, best, bank_id)
    return [
        replace(
            found[no],
            score=hits.scores[no],
            signals=(Signal("words", hits.scores[no]),) if explain else (),
        )
        for no in best
    ]


def _allowed(db: sqlite3.Connection, numbers: Sequence[int], chosen: Filter) -> set[int]:
    if chosen.trivial:
        return set(numbers)
    rows = db.execute(
        "SELECT no, tags, type FROM memory WHERE no IN (SELECT value FROM json_each(?))", (json.dumps(list(numbers)),)
    )
    return {no for no, tags, kind in rows if chosen.accepts(tags, kind)}


def _newest(db: sqlite3.Connection, bank: int, bank_id: str, chosen: Filter, most: int, explain: bool) -> list[Memory]:
    """The newest memories: the answer to a query that names nothing to look for."""
    numbers = []
    rows = db.execute(
        "SELECT no, tags, type FROM memory WHERE bank = ? ORDER BY coalesce(occurred, mentioned) DESC, no DESC", (bank,)
    )
    for no, tags, kind in rows:
        if chosen.accepts(tags, kind):
            numbers.append(no)
            if len(numbers) == most:
                break
    rows.close()
    found = reading.fetch(db, numbers, bank_id)
    signals = (Signal("time", 1.0, "the query names nothing to look for; newest first"),) if explain else ()
    return [replace(found[no], score=1.0, signals=signals) for no in numbers]


def within(memories: Sequence[Memory], max_tokens: int) -> tuple[list[Memory], int]:
    """The memories that fit into a token limit, in order, and how many do not."""
    kept, room = [], max_tokens
    for memory in memories:
        cost = -(-len(memory.text) // CHARACTERS_PER_TOKEN)
        if cost <= room:
            kept.append(memory)
            room -= cost
    return kept, len(memories) - len(kept)
