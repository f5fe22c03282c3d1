"""Store files as documents of a bank; changed files replace their documents, unchanged ones are skipped.

Each memory carries the fingerprint of its document, and the last one of a document a mark of its own. So a run that was
cut short is seen, and the next one stores that document anew; a document that is there whole costs one look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import (
    AccessDenied,
    BackendTimeout,
    ConfigurationError,
    ContentRefused,
    InvalidInput,
    Rejected,
    ServerFault,
)
from hindsight_teams.ingest.document import Passage, SourceDocument, fingerprint
from hindsight_teams.ingest.files import File
from hindsight_teams.ingest.parsing import NoText, read_file
from hindsight_teams.memory.storing import AT_ONCE, loads
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import Capability

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend
    from hindsight_teams.memory.member import MemberMemory
    from hindsight_teams.memory.proposing import Proposals

_RULES = "1"
"""Part of each fingerprint: documents that were cut by other rules are stored anew."""

_OF_ITS_OWN = (InvalidInput, AccessDenied, Rejected, BackendTimeout, ServerFault)
"""Errors that one document may cause and another not; any other ends the run."""

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
    """A bank, written to by whoever can open it.

    Attributes:
        stored: How many memories it was given so far.
    """

    backend: Backend
    bank_id: str
    stored: int = field(default=0, init=False)
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
            self.stored += len(load)
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document, or of a file that holds none.

    Attributes:
        name: The document's id, or the file's name.
        state: ``new`` and ``changed`` were stored (or would be), ``skipped`` are not read, ``failed`` should have been.
        memories: Stored, proposed, or of a dry run.
        reason: Why it was skipped, failed, or not stored whole.
    """

    name: str
    state: State
    memories: int = 0
    reason: str = ""


@dataclass
class _Pending:
    """A document that is read and not stored yet."""

    name: str
    state: State
    items: list[RetainItem]
    refused: list[str] = field(default_factory=list)


