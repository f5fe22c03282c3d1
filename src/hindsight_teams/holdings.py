"""What one bank holds, listed and removed with a member's rights: to list it must recall, to remove also retain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hindsight_teams.access import Access, Caller
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.models import Memory, MemoryPage
from hindsight_teams.recording import Asked, Done, events
from hindsight_teams.rights import Target
from hindsight_teams.steps import Request, Steps, arun, given, run

if TYPE_CHECKING:
    from hindsight_teams.service import MemberMemory

_PAGE = 200


@dataclass
class _Visit:
    """One audited call: the bank it goes to, and the ids it read or removed."""

    target: Target
    ids: Sequence[str] = ()


class Holdings:
    """One bank of a member, as a list of memories. Every call is audited, as ``recall`` or as ``forget``.

    Args:
        memory: The member's memory.
        bank: The bank's short name.
    """

    def __init__(self, memory: MemberMemory, bank: str) -> None:
        self.memory = memory
        self.bank = bank

    def newest(self, limit: int, *, caller: Caller) -> list[Memory]:
        """The newest memories, the oldest of them first.

        Raises:
            AccessDenied: The member may not recall from the bank.
            IdentityRequired: The bank's scope needs a user that the call does not carry.
            BackendError: The bank could not be read.
        """
        return run(self.memory.backend, self._newest(limit, caller))

    async def anewest(self, limit: int, *, caller: Caller) -> list[Memory]:
        """Async twin of ``newest``."""
        return await arun(self.memory.backend, self._newest(limit, caller))

    def oldest(self, limit: int, *, caller: Caller) -> list[Memory]:
        """The oldest memories, oldest first; errors as for ``newest``."""
        return run(self.memory.backend, self._oldest(limit, caller))

    def find(self, memory_id: str, *, caller: Caller) -> Memory | None:
        """The memory with this id, if the bank holds it; errors as for ``newest``."""
        return run(self.memory.backend, self._find(memory_id, caller))

    def remove(self, memory_ids: Sequence[str], *, caller: Caller) -> int:
        """Remove memories with what was derived from them; the number removed.

        Raises:
            AccessDenied: The member may not both retain in the bank and recall from it.
            IdentityRequired: The bank's scope needs a user that the call does not carry.
            BackendError: They could not be removed.
        """
        return run(self.memory.backend, self._remove(memory_ids, caller))

    def clear(self, *, caller: Caller) -> int:
        """Remove all that this member may see in the bank; the number removed, errors as for ``remove``."""
        return run(self.memory.backend, self._clear(caller))

    async def aclear(self, *, caller: Caller) -> int:
        """Async twin of ``clear``."""
        return await arun(self.memory.backend, self._clear(caller))

    def _newest(self, limit: int, caller: Caller) -> Steps[list[Memory]]:
        with self._visit("recall", caller) as visit:
            page = yield from _page(visit.target, limit)
            if page.total > limit:
                page = yield from _page(visit.target, limit, page.total - limit)
            visit.ids = [memory.id for memory in page.memories]
        return page.memories

    def _oldest(self, limit: int, caller: Caller) -> Steps[list[Memory]]:
        with self._visit("recall", caller) as visit:
            page = yield from _page(visit.target, limit)
            visit.ids = [memory.id for memory in page.memories]
        return page.memories

    def _find(self, memory_id: str, caller: Caller) -> Steps[Memory | None]:
        offset = 0
        with self._visit("recall", caller) as visit:
            while True:
                page = yield from _page(visit.target, _PAGE, offset)
                found = [memory for memory in page.memories if memory.id == memory_id]
                offset += len(page.memories)
                if found or not page.memories or offset >= page.total:
                    visit.ids = [memory.id for memory in found]
                    return found[0] if found else None

    def _remove(self, memory_ids: Sequence[str], caller: Caller) -> Steps[int]:
        with self._visit("forget", caller) as visit:
            removed = yield from _delete(visit.target, memory_ids)
            visit.ids = memory_ids if removed else ()
        return removed

    def _clear(self, caller: Caller) -> Steps[int]:
        gone: list[str] = []
        with self._visit("forget", caller) as visit:
            while True:
                page = yield from _page(visit.target, _PAGE)
                ids = [memory.id for memory in page.memories]
                if not ids or not (yield from _delete(visit.target, ids)):
                    visit.ids = gone
                    return len(gone)
                gone += ids

    @contextmanager
    def _visit(self, verb: str, caller: Caller) -> Iterator[_Visit]:
        """The bank, once the member's rights to it are certain; the call is recorded, however it ends."""
        asked = Asked(self.memory.as_caller(caller), verb, "")
        visit: _Visit | None = None
        done = Done(bank=self.bank)
        try:
            if verb == "forget":
                self.memory.rights.write_target(asked.caller, self.bank)
            [target] = self.memory.rights.read_targets(asked.caller, Access.RECALL, [self.bank])
            visit = _Visit(target)
            yield visit
            done = Done(ids={target.bank_id: visit.ids})
        except HindsightTeamsError as error:
            done = Done(error=error, bank=self.bank)
            raise
        finally:
            if self.memory.audit is not None:
                for event in events(asked, [visit.target] if visit else [], done):
                    self.memory.audit.record(event)


def _page(target: Target, limit: int, offset: int = 0) -> Steps[MemoryPage]:
    """A page of what the grant's mandatory scope lets through."""
    scope = {"tags": list(target.grant.scope_tags) or None, "tags_match": "all_strict"}
    [answer] = yield [Request("list_memories", (target.bank_id,), {"limit": limit, "offset": offset, **scope})]
    page: MemoryPage = given(answer)
    return page


def _delete(target: Target, memory_ids: Sequence[str]) -> Steps[int]:
    scope = {"tags": list(target.grant.scope_tags) or None, "tags_match": "all_strict"}
    [answer] = yield [Request("delete_memories", (target.bank_id,), {"ids": list(memory_ids), **scope})]
    removed: int = given(answer)
    return removed
