"""Base of all requests, and the three verbs retain, recall and reflect.

A request is made without a bank where its maker does not know the bank yet: the service completes it with
``BankRequest.at``. What a request holds is checked once, when it gets its bank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Self, TypedDict, TypeVar, Unpack

from hindsight_teams.errors import InvalidBankId, Unsupported
from hindsight_teams.models import (
    Budget,
    MemoryType,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagGroup,
    TagsMatch,
    UpdateMode,
)
from hindsight_teams.requests import checks
from hindsight_teams.requests.tags import ALL, UNSET, TagFilter

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

R = TypeVar("R")

DEFAULT_BUDGET: Final[Budget] = "mid"
DEFAULT_MAX_TOKENS: Final = 4096


class Capability(StrEnum):
    """Something that a backend can do or does, and another may not."""

    RETAIN = "retain"
    RECALL = "recall"
    REFLECT = "reflect"
    MANAGE_BANKS = "manage banks"
    DELETE_BANKS = "delete banks"
    LIST = "list memories and tags"
    LIST_BY_TIME = "list memories by when they happen"
    DELETE = "delete memories"
    GET_MEMORY = "get a memory by its id"
    SEARCH_ALL_BANKS = "find memories of all banks by their tags, documents and sources"
    LIST_AFTER = "list memories after a given one"
    ERASE_LATER = "tell whether what was deleted is erased"
    REPEATS = "keep what was retained again"
    DOCUMENTS = "list and get documents"
    OPERATIONS = "work in the background"
    SOURCES = "show source chunks and source facts"
    CONSOLIDATE = "consolidate on request"
    RENAME_BANKS = "rename a bank"
    RESTORE = "store memories as they were exported"
    RETRY_EXTRACTION = "retry an extraction"
    VERSION = "tell a server's version"
    APPEND_SIGNS_ANEW = "give a whole document the tags and metadata of an append"


STANDARD: Final = frozenset(
    {
        Capability.RETAIN,
        Capability.RECALL,
        Capability.REFLECT,
        Capability.MANAGE_BANKS,
        Capability.DELETE_BANKS,
        Capability.LIST,
        Capability.DELETE,
    }
)
"""What the service needs of a backend to offer everything."""


@dataclass(frozen=True, kw_only=True)
class Request(Generic[R]):
    """One thing that is asked of a backend; ``R`` is the type of the answer.

    A subclass gives both attributes as keywords of its class: ``class Count(Request[int], verb="count")``.

    Attributes:
        verb: The name of the backend's method that makes it.
        needs: What a backend must be able to do; nothing for an empty set.
    """

    verb: ClassVar[str] = ""
    needs: ClassVar[frozenset[Capability]] = frozenset()

    def __init_subclass__(cls, *, verb: str | None = None, needs: Capability | None = None) -> None:
        super().__init_subclass__()
        if verb is not None:
            cls.verb = verb
        if needs is not None:
            cls.needs = frozenset({needs})

    def __post_init__(self) -> None:
        self._check()

    def _check(self) -> None:
        """Refuse bad values, and settle what was left open."""

    def _settle(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def required(self) -> frozenset[Capability]:
        """What a backend must be able to do for this very request."""
        return self.needs

    def admit(self, backend: MemoryBackend) -> None:
        """Refuse a backend that can't do what this asks for, and a request that is not complete.

        Raises:
            Unsupported: The backend lacks a capability.
            InvalidBankId: The request was not given its bank.
        """
        if not self.required <= backend.capabilities:
            missing = self.required - backend.capabilities
            raise Unsupported(
                f"the backend {backend.name!r} offers no {self.verb}: it can't {min(missing)};"
                " give a backend that can, such as hindsight_api_url= or an embedded file",
                missing=sorted(missing),
            )


class _NoBank(str):
    __slots__ = ()


NO_BANK: Final[str] = _NoBank()
"""The bank of a request that is still to be completed."""


@dataclass(frozen=True, kw_only=True)
class BankRequest(Request[R]):
    """A request about one bank.

    Attributes:
        bank: The bank's id; ``NO_BANK`` in a request that the service is to complete.
    """

    bank: str = NO_BANK

    def __post_init__(self) -> None:
        if self.bank.__class__ is not _NoBank:
            checks.check_bank_id(self.bank)
            self._check()

    def at(self, bank: str, **settled: Any) -> Self:
        """This request for one bank, with other fields as they were settled; checked now.

        ``dataclasses.replace`` does the same, field by field, and takes five times as long.
        """
        completed = object.__new__(type(self))
        completed.__dict__.update(self.__dict__, bank=bank, **settled)
        completed.__post_init__()
        return completed

    def admit(self, backend: MemoryBackend) -> None:
        """As ``Request.admit``."""
        if self.bank.__class__ is _NoBank:
            raise InvalidBankId(f"this {self.verb} names no bank; give it the id of one")
        super().admit(backend)


# --- retain ---------------------------------------------------------------------------------------------------------


class ItemOptions(TypedDict, total=False):
    """What may be said of a piece of content, besides the content.

    ``timestamp`` is when it was said or happened, aware; now when None. ``context`` is what it is about.
    ``document_id`` names the document: the same one replaces what it held. ``entities`` are names in it that are known
    beforehand.
    """

    timestamp: datetime | None
    context: str | None
    metadata: Mapping[str, str] | None
    tags: Sequence[str] | None
    document_id: str | None
    entities: Sequence[str] | None


class RetainOptions(ItemOptions, total=False):
    """Options of a backend's ``retain``, with those of ``Retain``; ``update_mode="append"`` adds to a document."""

    update_mode: UpdateMode | None
    background: bool
    operation_id: str | None


