"""``python -m tests.harness install|up|status|down``."""

from __future__ import annotations

import argparse
import sys

from tests.harness.install import NotInstalled, installed, locked
from tests.harness.layout import layout
from tests.harness.processes import StartFailed
from tests.harness.stack import Stack, ensure_installed, sweep, users


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness", description=__doc__)
    parser.add_argument(
        "command",
        choices=("install", "up", "status", "down"),
        help="install: put the pinned packages into the cache; up: install if need be, and leave a server running;"
        " status: what is installed and running; down: stop it, and what crashed sessions left",
    )
    parser.add_argument("--force", action="store_true", help="with down: also when test sessions are using it")
    given = parser.parse_args(arguments)
    try:
        if given.command == "down":
            return _down(given.force)
        return {"install": _install, "up": _up, "status": _status}[given.command]()
    except (NotInstalled, StartFailed) as error:
        print(error, file=sys.stderr)
        return 1


def _install() -> int:
    at = layout()
    ensure_installed(at)
    print(f"installed: {at.root}")
    return 0


def _up() -> int:
    at = layout()
    ensure_installed(at)
    with locked(at.runs / "up.lock"):
        stack = Stack.for_up(at)
        if not (stack.server and stack.server.healthy):
            stack.stop()
            try:
                stack.main_server()
            except BaseException:
                stack.stop()
                raise
        assert stack.server
        print(f"running: {stack.server.url}\nlog:     {stack.server.log}")
    return 0


def _status() -> int:
    at = layout()
    print(f"installed: {at.root}" if installed(at) else "not installed; run: python -m tests.harness install")
    running = False
    for run in sorted(at.runs.glob("*/")):
        if stack := Stack.load(at, run):
            owner = "orphan of a session, end it with `down`" if stack.orphaned else "session" if stack.owner else "up"
            alive = ", ".join(f"{p.name} ({p.pid})" for p in stack.processes if p.alive) or "nothing"
            healthy = bool(stack.server and stack.server.healthy)
            running |= healthy
            print(f"{owner}: {stack.server.url if stack.server and healthy else 'no server'}; runs {alive}")
    return 0 if running else 3


def _down(force: bool) -> int:
    at = layout()
    for run in sweep(at):
        print(f"stopped what a crashed session left: {run.name}")
    with locked(at.runs / "up.lock"):
        stack = Stack.load(at, at.shared_run)
        if stack is None:
            print("nothing that `up` started is running")
        elif (busy := users(stack)) and not force:
            print(f"test sessions are using it: {', '.join(map(str, busy))}; wait for them, or give --force")
            return 1
        else:
            stack.stop()
            print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
