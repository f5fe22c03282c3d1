"""The embedded backend: ``MemoryBackend`` over one SQLite file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hindsight_teams.backends.base import Backend
from hindsight_teams.backends.sqlite import management, size_limits
from hindsight_teams.backends.sqlite.search.embedders import as_embedder
from hindsight_teams.backends.sqlite.search.meaning import Vectors
from hindsight_teams.backends.sqlite.search.rerankers import as_reranker, rerank
from hindsight_teams.backends.sqlite.search.words import Shares
from hindsight_teams.backends.sqlite.store import erasing, reading, schema, writing
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.reading import Filter
from hindsight_teams.backends.sqlite.store.records import Piece, public_id, to_microseconds
from hindsight_teams.errors import BackendError, ConfigurationError, InvalidInput
from hindsight_teams.models import BankInfo, Health, RecallResult, Receipt, Reflection, Restored, successors_first
from hindsight_teams.requests import (
    STANDARD,
    Capability,
    Consolidate,
    EnsureBank,
    GetHealth,
    Recall,
    Reflect,
    Request,
    Restore,
    Retain,
    RetryExtraction,
)

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from hindsight_teams.backends.sqlite.store.repair import RepairReport
    from hindsight_teams.backends.sqlite.store.soundness import CheckReport

R = TypeVar("R")

MOST_READ = 64
"""Memories of one retain in which names and dates are looked for: that costs a bulk load more than all the rest."""


class SQLiteBackend(Backend):
    """Banks of memories in one SQLite file: no server, no key, no download.

    Safe to share between threads, event loops and processes; after a fork the child opens its own connections.

    Args:
        path: The database file; made at the first use, with its folder.
        model: An Agno model; ``reflect`` then asks it, with the memories as its only evidence.
        embedder: Text to vector: ``"minilm"`` (the ``[minilm]`` extra), ``"fastembed:NAME"``, an Agno embedder, or a
            callable.
        reranker: Orders the first lines of a recall anew: an Agno reranker, or a callable ``(query, texts)`` that gives
            scores. Not with ``budget="low"``.
        extractor: An Agno model, or a callable ``(text, *, now, author)``; ``retain`` then stores the facts it finds
            beside the text. What fails is tried again by ``retry_extraction``.
        clock: What time it is, aware; its time zone says where "yesterday" is. The present in UTC when None.
        busy_timeout: Seconds to wait for another process that writes.
        threads: Threads for the async verbs, and connections open at once.

    Raises:
        InvalidInput: The path is empty or ``:memory:``.
        ConfigurationError: The embedder or the reranker is none, or its extra is not installed.
    """

    name = "sqlite"
    capabilities = STANDARD | {
        Capability.CONSOLIDATE,
        Capability.GET_MEMORY,
        Capability.SEARCH_ALL_BANKS,
        Capability.LIST_AFTER,
        Capability.ERASE_LATER,
        Capability.LIST_BY_TIME,
        Capability.RENAME_BANKS,
        Capability.REPEATS,
        Capability.RESTORE,
        Capability.RETRY_EXTRACTION,
    }

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: Any = None,
        embedder: Any = None,
        reranker: Any = None,
        extractor: Any = None,
        clock: Callable[[], datetime] | None = None,
        busy_timeout: float = 10.0,
        threads: int = 8,
    ) -> None:
        if not str(path).strip() or str(path) == ":memory:":
            raise InvalidInput(f"path={str(path)!r} names no file; memories need one, such as 'memory.db'")
        self.path = Path(path).expanduser()
        self._options: dict[str, Any] = {
            "model": model,
            "embedder": embedder,
            "reranker": reranker,
            "extractor": extractor,
            "clock": clock,
            "busy_timeout": busy_timeout,
            "threads": threads,
        }
        self._model = model
        self._extractor = extractor
        self._clock = clock or partial(datetime.now, UTC)
        self._threads = threads
        self._executor: ThreadPoolExecutor | None = None
        self._executor_pid = 0
        self._pool = Pool(self.path, busy_timeout=busy_timeout, size=max(2 * threads, 8))
        self._shares = Shares()
        self._reranker = as_reranker(reranker)
        made = as_embedder(embedder)
        self._vectors = None if made is None else Vectors(self._pool, made)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process, or be copied, by the path and the options; the connections stay."""
        return partial(type(self), self.path.absolute(), **self._options), ()

    def __repr__(self) -> str:
        return f"SQLiteBackend({str(self.path)!r})"

    def execute(self, request: Request[R], /) -> R:
        """Carry out a request.

        Raises:
            InvalidInput: A value that this engine can't hold; nothing was stored.
            DatabaseLocked: Another process wrote for longer than ``busy_timeout``.
            DatabaseUnusable: The file can't be read or written.
        """
        request.admit(self)
        kind = type(request)
        manage = management.HANDLERS.get(kind)
        answer: R = _HANDLERS[kind](self, request) if manage is None else manage(self._pool, request)
        return answer

    async def aexecute(self, request: Request[R], /) -> R:
        """As ``execute``, on one of the backend's threads."""
        from asyncio import get_running_loop

        if self._executor is None or self._executor_pid != os.getpid():  # threads do not survive a fork
            from concurrent.futures import ThreadPoolExecutor  # a program that never awaits does without

            self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="hindsight-teams-sqlite")
            self._executor_pid = os.getpid()
        return await get_running_loop().run_in_executor(self._executor, self.execute, request)

    # --- what each request does -----------------------------------------------------------------------------------

    def _retain(self, request: Retain) -> Receipt:
        """Content over 1,500 characters becomes several memories of one document. The same retain twice is one."""
        moment, now, items = self._clock(), self._now(), request.items
        read = len(items) <= MOST_READ
        new = [piece for item in items for piece in writing.pieces(item, now=moment, read=read)]
        if not new:
            return Receipt(bank_id=request.bank, items_count=0)
        new = self._attached(new)
        with self._pool.write() as db:
            bank = writing.ensure_bank(db, request.bank, now=now)
            newest = None if self._extractor is None else reading.newest(db, bank)
            numbers = writing.store(db, bank, new, now=now)
            fresh = [] if newest is None else [no for no in numbers if no > newest]
            if fresh:
                db.executemany("INSERT OR IGNORE INTO pending VALUES (?, '')", [(no,) for no in fresh])
        learned, notes = self._learn(bank, fresh) if fresh else ((), ())
        return Receipt(
            bank_id=request.bank,
            items_count=len(items),
            memory_ids=tuple(dict.fromkeys(map(public_id, (*numbers, *learned)))),
            document_ids=tuple(dict.fromkeys(p.document_id for p in new if p.document_id is not None)),
            notes=notes,
        )

    def _retry_extraction(self, request: RetryExtraction) -> Receipt:
        if self._extractor is None:
            raise ConfigurationError("retry_extraction() needs an extractor: SQLiteBackend(path, extractor=...)")
        with self._pool.read() as db:
            bank = reading.bank_number(db, request.bank)
        learned, notes = ((), ()) if bank is None else self._learn(bank, None)
        return Receipt(request.bank, len(learned), memory_ids=tuple(map(public_id, learned)), notes=notes)

    def _consolidate(self, request: Consolidate) -> Receipt:
        """The model writes the observations where there is one, rules do otherwise; a note says so.

        Memories loaded in bulk, which a large retain does not compare, are compared here.
        """
        from hindsight_teams.backends.sqlite.learn import learning

        with self._pool.read() as db:
            bank = reading.bank_number(db, request.bank)
        if bank is None:
            return Receipt(request.bank, 0)
        model = self._model if self._model is not None or not hasattr(self._extractor, "response") else self._extractor
        made = learning.observe(self._pool, bank, request.bank, model, self._attached, now=self._clock())
        notes = (f"rules wrote about {made.failed} names: {made.failure}",) if made.failure else ()
        return Receipt(request.bank, len(made.numbers), memory_ids=tuple(map(public_id, made.numbers)), notes=notes)

    def _recall(self, request: Recall) -> RecallResult:
        """``low`` reads little of the index, ``high`` much of it. Four characters count as a token."""
        from hindsight_teams.backends.sqlite.search import recalling  # a dozen modules that the other verbs do without

        now = to_microseconds("query_timestamp", request.query_timestamp)
        with self._pool.read() as db:
            bank = reading.bank_number(db, request.bank)
            if bank is None:
                return RecallResult()
            found = recalling.recall(
                db,
                bank,
                request.bank,
                request.query[: size_limits.MAX_QUERY],
                budget=request.budget,
                chosen=Filter.of(request.filter, request.types),
                now=self._now() if now is None else now,
                explain=request.explain,
                shares=self._shares,
                similarity=None if self._vectors is None or request.budget == "low" else self._vectors.similarity,
            )
        memories = found.results
        if self._reranker is not None and request.budget != "low":
            memories = rerank(self._reranker, request.query, memories)
        memories = successors_first(memories)
        if request.min_score is not None:
            memories = [memory for memory in memories if (memory.score or 0.0) >= request.min_score]
        kept, left_out = recalling.within(memories, request.max_tokens)
        notes = [f"{left_out} more memories match; raise max_tokens to see them"] if left_out else []
        if len(request.query) > size_limits.MAX_QUERY:
            notes.append(f"the query was cut to its first {size_limits.MAX_QUERY:,} characters")
        return replace(found, results=kept, notes=tuple(notes))

    def _reflect(self, request: Reflect) -> Reflection:
        from hindsight_teams.backends.sqlite.search import reflecting

        found = self._recall(
            Recall(bank=request.bank, query=request.query, filter=request.filter, budget=request.budget)
        )
        return reflecting.reflect(
            request.query,
            found.results,
            model=self._model,
            context=request.context,
            max_tokens=request.max_tokens,
            response_schema=request.response_schema,
            confidence=found.confidence,
        )

    def _ensure_bank(self, request: EnsureBank) -> BankInfo:
        if request.name is not None:
            size_limits.check_length("name", request.name)
        with self._pool.write() as db:
            return reading.bank(db, writing.ensure_bank(db, request.bank, now=self._now(), name=request.name))

    def _restore(self, request: Restore) -> Restored:
        from hindsight_teams.backends.sqlite.store import restoring

        return restoring.restore(self._pool, request, attached=self._attached, now=self._now())

    def _health(self, _: GetHealth) -> Health:
        newest = f"{len(schema.MIGRATIONS)} ({schema.MIGRATIONS[-1].__name__.lstrip('_')})"
        try:
            with self._pool.read() as db:
                db.execute("SELECT count(*) FROM bank").fetchone()
        except BackendError as error:
            return Health(ok=False, backend=self.name, location=str(self.path), version=newest, message=error.message)
        return Health(ok=True, backend=self.name, location=str(self.path), version=newest)

    # --- the file -------------------------------------------------------------------------------------------------

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

    def check(self) -> CheckReport:
        """Compare every page, index and count of the file with each other.

        Raises:
            DatabaseUnusable: The file can't be opened at all.
        """
        from hindsight_teams.backends.sqlite.store import soundness

        return soundness.check(self._pool)

    def repair(self) -> RepairReport:
        """Make a damaged file sound again with every memory that can still be read; stop other processes first.

        Raises:
            DatabaseLocked: Another process has the file open.
            DatabaseUnusable: Nothing in it can be read.
        """
        from hindsight_teams.backends.sqlite.store import repair

        return repair.repair(self._pool)

    def backup(self, path: str | os.PathLike[str]) -> int:
        """Copy the file while it is in use; the copy's size in bytes.

        Raises:
            InvalidInput: The path exists.
            DatabaseUnusable: It can't be written.
        """
        from hindsight_teams.backends.sqlite.store import backup

        return backup.backup(self._pool, Path(path).expanduser())

    def close(self) -> None:
        """Give back connections and threads. Safe to call twice."""
        executor, self._executor = self._executor, None
        if executor is not None and self._executor_pid == os.getpid():
            executor.shutdown(wait=True)
        self._pool.close()

    def _learn(self, bank: int, numbers: Sequence[int] | None) -> tuple[tuple[int, ...], tuple[str, ...]]:
        from hindsight_teams.backends.sqlite.learn import learning

        made = learning.learn(self._pool, bank, self._extractor, self._attached, numbers)
        if not made.failed:
            return made.numbers, ()
        note = f"no facts could be extracted from {made.failed} texts, which are stored as they are: {made.failure}"
        return made.numbers, (f"{note}; retry_extraction() tries again",)

    def _now(self) -> int:
        now = to_microseconds("clock()", self._clock())
        assert now is not None
        return now

    def _attached(self, new: list[Piece]) -> list[Piece]:
        return new if self._vectors is None else self._vectors.attach(new)


_HANDLERS: dict[type[Request[Any]], Callable[[SQLiteBackend, Any], Any]] = {
    Consolidate: SQLiteBackend._consolidate,
    EnsureBank: SQLiteBackend._ensure_bank,
    GetHealth: SQLiteBackend._health,
    Recall: SQLiteBackend._recall,
    Reflect: SQLiteBackend._reflect,
    Restore: SQLiteBackend._restore,
    Retain: SQLiteBackend._retain,
    RetryExtraction: SQLiteBackend._retry_extraction,
}
