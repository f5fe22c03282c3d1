"""Every verb as a plan of one or more exchanges. Pure."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from hindsight_teams.backends import checks
from hindsight_teams.backends.hindsight import answers, wire
from hindsight_teams.backends.hindsight.answers import Document
from hindsight_teams.backends.hindsight.wire import Call, Pause, Plan, Rules, exchange, unless_missing, unless_no_bank
from hindsight_teams.errors import BackendError, BackendTimeout, InvalidInput, Unsupported
from hindsight_teams.models import (
    BUDGETS,
    MEMORY_TYPES,
    TAGS_MATCHES,
    BankInfo,
    BankStats,
    Health,
    Memory,
    MemoryPage,
    Operation,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagCount,
    TagGroup,
    check_choice,
    check_max_tokens,
)
from hindsight_teams.tags import check_group, check_tags
from hindsight_teams.tokens import estimate

T = TypeVar("T")

MIN_VERSION = (1, 1)
"""The oldest server that this client was tried with."""

MAX_QUERY_TOKENS = 500
"""What a server reads of a query; it cuts the rest without saying so."""

CHUNK = 3000
"""Characters that the server gives to its LLM at once."""

PAGE = 500
FINAL = frozenset({"completed", "failed", "cancelled", "not_found"})


# --- retain, recall, reflect ---------------------------------------------------------------------------------------


def retain(
    bank_id: str,
    items: Sequence[RetainItem],
    rules: Rules,
    *,
    background: bool = False,
    operation_id: str | None = None,
) -> Plan[Receipt]:
    """Store items. Each gets a document id, so that sending them twice replaces and does not double."""
    path = wire.bank(bank_id) + "/memories"
    given = checks.check_items(items)
    if operation_id is not None and not background:
        raise InvalidInput("operation_id is for background=True only")
    if not given:  # the server answers without looking at the key, and there is nothing to do
        return Receipt(bank_id, 0)
    body: dict[str, Any] = {"items": [_item(item) for item in given]}
    if background:
        body["async"] = True
        body["operation_id"] = _operation_id(operation_id)
    safe = background or all(item.update_mode == "replace" for item in given)
    call = Call(
        "retain",
        "POST",
        path,
        wire.encode(body),
        wait="retain",
        longer=0.0 if background else float(sum(len(item.content) for item in given) // CHUNK),
        repeat="always" if safe else "unprocessed",
    )
    documents = tuple(dict.fromkeys(item["document_id"] for item in body["items"]))
    return (yield from exchange(call, lambda answer: answers.receipt(bank_id, answer, documents), rules))


def recall(
    bank_id: str,
    query: str,
    rules: Rules,
    *,
    budget: str,
    max_tokens: int,
    tags: Sequence[str] | None,
    tags_match: str,
    tag_groups: Sequence[TagGroup] | None,
    query_timestamp: datetime | None,
    types: Sequence[str] | None,
    explain: bool,
    chunks: bool,
    source_facts: bool,
) -> Plan[RecallResult]:
    """Find memories; none where the bank does not exist."""
    path = wire.bank(bank_id) + "/memories/recall"
    checks.check_text("query", query)
    check_choice("budget", budget, BUDGETS)
    check_max_tokens(max_tokens)
    body: dict[str, Any] = {"query": query, "budget": budget, "max_tokens": max_tokens}
    body.update(_filter(tags, tags_match, tag_groups))
    if query_timestamp is not None:
        checks.check_time("query_timestamp", query_timestamp)
        body["query_timestamp"] = query_timestamp.isoformat()
    if types is not None:
        body["types"] = _types(types)
    if chunks or source_facts:
        body["include"] = {**({"chunks": {}} if chunks else {}), **({"source_facts": {}} if source_facts else {})}
    call = Call("recall", "POST", path, wire.encode(body))
    plan = exchange(call, lambda answer: answers.recalled(bank_id, answer, explain=explain), rules)
    result = yield from unless_no_bank(plan, RecallResult())
    if note := _too_long(query):
        return RecallResult(result.results, result.gaps, (*result.notes, note), result.chunks, result.source_facts)
    return result


def reflect(
    bank_id: str,
    query: str,
    rules: Rules,
    *,
    budget: str,
    context: str | None,
    max_tokens: int | None,
    tags: Sequence[str] | None,
    tags_match: str,
    tag_groups: Sequence[TagGroup] | None,
    response_schema: Mapping[str, Any] | None,
) -> Plan[Reflection]:
    """Answer from memories. The bank is looked for first, since the server would make one that does not exist."""
    path = wire.bank(bank_id)
    checks.check_text("query", query)
    check_choice("budget", budget, BUDGETS)
    body: dict[str, Any] = {"query": query, "budget": budget, "include": {"facts": {}}}
    body.update(_filter(tags, tags_match, tag_groups))
    if context is not None:
        body["context"] = checks.check_characters("context", context)
    if max_tokens is not None:
        check_max_tokens(max_tokens)
        body["max_tokens"] = max_tokens
    if response_schema is not None:
        body["response_schema"] = dict(response_schema)
    content = wire.encode(body)
    if (yield from _count(path, rules)) is None:
        return Reflection("Nothing is known yet: this memory bank is empty.", notes=("the bank does not exist yet",))
    call = Call("reflect", "POST", path + "/reflect", content, wait="reflect")
    return (yield from exchange(call, lambda answer: answers.reflected(bank_id, answer), rules))


# --- banks ---------------------------------------------------------------------------------------------------------


def ensure_bank(bank_id: str, rules: Rules, *, name: str | None) -> Plan[BankInfo]:
    """Make a bank that does not exist. The server's own PUT would overwrite, so it is sent to new banks alone."""
    path = wire.bank(bank_id)
    body = {} if name is None else {"name": checks.check_text("name", name)}
    for found in (yield from list_banks(rules, prefix=bank_id)):
        if found.bank_id == bank_id:
            return found
    return (yield from exchange(Call("ensure_bank", "PUT", path, wire.encode(body)), answers.bank, rules))


