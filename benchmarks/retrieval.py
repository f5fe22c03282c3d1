"""Retrieval on other people's questions, by the way that a team takes: a member retains, a member recalls.

    python benchmarks/retrieval.py FOLDER [--sets NAME,...] [--half even|odd] [--named] [--minilm]

FOLDER holds one JSON file for each set: a list of ``{"docs": [{"id", "text", "author"?}], "queries": [{"text",
"gold"}]}``, a bank each, where ``gold`` lists the ids of the documents that answer. Members are called m0, m1 and so
on; with ``--named`` they have the authors' names, with a hyphen for each run of other characters.

Beside it, in the same run, one FTS5 table with a Porter stemmer ranked by bm25. Most weights come from a study of
these sets, in which both halves were seen; figures on either half are mildly optimistic.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.backends.sqlite.text.vocabulary import STOP_WORDS


def ours(
    bank: dict[str, Any], queries: list[dict[str, Any]], embedder: str | None, *, named: bool = False
) -> tuple[list[list[str]], float]:
    """The first ten documents for each query, and the CPU seconds that the recalls took."""
    authors = sorted({doc.get("author") or "someone" for doc in bank["docs"]})
    slugs = [re.sub(r"\W+", "-", author).strip("-") if named else "" for author in authors]
    members = {author: slug or f"m{number}" for number, (author, slug) in enumerate(zip(authors, slugs, strict=True))}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SQLiteBackend(Path(folder) / "memory.db", embedder=embedder)) as backend,
    ):
        grants = {member: {"pool": "full"} for member in members.values()}
        team = TeamMemory("bench", banks={"pool": "team"}, members=grants, backend=backend, guard=False)
        names: dict[str, str] = {}
        for doc in bank["docs"]:
            receipt = team.member(members[doc.get("author") or "someone"]).retain(doc["text"])
            for memory in receipt.memory_ids:
                names.setdefault(memory, doc["id"])
        asker, ranked, started = team.member(members[authors[0]]), [], time.process_time()
        for query in queries:
            found = asker.recall(query["text"], max_tokens=100_000).results
            ranked.append(list(dict.fromkeys(names[m.id] for m in found))[:10])
        return ranked, time.process_time() - started


def floor(bank: dict[str, Any], queries: list[dict[str, Any]]) -> list[list[str]]:
    """The same of a plain FTS5 table."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE f USING fts5(t, tokenize='porter unicode61 remove_diacritics 2')")
        rows = [(f"{d['author']}: {d['text']}" if d.get("author") else d["text"],) for d in bank["docs"]]
        db.executemany("INSERT INTO f (t) VALUES (?)", rows)
        ids = [doc["id"] for doc in bank["docs"]]
        ranked = []
        for query in queries:
            words = re.findall(r"\w+", query["text"].lower())
            words = [w for w in words if w not in STOP_WORDS] or words
            match = " OR ".join(f'"{w}"' for w in dict.fromkeys(words))
            rows = db.execute("SELECT rowid FROM f WHERE f MATCH ? ORDER BY rank LIMIT 10", (match,)).fetchall()
            ranked.append([ids[number - 1] for (number,) in rows])
        return ranked


def ndcg(ranked: list[str], gold: set[str]) -> float:
    """Normalised discounted cumulative gain of the first ten."""
    gain = sum(1 / math.log2(place + 2) for place, name in enumerate(ranked) if name in gold)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(gold))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", help="names of files without .json, with commas between them")
    parser.add_argument("--half", choices=("even", "odd"))
    parser.add_argument("--named", action="store_true", help="members have the authors' names")
    parser.add_argument("--minilm", action="store_true", help="with the [minilm] extra's vectors")
    options = parser.parse_args()
    names = options.sets.split(",") if options.sets else sorted(f.stem for f in options.folder.glob("*.json"))
    print(f"{'set':10}{'queries':>8}{'nDCG@10':>9}{'FTS5':>7}{'ratio':>7}{'ms':>7}")
    for name in names:
        mine, theirs, spent = [], [], 0.0
        for bank in json.loads((options.folder / f"{name}.json").read_text()):
            start, step = {"even": (0, 2), "odd": (1, 2), None: (0, 1)}[options.half]
            queries = bank["queries"][start::step]
            ranked, seconds = ours(bank, queries, "minilm" if options.minilm else None, named=options.named)
            spent += seconds
            mine += [ndcg(r, set(q["gold"])) for r, q in zip(ranked, queries, strict=True)]
            theirs += [ndcg(r, set(q["gold"])) for r, q in zip(floor(bank, queries), queries, strict=True)]
        own, plain = statistics.fmean(mine), statistics.fmean(theirs)
        print(
            f"{name:10}{len(mine):8}{own:9.3f}{plain:7.3f}{own / plain:7.2f}{1000 * spent / len(mine):7.1f}", flush=True
        )


if __name__ == "__main__":
    main()
