from __future__ import annotations

from pathlib import Path

import pytest

from hindsight_teams.settings import Settings, load
from tests.cli.conftest import Cli


def rows(cli: Cli, *options: str) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in cli("config", "show", *options, "--json").json["settings"]}


def test_every_setting_is_shown(cli: Cli) -> None:
    assert set(Settings.model_fields) <= set(rows(cli))
    shown = cli("config", "show")
    assert shown.code == 0
    assert set(Settings.model_fields) <= {line.split()[0] for line in shown.out.splitlines()}


def test_each_value_says_where_it_comes_from(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_BUDGET", "high")
    (home / "team.toml").write_text('team = "t"')
    found = rows(cli, "--db", "x.db")
    assert (found["budget"]["value"], found["budget"]["source"]) == ("high", "environment: HINDSIGHT_TEAMS_BUDGET")
    assert (found["db"]["value"], found["db"]["source"]) == ("x.db", "option --db")
    assert found["max_tokens"]["source"] == "default"
    assert (found["team"]["value"], found["team"]["source"]) == ("team.toml", "file here")
    assert not (home / "x.db").exists()


def test_a_key_is_never_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_API_KEY", "hsk-very-secret")
    for shown in (cli("config", "show"), cli("config", "show", "--json")):
        assert "secret" not in shown.out
        assert "********" in shown.out


@pytest.mark.parametrize(
    "url", ["https://ada:hunter2@host.example/x", "https://host.example/?token=hunter2&key=hunter2", "x://a:hunter2@h"]
)
def test_a_secret_in_an_address_is_never_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for options in ((), ("--json",), ("--url", url)):
        monkeypatch.setenv("HINDSIGHT_API_URL", url)
        shown = cli("config", "show", *options)
        assert ("hunter2" in shown.out + shown.err, "********" in shown.out) == (False, True)


KEY = "sk-proj-4Jk2l9Qx7ZtR8vWm"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HINDSIGHT_TEAMS_EMBEDDER", f"openai:{KEY}"),
        ("HINDSIGHT_TEAMS_EMBEDDER", "openai:token=4Jk2l9"),
        ("HINDSIGHT_TEAMS_DB", "memory.db?key=hunter2"),
        ("HINDSIGHT_TEAMS_DB", "x/password=hunter2;mode=ro"),
        ("HINDSIGHT_TEAMS_AUDIT", f"{KEY}.txt"),
        ("HINDSIGHT_TEAMS_TAGS", f'["red", "{KEY}"]'),
        ("HINDSIGHT_TEAMS_RECALL_TAGS", '["api_key=hunter2"]'),
        ("HINDSIGHT_TEAMS_BUDGET", KEY),
        ("HINDSIGHT_API_URL", f"https://h.example/{KEY}"),
        ("HINDSIGHT_API_TENANT_KEY_FILE", f"{KEY}.json"),
    ],
)
def test_a_secret_in_any_setting_is_shown_by_no_command(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    for command in (("config", "show"), ("config", "show", "--json"), ("doctor",), ("doctor", "--json")):
        shown = cli(*command)
        assert not any(word in shown.out + shown.err for word in ("hunter2", "4Jk2l9"))
    assert "********" in cli("config", "show").out


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_error_shows_no_secret_of_a_path_or_an_option(cli: Cli, options: tuple[str, ...]) -> None:
    for command in (
        ("bank", "list", "--db", f"{KEY}.db"),
        ("bank", "list", "--db", "x.db?key=hunter2"),
        ("bank", "list", "--url", "https://ada:hunter2@h.example"),
    ):
        failed = cli(*command, *options)
        assert failed.code != 0
        assert not any(word in failed.out + failed.err for word in ("hunter2", "4Jk2l9"))


def test_the_settings_show_no_secret_of_their_own() -> None:
    settings = load(api_key="hsk-hunter2", db="m.db?key=hunter2", tags=["token:hunter2", "red"])
    assert "hunter2" not in repr(settings) + str(settings)
    assert "'red'" in repr(settings)
    assert str(settings.db) == "m.db?key=hunter2"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HINDSIGHT_TEAMS_MAX_TOKENS", "many"),
        ("HINDSIGHT_API_URL", "localhost"),
        ("HINDSIGHT_TEAMS_BUDGET", "huge"),
        ("HINDSIGHT_TEAMS_TAGS", "["),
    ],
)
def test_a_bad_value_is_shown_with_what_is_wrong(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    shown = cli("config", "show")
    assert shown.code == 1
    assert value in shown.out
    assert variable in shown.out
    bad = [row for row in cli("config", "show", "--json").json["settings"] if row["problem"]]
    assert [row["variable"] for row in bad] == [variable]


def test_a_bad_key_is_not_shown_either(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINDSIGHT_API_KEY", "hsk very secret")
    shown = cli("config", "show")
    assert shown.code == 1
    assert "very" not in shown.out


def test_what_a_dotenv_sets_and_nobody_reads_is_told(cli: Cli, home: Path) -> None:
    (home / ".env").write_text("export HINDSIGHT_TEAMS_EMBEDDER=minilm\n")
    assert ".env sets HINDSIGHT_TEAMS_EMBEDDER" in cli("config", "show").out


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("HINDSIGHT_TEAMS_EMBEDER", "HINDSIGHT_TEAMS_EMBEDDER"),
        ("HINDSIGHT_TEAMS_API_KEY", "HINDSIGHT_API_KEY"),
        ("HINDSIGHT_TEAMS_API_URL", "HINDSIGHT_API_URL"),
    ],
)
def test_a_variable_that_sets_nothing_is_told_with_the_one_that_is_meant(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, mistyped: str, meant: str
) -> None:
    monkeypatch.setenv(mistyped, "very-secret")
    shown = cli("config", "show")
    assert shown.code == 0
    assert f"did you mean {meant!r}?" in shown.out
    assert "very-secret" not in shown.out


def test_a_variable_that_a_command_reads_is_not_told_as_setting_nothing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_TARGET_API_KEY", "hsk-2")
    assert "HINDSIGHT_TEAMS_TARGET_API_KEY" not in cli("config", "show").out
