"""The Python of the recipes' pages runs as it stands, each page on a database of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hindsight_recipes import list_recipes

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "recipes.md", ROOT / "docs" / "testing.md", *(recipe.readme for recipe in list_recipes())]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_the_examples_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HINDSIGHT_TEAMS_DB", str(tmp_path / "memory.db"))
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    assert blocks
    namespace: dict[str, object] = {"__name__": "docs"}
    for block in blocks:
        exec(compile(block, str(page), "exec"), namespace)
