"""Speed and size of the embedded engine, and of what people install today, in one run.

    python benchmarks/engine.py [--memories 10000] [--alone 100000 1000000] [--locomo FILE] [--seconds 5]

Side by side: each engine stores the same made-up memories and answers the same queries, with vectors that cost nothing
to make, so that what is measured is the engine. Alone: the embedded engine with more memories, how long a file takes
to open, and eight reading processes beside one that writes. ``--locomo`` adds recall@10 with MiniLM's vectors.
What is not installed is skipped: pip install lancedb chromadb mem0ai bm25s agno "sqlalchemy[asyncio]"

Machines are shared: compare the lines of one run with each other.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from _corpus import sentences
from _engines import ENGINES, Embed, Engine, Missing, minilm
from _locomo import load

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import BUDGETS, RetainItem

SLOW_LIMIT = 2_000
"""Memories for an engine without a bulk call: it would take minutes for more."""


def queries(count: int) -> list[str]:
    """Questions made of an author and words of one sentence."""
    source = random.Random(5)
    return [
        f"What did {who} say about {' '.join(source.sample(text.rstrip('.').split(), 3))}?"
        for who, text in sentences(count, seed=77)
    ]


def milliseconds(work: Callable[..., object], *arguments: object, **options: object) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    work(*arguments, **options)
    return (time.perf_counter() - started) * 1000


def percentiles(times: Sequence[float]) -> str:
    """Median and 99th percentile."""
    ordered = sorted(times)
    return f"p50 {ordered[len(ordered) // 2]:8.2f} ms  p99 {ordered[len(ordered) * 99 // 100]:8.2f} ms"


def size_of(folder: Path) -> float:
    """Megabytes in a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20


def side_by_side(make: Callable[[Path, Embed | None], Engine], count: int) -> None:
    """Fill and ask one engine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            engine = make(folder, None)
        except Missing as missing:
            print(f"{getattr(make, 'name', make)!s:20} skipped: {missing}", flush=True)
            return
        if engine.name.startswith(("mem0", "Agno")):
            count = min(count, SLOW_LIMIT)
        items = list(sentences(count, seed=0))
        filled = milliseconds(engine.fill, items)
        more = list(sentences(20, seed=1))
        single = [milliseconds(engine.add, *item) for item in more]
        engine.search("warm up", 10)
        asked = [milliseconds(engine.search, query, 10) for query in queries(100)]
        engine.close()
        print(
            f"{engine.name:20} {count:8,} memories  bulk {count / filled * 1000:9,.0f}/s"
            f"  single {statistics.median(single):8.2f} ms  recall {percentiles(asked)}  {size_of(folder):7.1f} MB",
            flush=True,
        )


def alone(count: int, seconds: float) -> None:
    """The embedded engine with many memories in one bank."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "memory.db"
        backend = SQLiteBackend(path)
        backend.retain("b", "warm up")
        spent = 0.0
        for start in range(0, count, 5_000):
            batch = [RetainItem(t, metadata={"author": w}) for w, t in sentences(min(5_000, count - start), seed=start)]
            spent += milliseconds(backend.retain_batch, "b", batch)
        print(f"\n{count:,} memories: bulk {count / spent * 1000:,.0f}/s, {size_of(path.parent):.0f} MB")
        single = [milliseconds(backend.retain, "b", t, metadata={"author": w}) for w, t in sentences(200, seed=-1)]
        print(f"  single retain  {percentiles(single)}")
        asked = queries(200)
        before = resident()
        for budget in BUDGETS:
            times = [milliseconds(backend.recall, "b", query, budget=budget) for query in asked]
            print(f"  recall {budget:5}   {percentiles(times)}")
        print(f"  memory {resident():.0f} MB resident after, {before:.0f} MB before {3 * len(asked)} recalls")
        backend.close()
        fresh = SQLiteBackend(path)
        print(f"  open and first recall {milliseconds(fresh.recall, 'b', asked[0]):.1f} ms", flush=True)
        fresh.close()
        together(path, seconds)


def resident() -> float:
    """Megabytes of this process in memory, now where the system tells, else at most."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def together(path: Path, seconds: float) -> None:
    """Eight processes that read and one that writes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(9) as pool:
        results = pool.starmap(worker, [(str(path), n == 0, seconds) for n in range(9)], chunksize=1)
    (writes, _, longest), *reads = results
    counts = sorted(calls for calls, _, _ in reads)
    print(
        f"  8 readers, 1 writer, {seconds:g} s: {writes} retains, {counts[0]} to {counts[-1]} recalls each,"
        f" {sum(errors for _, errors, _ in results)} errors, longest wait to write {longest:.0f} ms",
        flush=True,
    )


def worker(path: str, writes: bool, seconds: float) -> tuple[int, int, float]:
    """Read or write for some seconds: calls, errors, longest call in milliseconds."""
    backend, asked = SQLiteBackend(path), queries(50)
    calls = errors = 0
    longest = 0.0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if writes:
                longest = max(longest, milliseconds(backend.retain, "b", f"fact {calls} of {time.time_ns()}"))
            else:
                backend.recall("b", asked[calls % len(asked)])
            calls += 1
        except Exception as error:
            errors += 1
            print(repr(error), file=sys.stderr)
    backend.close()
    return calls, errors, longest


def quality(make: Callable[[Path, Embed | None], Engine], file: Path, embed: Embed | None, limit: int) -> None:
    """recall@10 of one engine on LoCoMo: each turn one memory, each conversation a store of its own."""
    shares = []
    for talk in load(file)[:limit]:
        with tempfile.TemporaryDirectory() as name:
            try:
                engine = make(Path(name), embed)
            except Missing as missing:
                print(f"{getattr(make, 'name', make)!s:20} skipped: {missing}", flush=True)
                return
            engine.fill([(turn.speaker, turn.text) for turn in talk.turns])
            turns: dict[str, str] = {turn.text: turn.id for turn in talk.turns}
            for question in talk.questions:
                if question.category != 5:
                    found = {turns.get(text, "") for text in engine.search(question.text, 10)}
                    shares.append(len(question.evidence & found) / len(question.evidence))
            engine.close()
    print(f"{make.name:30} recall@10 {statistics.fmean(shares):.3f}", flush=True)  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memories", type=int, default=10_000, help="for the comparison")
    parser.add_argument("--alone", type=int, nargs="*", default=[100_000], help="sizes for the embedded engine alone")
    parser.add_argument("--seconds", type=float, default=5.0, help="of eight readers and a writer")
    parser.add_argument("--locomo", type=Path, help="a LoCoMo JSON file, for recall@10")
    parser.add_argument("--limit", type=int, default=1, help="conversations of it")
    options = parser.parse_args()
    if options.memories:
        for make in ENGINES:
            side_by_side(make, options.memories)
    for count in options.alone:
        alone(count, options.seconds)
    if options.locomo:
        print("\nLoCoMo, turns stored alone and undated:")
        embed = minilm()
        for make in ENGINES:
            quality(make, options.locomo, embed, options.limit)


if __name__ == "__main__":
    main()
