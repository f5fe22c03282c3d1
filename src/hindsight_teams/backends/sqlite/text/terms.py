"""Text to index terms: folding, splitting, stop words, stems. One function for memories and queries alike.

Scripts written with spaces give words; SQLite stems English ones, Snowball Cyrillic, Greek and Arabic ones. Chinese,
Japanese and Korean give overlapping pairs of characters, Thai, Lao, Khmer and Burmese triples, since SQLite finds
nothing inside a run of them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache

from hindsight_teams.backends.sqlite.text.irregular import BASE

MAX_TERM = 64
"""Characters of a term that count; the rest of a longer one (a URL, a hash) is cut."""

# Function words of English. Words of other languages are weighed by how common they are in the bank, nothing more.
STOP_WORDS = frozenset(
    """a about after again all also am an and any are as at be because been before being both but by can cannot could
    did didnt do does doesnt doing dont down during each ever every few for from further get got had hadnt has hasnt
    have havent having he hed her here hers herself hes hi him himself his how however i id if ill im in into is isnt
    it its itself ive just let lets like made make many may me might more most much my myself no nor not now of off oh
    ok okay on once one only or other our ours ourselves out over own really s same she shed shell shes should so some
    still such t than that thats the their theirs them themselves then there these they theyd theyll theyre theyve
    this those though through to too under until up upon us very was wasnt we wed well were werent weve what whats
    when where which while who whom whose why will with wont would wouldnt yeah yes yet you youd youll your youre
    yours yourself yourselves youve""".split()
)

# What people put into a query to ask for "whatever there is": with nothing else in it, the newest memories answer.
GENERIC_WORDS = frozenset(
    """any anything background context details everything fact facts general history info information know known
    learned memories memory past preference preferences profile recall relevant remember summary tell things user
    users""".split()
)

_CONTRACTIONS = frozenset(("t", "re", "ve", "ll", "d", "m"))
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_PAIRS = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TRIPLES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\ua9e0-\ua9ff\uaa60-\uaadf"
_RUN = re.compile(f"[{_PAIRS}]+|[{_TRIPLES}]+|[^{_PAIRS}{_TRIPLES}]+")
_IN_PAIRS = re.compile(f"[{_PAIRS}]")
_IN_TRIPLES = re.compile(f"[{_TRIPLES}]")


class _Folding(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", chr(code).casefold())
        # Accents of Latin, Greek and Cyrillic, Hebrew and Arabic vowel points: written or left out at will.
        kept = "".join(
            c
            for c in folded
            if not ("\u0300" <= c <= "\u036f" or "\u0591" <= c <= "\u05c7" or "\u064b" <= c <= "\u0652")
        )
        kept = unicodedata.normalize("NFC", kept)
        self[code] = "".join(_keep(c) for c in kept)
        return self[code]


def _keep(character: str) -> str:
    if character in "'\u2019\u02bc":
        return "'"
    kind = unicodedata.category(character)
    # An emoji is a word of its own.
    return character if kind[0] in "LNM" else f" {character} " if kind == "So" and character > "\uffff" else " "


_folding = _Folding()


def words(text: str) -> list[str]:
    """The words of a text in order, folded but not stemmed, stop words included."""
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
        return found if "'" not in text else [part for w in found for part in _parts(w)]
    out: list[str] = []
    for chunk in unicodedata.normalize("NFC", text).translate(_folding).split():
        for run in (chunk,) if chunk.isascii() else _RUN.findall(chunk):
            out.extend(_grams(run))
    return out


def _parts(word: str) -> list[str]:
    """A word at its apostrophes: "don't" stays one, "Nora's" loses its ending, "l'eau" is two."""
    stem, mark, ending = word.strip("'").rpartition("'")
    if not mark:
        return [ending] if ending else []
    if ending == "s":
        return [stem.replace("'", "")]
    if ending in _CONTRACTIONS:
        return [stem.replace("'", "") + ending]
    return [part for part in word.split("'") if part]


def _grams(run: str) -> list[str]:
    size = 2 if _IN_PAIRS.match(run) else 3 if _IN_TRIPLES.match(run) else 0
    if not size:
        return _parts(run)
    if len(run) <= size:
        return [run]
    return [run[i : i + size] for i in range(len(run) - size + 1)]


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    import snowballstemmer  # loads every language: 20 ms that a recall-free command need not spend

    stem: Callable[[str], str] = snowballstemmer.stemmer(language).stemWord
    return stem


@lru_cache(maxsize=1 << 16)
def term(word: str) -> str:
    """The index term of a folded word: its base form or, where the script tells a language, its stem."""
    word = word[:MAX_TERM]
    first = word[0]
    if first <= "\u024f":  # SQLite's porter tokenizer stems these
        return BASE.get(word, word)
    if "\u0400" <= first <= "\u04ff":
        return _stemmer("russian")(word)
    if "\u0370" <= first <= "\u03ff":
        return _stemmer("greek")(word)
    if "\u0600" <= first <= "\u06ff":
        return _stemmer("arabic")(word)
    return word


def terms(text: str) -> list[str]:
    """The index terms of a text, in order, with repetitions, without stop words."""
    return [term(w) for w in words(text) if w not in STOP_WORDS]


def tag_term(tag: str) -> str:
    """The index term that stands for a tag, in digits, which no stemmer touches; no text can hold it."""
    return "§t" + str(int.from_bytes(hashlib.blake2b(tag.encode(), digest_size=10).digest(), "big"))


def author_term(name_term: str) -> str:
    """The index term of memories by an author whose name holds a term; no text can hold it."""
    return "§a" + name_term


UNTAGGED = "§u"
"""The index term of a memory without tags."""


@lru_cache(maxsize=1 << 10)
def _author_terms(author: str) -> tuple[str, ...]:
    return tuple(map(author_term, terms(author)))


def indexed(text: str, *, author: str | None, context: str | None, entities: Iterable[str], tags: Iterable[str]) -> str:
    """What the full-text index holds for a memory."""
    out = terms(text)
    seen = set(out)
    for extra in (context, *entities) if context else entities:
        fresh = [t for t in terms(extra) if t not in seen]
        seen.update(fresh)
        out += fresh
    if author:
        out += _author_terms(author)
    out += [tag_term(tag) for tag in tags] or [UNTAGGED]
    return " ".join(out)
