"""The check for texts that address an agent instead of telling it something."""

from __future__ import annotations

import re

from hindsight_teams.guard.signs import ENOUGH, weigh
from hindsight_teams.guard.uncover import fold, hidden, readings
from hindsight_teams.guard.verdict import Verdict, WriteAttempt

_NOT_LETTERS = re.compile(r"[^a-z]+")
# For letters set apart one by one, where the spaces between words were lost too.
_COMPACT = re.compile(
    r"(?:ignore|disregard|forget|bypass|override)(?:all|any|the|your|my)*(?:previous|prior|above|earlier|system|safety)*"
    r"(?:instructions|rules|prompt|guidelines)|(?:reveal|print|send|show)(?:all|me|the|your)*(?:systemprompt|passwords"
    r"|secrets|credentials|data)"
)
_SCANNED = 200_000


def check_instructions(attempt: WriteAttempt) -> Verdict | None:
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
    weights = weigh(fold(text))
    if sum(weights.values()) >= ENOUGH:
        return list(weights)
    for reading in readings(text):
        for inner in (reading, *readings(reading)):  # encoded twice is common, thrice is not
            folded = fold(inner)
            encoded = weigh(folded)
            if encoded or _COMPACT.search(_NOT_LETTERS.sub("", folded)):
                return ["hides an instruction", *encoded]
    return []
