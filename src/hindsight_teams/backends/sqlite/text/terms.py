"""Turn a text into index terms by folding, splitting and stemming; the same for memories and queries.

Scripts written with spaces give words. Chinese, Japanese and Korean give overlapping pairs of characters, Thai, Lao,
Khmer and Burmese triples, since SQLite finds nothing inside a run of them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, lru_cache
from typing import Final

from hindsight_teams.backends.sqlite.text.vocabulary import (
    FOREIGN_WORDS,
    ROOT,
    STOP_WORDS,
)

MAX_TERM = 64
"""Characters of a term that count; the rest of a longer one (a URL, a hash) is cut."""

ENGLISH: Final = "english"
OTHER: Final = "other"
"""A language whose irregular forms are not English ones; its words are stemmed as English ones are, for want of better:
on German and Spanish questions that ranks better than no stems."""

# Function words that tell English from a language of ``FOREIGN_WORDS``.
_ENGLISH = frozenset(
    """the is are was were of and to in for with that this it he she they we you have has had be been on at by from as
    not but or an a i my our his her their will would can could what who which when where how did does do""".split()
)

# Words of ``FOREIGN_WORDS`` that English texts hold too: "met", "O'Brien", "e-mail", "Las Vegas".
_ALSO_ENGLISH = frozenset("al con das de del den des die e el en la las le los men met o per son van w y z".split())

LONGEST_HEADING = 100
SHORTEST_WRAPPED = 40
"""Characters of a first line that is taken for the heading of what follows, and from how many on it is a sentence that
goes on in the next line, where that begins with a small letter."""

_CONTRACTIONS = frozenset(("t", "re", "ve", "ll", "d", "m"))
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_ASCII_FOLDED = bytes(ord(c.lower()) if c.isalnum() or c == "'" else ord(" ") for c in map(chr, range(128))).ljust(256)
"""What each byte of an ASCII text becomes: to translate and split it takes a sixth of the time of finding its words."""
_PAIRS = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TRIPLES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\ua9e0-\ua9ff\uaa60-\uaadf"
_RUN = re.compile(f"[{_PAIRS}]+|[{_TRIPLES}]+|[^{_PAIRS}{_TRIPLES}]+")
_IN_PAIRS = re.compile(f"[{_PAIRS}]")
_IN_TRIPLES = re.compile(f"[{_TRIPLES}]")

_NO_DIGITS = bytes(set(range(256)).difference(b"0123456789"))
_NO_CAPITALS = bytes(set(range(256)).difference(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))

# One pass that tells whether there is anything to rewrite costs less than the rewriting.
# Each begins with a plain set of characters, which is much faster to look for than a look behind or an alternative.
_DIGIT_LETTER = re.compile(r"[0-9][^\W\d]")
_INNER_CAPITAL = re.compile(r"[A-Z](?<=[A-Za-z0-9][A-Z])")
_THOUSANDS = re.compile(r"(?<=\d)[,\u2019\u202f](?=\d{3}(?!\d))")
_ORDINAL = re.compile(r"(?<!\w)(\d+)(?:st|nd|rd|th)(?!\w)", re.IGNORECASE)
_UNIT = re.compile(r"(?<!\w)(\d+)(?=(?:[A-Za-z\u00b5\u03bc\u2126]{2,4}|[b-hj-ru-zB-HJ-RU-Z])(?!\w))")
_HUMPED = re.compile(r"[A-Za-z][A-Za-z0-9]*[a-z0-9][A-Z][A-Za-z0-9]*|[A-Z]{2,}(?=[A-Z][a-z]{2})[A-Za-z]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINED = re.compile(r"(?<!\w)(\w{1,3})&(\w{1,3})(?!\w)")
_SIGNED = re.compile(r"(?<!\w)([A-Za-z])(\+\+|#)(?!\w)")
_HYPHENED = re.compile(r"\w+(?:[-\u2010\u2011]\w+)+")
_NUMBERS = re.compile(r"[\d\W]+")
_MAY_BE_GROUPED = re.compile(r"\d[. \u00a0\u2009]\d{3}")
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[. \u00a0\u2009]\d{3})+(?![.,]?\w)")
_BETWEEN = re.compile("[-\u2010\u2011. \u00a0\u2009]")
_CAPITALISED = re.compile(r"[A-Z](?<![\w'][A-Z])(?:[A-Z]+|[a-z]+|(?<=[a-z0-9] A)(?! [A-Z]))(?![\w'\u2019])")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:;\n\r\u2022>)\]*-])[\s\"'\u201c\u2018(*_>-]{0,8}$")
_SPEAKER = re.compile(r"([^\W\d_][\w.'\u2019-]*(?: [^\W\d_][\w.'\u2019-]*){0,3})(?: \([^()\n]{1,60}\))?: \S")
MOST_NAMED = 4
"""Words of a name before a colon."""
_NAMES_ANYWHERE = frozenset(("will", "may"))
"""Names of people that are stop words otherwise: they count at the beginning of a sentence too."""

_LETTERS = str.maketrans(
    {"\u0142": "l", "\u0141": "L", "\u00f8": "o", "\u00d8": "O", "\u0111": "d", "\u0110": "D", "\u0131": "i"}
    | {"\u00e6": "ae", "\u00c6": "Ae", "\u0153": "oe", "\u0152": "Oe", "\u00f0": "d", "\u00d0": "D", "\u0127": "h"}
    | {"\u00fe": "th", "\u00de": "Th", "\u0167": "t", "\u0126": "H", "\u0166": "T"}
)
"""Letters that Unicode does not take apart, and that people write without their strokes."""


class _Folding(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", chr(code).translate(_LETTERS).casefold())
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
    text = _spelt(text)
    if text.isascii():
        found = text.encode().translate(_ASCII_FOLDED).decode().split()
        return found if "'" not in text else [part for w in found for part in _at_apostrophes(w)]
    out: list[str] = []
    for chunk in unicodedata.normalize("NFC", text).translate(_folding).split():
        for run in (chunk,) if chunk.isascii() else _RUN.findall(chunk):
            out.extend(_grams(run))
    return out


def _spelt(text: str) -> str:
    """The text with one spelling for what has several: 5,000 and 5000, 10GB and 10 GB, parts of parseUserInput."""
    if "," in text or "\u2019" in text or "\u202f" in text:
        text = _THOUSANDS.sub("", text)
    if _may_hold_others(text, _NO_DIGITS) and _DIGIT_LETTER.search(text):
        text = _UNIT.sub(r"\1 ", _ORDINAL.sub(r"\1", text))
    if "&" in text:
        text = _JOINED.sub(r"\g<0> \1\2", text)
    if "+" in text or "#" in text:
        text = _SIGNED.sub(lambda m: m[1] + ("plusplus" if m[2] == "++" else "sharp"), text)
    if _may_hold_others(text[1:], _NO_CAPITALS) and _INNER_CAPITAL.search(text):
        text = _HUMPED.sub(lambda m: f"{m[0]} {_HUMP.sub(' ', m[0])}", text)
    return text


def _may_hold_others(text: str, characters: bytes) -> bool:
    """Whether a text may hold others than these ASCII characters: to delete those takes a third of a pattern's time."""
    return not text.isascii() or bool(text.encode().translate(None, characters))


