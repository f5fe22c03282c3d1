"""The interface between the service and a backend."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, Unpack, runtime_checkable

from hindsight_teams import requests as ask
from hindsight_teams.models import (
    BankInfo,
    BankStats,
    Document,
    Health,
    Memory,
    MemoryPage,
    MemoryRecord,
    Operation,
    OperationStatus,
    RecallResult,
    Receipt,
    Reflection,
    Restored,
    RetainItem,
    TagCount,
)
from hindsight_teams.requests.core import Capability, Request

R = TypeVar("R")


@runtime_checkable
class MemoryBackend(Protocol):
    """Banks of memories: what a third party writes.

    ``execute`` raises ``Unsupported`` for a request that needs a capability it did not declare, and a ``BackendError``
    for a failure of its own. Values need no check: a request checked them when it was made. Reading a bank that does
    not exist yet is an empty result, not an error.
    """

    @property
    def name(self) -> str:
        """``sqlite``, ``hindsight``, or a third party's name."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do; ``requests.STANDARD`` for all that the service needs."""
        ...

    def execute(self, request: Request[R], /) -> R:
        """Carry out a request."""
        ...

    async def aexecute(self, request: Request[R], /) -> R:
        """Carry out a request without blocking the event loop."""
        ...

    def close(self) -> None:
        """Give back connections, files and threads. Safe to call twice; a later request opens them anew."""
        ...


