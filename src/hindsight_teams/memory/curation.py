"""Review: curators decide on memories that members proposed, or that a guard quarantined or marked.

What waits lies in the team's review bank (see ``envelopes``), which no member holds a grant on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hindsight_teams.access.banks import review_bank_id
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.audit import AuditSink, BankName, Recorder, recording_failure
from hindsight_teams.errors import AccessDenied, BackendError, HindsightTeamsError, NotFound, did_you_mean
from hindsight_teams.memory.envelopes import MARKED, ReviewItem, decided_item, marked_items, seal, unseal
from hindsight_teams.models import BankInfo, Document, MemoryPage, Receipt
from hindsight_teams.requests import (
    Capability,
    DeleteMemories,
    ListBanks,
    ListDocuments,
    ListMemories,
    Retain,
    TagFilter,
)
from hindsight_teams.requests.checks import check_page
from hindsight_teams.requests.driver import Steps, arun, run
from hindsight_teams.requests.management import every
from hindsight_teams.text import cut

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on a review item.

    Attributes:
        outcome: ``approved``, ``rejected`` or ``revoked``.
        receipt: Of the memory that was stored, for an approval.
        notes: What its reader should know, such as that the audit log could not be written.
    """

    item: ReviewItem
    outcome: str
    receipt: Receipt | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """One page of the review queue.

    Attributes:
        items: What is shown, oldest first.
        total: How many there are in all.
    """

    items: list[ReviewItem]
    total: int


