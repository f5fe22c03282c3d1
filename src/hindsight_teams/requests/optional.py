"""Requests that not every backend can execute; each needs a declared capability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, Unpack, get_args

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import (
    MEMORY_TYPES,
    Document,
    Memory,
    MemoryRecord,
    Operation,
    OperationStatus,
    Receipt,
    Restored,
    check_choice,
)
from hindsight_teams.requests import checks
from hindsight_teams.requests.core import BankRequest, Capability, Request, folded
from hindsight_teams.requests.management import DeleteOptions, Selecting, SelectingInBank
from hindsight_teams.requests.tags import ALL, UNSET, TagFilter, check_tags

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class ListRepeats(SelectingInBank[list[Memory]], verb="list_repeats", needs=Capability.REPEATS):
    """What was retained again and is kept with the memory that said it first, oldest first.

    A listing and a recall show that memory alone. A repeat has its id, and the document, tags and metadata of its own
    retain; ``DeleteMemories`` with the same document and tags deletes it and leaves the memory.
    """


@dataclass(frozen=True, kw_only=True)
class BanksWithRepeats(Request[list[str]], verb="banks_with_repeats", needs=Capability.REPEATS):
    """The ids of the banks in which something was retained again; see ``ListRepeats``."""


@dataclass(frozen=True, kw_only=True)
class FindMemories(Selecting[list[Memory]], verb="find_memories", needs=Capability.SEARCH_ALL_BANKS):
    """The memories of all banks that meet every selection given, bank by bank, oldest first.

    An index answers it: what other banks hold costs nothing.
    """

    @classmethod
    def of(cls, **options: Unpack[DeleteOptions]) -> FindMemories:
        """A request from public keywords."""
        return cls(**folded(options, match="all_strict"))


@dataclass(frozen=True, kw_only=True)
class FindRelated(Request[list[Memory]], verb="find_related", needs=Capability.SEARCH_ALL_BANKS):
    """What was derived from memories, what they were derived from, and what bears a tag that names an origin.

    Attributes:
        ids: The memories.
        origin_tags: Tags by which copies of them are known.
        filter: Only memories with these tags.
    """

    ids: Sequence[str]
    origin_tags: Sequence[str] = ()
    filter: TagFilter = UNSET

    def _check(self) -> None:
        check_tags(self.ids, name="ids")
        check_tags(self.origin_tags, name="origin_tags")
        self._settle(filter=ALL if self.filter is None else self.filter.checked())


@dataclass(frozen=True, kw_only=True)
class IsEraseDue(Request[bool], verb="erase_due", needs=Capability.ERASE_LATER):
    """Whether something that was deleted is still in the bytes of the backend's file."""


@dataclass(frozen=True, kw_only=True)
class DeleteEmptyBank(BankRequest[bool], verb="delete_empty_bank", needs=Capability.ERASE_LATER):
    """Delete a bank that holds nothing, in one step with the look at it; whether there was such a one."""


@dataclass(frozen=True, kw_only=True)
class GetMemory(BankRequest[Memory], verb="get_memory", needs=Capability.GET_MEMORY):
    """One memory. Where there is none, that is a ``NotFound``."""

    memory_id: str

    def _check(self) -> None:
        checks.check_context(self.memory_id, "memory_id")


@dataclass(frozen=True, kw_only=True)
class ListDocuments(BankRequest[list[Document]], verb="list_documents", needs=Capability.DOCUMENTS):
    """All documents of a bank, newest first, without their text."""


@dataclass(frozen=True, kw_only=True)
class OneDocument(BankRequest[R], needs=Capability.DOCUMENTS):
    """A request about one document of a bank."""

    document_id: str

    def _check(self) -> None:
        checks.check_text("document_id", self.document_id)


@dataclass(frozen=True, kw_only=True)
class GetDocument(OneDocument[Document], verb="get_document"):
    """One document with its original text. Where there is none, that is a ``NotFound``."""


@dataclass(frozen=True, kw_only=True)
class DeleteDocument(OneDocument[int], verb="delete_document"):
    """Delete a document and all that came of it; how many memories that were, 0 where there was none."""