def _at_apostrophes(written: str) -> list[str]:
    return [part for word in _ASCII_WORD.findall(written) for part in _parts(word)] if "'" in written else [written]


def _parts(word: str) -> list[str]:
    """A word at its apostrophes: "don't" stays one, "Nora's" loses its ending, "1970's" is 1970s, "l'eau" is two."""
    stem, mark, ending = word.strip("'").rpartition("'")
    if not mark:
        return [ending] if ending else []
    if ending == "s":
        return [f"{stem}s" if stem.isdigit() and stem[-1] == "0" else stem.replace("'", "")]
    if ending in _CONTRACTIONS:
        # "I'll" is not the word "ill"; a word that is not a stop word with its ending ("Nora'll") is one without.
        whole = stem.replace("'", "") + ending
        return [whole if whole in STOP_WORDS or ending == "t" else f"{stem}'{ending}" if stem == "i" else stem]
    return [part for part in word.split("'") if part]


def _grams(run: str) -> list[str]:
    size = 2 if _IN_PAIRS.match(run) else 3 if _IN_TRIPLES.match(run) else 0
    if not size:
        return _parts(run)
    if len(run) <= size:
        return [run]
    return [run[i : i + size] for i in range(len(run) - size + 1)]


def language(words: Collection[str]) -> str:
    """``ENGLISH``, also for a text too short to tell, or ``OTHER``: by the function words in it, folded."""
    if FOREIGN_WORDS.isdisjoint(words):
        return ENGLISH
    held = frozenset(words)
    foreign = FOREIGN_WORDS & held
    return ENGLISH if foreign <= _ALSO_ENGLISH or len(foreign) <= len(_ENGLISH & held) else OTHER


