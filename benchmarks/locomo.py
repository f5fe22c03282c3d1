"""Evidence retrieval on LoCoMo, by the way that a team takes: members retain and recall, no language model.

    python benchmarks/locomo.py PATH/TO/locomo.json [--minilm] [--only NAME] [--limit N] [--cut] [--refused]

Each turn of a conversation is retained by the member who said it; each question is recalled by one of them; recall@k
is the share of a question's evidence turns among the first k memories, averaged over questions of categories 1 to 4.
The settings:

    documents   a team for each conversation; speaker as member, session as document
    lines       the same with the text "<speaker> (<date>): <text>"
    singly      each turn retained alone, in random order, without a document
    undated     the same, without timestamps either: nothing tells which turns belong together
    one-bank    all conversations in one team's bank
    crowd       a team for each conversation in a file that holds 100,000 other memories

With ``--cut``: how many lines and tokens a recall returns, how much it keeps of the evidence in the first 30 lines of
the whole ranking, and the share of evidence that fits into some token limits, beside bm25 of one FTS5 table. With
``--refused``: of which share of the questions a recall says that little is known, of those that have an answer and of
those of category 5, which have none.
"""

from __future__ import annotations

import argparse
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from _corpus import sentences
from _locomo import CATEGORIES, Conversation, Question, load

from hindsight_teams import TeamMemory
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import fusion, weights
from hindsight_teams.backends.sqlite.text.vocabulary import STOP_WORDS
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.models import LITTLE_KNOWN, RetainItem

SETTINGS = ("documents", "lines", "singly", "undated", "one-bank", "crowd")
CROWD = 100_000


def fill(backend: SQLiteBackend, conversations: list[Conversation], setting: str) -> dict[str, str]:
    """Retain all turns; turn name by memory id."""
    names: dict[str, str] = {}
    for talk in conversations:
        members = team_of(backend, talk, setting)
        alone = setting in ("singly", "undated")
        for turn in random.Random(0).sample(talk.turns, len(talk.turns)) if alone else talk.turns:
            receipt = members[turn.speaker].retain(
                turn.line if setting == "lines" else turn.text,
                timestamp=None if setting == "undated" else turn.when,
                document_id=None if alone else f"{talk.id}/{turn.session}",
                append=not alone,
            )
            names.setdefault(receipt.memory_ids[0], f"{talk.id}/{turn.id}")
    if setting == "crowd":
        crowd = SQLiteBackend(backend.path)  # without vectors, which would take hours and change nothing
        for start in range(0, CROWD, 10_000):
            items = [RetainItem(text, metadata={"author": who}) for who, text in sentences(10_000, seed=start)]
            crowd.retain_batch(f"other-{start}", items)
        crowd.close()
    return names


def team_of(backend: SQLiteBackend, talk: Conversation, setting: str) -> dict[str, MemberMemory]:
    """The speakers of a conversation as members of a team with one bank."""
    speakers = {turn.speaker: turn.speaker.lower() for turn in talk.turns}
    grants = {member: {"talk": "full"} for member in speakers.values()}
    name = "all" if setting == "one-bank" else talk.id
    team = TeamMemory(name, banks={"talk": "team"}, members=grants, backend=backend, guard=False)
    return {speaker: team.member(member) for speaker, member in speakers.items()}


def ask(
    backend: SQLiteBackend, conversations: list[Conversation], setting: str, names: dict[str, str], budget: str
) -> Iterator[tuple[str, Question, list[str], float]]:
    """Recall every question: conversation, question, turns found, milliseconds."""
    for talk in conversations:
        asker = next(iter(team_of(backend, talk, setting).values()))
        for question in talk.questions:
            started = time.perf_counter()
            found = asker.recall(
                question.text,
                budget=budget,  # type: ignore[arg-type]
                max_tokens=1_000_000,
                query_timestamp=question.asked,
            )
            spent = (time.perf_counter() - started) * 1000
            turns = [names.get(m.id, "") for m in found.results]
            yield talk.id, question, [t.removeprefix(f"{talk.id}/") for t in turns], spent


