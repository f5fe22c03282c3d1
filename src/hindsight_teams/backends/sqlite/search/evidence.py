"""Reflect without a model: the memories that answer a question, quoted, dated and signed. It never invents.

What a recall finds is the evidence, in its order, as far as it keeps up with the best; of each memory the sentences
that hold the question's words. Where the recall says that little is known, so does the answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hindsight_teams.backends.sqlite.text import sentences
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.dates import happened_each
from hindsight_teams.models import LITTLE_KNOWN, Memory
from hindsight_teams.text import estimate, happened, noted, told

NOTHING = "Nothing is known about this."

_MOST_LINES = 6
_MOST_OF_EVERYTHING = 12
"""Lines of the answer to a question that names nothing to look for."""
_LEAST_SHARE = 0.5
"""Of the best memory's score: what scores less is left out, since it would bury the answer."""
_LONGEST_QUOTE = 600

_PRONOUN = re.compile(r"(?:he|she|it|they|this|that|these|those|his|her|their|its)\b", re.IGNORECASE)
_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_QUOTES = str.maketrans({'"': "'", "\u201c": "'", "\u201d": "'", "\u201e": "'", "\u201f": "'"})


@dataclass(frozen=True, slots=True)
class _Line:
    memory: Memory
    text: str


def extractive_answer(
    query: str, memories: Sequence[Memory], *, confidence: float | None = None, max_tokens: int | None = None
) -> tuple[str, list[Memory]]:
    """Answer a question with quotations from memories.

    Args:
        query: The question.
        memories: What was found for it, best first, with scores.
        confidence: See ``RecallResult.confidence``; None for a question that names nothing to look for.
        max_tokens: The answer's limit in tokens, as ``text.estimate`` counts them.

    Returns:
        The answer, and the memories that it quotes, best first. Where nothing was found, or the confidence is low, the
        answer says that nothing is known, and the list is empty.
    """
    if not memories or (confidence is not None and confidence < LITTLE_KNOWN):
        return _cut(NOTHING, max_tokens), []
    asked = frozenset(tokens.terms(query))
    floor = _LEAST_SHARE * (memories[0].score or 0.0)
    most = _MOST_OF_EVERYTHING if confidence is None else _MOST_LINES
    lines: list[_Line] = []
    for memory in memories[:most]:
        quote = _quote(_excerpt(memory.text, asked))
        line = _Line(memory, f"- {_label(memory, quote)}: \u201c{quote}\u201d{_replaced(memory)}")
        if (memory.score or 0.0) >= floor and (
            max_tokens is None or estimate("\n".join(k.text for k in (*lines, line))) <= max_tokens
        ):
            lines.append(line)
    if not lines:  # not even one line fits: what fits of the best one
        best = memories[0]
        return _cut(f"- {_label(best, best.text)}: \u201c{_quote(best.text)}\u201d", max_tokens), [best]
    return "\n".join(line.text for line in lines), [line.memory for line in lines]


def _excerpt(text: str, asked: frozenset[str]) -> str:
    """The best sentence, the one before where it begins with a pronoun, and one that adds words of the question."""
    parts = sentences.split(text) or [text]
    held = [asked.intersection(tokens.terms(part)) for part in parts]
    best = max(range(len(parts)), key=lambda i: (len(held[i]), -i))
    chosen = {best}
    if best and _PRONOUN.match(parts[best]):
        chosen.add(best - 1)
    second = max(range(len(parts)), key=lambda i: (len(held[i] - held[best]), -i))
    if held[second] - held[best]:
        chosen.add(second)
    elif best + 1 < len(parts) and parts[best].rstrip().endswith(("?", "\uff1f")):
        chosen.add(best + 1)  # the answer to a question that was asked in the same memory
    order = sorted(chosen)
    out = parts[order[0]]
    for previous, number in pairwise(order):
        out += (" " if number == previous + 1 else " \u2026 ") + parts[number]
    return out


def _replaced(memory: Memory) -> str:
    return " (no longer current: a newer memory replaces it)" if memory.superseded_by else ""


def _label(memory: Memory, quote: str) -> str:
    """When what is quoted happened, when it was noted, and by whom, as far as that is known."""
    told = (_happened(memory, quote), noted(memory), _one_line(memory.author or "")[:80])
    return ", ".join(part for part in told if part) or "undated"


def _happened(memory: Memory, quote: str) -> str:
    """When the quoted sentences happened: one sentence of a memory never gets the day of another."""
    if len(sentences.split(memory.text)) <= 1:
        return happened(memory)
    if memory.mentioned_at is None:
        return ""
    found = {happening for _, happening in happened_each(quote, memory.mentioned_at)}
    happening = found.pop() if len(found) == 1 else None
    return told(happening.start, happening.end, noted_at=memory.mentioned_at) if happening else ""


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
