"""Vectors of memories: made when they are stored, compared when they are recalled, remade when the embedder changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hindsight_teams.backends.sqlite.search import meaning
from hindsight_teams.backends.sqlite.search.embedders import Embedder
from hindsight_teams.backends.sqlite.search.weights import Depth
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.records import Piece
from hindsight_teams.log import Logger

_BATCH = 256

_log = Logger(__name__)


class Vectors:
    """What one embedder gives to one database file.

    An embedder that fails costs a memory its vector and a recall its meaning, never the call: each failure is logged.
    """

    def __init__(self, pool: Pool, embedder: Embedder) -> None:
        self._pool = pool
        self._embedder = embedder
        self._number: int | None = None

    @property
    def model(self) -> int:
        """The number under which the file knows the embedder."""
        if self._number is None:
            with self._pool.write() as db:
                self._number = meaning.ensure_model(db, self._embedder)
        return self._number

    def attach(self, new: list[Piece]) -> list[Piece]:
        """The pieces with their vectors."""
        vectors = self._made([piece.text for piece in new]) if new else None
        if vectors is None:
            return new
        model = self.model
        return [replace(piece, vector=v, model=model) for piece, v in zip(new, vectors, strict=True)]

    def similarity(
        self, db: sqlite3.Connection, bank: int, query: str, candidates: Iterable[int], depth: Depth
    ) -> meaning.Similar:
        """How near candidates are to a query; see ``meaning.search``."""
        model = meaning.model_number(db, self._embedder)
        vectors = None if model is None else self._made([query])
        if model is None or vectors is None:
            return meaning.Similar()
        return meaning.search(db, bank, model, vectors[0], candidates, scan=depth.scan)

    def remake(self) -> int:
        """Make the vectors that memories lack; how many were made."""
        made, last, model = 0, -1, self.model
        while True:
            with self._pool.read() as db:
                rows = db.execute(
                    "SELECT m.no, m.text FROM memory m WHERE m.no > ? AND NOT EXISTS"
                    " (SELECT 1 FROM vector v WHERE v.no = m.no AND v.model = ?) ORDER BY m.no LIMIT ?",
                    (last, model, _BATCH),
                ).fetchall()
            vectors = self._made([text for _, text in rows]) if rows else None
            if vectors is None:
                return made
            with self._pool.write() as db:
                for (no, text), vector in zip(rows, vectors, strict=True):
                    # The memory may be gone, or another, by now.
                    sql = (
                        "INSERT OR REPLACE INTO vector (no, model, data)"
                        " SELECT no, ?, ? FROM memory WHERE no = ? AND text = ?"
                    )
                    made += db.execute(sql, (model, vector, no, text)).rowcount
            last = rows[-1][0]

    def _made(self, texts: Sequence[str]) -> list[bytes] | None:
        try:
            vectors = [meaning.pack(vector) for vector in self._embedder.embed(texts)]
            if len(vectors) != len(texts):
                raise ValueError(f"{len(vectors)} vectors for {len(texts)} texts")
        except Exception as error:  # whatever a user's embedder raises
            _log.warning("embedder_failed", embedder=self._embedder.name, texts=len(texts), error=repr(error))
            return None
        return vectors
