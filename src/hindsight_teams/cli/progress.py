"""A progress bar on standard error, shown on a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hindsight_teams.cli.output import clean, console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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
