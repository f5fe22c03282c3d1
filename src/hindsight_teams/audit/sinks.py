"""The audit sinks that need no file: the log and OpenTelemetry."""

from __future__ import annotations

import logging
import sys
from datetime import datetime, timedelta

from hindsight_teams.audit.events import AuditEvent, AuditSink, AuditTrail
from hindsight_teams.log import get_logger

_logger = get_logger("hindsight_teams.audit")


class StructlogSink:
    """Events in the log, without any memory's text: ``info`` for what was allowed, ``warning`` for the rest."""

    def record(self, event: AuditEvent) -> None:
        """Log one event."""
        allowed = event.outcome == "allowed"
        if not _logger.wants(logging.INFO if allowed else logging.WARNING):
            return
        values = event.to_dict()
        values.pop("text", None)
        (_logger.info if allowed else _logger.warning)(f"memory.{event.verb}", **values)


def is_logged(sink: AuditSink | None) -> bool:
    """Whether what a sink is given shows in the log, so that nobody need log it a second time."""
    if isinstance(sink, AuditTrail):
        return any(map(is_logged, sink.sinks))
    return isinstance(sink, StructlogSink)


class SpanSink:
    """Events as OpenTelemetry spans under the current one, in an application that uses OpenTelemetry.

    Where the application never imported it, an event costs one dictionary look-up.
    """

    def record(self, event: AuditEvent) -> None:
        """Make one span, as long as the operation took."""
        trace = sys.modules.get("opentelemetry.trace")
        if trace is None:
            return
        end = event.at + timedelta(milliseconds=event.duration_ms or 0)
        span = trace.get_tracer("hindsight_teams").start_span(f"memory.{event.verb}", start_time=_nanoseconds(event.at))
        if span.is_recording():
            values = event.to_dict()
            for name in ("text", "verb", "at", "duration_ms"):
                values.pop(name, None)
            span.set_attributes({f"hindsight_teams.{name}": value for name, value in values.items()})
            if event.outcome == "error":
                span.set_status(trace.StatusCode.ERROR, event.error)
        span.end(end_time=_nanoseconds(end))


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
