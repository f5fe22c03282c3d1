"""Output of all commands: one console, one JSON printer, and text without terminal codes.

rich is imported for a terminal alone: a pipe gets the plain text, and ``--help`` and programs stay quick.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.table import Table
    from rich.text import Text


_GLYPHS = {
    "ok": ("✓", "ok"),
    "bad": ("✗", "x"),
    "arrow": ("→", "->"),
    "back": ("←", "<-"),
    "none": ("·", "-"),
    "tee": ("├─ ", "|- "),
    "end": ("└─ ", "`- "),
    "pipe": ("│  ", "|  "),
    "more": ("…", "..."),
}
_PIPE_WIDTH = 10_000
_DATABASE = b"SQLite format 3\0"


def protect_streams() -> None:
    """Let a terminal that knows only ASCII show what it can, instead of failing on the first other letter."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def console(*, stderr: bool = False) -> Console:
    """The console of a stream: coloured and wrapped on a terminal, plain and never folded in a pipe."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def glyph(name: str) -> str:
    """A sign, in ASCII where the output's encoding has no better."""
    fine, plain = _GLYPHS[name]
    return plain if _ascii_only(getattr(sys.stdout, "encoding", None) or "ascii") else fine


@cache
def _ascii_only(encoding: str) -> bool:
    try:
        "".join(fine for fine, _ in _GLYPHS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def clean(text: object) -> str:
    """Text for one line of a terminal: control and direction characters are shown, not obeyed."""
    return "".join(
        c if c.isprintable() else " " if c in "\t\n\r" else c.encode("unicode_escape").decode() for c in str(text)
    )


def without_secrets(value: Any) -> Any:
    """A value as it may be shown, without what an address or the write guard's rules say is secret."""
    from hindsight_teams.guard.secrets import find
    from hindsight_teams.settings import MASK, masked

    if isinstance(value, list):
        return [without_secrets(part) for part in value]
    shown = masked(value)
    if not isinstance(shown, str | Path):
        return shown
    text = str(shown)
    for secret in reversed(find(text)):
        text = text[: secret.start] + MASK + text[secret.end :]
    return shown if text == str(shown) else text


class Line:
    """A line of cleaned text in parts, each with a style; rich renders it as its own ``Text``."""

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[tuple[str, str]]) -> None:
        self.parts = tuple(parts)

    def __add__(self, other: Line) -> Line:
        return Line((*self.parts, *other.parts))

    def __str__(self) -> str:
        return "".join(text for text, _ in self.parts)

    def __rich__(self) -> Text:
        from rich.text import Text

        return Text.assemble(*self.parts)

    def indent(self) -> Line:
        """As many spaces as this takes on a terminal."""
        text = str(self)
        if text.isascii():
            return styled(" " * len(text))
        from rich.cells import cell_len

        return styled(" " * cell_len(text))


def styled(*parts: str | tuple[object, str]) -> Line:
    """A line of cleaned text from plain parts and ``(text, style)`` pairs."""
    return Line((clean(part), "") if isinstance(part, str) else (clean(part[0]), part[1]) for part in parts)


def say(*parts: str | tuple[object, str]) -> None:
    """Print one line, folded on a terminal where it must be."""
    if _plain(sys.stdout):
        sys.stdout.write(f"{styled(*parts)}\n")
        return
    screen = console()
    screen.print(styled(*parts), soft_wrap=not _folds(screen))


def say_done(*parts: str | tuple[object, str]) -> None:
    """Print one line on something that went well, behind a green sign."""
    say((glyph("ok"), "green"), " ", *parts)


def listing() -> Table:
    """A table without lines, for columns with dim headings."""
    from rich.table import Table

    return Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")


def item(mark: Line, body: Line, *, cut: bool = False) -> None:
    """Print a text beside a mark: folded under itself on a terminal, or cut to one line; never folded in a pipe."""
    if _plain(sys.stdout):
        sys.stdout.write(f"{mark}{str(body).rstrip()}\n")
        return
    screen = console()
    text = body.__rich__()
    width = max(screen.width - len(str(mark.indent())), 20)
    lines = [text]
    if cut and _folds(screen):
        text.truncate(width, overflow="crop" if glyph("more") == "..." else "ellipsis")
    elif _folds(screen):
        lines = list(text.wrap(screen, width)) or lines
    for number, line in enumerate(lines):
        line.rstrip()
        screen.print((mark if number == 0 else mark.indent()).__rich__() + line, soft_wrap=True)


