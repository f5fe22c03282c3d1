"""Reflect without a model: the best evidence for a question, quoted, dated, signed and grouped. It never invents.

Each memory gives its best sentences, scored by the weighted share of the question's words that they hold. What the
memories do not mention is said; what was replaced is set apart.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from hindsight_teams import when
from hindsight_teams.backends.sqlite.text import sentences
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.dates import Span, find_spans, happened_each
from hindsight_teams.backends.sqlite.text.stems import stem
from hindsight_teams.models import Memory
from hindsight_teams.text import estimate

NOTHING = "Nothing is known about this."
NO_BEARING = "Nothing is known about this: none of the memories found bears on the question."

_MOST_LINES = 12
_LEAST_SHARE = 0.4
"""Of the best memory's score: what scores less is left out, since it would bury the answer."""
_LONGEST_QUOTE = 600
_IN_TIME, _OF_MEMORY, _BY_RANK = 0.5, 0.5, 0.2
"""Weights beside one word of the question in the sentence: the right time, a word elsewhere in the memory, the rank."""

# Words that ask for whatever was going on, beside a date: "What happened last week?"
_ASKING = frozenset(
    "happen happened happening happens occur occurred event events going new news done took place".split()
)
_PRONOUN = re.compile(r"(?:he|she|it|they|this|that|these|those|his|her|their|its)\b", re.IGNORECASE)
_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_QUOTES = str.maketrans({'"': "'", "\u201c": "'", "\u201d": "'", "\u201e": "'", "\u201f": "'"})


@dataclass(frozen=True, slots=True)
class _Evidence:
    memory: Memory
    quote: str
    score: float


@dataclass(frozen=True, slots=True)
class _Question:
    """What a question asks for: index terms with the words they came from, and spans of time."""

    words: dict[str, str]
    spans: list[Span]


def extractive_answer(
    query: str, memories: Sequence[Memory], *, max_tokens: int | None = None, now: datetime | None = None
) -> tuple[str, list[Memory]]:
    """Answer a question with quotations from memories.

    Args:
        query: The question.
        memories: What was found for it, best first.
        max_tokens: The answer's limit in tokens, as ``tokens.estimate`` counts them.
        now: What "last week" in the question is relative to; the present by default.

    Returns:
        The answer and the memories that it quotes, in the order of the quotations. Where no content word and no
        date of the question is in any memory the answer says that nothing is known, and the list is empty.
    """
    if not memories:
        return _cut(NOTHING, max_tokens), []
    question = _understand(query, now or datetime.now(UTC))
    evidence = _evidence(question, memories)
    if not evidence:
        return _cut(NO_BEARING, max_tokens), []
    return _written(evidence, _missing(question, evidence), max_tokens)


def _understand(query: str, now: datetime) -> _Question:
    spans = find_spans(query, now)
    rest = query
    for span in spans:
        rest = rest.replace(span.text, " ")
    words = {stem(tokens.term(w)): w for w in tokens.words(rest) if w not in tokens.STOP_WORDS}
    if all(w in tokens.GENERIC_WORDS or w in _ASKING for w in words.values()):
        words = {}
    return _Question(words, spans)


def _terms(text: str) -> list[str]:
    """The content words of a text, without their endings."""
    return [stem(term) for term in tokens.terms(text)]


def _evidence(question: _Question, memories: Sequence[Memory]) -> list[_Evidence]:
    """The memories that bear on the question, each with its best sentences, best first."""
    if not question.words and not question.spans:  # "what do you know?": the best are those that were found first
        return [_Evidence(m, _quote(m.text), 1.0 / (1 + rank)) for rank, m in enumerate(memories[:_MOST_LINES])]
    pieces = [sentences.split(m.text) or [m.text] for m in memories]
    held = [[frozenset(_terms(p)) for p in parts] for parts in pieces]
    about = [frozenset(_terms(" ".join((m.author or "", m.context or "", *m.entities)))) for m in memories]
    everything = [more.union(*sets) for sets, more in zip(held, about, strict=True)]
    spread = Counter(t for terms in everything for t in terms if t in question.words)
    weight = {t: math.log(1 + len(memories) / (0.5 + count)) for t, count in spread.items()}
    found: list[_Evidence] = []
    for rank, (memory, parts, sets, whole) in enumerate(zip(memories, pieces, held, everything, strict=True)):
        in_time = any(_overlaps(memory, span) for span in question.spans)
        if not (in_time if not question.words else any(t in whole for t in question.words)):
            continue
        shared = _OF_MEMORY * sum(weight[t] for t in question.words if t in whole)
        scores = [sum(weight[t] for t in question.words if t in terms) for terms in sets]
        best = max(range(len(parts)), key=lambda i: (scores[i], -i))
        score = scores[best] + shared + _IN_TIME * in_time + _BY_RANK / (1 + rank)
        found.append(_Evidence(memory, _quote(_excerpt(parts, sets, scores, best, question)), score))
    found.sort(key=lambda e: (e.memory.superseded_by is not None, -e.score))
    floor = _LEAST_SHARE * max((e.score for e in found), default=0.0)
    return [e for e in found if e.score >= floor][:_MOST_LINES]