@cache
def _stemmer(algorithm: str) -> Callable[[str], str]:
    import Stemmer

    stem: Callable[[str], str] = Stemmer.Stemmer(algorithm, 0).stemWord  # no cache of its own: ``term`` has one
    return stem


def term(word: str, spoken: str = ENGLISH) -> str:
    """The index term of a folded word.

    Args:
        word: As ``terms.words`` gives it.
        spoken: The language of its text, as far as the script does not tell it.
    """
    word = word[:MAX_TERM]
    first = word[0]
    if first <= "\u024f":
        if first <= "9":
            return word
        return _stemmer("english")(ROOT.get(word, word) if spoken == ENGLISH else word)
    if "\u0400" <= first <= "\u04ff":
        return _stemmer("russian")(word)
    if "\u0370" <= first <= "\u03ff":
        return _stemmer("greek")(word)
    if "\u0600" <= first <= "\u06ff":
        return _stemmer("arabic")(word)
    return word


_MOST_REMEMBERED = 1 << 17


class _Terms(dict[str, str]):
    """The index term of each word of a language, empty for a stop word; worked out when a word is first met.

    A plain dictionary, because a bulk load asks it for every word of every text.
    """

    def __init__(self, spoken: str) -> None:
        super().__init__(dict.fromkeys(STOP_WORDS, ""))
        self._spoken = spoken

    def __missing__(self, word: str) -> str:
        if len(self) > _MOST_REMEMBERED:
            self.clear()
            self.update(dict.fromkeys(STOP_WORDS, ""))
        self[word] = found = term(word, self._spoken)
        return found


_terms = {spoken: _Terms(spoken) for spoken in (ENGLISH, OTHER)}


def terms(text: str) -> list[str]:
    """The index terms of a text, in order, with repetitions, without stop words."""
    found = words(text)
    spoken = language(found)
    if text.isascii() or spoken != ENGLISH or not (accented := _accented(text)):
        return list(filter(None, map(_terms[spoken].__getitem__, found)))
    return [t for w in found if (t := _terms[OTHER if w in accented else spoken][w])]


def joined(text: str) -> dict[str, str]:
    """Words and numbers that are also written as one, "wifi" and "1250", by how the text has them: "Wi-Fi", "1.250"."""
    found: list[str] = []
    if "-" in text or "\u2010" in text or "\u2011" in text:
        found += (word for word in _HYPHENED.findall(text) if not _NUMBERS.fullmatch(word))
    if _may_hold_others(text, _NO_DIGITS) and _MAY_BE_GROUPED.search(text):
        found += _GROUPED.findall(text)
    if not found:
        return {}
    together = {_BETWEEN.sub("", written): written for written in found}
    return {
        word: written for word, written in together.items() if len(words(word.lower())) == 1
    }  # "ab-_cd" is two either way


MOST_SHORT = 2
"""Terms of a text that hardly tell it from others: "Bo: that is me" beside all that Bo said."""


def whole(text: str) -> str | None:
    """The index term of all of a text whose terms hardly tell it from others.

    It has few of them ("Bo: not now"), only stop words ("It is what it is"), or only signs ("->").
    """
    found = words(text)
    if len([word for word in found if word not in STOP_WORDS]) > MOST_SHORT:
        return None
    together = " ".join(found) or "".join(text.split())
    return "§o" + str(int.from_bytes(hashlib.blake2b(together.encode(), digest_size=10).digest(), "big"))


