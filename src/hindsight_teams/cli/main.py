"""The entry point: it builds the tree of commands, runs one, and turns an error into an exit code."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
import typer.core

from hindsight_teams.cli.failing import (
    FAILED,
    INTERRUPTED,
    USAGE_ERROR,
    line,
    report,
    report_other,
    report_usage,
    show_tracebacks,
    tracebacks,
)
from hindsight_teams.cli.output import protect_streams
from hindsight_teams.errors import HindsightTeamsError

PROGRAM = "hindsight-teams"

COMMANDS = tuple(
    "demo new update run chat recipes access inspect doctor config bank review forget audit keys mcp".split()
)
"""In the order of the help; each is a module or a package of this folder, with a function of its name or an ``app``."""
_MODULES = {"demo": "run"}
"""The modules of commands that stand in another command's."""


class _Commands(Mapping[str, Any]):
    """The commands by name; each is imported and built when it is first asked for."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        if name not in self._built:
            module = importlib.import_module(f"hindsight_teams.cli.{_MODULES.get(name, name)}")
            parent = typer.Typer(rich_markup_mode=None)  # as the root's: plain help
            if hasattr(module, name):
                parent.command(name)(getattr(module, name))
            else:
                parent.add_typer(module.app, name=name)
            self._built[name] = typer.main.get_group(parent).commands[name]
            show_examples(PROGRAM, name, self._built[name])
        return self._built[name]


_BUILT = _Commands()
"""Shared by every call of a process: to build a group of commands takes longer than most commands run."""


class _Root(typer.core.TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _BUILT  # type: ignore[assignment]  # which nobody adds to

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_params(self, ctx: Any) -> list[Any]:
        options: list[Any] = super().get_params(ctx)
        for option in options:  # all are flags; Typer loads Pydantic, as long as all else takes, to read None as a bool
            if option.default is None:
                option.default = False
        return options


app = typer.Typer(
    cls=_Root,
    name=PROGRAM,
    help="Shared long-term memory for Agno Teams: who may write, read or reflect on which memory bank.",
    epilog="Two first steps: `hindsight-teams demo`, then `hindsight-teams new my-team`.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: quick, and the same in every terminal, pipe and locale
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback()
def _root(
    debug: Annotated[
        bool, typer.Option("--debug", envvar="HINDSIGHT_TEAMS_DEBUG", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Shared long-term memory for Agno Teams: who may write, read or reflect on which memory bank."""
    show_tracebacks(debug)


def main() -> None:
    """Run the command line and leave with its exit code."""
    for name in ("SIGTERM", "SIGHUP"):  # as on Ctrl-C, what is half done is taken away before the end
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), _leave)
    log = logging.StreamHandler()  # an error is one line; what led to it shows with --debug
    log.addFilter(lambda _: tracebacks())
    logging.getLogger("hindsight_teams").addHandler(log)
    sys.exit(execute(sys.argv[1:]))


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def execute(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    protect_streams()
    show_tracebacks(False)
    as_json = "--json" in arguments
    try:
        code = typer.main.get_command(app).main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except USAGE_ERROR as error:
        return report_usage(error, as_json=as_json)
    except HindsightTeamsError as error:
        if tracebacks():
            raise
        return report(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        line("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # what reads our output has gone, as `| head` does; say nothing, and keep Python from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if tracebacks():
            raise
        return report_other(error, as_json=as_json)
    return code if isinstance(code, int) else 0


EXAMPLES = {
    "demo": "demo --full",
    "new": "new my-team --recipe support_desk",
    "update": "update my-team --dry-run",
    "run": 'run support_desk "Who am I?" --user ada',
    "chat": "chat researcher_answerer --user ada",
    "recipes list": "recipes list",
    "recipes show": "recipes show support_desk",
    "access": "access my_team/team.toml",
    "inspect": "inspect --open",
    "doctor": "doctor --no-write",
    "config show": "config show",
    "bank list": "bank list --prefix my-team",
    "bank show": "bank show my-team:shared --limit 5",
    "bank retain": 'bank retain notes "Maple starts in May."',
    "bank recall": 'bank recall notes "Maple" --explain',
    "bank reflect": 'bank reflect notes "What is Maple?"',
    "bank delete": "bank delete notes --document minutes-7",
    "bank ingest": "bank ingest notes handbook/ minutes.pdf",
    "bank export": "bank export notes --output notes.jsonl",
    "bank import": "bank import notes notes.jsonl",
    "bank stats": "bank stats my-team:shared",
    "bank rename": "bank rename my-notes my-team:notes",
    "bank copy": "bank copy old.db http://localhost:8888",
    "bank check": "bank check --db memory.db",
    "bank repair": "bank repair --db memory.db",
    "bank backup": "bank backup saved.db --db memory.db",
    "review list": "review list --team my_team/team.toml",
    "review approve": "review approve 4f1c9a --as lead",
    "review reject": "review reject 4f1c9a --as lead",
    "review revoke": "review revoke 4f1c9a --as lead",
    "forget": "forget --user ada --dry-run",
    "audit show": "audit show --member scout --verb retain",
    "audit follow": "audit follow --bank shared",
    "audit who-saw": "audit who-saw 4f1c9a",
    "audit what-did": "audit what-did researcher",
    "audit verify": "audit verify --log audit.db",
    "audit export": "audit export audit.csv --format csv",
    "keys create": "keys create researcher",
    "keys list": "keys list",
    "keys revoke": "keys revoke 3f9c1b",
    "keys rotate": "keys rotate 3f9c1b --grace 1d",
    "mcp": "mcp --member researcher",
}
"""By the command's name, without the program's; each fits into a terminal of 60 columns."""


def show_examples(program: str, name: str, command: Any) -> None:
    """Let the help of a command, and of those below it, end with its example."""
    for below, child in getattr(command, "commands", {}).items():
        show_examples(program, f"{name} {below}", child)
    if name in EXAMPLES:
        command.epilog = f"\b\nExample:\n  {program} {EXAMPLES[name]}"
