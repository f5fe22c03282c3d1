"""What a client costs: CPU and latency of a recall against a server that answers at once, and the cost of importing.

``python benchmarks/client_overhead.py`` measures this package beside ``hindsight-client`` and ``hindsight-agno``, which
it installs from the package index into a cached environment of their own. ``--reference PYTHON`` takes an environment
that has them; ``--write`` puts the result into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from _report import machine, write_section
from platformdirs import user_cache_path

HERE = Path(__file__).parent
REFERENCE = ("hindsight-agno==0.4.20", "hindsight-client==1.1.0", "agno==3.1.10")
TOOLKITS = ("hindsight-teams", "hindsight-agno")
CLIENTS = ("hindsight-teams-backend", "hindsight-client")
WORKLOADS = (
    ("sequential", 1, "one after another"),
    ("threads", 50, "50 threads"),
    ("threads", 200, "200 threads"),
    ("own", 50, "50 threads, one client each"),
    ("coroutines", 50, "50 coroutines"),
    ("coroutines", 200, "200 coroutines"),
)
TURN = 25
"""Calls that a process makes before it is the other's turn."""
IMPORTS = (
    ("agno.tools.toolkit", "import agno.tools.toolkit", False),
    ("hindsight_teams", "import hindsight_teams", False),
    ("hindsight_teams.HindsightTools", "from hindsight_teams import HindsightTools", False),
    ("hindsight_client", "import hindsight_client", True),
    ("hindsight_agno", "import hindsight_agno", True),
)


