"""Requests about single memories and documents as HTTP calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hindsight_teams import requests as ask
from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.plans import rewriting
from hindsight_teams.backends.hindsight.wire import Call, Plan, Rules, exchange, unless_missing, unless_no_bank
from hindsight_teams.errors import InvalidInput, NotFound, Unsupported
from hindsight_teams.log import get_logger
from hindsight_teams.models import Document, Memory, MemoryPage
from hindsight_teams.requests import checks

_logger = get_logger(__name__)

_TRIES = 10
"""Times a page is looked for in a bank that changes meanwhile."""


def list_memories(rules: Rules, request: ask.ListMemories) -> Plan[MemoryPage]:
    """One page of memories, oldest first; observations, which the server derives, are among them."""
    bank_id, limit, offset = request.bank, request.limit, request.offset
    path = wire.bank(bank_id) + "/memories/list"
    chosen = wire.selection(request.filter, request.document_id)

    def asked(limit: int, offset: int) -> Plan[MemoryPage]:
        call = Call("list_memories", "GET", wire.query(path, **chosen, limit=limit, offset=offset))
        page = exchange(call, lambda answer: _page(bank_id, answer), rules)
        return (yield from unless_no_bank(page, MemoryPage([], 0, limit, offset)))

    # The server lists newest first, so a page is asked for from the end.
    page = yield from asked(limit if offset == 0 else 0, 0)
    for _ in range(_TRIES):
        total = page.total
        size = max(0, min(limit, total - offset))
        if size == 0 or (offset == 0 and size == total == len(page.memories)):
            break
        page = yield from asked(size, total - offset - size)
        if page.total == total:
            break  # else the server has just derived or dropped something, and the end is elsewhere by now
    return MemoryPage(page.memories[::-1], page.total, limit, offset)


def get_memory(rules: Rules, request: ask.GetMemory) -> Plan[Memory]:
    """One memory."""
    bank_id, memory_id = request.bank, request.memory_id
    try:
        path = f"{wire.bank(bank_id)}/memories/{checks.check_uuid('memory_id', memory_id)}"
    except InvalidInput:  # such as an id of another backend
        raise NotFound(f"there is no memory {memory_id!r} on the Hindsight server: its ids are UUIDs") from None
    return (yield from exchange(Call("get_memory", "GET", path), lambda raw: answers.memory(bank_id, raw), rules))


def delete_memories(rules: Rules, request: ask.DeleteMemories) -> Plan[int]:
    """Delete the memories that meet every selection given; how many.

    The server deletes whole documents. Where only some memories of a document are selected, the document is rewritten
    without them, and the others get new ids: see ``rewriting``. A server whose import of documents is turned off can
    only invalidate them: no recall, reflect or listing finds them again and what was derived from them goes, but their
    text stays in the document.

    Raises:
        Unsupported: ``ids`` names an observation, which is derived from other memories.
    """
    bank_id, document_id = request.bank, request.document_id
    wanted = None if request.ids is None else set(request.ids)
    chosen = wire.selection(request.filter, document_id)
    if wanted is None and document_id is not None and set(chosen) == {"document_id"}:
        return (yield from _delete_document(rules, bank_id, document_id))
    if wanted is not None and not chosen:
        found = []
        for memory_id in sorted(wanted):
            one = yield from unless_missing(get_memory(rules, ask.GetMemory(bank=bank_id, memory_id=memory_id)), None)
            found += [one] if one is not None else []
    else:
        found = yield from _every(rules, bank_id, chosen)
        found = [memory for memory in found if wanted is None or memory.id in wanted]
    if wanted and any(memory.type == "observation" for memory in found):
        raise Unsupported("an observation is derived and can't be deleted by itself; delete its source_ids instead")
    deleted = 0
    for document, memories in _by_document(m for m in found if m.type != "observation"):
        deleted += yield from _delete_from(rules, bank_id, wire.bank(bank_id), document, memories)
    return deleted


def _delete_from(rules: Rules, bank_id: str, path: str, document: str | None, memories: list[Memory]) -> Plan[int]:
    if document is not None:
        everything = yield from _every(rules, bank_id, {"document_id": document})
        going = {memory.id for memory in memories}
        kept = [m.id for m in reversed(everything) if m.type != "observation" and m.id not in going]
        if not kept:
            yield from _delete_document(rules, bank_id, document)
            return len(memories)
        try:
            yield from rewriting.without(rules, bank_id, document, gone=sorted(going), kept=kept)
            return len(memories)
        except NotFound as error:
            _logger.warning(
                "the text of deleted memories stays in their document: turn the server's import of documents on"
                " (HINDSIGHT_API_ENABLE_DOCUMENT_IMPORT_API), or delete the document",
                error=type(error).__name__,
            )
    body = wire.encode({"state": "invalidated", "reason": "deleted by its owner"})
    for memory in memories:
        call = Call("delete_memories", "PATCH", f"{path}/memories/{wire.segment(memory.id)}", body)
        yield from unless_missing(exchange(call, wire.ignore, rules), None)
    return len(memories)


def list_documents(rules: Rules, request: ask.ListDocuments) -> Plan[list[Document]]:
    """All documents of a bank, newest first, without their text."""
    bank_id = request.bank
    path = wire.bank(bank_id) + "/documents"
    pages = wire.all_pages(rules, "list_documents", path, "items", lambda raw: answers.document(bank_id, raw))
    return (yield from unless_no_bank(pages, []))


def get_document(rules: Rules, request: ask.GetDocument) -> Plan[Document]:
    """One document with its original text."""
    call = Call("get_document", "GET", _document(request.bank, request.document_id))
    return (yield from exchange(call, lambda raw: answers.document(request.bank, raw), rules))


def delete_document(rules: Rules, request: ask.DeleteDocument) -> Plan[int]:
    """Delete a document and all that came of it; how many memories that were, 0 where there was none."""
    return (yield from _delete_document(rules, request.bank, request.document_id))


def _delete_document(rules: Rules, bank_id: str, document_id: str) -> Plan[int]:
    call = Call("delete_memories", "DELETE", _document(bank_id, document_id))
    count = exchange(call, lambda answer: int(answer.get("memory_units_deleted") or 0), rules)
    return (yield from unless_missing(count, 0))


def _document(bank_id: str, document_id: str) -> str:
    return f"{wire.bank(bank_id)}/documents/{wire.segment(document_id)}"


def _page(bank_id: str, answer: Mapping[str, Any]) -> MemoryPage:
    found = [answers.memory(bank_id, raw) for raw in answer["items"]]
    return MemoryPage(found, int(answer["total"]), int(answer["limit"]), int(answer["offset"]))


def _every(rules: Rules, bank_id: str, chosen: Mapping[str, Any]) -> Plan[list[Memory]]:
    path = wire.bank(bank_id) + "/memories/list"
    pages = wire.all_pages(rules, "list_memories", path, "items", lambda raw: answers.memory(bank_id, raw), **chosen)
    found = yield from unless_no_bank(pages, [])
    return list({memory.id: memory for memory in found}.values())


def _by_document(memories: Iterable[Memory]) -> list[tuple[str | None, list[Memory]]]:
    groups: dict[str | None, list[Memory]] = {}
    for memory in memories:
        groups.setdefault(memory.document_id, []).append(memory)
    return list(groups.items())
