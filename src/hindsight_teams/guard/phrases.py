"""Phrases of orders to an agent: English rules, and "ignore what came before" in many languages.

Texts are compared folded (``uncover.fold``). A rule begins at a trigger, looks at a bounded number of characters after
it, within the sentence, and so costs no more than the text is long.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from hindsight_teams.guard.languages import ENGLISH, LANGUAGES, Language
from hindsight_teams.guard.rules import CONCEPTS, RULES
from hindsight_teams.guard.uncover import fold

REACH = 110
"""Characters after a trigger in which the rest of a phrase must stand."""

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|[。！？]|\n\n")


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a phrase stands and what it is called.

    Attributes:
        verb: Where a verb stands that makes it an order only if it opens a clause; None if nothing has to.
    """

    name: str
    start: int
    end: int
    verb: int | None = None


@cache
def concepts() -> dict[str, re.Pattern[str]]:
    """The concepts compiled; words are folded as the texts are."""
    return {name: re.compile(_folded(pattern)) for name, pattern in CONCEPTS.items()}


@cache
def languages() -> tuple[tuple[Language, dict[str, re.Pattern[str]]], ...]:
    """The languages with their words compiled."""
    fields = ("verbs", "strong", "former", "rules", "about", "told")
    return tuple(
        (language, {name: re.compile(_folded(getattr(language, name))) for name in fields}) for language in LANGUAGES
    )


def _folded(pattern: str) -> str:
    """A pattern whose words are folded as the texts are; its ASCII part, with the escapes, stays."""
    return _NOT_ASCII.sub(lambda run: fold(run[0]), pattern)


def hits(folded: str) -> Iterator[Hit]:
    """Where orders to an agent stand in a folded text."""
    for language, words in languages():
        yield from _overrides(folded, language, words)
    places: dict[str, list[tuple[int, int]]] = {}

    def found(concept: str) -> list[tuple[int, int]]:
        if concept not in places:
            places[concept] = [match.span() for match in concepts()[concept].finditer(folded)]
        return places[concept]

    stops = [stop.start() for stop in _SENTENCE_END.finditer(folded)]
    for rule in RULES:
        anchor, *others = rule.concepts
        for start, end in found(anchor) if all(map(found, rule.concepts)) else ():
            place = bisect_left(stops, end)
            first = max(start - REACH, stops[place - 1] if place else 0)
            last = min(end + REACH, stops[place] if place < len(stops) else len(folded))
            near = [_within(found(other), first, last) for other in others]
            if all(near):
                spans = [(start, end), *filter(None, near)]
                yield Hit(
                    rule.name,
                    min(spans)[0],
                    max(end for _, end in spans),
                    start if rule.opens and folded[start:end].isascii() else None,
                )


def _within(spans: list[tuple[int, int]], first: int, last: int) -> tuple[int, int] | None:
    """The first of ordered spans that begins behind a place and ends before another."""
    place = bisect_left(spans, (first, 0))
    return spans[place] if place < len(spans) and spans[place][1] <= last else None


def _overrides(text: str, language: Language, words: dict[str, re.Pattern[str]]) -> Iterator[Hit]:
    english = language is ENGLISH
    for verb in words["verbs"].finditer(text):
        if language.verb_last:
            window = _last_sentence(text[max(0, verb.start() - REACH) : verb.start()])
            span, after = window, ""
            start, end = verb.start() - len(window), verb.end()
        else:
            window = text[verb.end() : verb.end() + REACH]
            if stop := _SENTENCE_END.search(window):
                window = window[: stop.start()]
            governed = words["rules"].search(window)
            span = window[: governed.end() + 25] if governed else window
            after = window[governed.end() :] if governed else ""
            start, end = verb.start(), verb.end() + (governed.end() if governed else 0)
        if words["told"].search(span if not language.verb_last else window):
            yield Hit("overrides instructions", start, end, start if english else None)
        elif words["rules"].search(span):
            strong = words["strong"].search(span)
            if strong or (words["former"].search(span) and not words["about"].search(_after_former(after, words))):
                yield Hit("overrides instructions", start, end, start if english else None)


def _after_former(text: str, words: dict[str, re.Pattern[str]]) -> str:
    """What follows, less a word for "earlier" that stands behind its noun, as in French."""
    former = words["former"].match(text.lstrip())
    return text.lstrip()[former.end() :] if former else text


def _last_sentence(text: str) -> str:
    ends = [end.end() for end in _SENTENCE_END.finditer(text)]
    return text[ends[-1] :] if ends else text
