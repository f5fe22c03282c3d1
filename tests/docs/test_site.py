"""The documentation site: every page is in its navigation, every public name in its reference, and it is self-contained."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

PUBLIC = [
    "hindsight_teams",
    "hindsight_teams.audit",
    "hindsight_teams.backends.client",
    "hindsight_teams.backends.hindsight",
    "hindsight_teams.backends.sqlite",
    "hindsight_teams.errors",
    "hindsight_teams.guard",
    "hindsight_teams.models",
    "hindsight_teams.agno.policies",
    "hindsight_teams.requests",
    "hindsight_teams.testing",
    "hindsight_recipes",
    *(f"hindsight_recipes.{path.parent.name}" for path in sorted((ROOT / "recipes").glob("*/*/team.toml"))),
]
"""The modules whose names the reference has."""


def navigation() -> list[str]:
    """The pages that mkdocs.yml lists, in order."""
    return re.findall(r"^ +- .*?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.M)


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(navigation()) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site: the one that ``HINDSIGHT_TEAMS_SITE`` names, or one that is built here."""
    if named := os.environ.get("HINDSIGHT_TEAMS_SITE"):
        return Path(named)
    pytest.importorskip("mkdocs", reason="the site is built with: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.slow
def test_the_reference_has_every_public_name(site: Path) -> None:
    documented = _inventory(site)
    names = [(module, name) for module in PUBLIC for name in _public_names(module)]
    assert [f"{module}.{name}" for module, name in names if _paths(module, name).isdisjoint(documented)] == []


@pytest.mark.slow
def test_the_reference_has_every_name_that_a_page_imports(site: Path) -> None:
    documented = _inventory(site)
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for module, name in _imported(page.read_text("utf-8")):
            found = getattr(importlib.import_module(module), name, None)
            if found is None:
                found = importlib.import_module(f"{module}.{name}")
            if not isinstance(found, ModuleType):
                assert not _paths(module, name).isdisjoint(documented), f"{page.name} imports {name} from {module}"


@pytest.mark.slow
def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text("utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?([^\"'\s>]+)", text)
        loaded += re.findall(
            r"<link[^>]*\srel=[\"']?(?:stylesheet|icon|preconnect|preload)[^>]*href=[\"']?([^\"'\s>]+)", text
        )
        loaded += re.findall(r"url\([\"']?([^\"')]+)", text) if path.suffix == ".css" else []
        assert [url for url in loaded if re.match(r"(https?:)?//", url)] == [], path


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in navigation() if not page.startswith("reference/")])
def test_a_page_shows_its_tables_lists_and_blocks(site: Path, page: str) -> None:
    """The site's Markdown wants an empty line where GitHub's wants none: both must see the same."""
    tokens = MarkdownIt("commonmark").enable("table").parse((DOCS / page).read_text("utf-8"))
    written = Counter(token.type for token in tokens)
    target = (
        (page.removesuffix("README.md") + "index.html") if page.endswith("README.md") else page.replace(".md", ".html")
    )
    html = (
        (site / target).read_text("utf-8").partition('<article class="md-content__inner')[2].partition("</article>")[0]
    )
    shown = re.sub(r'<(\w+)[^>]*class="[^"]*md-source.*', "", html, flags=re.S)
    assert {
        "tables": shown.count("<table"),
        "list items": len(re.findall(r"<li\b", shown)),
        "blocks": len(re.findall(r"<pre\b", shown)),
        "rows": len(re.findall(r"<tr\b", shown)),
    } == {
        "tables": written["table_open"],
        "list items": written["list_item_open"],
        "blocks": written["fence"] + written["code_block"],
        "rows": written["tr_open"],
    }


def _inventory(site: Path) -> set[str]:
    """The names of objects.inv, the index that other sites' Sphinx or mkdocstrings link by."""
    packed = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}


def _public_names(module: str) -> list[str]:
    """What a module exports, or defines where it has no ``__all__``."""
    holder = importlib.import_module(module)
    defined = [name for name, value in vars(holder).items() if getattr(value, "__module__", "") == module]
    return [name for name in getattr(holder, "__all__", defined) if not name.startswith("_") and name != "policies"]


def _paths(module: str, name: str) -> set[str]:
    """What the inventory may call a name: where it is imported from, and where it is defined."""
    value = getattr(importlib.import_module(module), name)
    home = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', name)}"
    return {f"{module}.{name}", home}


def _imported(page: str) -> list[tuple[str, str]]:
    """The names that a page's Python blocks import from the package and the recipes, with the modules."""
    found = []
    for block in re.findall(r"```python\n(.*?)```", page, re.S):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {
                "hindsight_teams",
                "hindsight_recipes",
            }:
                found += [(str(node.module), alias.name) for alias in node.names]
    return found
