"""A small grammar of word classes: what ``signs.toml`` is written in, and how a text is matched against it.

A text is cut into sentences, a sentence into words, and each word looked up once. A phrase such as
``{override} ..2 {former} {governance}`` then matches where words of the three classes follow each other, with at most
two words between the first two and at most three (the default) between the others. That costs a look-up a word,
however many signs there are, where regular expressions cost a pass each.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

DEFAULT_GAP = 3
_MOST_KNOWN = 20_000  # words whose entries are remembered
# Lengths are bounded where a failed attempt could otherwise scan the rest of a hostile text at every word.
_TOKEN = re.compile(
    r"(?P<assignment>[a-z]\w{0,62}=\w{1,12}://\S+)"
    r"|(?P<address>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}|\w{1,12}://\S+|(?<!\.)(?:\w[\w-]{0,62}\.){1,8}"
    r"(?:com|net|org|io|ru|xyz|tk|co|ai|dev|internal|external|example|evil)\b)"
    r"|(?P<amount>[$€£]\s?\d[\d,.]*[km]?)"
    r"|(?P<function>[a-z][a-z0-9]*(?:_[a-z0-9]+)+)"
    r"|(?P<word>[^\W_]+(?:'[^\W_]+)?)"
    r"|(?P<clause>[:,(\u2014>]|(?<=\s)-(?=\s))"
    r"|(?P<end>[.!?;…。！？।]+(?=\s|$|[^\w.])|\n\n)"  # noqa: RUF001
)
_PART = re.compile(r"\{(?P<name>\w+)\}|\((?P<inline>[^)]*)\)|\.\.(?P<gap>\d+)|(?P<word>[^\s{}()]+)")

# Whoever tells of own deeds, or of what is not to be done, gives no order: "I ignored", "to ignore", "don't send".
_NO_ORDER_AFTER = frozenset(
    "i we they he she it to not don't doesn't didn't can't couldn't won't would could might i'll we'll i'd we'd the a"
    " an his her my our their can did does do will who".split()
)
_POLITE = frozenset(
    "please always never just then now immediately also first next finally silently secretly automatically quietly"
    " and must should shall you important urgent note action step remember instead simply kindly directly therefore"
    " so".split()
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sequence of word classes, each with the most words that may stand before it.

    Attributes:
        order: The first word must not stand where somebody tells what they or others do.
        opening: The first word must open a sentence or a clause, but for words such as "please" or "always".
    """

    classes: tuple[int, ...]
    gaps: tuple[int, ...]
    order: bool = False
    opening: bool = False


