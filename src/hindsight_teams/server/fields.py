"""The fields and query parameters that a member's request may carry. Pure.

A field that is not on the list may go past the checks behind the gate (``document_tags`` signs a whole document,
``observation_scopes`` signs what is derived) or show what was forgotten (``include.chunks``, ``state=invalidated``).
The list is of what is allowed, so that a field which a newer server adds is closed until somebody opens it here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

_SHOWN = 60
"""Characters of a name, chosen by whoever sent it, that an answer repeats."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that a JSON object may have.

    Attributes:
        names: Fields with any value.
        inner: Fields that hold an object, or a list of objects, with fields of their own; null is allowed too.
        texts: Fields that must be a string, because what comes after reads nothing else.
    """

    names: frozenset[str] = frozenset()
    inner: Mapping[str, Fields] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()

    def fault(self, value: Any, where: str = "the body") -> str | None:
        """Why an object is not allowed; None where it is."""
        if not isinstance(value, dict):
            return f"{where} must be a JSON object"
        for name, content in value.items():
            if name in self.texts:
                if not isinstance(content, str):
                    return f"{name!r} in {where} must be a string"
            elif name in self.inner:
                several = content if isinstance(content, list) else [] if content is None else [content]
                for one in several:
                    if found := self.inner[name].fault(one, f"{name!r}"):
                        return found
            elif name not in self.names:
                return f"a member's key may not send {name[:_SHOWN]!r} in {where}"
        return None


def query_fault(query: str, names: Collection[str]) -> str | None:
    """Why a query string is not allowed; None where it is. Read as the server reads it."""
    for name, _ in parse_qsl(query, keep_blank_values=True):
        if name not in names:
            return f"a member's key may not send the query parameter {name[:_SHOWN]!r}"
    return None


_ENTITY = Fields(frozenset({"text", "type"}))
_LIMITS = frozenset({"max_tokens", "max_tokens_per_observation"})
_ITEM = frozenset({"timestamp", "metadata", "tags", "update_mode", "observation_scopes", "context", "document_id"})
_ANSWERED = frozenset({"budget", "max_tokens", "tags", "tags_match", "tag_groups"})

RETAIN = Fields(
    frozenset({"async", "operation_id"}),
    {"items": Fields(_ITEM, {"entities": _ENTITY}, frozenset({"content"}))},
)
RECALL = Fields(
    _ANSWERED | {"types", "prefer_observations", "trace", "query_timestamp", "min_scores", "temporal_window"},
    {"include": Fields(inner={"entities": Fields(_LIMITS), "source_facts": Fields(_LIMITS)})},
    frozenset({"query"}),
)
REFLECT = Fields(
    _ANSWERED | {"context", "response_schema", "fact_types"},
    {"include": Fields(inner={"facts": Fields()})},
    frozenset({"query"}),
)

LISTING = frozenset(
    {"type", "q", "document_id", "tags", "tags_match", "time_field", "start_date", "end_date", "limit", "offset"}
)
"""Query parameters of the listing of memories."""
PAGES = frozenset({"q", "limit", "offset"})
"""Query parameters of the listings of tags and banks."""

_ON_MCP = frozenset({"bank_id"})
_MCP_ITEM = frozenset({"timestamp", "tags", "metadata", "context", "document_id"})
MCP_ARGUMENTS: Mapping[str, Fields] = {
    "retain": Fields(_ON_MCP | _MCP_ITEM | {"update_mode"}, texts=frozenset({"content"})),
    "sync_retain": Fields(_ON_MCP | _MCP_ITEM, texts=frozenset({"content"})),
    "recall": Fields(
        _ON_MCP
        | (_ANSWERED | {"types", "prefer_observations", "query_timestamp", "min_scores", "temporal_window"})
        | {"include_entities", "max_entity_tokens", "include_source_facts", "max_source_facts_tokens"},
        texts=frozenset({"query"}),
    ),
    "reflect": Fields(
        _ON_MCP | (_ANSWERED - {"tag_groups"}) | {"context", "response_schema", "include_based_on"},
        texts=frozenset({"query"}),
    ),
    "list_banks": Fields(frozenset({"query", "limit", "offset"})),
}
"""Arguments of the MCP tools that a member may call."""
