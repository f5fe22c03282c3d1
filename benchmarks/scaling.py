"""How speed and size of the embedded engine grow: the table of docs/scaling.md, and ratios to plain SQLite FTS5.

    python benchmarks/scaling.py [SHAPE ...] [--calls 100]

A shape is a number of memories in one bank (``10000``), or one of ``dated``, ``banks``, ``documents``, ``turns``,
``tags`` with a number, such as ``banks:1000`` (banks of ten), ``documents:2000``, ``turns:5000`` (one document),
``tags:5000`` (50 tags each), ``dated:10000``. By default small ones of every kind. The whole table of the page:

    python benchmarks/scaling.py 10000 100000 1000000 dated:100000 dated:1000000 banks:100000 documents:200000 \
        turns:5000 tags:100000

Times are CPU milliseconds of the calling thread, p50 and p99 where a call is repeated, so that a shared machine changes
them little; what waits for a disk costs more on the clock.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from _corpus import AUTHORS, sentences, vocabulary

from hindsight_teams import TeamMemory
from hindsight_teams.audit import AuditEvent, AuditStore, open_audit
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import BUDGETS, Budget, RetainItem

DEFAULT = ("1000", "10000", "dated:10000", "banks:1000", "documents:2000", "turns:1000", "tags:2000")
BATCH = 5_000
FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
SESSION = 20
"""Memories of one session."""


def spent(work: Callable[..., object], *arguments: object, **options: object) -> float:
    """CPU milliseconds that a call takes in its own thread."""
    started = time.thread_time()
    work(*arguments, **options)
    return (time.thread_time() - started) * 1000


def percentiles(times: Sequence[float]) -> str:
    """Median and 99th percentile."""
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2]:.2f} ({ordered[len(ordered) * 99 // 100]:.2f})"


def items(kind: str, count: int) -> Iterator[tuple[str, RetainItem]]:
    """The memories of a shape, each with its bank; signed as a team's are."""
    total = count * 10 if kind == "banks" else count
    for i, (author, text) in enumerate(sentences(total, seed=7)):
        tags = ["team:t", f"author:{author}", f"session:{i // SESSION}", f"user:{i // SESSION % 1_000}"]
        if kind == "tags":
            tags += [f"topic:{(i * 7 + n * 13) % 500}" for n in range(46)]
        document = {"documents": f"d{i}", "turns": "talk"}.get(kind)
        when = FIRST_DAY + timedelta(minutes=i) if kind == "dated" else None
        item = RetainItem(text, metadata={"author": author}, tags=tags, document_id=document, timestamp=when)
        yield f"t:bank:{i // 10}" if kind == "banks" else "t:bank", item


def fill(backend: SQLiteBackend, kind: str, count: int) -> tuple[int, float]:
    """Store a shape in bulk; memories and CPU seconds of the engine alone."""
    total, seconds = 0, 0.0
    batch: list[RetainItem] = []
    current = ""

    def store() -> None:
        nonlocal total, seconds
        if batch:
            seconds += spent(backend.retain_batch, current, batch) / 1000
            total += len(batch)
            batch.clear()

    for bank, item in items(kind, count):
        if bank != current or len(batch) == BATCH:
            if kind != "turns":  # a document is one batch, or its second half would replace the first
                store()
            current = bank
        batch.append(item)
    store()
    return total, seconds


