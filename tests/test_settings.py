from __future__ import annotations

import pytest

from hindsight_teams.backends.select import choose_backend
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.settings import Settings, configure, load, source_of


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"hindsight_api_url"}))
def test_a_variable_of_another_program_sets_nothing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name.upper(), "1")
    assert load() == Settings()
    assert source_of(name) == "default"


def test_the_key_of_another_program_sends_no_memory_to_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "sk-of-something-else")
    assert choose_backend().kind == "sqlite"


@pytest.mark.parametrize("name", ["HINDSIGHT_TEAMS_API_KEY", "HINDSIGHT_TEAMS_HINDSIGHT_API_URL"])
def test_an_option_of_the_server_has_no_second_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://localhost:8888")
    settings = load()
    assert (settings.api_key, settings.hindsight_api_url) == (None, None)
    assert source_of("api_key") == source_of("hindsight_api_url") == "default"


def test_the_environment_sets_every_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_API_KEY", "hsk-1")
    monkeypatch.setenv("HINDSIGHT_TEAMS_RECALL_TAGS", '["red", "blue"]')
    monkeypatch.setenv("HINDSIGHT_TEAMS_MAX_TOKENS", "100")
    monkeypatch.setenv("HINDSIGHT_TEAMS_VERBOSE", "true")
    settings = load()
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "hsk-1"
    assert (settings.recall_tags, settings.max_tokens, settings.verbose) == (["red", "blue"], 100, True)
    assert source_of("recall_tags") == "environment"


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_BUDGET", "")
    assert load().budget == "mid"


@pytest.mark.parametrize("value", ["red, blue", "[", '"red"', "5"])
def test_a_list_that_is_not_json_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_TAGS", value)
    with pytest.raises(ConfigurationError, match="HINDSIGHT_TEAMS_TAGS"):
        load()
    assert load(tags=["red"]).tags == ["red"]


def test_a_bad_argument_is_refused_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_MAX_TOKENS", "100")
    with pytest.raises(ConfigurationError, match=r"bad settings: max_tokens: "):
        configure(max_tokens=0)


@pytest.mark.parametrize("name", ["minilm", "fastembed", "fastembed:BAAI/bge-small-en-v1.5"])
def test_the_environment_names_an_embedder(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_EMBEDDER", name)
    assert load().embedder == name


def test_an_unknown_embedder_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_EMBEDDER", "minlm")
    with pytest.raises(ConfigurationError, match="HINDSIGHT_TEAMS_EMBEDDER: must be 'minilm' or 'fastembed:NAME'"):
        load()
