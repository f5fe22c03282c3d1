"""Near-duplicates without a model: one key for every way of writing the same fact.

A key is the hash of a normal form: case, punctuation, articles, fillers, contractions, number words, word endings, a
few synonyms, active and passive voice, "X is Y" and "Y is X", "the budget of X" and "X's budget" make no difference,
nor does the order of the phrases ("In Oslo, Nora works"). Inside a phrase order counts ("Nora manages Bob" is not "Bob
manages Nora"), and so do every number, name, negation, tense and date. Equal keys are found with one index look-up,
where similarity (MinHash, cosine) needs candidates and a threshold; and one that joins a fact with its copy in other
words joins "she ordered a glass of red wine" with "she ordered a glass of white wine" as well.
"""

from __future__ import annotations

import hashlib
import re

from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.date_words import MONTHS, NUMBERS

LONGEST = 400
"""Characters of a text that can be a near-duplicate: a longer one tells more than a fact."""

_LEAST_WORDS = 3
"""Content words that make a fact: shorter texts ("Thanks a lot!") are the same words, not the same fact."""

_TOKEN = re.compile(
    r"\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[,;:()\u2014.!?\u2026\n\u3001\u3002\uff0c]|[$\u20ac\u00a3%@#&+]"
)
_BREAKS = frozenset(",;:()\u2014\n\u3001\uff0c")
_STOPS = frozenset(".!?\u2026\u3002")
_PREPOSITIONS = frozenset(
    """in on at by for to from with about into onto after before during since until till near over under as than because
    if when while between against through without across behind beside""".split()
)
_FILLERS = frozenset(
    """a an the really very just also so please actually basically currently now well oh hey yes yeah ok okay indeed
    quite too that there do does am's hi hello fyi btw note""".split()
)
_DETERMINERS = frozenset("the a an".split())
_HAVE = frozenset("has have had having".split())
_BE = frozenset("am is are be being been".split())
_NEGATIONS = frozenset("not never no cannot neither nor none nobody nothing".split())
_NEGATION = "\x00not"
_PAST = "\x00past"
_SYNONYMS = {
    word: line.split()[0]
    for line in (
        "start begin begins begun starting beginning commence commences",
        "starts begins", "started began commenced",
        "buy purchase", "buys purchases", "bought purchased",
        "live reside dwell", "lives resides dwells", "lived resided dwelled",
        "big large huge", "small little tiny",
        "phone telephone", "mail email e-mail", "car automobile", "film movie", "photo photograph picture",
        "job occupation", "kid child", "kids children", "mother mom mum", "father dad",
        "end finish", "ends finishes", "ended finished",
        "help assist", "helps assists", "helped assisted",
        "choose pick select", "chooses picks selects", "chose picked selected",
        "color colour", "favorite favourite", "center centre", "organization organisation", "theater theatre",
        "approximately about roughly circa around", "percent %", "and & +",
        "tv television", "uk britain", "usa us america",
    )
    for word in line.split()
}  # fmt: skip
_NUMBER_WORDS = {word: str(low) for word, (low, high) in NUMBERS.items() if low == high and word not in ("a", "an")} | {
    word: str(n)
    for word, n in zip(
        "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split(), range(13, 21), strict=True
    )
}