class Backend:
    """Base of a backend: every verb as a method, written once over ``execute`` and ``aexecute``.

    Each verb has an ``a``-twin with the same parameters. A verb raises ``InvalidInput`` for a bad value before anything
    is sent or stored, and ``Unsupported`` where the backend lacks the capability. A subclass writes ``name``,
    ``capabilities``, ``execute``, ``aexecute`` and ``close``.
    """

    name: str = "backend"
    capabilities: frozenset[Capability] = frozenset()

    def execute(self, request: Request[R], /) -> R:
        """Carry out a request."""
        raise NotImplementedError(f"{type(self).__name__} has no execute()")

    async def aexecute(self, request: Request[R], /) -> R:
        """Carry out a request without blocking the event loop; in a thread, unless a subclass knows better."""
        from asyncio import to_thread  # a program that never awaits need not load it

        return await to_thread(self.execute, request)

    def close(self) -> None:
        """Give back connections, files and threads. Safe to call twice."""

    async def aclose(self) -> None:
        """As ``close``, without blocking the event loop."""
        from asyncio import to_thread

        await to_thread(self.close)

    def retain(self, bank_id: str, content: str, **options: Unpack[ask.RetainOptions]) -> Receipt:
        """Store one piece of content; see ``requests.Retain``."""
        return self.execute(ask.Retain.of(bank_id, content, **options))

    async def aretain(self, bank_id: str, content: str, **options: Unpack[ask.RetainOptions]) -> Receipt:
        """Async twin of ``retain``."""
        return await self.aexecute(ask.Retain.of(bank_id, content, **options))

    def retain_batch(self, bank_id: str, items: Sequence[RetainItem], **options: Unpack[ask.BatchOptions]) -> Receipt:
        """Store several pieces, all or none; see ``requests.Retain``."""
        return self.execute(ask.Retain(bank=bank_id, items=items, **options))

    async def aretain_batch(
        self, bank_id: str, items: Sequence[RetainItem], **options: Unpack[ask.BatchOptions]
    ) -> Receipt:
        """Async twin of ``retain_batch``."""
        return await self.aexecute(ask.Retain(bank=bank_id, items=items, **options))

    def recall(self, bank_id: str, query: str, **options: Unpack[ask.RecallOptions]) -> RecallResult:
        """Find memories, best first; see ``requests.Recall``."""
        return self.execute(ask.Recall.of(bank_id, query, **options))

    async def arecall(self, bank_id: str, query: str, **options: Unpack[ask.RecallOptions]) -> RecallResult:
        """Async twin of ``recall``."""
        return await self.aexecute(ask.Recall.of(bank_id, query, **options))

    def reflect(self, bank_id: str, query: str, **options: Unpack[ask.BankReflectOptions]) -> Reflection:
        """Answer a question from what the bank holds; see ``requests.Reflect``."""
        return self.execute(ask.Reflect.of(bank_id, query, **options))

    async def areflect(self, bank_id: str, query: str, **options: Unpack[ask.BankReflectOptions]) -> Reflection:
        """Async twin of ``reflect``."""
        return await self.aexecute(ask.Reflect.of(bank_id, query, **options))

    def ensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Make the bank when it does not exist; one that does keeps its name."""
        return self.execute(ask.EnsureBank(bank=bank_id, name=name))

    async def aensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Async twin of ``ensure_bank``."""
        return await self.aexecute(ask.EnsureBank(bank=bank_id, name=name))

    def list_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """All banks, by id; only those whose id starts with ``prefix`` where one is given."""
        return self.execute(ask.ListBanks(prefix=prefix))

    async def alist_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """Async twin of ``list_banks``."""
        return await self.aexecute(ask.ListBanks(prefix=prefix))

    def bank_stats(self, bank_id: str) -> BankStats:
        """Counts of one bank; ``BankNotFound`` where there is no such bank."""
        return self.execute(ask.GetStats(bank=bank_id))

    async def abank_stats(self, bank_id: str) -> BankStats:
        """Async twin of ``bank_stats``."""
        return await self.aexecute(ask.GetStats(bank=bank_id))

    def delete_bank(self, bank_id: str) -> int:
        """Delete a bank with all it holds; the number of memories deleted."""
        return self.execute(ask.DeleteBank(bank=bank_id))

    async def adelete_bank(self, bank_id: str) -> int:
        """Async twin of ``delete_bank``."""
        return await self.aexecute(ask.DeleteBank(bank=bank_id))

    def list_memories(self, bank_id: str, **options: Unpack[ask.ListOptions]) -> MemoryPage:
        """One page of memories, oldest first; see ``requests.ListMemories``."""
        return self.execute(ask.ListMemories.of(bank_id, **options))

    async def alist_memories(self, bank_id: str, **options: Unpack[ask.ListOptions]) -> MemoryPage:
        """Async twin of ``list_memories``."""
        return await self.aexecute(ask.ListMemories.of(bank_id, **options))

    def delete_memories(self, bank_id: str, **options: Unpack[ask.DeleteOptions]) -> int:
        """Delete what is selected and all that was derived from it; see ``requests.DeleteMemories``."""
        return self.execute(ask.DeleteMemories.of(bank_id, **options))

    async def adelete_memories(self, bank_id: str, **options: Unpack[ask.DeleteOptions]) -> int:
        """Async twin of ``delete_memories``."""
        return await self.aexecute(ask.DeleteMemories.of(bank_id, **options))

    def list_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Tags in use, most used first; ``pattern`` may hold ``*`` as in ``team:*``."""
        return self.execute(ask.ListTags(bank=bank_id, pattern=pattern))

    async def alist_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Async twin of ``list_tags``."""
        return await self.aexecute(ask.ListTags(bank=bank_id, pattern=pattern))

    def health(self) -> Health:
        """Whether it works, where it is and which version; never raises for a backend that is down."""
        return self.execute(ask.GetHealth())

    async def ahealth(self) -> Health:
        """Async twin of ``health``."""
        return await self.aexecute(ask.GetHealth())

    def list_repeats(self, bank_id: str, **options: Unpack[ask.DeleteOptions]) -> list[Memory]:
        """What was retained again; see ``requests.ListRepeats``."""
        return self.execute(ask.ListRepeats.of(bank_id, **options))

    async def alist_repeats(self, bank_id: str, **options: Unpack[ask.DeleteOptions]) -> list[Memory]:
        """Async twin of ``list_repeats``."""
        return await self.aexecute(ask.ListRepeats.of(bank_id, **options))

    def find_memories(self, **options: Unpack[ask.DeleteOptions]) -> list[Memory]:
        """Memories of all banks; see ``requests.FindMemories``."""
        return self.execute(ask.FindMemories.of(**options))

    async def afind_memories(self, **options: Unpack[ask.DeleteOptions]) -> list[Memory]:
        """Async twin of ``find_memories``."""
        return await self.aexecute(ask.FindMemories.of(**options))

    def erase_due(self) -> bool:
        """Whether something that was deleted is still in the bytes of the backend's file."""
        return self.execute(ask.IsEraseDue())

    async def aerase_due(self) -> bool:
        """Async twin of ``erase_due``."""
        return await self.aexecute(ask.IsEraseDue())

    def get_memory(self, bank_id: str, memory_id: str) -> Memory:
        """One memory; ``NotFound`` where there is none."""
        return self.execute(ask.GetMemory(bank=bank_id, memory_id=memory_id))

    async def aget_memory(self, bank_id: str, memory_id: str) -> Memory:
        """Async twin of ``get_memory``."""
        return await self.aexecute(ask.GetMemory(bank=bank_id, memory_id=memory_id))

    def list_documents(self, bank_id: str) -> list[Document]:
        """All documents of a bank, newest first, without their text."""
        return self.execute(ask.ListDocuments(bank=bank_id))

    async def alist_documents(self, bank_id: str) -> list[Document]:
        """Async twin of ``list_documents``."""
        return await self.aexecute(ask.ListDocuments(bank=bank_id))

    def get_document(self, bank_id: str, document_id: str) -> Document:
        """One document with its original text; ``NotFound`` where there is none."""
        return self.execute(ask.GetDocument(bank=bank_id, document_id=document_id))

    async def aget_document(self, bank_id: str, document_id: str) -> Document:
        """Async twin of ``get_document``."""
        return await self.aexecute(ask.GetDocument(bank=bank_id, document_id=document_id))

    def delete_document(self, bank_id: str, document_id: str) -> int:
        """Delete a document and all that came of it; the number of memories deleted."""
        return self.execute(ask.DeleteDocument(bank=bank_id, document_id=document_id))

    async def adelete_document(self, bank_id: str, document_id: str) -> int:
        """Async twin of ``delete_document``."""
        return await self.aexecute(ask.DeleteDocument(bank=bank_id, document_id=document_id))

    def list_operations(self, bank_id: str, *, status: OperationStatus | None = None) -> list[Operation]:
        """Background operations of a bank, newest first."""
        return self.execute(ask.ListOperations(bank=bank_id, status=status))

    async def alist_operations(self, bank_id: str, *, status: OperationStatus | None = None) -> list[Operation]:
        """Async twin of ``list_operations``."""
        return await self.aexecute(ask.ListOperations(bank=bank_id, status=status))

    def get_operation(self, bank_id: str, operation_id: str) -> Operation:
        """One operation; its ``status`` is ``not_found`` where there is none."""
        return self.execute(ask.GetOperation(bank=bank_id, operation_id=operation_id))

    async def aget_operation(self, bank_id: str, operation_id: str) -> Operation:
        """Async twin of ``get_operation``."""
        return await self.aexecute(ask.GetOperation(bank=bank_id, operation_id=operation_id))

    def cancel_operation(self, bank_id: str, operation_id: str) -> Operation:
        """Cancel an operation; what it is afterwards. One that has ended is ``Rejected``."""
        return self.execute(ask.CancelOperation(bank=bank_id, operation_id=operation_id))

    async def acancel_operation(self, bank_id: str, operation_id: str) -> Operation:
        """Async twin of ``cancel_operation``."""
        return await self.aexecute(ask.CancelOperation(bank=bank_id, operation_id=operation_id))

    def wait_for_operation(self, bank_id: str, operation_id: str, *, timeout: float = 300.0) -> Operation:
        """Wait until an operation has ended; ``BackendTimeout`` after ``timeout`` seconds."""
        return self.execute(ask.WaitForOperation(bank=bank_id, operation_id=operation_id, timeout=timeout))

    async def await_for_operation(
        self,
        bank_id: str,
        operation_id: str,
        *,
        timeout: float = 300.0,  # noqa: ASYNC109 - the server is asked anew until then; no await is cut short
    ) -> Operation:
        """Async twin of ``wait_for_operation``."""
        return await self.aexecute(ask.WaitForOperation(bank=bank_id, operation_id=operation_id, timeout=timeout))

    def consolidate(self, bank_id: str) -> Receipt:
        """Make observations of the facts about each name; see ``requests.Consolidate``."""
        return self.execute(ask.Consolidate(bank=bank_id))

    async def aconsolidate(self, bank_id: str) -> Receipt:
        """Async twin of ``consolidate``."""
        return await self.aexecute(ask.Consolidate(bank=bank_id))

    def retry_extraction(self, bank_id: str) -> Receipt:
        """Extract facts again where that failed; see ``requests.RetryExtraction``."""
        return self.execute(ask.RetryExtraction(bank=bank_id))

    async def aretry_extraction(self, bank_id: str) -> Receipt:
        """Async twin of ``retry_extraction``."""
        return await self.aexecute(ask.RetryExtraction(bank=bank_id))

    def rename_bank(self, bank_id: str, to: str) -> None:
        """Give a bank another id; see ``requests.RenameBank``."""
        self.execute(ask.RenameBank(bank=bank_id, to=to))

    async def arename_bank(self, bank_id: str, to: str) -> None:
        """Async twin of ``rename_bank``."""
        await self.aexecute(ask.RenameBank(bank=bank_id, to=to))

    def restore(self, bank_id: str, records: Sequence[MemoryRecord], *, shift: int | None = None) -> Restored:
        """Store memories as they were exported; see ``requests.Restore``."""
        return self.execute(ask.Restore(bank=bank_id, records=records, shift=shift))

    async def arestore(self, bank_id: str, records: Sequence[MemoryRecord], *, shift: int | None = None) -> Restored:
        """Async twin of ``restore``."""
        return await self.aexecute(ask.Restore(bank=bank_id, records=records, shift=shift))

    def version(self) -> str:
        """The server's version, such as ``1.1.0``."""
        return self.execute(ask.GetVersion())

    async def aversion(self) -> str:
        """Async twin of ``version``."""
        return await self.aexecute(ask.GetVersion())

    def check_version(self) -> str:
        """The server's version; ``Unsupported`` where it is older than this client was tried with."""
        return self.execute(ask.GetVersion(checked=True))

    async def acheck_version(self) -> str:
        """Async twin of ``check_version``."""
        return await self.aexecute(ask.GetVersion(checked=True))

    # --- sharing ------------------------------------------------------------------------------------------------------

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same backend: connections can't be copied."""
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


