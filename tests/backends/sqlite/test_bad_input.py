import os
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.errors import DatabaseLocked, DatabaseUnusable, InvalidBankId, InvalidInput
from hindsight_teams.models import RetainItem
from tests.conftest import slow


@pytest.fixture
def kept(backend: SQLiteBackend) -> SQLiteBackend:
    backend.retain("b", "Nora prefers green tea")
    return backend


def still_there(backend: SQLiteBackend) -> bool:
    return [m.text for m in backend.list_memories("b").memories] == ["Nora prefers green tea"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("x" * 10_000_000, "split"),
        ("nul\x00byte", "control character"),
        ("bell\x07", "control character"),
        ("half \ud83d pair", "surrogate"),
        (None, "must be a string"),
        (b"bytes", "must be a string"),
    ],
)
def test_content_that_cannot_be_kept_is_refused(kept: SQLiteBackend, content: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        kept.retain("b", content)
    assert still_there(kept)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tags", "a,b"),
        ("tags", [""]),
        ("tags", ["a\x00"]),
        ("tags", [3]),
        ("metadata", {"a": 1}),
        ("metadata", {1: "a"}),
        ("metadata", ["a"]),
        ("metadata", {"a": "x" * 200_000}),
        ("timestamp", "2024-01-01"),
        ("document_id", ""),
        ("document_id", "d\x00"),
        ("context", "c\x00"),
        ("context", 7),
        ("entities", "Nora"),
        ("entities", [""]),
        ("update_mode", "overwrite"),
        ("update_mode", "append"),
    ],
)
def test_a_bad_field_is_refused(kept: SQLiteBackend, field: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        kept.retain("b", "fact", **{field: value})
    assert still_there(kept)


def test_one_bad_item_refuses_the_whole_batch(kept: SQLiteBackend) -> None:
    with pytest.raises(InvalidInput):
        kept.retain_batch("b", [RetainItem("good"), RetainItem("")])
    assert still_there(kept)


@pytest.mark.parametrize("bank_id", ["", " ", "a/b", "..", ".", "a\\b", "x" * 300, "nul\x00", " a", None, 3])
def test_a_bank_id_that_no_backend_can_hold_is_refused(kept: SQLiteBackend, bank_id: Any) -> None:
    for verb in (
        lambda: kept.retain(bank_id, "x"),
        lambda: kept.recall(bank_id, "x"),
        lambda: kept.delete_bank(bank_id),
    ):
        with pytest.raises(InvalidBankId):
            verb()
    assert still_there(kept)


def test_an_emoji_is_a_bank_id_like_any_other(kept: SQLiteBackend) -> None:
    kept.retain("🍵", "green tea")
    assert [m.text for m in kept.recall("🍵", "tea").results] == ["green tea"]
    assert still_there(kept)


@pytest.mark.parametrize(
    "query",
    [
        '" OR NEAR( * -',
        "AND zebra",
        "NOT tea",
        "tea*",
        "terms:tea",
        "^tea",
        "(tea",
        '"tea',
        "tea AND (green OR",
        "NEAR(green tea, 2)",
        "'; DROP TABLE memory; --",
        "tea \x00 \x07",
        "tea \ud83d",
        "tea {session_state}",
        "🍵 tea",
        "tea " * 5_000,
        "🏳️‍🌈",
        "٣ § §t §u",
    ],
)
def test_a_query_is_words_and_never_syntax(kept: SQLiteBackend, query: str) -> None:
    found = [m.text for m in kept.recall("b", query).results]
    assert found in ([], ["Nora prefers green tea"])
    assert bool(found) == ("tea" in query)


def test_a_query_that_is_cut_says_so(kept: SQLiteBackend) -> None:
    assert "cut" in kept.recall("b", "tea " * 5_000).notes[0]


@pytest.mark.parametrize(
    "options",
    [
        {"budget": "huge"},
        {"max_tokens": 0},
        {"max_tokens": -1},
        {"max_tokens": True},
        {"max_tokens": 2.5},
        {"tags_match": "some"},
        {"tags": "a"},
        {"tag_groups": {"tags": ["a"]}},
        {"tag_groups": [{"nand": []}]},
        {"types": ["rumour"]},
        {"types": "world"},
        {"query_timestamp": "now"},
    ],
)
def test_a_bad_recall_option_is_refused(kept: SQLiteBackend, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        kept.recall("b", "tea", **options)


@pytest.mark.parametrize("query", ["", "  ", None, 7])
def test_an_empty_query_is_refused(kept: SQLiteBackend, query: Any) -> None:
    with pytest.raises(InvalidInput):
        kept.recall("b", query)
    with pytest.raises(InvalidInput):
        kept.reflect("b", query)


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (-1, 0), (1, -1), (1 << 70, 0), ("5", 0)])
def test_a_page_that_cannot_be_is_refused(kept: SQLiteBackend, limit: Any, offset: Any) -> None:
    with pytest.raises(InvalidInput):
        kept.list_memories("b", limit=limit, offset=offset)


