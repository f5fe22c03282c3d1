"""The door between the service and the place where banks live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from hindsight_teams.models import (
    BankInfo,
    BankStats,
    Budget,
    Health,
    MemoryPage,
    MemoryType,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagCount,
    TagGroup,
    TagsMatch,
    UpdateMode,
)


@runtime_checkable
class MemoryBackend(Protocol):
    """Banks of memories. Every verb has an ``a``-twin with the same parameters.

    All verbs raise ``InvalidInput`` for a bad value before anything is sent or stored, and a ``BackendError`` for a
    failure of the backend itself. Reading a bank that does not exist yet is an empty result, not an error.
    """

    @property
    def name(self) -> str:
        """``sqlite``, ``hindsight``, or a third party's name."""
        ...

    def retain(
        self,
        bank_id: str,
        content: str,
        *,
        timestamp: datetime | None = None,
        context: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        document_id: str | None = None,
        update_mode: UpdateMode = "replace",
        entities: Sequence[str] | None = None,
    ) -> Receipt:
        """Store one piece of content; the bank is made when it does not exist.

        The same ``document_id`` replaces what that document held, or adds to it with ``update_mode="append"``.
        """
        ...

    async def aretain(
        self,
        bank_id: str,
        content: str,
        *,
        timestamp: datetime | None = None,
        context: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        document_id: str | None = None,
        update_mode: UpdateMode = "replace",
        entities: Sequence[str] | None = None,
    ) -> Receipt:
        """Async twin of ``retain``."""
        ...

    def retain_batch(self, bank_id: str, items: Sequence[RetainItem]) -> Receipt:
        """Store several pieces, all or none. Items that share a ``document_id`` form one document, in order."""
        ...

    async def aretain_batch(self, bank_id: str, items: Sequence[RetainItem]) -> Receipt:
        """Async twin of ``retain_batch``."""
        ...

    def recall(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        max_tokens: int = 4096,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        query_timestamp: datetime | None = None,
        types: Sequence[MemoryType] | None = None,
        explain: bool = False,
    ) -> RecallResult:
        """Find memories, best first, within ``max_tokens`` of text.

        Args:
            query_timestamp: What "now" is for words such as "last week".
            types: Kinds of memory to return; all when None.
            explain: Fill ``Memory.signals``, as far as the backend can tell.
        """
        ...

    async def arecall(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        max_tokens: int = 4096,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        query_timestamp: datetime | None = None,
        types: Sequence[MemoryType] | None = None,
        explain: bool = False,
    ) -> RecallResult:
        """Async twin of ``recall``."""
        ...

    def reflect(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        context: str | None = None,
        max_tokens: int | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> Reflection:
        """Answer a question from what the bank holds."""
        ...

    async def areflect(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        context: str | None = None,
        max_tokens: int | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> Reflection:
        """Async twin of ``reflect``."""
        ...

    def ensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Make the bank when it does not exist; never overwrite the name or missions of one that does."""
        ...

    async def aensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Async twin of ``ensure_bank``."""
        ...

    def list_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """All banks, by id; only those whose id starts with ``prefix`` where one is given."""
        ...

    async def alist_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """Async twin of ``list_banks``."""
        ...

    def bank_stats(self, bank_id: str) -> BankStats:
        """Counts of one bank.

        Raises:
            BankNotFound: There is no such bank.
        """
        ...

    async def abank_stats(self, bank_id: str) -> BankStats:
        """Async twin of ``bank_stats``."""
        ...

    def delete_bank(self, bank_id: str) -> int:
        """Delete a bank with all it holds; the number of memories deleted (0 where there was no such bank)."""
        ...

    async def adelete_bank(self, bank_id: str) -> int:
        """Async twin of ``delete_bank``."""
        ...

    def list_memories(
        self,
        bank_id: str,
        *,
        limit: int = 100,
        offset: int = 0,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        document_id: str | None = None,
    ) -> MemoryPage:
        """One page of memories, oldest first; empty for a bank that does not exist."""
        ...

    async def alist_memories(
        self,
        bank_id: str,
        *,
        limit: int = 100,
        offset: int = 0,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        document_id: str | None = None,
    ) -> MemoryPage:
        """Async twin of ``list_memories``."""
        ...

    def delete_memories(
        self,
        bank_id: str,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> int:
        """Delete memories and all that was derived from them; the number deleted.

        Raises:
            InvalidInput: No selection was given (use ``delete_bank`` to delete everything).
        """
        ...

    async def adelete_memories(
        self,
        bank_id: str,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> int:
        """Async twin of ``delete_memories``."""
        ...

    def list_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Tags in use, most used first; ``pattern`` may hold ``*`` as in ``team:*``."""
        ...

    async def alist_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Async twin of ``list_tags``."""
        ...

    def health(self) -> Health:
        """Whether it works, where it is and which version; never raises for a backend that is down."""
        ...

    async def ahealth(self) -> Health:
        """Async twin of ``health``."""
        ...

    def close(self) -> None:
        """Give back connections, files and threads. Safe to call twice."""
        ...

    async def aclose(self) -> None:
        """Async twin of ``close``."""
        ...
