"""List and delete the memories of one bank with a member's rights."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hindsight_teams.access.banks import Target
from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.audit import Recorder
from hindsight_teams.models import Memory, MemoryPage
from hindsight_teams.requests import ALL, Capability, DeleteBank, DeleteMemories, FindMemories, ListMemories, TagFilter
from hindsight_teams.requests.driver import Steps, arun, run

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.memory.member import MemberMemory

PAGE = 200
"""Memories of a page."""


@dataclass
class _Visit:
    """One audited call: the bank it goes to, and what it read or removed."""

    target: Target
    ids: Sequence[str] = ()
    count: int | None = None


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
        return run(self.memory._backend, self._list(limit, True, caller))

    async def anewest(self, limit: int, *, caller: Caller) -> list[Memory]:
        """Async twin of ``newest``."""
        return await arun(self.memory._backend, self._list(limit, True, caller))

    def oldest(self, limit: int, *, caller: Caller) -> list[Memory]:
        """The oldest memories, oldest first; errors as for ``newest``."""
        return run(self.memory._backend, self._list(limit, False, caller))

    def find(self, memory_id: str, *, caller: Caller) -> Memory | None:
        """The memory with this id, if the bank holds it; errors as for ``newest``."""
        return run(self.memory._backend, self._find(memory_id, caller))

    def remove(self, memory_ids: Sequence[str], *, caller: Caller) -> int:
        """Remove memories with what was derived from them; the number removed.

        Raises:
            AccessDenied: The member may not both retain in the bank and recall from it.
            IdentityRequired: The bank's scope needs a user that the call does not carry.
            BackendError: They could not be removed.
        """
        return run(self.memory._backend, self._remove(memory_ids, caller))

    def clear(self, *, caller: Caller) -> int:
        """Remove all that this member may see in the bank; the number removed, errors as for ``remove``.

        Without a mandatory scope that is the bank itself, with its name and missions; the next retain makes it anew.
        """
        return run(self.memory._backend, self._clear(caller))

    async def aclear(self, *, caller: Caller) -> int:
        """Async twin of ``clear``."""
        return await arun(self.memory._backend, self._clear(caller))

    def _list(self, limit: int, newest: bool, caller: Caller) -> Steps[list[Memory]]:
        with self._visit("recall", caller) as visit:
            found = yield from _facts(visit.target, limit, newest=newest)
            visit.ids = [memory.id for memory in found]
        return found

    def _find(self, memory_id: str, caller: Caller) -> Steps[Memory | None]:
        with self._visit("recall", caller) as visit:
            if Capability.SEARCH_ALL_BANKS in self.memory._backend.capabilities:
                answer: list[Memory] = yield FindMemories(ids=[memory_id], filter=_scope(visit.target))
                facts = [m for m in answer if m.bank_id == visit.target.bank_id and m.type != "observation"]
            else:
                facts = yield from _facts(visit.target, sys.maxsize, newest=False)
            found = next((memory for memory in facts if memory.id == memory_id), None)
            visit.ids = [memory_id] if found else ()
        return found

    def _remove(self, memory_ids: Sequence[str], caller: Caller) -> Steps[int]:
        with self._visit("forget", caller) as visit:
            removed: int = yield DeleteMemories(
                bank=visit.target.bank_id, ids=list(memory_ids), filter=_scope(visit.target)
            )
            visit.ids = memory_ids if removed else ()
        return removed

    def _clear(self, caller: Caller) -> Steps[int]:
        with self._visit("forget", caller) as visit:
            scope, bank_id = _scope(visit.target), visit.target.bank_id
            request = DeleteBank(bank=bank_id) if scope is ALL else DeleteMemories(bank=bank_id, filter=scope)
            removed: int = yield request
            visit.count = removed
        return removed

    @contextmanager
    def _visit(self, verb: str, caller: Caller) -> Iterator[_Visit]:
        """The bank, once the member's rights to it are certain; the call is recorded, however it ends."""
        with self.memory.recording_failure(verb, caller):
            recorder = Recorder(self.memory.audit, self.memory.as_caller(caller), verb, "")
        visit: _Visit | None = None
        try:
            if verb == "forget":
                self.memory.rights.write_target(recorder.caller, self.bank)
            [target] = self.memory.rights.read_targets(recorder.caller, Access.RECALL, [self.bank])
            visit = _Visit(target)
            if verb == "forget":
                recorder.begun(target)
            yield visit
        except BaseException as error:
            recorder.failed(error, [visit.target] if visit else [], named=[self.bank])
            raise
        recorder.ended([target], ids={target.bank_id: visit.ids}, count=visit.count)


def _facts(target: Target, limit: int, *, newest: bool) -> Steps[list[Memory]]:
    """The newest or the oldest memories, oldest first, without the observations that a server derives from them."""
    page = yield from _page(target, PAGE, 0)
    found, offset = _own(page), len(page.memories)
    if newest and offset < page.total:
        found, end = [], page.total
        while end > 0 and len(found) < limit:
            start = max(0, end - PAGE)
            page = yield from _page(target, end - start, start)
            found, end = _own(page) + found, start
    else:
        while page.memories and offset < page.total and len(found) < limit:
            page = yield from _page(target, PAGE, offset)
            found, offset = found + _own(page), offset + len(page.memories)
    return found[-limit:] if newest else found[:limit]


def _own(page: MemoryPage) -> list[Memory]:
    return [memory for memory in page.memories if memory.type != "observation"]


def _page(target: Target, limit: int, offset: int) -> Steps[MemoryPage]:
    page: MemoryPage = yield ListMemories(bank=target.bank_id, limit=limit, offset=offset, filter=_scope(target))
    return page


def _scope(target: Target) -> TagFilter:
    """What the grant's mandatory scope lets through."""
    return TagFilter(target.grant.scope_tags, "all_strict") if target.grant.scope_tags else ALL


OVERLAP = 20
"""Rows that two pages share, since a server's listing may shift between two requests."""


def pages(backend: MemoryBackend, bank_id: str) -> Iterator[list[Memory]]:
    """The memories of a bank, oldest first, each once; no more than two pages are held at once.

    The embedded engine finds each page by the memory before it. A server knows only offsets: there a page costs the
    server more, the further back it begins.
    """
    if Capability.LIST_AFTER in backend.capabilities:
        page = backend.execute(ListMemories(bank=bank_id, limit=PAGE)).memories
        while page:
            yield page
            more = len(page) == PAGE
            after = page[-1].id
            page = backend.execute(ListMemories(bank=bank_id, limit=PAGE, after=after)).memories if more else []
        return
    offset = 0
    before: set[str] = set()
    while True:
        page = backend.execute(ListMemories(bank=bank_id, limit=PAGE, offset=offset)).memories
        yield [memory for memory in page if memory.id not in before]
        if len(page) < PAGE:
            return
        before = {memory.id for memory in page}
        offset += PAGE - OVERLAP
