"""Selection: what to forget, by the signature, the document and the tags of a memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypedDict

from hindsight_teams.access.signatures import identity_tag
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.envelopes import ReviewItem
from hindsight_teams.models import Memory
from hindsight_teams.requests.checks import check_ids
from hindsight_teams.requests.tags import check_tags
from hindsight_teams.text import is_blank


class SelectionOptions(TypedDict, total=False):
    """The fields of ``Selection``, as keywords."""

    memory_ids: Sequence[str]
    document_id: str | None
    author: str | None
    user: str | None
    session: str | None
    run: str | None
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Selection:
    """What to forget; what is given is ANDed. What was copied or derived from it goes too.

    Attributes:
        memory_ids: These memories. An observation goes with the memories that it rests on.
        document_id: All memories of this document.
        author: All that this member retained.
        user: All that was retained for this end user; where nothing else is selected, all that the banks of this user
            hold, whoever signed it.
        session: All that was retained in this session.
        run: All that was retained in this run.
        tags: All that carries every one of these tags.
    """

    memory_ids: Sequence[str] = ()
    document_id: str | None = None
    author: str | None = None
    user: str | None = None
    session: str | None = None
    run: str | None = None
    tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.memory_ids, str) or isinstance(self.tags, str):
            raise InvalidInput("memory_ids and tags must be lists")
        check_ids(self.memory_ids)
        check_tags(self.tags)
        names = ("document_id", "author", "user", "session", "run")
        if not any((self.memory_ids, self.tags, *(getattr(self, name) for name in names))):
            raise InvalidInput(
                "nothing was selected to forget; give a memory id, document, author, user, session, run or tag"
            )
        for name in names:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or is_blank(value)):
                # Left out, it would select all that the rest names.
                raise InvalidInput(f"{name}={value!r} must be a text with something in it, or be left out")

    @property
    def kept_tags(self) -> list[str]:
        """The tags that every selected memory carries, and all that was derived or copied from it too."""
        parts = (("author", self.author), ("user", self.user))
        return [*(identity_tag(name, value) for name, value in parts if value), *self.tags]

    @property
    def occasion_tags(self) -> list[str]:
        """The tags that a selected memory carries, and not all that was derived from it."""
        return [identity_tag(n, v) for n, v in (("session", self.session), ("run", self.run)) if v]

    @property
    def follows(self) -> bool:
        """Whether what was derived or copied from the selected memories must be looked for by their ids."""
        return bool(self.memory_ids or self.document_id or self.session or self.run)

    def names(self, memory: Memory) -> bool:
        """Whether the selection itself names this memory."""
        return (
            (not self.memory_ids or not {memory.id, *memory.former_ids}.isdisjoint(self.memory_ids))
            and (self.document_id is None or memory.document_id == self.document_id)
            and set(self.occasion_tags) <= set(memory.tags)
        )

    def names_held(self, item: ReviewItem) -> bool:
        """Whether the selection names the memory in an envelope, by any of its ids, or who put it there."""
        ids = {item.id, *item.envelope_ids, *([item.origin.rpartition("#")[2]] if item.origin else ())}
        documents = (item.item.document_id, item.envelope_document_id, item.approved_document_id)
        selected = {*self.kept_tags, *self.occasion_tags}
        return (
            (not self.memory_ids or not ids.isdisjoint(self.memory_ids))
            and (self.document_id is None or self.document_id in documents)
            and (selected <= set(item.item.tags or ()) or selected <= set(item.by))
        )

    def __str__(self) -> str:
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name)}
        return ", ".join(f"{name}={list(v) if not isinstance(v, str) else v!r}" for name, v in given.items())
