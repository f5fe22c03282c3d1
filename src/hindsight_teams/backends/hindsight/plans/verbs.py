"""Retain, recall and reflect."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.plans import parts
from hindsight_teams.backends.hindsight.wire import Call, Plan, Rules, exchange, unless_no_bank
from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import (
    Budget,
    MemoryType,
    RecallResult,
    Receipt,
    Reflection,
    RetainItem,
    TagGroup,
    TagsMatch,
    UpdateMode,
)
from hindsight_teams.requests import checks
from hindsight_teams.text import estimate

MAX_QUERY_TOKENS = 500
"""What a server reads of a query; it cuts the rest without saying so."""

_WORD = re.compile(r"[^\W_]")

CHUNK = 3000
"""Characters that the server gives to its LLM at once; a large retain may take a second longer for each."""


def retain(
    rules: Rules,
    bank_id: str,
    content: str,
    *,
    timestamp: datetime | None = None,
    context: str | None = None,
    metadata: Mapping[str, str] | None = None,
    tags: Sequence[str] | None = None,
    document_id: str | None = None,
    update_mode: UpdateMode = "replace",
    entities: Sequence[str] | None = None,
    background: bool = False,
    operation_id: str | None = None,
) -> Plan[Receipt]:
    """Store one piece of content; the bank is made when it does not exist.

    The server extracts facts from it with its LLM, so it may become several memories, or none. An ``append`` gives the
    document's earlier memories the tags and metadata of this call too: that is how the server appends.

    Args:
        bank_id: Where.
        content: What.
        timestamp: When it was said, aware; now when None.
        context: What it was said in.
        metadata: Strings by string.
        tags: For filters.
        document_id: The same one replaces what it held; without one, a new one is made up, so that a repeated request
            stores nothing twice.
        update_mode: ``append`` adds to the document instead.
        entities: Names in it, besides those that the server finds.
        background: Return at once; the receipt's ``operation_id`` goes to ``wait_for_operation``.
        operation_id: A UUID of your own for that; the same one again does no new work.
    """
    given = RetainItem(content, timestamp, context, metadata, tags, document_id, update_mode, entities)
    item = checks.check_item(given)
    return (yield from retain_batch(rules, bank_id, [item], background=background, operation_id=operation_id))


def retain_batch(
    rules: Rules,
    bank_id: str,
    items: Sequence[RetainItem],
    *,
    background: bool = False,
    operation_id: str | None = None,
) -> Plan[Receipt]:
    """Store several pieces in one request; ``background`` and ``operation_id`` are those of ``retain``."""
    path = wire.bank(bank_id) + "/memories"
    given = checks.check_items(items)
    if operation_id is not None and not background:
        raise InvalidInput("operation_id is for background=True only")
    if not given:  # the server would answer without looking at the key
        return Receipt(bank_id, 0)
    body: dict[str, Any] = {"items": [_item(item) for item in given]}
    if background:
        body["async"] = True
        body["operation_id"] = checks.check_uuid("operation_id", operation_id or str(uuid.uuid4()))
    repeatable = background or all(item.update_mode == "replace" for item in given)
    call = Call(
        "retain",
        "POST",
        path,
        wire.encode(body),
        wait="retain",
        longer=0.0 if background else float(sum(len(item.content) for item in given) // CHUNK),
        repeat="always" if repeatable else "unprocessed",
    )
    documents = tuple(dict.fromkeys(item["document_id"] for item in body["items"]))
    return (yield from exchange(call, lambda answer: answers.receipt(bank_id, answer, documents), rules))


def recall(
    rules: Rules,
    bank_id: str,
    query: str,
    *,
    budget: Budget = "mid",
    max_tokens: int = 4096,
    tags: Sequence[str] | None = None,
    tags_match: TagsMatch = "any",
    tag_groups: Sequence[TagGroup] | None = None,
    query_timestamp: datetime | None = None,
    types: Sequence[MemoryType] | None = None,
    explain: bool = False,
    include_chunks: bool = False,
    include_source_facts: bool = False,
) -> Plan[RecallResult]:
    """Find memories, best first.

    Args:
        bank_id: Where; a bank that does not exist has none.
        query: What to look for; the server reads its first 500 tokens, and the result's ``notes`` say so.
        budget: How much work the search may be.
        max_tokens: Of memories in the result.
        tags: Which memories, see ``hindsight_teams.requests.tags``.
        tags_match: How ``tags`` match.
        tag_groups: A boolean filter, ANDed with ``tags``.
        query_timestamp: What "now" is for words such as "last week", aware.
        types: Kinds of memory; all when None.
        explain: Fill ``Memory.signals`` with the server's scores.
        include_chunks: Fill ``RecallResult.chunks``.
        include_source_facts: Fill ``RecallResult.source_facts``, what observations rest on.
    """
    path = wire.bank(bank_id) + "/memories/recall"
    checks.check_recall(query, budget, max_tokens)
    body: dict[str, Any] = {"query": query, "budget": budget, "max_tokens": max_tokens}
    if tags or tag_groups or tags_match != "any":
        body.update(parts.tag_filter(tags, tags_match, tag_groups))
    if (now := checks.check_time("query_timestamp", query_timestamp)) is not None:
        body["query_timestamp"] = now.isoformat()
    if (kinds := checks.check_types(types)) is not None:
        body["types"] = kinds
    if include_chunks or include_source_facts:
        body["include"] = {
            **({"chunks": {}} if include_chunks else {}),
            **({"source_facts": {}} if include_source_facts else {}),
        }
    call = Call("recall", "POST", path, wire.encode(body))
    if not _WORD.search(query):  # the server refuses such a query
        return RecallResult(notes=("the query holds no word to look for",))
    answer = exchange(call, lambda answer: answers.recalled(bank_id, answer, explain=explain), rules)
    result = yield from unless_no_bank(answer, RecallResult())
    if len(query) > MAX_QUERY_TOKENS and (note := _too_long(query)):
        return replace(result, notes=(*result.notes, note))
    return result


def reflect(
    rules: Rules,
    bank_id: str,
    query: str,
    *,
    budget: Budget = "mid",
    context: str | None = None,
    max_tokens: int | None = None,
    tags: Sequence[str] | None = None,
    tags_match: TagsMatch = "any",
    tag_groups: Sequence[TagGroup] | None = None,
    response_schema: Mapping[str, Any] | None = None,
) -> Plan[Reflection]:
    """Answer a question from what the bank holds, by the server's LLM.

    The bank is looked for first, since the server would make one that does not exist.

    Args:
        bank_id: Where; of a bank that does not exist nothing is known, and no LLM is asked.
        query: The question.
        budget: How much work it may be.
        context: What else the LLM should know.
        max_tokens: Of the answer.
        tags: Which memories it may rest on.
        tags_match: How ``tags`` match.
        tag_groups: A boolean filter, ANDed with ``tags``.
        response_schema: A JSON schema; the answer in that shape is ``Reflection.structured_output``.
    """
    path = wire.bank(bank_id)
    checks.check_recall(query, budget, max_tokens)
    body: dict[str, Any] = {"query": query, "budget": budget, "include": {"facts": {}}}
    body.update(parts.tag_filter(tags, tags_match, tag_groups))
    if context is not None:
        body["context"] = checks.check_context(context)
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    if response_schema is not None:
        body["response_schema"] = dict(response_schema)
    content = wire.encode(body)
    if (yield from parts.count(rules, path)) is None:
        return Reflection("Nothing is known yet: this memory bank is empty.", notes=("the bank does not exist yet",))
    call = Call("reflect", "POST", path + "/reflect", content, wait="reflect")
    return (yield from exchange(call, lambda answer: answers.reflected(bank_id, answer), rules))


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
    if item.observation_scopes is not None:
        body["observation_scopes"] = [list(tags) for tags in item.observation_scopes]
    return body


def _too_long(query: str) -> str | None:
    tokens = estimate(query)
    if tokens <= MAX_QUERY_TOKENS:
        return None
    return f"the query has about {tokens} tokens and the server reads only the first {MAX_QUERY_TOKENS}: shorten it"
