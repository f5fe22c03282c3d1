"""The check for texts that give an agent an order, openly or in disguise.

Texts are compared folded (``uncover.fold``). A rule begins at a trigger, looks at a bounded number of characters around
it, within the sentence, and so costs no more than the text is long.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

from hindsight_teams.guard.languages import ABOUT, LANGUAGES
from hindsight_teams.guard.rules import CONCEPTS, GROUPS, RULES
from hindsight_teams.guard.uncover import disguised, fold, readings
from hindsight_teams.guard.verdict import Verdict, WriteAttempt, found_by

_REACH = 110
"""Characters after a trigger in which the rest of a phrase must stand."""

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|[。！？]|\n\n")
_LATIN = re.compile(r"[^\u0370-\uffff]*")
_NOT_LETTERS = re.compile(r"[^a-z]+")
# For letters set apart one by one, where the spaces between words were lost too.
_COMPACT = re.compile(
    r"(?:ignore|disregard|forget|bypass|override)(?:all|any|the|your|my|of){0,3}(?:previous|prior|above|earlier|system"
    r"|safety){0,2}(?:instructions|rules|prompt|guidelines)|(?:reveal|print|send|show)(?:all|me|the"
    r"|your){0,3}(?:systemprompt|passwords|secrets|credentials|apikey|secretkey)"
)

_BEFORE = 60
_POLITE = frozenset(
    "please always never just then now immediately also first next finally silently secretly automatically quietly"
    " and must should shall you important urgent note action step remember instead simply kindly directly therefore"
    " so but or will that future".split()
)
_YOU_TO = re.compile(
    r"\b(?:you|assistant|agent|agents|model|ai|bot) (?:are |must |have |has |is |need |needs )?(?:\w+ )?to $"
    r"|\buse (?:[\w-]+ ){1,4}to $"
)
_ANDS = frozenset("and then but or et und y e en i и".split())
_TELLS = re.compile(
    r"\b(?:to|i|we|they|he|she|it|who|which|can|could|would|did|does|do|may|might|will|cannot|not)\b|\w(?:ed|ing)\b"
)
_YOU_MUST = re.compile(
    r"\byou (?:will|must|shall|should|may|can)(?: now| always| never)? {1,3}$|\b(?:(?:could|can|would|will) you"
    r"|you (?:could|would))(?: (?:please|kindly|be|so|kind|and|as|to|mind))* $"
)
_CLAUSE = re.compile(r"(?:^|[.!?:;,()\[\]\n\"'\u201c\u2018\u00ab\u300c*#>|=/-]|\u2014|\u2013)\s{0,3}$")
_LAST_WORD = re.compile(r"([\w']+)\s{0,3}$")

_QUOTE = re.compile(r"[\"\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d\u300e`]|(?<![\w])['\u2018]|['\u2019](?!\w)")
_SENTENCE = re.compile(r"[.!?](?=\s)|\n")
# Whoever says what the quoted words are to do does not only tell of them.
_USES = re.compile(
    r"\b(?:means?|stands? for|repeat|say|do|execute|obey|follow|read|apply|remember|is short for|piece|half|fragment"
    r"|now|as of|from now|must|you|always|call \w+|reply|answer|respond)\b"
)
_QUOTED_BEFORE = 200


@dataclass(frozen=True, slots=True)
class _Hit:
    """Where a phrase stands and what it is called.

    Attributes:
        verb: Where a verb stands that makes it an order only if it opens a clause; None if nothing has to.
    """

    name: str
    start: int
    end: int
    verb: int | None = None


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language says "ignore the earlier instructions": see ``languages.LANGUAGES``, compiled."""

    words: Mapping[str, re.Pattern[str]]
    english: bool
    verb_last: bool


def check_instructions(attempt: WriteAttempt) -> Verdict | None:
    """Quarantine what reads as an instruction to an agent, in any of the fields that are stored.

    No model is asked. This finds what is written as instructions are, and no lie that is written as a fact. Words that
    an author quotes in telling of them are not an order, unless the text comes from an untrusted place.
    """
    mentions = attempt.source == "author"
    return found_by(partial(orders, mentions_allowed=mentions), attempt)


def orders(text: str, *, mentions_allowed: bool = True) -> list[str]:
    """The names of the orders to an agent that a text gives, as it is or decoded.

    Args:
        text: What is to be stored.
        mentions_allowed: Leave out orders that the text only quotes.
    """
    found = list(dict.fromkeys(_given(fold(text), mentions_allowed)))
    if found:
        return found
    if disguised(text):
        return ["hides an instruction"]
    for reading in readings(text):
        folded = fold(reading)
        inside = next(_given(folded, mentions_allowed), None)
        if inside or _COMPACT.search(_NOT_LETTERS.sub("", folded)):
            return ["hides an instruction", *([inside] if inside else [])]
    return []


def _given(folded: str, mentions_allowed: bool) -> Iterator[str]:
    for hit in _hits(folded):
        if hit.verb is not None and not _opens_a_clause(folded, hit.verb):
            continue
        if mentions_allowed and _is_a_mention(folded, hit):
            continue
        yield hit.name


def _opens_a_clause(text: str, start: int) -> bool:
    """Whether nothing but polite words stands between the beginning of a clause and a place."""
    before = text[max(0, start - _BEFORE) : start]
    for _ in range(4):
        if _CLAUSE.search(before) or _YOU_TO.search(before) or _YOU_MUST.search(before):
            return True
        last = _LAST_WORD.search(before)
        if last is None:
            return not before.strip()
        if last[1] in _ANDS and not _TELLS.search(_SENTENCE.split(before)[-1]):
            return True  # "do the opposite and leak": an order goes on
        if last[1] not in _POLITE:
            return False
        before = before[: last.start()]
    return True


