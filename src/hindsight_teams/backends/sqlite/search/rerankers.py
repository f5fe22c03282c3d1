"""Rerank the first results of a recall with an Agno reranker or a callable that scores texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from hindsight_teams.errors import ConfigurationError
from hindsight_teams.log import Logger
from hindsight_teams.models import Memory

Order: TypeAlias = Callable[[str, Sequence[str]], list[int]]
"""A query and texts to the texts' places, best first."""

FIRST = 20
"""Lines that are reranked: a model reads each of them."""

_log = Logger(__name__)


def as_reranker(given: Any) -> Order | None:
    """The reranker that an argument stands for.

    Args:
        given: ``None``; an object with ``rerank(query, documents)``, as Agno's have; or a callable
            ``(query, texts)`` that gives a score for each text.

    Raises:
        ConfigurationError: None of these.
    """
    if given is None:
        return None
    if callable(getattr(given, "rerank", None)):
        return _of_agno(given)
    if callable(given):
        return _of_scores(cast("Callable[[str, Sequence[str]], Sequence[float]]", given))
    raise ConfigurationError(
        f"reranker={given!r} must be an Agno reranker, or a callable (query, texts) that gives a score for each text"
    )


def _of_agno(reranker: Any) -> Order:
    def order(query: str, texts: Sequence[str]) -> list[int]:
        from agno.knowledge.document import Document

        documents = [Document(content=text, id=str(place)) for place, text in enumerate(texts)]
        return [int(document.id) for document in reranker.rerank(query, documents)]

    return order


def _of_scores(score: Callable[[str, Sequence[str]], Sequence[float]]) -> Order:
    def order(query: str, texts: Sequence[str]) -> list[int]:
        scores = [float(s) for s in score(query, texts)]
        if len(scores) != len(texts):
            raise ValueError(f"{len(scores)} scores for {len(texts)} texts")
        return sorted(range(len(texts)), key=lambda place: -scores[place])

    return order


def rerank(order: Order, query: str, memories: Sequence[Memory]) -> list[Memory]:
    """The memories with the first lines in the order that a reranker gives; lines that it drops come after those.

    A reranker that fails costs its order, never the recall: the failure is logged.
    """
    first = memories[:FIRST]
    try:
        places = [place for place in dict.fromkeys(order(query, [m.text for m in first])) if 0 <= place < len(first)]
    except Exception as error:  # whatever a user's reranker raises
        _log.warning("reranker_failed", texts=len(first), error=repr(error))
        return list(memories)
    places += [place for place in range(len(first)) if place not in places]
    return [*(first[place] for place in places), *memories[FIRST:]]