class Ingestion:
    """Stores files in a bank.

    Args:
        destination: Where to.
        tags: Tags of each memory.
        timestamp: When the files were written; what "tomorrow" in them is counted from. When they are stored if None.
        prefix: What the documents' ids begin with.
        dry_run: Tell what would be stored, and store nothing.
        pause: Waits for some seconds, where the guard's limit of writes a minute is reached.

    Attributes:
        held: How many memories wait for review so far.
    """

    def __init__(
        self,
        destination: Destination,
        *,
        tags: Sequence[str] = (),
        timestamp: datetime | None = None,
        prefix: str = "",
        dry_run: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.destination = destination
        self._tags = list(tags)
        self._timestamp = timestamp
        self._prefix = prefix
        self._dry_run = dry_run
        self._pause = pause
        self.held = 0
        self._names: dict[str, tuple[Path, str]] = {}
        self._pending: list[_Pending] = []

    def run(self, files: Iterable[File]) -> Iterator[Outcome]:
        """Store the files, and tell of each document once it is done.

        Raises:
            AccessDenied: The member may not write there at all.
            BackendError: The bank can't be written; what was told of is stored, and the next run goes on.
        """
        for file in files:
            yield from self._file(file)
            if sum(len(document.items) for document in self._pending) >= AT_ONCE:
                yield from self._flush()
        yield from self._flush()

    def _file(self, file: File) -> Iterator[Outcome]:
        if file.problem is not None:
            yield Outcome(file.name, "failed" if file.asked else "skipped", reason=file.problem)
            return
        try:
            documents = read_file(file)
        except NoText as error:
            yield Outcome(file.name, "failed" if file.asked else "skipped", reason=error.message)
            return
        except (InvalidInput, ConfigurationError) as error:
            yield Outcome(file.name, "failed", reason=error.message)
            return
        except OSError as error:
            yield Outcome(file.name, "failed", reason=error.strerror or str(error))
            return
        if not documents:
            yield Outcome(file.name, "skipped", reason="it holds no conversation")
        for document in documents:
            yield from self._document(document, file)

    def _document(self, document: SourceDocument, file: File) -> Iterator[Outcome]:
        name = self._prefix + document.id
        if name in self._names:
            yield from self._again(name, document, file)
            return
        self._names[name] = (file.path, document.fingerprint)
        settled = (_RULES, document.fingerprint, document.title, self._tags, self._timestamp)
        mark = fingerprint(repr(settled).encode(errors="surrogatepass"))
        try:
            state = self.destination.state(name, mark)
        except (InvalidInput, Rejected) as error:  # a name that is not a document id
            yield Outcome(name, "failed", reason=error.message)
            return
        if state == "unchanged":
            yield Outcome(name, state)
            return
        try:
            passages = list(dict.fromkeys(document.read()))  # the same passage twice is one memory
        except (InvalidInput, ConfigurationError) as error:
            yield Outcome(name, "failed", reason=error.message)
            return
        if not passages:
            stays = (
                "; what the bank holds of it stays, `bank delete --document` removes it" if state == "changed" else ""
            )
            yield Outcome(name, "skipped", reason=f"it is empty{stays}")
            return
        marks = [mark] * (len(passages) - 1) + [mark + END]
        items = [self._item(p, document.title, name, one) for p, one in zip(passages, marks, strict=True)]
        if self._dry_run:
            yield Outcome(name, state, len(items))
        else:
            self._pending.append(_Pending(name, state, items))
            if sum(len(pending.items) for pending in self._pending) >= AT_ONCE:
                yield from self._flush()

    def _again(self, name: str, document: SourceDocument, file: File) -> Iterator[Outcome]:
        """A document id that this run met before: the same document once more is left out, another one fails."""
        path, known = self._names[name]
        if path.resolve() != file.path.resolve():
            reason = f"{str(path)!r} has the same document id {name!r}; ingest one of them with --prefix"
        elif known != document.fingerprint:
            reason = f"it holds another conversation with the id {name!r}; the first one is kept"
        else:
            return
        yield Outcome(str(file.path), "failed", reason=reason)

    def _item(self, passage: Passage, title: str, name: str, mark: str) -> RetainItem:
        named = None if passage.speaker in ("user", "assistant") else passage.speaker
        return RetainItem(
            passage.text,
            timestamp=passage.at or self._timestamp,
            # With the speaker: the same words of two people are two memories.
            context=" > ".join(filter(None, [title, passage.heading, passage.speaker])),
            metadata={MARK: mark, **({"speaker": passage.speaker} if passage.speaker else {})},
            tags=self._tags,
            document_id=name,
            entities=[named] if named else None,
        )

    def _flush(self) -> Iterator[Outcome]:
        """Store what is pending at once; where that is refused, each document alone, so that only one of them fails."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        try:
            self._store([item for document in pending for item in document.items])
        except _OF_ITS_OWN:
            for document in pending:
                yield self._alone(document)
            return
        for document in pending:
            yield Outcome(document.name, document.state, len(document.items))

    def _alone(self, document: _Pending) -> Outcome:
        total = len(document.items)
        while document.items:
            try:
                self._store(document.items)
            except _OF_ITS_OWN as error:
                number = error.details.get("number")
                if not isinstance(error, ContentRefused) or not isinstance(number, int):
                    return Outcome(document.name, "failed", reason=error.message)
                refused = document.items.pop(number - 1)
                words = " ".join(refused.content.split())[:40]
                document.refused.append(f"{words!r}: {error.message.partition(': ')[2]}")
            else:
                reason = "; ".join(document.refused[:3])
                left = f"{len(document.refused):,} of {total:,} parts were refused: {reason}" if reason else ""
                return Outcome(document.name, "failed" if left else document.state, len(document.items), left)
        return Outcome(document.name, "failed", reason=f"all parts were refused: {document.refused[0]}")

    def _store(self, items: Sequence[RetainItem]) -> None:
        while True:
            try:
                self.held += self.destination.store(items)
                return
            except ContentRefused as error:
                if error.details.get("check") != "too_many_writes":
                    raise
                self._pause(1.0)
