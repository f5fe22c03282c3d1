"""Every memory of a bank, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hindsight_teams.models import Memory
from hindsight_teams.requests import Capability, ListMemories

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

PAGE = 200
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
