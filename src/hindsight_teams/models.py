"""The values that go into a backend and come out of it: frozen dataclasses that need no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

from hindsight_teams.errors import InvalidInput, did_you_mean

Budget: TypeAlias = Literal["low", "mid", "high"]
TagsMatch: TypeAlias = Literal["any", "all", "any_strict", "all_strict", "exact"]
MemoryType: TypeAlias = Literal["world", "experience", "observation"]
UpdateMode: TypeAlias = Literal["replace", "append"]
ListOrder: TypeAlias = Literal["noted", "happened"]
OperationStatus: TypeAlias = Literal["pending", "processing", "completed", "failed", "cancelled", "not_found"]
TagGroup: TypeAlias = Mapping[str, Any]
"""A boolean tag filter as Hindsight writes it; see ``hindsight_teams.requests.tags``."""

LITTLE_KNOWN = 0.42
"""A ``RecallResult.confidence`` below which little is known about what was asked."""

BUDGETS: tuple[Budget, ...] = get_args(Budget)
TAGS_MATCHES: tuple[TagsMatch, ...] = get_args(TagsMatch)
MEMORY_TYPES: tuple[MemoryType, ...] = get_args(MemoryType)


@dataclass(frozen=True, slots=True)
class RetainItem:
    """One piece of content to retain; the fields are those of ``MemoryBackend.retain``.

    Attributes:
        observation_scopes: Under which sets of tags a server may put observations that it derives from this; under all
            tags of the item when None. A backend that scopes observations by its own rule ignores it.
    """

    content: str
    timestamp: datetime | None = None
    context: str | None = None
    metadata: Mapping[str, str] | None = None
    tags: Sequence[str] | None = None
    document_id: str | None = None
    update_mode: UpdateMode = "replace"
    entities: Sequence[str] | None = None
    observation_scopes: Sequence[Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """What one retrieval strategy gave to one memory: part of an explanation.

    Attributes:
        strategy: ``words``, ``meaning``, ``graph``, ``time``, ...
        score: What the strategy added to the memory's score.
        reason: Why, in words: the terms that matched, the date, the neighbour.
    """

    strategy: str
    score: float
    reason: str = ""


FORMER_IDS = "former_ids"
"""The metadata key of ``Memory.former_ids``, which only a backend sets."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One stored fact.

    Attributes:
        occurred_at: When the fact happened or will happen, its first moment, aware; None where the text does not say.
        occurred_end: The last moment of that. Without it the span is open: "since 2019"; alone it is "until Friday".
        mentioned_at: When it was noted: said or retained, aware, on the clock of the place where it was said.
        times_said: How often it was told in the same words.
        last_said_at: When it was told last, aware; None where the backend does not know.
        score: Relevance within one recall; comparable only inside that result.
        source_ids: The memories that an observation was derived from.
        superseded_by: The id of the memory that replaced this one, as a model found; never by a rule.
        signals: Why it was found; filled by ``recall(..., explain=True)``.
    """

    id: str
    text: str
    bank_id: str
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    document_id: str | None = None
    context: str | None = None
    occurred_at: datetime | None = None
    occurred_end: datetime | None = None
    mentioned_at: datetime | None = None
    entities: tuple[str, ...] = ()
    type: MemoryType = "world"
    score: float | None = None
    chunk_id: str | None = None
    source_ids: tuple[str, ...] = ()
    superseded_by: str | None = None
    times_said: int = 1
    last_said_at: datetime | None = None
    signals: tuple[Signal, ...] = ()

    @property
    def former_ids(self) -> list[str]:
        """Ids that it had before a server had to write its document anew."""
        return self.metadata.get(FORMER_IDS, "").split()

    @property
    def author(self) -> str | None:
        """Who retained it, as signed in the metadata."""
        return self.metadata.get("author")

    @property
    def said_by(self) -> str | None:
        """Who said it, for a label: whom automatic retention heard, else who retained it.

        Of a speaker whom only the text names, as a model read it, that is said too: ``Nora (by researcher)``.
        """
        speaker = self.metadata.get("speaker")
        if speaker and self.author not in (None, speaker) and "exchange" not in self.metadata:
            return f"{speaker} (by {self.author})"
        return speaker or self.author

    @property
    def marked(self) -> str | None:
        """Why the write guard marked it as suspicious, as signed in the metadata; None for most memories."""
        return self.metadata.get("marked")

    @property
    def doubtful(self) -> bool:
        """Whether automatic retention kept it in doubt: it may only ask, or answer what nobody knows any more."""
        return "doubt" in self.metadata

    def to_item(self) -> RetainItem:
        """The memory as it would be retained again, without its document."""
        return RetainItem(
            content=self.text,
            timestamp=self.mentioned_at,
            context=self.context,
            metadata=dict(self.metadata),
            tags=list(self.tags),
            entities=list(self.entities) or None,
        )


_DOUBTFUL_BELOW = 5
"""Places by which a doubtful memory may go down."""


def plain_first(memories: Sequence[Memory]) -> list[Memory]:
    """Memories, best first, with doubtful ones below plain ones; none goes down far, and none goes.

    What was replaced stays below what replaced it.
    """
    if not any(memory.doubtful for memory in memories):
        return list(memories)
    places = {memory.id: place + (_DOUBTFUL_BELOW + 0.5) * memory.doubtful for place, memory in enumerate(memories)}
    return successors_first(sorted(memories, key=lambda memory: places[memory.id]))


def successors_first(memories: Sequence[Memory]) -> list[Memory]:
    """Memories in their order, but each that was replaced below what replaced it, where that is among them."""
    out = list(memories)
    for old in reversed([memory for memory in out if memory.superseded_by is not None]):
        place = out.index(old)
        below = next((m for m in out[place:] if m.id == old.superseded_by), None)
        if below is not None:
            out.remove(below)
            out.insert(place, below)
    return out


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A memory as it is exported and restored.

    Attributes:
        memory: The memory; its ``id``, ``source_ids`` and ``superseded_by`` are numbers within its bank, in hex, where
            they come from a file.
        repeats: What was retained again and is kept with it.
    """

    memory: Memory
    repeats: tuple[Memory, ...] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        stored: Memories that are new.
        already: Memories that were there.
        shift: What was added to the memories' numbers, because the bank had given theirs to others.
    """

    stored: int
    already: int
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A bank that a federated read could not reach, and why."""

    bank: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecallResult:
    """The answer to a recall: memories, best first.

    Attributes:
        gaps: Banks that were asked and did not answer.
        notes: Remarks for the caller, such as "the query was cut".
        chunks: Source chunks by chunk id, where asked for.
        source_facts: The facts that observations rest on, by id, where asked for.
        confidence: The share of the question's weight that its best memory covers, from 0 to 1; None where the engine
            does not tell, or nothing was looked for.
    """

    results: list[Memory] = field(default_factory=list)
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    chunks: Mapping[str, str] = field(default_factory=dict)
    source_facts: Mapping[str, Memory] = field(default_factory=dict)
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Reflection:
    """An answer made from memories.

    Attributes:
        based_on: The memories it rests on.
        structured_output: The answer parsed by ``response_schema``, where one was given.
    """

    text: str
    based_on: list[Memory] = field(default_factory=list)
    structured_output: Any = None
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a retain did.

    Attributes:
        memory_ids: Ids of the stored memories, where the backend tells (a server extracts later and does not).
        document_ids: The documents written.
        operation_id: Set when the backend works on it in the background.
        quarantined: The write guard stored it, or some of it, out of every read, until reviewed.
        held: How many of the items that were.
    """

    bank_id: str
    items_count: int
    memory_ids: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()
    operation_id: str | None = None
    quarantined: bool = False
    held: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BankInfo:
    """A bank in a listing."""

    bank_id: str
    name: str | None = None
    memory_count: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BankStats:
    """Counts of one bank."""

    bank_id: str
    memories: int
    documents: int = 0
    observations: int = 0
    entities: int = 0
    pending_operations: int = 0
    failed_operations: int = 0
    last_write_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MemoryPage:
    """One page of a bank's memories, oldest first, and how many there are in all."""

    memories: list[Memory]
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag and the number of memories that carry it."""

    tag: str
    count: int


@dataclass(frozen=True, slots=True)
class Document:
    """What was retained under one document id.

    Attributes:
        text: The original text, where one document was asked for and the server keeps it.
    """

    document_id: str
    bank_id: str
    memory_count: int = 0
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A background operation of a backend."""

    operation_id: str
    status: OperationStatus
    kind: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a backend works, and which it is.

    Attributes:
        backend: ``sqlite`` or ``hindsight`` (or a third party's name).
        location: The path or URL, for people.
        version: Of the server or of the schema.
    """

    ok: bool
    backend: str
    location: str
    version: str | None = None
    message: str = ""


GuardAction: TypeAlias = Literal["allow", "mark", "redact", "quarantine", "refuse"]
GUARD_ACTIONS: tuple[GuardAction, ...] = get_args(GuardAction)
"""What a write guard can do with a hit, from the mildest to the strictest."""
GUARD_CHECKS = ("oversize", "too_many_writes", "secrets", "codes", "structure", "instructions")
"""The default checks of a write guard, by the names under which a team.toml sets their actions."""


def check_choice(name: str, value: object, known: Sequence[str]) -> None:
    """Refuse a value that is not one of the known ones.

    Raises:
        InvalidInput: It names the value and the nearest known one.
    """
    if value not in known:
        near = did_you_mean(str(value), known)
        hint = f"; {near}" if near.startswith("did you mean") else ""  # otherwise it would list them a second time
        raise InvalidInput(f"{name}={value!r} is not one of {', '.join(known)}{hint}")


def check_max_tokens(value: int) -> None:
    """Refuse a token limit below one.

    Raises:
        InvalidInput: It says what a limit must be.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInput(f"max_tokens={value!r} must be a whole number of at least 1")
