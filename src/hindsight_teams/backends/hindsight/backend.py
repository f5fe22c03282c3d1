"""HindsightBackend: banks on a Hindsight server, self-hosted or Cloud."""

from __future__ import annotations

import asyncio
import ssl
import time
import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import SecretStr

from hindsight_teams.backends.hindsight import plans
from hindsight_teams.backends.hindsight.answers import Document
from hindsight_teams.backends.hindsight.retry import RetryPolicy
from hindsight_teams.backends.hindsight.transport import Connection, Pool, Timeouts
from hindsight_teams.backends.hindsight.wire import Outcome, Pause, Plan, Rules
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.models import (
    BankInfo,
    BankStats,
    Budget,
    Health,
    Memory,
    MemoryPage,
    MemoryType,
    Operation,
    OperationStatus,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagCount,
    TagGroup,
    TagsMatch,
    UpdateMode,
)
from hindsight_teams.settings import check_api_key, check_url

T = TypeVar("T")


class HindsightBackend:
    """Banks on a Hindsight server, over HTTP; threads, coroutines and event loops may share one.

    Nothing is opened before the first call. ``copy.deepcopy`` gives the same backend: connections can't be copied.

    Args:
        base_url: ``http://localhost:8888``, or with a path prefix.
        api_key: Sent as a bearer token; None for a server without authentication.
        timeouts: Seconds to wait for each kind of call.
        headers: Sent with every request, besides those of this client.
        retry: How often a failed request is repeated, where that is safe.
        verify: False, a file of certificates or an SSL context, as for httpx.
        proxy: URL of a proxy; None for what the environment says.
        trust_env: Whether HTTP_PROXY, SSL_CERT_FILE and the like are read.
        max_connections: Most connections open at once, for all threads, and again for each event loop.

    Raises:
        ConfigurationError: A URL, key, header or timeout that can't be.
    """

    name = "hindsight"

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | SecretStr | None = None,
        timeouts: Timeouts | None = None,
        headers: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        verify: bool | str | ssl.SSLContext = True,
        proxy: str | None = None,
        trust_env: bool = True,
        max_connections: int = 100,
    ) -> None:
        try:
            self._url = check_url(base_url)
            key = api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key
            authorization = {} if key is None else {"authorization": f"Bearer {check_api_key(key)}"}
        except (ValueError, AttributeError) as error:
            raise ConfigurationError(
                str(error), url=base_url if isinstance(base_url, str) else repr(base_url)
            ) from None
        self._rules = Rules(retry=retry or RetryPolicy(), has_key=key is not None, location=self._url)
        self._pool = Pool(
            Connection(
                self._url,
                headers={**authorization, **(headers or {})},
                timeouts=timeouts or Timeouts(),
                verify=verify,
                proxy=proxy,
                trust_env=trust_env,
                max_connections=max_connections,
            )
        )
        weakref.finalize(self, self._pool.close)

    @property
    def location(self) -> str:
        """The server's base URL."""
        return self._url

    # --- retain, recall, reflect

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
        background: bool = False,
        operation_id: str | None = None,
    ) -> Receipt:
        """Store one piece of content; the bank is made when it does not exist.

        The server extracts facts from it with its LLM, so it may become several memories. An ``append`` gives the
        document's earlier memories the tags and metadata of this call too: that is how the server appends.

        Args:
            bank_id: Where.
            content: What.
            timestamp: When it was said, aware.
            context: What it was said in.
            metadata: Strings by string.
            tags: For filters.
            document_id: The same one replaces what it held; without one, a new one is made up.
            update_mode: ``append`` adds to the document instead.
            entities: Names in it, besides those that the server finds.
            background: Return at once; the receipt's ``operation_id`` goes to ``wait_for_operation``.
            operation_id: A UUID of your own; the same one again does no new work.
        """
        item = RetainItem(content, timestamp, context, metadata, tags, document_id, update_mode, entities)
        return self._run(plans.retain(bank_id, [item], self._rules, background=background, operation_id=operation_id))

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
        background: bool = False,
        operation_id: str | None = None,
    ) -> Receipt:
        """As ``retain``."""
        item = RetainItem(content, timestamp, context, metadata, tags, document_id, update_mode, entities)
        return await self._arun(
            plans.retain(bank_id, [item], self._rules, background=background, operation_id=operation_id)
        )

    def retain_batch(
        self,
        bank_id: str,
        items: Sequence[RetainItem],
        *,
        background: bool = False,
        operation_id: str | None = None,
    ) -> Receipt:
        """Store several pieces in one request; the options are those of ``retain``."""
        return self._run(plans.retain(bank_id, items, self._rules, background=background, operation_id=operation_id))

    async def aretain_batch(
        self,
        bank_id: str,
        items: Sequence[RetainItem],
        *,
        background: bool = False,
        operation_id: str | None = None,
    ) -> Receipt:
        """As ``retain_batch``."""
        return await self._arun(
            plans.retain(bank_id, items, self._rules, background=background, operation_id=operation_id)
        )

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
        include_chunks: bool = False,
        include_source_facts: bool = False,
    ) -> RecallResult:
        """Find memories, best first.

        Args:
            bank_id: Where; a bank that does not exist has none.
            query: What to look for; the server reads its first 500 tokens, and the result's ``notes`` say so.
            budget: How much work the search may be.
            max_tokens: Of memories in the result.
            tags: Which memories, see ``hindsight_teams.tags``.
            tags_match: How ``tags`` match.
            tag_groups: A boolean filter, ANDed with ``tags``.
            query_timestamp: What "now" is for words such as "last week", aware.
            types: Kinds of memory; all when None.
            explain: Fill ``Memory.signals`` with the server's scores.
            include_chunks: Fill ``RecallResult.chunks``.
            include_source_facts: Fill ``RecallResult.source_facts``, what observations rest on.
        """
        return self._run(
            plans.recall(
                bank_id,
                query,
                self._rules,
                budget=budget,
                max_tokens=max_tokens,
                tags=tags,
                tags_match=tags_match,
                tag_groups=tag_groups,
                query_timestamp=query_timestamp,
                types=types,
                explain=explain,
                chunks=include_chunks,
                source_facts=include_source_facts,
            )
        )

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
        include_chunks: bool = False,
        include_source_facts: bool = False,
    ) -> RecallResult:
        """As ``recall``."""
        return await self._arun(
            plans.recall(
                bank_id,
                query,
                self._rules,
                budget=budget,
                max_tokens=max_tokens,
                tags=tags,
                tags_match=tags_match,
                tag_groups=tag_groups,
                query_timestamp=query_timestamp,
                types=types,
                explain=explain,
                chunks=include_chunks,
                source_facts=include_source_facts,
            )
        )

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
        """Answer a question from what the bank holds, by the server's LLM."""
        return self._run(
            plans.reflect(
                bank_id,
                query,
                self._rules,
                budget=budget,
                context=context,
                max_tokens=max_tokens,
                tags=tags,
                tags_match=tags_match,
                tag_groups=tag_groups,
                response_schema=response_schema,
            )
        )

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
        """As ``reflect``."""
        return await self._arun(
            plans.reflect(
                bank_id,
                query,
                self._rules,
                budget=budget,
                context=context,
                max_tokens=max_tokens,
                tags=tags,
                tags_match=tags_match,
                tag_groups=tag_groups,
                response_schema=response_schema,
            )
        )

    # --- banks

    def ensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Make the bank when it does not exist; one that does keeps its name and missions."""
        return self._run(plans.ensure_bank(bank_id, self._rules, name=name))

    async def aensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """As ``ensure_bank``."""
        return await self._arun(plans.ensure_bank(bank_id, self._rules, name=name))

    def list_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """All banks, by id."""
        return self._run(plans.list_banks(self._rules, prefix=prefix))

    async def alist_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """As ``list_banks``."""
        return await self._arun(plans.list_banks(self._rules, prefix=prefix))

    def bank_stats(self, bank_id: str) -> BankStats:
        """Counts of one bank, observations among its memories.

        Raises:
            BankNotFound: There is no such bank.
        """
        return self._run(plans.bank_stats(bank_id, self._rules))

    async def abank_stats(self, bank_id: str) -> BankStats:
        """As ``bank_stats``."""
        return await self._arun(plans.bank_stats(bank_id, self._rules))

    def delete_bank(self, bank_id: str) -> int:
        """Delete a bank with all it holds; how many memories that were."""
        return self._run(plans.delete_bank(bank_id, self._rules))

    async def adelete_bank(self, bank_id: str) -> int:
        """As ``delete_bank``."""
        return await self._arun(plans.delete_bank(bank_id, self._rules))

    def list_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Tags in use, most used first."""
        return self._run(plans.list_tags(bank_id, self._rules, pattern=pattern))

    async def alist_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """As ``list_tags``."""
        return await self._arun(plans.list_tags(bank_id, self._rules, pattern=pattern))

    # --- memories and documents

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
        """One page of memories, oldest first; observations, which the server derives, are among them."""
        return self._run(
            plans.list_memories(
                bank_id,
                self._rules,
                limit=limit,
                offset=offset,
                tags=tags,
                tags_match=tags_match,
                document_id=document_id,
            )
        )

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
        """As ``list_memories``."""
        return await self._arun(
            plans.list_memories(
                bank_id,
                self._rules,
                limit=limit,
                offset=offset,
                tags=tags,
                tags_match=tags_match,
                document_id=document_id,
            )
        )

    def get_memory(self, bank_id: str, memory_id: str) -> Memory:
        """One memory.

        Raises:
            NotFound: There is no such memory.
        """
        return self._run(plans.get_memory(bank_id, memory_id, self._rules))

    async def aget_memory(self, bank_id: str, memory_id: str) -> Memory:
        """As ``get_memory``."""
        return await self._arun(plans.get_memory(bank_id, memory_id, self._rules))

    def delete_memories(
        self,
        bank_id: str,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> int:
        """Delete the memories that meet every selection given; how many.

        The server deletes whole documents. Where only some memories of a document are selected, those are invalidated:
        no recall, reflect or listing finds them again, but their text stays in the server's archive and in the
        document. Delete the document to have the text gone.

        Raises:
            InvalidInput: No selection was given.
            Unsupported: ``ids`` names an observation, which is derived from other memories.
        """
        return self._run(
            plans.delete_memories(
                bank_id, self._rules, ids=ids, document_id=document_id, tags=tags, tags_match=tags_match
            )
        )

    async def adelete_memories(
        self,
        bank_id: str,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> int:
        """As ``delete_memories``."""
        return await self._arun(
            plans.delete_memories(
                bank_id, self._rules, ids=ids, document_id=document_id, tags=tags, tags_match=tags_match
            )
        )

    def list_documents(self, bank_id: str) -> list[Document]:
        """All documents, newest first, without their text."""
        return self._run(plans.list_documents(bank_id, self._rules))

    async def alist_documents(self, bank_id: str) -> list[Document]:
        """As ``list_documents``."""
        return await self._arun(plans.list_documents(bank_id, self._rules))

    def get_document(self, bank_id: str, document_id: str) -> Document:
        """One document with its original text.

        Raises:
            NotFound: There is no such document.
        """
        return self._run(plans.get_document(bank_id, document_id, self._rules))

    async def aget_document(self, bank_id: str, document_id: str) -> Document:
        """As ``get_document``."""
        return await self._arun(plans.get_document(bank_id, document_id, self._rules))

    def delete_document(self, bank_id: str, document_id: str) -> int:
        """Delete a document and all that came of it; how many memories that were."""
        return self._run(plans.delete_document(bank_id, document_id, self._rules))

    async def adelete_document(self, bank_id: str, document_id: str) -> int:
        """As ``delete_document``."""
        return await self._arun(plans.delete_document(bank_id, document_id, self._rules))

    # --- background operations

    def list_operations(self, bank_id: str, *, status: OperationStatus | None = None) -> list[Operation]:
        """Background operations, newest first."""
        return self._run(plans.list_operations(bank_id, self._rules, status=status))

    async def alist_operations(self, bank_id: str, *, status: OperationStatus | None = None) -> list[Operation]:
        """As ``list_operations``."""
        return await self._arun(plans.list_operations(bank_id, self._rules, status=status))

    def get_operation(self, bank_id: str, operation_id: str) -> Operation:
        """One operation; ``status`` is ``not_found`` where there is none."""
        return self._run(plans.get_operation(bank_id, operation_id, self._rules))

    async def aget_operation(self, bank_id: str, operation_id: str) -> Operation:
        """As ``get_operation``."""
        return await self._arun(plans.get_operation(bank_id, operation_id, self._rules))

    def cancel_operation(self, bank_id: str, operation_id: str) -> Operation:
        """Cancel an operation that has not ended.

        Raises:
            Rejected: It has ended.
        """
        return self._run(plans.cancel_operation(bank_id, operation_id, self._rules))

    async def acancel_operation(self, bank_id: str, operation_id: str) -> Operation:
        """As ``cancel_operation``."""
        return await self._arun(plans.cancel_operation(bank_id, operation_id, self._rules))

    def wait_for_operation(self, bank_id: str, operation_id: str, *, timeout: float = 300.0) -> Operation:
        """Wait until an operation has ended; look at its ``status`` for how.

        Raises:
            BackendTimeout: It has not within ``timeout`` seconds.
        """
        return self._run(plans.wait_for_operation(bank_id, operation_id, self._rules, timeout=timeout))

    async def await_for_operation(
        self,
        bank_id: str,
        operation_id: str,
        *,
        timeout: float = 300.0,  # noqa: ASYNC109 - the same for both twins
    ) -> Operation:
        """As ``wait_for_operation``."""
        return await self._arun(plans.wait_for_operation(bank_id, operation_id, self._rules, timeout=timeout))

    # --- the server

    def version(self) -> str:
        """The server's version."""
        return self._run(plans.version(self._rules))

    async def aversion(self) -> str:
        """As ``version``."""
        return await self._arun(plans.version(self._rules))

    def check_version(self) -> str:
        """The server's version.

        Raises:
            Unsupported: It is older than this client can use.
        """
        return self._run(plans.check_version(self._rules))

    async def acheck_version(self) -> str:
        """As ``check_version``."""
        return await self._arun(plans.check_version(self._rules))

    def health(self) -> Health:
        """Whether the server is up, new enough and takes the key; never raises for one that is not."""
        return self._run(plans.health(self._rules))

    async def ahealth(self) -> Health:
        """As ``health``."""
        return await self._arun(plans.health(self._rules))

    def close(self) -> None:
        """Close all connections. Safe to call twice; a later call opens new ones."""
        self._pool.close()

    async def aclose(self) -> None:
        """As ``close``; the running loop's connections are closed when this returns."""
        await self._pool.aclose()

    # --- the two loops that carry out plans

    def _run(self, plan: Plan[T]) -> T:
        outcome: Outcome = None
        try:
            while True:
                step = plan.send(outcome)
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = self._pool.send(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _arun(self, plan: Plan[T]) -> T:
        outcome: Outcome = None
        try:
            while True:
                step = plan.send(outcome)
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = await self._pool.asend(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"HindsightBackend({self._url!r})"