def list_banks(rules: Rules, *, prefix: str | None) -> Plan[list[BankInfo]]:
    """All banks, by id. The server searches anywhere in id or name; only true prefixes are kept."""
    found = yield from _all_pages("list_banks", wire.BANKS, "banks", answers.bank, rules, q=prefix or None)
    return sorted((b for b in found if b.bank_id.startswith(prefix or "")), key=lambda b: b.bank_id)


def bank_stats(bank_id: str, rules: Rules) -> Plan[BankStats]:
    """Counts of one bank."""
    return (yield from exchange(Call("bank_stats", "GET", wire.bank(bank_id) + "/stats"), answers.stats, rules))


def delete_bank(bank_id: str, rules: Rules) -> Plan[int]:
    """Delete a bank; the number of its memories (the server's own count includes other rows)."""
    path = wire.bank(bank_id)
    count = yield from _count(path, rules)
    if count is None:
        return 0
    yield from exchange(Call("delete_bank", "DELETE", path), _ignore, rules)
    return count


def list_tags(bank_id: str, rules: Rules, *, pattern: str | None) -> Plan[list[TagCount]]:
    """Tags in use, most used first."""
    pages = _all_pages("list_tags", wire.bank(bank_id) + "/tags", "items", answers.tag, rules, q=pattern)
    found = yield from unless_no_bank(pages, [])
    return sorted(found, key=lambda t: (-t.count, t.tag))


# --- memories ------------------------------------------------------------------------------------------------------