@dataclass(frozen=True, kw_only=True)
class ListOperations(BankRequest[list[Operation]], verb="list_operations", needs=Capability.OPERATIONS):
    """Background operations of a bank, newest first."""

    status: OperationStatus | None = None

    def _check(self) -> None:
        if self.status is not None:
            check_choice("status", self.status, get_args(OperationStatus))


@dataclass(frozen=True, kw_only=True)
class GetOperation(BankRequest[Operation], verb="get_operation", needs=Capability.OPERATIONS):
    """One operation; its ``status`` is ``not_found`` where there is none."""

    operation_id: str

    def _check(self) -> None:
        self._settle(operation_id=checks.check_uuid("operation_id", self.operation_id))


@dataclass(frozen=True, kw_only=True)
class CancelOperation(GetOperation, verb="cancel_operation"):
    """Cancel an operation that has not ended; what it is afterwards. One that has ended is ``Rejected``."""


@dataclass(frozen=True, kw_only=True)
class WaitForOperation(GetOperation, verb="wait_for_operation"):
    """Ask, less and less often, until an operation has ended; its ``status`` says how.

    Attributes:
        timeout: Seconds after which that is a ``BackendTimeout``.
    """

    timeout: float = 300.0

    def _check(self) -> None:
        super()._check()
        if isinstance(self.timeout, bool) or not isinstance(self.timeout, int | float) or self.timeout < 0:
            raise InvalidInput(f"timeout={self.timeout!r} must be a number of seconds")


@dataclass(frozen=True, kw_only=True)
class Consolidate(BankRequest[Receipt], verb="consolidate", needs=Capability.CONSOLIDATE):
    """Make observations of the facts about each name, with their sources. Safe to repeat."""


@dataclass(frozen=True, kw_only=True)
class RetryExtraction(BankRequest[Receipt], verb="retry_extraction", needs=Capability.RETRY_EXTRACTION):
    """Extract the facts of the texts for which that failed, or was cut short by a crash."""


@dataclass(frozen=True, kw_only=True)
class GetVersion(Request[str], verb="version", needs=Capability.VERSION):
    """The server's version, such as ``1.1.0``.

    Attributes:
        checked: A server older than this client was tried with is ``Unsupported``.
    """

    checked: bool = False


@dataclass(frozen=True, kw_only=True)
class RenameBank(BankRequest[None], verb="rename_bank", needs=Capability.RENAME_BANKS):
    """Give a bank another id, at once; all that it holds keeps its own ids. ``NotFound`` where there is none.

    Attributes:
        to: The new id; a bank that has it already is an ``InvalidInput``, and so is a team's review bank on either
            side: it is found by its id, and what waits in it may be read by nobody.
    """

    to: str

    def _check(self) -> None:
        checks.check_bank_id(self.to)
        if any(map(checks.is_review_bank, (self.bank, self.to))):
            raise InvalidInput(
                f"{self.bank!r} to {self.to!r}: a team finds its review bank by its id, so no bank takes or leaves it"
            )


@dataclass(frozen=True, kw_only=True)
class Restore(BankRequest[Restored], verb="restore", needs=Capability.RESTORE):
    """Store memories exactly as another bank held them, with their ids as far as those are free. Safe to repeat.

    Attributes:
        records: The memories, with numbers within their bank as ids.
        shift: What to add to these numbers; found out when None, so that nothing that the bank holds is in the way.
    """

    records: Sequence[MemoryRecord]
    shift: int | None = None

    def _check(self) -> None:
        for record in self.records:
            for memory in (record.memory, *record.repeats):
                checks.check_text("text", memory.text)
                checks.check_metadata(memory.metadata)
                check_tags(memory.tags)
                check_tags(memory.entities, name="entities")
                check_choice("type", memory.type, MEMORY_TYPES)
                if memory.context is not None:
                    checks.check_context(memory.context)
                if memory.document_id is not None:
                    checks.check_text("document_id", memory.document_id)
