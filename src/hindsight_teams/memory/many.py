"""Store many memories in one call; each is checked, judged and signed like a single one.

A document may be of any length, and the embedded engine looks for names and dates only in requests of some dozens of
memories. So there a long document goes out in parts, the first of which replaces what the document held. A server signs
a whole document anew with each part that is appended, so there a document is never split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from hindsight_teams.access import signatures as provenance
from hindsight_teams.access.banks import review_bank_id
from hindsight_teams.access.grants import Caller
from hindsight_teams.access.rights import Target
from hindsight_teams.audit import BankName, Recorder
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.envelopes import ReviewItem, seal, unseal
from hindsight_teams.memory.replacing import check_replacement
from hindsight_teams.models import Receipt, RetainItem
from hindsight_teams.requests.core import Capability, Retain
from hindsight_teams.requests.driver import Steps

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.memory.curation import Proposals
    from hindsight_teams.memory.member import MemberMemory

T = TypeVar("T")

AT_ONCE = 50
"""Memories in one request; below the number up to which the embedded engine reads each one's names and dates."""

AT_ONCE_ON_A_SERVER = 20
"""The same for a server, whose language model reads them all before it answers."""


def retaining_many(
    memory: MemberMemory,
    items: Sequence[RetainItem],
    who: Caller,
    bank: str | None,
    progress: Callable[[int], None] | None,
) -> Steps[Receipt]:
    """The steps of ``MemberMemory.retain_many``."""
    recorder = Recorder(memory.audit, who, "retain", items[0].content if items else "")
    target: Target | None = None
    receipts: list[Receipt] = []
    try:
        target = memory.rights.write_target(who, bank)
        kept: list[RetainItem] = []
        held: list[RetainItem] = []
        notes: dict[str, None] = {}
        for number, item in enumerate(items, 1):
            try:
                where, signed, verdict = yield from memory.prepared(who, target, item, counts=number == 1)
            except InvalidInput as error:
                raise _numbered(error, number, len(items)) from error
            (kept if where == target.bank_id else held).append(signed)
            notes.update(dict.fromkeys(verdict.notes if verdict else ()))
        if who.member:
            for document in dict.fromkeys(item.document_id for item in items if item.document_id is not None):
                yield from check_replacement(memory._backend, who, target, document)
        recorder.begun(target)
        for load in loads(kept, memory._backend):
            receipts.append((yield Retain(bank=target.bank_id, items=load)))
            if progress is not None:
                progress(sum(receipt.items_count for receipt in receipts))
        for load in batches(([item] for item in held), AT_ONCE):
            yield Retain(bank=review_bank_id(who), items=load)
    except BaseException as error:
        if target is not None and receipts:  # what earlier requests stored stays
            _ended(recorder, target, receipts)
        recorder.failed(error, [target] if target else [], named=bank)
        raise
    told = _ended(recorder, target, receipts) if kept or not held else ()
    if held:
        told += recorder.ended([target], outcome="quarantined", count=len(held))
    return Receipt(
        bank_id=target.bank_id,
        items_count=len(items),
        memory_ids=tuple(dict.fromkeys(name for receipt in receipts for name in receipt.memory_ids)),
        document_ids=tuple(dict.fromkeys(name for receipt in receipts for name in receipt.document_ids)),
        quarantined=bool(held),
        held=len(held),
        notes=(*dict.fromkeys(note for receipt in receipts for note in receipt.notes), *notes, *dict.fromkeys(told)),
    )


def proposing_many(
    proposals: Proposals, items: Sequence[RetainItem], to: str, reason: str, caller: Caller | None
) -> Steps[list[ReviewItem]]:
    """The steps of ``Proposals.propose_many``."""
    memory = proposals.memory
    who = memory.as_caller(caller)
    recorder = Recorder(memory.audit, who, "propose")
    try:
        target_id = proposals.target_id(who, to, reason)
        grant = proposals.definition.grants.get(who.member or "", {}).get(to)
        scope = grant.scope_tags if grant is not None else ()
        sealed = []
        for number, item in enumerate(items, 1):
            try:
                passed, own, _ = yield from memory.judged(who, to, item, counts=number == 1)
            except InvalidInput as error:
                raise _numbered(error, number, len(items)) from error
            signed = replace(
                passed,
                tags=provenance.sign_tags(who, own, scope),
                metadata=provenance.sign_metadata(who, passed.metadata),
            )
            sealed.append(seal("proposal", signed, bank=to, bank_id=target_id, reason=reason))
        for load in batches(([envelope] for envelope in sealed), AT_ONCE):
            yield Retain(bank=review_bank_id(who), items=load)
    except BaseException as error:
        recorder.failed(error, named=to)
        raise
    waiting = [found for found in (unseal(envelope.metadata or {}) for envelope in sealed) if found is not None]
    names = ", ".join(found.id for found in waiting[:20]) + (", ..." if len(waiting) > 20 else "")
    recorder.ended([BankName(to, target_id)], count=len(waiting), reason=f"proposals {names}".strip())
    return waiting


def loads(items: Iterable[RetainItem], backend: MemoryBackend) -> Iterator[list[RetainItem]]:
    """The items as requests: those of one document together, and a long document in parts where that is safe."""
    documents: dict[object, list[RetainItem]] = {}
    for number, item in enumerate(items):
        documents.setdefault(number if item.document_id is None else item.document_id, []).append(item)
    split = Capability.APPEND_SIGNS_ANEW not in backend.capabilities
    parts = (part for document in documents.values() for part in (_parts(document) if split else [document]))
    return batches(parts, AT_ONCE if split else AT_ONCE_ON_A_SERVER)


def _parts(document: list[RetainItem]) -> Iterator[list[RetainItem]]:
    for start in range(0, len(document), AT_ONCE):
        part = document[start : start + AT_ONCE]
        yield part if start == 0 else [replace(item, update_mode="append") for item in part]


def batches(groups: Iterable[Sequence[T]], size: int) -> Iterator[list[T]]:
    """Groups together, about ``size`` of their members at once; a group is never split."""
    load: list[T] = []
    for group in groups:
        if load and len(load) + len(group) > size:
            yield load
            load = []
        load = [*load, *group]
    if load:
        yield load


def _ended(recorder: Recorder, target: Target, receipts: Sequence[Receipt]) -> tuple[str, ...]:
    ids = tuple(dict.fromkeys(name for receipt in receipts for name in receipt.memory_ids))
    return recorder.ended([target], count=sum(r.items_count for r in receipts), ids={target.bank_id: ids})


def _numbered(error: InvalidInput, number: int, total: int) -> InvalidInput:
    message = f"memory {number:,} of {total:,}: {error.message}"
    return type(error)(message, **{**error.details, "number": number})