def list_memories(
    bank_id: str,
    rules: Rules,
    *,
    limit: int,
    offset: int,
    tags: Sequence[str] | None,
    tags_match: str,
    document_id: str | None,
) -> Plan[MemoryPage]:
    """One page, oldest first. The server lists newest first, so a page is asked for from the end."""
    path = wire.bank(bank_id) + "/memories/list"
    checks.check_page(limit, offset)
    chosen = _selection(tags, tags_match, document_id)

    def ask(limit: int, offset: int) -> Plan[MemoryPage]:
        call = Call("list_memories", "GET", wire.query(path, **chosen, limit=limit, offset=offset))
        page = exchange(call, lambda answer: _page(bank_id, answer), rules)
        return (yield from unless_no_bank(page, MemoryPage([], 0, limit, offset)))

    newest = yield from ask(limit if offset == 0 else 0, 0)
    count = max(0, min(limit, newest.total - offset))
    if count == 0 or (offset == 0 and count == newest.total):
        found = newest.memories
    else:
        found = (yield from ask(count, newest.total - offset - count)).memories
    return MemoryPage(found[::-1], newest.total, limit, offset)


def get_memory(bank_id: str, memory_id: str, rules: Rules) -> Plan[Memory]:
    """One memory by its id."""
    path = f"{wire.bank(bank_id)}/memories/{wire.segment(checks.check_text('memory_id', memory_id))}"
    return (yield from exchange(Call("get_memory", "GET", path), lambda raw: answers.memory(bank_id, raw), rules))


def delete_memories(
    bank_id: str,
    rules: Rules,
    *,
    ids: Sequence[str] | None,
    document_id: str | None,
    tags: Sequence[str] | None,
    tags_match: str,
) -> Plan[int]:
    """Delete the memories that meet every selection given.

    The server deletes documents and banks; a single memory it can only invalidate: no recall, reflect or listing
    finds it again and what was derived from it goes, but its text stays in the server's archive. So a document all of
    whose memories are selected is deleted, and single memories of others are invalidated.
    """
    path = wire.bank(bank_id)
    wanted = None if ids is None else set(check_tags(ids, name="ids"))
    chosen = _selection(tags, tags_match, document_id)
    if wanted is None and document_id is None and not tags and tags_match != "exact":
        raise InvalidInput("say which memories to delete: ids, document_id or tags; delete_bank deletes everything")
    if wanted is None and set(chosen) == {"document_id"}:
        return (yield from delete_document(bank_id, cast(str, document_id), rules))
    if wanted is not None and not chosen:
        found = []
        for memory_id in sorted(wanted):
            one = yield from unless_missing(get_memory(bank_id, memory_id, rules), None)
            found += [one] if one is not None else []
    else:
        found = yield from _every_memory(bank_id, path, chosen, rules)
        found = [memory for memory in found if wanted is None or memory.id in wanted]
    if wanted and any(memory.type == "observation" for memory in found):
        raise Unsupported("an observation is derived and can't be deleted by itself; delete its source_ids instead")
    deleted = 0
    for document, memories in _by_document(m for m in found if m.type != "observation"):
        deleted += yield from _delete_from(bank_id, path, document, memories, rules)
    return deleted


def _delete_from(bank_id: str, path: str, document: str | None, memories: list[Memory], rules: Rules) -> Plan[int]:
    if document is not None:
        everything = yield from _every_memory(bank_id, path, {"document_id": document}, rules)
        if {m.id for m in everything if m.type != "observation"} <= {m.id for m in memories}:
            yield from delete_document(bank_id, document, rules)
            return len(memories)
    body = wire.encode({"state": "invalidated", "reason": "deleted by its owner"})
    for memory in memories:
        call = Call("delete_memories", "PATCH", f"{path}/memories/{wire.segment(memory.id)}", body)
        yield from unless_missing(exchange(call, _ignore, rules), None)
    return len(memories)


# --- documents and operations --------------------------------------------------------------------------------------


def list_documents(bank_id: str, rules: Rules) -> Plan[list[Document]]:
    """All documents of a bank, newest first."""
    path = wire.bank(bank_id) + "/documents"
    pages = _all_pages("list_documents", path, "items", lambda raw: answers.document(bank_id, raw), rules)
    return (yield from unless_no_bank(pages, []))


def get_document(bank_id: str, document_id: str, rules: Rules) -> Plan[Document]:
    """One document with its original text."""
    call = Call("get_document", "GET", _document(bank_id, document_id))
    return (yield from exchange(call, lambda raw: answers.document(bank_id, raw), rules))


