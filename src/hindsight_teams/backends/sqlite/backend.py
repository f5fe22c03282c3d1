"""The embedded backend: ``MemoryBackend`` over one SQLite file."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from hindsight_teams.access.banks import check_bank_id
from hindsight_teams.backends.sqlite import checks
from hindsight_teams.backends.sqlite.learn import linking
from hindsight_teams.backends.sqlite.search import recalling
from hindsight_teams.backends.sqlite.search.embedders import as_embedder
from hindsight_teams.backends.sqlite.search.filters import Filter
from hindsight_teams.backends.sqlite.search.vectors import Vectors
from hindsight_teams.backends.sqlite.search.words import Shares
from hindsight_teams.backends.sqlite.store import erasing, reading, schema, writing
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.records import Piece, public_id, row_number
from hindsight_teams.backends.sqlite.text.terms import tag_term
from hindsight_teams.errors import BackendError, BankNotFound, ConfigurationError, InvalidInput
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
    TagCount,
    TagGroup,
    TagsMatch,
    UpdateMode,
    check_max_tokens,
)

if TYPE_CHECKING:
    from hindsight_teams.backends.sqlite.store.maintenance import CheckReport, RepairReport

P = ParamSpec("P")
R = TypeVar("R")


def _twin(
    method: Callable[Concatenate[SQLiteBackend, P], R],
) -> Callable[Concatenate[SQLiteBackend, P], Coroutine[Any, Any, R]]:
    """The async variant of a verb: the same function on one of the backend's threads."""

    @wraps(method)
    async def twin(self: SQLiteBackend, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._in_thread(partial(method, self, *args, **kwargs))

    twin.__name__ = f"a{method.__name__}"
    twin.__qualname__ = f"SQLiteBackend.{twin.__name__}"
    return twin


class SQLiteBackend:
    """Banks of memories in one SQLite file: no server, no key, no download.

    Safe to share between threads, event loops and processes; after a fork the child opens its own connections.

    Args:
        path: The database file; made at the first use, with its folder.
        model: An Agno model; ``reflect`` then asks it, with the memories as its only evidence.
        embedder: Text to vector: ``"minilm"`` (the ``[minilm]`` extra), an Agno embedder, or a callable.
        extractor: An Agno model, or a callable ``(text, *, now, author)``; ``retain`` then stores the facts it finds
            beside the text. What fails is tried again by ``retry_extraction``.
        busy_timeout: Seconds to wait for another process that writes.
        threads: Threads for the async verbs, and connections open at once.

    Raises:
        InvalidInput: The path is empty or ``:memory:``.
        ConfigurationError: The embedder is none, or its extra is not installed.
    """

    name = "sqlite"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: Any = None,
        embedder: Any = None,
        extractor: Any = None,
        busy_timeout: float = 10.0,
        threads: int = 8,
    ) -> None:
        if not str(path).strip() or str(path) == ":memory:":
            raise InvalidInput(f"path={str(path)!r} names no file; memories need one, such as 'memory.db'")
        self.path = Path(path).expanduser()
        self._options = {
            "model": model,
            "embedder": embedder,
            "extractor": extractor,
            "busy_timeout": busy_timeout,
            "threads": threads,
        }
        self._model = model
        self._extractor = extractor
        self._threads = threads
        self._executor: ThreadPoolExecutor | None = None
        self._executor_pid = 0
        self._pool = Pool(self.path, busy_timeout=busy_timeout, size=max(2 * threads, 8))
        self._shares = Shares()
        made = as_embedder(embedder)
        self._vectors = None if made is None else Vectors(self._pool, made)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process, or be copied, by the path and the options; the connections stay."""
        return _reopened, (type(self), self.path, self._options)

    def __repr__(self) -> str:
        return f"SQLiteBackend({str(self.path)!r})"

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
        """Store one piece of content; the bank is made when it does not exist.

        Content over 1,500 characters becomes several memories of one document. The same retain twice is one memory.

        Args:
            timestamp: When it was said or happened; a naive datetime is taken as UTC.
            document_id: What this document held before is replaced, or added to with ``update_mode="append"``.

        Raises:
            InvalidInput: A value can't be stored; nothing was.
            DatabaseLocked: Another process wrote for longer than ``busy_timeout``.
            DatabaseUnusable: The file can't be written.
        """
        item = RetainItem(
            content=content,
            timestamp=timestamp,
            context=context,
            metadata=metadata,
            tags=tags,
            document_id=document_id,
            update_mode=update_mode,
            entities=entities,
        )
        return self.retain_batch(bank_id, [item])

    def retain_batch(self, bank_id: str, items: Sequence[RetainItem]) -> Receipt:
        """Store several pieces, all or none. Items that share a ``document_id`` form one document, in order.

        Raises:
            InvalidInput: A value can't be stored; nothing was.
            DatabaseLocked: Another process wrote for longer than ``busy_timeout``.
            DatabaseUnusable: The file can't be written.
        """
        check_bank_id(bank_id)
        if isinstance(items, RetainItem | str):
            raise InvalidInput("items must be a list of RetainItem")
        now = _now()
        read = len(items) <= linking.MOST_ITEMS
        new = [piece for item in items for piece in writing.pieces(item, now=now, read=read)]
        if not new:
            return Receipt(bank_id=bank_id, items_count=0)
        new = self._attached(new)
        with self._pool.write() as db:
            bank = writing.ensure_bank(db, bank_id, now=now)
            newest = reading.newest(db, bank)
            numbers = writing.store(db, bank, new, now=now)
            fresh = [] if self._extractor is None else [no for no in numbers if no > newest]
            db.executemany("INSERT OR IGNORE INTO pending VALUES (?, '')", [(no,) for no in fresh])
        learned, notes = self._learn(bank, fresh) if fresh else ((), ())
        return Receipt(
            bank_id=bank_id,
            items_count=len(items),
            memory_ids=tuple(dict.fromkeys(map(public_id, (*numbers, *learned)))),
            document_ids=tuple(dict.fromkeys(p.document_id for p in new if p.document_id is not None)),
            notes=notes,
        )

    def retry_extraction(self, bank_id: str) -> Receipt:
        """Extract the facts of the texts for which that failed, or was cut short by a crash.

        Raises:
            ConfigurationError: The backend has no extractor.
        """
        check_bank_id(bank_id)
        if self._extractor is None:
            raise ConfigurationError("retry_extraction() needs an extractor: SQLiteBackend(path, extractor=...)")
        with self._pool.read() as db:
            bank = reading.bank_number(db, bank_id)
        learned, notes = ((), ()) if bank is None else self._learn(bank, None)
        return Receipt(bank_id, len(learned), memory_ids=tuple(map(public_id, learned)), notes=notes)

    def consolidate(self, bank_id: str) -> Receipt:
        """Make observations of the facts about each name, with their sources, and find what is superseded.

        The model writes them where there is one (``model``, else an ``extractor`` that is a model), rules do otherwise.
        Memories loaded in bulk, which ``retain_batch`` does not compare, are compared here. Safe to repeat.

        Returns:
            The observations' ids; a note where rules had to stand in for the model.
        """
        from hindsight_teams.backends.sqlite.learn import learning

        check_bank_id(bank_id)
        with self._pool.read() as db:
            bank = reading.bank_number(db, bank_id)
        if bank is None:
            return Receipt(bank_id, 0)
        model = self._model if self._model is not None or not hasattr(self._extractor, "response") else self._extractor
        made = learning.observe(self._pool, bank, bank_id, model, self._attached, now=_now())
        notes = (f"rules wrote about {made.failed} names: {made.failure}",) if made.failure else ()
        return Receipt(bank_id, len(made.numbers), memory_ids=tuple(map(public_id, made.numbers)), notes=notes)

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
        """Find memories, best first, within ``max_tokens`` of text; empty for a bank that does not exist.

        Args:
            budget: ``low`` reads little of the index, ``high`` much of it.
            max_tokens: Four characters count as a token.
            query_timestamp: What "now" is for words such as "last week".
            explain: Fill ``Memory.signals`` with what each strategy gave.

        Raises:
            InvalidInput: A bad value.
            DatabaseUnusable: The file can't be read.
        """
        check_bank_id(bank_id)
        checks.check_recall(budget, max_tokens, tags, tags_match, tag_groups, types)
        asked = checks.check_query(query)
        chosen = _filter(tags, tags_match, tag_groups, types)
        now = checks.to_microseconds("query_timestamp", query_timestamp)
        with self._pool.read() as db:
            bank = reading.bank_number(db, bank_id)
            if bank is None:
                return RecallResult()
            memories = recalling.recall(
                db,
                bank,
                bank_id,
                asked,
                budget=budget,
                chosen=chosen,
                now=_now() if now is None else now,
                explain=explain,
                shares=self._shares,
                similarity=None if self._vectors is None or budget == "low" else self._vectors.similarity,
            )
        kept, left_out = recalling.within(memories, max_tokens)
        notes = [f"{left_out} more memories match; raise max_tokens to see them"] if left_out else []
        if len(query) > checks.MAX_QUERY:
            notes.append(f"the query was cut to its first {checks.MAX_QUERY:,} characters")
        return RecallResult(results=kept, notes=tuple(notes))

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
        """Answer a question from what the bank holds.

        Raises:
            InvalidInput: A bad value.
            Unsupported: ``response_schema`` without a model.
            DatabaseUnusable: The file can't be read.
        """
        from hindsight_teams.backends.sqlite.search import reflecting

        if max_tokens is not None:
            check_max_tokens(max_tokens)
        if context is not None:
            checks.check_text("context", context)
        found = self.recall(
            bank_id, query, budget=budget, tags=tags, tags_match=tags_match, tag_groups=tag_groups
        ).results
        return reflecting.reflect(
            query, found, model=self._model, context=context, max_tokens=max_tokens, response_schema=response_schema
        )

    def ensure_bank(self, bank_id: str, *, name: str | None = None) -> BankInfo:
        """Make the bank when it does not exist; the name of one that does stays.

        Raises:
            InvalidInput: A bad id or name.
        """
        check_bank_id(bank_id)
        if name is not None:
            checks.check_text("name", name)
        with self._pool.write() as db:
            return reading.bank(db, writing.ensure_bank(db, bank_id, now=_now(), name=name))

    def list_banks(self, *, prefix: str | None = None) -> list[BankInfo]:
        """All banks, by id; only those whose id starts with ``prefix`` where one is given."""
        with self._pool.read() as db:
            return reading.banks(db, prefix or "")

    def bank_stats(self, bank_id: str) -> BankStats:
        """Counts of one bank.

        Raises:
            BankNotFound: There is no such bank.
        """
        check_bank_id(bank_id)
        with self._pool.read() as db:
            bank = reading.bank_number(db, bank_id)
            if bank is None:
                raise BankNotFound(f"there is no bank {bank_id!r}; a first retain makes it")
            return reading.stats(db, bank)

    def delete_bank(self, bank_id: str) -> int:
        """Delete a bank with all it holds, from the file's bytes too; the number of memories deleted."""
        check_bank_id(bank_id)
        with self._pool.write() as db:
            bank = reading.bank_number(db, bank_id)
            if bank is None:
                return 0
            deleted = writing.remove_bank(db, bank)
        erasing.soon(self._pool)
        return deleted

    def list_memories(
        self,
        bank_id: str,
        *,
        limit: int = 100,
        offset: int = 0,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "any",
        document_id: str | None = None,
        after: str | None = None,
    ) -> MemoryPage:
        """One page of memories, oldest first; empty for a bank that does not exist.

        Args:
            after: Begin after the memory with this id, which costs the page alone, wherever it begins. Its ``total``
                then counts the page: the last one is shorter than ``limit``.

        Raises:
            InvalidInput: A bad value.
        """
        check_bank_id(bank_id)
        checks.check_page(limit, offset)
        checks.check_filter(tags, tags_match)
        with self._pool.read() as db:
            bank = reading.bank_number(db, bank_id)
            if bank is None:
                return MemoryPage([], 0, limit, offset)
            chosen = _filter(tags, tags_match)
            return reading.page(db, bank, bank_id, chosen, document_id, limit, offset, _after(after))

    def find_memories(
        self,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> list[Memory]:
        """The memories of all banks that meet every selection given, bank by bank, oldest first.

        An index answers each of them: what other banks hold costs nothing.

        Raises:
            InvalidInput: A bad value.
        """
        checks.check_filter(tags, tags_match)
        numbers = None if ids is None else {n for n in map(row_number, ids) if n is not None}
        with self._pool.read() as db:
            return reading.everywhere(db, _filter(tags, tags_match), document_id=document_id, numbers=numbers)

    def find_related(self, ids: Sequence[str], origin_tags: Sequence[str], *, tags: Sequence[str]) -> list[Memory]:
        """What was derived from memories, what they were derived from, and what bears a tag that names an origin.

        Args:
            ids: The memories.
            origin_tags: Tags by which copies of them are known.
            tags: Only what carries every one of these tags.
        """
        checks.check_filter(tags, "all_strict")
        with self._pool.read() as db:
            numbers = [n for n in map(row_number, ids) if n is not None]
            found = reading.related(db, numbers, [tag_term(tag) for tag in origin_tags])
            return reading.everywhere(db, _filter(tags, "all_strict"), numbers=found)

    def banks_with_repeats(self) -> list[str]:
        """The banks in which something was retained again; see ``list_repeats``."""
        with self._pool.read() as db:
            rows = db.execute("SELECT id FROM bank WHERE no IN (SELECT bank FROM mention) ORDER BY id")
            return [bank_id for (bank_id,) in rows]

    def list_repeats(
        self,
        bank_id: str,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> list[Memory]:
        """What was retained again and is kept with the memory that said it first, oldest first.

        A listing and a recall show that memory alone. A repeat has its id, and the document, tags and metadata of its
        own retain; ``delete_memories`` with the same document and tags deletes it and leaves the memory.

        Args:
            bank_id: Where; empty for a bank that does not exist.
            ids: Only repeats of these memories.
            document_id: Only repeats of this document.
            tags: Only repeats with these tags.
            tags_match: How ``tags`` match.

        Raises:
            InvalidInput: A bad value.
        """
        check_bank_id(bank_id)
        checks.check_filter(tags, tags_match)
        wanted = None if ids is None else {n for n in map(row_number, ids) if n is not None}
        with self._pool.read() as db:
            bank = reading.bank_number(db, bank_id)
            if bank is None:
                return []
            found = linking.selected(db, bank, _filter(tags, tags_match), document_id=document_id, numbers=wanted)
            return [linking.as_memory(bank_id, memory, fields) for _, memory, fields in found]

    def delete_memories(
        self,
        bank_id: str,
        *,
        ids: Sequence[str] | None = None,
        document_id: str | None = None,
        tags: Sequence[str] | None = None,
        tags_match: TagsMatch = "all_strict",
    ) -> int:
        """Delete the memories that meet every selection given, and all that was derived from them.

        In a file of up to 16 MB they are gone from its bytes when this returns, unless somebody is reading an older
        state of it; else soon after, without anybody waiting. ``erase_due()`` tells, ``erase()`` finishes it now.

        Returns:
            The number deleted.

        Raises:
            InvalidInput: No selection was given (use ``delete_bank`` to delete everything).
        """
        check_bank_id(bank_id)
        checks.check_filter(tags, tags_match)
        if isinstance(ids, str):
            raise InvalidInput(f"ids={ids!r} must be a list of ids")
        if ids is None and document_id is None and not tags and not (tags is not None and tags_match == "exact"):
            raise InvalidInput(
                "say which memories to delete: ids, document_id or tags (delete_bank deletes everything)"
            )
        with self._pool.write() as db:
            bank = reading.bank_number(db, bank_id)
            if bank is None:
                return 0
            chosen = _filter(tags, tags_match)
            wanted = None if ids is None else {n for n in map(row_number, ids) if n is not None}
            if document_id is None and not tags and wanted is not None:
                low, high = reading.bounds(bank)
                numbers = sorted(n for n in wanted if low <= n < high)
            else:
                numbers = list(reading.selected(db, bank, chosen, document_id, numbers=wanted))
            unlinked = linking.drop_selected(db, bank, chosen, document_id=document_id, numbers=wanted)
            deleted = writing.remove(db, bank, numbers)
        if deleted or unlinked:
            erasing.soon(self._pool)
        return deleted

    def list_tags(self, bank_id: str, *, pattern: str | None = None) -> list[TagCount]:
        """Tags in use, most used first; ``pattern`` may hold ``*`` as in ``team:*``."""
        check_bank_id(bank_id)
        with self._pool.read() as db:
            bank = reading.bank_number(db, bank_id)
            return [] if bank is None else reading.tag_counts(db, bank, pattern)

    def health(self) -> Health:
        """Whether the file can be read, where it is and which tables it has; never raises for a file that fails."""
        newest = f"{len(schema.MIGRATIONS)} ({schema.MIGRATIONS[-1].__name__.lstrip('_')})"
        try:
            with self._pool.read() as db:
                db.execute("SELECT count(*) FROM bank").fetchone()
        except BackendError as error:
            return Health(ok=False, backend=self.name, location=str(self.path), version=newest, message=error.message)
        return Health(ok=True, backend=self.name, location=str(self.path), version=newest)

    def reembed(self) -> int:
        """Make the vectors that memories lack for the present embedder; how many were made.

        Raises:
            ConfigurationError: The backend has no embedder.
        """
        if self._vectors is None:
            raise ConfigurationError("reembed() needs an embedder: SQLiteBackend(path, embedder='minilm')")
        return self._vectors.remake()

    def erase(self) -> bool:
        """Finish erasing what was deleted from the bytes; small files do with each delete, large ones soon after.

        Returns:
            Whether it is done: not while somebody reads an older state of the file. It is then finished when that ends,
            or by the next process that opens the file.
        """
        return erasing.erase(self._pool)

    def erase_due(self) -> bool:
        """Whether something that was deleted is still in the file's bytes."""
        with self._pool.read() as db:
            return erasing.due(db)

    def check(self) -> CheckReport:
        """Compare every page, index and count of the file with each other.

        Raises:
            DatabaseUnusable: The file can't be opened at all.
        """
        from hindsight_teams.backends.sqlite.store import maintenance

        return maintenance.check(self._pool)

    def repair(self) -> RepairReport:
        """Make a damaged file sound again with every memory that can still be read; stop other processes first.

        Raises:
            DatabaseLocked: Another process has the file open.
            DatabaseUnusable: Nothing in it can be read.
        """
        from hindsight_teams.backends.sqlite.store import maintenance

        return maintenance.repair(self._pool)

    def backup(self, path: str | os.PathLike[str]) -> int:
        """Copy the file while it is in use; the copy's size in bytes.

        Raises:
            InvalidInput: The path exists.
            DatabaseUnusable: It can't be written.
        """
        from hindsight_teams.backends.sqlite.store import maintenance

        return maintenance.backup(self._pool, Path(path).expanduser())

    def close(self) -> None:
        """Give back connections and threads. Safe to call twice."""
        executor, self._executor = self._executor, None
        if executor is not None and self._executor_pid == os.getpid():
            executor.shutdown(wait=True)
        self._pool.close()

    aretain = _twin(retain)
    aretain_batch = _twin(retain_batch)
    aretry_extraction = _twin(retry_extraction)
    aconsolidate = _twin(consolidate)
    arecall = _twin(recall)
    areflect = _twin(reflect)
    aensure_bank = _twin(ensure_bank)
    alist_banks = _twin(list_banks)
    abank_stats = _twin(bank_stats)
    adelete_bank = _twin(delete_bank)
    alist_memories = _twin(list_memories)
    afind_memories = _twin(find_memories)
    afind_related = _twin(find_related)
    abanks_with_repeats = _twin(banks_with_repeats)
    alist_repeats = _twin(list_repeats)
    adelete_memories = _twin(delete_memories)
    alist_tags = _twin(list_tags)
    ahealth = _twin(health)
    aerase_due = _twin(erase_due)

    async def aclose(self) -> None:
        """Give back connections and threads without blocking the event loop. Safe to call twice."""
        await asyncio.to_thread(self.close)

    async def _in_thread(self, work: Callable[[], R]) -> R:
        if self._executor is None or self._executor_pid != os.getpid():  # threads do not survive a fork
            self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="hindsight-teams-sqlite")
            self._executor_pid = os.getpid()
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _learn(self, bank: int, numbers: Sequence[int] | None) -> tuple[tuple[int, ...], tuple[str, ...]]:
        from hindsight_teams.backends.sqlite.learn import learning

        made = learning.learn(self._pool, bank, self._extractor, self._attached, numbers)
        if not made.failed:
            return made.numbers, ()
        note = f"no facts could be extracted from {made.failed} texts, which are stored as they are: {made.failure}"
        return made.numbers, (f"{note}; retry_extraction() tries again",)

    def _attached(self, new: list[Piece]) -> list[Piece]:
        return new if self._vectors is None else self._vectors.attach(new)


def _filter(
    tags: Sequence[str] | None,
    match: TagsMatch,
    groups: Sequence[TagGroup] | None = None,
    types: Sequence[MemoryType] | None = None,
) -> Filter:
    return Filter(tuple(tags or ()), match, tuple(groups or ()), frozenset(types) if types else None)


def _reopened(kind: type[SQLiteBackend], path: Path, options: Mapping[str, Any]) -> SQLiteBackend:
    return kind(path, **options)


def _after(memory_id: str | None) -> int | None:
    if memory_id is None:
        return None
    number = row_number(memory_id)
    if number is None:
        raise InvalidInput(f"after={memory_id!r} is no memory's id")
    return number


def _now() -> int:
    return time.time_ns() // 1000
