"""Recall: strategies find candidates, their signals are fused, the best memories are fetched."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice

from hindsight_teams.backends.sqlite.search import counting, fusion, kinds, meaning, moments, updates, weights, words
from hindsight_teams.backends.sqlite.search.candidates import Candidates, arrival, spread
from hindsight_teams.backends.sqlite.search.weights import DEPTHS, Depth
from hindsight_teams.backends.sqlite.size_limits import MAX_QUERY
from hindsight_teams.backends.sqlite.store import reading, records
from hindsight_teams.backends.sqlite.store.reading import Filter
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.date_grammar import CORE, TOKEN
from hindsight_teams.backends.sqlite.text.framing import subject
from hindsight_teams.backends.sqlite.text.names import find_entities
from hindsight_teams.backends.sqlite.text.vocabulary import (
    GENERIC_WORDS,
    LEFT_OUT_OF_ANSWERS,
    QUESTION_WORDS,
    STOP_WORDS,
)
from hindsight_teams.models import Budget, Memory, RecallResult, Signal
from hindsight_teams.text import same_words

CHARACTERS_PER_TOKEN = 4

Similarity = Callable[[sqlite3.Connection, int, str, Iterable[int], Depth], meaning.Similar]
"""``(db, bank, query, candidates, depth)`` to how near the candidates, and the nearest others, are."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query, read.

    Attributes:
        shown: Terms in the order of the query, with the word that each came from.
        names: Those of the terms that name an author of the bank, with how many lines are theirs, as ``_names`` tells.
        silent: Those of the terms that only ask, or name an author: they find nothing and weigh nothing, unless there
            is nothing else. A name of a line or two may be a heading ("Budget: 5,000").
        light: Those whose absence tells nothing: "kind", "get", and the words of a date, which time looks up.
        joined: Terms of what it writes apart and others as one, with the terms that it has instead.
        spans: The spans of time it names.
        kind: The kind of answer it asks for, where it tells.
        text: The query itself.
    """

    shown: dict[str, str]
    names: dict[str, int]
    silent: frozenset[str]
    light: frozenset[str]
    joined: dict[str, list[str]]
    spans: list[moments.Named]
    kind: kinds.Kind | None
    text: str

    @staticmethod
    def read(db: sqlite3.Connection, bank: int, text: str, *, about: Collection[str], now: int, size: int) -> Question:
        """Read a query in the light of a bank.

        Args:
            about: The words of its subject.
        """
        shown = _terms(text)
        asked = list(shown)[:_MOST_NAMES]
        if asked and not words.occurs(db, bank, " OR ".join(map(_said_by, asked))):  # most queries name nobody
            asked = []
        names = {t: lines for t in asked if (lines := _names(db, bank, t)) is not None}
        about = frozenset(about)
        silent = {t for t, word in shown.items() if word in QUESTION_WORDS or word not in about}
        silent.update(t for t, lines in names.items() if lines)
        joined = {tokens.term(word.lower()): tokens.terms(written) for word, written in tokens.joined(text).items()}
        # Most queries hold no word that dates are made of; then their many patterns are not tried.
        dated = not (text.isascii() and CORE.isdisjoint(TOKEN.findall(text.lower())) and not _DIGIT.search(text))
        spans = moments.spans(db, bank, text, now=now, size=size) if dated else []
        # By words, too: "may" is no term of "May", but of "in May 2024".
        dates = {word for span in spans for word in (*tokens.terms(span.text), *tokens.words(span.text))}
        light = frozenset(
            t for t, word in shown.items() if not dates.isdisjoint((t, word)) or word in LEFT_OUT_OF_ANSWERS
        )
        return Question(shown, names, frozenset(silent), light, joined, spans, kinds.doubted(text), text)

    def rest(self) -> str:
        """The query without the names."""
        if not self.names:
            return self.text
        return " ".join(w for w in self.text.split() if self.names.keys().isdisjoint(tokens.terms(w))) or self.text

    def wanted(self, db: sqlite3.Connection, bank_id: str, ranked: Sequence[fusion.Scored]) -> fusion.Wanted:
        """What its answer should hold, and which of the best memories do not."""
        sort = kinds.sort(self.text)
        first = [scored.candidate.no for scored in ranked[: weights.CONFIDENCE_FROM]]
        return fusion.Wanted(
            light=self.light,
            names=[tokens.terms(name) for name in find_entities(self.text)],
            sort=sort if sort in self.shown and sort not in self.silent | self.light else None,
            doubts=self._doubts(db, bank_id, first),
        )

    def _doubts(self, db: sqlite3.Connection, bank_id: str, numbers: Sequence[int]) -> dict[int, float]:
        return self.kind.doubts(reading.fetch(db, numbers, bank_id), self.text) if self.kind else {}

    def answered_by(self, db: sqlite3.Connection, bank_id: str, number: int) -> bool:
        """Whether a memory holds the kind of answer that is asked for."""
        return not self._doubts(db, bank_id, [number])


_LOOKED_THROUGH = 300
"""Memories behind a filter whose contents are looked through faster than the index."""
_MOST_NAMES = 24
_LINES_COUNTED = 2_000
_LEAST_LINES, _LINES_SHARE = 3, 0.2
"""From how many lines on a word is who speaks in them, and for which share of those that hold it: a heading ("Memory:
how it is shared") begins as a line of a transcript does."""
_LEAST_QUOTED, _MOST_QUOTED = 3, 24
"""Terms of a query that may be all of a memory's."""
_DIGIT = re.compile(r"\d")


def _said_by(term: str) -> str:
    return f'"{tokens.author_term(term)}"'


def _names(db: sqlite3.Connection, bank: int, term: str) -> int | None:
    """How many lines are by whom a term names; 0 for a word that also begins a line or two; None for neither."""
    said = _said_by(term)
    if not words.occurs(db, bank, said):
        return None
    lines, held = (words.estimate(db, bank, match, _LINES_COUNTED) for match in (said, f'"{term}"'))
    if lines < _LINES_SHARE * held:
        return None
    if lines > held or lines >= _LEAST_LINES:
        return lines
    numbers = words.newest(db, bank, [tokens.author_term(term)], condition=None, most=_LEAST_LINES)
    rows = db.execute(
        "SELECT author, text FROM memory WHERE no IN (SELECT value FROM json_each(?))", (json.dumps(numbers),)
    )
    own = any(author and author != tokens.speaker(text) and term in tokens.terms(author) for author, text in rows)
    return lines if own else 0


def _names_nothing(text: str, asked: Sequence[str]) -> bool:
    """Whether a query whose subject has these words asks for whatever there is."""
    if not asked:
        return bool(tokens.words(text))
    named = tokens.named_stop_words(text)
    return all((w in GENERIC_WORDS or w in STOP_WORDS) and w not in named for w in asked)


def _terms(text: str) -> dict[str, str]:
    """The index terms of a query with the words they came from: stop words only where they are names, or all it has."""
    asked = tokens.words(text)
    spoken = tokens.language(asked)
    named = set(tokens.named_stop_words(text))
    content = {w for w in asked if w not in STOP_WORDS}
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
) -> RecallResult:
    """Memories that answer the query, best first."""
    depth = DEPTHS[budget]
    asked = tokens.words(subject(query))
    names_nothing = _names_nothing(query, asked)
    alone = _of_its_words(db, bank, bank_id, query, chosen, explain=explain, names_nothing=names_nothing)
    if names_nothing:
        newest = _newest(db, bank, bank_id, chosen, depth.results, explain)
        return RecallResult(_same_first(query, _behind(alone, newest), explain=explain))
    (size,) = db.execute("SELECT memories FROM bank WHERE no = ?", (bank,)).fetchone()
    question = Question.read(db, bank, query, about=asked, now=now, size=size)
    condition = chosen.condition()
    allowed = reading.passing_rowids(db, bank, chosen, most=_LOOKED_THROUGH)
    # Where nearly all pass, to check the few candidates costs less than to intersect the index.
    loose = bool(condition) and size <= 4 * depth.rows and shares.of(db, bank, condition or "", size) >= 0.9
    hits = words.search(
        db,
        bank,
        question.shown,
        joined=question.joined,
        silent=question.silent,
        light=question.light,
        size=size,
        condition=condition,
        loose=loose,
        allowed=allowed,
        most=depth.rows,
        enough=depth.candidates if chosen.trivial else depth.rows,
    )
    masks = hits.masks
    found = Candidates(db, chosen, arrival=arrival(db, bank, size, shares))
    scored = depth.scored(len(hits.terms))
    found.fill(hits.ranked(), scored, masks)
    quotation = tokens.terms(query) if _MOST_QUOTED >= len(question.shown) >= _LEAST_QUOTED else []
    if quotation:
        quoting = words.quoting(db, bank, hits, quotation, beyond=scored, most=depth.rows, condition=condition)
        found.add(quoting, masks)
    by_words = list(found.by_number.values())
    for span in question.spans:
        found.fill(moments.search(db, bank, span), depth.candidates // 4, masks)
    few, marks = len(found.by_number) < depth.results, [tokens.author_term(name) for name in question.names]
    for some in [[mark] for mark in marks] if allowed is None else [marks] if marks else []:
        said = words.newest(db, bank, some, condition=condition, most=depth.results + 1, all_of=False)
        if few or len(said) <= depth.results:  # few lines are worth a look however many hold another word
            found.add(said[: depth.results], masks)
    tally = counting.Tally(hits, list(question.shown), by_words)
    tally.add(list(found.by_number.values()))
    own, before = tally.counted.own, len(found.by_number)
    best = sorted(own, key=own.__getitem__, reverse=True)[: depth.spread]
    near = [found.by_number[no] for no in best if own[no] >= weights.SPREAD_FROM * own[best[0]]]
    spread(found, bank, near, masks)
    similar = meaning.Similar()
    if similarity is not None:
        similar = similarity(db, bank, question.rest(), list(found.by_number), depth)
        found.fill([no for no in similar.scores if no not in found.by_number], depth.results, masks)
    tally.add(list(islice(found.by_number.values(), before, None)))
    counted = tally.feed_back(found)
    ranked = fusion.fuse(
        found,
        hits,
        counted,
        names={t: words.idf(lines, size) if lines else 0.0 for t, lines in question.names.items()},
        spans=question.spans,
        similarity=similar.scores,
        unrelated=similar.unrelated,
        quotation=f" {' '.join(quotation)} " if quotation else "",
        most=max(depth.results, weights.UPDATES_AMONG),
    )
    wanted = question.wanted(db, bank_id, ranked)
    confidence = fusion.confidence(found, hits, ranked, similar, wanted)
    told = fusion.confidence(found, hits, ranked, meaning.Similar(), wanted) if similar.scores else confidence
    ranked = fusion.answers_first(ranked, wanted)
    answers = cache(partial(question.answered_by, db, bank_id))
    ranked = updates.newest_first(db, bank, found, ranked, asked=[term.text for term in hits.terms], answers=answers)
    ranked = fusion.cut(found, ranked, _higher(confidence, told), depth)
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
    known = {memory.id for memory in memories}
    missed = [memory for memory in alone if memory.id not in known]
    memories = _same_first(query, [*missed, *memories], explain=explain)
    return RecallResult(memories, confidence=1.0 if alone else confidence)


def _higher(confidence: float | None, told: float | None) -> float | None:
    """What decides how many lines return: vectors that doubt an answer may refuse it, but take no lines away."""
    return max((known for known in (confidence, told) if known is not None), default=None)


def _of_its_words(
    db: sqlite3.Connection, bank: int, bank_id: str, query: str, chosen: Filter, *, explain: bool, names_nothing: bool
) -> list[Memory]:
    """Memories that say just what the query does, or hold all of its nouns where it names nothing to look for.

    What has few terms ("Bo: not now"), only stop words ("It is what it is"), or only signs, is found by the whole text.
    """
    terms = [t for t in dict.fromkeys(tokens.terms(query)) if t not in _ASKING_TERMS] if names_nothing else []
    if not terms:
        whole = tokens.whole(query)
        if whole is None:
            return []
        terms = [whole]
    rows = reading.rows(db, words.newest(db, bank, terms, condition=chosen.condition(), most=_MOST_ALONE))
    signals = (Signal("words", 1.0, "says just this"),) if explain else ()
    return [
        records.memory(row, bank_id, score=1.0, signals=signals)
        for row in rows.values()
        if chosen.accepts(row[7], row[5])
    ]


def _same_first(query: str, memories: list[Memory], *, explain: bool) -> list[Memory]:
    """The memories, with what the query repeats first: word for word, then in another case or without its signs."""
    said, asked = same_words(query), tokens.words(query)
    room = max(_SIGNS, len(query) // _SIGNS)
    same: list[Memory] = []
    alike: list[Memory] = []
    for memory in memories:
        text = memory.text
        if memory.superseded_by is not None or len(text) > MAX_QUERY:
            continue
        if same_words(text) == said:
            same.append(memory)
        elif abs(len(text) - len(query)) <= room and tokens.words(text) == asked:
            alike.append(memory)
    same += alike
    if not same or memories[: len(same)] == same:
        return memories
    best = max(memory.score or 0.0 for memory in memories)
    signals = (Signal("words", best, "says just this"),) if explain else ()
    return _behind([replace(memory, score=best, signals=signals) for memory in same], memories)


_SIGNS = 5
"""A text of the same words has so many characters more or less, or a share of one in so many."""
_MOST_ALONE = 30
_ASKING_TERMS = frozenset(tokens.term(word) for word in QUESTION_WORDS if word.isascii())


def _behind(first: list[Memory], others: list[Memory]) -> list[Memory]:
    """The first memories, and behind them those of the others that are not among them."""
    known = {memory.id for memory in first}
    return [*first, *(memory for memory in others if memory.id not in known)] if first else others


def _newest(db: sqlite3.Connection, bank: int, bank_id: str, chosen: Filter, most: int, explain: bool) -> list[Memory]:
    """The memories noted last: the answer to a query that names nothing to look for."""
    allowed = reading.passing_rowids(db, bank, chosen)
    among = "INDEXED BY memory_noted WHERE bank = ?"
    if allowed is not None:
        among = "WHERE no IN (SELECT value FROM json_each(?))"
    sql = f"SELECT no, tags, type FROM memory {among} ORDER BY mentioned DESC, no DESC"
    rows = db.execute(sql, (bank if allowed is None else json.dumps(allowed),))
    numbers = list(islice((no for no, tags, kind in rows if chosen.accepts(tags, kind)), most))
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
