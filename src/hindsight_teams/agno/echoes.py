"""Decide whether what is said in a run only says again what memory holds, gave or was just told. Pure.

A user's statement is left out only where a tool stored the same: word for word, or said of the user ("The user's till
runs SQLite 3.31.0."), with every other word in its place. In doubt both are kept. An answer is a model's, so it is left
out more readily: where each of its clauses has no word of meaning that one source lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import takewhile

from hindsight_teams.agno.courtesies import (
    ABOUT_A_USER,
    ACKNOWLEDGING,
    ANSWERING,
    ARTICLES,
    FRAMING,
    JOINING,
    MEMORISING,
    OF_THE_USER,
    ORDERING,
    TIMES,
)
from hindsight_teams.agno.said import BULLET, document, is_courtesy, sentences, tells_nothing, tokens
from hindsight_teams.text import same_words

_DENYING = frozenset(
    "not no never none without isn't aren't wasn't weren't don't doesn't didn't can't won't cannot nicht kein keine"
    " keinen nie pas jamais non niet geen nooit inte aldrig ikke não nunca nie не нет никогда değil yok".split()
)
_ORDER = re.compile(
    r"^\W*(?:please\s+)?(?:remember|note|record|retain|store|save|log|(?:write|note|take) down)"
    r" (?:this|these|the following)(?: \w+)?:\s+",
    re.I,
)
_OPENS = "(\"'\u201c\u2018\u00ab\uff1a\uff0c\u3001\u3002\u300c\u300e\uff08:"
_ENDS = ".,;:!?)\"'\u201d\u2019\u00bb\u3002\uff0c\u3001\uff01\uff1f\u300d\u300f\uff09"
_LABEL = re.compile(
    r"^\s*(?:[-*\u2022]|\d{1,3}[.)])?\s*(?:\[[^\]]*\]\s*)?(?:\((?:superseded|suspicious)\)\s*){0,2}"
    r"|\[[^\[\]]*\d{4}[^\[\]|]*\|[^\[\]]*\]\s*"
)
_CLAUSE = re.compile(rf"[,;:\u3001\uff0c\u060c\u2014]\s*|\s(?:{'|'.join(JOINING)})\s")
_OPENING = re.compile(r"^[^:\d]{1,60}:\s+(?=\S)")
"""Such as "Our clerk says:"."""
_PERSON = re.compile("[\u4f60\u60a8\u6211](?:\u7684|\u4eec)?|\u3042\u306a\u305f[\u306e\u306f]?|\u79c1[\u306e\u306f]?")
"""You and I where they are written without a space behind them: Chinese, Japanese."""
_SHARED = 0.9
_SHORTEST_STEM = 3
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu)['\u2019]")
"""A French or Italian word that lost its vowel before the next one."""
_ENDINGS = "e s es d ed ing n en t st r er ies y ez ons".split()
"""What an English or German verb may end with instead of something else."""


def new_in(answer: str, known: Iterable[str]) -> str:
    """An answer without the lines that only say again what is known; empty where nothing is left but an opening.

    Args:
        answer: What a member answered.
        known: What it was given, and what was said and stored before: recalled lines, reflections, other answers.
    """
    sources = [
        frozenset(form for word in _content(_LABEL.sub("", line)) for form in _forms(word))
        for text in known
        for line in sentences(text)
    ]
    lines = [line for line in answer.splitlines() if line.strip()]
    kept = [line for line in lines if not all(_came_from(part, sources) for part in sentences(_LABEL.sub("", line)))]
    if all(line.rstrip().endswith((":", "\uff1a")) for line in kept):
        return ""
    return answer if len(kept) == len(lines) else "\n".join(kept)


def not_in(text: str, stored: Iterable[str]) -> str:
    """A text, or nothing where all that it tells is already in what was stored of it, sign for sign.

    The case of the first letter may differ: a tool's text begins where "remember that" ends. So may who speaks of the
    user. What a document tells are its items.
    """
    stored = list(stored)
    held = [_spelled(item) for item in stored]
    if not held:
        return text
    told = document(text)[1] or [part for part in sentences(text) if not tells_nothing(part)]
    retold = {words for item in stored for part in sentences(item) if (words := _without_speaker(part))}
    return "" if all(_is_in(part, held) or _is_retold(part, retold) for part in told) else text


def _came_from(sentence: str, sources: list[frozenset[str]]) -> bool:
    if tells_nothing(sentence):
        return True
    spoken = {sentence, _OPENING.sub("", sentence, count=1)}
    return any(
        _said_before(text, sources) or all(_said_before(clause, sources) for clause in _CLAUSE.split(text))
        for text in spoken
    )


def _content(text: str) -> list[str]:
    return tokens(_PERSON.sub("", text))


def _said_before(clause: str, sources: list[frozenset[str]]) -> bool:
    words = _content(clause)
    own = {word for word in words if word in TIMES or not (word in FRAMING or word in ACKNOWLEDGING)}
    if not own:
        return _DENYING.isdisjoint(words) or is_courtesy(clause)
    figures = {word for word in own if any(map(str.isdigit, word))}
    denies = not _DENYING.isdisjoint(words[1:] if words[0] in ANSWERING else words)
    return any(
        figures <= source
        and (not denies or not _DENYING.isdisjoint(source))
        and len(source) >= _SHARED * len(own)
        and sum(word in _DENYING or not source.isdisjoint(_forms(word)) for word in own) >= _SHARED * len(own)
        for source in sources
    )


@lru_cache(maxsize=4096)
def _forms(word: str) -> frozenset[str]:
    """A word, and what it is without an ending: two forms of one verb share one of these."""
    bare = _ELIDED.sub("", word)
    stems = (bare.removesuffix(ending) for ending in _ENDINGS)
    return frozenset([word, *(stem for stem in (bare, *stems) if len(stem) >= _SHORTEST_STEM)])


def _is_in(sentence: str, held: list[str]) -> bool:
    plain = _spelled(sentence)
    for item in held:
        if _find(plain, item) >= 0:
            return True
        if item and (at := _find(item, plain)) >= 0:
            around = tokens(f"{plain[:at]} {plain[at + len(item) :]}")
            if all(word in MEMORISING or is_courtesy(word) for word in around):
                return True
    return False


def _is_retold(sentence: str, retold: Iterable[tuple[str, ...]]) -> bool:
    """Whether one of these says of the user what the user says in a sentence, word by word."""
    own = _without_speaker(sentence, by_the_user=True)
    return bool(own) and any(
        len(own) == len(other) and all(_says_the_same(*pair) for pair in zip(own, other, strict=True))
        for other in retold
    )


def _says_the_same(word: str, other: str) -> bool:
    one_verb = word.islower() and other.islower() and not _forms(word).isdisjoint(_forms(other))
    return word == other or one_verb


def _without_speaker(sentence: str, *, by_the_user: bool = False) -> tuple[str, ...]:
    """The words of a sentence, with their signs, but those that name the user: "I", "my", or "the user's".

    Empty where it does not name the user.
    """
    whose = OF_THE_USER if by_the_user else ABOUT_A_USER
    text = _SHORT.sub(lambda found: _LONG[found[0].lower().replace("\u2019", "'")], BULLET.sub("", sentence))
    words = [word for piece in _ORDER.sub("", text).split() if (word := piece.strip(_ENDS + _OPENS))]
    asking = list(takewhile(lambda word: word.lower() in MEMORISING - OF_THE_USER, words)) if by_the_user else []
    if not ORDERING.isdisjoint(map(str.lower, asking)):
        del words[: len(asking)]
    subject = next((word.casefold() for word in words if word.casefold() not in ARTICLES), "")
    its_own = not by_the_user and subject in whose and not subject.endswith(("s", "\u2019"))
    rest: list[str] = []
    for at, word in enumerate(words):
        if its_own and word in ("their", "his", "her"):
            continue  # the user's, who is the one that the sentence is about
        if (word.casefold() if at == 0 or word == "I" or not by_the_user else word) not in whose:
            rest.append(_THIRD_PERSON.get(word, word))
        elif not by_the_user and rest and rest[-1].casefold() in ARTICLES:
            del rest[-1]
    return tuple(rest) if len(rest) < len(words) else ()


_LONG = {"i'm": "I am", "i've": "I have", "don't": "do not", "doesn't": "does not", "can't": "cannot"}
_SHORT = re.compile(rf"\b(?:{'|'.join(_LONG)})\b".replace("'", "['\u2019]"), re.I)
_THIRD_PERSON = {"am": "is", "are": "is", "were": "was", "have": "has", "do": "does", "bin": "ist", "habe": "hat"}
"""Forms of the first person as the third says them."""


def _spelled(text: str) -> str:
    return same_words(_ORDER.sub("", BULLET.sub("", text)))


def _find(part: str, whole: str) -> int:
    """Where a part stands in a whole between spaces or punctuation, its first letter in either case; -1 where not."""
    if not part:
        return -1
    first = "|".join({re.escape(part[0].lower()), re.escape(part[0].upper())})
    found = re.search(rf"(?:^|(?<=[\s{_OPENS}]))(?:{first}){re.escape(part[1:])}(?=[{_ENDS}]*(?:\s|$))", whole)
    return found.start() if found else -1
