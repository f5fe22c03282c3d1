"""Open a connection to a database file: make a new file, finish what a kill left, refuse what is not ours."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from hindsight_teams.backends.private_files import Files, files, make_file, make_folder, part_from_log
from hindsight_teams.backends.sqlite.store import erasing, leftovers, schema
from hindsight_teams.backends.sqlite.store.descriptors import Connection, Watch
from hindsight_teams.backends.sqlite.store.sqlite_errors import UNREADABLE, code_of, translate
from hindsight_teams.errors import DatabaseUnusable

CACHE_KB = 8000
"""Page cache of one connection."""

CHECKPOINT_LIMIT = 64 * 1024 * 1024
"""What the write-ahead log is cut back to after a checkpoint, in bytes."""

CHECKPOINT_PAGES = 8_000
"""Pages of the write-ahead log at which a writer copies them into the file itself, if ``Upkeep`` did not before."""


class Opener:
    """Opens connections to one file; the first one looks at the file, and prepares it.

    Args:
        path: The file; it is made, with its folder, at the first use.
        busy_timeout: Seconds that a connection waits for another process's write to end.

    Attributes:
        ready: The file was looked at.
        opened: What lay under the path when it was opened last.
        watch: Notices when somebody else writes into it.
        doubtful: Somebody did: look through the file before it is used again.
        erase_due: A process ended before it had erased what was deleted; nobody has taken note of it yet.
    """

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self.path = path
        self.ready = False
        self.opened: Files | None = None
        self.watch: Watch | None = None
        self.doubtful = False
        self.erase_due = False
        self._busy_timeout = busy_timeout
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """In a child: a thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    def open(self) -> Connection:
        """A new connection.

        Raises:
            DatabaseUnusable: It can't be had.
            DatabaseLocked: Another process holds the file for longer than ``busy_timeout``.
        """
        with self._lock:
            if not self.ready:
                self._check_place()
            try:
                return self._open()
            except UNREADABLE as error:
                raise translate(error, str(self.path)) from error

    def _open(self) -> Connection:
        try:
            db = self._prepared(self._connect(str(self.path), uri=False))
        except sqlite3.OperationalError as error:
            if not self._out_of_reach(error):
                raise
        else:
            db.files = self.opened = files(self.path)
            return db
        # A read-only folder: SQLite can't make the files that it shares with writers, and there is no writer.
        # Such a connection sees no later change, so it is not kept, and names no files.
        return self._prepared(self._connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True))

    def _prepared(self, db: Connection) -> Connection:
        try:
            if not self.ready:
                self._prepare(db)
                self.ready = True
            else:
                db.execute("SELECT 1 FROM bank LIMIT 1").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _out_of_reach(self, error: sqlite3.OperationalError) -> bool:
        stuck = code_of(error).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        return stuck and self.path.is_file() and not self.path.with_name(self.path.name + "-wal").exists()

    def _check_place(self) -> None:
        try:
            is_folder = self.path.is_dir()
        except OSError as error:
            raise DatabaseUnusable(
                "the memory database can't be reached; choose another path, or ask for the right to enter its folder",
                path=str(self.path),
                reason=str(error),
            ) from error
        if is_folder:
            raise DatabaseUnusable("the database path is a folder; give the path of a file", path=str(self.path))
        if self.opened and not self.path.exists():  # a new, empty file must not take the place of one that was lost
            raise deleted(self.path, "nothing was read or written")
        try:
            part_from_log(self.path, self.opened)
            make_folder(self.path.parent)
            leftovers.finish(self.path)
            if not make_file(self.path) and not self.path.exists():
                raise DatabaseUnusable(
                    "the database path is a symbolic link to a file that does not exist; make it, or name the file"
                    " itself",
                    path=str(self.path),
                )
        except OSError as error:
            if self.path.is_file():
                return  # a folder that may only be read
            raise DatabaseUnusable(
                "the memory database, or its folder, can't be made; choose another path",
                path=str(self.path),
                reason=str(error),
            ) from error

    def _connect(self, database: str, *, uri: bool) -> Connection:
        db = sqlite3.connect(
            database,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=uri,
            factory=Connection,
        )
        try:
            db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            db.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against a killed process
            db.execute("PRAGMA fullfsync = ON")  # on macOS a plain fsync may leave the data in the drive's cache
            db.execute("PRAGMA checkpoint_fullfsync = ON")
            db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            db.execute("PRAGMA secure_delete = ON")
            db.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_LIMIT}")
            db.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    # A file of another application must not be changed, not even its journal mode.
                    schema.check_ours(db)
                    db.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:  # SQLite's busy handler does not cover the change to WAL
                locked = code_of(error).startswith("SQLITE_BUSY")
                if not locked or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if self.doubtful and db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise DatabaseUnusable(
                "the memory database was cut or written over while it was open, and is damaged; run `hindsight-teams"
                " bank repair`, or restore a backup",
                path=str(self.path),
                sqlite="cut or written over while it was open",
                code="SQLITE_CORRUPT",
            )
        self.doubtful = False
        schema.migrate(db, now=time.time_ns() // 1000)
        self.erase_due = erasing.due(db)
        self.watch = Watch(self.path, db)


def deleted(path: Path, consequence: str) -> DatabaseUnusable:
    """The error for a file that was deleted while it was open."""
    return DatabaseUnusable(
        f"the memory database was deleted while it was open; {consequence}: put the file back, or restore a backup",
        path=str(path),
    )


def bank_ids(path: Path, prefix: str, *, limit: int) -> list[str]:
    """Ids of banks that begin so, read without a change, a new file or a wait; none where there is no regular file.

    Raises:
        sqlite3.Error: It is not a database of this package, or it can't be read now.
    """
    if not path.is_file():  # opening a pipe would wait for ever
        return []
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.1)) as db:
        sql = "SELECT id FROM bank WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        return [name for (name,) in db.execute(sql, (prefix, prefix + "\U0010ffff", limit))]
