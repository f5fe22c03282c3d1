"""Reflect: an answer from memories, quoted without a model, or written by one that sees nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    if not memories:
        return Reflection(text="Nothing is known about this.")
    quoted = list(memories[:8])
    lines = [f"- {m.text}" for m in quoted]
    return Reflection(text="\n".join(lines), based_on=quoted)