@dataclass(slots=True)
class Grammar:
    """Word classes, and the phrases made of them."""

    _classes: dict[tuple[str, ...], int] = field(default_factory=dict)
    _words: dict[str, list[tuple[tuple[str, ...], int]]] = field(default_factory=lambda: defaultdict(list))
    _stems: dict[str, list[tuple[tuple[str, ...], int]]] = field(default_factory=lambda: defaultdict(list))
    _stem_lengths: set[int] = field(default_factory=set)
    _known: dict[str, Sequence[tuple[tuple[str, ...], int]]] = field(default_factory=dict)

    def word_class(self, words: Iterable[str]) -> int:
        """The number of the class of these words and phrases; ``polic*`` stands for all that begin so."""
        key = tuple(sorted(set(words)))
        if key not in self._classes:
            self._classes[key] = len(self._classes)
            for entry in key:
                first, *rest = _split(entry)
                table = self._stems if first.endswith("*") else self._words
                table[first.rstrip("*")].append((tuple(rest), self._classes[key]))
                if first.endswith("*"):
                    self._stem_lengths.add(len(first) - 1)
        return self._classes[key]

    def phrase(self, text: str, named: Mapping[str, Sequence[str]]) -> Phrase:
        """Read a phrase: ``{name}``, ``(one|or another)``, a bare word, ``..N`` for a gap, ``!`` and ``^`` in front.

        ``!`` asks for an order (see ``Phrase.order``), ``^`` for the opening of a sentence.

        Raises:
            KeyError: A class that is not named.
        """
        body = text.lstrip("!^ ")
        marks = text[: len(text) - len(body)]
        classes: list[int] = []
        gaps: list[int] = []
        gap = DEFAULT_GAP
        for part in _PART.finditer(body):
            if part["gap"]:
                gap = int(part["gap"])
                continue
            words = named[part["name"]] if part["name"] else (part["inline"] or part["word"]).split("|")
            classes.append(self.word_class(words))
            gaps.append(gap)
            gap = DEFAULT_GAP
        return Phrase(tuple(classes), tuple(gaps), "!" in marks, "^" in marks)

    def sentences(self, text: str) -> Iterator[Sentence]:
        """The sentences of a folded text, their words looked up."""
        words: list[str] = []
        clauses = {0}
        for token in _TOKEN.finditer(text):
            kind = token.lastgroup
            if kind == "word":
                words.append(token[0])
            elif kind == "clause":
                clauses.add(len(words))
            elif kind != "end":
                words.append(f"<{kind}>")
            elif words:
                yield self._look_up(words, clauses)
                words, clauses = [], {0}
        if words:
            yield self._look_up(words, clauses)

    def _look_up(self, words: list[str], clauses: set[int]) -> Sentence:
        places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for start, word in enumerate(words):
            for rest, number in self._entries(word):
                end = start + 1 + len(rest)
                if not rest or (end <= len(words) and all(map(_same, rest, words[start + 1 : end]))):
                    places[number].append((start, end))
        return Sentence(words, clauses, places)

    def _entries(self, word: str) -> Sequence[tuple[tuple[str, ...], int]]:
        """What the classes hold that begins with this word: the words after it, and the class."""
        known = self._known.get(word)
        if known is None:
            stems = (self._stems.get(word[:length], ()) for length in self._stem_lengths if len(word) >= length)
            known = (*self._words.get(word, ()), *(entry for entries in stems for entry in entries))
            if len(self._known) < _MOST_KNOWN:
                self._known[word] = known
        return known


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence, where its clauses begin, and where each class stands: start and end, by its number."""

    words: Sequence[str]
    clauses: Set[int]
    places: Mapping[int, Sequence[tuple[int, int]]]

    def holds(self, phrase: Phrase) -> bool:
        """Whether the phrase stands in it."""
        if any(number not in self.places for number in phrase.classes):
            return False
        return any(
            self._goes_on(phrase, 1, end)
            for start, end in self.places[phrase.classes[0]]
            if not (phrase.order and start and self.words[start - 1] in _NO_ORDER_AFTER)
            and not (phrase.opening and not self._opens(start))
        )

    def _opens(self, place: int) -> bool:
        """Whether nothing but polite words stands between the beginning of a clause and a place."""
        while place not in self.clauses:
            place -= 1
            if self.words[place] not in _POLITE:
                return False
        return True

    def _goes_on(self, phrase: Phrase, part: int, after: int) -> bool:
        if part == len(phrase.classes):
            return True
        return any(
            after <= start <= after + phrase.gaps[part] and self._goes_on(phrase, part + 1, end)
            for start, end in self.places[phrase.classes[part]]
        )


def _split(entry: str) -> list[str]:
    return re.findall(r"<\w+>|[^\W_]+(?:'[^\W_]+)?\*?", entry)


def _same(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def named_classes(tables: Mapping[str, Any]) -> dict[str, list[str]]:
    """The named classes of a file: texts with ``|`` between words; ``{other}`` takes in another class."""
    named: dict[str, list[str]] = {}
    for name, text in tables.items():
        words: list[str] = []
        for entry in (part.strip() for part in str(text).replace("\n", "|").split("|")):
            words += named[entry[1:-1]] if entry.startswith("{") else [entry] if entry else []
        named[name] = words
    return named
