"""What one caller may do: every right is checked here, whoever calls.

The way of a call: plan (resolve the bank, check the grant, AND the scope, sign) -> execute (one request a bank,
concurrently) -> merge. A verb is one generator of decisions that yields the requests to make; two small loops drive
it, one with threads and one with coroutines, so that sync and async can't drift apart.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hindsight_teams import federation, provenance
from hindsight_teams.access import Access, Caller, Grant
from hindsight_teams.audit import AuditEvent, AuditSink, Outcome
from hindsight_teams.errors import (
    AccessDenied,
    BackendError,
    ContentRefused,
    HindsightTeamsError,
    InvalidInput,
    did_you_mean,
)
from hindsight_teams.models import (
    BUDGETS,
    TAGS_MATCHES,
    Budget,
    Gap,
    Memory,
    MemoryType,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagsMatch,
    check_choice,
    check_max_tokens,
)
from hindsight_teams.review import quarantine_item, review_bank_id
from hindsight_teams.steps import Request, Steps, arun, given, run
from hindsight_teams.tags import check_tags

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.guard import Guard, Verdict


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a read or write uses where the call says nothing."""

    budget: Budget = "mid"
    max_tokens: int = 4096
    tags: tuple[str, ...] = ()
    recall_tags: tuple[str, ...] = ()
    recall_tags_match: TagsMatch = "any"

    def __post_init__(self) -> None:
        check_choice("budget", self.budget, BUDGETS)
        check_max_tokens(self.max_tokens)
        check_choice("recall_tags_match", self.recall_tags_match, TAGS_MATCHES)
        check_tags(self.tags)
        check_tags(self.recall_tags, name="recall_tags")


