"""The options of a member's retain, recall and reflect, and their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from hindsight_teams.access.grants import Caller
from hindsight_teams.models import BUDGETS, TAGS_MATCHES, Budget, RetainItem, TagsMatch, check_choice, check_max_tokens
from hindsight_teams.requests.core import ItemOptions, ReflectOptions, Retain, SearchOptions
from hindsight_teams.requests.tags import check_tags


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


class Addressed(TypedDict, total=False):
    """Who calls, which banks by short name, and whose memories."""

    caller: Caller | None
    banks: Sequence[str] | None
    authors: Sequence[str] | None


class MemberRetainOptions(ItemOptions, total=False):
    """Options of a member's ``retain``."""

    caller: Caller | None
    bank: str | None
    append: bool


class MemberRecallOptions(SearchOptions, Addressed, total=False):
    """Options of a member's ``recall``."""


class MemberReflectOptions(ReflectOptions, Addressed, total=False):
    """Options of a member's ``reflect``."""


def addressed(options: Mapping[str, Any]) -> tuple[Addressed, dict[str, Any]]:
    """Who calls and which banks, apart from what goes into the request."""
    rest = dict(options)
    to: Any = {name: rest.pop(name) for name in ("caller", "banks", "authors") if name in rest}
    return to, rest


def retaining(content: str, options: Mapping[str, Any]) -> tuple[Retain, Addressed]:
    """A member's retain as a request that names no bank yet, and whom it is addressed to."""
    given = {name: value for name, value in options.items() if value is not None}
    to: Addressed = {"caller": given.pop("caller", None)}
    if "bank" in given:
        to["banks"] = [given.pop("bank")]
    if given.pop("append", False):
        given["update_mode"] = "append"
    return Retain(items=(RetainItem(content, **given),)), to