def delete_document(bank_id: str, document_id: str, rules: Rules) -> Plan[int]:
    """Delete a document; the number of its memories, 0 where there was none."""
    call = Call("delete_memories", "DELETE", _document(bank_id, document_id))
    count = exchange(call, lambda answer: int(answer.get("memory_units_deleted") or 0), rules)
    return (yield from unless_missing(count, 0))


def list_operations(bank_id: str, rules: Rules, *, status: str | None) -> Plan[list[Operation]]:
    """Background operations of a bank, newest first."""
    path = wire.bank(bank_id) + "/operations"
    pages = _all_pages("list_operations", path, "operations", answers.operation, rules, page=100, status=status)
    return (yield from unless_no_bank(pages, []))


def get_operation(bank_id: str, operation_id: str, rules: Rules) -> Plan[Operation]:
    """One operation; its status is ``not_found`` where there is none."""
    call = Call("get_operation", "GET", _operation(bank_id, operation_id))
    return (yield from exchange(call, answers.operation, rules))


def cancel_operation(bank_id: str, operation_id: str, rules: Rules) -> Plan[Operation]:
    """Cancel an operation; what it is afterwards."""
    call = Call("cancel_operation", "DELETE", _operation(bank_id, operation_id))
    yield from unless_missing(exchange(call, _ignore, rules), None)
    return (yield from get_operation(bank_id, operation_id, rules))


def wait_for_operation(
    bank_id: str, operation_id: str, rules: Rules, *, timeout: float, clock: Callable[[], float] = time.monotonic
) -> Plan[Operation]:
    """Ask, less and less often, until an operation has ended."""
    until, pause = clock() + timeout, 0.1
    while True:
        operation = yield from get_operation(bank_id, operation_id, rules)
        if operation.status in FINAL:
            return operation
        left = until - clock()
        if left <= 0:
            raise BackendTimeout(
                f"operation {operation_id} is still {operation.status} after {timeout:g} s; it goes on: wait again"
            )
        yield Pause(min(pause, left))
        pause = min(pause * 1.5, 3.0)


# --- the server ----------------------------------------------------------------------------------------------------


def version(rules: Rules) -> Plan[str]:
    """The server's version, such as ``1.1.0``."""
    return (yield from exchange(Call("version", "GET", "/version"), lambda body: str(body["api_version"]), rules))


def check_version(rules: Rules) -> Plan[str]:
    """The server's version, refused when it is older than what this client was tried with."""
    found = yield from version(rules)
    parts = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
    if parts < MIN_VERSION:
        least = ".".join(map(str, MIN_VERSION))
        raise Unsupported(f"the Hindsight server is version {found}, and at least {least} is needed; upgrade it")
    return found


def health(rules: Rules) -> Plan[Health]:
    """Whether the server is up, new enough and takes the key."""
    found = None
    try:
        found = yield from version(rules)
        yield from check_version(rules)
        call = Call("health", "GET", wire.query(wire.BANKS, limit=1))
        yield from exchange(call, _ignore, rules)
    except BackendError as error:
        return Health(False, "hindsight", rules.location, found, error.message)
    return Health(True, "hindsight", rules.location, found)


# --- parts ---------------------------------------------------------------------------------------------------------


def _item(item: RetainItem) -> dict[str, Any]:
    body: dict[str, Any] = {"content": item.content, "document_id": item.document_id or str(uuid.uuid4())}
    if item.timestamp is not None:
        body["timestamp"] = item.timestamp.isoformat()
    if item.context is not None:
        body["context"] = item.context
    if item.metadata:
        body["metadata"] = dict(item.metadata)
    if item.tags:
        body["tags"] = list(item.tags)
    if item.entities:
        body["entities"] = [{"text": name} for name in item.entities]
    if item.update_mode != "replace":
        body["update_mode"] = item.update_mode
    return body


