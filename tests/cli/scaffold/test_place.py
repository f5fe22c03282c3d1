from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hindsight_teams.cli.scaffold.place import RECORD, keep_changed, new_record, place, read_record, refuse_occupied
from hindsight_teams.errors import ConfigurationError, InvalidInput, NotFound

FILES = {"a.txt": "one\n", "deep/er/b.txt": "two\n"}


def tree(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("there", [False, True])
def test_all_files_are_placed_in_a_new_or_an_empty_folder(home: Path, there: bool) -> None:
    target = home / "desk"
    if there:
        target.mkdir()
    place(target, FILES)
    assert tree(target) == FILES
    assert [p.name for p in home.iterdir()] == ["desk"]


def test_missing_parents_are_made(home: Path) -> None:
    place(home / "some" / "where", FILES)
    assert tree(home / "some" / "where") == FILES


def test_a_failure_leaves_nothing(home: Path) -> None:
    with pytest.raises(OSError, match=r".+"):
        place(home / "not" / "there" / "desk", {**FILES, "a.txt/under-a-file": "no"})
    assert list(home.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_end_from_outside_half_way_leaves_nothing(home: Path, name: str) -> None:
    stopped = f"""
import os, signal, sys
from pathlib import Path
from hindsight_teams.cli.main import main
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
Path.rename = lambda *_: os.kill(os.getpid(), signal.{name})
sys.argv = ["hindsight-teams", "new", "made/here/desk", "--yes"]
main()
"""
    ended = subprocess.run([sys.executable, "-c", stopped], cwd=home, capture_output=True, text=True)
    assert ended.returncode == 128 + getattr(signal, name)
    assert "Traceback" not in ended.stderr
    assert list(home.iterdir()) == []


def test_a_failure_half_way_brings_every_file_back(home: Path) -> None:
    target = home / "desk"
    place(target, {"a.txt": "mine\n", "gone.txt": "there\n"})
    (target / "deep").write_text("a file where a folder must go\n")
    before = tree(target)
    with pytest.raises(OSError, match=r".+"):
        place(target, FILES, remove=("gone.txt",))
    assert tree(target) == before
    assert [p.name for p in home.iterdir()] == ["desk"]


def test_files_are_replaced_and_removed_together(home: Path) -> None:
    target = home / "desk"
    place(target, {"a.txt": "old\n", "gone.txt": "there\n"})
    place(target, FILES, remove=("gone.txt",))
    assert tree(target) == FILES


def test_a_link_to_a_folder_is_followed(home: Path) -> None:
    (home / "real").mkdir()
    (home / "link").symlink_to(home / "real")
    place(home / "link", FILES)
    assert (home / "link").is_symlink()
    assert tree(home / "real") == FILES


def test_an_occupied_folder_is_refused_unless_forced(home: Path) -> None:
    (home / "desk").mkdir()
    refuse_occupied(home / "desk", force=False)
    (home / "desk" / "x").touch()
    with pytest.raises(InvalidInput, match="--force"):
        refuse_occupied(home / "desk", force=False)
    refuse_occupied(home / "desk", force=True)


def test_a_file_in_the_way_is_refused_even_with_force(home: Path) -> None:
    (home / "desk").touch()
    with pytest.raises(InvalidInput, match="'desk'"):
        refuse_occupied(home / "desk", force=True)


def test_only_files_as_rendered_may_be_replaced(home: Path) -> None:
    rendered = {"untouched": "old\n", "changed": "old\n", "same": "new\n"}
    place(home, {**rendered, RECORD: new_record({}, rendered).to_text()})
    (home / "changed").write_text("mine\n")
    (home / "stranger").write_bytes(b"\xff\xfe")
    new = dict.fromkeys([*rendered, "stranger", "added"], "new\n")
    write, kept = keep_changed(home, new)
    assert kept == ["changed", "stranger"]
    assert sorted(write) == ["added", "same", "untouched"]


def test_a_record_is_read_as_it_was_written(home: Path) -> None:
    record = new_record({"recipe": "x", "members": ["a", "b"]}, {"f": "täxt\n"})
    place(home, {RECORD: record.to_text()})
    assert read_record(home) == record


def test_a_folder_without_a_record_is_told_so(home: Path) -> None:
    with pytest.raises(NotFound, match="hindsight-teams new"):
        read_record(home)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 9, "answers": {}, "files": {}, "made_with": "9"}'])
def test_a_broken_or_newer_record_is_refused(home: Path, text: str) -> None:
    (home / RECORD).write_text(text)
    with pytest.raises(ConfigurationError):
        read_record(home)
