"""FakeBackend: banks in a dict, for tests that need a backend and no file, server or model."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import wraps
from itertools import count
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from hindsight_teams.access.banks import check_bank_id
from hindsight_teams.errors import BankNotFound, Unsupported
from hindsight_teams.models import (
    BankInfo,
    BankStats,
    Budget,
    Health,
    Memory,
    MemoryPage,
    MemoryType,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    Signal,
    TagCount,
    TagGroup,
    TagsMatch,
    UpdateMode,
)
from hindsight_teams.requests import checks
from hindsight_teams.requests.tags import matches, matches_group
from hindsight_teams.text import estimate

P = ParamSpec("P")
T = TypeVar("T")

LONG_QUERY = 500
"""Tokens of a query that a Hindsight server would read."""

_WORD = re.compile(r"\w+")


@dataclass
class _Bank:
    name: str | None
    memories: dict[str, Memory] = field(default_factory=dict)


def _twin(
    verb: Callable[Concatenate[FakeBackend, P], T],
) -> Callable[Concatenate[FakeBackend, P], Coroutine[Any, Any, T]]:
    @wraps(verb)
    async def twin(self: FakeBackend, /, *args: P.args, **options: P.kwargs) -> T:
        return verb(self, *args, **options)

    return twin


class FakeBackend:
    """A ``MemoryBackend`` in memory: each retain is one memory, and recall counts common words.

    Attributes:
        fail: An exception to raise from every verb but ``health``, until set to None again.
    """

    name = "fake"

    def __init__(self) -> None:
        self.fail: Exception | None = None
        self._banks: dict[str, _Bank] = {}
        self._ids = count(1)
        self._lock = threading.RLock()

    def retain(
        self,
        bank_id: str,
        content: str,
        *,
        timestamp: datetime | None = None,
        context: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        document_id: str | None = None,
        update_mode: UpdateMode = "replace",
        entities: Sequence[str] | None = None,
    ) -> Receipt:
        """Store one memory."""
        item = RetainItem(content, timestamp, context, metadata, tags, document_id, update_mode, entities)
        return self.retain_batch(bank_id, [checks.check_item(item)])

    def retain_batch(self, bank_id: str, items: Sequence[RetainItem]) -> Receipt:
        """Store one memory for each item."""
        checked = checks.check_items(items)
        with self._verb(bank_id):
            bank = self._banks.setdefault(bank_id, _Bank(None)) if checked else _Bank(None)
            replaced = {i.document_id for i in checked if i.document_id is not None and i.update_mode == "replace"}
            bank.memories = {k: m for k, m in bank.memories.items() if m.document_id not in replaced}
            stored = [self._memory(bank_id, item) for item in checked]
            bank.memories.update({memory.id: memory for memory in stored})
        documents = dict.fromkeys(m.document_id for m in stored if m.document_id is not None)
        return Receipt(bank_id, len(checked), tuple(m.id for m in stored), tuple(documents))

    def recall(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        max_tokens: int = 4096,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        query_timestamp: datetime | None = None,
        types: Sequence[MemoryType] | None = None,
        explain: bool = False,
    ) -> RecallResult:
        """Memories that share a word with the query, most words first."""
        asked = _words(checks.check_recall(query, budget, max_tokens))
        checks.check_time("query_timestamp", query_timestamp)
        kinds = checks.check_types(types)
        chosen = self._chosen(bank_id, tags, tags_match, tag_groups)
        scored = [
            replace(memory, score=float(common), signals=(Signal("words", float(common)),) if explain else ())
            for memory in chosen
            if (common := len(asked & _words(memory.text))) and (kinds is None or memory.type in kinds)
        ]
        results, left = [], max_tokens
        for memory in sorted(scored, key=lambda m: -(m.score or 0)):
            left -= estimate(memory.text)
            if left < 0:
                break
            results.append(memory)
        long = estimate(query) > LONG_QUERY
        return RecallResult(results, notes=(f"the query is longer than {LONG_QUERY} tokens",) if long else ())

    def reflect(
        self,
        bank_id: str,
        query: str,
        *,
        budget: Budget = "mid",
        context: str | None = None,
        max_tokens: int | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        tag_groups: Sequence[TagGroup] | None = None,
        response_schema: Mapping[str, Any] | None = None,
    ) -> Reflection:
        """The recalled memories, one a line."""
        if response_schema is not None:
            raise Unsupported("FakeBackend has no model to follow a response_schema with")
        if context is not None:
            checks.check_context(context)
        checks.check_recall(query, budget, max_tokens)
        found = self.recall(
            bank_id, query, budget=budget, tags=tags, tags_match=tags_match, tag_groups=tag_groups
        ).results
        return Reflection("\n".join(m.text for m in found) or "Nothing is known about this.", found)

    def ensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Make the bank when it does not exist."""
        if name is not None:
            checks.check_text("name", name)
        with self._verb(bank_id):
            bank = self._banks.setdefault(bank_id, _Bank(name))
            return BankInfo(bank_id, bank.name, len(bank.memories))

    def list_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """All banks, by id."""
        with self._verb():
            found = sorted(self._banks.items())
            return [BankInfo(b, bank.name, len(bank.memories)) for b, bank in found if b.startswith(prefix or "")]

    def bank_stats(self, bank_id: str) -> BankStats:
        """Counts of one bank."""
        with self._verb(bank_id):
            if bank_id not in self._banks:
                raise BankNotFound(f"there is no bank {bank_id!r}; a first retain makes it")
            memories = self._banks[bank_id].memories.values()
            documents = {m.document_id for m in memories if m.document_id is not None}
            names = {name for m in memories for name in m.entities}
            return BankStats(bank_id, len(memories), len(documents), entities=len(names))

    def delete_bank(self, bank_id: str) -> int:
        """Delete a bank; how many memories it held."""
        with self._verb(bank_id):
            bank = self._banks.pop(bank_id, None)
            return 0 if bank is None else len(bank.memories)

    def list_memories(
        self,
        bank_id: str,
        *,
        limit: int = 100,
        offset: int = 0,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        document_id: str | None = None,
    ) -> MemoryPage:
        """One page, in the order of their retain."""
        checks.check_page(limit, offset)
        chosen = self._chosen(bank_id, tags, tags_match, document_id=document_id)
        return MemoryPage(chosen[offset : offset + limit], len(chosen), limit, offset)

    def delete_memories(
        self,
        bank_id: str,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> int:
        """Delete the memories that meet every selection given."""
        check_bank_id(bank_id)
        checks.check_deletion(ids, document_id, tags, tags_match)
        chosen = self._chosen(bank_id, tags, "any" if tags is None else tags_match, document_id=document_id)
        doomed = [memory.id for memory in chosen if ids is None or memory.id in ids]
        for memory_id in doomed:
            self._banks[bank_id].memories.pop(memory_id, None)
        return len(doomed)

    def list_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Tags in use, most used first."""
        tags = Counter(tag for memory in self._chosen(bank_id, None, "any") for tag in memory.tags)
        wanted = re.sub(r"([\[?])", r"[\1]", (pattern or "*").lower())
        found = [TagCount(tag, n) for tag, n in tags.items() if fnmatchcase(tag.lower(), wanted)]
        return sorted(found, key=lambda t: (-t.count, t.tag))

    def health(self) -> Health:
        """Well, unless ``fail`` is set."""
        return Health(self.fail is None, self.name, "memory", message=str(self.fail or ""))

    def close(self) -> None:
        """Nothing to give back."""

    async def aclose(self) -> None:
        """Nothing to give back."""

    aretain = _twin(retain)
    aretain_batch = _twin(retain_batch)
    arecall = _twin(recall)
    areflect = _twin(reflect)
    aensure_bank = _twin(ensure_bank)
    alist_banks = _twin(list_banks)
    abank_stats = _twin(bank_stats)
    adelete_bank = _twin(delete_bank)
    alist_memories = _twin(list_memories)
    adelete_memories = _twin(delete_memories)
    alist_tags = _twin(list_tags)
    ahealth = _twin(health)

    def _verb(self, *bank_id: str) -> threading.RLock:
        for given in bank_id:
            check_bank_id(given)
        if self.fail is not None:
            raise self.fail
        return self._lock

    def _chosen(
        self,
        bank_id: str,
        tags: Sequence[str] | None,
        tags_match: TagsMatch,
        tag_groups: Sequence[TagGroup] | None = None,
        *,
        document_id: str | None = None,
    ) -> list[Memory]:
        flat = checks.check_filter(tags, tags_match, tag_groups)

        def passes(memory: Memory) -> bool:
            own = frozenset(memory.tags)
            return (
                matches(flat, tags_match, own)
                and all(matches_group(group, own) for group in tag_groups or ())
                and document_id in (None, memory.document_id)
            )

        with self._verb(bank_id):
            bank = self._banks.get(bank_id)
            return [] if bank is None else [memory for memory in bank.memories.values() if passes(memory)]

    def _memory(self, bank_id: str, item: RetainItem) -> Memory:
        return Memory(
            id=f"fake-{next(self._ids)}",
            text=item.content.strip(),
            bank_id=bank_id,
            tags=tuple(dict.fromkeys(item.tags or ())),
            metadata=dict(item.metadata or {}),
            document_id=item.document_id,
            context=item.context,
            mentioned_at=item.timestamp or datetime.now(UTC),
            entities=tuple(item.entities or ()),
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
