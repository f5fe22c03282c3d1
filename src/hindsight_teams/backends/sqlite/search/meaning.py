"""Score candidates by the similarity of vectors, which are stored as signed bytes.

Vectors are made when memories are stored, compared when they are recalled, and remade when the embedder changes.

Comparing the candidates alone finds nearly what comparing the whole bank finds, so there is no vector index to build,
to keep in step, or to load an extension for.
"""

from __future__ import annotations

import json
import math
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import mul

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.embedders import Embedder
from hindsight_teams.backends.sqlite.search.weights import Depth
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.backends.sqlite.store.records import Piece
from hindsight_teams.errors import InvalidInput
from hindsight_teams.log import Logger

_BATCH = 256

_log = Logger(__name__)


def pack(vector: Sequence[float]) -> bytes:
    """A vector as signed bytes, scaled by its largest component; cosine similarity does not feel the scale.

    Raises:
        InvalidInput: Empty, or with a component that is not a finite number.
    """
    values = [float(v) for v in vector]
    largest = max(map(abs, values), default=0.0)
    if not values or not math.isfinite(largest) or any(v != v for v in values):
        raise InvalidInput("the embedder gave no vector of finite numbers; check what it returns for this text")
    scale = 127 / largest if largest else 0.0
    return array("b", [round(v * scale) for v in values]).tobytes()


def model_number(db: sqlite3.Connection, embedder: Embedder) -> int | None:
    """The number under which the file knows an embedder, or None."""
    row = db.execute("SELECT no FROM embedder WHERE name = ?", (embedder.name,)).fetchone()
    return None if row is None else int(row[0])


def ensure_model(db: sqlite3.Connection, embedder: Embedder) -> int:
    """The number of an embedder, which is made when the file does not know it."""
    number = model_number(db, embedder)
    if number is None:
        number = db.execute("INSERT INTO embedder (name) VALUES (?)", (embedder.name,)).lastrowid
    assert number is not None
    return number


@dataclass(frozen=True, slots=True)
class Similar:
    """How near memories are to a query.

    Attributes:
        scores: Cosine similarity by rowid: of the candidates, then of the nearest others.
        base: The mean of all memories that were compared. Embedders differ in what an unrelated text gets.
        unrelated: What the least related texts get: the mean less the deviation, and less where few were compared.
        trust: How much of this so many vectors tell, from 0 to 1.
    """

    scores: dict[int, float] = field(default_factory=dict)
    base: float = 0.0
    unrelated: float = 0.0
    trust: float = 1.0


def search(
    db: sqlite3.Connection, bank: int, model: int, query: bytes, candidates: Iterable[int], *, scan: int
) -> Similar:
    """Compare the candidates with a query, and, in a bank of at most ``scan`` memories, all others."""
    known = set(candidates)
    (size,) = db.execute("SELECT memories FROM bank WHERE no = ?", (bank,)).fetchone()
    among = "no >= ? AND no < ?"
    values: tuple[int | str, ...] = bounds(bank)
    if size > scan:
        among, values = "no IN (SELECT value FROM json_each(?))", (json.dumps(list(known)),)
    sql = f"SELECT no, data FROM vector WHERE {among} AND model = ? AND length(data) = ?"
    rows = db.execute(sql, (*values, model, len(query))).fetchall()
    scores = dict(zip((no for no, _ in rows), _cosines(query, [data for _, data in rows]), strict=True))
    near = [no for no in scores if no not in known and scores[no] >= weights.MEANING_FLOOR]
    near.sort(key=lambda no: -scores[no])
    positive = {no: max(0.0, scores[no]) for no in (*(known & scores.keys()), *near)}
    trust = len(scores) / (len(scores) + weights.UNRELATED_FROM)
    return Similar(positive, *_background(list(scores.values())), trust)


def _background(scores: Sequence[float]) -> tuple[float, float]:
    """``Similar.base`` and ``Similar.unrelated`` of all that was compared."""
    if not scores:
        return 0.0, 0.0
    base = sum(scores) / len(scores)
    deviation = math.dist(scores, [base] * len(scores)) / math.sqrt(len(scores))
    return base, max(0.0, sum(scores) / (len(scores) + weights.UNRELATED_FROM) - deviation)


def _cosines(query: bytes, blobs: Sequence[bytes]) -> list[float]:
    try:
        import numpy
    except ImportError:  # an embedder of the user's own need not bring it
        return _cosines_by_hand(query, blobs)
    if not blobs:
        return []
    matrix = numpy.frombuffer(b"".join(blobs), numpy.int8).reshape(len(blobs), -1).astype(numpy.float32)
    wanted = numpy.frombuffer(query, numpy.int8).astype(numpy.float32)
    lengths = numpy.sqrt((matrix * matrix).sum(axis=1)) * numpy.sqrt((wanted * wanted).sum())
    scores: list[float] = (matrix @ wanted / numpy.maximum(lengths, 1e-9)).tolist()
    return scores


def _cosines_by_hand(query: bytes, blobs: Sequence[bytes]) -> list[float]:
    wanted = array("b", query)
    length = math.sqrt(sum(map(mul, wanted, wanted)))
    scores = []
    for blob in blobs:
        vector = array("b", blob)
        own = math.sqrt(sum(map(mul, vector, vector)))
        scores.append(sum(map(mul, vector, wanted)) / max(own * length, 1e-9))
    return scores


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
                self._number = ensure_model(db, self._embedder)
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
    ) -> Similar:
        """How near candidates are to a query; see ``search``."""
        model = model_number(db, self._embedder)
        vectors = None if model is None else self._made([query])
        if model is None or vectors is None:
            return Similar()
        return search(db, bank, model, vectors[0], candidates, scan=depth.scan)

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
            vectors = [pack(vector) for vector in self._embedder.embed(texts)]
            if len(vectors) != len(texts):
                raise ValueError(f"{len(vectors)} vectors for {len(texts)} texts")
        except Exception as error:  # whatever a user's embedder raises
            _log.warning("embedder_failed", embedder=self._embedder.name, texts=len(texts), error=repr(error))
            return None
        return vectors