@dataclass(frozen=True, slots=True)
class Question:
    """A read as it was asked, before rights and scope; ``more`` are the verb's own options."""

    query: str
    banks: Sequence[str] | None
    budget: Budget | None
    max_tokens: int | None
    tags: Sequence[str] | None
    tags_match: TagsMatch | None
    authors: Sequence[str] | None
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A bank that a call goes to, as this caller reaches it."""

    grant: Grant
    bank_id: str

    @property
    def name(self) -> str:
        """The bank's short name."""
        return self.grant.bank.name


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call as the audit tells of it."""

    caller: Caller
    verb: str
    text: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.perf_counter)


class MemberMemory:
    """The memory of one member: its grants, bound to its identity, over one backend.

    Args:
        backend: Where the banks live.
        grants: What this member holds.
        caller: Who it is: team and member, bound at composition. User, session and run are added by each call.
        defaults: Budget, limits and tags where a call gives none.
        guard: Inspects each retain before it is stored.
        audit: Where each operation is recorded, allowed or denied.
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
    ) -> None:
        self.backend = backend
        self.grants = tuple(grants)
        self.identity = caller or Caller()
        self.defaults = defaults or Defaults()
        self.guard = guard
        self.audit = audit

    def holds(self, access: Access) -> tuple[Grant, ...]:
        """The grants that include this access."""
        return tuple(g for g in self.grants if access in g.access)

    def bank_names(self, access: Access, caller: Caller) -> dict[str, str]:
        """Short names by bank id, of the banks this caller reaches with an access."""
        return {grant.bank.resolve(caller): grant.bank.name for grant in self.holds(access)}

    def bound(
        self, *, user: str | None = None, session: str | None = None, run: str | None = None, context: Any = None
    ) -> Caller:
        """This member as the caller of one run."""
        return replace(self.identity, user=user, session=session, run=run, context=context)

    # --- the verbs ---------------------------------------------------------------------------------------------

    def retain(
        self,
        content: str,
        *,
        caller: Caller | None = None,
        bank: str | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        context: str | None = None,
        timestamp: datetime | None = None,
        document_id: str | None = None,
        entities: Sequence[str] | None = None,
        append: bool = False,
    ) -> Receipt:
        """Store a memory, signed by the caller.

        Args:
            content: The text.
            caller: User, session and run of this call; team and member are always this member's own.
            bank: The bank's short name; may be left out where the member may write just one.
            tags: Extra tags; those that look like a signature are refused.
            metadata: Extra metadata, str to str; the keys of the signature are refused.
            context: What the content is about.
            timestamp: When it happened, aware; now when None.
            document_id: Retaining under the same id replaces; derived from author and text when None.
            entities: Names in it that are known beforehand.
            append: Add to the document instead of replacing it.

        Raises:
            AccessDenied: No RETAIN on the bank.
            IdentityRequired: The bank's scope needs a user (session, run) that the call does not carry.
            InvalidInput: A bad argument, or content that a guard refused.
            BackendError: It could not be stored.
        """
        return run(
            self.backend,
            self._retain(
                caller,
                bank,
                RetainItem(content, timestamp, context, metadata, tags, document_id, _update_mode(append), entities),
            ),
        )

    async def aretain(
        self,
        content: str,
        *,
        caller: Caller | None = None,
        bank: str | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        context: str | None = None,
        timestamp: datetime | None = None,
        document_id: str | None = None,
        entities: Sequence[str] | None = None,
        append: bool = False,
    ) -> Receipt:
        """Async twin of ``retain``."""
        return await arun(
            self.backend,
            self._retain(
                caller,
                bank,
                RetainItem(content, timestamp, context, metadata, tags, document_id, _update_mode(append), entities),
            ),
        )

    def recall(
        self,
        query: str,
        *,
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        budget: Budget | None = None,
        max_tokens: int | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch | None = None,
        authors: Sequence[str] | None = None,
        query_timestamp: datetime | None = None,
        types: Sequence[MemoryType] | None = None,
        explain: bool = False,
    ) -> RecallResult:
        """Find memories in all banks the member may recall from, merged, without duplicates, best first.

        Args:
            query: What to look for.
            caller: User, session and run of this call.
            banks: Only these banks, by short name.
            budget: How much work to do.
            max_tokens: Most tokens of memory text in the answer.
            tags: Only memories with these tags, inside the grant's mandatory scope.
            tags_match: How ``tags`` match.
            authors: Only memories retained by these members.
            query_timestamp: What "now" is for words such as "last week", aware.
            types: Only these kinds of memory.
            explain: Say why each memory was found.

        Returns:
            Memories, and the banks that could not answer as ``gaps``.

        Raises:
            AccessDenied: No RECALL on a bank that was named, or on any bank.
            IdentityRequired: A bank's scope needs a user that the call does not carry.
            InvalidInput: A bad argument.
            BackendError: No bank could answer.
        """
        more = {"query_timestamp": query_timestamp, "types": types, "explain": explain}
        asked = Question(query, banks, budget, max_tokens, tags, tags_match, authors, more)
        return run(self.backend, self._recall(caller, asked))

    async def arecall(
        self,
        query: str,
        *,
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        budget: Budget | None = None,
        max_tokens: int | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch | None = None,
        authors: Sequence[str] | None = None,
        query_timestamp: datetime | None = None,
        types: Sequence[MemoryType] | None = None,
        explain: bool = False,
    ) -> RecallResult:
        """Async twin of ``recall``."""
        more = {"query_timestamp": query_timestamp, "types": types, "explain": explain}
        asked = Question(query, banks, budget, max_tokens, tags, tags_match, authors, more)
        return await arun(self.backend, self._recall(caller, asked))

    def reflect(
        self,
        query: str,
        *,
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        budget: Budget | None = None,
        max_tokens: int | None = None,
        context: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch | None = None,
        authors: Sequence[str] | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> Reflection:
        """Answer a question from all banks the member may reflect on; parameters and errors as for ``recall``.

        Args:
            query: The question.
            caller: User, session and run of this call.
            banks: Only these banks, by short name.
            budget: How much work to do.
            max_tokens: Most tokens of the answer; the backend's own limit when None.
            context: What the question is about.
            tags: Only memories with these tags, inside the grant's mandatory scope.
            tags_match: How ``tags`` match.
            authors: Only memories retained by these members.
            response_schema: A JSON schema for a structured answer.
        """
        more = {"context": context, "response_schema": response_schema}
        asked = Question(query, banks, budget, max_tokens, tags, tags_match, authors, more)
        return run(self.backend, self._reflect(caller, asked))

    async def areflect(
        self,
        query: str,
        *,
        caller: Caller | None = None,
        banks: Sequence[str] | None = None,
        budget: Budget | None = None,
        max_tokens: int | None = None,
        context: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch | None = None,
        authors: Sequence[str] | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> Reflection:
        """Async twin of ``reflect``."""
        more = {"context": context, "response_schema": response_schema}
        asked = Question(query, banks, budget, max_tokens, tags, tags_match, authors, more)
        return await arun(self.backend, self._reflect(caller, asked))

    # --- plans: pure decisions, shared by both ways -------------------------------------------------------------

    def _retain(self, caller: Caller | None, bank: str | None, item: RetainItem) -> Steps[Receipt]:
        who = self.as_caller(caller)
        asked = _Asked(who, "retain", item.content)
        target: Target | None = None
        try:
            own = self.defaults.tags if item.tags is None else tuple(check_tags(item.tags))
            if who.member:
                provenance.refuse_forgery(own, item.metadata or {})
            check_content(item.content)
            target = self._write_target(who, bank)
            item, verdict = yield from self._inspect(who, target, item, own)
            signed = self._signed(who, target, item, own)
            bank_id, signed = self._destination(who, target, signed, verdict)
            [receipt] = yield [Request("retain_batch", (bank_id, [signed]))]
            given(receipt)
        except HindsightTeamsError as error:
            self._record(asked, [target] if target else [], error=error, bank=bank)
            raise
        stored: Receipt = replace(receipt, quarantined=bank_id != target.bank_id)
        self._record(
            asked,
            [target],
            outcome="quarantined" if stored.quarantined else "allowed",
            reason=verdict.reason if verdict and verdict.reason else None,
            count=stored.items_count,
            ids={target.bank_id: stored.memory_ids},
        )
        return stored

    def _recall(self, caller: Caller | None, question: Question) -> Steps[RecallResult]:
        who = self.as_caller(caller)
        asked = _Asked(who, "recall", question.query)
        targets: list[Target] = []
        limit = self.defaults.max_tokens if question.max_tokens is None else question.max_tokens
        try:
            targets = self._read_targets(who, Access.RECALL, question.banks)
            answers, gaps = yield from self._read("recall", targets, replace(question, max_tokens=limit))
            result = federation.merge_recall(answers, gaps, max_tokens=limit if len(targets) > 1 else None)
        except HindsightTeamsError as error:
            self._record(asked, targets, error=error)
            raise
        self._record(asked, targets, ids=_ids_by_bank(result.results), gaps=gaps)
        return result

    def _reflect(self, caller: Caller | None, question: Question) -> Steps[Reflection]:
        who = self.as_caller(caller)
        asked = _Asked(who, "reflect", question.query)
        targets: list[Target] = []
        try:
            targets = self._read_targets(who, Access.REFLECT, question.banks)
            answers, gaps = yield from self._read("reflect", targets, question)
            result = federation.merge_reflect(answers, gaps)
        except HindsightTeamsError as error:
            self._record(asked, targets, error=error)
            raise
        self._record(asked, targets, ids=_ids_by_bank(result.based_on), gaps=gaps)
        return result

    def _read(
        self, verb: str, targets: Sequence[Target], question: Question
    ) -> Steps[tuple[list[tuple[str, Any]], list[Gap]]]:
        """One request a bank; a bank that fails costs only its own part, unless all of them do."""
        answers = yield [self._request(verb, target, question) for target in targets]
        failures = [(t, a) for t, a in zip(targets, answers, strict=True) if isinstance(a, BackendError)]
        if failures and len(failures) == len(targets):
            raise failures[0][1]
        gaps = [Gap(target.name, str(error)) for target, error in failures]
        return [(t.name, a) for t, a in zip(targets, answers, strict=True) if not isinstance(a, BackendError)], gaps

    def _request(self, verb: str, target: Target, question: Question) -> Request:
        """One read of one bank: the question, inside the grant's mandatory scope."""
        check_query(question.query)
        if question.max_tokens is not None:
            check_max_tokens(question.max_tokens)
        match = self.defaults.recall_tags_match if question.tags_match is None else question.tags_match
        check_choice("tags_match", match, TAGS_MATCHES)
        narrowed = provenance.read_filter(
            signed=self.identity.member is not None,
            tags=self.defaults.recall_tags if question.tags is None else check_tags(question.tags),
            match=match,
            scope_tags=target.grant.scope_tags,
            authors=check_tags(question.authors, name="authors"),
        )
        options: dict[str, Any] = {"max_tokens": question.max_tokens, **question.more, **narrowed}
        given_options = {name: value for name, value in options.items() if value is not None and value is not False}
        return Request(
            verb, (target.bank_id, question.query), {"budget": self._budget(question.budget), **given_options}
        )

    # --- rights -------------------------------------------------------------------------------------------------

    def as_caller(self, caller: Caller | None) -> Caller:
        """The caller of a call: whatever is passed in, team and member stay those bound at composition."""
        if caller is None:
            return self.identity
        return replace(caller, team=self.identity.team, member=self.identity.member)

    def _write_target(self, who: Caller, bank: str | None) -> Target:
        held = self.holds(Access.RETAIN)
        if bank is None:
            if len(held) > 1:
                names = ", ".join(repr(g.bank.name) for g in held)
                raise InvalidInput(f"{self._name()} may write several banks; name one of {names}")
            grant = held[0] if held else self._denied(Access.RETAIN, None)
        else:
            grant = self._named(bank, Access.RETAIN)
        return Target(grant, grant.bank.resolve(who))

    def _read_targets(self, who: Caller, access: Access, banks: Sequence[str] | None) -> list[Target]:
        if isinstance(banks, str):
            banks = [banks]
        if banks is not None and not banks:
            raise InvalidInput("banks=[] names no bank; leave it out to read all that the member may read")
        grants = self.holds(access) if banks is None else tuple(self._named(bank, access) for bank in banks)
        if not grants:
            self._denied(access, None)
        return [Target(grant, grant.bank.resolve(who)) for grant in dict.fromkeys(grants)]

    def _named(self, bank: str, access: Access) -> Grant:
        for grant in self.grants:
            if grant.bank.name == bank:
                return grant if access in grant.access else self._denied(access, bank)
        held = [g.bank.name for g in self.holds(access)]
        raise AccessDenied(f"{self._name()} holds nothing on a bank {bank!r}; {did_you_mean(str(bank), held)}")

    def _denied(self, access: Access, bank: str | None) -> Grant:
        verb = access.verbs[0]
        where = f"on bank {bank!r}" if bank else "on any bank"
        raise AccessDenied(f"{self._name()} may not {verb} {where}; its grant must include {verb!r}")

    def _name(self) -> str:
        return f"member {self.identity.member!r}" if self.identity.member else "this toolkit"

    def _budget(self, budget: Budget | None) -> Budget:
        chosen = self.defaults.budget if budget is None else budget
        check_choice("budget", chosen, BUDGETS)
        return chosen

    # --- writing ------------------------------------------------------------------------------------------------

    def _inspect(
        self, who: Caller, target: Target, item: RetainItem, own: Sequence[str]
    ) -> Steps[tuple[RetainItem, Verdict | None]]:
        if self.guard is None:
            return item, None
        options = {
            "caller": who,
            "bank": target.name,
            "context": item.context,
            "tags": own,
            "metadata": item.metadata,
        }
        [verdict] = yield [Request("inspect", (item.content,), options, target=self.guard)]
        if verdict.error is not None:
            raise verdict.error
        return replace(item, content=verdict.text if verdict.text is not None else item.content), verdict

    def _signed(self, who: Caller, target: Target, item: RetainItem, own: Sequence[str]) -> RetainItem:
        tags = provenance.sign_tags(who, own, target.grant.scope_tags)
        return replace(
            item,
            tags=tags,
            metadata=provenance.sign_metadata(who, item.metadata),
            document_id=item.document_id or provenance.stable_document_id(who, item.content, [*own, target.name]),
        )

    def _destination(
        self, who: Caller, target: Target, item: RetainItem, verdict: Verdict | None
    ) -> tuple[str, RetainItem]:
        if verdict is None or verdict.action != "quarantine":
            return target.bank_id, item
        return review_bank_id(who), quarantine_item(item, target.name, target.bank_id, verdict.reason)

    # --- audit and execution ------------------------------------------------------------------------------------

    def _record(
        self,
        asked: _Asked,
        targets: Sequence[Target],
        *,
        error: HindsightTeamsError | None = None,
        outcome: Outcome = "allowed",
        count: int | None = None,
        ids: Mapping[str, Sequence[str]] | None = None,
        gaps: Sequence[Gap] = (),
        bank: str | None = None,
        reason: str | None = None,
    ) -> None:
        """One event a bank, so that the audit can be asked by bank."""
        if self.audit is None:
            return
        duration = (time.perf_counter() - asked.started) * 1e3
        if error is not None:
            outcome = "denied" if isinstance(error, AccessDenied | ContentRefused) else "error"
        failed = {gap.bank: gap.reason for gap in gaps}
        named: list[tuple[str | None, str | None]] = [(t.name, t.bank_id) for t in targets]
        for name, bank_id in named or [(bank, None)]:
            seen = tuple((ids or {}).get(bank_id or "", ()))
            self.audit.record(
                AuditEvent.by(
                    asked.caller,
                    asked.verb,
                    "error" if name in failed else outcome,
                    at=asked.at,
                    bank=name,
                    bank_id=bank_id,
                    count=len(seen) if count is None else count,
                    memory_ids=seen,
                    duration_ms=duration,
                    error=type(error).__name__ if error else None,
                    reason=str(error) if error else failed.get(name or "", reason),
                    text=asked.text,
                )
            )


def _ids_by_bank(memories: Sequence[Memory]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for memory in memories:
        ids.setdefault(memory.bank_id, []).append(memory.id)
    return ids


def _update_mode(append: bool) -> Any:
    return "append" if append else "replace"


def check_content(content: Any) -> None:
    """Refuse content that is no text.

    Raises:
        InvalidInput: Not a string, or only white space.
    """
    if not isinstance(content, str):
        raise InvalidInput(f"content must be a string, not {type(content).__name__}")
    if not content.strip():
        raise InvalidInput("content is empty; give the text to remember")


def check_query(query: Any) -> None:
    """Refuse a query that is no text.

    Raises:
        InvalidInput: Not a string, or only white space.
    """
    if not isinstance(query, str):
        raise InvalidInput(f"query must be a string, not {type(query).__name__}")
    if not query.strip():
        raise InvalidInput("query is empty; say what to look for")
