"""ClientBackend over plain objects that have retain, recall or reflect."""

from __future__ import annotations

import asyncio
import copy
import subprocess
import sys
import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest

from hindsight_teams.backends.base import MemoryBackend
from hindsight_teams.backends.client.adapter import ClientBackend
from hindsight_teams.backends.select import open_backend
from hindsight_teams.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    Forbidden,
    InvalidBankId,
    InvalidInput,
    RateLimited,
    Rejected,
    ServerFault,
    Unauthorized,
    UnexpectedAnswer,
    Unsupported,
)
from hindsight_teams.models import RecallResult, RetainItem

MAY_3 = datetime(2024, 5, 3, tzinfo=UTC)


class Plain:
    """The least a client can be."""

    def __init__(self) -> None:
        self.stored: dict[str, list[str]] = {}

    def retain(self, bank_id: str, content: str) -> None:
        self.stored.setdefault(bank_id, []).append(content)

    def recall(self, bank_id: str, query: str) -> list[str]:
        return [text for text in self.stored.get(bank_id, []) if query in text]

    def reflect(self, bank_id: str, query: str) -> str:
        return " ".join(self.recall(bank_id, query))


class Coroutines:
    """A client of coroutines, which remembers the loop and the thread they ran in."""

    def __init__(self) -> None:
        self.seen: set[tuple[int, int]] = set()

    async def arecall(self, bank_id: str, query: str, **options: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        self.seen.add((id(asyncio.get_running_loop()), threading.get_ident()))
        return {
            "results": [{"id": "1", "text": query, "tags": ["a"], "occurred_start": datetime(2024, 5, 3, tzinfo=UTC)}]
        }


class ApiError(Exception):
    """As an HTTP client raises it: with status, headers and body in its text."""

    def __init__(self, status: int, body: str = '{"detail":"no"}', headers: dict[str, str] | None = None) -> None:
        super().__init__(f"({status}) headers: {headers} body: {body}")
        self.status, self.body, self.headers = status, body, headers or {}


def failing(error: Exception) -> ClientBackend:
    return ClientBackend(SimpleNamespace(recall=MagicMock(side_effect=error), delete_bank=MagicMock(side_effect=error)))


def test_it_is_a_memory_backend() -> None:
    assert isinstance(ClientBackend(Plain()), MemoryBackend)


def test_a_plain_client_retains_recalls_and_reflects() -> None:
    backend = ClientBackend(Plain())
    receipt = backend.retain("b", "Nora likes tea", document_id="d1", metadata={"author": "nora"})
    assert receipt.document_ids == ("d1",)
    assert receipt.notes == ("the memory client takes no document_id and no metadata",)
    memory = backend.recall("b", "tea").results[0]
    assert (memory.text, memory.bank_id) == ("Nora likes tea", "b")
    assert memory.id
    assert backend.reflect("b", "tea").text == "Nora likes tea"


async def test_a_plain_client_serves_coroutines_too() -> None:
    backend = ClientBackend(Plain())
    await backend.aretain("b", "Nora likes tea")
    assert [m.text for m in (await backend.arecall("b", "tea")).results] == ["Nora likes tea"]
    assert (await backend.areflect("b", "tea")).text == "Nora likes tea"


@pytest.mark.parametrize(
    "options",
    [{"tags": ["user:b"]}, {"tag_groups": [{"tags": ["user:b"]}]}, {"tags_match": "exact"}, {"types": ["world"]}],
)
def test_a_filter_that_the_client_can_not_apply_is_never_dropped(options: dict[str, Any]) -> None:
    backend = ClientBackend(Plain())
    with pytest.raises(Unsupported, match=next(iter(options))):
        backend.recall("b", "tea", **options)


def test_a_tag_or_a_mode_that_the_client_can_not_store_is_never_dropped() -> None:
    client = Plain()
    backend = ClientBackend(client)
    with pytest.raises(Unsupported, match="tags"):
        backend.retain("b", "secret", tags=["user:b"])
    with pytest.raises(Unsupported, match="update_mode"):
        backend.retain("b", "more", document_id="d", update_mode="append")
    assert client.stored == {}


def test_a_mock_gets_keywords_and_its_answer_is_read() -> None:
    client = MagicMock()
    client.recall.return_value = MagicMock(results=[MagicMock(text="Nora likes tea"), MagicMock(text="Ada likes ink")])
    client.reflect.return_value = MagicMock(text="Tea.")
    backend = ClientBackend(client)
    found = backend.recall("b", "tea", budget="low", max_tokens=50, tags=["x"], tags_match="all").results
    assert [m.text for m in found] == ["Nora likes tea", "Ada likes ink"]
    client.recall.assert_called_once_with(
        bank_id="b", query="tea", budget="low", max_tokens=50, tags=["x"], tags_match="all"
    )
    assert backend.reflect("b", "tea").text == "Tea."
    backend.retain("b", "Nora", tags=["x"])
    client.retain.assert_called_once_with(bank_id="b", content="Nora", tags=["x"])


def test_an_async_mock_is_awaited() -> None:
    backend = ClientBackend(AsyncMock(**{"arecall.return_value": {"results": []}}))
    try:
        assert backend.recall("b", "tea") == RecallResult()
    finally:
        backend.close()


def test_coroutines_run_in_one_loop_whoever_calls() -> None:
    client = Coroutines()
    backend = ClientBackend(client)

    async def inside() -> None:
        await backend.arecall("b", "two")
        backend.recall("b", "three")

    threads = [threading.Thread(target=backend.recall, args=("b", "one")) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(inside())
    asyncio.run(inside())
    backend.close()
    assert len(client.seen) == 1
    assert threading.get_ident() not in {thread for _, thread in client.seen}


async def test_cancelling_a_call_cancels_the_coroutine_of_the_client() -> None:
    started, cancelled = threading.Event(), threading.Event()

    class Slow:
        async def arecall(self, bank_id: str, query: str) -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    backend = ClientBackend(Slow())
    task = asyncio.create_task(backend.arecall("b", "q"))
    assert await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(cancelled.wait, 10)
    await backend.aclose()


def test_fields_of_an_answer_become_those_of_a_memory() -> None:
    backend = ClientBackend(Coroutines())
    memory = backend.recall("b", "tea").results[0]
    backend.close()
    assert (memory.id, memory.text, memory.tags) == ("1", "tea", ("a",))
    assert memory.occurred_at == MAY_3


def test_one_item_goes_to_retain_and_several_to_retain_batch() -> None:
    client = MagicMock()
    backend = ClientBackend(client)
    backend.retain_batch("b", [RetainItem("one")])
    client.retain.assert_called_once_with(bank_id="b", content="one")
    assert backend.retain_batch("b", [RetainItem("one"), RetainItem("two", entities=["Ada"])]).items_count == 2
    items = [{"content": "one"}, {"content": "two", "entities": [{"text": "Ada"}]}]
    client.retain_batch.assert_called_once_with(bank_id="b", items=items)
    with pytest.raises(Unsupported, match="retain_batch"):
        ClientBackend(Plain()).retain_batch("b", [RetainItem("one"), RetainItem("two")])


def test_a_client_that_did_not_store_is_an_error() -> None:
    with pytest.raises(BackendError, match="client"):
        ClientBackend(SimpleNamespace(retain=lambda **_: {"success": False})).retain("b", "tea")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ApiError(401), Unauthorized),
        (ApiError(403), Forbidden),
        (ApiError(422, '{"detail":[{"loc":["body","query"],"msg":"secret"}]}'), Rejected),
        (ApiError(429, headers={"Retry-After": "7"}), RateLimited),
        (ApiError(503), ServerFault),
        (TimeoutError("secret"), BackendTimeout),
        (ConnectionRefusedError("secret:8888"), BackendUnreachable),
        (ValueError("secret"), BackendError),
    ],
)
def test_an_error_is_typed_and_its_text_holds_nothing_of_the_client_s_own(
    error: Exception, expected: type[BackendError]
) -> None:
    with pytest.raises(expected) as raised:
        failing(error).recall("b", "tea")
    for private in ("secret", "headers", "detail", "8888"):
        assert private not in str(raised.value)
    assert raised.value.details
    assert raised.value.__cause__ is error


