"""The check for texts that give an agent an order, openly or in disguise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hindsight_teams.guard.phrases import Hit, hits
from hindsight_teams.guard.uncover import disguised, fold, readings
from hindsight_teams.guard.verdict import Verdict, WriteAttempt

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
)
_ANDS = frozenset("and then but or et und y e en i и".split())
_TELLS = re.compile(
    r"\b(?:to|i|we|they|he|she|it|who|which|can|could|would|did|does|do|may|might|will|cannot|not)\b|\w(?:ed|ing)\b"
)
_YOU_MUST = re.compile(r"\byou (?:will|must|shall|should|may|can)(?: now| always| never)? {1,3}$")
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


def check_instructions(attempt: WriteAttempt) -> Verdict | None:
    """Quarantine what reads as an instruction to an agent, in any of the fields that are stored.

    No model is asked. This finds what is written as instructions are, and no lie that is written as a fact. Words that
    an author quotes in telling of them are not an order, unless the text comes from an untrusted place.
    """
    mentions = attempt.source == "author"
    found = list(dict.fromkeys(name for text in attempt.texts() for name in orders(text, mentions_allowed=mentions)))
    return Verdict("quarantine", reason=", ".join(found[:4])) if found else None


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
    for hit in hits(folded):
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


def _is_a_mention(text: str, hit: Hit) -> bool:
    """Whether the order stands in quotation marks after words that tell of it, in the same sentence."""
    before = text[max(0, hit.start - _QUOTED_BEFORE) : hit.start]
    ends = [end.end() for end in _SENTENCE.finditer(before)]
    sentence = before[ends[-1] :] if ends else before
    marks = list(_QUOTE.finditer(sentence))
    if len(marks) % 2 == 0:
        return False
    if not _QUOTE.search(text, hit.end, hit.end + _QUOTED_BEFORE):
        return False
    told = sentence[: marks[-1].start()]
    words = 3 if told.rstrip().endswith(":") else 2  # "User said:" before all of a text tells nothing of it
    return len(told.split()) >= words and not _USES.search(told)
