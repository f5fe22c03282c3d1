"""The calls that ``ClientBackend`` makes to a client, and how it decodes the answers. Pure.

Arguments have the names of Hindsight's own client. Answers may be its models, dicts, or any objects with those
attributes; what lacks a field has its documented default.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import faults
from hindsight_teams.errors import (
    BackendError,
    BackendTimeout,
    BackendUnreachable,
    HindsightTeamsError,
    UnexpectedAnswer,
    Unsupported,
)
from hindsight_teams.models import RecallResult, Receipt, Reflection, RetainItem
from hindsight_teams.requests import DeleteBank, Recall, Reflect, Retain

T = TypeVar("T")

_MEMORY = (
    "id text type entities context occurred_start occurred_end mentioned_at document_id metadata chunk_id tags"
    " source_fact_ids scores"
).split()
_PLAIN = (str, int, float, list, tuple, Mapping, datetime)
_HINTS = {"budget", "max_tokens", "query_timestamp", "include_facts", "timestamp", "context", "entities"}
_SIGNATURE = {"metadata", "document_id"}


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call of the client, decided before it is made.

    Attributes:
        read: Makes the client's answer into a model.
        missing: The answer for a bank that does not exist; None lets the error through.
    """

    verb: str
    arguments: Mapping[str, Any]
    read: Callable[[Any], T]
    missing: T | None = None

    def fitted(self, method: Callable[..., Any]) -> tuple[dict[str, Any], list[str]]:
        """The arguments that a method takes, and the names of those it has no parameter for.

        Raises:
            Unsupported: What it has no parameter for would change what is read or written.
        """
        parameters = inspect.signature(method).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return dict(self.arguments), []
        lost = [name for name in self.arguments if name not in parameters]
        if needed := [name for name in lost if name not in _HINTS | _SIGNATURE]:
            raise Unsupported(f"the memory client's {self.verb} takes no {needed[0]}, and this call needs it")
        return {name: value for name, value in self.arguments.items() if name not in lost}, lost

    def result(self, answer: Any, lost: Sequence[str]) -> T:
        """The model of an answer.

        Raises:
            UnexpectedAnswer: It does not have the shape of Hindsight's.
        """
        try:
            result = self.read(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as cause:
            raise UnexpectedAnswer(
                f"the memory client's answer to {self.verb} is not of Hindsight's shape", cause=repr(cause)
            ) from cause
        if isinstance(result, Receipt) and not _SIGNATURE.isdisjoint(lost):
            note = f"the memory client takes no {' and no '.join(sorted(_SIGNATURE.intersection(lost)))}"
            return replace(result, notes=(*result.notes, note))
        return result


def retain(request: Retain) -> Call[Receipt]:
    """Store items; a single one by the client's ``retain``."""
    bodies = [_item(item) for item in request.items]
    verb, arguments = ("retain", bodies[0]) if len(bodies) == 1 else ("retain_batch", {"items": bodies})
    documents = tuple(dict.fromkeys(i.document_id for i in request.items if i.document_id))

    def read(answer: Any) -> Receipt:
        raw = _mapping(answer, ["success", "operation_id"])
        if raw.get("success") is False:
            raise BackendError("the memory client says that it did not store the memory; try again, or look at its log")
        operation = raw.get("operation_id")
        return Receipt(
            request.bank,
            len(bodies),
            document_ids=documents,
            operation_id=operation if isinstance(operation, str) else None,
        )

    return Call(verb, {"bank_id": request.bank, **arguments}, read)


def recall(request: Recall) -> Call[RecallResult]:
    """Find memories."""
    now, least = request.query_timestamp, request.min_score
    arguments = _read_arguments(
        request,
        max_tokens=request.max_tokens,
        query_timestamp=now and now.isoformat(),
        types=request.types,
        min_scores=None if least is None else {"final": least},
    )

    def read(answer: Any) -> RecallResult:
        if not isinstance(answer, list | tuple):
            answer = _mapping(answer, ["results"])["results"]
        found = {"results": [_memory(found) for found in answer]}
        return answers.recalled(request.bank, found, explain=request.explain)

    return Call("recall", arguments, read, missing=RecallResult())


def reflect(request: Reflect) -> Call[Reflection]:
    """Answer a question."""
    arguments = _read_arguments(
        request,
        max_tokens=request.max_tokens,
        context=request.context,
        response_schema=request.response_schema,
        include_facts=True,
    )

    def read(answer: Any) -> Reflection:
        if isinstance(answer, str):
            return Reflection(answer)
        raw = _mapping(answer, ["text", "based_on", "structured_output", "structured_output_error"])
        based_on = _mapping(raw.get("based_on"), ["memories"]).get("memories")
        facts = [_memory(found) for found in based_on] if isinstance(based_on, list | tuple) else []
        return answers.reflected(request.bank, {**raw, "based_on": {"memories": facts}})

    return Call("reflect", arguments, read)


def delete_bank(request: DeleteBank) -> Call[int]:
    """Delete a bank."""

    def read(answer: Any) -> int:
        return int(_mapping(answer, ["deleted_count"]).get("deleted_count") or 0)

    return Call("delete_bank", {"bank_id": request.bank}, read, missing=0)


def version() -> Call[str | None]:
    """Ask for the server's version."""

    def read(answer: Any) -> str | None:
        return _mapping(answer, ["api_version"]).get("api_version")

    return Call("get_version", {}, read)


@contextmanager
def typed_errors(verb: str) -> Iterator[None]:
    """Turn whatever a client raises into a typed error, whose text holds nothing of the client's own."""
    try:
        yield
    except HindsightTeamsError:
        raise
    except Exception as error:  # the outermost edge: anybody's client, anybody's errors
        raise _typed(error, verb) from error


def _typed(error: Exception, verb: str) -> BackendError:
    status = getattr(error, "status", None)
    words = f"{type(error).__name__}: {error}"[:500]
    if isinstance(status, int) and 300 <= status < 600:
        body = getattr(error, "body", None) or ""
        headers = getattr(error, "headers", None) or {}
        return faults.from_answer(
            status,
            body if isinstance(body, bytes) else str(body).encode(errors="replace"),
            verb=verb,
            retry_after=headers.get("Retry-After") if hasattr(headers, "get") else None,
            has_key=True,
        )
    if isinstance(error, TimeoutError):
        return BackendTimeout(
            f"the memory client got no answer to {verb} in time; give it a longer timeout", cause=words
        )
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("aiohttp", "httpx"):
        return BackendUnreachable("the memory client can't reach its server; check that it runs", cause=words)
    return BackendError(
        f"the memory client failed on {verb} with {type(error).__name__}; its own log says more", cause=words
    )


def _item(item: RetainItem) -> dict[str, Any]:
    given = {
        "content": item.content,
        "timestamp": item.timestamp,
        "context": item.context,
        "metadata": dict(item.metadata) if item.metadata else None,
        "document_id": item.document_id,
        "tags": list(item.tags) if item.tags else None,
        "entities": [{"text": name} for name in item.entities] if item.entities else None,
        "update_mode": item.update_mode if item.update_mode != "replace" else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _read_arguments(request: Recall | Reflect, **more: Any) -> dict[str, Any]:
    chosen = request.filter
    given = {
        "budget": request.budget,
        **more,
        "tags": list(chosen.tags) or None,
        "tag_groups": list(chosen.groups) or None,
        "tags_match": chosen.match if chosen.tags or chosen.match == "exact" else None,
    }
    arguments = {"bank_id": request.bank, "query": request.query}
    return arguments | {name: value for name, value in given.items() if value is not None}


def _memory(found: Any) -> Mapping[str, Any]:
    raw = {"text": found} if isinstance(found, str) else _mapping(found, _MEMORY)
    return raw if raw.get("id") else {**raw, "id": hashlib.sha256(str(raw["text"]).encode()).hexdigest()[:32]}


def _mapping(value: Any, fields: Sequence[str]) -> Mapping[str, Any]:
    """A model, a dict or any object as a mapping of plain values."""
    if not isinstance(value, Mapping):
        dumped = next((d for m in ("to_dict", "model_dump") if isinstance(d := _call(value, m), Mapping)), None)
        value = dumped if dumped is not None else {name: getattr(value, name, None) for name in fields}
    return {
        name: given.isoformat() if isinstance(given, datetime) else given
        for name, given in value.items()
        if isinstance(given, _PLAIN)
    }


def _call(value: Any, method: str) -> Any:
    found = getattr(value, method, None)
    return found() if callable(found) else None
