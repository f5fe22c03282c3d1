"""The CPU that rights, scope, signing and audit add to a recall on the embedded backend.

    python benchmarks/rights_cost.py [--memories 10000] [--rounds 15] [--write]

The same queries go to the backend directly, with no filter, and through a member's memory: grants resolved and
checked, the grant's mandatory scope ANDed, answers merged, and one event each in the log and in an audit log on disk.
The sides take turns at each query, and a query's least of all rounds counts, since machines are shared; CPU time of the
whole process is measured, not latency. The layers are also measured over a backend that answers at once, which is
steadier than a difference of two large numbers.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from _report import machine, write_section
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hindsight_teams import TeamMemory
from hindsight_teams.access.grants import Access, Grant
from hindsight_teams.audit import AuditTrail, SpanSink, StructlogSink, open_audit
from hindsight_teams.backends.base import Backend
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import STANDARD, Request

SCOPE, OTHER = "project:maple", "project:oak"
TOPICS = "harbour library orchard bakery museum bridge garden station theatre clinic school market".split()
PEOPLE = "Ada Bo Chen Dora Emil Fatima Goran Hana Ivan Jun Kofi Lena".split()
DEEDS = "opened closed repaired visited measured painted sold counted praised moved insured cleaned".split()
THINGS = "roof door lamp ledger window engine table archive fence boat clock stove".split()


def memories(count: int) -> Iterator[str]:
    """Sentences of a small world: words recur as they do in a team's notes."""
    chance = random.Random(7)
    for number in range(count):
        person, deed, thing = chance.choice(PEOPLE), chance.choice(DEEDS), chance.choice(THINGS)
        yield f"{person} {deed} the {thing} of the {chance.choice(TOPICS)} in {1990 + number % 35}, case {number}."


def queries(count: int) -> list[str]:
    """Questions about that world."""
    chance = random.Random(8)
    return [
        f"Who {chance.choice(DEEDS)} the {chance.choice(THINGS)} of the {chance.choice(TOPICS)}?" for _ in range(count)
    ]


def record_everywhere() -> None:
    """An application that logs at INFO, and that has a tracer."""
    logging.basicConfig(level=logging.INFO, filename=os.devnull)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    trace.set_tracer_provider(provider)


def cpu(ask: Callable[[str], object], query: str) -> float:
    """Microseconds of CPU of one query."""
    begin = time.process_time()
    ask(query)
    return (time.process_time() - begin) * 1e6


@contextmanager
def members(folder: Path, backend: SQLiteBackend, suffix: str) -> Iterator[MemberMemory]:
    """A member of a team with a scoped grant on the bank, an audit log on disk, the log and the spans."""
    log = open_audit(folder / f"audit{suffix}")
    memory = TeamMemory("bench", banks={"shared": "team"}, members={"reader": {"shared": "full"}}, backend=backend)
    member = memory.member("reader")
    grants = [
        Grant(grant.bank, Access.RECALL | Access.RETAIN, scope_tags=(SCOPE,)) for grant in member.holds(Access.RECALL)
    ]
    yield MemberMemory(backend, grants, caller=member.identity, audit=AuditTrail(StructlogSink(), SpanSink(), log))
    log.close()


class Instant(Backend):
    """A backend that has its answer ready."""

    name = "instant"
    capabilities = STANDARD

    def __init__(self, result: Any) -> None:
        self.result = result

    def execute(self, request: Request[Any], /) -> Any:
        """Give the answer."""
        return self.result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memories", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--queries", type=int, default=20, help="queries a round")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    arguments = parser.parse_args()
    rows = []
    for every, recorded in ((1, ".db"), (1, ".jsonl"), (2, ".db"), (10, ".db"), (1, ".db, log, span")):
        if "span" in recorded:  # for good, so it comes last
            record_everywhere()
        with tempfile.TemporaryDirectory() as name:
            rows.append(measure(arguments, Path(name), every, recorded))
            print(rows[-1], file=sys.stderr)
    table = "\n".join(rows)
    text = f"""What the layers add to the CPU of a recall over {arguments.memories:,} memories on the embedded backend:
a member's grant resolved and checked, its mandatory scope ANDed, the answers merged, and one event, with the ids of
some hundred memories, in an audit log on disk; in the last line also in a log at INFO and as an OpenTelemetry span.
Of {arguments.queries} queries the least of {arguments.rounds} rounds
each, the sides taking turns, since the machine is shared; {machine()}.

| in the scope | recorded in | backend, unfiltered | rights and audit | rights, scope and audit | layers alone |
|---|---|---|---|---|---|
{table}

"Layers alone" is a scoped recall over a backend that answers at once. The rest of what a scope costs is the engine's
filter: the candidates are checked where nearly all memories pass it, else the index is intersected, which saves where
few do.

Repeat it with `python benchmarks/rights_cost.py`."""
    print(text)
    if arguments.write:
        write_section("What rights cost", text)


def measure(arguments: argparse.Namespace, folder: Path, every: int, recorded: str) -> str:
    """One row of the table: each ``every``-th memory is in the scope."""
    backend = SQLiteBackend(folder / "memory.db")
    suffix = recorded.partition(",")[0]
    with members(folder, backend, suffix) as member:
        caller = member.bound(user="ada", session="s1", run="r1")
        (bank_id,) = member.bank_names(Access.RECALL, caller)
        texts = enumerate(memories(arguments.memories))
        backend.retain_batch(bank_id, [RetainItem(text, tags=[OTHER if n % every else SCOPE]) for n, text in texts])
        free = [Grant(grant.bank, grant.access) for grant in member.holds(Access.RECALL)]
        unscoped = MemberMemory(backend, free, caller=member.identity, audit=member.audit)
        asked = queries(arguments.queries)
        answer = cast("Any", Instant(member.recall(asked[0], caller=caller)))
        layers = MemberMemory(answer, member.holds(Access.RECALL), caller=member.identity, audit=member.audit)
        sides: dict[str, Callable[[str], object]] = {
            "alone": lambda query: backend.recall(bank_id, query),
            "unscoped": lambda query: unscoped.recall(query, caller=caller),
            "scoped": lambda query: member.recall(query, caller=caller),
            "layers": lambda query: layers.recall(query, caller=caller),
        }
        rounds = [
            [{name: cpu(ask, query) for name, ask in sides.items()} for query in asked] for _ in range(arguments.rounds)
        ]
    backend.close()
    least = {
        name: sum(min(costs[number][name] for costs in rounds) for number in range(len(asked))) / len(asked)
        for name in sides
    }
    added = {name: 100 * (least[name] / least["alone"] - 1) for name in sides}
    return (
        f"| {100 // every} % | {recorded} | {least['alone']:,.0f} us | {least['unscoped']:,.0f} us"
        f" ({added['unscoped']:+.1f} %) | {least['scoped']:,.0f} us ({added['scoped']:+.1f} %)"
        f" | {least['layers']:,.0f} us |"
    )


if __name__ == "__main__":
    main()
