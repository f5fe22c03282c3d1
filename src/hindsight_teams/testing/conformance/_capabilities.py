"""The protocol, and each capability that a backend may declare."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from hindsight_teams import requests as ask
from hindsight_teams.backends.base import MemoryBackend
from hindsight_teams.errors import BankNotFound, InvalidBankId, NotFound, Unsupported
from hindsight_teams.models import Memory, MemoryRecord, RetainItem
from hindsight_teams.requests import Capability, Recall, Request
from hindsight_teams.testing.conformance._subject import LAMPS, Caller, Subject, lamps, needs, tells


def optional_requests(bank: str) -> list[Request[Any]]:
    """One request for each thing that a backend may lack."""
    operation = str(uuid.uuid4())
    return [
        ask.CancelOperation(bank=bank, operation_id=operation),
        ask.Consolidate(bank=bank),
        ask.DeleteDocument(bank=bank, document_id="d"),
        ask.DeleteEmptyBank(bank=bank),
        ask.GetDocument(bank=bank, document_id="d"),
        ask.GetMemory(bank=bank, memory_id=operation),
        ask.GetOperation(bank=bank, operation_id=operation),
        ask.GetVersion(),
        ask.ListDocuments(bank=bank),
        ask.ListOperations(bank=bank),
        ask.ListRepeats(bank=bank),
        ask.Recall(bank=bank, query="lamp", include_chunks=True),
        ask.RenameBank(bank=bank, to=f"{bank}-renamed"),
        ask.Restore(bank=bank, records=[]),
        ask.Retain(bank=bank, items=[RetainItem("The kettle is on.")], background=True),
        ask.RetryExtraction(bank=bank),
        ask.WaitForOperation(bank=bank, operation_id=operation),
    ]


class Capabilities(Subject):
    """What a backend says of itself holds."""

    def test_it_has_every_verb_of_the_protocol(self, backend: MemoryBackend) -> None:
        assert isinstance(backend, MemoryBackend)
        assert isinstance(backend.name, str)
        assert backend.capabilities <= set(Capability)

    def test_what_it_lacks_is_unsupported(self, do: Caller, backend: MemoryBackend, bank: str) -> None:
        for request in optional_requests(bank):
            if request.required <= backend.capabilities:
                continue
            with pytest.raises(Unsupported):
                do.execute(request)

    def test_what_was_retained_again_is_listed_where_it_is_kept(
        self, do: Caller, backend: MemoryBackend, bank: str
    ) -> None:
        needs(backend, Capability.REPEATS)
        do.retain(bank, "The lift code is 7.", tags=["session:one"], document_id="one")
        do.retain(bank, "The lift code is 7.", tags=["session:two"], document_id="two")
        shown = do.list_memories(bank).memories
        repeats = do.list_repeats(bank)
        assert sorted(m.document_id for m in (*shown, *repeats)) == ["one", "two"]
        assert [m.document_id for m in do.list_repeats(bank, document_id="two")] == ["two"]
        assert do.list_repeats(bank, document_id="one") == []

    def test_documents_are_listed_got_and_deleted(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.DOCUMENTS)
        assert {document.document_id for document in do.list_documents(lit)} == set(LAMPS)
        assert do.get_document(lit, "attic").document_id == "attic"
        assert do.delete_document(lit, "attic") >= 1
        assert do.delete_document(lit, "attic") == 0
        with pytest.raises(NotFound):
            do.get_document(lit, "attic")

    def test_a_memory_is_got_by_its_id(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.GET_MEMORY)
        [first, *_] = do.list_memories(lit).memories
        assert do.get_memory(lit, first.id).text == first.text
        with pytest.raises(NotFound):
            do.get_memory(lit, "no-such-id")

    def test_a_renamed_bank_holds_what_it_held(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.RENAME_BANKS)
        before = do.list_memories(lit).memories
        do.rename_bank(lit, f"{lit}-renamed")
        assert [m.id for m in do.list_memories(f"{lit}-renamed").memories] == [m.id for m in before]
        with pytest.raises(BankNotFound):
            do.rename_bank(lit, f"{lit}-again")
        do.rename_bank(f"{lit}-renamed", lit)

    def test_what_is_restored_is_as_it_was_and_stored_once(self, do: Caller, backend: MemoryBackend, bank: str) -> None:
        needs(backend, Capability.RESTORE)
        noted = datetime(2027, 5, 3, tzinfo=UTC)
        memory = Memory("5", "The lift code is 7.", "", ("a",), {"author": "ada"}, "d", mentioned_at=noted)
        assert do.restore(bank, [MemoryRecord(memory)]).stored == 1
        assert do.restore(bank, [MemoryRecord(memory)]).stored == 0
        [found] = do.list_memories(bank, document_id="d").memories
        assert (found.text, found.tags, found.author, found.mentioned_at) == (memory.text, ("a",), "ada", noted)

    def test_a_retain_in_the_background_is_followed(self, do: Caller, backend: MemoryBackend, bank: str) -> None:
        needs(backend, Capability.OPERATIONS)
        receipt = do.retain(bank, "Nora repaired the telescope in Oslo.", background=True)
        done = do.wait_for_operation(bank, receipt.operation_id, timeout=60)
        assert done.status == "completed", done
        assert tells(do.recall(bank, "Who repaired the telescope?").results, "telescope")

    def test_an_append_leaves_earlier_signatures_alone_unless_it_says_so(
        self, do: Caller, backend: MemoryBackend, bank: str
    ) -> None:
        do.retain(bank, "The office is in Oslo.", document_id="d", metadata={"author": "ada"})
        do.retain(bank, "The oven is off.", document_id="d", metadata={"author": "bob"}, update_mode="append")
        authors = {m.author for m in do.list_memories(bank, document_id="d").memories}
        anew = Capability.APPEND_SIGNS_ANEW in backend.capabilities
        assert authors == ({"bob"} if anew else {"ada", "bob"})

    def test_consolidating_makes_only_observations(self, do: Caller, backend: MemoryBackend, lit: str) -> None:
        needs(backend, Capability.CONSOLIDATE)
        before = lamps(do.list_memories(lit).memories)
        do.consolidate(lit)
        after = do.list_memories(lit).memories
        assert lamps([m for m in after if m.type != "observation"]) == before

    def test_a_request_without_a_bank_is_refused(self, do: Caller) -> None:
        with pytest.raises(InvalidBankId):
            do.execute(Recall(query="Which lamp is broken?"))

    def test_it_says_that_it_is_well(self, do: Caller, backend: MemoryBackend) -> None:
        health = do.health()
        assert health.ok, health.message
        assert health.backend == backend.name

    def test_closing_twice_does_no_harm(self, do: Caller, bank: str) -> None:
        do.retain(bank, "The kettle is on.")
        do.close()
        do.close()
