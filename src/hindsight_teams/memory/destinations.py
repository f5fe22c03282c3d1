"""Where ingested documents go: a bank, a bank with a member's rights, or the review queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Literal, Protocol

from hindsight_teams.access.grants import Caller
from hindsight_teams.memory.many import loads
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import Capability

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend
    from hindsight_teams.memory.curation import Proposals
    from hindsight_teams.memory.member import MemberMemory

MARK = "ingested"
"""The metadata key of a document's fingerprint."""
END = "+"
"""What the last memory of a document adds to it."""

State = Literal["new", "changed", "unchanged", "skipped", "failed"]


class Destination(Protocol):
    """Where documents go."""

    def state(self, document_id: str, mark: str) -> State:
        """Whether the document is there already, as it is now, as it was, or not at all."""
        ...

    def store(self, items: Sequence[RetainItem]) -> int:
        """Store items; how many of them wait for review."""
        ...


@dataclass
class BankDestination:
    """A bank, written to by whoever can open it."""

    backend: Backend
    bank_id: str
    _documents: dict[str, str] | None = field(default=None, init=False)

    def state(self, document_id: str, mark: str) -> State:
        """As ``Destination.state``."""
        capabilities = self.backend.capabilities
        marks: set[str] = set()
        if Capability.DOCUMENTS in capabilities:
            if self._documents is None:
                listed = self.backend.list_documents(self.bank_id)
                self._documents = {one.document_id: one.metadata.get(MARK, "") for one in listed}
            if document_id not in self._documents:
                return "new"
            marks.add(self._documents[document_id])
        listed_page = self.backend.list_memories(self.bank_id, limit=1, document_id=document_id)
        last = max(0, listed_page.total - 1)
        page = self.backend.list_memories(self.bank_id, limit=1, offset=last, document_id=document_id)
        marks |= {memory.metadata.get(MARK, "") for memory in (*listed_page.memories, *page.memories)}
        if Capability.REPEATS in capabilities and mark + END not in marks:
            repeats = self.backend.list_repeats(self.bank_id, document_id=document_id)
            marks |= {memory.metadata.get(MARK, "") for memory in repeats}
        whole = {mark + END} if Capability.APPEND_SIGNS_ANEW not in capabilities else {mark, mark + END}
        return "unchanged" if whole & marks else "changed" if marks else "new"

    def store(self, items: Sequence[RetainItem]) -> int:
        """As ``Destination.store``."""
        for load in loads(items, self.backend):
            self.backend.retain_batch(self.bank_id, load)
        return 0


@dataclass
class MemberDestination(BankDestination):
    """A bank, written to with a member's rights: guarded, signed and audited."""

    member: MemberMemory
    bank: str
    caller: Caller | None = None

    def store(self, items: Sequence[RetainItem]) -> int:
        """As ``Destination.store``."""
        return self.member.for_words_of_others().retain_many(items, bank=self.bank, caller=self.caller).held


@dataclass
class ReviewDestination:
    """The review queue, as proposals for a bank."""

    proposals: Proposals
    bank: str
    caller: Caller | None = None

    def __post_init__(self) -> None:
        memory = self.proposals.memory.for_words_of_others()
        self.proposals = type(self.proposals)(memory, self.proposals.definition)

    def state(self, document_id: str, mark: str) -> State:
        """Always new: the same proposal twice is one."""
        return "new"

    def store(self, items: Sequence[RetainItem]) -> int:
        """As ``Destination.store``."""
        for document, parts in groupby(items, key=lambda item: item.document_id or ""):
            self.proposals.propose_many(list(parts), to=self.bank, reason=f"from {document[:200]}", caller=self.caller)
        return len(items)


@dataclass
class Nowhere:
    """The bank of a dry run that is not made yet."""

    def state(self, document_id: str, mark: str) -> State:
        """Always new."""
        return "new"

    def store(self, items: Sequence[RetainItem]) -> int:
        """Store nothing."""
        return 0
