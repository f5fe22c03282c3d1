"""Shared long-term memory for Agno Teams.

The public names; each is loaded when it is first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hindsight_teams.access.banks import BankSpec
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.access.grants import Access, Caller, Grant
    from hindsight_teams.agno import policies
    from hindsight_teams.agno.learning_store import HindsightLearningStore
    from hindsight_teams.agno.memory_instructions import memory_instructions
    from hindsight_teams.agno.memory_manager import HindsightMemoryManager
    from hindsight_teams.agno.retriever import memory_retriever
    from hindsight_teams.agno.toolkit import HindsightTools
    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.backends.hindsight import HindsightBackend
    from hindsight_teams.backends.sqlite import SQLiteBackend
    from hindsight_teams.errors import HindsightError, HindsightTeamsError
    from hindsight_teams.memory.member import MemberMemory
    from hindsight_teams.memory.team import TeamMemory
    from hindsight_teams.models import Memory, RecallResult, Receipt, Reflection, RetainItem
    from hindsight_teams.settings import configure, get_config, reset_config

_HOMES = {
    name: module
    for module, names in {
        "access.grants": "Access Caller Grant",
        "access.banks": "BankSpec",
        "backends.hindsight": "HindsightBackend",
        "errors": "HindsightError HindsightTeamsError",
        "agno.learning_store": "HindsightLearningStore",
        "agno.memory_manager": "HindsightMemoryManager",
        "agno.toolkit": "HindsightTools",
        "memory.member": "MemberMemory",
        "models": "Memory RecallResult Receipt Reflection RetainItem",
        "backends.base": "MemoryBackend",
        "backends.sqlite": "SQLiteBackend",
        "access.definition": "TeamDefinition",
        "memory.team": "TeamMemory",
        "settings": "configure get_config reset_config",
        "agno.memory_instructions": "memory_instructions",
        "agno.retriever": "memory_retriever",
    }.items()
    for name in names.split()
}

__all__ = [
    "Access",
    "BankSpec",
    "Caller",
    "Grant",
    "HindsightBackend",
    "HindsightError",
    "HindsightLearningStore",
    "HindsightMemoryManager",
    "HindsightTeamsError",
    "HindsightTools",
    "MemberMemory",
    "Memory",
    "MemoryBackend",
    "RecallResult",
    "Receipt",
    "Reflection",
    "RetainItem",
    "SQLiteBackend",
    "TeamDefinition",
    "TeamMemory",
    "__version__",
    "configure",
    "get_config",
    "memory_instructions",
    "memory_retriever",
    "policies",
    "reset_config",
]


def __getattr__(name: str) -> Any:
    if name == "policies":
        return importlib.import_module("hindsight_teams.agno.policies")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
