"""The levels of the full-text index stay few, however often something is deleted between two retains."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.store import index_levels
from hindsight_teams.backends.sqlite.store.index_levels import as_varint
from hindsight_teams.errors import DatabaseUnusable
from hindsight_teams.models import RetainItem


@pytest.mark.parametrize("pairs", [70, pytest.param(1_100, marks=pytest.mark.slow)])
def test_any_number_of_deletes_between_retains_leaves_a_sound_file(tmp_path: Path, pairs: int) -> None:
    path = tmp_path / "memory.db"
    backend = SQLiteBackend(path)
    backend.retain_batch("b", [RetainItem(f"tea fact {i}", tags=[f"n:{i}"]) for i in range(200)])
    for number in range(pairs):
        backend.retain("b", f"fact c {number}", tags=["passing"])
        assert backend.delete_memories("b", tags=["passing"]) == 1
    assert [m.text for m in backend.recall("b", "tea fact 117").results][:1] == ["tea fact 117"]
    assert not backend.check().problems
    backend.close()
    with closing(sqlite3.connect(path)) as db:
        (record,) = db.execute("SELECT block FROM words_data WHERE id = 10").fetchone()
        db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    assert not index_levels.too_many(record)


def index() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE VIRTUAL TABLE words USING fts5(terms, tokenize='ascii', detail=none, columnsize=0)")
    db.execute("INSERT INTO words (words, rank) VALUES ('automerge', 0)")
    return db


def record_of(db: sqlite3.Connection) -> bytes:
    return bytes(db.execute("SELECT block FROM words_data WHERE id = 10").fetchone()[0])


def test_an_empty_index_and_one_of_a_single_level_stay_as_they_are() -> None:
    with closing(index()) as db:
        empty = record_of(db)
        assert index_levels.without_empty(empty)[:4] == empty[:4]
        assert not index_levels.too_many(empty)
        db.execute("INSERT INTO words VALUES ('tea')")
        assert index_levels.without_empty(record_of(db)) == record_of(db)


def test_empty_levels_go_and_the_parts_stay_in_their_order() -> None:
    part, other = b"\x07\x01\x02", b"\x81\x05\x01\x82\x03"  # ids, first and last pages, one of two bytes
    record = b"\0\0\0\1" + b"\x04\x02\x09" + b"\0\0" + b"\1\1" + part + b"\0\0" + b"\0\1" + other
    assert index_levels.without_empty(record) == b"\0\0\0\1" + b"\x02\x02\x09" + b"\1\1" + part + b"\0\1" + other
    many = b"\0\0\0\1" + b"\x8f\x52\x01\x09" + b"\0\0" * 2001 + b"\0\1" + part
    assert index_levels.too_many(many)
    assert index_levels.without_empty(many) == b"\0\0\0\1\x01\x01\x09\0\1" + part


def test_a_record_of_another_format_is_left_alone() -> None:
    newer = b"\0\0\0\1\xff\0\0\1" + b"\x8f\x52\x01\x09"
    assert not index_levels.too_many(newer)
    assert index_levels.without_empty(newer) == newer


def test_a_file_with_more_levels_than_can_be_read_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with closing(SQLiteBackend(path)) as backend:
        backend.retain_batch("b", [RetainItem(f"tea fact {i}", tags=["tea"]) for i in range(50)])
    with closing(sqlite3.connect(path)) as db:
        record = record_of(db)
        assert record[4] < 0x80  # the number of levels, in one byte
        many = record[:4] + as_varint(record[4] + 2_000) + record[5:7] + b"\0\0" * 2_000 + record[7:]
        db.execute("UPDATE words_data SET block = ? WHERE id = 10", (many,))
        db.commit()
        with pytest.raises(sqlite3.DatabaseError):
            db.execute("SELECT rowid FROM words WHERE words MATCH 'tea'").fetchall()
    with closing(SQLiteBackend(path)) as backend:
        with pytest.raises(DatabaseUnusable):
            backend.recall("b", "tea")
        assert not backend.check().ok
        assert (backend.repair().kept, backend.check().problems) == (50, ())
        assert len(backend.list_memories("b").memories) == 50
        assert [m.text for m in backend.recall("b", "tea fact 17").results][:1] == ["tea fact 17"]
        assert backend.delete_memories("b", tags=["tea"]) == 50
