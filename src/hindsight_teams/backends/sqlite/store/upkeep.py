"""Background work on a file: merging the index, checkpoints of the write-ahead log, and erasing.

One thread a pool, which runs only while there is something to do. So no call waits for a disk to be synchronized or
merges what earlier ones left, and no delete waits for somebody who reads an older state of the file.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from hindsight_teams.backends.sqlite.store import erasing
from hindsight_teams.errors import BackendError, Retryable
from hindsight_teams.log import Logger

if TYPE_CHECKING:
    from hindsight_teams.backends.sqlite.store.connections import Pool

CHANGES = 8_000
"""Changed rows, those of the index included, after which the write-ahead log is moved into the file."""

WRITES = 12
"""Writes after which the parts that they left in the full-text index are merged: a recall looks into each of them."""

_MERGE_PAGES = 32
"""Pages of the index that one transaction merges: about a millisecond, in which others wait to write."""

_LINGER = 1.0  # seconds that the thread stays without work, so that a busy writer does not start it over and over
_SOON, _LATEST = 0.05, 2.0  # seconds between attempts to erase while somebody reads an older state

_log = Logger(__name__)


class Upkeep:
    """The thread that looks after one pool's file.

    Args:
        pool: Whose connections it uses; it does not keep the pool alive.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = weakref.ref(pool)
        self._state = _State()
        self._finalizer = weakref.finalize(self, self._state.end)

    def wrote(self, changes: int, *, erase: bool) -> None:
        """Take note of a write.

        Args:
            changes: Rows that it changed.
            erase: Whether something that was deleted is still in the file's bytes.
        """
        state = self._state
        with state.lock:
            state.changes += changes
            state.writes += changes > 0
            state.erase = erase
            if state.writes < WRITES and state.changes < CHANGES and not erase:
                return
            state.wake.set()
            if state.thread is None and not state.ended:
                state.thread = threading.Thread(
                    target=_run, args=(self._pool, state), name="hindsight-teams-upkeep", daemon=True
                )
                state.thread.start()

    def stop(self) -> None:
        """End the thread, if it runs; a later write starts it again."""
        self._state.end()
        self._state.ended = False

    def finish(self) -> None:
        """End the thread, and erase what is still to be erased unless a reader of an older state is in the way."""
        self.stop()
        pool, state = self._pool(), self._state
        if pool is None:
            return
        try:
            if state.writes:  # a program that retains once and ends leaves no more behind than it found
                state.writes = 0
                _merge_some(pool)
            if state.erase:
                state.erase = False
                erasing.erase(pool)
        except BackendError as error:
            _log.warning("upkeep_failed", error=str(error), **error.details)

    def abandon(self) -> None:
        """Forget the thread: after a fork it is the parent's."""
        self._finalizer.detach()


class _State:
    """What the thread and those who give it work share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.changes = 0
        self.writes = 0
        self.erase = False
        self.ended = False
        self.thread: threading.Thread | None = None

    def end(self) -> None:
        self.ended = True
        self.wake.set()
        thread = self.thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()


def _run(reference: weakref.ref[Pool], state: _State) -> None:
    pause = _LINGER
    while True:
        woken = state.wake.wait(pause)
        pool = reference()
        with state.lock:
            if pool is None or state.ended or not (state.wake.is_set() or state.erase):
                state.thread = None
                return
            state.wake.clear()
            changes, writes = state.changes, state.writes
            if merges := writes >= WRITES or changes >= CHANGES:
                state.writes = 0
            if moves := changes >= CHANGES:
                state.changes = 0
        try:
            while merges and _merge_some(pool) and not state.ended:
                pass
            if moves:
                _checkpoint(pool)
            done = not state.erase or erasing.erase(pool, stop=lambda: state.ended)
        except BackendError as error:  # the next call meets the same trouble, and tells its caller
            _log.warning("upkeep_failed", error=str(error), **error.details)
            done = not isinstance(error, Retryable)
        del pool
        with state.lock:
            if done and not state.wake.is_set():
                state.erase = False
        pause = _LINGER if done else _SOON if woken else min(2 * pause, _LATEST)


def _merge_some(pool: Pool) -> bool:
    """Merge some pages of the index, where enough parts of one size have come together; whether there were any."""
    with pool.exclusive() as db:
        before = db.total_changes
        db.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (_MERGE_PAGES,))
        return db.total_changes - before > 1


def _checkpoint(pool: Pool) -> None:
    """Move the write-ahead log into the file, as far as readers of older states allow, without waiting for any."""
    with pool.outside() as db:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    with pool.exclusive() as db:  # what was written meanwhile: only a log that is moved whole begins anew
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
