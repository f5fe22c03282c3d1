"""``hindsight-teams bank stats``: how much a bank holds, whose it is and what it is about."""

from __future__ import annotations

from collections.abc import Iterable

from hindsight_teams.cli.options import Bank, Db, Json, Url, backend, insist_on
from hindsight_teams.cli.output import day, item, print_json, styled
from hindsight_teams.models import TagCount

_MOST = 10


def stats(bank: Bank, *, db: Db = None, url: Url = None, json: Json = False) -> None:
    """Count a bank's memories, documents, authors and tags."""
    from hindsight_teams.access.banks import unescape
    from hindsight_teams.access.signatures import own_tags

    with backend(db, url, must_exist=True) as memory:
        insist_on(memory, bank)
        counts, tags = memory.bank_stats(bank), memory.list_tags(bank)
        first = memory.list_memories(bank, limit=1).memories
    authors = [
        TagCount(unescape(name) or name, tag.count)
        for tag in tags
        for prefix, _, name in [tag.tag.partition(":")]
        if prefix == "author"
    ]
    own = [tag for tag in tags if own_tags([tag.tag])]
    if json:
        print_json({"stats": counts, "authors": authors, "tags": own})
        return
    rows = [
        ("memories", f"{counts.memories:,}"),
        ("documents", f"{counts.documents:,}"),
        ("observations", f"{counts.observations:,}" if counts.observations else ""),
        ("entities", f"{counts.entities:,}" if counts.entities else ""),
        ("pending", f"{counts.pending_operations:,}" if counts.pending_operations else ""),
        ("failed", f"{counts.failed_operations:,}" if counts.failed_operations else ""),
        ("first noted", day(first[0].mentioned_at) if first else ""),
        ("last write", day(counts.last_write_at)),
        ("authors", _named(authors)),
        ("tags", _named(own)),
    ]
    item(styled(""), styled((bank, "bold")))
    width = max(len(name) for name, _ in rows)
    for name, told in rows:
        if told:
            item(styled((f"{name:<{width}}  ", "dim")), styled(told))


def _named(counts: Iterable[TagCount]) -> str:
    """The most frequent, and how many more there are."""
    found = list(counts)
    more = f" and {len(found) - _MOST:,} more" if len(found) > _MOST else ""
    return ", ".join(f"{count.tag} ({count.count:,})" for count in found[:_MOST]) + more
