"""The signs of ``signs.toml``, read once and matched against a text."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hindsight_teams.guard.grammar import Grammar, Phrase, named_classes

ENOUGH = 2
"""The weight at which a text counts as an instruction."""


@dataclass(frozen=True, slots=True)
class Signs:
    """All signs: the phrases by the class of words that they begin with, and the regular expressions."""

    grammar: Grammar
    phrases: Mapping[int, Sequence[tuple[Phrase, str, int]]]
    patterns: Sequence[tuple[re.Pattern[str], str, int]]


@cache
def load() -> Signs:
    """The signs of the file."""
    tables = tomllib.loads(files("hindsight_teams.guard").joinpath("signs.toml").read_text("utf-8"))
    named = named_classes(tables["words"])
    grammar = Grammar()
    phrases: dict[int, list[tuple[Phrase, str, int]]] = defaultdict(list)
    patterns: list[tuple[re.Pattern[str], str, int]] = []
    for sign in tables["signs"]:
        for text in sign.get("says", ()):
            phrase = grammar.phrase(text, named)
            phrases[phrase.classes[0]].append((phrase, sign["name"], sign["weight"]))
        patterns += [(re.compile(text), sign["name"], sign["weight"]) for text in sign.get("shows", ())]
    return Signs(grammar, phrases, patterns)


def weigh(folded: str) -> dict[str, int]:
    """The signs found in a folded text, each kind at its heaviest; it stops at the first that is enough alone."""
    weights: dict[str, int] = {}
    for name, weight in _found(load(), folded):
        weights[name] = max(weights.get(name, 0), weight)
        if weight >= ENOUGH:
            break
    return weights


def _found(signs: Signs, folded: str) -> Iterator[tuple[str, int]]:
    for pattern, name, weight in signs.patterns:
        if pattern.search(folded):
            yield name, weight
    for sentence in signs.grammar.sentences(folded):
        for number in sentence.places:
            for phrase, name, weight in signs.phrases.get(number, ()):
                if sentence.holds(phrase):
                    yield name, weight