class Reviews:
    """The review queue of a team, and the right to decide.

    A curator sees and decides memories for banks on which it holds a grant, inside the grant's scope; in a run for one
    user it sees none of another user. The application sees all.

    Args:
        backend: Where the banks live.
        definition: The team.
        curator: Who decides; must be one of the team's curators. None for the application itself.
        audit: Where decisions are recorded.

    Raises:
        AccessDenied: The member is not a curator of the team.
    """

    def __init__(
        self,
        backend: MemoryBackend,
        definition: TeamDefinition,
        curator: str | None = None,
        audit: AuditSink | None = None,
    ) -> None:
        self._backend = backend
        self.definition = definition
        self.caller = Caller(team=definition.team_id, member=curator)
        self.audit = audit
        if curator is not None and curator not in definition.curators:
            denied = AccessDenied(f"member {curator!r} may not review; name it in curators under [review]")
            Recorder(audit, self.caller, "review").failed(denied)
            raise denied

    def bound(
        self, *, user: str | None = None, session: str | None = None, run: str | None = None, context: Any = None
    ) -> Caller:
        """This curator as the caller of one run."""
        return Caller(self.caller.team, self.caller.member, user, session, run, context)

    def on_behalf_of(self, caller: Caller) -> Reviews:
        """The same right in one run: for its user, session and run; team and curator stay those bound here."""
        other = copy(self)
        other.caller = replace(caller, team=self.caller.team, member=self.caller.member)
        return other

    def recording_failure(self, verb: str, caller: Caller) -> AbstractContextManager[None]:
        """Record a call that fails before it reaches this right, such as one with an argument that can't be read."""
        return recording_failure(self.audit, self.caller, verb, caller=caller)

    def page(self, *, limit: int, offset: int = 0) -> ReviewPage:
        """A part of what waits, oldest first, and then of what is marked; only that part counts as seen."""
        return run(self._backend, self._paged(limit, offset))

    async def apage(self, *, limit: int, offset: int = 0) -> ReviewPage:
        """Async twin of ``page``."""
        return await arun(self._backend, self._paged(limit, offset))

    def pending(self) -> list[ReviewItem]:
        """What waits, oldest first."""
        return run(self._backend, self._shown(self._pending()))

    async def apending(self) -> list[ReviewItem]:
        """Async twin of ``pending``."""
        return await arun(self._backend, self._shown(self._pending()))

    def approve(self, review_id: str) -> Decision:
        """Store the memory in the bank it is meant for, signed by its author and with its lineage.

        A marked memory is stored anew without its mark.

        Raises:
            NotFound: Nothing of this id waits.
        """
        return run(self._backend, self._audited("approve", review_id, self._approve))

    async def aapprove(self, review_id: str) -> Decision:
        """Async twin of ``approve``."""
        return await arun(self._backend, self._audited("approve", review_id, self._approve))

    def reject(self, review_id: str) -> Decision:
        """Drop what waits, or delete what is marked.

        Raises:
            NotFound: Nothing of this id waits.
        """
        return run(self._backend, self._audited("reject", review_id, self._reject))

    async def areject(self, review_id: str) -> Decision:
        """Async twin of ``reject``."""
        return await arun(self._backend, self._audited("reject", review_id, self._reject))

    def revoke(self, review_id: str) -> Decision:
        """Remove the copy that an approval made.

        Raises:
            NotFound: No approval of this id is known.
        """
        return run(self._backend, self._audited("revoke", review_id, self._revoke))

    async def arevoke(self, review_id: str) -> Decision:
        """Async twin of ``revoke``."""
        return await arun(self._backend, self._audited("revoke", review_id, self._revoke))

    def approved(self) -> list[ReviewItem]:
        """What was approved and can be revoked, oldest first."""
        return run(self._backend, self._shown(self._items(("approved",))))

    def marked(self) -> list[ReviewItem]:
        """What the write guard stored with a mark, oldest first within a bank; ``approve`` takes the mark off.

        A curator sees those that it may recall, as the caller of its run; the application sees all.
        """
        return run(self._backend, self._shown(self._marked()))

    async def amarked(self) -> list[ReviewItem]:
        """Async twin of ``marked``."""
        return await arun(self._backend, self._shown(self._marked()))

    # --- steps --------------------------------------------------------------------------------------------------

    @property
    def _bank(self) -> str:
        return review_bank_id(self.caller)

    def _items(self, kinds: Sequence[str]) -> Steps[list[ReviewItem]]:
        """The envelopes of these kinds, each once, however many memories a backend made of its text."""
        found = yield from sealed_items(self._backend, self._bank, kinds)
        return [item for item in found if self._may_decide(item)]

    def _may_decide(self, item: ReviewItem) -> bool:
        curator = self.caller.member
        grant = None if curator is None else self.definition.grants.get(curator, {}).get(item.bank)
        if curator is None:
            return True
        if grant is None or not grant.access or not set(grant.scope_tags) <= set(item.item.tags or ()):
            return False
        try:
            return grant.bank.resolve(self.caller) == item.bank_id
        except HindsightTeamsError:  # the run has no user where the bank has one for each
            return False

    def _pending(self) -> Steps[list[ReviewItem]]:
        """What waits, once the approvals that were interrupted are finished."""
        items = yield from self._items(("quarantine", "proposal", "approved"))
        records = {item.id: item for item in items if item.kind == "approved"}
        waiting = []
        for item in items:
            if item.kind == "approved":
                continue
            if item.id in records:
                try:
                    yield from self._finished(item, records[item.id])
                    continue
                except BackendError:  # it stays as it is, for the next listing or decision
                    pass
            waiting.append(item)
        return waiting

    def _marked(self) -> Steps[list[ReviewItem]]:
        if self.caller.member is None:
            banks: list[BankInfo] = yield ListBanks()
            own: list[tuple[str, str, Sequence[str]]] = [(self._short_name(b.bank_id), b.bank_id, ()) for b in banks]
        else:
            own = self._recallable(self.caller.member)
        return (yield from marked_items(self.definition.team_id, own))

    def _recallable(self, curator: str) -> list[tuple[str, str, Sequence[str]]]:
        """Of each bank that a curator may recall from in this run its short name, its id and the scope."""
        found: list[tuple[str, str, Sequence[str]]] = []
        for grant in self.definition.grants.get(curator, {}).values():
            with suppress(HindsightTeamsError):  # the run has no user where the bank has one for each
                if Access.RECALL in grant.access:
                    found.append((grant.bank.name, grant.bank.resolve(self.caller), grant.scope_tags))
        return found

    def _short_name(self, bank_id: str) -> str:
        """A bank's short name, which is the second part of its id; the id itself for a bank of a resolver's."""
        name = "".join(bank_id.split(":")[1:2])
        return name if name in self.definition.banks else bank_id

    def _one(self, review_id: str, items: Sequence[ReviewItem], what: str) -> ReviewItem:
        for item in items:
            if item.id == review_id:
                return item
        near = did_you_mean(review_id, [item.id for item in items]) if items else f"nothing is {what}"
        raise NotFound(f"nothing {what} has the id {cut(str(review_id), 80)!r}; {near}")

    def _approve(self, review_id: str, recorder: Recorder) -> Steps[Decision]:
        """Record the approval, then store the copy: whatever is interrupted can be finished, and be revoked."""
        item = yield from self._to_decide(review_id)
        recorder.begun(BankName(item.bank, item.bank_id))
        reviewer = self.caller.member or "the application"
        approved = decided_item(item, reviewer=reviewer)
        if item.kind == MARKED:
            receipt: Receipt = yield Retain(bank=item.bank_id, items=[approved])
            yield from self._drop(item)
            return Decision(item, "approved", receipt)
        record = seal(
            "approved",
            replace(item.item, metadata=approved.metadata),
            bank=item.bank,
            bank_id=item.bank_id,
            # A proposer's words go with the user, session and run that they were given in.
            reason=item.reason if set(item.by).issubset(item.item.tags or ()) else "",
            origin=item.origin,
            review_id=item.id,
        )
        yield Retain(bank=self._bank, items=[record])
        noted = unseal(record.metadata or {}) or item
        try:
            decision = yield from self._copy(item, noted)
        except BackendError:
            # Refused, not interrupted: it waits as before. Where this fails too, the next listing finishes it.
            yield [DeleteMemories(bank=self._bank, document_id=noted.envelope_document_id)]
            raise
        document_id = noted.envelope_document_id
        page: MemoryPage = yield ListMemories(bank=self._bank, limit=1, document_id=document_id)
        if not page.total:  # it was forgotten between the record and the copy
            yield DeleteMemories(bank=item.bank_id, document_id=item.approved_document_id)
            raise NotFound(f"what waited under {review_id!r} was forgotten meanwhile; nothing is stored")
        yield from self._drop(item)  # where this fails, the next listing finishes it
        return decision

    def _finished(self, item: ReviewItem, record: ReviewItem) -> Steps[Decision]:
        """The same for an approval that a listing finds interrupted, with an event of its own."""

        def finish(_: str, recorder: Recorder) -> Steps[Decision]:
            recorder.begun(BankName(item.bank, item.bank_id))
            decision = yield from self._copy(item, record)
            yield from self._drop(item)
            return decision

        return self._audited("approve", item.id, finish)

    def _copy(self, item: ReviewItem, record: ReviewItem) -> Steps[Decision]:
        """Store the copy of a recorded approval, again where it was interrupted."""
        reviewer = (record.item.metadata or {}).get("reviewed_by", "the application")
        receipt: Receipt = yield Retain(bank=item.bank_id, items=[decided_item(item, reviewer=reviewer)])
        return Decision(item, "approved", receipt)

    def _reject(self, review_id: str, recorder: Recorder) -> Steps[Decision]:
        item = yield from self._to_decide(review_id)
        recorder.begun(BankName(item.bank, item.bank_id))
        yield from self._drop(item)
        return Decision(item, "rejected")

    def _to_decide(self, review_id: str) -> Steps[ReviewItem]:
        """What waits under an id, or is marked; what is marked is looked for only where nothing waits under it."""
        waiting = yield from self._pending()
        if not any(item.id == review_id for item in waiting):
            waiting += yield from self._marked()
        return self._one(review_id, waiting, "waiting")

    def _revoke(self, review_id: str, recorder: Recorder) -> Steps[Decision]:
        item = self._one(review_id, (yield from self._items(("approved",))), "approved")
        recorder.begun(BankName(item.bank, item.bank_id))
        yield DeleteMemories(bank=item.bank_id, document_id=item.approved_document_id)
        yield from self._drop(item)
        return Decision(item, "revoked")

    def _drop(self, item: ReviewItem) -> Steps[None]:
        if item.kind == MARKED:
            yield DeleteMemories(bank=item.bank_id, ids=list(item.envelope_ids))
        else:
            yield DeleteMemories(bank=self._bank, document_id=item.envelope_document_id)

    def _paged(self, limit: int, offset: int) -> Steps[ReviewPage]:
        whole: list[ReviewItem] = []

        def part() -> Steps[list[ReviewItem]]:
            check_page(limit, offset)
            whole.extend((yield from self._pending()))
            whole.extend((yield from self._marked()))
            return whole[offset : offset + limit]

        return ReviewPage((yield from self._shown(part())), len(whole))

    def _shown(self, steps: Steps[list[ReviewItem]]) -> Steps[list[ReviewItem]]:
        recorder, bank = Recorder(self.audit, self.caller, "review"), BankName(bank_id=self._bank)
        try:
            items = yield from steps
        except BaseException as error:
            recorder.failed(error, [bank])
            raise
        # What waits has no memory of its own yet: it is known by its review id, and by the envelope's memories.
        seen = [item.origin for item in items if item.origin]
        for item in items:
            where = f"{item.bank_id}#" if item.kind == MARKED else ""  # what is marked stands in a bank of its own
            seen += [item.id, *(f"{where}{name}" for name in item.envelope_ids)]
        more = ", ".join(f"{item.kind} {item.id}" for item in items) or None
        recorder.ended([bank], count=len(items), ids={self._bank: seen}, reason=more)
        return items

    def _audited(
        self, verb: str, review_id: str, decide: Callable[[str, Recorder], Steps[Decision]]
    ) -> Steps[Decision]:
        recorder = Recorder(self.audit, self.caller, verb, about=cut(str(review_id), 80))
        try:
            decision = yield from decide(review_id, recorder)
        except BaseException as error:
            recorder.failed(error)
            raise
        item, stored = decision.item, decision.receipt.memory_ids if decision.receipt else ()
        told = recorder.ended(
            [BankName(item.bank, item.bank_id)], ids={item.bank_id: stored}, reason=f"{item.kind} {review_id}"
        )
        return replace(decision, notes=(*decision.notes, *told))


