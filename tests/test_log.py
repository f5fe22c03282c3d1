import io
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from hindsight_teams.log import get_logger


@pytest.fixture
def structlog_configured() -> Iterator[list[structlog.typing.EventDict]]:
    capture = structlog.testing.LogCapture()
    structlog.configure(processors=[capture])
    yield capture.entries
    structlog.reset_defaults()


def test_an_unconfigured_application_gets_standard_records(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="hindsight_teams.x"):
        get_logger("hindsight_teams.x").info("backend chosen", kind="sqlite")
    assert caplog.messages == ['{"event": "backend chosen", "kind": "sqlite"}']


def test_on_a_terminal_the_line_is_for_a_person(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with caplog.at_level(logging.INFO, logger="hindsight_teams.x"):
        get_logger("hindsight_teams.x").info("backend chosen", kind="sqlite", reason=None, path="two\nlines")
    assert caplog.messages == ["backend chosen kind=sqlite path='two\\nlines'"]


def test_nothing_is_printed_below_the_applications_level(capfd: pytest.CaptureFixture[str]) -> None:
    get_logger("hindsight_teams.x").info("quiet")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_configured_structlog_gets_the_events(
    structlog_configured: list[structlog.typing.EventDict], level: str
) -> None:
    getattr(get_logger("hindsight_teams.x"), level)("gone", bank="b")
    assert structlog_configured == [{"event": "gone", "bank": "b", "log_level": level}]


def test_a_process_without_structlog_logs_all_the_same() -> None:
    script = (
        "import logging, sys; sys.modules['structlog'] = None; logging.basicConfig(level=logging.INFO);"
        " from hindsight_teams.log import get_logger; get_logger('hindsight_teams').warning('held back', bank='b')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert '{"event": "held back", "bank": "b"}' in done.stderr
