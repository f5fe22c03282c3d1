"""Which memories a read may see: tags, boolean groups and types, as a condition of the index and as an exact check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hindsight_teams.backends.sqlite.store.records import unpack_tags
from hindsight_teams.backends.sqlite.text.terms import UNTAGGED, tag_term
from hindsight_teams.models import MemoryType, TagGroup, TagsMatch
from hindsight_teams.requests.tags import matches, matches_group

MOST_TAGS = 100
"""Tags of one filter that go into the index's condition; a longer filter is only checked row by row."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of memories; the default lets everything through."""

    tags: tuple[str, ...] = ()
    match: TagsMatch = "any"
    groups: tuple[TagGroup, ...] = ()
    types: frozenset[MemoryType] | None = None

    @property
    def trivial(self) -> bool:
        """Whether everything passes."""
        return self.types is None and not self.groups and not self.tags and self.match != "exact"

    def accepts(self, tags_column: str | None, kind: str) -> bool:
        """Whether a memory with this column of tags and this type passes."""
        if self.types is not None and kind not in self.types:
            return False
        if not self.groups and not self.tags and self.match != "exact":
            return True
        held = set(unpack_tags(tags_column))
        return matches(self.tags, self.match, held) and all(matches_group(group, held) for group in self.groups)

    def condition(self) -> str | None:
        """The tags as a full-text condition that every memory which ``accepts`` takes meets, where there is one."""
        parts = [_leaf(self.tags, self.match), *map(_group, self.groups)]
        return _joined(parts, " AND ", skip=True)


def _leaf(tags: Sequence[str], match: TagsMatch) -> str | None:
    wanted = sorted({f'"{tag_term(tag)}"' for tag in tags})
    if len(wanted) > MOST_TAGS:
        return None
    untagged = f'"{UNTAGGED}"'
    if not wanted:
        return untagged if match == "exact" else None
    if match in ("any", "any_strict"):
        return _joined([*wanted, untagged] if match == "any" else wanted, " OR ")
    together = _joined(wanted, " AND ")
    return _joined([together, untagged], " OR ") if match == "all" else together


def _group(group: TagGroup) -> str | None:
    if "and" in group:
        return _joined([_group(g) for g in group["and"]], " AND ", skip=True)
    if "or" in group:
        return _joined([_group(g) for g in group["or"]], " OR ")
    if "not" in group:  # full-text search can only subtract from something; the exact check does it
        return None
    return _leaf(group["tags"], group.get("match", "any_strict"))


def _joined(parts: Sequence[str | None], operator: str, *, skip: bool = False) -> str | None:
    known = [part for part in parts if part is not None]
    if not known or (len(known) < len(parts) and not skip):
        return None
    return f"({operator.join(known)})" if len(known) > 1 else known[0]
