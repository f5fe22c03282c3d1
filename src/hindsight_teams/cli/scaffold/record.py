"""The record in a project of how it was made: the answers, and the text of every rendered file.

The texts are the base of the three-way merge of a later ``update``; they tell, too, which files were changed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from hindsight_teams.errors import ConfigurationError, NotFound

RECORD = ".hindsight-teams.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a project.

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
