"""Real forgetting: what one selection names goes, from every bank of the team, with what was derived from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hindsight_teams.access import Caller
from hindsight_teams.audit import AuditEvent, AuditSink
from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import BankInfo, Memory, MemoryPage
from hindsight_teams.provenance import identity_tag
from hindsight_teams.steps import Request, Steps, arun, given, run
from hindsight_teams.tags import check_tags

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """What to forget; what is given is ANDed.

    Attributes:
        memory_ids: These memories, and copies that were promoted from them.
        document_id: All memories of this document.
        author: All that this member retained.
        user: All that was retained for this end user.
        session: All that was retained in this session.
        run: All that was retained in this run.
        tags: All that carries every one of these tags.
    """

    memory_ids: tuple[str, ...] = ()
    document_id: str | None = None
    author: str | None = None
    user: str | None = None
    session: str | None = None
    run: str | None = None
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.memory_ids, str) or isinstance(self.tags, str):
            raise InvalidInput("memory_ids and tags must be lists")
        check_tags(self.tags)
        if not any((self.memory_ids, self.document_id, self.author, self.user, self.session, self.run, self.tags)):
            raise InvalidInput(
                "nothing was selected to forget; give a memory id, document, author, user, session, run or tag"
            )

    @property
    def all_tags(self) -> list[str]:
        """The tags that every selected memory carries."""
        parts = (("author", self.author), ("user", self.user), ("session", self.session), ("run", self.run))
        return [*(identity_tag(name, value) for name, value in parts if value), *self.tags]

    def names(self, memory: Memory) -> bool:
        """Whether the selection by id names this memory, or the one it was promoted from."""
        if not self.memory_ids:
            return True
        lineage = memory.metadata.get("lineage") or memory.metadata.get("review_origin") or ""
        return memory.id in self.memory_ids or lineage.rpartition("#")[2] in self.memory_ids


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What goes, or went.

    Attributes:
        memories: By bank id, the memories that the selection names. Their text is shown for a dry run's sake.
        deleted: How many memories were deleted, with what was derived from them; 0 for a dry run.
        dry_run: Nothing was deleted.
    """

    memories: dict[str, list[Memory]] = field(default_factory=dict)
    deleted: int = 0
    dry_run: bool = True

    @property
    def count(self) -> int:
        """How many memories the selection names."""
        return sum(map(len, self.memories.values()))


class Forgetting:
    """Forgets on behalf of a team, in all its banks, private, per-user and review banks too.

    A memory belongs to the team by its signature (the tag ``team:...``), wherever its bank's id comes from.

    Args:
        backend: Where the banks live.
        team_id: The team.
        audit: Where it is recorded.
    """

    def __init__(self, backend: MemoryBackend, team_id: str, audit: AuditSink | None = None) -> None:
        self.backend = backend
        self.team_id = team_id
        self.audit = audit

    def forget(self, selection: Selection, *, dry_run: bool = True) -> ForgetReport:
        """Forget what the selection names; with ``dry_run`` only list it."""
        return run(self.backend, self._forget(selection, dry_run))

    async def aforget(self, selection: Selection, *, dry_run: bool = True) -> ForgetReport:
        """Async twin of ``forget``."""
        return await arun(self.backend, self._forget(selection, dry_run))

    def _forget(self, selection: Selection, dry_run: bool) -> Steps[ForgetReport]:
        [answer] = yield [Request("list_banks")]
        banks: Sequence[BankInfo] = given(answer)
        found: dict[str, list[Memory]] = {}
        for bank in banks:
            named = yield from self._named(bank.bank_id, selection)
            if named:
                found[bank.bank_id] = named
        if dry_run:
            return ForgetReport(found)
        deleted = 0
        for bank_id, memories in found.items():
            [answer] = yield [Request("delete_memories", (bank_id,), {"ids": [m.id for m in memories]})]
            count: int = given(answer)
            deleted += count
            self._record(bank_id, memories)
        return ForgetReport(found, deleted, dry_run=False)

    def _named(self, bank_id: str, selection: Selection) -> Steps[list[Memory]]:
        tags = [identity_tag("team", self.team_id), *selection.all_tags]
        found: list[Memory] = []
        offset = 0
        while True:
            options = {
                "limit": _PAGE,
                "offset": offset,
                "tags": tags,
                "tags_match": "all_strict",
                "document_id": selection.document_id,
            }
            [answer] = yield [Request("list_memories", (bank_id,), options)]
            page: MemoryPage = given(answer)
            found += [memory for memory in page.memories if selection.names(memory)]
            offset += _PAGE
            if offset >= page.total:
                return found

    def _record(self, bank_id: str, memories: Sequence[Memory]) -> None:
        if self.audit is not None:
            self.audit.record(
                AuditEvent.by(
                    Caller(team=self.team_id),
                    "forget",
                    "allowed",
                    bank_id=bank_id,
                    count=len(memories),
                    memory_ids=tuple(m.id for m in memories),
                )
            )