def _filter(tags: Sequence[str] | None, tags_match: str, tag_groups: Sequence[TagGroup] | None) -> dict[str, Any]:
    """Both filters ANDed; the server takes only one of them, so flat tags become one more group."""
    flat = check_tags(tags)
    check_choice("tags_match", tags_match, TAGS_MATCHES)
    given = bool(flat) or tags_match == "exact"
    if not tag_groups:
        return {"tags": flat, "tags_match": tags_match} if given else {}
    if isinstance(tag_groups, str | bytes | Mapping):
        raise InvalidInput(f"tag_groups={tag_groups!r} must be a list of groups")
    for group in tag_groups:
        check_group(group)
    return {"tag_groups": [*tag_groups, {"tags": flat, "match": tags_match}] if given else list(tag_groups)}


def _selection(tags: Sequence[str] | None, tags_match: str, document_id: str | None) -> dict[str, Any]:
    chosen = _filter(tags, tags_match, None)
    if document_id is not None:
        chosen["document_id"] = checks.check_text("document_id", document_id)
    return {name: value for name, value in chosen.items() if value != []}


def _types(types: Sequence[str]) -> list[str]:
    if isinstance(types, str):
        raise InvalidInput(f"types={types!r} must be a list such as ['world']")
    for kind in types:
        check_choice("types", kind, MEMORY_TYPES)
    return list(types)


def _too_long(query: str) -> str | None:
    tokens = estimate(query) if len(query) > MAX_QUERY_TOKENS else 0
    if tokens <= MAX_QUERY_TOKENS:
        return None
    return f"the query has about {tokens} tokens and the server reads only the first {MAX_QUERY_TOKENS}: shorten it"


def _operation_id(given: str | None) -> str:
    try:
        return str(uuid.UUID(given)) if given is not None else str(uuid.uuid4())
    except (ValueError, AttributeError, TypeError):
        raise InvalidInput(f"operation_id={given!r} must be a UUID") from None


def _document(bank_id: str, document_id: str) -> str:
    return f"{wire.bank(bank_id)}/documents/{wire.segment(checks.check_text('document_id', document_id))}"


def _operation(bank_id: str, operation_id: str) -> str:
    return f"{wire.bank(bank_id)}/operations/{_operation_id(checks.check_text('operation_id', operation_id))}"


def _count(path: str, rules: Rules) -> Plan[int | None]:
    """How many memories a bank holds; None where it does not exist."""
    call = Call("bank_stats", "GET", wire.query(path + "/memories/list", limit=0))
    total: Plan[int | None] = exchange(call, lambda answer: int(answer["total"]), rules)
    return (yield from unless_no_bank(total, None))


def _page(bank_id: str, answer: Mapping[str, Any]) -> MemoryPage:
    found = [answers.memory(bank_id, raw) for raw in answer["items"]]
    return MemoryPage(found, int(answer["total"]), int(answer["limit"]), int(answer["offset"]))


def _every_memory(bank_id: str, path: str, chosen: Mapping[str, Any], rules: Rules) -> Plan[list[Memory]]:
    read = _all_pages(
        "list_memories", path + "/memories/list", "items", lambda raw: answers.memory(bank_id, raw), rules, **chosen
    )
    found = yield from unless_no_bank(read, [])
    return list({memory.id: memory for memory in found}.values())


def _all_pages(
    verb: str,
    path: str,
    key: str,
    read: Callable[[Mapping[str, Any]], T],
    rules: Rules,
    *,
    page: int = PAGE,
    **filters: Any,
) -> Plan[list[T]]:
    found: list[T] = []
    while True:
        call = Call(verb, "GET", wire.query(path, **filters, limit=page, offset=len(found)))
        rows, total = yield from exchange(
            call, lambda answer: ([read(raw) for raw in answer[key]], int(answer["total"])), rules
        )
        found += rows
        if not rows or len(found) >= total:
            return found


def _by_document(memories: Iterable[Memory]) -> list[tuple[str | None, list[Memory]]]:
    groups: dict[str | None, list[Memory]] = {}
    for memory in memories:
        groups.setdefault(memory.document_id, []).append(memory)
    return list(groups.items())


def _ignore(answer: Any) -> None:
    if not isinstance(answer, dict):
        raise TypeError("not an object")
