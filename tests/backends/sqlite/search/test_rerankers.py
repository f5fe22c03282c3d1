"""A reranker may only reorder the first lines of a recall."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from agno.knowledge.document import Document
from agno.knowledge.reranker.base import Reranker

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.models import RetainItem

TEXTS = ["tea one", "tea two", "tea three"]


class Longest(Reranker):
    """An Agno reranker that keeps the two longest documents."""

    def rerank(self, query: str, documents: list[Document], limit: int | None = None) -> list[Document]:
        return sorted(documents, key=lambda d: -len(d.content))[:2]


def longest(query: str, texts: Sequence[str]) -> list[float]:
    return [len(text) for text in texts]


def recalled(path: Path, reranker: Any, **options: Any) -> list[str]:
    with closing(SQLiteBackend(path, reranker=reranker)) as backend:
        backend.retain_batch("b", [RetainItem(text) for text in TEXTS])
        return [m.text for m in backend.recall("b", "tea", **options).results]


@pytest.mark.parametrize("reranker", [Longest(), longest])
def test_the_first_lines_come_in_the_order_of_the_reranker(path: Path, reranker: object) -> None:
    assert recalled(path, reranker)[0] == "tea three"
    assert sorted(recalled(path, reranker)) == sorted(TEXTS)


def test_a_low_budget_asks_no_reranker(path: Path) -> None:
    assert recalled(path, longest, budget="low") == recalled(path, None)


def broken(query: str, texts: Sequence[str]) -> list[float]:
    raise RuntimeError("no such model")


@pytest.mark.parametrize("reranker", [broken, lambda query, texts: [1.0]])
def test_a_failing_reranker_costs_only_its_order(path: Path, reranker: object) -> None:
    assert recalled(path, reranker) == recalled(path, None)


def test_what_is_no_reranker_is_refused(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="reranker=3"):
        SQLiteBackend(path, reranker=3)


def test_fastembed_without_its_extra_says_what_to_install(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"hindsight-teams\[fastembed\]"):
        SQLiteBackend(path, embedder="fastembed:BAAI/bge-small-en-v1.5")
