"""Split a text into sentences by rule, in any script: full stops, list items, CJK marks, Thai spaces.

One pass over the marks that could end a sentence; what stands on both sides of each decides. A split too few is better
than one too many here: half a sentence is a wrong memory, two sentences are only a long one.
"""

from __future__ import annotations

import re

from hindsight_teams.backends.sqlite.text.date_words import MONTHS, QUARTERS

# Never the end of a sentence: something follows that belongs to it.
_LEADING = frozenset(
    """mr mrs ms mx dr prof st mt ft gen col sgt lt capt cmdr rev hon pres gov sen rep messrs vs cf viz approx dept est
    fig figs nr no nos vol ch pp p sec art op ed eds e.g i.e eg ie z.b d.h bzw ca bspw inkl hr fr frau dipl ing bd
    sr sra dra d m mme mlle av blvd rd ave""".split()
)
# The end of a sentence only where a capital letter or nothing follows.
_TRAILING = frozenset(
    """etc usw al inc ltd llc co corp jr plc gmbh a.m p.m am pm u.s u.k u.n e.u ph.d m.d b.a m.a b.sc m.sc bros jan feb
    mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun min max tel ext""".split()
)
# After an initial or an abbreviation only one of these begins a new sentence: "plan B. We", but "J. Smith".
_STARTERS = frozenset(
    """the a an this that these those it its he she they we i you his her their our my your but and so then there here
    when what where who why how if in on at after before however also as for from with to no yes not now""".split()
)
_LIST_MARK = r"(?:[-*+\u2022\u2023\u25e6\u2043\u2013\u2014\u00b7]|\(?\d{1,3}[.)]|\(?[a-zA-Z][)]|#{1,6}|>)[ \t]"
_END = re.compile(
    r"(?P<western>[.!?\u2026\u061f\u06d4\u0964\u0965\u0589\u1362\u104b\u17d4]+)"
    r"(?P<close>[\"'\u201d\u2019\u00bb)\]}*_]*)(?=\s|$|[\u3000-\u9fff])"
    r"|(?P<eastern>[\u3002\uff01\uff1f\uff61]+)(?P<shut>[\u300d\u300f\u201d\u2019\uff09\u300b\u3009\]\"']*)"
    rf"|(?P<lines>(?:\r\n?|\n|\u2028|\u2029)(?:[ \t]*(?:\r\n?|\n)|\u2029|(?=[ \t]*{_LIST_MARK})))"
    r"|(?P<thai>(?<=[\u0e00-\u0e7f])[ \u00a0]+(?!(?:พ\.?ศ|ค\.?ศ|ปี)\.? ?\d)(?=[\u0e00-\u0e7f]))"
)
_HEADING = re.compile(r"#{1,6}[ \t][^\r\n\u2028\u2029]*")
_NEXT = re.compile(r"[\s\"'\u201c\u2018\u00ab(\[*_\u300c\u300e]{0,64}(\w{1,24}|\S)")
_THAI_LEAST = 20
"""Characters before a Thai space that ends a sentence: shorter ones stand inside names and lists."""


def split(text: str) -> list[str]:
    """The sentences of a text, in order, without the white space around them.

    Joined again they hold every character of the text except white space. Takes time linear in its length.
    """
    sentences: list[str] = []
    begin = 0
    for mark in _END.finditer(text):
        end = mark.end()
        if mark["thai"] is not None:
            if mark.start() - begin < _THAI_LEAST:
                continue
        elif mark["eastern"] is not None:
            if mark["shut"] and end < len(text) and not text[end].isspace():
                continue  # 「…。」と言った goes on after the quotation
        elif mark["western"] is not None and not _ends(text, begin, mark):
            continue
        _add(sentences, text[begin:end])
        begin = end
    _add(sentences, text[begin:])
    return sentences


def _add(sentences: list[str], piece: str) -> None:
    """Keep a piece; a Markdown heading is one of its own up to the end of its line."""
    piece = piece.strip()
    if piece.startswith("#") and (heading := _HEADING.match(piece)):
        sentences.append(heading[0].strip())
        piece = piece[heading.end() :].strip()
    if piece:
        sentences.append(piece)


def _ends(text: str, begin: int, mark: re.Match[str]) -> bool:
    """Whether a full stop, question or exclamation mark, or ellipsis ends a sentence."""
    following = _following(text, mark.end())
    if not following:
        return True
    dots, first = mark["western"], following[0]
    if first.islower():
        return False
    if dots != ".":
        return True
    before = text[max(begin, mark.start() - 24) : mark.start()]
    word = re.split(r"[\s(\[{\"'\u201c\u2018\u00ab/-]", before)[-1] if before else ""
    if not word:
        return bool(before.strip()) and first != "."
    low, follower = word.lower(), following.lower()
    if word.isdecimal():
        if mark.start() - begin <= len(before) and before.strip().lstrip("(") == word:
            return False  # "1. First of all"
        return follower not in MONTHS and follower not in QUARTERS  # "am 7. Mai", "im 3. Quartal"
    if low == "no" and follower in _STARTERS:
        return True  # the answer, not the number
    if low in _LEADING:
        return False
    if low in _TRAILING or (len(word) == 1 and word.isupper()) or _initials(word):
        return follower in _STARTERS or (low in ("etc", "usw") and first.isupper())
    return True


def _initials(word: str) -> bool:
    """Whether it is something like ``U.S`` or ``J.R.R``."""
    return len(word) > 2 and "." in word and all(len(part) == 1 for part in word.split("."))


def _following(text: str, position: int) -> str:
    """The first word or sign after white space and opening quotes; empty at the end of the text."""
    match = _NEXT.match(text, position)
    return match[1] if match else ""