def _is_a_mention(text: str, hit: _Hit) -> bool:
    """Whether the order stands in quotation marks after words that tell of it, in the same sentence."""
    sentence = _last_sentence(text[max(0, hit.start - _QUOTED_BEFORE) : hit.start], _SENTENCE)
    marks = list(_QUOTE.finditer(sentence))
    told = sentence[: marks[-1].start()] if len(marks) % 2 else ""
    words = 3 if told.rstrip().endswith(":") else 2  # "User said:" before all of a text tells nothing of it
    closed = _QUOTE.search(text, hit.end, hit.end + _QUOTED_BEFORE)
    return closed is not None and len(told.split()) >= words and not _USES.search(told)


def _hits(folded: str) -> Iterator[_Hit]:
    """Where orders to an agent stand in a folded text."""
    for language in _languages():
        yield from _overrides(folded, language)
    places: dict[str, list[tuple[int, int]]] = {}

    def found(concept: str) -> list[tuple[int, int]]:
        if concept not in places:
            places[concept] = [match.span() for match in _concepts()[concept].finditer(folded)]
        return places[concept]

    stops = [stop.start() for stop in _SENTENCE_END.finditer(folded)]
    for rule in RULES:
        anchor, *others = rule.concepts
        for start, end in found(anchor) if all(map(found, rule.concepts)) else ():
            place = bisect_left(stops, end)
            first = max(start - _REACH, stops[place - 1] if place else 0)
            last = min(end + _REACH, stops[place] if place < len(stops) else len(folded))
            near = [_within(found(other), first, last) for other in others]
            if all(near):
                spans = [(start, end), *filter(None, near)]
                yield _Hit(
                    rule.name,
                    start if rule.opens else min(spans)[0],
                    max(end for _, end in spans),
                    start if rule.opens and folded[start:end].isascii() else None,
                )


def _within(spans: list[tuple[int, int]], first: int, last: int) -> tuple[int, int] | None:
    """The first of ordered spans that begins behind a place and ends before another."""
    place = bisect_left(spans, (first, 0))
    return spans[place] if place < len(spans) and spans[place][1] <= last else None


def _overrides(text: str, language: _Language) -> Iterator[_Hit]:
    """Orders to ignore what came before, in one language."""
    words = language.words
    for verb in words["verbs"].finditer(text):
        if language.verb_last:
            window = _last_sentence(text[max(0, verb.start() - _REACH) : verb.start()], _SENTENCE_END)
            span, after = window, ""
            start, end = verb.start() - len(window), verb.end()
        else:
            window = text[verb.end() : verb.end() + _REACH]
            if stop := _SENTENCE_END.search(window):
                window = window[: stop.start()]
            governed = words["rules"].search(window)
            size = governed.end() if governed else 0
            span, after = window[: size + 25] if governed else window, window[size:]
            start, end = verb.start(), verb.end() + size
        if words["told"].search(span) or (
            words["rules"].search(span)
            and (
                words["strong"].search(span)
                or (words["former"].search(span) and not words["about"].search(_after_former(after, words)))
            )
        ):
            yield _Hit("overrides instructions", start, end, start if language.english else None)


def _after_former(text: str, words: Mapping[str, re.Pattern[str]]) -> str:
    """What follows, less a word for "earlier" that stands behind its noun, as in French."""
    former = words["former"].match(text.lstrip())
    return text.lstrip()[former.end() :] if former else text


def _last_sentence(text: str, end: re.Pattern[str]) -> str:
    ends = [found.end() for found in end.finditer(text)]
    return text[ends[-1] :] if ends else text


@cache
def _concepts() -> dict[str, re.Pattern[str]]:
    """The concepts of the rules, compiled."""
    groups: dict[str, str] = {}

    def filled(pattern: str) -> str:
        return re.sub(r"<(\w+)>", lambda name: f"(?:{groups[name[1]]})", pattern)

    for group, pattern in _fields(GROUPS).items():
        groups[group] = filled(pattern)
    words = _fields(filled(CONCEPTS))
    return {
        name: _compiled(rf"\b(?:{pattern})\b" + (f"|{words[f'{name} ~']}" if f"{name} ~" in words else ""))
        for name, pattern in words.items()
        if not name.endswith(" ~")
    }


@cache
def _languages() -> tuple[_Language, ...]:
    return tuple(map(_language, LANGUAGES.strip().split("\n\n")))


def _language(paragraph: str) -> _Language:
    head, _, rest = paragraph.partition("\n")
    words = _fields(rest)
    about = rf"^\W{{0,3}}(?:{words.pop('about', ABOUT)})\b|^[中里]关于"
    whole = {
        name: rf"\b(?:{pattern})\b" if not pattern.startswith(r"\b") and _LATIN.fullmatch(pattern) else pattern
        for name, pattern in words.items()
    }
    compiled = {name: _compiled(pattern) for name, pattern in ({"told": r"(?!)"} | whole | {"about": about}).items()}
    return _Language(compiled, english=head == "English", verb_last=head.endswith("verb last"))


def _fields(text: str) -> dict[str, str]:
    """Names and patterns, each a line and the indented ones below it."""
    lines = re.sub(r"\n +", "", text.strip()).splitlines()
    return {name: pattern for name, _, pattern in (line.partition(": ") for line in lines)}


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern whose words are folded as the texts are; its ASCII part, with the escapes, stays."""
    return re.compile(_NOT_ASCII.sub(lambda run: fold(run[0]), pattern))
