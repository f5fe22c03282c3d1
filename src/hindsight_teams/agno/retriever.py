"""memory_retriever: memory for Agno's ``knowledge_retriever=``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, Unpack

from hindsight_teams.access.grants import READ_ONLY, Access, Caller
from hindsight_teams.access.signatures import own_tags
from hindsight_teams.errors import InvalidInput, did_you_mean
from hindsight_teams.memory.direct import BankOptions, memory_for
from hindsight_teams.memory.member import MemberMemory, caller_of
from hindsight_teams.memory.rendering import escape
from hindsight_teams.models import Memory, RecallResult
from hindsight_teams.text import happened, one_line, repeated

Documents: TypeAlias = "list[dict[str, Any]]"

FILTERS = ("banks", "tags", "authors")
"""What ``knowledge_filters`` may narrow a search by: each a list of strings."""


def memory_retriever(
    memory: MemberMemory | None = None,
    *,
    banks: list[str] | None = None,
    asynchronous: bool = False,
    **options: Unpack[BankOptions],
) -> Callable[..., Any]:
    """A knowledge retriever that recalls, for ``Agent(knowledge_retriever=..., search_knowledge=True)`` or a Team.

    Args:
        memory: A member's memory, from ``TeamMemory.member(...)``; its rights hold.
        banks: Only these banks, by short name; all that the member may recall from when None.
        asynchronous: For agents that are only run with ``arun``: the event loop is free while memory is searched. The
            other kind works in both, and holds the loop up in ``arun``.
        **options: Instead of ``memory``, ``BankOptions`` as HindsightTools takes them. Without ``bank_id`` and
            ``bank_resolver`` each user has a bank.

    Returns:
        A callable that gives one dict a memory, best first, with ``content``, ``name`` (the bank's short name) and
        ``meta_data``. It raises what ``MemberMemory.recall`` raises; Agno logs that and tells the model that the search
        failed. ``knowledge_filters`` may hold ``banks``, ``tags`` and ``authors``; any other filter is an error.

    Raises:
        InvalidInput: A bad option, or options besides ``memory``.
        ConfigurationError: A bad URL, key or setting.

    Examples:
        >>> from agno.agent import Agent
        >>> agent = Agent(knowledge_retriever=memory_retriever(bank_id="handbook"), search_knowledge=True)
    """
    source = memory_for(memory, READ_ONLY, options)

    def plan(run_context: Any, filters: Any) -> tuple[Caller, dict[str, Any]]:
        caller = caller_of(source, run_context)
        with source.recording_failure("recall", caller):
            narrowed = _narrowed(filters, banks)
        return caller, {"caller": caller, **({"banks": banks} if banks is not None else {}), **narrowed}

    def documents(result: RecallResult, caller: Caller, limit: int | None) -> Documents:
        names = source.bank_names(Access.RECALL, caller)
        return [_document(found, names.get(found.bank_id, found.bank_id)) for found in result.results[:limit]]

    def retrieve(
        query: str, num_documents: int | None = None, run_context: Any = None, filters: Any = None, **_: Any
    ) -> Documents:
        """Memories that bear on the query."""
        caller, narrowed = plan(run_context, filters)
        return documents(source.recall(query, **narrowed), caller, num_documents)

    async def aretrieve(
        query: str, num_documents: int | None = None, run_context: Any = None, filters: Any = None, **_: Any
    ) -> Documents:
        """Memories that bear on the query."""
        caller, narrowed = plan(run_context, filters)
        return documents(await source.arecall(query, **narrowed), caller, num_documents)

    return aretrieve if asynchronous else retrieve


def _narrowed(filters: Any, banks: list[str] | None) -> dict[str, Any]:
    """Agno's filters as arguments of a recall; what can't be kept to is refused, never left out."""
    if not filters:
        return {}
    if not isinstance(filters, Mapping):
        raise InvalidInput("knowledge filters must be a dict here; filter expressions are for vector stores")
    for name in filters:
        if name not in FILTERS:
            raise InvalidInput(f"memory has no filter {name!r}; {did_you_mean(str(name), FILTERS)}")
    narrowed = dict(filters)
    if "tags" in narrowed:
        narrowed["tags_match"] = "all_strict"
    if banks is not None and not set(narrowed.get("banks", banks)) <= set(banks):
        raise InvalidInput(f"this retriever reads {', '.join(map(repr, banks))} only; the filter names another bank")
    return narrowed


def _document(memory: Memory, bank: str) -> dict[str, Any]:
    known = {
        "id": memory.id,
        "bank": bank,
        "author": memory.said_by,
        "happened": happened(memory) or None,
        "noted": memory.mentioned_at.date().isoformat() if memory.mentioned_at else None,
        "said": repeated(memory) or None,
        "document_id": memory.document_id,
        "tags": list(own_tags(memory.tags)) or None,
        "superseded": True if memory.superseded_by else None,
    }
    meta_data = {name: value for name, value in known.items() if value is not None}
    return {"content": escape(one_line(memory.text)), "name": bank, "meta_data": meta_data}