def measure(conversations: list[Conversation], setting: str, *, minilm: bool, budget: str) -> None:
    """Print one setting's figures."""
    with tempfile.TemporaryDirectory() as folder:
        backend = SQLiteBackend(Path(folder) / "memory.db", embedder="minilm" if minilm else None)
        started = time.perf_counter()
        names = fill(backend, conversations, setting)
        filled = time.perf_counter() - started
        rows = list(ask(backend, conversations, setting, names, budget))
        backend.close()
    main = [row for row in rows if row[1].category != 5]
    spent = sorted(row[3] for row in rows)
    print(
        f"{setting:10} recall@10 {recall_at(main, 10):.3f}  "
        + "  ".join(f"@{k} {recall_at(main, k):.3f}" for k in (5, 20, 50))
        + f"  p50 {spent[len(spent) // 2]:.1f} ms  p99 {spent[len(spent) * 99 // 100]:.1f} ms"
        f"  retain {filled:.1f} s"
    )
    by_category = {c: [row for row in rows if row[1].category == c] for c in CATEGORIES}
    print("           " + "  ".join(f"{CATEGORIES[c]} {recall_at(r, 10):.3f}" for c, r in by_category.items() if r))
    by_talk = {t.id: [row for row in main if row[0] == t.id] for t in conversations}
    print("           " + "  ".join(f"{name} {recall_at(r, 10):.3f}" for name, r in by_talk.items() if r), flush=True)