def _excerpt(parts: list[str], sets: list[frozenset[str]], scores: list[float], best: int, question: _Question) -> str:
    """The best sentence, the one before where it begins with a pronoun, and one that adds words of the question."""
    chosen = {best}
    if best and _PRONOUN.match(parts[best]):
        chosen.add(best - 1)
    fresh = [len((question.words.keys() & terms) - sets[best]) for terms in sets]
    second = max(range(len(parts)), key=lambda i: (fresh[i], scores[i], -i))
    if fresh[second]:
        chosen.add(second)
    order = sorted(chosen)
    out = parts[order[0]]
    for previous, number in pairwise(order):
        out += (" " if number == previous + 1 else " \u2026 ") + parts[number]
    return out


def _overlaps(memory: Memory, span: Span) -> bool:
    start = memory.occurred_at or memory.mentioned_at
    if start is None:
        return False
    end = memory.occurred_end if memory.occurred_at and memory.occurred_end else start
    return start < span.end and end >= span.start


def _missing(question: _Question, evidence: Sequence[_Evidence]) -> list[str]:
    """The question's words that none of the evidence holds."""
    held: set[str] = set()
    for entry in evidence:
        m = entry.memory
        held.update(_terms(" ".join((m.text, m.author or "", m.context or "", *m.entities))))
    # Words that only ask ("know", "tell") name nothing; pieces of an unspaced script are no words to a reader.
    asking = tokens.GENERIC_WORDS | _ASKING
    return [w for t, w in question.words.items() if t not in held and w not in asking and all(c < "\u0e00" for c in w)]


def _grouped(evidence: Sequence[_Evidence]) -> list[tuple[str, list[_Evidence]]]:
    """The evidence under headings, the last noted first under each: what stands, and what was replaced."""
    ordered = sorted(evidence, key=lambda e: e.memory.mentioned_at or _NEVER, reverse=True)
    groups = [
        ("Known, last noted first:", [e for e in ordered if e.memory.superseded_by is None]),
        ("No longer current:", [e for e in ordered if e.memory.superseded_by is not None]),
    ]
    return [(heading, entries) for heading, entries in groups if entries]


_NEVER = datetime.min.replace(tzinfo=UTC)


def _written(evidence: list[_Evidence], missing: list[str], max_tokens: int | None) -> tuple[str, list[Memory]]:
    """The text with as much of the best evidence as fits, and the memories quoted."""
    gap = [f"Not mentioned in any of them: {', '.join(missing)}."] if missing else []
    chosen: list[_Evidence] = []
    for entry in evidence:
        if max_tokens is None or estimate(_text([*chosen, entry], gap)) <= max_tokens:
            chosen.append(entry)
    if not chosen:  # not even one line fits: what fits of the best one
        best = evidence[0]
        return _cut(f"{_label(best)}: \u201c{best.quote}\u201d", max_tokens), [best.memory]
    return _text(chosen, gap), [e.memory for _, entries in _grouped(chosen) for e in entries]


def _text(evidence: list[_Evidence], gap: list[str]) -> str:
    lines: list[str] = []
    dates = {e.memory.id: e.memory.mentioned_at for e in evidence}
    for heading, entries in _grouped(evidence):
        lines += [
            heading,
            *(f"- {_label(e)}: \u201c{e.quote}\u201d{_replaced(e.memory, dates)}" for e in entries),
        ]
    return "\n".join([*lines, *gap])


def _replaced(memory: Memory, dates: Mapping[str, datetime | None]) -> str:
    moment = dates.get(memory.superseded_by or "")
    return f" (replaced by that noted {moment:%Y-%m-%d})" if moment else ""


def _label(entry: _Evidence) -> str:
    """When what is quoted happened, when it was noted, and by whom, as far as that is known."""
    memory = entry.memory
    author = _one_line(memory.author or "")[:80]
    told = (_happened(entry), when.noted(memory), author)
    return ", ".join(part for part in told if part) or "undated"


def _happened(entry: _Evidence) -> str:
    """When the quoted sentences happened: one sentence of a memory never gets the day of another."""
    memory = entry.memory
    if len(sentences.split(memory.text)) <= 1:
        return when.happened(memory)
    if memory.mentioned_at is None:
        return ""
    found = {happening for _, happening in happened_each(entry.quote, memory.mentioned_at)}
    happening = found.pop() if len(found) == 1 else None
    return when.told(happening.start, happening.end, noted_at=memory.mentioned_at) if happening else ""


def _quote(text: str) -> str:
    text = _one_line(text)
    if len(text) > _LONGEST_QUOTE:
        text = text[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + " \u2026"
    return text


def _one_line(text: str) -> str:
    """The text in one line, without signs that hide, turn or end a quotation."""
    text = _HIDDEN.sub("", text.translate(_QUOTES))
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) in _UNPRINTABLE else c for c in text)
    return " ".join(text.split())


def _cut(text: str, max_tokens: int | None) -> str:
    """The beginning of a text that takes at most ``max_tokens``."""
    if max_tokens is None or estimate(text) <= max_tokens:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate(text[:middle] + "\u2026") <= max_tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "\u2026"
