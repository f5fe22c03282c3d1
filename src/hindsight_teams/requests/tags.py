"""Tag filters: Hindsight's five match modes and its boolean groups. Pure.

A group is a leaf ``{"tags": [...], "match": "any_strict"}`` or one of ``{"and": [groups]}``, ``{"or": [groups]}``,
``{"not": group}``. The groups of a list are ANDed, and ANDed with the flat ``tags``/``tags_match`` pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import TAGS_MATCHES, TagGroup, TagsMatch, check_choice
from hindsight_teams.text import SURROGATES

UNSET: Final[Any] = None
"""The default of a field that whoever completes the request may still fill in."""


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Which memories a request is about, by their tags.

    Attributes:
        tags: Flat tags.
        match: How the flat tags match; ``any`` where nothing is said.
        groups: Boolean groups, each of which must match too.
    """

    tags: Sequence[str] = UNSET
    match: TagsMatch = UNSET
    groups: Sequence[TagGroup] = ()

    @property
    def trivial(self) -> bool:
        """Whether every memory passes."""
        return not self.groups and not self.tags and self.match != "exact"

    def accepts(self, memory_tags: AbstractSet[str]) -> bool:
        """Whether a memory with these tags passes."""
        return matches(self.tags, self.match, memory_tags) and all(matches_group(g, memory_tags) for g in self.groups)

    def checked(self) -> TagFilter:
        """The filter with nothing left open.

        Raises:
            InvalidInput: It shows the part that is wrong.
        """
        if self is ALL:
            return self
        match = "any" if self.match is None else self.match
        check_choice("tags_match", match, TAGS_MATCHES)
        groups = self.groups or ()
        if isinstance(groups, str | bytes | Mapping) or not isinstance(groups, Sequence):
            raise InvalidInput(f"tag_groups={groups!r} must be a list of groups")
        for group in groups:
            check_group(group)
        return TagFilter(tuple(check_tags(self.tags)), match, tuple(groups))


ALL: Final = TagFilter((), "any")
"""The filter that every memory passes."""


def matches(tags: Sequence[str] | None, match: TagsMatch, memory_tags: AbstractSet[str]) -> bool:
    """Whether a memory with ``memory_tags`` passes a flat filter.

    No tags given means no filter, except with ``exact``: then only untagged memories pass.
    """
    wanted = set(tags or ())
    if match == "exact":
        return memory_tags == wanted
    if not wanted:
        return True
    if not memory_tags:
        return match in ("any", "all")
    if match in ("any", "any_strict"):
        return not wanted.isdisjoint(memory_tags)
    return wanted <= memory_tags


def matches_group(group: TagGroup, memory_tags: AbstractSet[str]) -> bool:
    """Whether a memory with ``memory_tags`` passes one boolean group."""
    if "and" in group:
        return all(matches_group(g, memory_tags) for g in group["and"])
    if "or" in group:
        return any(matches_group(g, memory_tags) for g in group["or"])
    if "not" in group:
        return not matches_group(group["not"], memory_tags)
    return matches(group["tags"], group.get("match", "any_strict"), memory_tags)


def check_tags(tags: Any, *, name: str = "tags") -> list[str]:
    """The tags as a list.

    Raises:
        InvalidInput: Not a sequence of non-empty strings of valid Unicode without control characters.
    """
    if tags is None:
        return []
    if type(tags) not in (list, tuple) and (
        isinstance(tags, str | bytes) or not isinstance(tags, Sequence | AbstractSet)
    ):
        raise InvalidInput(f"{name}={tags!r} must be a list of strings")
    try:
        if all(map(str.strip, tags)) and "".join(tags).isprintable():  # as nearly always: one look instead of two a tag
            return list(tags)
    except TypeError:
        pass
    for tag in tags:
        if not isinstance(tag, str) or not tag.strip():
            raise InvalidInput(f"{name} holds {tag!r}; each tag must be a non-empty string")
        if any(ord(c) < 32 or ord(c) == 127 for c in tag):
            raise InvalidInput(f"{name} holds {tag!r}; a tag can't hold control characters")
        if SURROGATES.search(tag):
            raise InvalidInput(f"{name} holds {tag!r}, which is not valid Unicode: half of a surrogate pair; remove it")
    return list(tags)


def check_group(group: Any) -> None:
    """Refuse a group of the wrong shape.

    Raises:
        InvalidInput: It shows the group and what a group looks like.
    """
    if isinstance(group, Mapping):
        keys = set(group)
        if keys in ({"and"}, {"or"}):
            children = group["and" if "and" in group else "or"]
            if isinstance(children, Sequence) and not isinstance(children, str | bytes):
                for child in children:
                    check_group(child)
                return
        elif keys == {"not"}:
            check_group(group["not"])
            return
        elif "tags" in keys and keys <= {"tags", "match", "resolve"}:
            check_tags(group["tags"], name="tag_groups")
            check_choice("match", group.get("match", "any_strict"), TAGS_MATCHES)
            return
    raise InvalidInput(
        f"tag group {group!r} must be {{'tags': [...], 'match': ...}},"
        " {'and': [...]}, {'or': [...]} or {'not': ...}"
    )
