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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
