import asyncio
import logging
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hindsight_teams.access.grants import Caller
from hindsight_teams.audit import AuditEvent, AuditTrail, BankName, Recorder, SpanSink, StructlogSink
from hindsight_teams.audit.events import OUTCOMES, reason_of, recording_failure, trail_of
from hindsight_teams.audit.sinks import is_logged
from hindsight_teams.errors import AuditFailed, InvalidInput
from tests.memory.team_fixtures import Kept


class Broken:
    def record(self, event: AuditEvent) -> None:
        raise OSError("disk full")


EVENT = AuditEvent.by(
    Caller(team="desk", member="researcher", user="ada"), "recall", "denied", error="AccessDenied", text="secret words"
)


def test_times_are_kept_in_utc() -> None:
    event = AuditEvent(verb="v", outcome="allowed", at=datetime(2025, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    assert event.to_dict()["at"] == "2025-01-01T00:00:00.000000+00:00"
    assert AuditEvent.from_dict(event.to_dict()).at == event.at


def test_an_event_is_hashed_as_one_text_of_sorted_ascii() -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    event = AuditEvent(verb="recall", outcome="allowed", at=at, bank="é", memory_ids=("1",), count=0)
    assert event.canonical() == (
        '{"at":"2025-01-01T00:00:00.000000+00:00","bank":"\\u00e9","count":0,"memory_ids":["1"],'
        '"outcome":"allowed","verb":"recall"}'
    )
    with pytest.raises(ValueError, match="JSON"):
        AuditEvent(verb="recall", outcome="allowed", duration_ms=float("nan")).canonical()


def test_fields_of_a_newer_version_are_ignored() -> None:
    assert AuditEvent.from_dict({**EVENT.to_dict(), "mood": "calm"}) == EVENT


def test_the_log_names_the_caller_and_never_the_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        StructlogSink().record(EVENT)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "memory.recall" in record.message
    assert "researcher" in record.message
    assert "secret words" not in record.message


def test_one_broken_sink_does_not_silence_the_others(caplog: pytest.LogCaptureFixture) -> None:
    after = Kept()
    AuditTrail(Broken(), after).record(EVENT)
    assert after.events == [EVENT]
    assert "disk full" in caplog.text
    assert "Broken" in caplog.text
    assert [record.name for record in caplog.records] == ["hindsight_teams.audit"]


NAMES = ("verb", "team", "member", "user", "session", "run", "actor", "bank", "bank_id", "error")


@pytest.mark.parametrize(("name", "most"), [*((name, 300) for name in NAMES), ("reason", 1_000), ("text", 32_768)])
def test_every_name_of_an_event_becomes_text_and_is_cut(name: str, most: int) -> None:
    def kept(value: Any) -> Any:
        given: dict[str, Any] = {"verb": "recall", "outcome": "allowed"}
        return getattr(AuditEvent(**{**given, name: value}), name)

    assert kept(b"ada") == "b'ada'"
    assert kept("x" * most) == "x" * most
    assert kept("x" * (most + 1)) == "x" * (most - 1) + "\u2026"


def test_every_id_of_an_event_becomes_text_and_is_cut() -> None:
    given: Any = ["1", 7, "x" * 300, "x" * 301]
    assert AuditEvent(verb="recall", outcome="allowed", memory_ids=given).memory_ids == (
        "1",
        "7",
        "x" * 300,
        "x" * 299 + "\u2026",
    )


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("inner", [False, True])
def test_a_trail_within_a_trail_that_fails_is_told(strict: bool, inner: bool) -> None:
    after = Kept()
    trail = AuditTrail(AuditTrail(Broken(), strict=inner), after, strict=strict)
    if strict:
        with pytest.raises(AuditFailed):
            trail.tell(EVENT)
    else:
        assert trail.tell(EVENT) is False
    assert after.events == [EVENT]
    assert AuditTrail(AuditTrail(after), after, strict=strict).tell(EVENT) is True


@pytest.mark.parametrize(
    ("sink", "logged"),
    [
        (None, False),
        (Kept(), False),
        (StructlogSink(), True),
        (AuditTrail(Kept(), StructlogSink()), True),
        (AuditTrail(Kept(), AuditTrail(StructlogSink())), True),
        (AuditTrail(Kept()), False),
    ],
)
def test_a_sink_that_logs_is_known_wherever_it_stands(sink: Any, logged: bool) -> None:
    assert is_logged(sink) is logged


@pytest.mark.parametrize(
    ("outcome", "level"), [("allowed", "INFO"), ("denied", "WARNING"), ("error", "WARNING"), ("begun", "WARNING")]
)
def test_what_was_not_allowed_is_a_warning_in_the_log(
    caplog: pytest.LogCaptureFixture, outcome: Any, level: str
) -> None:
    with caplog.at_level(logging.INFO):
        StructlogSink().record(AuditEvent(verb="recall", outcome=outcome))
    assert [record.levelname for record in caplog.records] == [level]


@pytest.mark.parametrize("given", [None, "ada", Caller(user="ada", session="s", run="r", team="other", member="chair")])
def test_a_call_that_can_not_be_read_is_recorded_as_who_was_bound_for_who_was_given(given: Any) -> None:
    kept = Kept()
    with (
        pytest.raises(InvalidInput),
        recording_failure(kept, Caller("desk", "scout"), "recall", caller=given, actor="root"),
    ):
        raise InvalidInput("no such bank")
    with recording_failure(kept, Caller("desk"), "recall"):
        pass
    [event] = kept.events
    assert (event.team, event.member, event.actor, event.verb) == ("desk", "scout", "root", "recall")
    whose = ("ada", "s", "r") if isinstance(given, Caller) else (None, None, None)
    assert (event.user, event.session, event.run) == whose
    assert (event.outcome, event.error, event.reason, event.text) == ("error", "InvalidInput", "no such bank", "")


def test_a_strict_trail_raises_after_the_others_got_the_event() -> None:
    after = Kept()
    with pytest.raises(AuditFailed) as failed:
        AuditTrail(Broken(), after, strict=True).record(EVENT)
    assert isinstance(failed.value.__cause__, OSError)
    assert after.events == [EVENT]


def test_an_application_with_opentelemetry_gets_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    at = datetime(2025, 1, 1, tzinfo=UTC)
    with provider.get_tracer("t").start_as_current_span("tool"):
        SpanSink().record(
            AuditEvent(
                verb="recall",
                outcome="error",
                at=at,
                member="m",
                memory_ids=("a",),
                duration_ms=2.5,
                error="X",
                text="t",
            )
        )
    span, parent = exporter.get_finished_spans()
    assert span.name == "memory.recall"
    assert span.parent is not None
    assert span.parent.span_id == parent.context.span_id
    assert span.start_time is not None
    assert span.end_time == span.start_time + 2_500_000
    assert span.status.status_code is trace.StatusCode.ERROR
    assert dict(span.attributes or {}) == {
        "hindsight_teams.outcome": "error",
        "hindsight_teams.member": "m",
        "hindsight_teams.memory_ids": ("a",),
        "hindsight_teams.error": "X",
    }


def test_without_opentelemetry_a_span_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(__import__("sys").modules, "opentelemetry.trace")
    monkeypatch.setattr(trace, "get_tracer", None)
    SpanSink().record(EVENT)


def test_an_event_that_nobody_wants_to_see_is_not_put_together(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AuditEvent, "to_dict", None)
    with caplog.at_level(logging.WARNING):
        StructlogSink().record(AuditEvent(verb="recall", outcome="allowed"))
    assert caplog.records == []


def test_every_outcome_is_known() -> None:
    assert set(OUTCOMES) == {"allowed", "denied", "error", "quarantined", "begun"}


@pytest.mark.parametrize("strict", [False, True])
def test_a_trail_stays_as_it_is_where_it_is_as_asked(strict: bool) -> None:
    trail = AuditTrail(Kept(), strict=strict)
    assert trail_of(trail) is trail
    assert trail_of(trail, strict=strict) is trail
    other = trail_of(trail, strict=not strict)
    assert other is not None
    assert (other is trail, other.strict) == (False, not strict)
    assert trail_of(None) is None


def test_what_a_call_is_about_stands_in_its_event_and_in_that_of_its_failure() -> None:
    kept = Kept()
    about = Recorder(kept, Caller(team="desk"), "forget", actor="ops", about="user='ada'")
    about.ended([BankName("notes", "desk:notes")], ids={"desk:notes": ["1", "2"], "desk:other": ["3"]})
    about.ended([BankName("notes", "desk:notes")], reason="another reason")
    about.failed(InvalidInput("no such bank"))
    about.failed(ValueError("secret words"))
    assert [(e.reason, e.count, list(e.memory_ids), e.actor) for e in kept.events] == [
        ("user='ada'", 2, ["1", "2"], "ops"),
        ("another reason", 0, [], "ops"),
        ("user='ada': no such bank", 0, [], "ops"),
        ("user='ada': ValueError", 0, [], "ops"),
    ]


def test_a_cancellation_tells_why_this_package_cancelled() -> None:
    why = asyncio.CancelledError(InvalidInput("the time is over"))
    assert reason_of(why) == "the time is over"
    assert reason_of(asyncio.CancelledError("secret words", InvalidInput("x"))) == "CancelledError"
    assert reason_of(asyncio.CancelledError()) == "CancelledError"
    assert reason_of(ValueError(InvalidInput("x"))) == "ValueError"
