"""Threads, coroutines and event loops share one backend."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

from hindsight_teams.backends.base import MemoryBackend, as_backend
from hindsight_teams.testing.conformance._subject import Subject, tells


class Sharing(Subject):
    """Many callers at once."""

    def test_threads_can_share_it(self, backend: MemoryBackend) -> None:
        whole, bank_id = as_backend(backend), f"conformance:{uuid.uuid4().hex}"

        def work(number: int) -> bool:
            whole.retain(bank_id, f"The lamp in room {number} is broken.", document_id=str(number))
            return tells(whole.recall(bank_id, f"The lamp in room {number}").results, "lamp")

        try:
            with ThreadPoolExecutor(8) as threads:
                assert all(threads.map(work, range(16)))
            assert whole.bank_stats(bank_id).documents == 16
        finally:
            whole.delete_bank(bank_id)

    def test_coroutines_and_loops_can_share_it(self, backend: MemoryBackend) -> None:
        whole, bank_id = as_backend(backend), f"conformance:{uuid.uuid4().hex}"

        async def work(number: int) -> bool:
            await whole.aretain(bank_id, f"The lamp in room {number} is broken.", document_id=str(number))
            return tells((await whole.arecall(bank_id, f"The lamp in room {number}")).results, "lamp")

        async def crowd(first: int) -> list[bool]:
            return await asyncio.gather(*(work(number) for number in range(first, first + 8)))

        try:
            assert all(asyncio.run(crowd(0)) + asyncio.run(crowd(8)))
            assert whole.bank_stats(bank_id).documents == 16
        finally:
            whole.delete_bank(bank_id)
