"""Behaviour that only a real Hindsight server shows."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hindsight_teams.backends.hindsight import HindsightBackend, RetryPolicy, Timeouts
from hindsight_teams.errors import BackendTimeout, NotFound, Rejected, Unauthorized, UnexpectedAnswer, Unsupported
from hindsight_teams.models import RetainItem
from tests.conftest import ServerFactory
from tests.harness import Server

KEY = "k-123"
WITH_KEY = {
    "HINDSIGHT_API_TENANT_EXTENSION": "hindsight_api.extensions.builtin.tenant:ApiKeyTenantExtension",
    "HINDSIGHT_API_TENANT_API_KEY": KEY,
}


@pytest.fixture
def backend(hindsight_server: Server) -> Iterator[HindsightBackend]:
    with HindsightBackend(hindsight_server.url, api_key=hindsight_server.api_key) as backend:
        yield backend


@pytest.fixture
def bank(backend: HindsightBackend, hindsight_server: Server) -> Iterator[str]:
    bank_id = hindsight_server.unused_bank()
    yield bank_id
    backend.delete_bank(bank_id)


def test_the_server_says_its_version(backend: HindsightBackend) -> None:
    assert backend.version() == backend.check_version() == "1.1.0"
    assert backend.health().ok


def test_a_background_retain_can_be_waited_for(backend: HindsightBackend, bank: str) -> None:
    operation_id = str(uuid.uuid4())
    for _ in range(2):  # the second does no new work
        receipt = backend.retain(bank, "The kettle is on.", background=True, operation_id=operation_id)
        assert receipt.operation_id == operation_id
    operation = backend.wait_for_operation(bank, operation_id, timeout=60)
    assert (operation.status, operation.error) == ("completed", None)
    assert backend.bank_stats(bank).documents == 1
    assert operation_id in {o.operation_id for o in backend.list_operations(bank)}
    with pytest.raises(Rejected):
        backend.cancel_operation(bank, operation_id)


async def test_a_background_retain_can_be_awaited(backend: HindsightBackend, bank: str) -> None:
    receipt = await backend.aretain_batch(bank, [RetainItem("The kettle is on.")], background=True)
    assert receipt.operation_id is not None
    assert (await backend.await_for_operation(bank, receipt.operation_id, timeout=60)).status == "completed"
    assert (await backend.arecall(bank, "kettle")).results


def test_an_unknown_operation_is_not_found(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on.")
    assert backend.get_operation(bank, str(uuid.uuid4())).status == "not_found"


def test_waiting_has_an_end(backend: HindsightBackend, bank: str) -> None:
    receipt = backend.retain_batch(bank, [RetainItem(f"Lamp {n} is on.") for n in range(20)], background=True)
    assert receipt.operation_id is not None
    with pytest.raises(BackendTimeout, match="wait again"):
        backend.wait_for_operation(bank, receipt.operation_id, timeout=0)
    backend.wait_for_operation(bank, receipt.operation_id, timeout=120)


def test_documents_keep_their_text(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on.", document_id="a/b", tags=["t"], metadata={"author": "ann"})
    (listed,) = backend.list_documents(bank)
    assert (listed.document_id, listed.memory_count, listed.tags, listed.metadata) == (
        "a/b",
        1,
        ("t",),
        {"author": "ann"},
    )
    assert backend.get_document(bank, "a/b").text == "The kettle is on."
    with pytest.raises(NotFound):
        backend.get_document(bank, "c")
    assert backend.delete_document(bank, "a/b") == 1
    assert backend.list_documents(bank) == []


def test_one_memory_can_be_read(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on.", document_id="d")
    (memory,) = backend.list_memories(bank, document_id="d").memories
    assert backend.get_memory(bank, memory.id).text == memory.text
    for unknown in (str(uuid.uuid4()), "no-uuid"):
        with pytest.raises(NotFound):
            backend.get_memory(bank, unknown)


def test_chunks_come_with_a_recall(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on. The oven is off.")
    result = backend.recall(bank, "kettle", include_chunks=True, include_source_facts=True)
    assert any("oven" in text for text in result.chunks.values())
    assert {m.chunk_id for m in result.results if m.chunk_id} <= set(result.chunks)


def test_a_reflect_follows_a_schema_or_says_that_it_could_not(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on.")
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}}
    reflection = backend.reflect(bank, "Is the kettle on?", response_schema=schema, context="kitchen", max_tokens=200)
    assert reflection.text
    assert isinstance(reflection.structured_output, dict) or reflection.notes


def test_observations_are_listed_and_never_deleted_by_themselves(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on.", document_id="d")
    for operation in backend.list_operations(bank):
        backend.wait_for_operation(bank, operation.operation_id, timeout=60)
    observed = [m for m in backend.list_memories(bank).memories if m.type == "observation"]
    assert observed
    with pytest.raises(Unsupported, match="derived"):
        backend.delete_memories(bank, ids=[observed[0].id])
    assert backend.delete_memories(bank, ids=list(observed[0].source_ids)) == 1
    assert backend.recall(bank, "kettle").results == []


def test_an_append_gives_the_whole_document_the_last_authors_name(backend: HindsightBackend, bank: str) -> None:
    # The server's way, which the documentation of retain warns of; a change of it should be noticed.
    backend.retain(bank, "The kettle is on.", document_id="d", metadata={"author": "ann"})
    backend.retain(bank, "The oven is off.", document_id="d", metadata={"author": "bob"}, update_mode="append")
    assert {m.author for m in backend.list_memories(bank, document_id="d").memories} == {"bob"}


def test_a_long_query_is_answered_and_said_to_be_cut(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on.")
    result = backend.recall(bank, "Is the kettle on? " * 200)
    assert result.results
    assert "500" in result.notes[0]


def test_a_retain_that_timed_out_can_be_repeated_without_doubling(backend: HindsightBackend, bank: str) -> None:
    hasty = HindsightBackend(backend.location, timeouts=Timeouts(retain=0.001), retry=RetryPolicy(attempts=1))
    with hasty, pytest.raises(BackendTimeout):
        hasty.retain(bank, "The kettle is on.", document_id="d")
    backend.retain(bank, "The kettle is on.", document_id="d")
    assert backend.list_memories(bank, document_id="d").total == 1


def test_a_key_is_checked(hindsight_server_with: ServerFactory) -> None:
    url = hindsight_server_with(env=WITH_KEY).url
    with HindsightBackend(url, api_key=KEY) as backend:
        assert backend.health().ok
    for wrong, words in (("nope", "refused the API key"), (None, "wants an API key")):
        with HindsightBackend(url, api_key=wrong) as backend:
            with pytest.raises(Unauthorized, match=words):
                backend.recall("b", "q")
            assert not backend.health().ok


def test_a_wrong_path_is_not_taken_for_an_empty_bank(hindsight_server: Server) -> None:
    with HindsightBackend(hindsight_server.url + "/elsewhere") as backend:
        with pytest.raises(UnexpectedAnswer):
            backend.recall("b", "q")


def test_50_threads_and_50_coroutines_share_one_backend(backend: HindsightBackend, bank: str) -> None:
    backend.retain(bank, "The kettle is on.")

    async def crowd() -> int:
        return sum(bool(r.results) for r in await asyncio.gather(*(backend.arecall(bank, "kettle") for _ in range(50))))

    with ThreadPoolExecutor(51) as threads:
        plain = threads.map(lambda _: bool(backend.recall(bank, "kettle").results), range(50))
        awaited = threads.submit(asyncio.run, crowd())
        assert sum(plain) == awaited.result() == 50
