"""Errors of commands: one line for people, one JSON object for programs, and an exit code.

0: it worked. 1: the operation failed. 2: the command was not understood. 130: interrupted.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

import typer

from hindsight_teams.cli.output import clean, print_json, without_secrets
from hindsight_teams.errors import HindsightTeamsError

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

# typer re-exports BadParameter alone; this base is what every usage mistake is, in the click that typer bundles or uses
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]

_tracebacks = False


def show_tracebacks(wanted: bool) -> None:
    """Let errors through as they are, and other packages log what they like."""
    global _tracebacks
    _tracebacks = wanted


def tracebacks() -> bool:
    """Whether errors are to be shown with their tracebacks."""
    return _tracebacks


_SECRET = ("key", "token", "secret", "password", "authorization", "header", "body")


def usage(message: str) -> Exception:
    """The error of a command that was called in a way it does not offer."""
    return USAGE_ERROR(message)


def report(error: HindsightTeamsError, *, as_json: bool) -> int:
    """Tell what went wrong; the exit code."""
    line(in_words(error))
    if as_json:
        _as_json(type(error).__name__, error.message, public_details(error.details))
    return FAILED


def in_words(error: HindsightTeamsError) -> str:
    """An error in words: its message, and its details without any that could hold a credential."""
    notes = ", ".join(f"{name}: {value}" for name, value in public_details(error.details).items())
    return f"{error.message}{f' ({notes})' if notes else ''}"


def report_other(error: Exception, *, as_json: bool) -> int:
    """Tell of an error that is none of this package's; the exit code."""
    if isinstance(error, OSError):
        message, details = error.strerror or str(error), {"path": str(error.filename)} if error.filename else {}
        line(f"{message}{f'; check the path {error.filename}' if error.filename else ''}")
    else:
        message, details = f"this should not happen: {type(error).__name__}: {error}", {}
        line(f"{message}; --debug before the command shows where")
    if as_json:
        _as_json(type(error).__name__, message, details)
    return FAILED


def report_usage(error: Any, *, as_json: bool) -> int:
    """Tell how the command was misused; the exit code."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return MISUSED
    message = " ".join(error.format_message().split()).replace("Value error, ", "")  # Pydantic's own words
    context = getattr(error, "ctx", None)
    message = message.rstrip(". ")
    join = "" if message.endswith("?") else ";"
    line(f"{message}{join} see `{context.command_path} --help`" if context is not None else message)
    if as_json:
        _as_json("UsageError", message, {})
    return MISUSED


def _as_json(kind: str, message: str, details: Mapping[str, Any]) -> None:
    shown = {name: without_secrets(value) for name, value in details.items()}
    print_json({"error": {"type": kind, "message": without_secrets(message), "details": shown}})


def public_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """An error's details without any that could hold a credential."""
    return {
        name: value
        for name, value in details.items()
        if value not in (None, "") and not any(part in name.lower() for part in _SECRET)
    }


def line(text: str) -> None:
    """One line on stderr; a terminal that is too narrow for it gets several, broken between words."""
    told = f"error: {clean(without_secrets(text))}"
    if sys.stderr.isatty():
        width = max(shutil.get_terminal_size().columns, 20)
        told = textwrap.fill(told, width, break_long_words=False, break_on_hyphens=False)
    sys.stderr.write(f"{told}\n")
