"""The entry point: the tree of commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
import typer.core

from hindsight_teams.cli import access, audit, bank, demo, doctor, forget, keys, new, recipes, review, run, update
from hindsight_teams.cli.chat import command as chatting
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
from hindsight_teams.cli.inspect import command as inspecting
from hindsight_teams.cli.mcp import command as serving
from hindsight_teams.cli.output import protect_streams
from hindsight_teams.errors import HindsightTeamsError

PROGRAM = "hindsight-teams"

ORDER = (
    *("demo", "new", "update", "run", "chat", "recipes", "access", "inspect", "doctor", "bank", "review", "forget"),
    *("audit", "keys", "mcp"),
)


class _InOrder(typer.core.TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = typer.Typer(
    cls=_InOrder,
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


app.command("demo")(demo.demo)
app.command("new")(new.new)
app.command("update")(update.update)
app.command("run")(run.run)
app.command("chat")(chatting.chat)
app.add_typer(recipes.app, name="recipes")
app.command("access")(access.access)
app.command("inspect")(inspecting.inspect)
app.command("doctor")(doctor.doctor)
app.add_typer(bank.app, name="bank")
app.add_typer(review.app, name="review")
app.command("forget")(forget.forget)
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.command("mcp")(serving.mcp)


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