def test_deleting_needs_a_selection(kept: SQLiteBackend) -> None:
    with pytest.raises(InvalidInput, match="delete_bank"):
        kept.delete_memories("b")
    with pytest.raises(InvalidInput, match="delete_bank"):
        kept.delete_memories("b", tags=[])
    assert still_there(kept)


@pytest.mark.parametrize("path", ["", " ", ":memory:"])
def test_a_path_that_names_no_file_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        SQLiteBackend(path)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    backend = SQLiteBackend(tmp_path)
    with pytest.raises(DatabaseUnusable, match="folder"):
        backend.retain("b", "x")
    assert not backend.health().ok


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatabaseUnusable) as caught:
        SQLiteBackend(tmp_path / "file" / "memory.db").retain("b", "x")
    assert str(tmp_path) not in str(caught.value)
    assert str(tmp_path) in caught.value.details["path"]


def test_a_text_file_is_no_database_and_stays_as_it_was(path: Path) -> None:
    path.write_text("my notes\n" * 500)
    backend = SQLiteBackend(path)
    with pytest.raises(DatabaseUnusable, match="memory database") as caught:
        backend.retain("b", "x")
    assert path.read_text() == "my notes\n" * 500
    assert backend.health().message == caught.value.message


def test_a_database_of_another_application_stays_as_it_was(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE notes (text)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusable, match="another application"):
        SQLiteBackend(path).retain("b", "x")
    assert path.read_bytes() == before


def test_a_file_from_a_newer_version_is_refused(path: Path, backend: SQLiteBackend) -> None:
    backend.retain("b", "x")
    backend.close()
    db = sqlite3.connect(path)
    db.execute("INSERT INTO migration VALUES ('of_the_future', 0)")
    db.commit()
    db.close()
    with pytest.raises(DatabaseUnusable, match="another version"):
        SQLiteBackend(path).recall("b", "x")


def test_a_locked_database_is_a_retryable_error(path: Path) -> None:
    backend = SQLiteBackend(path, busy_timeout=0.05)
    backend.retain("b", "Nora prefers green tea")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLocked, match="try again"):
        backend.retain("b", "x")
    assert still_there(backend)
    other.execute("ROLLBACK")
    other.close()
    assert backend.retain("b", "x").items_count == 1
    backend.close()


READ_ONLY = """
import os, pathlib, sys, tempfile
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.errors import DatabaseUnusable
other = SQLiteBackend(os.path.join(tempfile.mkdtemp(), "other.db"))
other.retain("b", "tea")
other.recall("b", "tea")
pathlib.Path("/tmp").as_uri()  # all this loads what the other user could not read
os.setuid(65534)
backend = SQLiteBackend(sys.argv[1])
print([m.text for m in backend.recall("b", "tea").results])
try:
    backend.retain("b", "x")
except DatabaseUnusable as error:
    print(error)
"""


@pytest.mark.parametrize("folder", [0o755, *slow(0o777)])
def test_a_read_only_file_is_read_and_not_written(folder: int) -> None:
    # Not below pytest's own folder: another pytest that starts meanwhile closes that to all but its owner.
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        backend = SQLiteBackend(place / "memory.db")
        backend.retain("b", "Nora prefers green tea")
        backend.close()
        (place / "memory.db").chmod(0o444)
        root = os.getuid() == 0  # root may write anything: ask as nobody
        place.chmod(folder if root else folder & 0o577)
        script = READ_ONLY if root else READ_ONLY.replace("os.setuid(65534)\n", "")
        run = subprocess.run(
            [sys.executable, "-c", script, str(place / "memory.db")], capture_output=True, text=True, check=False
        )
        place.chmod(0o755)
    assert run.stdout.splitlines()[:1] == ["['Nora prefers green tea']"], run.stderr
    assert "read-only" in run.stdout


def test_naive_timestamps_are_utc_and_come_back_exactly(backend: SQLiteBackend) -> None:
    for year in (1, 1969, 2024, 9999):
        backend.retain("b", f"year {year}", timestamp=datetime(year, 1, 2, 3, 4, 5, 678901))
    times = [m.mentioned_at for m in backend.list_memories("b").memories]
    assert times == [datetime(y, 1, 2, 3, 4, 5, 678901, tzinfo=UTC) for y in (1, 1969, 2024, 9999)]