def reference_python() -> Path:
    """The Python of an environment with the packages to compare with, made when it is not there."""
    root = user_cache_path("hindsight-teams-benchmarks", appauthor=False) / REFERENCE[0].replace("==", "-")
    python = root / "bin" / "python"
    if not (root / "complete").exists():
        print(f"installing {', '.join(REFERENCE)} into {root}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(root)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *REFERENCE], check=True)
        (root / "complete").touch()
    return python


@contextmanager
def instant_server() -> Iterator[str]:
    """The URL of the instant server, in a process of its own."""
    command = [sys.executable, str(HERE / "instant_server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdin
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()


def environment(*, ours: bool) -> dict[str, str]:
    """This environment, without settings that a package would read; our own sources where they are on the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HINDSIGHT", "PYTHON"))}
    if ours and "PYTHONPATH" in os.environ:
        kept["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return {**kept, "AGNO_TELEMETRY": "false", "NO_PROXY": "127.0.0.1"}


def measure(python: Path, subject: str, mode: str, width: int, calls: int, url: str) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [str(python), str(HERE / "_client_worker.py"), subject, mode, str(width), str(calls), url]
    env = environment(ours=subject.startswith("hindsight-teams"))
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env, timeout=600)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def in_turns(pythons: dict[str, Path], turns: int, url: str) -> dict[str, float]:
    """CPU seconds of a call one after another, where two processes make a few calls in turn: a busy moment meets both.

    A process that makes all of its calls at once meets other moments than the next, and ratios of those scatter widely.
    """
    with ExitStack() as stack:
        workers = {}
        for subject, python in pythons.items():
            command = [str(python), str(HERE / "_client_worker.py"), subject, "turns", "1", "0", url]
            env = environment(ours=subject.startswith("hindsight-teams"))
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
            workers[subject] = stack.enter_context(worker)
            stack.callback(worker.stdin.close)  # type: ignore[union-attr]
            worker.stdout.readline()  # type: ignore[union-attr]
        spent = dict.fromkeys(workers, 0.0)
        for _ in range(turns):
            for subject, worker in workers.items():
                print(TURN, file=worker.stdin, flush=True)
                spent[subject] += float(worker.stdout.readline())  # type: ignore[union-attr]
    return {subject: seconds / turns / TURN for subject, seconds in spent.items()}


def import_cpu(python: Path, statement: str) -> float:
    """CPU seconds of a process that runs one statement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = environment(ours="hindsight_teams" in statement)
    subprocess.run([str(python), "-c", statement], check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(reference: Path, calls: int, rounds: int) -> str:
    """All measurements, interleaved so that a busy moment of the machine meets all; the report as Markdown."""
    here = Path(sys.executable)
    pythons = {name: here if name.startswith("hindsight-teams") else reference for name in (*TOOLKITS, *CLIENTS)}
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    with instant_server() as url:
        for number in range(rounds):
            for mode, width, words in WORKLOADS:
                for subject, python in pythons.items():
                    print(f"round {number + 1}/{rounds}: {subject}, {words}", file=sys.stderr)
                    result = measure(python, subject, mode, width, calls, url)
                    found.setdefault((subject, mode, width), []).append(result)
        print("in turns", file=sys.stderr)
        turns = [
            in_turns({name: pythons[name] for name in pair}, max(1, calls * rounds // TURN), url)
            for pair in (TOOLKITS, CLIENTS)
        ]
    imports: dict[str, list[float]] = {}
    for _ in range(max(5, rounds)):
        for name, statement, theirs in IMPORTS:
            imports.setdefault(name, []).append(import_cpu(reference if theirs else here, statement))
    middles = {name: statistics.median(values) for name, values in imports.items()}
    return report(found, turns, middles, calls, rounds)


def report(
    found: dict[tuple[str, str, int], list[dict[str, float]]],
    turns: list[dict[str, float]],
    imports: dict[str, float],
    calls: int,
    rounds: int,
) -> str:
    """The results as Markdown."""
    lines = [
        "What a recall costs on the client's side: the server, in a process of its own, answers at once with ten"
        " memories. CPU is that of the client's whole process, user and system, a call; ratios are to the package"
        " compared with, in the same round: the median of the rounds, and the least and the largest of them. Failed"
        " calls in percent.",
        "",
        f"Measured on {machine()}: {calls} calls a workload, {rounds} rounds. Repeat with"
        f" `python benchmarks/client_overhead.py --calls {calls} --rounds {rounds} --write`.",
    ]
    for (ours, theirs, what), turn in zip(
        (
            (*TOOLKITS, "Toolkits: `HindsightTools.recall_memory`"),
            (*CLIENTS, "Clients: `HindsightBackend.recall` and `hindsight_client.Hindsight.recall`"),
        ),
        turns,
        strict=True,
    ):
        lines += ["", f"**{what}**", ""]
        lines.append(f"| workload | ours: CPU | p50 | failed | {theirs}: CPU | p50 | failed | CPU ratio |")
        lines.append("|---|--:|--:|--:|--:|--:|--:|--:|")
        for mode, width, words in WORKLOADS:
            a, b = (_middle(found[subject, mode, width]) for subject in (ours, theirs))
            note = " (theirs in threads, as Agno runs it)" if (mode, theirs) == ("coroutines", TOOLKITS[1]) else ""
            pairs = zip(found[ours, mode, width], found[theirs, mode, width], strict=True)
            each = sorted(x["cpu"] / y["cpu"] for x, y in pairs)
            ratio = f"{statistics.median(each):.2f} ({each[0]:.2f} to {each[-1]:.2f})" if b["failed"] < 0.5 else "-"
            lines.append(f"| {words}{note} | {_cells(a)} | {_cells(b)} | {ratio} |")
        a, b = (f"{turn[subject] * 1e3:.2f} ms | - | -" for subject in (ours, theirs))
        lines.append(f"| in turns, {TURN} calls each | {a} | {b} | {turn[ours] / turn[theirs]:.2f} |")
    lines += [
        "",
        "Why hindsight-agno and hindsight-client fail under threads: their client keeps one aiohttp session, which"
        " belongs to the event loop of the thread that used it first; a call from another thread runs in a loop of its"
        " own and ends with `Timeout context manager should be used inside a task`. With a client of its own for each"
        " thread there is no such call; the row `one client each` measures that. Our toolkits of one server share their"
        " connections.",
    ]
    base = imports["agno.tools.toolkit"]
    lines += ["", "**Importing**, CPU of the whole process", ""]
    lines += ["| statement | CPU | to Agno's toolkit |", "|---|--:|--:|"]
    for name, statement, _ in IMPORTS:
        lines.append(f"| `{statement}` | {imports[name] * 1e3:.0f} ms | {imports[name] / base:.2f} |")
    return "\n".join(lines)


def _middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    middle = {name: statistics.median(r[name] for r in rounds) for name in ("cpu", "p50")}
    return {**middle, "failed": sum(r["errors"] for r in rounds) / sum(r["calls"] for r in rounds)}


def _cells(result: dict[str, float]) -> str:
    latency = "-" if result["p50"] != result["p50"] else f"{result['p50'] * 1e3:.1f} ms"
    return f"{result['cpu'] * 1e3:.2f} ms | {latency} | {result['failed']:.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, metavar="PYTHON", help="a Python that has hindsight-agno")
    parser.add_argument("--calls", type=int, default=2000, help="recalls a workload (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    given = parser.parse_args()
    text = run(given.reference or reference_python(), given.calls, given.rounds)
    print(text)
    if given.write:
        write_section("Client overhead", text)


if __name__ == "__main__":
    main()
