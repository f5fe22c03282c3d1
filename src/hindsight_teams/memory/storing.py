"""Store memories: what each passes on its way into a bank, and how many go there in one call.

A document may be of any length, and the embedded engine looks for names and dates only in requests of some dozens of
memories. So there a long document goes out in parts, the first of which replaces what the document held. A server signs
a whole document anew with each part that is appended, so there a document is never split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from hindsight_teams.access import signatures
from hindsight_teams.access.banks import Target, review_bank_id
from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.access.signatures import attributed
from hindsight_teams.audit import Recorder, is_logged
from hindsight_teams.errors import AccessDenied, Forbidden, InvalidInput
from hindsight_teams.memory.envelopes import quarantine_item
from hindsight_teams.models import Memory, Receipt, RetainItem
from hindsight_teams.requests import Capability, ListMemories, Retain
from hindsight_teams.requests.checks import check_metadata, check_text
from hindsight_teams.requests.driver import Steps
from hindsight_teams.requests.management import every
from hindsight_teams.requests.tags import check_tags
from hindsight_teams.text import cut, is_blank

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.guard import Guard, Source, Verdict, WriteAttempt
    from hindsight_teams.memory.member import MemberMemory

T = TypeVar("T")

AT_ONCE = 50
"""Memories in one request; below the number up to which the embedded engine reads each one's names and dates."""

AT_ONCE_ON_A_SERVER = 20
"""The same for a server, whose language model reads them all before it answers."""


def prepared(
    memory: MemberMemory, who: Caller, target: Target, item: RetainItem, *, counts: bool = True
) -> Steps[tuple[str, RetainItem, Verdict | None]]:
    """One item on its way into a bank: checked, judged by the guard and signed.

    Args:
        memory: The memory of the member that writes.
        who: The caller.
        target: The bank that it is meant for.
        item: What was given.
        counts: Whether it is a write of its own; see ``guard.WriteAttempt``.

    Returns:
        The bank that it goes to, which is the review bank where the guard holds it back; the item; the verdict.
    """
    item, own, verdict = yield from judged(
        memory, who, target.name, item, private="user" in target.grant.bank.needs, counts=counts
    )
    signed = _signed(who, target, item, own)
    if verdict is not None and verdict.marks:
        signed = signatures.marked(signed, verdict.reason)
    if verdict is not None and verdict.action == "quarantine":
        return review_bank_id(who), quarantine_item(signed, target.name, target.bank_id, verdict.reason), verdict
    return target.bank_id, signed, verdict


def judged(
    memory: MemberMemory, who: Caller, bank: str, item: RetainItem, *, private: bool = False, counts: bool = True
) -> Steps[tuple[RetainItem, Sequence[str], Verdict | None]]:
    """One item that was checked and judged by the guard, its author's own tags, and the verdict.

    What the guard found is one line in the log; what it holds back is in the audit's own line, where that goes there.
    """
    own: Sequence[str] = memory.defaults.tags if item.tags is None else tuple(check_tags(item.tags))
    check_metadata(item.metadata)
    if who.member:
        signatures.refuse_forgery(own, item.metadata or {}, heard=memory.source == "others")
    if is_blank(check_text("content", item.content)):
        raise InvalidInput("content is empty; give the text to remember")
    if item.timestamp is None and memory.clock is not None:
        item = replace(item, timestamp=memory.clock())
    verdict: Verdict | None = None
    if memory.guard is not None:
        from hindsight_teams.guard import log_hit

        inspection = Inspection(memory.guard, who, bank, item, own, memory.source, private, counts)
        found: Verdict = yield inspection
        item, own = inspection.judged(found)
        verdict = found
        if found.action != "quarantine" or not is_logged(memory.audit):
            log_hit(found, bank, who)
    return item, own, verdict


def _signed(who: Caller, target: Target, item: RetainItem, own: Sequence[str]) -> RetainItem:
    signatures.refuse_scopes_of_others(target.grant, own)
    tags = signatures.sign_tags(who, own, target.grant.scope_tags)
    return replace(
        item,
        tags=tags,
        observation_scopes=signatures.observation_scopes(tags) if who.member else None,
        metadata=signatures.sign_metadata(who, item.metadata),
        document_id=item.document_id or signatures.stable_document_id(who, item.content, [*own, target.name]),
    )


