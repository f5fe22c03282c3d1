"""Merge the answers of several banks into one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from operator import is_
from typing import Any

from hindsight_teams.access.banks import Target
from hindsight_teams.access.signatures import attributed
from hindsight_teams.errors import BackendError
from hindsight_teams.models import Gap, Memory, RecallResult, Reflection, plain_first
from hindsight_teams.text import estimate


def answered(targets: Sequence[Target], answers: Sequence[Any]) -> tuple[list[tuple[str, Any]], list[Gap]]:
    """The answers by bank, and the gaps: a bank that fails costs only its own part, unless all of them do.

    Raises:
        BackendError: All of them failed.
    """
    pairs = list(zip(targets, answers, strict=True))
    failures = [(target, answer) for target, answer in pairs if isinstance(answer, BackendError)]
    if failures and len(failures) == len(targets):
        raise failures[0][1]
    gaps = [Gap(target.name, str(error)) for target, error in failures]
    return [(target.name, answer) for target, answer in pairs if not isinstance(answer, BackendError)], gaps


def merge_recall(
    answers: Sequence[tuple[str, RecallResult]], gaps: Sequence[Gap] = (), *, max_tokens: int | None = None
) -> RecallResult:
    """One result of several, best first.

    Scores of different banks can't be compared, so the banks take turns by rank (the interleaving that reciprocal-rank
    fusion gives for disjoint lists). The same text twice is kept once, from where it ranks best. Of each bank, memories
    that were kept in doubt come below plain ones.

    Args:
        answers: Bank names and their results.
        gaps: Banks that did not answer.
        max_tokens: Memories that do not fit any more are left out.
    """
    if len(answers) == 1 and not gaps and max_tokens is None:
        only = answers[0][1]
        kept = plain_first(list(_distinct(only.results)))
        unchanged = len(kept) == len(only.results) and all(map(is_, kept, only.results))
        return only if unchanged else replace(only, results=kept)
    by_rank = zip_longest(*(plain_first(list(_distinct(result.results))) for _, result in answers))
    ranked = (memory for turn in by_rank for memory in turn if memory is not None)
    notes = dict.fromkeys(note for _, result in answers for note in result.notes)
    return RecallResult(
        results=list(_fit(_distinct(ranked), max_tokens)),
        gaps=(*gaps, *(gap for _, result in answers for gap in result.gaps)),
        notes=tuple(notes),
        chunks={key: chunk for _, result in answers for key, chunk in result.chunks.items()},
        source_facts={key: fact for _, result in answers for key, fact in result.source_facts.items()},
        confidence=max((r.confidence for _, r in answers if r.confidence is not None), default=None),
    )


def merge_reflect(answers: Sequence[tuple[str, Reflection]], gaps: Sequence[Gap] = ()) -> Reflection:
    """One answer of several: those that rest on memories, each under its bank's name; else the first."""
    if len(answers) == 1 and not gaps:
        return answers[0][1]
    telling = [(name, a) for name, a in answers if a.based_on] or answers[:1]
    text = telling[0][1].text if len(telling) == 1 else "\n\n".join(f"From {name}:\n{a.text}" for name, a in telling)
    return Reflection(
        text=text,
        based_on=list(_distinct(m for _, a in telling for m in a.based_on)),
        structured_output=next((a.structured_output for _, a in telling if a.structured_output is not None), None),
        gaps=(*gaps, *(gap for _, a in answers for gap in a.gaps)),
        notes=tuple(dict.fromkeys(note for _, a in telling for note in a.notes)),
    )


def _distinct(memories: Iterable[Memory]) -> Iterable[Memory]:
    """Each text once, where it ranks best; rather as the fact, which has an author and a time, than as observation.

    Rather as one that holds, too, than as one that was replaced. Of two days, "The audit was yesterday" is two facts.
    """
    kept: dict[tuple[object, ...], Memory] = {}
    for memory in memories:
        memory = attributed(memory) if memory.type == "observation" else memory
        text, day = " ".join(memory.text.split()), (memory.occurred_at, memory.occurred_end)
        first = kept.setdefault((text,), memory)
        of_first = first.occurred_at, first.occurred_end
        if first.type == "observation" != memory.type or (first.superseded_by and not memory.superseded_by):
            kept[text,] = memory
        elif any(day) and any(of_first) and day != of_first:
            kept.setdefault((text, *day), memory)
    return kept.values()


def _fit(memories: Iterable[Memory], max_tokens: int | None) -> Iterable[Memory]:
    left = max_tokens
    for memory in memories:
        if left is None:
            yield memory
        elif (cost := estimate(memory.text)) <= left:
            left -= cost
            yield memory
