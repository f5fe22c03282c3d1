"""Test doubles and the backend conformance suite, for this project's tests and yours."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hindsight_teams.testing.offline import OFFLINE_MARKER, OfflineModel
    from hindsight_teams.testing.scripted import Request, Script, ScriptedModel, ScriptExhausted, ToolCall, Turn, call

__all__ = [
    "OFFLINE_MARKER",
    "OfflineModel",
    "Request",
    "Script",
    "ScriptExhausted",
    "ScriptedModel",
    "ToolCall",
    "Turn",
    "call",
]

_HOME = dict.fromkeys(__all__, "scripted") | {"OFFLINE_MARKER": "offline", "OfflineModel": "offline"}


def __getattr__(name: str) -> Any:  # Agno is imported only when a model is asked for
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
