"""The interface between the service and a backend."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar, Unpack, runtime_checkable

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

P = ParamSpec("P")
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


def _twin(verb: Callable[Concatenate[Backend, P], R]) -> Callable[Concatenate[Backend, P], Coroutine[Any, Any, R]]:
    """The async twin of a verb: the same request, carried out by ``aexecute``."""

    @wraps(verb)
    async def twin(self: Backend, /, *args: P.args, **kwargs: P.kwargs) -> R:
        awaited: Any = verb(_Awaited(self), *args, **kwargs)
        answer: R = await awaited
        return answer

    twin.__name__, twin.__doc__ = f"a{verb.__name__}", f"Async twin of ``{verb.__name__}``."
    return twin


class Backend:
    """Base of a backend: every verb as a method, written once over ``execute`` and ``aexecute``.

    Each verb has an ``a``-twin with the same parameters, such as ``aretain`` and ``arecall``. A verb raises
    ``InvalidInput`` for a bad value before anything is sent or stored, and ``Unsupported`` where the backend lacks the
    capability. A subclass writes ``name``, ``capabilities``, ``execute``, ``aexecute`` and ``close``.
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

    aretain = _twin(retain)

    def retain_batch(self, bank_id: str, items: Sequence[RetainItem], **options: Unpack[ask.BatchOptions]) -> Receipt:
        """Store several pieces, all or none; see ``requests.Retain``."""
        return self.execute(ask.Retain(bank=bank_id, items=items, **options))

    aretain_batch = _twin(retain_batch)

    def recall(self, bank_id: str, query: str, **options: Unpack[ask.RecallOptions]) -> RecallResult:
        """Find memories, best first; see ``requests.Recall``."""
        return self.execute(ask.Recall.of(bank_id, query, **options))

    arecall = _twin(recall)

    def reflect(self, bank_id: str, query: str, **options: Unpack[ask.BankReflectOptions]) -> Reflection:
        """Answer a question from what the bank holds; see ``requests.Reflect``."""
        return self.execute(ask.Reflect.of(bank_id, query, **options))

    areflect = _twin(reflect)

    def ensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Make the bank when it does not exist; one that does keeps its name."""
        return self.execute(ask.EnsureBank(bank=bank_id, name=name))

    aensure_bank = _twin(ensure_bank)

    def list_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """All banks, by id; only those whose id starts with ``prefix`` where one is given."""
        return self.execute(ask.ListBanks(prefix=prefix))

    alist_banks = _twin(list_banks)

    def bank_stats(self, bank_id: str) -> BankStats:
        """Counts of one bank; ``BankNotFound`` where there is no such bank."""
        return self.execute(ask.GetStats(bank=bank_id))

    abank_stats = _twin(bank_stats)

    def delete_bank(self, bank_id: str) -> int:
        """Delete a bank with all it holds; the number of memories deleted."""
        return self.execute(ask.DeleteBank(bank=bank_id))

    adelete_bank = _twin(delete_bank)

    def list_memories(self, bank_id: str, **options: Unpack[ask.ListOptions]) -> MemoryPage:
        """One page of memories, oldest first; see ``requests.ListMemories``."""
        return self.execute(ask.ListMemories.of(bank_id, **options))

    alist_memories = _twin(list_memories)

    def delete_memories(self, bank_id: str, **options: Unpack[ask.DeleteOptions]) -> int:
        """Delete what is selected and all that was derived from it; see ``requests.DeleteMemories``."""
        return self.execute(ask.DeleteMemories.of(bank_id, **options))

    adelete_memories = _twin(delete_memories)

    def list_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Tags in use, most used first; ``pattern`` may hold ``*`` as in ``team:*``."""
        return self.execute(ask.ListTags(bank=bank_id, pattern=pattern))

    alist_tags = _twin(list_tags)

    def health(self) -> Health:
        """Whether it works, where it is and which version; never raises for a backend that is down."""
        return self.execute(ask.GetHealth())

    ahealth = _twin(health)

    def list_repeats(self, bank_id: str, **options: Unpack[ask.DeleteOptions]) -> list[Memory]:
        """What was retained again; see ``requests.ListRepeats``."""
        return self.execute(ask.ListRepeats.of(bank_id, **options))

    alist_repeats = _twin(list_repeats)

    def find_memories(self, **options: Unpack[ask.DeleteOptions]) -> list[Memory]:
        """Memories of all banks; see ``requests.FindMemories``."""
        return self.execute(ask.FindMemories.of(**options))

    afind_memories = _twin(find_memories)

    def erase_due(self) -> bool:
        """Whether something that was deleted is still in the bytes of the backend's file."""
        return self.execute(ask.IsEraseDue())

    aerase_due = _twin(erase_due)

    def get_memory(self, bank_id: str, memory_id: str) -> Memory:
        """One memory; ``NotFound`` where there is none."""
        return self.execute(ask.GetMemory(bank=bank_id, memory_id=memory_id))

    aget_memory = _twin(get_memory)

    def list_documents(self, bank_id: str) -> list[Document]:
        """All documents of a bank, newest first, without their text."""
        return self.execute(ask.ListDocuments(bank=bank_id))

    alist_documents = _twin(list_documents)

    def get_document(self, bank_id: str, document_id: str) -> Document:
        """One document with its original text; ``NotFound`` where there is none."""
        return self.execute(ask.GetDocument(bank=bank_id, document_id=document_id))

    aget_document = _twin(get_document)

    def delete_document(self, bank_id: str, document_id: str) -> int:
        """Delete a document and all that came of it; the number of memories deleted."""
        return self.execute(ask.DeleteDocument(bank=bank_id, document_id=document_id))

    adelete_document = _twin(delete_document)

    def list_operations(self, bank_id: str, *, status: OperationStatus | None = None) -> list[Operation]:
        """Background operations of a bank, newest first."""
        return self.execute(ask.ListOperations(bank=bank_id, status=status))

    alist_operations = _twin(list_operations)

    def get_operation(self, bank_id: str, operation_id: str) -> Operation:
        """One operation; its ``status`` is ``not_found`` where there is none."""
        return self.execute(ask.GetOperation(bank=bank_id, operation_id=operation_id))

    aget_operation = _twin(get_operation)

    def cancel_operation(self, bank_id: str, operation_id: str) -> Operation:
        """Cancel an operation; what it is afterwards. One that has ended is ``Rejected``."""
        return self.execute(ask.CancelOperation(bank=bank_id, operation_id=operation_id))

    acancel_operation = _twin(cancel_operation)

    def wait_for_operation(self, bank_id: str, operation_id: str, *, timeout: float = 300.0) -> Operation:
        """Wait until an operation has ended; ``BackendTimeout`` after ``timeout`` seconds."""
        return self.execute(ask.WaitForOperation(bank=bank_id, operation_id=operation_id, timeout=timeout))

    await_for_operation = _twin(wait_for_operation)

    def consolidate(self, bank_id: str) -> Receipt:
        """Make observations of the facts about each name; see ``requests.Consolidate``."""
        return self.execute(ask.Consolidate(bank=bank_id))

    aconsolidate = _twin(consolidate)

    def retry_extraction(self, bank_id: str) -> Receipt:
        """Extract facts again where that failed; see ``requests.RetryExtraction``."""
        return self.execute(ask.RetryExtraction(bank=bank_id))

    aretry_extraction = _twin(retry_extraction)

    def rename_bank(self, bank_id: str, to: str) -> None:
        """Give a bank another id; see ``requests.RenameBank``."""
        return self.execute(ask.RenameBank(bank=bank_id, to=to))

    arename_bank = _twin(rename_bank)

    def restore(self, bank_id: str, records: Sequence[MemoryRecord], *, shift: int | None = None) -> Restored:
        """Store memories as they were exported; see ``requests.Restore``."""
        return self.execute(ask.Restore(bank=bank_id, records=records, shift=shift))

    arestore = _twin(restore)

    def version(self) -> str:
        """The server's version, such as ``1.1.0``."""
        return self.execute(ask.GetVersion())

    aversion = _twin(version)

    def check_version(self) -> str:
        """The server's version; ``Unsupported`` where it is older than this client was tried with."""
        return self.execute(ask.GetVersion(checked=True))

    acheck_version = _twin(check_version)

    # --- sharing ------------------------------------------------------------------------------------------------------

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same backend: connections can't be copied."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _Awaited(Backend):
    """A backend as a verb sees it when its twin calls: what it executes is to be awaited."""

    def __init__(self, backend: Backend) -> None:
        self.execute = backend.aexecute  # type: ignore[assignment,method-assign]  # the twin awaits it


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