class BatchOptions(TypedDict, total=False):
    """Options of ``retain_batch``; see ``RetainOptions``."""

    background: bool
    operation_id: str | None


@dataclass(frozen=True, kw_only=True)
class Retain(BankRequest[Receipt], verb="retain", needs=Capability.RETAIN):
    """Store pieces of content, all or none; the bank is made when it does not exist.

    Items that share a ``document_id`` form one document, in order. An empty request stores nothing and makes no bank.

    Attributes:
        items: The pieces.
        background: Return at once; the receipt's ``operation_id`` is for ``wait_for_operation``.
        operation_id: A UUID of your own for that operation; the same one again does no new work.
    """

    items: Sequence[RetainItem]
    background: bool = False
    operation_id: str | None = None

    @classmethod
    def of(cls, bank: str, content: str, **options: Unpack[RetainOptions]) -> Retain:
        """A request with one item."""
        given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        whole = {name: given.pop(name) for name in ("background", "operation_id") if name in given}
        return cls(bank=bank, items=(RetainItem(content, **given),), **whole)

    @property
    def required(self) -> frozenset[Capability]:
        """As ``Request.required``."""
        return self.needs | {Capability.OPERATIONS} if self.background else self.needs

    def _check(self) -> None:
        self._settle(items=tuple(checks.check_items(self.items)))
        if self.operation_id is not None:
            checks.check_operation_id(self.operation_id, background=self.background)


# --- recall and reflect ---------------------------------------------------------------------------------------------


class SearchOptions(TypedDict, total=False):
    """Options that every recall takes: the fields of ``Recall``, with ``tags`` and ``tags_match`` as its filter."""

    budget: Budget | None
    max_tokens: int | None
    tags: Sequence[str] | None
    tags_match: TagsMatch | None
    query_timestamp: datetime | None
    types: Sequence[MemoryType] | None
    explain: bool
    min_score: float | None


class RecallOptions(SearchOptions, total=False):
    """Options of a backend's ``recall``: ``tag_groups`` is a boolean filter, ANDed with ``tags``."""

    tag_groups: Sequence[TagGroup] | None
    include_chunks: bool
    include_source_facts: bool


