"""Write rendered files to a project, all of them or none, and a record of what was rendered.

Everything is first written into a temporary folder beside the target, on the same disk, and then moved.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from hindsight_teams.errors import ConfigurationError, InvalidInput, NotFound

RECORD = ".hindsight-teams.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """The record in a project of how it was made.

    The texts are the base of the three-way merge of a later ``update``, and tell which files were changed by hand.

    Attributes:
        answers: What was asked when the project was made.
        files: Path in the project to the text rendered for it.
        made_with: The version of this package that rendered it.
    """

    answers: Mapping[str, Any]
    files: Mapping[str, str]
    made_with: str

    def to_text(self) -> str:
        """The record as it is stored."""
        about = "Made by hindsight-teams. Commit it and leave it as it is: `hindsight-teams update` merges with it."
        value = {
            "about": about,
            "format": _FORMAT,
            "made_with": self.made_with,
            "answers": dict(self.answers),
            "files": dict(sorted(self.files.items())),
        }
        return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def new_record(answers: Mapping[str, Any], files: Mapping[str, str]) -> Record:
    """The record of what was rendered just now."""
    return Record(answers, files, version("hindsight-teams"))


def read_record(folder: Path) -> Record:
    """The record of an existing project.

    Raises:
        NotFound: The folder was not made by ``hindsight-teams new``.
        ConfigurationError: The record can't be read, names a file outside the project, or a newer version wrote it.
    """
    path = folder / RECORD
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        written = value["format"]
        record = Record(value["answers"], dict(value["files"]), value["made_with"])
    except FileNotFoundError:
        raise NotFound(
            f"there is no {RECORD} here; `update` works in a project made by `hindsight-teams new`", path=str(folder)
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{RECORD} can't be read; restore it from version control", path=str(path)) from error
    if written != _FORMAT:
        raise ConfigurationError(f"{RECORD} is of format {written!r}; a newer hindsight-teams wrote it", path=str(path))
    for name, text in record.files.items():
        if not (isinstance(text, str) and _is_inside(name)):
            raise ConfigurationError(
                f"{RECORD} names {name[:80]!r}, which is not a file of the project; restore it from version control",
                path=str(path),
            )
    return record


def _is_inside(name: str) -> bool:
    """Whether a name is a plain relative path: no way out of the folder, on any system."""
    return (
        not any(character in name for character in "\\:\x00")
        and name not in ("", ".", RECORD)
        and str(PurePosixPath(name)) == name
        and not PurePosixPath(name).is_absolute()
        and ".." not in PurePosixPath(name).parts
    )


def refuse_occupied(folder: Path, *, force: bool) -> None:
    """Refuse a target that is a file, or a folder with something in it unless ``force`` is given.

    Raises:
        InvalidInput: It says what stands there.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder.name!r} is a file; choose another name", path=str(folder))
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise InvalidInput(
            f"the folder {folder.name!r} is not empty; choose another name, or add to it with --force,"
            " which overwrites no file that was changed",
            path=str(folder),
        )


def keep_changed(folder: Path, files: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The files that may be written into a folder, and the paths of those that stay because they were changed.

    A file that stands there may be replaced only when it is, to the letter, what an earlier run rendered.
    """
    refuse_links(folder, files)
    try:
        rendered = read_record(folder).files
    except (NotFound, ConfigurationError):
        rendered = {}
    write, kept = {}, []
    for path, text in files.items():
        there = read_text(folder / path)
        if path == RECORD or there is None or there in (text, rendered.get(path)):
            write[path] = text
        else:
            kept.append(path)
    return write, kept


def refuse_links(folder: Path, paths: Iterable[str]) -> None:
    """Refuse to read or write through a link that stands inside a project: it may lead anywhere.

    Raises:
        InvalidInput: It names the link.
    """
    for path in paths:
        steps = PurePosixPath(path).parts
        for end in range(1, len(steps) + 1):
            there = folder.joinpath(*steps[:end])
            if there.is_symlink():
                raise InvalidInput(
                    f"{'/'.join(steps[:end])!r} is a symbolic link; put a file or folder in its place", path=str(there)
                )


def read_text(path: Path) -> str | None:
    """The text of a file, None where there is none; bytes that are not text stay distinct from any text."""
    if not os.path.lexists(path):
        return None
    if not path.is_file():
        return "\udcff"
    return path.read_bytes().decode("utf-8", "surrogateescape")


def place(folder: Path, files: Mapping[str, str], *, remove: tuple[str, ...] = ()) -> None:
    """Write files into a folder, and remove some; on a failure everything is as it was before."""
    folder = folder.resolve()  # a link to the project itself is followed, not replaced
    refuse_links(folder, [*files, *remove])
    with _parents(folder), _staging(folder) as staged:
        for path, text in files.items():
            target = staged / "new" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8", "surrogateescape"))
        if not folder.is_dir() or not any(folder.iterdir()):
            if folder.is_dir():
                folder.rmdir()
            (staged / "new").rename(folder)
        else:
            _exchange(folder, staged, list(files), list(remove))


def _exchange(folder: Path, staged: Path, new: list[str], gone: list[str]) -> None:
    """Move files in one by one, and all of them back when one fails."""
    saved, placed, made = [], [], []
    try:
        for path in [*new, *gone]:
            if os.path.lexists(folder / path):
                backup = staged / "old" / path
                backup.parent.mkdir(parents=True, exist_ok=True)
                (folder / path).rename(backup)
                saved.append(path)
            if path in new:
                made += _make_parents(folder, path)
                (staged / "new" / path).rename(folder / path)
                placed.append(path)
    except BaseException:
        for path in placed:
            (folder / path).unlink()
        for path in saved:
            (staged / "old" / path).rename(folder / path)
        for parent in reversed(made):
            parent.rmdir()
        raise


def _make_parents(folder: Path, path: str) -> list[Path]:
    missing = [p for p in reversed((folder / path).parents) if p.is_relative_to(folder) and not p.exists()]
    for parent in missing:
        parent.mkdir()
    return missing


@contextmanager
def _parents(folder: Path) -> Iterator[None]:
    """The folder's parents, made where they are missing, and taken away again on a failure."""
    missing = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for parent in missing:
            parent.rmdir()
        raise


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (staged / "new").mkdir()
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)
