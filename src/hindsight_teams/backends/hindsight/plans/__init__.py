"""One plan for each request: encode it, exchange it with a Hindsight server, decode the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hindsight_teams import requests as ask
from hindsight_teams.backends.hindsight.plans import management, memories, verbs
from hindsight_teams.backends.hindsight.wire import Plan, Rules

PLANS: dict[type[ask.Request[Any]], Callable[[Rules, Any], Plan[Any]]] = {
    ask.CancelOperation: management.cancel_operation,
    ask.DeleteBank: management.delete_bank,
    ask.DeleteDocument: memories.delete_document,
    ask.DeleteMemories: memories.delete_memories,
    ask.EnsureBank: management.ensure_bank,
    ask.GetDocument: memories.get_document,
    ask.GetHealth: management.health,
    ask.GetMemory: memories.get_memory,
    ask.GetOperation: management.get_operation,
    ask.GetStats: management.bank_stats,
    ask.GetVersion: management.version,
    ask.ListBanks: management.list_banks,
    ask.ListDocuments: memories.list_documents,
    ask.ListMemories: memories.list_memories,
    ask.ListOperations: management.list_operations,
    ask.ListTags: management.list_tags,
    ask.Recall: verbs.recall,
    ask.Reflect: verbs.reflect,
    ask.Retain: verbs.retain,
    ask.WaitForOperation: management.wait_for_operation,
}
