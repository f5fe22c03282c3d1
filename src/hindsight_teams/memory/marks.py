"""Memories that the write guard marked, as items that a curator decides on.

A marked memory is recalled like any other, with a warning. Approving it stores it anew without the mark; rejecting it
deletes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from hindsight_teams.access.signatures import MARK, identity_tag
from hindsight_teams.memory.envelopes import ReviewItem
from hindsight_teams.models import Memory, MemoryPage, RetainItem
from hindsight_teams.requests import ListMemories, TagFilter
from hindsight_teams.requests.driver import Steps

MARKED = "marked"
"""The kind of these items."""

_PAGE = 200


def item_of(memory: Memory) -> RetainItem:
    """A stored memory as it would be retained again."""
    return RetainItem(
        content=memory.text,
        timestamp=memory.mentioned_at,
        context=memory.context,
        metadata=dict(memory.metadata),
        tags=list(memory.tags),
        entities=list(memory.entities) or None,
    )


def marked_items(team_id: str, banks: Iterable[tuple[str, str, Sequence[str]]]) -> Steps[list[ReviewItem]]:
    """The marked memories of some banks, oldest first within a bank.

    Args:
        team_id: Whose memories.
        banks: Of each bank its short name, its id, and the tags that a memory there must carry to be shown.
    """
    found: list[ReviewItem] = []
    for name, bank_id, scope_tags in banks:
        chosen = TagFilter([identity_tag("team", team_id), MARK, *scope_tags], "all_strict")
        offset = 0
        while True:
            page: MemoryPage = yield ListMemories(bank=bank_id, limit=_PAGE, offset=offset, filter=chosen)
            # What a server derived from a marked memory goes, or loses its mark, with that memory.
            found += (_marked(memory, name) for memory in page.memories if memory.type != "observation")
            offset += _PAGE
            if offset >= page.total:
                break
    return found


def _marked(memory: Memory, bank: str) -> ReviewItem:
    return ReviewItem(
        id=hashlib.sha256(f"{MARKED}\0{memory.bank_id}\0{memory.id}".encode()).hexdigest()[:16],
        kind=MARKED,
        bank=bank,
        bank_id=memory.bank_id,
        reason=memory.marked or "",
        item=item_of(memory),
        envelope_ids=(memory.id,),
    )