def measure(shape: str, calls: int) -> dict[str, str]:
    """One column of the table."""
    kind, _, number = shape.rpartition(":")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "memory.db"
        backend = SQLiteBackend(path)
        total, seconds = fill(backend, kind, int(number))
        bank = "t:bank:0" if kind == "banks" else "t:bank"
        rows = {"memories": f"{total:,}", "bulk retain, a second": f"{total / seconds:,.0f}"}
        more = [(text, {"author": author}) for author, text in sentences(calls, seed=-1)]
        backend.retain(bank, "The first of them loads what a bulk load does without.")
        rows["retain"] = percentiles([spent(backend.retain, bank, t, metadata=m) for t, m in more])
        asked = [f"What did {who} say about {' '.join(text.split()[:3])}?" for who, text in sentences(calls, seed=7)]
        for budget in BUDGETS:
            rows[f"recall {budget}"] = percentiles([spent(backend.recall, bank, q, budget=budget) for q in asked])
        nobody = {"tags": ["user:nobody"], "tags_match": "all_strict"}
        rows["recall, a tag nobody has"] = percentiles([spent(backend.recall, bank, q, **nobody) for q in asked[:20]])
        rows["list a page"] = percentiles([spent(backend.list_memories, bank) for _ in range(20)])
        rows["what is known, with that tag"] = percentiles(
            [spent(backend.recall, bank, "What do you know?", **nobody) for _ in range(20)]
        )
        end = max(0, backend.list_memories(bank, limit=1).total - 100)
        last = backend.list_memories(bank, offset=end).memories[0].id
        rows["list the last page"] = percentiles([spent(backend.list_memories, bank, offset=end) for _ in range(20)])
        rows["list a page, by key"] = percentiles([spent(backend.list_memories, bank, after=last) for _ in range(20)])
        rows["statistics"] = f"{spent(backend.bank_stats, bank):.1f}"
        rows["tags"] = f"{spent(backend.list_tags, bank):.1f}"
        rows["tags, those of nobody"] = f"{spent(backend.list_tags, bank, pattern='nobody:*'):.2f}"
        rows["banks"] = f"{spent(backend.list_banks):.1f}"
        one = backend.list_memories(bank, limit=1).memories[0].id
        rows["delete one"] = f"{spent(backend.delete_memories, bank, ids=[one]):.1f}"
        rows["erase it, in the background"] = f"{spent(backend.erase):,.0f}"
        team = TeamMemory("t", banks={"bank": "team"}, members={"a": {"bank": "full"}}, backend=backend)
        for name, selection in (
            ("session", {"session": "3"}),
            ("user", {"user": "5"}),
            ("tag", {"tags": ["topic:9"] if kind == "tags" else ["author:Ada", "session:7"]}),
        ):
            rows[f"find what a forget of one {name} names"] = f"{spent(team.forget, **selection):.1f}"
        rows["forget one session"] = f"{spent(team.forget, session='3', dry_run=False):.1f}"
        third = backend.list_memories(bank, limit=3).memories[-1].id
        rows["forget one id"] = f"{spent(team.forget, memory_ids=[third], dry_run=False):.1f}"
        backend.erase()
        rows["check"] = f"{spent(backend.check):,.0f}"
        backend.close()
        rows["file, MB"] = f"{path.stat().st_size / 2**20:,.0f}"
        rows["memory of the process, MB"] = f"{resident():.0f}"
    return rows


def audit(entries: int) -> None:
    """The end of an audit log, and a filtered query, as it grows."""
    with tempfile.TemporaryDirectory() as name:
        for suffix in (".db", ".jsonl"):
            with open_audit(Path(name) / f"audit{suffix}") as store:
                event = AuditEvent(verb="recall", outcome="allowed", team="t", member="a", bank="b", count=3)
                one = spent(record, store, event, entries) / entries
                tail = spent(store.query, limit=20)
                print(
                    f"audit {suffix:6} {entries:9,} entries: record {one:.3f}, last 20 {tail:.2f},"
                    f" one user {spent(store.query, user='nobody'):,.0f}, verify {spent(store.verify):,.0f}",
                    flush=True,
                )


def record(store: AuditStore, event: AuditEvent, times: int) -> None:
    """Append one event over and over."""
    for _ in range(times):
        store.record(event)


