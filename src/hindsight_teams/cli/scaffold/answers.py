"""The questions that ``new`` asks, and the checks of their answers: names, recipe, members, model and backend."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from hindsight_teams.errors import InvalidInput, did_you_mean

BackendKind = Literal["embedded", "server", "cloud"]
BACKENDS: tuple[BackendKind, ...] = get_args(BackendKind)
OFFLINE = "offline"
DEFAULT_RECIPE = "researcher_answerer"

_KEYLESS = ("llama-cpp", "lmstudio", "ollama", "ollama-responses", "vllm")
_KEYS = {"aws-bedrock": "AWS_ACCESS_KEY_ID", "huggingface": "HF_TOKEN", "meta": "LLAMA_API_KEY"}


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model of a project.

    Attributes:
        name: An Agno model string, or ``offline``.
        extra: The extra of the agno package that brings the provider's client, if any.
        key: The environment variable of the provider's key, if any.
    """

    name: str
    extra: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a project, as they are recorded in it.

    Attributes:
        name: Its distribution name.
        recipe: The recipe it comes from.
        members: The recipe's member ids to those of the project, where they differ.
        model: An Agno model string, or ``offline``.
        backend: Where memory lives at first.
    """

    name: str
    recipe: str = DEFAULT_RECIPE
    members: Mapping[str, str] = field(default_factory=dict)
    model: str = OFFLINE
    backend: BackendKind = "embedded"

    def to_dict(self) -> dict[str, Any]:
        """The answers as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Answers:
        """The answers that ``to_dict`` gave; what a newer version added is ignored."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})


def parse_model(text: str) -> ModelChoice:
    """A model from an Agno model string.

    Raises:
        InvalidInput: It does not look like one.
    """
    wanted = text.strip()
    if wanted == OFFLINE:
        return ModelChoice(OFFLINE)
    if not re.fullmatch(r"[a-z0-9-]+:[\w./:@+-]+", wanted):
        raise InvalidInput(f"{text!r} is not a model string; write {OFFLINE!r} or PROVIDER:MODEL (openai:gpt-5-mini)")
    provider = wanted.partition(":")[0]
    key = None if provider in _KEYLESS else _KEYS.get(provider, f"{provider.partition('-')[0].upper()}_API_KEY")
    return ModelChoice(wanted, _extra(provider), key)


def _extra(provider: str) -> str:
    """The agno extra of a provider; those without one speak OpenAI's protocol."""
    from importlib.metadata import metadata

    extras = set(metadata("agno").get_all("Provides-Extra") or ())
    return next((name for name in (provider, provider.partition("-")[0]) if name in extras), "openai")


def parse_members(text: str, known: Sequence[str]) -> dict[str, str]:
    """New names for a recipe's members: ``researcher=scout,answerer=helper``, or all of them in order.

    Raises:
        InvalidInput: An unknown member, a bad or a doubled name, or a wrong number of names.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if text.strip() and not any("=" in part for part in parts):
        if len(parts) != len(known):
            raise InvalidInput(
                f"the recipe has {len(known)} members ({', '.join(known)}): give {len(known)} names in this order,"
                f" or only the new ones as {known[0]}=NAME"
            )
        pairs = list(zip(known, parts, strict=True))
    else:
        pairs = [(old.strip(), new.strip()) for old, _, new in (part.partition("=") for part in parts)]
    for old, new in pairs:
        if old not in known:
            raise InvalidInput(f"the recipe has no member {old!r}; {did_you_mean(old, known)}")
        if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", new) or keyword.iskeyword(new) or len(new) > 40:
            raise InvalidInput(
                f"{new!r} can't be a member's id: use small letters, digits and single '-', as in scout-2"
            )
    renamed = {old: new for old, new in pairs if old != new}
    final = [renamed.get(member, member) for member in known]
    if doubled := next((name for name in final if final.count(name) > 1), None):
        raise InvalidInput(f"two members would be called {doubled!r}; give each a name of its own")
    return renamed


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
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    better = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].lstrip("0123456789-")
    return f"; try {better!r}" if better else ""
