"""Copy a bank between any two backends, and verify the copy.

The unit is a document: its memories are written at once, replacing what the target held under that id, so a copy that
was cut short, or is run again, doubles nothing. Each copied memory carries a mark in its metadata, a hash of its
document; a document whose mark is in the target already is not written again. Observations are left out: they are
derived, and a server derives them anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hindsight_teams.backends.base import MemoryBackend
from hindsight_teams.errors import BankNotFound, InvalidInput
from hindsight_teams.memory.browsing import pages
from hindsight_teams.memory.storing import batches
from hindsight_teams.models import Memory, RetainItem
from hindsight_teams.requests import Capability, EnsureBank, ListBanks, ListRepeats, Retain
from hindsight_teams.requests.checks import check_bank_id

MARK = "copied"
"""The metadata key that marks a copied memory."""

NO_DOCUMENT = "copied:"
"""Prefix of the document id that a memory without a document gets, so that writing it twice replaces it."""

SAMPLE = 25
"""Memories that are compared one by one after a copy."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One document, which is retained at once."""

    document_id: str
    mark: str
    items: tuple[RetainItem, ...]


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy did and what the check of it found.

    Attributes:
        memories: In the source, observations not counted.
        copied: Memories written by this run.
        already: Memories that were in the target before.
        arrived: Memories that the target holds afterwards, of those in the source.
        sampled: Memories looked at one by one.
        reworded: Of the sampled: those whose document arrived in other words, as a server's LLM writes them.
        problems: What is missing or differs, in words; empty when all is well.
    """

    source: str
    target: str
    memories: int
    copied: int
    already: int
    arrived: int
    sampled: int
    reworded: int = 0
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything arrived."""
        return not self.problems


