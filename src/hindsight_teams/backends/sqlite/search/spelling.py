"""Correct a query word that the bank does not hold by one edit: "Lindquist" for "Lindqvist"."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_DOUBLED = re.compile(r"(.)\1+")
_SHORTEST = 4
_MOST = 400
"""Terms of the vocabulary that are compared for one word."""


def near_terms(db: sqlite3.Connection, term: str) -> list[str]:
    """Terms of the file that differ from one by one letter, or by two that changed places; else those that sound alike.

    One edit leaves one half of a word as it is. So terms that begin like the word are compared, and those tried that
    result from an edit in its first half.
    """
    if len(term) < _SHORTEST or not term.isalpha():
        return []
    half = len(term) // 2
    begin = term[: max(half, 2)]
    rows = db.execute(
        "SELECT term FROM vocabulary WHERE term >= ? AND term < ? LIMIT ?", (begin, begin + "\U0010ffff", _MOST)
    ).fetchall()
    found = [t for (t,) in rows if t != term and one_edit(t, term)]
    if not found:
        sql = "SELECT v.term FROM json_each(?) j CROSS JOIN vocabulary v WHERE v.term = j.value"
        found = [t for (t,) in db.execute(sql, (json.dumps(list(dict.fromkeys(_edited(term, half)))),))]
    if not found:
        sound = _sound(term)
        found = [t for (t,) in rows if (other := _sound(t)) == sound or (len(sound) > 4 and one_edit(other, sound))]
    return [t for t in found if t.isalpha()][:8]


def _sound(term: str) -> str:
    """A word without the differences of spelling that are hardest to hear: "tarrif", "Stephen"."""
    return _DOUBLED.sub(r"\1", term.replace("ph", "f").replace("ck", "k").replace("y", "i"))


def _edited(term: str, half: int) -> Iterator[str]:
    """The word with one edit in its first letters."""
    letters = _LATIN if term.isascii() else sorted(set(term))
    for i in range(half + 1):
        yield term[:i] + term[i + 1 :]
        yield term[:i] + term[i + 1 : i + 2] + term[i : i + 1] + term[i + 2 :]
        for letter in letters:
            yield term[:i] + letter + term[i:]
            yield term[:i] + letter + term[i + 1 :]


def one_edit(first: str, second: str) -> bool:
    """Whether one letter less, more or other, or two neighbours that change places, make one word the other."""
    if abs(len(first) - len(second)) > 1 or first == second:
        return False
    if len(first) > len(second):
        first, second = second, first
    i = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(first))
    if len(first) < len(second):
        return first[i:] == second[i + 1 :]
    return first[i + 1 :] == second[i + 1 :] or (
        first[i : i + 2] == second[i : i + 2][::-1] and first[i + 2 :] == second[i + 2 :]
    )
