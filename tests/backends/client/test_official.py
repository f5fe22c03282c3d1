"""The official client as ``client=``, on the real server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hindsight_teams.backends.client.adapter import ClientBackend
from hindsight_teams.errors import BackendUnreachable, Unauthorized
from hindsight_teams.models import RecallResult, RetainItem
from tests.conftest import ServerFactory
from tests.harness import Server
from tests.harness.processes import free_port
from tests.harness.test_server import KEY_AUTH


def official(url: str, api_key: str | None = None) -> Any:
    from hindsight_client import Hindsight  # takes seconds: imported only where it is used

    return Hindsight(url, api_key=api_key)


@pytest.fixture
def backend(hindsight_server: Server) -> Iterator[ClientBackend]:
    backend = ClientBackend(official(hindsight_server.url))
    yield backend
    backend.close()


def test_it_retains_recalls_and_reflects(backend: ClientBackend, hindsight_server: Server) -> None:
    bank = hindsight_server.unused_bank()
    receipt = backend.retain(
        bank, "Nora leads the Maple pilot.", tags=["t"], metadata={"author": "ada"}, document_id="d", entities=["Nora"]
    )
    assert (receipt.items_count, receipt.document_ids) == (1, ("d",))
    [memory] = backend.recall(bank, "Who leads Maple?", tags=["t"], tags_match="all_strict").results
    assert (memory.text, memory.author, memory.tags) == ("Nora leads the Maple pilot.", "ada", ("t",))
    assert memory.mentioned_at
    reflection = backend.reflect(bank, "Who leads Maple?")
    assert "Nora leads the Maple pilot." in reflection.text
    assert "Nora leads the Maple pilot." in {m.text for m in reflection.based_on}
    assert backend.delete_bank(bank) > 0


def test_a_batch_and_a_tag_group(backend: ClientBackend, hindsight_server: Server) -> None:
    bank = hindsight_server.unused_bank()
    backend.retain_batch(
        bank, [RetainItem("Ada likes ink.", tags=["a", "x"]), RetainItem("Nora likes tea.", tags=["b"])]
    )
    found = backend.recall(bank, "Who likes what?", tag_groups=[{"tags": ["a"], "match": "all_strict"}]).results
    assert [m.text for m in found] == ["Ada likes ink."]


def test_a_bank_that_does_not_exist_recalls_as_empty(backend: ClientBackend, hindsight_server: Server) -> None:
    assert backend.recall(hindsight_server.unused_bank(), "anything") == RecallResult()


def test_health_tells_the_version(backend: ClientBackend, hindsight_server: Server) -> None:
    health = backend.health()
    assert (health.ok, health.version, health.location) == (True, "1.1.0", hindsight_server.url)


def test_50_threads_share_one_client(backend: ClientBackend, hindsight_server: Server) -> None:
    bank = hindsight_server.unused_bank()
    backend.retain(bank, "Nora leads the Maple pilot.")
    start = threading.Barrier(50)

    def recall(_: int) -> str:
        start.wait()
        return backend.recall(bank, "Who leads Maple?").results[0].text

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(recall, range(50))) == {"Nora leads the Maple pilot."}


def test_loops_one_after_another_and_one_that_runs_share_one_client(
    backend: ClientBackend, hindsight_server: Server
) -> None:
    bank = hindsight_server.unused_bank()
    backend.retain(bank, "Nora leads the Maple pilot.")

    async def both_ways() -> set[str]:
        answers = await asyncio.gather(*(backend.arecall(bank, "Who leads Maple?") for _ in range(20)))
        inside = backend.recall(bank, "Who leads Maple?")  # a sync tool in a running loop, as in a notebook
        return {memory.text for answer in (*answers, inside) for memory in answer.results}

    for _ in range(2):
        assert asyncio.run(both_ways()) == {"Nora leads the Maple pilot."}


def test_the_client_stays_its_owner_s(hindsight_server: Server) -> None:
    """Its connections belong to the owner's loop, before and after; those of the backend are others."""
    bank = hindsight_server.unused_bank()
    client = official(hindsight_server.url)

    async def owner() -> None:
        await client.aretain(bank, "Nora leads the Maple pilot.")
        backend = ClientBackend(client)
        assert (await backend.arecall(bank, "Who leads Maple?")).results
        await backend.aclose()
        assert (await client.arecall(bank, "Who leads Maple?")).results
        await client.aclose()

    asyncio.run(owner())


def test_what_the_owner_suspends_stays_suspended(hindsight_server: Server) -> None:
    bank = hindsight_server.unused_bank()
    client = official(hindsight_server.url)
    backend = ClientBackend(client)
    with client.suspend_retains():
        backend.retain(bank, "Not to be stored.")
    assert backend.recall(bank, "stored?") == RecallResult()
    backend.close()


def test_a_wrong_key_is_said_without_the_key(hindsight_server_with: ServerFactory) -> None:
    server = hindsight_server_with(env=KEY_AUTH)
    right, wrong = (ClientBackend(official(server.url, api_key=key)) for key in (server.api_key, "wrong-key"))
    assert right.recall(server.unused_bank(), "anything") == RecallResult()
    with pytest.raises(Unauthorized) as raised:
        wrong.recall(server.unused_bank(), "anything")
    assert "wrong-key" not in f"{raised.value} {raised.value.details}"
    right.close()
    wrong.close()


@pytest.mark.slow
def test_a_server_that_is_gone_is_unreachable() -> None:
    backend = ClientBackend(official(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(BackendUnreachable, match="reach"):
        backend.recall("b", "anything")
    assert not backend.health().ok
    backend.close()


@pytest.mark.parametrize("ending", ["", "backend.close()", "del backend"])
def test_a_process_ends_without_a_warning(hindsight_server: Server, ending: str) -> None:
    program = f"""
from hindsight_client import Hindsight
from hindsight_teams.backends.client import ClientBackend
backend = ClientBackend(Hindsight({hindsight_server.url!r}))
assert backend.recall("nobody-has-this-bank", "anything").results == []
{ending}
"""
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
