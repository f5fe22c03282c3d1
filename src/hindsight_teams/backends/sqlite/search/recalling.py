"""Recall: strategies find candidates, their signals are fused, the best memories are fetched."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hindsight_teams.backends.sqlite.search import (
    coherence,
    counting,
    fusion,
    meaning,
    moments,
    neighbours,
    relevance,
    updates,
    words,
)
from hindsight_teams.backends.sqlite.search.candidates import Candidates
from hindsight_teams.backends.sqlite.search.filters import Filter
from hindsight_teams.backends.sqlite.search.weights import DEPTHS, Depth
from hindsight_teams.backends.sqlite.store import reading, records
from hindsight_teams.backends.sqlite.text import framing, stems
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.models import Budget, Memory, Signal

CHARACTERS_PER_TOKEN = 4

Similarity = Callable[[sqlite3.Connection, int, str, Iterable[int], Depth], meaning.Similar]
"""``(db, bank, query, candidates, depth)`` to how near the candidates, and the nearest others, are."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query, read.

    Attributes:
        shown: Terms in the order of the query, with the word that each came from.
        names: Those of the terms that name an author of the bank.
        silent: Those of the terms that only ask.
        spans: The spans of time it names.
        rest: The query without the names.
    """

    shown: dict[str, str]
    names: frozenset[str]
    silent: frozenset[str]
    spans: list[moments.Named]
    rest: str

    @staticmethod
    def read(db: sqlite3.Connection, bank: int, text: str, *, now: int, size: int) -> Question:
        """Read a query in the light of a bank."""
        shown = _terms(text)
        names = frozenset(t for t in list(shown)[:_MOST_NAMES] if words.occurs(db, bank, f'"{tokens.author_term(t)}"'))
        about = frozenset(tokens.words(framing.subject(text)))
        silent = frozenset(t for t, word in shown.items() if word in tokens.QUESTION_WORDS or word not in about)
        rest = " ".join(w for w in text.split() if names.isdisjoint(tokens.terms(w))) if names else text
        return Question(shown, names, silent, moments.spans(db, bank, text, now=now, size=size), rest or text)


_MOST_NAMES = 24


@dataclass(frozen=True, slots=True)
class Recalled:
    """What one bank gives to a query.

    Attributes:
        memories: Best first.
        confidence: See ``RecallResult.confidence``.
    """

    memories: list[Memory]
    confidence: float | None


def _names_nothing(text: str) -> bool:
    """Whether a query asks for whatever there is."""
    asked = tokens.words(framing.subject(text))
    if not asked:
        return bool(tokens.words(text))
    named = tokens.named_stop_words(text)
    return all((w in tokens.GENERIC_WORDS or w in tokens.STOP_WORDS) and w not in named for w in asked)


def _terms(text: str) -> dict[str, str]:
    """The index terms of a query with the words they came from: stop words only where they are names, or all it has."""
    asked = tokens.words(text)
    spoken = stems.language(asked)
    named = set(tokens.named_stop_words(text))
    content = {w for w in asked if w not in tokens.STOP_WORDS}
    shown: dict[str, str] = {}
    for word in asked:
        if word in content:
            shown.setdefault(tokens.term(word, spoken), word)
        elif word in named or not content:
            shown.setdefault(word, word)
    return shown


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
    shares: words.Shares,
    similarity: Similarity | None = None,
) -> Recalled:
    """Memories that answer the query, best first."""
    depth = DEPTHS[budget]
    if _names_nothing(query):
        return Recalled(_newest(db, bank, bank_id, chosen, depth.results, explain), None)
    (size,) = db.execute("SELECT memories FROM bank WHERE no = ?", (bank,)).fetchone()
    question = Question.read(db, bank, query, now=now, size=size)
    condition = chosen.condition()
    # Where nearly all pass, to check the few candidates costs less than to intersect the index.
    loose = bool(condition) and size <= 4 * depth.rows and shares.of(db, bank, condition or "", size) >= 0.9
    hits = words.search(
        db,
        bank,
        list(question.shown),
        names=question.names,
        silent=question.silent,
        size=size,
        condition=condition,
        loose=loose,
        most=depth.rows,
    )
    masks = hits.masks
    found = Candidates(db, chosen, arrival=coherence.arrival(db, bank, size, shares))
    found.fill(hits.ranked(), depth.candidates, masks)
    by_words = frozenset(found.by_number)
    for span in question.spans:
        found.fill(moments.search(db, bank, span), depth.candidates // 4, masks)
    if len(found.by_number) < depth.results:
        for name in question.names:
            term = tokens.author_term(name)
            found.add(words.newest(db, bank, term, condition=condition, most=depth.results), masks)
    best = heapq.nlargest(depth.spread, found.by_number.values(), key=lambda c: hits.weight(c.mask))
    neighbours.spread(found, bank, best, masks)
    similar = meaning.Similar()
    if similarity is not None:
        similar = similarity(db, bank, question.rest, list(found.by_number), depth)
        found.fill([no for no in similar.scores if no not in found.by_number], depth.results, masks)
    found.read()
    counted = counting.count(list(found.by_number.values()), hits, list(question.shown), by_words)
    ranked = fusion.fuse(found, hits, counted, names=question.names, spans=question.spans, similarity=similar.scores)
    confidence = relevance.confidence(found, hits, ranked, similar)
    ranked = updates.newest_first(db, bank, found, ranked)
    ranked = relevance.cut(found, ranked, confidence, depth)
    rows = reading.rows(db, [s.candidate.no for s in ranked])
    memories = [
        records.memory(
            rows[s.candidate.no],
            bank_id,
            score=s.total,
            signals=fusion.signals(s, hits, question.shown) if explain else (),
        )
        for s in ranked
    ]
    return Recalled(memories, confidence)


def _newest(db: sqlite3.Connection, bank: int, bank_id: str, chosen: Filter, most: int, explain: bool) -> list[Memory]:
    """The memories noted last: the answer to a query that names nothing to look for."""
    numbers = []
    among = reading.few(db, bank, chosen)
    if among is None:
        rows = db.execute(
            "SELECT no, tags, type FROM memory INDEXED BY memory_noted WHERE bank = ? ORDER BY mentioned DESC, no DESC",
            (bank,),
        )
    else:
        rows = db.execute(
            "SELECT no, tags, type FROM memory WHERE no IN (SELECT value FROM json_each(?))"
            " ORDER BY mentioned DESC, no DESC",
            (json.dumps(among),),
        )
    for no, tags, kind in rows:
        if chosen.accepts(tags, kind):
            numbers.append(no)
            if len(numbers) == most:
                break
    rows.close()
    found = reading.rows(db, numbers)
    signals = (Signal("time", 1.0, "the query names nothing to look for; last noted first"),) if explain else ()
    return [records.memory(found[no], bank_id, score=1.0, signals=signals) for no in numbers]


def within(memories: Sequence[Memory], max_tokens: int) -> tuple[list[Memory], int]:
    """The memories that fit into a token limit, in order, and how many do not."""
    kept, room = [], max_tokens
    for memory in memories:
        cost = -(-len(memory.text) // CHARACTERS_PER_TOKEN)
        if cost <= room:
            kept.append(memory)
            room -= cost
    return kept, len(memories) - len(kept)
