"""Decide whether what is said in a run only says again what memory holds, gave or was just told. Pure.

A user's sentence is left out only where a tool stored the same sentence: sign for sign, or said of the user ("The
user's till runs SQLite 3.31.0."), with every other word in its place. In doubt both are kept. An answer is a model's,
so it is left out more readily: where each of its clauses has only words of one source, in an order that tells the same,
with its denials, figures and signs. What was asked is no source: an answer to it is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

from hindsight_teams.agno.courtesies import (
    ABOUT_A_USER,
    ACKNOWLEDGING,
    ANSWERING,
    ARTICLES,
    FRAMING,
    GREETING,
    JOINING,
    MEMORISING,
    OF_THE_USER,
    PREPOSITIONS,
    TIMES,
)
from hindsight_teams.agno.inputs import asks
from hindsight_teams.agno.said import BULLET, document, is_courtesy, only_orders, sentences, tells_nothing, tokens
from hindsight_teams.text import same_words

_DENYING = frozenset(
    "not no never none nobody nothing without isn't aren't wasn't weren't don't doesn't didn't can't won't cannot nicht"
    " kein keine keinen nie niemand nichts pas plus jamais non niet geen nooit inte aldrig ikke n\u00e3o nunca nadie"
    " nie \u043d\u0435 \u043d\u0435\u0442 \u043d\u0438\u043a\u043e\u0433\u0434\u0430 de\u011fil yok".split()
)
_ORDER = re.compile(
    r"^\W*(?:please\s+)?(?:remember|note|record|retain|store|save|log|(?:write|note|take) down)"
    r" (?:this|these|the following)(?: \w+)?:\s+",
    re.I,
)
_LABEL = re.compile(
    r"^\s*(?:>\s*(?=[^\W\d]|[>*_\"'\u201c]))*(?:[-*\u2022]|\d{1,3}[.)])?\s*(?:\[[^\]]*\]\s*)?(?:\((?:superseded|suspicious)\)\s*){0,2}"
    r"|\[[^\[\]]*\d{4}[^\[\]|]*\|[^\[\]]*\]\s*"
)
_TABLE_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?)?\s*")
"""What stands under the heading of a table."""
_CHOOSING = frozenset("or oder ou eller \u0438\u043b\u0438".split())
_IN_ONE_CLAUSE = _CHOOSING | frozenset("en e o of ma".split())
"""Words that join clauses in one language, and are a preposition, or no word of that kind, in another."""
_CLAUSE = re.compile(
    rf"[,;:\u3001\uff0c\u060c\u2014]\s+|[\u3001\uff0c\u060c]|\s(?:{'|'.join(sorted(JOINING - _IN_ONE_CLAUSE))})\s"
)
_OPENING = re.compile(r"^[^:\d]{1,60}:\s+(?=\S)")
"""Such as "Our clerk says:"."""
_PERSON = re.compile("[\u4f60\u60a8\u6211](?:\u7684|\u4eec)?|\u3042\u306a\u305f[\u306e\u306f]?|\u79c1[\u306e\u306f]?")
"""You and I where they are written without a space behind them: Chinese, Japanese."""
_SHORTEST_STEM = 3
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu)['\u2019]")
"""A French or Italian word that lost its vowel before the next one."""
_ENDINGS = "e s es ing n en t st ies y ez ons".split()
"""What an English, German or French verb may end with in the present."""
_DONE = frozenset("have has had i've i\u2019ve been was were wurde wurden worden habe hat haben hast".split())
"""Words beside which a verb that ends otherwise than in the source tells what was done."""
_ASKED = frozenset("ask asks asked asking question want wants wanted know gefragt demand\u00e9 preguntado".split())
_STATES = frozenset("happy glad sorry fine good great well right perfect".split())
_HOUR = re.compile(r"(?<=\d)\s+([ap])\.?m\b\.?", re.I)
_ANSWERS = re.compile(r"\W*\w+\s*[,.:;!\u3001\uff0c\u3002]")
"""What a yes or no is followed by; "no" before a noun denies it."""
_SIGNS = frozenset("+<>=\u2260\u2264\u2265\u00b1\u2212$\u20ac\u00a3%")
_WRAPPING = "\"'\u201c\u201d\u2018\u2019\u00ab\u00bb()[]*_`~\u300c\u300d"
_STOPS = ".,;:!?\u2026"


def new_in(answer: str, known: Iterable[str]) -> str:
    """An answer without the lines that only say again what is known; empty where nothing is left but an opening.

    Args:
        answer: What a member answered.
        known: What it was given, and what was said and stored before: recalled lines, reflections, other answers.
    """
    told = [sentence for text in known for line in sentences(text) if (sentence := _LABEL.sub("", line))]
    sources = [_Words.of(part, asks(sentence)) for sentence in told for part in {sentence, *_CLAUSE.split(sentence)}]
    lines = [line for line in answer.splitlines() if line.strip()]
    kept = [line for line in lines if not all(_came_from(part, sources) for part in sentences(_LABEL.sub("", line)))]
    headings = {above for above, below in pairwise(lines) if _TABLE_RULE.fullmatch(below)}
    if all(line in headings or line.rstrip().endswith((":", "\uff1a")) for line in kept):
        return ""
    return answer if len(kept) == len(lines) else "\n".join(kept)


def not_in(text: str, stored: Iterable[str]) -> str:
    """A text, or nothing where each sentence that tells something is one of those that were stored, sign for sign.

    The case of the first letter may differ: a tool's text begins where "remember that" ends. So may who speaks of the
    user. A sentence with more words than that, such as "I think", is another one. What a document tells are its items.
    """
    held = [part for item in stored for part in (item, *sentences(item)) if part.strip()]
    if not held:
        return text
    told = document(text)[1] or [part for part in sentences(text) if not tells_nothing(part)]
    spelled = {_lowered(_BY_THE_USER.sub("", _spelled(part))) for part in held}
    retold = [words for part in held if not asks(part) and (words := _with_roles(_spelled(part), ABOUT_A_USER))]
    return "" if all(_is_in(part, spelled, retold) for part in told) else text


@dataclass(frozen=True, slots=True)
class _Words:
    """What one clause of a source says.

    Attributes:
        words: Its words in their order.
        forms: Of each word what it may be without its ending; all denials are one.
        all_forms: Those of all words.
        marks: Figures, signs and words with a capital inside.
        asked: Whether it was a question.
        several: Whether it has more than one clause.
    """

    words: list[str]
    forms: list[frozenset[str]]
    all_forms: frozenset[str]
    marks: frozenset[str]
    asked: bool = False
    several: bool = False

    @classmethod
    def of(cls, text: str, asked: bool = False) -> _Words:
        text = _HOUR.sub(r"\1m", text)
        words = tokens(_PERSON.sub("", text))
        forms = [_forms(word) for word in words]
        pieces = (piece.strip(_WRAPPING).rstrip(_STOPS).strip(_WRAPPING) for piece in text.split())
        return cls(
            words,
            forms,
            frozenset().union(*forms),
            frozenset(filter(_is_mark, pieces)),
            asked,
            bool(_CLAUSE.search(text)),
        )


def _is_mark(piece: str) -> bool:
    if piece.isalpha() and piece[1:].islower():
        return False
    inside = any(sign.isupper() for sign in piece[1:])
    signed = not _SIGNS.isdisjoint(piece) or (len(piece) > 1 and piece[-1] in "-\u2212")
    return inside or signed or any(map(str.isdigit, piece))


def _came_from(sentence: str, sources: list[_Words]) -> bool:
    if tells_nothing(sentence):
        return True
    spoken = {sentence, _OPENING.sub("", sentence, count=1)}
    return any(
        _said_before(text, sources) or all(_said_before(clause, sources, fewest=2) for clause in _CLAUSE.split(text))
        for text in spoken
    )


def _said_before(clause: str, sources: list[_Words], *, fewest: int = 1) -> bool:
    """Whether one source says this; a clause of fewer words of its own than that belongs to those around it."""
    said = _Words.of(clause)
    words = said.words
    start = 1 if words and words[0] in ANSWERING and _ANSWERS.match(clause) else 0
    if not _STATES.isdisjoint(words) and not ABOUT_A_USER.keys().isdisjoint(words):
        return False  # "The customer is happy."
    own = [
        at
        for at, word in enumerate(words)
        if at >= start and (word in _OWN or not (word in FRAMING or word in ACKNOWLEDGING))
    ]
    if all(words[at] in _DENYING for at in own):
        return not own or is_courtesy(clause)
    if len(own) < fewest:
        return False
    about_asking = not _ASKED.isdisjoint(words)
    return any(_says(said, own, source) for source in sources if about_asking or not source.asked)


_OWN = TIMES | _DENYING | _CHOOSING | {"again"}


def _says(said: _Words, own: list[int], source: _Words) -> bool:
    """Whether a source says what a clause says with these words of its own."""
    if not said.marks <= source.marks or any(said.forms[at].isdisjoint(source.all_forms) for at in own):
        return False
    if sum(said.words[at] in _DENYING for at in own) != sum(word in _DENYING for word in source.words):
        return False
    done = not _DONE.isdisjoint(said.words)
    places: list[int] = []
    for at in own:
        word = said.words[at]
        exact = done and word.endswith(("n", "t"))
        found = [
            place
            for place, forms in enumerate(source.forms)
            if (source.words[place] == word if exact else not forms.isdisjoint(said.forms[at]))
        ]
        if not found:
            return False
        places.append(next((place for place in found if not places or place > places[-1]), found[0]))
    return not _leaps(source, places) and _in_an_order_that_says_the_same(said, own, source, places)


def _leaps(source: _Words, places: list[int]) -> bool:
    """Whether words are of two clauses, with others between them: "Ann is in Hull" of "Ann is in Rome, Bo in Hull"."""
    if not source.several:
        return False
    between = set(range(min(places), max(places))) - set(places)
    return any(source.words[at] in _OWN or source.words[at] not in FRAMING | ACKNOWLEDGING for at in between)


def _in_an_order_that_says_the_same(said: _Words, own: list[int], source: _Words, places: list[int]) -> bool:
    """Whether words may stand so: "Vera, my sister" for "my sister Vera", not "Bob owes Ann" for "Ann owes Bob"."""
    if all(before <= after for before, after in pairwise(places)):
        return True
    turned = [(a, b) for a, b in combinations(range(len(places)), 2) if places[a] > places[b]]
    if any((word := said.words[own[at]]) in _DENYING or word.isdigit() for pair in turned for at in pair):
        return False  # "parcel 5" is not turn 5 of a parcel
    if any(b == c for _, b in turned for c, _ in turned):
        return False  # three words, the last of which came first
    speaks, spoke = (
        next((at for at, word in enumerate(one.words) if word in _SPEAKING), None) for one in (said, source)
    )
    if speaks is not None and spoke is not None:
        behind = [(speaks > own[a] and speaks > own[b], spoke > places[a] and spoke > places[b]) for a, b in turned]
        if any(now != before for now, before in behind):
            return False  # "Tom paid you" for "I paid Tom"
    return all(
        _preposition(said.words, own[at]) == _preposition(source.words, places[at]) for pair in turned for at in pair
    )


def _preposition(words: list[str], at: int) -> str:
    """What a word depends on: "to" in "to the harbour"."""
    before = next((word for word in reversed(words[:at]) if word not in _DETERMINING), "")
    return before if before in PREPOSITIONS else ""


_SPEAKING = frozenset("i me you we us user ich mich mir du dich dir sie wir uns je tu vous ik jij je".split())
_DETERMINING = ARTICLES | frozenset("a an my your our his her their".split())


@lru_cache(maxsize=4096)
def _forms(word: str) -> frozenset[str]:
    """A word, and what it is without an ending: two forms of one verb share one of these."""
    if word in _DENYING:
        return frozenset(["not"])
    bare = _ELIDED.sub("", word)
    stems = (bare.removesuffix(ending) for ending in _ENDINGS)
    return frozenset([word, *(stem for stem in (bare, *stems) if len(stem) >= _SHORTEST_STEM)])


def _is_in(sentence: str, spelled: set[str], retold: list[list[str]]) -> bool:
    ways = list(_ways_to_say(sentence))
    of_the_user = [own for way in ways if (own := _with_roles(way, OF_THE_USER))]
    return any(_lowered(way) in spelled for way in ways) or any(
        len(own) == len(other) and _says_of_the_user(own, other) for own in of_the_user for other in retold
    )


def _ways_to_say(sentence: str) -> Iterator[str]:
    """A sentence, without thanks around it, and without an order to remember it."""
    text = _spelled(sentence)
    yield text
    head, comma, rest = text.partition(", ")
    text = rest if comma and _is_polite(head) else text
    rest, comma, tail = text.rpartition(", ")
    text = rest if comma and _is_polite(tail) else text
    yield text
    words = text.split()
    for at in range(1, len(words)):
        if not all(word in MEMORISING for word in tokens(words[at - 1])):
            return
        if only_orders(" ".join(words[:at])):
            yield " ".join(words[at:])


def _is_polite(clause: str) -> bool:
    return only_orders(clause) or all(word in _POLITE for word in tokens(clause))


_POLITE = GREETING | frozenset("please you bitte".split())


def _with_roles(sentence: str, roles: dict[str, str]) -> list[str]:
    """The words of a sentence with "<user>" for who names the user, and so on; empty where it does not name the user.

    A second "I" is left out, as one who speaks of the user does.
    """
    text = _SHORT.sub(lambda found: _LONG[found[0].lower().replace("\u2019", "'")], sentence)
    by_the_user = roles is OF_THE_USER
    words: list[str] = []
    for at, piece in enumerate(text.split()):
        word = piece.rstrip(",")
        known = word.casefold() if at == 0 or word == "I" or not by_the_user else word
        role = roles.get(known, "")
        if role and not by_the_user and words and words[-1].casefold() in ARTICLES:
            del words[-1]
        if not by_the_user and len(words) == _OF_AN_OBJECT and words[0] == "<user>" and word in ("their", "his", "her"):
            role = "<user's>"
        if role != "<user>" or not words or words[0] != role or words[-1].casefold() not in JOINING:
            words.append(f"{role}{piece[len(word) :]}" if role else piece)
    return words if any(word.startswith("<") for word in words) else []


_OF_AN_OBJECT = 2
"""Where the object's owner stands: "The user pays their rent"; further on it may be another's."""


def _says_of_the_user(own: list[str], other: list[str]) -> bool:
    """Whether words of the user's are word for word what is said of the user, but for the person of verbs."""
    for at, (word, its) in enumerate(zip(own, other, strict=True)):
        same = word == its or (word, its) == ("<team's>", "<user's>")
        if not same and not (_may_be_a_verb(own, other, at) and _in_the_third_person(word, its)):
            return False
    return True


