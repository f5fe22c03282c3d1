"""The check for texts that address an agent instead of telling it something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hindsight_teams.guard.signs import COMPACT, ENOUGH, SIGNS
from hindsight_teams.guard.uncover import fold, hidden, readings
from hindsight_teams.guard.verdict import Verdict, WriteAttempt

_NOT_LETTERS = re.compile(r"[^a-z]+")
_FORGED_ITEMS = re.compile(r"\n\s{0,8}\d{1,3}[.)] [^\n]*(?:\n|$)")
_SCANNED = 200_000


def instructions(attempt: WriteAttempt) -> Verdict | None:
    """Quarantine what reads as an instruction to an agent, openly or hidden.

    Signs are weighed (``guard.signs``) over the text and over what it says decoded (``guard.uncover``). No model is
    asked: this catches what is written as instructions are, and no lie that is written as a fact.
    """
    found = list(dict.fromkeys(signs_of(attempt.content[:_SCANNED])))
    return Verdict("quarantine", reason=", ".join(found[:4])) if found else None


def signs_of(text: str) -> list[str]:
    """The names of the signs found, where they weigh enough together; else nothing."""
    found = hidden(text)
    if found:
        return found
    weights = _weigh(fold(text))
    if sum(weights.values()) < ENOUGH:
        for reading in readings(text):
            folded = fold(reading)
            encoded = _weigh(folded)
            if encoded or COMPACT.search(_NOT_LETTERS.sub("", folded)):
                return ["hides an instruction", *encoded]
    return list(weights) if sum(weights.values()) >= ENOUGH else []


def _weigh(folded: str) -> dict[str, int]:
    """Each kind of sign counts once, at its heaviest."""
    weights: dict[str, int] = {}
    for name, weight in _matching(folded):
        weights[name] = max(weights.get(name, 0), weight)
        if weight >= ENOUGH:
            break
    return weights


def _matching(folded: str) -> Iterator[tuple[str, int]]:
    flat = folded.replace("\n", " ")
    for sign in SIGNS:
        if sign.pattern.search(folded) or (flat != folded and sign.pattern.search(flat)):
            yield sign.name, sign.weight