_ACCENTED = re.compile(r"\w*[\u00c0-\u024f]\w*")


def _accented(text: str) -> frozenset[str]:
    """Folded words that were written with an accent: no English form, whatever they look like without it."""
    return frozenset(w for found in _ACCENTED.findall(text) for w in found.translate(_folding).split())


def named_stop_words(text: str) -> list[str]:
    """Stop words that are written as names or abbreviations, folded: "IT", "US", "Will" or "A" inside a sentence."""
    if not _may_hold_others(text[1:], _NO_CAPITALS) and not text.startswith(("Will", "May")):  # most lines
        return []
    found: dict[str, None] = {}
    shouted = text.isupper() and " " in text.strip()
    for match in _CAPITALISED.finditer(text):
        word = match[0].lower()
        if word not in STOP_WORDS or shouted:
            continue
        if match[0].isupper() or word in _NAMES_ANYWHERE or not _SENTENCE_BEGINS.search(text, 0, match.start()):
            found.setdefault(word)
    return list(found)


@lru_cache(maxsize=1 << 12)
def tag_term(tag: str) -> str:
    """The index term that stands for a tag, in digits, which no stemmer touches; no text can hold it."""
    return "§t" + str(int.from_bytes(hashlib.blake2b(tag.encode(), digest_size=10).digest(), "big"))


def author_term(name_term: str) -> str:
    """The index term of memories by an author whose name holds a term; no text can hold it."""
    return "§a" + name_term


UNTAGGED = "§u"
"""The index term of a memory without tags."""


def speaker(text: str) -> str | None:
    """The name at the head of a line of a transcript: "Nora: ..." or "Nora (8 May 2023): ..."."""
    found = _SPEAKER.match(text) if ": " in text[:160] else None
    return found[1] if found else None


@lru_cache(maxsize=1 << 10)
def _author_terms(author: str) -> tuple[str, ...]:
    return tuple(map(author_term, terms(author)))


def indexed(text: str, *, author: str | None, context: str | None, entities: Iterable[str], tags: Iterable[str]) -> str:
    """What the full-text index holds for a memory: its terms in order, between spaces, so that they can be counted.

    A slash ends the heading, a bar ends the text; behind it stand terms of context and entities, words written as one,
    stop words that are names, single characters, and marks of authors and tags. Neither sign is a token to SQLite.
    """
    head, line, rest = text.partition("\n")
    wrapped = len(head) >= SHORTEST_WRAPPED and rest[:1].islower() and not head.rstrip().endswith(":")
    if line and len(head) <= LONGEST_HEADING and rest and not rest.isspace() and not wrapped:
        out = [*terms(head), "/", *terms(rest)]
    else:
        out = terms(text)
    alone = whole(text) if len(out) <= MOST_SHORT + 1 else None
    extras = (context, *entities) if context else tuple(entities)
    if as_one := joined(text):
        extras = (*extras, " ".join(as_one))
    seen = set(out) if extras or not text.isascii() else set()
    out.append("|")
    if alone is not None:
        out.append(alone)
    for extra in extras:
        fresh = [t for t in terms(extra) if t not in seen]
        seen.update(fresh)
        out += fresh
    out += named_stop_words(text)
    if not text.isascii():
        out += _last_characters(text, seen)
    said_by = speaker(text)
    if author or said_by:
        out += dict.fromkeys((*(_author_terms(author) if author else ()), *(_author_terms(said_by) if said_by else ())))
    out += [tag_term(tag) for tag in tags] or [UNTAGGED]
    return f" {' '.join(out)} "


def _last_characters(text: str, seen: Sequence[str] | set[str]) -> list[str]:
    """The last character of each run of a script that is indexed in pairs or triples.

    Every other character begins a pair or a triple, and so is found as its beginning.
    """
    runs = (run for run in _RUN.findall(text) if len(run) > 1 and (_IN_PAIRS.match(run) or _IN_TRIPLES.match(run)))
    return [c for c in dict.fromkeys(run[-1] for run in runs) if c not in seen]
