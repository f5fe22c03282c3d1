"""Every Python block of the README and the docs runs; every local link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_examples import find_examples

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_one_after_another(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``python test="skip: why"`` marks the few that can't, such as those that need a paid model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HINDSIGHT_TEAMS_DB", str(tmp_path / "memory.db"))
    (tmp_path / "team.toml").write_text(_toml_of_the_readme())
    shared: dict[str, object] = {"__name__": "__main__"}
    for example in find_examples(page):
        skipped = example.prefix_settings().get("test", "").startswith("skip:")
        if not skipped and not example.prefix_tags().isdisjoint({"python", "py"}):
            # Padded, so that a traceback points into the page.
            code = compile("\n" * example.start_line + example.source, str(page), "exec")
            exec(code, shared)


def _toml_of_the_readme() -> str:
    found = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert found
    return found[1]


def test_the_readmes_team_file_is_valid(tmp_path: Path) -> None:
    from hindsight_teams import TeamDefinition

    (tmp_path / "team.toml").write_text(_toml_of_the_readme())
    team = TeamDefinition.from_file(tmp_path / "team.toml")
    assert list(team.grants) == ["researcher", "answerer"]


def test_the_ten_lines_print_what_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HINDSIGHT_TEAMS_DB", str(tmp_path / "memory.db"))
    found = re.search(
        r"## A team in one file\n.*?```python\n(.*?)```.*?```text\n(.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    assert found
    exec(found[1], {"__name__": "__main__"})
    assert _with_one_date(capsys.readouterr().out) == _with_one_date(found[2])


def _with_one_date(text: str) -> list[str]:
    return [re.sub(r"noted \d{4}-\d\d-\d\d", "noted DATE", line).rstrip() for line in text.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
