"""The web page on 100,000 memories and 20,000 events."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from hindsight_teams import TeamMemory
from hindsight_teams.audit import AuditEvent, open_audit
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import RetainItem
from tests.cli.inspect.conftest import Serve

MEMORIES, EVENTS = 100_000, 20_000
PATIENCE = 15.0
"""Seconds that any answer may take on a slow and busy machine; the table that is printed has the real times."""


@pytest.mark.slow
def test_every_question_is_answered_in_time(tmp_path: Path, serve: Serve) -> None:
    names, chance = [f"Customer {n} Ltd" for n in range(300)], random.Random(1)
    backend = SQLiteBackend(tmp_path / "large.db")
    memory = TeamMemory(
        "desk",
        banks={"shared": "team"},
        members={"clerk": {"shared": "full"}, "reader": {"shared": {"access": "read-only", "scope_tags": ["even"]}}},
        backend=backend,
        audit=open_audit(tmp_path / "audit.db"),
    )
    for start in range(0, MEMORIES, 5000):
        backend.retain_batch(
            "desk:shared",
            [
                RetainItem(
                    f"{chance.choice(names)} met {chance.choice(names)} about parcel {n}.",
                    tags=["team:desk", "author:clerk", f"user:u{n % 50}", *(["even"] if n % 2 == 0 else [])],
                    metadata={"author": "clerk", "team": "desk"},
                    document_id=f"parcel-{n}",
                )
                for n in range(start, start + 5000)
            ],
        )
    for n in range(EVENTS):
        memory.audit.record(
            AuditEvent(verb="recall", outcome="allowed", team="desk", member="clerk", user=f"u{n % 50}")
        )
    page = serve(memory, log=tmp_path / "audit.db")
    bank: dict[str, object] = {"bank": "desk:shared"}
    questions: dict[str, tuple[str, dict[str, object]]] = {
        "the team": ("team", {}),
        "the newest memories": ("memories", bank),
        "the oldest memories": ("memories", {**bank, "offset": MEMORIES - 50}),
        "memories of one author with a tag": ("memories", {**bank, "author": "clerk", "tag": "even"}),
        "a search": ("memories", {**bank, "q": "Customer 7 parcel"}),
        "one memory": ("memory", {**bank, "id": "1-c350"}),
        "the names, the first time": ("entities", bank),
        "the names, again": ("entities", bank),
        "the newest events": ("audit", {}),
        "events that do not exist": ("audit", {"user": "nobody"}),
    }
    for what, (path, parameters) in questions.items():
        began = time.perf_counter()
        answer = page.get(path, **parameters)
        took = time.perf_counter() - began
        print(f"{what:36} {took:6.2f} s")
        assert answer
        assert took < PATIENCE, what
    began = time.perf_counter()
    form = {"member": "reader", "query": "Customer 7 parcel"}
    assert page.ask("POST", "what-if", json=form).json()["memories"]
    print(f"{'a trial':36} {time.perf_counter() - began:6.2f} s")