def ratios(count: int, calls: int, *, dated: bool) -> None:
    """The engine beside the plainest FTS5 table, in one run, turn by turn."""
    told = [
        RetainItem(text, timestamp=FIRST_DAY + timedelta(minutes=i) if dated else None)
        for i, (_, text) in enumerate(sentences(count, seed=3))
    ]
    with tempfile.TemporaryDirectory() as name:
        backend = SQLiteBackend(Path(name) / "memory.db")
        with closing(sqlite3.connect(Path(name) / "plain.db", isolation_level=None)) as plain:
            plain.execute("PRAGMA journal_mode = WAL")
            plain.execute("PRAGMA synchronous = NORMAL")
            plain.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='porter')")
            bulk, plain_bulk = [], []
            for start in range(0, count, BATCH):
                part = told[start : start + BATCH]
                bulk.append(spent(backend.retain_batch, "b", part))
                plain_bulk.append(spent(insert, plain, [item.content for item in part]))
            backend.retain("b", "The first of them loads what a bulk load does without.")
            single, plain_single = [], []
            for _, text in sentences(10 * calls, seed=4):
                single.append(spent(backend.retain, "b", text))
                plain_single.append(spent(insert, plain, [text]))
            asked = [" ".join(item.content.rstrip(".").split()[:4]) for item in told[:: max(1, count // calls)]]
            recall, query = [], []
            sql = "SELECT rowid, text FROM words WHERE words MATCH ? ORDER BY bm25(words) LIMIT 10"
            for words in asked:
                match = " OR ".join(f'"{word}"' for word in words.split())
                recall.append(spent(backend.recall, "b", words))
                query.append(spent(lambda match=match: plain.execute(sql, (match,)).fetchall()))
        backend.close()
    kind = "dated" if dated else "undated"
    print(f"\n{count:,} {kind} memories, in units of a plain FTS5 table (porter, bm25, WAL), CPU time of one run:")
    rate = f"{count / sum(bulk) * 1000:,.0f}/s"
    print(f"  bulk retain    {sum(plain_bulk) / sum(bulk):.2f} of its inserts a second; {rate}")
    print(f"  single retain  {middle(single) / middle(plain_single):.1f} times its insert; {percentiles(single)} ms")
    print(f"  recall mid     {sum(recall) / sum(query):.2f} of its query; {percentiles(recall)} ms", flush=True)


def dear(count: int, calls: int) -> None:
    """Queries that were made to be dear, in units of ordinary ones, without a filter and with three."""
    common, several = vocabulary()[:700], vocabulary()[:288]
    queries = {
        "30 commonest words": " ".join(common[:30]),
        "4,000 common characters": " ".join(common)[:4_000],
        "100 dates": " ".join(f"on {FIRST_DAY + timedelta(days=17 * i):%d %B %Y}" for i in range(100)),
        "300 names": " ".join([*AUTHORS, *(word.capitalize() for word in several)]),
    }
    filters: dict[str, list[str]] = {
        "none": [],
        "a tag that all have": ["team:t"],
        "an author": ["author:Ada"],
        "a session": ["session:7"],
    }
    with tempfile.TemporaryDirectory() as name:
        backend = SQLiteBackend(Path(name) / "memory.db")
        fill(backend, "", count)
        asked = [f"What did {who} say about {' '.join(text.split()[:3])}?" for who, text in sentences(calls, seed=7)]
        print(f"\n{count:,} memories, dear queries in units of an ordinary one with the same filter:")
        for budget in BUDGETS:
            for kind, tags in filters.items():

                def recall(query: str, budget: Budget = budget, tags: list[str] = tags) -> float:
                    return spent(backend.recall, "t:bank", query, budget=budget, tags=tags, tags_match="all_strict")

                recall(asked[0])
                turns: dict[str, list[float]] = {query: [] for query in queries}
                ordinary = []
                for question in asked:
                    ordinary.append(recall(question))
                    if len(ordinary) % 5 == 1:
                        for query, times in turns.items():
                            times.append(recall(queries[query]))
                unit = middle(ordinary)
                told = ", ".join(f"{query} {middle(times) / unit:.1f}" for query, times in turns.items())
                print(f"  {budget}, filter {kind}: ordinary {unit:.1f} ms; {told}", flush=True)
        backend.close()


def middle(times: Sequence[float]) -> float:
    """The median."""
    return sorted(times)[len(times) // 2]


def insert(plain: sqlite3.Connection, texts: Sequence[str]) -> None:
    """Add texts in one transaction."""
    plain.execute("BEGIN")
    plain.executemany("INSERT INTO words (text) VALUES (?)", [(text,) for text in texts])
    plain.execute("COMMIT")


def resident() -> float:
    """Megabytes of this process in memory, where the system tells."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
    except OSError:
        return float("nan")


def main() -> None:
    """Print the table, column by column as lines, then the audit and the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("shapes", nargs="*", default=DEFAULT)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--audit", type=int, nargs="*", default=[1_000, 20_000])
    parser.add_argument("--ratios", type=int, nargs="*", default=[20_000, 100_000], metavar="MEMORIES")
    parser.add_argument("--dear", type=int, nargs="*", default=[20_000], metavar="MEMORIES")
    given = parser.parse_args()
    columns: dict[str, dict[str, str]] = {}
    for shape in given.shapes:
        columns[shape] = measure(shape if ":" in shape else f":{shape}", given.calls)
        print(f"{shape}: {columns[shape]}", flush=True)
    print("\n| CPU ms, p50 (p99) | " + " | ".join(columns) + " |\n|---|" + "--:|" * len(columns))
    for row in next(iter(columns.values())) if columns else ():
        print(f"| {row} | " + " | ".join(column[row] for column in columns.values()) + " |")
    print()
    for entries in given.audit:
        audit(entries)
    for count in given.ratios:
        for dated in (False, True):
            ratios(count, given.calls, dated=dated)
    for count in given.dear:
        dear(count, given.calls)


if __name__ == "__main__":
    main()
