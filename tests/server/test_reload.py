"""A file of rights counts as it is now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hindsight_teams.server.reload import Reloaded


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