def fact_key(text: str) -> int | None:
    """A 64-bit key that all ways of writing one fact share, or None for a text that can't be judged.

    None stands for questions, greetings, and texts longer than ``LONGEST``: they are never near-duplicates.
    """
    form = normal_form(text)
    if form is None:
        return None
    raw = hashlib.blake2b(repr(form).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


def same_fact(first: str, second: str) -> bool:
    """Whether two texts state the same fact, as far as rules can tell; in doubt they do not."""
    form = normal_form(first)
    return form is not None and form == normal_form(second)


def normal_form(text: str) -> tuple[tuple[tuple[str, ...], ...], ...] | None:
    """The sentences of a text as sorted phrases of normal words; None where it can't be judged."""
    if len(text) > LONGEST or "?" in text or "\uff1f" in text:
        return None
    sentences: list[tuple[tuple[str, ...], ...]] = []
    words: list[str] = []
    content = 0
    for token in _TOKEN.findall(text.lower().replace("\u2019", "'")):
        if token in _STOPS:
            if words:
                sentences.append(_phrases(words))
                words = []
        else:
            words.append(token)
            content += token not in tokens.STOP_WORDS and token not in _BREAKS
    if words:
        sentences.append(_phrases(words))
    sentences = [s for s in sentences if s]
    if content < _LEAST_WORDS and text.isascii():
        return None
    return tuple(sentences) or None


def _phrases(words: list[str]) -> tuple[tuple[str, ...], ...]:
    """One sentence as its phrases in an order of their own."""
    phrases = _cut(_normal(words))
    phrases = _active(phrases)
    if len(phrases) == 1:
        phrases = _both_ways(phrases[0])
    return tuple(sorted(tuple(p) for p in phrases if p))


def _normal(words: list[str]) -> list[str]:
    """Words in their normal form; breaks stay."""
    out: list[str] = []
    for position, raw in enumerate(words):
        word = raw
        following = words[position + 1] if position + 1 < len(words) else ""
        if word.endswith("n't"):
            out.append(_NEGATION)
            word = {"won't": "will", "can't": "can", "shan't": "shall"}.get(word, word[:-3])
        elif "'" in word:
            word, _, ending = word.partition("'")
            if ending in ("m", "re") or (ending == "s" and word in ("it", "he", "she", "that", "there")):
                out.append(word)
                word = "is"
            elif ending in ("ll", "ve", "d"):
                out.append(word)
                word = {"ll": "will", "ve": "have", "d": "would"}[ending]
        if not word:  # a lone "n't"
            continue
        if word in _NEGATIONS:
            out.append(_NEGATION)
        elif word in ("was", "were"):
            out += [_PAST, "be"]
        elif word == "did":
            out.append(_PAST)
        elif word in _DETERMINERS and len(out) > 1 and out[0] in _PREPOSITIONS and not _BREAKS.intersection(out):
            out.append(",")  # "In March the team ..." has lost its comma
        elif word in _FILLERS or (word in _HAVE and following.endswith(("ed", "en"))):
            continue
        elif word in _BE:
            if not (following.endswith("ing") and len(following) > 4):  # "is living" is "lives"
                out.append("be")
        elif word in _BREAKS or word in _PREPOSITIONS or word == "of":
            out.append(word)
        else:
            out += _content(word, following)
    return out


def _content(word: str, following: str) -> list[str]:
    if word[0].isdecimal():
        return [re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", word)]
    if word in ("st", "nd", "rd", "th"):
        return []  # "3rd May"
    if word in _NUMBER_WORDS:
        return [_NUMBER_WORDS[word]]
    if word in MONTHS:
        return [f"\x00month{MONTHS[word]}"]
    word = _SYNONYMS.get(word, word)
    root = stem(word)
    return [f"{root}~"] if word.endswith("ed") and len(word) > 4 else [root]


def stem(word: str) -> str:
    """An English word without the endings that leave the fact the same, whatever is left of it.

    Not the index's stemmer: that takes "went" for "go", where tense makes another fact, and would be paid for twice.
    """
    if len(word) < 4 or not word.isascii():
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes", "oes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if word.endswith("ing") and len(word) > 5:
        word = word[:-3]
    elif word.endswith("ed") and len(word) > 4:
        word = word[:-2]
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _cut(words: list[str]) -> list[list[str]]:
    """Phrases: up to a comma, and from each preposition on; "budget of Maple" becomes "Maple budget"."""
    phrases: list[list[str]] = [[]]
    owner_at: int | None = None
    for word in words:
        if word in _BREAKS or word in _PREPOSITIONS or word in ("be", _PAST, _NEGATION):
            owner_at = None
        if word in _BREAKS:
            phrases.append([])
        elif word in _PREPOSITIONS:
            phrases.append([word])
        elif word == "of":
            owner_at = len(phrases[-1]) - 1 if phrases[-1] else None
        elif owner_at is not None:
            phrases[-1].insert(owner_at, word)
            owner_at += 1
        else:
            phrases[-1].append(word)
    return phrases


def _active(phrases: list[list[str]]) -> list[list[str]]:
    """Passive to active: "the beta was shipped by the team" as "the team shipped the beta"."""
    first = phrases[0]
    if len(first) < 3 or first[-2] != "be" or not first[-1].endswith("~"):
        return phrases
    for number, phrase in enumerate(phrases):
        if phrase[:1] == ["by"] and len(phrase) > 1:
            patient = [w for w in first[:-2] if w != _PAST]
            return [[*phrase[1:], first[-1], *patient], *phrases[1:number], *phrases[number + 1 :]]
    return phrases


def _both_ways(phrase: list[str]) -> list[list[str]]:
    """Two sides of "is", in an order of their own: "the CEO is Nora", "Nora is the CEO"."""
    if phrase.count("be") != 1:
        return [phrase]
    at = phrase.index("be")
    left, right = phrase[:at], phrase[at + 1 :]
    marks = [w for w in left + right if w in (_PAST, _NEGATION)]
    left, right = [w for w in left if w not in marks], [w for w in right if w not in marks]
    if not left or not right:
        return [phrase]
    return [["be", *sorted(marks)], *sorted([left, right])]
