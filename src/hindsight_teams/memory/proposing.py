"""Propose memories for another bank of the team; each waits in the review bank for a curator's decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hindsight_teams.access.banks import review_bank_id
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.access.signatures import attributed, for_bank_of, read_filter, undecided
from hindsight_teams.audit import BankName, Recorder
from hindsight_teams.errors import AccessDenied, InvalidInput, NotFound, did_you_mean
from hindsight_teams.memory.envelopes import ReviewItem, seal, unseal
from hindsight_teams.models import Memory, RecallResult, RetainItem
from hindsight_teams.requests import Recall, Retain
from hindsight_teams.requests.checks import check_context
from hindsight_teams.requests.driver import Steps, arun, given, run
from hindsight_teams.text import is_blank

if TYPE_CHECKING:
    from hindsight_teams.guard import Verdict
    from hindsight_teams.memory.member import MemberMemory

from hindsight_teams.access import signatures
from hindsight_teams.memory.storing import AT_ONCE, asking, batches, judged, numbered

MAX_REASON = 500
"""Characters of the reason of a proposal, which a curator reads."""
_BRACKETS = re.compile(r"\[(?!redacted: [\w ]{1,40}\])([^\[\]]*)\]?")


class Proposals:
    """A member's right to propose its own memories for another bank of the team.

    Args:
        memory: The member's memory: only what it may recall can be proposed.
        definition: The team, with the banks that memories can be proposed for.
    """

    def __init__(self, memory: MemberMemory, definition: TeamDefinition) -> None:
        self.memory = memory
        self.definition = definition

    def propose(self, text: str, *, to: str, reason: str = "", caller: Caller | None = None) -> ReviewItem:
        """Propose a memory for another bank. It is in no read until a curator approves it.

        Args:
            text: The memory's text, as recall gave it.
            to: Short name of the bank that it should be in.
            reason: Why, for the curator.
            caller: User, session and run of this call.

        Raises:
            AccessDenied: The member may not recall, or not propose.
            NotFound: None of the banks that the member may recall from holds this text.
            InvalidInput: An unknown bank.
        """
        return run(self.memory._backend, self._propose(text, to, reason, caller))

    async def apropose(self, text: str, *, to: str, reason: str = "", caller: Caller | None = None) -> ReviewItem:
        """Async twin of ``propose``."""
        return await arun(self.memory._backend, self._propose(text, to, reason, caller))

    def propose_many(
        self, items: Sequence[RetainItem], *, to: str, reason: str = "", caller: Caller | None = None
    ) -> list[ReviewItem]:
        """Propose memories that no bank holds yet, such as parts of a file; each waits for a decision of its own.

        The guard judges them as it judges a retain. The same proposal twice is one.

        Args:
            items: What should be stored.
            to: Short name of the bank that they should be in.
            reason: Why, for the curator.
            caller: User, session and run of this call.

        Raises:
            AccessDenied: The member may not propose.
            InvalidInput: An unknown bank, a bad item, or one that the guard refused; ``details["number"]`` tells which.
        """
        return run(self.memory._backend, self._propose_many(items, to, reason, caller))

    async def apropose_many(
        self, items: Sequence[RetainItem], *, to: str, reason: str = "", caller: Caller | None = None
    ) -> list[ReviewItem]:
        """Async twin of ``propose_many``."""
        return await arun(self.memory._backend, self._propose_many(items, to, reason, caller))

    def _propose(self, text: str, to: str, reason: str, caller: Caller | None) -> Steps[ReviewItem]:
        who = asking(self.memory, "propose", caller, ())
        recorder = Recorder(self.memory.audit, who, "propose")
        try:
            item = yield from self._proposed(who, text, to, reason, recorder)
        except BaseException as error:
            recorder.failed(error, named=to)
            raise
        assert item.origin is not None  # the key of the memory that was found
        recorder.ended([BankName(to, item.bank_id)], ids={item.bank_id: [item.origin]}, reason=f"proposal {item.id}")
        return item

    def target_id(self, who: Caller, to: str, reason: str) -> str:
        """The id of the bank that is proposed for, once the right to propose is certain.

        Raises:
            AccessDenied: The member may not propose.
            InvalidInput: An unknown bank, or a reason that is too long.
        """
        if len(check_context(reason)) > MAX_REASON:
            raise InvalidInput(f"the reason has {len(reason):,} characters; say it in {MAX_REASON}")
        if who.member not in self.definition.proposers:
            raise AccessDenied(f"member {who.member!r} may not propose memories; name it in proposers under [review]")
        if not isinstance(to, str) or to not in self.definition.banks:
            raise InvalidInput(
                f"there is no bank {to!r} to propose for; {did_you_mean(str(to), self.definition.banks)}"
            )
        return self.definition.banks[to].resolve(who)

    def _judged_reason(self, who: Caller, to: str, reason: str) -> Steps[str]:
        """The reason as the guard lets it pass: it is stored beside the memory, and a curator reads it."""
        if is_blank(reason):
            return reason
        passed, _, verdict = yield from judged(self.memory, who, to, RetainItem(reason), counts=False)
        return _with_finding(_BRACKETS.sub(r"(\1)", passed.content), "this reason", verdict)

    def _proposed(self, who: Caller, text: str, to: str, reason: str, recorder: Recorder) -> Steps[ReviewItem]:
        target_id = self.target_id(who, to, reason)
        reason = yield from self._judged_reason(who, to, reason)
        own = self.memory.rights.read_targets(who, Access.RECALL, None)
        answers = yield [
            Recall(bank=source.bank_id, query=text, filter=read_filter(signed=True, scope_tags=source.grant.scope_tags))
            for source in own
            if source.bank_id != target_id
        ]
        wanted = " ".join(text.split())
        saying: list[Memory] = []
        for answer in answers:
            result: RecallResult = given(answer)
            told = (m for m in result.results if " ".join(m.text.split()) == wanted)
            saying += (attributed(m) for m in told if m.superseded_by is None)  # a copy would not say that it was
        if not saying:
            raise NotFound(
                "no bank you may recall from holds exactly this memory as it is now; recall it, then propose its text"
            )
        # Of several that say it, what was told for the same user: with that user it is forgotten.
        found = min(
            saying, key=lambda m: (m.author is None, m.metadata.get("user") != who.user, m.type == "observation")
        )
        metadata, tags = undecided(found.metadata, found.tags)
        metadata, tags = for_bank_of(who, self.definition.banks[to].needs, metadata, tags)
        item = replace(found.to_item(), metadata=metadata, tags=tags)
        origin = f"{found.bank_id}#{found.id}"
        by = signatures.signature_tags(signatures.sign_tags(who, (), ()))
        sealed = seal("proposal", item, bank=to, bank_id=target_id, reason=reason, origin=origin, by=by)
        recorder.begun(BankName(to, target_id))
        yield Retain(bank=review_bank_id(who), items=[sealed])
        return _opened(sealed)

    def _propose_many(
        self, items: Sequence[RetainItem], to: str, reason: str, caller: Caller | None
    ) -> Steps[list[ReviewItem]]:
        memory = self.memory
        who = asking(memory, "propose", caller, items)
        recorder = Recorder(memory.audit, who, "propose")
        try:
            target_id = self.target_id(who, to, reason)
            reason = yield from self._judged_reason(who, to, reason)
            grant = self.definition.grant(who.member or "", to)
            scope = grant.scope_tags if grant is not None else ()
            sealed = []
            for number, item in enumerate(items, 1):
                try:
                    passed, own, verdict = yield from judged(memory, who, to, item, counts=number == 1)
                except InvalidInput as error:
                    raise numbered(error, number, len(items)) from error
                signed = replace(
                    passed,
                    tags=signatures.sign_tags(who, own, scope),
                    metadata=signatures.sign_metadata(who, passed.metadata),
                )
                told = _with_finding(reason, "this memory", verdict)
                sealed.append(seal("proposal", signed, bank=to, bank_id=target_id, reason=told))
            recorder.begun(BankName(to, target_id))
            for load in batches(([envelope] for envelope in sealed), AT_ONCE):
                yield Retain(bank=review_bank_id(who), items=load)
        except BaseException as error:
            recorder.failed(error, named=to)
            raise
        waiting = list(map(_opened, sealed))
        names = ", ".join(found.id for found in waiting[:20]) + (", ..." if len(waiting) > 20 else "")
        recorder.ended([BankName(to, target_id)], count=len(waiting), reason=f"proposals {names}".strip())
        return waiting


def _with_finding(reason: str, where: str, verdict: Verdict | None) -> str:
    """The reason of a proposal, after what a guard found that it would have marked or held back in a retain.

    So no long reason pushes it out of a list. It alone stands in square brackets, so no reason imitates it.
    """
    if verdict is None or verdict.action not in ("mark", "quarantine"):
        return reason
    return f"[the write guard found in {where}: {verdict.reason}] {reason}".strip()


def _opened(sealed: RetainItem) -> ReviewItem:
    """The item in an envelope that was sealed just now."""
    opened = unseal(sealed.metadata or {})
    assert opened is not None
    return opened