def _may_be_a_verb(own: list[str], other: list[str], at: int) -> bool:
    """Whether a word stands as a verb of the user's does: beside "I", behind "I never", or behind "and"."""
    subjects = {*own[max(at - 1, 0) : at], *own[at + 1 : at + 2]}
    if at > 1 and own[at - 1] == other[at - 1]:
        subjects.add(own[at - 2])
    joined = at > 0 and own[at - 1] in JOINING and at + 1 < len(own)
    return joined or not subjects.isdisjoint(("<user>", "<team>"))


def _in_the_third_person(word: str, its: str) -> bool:
    of_itself = [word + "s", word + "es", word + "t"]
    changed = [word[:-1] + "ies"] if word.endswith("y") else [word[:-1] + "t"] if word.endswith("e") else []
    return _THIRD_PERSON.get(word) == its or (word.isalpha() and word.islower() and its in (*of_itself, *changed))


_LONG = {"i'm": "I am", "i've": "I have", "don't": "do not", "doesn't": "does not", "can't": "cannot"}
_SHORT = re.compile(rf"\b(?:{'|'.join(_LONG)})\b".replace("'", "['\u2019]"), re.I)
_THIRD_PERSON = {"am": "is", "are": "is", "were": "was", "have": "has", "bin": "ist", "habe": "hat"}
"""Forms of the first person as the third says them."""
_BY_THE_USER = re.compile(r"^(?:the )?(?:user|customer|client) (?:said|says|stated|told me|mentioned)[:,] ", re.I)


def _spelled(text: str) -> str:
    return same_words(_ORDER.sub("", BULLET.sub("", text))).rstrip("\u3002\uff01")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
