"""Phrases of orders to an agent: English rules, and "ignore what came before" in many languages.

Texts are compared folded (``uncover.fold``). A rule begins at a trigger, looks at a bounded number of characters after
it, within the sentence, and so costs no more than the text is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from hindsight_teams.guard.languages import ENGLISH, LANGUAGES, Language
from hindsight_teams.guard.rules import ENGLISH_RULES, OTHER_RULES
from hindsight_teams.guard.uncover import fold

REACH = 110
"""Characters after a trigger in which the rest of a phrase must stand."""

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|[。！？]|\n\n")


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a phrase stands, what it is called, and whether it is read as an order only where it opens a clause."""

    name: str
    start: int
    end: int
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A trigger and what must follow it.

    Attributes:
        opens: The trigger is an order, and counts only where it opens a clause.
    """

    name: str
    trigger: re.Pattern[str]
    rest: re.Pattern[str] | None = None
    opens: bool = True

    def hits(self, text: str) -> Iterator[Hit]:
        """Where the rule matches in a folded text."""
        for trigger in self.trigger.finditer(text):
            if self.rest is None:
                yield Hit(self.name, *trigger.span(), self.opens)
                continue
            window = text[trigger.end() : trigger.end() + REACH]
            if end := _SENTENCE_END.search(window):
                window = window[: end.start()]
            if rest := self.rest.search(window):
                yield Hit(self.name, trigger.start(), trigger.end() + rest.end(), self.opens)


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, compiled once; words are folded as the texts are."""
    return tuple(
        Rule(name, re.compile(_folded(trigger)), re.compile(_folded(rest)) if rest else None, opens)
        for name, trigger, rest, opens in (*ENGLISH_RULES, *OTHER_RULES)
    )


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
    for rule in rules():
        yield from rule.hits(folded)


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
            yield Hit("overrides instructions", start, end, english)
        elif words["rules"].search(span):
            strong = words["strong"].search(span)
            if strong or (words["former"].search(span) and not words["about"].search(_after_former(after, words))):
                yield Hit("overrides instructions", start, end, english)


def _after_former(text: str, words: dict[str, re.Pattern[str]]) -> str:
    """What follows, less a word for "earlier" that stands behind its noun, as in French."""
    former = words["former"].match(text.lstrip())
    return text.lstrip()[former.end() :] if former else text


def _last_sentence(text: str) -> str:
    ends = [end.end() for end in _SENTENCE_END.finditer(text)]
    return text[ends[-1] :] if ends else text
