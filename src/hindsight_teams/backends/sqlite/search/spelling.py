"""Correct a query word that the bank does not hold by one edit: "Lindquist" for "Lindqvist"."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from functools import cached_property

from hindsight_teams.backends.sqlite.store.reading import bounds

MOST_READ = 250_000
"""Characters of index terms that are read to compare: some 1,000 memories, half a millisecond."""

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_DOUBLED = re.compile(r"(.)\1+")
_SHORTEST = 4
_MOST = 8


class BankTerms:
    """The index terms of one bank, for what no exact match finds.

    The terms of its newest memories are read once, when they are first asked for. What only older ones hold is looked
    up in the index, an edit at a time. So neither costs more where the file holds other banks: the vocabulary of the
    index is that of the whole file, and to read a term of it counts every memory that holds it.
    """

    def __init__(self, db: sqlite3.Connection, bank: int) -> None:
        self._db = db
        self._bank = bank

    @cached_property
    def _read(self) -> tuple[str, bool]:
        """The terms of the newest memories between spaces, and whether these are all."""
        sql = "SELECT c0 FROM words_content WHERE id >= ? AND id < ? ORDER BY id DESC"
        contents, length = [" "], 0
        for (content,) in self._db.execute(sql, bounds(self._bank)):
            if length >= MOST_READ:
                return " ".join(contents), False
            contents.append(content)
            length += len(content)
        return " ".join([*contents, " "]), True

    def near(self, term: str) -> list[str]:
        """Terms of the bank that differ by one letter, or by two that changed places; else those that sound alike.

        One edit leaves one half of a word as it is. So terms that begin or end like the word are compared.
        """
        if len(term) < _SHORTEST or not term.isalpha():
            return []
        half = len(term) // 2
        text, complete = self._read
        alike = self._beginning(term[:half])
        found = {t for t in alike if one_edit(t, term)}
        if not found:
            end = term[half + 1 :]
            ending = {part.rpartition(" ")[2] + end for part in text.split(f"{end} ")[:-1]}
            found = {t for t in ending if one_edit(t, term)}
        if not found and not complete:
            found = set(self._held(dict.fromkeys(_edited(term))))
        if not found:
            sound = _sound(term)
            found = {t for t in alike if (o := _sound(t)) == sound or (len(sound) > 4 and one_edit(o, sound))} - {term}
        return sorted(t for t in found if t.isalpha())[:_MOST]

    def beginning(self, begin: str) -> list[str] | None:
        """All terms of the bank that begin so; None if they are too many to tell."""
        found = self._beginning(begin) if self._read[1] else None
        return None if found is None or len(found) > _MOST else sorted(found)

    def _beginning(self, begin: str) -> set[str]:
        return set(re.findall(f" ({re.escape(begin)}[^ ]*)", self._read[0]))

    def _held(self, terms: Iterable[str]) -> list[str]:
        """Those of some terms that a memory of the bank holds."""
        sql = (
            "SELECT j.value FROM json_each(?) j WHERE EXISTS (SELECT 1 FROM words"
            " WHERE words MATCH '\"' || j.value || '\"' AND rowid >= ? AND rowid < ?)"
        )
        return [t for (t,) in self._db.execute(sql, (json.dumps(list(terms)), *bounds(self._bank)))]


def _sound(term: str) -> str:
    """A word without the differences of spelling that are hardest to hear: "tarrif", "Stephen"."""
    return _DOUBLED.sub(r"\1", term.replace("ph", "f").replace("ck", "k").replace("y", "i"))


def _edited(term: str) -> Iterator[str]:
    """The word with one edit."""
    letters = _LATIN if term.isascii() else sorted(set(term))
    for i in range(len(term) + 1):
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
