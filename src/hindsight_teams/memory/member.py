"""MemberMemory: retain, recall and reflect with the rights of one member.

The way of a call: an adapter makes a request that names no bank; here the rights are looked at, then the request is
completed for each bank (id, scope, signature) and carried out, and the answers are merged. A verb is one generator of
such requests, driven by ``requests.driver`` with threads or with coroutines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from hindsight_teams.access import signatures as provenance
from hindsight_teams.access.banks import review_bank_id
from hindsight_teams.access.grants import Access, Caller, Grant
from hindsight_teams.access.rights import Rights, Target
from hindsight_teams.audit import AuditSink
from hindsight_teams.errors import BackendError, InvalidInput, Unsupported
from hindsight_teams.memory import merging as federation
from hindsight_teams.memory.envelopes import quarantine_item
from hindsight_teams.memory.questions import (
    Defaults,
    MemberRecallOptions,
    MemberReflectOptions,
    MemberRetainOptions,
    addressed,
    retaining,
)
from hindsight_teams.memory.recording import Asked, Recorder, ids_by_bank
from hindsight_teams.memory.replacing import check_replacement
from hindsight_teams.models import TAGS_MATCHES, Gap, RecallResult, Receipt, Reflection, RetainItem, check_choice
from hindsight_teams.requests.checks import check_metadata, check_text
from hindsight_teams.requests.core import Capability, Recall, Reflect, Request, Retain, folded
from hindsight_teams.requests.driver import Steps, arun, run
from hindsight_teams.requests.tags import ALL, check_tags
from hindsight_teams.text import is_blank

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.guard import Guard, Source, Verdict, WriteAttempt

R = TypeVar("R")
Read = TypeVar("Read", Recall, Reflect)


class MemberMemory:
    """The memory of one member: its grants, bound to its identity, over one backend.

    Args:
        backend: Where the banks live.
        grants: What this member holds.
        caller: Who it is: team and member, bound at composition. User, session and run are added by each call.
        defaults: Budget, limits and tags where a call gives none.
        guard: Inspects each retain before it is stored.
        audit: Where each operation is recorded, allowed or denied.
        clock: What time it is, aware; the backend's own clock when None.
    """

    def __init__(
        self,
        backend: MemoryBackend,
        grants: Sequence[Grant],
        *,
        caller: Caller | None = None,
        defaults: Defaults | None = None,
        guard: Guard | None = None,
        audit: AuditSink | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.clock = clock
        self._backend = backend
        self.identity = caller or Caller()
        self.rights = Rights(tuple(grants), self.identity.member)
        self.defaults = defaults or Defaults()
        self.guard = guard
        self.audit = audit
        self.source: Source = "author"

    def for_words_of_others(self) -> MemberMemory:
        """The same memory for what others said, such as an end user: the guard trusts the member for its own words."""
        other = copy(self)
        other.source = "others"
        return other

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the backend can do."""
        return self._backend.capabilities

    def shares_backend(self, other: MemberMemory) -> bool:
        """Whether what one stores, the other finds, as far as their grants reach."""
        return self._backend is other._backend

    def holds(self, access: Access) -> tuple[Grant, ...]:
        """The grants that include this access."""
        return self.rights.holds(access)

    def bank_names(self, access: Access, caller: Caller) -> dict[str, str]:
        """Short names by bank id, of the banks this caller reaches with an access."""
        return {grant.bank.resolve(caller): grant.bank.name for grant in self.holds(access)}

    def bound(
        self, *, user: str | None = None, session: str | None = None, run: str | None = None, context: Any = None
    ) -> Caller:
        """This member as the caller of one run."""
        return Caller(self.identity.team, self.identity.member, user, session, run, context)

    def as_caller(self, caller: Caller | None) -> Caller:
        """The caller of a call: whatever is passed in, team and member stay those bound at composition."""
        if caller is None:
            return self.identity
        if not isinstance(caller, Caller):
            raise InvalidInput(f"caller={caller!r} must be a Caller, such as Caller(user='ada')")
        for name in ("user", "session", "run"):
            if not isinstance(getattr(caller, name), str | None):
                raise InvalidInput(f"the caller's {name} must be a string, not {type(getattr(caller, name)).__name__}")
        if caller.team == self.identity.team and caller.member == self.identity.member:
            return caller
        return replace(caller, team=self.identity.team, member=self.identity.member)

    # --- the verbs ---------------------------------------------------------------------------------------------

    def execute(
        self,
        request: Request[R],
        /,
        *,
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        authors: Sequence[str] | None = None,
    ) -> R:
        """Carry out a retain, a recall or a reflect that names no bank yet: the service completes it.

        Args:
            request: ``Retain``, ``Recall`` or ``Reflect``.
            caller: User, session and run of this call; team and member are always this member's own.
            banks: The banks, by short name; for a retain at most one.
            authors: Only memories retained by these members.

        Raises:
            AccessDenied: The access is not held on a bank that was named, or on any bank.
            IdentityRequired: A bank's scope needs a user (session, run) that the call does not carry.
            InvalidInput: A bad argument, or content that a guard refused.
            BackendError: No bank could answer, or it could not be stored.
        """
        return run(self._backend, self.steps(request, caller, banks, authors))

    async def aexecute(
        self,
        request: Request[R],
        /,
        *,
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        authors: Sequence[str] | None = None,
    ) -> R:
        """Async twin of ``execute``."""
        return await arun(self._backend, self.steps(request, caller, banks, authors))

    def retain(self, content: str, **options: Unpack[MemberRetainOptions]) -> Receipt:
        """Store a memory, signed by the caller.

        Args:
            content: The text.
            **options: ``caller`` (user, session and run of this call), ``bank`` (its short name; may be left out where
                the member may write just one), ``append`` (add to the document instead of replacing it), and those of
                ``requests.ItemOptions``. Tags and metadata that look like a signature are refused.

        Raises:
            AccessDenied: No RETAIN on the bank.
            IdentityRequired: The bank's scope needs a user (session, run) that the call does not carry.
            InvalidInput: A bad argument, or content that a guard refused.
            BackendError: It could not be stored.
        """
        with self._recording_a_bad_call("retain", options):
            request, to = retaining(content, options)
        return self.execute(request, **to)

    async def aretain(self, content: str, **options: Unpack[MemberRetainOptions]) -> Receipt:
        """Async twin of ``retain``."""
        with self._recording_a_bad_call("retain", options):
            request, to = retaining(content, options)
        return await self.aexecute(request, **to)

    def retain_many(
        self,
        items: Sequence[RetainItem],
        *,
        caller: Caller | None = None,
        bank: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Receipt:
        """Store many memories, each judged and signed as ``retain`` does it, as one write for the guard's limit.

        All are judged before anything is stored. Then they go to the backend in requests of some dozens, of which each
        is stored whole or not at all; a document replaces what was under its id.

        Args:
            items: The memories.
            caller: User, session and run of this call.
            bank: The bank's short name; may be left out where the member may write just one.
            progress: Called with the number of items stored so far, after each request.

        Returns:
            What was stored; ``held`` tells how many of the items wait for review.

        Raises:
            AccessDenied: As for ``retain``.
            IdentityRequired: As for ``retain``.
            InvalidInput: A bad item, or one that a guard refused; ``details["number"]`` tells which, from 1.
            BackendError: A request failed; what earlier ones stored stays.
        """
        from hindsight_teams.memory.many import retaining_many

        return run(self._backend, retaining_many(self, items, self.as_caller(caller), bank, progress))

    async def aretain_many(
        self,
        items: Sequence[RetainItem],
        *,
        caller: Caller | None = None,
        bank: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Receipt:
        """Async twin of ``retain_many``."""
        from hindsight_teams.memory.many import retaining_many

        return await arun(self._backend, retaining_many(self, items, self.as_caller(caller), bank, progress))

    def recall(self, query: str, **options: Unpack[MemberRecallOptions]) -> RecallResult:
        """Find memories in all banks the member may recall from, merged, without duplicates, best first.

        Args:
            query: What to look for.
            **options: ``caller`` (user, session and run of this call), ``banks`` (only these, by short name),
                ``authors`` (only memories retained by these members), and those of ``requests.SearchOptions``. ``tags``
                narrow what the grant's mandatory scope lets through.

        Returns:
            Memories, and the banks that could not answer as ``gaps``.

        Raises:
            AccessDenied: No RECALL on a bank that was named, or on any bank.
            IdentityRequired: A bank's scope needs a user that the call does not carry.
            InvalidInput: A bad argument.
            BackendError: No bank could answer.
        """
        with self._recording_a_bad_call("recall", options):
            to, rest = addressed(options)
            request = Recall(query=query, **folded(rest))
        return self.execute(request, **to)

    async def arecall(self, query: str, **options: Unpack[MemberRecallOptions]) -> RecallResult:
        """Async twin of ``recall``."""
        with self._recording_a_bad_call("recall", options):
            to, rest = addressed(options)
            request = Recall(query=query, **folded(rest))
        return await self.aexecute(request, **to)

    def reflect(self, query: str, **options: Unpack[MemberReflectOptions]) -> Reflection:
        """Answer a question from all banks the member may reflect on; errors as for ``recall``.

        Args:
            query: The question.
            **options: ``caller``, ``banks`` and ``authors`` as for ``recall``, and those of
                ``requests.ReflectOptions``.
        """
        with self._recording_a_bad_call("reflect", options):
            to, rest = addressed(options)
            request = Reflect(query=query, **folded(rest))
        return self.execute(request, **to)

    async def areflect(self, query: str, **options: Unpack[MemberReflectOptions]) -> Reflection:
        """Async twin of ``reflect``."""
        with self._recording_a_bad_call("reflect", options):
            to, rest = addressed(options)
            request = Reflect(query=query, **folded(rest))
        return await self.aexecute(request, **to)

    # --- decisions, shared by both ways -------------------------------------------------------------------------

    def steps(
        self,
        request: Request[R],
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        authors: Sequence[str] | None = None,
    ) -> Steps[R]:
        """The steps of ``execute``, for a caller that drives them as a part of its own."""
        with self._recording_a_bad_call(request.verb, {}):
            who = self.as_caller(caller)
            if not isinstance(request, Recall | Retain | Reflect):
                raise Unsupported(f"a member can retain, recall and reflect; {request.verb} is for a backend")
        steps: Any
        if isinstance(request, Recall):
            steps = self._recall(request, who, banks, authors)
        elif isinstance(request, Retain):
            steps = self._retain(request, who, banks)
        else:
            steps = self._reflect(request, who, banks, authors)
        return steps  # type: ignore[no-any-return]  # each verb's steps end with its own answer

    def _retain(self, request: Retain, who: Caller, banks: Sequence[str] | None) -> Steps[Receipt]:
        recorder = Recorder(self.audit, Asked(who, "retain", request.items[0].content if request.items else ""))
        target: Target | None = None
        try:
            if len(request.items) != 1:
                raise InvalidInput(f"a member retains one memory in a call, not {len(request.items)}")
            [item] = request.items
            target = self.rights.write_target(who, banks[0] if banks else None)
            bank_id, signed, verdict = yield from self.prepared(who, target, item)
            if who.member and item.document_id is not None and bank_id == target.bank_id:
                yield from check_replacement(self._backend, who, target, item.document_id)
            recorder.begun(target)
            receipt: Receipt = yield request.at(bank_id, items=(signed,))
        except BaseException as error:
            recorder.failed(error, [target] if target else [], named=banks)
            raise
        held = bank_id != target.bank_id
        told = recorder.ended(
            [target],
            outcome="quarantined" if held else "allowed",
            count=receipt.items_count,
            ids={target.bank_id: receipt.memory_ids},
            reason=verdict.reason if verdict and verdict.reason else None,
        )
        notes = (*receipt.notes, *(verdict.notes if verdict else ()), *told)
        return replace(receipt, quarantined=held, held=int(held), notes=notes)

    def prepared(
        self, who: Caller, target: Target, item: RetainItem, *, counts: bool = True
    ) -> Steps[tuple[str, RetainItem, Verdict | None]]:
        """One item on its way into a bank: checked, judged by the guard and signed.

        Args:
            who: The caller.
            target: The bank that it is meant for.
            item: What was given.
            counts: Whether it is a write of its own; see ``guard.WriteAttempt``.

        Returns:
            The bank that it goes to, which is the review bank where the guard holds it back; the item; the verdict.
        """
        item, own, verdict = yield from self.judged(
            who, target.name, item, private="user" in target.grant.bank.needs, counts=counts
        )
        signed = self._signed(who, target, item, own)
        if verdict is not None and verdict.marks:
            signed = provenance.marked(signed, verdict.reason)
        bank_id, signed = self._destination(who, target, signed, verdict)
        return bank_id, signed, verdict

    def judged(
        self, who: Caller, bank: str, item: RetainItem, *, private: bool = False, counts: bool = True
    ) -> Steps[tuple[RetainItem, Sequence[str], Verdict | None]]:
        """One item that was checked and judged by the guard, its author's own tags, and the verdict."""
        own: Sequence[str] = self.defaults.tags if item.tags is None else tuple(check_tags(item.tags))
        check_metadata(item.metadata)
        if who.member:
            provenance.refuse_forgery(own, item.metadata or {}, heard=self.source == "others")
        if is_blank(check_text("content", item.content)):
            raise InvalidInput("content is empty; give the text to remember")
        if item.timestamp is None and self.clock is not None:
            item = replace(item, timestamp=self.clock())
        verdict: Verdict | None = None
        if self.guard is not None:
            inspection = Inspection(self.guard, who, bank, item, own, self.source, private, counts)
            found: Verdict = yield inspection
            item, own = inspection.judged(found)
            verdict = found
        return item, own, verdict

    def _recall(
        self, request: Recall, who: Caller, banks: Sequence[str] | None, authors: Sequence[str] | None
    ) -> Steps[RecallResult]:
        recorder = Recorder(self.audit, Asked(who, "recall", request.query))
        targets: list[Target] = []
        gaps: list[Gap] = []
        try:
            targets = self.rights.read_targets(who, Access.RECALL, banks)
            limit = self.defaults.max_tokens if request.max_tokens is None else request.max_tokens
            if self.clock is not None and request.query_timestamp is None:
                request = replace(request, query_timestamp=self.clock())
            answers = yield [self._narrowed(request, target, authors, max_tokens=limit) for target in targets]
            found, gaps = self._answered(targets, answers)
            result = federation.merge_recall(found, gaps, max_tokens=limit if len(targets) > 1 else None)
        except BaseException as error:
            recorder.failed(error, targets, named=banks)
            raise
        told = recorder.ended(targets, ids=ids_by_bank(result.results if recorder.records else ()), gaps=gaps)
        return replace(result, notes=(*result.notes, *told)) if told else result

    def _reflect(
        self, request: Reflect, who: Caller, banks: Sequence[str] | None, authors: Sequence[str] | None
    ) -> Steps[Reflection]:
        recorder = Recorder(self.audit, Asked(who, "reflect", request.query))
        targets: list[Target] = []
        gaps: list[Gap] = []
        try:
            targets = self.rights.read_targets(who, Access.REFLECT, banks)
            answers = yield [self._narrowed(request, target, authors) for target in targets]
            found, gaps = self._answered(targets, answers)
            result = federation.merge_reflect(found, gaps)
        except BaseException as error:
            recorder.failed(error, targets, named=banks)
            raise
        told = recorder.ended(targets, ids=ids_by_bank(result.based_on if recorder.records else ()), gaps=gaps)
        return replace(result, notes=(*result.notes, *told)) if told else result

    def _narrowed(self, request: Read, target: Target, authors: Sequence[str] | None, **settled: Any) -> Read:
        """The request for one bank, inside the grant's mandatory scope."""
        asked, defaults = request.filter, self.defaults
        tags = defaults.recall_tags if asked is None or asked.tags is None else asked.tags
        match = defaults.recall_tags_match if asked is None or asked.match is None else asked.match
        groups = () if asked is None else asked.groups
        scope = target.grant.scope_tags
        chosen = ALL
        if tags or groups or scope or authors or match != "any":
            check_choice("tags_match", match, TAGS_MATCHES)
            signed = self.identity.member is not None
            chosen = provenance.read_filter(
                signed=signed,
                tags=check_tags(tags),
                match=match,
                scope_tags=scope,
                authors=check_tags(authors, name="authors"),
                groups=groups,
            )
        budget = defaults.budget if request.budget is None else request.budget
        return request.at(target.bank_id, filter=chosen, budget=budget, **settled)

    def _answered(self, targets: Sequence[Target], answers: Sequence[Any]) -> tuple[list[tuple[str, Any]], list[Gap]]:
        """The answers by bank; a bank that fails costs only its own part, unless all of them do."""
        failures = [(t, a) for t, a in zip(targets, answers, strict=True) if isinstance(a, BackendError)]
        if failures and len(failures) == len(targets):
            raise failures[0][1]
        gaps = [Gap(target.name, str(error)) for target, error in failures]
        return [(t.name, a) for t, a in zip(targets, answers, strict=True) if not isinstance(a, BackendError)], gaps

    # --- writing ------------------------------------------------------------------------------------------------

    def _signed(self, who: Caller, target: Target, item: RetainItem, own: Sequence[str]) -> RetainItem:
        tags = provenance.sign_tags(who, own, target.grant.scope_tags)
        return replace(
            item,
            tags=tags,
            observation_scopes=provenance.observation_scopes(tags) if who.member else None,
            metadata=provenance.sign_metadata(who, item.metadata),
            document_id=item.document_id or provenance.stable_document_id(who, item.content, [*own, target.name]),
        )

    def _destination(
        self, who: Caller, target: Target, item: RetainItem, verdict: Verdict | None
    ) -> tuple[str, RetainItem]:
        if verdict is None or verdict.action != "quarantine":
            return target.bank_id, item
        return review_bank_id(who), quarantine_item(item, target.name, target.bank_id, verdict.reason)

    @contextmanager
    def _recording_a_bad_call(self, verb: str, options: Mapping[str, Any]) -> Iterator[None]:
        """Record a call that fails before it is a request, such as one with an option that does not exist."""
        try:
            yield
        except Exception as error:
            caller = options.get("caller")
            who = self.as_caller(caller) if isinstance(caller, Caller) else self.identity
            Recorder(self.audit, Asked(who, verb, "")).failed(error)
            raise


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
        left, item = verdict.attempt or self._attempt(), self.item
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