@dataclass(frozen=True, kw_only=True)
class Recall(BankRequest[RecallResult], verb="recall", needs=Capability.RECALL):
    """Find memories, best first; a bank that does not exist has none.

    Attributes:
        query: What to look for.
        filter: Which memories, by their tags.
        budget: How much work the search may be; ``mid`` where nothing is said.
        max_tokens: Most tokens of memory text in the answer; 4,096 where nothing is said.
        query_timestamp: What "now" is for words such as "last week", aware.
        types: Kinds of memory; all when None.
        explain: Fill ``Memory.signals``, as far as the backend can tell.
        min_score: Leave out memories whose ``score`` is lower, so that a query that nothing answers finds none. Each
            backend has a scale of its own.
        include_chunks: Fill ``RecallResult.chunks``.
        include_source_facts: Fill ``RecallResult.source_facts``, what observations rest on.
    """

    query: str
    filter: TagFilter = UNSET
    budget: Budget = UNSET
    max_tokens: int = UNSET
    query_timestamp: datetime | None = None
    types: Sequence[MemoryType] | None = None
    explain: bool = False
    min_score: float | None = None
    include_chunks: bool = False
    include_source_facts: bool = False

    @classmethod
    def of(cls, bank: str, query: str, **options: Unpack[RecallOptions]) -> Recall:
        """A request from public keywords."""
        return cls(bank=bank, query=query, **folded(options))

    @property
    def required(self) -> frozenset[Capability]:
        """As ``Request.required``."""
        return self.needs | {Capability.SOURCES} if self.include_chunks or self.include_source_facts else self.needs

    def _check(self) -> None:
        _check_search(self)
        if self.query_timestamp is not None:
            self._settle(query_timestamp=checks.check_time("query_timestamp", self.query_timestamp))
        if self.types is not None:
            self._settle(types=checks.check_types(self.types))
        if self.min_score is not None:
            checks.check_number("min_score", self.min_score)


class ReflectOptions(TypedDict, total=False):
    """Options that every reflect takes: the fields of ``Reflect``, with ``tags`` and ``tags_match`` as its filter."""

    budget: Budget | None
    context: str | None
    max_tokens: int | None
    tags: Sequence[str] | None
    tags_match: TagsMatch | None
    response_schema: Mapping[str, Any] | None


class BankReflectOptions(ReflectOptions, total=False):
    """Options of a backend's ``reflect``: ``tag_groups`` is a boolean filter, ANDed with ``tags``."""

    tag_groups: Sequence[TagGroup] | None


@dataclass(frozen=True, kw_only=True)
class Reflect(BankRequest[Reflection], verb="reflect", needs=Capability.REFLECT):
    """Answer a question from what the bank holds; of a bank that does not exist nothing is known.

    Attributes:
        query: The question.
        filter: Which memories it may rest on, by their tags.
        budget: How much work it may be; ``mid`` where nothing is said.
        max_tokens: Most tokens of the answer; the backend's own limit when None.
        context: What the question is about.
        response_schema: A JSON schema; the answer in that shape is ``Reflection.structured_output``.
    """

    query: str
    filter: TagFilter = UNSET
    budget: Budget = UNSET
    max_tokens: int | None = None
    context: str | None = None
    response_schema: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, bank: str, query: str, **options: Unpack[BankReflectOptions]) -> Reflect:
        """A request from public keywords."""
        return cls(bank=bank, query=query, **folded(options))

    def _check(self) -> None:
        _check_search(self)
        if self.context is not None:
            checks.check_context(self.context)


def _check_search(request: Recall | Reflect) -> None:
    settle = object.__setattr__
    if request.budget is None:
        settle(request, "budget", DEFAULT_BUDGET)
    if request.max_tokens is None and isinstance(request, Recall):
        settle(request, "max_tokens", DEFAULT_MAX_TOKENS)
    query = checks.check_search(request.query, request.budget, request.max_tokens)
    if query is not request.query:
        settle(request, "query", query)
    if request.filter is not ALL:
        settle(request, "filter", ALL if request.filter is None else request.filter.checked())


def folded(options: Mapping[str, Any], *, match: TagsMatch | None = None) -> dict[str, Any]:
    """Public keywords as fields of a request: what is None is left out, and the three tag options are one filter."""
    given = {name: value for name, value in options.items() if value is not None}
    if "tags" in given or "tags_match" in given or "tag_groups" in given:
        given["filter"] = TagFilter(
            given.pop("tags", None), given.pop("tags_match", match), given.pop("tag_groups", None) or ()
        )
    return given
