"""A file from before the index held stemmed terms is reindexed when it is opened."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hindsight_teams.backends.sqlite import SQLiteBackend

NOON = datetime(2024, 5, 7, 12, tzinfo=UTC)


def made_old(path: Path) -> None:
    """Take a file back to the tables that it had before."""
    with closing(sqlite3.connect(path)) as db:
        for statement in (
            "DELETE FROM migration WHERE name = 'counted_terms'",
            "DROP INDEX memory_order",
            "ALTER TABLE memory DROP COLUMN stream",
            "CREATE INDEX memory_stream ON memory (bank, mentioned) WHERE document IS NULL AND dated",
            "DROP TABLE words",
            "DROP TABLE vocabulary",
            "CREATE VIRTUAL TABLE words USING fts5(terms, tokenize='porter ascii', detail=none, columnsize=0)",
            "INSERT INTO words (rowid, terms) SELECT no, text FROM memory",
        ):
            db.execute(statement)
        db.commit()


def test_an_older_file_is_found_in_as_a_new_one(path: Path) -> None:
    turns = ("Which colour did the plumber choose?", "Teal, in the end.", "Deployments to Łódź are frozen.")
    with closing(SQLiteBackend(path)) as backend:
        for n, text in enumerate(turns):
            backend.retain("b", text, timestamp=NOON + timedelta(seconds=30 * n), tags=["colours"])
        backend.retain("b", "One of two", document_id="d")
        backend.retain("b", "Two of two", document_id="d", update_mode="append")
    made_old(path)
    with closing(SQLiteBackend(path)) as backend:
        assert backend.check().ok
        found = [m.text for m in backend.recall("b", "plumber colour").results]
        assert found[:2] == ["Which colour did the plumber choose?", "Teal, in the end."]
        assert backend.recall("b", "deploy Lodz", tags=["colours"], tags_match="all_strict").results[0].text == turns[2]
        assert [m.text for m in backend.recall("b", "two").results] == ["Two of two", "One of two"]
