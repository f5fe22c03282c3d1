import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.audit import AuditEvent, AuditStore, open_audit


def _write(path: Path, name: str, count: int) -> None:
    with open_audit(path) as store:
        for number in range(count):
            store.record(AuditEvent(verb="recall", outcome="allowed", member=name, run=str(number)))


@pytest.mark.slow
def test_processes_and_threads_make_one_chain(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(path, f"p{n}", 100)) for n in range(3)]
    for process in processes:
        process.start()
    with open_audit(path) as store, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: store.record(AuditEvent(verb="v", outcome="allowed", member="threads")), range(200)))
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        result = store.verify()
        assert (result.ok, result.entries) == (True, 500)
        assert [event.run for event in store.query(member="p1")] == [str(n) for n in range(100)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_and_its_parent_make_one_chain(path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from hindsight_teams.audit import AuditEvent, open_audit
store = open_audit(Path(sys.argv[1]))
store.record(AuditEvent(verb="before", outcome="allowed"))
child = os.fork()
for n in range(200):
    store.record(AuditEvent(verb="after", outcome="allowed", member="parent" if child else "child"))
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program, path], check=True)
    with open_audit(path) as store:
        result = store.verify()
        assert (result.ok, result.entries) == (True, 401)


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from hindsight_teams.audit import AuditEvent, open_audit
store = open_audit(Path(sys.argv[1]))
for n in range(50):
    store.record(AuditEvent(verb="v", outcome="allowed", run=str(n)))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode != 0
    with open_audit(path) as store:
        assert (store.verify().ok, store.verify().entries) == (True, 50)


def test_a_reader_sees_what_another_store_writes(store: AuditStore, path: Path) -> None:
    with open_audit(path) as other:
        other.record(AuditEvent(verb="one", outcome="allowed"))
    store.record(AuditEvent(verb="two", outcome="allowed"))
    assert [event.verb for event in store.query()] == ["one", "two"]
    assert store.verify().ok


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_a_child_that_is_forked_during_an_event_closes_its_log(
    store: AuditStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat, children = os.stat, list[int]()

    def forking(*args: Any, **options: Any) -> os.stat_result:
        """Whether the log is still there is asked in the middle of an event."""
        if not children:
            children.append(os.fork())
            if not children[0]:
                signal.alarm(5)
                store.close()
                os._exit(0)
        return stat(*args, **options)

    monkeypatch.setattr(os, "stat", forking)
    store.record(AuditEvent(verb="recall", outcome="allowed"))
    monkeypatch.undo()
    assert os.waitpid(children[0], 0)[1] == 0
    store.record(AuditEvent(verb="recall", outcome="allowed"))
    assert (store.verify().ok, store.head().seq) == (True, 2)
