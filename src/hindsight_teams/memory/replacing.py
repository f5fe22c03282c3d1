"""Who may replace or append to a document: its author, and members that may read all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.access.rights import Target
from hindsight_teams.access.signatures import attributed
from hindsight_teams.errors import AccessDenied, Forbidden
from hindsight_teams.models import Memory, MemoryPage
from hindsight_teams.requests import Capability, ListMemories
from hindsight_teams.requests.driver import Steps
from hindsight_teams.text import cut

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

_PAGE = 500


def check_replacement(backend: MemoryBackend, who: Caller, target: Target, document_id: str) -> Steps[None]:
    """Refuse a member that would replace what it neither wrote nor may read.

    Raises:
        AccessDenied: The document holds such a memory.
    """
    if Capability.LIST not in backend.capabilities:
        return
    offset = 0
    while True:
        try:
            page: MemoryPage = yield ListMemories(
                bank=target.bank_id, limit=_PAGE, offset=offset, document_id=document_id
            )
        except Forbidden:  # a server that takes its rights from the team keeps authors apart by itself
            return
        if not all(_may_replace(who, target, attributed(memory)) for memory in page.memories):
            raise AccessDenied(
                f"the document {cut(document_id, 80)!r} holds what member {who.member!r} neither wrote nor may read,"
                " so it may not replace it; choose another document_id"
            )
        offset += _PAGE
        if offset >= page.total:
            return


def _may_replace(who: Caller, target: Target, memory: Memory) -> bool:
    if memory.type == "observation":  # it goes or stays with the memories that it rests on
        return True
    own = memory.author == who.member and memory.metadata.get("team") == who.team
    readable = Access.RECALL in target.grant.access and set(target.grant.scope_tags) <= set(memory.tags)
    return own or readable