def measure_refused(conversations: list[Conversation], setting: str, *, minilm: bool, budget: str) -> None:
    """Print of which share of the questions little is said to be known."""
    low: dict[bool, list[bool]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        backend = SQLiteBackend(Path(folder) / "memory.db", embedder="minilm" if minilm else None)
        fill(backend, conversations, setting)
        for talk in conversations:
            asker = next(iter(team_of(backend, talk, setting).values()))
            for question in talk.questions:
                found = asker.recall(question.text, budget=budget, query_timestamp=question.asked)  # type: ignore[arg-type]
                low[question.category != 5].append((found.confidence or 0.0) < LITTLE_KNOWN)
        backend.close()
    print(
        f"{setting:10} little known: {statistics.fmean(low[True]):.3f} of the {len(low[True])} with an answer, "
        f"{statistics.fmean(low[False]):.3f} of the {len(low[False])} without"
    )


LIMITS = (256, 512, 1_000, 2_000, 4_096)


def measure_cut(conversations: list[Conversation], *, minilm: bool) -> None:
    """Print how much comes back, and what fits into a token limit."""
    with tempfile.TemporaryDirectory() as folder:
        backend = SQLiteBackend(Path(folder) / "memory.db", embedder="minilm" if minilm else None)
        names = fill(backend, conversations, "documents")
        returned, kept, whole, questions = [], 0, 0, 0
        rates: dict[tuple[str, int], list[float]] = defaultdict(list)
        for talk in conversations:
            asker, ranked = next(iter(team_of(backend, talk, "documents").values())), bm25(talk)
            costs = {turn.id: -(-len(turn.text) // 4) for turn in talk.turns}
            for question in (q for q in talk.questions if q.category != 5):
                found = {}
                for budget in ("low", "mid", "high", "everything"):
                    with everything() if budget == "everything" else nullcontext():
                        memories = asker.recall(
                            question.text,
                            budget="mid" if budget == "everything" else budget,  # type: ignore[arg-type]
                            max_tokens=1_000_000,
                            query_timestamp=question.asked,
                        ).results
                    found[budget] = [names.get(m.id, "").removeprefix(f"{talk.id}/") for m in memories]
                questions += 1
                returned.append((len(found["mid"]), sum(costs.get(turn, 0) for turn in found["mid"])))
                kept += len(question.evidence & set(found["mid"]))
                whole += len(question.evidence & set(found.pop("everything")[:30]))
                for name, turns in {**found, "bm25": ranked(question.text)}.items():
                    for limit in LIMITS:
                        fits = within(turns, costs, limit)
                        rates[name, limit].append(len(question.evidence & fits) / len(question.evidence))
        backend.close()
    lines, tokens = (statistics.fmean(values) for values in zip(*returned, strict=True))
    print(f"{questions} questions: {lines:.1f} lines, {tokens:,.0f} tokens, {kept / whole:.3f} of the evidence kept")
    for limit in LIMITS:
        figures = (f"{name} {statistics.fmean(rates[name, limit]):.3f}" for name in ("low", "mid", "high", "bm25"))
        print(f"{limit:>6} tokens  " + "  ".join(figures), flush=True)


@contextmanager
def everything() -> Iterator[None]:
    """Recall without the cut by relevance."""
    with (
        patch.object(weights, "FIRST_FLOOR", 0.0),
        patch.object(fusion, "LITTLE_KNOWN", 0.0),
        patch.object(weights, "FEW_BELOW", 0.0),
        patch.dict(weights.DEPTHS, mid=replace(weights.DEPTHS["mid"], floor=0.0)),
    ):
        yield


def bm25(talk: Conversation) -> Callable[[str], list[str]]:
    """The turns of a conversation by FTS5's bm25 of a question's words."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE f USING fts5(t, tokenize='porter unicode61 remove_diacritics 2')")
    db.executemany("INSERT INTO f (t) VALUES (?)", [(f"{turn.speaker}: {turn.text}",) for turn in talk.turns])

    def search(question: str) -> list[str]:
        words = re.findall(r"\w+", question.lower())
        match = " OR ".join(f'"{w}"' for w in dict.fromkeys([w for w in words if w not in STOP_WORDS] or words))
        rows = db.execute("SELECT rowid FROM f WHERE f MATCH ? ORDER BY rank", (match,))
        return [talk.turns[number - 1].id for (number,) in rows]

    return search


def within(turns: list[str], costs: dict[str, int], limit: int) -> set[str]:
    """The turns that fit into a token limit, in order."""
    held = set()
    for turn in turns:
        if costs.get(turn, 0) <= limit:
            limit -= costs.get(turn, 0)
            held.add(turn)
    return held


def recall_at(rows: list[tuple[str, Question, list[str], float]], k: int) -> float:
    """Mean share of the evidence among the first k."""
    return statistics.fmean(len(q.evidence & set(found[:k])) / len(q.evidence) for _, q, found, _ in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="a LoCoMo JSON file")
    parser.add_argument("--minilm", action="store_true", help="with the [minilm] extra's vectors")
    parser.add_argument("--budget", choices=("low", "mid", "high"), default="mid")
    parser.add_argument("--only", choices=SETTINGS, action="append")
    parser.add_argument("--cut", action="store_true", help="how much comes back, beside bm25")
    parser.add_argument("--refused", action="store_true", help="how often little is said to be known")
    parser.add_argument("--limit", type=int, help="only the first N conversations")
    options = parser.parse_args()
    if not options.file.is_file():
        sys.exit(f"{options.file} is no file; LoCoMo is published with Maharana et al. 2024")
    conversations = load(options.file)[: options.limit]
    questions = sum(q.category != 5 for talk in conversations for q in talk.questions)
    print(
        f"{len(conversations)} conversations, {sum(len(t.turns) for t in conversations)} turns, {questions} questions"
    )
    if options.cut:
        measure_cut(conversations, minilm=options.minilm)
        return
    if options.refused:
        for setting in options.only or ("documents", "singly", "undated"):
            measure_refused(conversations, setting, minilm=options.minilm, budget=options.budget)
        return
    for setting in options.only or SETTINGS:
        measure(conversations, setting, minilm=options.minilm, budget=options.budget)


if __name__ == "__main__":
    main()
