"""Retain, recall and reflect as HTTP calls."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.wire import Call, Plan, Rules, exchange, unless_no_bank
from hindsight_teams.models import RecallResult, Receipt, Reflection, RetainItem
from hindsight_teams.requests.core import Recall, Reflect, Retain
from hindsight_teams.text import estimate

MAX_QUERY_TOKENS = 500
"""What a server reads of a query; it cuts the rest without saying so."""

_WORD = re.compile(r"[^\W_]")

CHUNK = 3000
"""Characters that the server gives to its LLM at once; a large retain may take a second longer for each."""


def retain(rules: Rules, request: Retain) -> Plan[Receipt]:
    """Store all pieces in one HTTP request.

    The server extracts facts with its LLM, so a piece may become several memories, or none. An ``append`` gives the
    document's earlier memories the tags and metadata of this call too: that is how the server appends. A piece without
    a document gets a new one, so that a repeated HTTP request stores nothing twice.
    """
    items = request.items
    if not items:  # the server would answer without looking at the key
        return Receipt(request.bank, 0)
    body: dict[str, Any] = {"items": [_item(item) for item in items]}
    if request.background:
        body["async"] = True
        body["operation_id"] = str(uuid.UUID(request.operation_id) if request.operation_id else uuid.uuid4())
    repeatable = request.background or all(item.update_mode == "replace" for item in items)
    call = Call(
        "retain",
        "POST",
        wire.bank(request.bank) + "/memories",
        wire.encode(body),
        wait="retain",
        longer=0.0 if request.background else float(sum(len(item.content) for item in items) // CHUNK),
        repeat="always" if repeatable else "unprocessed",
    )
    documents = tuple(dict.fromkeys(item["document_id"] for item in body["items"]))
    return (yield from exchange(call, lambda answer: answers.receipt(request.bank, answer, documents), rules))


def recall(rules: Rules, request: Recall) -> Plan[RecallResult]:
    """Find memories; the server reads the first 500 tokens of a query, and the result's ``notes`` say so."""
    query = request.query
    body: dict[str, Any] = {"query": query, "budget": request.budget, "max_tokens": request.max_tokens}
    body.update(wire.tag_filter(request.filter))
    if request.query_timestamp is not None:
        body["query_timestamp"] = request.query_timestamp.isoformat()
    if request.types is not None:
        body["types"] = list(request.types)
    if request.min_score is not None:
        body["min_scores"] = {"final": request.min_score}
    sources = {"chunks": request.include_chunks, "source_facts": request.include_source_facts}
    if any(sources.values()):
        body["include"] = {name: {} for name, asked in sources.items() if asked}
    call = Call("recall", "POST", wire.bank(request.bank) + "/memories/recall", wire.encode(body))
    if not _WORD.search(query):  # the server refuses such a query
        return RecallResult(notes=("the query holds no word to look for",))
    answer = exchange(call, lambda answer: answers.recalled(request.bank, answer, explain=request.explain), rules)
    result = yield from unless_no_bank(answer, RecallResult())
    if note := _too_long(query):
        return replace(result, notes=(*result.notes, note))
    return result


def reflect(rules: Rules, request: Reflect) -> Plan[Reflection]:
    """Answer a question by the server's LLM.

    The bank is looked for first, since the server would make one that does not exist; no LLM is asked about that.
    """
    path = wire.bank(request.bank)
    body: dict[str, Any] = {"query": request.query, "budget": request.budget, "include": {"facts": {}}}
    body.update(wire.tag_filter(request.filter))
    if request.context is not None:
        body["context"] = request.context
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if request.response_schema is not None:
        body["response_schema"] = dict(request.response_schema)
    content = wire.encode(body)
    if (yield from wire.count(rules, path)) is None:
        return Reflection("Nothing is known yet: this memory bank is empty.", notes=("the bank does not exist yet",))
    call = Call("reflect", "POST", path + "/reflect", content, wait="reflect")
    return (yield from exchange(call, lambda answer: answers.reflected(request.bank, answer), rules))


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
