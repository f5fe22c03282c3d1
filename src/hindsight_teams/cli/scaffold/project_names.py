"""The names of a new project: folder, distribution and module, checked before anything is written."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from hindsight_teams.errors import InvalidInput

_TAKEN = {"agno", "app", "hindsight_recipes", "hindsight_teams", "hindsight_client", "pytest", "src", "test", "tests"}
_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True, slots=True)
class ProjectName:
    """Where a project goes and what it is called.

    Attributes:
        folder: The directory, as given.
        distribution: The name in pyproject.toml: ``my-team``.
        module: The name to import: ``my_team``.
    """

    folder: Path
    distribution: str
    module: str

    @property
    def title(self) -> str:
        """The name for a heading: ``My team``."""
        return self.distribution.replace("-", " ").capitalize()


def parse_name(given: str) -> ProjectName:
    """A project's names from what was typed: a name, or a path whose last part is the name.

    Raises:
        InvalidInput: It can't be a package's name; the message says why and offers one that can.
    """
    try:
        folder = Path(given.strip()).expanduser()
    except RuntimeError:
        raise InvalidInput(f"{given!r} begins with '~' and names no user's home directory") from None
    name = folder.name
    if not name or name in (".", ".."):
        raise InvalidInput(f"{given!r} holds no name; give one such as my-team")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*", name) or len(name) > 64:
        raise InvalidInput(
            f"{name!r} can't be a package name: use up to 64 letters, digits and single '-', starting with a letter"
            f"{_offer(name)}"
        )
    distribution = re.sub(r"[-_.]+", "-", name).lower()
    module = distribution.replace("-", "_")
    if module in _TAKEN or module in sys.stdlib_module_names or keyword.iskeyword(module) or module in _WINDOWS:
        raise InvalidInput(
            f"{name!r} is the name of something else in Python or on disk; try {distribution + '-team'!r}"
        )
    return ProjectName(folder, distribution, module)


def _offer(name: str) -> str:
    better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64].lstrip("0123456789-")
    return f"; try {better!r}" if better else ""
