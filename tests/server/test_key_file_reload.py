"""A file of rights counts as it is now."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hindsight_teams.server.key_file import Reloaded


class Reader:
    """Reads a text, counts how often, and does something to the file while it reads."""

    def __init__(self) -> None:
        self.times = 0
        self.meanwhile: str | None = None

    def __call__(self, path: Path) -> str:
        self.times += 1
        text = path.read_text() if path.exists() else "none"
        if self.meanwhile is not None:
            path.write_text(self.meanwhile)
        if text == "broken":
            raise ValueError(text)
        return text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rights"


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_a_file_that_does_not_change_is_read_once(path: Path, reader: Reader) -> None:
    path.write_text("one")
    file = Reloaded(path, reader)
    assert reader.times == 0
    assert [file.get() for _ in range(3)] == ["one"] * 3
    assert reader.times == 1


def test_a_file_that_is_not_there_is_read_once_and_anew_when_it_comes_and_goes(path: Path, reader: Reader) -> None:
    file = Reloaded(path, reader)
    assert [file.get(), file.get(), reader.times] == ["none", "none", 1]
    path.write_text("one")
    assert [file.get(), file.get(), reader.times] == ["one", "one", 2]
    path.unlink()
    assert [file.get(), file.get(), reader.times] == ["none", "none", 3]


def test_a_change_of_the_same_length_at_the_same_time_counts(path: Path, reader: Reader) -> None:
    path.write_text("one")
    os.utime(path, ns=(1_000, 1_000))
    file = Reloaded(path, reader)
    assert file.get() == "one"
    new = path.with_name("new")
    new.write_text("two")
    os.utime(new, ns=(1_000, 1_000))
    new.replace(path)
    assert file.get() == "two"


@pytest.mark.parametrize("length", [3, 6])
def test_what_was_changed_while_it_was_read_is_read_again(path: Path, reader: Reader, length: int) -> None:
    path.write_text("one")
    file = Reloaded(path, reader)
    reader.meanwhile = "newest"[:length]
    assert file.get() == "one"
    reader.meanwhile = None
    assert file.get() == "newest"[:length]
    assert reader.times == 2


def test_a_file_that_can_not_be_read_gives_no_older_rights(path: Path, reader: Reader) -> None:
    path.write_text("one")
    file = Reloaded(path, reader)
    assert file.get() == "one"
    path.write_text("broken")
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            file.get()
    path.write_text("mended")
    assert file.get() == "mended"


class Place:
    """A path of which the test says what ``stat`` tells, such as of two changes within one tick of the clock."""

    def __init__(self) -> None:
        self.told = {"st_mtime_ns": 1, "st_ctime_ns": 1, "st_size": 3, "st_ino": 7}

    def stat(self) -> SimpleNamespace:
        return SimpleNamespace(**self.told)


@pytest.mark.parametrize("name", ["st_mtime_ns", "st_ctime_ns", "st_size", "st_ino"])
def test_whatever_tells_a_change_counts_alone(name: str) -> None:
    place, values = Place(), iter(["one", "two"])
    file: Reloaded[str] = Reloaded(cast(Path, place), lambda _: next(values))
    assert [file.get(), file.get()] == ["one", "one"]
    place.told[name] += 1
    assert [file.get(), file.get()] == ["two", "two"]


def test_what_was_read_of_another_state_is_not_kept_for_the_one_before() -> None:
    place, values = Place(), iter(["new", "old"])

    def changed_while_read(_: Path) -> str:
        place.told["st_ino"] = 8
        return next(values)

    file: Reloaded[str] = Reloaded(cast(Path, place), changed_while_read)
    assert file.get() == "new"
    place.told["st_ino"] = 7
    assert file.get() == "old"
