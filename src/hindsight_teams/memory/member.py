"""What one caller may do: every right is checked here, whoever calls.

The way of a call: plan (resolve the bank, check the grant, AND the scope, sign) -> execute (one request a bank,
concurrently) -> merge. A verb is one generator of decisions that yields the requests to make; two small loops drive
it, one with threads and one with coroutines, so that sync and async can't drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hindsight_teams.access import signatures as provenance
from hindsight_teams.access.grants import Access, Caller, Grant
from hindsight_teams.access.rights import Rights, Target
from hindsight_teams.audit import AuditSink
from hindsight_teams.errors import (
    BackendError,
    HindsightTeamsError,
)
from hindsight_teams.memory import merging as federation
from hindsight_teams.memory.calls import Request, Steps, arun, given, run
from hindsight_teams.memory.envelopes import quarantine_item, review_bank_id
from hindsight_teams.memory.questions import Defaults, Question, check_content, check_metadata, check_query
from hindsight_teams.memory.recording import Asked, Done, events, ids_by_bank
from hindsight_teams.models import (
    BUDGETS,
    TAGS_MATCHES,
    Budget,
    Gap,
    MemoryType,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagsMatch,
    check_choice,
    check_max_tokens,
)
from hindsight_teams.requests.tags import check_tags

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.guard import Guard, Source, Verdict


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
        if caller.team == self.identity.team and caller.member == self.identity.member:
            return caller
        return replace(caller, team=self.identity.team, member=self.identity.member)

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
        asked = Asked(who, "retain", item.content)
        target: Target | None = None
        try:
            own: Sequence[str] = self.defaults.tags if item.tags is None else tuple(check_tags(item.tags))
            check_metadata(item.metadata)
            if who.member:
                provenance.refuse_forgery(own, item.metadata or {})
            check_content(item.content)
            target = self.rights.write_target(who, bank)
            item, own, verdict = yield from self._inspect(who, target, item, own)
            signed = self._signed(who, target, item, own)
            if verdict and verdict.marks:
                signed = provenance.marked(signed, verdict.reason)
            bank_id, signed = self._destination(who, target, signed, verdict)
            [receipt] = yield [Request("retain_batch", (bank_id, [signed]))]
            given(receipt)
        except HindsightTeamsError as error:
            self._record(asked, [target] if target else [], Done(error=error, named=[bank] if bank else ()))
            raise
        notes = (*receipt.notes, *verdict.notes) if verdict else receipt.notes
        stored: Receipt = replace(receipt, quarantined=bank_id != target.bank_id, notes=notes)
        done = Done(
            "quarantined" if stored.quarantined else "allowed",
            count=stored.items_count,
            ids={target.bank_id: stored.memory_ids},
            reason=verdict.reason if verdict and verdict.reason else None,
        )
        self._record(asked, [target], done)
        return stored

    def _recall(self, caller: Caller | None, question: Question) -> Steps[RecallResult]:
        who = self.as_caller(caller)
        asked = Asked(who, "recall", question.query)
        targets: list[Target] = []
        limit = self.defaults.max_tokens if question.max_tokens is None else question.max_tokens
        try:
            targets = self.rights.read_targets(who, Access.RECALL, question.banks)
            if question.max_tokens is None:
                question = replace(question, max_tokens=limit)
            answers, gaps = yield from self._read("recall", targets, question)
            result = federation.merge_recall(answers, gaps, max_tokens=limit if len(targets) > 1 else None)
        except HindsightTeamsError as error:
            self._record(asked, targets, Done(error=error, named=question.banks or ()))
            raise
        if self.audit is not None:
            self._record(asked, targets, Done(ids=ids_by_bank(result.results), gaps=gaps))
        return result

    def _reflect(self, caller: Caller | None, question: Question) -> Steps[Reflection]:
        who = self.as_caller(caller)
        asked = Asked(who, "reflect", question.query)
        targets: list[Target] = []
        try:
            targets = self.rights.read_targets(who, Access.REFLECT, question.banks)
            answers, gaps = yield from self._read("reflect", targets, question)
            result = federation.merge_reflect(answers, gaps)
        except HindsightTeamsError as error:
            self._record(asked, targets, Done(error=error, named=question.banks or ()))
            raise
        self._record(asked, targets, Done(ids=ids_by_bank(result.based_on), gaps=gaps))
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

    # --- writing ------------------------------------------------------------------------------------------------

    def _inspect(
        self, who: Caller, target: Target, item: RetainItem, own: Sequence[str]
    ) -> Steps[tuple[RetainItem, Sequence[str], Verdict | None]]:
        """The item and its author's tags as the guard lets them pass, with the guard's verdict."""
        if self.guard is None:
            return item, own, None
        from hindsight_teams.guard import WriteAttempt

        attempt = WriteAttempt(
            content=item.content,
            caller=who,
            bank=target.name,
            context=item.context,
            tags=own,
            metadata=item.metadata or {},
            entities=item.entities or (),
            document_id=item.document_id,
            source=self.source,
        )
        [verdict] = yield [Request("inspect", (attempt,), target=self.guard)]
        if verdict.error is not None:
            raise verdict.error
        left = verdict.attempt or attempt
        item = replace(
            item,
            content=left.content,
            context=left.context,
            metadata=left.metadata if item.metadata is not None else None,
            entities=list(left.entities) if item.entities is not None else None,
        )
        return item, left.tags, verdict

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

    def _budget(self, budget: Budget | None) -> Budget:
        chosen = self.defaults.budget if budget is None else budget
        check_choice("budget", chosen, BUDGETS)
        return chosen

    def _record(self, asked: Asked, targets: Sequence[Target], done: Done) -> None:
        if self.audit is not None:
            for event in events(asked, targets, done):
                self.audit.record(event)


def _update_mode(append: bool) -> Any:
    return "append" if append else "replace"