def sealed_items(backend: MemoryBackend, bank_id: str, kinds: Sequence[str]) -> Steps[list[ReviewItem]]:
    """The envelopes of these kinds in a review bank, each once, oldest first."""
    found: dict[tuple[str, str], ReviewItem] = {}
    for metadata, memory_id in (yield from _envelopes(backend, bank_id, kinds)):
        item = unseal(metadata)
        if item is not None and item.kind in kinds:
            known = found.setdefault((item.kind, item.id), item)
            if memory_id is not None:
                found[item.kind, item.id] = replace(known, envelope_ids=(*known.envelope_ids, memory_id))
    return list(found.values())


def _envelopes(
    backend: MemoryBackend, bank_id: str, kinds: Sequence[str]
) -> Steps[list[tuple[Mapping[str, str], str | None]]]:
    if Capability.DOCUMENTS in backend.capabilities:
        # A server may extract no memory from an envelope's text.
        documents: Sequence[Document] = yield ListDocuments(bank=bank_id)
        return [(document.metadata, None) for document in reversed(documents)]
    tags = [f"review:{kind}" for kind in kinds]
    found = yield from every(ListMemories(bank=bank_id, limit=_PAGE, filter=TagFilter(tags, "any_strict")))
    return [(memory.metadata, memory.id) for memory in found]
