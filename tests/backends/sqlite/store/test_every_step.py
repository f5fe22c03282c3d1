"""A process killed at every statement of every write path, and at random points."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from hindsight_teams import TeamMemory
from hindsight_teams.audit import AuditEvent, open_audit
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.memory.exporting import Export, export_lines, import_bank
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import DeleteEmptyBank, RenameBank

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
]

TEA = "Retries need jitter, or the clients march in step."


def team_of(backend: SQLiteBackend) -> TeamMemory:
    return TeamMemory(
        "squad",
        banks={"decisions": "team", "notebook": "member"},
        members={"architect": {"decisions": "full"}, "coder": {"decisions": "read-only", "notebook": "full"}},
        curators=["architect"],
        proposers=["coder"],
        backend=backend,
    )


def retain(path: Path) -> None:
    SQLiteBackend(path).retain("b", "a new fact", document_id="new", tags=["x"])


def batch(path: Path) -> None:
    SQLiteBackend(path).retain_batch("b", [RetainItem(f"new fact {i}", tags=["batch"]) for i in range(5)])


def replace(path: Path) -> None:
    SQLiteBackend(path).retain("b", "version two", document_id="plan")


def delete(path: Path) -> None:
    SQLiteBackend(path).delete_memories("b", tags=["old"])


def delete_bank(path: Path) -> None:
    SQLiteBackend(path).delete_bank("b")


def delete_empty_bank(path: Path) -> None:
    backend = SQLiteBackend(path)
    backend.ensure_bank("empty")
    assert backend.execute(DeleteEmptyBank(bank="empty"))
    assert not backend.execute(DeleteEmptyBank(bank="b"))


def erase(path: Path) -> None:
    SQLiteBackend(path).erase()


def forget(path: Path) -> None:
    team_of(SQLiteBackend(path)).forget(author="coder", dry_run=False)


def promote(path: Path) -> None:
    team = team_of(SQLiteBackend(path))
    item = team.proposals("coder").propose(TEA, to="decisions")
    team.reviews("architect").approve(item.id)


def backup(path: Path) -> None:
    SQLiteBackend(path).backup(path.with_name(f"copy-{os.getpid()}.db"))


def repair(path: Path) -> None:
    SQLiteBackend(path).repair()


def audit(path: Path) -> None:
    with open_audit(path.with_name("audit.db")) as store:
        store.record(AuditEvent(verb="recall", outcome="allowed"))


def of_rex(_: str, **__: object) -> list[str]:
    return ["Nora has a dog called Rex."]


def learn(path: Path) -> None:
    SQLiteBackend(path, extractor=of_rex).retain("learned", "Nora walks Rex at six.")


def observe(path: Path) -> None:
    SQLiteBackend(path).consolidate("learned")


def imported(path: Path) -> None:
    import_bank(SQLiteBackend(path), "imported", Export.of(path.with_name("export.jsonl")))


def rename(path: Path) -> None:
    SQLiteBackend(path).execute(RenameBank(bank="learned", to="renamed"))


def migrate(path: Path) -> None:
    new = path.with_name(f"new-{os.getpid()}.db")
    SQLiteBackend(new).retain("b", "the first fact")


WAYS: tuple[Callable[[Path], None], ...] = (
    retain, batch, replace, delete, delete_bank, delete_empty_bank, erase, forget, promote, backup, repair, audit,
    migrate, learn, observe, imported, rename,
)  # fmt: skip


def prepared(path: Path, way: Callable[[Path], None]) -> None:
    backend = SQLiteBackend(path)
    backend.retain_batch("b", [RetainItem(f"kept fact {i}", tags=["kept"]) for i in range(3)])
    backend.retain("b", "version one", document_id="plan", tags=["kept"])
    backend.retain_batch("b", [RetainItem(f"old fact {i}", tags=["old"]) for i in range(3)])
    team_of(backend).member("coder").retain(TEA)
    if way in (observe, rename):
        texts = [f"Nora met {name} at the mill." for name in ("Bob", "Ana", "Zoe", "Kim")]
        backend.retain_batch("learned", [RetainItem(text) for text in texts])
    if way is imported:
        path.with_name("export.jsonl").write_text("".join(f"{line}\n" for line in export_lines(backend, "b")))
    backend.close()
    audit(path)
    if way in (erase, repair):
        db = sqlite3.connect(path)
        db.execute("UPDATE erasing SET deleted = deleted + 1")
        if way is repair:
            db.execute("UPDATE memory SET metadata = '{\"a' WHERE document IS NOT NULL")
        db.commit()
        db.close()


def sound_after(path: Path, way: Callable[[Path], None]) -> None:
    """All that was acknowledged before is there, what was cut short is done or was not begun, and work goes on."""
    backend = SQLiteBackend(path)
    backend.repair() if way is repair else None
    assert backend.check().problems == ()
    texts = {m.text for bank in backend.list_banks() for m in backend.list_memories(bank.bank_id).memories}
    kept = {f"kept fact {i}" for i in range(3)}
    old = {f"old fact {i}" for i in range(3)}
    assert kept <= texts or (way is delete_bank and not texts & (kept | old))
    assert texts & old in (old, set())
    assert len(texts & {"version one", "version two"}) == 1 or way is delete_bank
    assert len([t for t in texts if t.startswith("new fact")]) in (0, 5)
    if "learned" in {bank.bank_id for bank in backend.list_banks()} and way is learn:
        learned = backend.bank_stats("learned")
        assert (learned.memories, learned.failed_operations) in ((0, 0), (1, 1), (2, 0))
        if learned.memories:
            with closing(SQLiteBackend(path, extractor=of_rex)) as learner:
                learner.retry_extraction("learned")
            assert of_rex("")[0] in {m.text for m in backend.list_memories("learned").memories}
    if way is imported:
        for _ in range(2):  # what was cut short is finished, and what was finished stays as it is
            imported(path)
            both = [[m.text for m in backend.list_memories(bank).memories] for bank in ("b", "imported")]
            assert both[0] == both[1]
    if way in (observe, rename):
        assert len({"learned", "renamed"} & {bank.bank_id for bank in backend.list_banks()}) == 1
        assert len([text for text in texts if text.startswith("Nora met")]) >= 4
    team = team_of(backend)
    copies = [m for m in team.member("architect").recall("retries jitter").results if m.text == TEA]
    for item in team.reviews("architect").pending():
        team.reviews("architect").reject(item.id)
    for item in team.reviews("architect").approved():
        team.reviews("architect").revoke(item.id)
        copies = []
    assert copies == []  # none that nobody can revoke
    assert backend.erase()
    backend.retain("b", "life goes on")
    assert not [f.name for f in path.parent.iterdir() if "part" in f.name or f.name.endswith(".repaired")]
    backend.close()
    with open_audit(path.with_name("audit.db")) as store:
        assert store.verify().ok
        assert store.head().seq >= 1
    for new in path.parent.glob("new-*.db"):
        fresh = SQLiteBackend(new)
        fresh.retain("b", "life goes on")
        assert fresh.check().problems == ()
        fresh.close()
        new.unlink()


READS = ("SELECT", "BEGIN", "PRAGMA ")
WRITING_PRAGMAS = ("PRAGMA JOURNAL_MODE =", "PRAGMA WAL_CHECKPOINT", "PRAGMA APPLICATION_ID =", "PRAGMA USER_VERSION =")


def writes(statement: str) -> bool:
    """Whether a statement may change what lies on the disk."""
    upper = statement.lstrip().upper()
    return upper.startswith(WRITING_PRAGMAS) or not upper.startswith(READS)


def killed_at(path: Path, way: Callable[[Path], None], boundary: int) -> bool:
    """Run a way in a child that kills itself at a boundary between statements; whether it came so far.

    The first boundary is before the first statement, each other one follows a statement that may write: between two
    that only read the disk is as it was. In what moves whole files, every statement is a boundary.
    """
    child = os.fork()
    if child == 0:
        left, wrote = boundary, True
        connect = sqlite3.connect

        def look(statement: str) -> None:
            nonlocal left, wrote
            left -= wrote
            wrote = way in (backup, repair) or writes(statement)
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def traced(*args: object, **options: object) -> sqlite3.Connection:
            db = connect(*args, **options)  # type: ignore[call-overload]
            db.set_trace_callback(look)
            return db  # type: ignore[no-any-return]

        sqlite3.connect = traced  # type: ignore[assignment]
        try:
            way(path)
            os._exit(0)
        except BaseException:
            os._exit(3)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_kill_at_any_statement_leaves_nothing_half_done(tmp_path: Path, way: Callable[[Path], None]) -> None:
    ready = tmp_path / "ready"
    ready.mkdir()
    prepared(ready / "memory.db", way)
    for boundary in count(1):
        folder = tmp_path / "killed"
        shutil.copytree(ready, folder)
        reached = killed_at(folder / "memory.db", way, boundary)
        sound_after(folder / "memory.db", way)
        shutil.rmtree(folder)
        if not reached:
            break
    assert boundary > 2


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_kill_at_any_moment_leaves_nothing_half_done(tmp_path: Path, way: Callable[[Path], None]) -> None:
    source = random.Random(way.__name__)
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[3])\n"
        "from tests.backends.sqlite.store import test_every_step as steps\n"
        "way = getattr(steps, sys.argv[1]); print('ready', flush=True)\n"
        "while True: way(Path(sys.argv[2]))\n"
    )
    root = str(Path(__file__).parents[4])
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / "memory.db"
        prepared(path, way)
        command = [sys.executable, "-c", script, way.__name__, str(path), root]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        threading.Event().wait(source.random() * 0.1)
        process.kill()
        process.communicate()
        sound_after(path, way)
