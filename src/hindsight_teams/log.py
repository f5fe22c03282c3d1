"""The package's logger; it leaves the configuration of logging to the application.

Where the application configured structlog, events go there. Where it did not, they go to the standard library's logger
of the same name, so that they show, or don't, as the application set that up: one line an event, in structlog's console
form on a terminal and as JSON elsewhere. structlog is imported with the first event that somebody wants to see.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any


class Logger:
    """A structlog-shaped logger: an event, and what belongs to it as keywords."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **values: Any) -> None:
        """Log what only a developer of this package wants to see."""
        self._log(logging.DEBUG, event, values)

    def info(self, event: str, **values: Any) -> None:
        """Log an ordinary event."""
        self._log(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Log something that went wrong and was dealt with."""
        self._log(logging.WARNING, event, values)

    def error(self, event: str, **values: Any) -> None:
        """Log something that went wrong and was not."""
        self._log(logging.ERROR, event, values)

    def wants(self, level: int) -> bool:
        """Whether anybody may see events of a level of ``logging``; asked where putting an event together costs."""
        structlog = sys.modules.get("structlog")
        return bool(structlog and structlog.is_configured()) or logging.getLogger(self._name).isEnabledFor(level)

    def _log(self, level: int, event: str, values: dict[str, Any]) -> None:
        structlog = sys.modules.get("structlog")
        if structlog is not None and hasattr(structlog, "is_configured") and structlog.is_configured():
            bound = structlog.get_logger(self._name)
            getattr(bound, logging.getLevelName(level).lower())(event, **values)
            return
        plain = logging.getLogger(self._name)
        if plain.isEnabledFor(level):
            plain.log(level, "%s", _line({"event": event, **values}))


def _line(values: dict[str, Any]) -> str:
    """An event as one line: what a person reads on a terminal, what a program reads elsewhere."""
    shown = {name: value for name, value in values.items() if value is not None and value not in ((), [], "")}
    if sys.stderr is not None and sys.stderr.isatty():
        try:
            from structlog.dev import ConsoleRenderer
        except ImportError:  # inside a Hindsight server, which has no structlog
            pass
        else:
            return " ".join(ConsoleRenderer(colors=False)(None, "", shown).split())
    return json.dumps(shown, ensure_ascii=False, default=repr)


def get_logger(name: str) -> Logger:
    """Give the logger of a module; it costs nothing until something is logged."""
    return Logger(name)
