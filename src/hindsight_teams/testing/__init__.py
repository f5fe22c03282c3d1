"""Test doubles and the backend conformance suite, for this project's tests and yours."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hindsight_teams.testing.conformance import BackendConformance
    from hindsight_teams.testing.offline import OFFLINE_MARKER, OfflineModel
    from hindsight_teams.testing.scripted import Request, Script, ScriptedModel, ScriptExhausted, ToolCall, Turn, call

_HOMES = {
    name: module
    for module, names in {
        "conformance": "BackendConformance",
        "offline": "OFFLINE_MARKER OfflineModel",
        "scripted": "Request Script ScriptExhausted ScriptedModel ToolCall Turn call",
    }.items()
    for name in names.split()
}

__all__ = [
    "OFFLINE_MARKER",
    "BackendConformance",
    "OfflineModel",
    "Request",
    "Script",
    "ScriptExhausted",
    "ScriptedModel",
    "ToolCall",
    "Turn",
    "call",
]


def __getattr__(name: str) -> Any:  # Agno, or pytest, is imported only when something that needs it is asked for
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