def test_a_bank_that_does_not_exist_recalls_as_empty() -> None:
    backend = failing(ApiError(404, '{"detail":"Bank \'b\' not found"}'))
    assert backend.recall("b", "tea") == RecallResult()
    assert backend.delete_bank("b") == 0


def test_an_address_that_does_not_exist_is_not_an_empty_bank() -> None:
    with pytest.raises(UnexpectedAnswer):
        failing(ApiError(404, "<html>not found</html>")).recall("b", "tea")


def test_an_answer_of_another_shape_is_said_so() -> None:
    with pytest.raises(UnexpectedAnswer, match="shape"):
        ClientBackend(SimpleNamespace(recall=lambda **_: None)).recall("b", "tea")


def test_what_the_client_lacks_is_unsupported_both_ways() -> None:
    backend = ClientBackend(SimpleNamespace(recall=lambda **_: []))
    with pytest.raises(Unsupported, match="retain"):
        backend.retain("b", "tea")
    with pytest.raises(Unsupported, match="list_memories"):
        backend.list_memories("b")
    with pytest.raises(Unsupported, match="list_tags"):
        asyncio.run(backend.alist_tags("b"))
    assert backend.health().ok


def test_an_object_without_any_verb_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'object'"):
        ClientBackend(object())


def test_bad_values_are_refused_before_the_client_is_asked() -> None:
    client = MagicMock()
    backend = ClientBackend(client)
    with pytest.raises(InvalidBankId):
        backend.recall("a/b", "tea")
    with pytest.raises(InvalidInput):
        backend.recall("b", " ")
    with pytest.raises(InvalidInput):
        backend.recall("b", "tea", budget="huge")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        backend.retain("b", "")
    assert not client.method_calls


def test_a_copy_is_the_same_backend() -> None:
    backend = ClientBackend(Plain())
    assert copy.deepcopy(backend) is backend


@pytest.mark.slow
def test_a_fork_has_a_loop_of_its_own() -> None:
    program = """
import os, signal
from hindsight_teams.backends.client import ClientBackend
class Client:
    async def arecall(self, bank_id, query):
        return [query]
backend = ClientBackend(Client())
assert backend.recall("b", "parent").results
child = os.fork()
signal.alarm(60)
assert backend.recall("b", "either").results[0].text == "either"
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_can_be_closed_twice_and_used_again() -> None:
    backend = ClientBackend(Coroutines())
    backend.recall("b", "one")
    backend.close()
    backend.close()
    assert backend.recall("b", "two").results[0].text == "two"
    backend.close()


def test_a_client_is_adapted_once_and_a_mock_is_no_backend() -> None:
    client = MagicMock()
    backend = open_backend(client=client)
    assert isinstance(backend, ClientBackend)
    assert open_backend(client=client) is backend
    assert open_backend(client=backend) is backend
