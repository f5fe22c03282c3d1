"""Delete selected memories from every bank of the team, with everything derived from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hindsight_teams.access.banks import review_bank_id
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Caller
from hindsight_teams.access.signatures import identity_tag
from hindsight_teams.audit import AuditSink, BankName, Recorder, recording_failure
from hindsight_teams.memory.curation import sealed_items
from hindsight_teams.memory.envelopes import KINDS, ReviewItem
from hindsight_teams.memory.selection import Selection, SelectionOptions
from hindsight_teams.models import BankInfo, Memory, MemoryPage
from hindsight_teams.requests import (
    BanksWithRepeats,
    Capability,
    DeleteEmptyBank,
    DeleteMemories,
    FindMemories,
    FindRelated,
    IsEraseDue,
    ListBanks,
    ListMemories,
    ListRepeats,
    TagFilter,
)
from hindsight_teams.requests.driver import Other, Steps, arun, given, run
from hindsight_teams.requests.management import every

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

_PAGE = 500
_AT_ONCE = 16
"""Banks that are looked through at once."""


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What goes, or went.

    Attributes:
        memories: By bank id, the memories that the selection names, and what was retained again and is kept with a
            memory that stays. Their text is shown for a dry run's sake.
        deleted: How many of them were deleted; 0 for a dry run. A server does not count derived observations.
        dry_run: Nothing was deleted.
        erased: Whether what was deleted is gone from the bytes of the backend's file too. False: it is deleted, not yet
            erased, because the file is large or somebody reads an older state of it; that is finished by itself.
        notes: What its reader should know, such as that the audit log could not be written.
    """

    memories: dict[str, list[Memory]]
    deleted: int = 0
    dry_run: bool = True
    erased: bool = True
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many memories the selection names."""
        return sum(map(len, self.memories.values()))


class Forgetting:
    """Forgets on behalf of a team, in all its banks, private, per-user and review banks too.

    A memory belongs to the team by its signature (the tag ``team:...``), wherever its bank's id comes from.

    Args:
        backend: Where the banks live.
        definition: The team.
        audit: Where it is recorded.
        first: A step before it, such as to wait for what is still to be stored: that may be what is to be forgotten.
    """

    def __init__(
        self,
        backend: MemoryBackend,
        definition: TeamDefinition,
        audit: AuditSink | None = None,
        *,
        first: Other | None = None,
    ) -> None:
        self.backend = backend
        self.definition = definition
        self.team_id = definition.team_id
        self.audit = audit
        self._first = first

    def selected(self, given: SelectionOptions, dry_run: bool, actor: str | None) -> Selection:
        """A selection from its fields; one that selects nothing, or that can't be read, is recorded too."""
        whose = Caller(self.team_id, user=given.get("user"), session=given.get("session"), run=given.get("run"))
        with recording_failure(self.audit, whose, _verb(dry_run), actor=actor):
            return Selection(**given)

    def forget(self, selection: Selection, *, dry_run: bool = True, actor: str | None = None) -> ForgetReport:
        """Forget what the selection names; with ``dry_run`` only list it.

        Args:
            selection: What to forget.
            dry_run: Delete nothing.
            actor: Who asked for it, for the audit.
        """
        return run(self.backend, self._recorded(selection, dry_run, actor))

    async def aforget(self, selection: Selection, *, dry_run: bool = True, actor: str | None = None) -> ForgetReport:
        """Async twin of ``forget``."""
        return await arun(self.backend, self._recorded(selection, dry_run, actor))

    def _recorded(self, selection: Selection, dry_run: bool, actor: str | None) -> Steps[ForgetReport]:
        """One event a bank, or one in all where nothing was found; each with the selection and who asked."""
        # Asking the audit about a user also tells that the user was forgotten.
        whose = Caller(self.team_id, user=selection.user, session=selection.session, run=selection.run)
        recorder = Recorder(self.audit, whose, _verb(dry_run), actor=actor, about=str(selection))
        try:
            recorder.begun()
            if self._first is not None:
                yield self._first
            listed: Plan = yield from self._planned(selection)
        except BaseException as error:
            recorder.failed(error)
            raise
        told: tuple[str, ...] = ()
        if dry_run:
            report = ForgetReport(listed.memories)
            for bank_id, memories in listed.memories.items():
                told += recorder.ended([BankName(bank_id=bank_id)], ids={bank_id: [memory.id for memory in memories]})
        else:  # which records each bank, and so a failure too
            report = yield from self._carried_out(selection, listed, recorder)
        if not listed.memories:
            told += recorder.ended([])
        return replace(report, notes=tuple(dict.fromkeys((*report.notes, *told))))

    def _planned(self, selection: Selection) -> Steps[Plan]:
        # A server is asked bank by bank.
        at_once = Capability.SEARCH_ALL_BANKS in self.backend.capabilities
        found = yield from (self._found_at_once(selection) if at_once else self._found(selection))
        unsigned = yield from self._unsigned(selection, found)
        repeats = yield from self._repeats(selection)
        held = yield from self._held(selection, found)
        review = review_bank_id(Caller(team=self.team_id))
        # An envelope is listed once, with the text that is in it, and deleted as a document.
        sealed = {item.envelope_document_id for item in held}
        # What a server derived from envelopes goes with them.
        kept = [
            m for m in found.pop(review, ()) if m.document_id not in sealed and not (sealed and m.type == "observation")
        ]
        if kept:
            found[review] = kept
        parts = (found, unsigned, repeats)
        listed = {name: [m for part in parts for m in part.get(name, ())] for name in {*found, *unsigned, *repeats}}
        for item in held:
            listed.setdefault(review, []).append(_opened(item, review))
            if item.kind == "approved":
                yield from self._with_copy(item, listed)
        return Plan({name: listed[name] for name in sorted(listed)}, found, unsigned, repeats, held)

    def _unsigned(self, selection: Selection, found: Mapping[str, Sequence[Memory]]) -> Steps[dict[str, list[Memory]]]:
        """By bank what stands in the user's own banks without the user's signature, such as what a program imported.

        Only where a user is all that is selected: nothing tells whose document, session or tag it is.
        """
        unsigned: dict[str, list[Memory]] = {}
        for bank_id in (yield from self._banks_of_the_user(selection)):
            known = {memory.id for memory in found.get(bank_id, ())}
            listed = yield from every(ListMemories(bank=bank_id, limit=_PAGE))
            more = [memory for memory in listed if memory.id not in known and memory.type != "observation"]
            if more:
                unsigned[bank_id] = more
        return unsigned

    def _banks_of_the_user(self, selection: Selection) -> Steps[list[str]]:
        """The ids of the banks that are the selected user's own, where a user is all that is selected."""
        caller = Caller(team=self.team_id, user=selection.user)
        if not selection.user or selection.follows or selection.author or selection.tags:
            return []
        own = [spec for spec in self.definition.banks.values() if "user" in spec.needs]
        ids = [spec.resolve(caller) for spec in own if spec.needs <= {"team", "user"}]
        if len(ids) < len(own):  # one for each member or session of the user
            banks: Sequence[BankInfo] = yield ListBanks()
            ids += [bank.bank_id for bank in banks if any(spec.may_be_of(caller, bank.bank_id) for spec in own)]
        return list(dict.fromkeys(ids))

    def _with_copy(self, item: ReviewItem, listed: dict[str, list[Memory]]) -> Steps[None]:
        """Add what an approval stored to the list, where it is not there already."""
        page: MemoryPage = yield ListMemories(bank=item.bank_id, limit=_PAGE, document_id=item.approved_document_id)
        known = {memory.id for memory in listed.get(item.bank_id, ())}
        more = [memory for memory in page.memories if memory.id not in known]
        if more:
            listed.setdefault(item.bank_id, []).extend(more)

    def _carried_out(self, selection: Selection, plan: Plan, recorder: Recorder) -> Steps[ForgetReport]:
        deleted = 0
        told: tuple[str, ...] = ()
        review = review_bank_id(Caller(team=self.team_id))
        for bank_id, memories in plan.memories.items():
            bank, ids = BankName(bank_id=bank_id), {bank_id: [memory.id for memory in memories]}
            found, repeats = plan.found.get(bank_id, ()), plan.repeats.get(bank_id, ())
            requests = []
            if bank_id in plan.unsigned:  # by ids, and so first: a deletion may give what it leaves new ids
                requests.append(DeleteMemories(bank=bank_id, ids=[m.id for m in plan.unsigned[bank_id]]))
            requests += self._deletions(bank_id, selection, found, repeats)
            if bank_id == review:
                requests += [DeleteMemories(bank=review, document_id=i.envelope_document_id) for i in plan.held]
                # What was approved since it was listed, too: the record, and the copy after it.
                since = [replace(i, kind="approved") for i in plan.held if i.kind != "approved"]
                requests += [DeleteMemories(bank=review, document_id=i.envelope_document_id) for i in since]
                requests += [DeleteMemories(bank=i.bank_id, document_id=i.approved_document_id) for i in since]
            requests += [
                DeleteMemories(bank=bank_id, document_id=item.approved_document_id)
                for item in plan.held
                if item.kind == "approved" and item.bank_id == bank_id
            ]
            try:
                for request in requests:
                    count: int = yield request
                    deleted += count
            except BaseException as error:
                recorder.failed(error, [bank], ids=ids)
                raise
            deleted += len(repeats)
            told += recorder.ended([bank], ids=ids)
        due = False
        if Capability.ERASE_LATER in self.backend.capabilities:
            try:
                yield from self._without_empty_banks(selection, plan)
                due = yield IsEraseDue()
            except BaseException as error:
                recorder.failed(error)
                raise
        return ForgetReport(plan.memories, deleted, dry_run=False, erased=not due, notes=told)

    def _without_empty_banks(self, selection: Selection, plan: Plan) -> Steps[None]:
        """Delete the banks of a forgotten user, session or run that hold nothing any more: their ids name it."""
        bank_ids = yield from self._banks_of_the_user(selection)
        if selection.user or selection.session or selection.run:
            named = [spec for spec in self.definition.banks.values() if spec.needs & {"user", "session", "run"}]
            team = Caller(team=self.team_id)
            bank_ids += [name for name in plan.memories if any(spec.may_be_of(team, name) for spec in named)]
        for bank_id in dict.fromkeys(bank_ids):
            yield DeleteEmptyBank(bank=bank_id)

    def _held(self, selection: Selection, found: Mapping[str, Sequence[Memory]]) -> Steps[list[ReviewItem]]:
        """What the review bank holds of the selection, waiting or approved: by what is in the envelope.

        An envelope's own tags and document are not those of the memory in it.
        """
        items = yield from sealed_items(self.backend, review_bank_id(Caller(team=self.team_id)), KINDS)
        going = {key for memories in found.values() for memory in memories for key in _keys(memory)}
        return [item for item in items if item.origin in going or selection.names_held(item)]

    def _deletions(
        self, bank_id: str, selection: Selection, found: Sequence[Memory], repeats: Sequence[Memory]
    ) -> Iterator[DeleteMemories]:
        """What one bank is asked to delete: what the selection names, by its own terms; what is bound to that, by ids.

        By its own terms, since a memory that was retained again on another occasion is then not lost with the first.
        """
        # An observation goes with the memories that it rests on; a server deletes none by itself.
        facts = [m for m in found if m.type != "observation"]
        named = [m.id for m in facts if selection.names(m)]
        bound = [m.id for m in facts if not selection.names(m)] or ([] if facts else [m.id for m in found])
        if bound and Capability.REPEATS not in self.backend.capabilities:
            # In one request: a server that takes one out of a document gives the others new ids.
            yield DeleteMemories(bank=bank_id, ids=[*named, *bound], filter=self._kept(selection))
            return
        if named or repeats:
            ids = list(dict.fromkeys([*named, *(m.id for m in repeats)])) if selection.memory_ids else None
            own = self._own(selection)
            yield DeleteMemories(bank=bank_id, ids=ids, document_id=selection.document_id, filter=own)
        if bound:
            yield DeleteMemories(bank=bank_id, ids=bound, filter=self._kept(selection))

    def _repeats(self, selection: Selection) -> Steps[dict[str, list[Memory]]]:
        """By bank what was retained again, which the embedded engine keeps with the memory that said it first."""
        if Capability.REPEATS not in self.backend.capabilities:
            return {}
        bank_ids: list[str] = yield BanksWithRepeats()
        ids, document_id = list(selection.memory_ids) or None, selection.document_id
        own = self._own(selection)
        answers = yield [ListRepeats(bank=b, ids=ids, document_id=document_id, filter=own) for b in bank_ids]
        listed: dict[str, list[Memory]] = {b: given(a) for b, a in zip(bank_ids, answers, strict=True)}
        return {bank_id: repeats for bank_id, repeats in listed.items() if repeats}

    def _own(self, selection: Selection) -> TagFilter:
        """The tags that the selection itself names."""
        return TagFilter([*self._tags(selection), *selection.occasion_tags], "all_strict")

    def _kept(self, selection: Selection) -> TagFilter:
        """The tags that what is bound to the selection carries too."""
        return TagFilter(self._tags(selection), "all_strict")

    def _found_at_once(self, selection: Selection) -> Steps[dict[str, list[Memory]]]:
        """By bank what the selection names, and what is bound to it, from a backend that answers for all its banks."""
        ids, document_id = list(selection.memory_ids) or None, selection.document_id
        named: list[Memory] = yield FindMemories(ids=ids, document_id=document_id, filter=self._own(selection))
        going = {_key(memory): memory for memory in named}
        bound: set[str] = set()
        while True:
            more = self._bound(selection, list(going.values())) - bound
            if not more:
                break
            bound |= more
            origins = [identity_tag("lineage", key) for key in sorted(more)]
            related: list[Memory] = yield FindRelated(
                ids=[key.rpartition("#")[2] for key in more], origin_tags=origins, filter=self._kept(selection)
            )
            going |= {_key(memory): memory for memory in related if _is_bound(memory, bound)}
        found: dict[str, list[Memory]] = {}
        for memory in sorted(going.values(), key=lambda memory: (memory.bank_id, len(memory.id), memory.id)):
            found.setdefault(memory.bank_id, []).append(memory)
        return found

    def _found(self, selection: Selection) -> Steps[dict[str, list[Memory]]]:
        """By bank what the selection names, and what is bound to it: copies, observations and their sources."""
        banks: Sequence[BankInfo] = yield ListBanks()
        bank_ids = [bank.bank_id for bank in banks]
        bound: set[str] = set()
        while True:
            found: dict[str, list[Memory]] = {}

            def going(memory: Memory, bound: AbstractSet[str] = frozenset(bound)) -> bool:
                return selection.names(memory) or _is_bound(memory, bound)

            for start in range(0, len(bank_ids), _AT_ONCE):
                some = bank_ids[start : start + _AT_ONCE]
                pages = [self._page(bank_id, selection, bound) for bank_id in some]
                answers = yield pages
                for bank_id, page, answer in zip(some, pages, answers, strict=True):
                    named = yield from every(page, keep=going, first=given(answer))
                    if named:
                        found[bank_id] = named
            more = self._bound(selection, [memory for memories in found.values() for memory in memories])
            if more <= bound:
                return found
            bound |= more

    def _bound(self, selection: Selection, found: Sequence[Memory]) -> set[str]:
        """Keys of memories that go with what was found, and whose copies and observations do."""
        going = {key for memory in found for key in _keys(memory)}
        # What an observation says goes only with all that it rests on; one that merely loses a source is made anew.
        resting = {source for memory in found if selection.names(memory) for source in _sources(memory)}
        return going | resting if selection.follows else resting - going

    def _page(self, bank_id: str, selection: Selection, bound: AbstractSet[str]) -> ListMemories:
        # Until something is bound only what the selection itself names counts, which its own tags find.
        chosen = self._kept(selection) if bound else self._own(selection)
        return ListMemories(bank=bank_id, limit=_PAGE, filter=chosen)

    def _tags(self, selection: Selection) -> list[str]:
        return [identity_tag("team", self.team_id), *selection.kept_tags]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be deleted.

    Attributes:
        memories: By bank id, everything, as a report lists it.
        found: By bank id, what is deleted by its tags and ids.
        unsigned: By bank id, what is deleted because it stands in the user's own bank.
        repeats: By bank id, what was retained again and is kept with a memory that stays.
        held: Envelopes, which are deleted as documents, and the copies that approvals made of them.
    """

    memories: dict[str, list[Memory]]
    found: Mapping[str, Sequence[Memory]]
    unsigned: Mapping[str, Sequence[Memory]]
    repeats: Mapping[str, Sequence[Memory]]
    held: Sequence[ReviewItem]


def _verb(dry_run: bool) -> str:
    return "preview" if dry_run else "forget"


def _opened(item: ReviewItem, review: str) -> Memory:
    """An envelope as the memory that is in it."""
    inside = item.item
    return Memory(
        id=item.envelope_ids[0] if item.envelope_ids else item.id,
        text=inside.content,
        bank_id=review,
        tags=tuple(inside.tags or ()),
        metadata=dict(inside.metadata or {}),
        document_id=item.envelope_document_id,
        mentioned_at=inside.timestamp,
    )


def _key(memory: Memory) -> str:
    """A memory as lineage and reviews write it."""
    return f"{memory.bank_id}#{memory.id}"


def _keys(memory: Memory) -> list[str]:
    """Every key that a copy of the memory may name it by."""
    return [f"{memory.bank_id}#{name}" for name in (memory.id, *memory.former_ids)]


def _sources(memory: Memory) -> list[str]:
    """What an observation rests on."""
    return [f"{memory.bank_id}#{source}" for source in memory.source_ids if memory.type == "observation"]


def _is_bound(memory: Memory, bound: AbstractSet[str]) -> bool:
    """Whether a memory is one of these, or was copied or derived from one."""
    origin = memory.metadata.get("lineage") or memory.metadata.get("review_origin")
    return not bound.isdisjoint((_key(memory), origin, *_sources(memory)))