def copy_bank(
    source: MemoryBackend,
    source_bank: str,
    target: MemoryBackend,
    target_bank: str | None = None,
    *,
    batch: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> CopyReport:
    """Copy every memory of a bank, with its time, author, tags, metadata, entities and document id.

    Safe to run twice, and to run again after it was cut short: it goes on where it stopped.

    Args:
        source: Where from.
        source_bank: Which bank.
        target: Where to; may be the same backend.
        target_bank: The bank's id there; the same when None. It is made when it does not exist.
        batch: Memories in one request, at least one document.
        progress: Called with the memories done and those in all, after each request.

    Returns:
        What was copied, and what the check by count and by sample found.

    Raises:
        BankNotFound: There is no such bank in the source.
        InvalidInput: Source and target are the same bank.
    """
    check_bank_id(source_bank)
    name = check_bank_id(source_bank if target_bank is None else target_bank)
    if source is target and name == source_bank:
        raise InvalidInput(f"bank {name!r} can't be copied onto itself; name another bank or backend")
    banks = source.execute(ListBanks(prefix=source_bank))
    found = next((bank for bank in banks if bank.bank_id == source_bank), None)
    if found is None:
        raise BankNotFound(f"there is no bank {source_bank!r} to copy; list the banks to see their ids")
    target.execute(EnsureBank(bank=name, name=found.name if found.name != source_bank else None))
    return deliver(read_all(source, source_bank), target, name, source=source_bank, batch=batch, progress=progress)


def deliver(
    memories: Sequence[Memory],
    target: MemoryBackend,
    name: str,
    *,
    source: str,
    batch: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> CopyReport:
    """Write memories, observations left out, into a bank, document by document, and check what arrived."""
    parcels = pack(memories)
    waiting = missing(parcels, read_all(target, name))
    total = len(memories)
    copied, done = 0, total - sum(len(parcel.items) for parcel in waiting)
    already = done
    if progress is not None:
        progress(done, total)
    for items in batches((parcel.items for parcel in waiting), batch):
        target.execute(Retain(bank=name, items=items))
        copied += len(items)
        done += len(items)
        if progress is not None:
            progress(done, total)
    arrived, sampled, reworded, problems = check(parcels, read_all(target, name))
    return CopyReport(source, name, total, copied, already, arrived, sampled, reworded, problems)


def read_all(backend: MemoryBackend, bank_id: str) -> list[Memory]:
    """Every memory of a bank but observations, oldest first; then what the embedded engine keeps as a repeat of one."""
    memories = {memory.id: memory for page in pages(backend, bank_id) for memory in page}
    repeats = backend.execute(ListRepeats(bank=bank_id)) if Capability.REPEATS in backend.capabilities else []
    return [memory for memory in (*memories.values(), *repeats) if memory.type != "observation"]


def pack(memories: Iterable[Memory]) -> list[Parcel]:
    """The memories as documents to retain, in their order."""
    documents: dict[str, list[RetainItem]] = {}
    for memory in memories:
        item = _item(memory)
        document = memory.document_id
        if document is None or document.startswith(NO_DOCUMENT):
            document = NO_DOCUMENT + _digest([item])
        documents.setdefault(document, []).append(item)
    return [_parcel(document, items) for document, items in documents.items()]


def missing(parcels: Sequence[Parcel], target: Iterable[Memory]) -> list[Parcel]:
    """The documents that the target does not hold yet, whether copied earlier or there from the beginning."""
    marks = set()
    held = set()
    for memory in target:
        marks.add((memory.document_id, memory.metadata.get(MARK)))
        held.add((_document_of(memory), _digest([_item(memory)])))
    return [
        parcel
        for parcel in parcels
        if (parcel.document_id, parcel.mark) not in marks
        and not all((parcel.document_id, _digest([_unmarked(item)])) in held for item in parcel.items)
    ]


def check(parcels: Sequence[Parcel], target: Sequence[Memory]) -> tuple[int, int, int, tuple[str, ...]]:
    """Count what arrived, and compare a sample spread evenly over the bank.

    Returns:
        Memories that arrived, memories sampled, memories reworded, and problems.
    """
    lost = missing(parcels, target)
    total = sum(len(parcel.items) for parcel in parcels)
    arrived = total - sum(len(parcel.items) for parcel in lost)
    problems = [f"{total - arrived} of {total} memories did not arrive; run the copy again"] if lost else []
    there: dict[str, list[Memory]] = {}
    for memory in target:
        there.setdefault(_document_of(memory), []).append(memory)
    gone = {parcel.document_id for parcel in lost}
    items = [(p.document_id, item) for p in parcels if p.document_id not in gone for item in p.items]
    chosen = items[:: max(1, len(items) // SAMPLE)][:SAMPLE]
    reworded = 0
    for document, item in chosen:
        near = [memory for memory in there.get(document, []) if _same_frame(item, memory)]
        if not near:
            problems.append(f"a memory of document {document!r} arrived with another time, author, tag or metadata")
        elif all(memory.text != item.content for memory in near):
            reworded += 1
    return arrived, len(chosen), reworded, tuple(problems)


def _item(memory: Memory) -> RetainItem:
    item = _unmarked(memory.to_item())
    return item if item.timestamp else replace(item, timestamp=memory.occurred_at)


def _parcel(document: str, items: list[RetainItem]) -> Parcel:
    mark = _digest(items)
    marked = (replace(item, metadata={**(item.metadata or {}), MARK: mark}, document_id=document) for item in items)
    return Parcel(document, mark, tuple(marked))


def _unmarked(item: RetainItem) -> RetainItem:
    return replace(item, metadata={key: value for key, value in (item.metadata or {}).items() if key != MARK})


def _document_of(memory: Memory) -> str:
    return memory.document_id or NO_DOCUMENT + _digest([_item(memory)])


def _digest(items: Iterable[RetainItem]) -> str:
    parts = [
        (
            item.content,
            _second(item.timestamp),
            item.context or "",
            sorted((item.metadata or {}).items()),
            sorted(item.tags or ()),
        )
        for item in items
    ]
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _same_frame(item: RetainItem, memory: Memory) -> bool:
    metadata = {key: value for key, value in memory.metadata.items() if key != MARK}
    return (
        abs(_second(item.timestamp) - _second(memory.mentioned_at)) <= 1
        and sorted(item.tags or ()) == sorted(memory.tags)
        and _unmarked(item).metadata == metadata
    )


def _second(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())