def retaining_many(
    memory: MemberMemory,
    items: Sequence[RetainItem],
    caller: Caller | None,
    bank: str | None,
    progress: Callable[[int], None] | None,
) -> Steps[Receipt]:
    """The steps of ``MemberMemory.retain_many``."""
    who = asking(memory, "retain", caller, items)
    recorder = Recorder(memory.audit, who, "retain", items[0].content if items else "")
    target: Target | None = None
    receipts: list[Receipt] = []
    waiting: list[str] = []
    try:
        target = memory.rights.write_target(who, bank)
        kept: list[RetainItem] = []
        held: list[RetainItem] = []
        notes: dict[str, None] = {}
        reasons: dict[str, None] = {}
        for number, item in enumerate(items, 1):
            try:
                where, signed, verdict = yield from prepared(memory, who, target, item, counts=number == 1)
            except InvalidInput as error:
                raise numbered(error, number, len(items)) from error
            (kept if where == target.bank_id else held).append(signed)
            if verdict is not None:
                notes.update(dict.fromkeys(verdict.notes))
                if where != target.bank_id:
                    reasons[verdict.reason] = None
        if who.member:
            for document in dict.fromkeys(item.document_id for item in items if item.document_id is not None):
                yield from check_replacement(memory._backend, who, target, document)
        recorder.begun(target)
        for load in loads(kept, memory._backend):
            receipts.append((yield Retain(bank=target.bank_id, items=load)))
            if progress is not None:
                progress(sum(receipt.items_count for receipt in receipts))
        for load in batches(([item] for item in held), AT_ONCE):
            receipt: Receipt = yield Retain(bank=review_bank_id(who), items=load)
            waiting += [f"{receipt.bank_id}#{name}" for name in receipt.memory_ids]
    except BaseException as error:
        if target is not None and receipts:  # what earlier requests stored stays
            _ended(recorder, target, receipts)
        recorder.failed(error, [target] if target else [], named=bank)
        raise
    told = _ended(recorder, target, receipts) if kept or not held else ()
    if held:
        told += recorder.ended(
            [target],
            outcome="quarantined",
            count=len(held),
            ids={target.bank_id: waiting},
            reason="; ".join(reasons) or None,
        )
    return Receipt(
        bank_id=target.bank_id,
        items_count=len(items),
        memory_ids=tuple(dict.fromkeys(name for receipt in receipts for name in receipt.memory_ids)),
        document_ids=tuple(dict.fromkeys(name for receipt in receipts for name in receipt.document_ids)),
        quarantined=bool(held),
        held=len(held),
        notes=(*dict.fromkeys(note for receipt in receipts for note in receipt.notes), *notes, *dict.fromkeys(told)),
    )


def asking(memory: MemberMemory, verb: str, caller: Caller | None, items: Sequence[RetainItem]) -> Caller:
    """Who asks for several memories to be stored; a call that can't be read is recorded too.

    Raises:
        InvalidInput: The caller is none, or an item is none.
    """
    with memory.recording_failure(verb, caller):
        who = memory.as_caller(caller)
        if isinstance(items, str) or not isinstance(items, Sequence):
            raise InvalidInput(f"items must be a list of RetainItem, not {type(items).__name__}")
        for number, item in enumerate(items, 1):
            if not isinstance(item, RetainItem):
                wrong = InvalidInput(f"it must be a RetainItem, not {type(item).__name__}")
                raise numbered(wrong, number, len(items))
    return who


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


def numbered(error: InvalidInput, number: int, total: int) -> InvalidInput:
    """The error of one item of several, which tells which one it was."""
    message = f"memory {number:,} of {total:,}: {error.message}"
    return type(error)(message, **{**error.details, "number": number})


_PAGE = 500


def check_replacement(backend: MemoryBackend, who: Caller, target: Target, document_id: str) -> Steps[None]:
    """Refuse a member that would replace what it neither wrote nor may read.

    Raises:
        AccessDenied: The document holds such a memory.
    """
    if Capability.LIST not in backend.capabilities:
        return
    try:
        held = yield from every(ListMemories(bank=target.bank_id, limit=_PAGE, document_id=document_id))
    except Forbidden:  # a server that takes its rights from the team keeps authors apart by itself
        return
    if not all(_may_replace(who, target, attributed(memory)) for memory in held):
        raise AccessDenied(
            f"the document {cut(document_id, 80)!r} holds what member {who.member!r} neither wrote nor may read,"
            " so it may not replace it; choose another document_id"
        )


def _may_replace(who: Caller, target: Target, memory: Memory) -> bool:
    if memory.type == "observation":  # it goes or stays with the memories that it rests on
        return True
    own = memory.author == who.member and memory.metadata.get("team") == who.team
    readable = Access.RECALL in target.grant.access and set(target.grant.scope_tags) <= set(memory.tags)
    return own or readable


@dataclass(frozen=True, slots=True)
class Inspection:
    """A step of a retain: the guard judges every field of what is to be stored."""

    guard: Guard
    caller: Caller
    bank: str
    item: RetainItem
    tags: Sequence[str]
    source: Source
    private: bool = False
    counts: bool = True

    def perform(self) -> Verdict:
        """Ask the guard from sync code."""
        return self.guard.inspect(self._attempt())

    async def aperform(self) -> Verdict:
        """Ask the guard from async code."""
        return await self.guard.ainspect(self._attempt())

    def judged(self, verdict: Verdict) -> tuple[RetainItem, Sequence[str]]:
        """The item and its author's tags as the guard lets them pass.

        Raises:
            ContentRefused: The guard refuses it.
        """
        if verdict.error is not None:
            raise verdict.error
        left, item = verdict.attempt, self.item
        assert left is not None  # a guard that refuses nothing always says what to store
        passed = replace(
            item,
            content=left.content,
            context=left.context,
            metadata=left.metadata if item.metadata is not None else None,
            entities=list(left.entities) if item.entities is not None else None,
        )
        return passed, left.tags

    def _attempt(self) -> WriteAttempt:
        from hindsight_teams.guard import WriteAttempt

        item = self.item
        return WriteAttempt(
            content=item.content,
            caller=self.caller,
            bank=self.bank,
            context=item.context,
            tags=self.tags,
            metadata=item.metadata or {},
            entities=item.entities or (),
            document_id=item.document_id,
            source=self.source,
            private=self.private,
            counts=self.counts,
        )
