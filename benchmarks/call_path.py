"""How many files of the package one tool call enters on its way to the SQLite row and to the HTTP request.

    python benchmarks/call_path.py            # a table
    python benchmarks/call_path.py --files    # with the files, in the order in which they are entered

A file counts when one of its functions runs before the last statement that SQLite executes, or before the first byte
that goes to the server. Everything is called once before it is measured, so that imports do not count.
"""

from __future__ import annotations

import argparse
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agno.run.base import RunContext
from client_overhead import instant_server

import hindsight_teams
from hindsight_teams import HindsightBackend, MemberMemory, MemoryBackend, SQLiteBackend, TeamMemory
from hindsight_teams.agno.toolkit import HindsightTools

PACKAGE = str(Path(hindsight_teams.__file__).parent)


Entered = tuple[list[str], int, int]
"""The files before the end, the functions that run in them, and the files of the whole call."""


def entered(call: Callable[[], Any], *, ends: Callable[[Any], bool], last: bool) -> Entered:
    """What a call enters before it reaches its end.

    Args:
        call: What is measured.
        ends: Whether a built-in function is one that reaches the end.
        last: Whether the last such call is the end, or the first.
    """
    files: list[str] = []
    cut: tuple[int, int] | None = None
    calls = 0

    def watch(frame: Any, event: str, arg: Any) -> None:
        nonlocal cut, calls
        if event == "c_call" and ends(arg) and (last or cut is None):
            cut = (len(files), calls)
        elif event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            name = frame.f_code.co_filename.removeprefix(PACKAGE).lstrip("/\\")
            calls += 1
            if name not in files:
                files.append(name)

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]  # as Python's documentation says
    count, made = cut or (len(files), calls)
    return files[:count], made, len(files)


def is_row(function: Any) -> bool:
    """Whether a built-in function makes SQLite work."""
    return isinstance(getattr(function, "__self__", None), sqlite3.Connection) and function.__name__.startswith("exec")


def is_sent(function: Any) -> bool:
    """Whether a built-in function hands bytes to the network."""
    return isinstance(getattr(function, "__self__", None), socket.socket) and function.__name__.startswith("send")


def paths(backend: MemoryBackend, ends: Callable[[Any], bool], *, last: bool) -> dict[str, Entered]:
    """What each of the three calls enters over one backend."""
    desk = TeamMemory(
        "desk", banks={"shared": "team"}, members={"writer": {"shared": "full"}}, backend=backend, guard=False
    )
    member = desk.member("writer")
    toolkit = HindsightTools.of(MemberMemory(backend, member.rights.grants, caller=member.identity))
    run = RunContext(run_id="r", session_id="s", user_id="u")
    steps: dict[str, Callable[[], Any]] = {
        "recall": lambda: toolkit.recall_memory(run, "When is the deadline?"),
        "retain": lambda: toolkit.retain_memory(run, "The deadline is in May."),
        "forget": lambda: desk.forget(session="s", dry_run=True),
    }
    toolkit.retain_memory(run, "The lamp is green.")
    for call in steps.values():
        call()
    return {name: entered(call, ends=ends, last=last) for name, call in steps.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", action="store_true", help="name the files too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, instant_server() as url:
        file, server = SQLiteBackend(Path(folder) / "memory.db"), HindsightBackend(url)
        rows = {"SQLite row": paths(file, is_row, last=True), "HTTP request": paths(server, is_sent, last=False)}
        file.close()
        server.close()
    print(f"{'':8}{'to the':>14}{'files':>7}{'calls':>7}{'files of the whole call':>25}")
    for where, found in rows.items():
        for verb, (files, calls, whole) in found.items():
            print(f"{verb:8}{where:>14}{len(files):>7}{calls:>7}{whole:>25}")
            if options.files:
                print("".join(f"    {name}\n" for name in files), end="")


if __name__ == "__main__":
    main()
