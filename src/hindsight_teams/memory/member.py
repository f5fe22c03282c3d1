"""MemberMemory: retain, recall and reflect with the rights of one member.

The way of a call: an adapter makes a request that names no bank; here the rights are looked at, then the request is
completed for each bank (id, scope, signature) and carried out, and the answers are merged. A verb is one generator of
such requests, driven by ``requests.driver`` with threads or with coroutines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from hindsight_teams.access import signatures
from hindsight_teams.access.banks import Rights, Target
from hindsight_teams.access.grants import Access, Caller, Grant
from hindsight_teams.audit import AuditSink, Recorder, recording_failure
from hindsight_teams.errors import InvalidInput, Unsupported
from hindsight_teams.memory import merging
from hindsight_teams.memory.member_options import (
    Addressed,
    Defaults,
    MemberRecallOptions,
    MemberReflectOptions,
    MemberRetainOptions,
    addressed,
    retaining,
)
from hindsight_teams.memory.storing import check_replacement, prepared, retaining_many
from hindsight_teams.models import (
    TAGS_MATCHES,
    Gap,
    Memory,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    check_choice,
)
from hindsight_teams.requests.core import Capability, Recall, Reflect, Request, Retain, folded
from hindsight_teams.requests.driver import Steps, arun, run
from hindsight_teams.requests.tags import ALL, check_tags

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.guard import Guard, Source
    from hindsight_teams.memory.curation import Reviews

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
        for name, value in (("user", caller.user), ("session", caller.session), ("run", caller.run)):
            if value is not None and not isinstance(value, str):
                raise InvalidInput(f"the caller's {name} must be a string, not {type(value).__name__}")
        if caller.team == self.identity.team and caller.member == self.identity.member:
            return caller
        return replace(caller, team=self.identity.team, member=self.identity.member)

    # --- the verbs ---------------------------------------------------------------------------------------------

    def execute(self, request: Request[R], /, **to: Unpack[Addressed]) -> R:
        """Carry out a retain, a recall or a reflect that names no bank yet: the service completes it.

        Args:
            request: ``Retain``, ``Recall`` or ``Reflect``.
            **to: ``caller`` (user, session and run of this call; team and member are always this member's own),
                ``banks`` (by short name; for a retain at most one), ``authors`` (only memories retained by these).

        Raises:
            AccessDenied: The access is not held on a bank that was named, or on any bank.
            IdentityRequired: A bank's scope needs a user (session, run) that the call does not carry.
            InvalidInput: A bad argument, or content that a guard refused.
            BackendError: No bank could answer, or it could not be stored.
        """
        return run(self._backend, self.steps(request, **to))

    async def aexecute(self, request: Request[R], /, **to: Unpack[Addressed]) -> R:
        """Async twin of ``execute``."""
        return await arun(self._backend, self.steps(request, **to))

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
        return run(self._backend, self._told(content, options))

    async def aretain(self, content: str, **options: Unpack[MemberRetainOptions]) -> Receipt:
        """Async twin of ``retain``."""
        return await arun(self._backend, self._told(content, options))

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
        return run(self._backend, retaining_many(self, items, caller, bank, progress))

    async def aretain_many(
        self,
        items: Sequence[RetainItem],
        *,
        caller: Caller | None = None,
        bank: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Receipt:
        """Async twin of ``retain_many``."""
        return await arun(self._backend, retaining_many(self, items, caller, bank, progress))

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
        return run(self._backend, self._asked(Recall, query, options))

    async def arecall(self, query: str, **options: Unpack[MemberRecallOptions]) -> RecallResult:
        """Async twin of ``recall``."""
        return await arun(self._backend, self._asked(Recall, query, options))

    def reflect(self, query: str, **options: Unpack[MemberReflectOptions]) -> Reflection:
        """Answer a question from all banks the member may reflect on; errors as for ``recall``.

        Args:
            query: The question.
            **options: ``caller``, ``banks`` and ``authors`` as for ``recall``, and those of
                ``requests.ReflectOptions``.
        """
        return run(self._backend, self._asked(Reflect, query, options))

    async def areflect(self, query: str, **options: Unpack[MemberReflectOptions]) -> Reflection:
        """Async twin of ``reflect``."""
        return await arun(self._backend, self._asked(Reflect, query, options))

    # --- decisions, shared by both ways -------------------------------------------------------------------------

    def steps(
        self,
        request: Request[R],
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        authors: Sequence[str] | None = None,
    ) -> Steps[R]:
        """The steps of ``execute``, for a caller that drives them as a part of its own."""
        with self.recording_failure(request.verb, caller):
            who = self.as_caller(caller)
            if not isinstance(request, Recall | Retain | Reflect):
                raise Unsupported(f"a member can retain, recall and reflect; {request.verb} is for a backend")
        steps: Any
        if isinstance(request, Retain):
            steps = self._retain(request, who, banks)
        else:
            steps = self._read(request, who, banks, authors)
        return steps  # type: ignore[no-any-return]  # each verb's steps end with its own answer

    def _told(self, content: str, options: MemberRetainOptions) -> Steps[Receipt]:
        with self.recording_failure("retain", options.get("caller")):
            request, to = retaining(content, options)
        return self.steps(request, **to)

    def _asked(self, kind: Callable[..., Request[R]], query: str, options: Mapping[str, Any]) -> Steps[R]:
        with self.recording_failure("recall" if kind is Recall else "reflect", options.get("caller")):
            to, rest = addressed(options)
            request = kind(query=query, **folded(rest))
        return self.steps(request, **to)

    def _retain(self, request: Retain, who: Caller, banks: Sequence[str] | None) -> Steps[Receipt]:
        recorder = Recorder(self.audit, who, "retain", request.items[0].content if request.items else "")
        target: Target | None = None
        try:
            if len(request.items) != 1:
                raise InvalidInput(f"a member retains one memory in a call, not {len(request.items)}")
            [item] = request.items
            target = self.rights.write_target(who, banks[0] if banks else None)
            bank_id, signed, verdict = yield from prepared(self, who, target, item)
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
            ids={target.bank_id: [f"{bank_id}#{name}" if held else name for name in receipt.memory_ids]},
            reason=verdict.reason if verdict else None,
        )
        notes = (*receipt.notes, *(verdict.notes if verdict else ()), *told)
        return replace(receipt, quarantined=held, held=int(held), notes=notes)

    def _read(
        self, request: Recall | Reflect, who: Caller, banks: Sequence[str] | None, authors: Sequence[str] | None
    ) -> Steps[RecallResult | Reflection]:
        recorder = Recorder(self.audit, who, request.verb, request.query)
        targets: list[Target] = []
        gaps: list[Gap] = []
        result: RecallResult | Reflection
        try:
            if isinstance(request, Recall):
                targets = self.rights.read_targets(who, Access.RECALL, banks)
                limit = self.defaults.max_tokens if request.max_tokens is None else request.max_tokens
                if self.clock is not None and request.query_timestamp is None:
                    request = replace(request, query_timestamp=self.clock())
                answers = yield [self._narrowed(request, target, authors, max_tokens=limit) for target in targets]
                found, gaps = merging.answered(targets, answers)
                result = merging.merge_recall(found, gaps, max_tokens=limit if len(targets) > 1 else None)
                shown = result.results
            else:
                targets = self.rights.read_targets(who, Access.REFLECT, banks)
                answers = yield [self._narrowed(request, target, authors) for target in targets]
                found, gaps = merging.answered(targets, answers)
                result = merging.merge_reflect(found, gaps)
                shown = result.based_on
        except BaseException as error:
            recorder.failed(error, targets, named=banks)
            raise
        told = recorder.ended(targets, ids=_ids_by_bank(shown if recorder.records else ()), gaps=gaps)
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
            chosen = signatures.read_filter(
                signed=signed,
                tags=check_tags(tags),
                match=match,
                scope_tags=scope,
                authors=check_tags(authors, name="authors"),
                groups=groups,
            )
        budget = defaults.budget if request.budget is None else request.budget
        return request.at(target.bank_id, filter=chosen, budget=budget, **settled)

    def recording_failure(self, verb: str, caller: Any) -> AbstractContextManager[None]:
        """Record a call that fails before it is a request, such as one with an option that does not exist."""
        return recording_failure(self.audit, self.identity, verb, caller=caller)


def caller_of(memory: MemberMemory | Reviews, run_context: Any) -> Caller:
    """The caller of a run: team and member as bound, user, session and run from Agno's run context, nothing else."""
    user = getattr(run_context, "user_id", None)
    return memory.bound(
        user=None if isinstance(user, str) and not user.strip() else user,  # white space is nobody's name
        session=getattr(run_context, "session_id", None),
        run=getattr(run_context, "run_id", None),
        context=run_context,
    )


def _ids_by_bank(memories: Sequence[Memory]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for memory in memories:
        ids.setdefault(memory.bank_id, []).append(memory.id)
    return ids