class DelegatingBackend(Backend):
    """A backend that forwards everything to another one; override what you want to change.

    Args:
        inner: The backend that does the work.

    Examples:
        >>> class Counting(DelegatingBackend):
        ...     made = 0
        ...     def execute(self, request):
        ...         self.made += 1
        ...         return super().execute(request)
    """

    def __init__(self, inner: MemoryBackend) -> None:
        self.inner = inner
        self.name = inner.name
        self.capabilities = inner.capabilities

    def execute(self, request: Request[R], /) -> R:
        """Carry out a request with the inner backend."""
        request.admit(self)
        return self.inner.execute(request)

    async def aexecute(self, request: Request[R], /) -> R:
        """As ``execute``, without blocking the event loop."""
        request.admit(self)
        return await self.inner.aexecute(request)

    def close(self) -> None:
        """Close the inner backend."""
        self.inner.close()

    async def aclose(self) -> None:
        """Close the inner backend without blocking the event loop."""
        if isinstance(self.inner, Backend):
            await self.inner.aclose()
        else:
            from asyncio import to_thread

            await to_thread(self.inner.close)


def as_backend(backend: MemoryBackend) -> Backend:
    """The backend with every verb as a method."""
    return backend if isinstance(backend, Backend) else DelegatingBackend(backend)
