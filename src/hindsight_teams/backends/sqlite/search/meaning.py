"""Score candidates by the similarity of vectors, which are stored as signed bytes.

Comparing the candidates alone finds nearly what comparing the whole bank finds, so there is no vector index to build,
to keep in step, or to load an extension for.
"""

from __future__ import annotations

import json
import math
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Any

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.embedders import Embedder
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.errors import InvalidInput


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
    """

    scores: dict[int, float] = field(default_factory=dict)
    base: float = 0.0


def search(
    db: sqlite3.Connection, bank: int, model: int, query: bytes, candidates: Iterable[int], *, scan: int
) -> Similar:
    """Compare the candidates with a query, and, in a bank of at most ``scan`` memories, all others."""
    low, high = bounds(bank)
    known = set(candidates)
    (size,) = db.execute("SELECT memories FROM bank WHERE no = ?", (bank,)).fetchone()
    if size <= scan:
        rows = db.execute(
            "SELECT no, data FROM vector WHERE no >= ? AND no < ? AND model = ? AND length(data) = ?",
            (low, high, model, len(query)),
        ).fetchall()
    else:
        rows = db.execute(
            "SELECT no, data FROM vector WHERE no IN (SELECT value FROM json_each(?))"
            " AND model = ? AND length(data) = ?",
            (json.dumps(list(known)), model, len(query)),
        ).fetchall()
    scores = dict(zip((no for no, _ in rows), _cosines(query, [data for _, data in rows]), strict=True))
    near = [no for no in scores if no not in known and scores[no] >= weights.MEANING_FLOOR]
    near.sort(key=lambda no: -scores[no])
    base = sum(scores.values()) / len(scores) if scores else 0.0
    return Similar({no: max(0.0, scores[no]) for no in (*(known & scores.keys()), *near)}, base)


def _cosines(query: bytes, blobs: Sequence[bytes]) -> list[float]:
    numpy = _numpy()
    if numpy is None:
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


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:  # an embedder of the user's own need not bring it
        return None
    return numpy
