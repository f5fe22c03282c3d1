"""Requests to list, count and delete banks and memories, and to check a backend's health."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypedDict, TypeVar, Unpack, get_args

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import (
    BankInfo,
    BankStats,
    Health,
    ListOrder,
    Memory,
    MemoryPage,
    TagCount,
    TagsMatch,
    check_choice,
)
from hindsight_teams.requests import checks
from hindsight_teams.requests.core import BankRequest, Capability, Request, folded
from hindsight_teams.requests.driver import Steps
from hindsight_teams.requests.tags import ALL, UNSET, TagFilter

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class EnsureBank(BankRequest[BankInfo], verb="ensure_bank", needs=Capability.MANAGE_BANKS):
    """Make the bank when it does not exist; one that does keeps its name and missions."""

    name: str | None = None

    def _check(self) -> None:
        if self.name is not None:
            checks.check_text("name", self.name)


@dataclass(frozen=True, kw_only=True)
class ListBanks(Request[list[BankInfo]], verb="list_banks", needs=Capability.MANAGE_BANKS):
    """All banks, by id; only those whose id starts with ``prefix`` where one is given."""

    prefix: str | None = None

    def _check(self) -> None:
        if self.prefix is not None:
            checks.check_context(self.prefix, "prefix")


@dataclass(frozen=True, kw_only=True)
class GetStats(BankRequest[BankStats], verb="bank_stats", needs=Capability.MANAGE_BANKS):
    """Counts of one bank. One that does not exist is a ``BankNotFound``."""


@dataclass(frozen=True, kw_only=True)
class DeleteBank(BankRequest[int], verb="delete_bank", needs=Capability.DELETE_BANKS):
    """Delete a bank with all it holds; the answer is the number of memories, 0 where there was no such bank."""


class ListOptions(TypedDict, total=False):
    """Options of ``list_memories``: at most ``limit`` memories after the first ``offset``, of those selected."""

    limit: int
    offset: int
    tags: Sequence[str] | None
    tags_match: TagsMatch | None
    document_id: str | None
    order: ListOrder
    after: str | None


@dataclass(frozen=True, kw_only=True)
class ListMemories(BankRequest[MemoryPage], verb="list_memories", needs=Capability.LIST):
    """One page of memories, oldest first; empty for a bank that does not exist.

    Attributes:
        limit: Most memories of the page.
        offset: How many come before it.
        filter: Only memories with these tags.
        document_id: Only memories of this document.
        order: ``noted``: all, as they were stored. ``happened``: those of which it is known when they
            happen, in that order.
        after: Begin after the memory with this id, which costs the page alone, wherever it begins. The page's ``total``
            then counts the page: the last one is shorter than ``limit``.
    """

    limit: int = 100
    offset: int = 0
    filter: TagFilter = UNSET
    document_id: str | None = None
    order: ListOrder = "noted"
    after: str | None = None

    @property
    def required(self) -> frozenset[Capability]:
        """What a backend must be able to do for this very request."""
        more = {Capability.LIST_BY_TIME} if self.order != "noted" else set()
        return self.needs | more | ({Capability.LIST_AFTER} if self.after is not None else set())

    @classmethod
    def of(cls, bank: str, **options: Unpack[ListOptions]) -> ListMemories:
        """A request from public keywords."""
        return cls(bank=bank, **folded(options, match="any"))

    def _check(self) -> None:
        checks.check_page(self.limit, self.offset)
        check_choice("order", self.order, get_args(ListOrder))
        self._settle(filter=ALL if self.filter is None else self.filter.checked())
        if self.document_id is not None:
            checks.check_text("document_id", self.document_id)
        if self.after is not None:
            checks.check_context(self.after, "after")


def every(
    request: ListMemories, *, keep: Callable[[Memory], bool] = lambda _: True, first: MemoryPage | None = None
) -> Steps[list[Memory]]:
    """All memories that a listing gives, page by page.

    Args:
        request: The listing; its limit is the size of a page.
        keep: Which of them.
        first: The first page, where it is known.
    """
    page: MemoryPage = (yield request) if first is None else first
    found: list[Memory] = []
    offset = 0
    while True:
        found += filter(keep, page.memories)
        offset += request.limit
        if offset >= page.total:
            return found
        page = yield request.at(request.bank, offset=offset)


class DeleteOptions(TypedDict, total=False):
    """Which memories; what is given is ANDed. ``tags`` match as ``all_strict`` where nothing is said."""

    ids: Sequence[str] | None
    document_id: str | None
    tags: Sequence[str] | None
    tags_match: TagsMatch | None


@dataclass(frozen=True, kw_only=True)
class Selecting(Request[R]):
    """A request about the memories that meet every selection given.

    Attributes:
        ids: These memories.
        document_id: Memories of this document.
        filter: Memories with these tags.
    """

    ids: Sequence[str] | None = None
    document_id: str | None = None
    filter: TagFilter = UNSET

    def _check(self) -> None:
        checks.check_ids(self.ids)
        chosen: TagFilter = ALL if self.filter is None else self.filter
        if chosen.tags is None and not chosen.groups:  # a match mode of no tags at all selects nothing
            TagFilter((), chosen.match).checked()
            chosen = ALL
        self._settle(filter=chosen.checked())
        if self.document_id is not None:
            checks.check_text("document_id", self.document_id)


@dataclass(frozen=True, kw_only=True)
class SelectingInBank(Selecting[R], BankRequest[R]):
    """A selection of one bank's memories."""

    @classmethod
    def of(cls, bank: str, **options: Unpack[DeleteOptions]) -> Self:
        """A request from public keywords."""
        return cls(bank=bank, **folded(options, match="all_strict"))


@dataclass(frozen=True, kw_only=True)
class DeleteMemories(SelectingInBank[int], verb="delete_memories", needs=Capability.DELETE):
    """Delete the memories that meet every selection given, and all that was derived from them; how many.

    A request that selects nothing is refused: ``DeleteBank`` deletes everything.
    """

    def _check(self) -> None:
        super()._check()
        if self.ids is None and self.document_id is None and self.filter.trivial:
            raise InvalidInput("say which memories to delete: ids, document_id or tags; delete_bank deletes everything")


@dataclass(frozen=True, kw_only=True)
class ListTags(BankRequest[list[TagCount]], verb="list_tags", needs=Capability.LIST):
    """Tags in use, most used first; ``pattern`` may hold ``*`` as in ``team:*``."""

    pattern: str | None = None

    def _check(self) -> None:
        if self.pattern is not None:
            checks.check_context(self.pattern, "pattern")


@dataclass(frozen=True, kw_only=True)
class GetHealth(Request[Health], verb="health"):
    """Whether the backend works, where it is and which version; a backend that is down is an answer, not an error."""
