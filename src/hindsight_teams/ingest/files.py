"""The files that a command's arguments mean: folders with everything below them, in a fixed order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from hindsight_teams.ingest.chats import SlackPeople

SLACK_LISTS = ("users.json", "channels.json")
"""Files at the top of a Slack export, by which one is known."""
_BESIDE = frozenset(
    "chat.html users.json user.json message_feedback.json shared_conversations.json model_comparisons.json".split()
)


@dataclass(frozen=True, slots=True)
class File:
    """One file to read.

    Attributes:
        path: Where it is.
        name: Its path from the argument on, the folder's own name included; the document's id.
        people: For a channel's day in a Slack export: who its people are.
        problem: Why it is not to be read; None where it is.
        asked: It was named itself, so not being able to read it is an error.
    """

    path: Path
    name: str
    people: SlackPeople | None = None
    problem: str | None = None
    asked: bool = False


def find_files(arguments: Iterable[Path]) -> Iterator[File]:
    """The files that are meant. Hidden ones, and links in a folder, are told of and left out."""
    for argument in arguments:
        if argument.is_dir():
            inside = _below(argument)
            first = next(inside, None)
            if first is not None:
                yield from chain([first], inside)
            else:
                yield File(argument, str(argument), problem="there is nothing in it")
        elif not argument.exists():
            yield File(argument, str(argument), problem="there is no such file or folder", asked=True)
        elif not argument.is_file():
            yield File(argument, str(argument), problem="it is not a regular file", asked=True)
        else:
            yield File(argument, argument.name, asked=True)


def _below(root: Path) -> Iterator[File]:
    top = root.resolve().name
    exports: dict[Path, SlackPeople] = {}
    unreadable: list[File] = []
    if root.parent != root and all((root.parent / name).is_file() for name in SLACK_LISTS):
        exports[root.parent] = _slack_people(root.parent)  # one channel of an export

    def failed(error: OSError) -> None:
        unreadable.append(File(Path(error.filename), str(error.filename), problem=error.strerror or "it can't be read"))

    for folder, folders, files in os.walk(root, onerror=failed):
        here = Path(folder)
        hidden = sorted(name for name in (*folders, *files) if name.startswith("."))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in hidden:
            yield _file(here / name, root, top, problem="it is hidden")
        for name in folders:
            if (here / name).is_symlink():
                yield _file(here / name, root, top, problem="it is a link to a folder")
        # Beside the conversations of an export lie accounts, ratings, and the same once more as a web page.
        without = _BESIDE if "conversations.json" in files else frozenset()
        if here.parent in exports:
            exports[here] = exports[here.parent]
        elif set(SLACK_LISTS) <= set(files):
            exports[here] = _slack_people(here)
            without = frozenset(files)
        for name in sorted(set(files) - set(hidden)):
            problem = _problem(here / name)
            if name in without:
                problem = "it belongs to a chat export and holds no messages of its own"
            yield _file(here / name, root, top, people=exports.get(here), problem=problem)
    yield from unreadable


def _problem(path: Path) -> str | None:
    """Why a file in a folder is not read: a link could lead to any file of the computer, which nobody named."""
    try:
        if path.is_symlink():
            return "it is a link; name the file that it leads to"
        return None if path.is_file() else "it is not a regular file"
    except OSError as error:
        return error.strerror or "it can't be read"


def _file(path: Path, root: Path, top: str, *, people: SlackPeople | None = None, problem: str | None = None) -> File:
    relative = path.relative_to(root).as_posix()
    return File(path, f"{top}/{relative}" if top else relative, people, problem)


def _slack_people(root: Path) -> SlackPeople:
    try:
        return SlackPeople.of(json.loads((root / SLACK_LISTS[0]).read_bytes()))
    except (OSError, ValueError, RecursionError):
        return SlackPeople({})
