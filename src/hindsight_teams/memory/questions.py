"""A read or write as it is asked: defaults, the question itself, and what is refused before any right is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import BUDGETS, TAGS_MATCHES, Budget, TagsMatch, check_choice, check_max_tokens
from hindsight_teams.requests.tags import check_tags
from hindsight_teams.text import is_blank


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a read or write uses where the call says nothing."""

    budget: Budget = "mid"
    max_tokens: int = 4096
    tags: tuple[str, ...] = ()
    recall_tags: tuple[str, ...] = ()
    recall_tags_match: TagsMatch = "any"

    def __post_init__(self) -> None:
        check_choice("budget", self.budget, BUDGETS)
        check_max_tokens(self.max_tokens)
        check_choice("recall_tags_match", self.recall_tags_match, TAGS_MATCHES)
        check_tags(self.tags)
        check_tags(self.recall_tags, name="recall_tags")


@dataclass(frozen=True, slots=True)
class Question:
    """A read as it was asked, before rights and scope; ``more`` are the verb's own options."""

    query: str
    banks: Sequence[str] | None
    budget: Budget | None
    max_tokens: int | None
    tags: Sequence[str] | None
    tags_match: TagsMatch | None
    authors: Sequence[str] | None
    more: Mapping[str, Any]


def check_content(content: Any) -> None:
    """Refuse content that is no text.

    Raises:
        InvalidInput: Not a string, or nothing in it that a person can see.
    """
    if not isinstance(content, str):
        raise InvalidInput(f"content must be a string, not {type(content).__name__}")
    if is_blank(content):
        raise InvalidInput("content is empty; give the text to remember")


def check_metadata(metadata: Any) -> None:
    """Refuse metadata that is no mapping; a backend refuses what is no string in it.

    Raises:
        InvalidInput: Not a mapping, nor None.
    """
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidInput(f"metadata must map strings to strings, not be a {type(metadata).__name__}")


def check_query(query: Any) -> None:
    """Refuse a query that is no text.

    Raises:
        InvalidInput: Not a string, or only white space.
    """
    if not isinstance(query, str):
        raise InvalidInput(f"query must be a string, not {type(query).__name__}")
    if not query.strip():
        raise InvalidInput("query is empty; say what to look for")
