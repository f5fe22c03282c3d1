"""Take single facts out of a document of the server, text included.

The server can invalidate one fact of several, but keeps the text that all of them came from, and its own reflection may
read that. So the document is replaced by one that says only what is left. It is imported as facts, not as a text to
extract facts from: no model is asked, and each fact keeps its words, times, tags, metadata and entities under a new id.
An import clears what was derived from the facts before it replaces them, so a consolidation that ends in between leaves
an observation of a fact that is gone. Such observations are cleared after the import, when no new one can come.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.plans import management
from hindsight_teams.backends.hindsight.wire import Call, Plan, Rules, exchange
from hindsight_teams.errors import BackendError
from hindsight_teams.models import FORMER_IDS
from hindsight_teams.requests import WaitForOperation

_FACT = ("text", "context", "occurred_start", "occurred_end", "mentioned_at", "tags", "observation_scopes")
"""The fields that a fact has under the same name where it is read and where it is imported."""


def without(rules: Rules, bank_id: str, document_id: str, *, gone: Sequence[str], kept: Sequence[str]) -> Plan[None]:
    """Replace a document by one of the facts with the kept ids alone, and clear what was derived from all that it had.

    Raises:
        NotFound: The server's import of documents is turned off, or the document is gone.
        BackendError: The import failed; the document is as it was.
    """
    path = wire.bank(bank_id)
    facts = []
    for memory_id in kept:
        call = Call("get_memory", "GET", f"{path}/memories/{wire.segment(memory_id)}")
        facts.append((yield from exchange(call, dict[str, Any], rules)))
    call = Call("get_document", "GET", f"{path}/documents/{wire.segment(document_id)}")
    document = yield from exchange(call, dict[str, Any], rules)
    boundary = uuid4().hex
    call = Call(
        "delete_memories",
        "POST",
        wire.query(f"{path}/document-transfer", on_conflict="replace"),
        _form(boundary, _archive(bank_id, _remainder(document, facts))),
        wait="retain",
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    operation_id = yield from exchange(call, lambda answer: str(answer["operation_id"]), rules)
    done = yield from management.wait_for_operation(rules, WaitForOperation(bank=bank_id, operation_id=operation_id))
    if done.status != "completed":
        raise BackendError(
            "the server could not rewrite the document that the deleted memories were part of, which is as it was;"
            " try again, or delete the whole document",
            document=document_id,
            status=done.status,
            error=done.error,
        )
    for memory_id in (*gone, *kept):
        call = Call("delete_memories", "DELETE", f"{path}/memories/{wire.segment(memory_id)}/observations")
        yield from exchange(call, wire.ignore, rules)


def _remainder(document: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document as an import reads it, each fact with a passage of its own."""
    names = {name for fact in facts for name in fact.get("entities") or ()}
    params = dict(document.get("retain_params") or {})
    params["entities"] = [entity for entity in params.get("entities") or () if entity.get("text") in names]
    return {
        "id": document["id"],
        "original_text": "\n".join(fact["text"] for fact in facts),
        "retain_params": params,
        "tags": document.get("tags") or [],
        "created_at": document.get("created_at"),
        "chunks": [{"chunk_index": place, "chunk_text": fact["text"]} for place, fact in enumerate(facts)],
        "facts": [
            {
                **{name: fact.get(name) for name in _FACT},
                "fact_type": fact["type"],
                "event_date": fact.get("date"),
                "metadata": _with_former_ids(fact),
                "entities": fact.get("entities") or [],
                "chunk_index": place,
            }
            for place, fact in enumerate(facts)
        ],
    }


def _with_former_ids(fact: Mapping[str, Any]) -> dict[str, str]:
    """The fact's metadata and the ids that it had: a copy that was made of it names it by one of them."""
    metadata = dict(fact.get("metadata") or {})
    return {**metadata, FORMER_IDS: f"{metadata.get(FORMER_IDS, '')} {fact['id']}".strip()}


def _archive(bank_id: str, document: Mapping[str, Any]) -> bytes:
    manifest = {"schema_version": 1, "source_bank_id": bank_id, "document_count": 1}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("documents/000000.json", json.dumps(document))
    return packed.getvalue()


def _form(boundary: str, archive: bytes) -> bytes:
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="document.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    )
    return head.encode() + archive + f"\r\n--{boundary}--\r\n".encode()