def _plain(stream: Any) -> bool:
    """Whether a stream shows no colours: a pipe or a file, unless the user asks rich for them all the same."""
    return not stream.isatty() and not any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))


def _folds(screen: Console) -> bool:
    return screen.width < _PIPE_WIDTH


def say_more(left: int, indent: str = "    ") -> None:
    """Say how many more of a list are not shown, if any."""
    if left > 0:
        say((f"{indent}{glyph('more')} {left} more", "dim"))


def print_json(value: object) -> None:
    """Print one JSON object: what a ``--json`` command prints, and all it prints."""
    sys.stdout.write(json.dumps(to_json(value), indent=2, ensure_ascii=not _utf8(sys.stdout)) + "\n")


def print_json_line(value: object) -> None:
    """Print one JSON object on one line, as a stream of them needs it."""
    sys.stdout.write(json.dumps(to_json(value), ensure_ascii=not _utf8(sys.stdout)) + "\n")


def _utf8(stream: Any) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def to_json(value: object) -> Any:
    """A value as JSON knows it: dataclasses as objects, times as ISO 8601, sets sorted, anything else as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value) if not f.name.startswith("_")
        }
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, Set):
        return sorted((to_json(v) for v in value), key=str)
    if isinstance(value, list | tuple):
        return [to_json(v) for v in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def done(plain: object, *parts: str | tuple[object, str], as_json: bool) -> None:
    """Tell that a command did its work: as one JSON object, or in a line behind a green sign."""
    if as_json:
        print_json(plain)
    else:
        say_done(*parts)


def day(moment: datetime | None) -> str:
    """A time as people read it in a list: the day, or nothing."""
    return "" if moment is None else moment.date().isoformat()


def counted(count: int, one: str = "memory", many: str = "memories") -> str:
    """A number with what it counts: ``1 memory``, ``2,000 memories``."""
    return f"{count:,} {one if count == 1 else many}"


def spare_databases(path: Path) -> None:
    """Refuse to write over a database or an audit log, such as the one that is read.

    Raises:
        InvalidInput: One stands there.
    """
    from hindsight_teams.errors import InvalidInput

    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_DATABASE)) == _DATABASE:
                raise InvalidInput(f"{path.name!r} is a database, which would be lost; name another file")


def opened_for_writing(path: Path) -> TextIO:
    """A file to write anew, for its owner alone where it is new; a link is not followed.

    Raises:
        InvalidInput: A link or a database stands there.
    """
    from hindsight_teams.errors import InvalidInput

    spare_databases(path)
    if path.is_symlink():  # also where the system can't refuse it while opening
        raise InvalidInput(f"{path.name!r} is a symbolic link; name the file that it leads to", path=str(path))
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="")


class Bar:
    """What is being worked on, and how far it is."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def start(self, what: str, total: int | None = None) -> None:
        """Begin anew with something else."""
        self._bar.reset(self._task, description=clean(what), total=total)

    def at(self, done: int, total: int | None = None, what: str | None = None) -> None:
        """Say how far it is, and of how much where that is known."""
        told = None if what is None else clean(what)
        self._bar.update(self._task, completed=done, total=total, description=told)


@contextmanager
def progress_bar(*, shown: bool = True) -> Iterator[Bar]:
    """A bar; one that shows nothing in a pipe, or where it is not wanted."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    screen = console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    quiet = not (shown and screen.is_terminal)
    with Progress(*columns, console=screen, transient=True, expand=True, disable=quiet) as bar:
        yield Bar(bar, bar.add_task("", total=None))


@contextmanager
def working(what: str, *, shown: bool = True) -> Iterator[None]:
    """A bar that only moves, for work that does not say how far it is."""
    with progress_bar(shown=shown) as bar:
        bar.start(what)
        yield
