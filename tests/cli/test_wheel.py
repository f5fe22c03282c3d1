"""Each recipe from the built wheel: made, installed, tested, run and checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from hindsight_recipes import list_recipes

ROOT = Path(__file__).parents[2]
RECIPES = [recipe.name for recipe in list_recipes()]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds the wheel; all other packages are those of the running tests."""

    folder: Path
    home: Path

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            command,
            cwd=cwd,
            env={
                "PATH": path,
                "HOME": str(self.home),
                "MYPY_CACHE_DIR": str(self.home / "mypy"),
                "PIP_NO_INDEX": "1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # a project has pytest alone, this environment more
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("wheel")
    home = tmp_path_factory.mktemp("home")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    made = Environment(folder / "env", home)
    # No .pth file of that folder is read, so that the editable install of this source tree stays out of sight.
    [packages] = (folder / "env" / "lib").glob("python*/site-packages")
    (packages / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    made.run("python", "-m", "pip", "install", "--no-deps", "--force-reinstall", str(wheel), cwd=folder)
    where = made.run("python", "-c", "import hindsight_teams; print(hindsight_teams.__file__)", cwd=folder).stdout
    assert where.startswith(str(folder))
    return made


def test_the_demo_runs_from_the_wheel(environment: Environment, tmp_path: Path) -> None:
    shown = environment.run("hindsight-teams", "demo", "--json", cwd=tmp_path).stdout
    assert json.loads(shown)["as_expected"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_new_project_installs_passes_its_tests_runs_and_is_clean(
    environment: Environment, tmp_path: Path, recipe: str
) -> None:
    environment.run("hindsight-teams", "new", f"try-{recipe.replace('_', '-')}", "--recipe", recipe, cwd=tmp_path)
    project = tmp_path / f"try-{recipe.replace('_', '-')}"
    module = project.name.replace("-", "_")
    environment.run("python", "-m", "pip", "install", "--no-deps", "--no-build-isolation", "-e", ".[dev]", cwd=project)
    environment.run("python", "-m", "pytest", "-q", "-W", "error", cwd=project)
    environment.run("python", "-m", module, "Please retain: the Maple pilot starts on 3 May 2027.", cwd=tmp_path)
    answer = environment.run("python", "-m", module, "When does the Maple pilot start?", cwd=tmp_path).stdout
    assert answer.startswith("(offline stand-in)")
    access = environment.run("hindsight-teams", "access", "--json", cwd=project).stdout
    assert json.loads(access)["team"] == project.name
    environment.run("ruff", "check", ".", cwd=project)
    environment.run("ruff", "format", "--check", ".", cwd=project)
    environment.run("python", "-m", "mypy", cwd=project)


def test_a_project_with_renamed_members_and_a_long_name_is_clean_too(environment: Environment, tmp_path: Path) -> None:
    name = "a-rather-long-name-for-a-project-of-one-s-own-with-many-words"
    members = "researcher=chief-scout-of-the-northern-seas,answerer=helper-2"
    command = ["hindsight-teams", "new", name, "--members", members, "--model", "openai:gpt-5-mini"]
    environment.run(*command, "--backend", "server", cwd=tmp_path)
    environment.run("python", "-m", "pytest", "-q", "-W", "error", cwd=tmp_path / name)
    environment.run("ruff", "check", ".", cwd=tmp_path / name)
    environment.run("python", "-m", "mypy", cwd=tmp_path / name)
