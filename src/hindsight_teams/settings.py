"""Settings. Precedence for every option: explicit argument, ``configure()``, environment, default.

This is the only module that reads the environment. ``None`` means unset everywhere.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, Unpack
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from hindsight_teams.errors import ConfigurationError
from hindsight_teams.models import Budget, TagsMatch

CLOUD_URL = "https://api.hindsight.vectorize.io"
"""Hindsight Cloud."""

MASK = "********"
"""What is shown of a secret."""

_URL = re.compile(r"\S*://\S*")
_IN_A_URL = re.compile(r"(?<=//)[^/\s]+(?=@)|(?<==)[^&#\s]+")
"""A URL's user and password, and the values of its query."""
_NAMED = re.compile(
    r"(?i)((?<!max_)(?:key|token|secret|passw(?:or)?d|pwd|sig|signature|auth|credential)s?[=:])[^&;,#\s)\"']+"
)

Source = Literal["argument", "configure()", "environment", "default"]


_PREFIX = "HINDSIGHT_TEAMS_"


class Settings(BaseSettings):
    """Every option of the package, resolved.

    Attributes:
        hindsight_api_url: Base URL of a Hindsight server (``HINDSIGHT_API_URL``).
        api_key: Its API key (``HINDSIGHT_API_KEY``); alone it means Hindsight Cloud.
        db: The embedded database file (``HINDSIGHT_TEAMS_DB``).
        embedder: ``minilm`` (the ``[minilm]`` extra) or ``fastembed:NAME`` (``[fastembed]``) gives the embedded engine
            vectors.
        budget: How much work a recall or reflect may do.
        max_tokens: Most tokens of memories in one answer.
        tags: Given to every memory that a toolkit retains.
        recall_tags: Filter of every recall and reflect of a toolkit.
        recall_tags_match: How ``recall_tags`` match.
        connect_timeout: Seconds to wait for a connection.
        recall_timeout: Seconds to wait for a recall.
        reflect_timeout: Seconds to wait for a reflect; an LLM is behind it.
        retain_timeout: Seconds to wait for a retain; an LLM is behind it.
        audit: File that records every operation, ``.db`` or ``.jsonl``.
        audit_failure: What becomes of a call that can't be recorded: ``warn`` goes on, and the answer's notes and the
            log say so; ``refuse`` raises ``AuditFailed``, and a write is not begun.
        verbose: Log debug events too.
    """

    model_config = SettingsConfigDict(
        **{"env_prefix": _PREFIX, "env_ignore_empty": True, "populate_by_name": True},
        **{"extra": "forbid", "validate_default": True, "frozen": True},
    )

    hindsight_api_url: str | None = Field(default=None, validation_alias="HINDSIGHT_API_URL")
    api_key: SecretStr | None = Field(default=None, validation_alias="HINDSIGHT_API_KEY")
    db: Path | None = None
    embedder: str | None = None
    budget: Budget = "mid"
    max_tokens: int = Field(default=4096, ge=1)
    tags: Annotated[list[str] | None, NoDecode] = None
    recall_tags: Annotated[list[str] | None, NoDecode] = None
    recall_tags_match: TagsMatch = "any"
    connect_timeout: float = Field(default=5.0, gt=0)
    recall_timeout: float = Field(default=30.0, gt=0)
    reflect_timeout: float = Field(default=120.0, gt=0)
    retain_timeout: float = Field(default=120.0, gt=0)
    audit: Path | None = None
    audit_failure: Literal["warn", "refuse"] = "warn"
    verbose: bool = False

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What ``repr`` and ``str`` show: no secret."""
        for name, value in super().__repr_args__():
            yield name, value if isinstance(value, SecretStr) else masked(value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values, then the environment; no ``.env`` and no folder of secrets."""
        return init_settings, _variables(settings_cls)

    @field_validator("hindsight_api_url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        return None if value is None else check_url(value)

    @field_validator("api_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_api_key(value.get_secret_value())
        return value

    @field_validator("embedder")
    @classmethod
    def _embedder(cls, value: str | None) -> str | None:
        if value is None or value == "minilm" or value.partition(":")[0] == "fastembed":
            return value
        raise ValueError("must be 'minilm' or 'fastembed:NAME'")

    @field_validator("tags", "recall_tags", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        try:
            listed = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            listed = value
        if isinstance(listed, list | tuple | None):
            return listed
        raise ValueError('must be a list; in an environment variable a JSON list, such as ["red", "blue"]')


def masked(value: Any) -> Any:
    """A setting's value as it may be shown: what an address or a name such as ``key=`` says is secret is left out."""
    if isinstance(value, list):
        return [masked(part) for part in value]
    if not isinstance(value, str | Path):
        return value
    text = str(value)
    shown = _NAMED.sub(rf"\1{MASK}", _URL.sub(lambda url: _IN_A_URL.sub(MASK, url[0]), text))
    return value if shown == text else shown


def check_url(url: str) -> str:
    """A server's base URL without its trailing slash.

    Raises:
        ValueError: No http(s) scheme, no host, or credentials, a query, a fragment or white space in it.
    """
    if any(c.isspace() or not c.isprintable() for c in url.strip()):
        raise ValueError("the Hindsight URL must hold no white space or control characters")
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the Hindsight URL must look like http://localhost:8888 or https://host/prefix")
    if parts.username or parts.password:
        raise ValueError("the Hindsight URL must hold no user name or password; give the key as api_key")
    if parts.query or parts.fragment:
        raise ValueError("the Hindsight URL must hold no '?' or '#'")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the Hindsight URL has a port that is not a number from 0 to 65535") from None
    try:
        parts.hostname.encode("idna")
    except UnicodeError:
        raise ValueError("the Hindsight URL has a host name that can't be one") from None
    return url.strip().rstrip("/")


def check_api_key(key: str) -> str:
    """An API key as given.

    Raises:
        ValueError: Empty, or white space or control characters in it.
    """
    if not key.strip():
        raise ValueError("the API key is empty; leave it unset for a server without authentication")
    if any(c.isspace() or not c.isprintable() or ord(c) > 126 for c in key):
        raise ValueError("the API key holds white space or characters that no HTTP header can carry")
    return key


_configured: dict[str, Any] | None = None
_current: Settings | None = None


class SettingsOptions(TypedDict, total=False):
    """The options of ``configure``: the attributes of ``Settings``, where ``None`` means unset."""

    hindsight_api_url: str | None
    api_key: str | SecretStr | None
    db: str | Path | None
    embedder: str | None
    budget: Budget | None
    max_tokens: int | None
    tags: list[str] | None
    recall_tags: list[str] | None
    recall_tags_match: TagsMatch | None
    connect_timeout: float | None
    recall_timeout: float | None
    reflect_timeout: float | None
    retain_timeout: float | None
    audit: str | Path | None
    audit_failure: Literal["warn", "refuse"] | None
    verbose: bool | None


def configure(**options: Unpack[SettingsOptions]) -> Settings:
    """Set options for everything built afterwards; each call replaces the one before.

    Args:
        **options: The attributes of ``Settings``. ``None`` means unset.

    Returns:
        The resolved settings.

    Raises:
        ConfigurationError: An unknown option or a bad value; what was configured before stays.
    """
    global _configured, _current
    given = {name: value for name, value in options.items() if value is not None}
    for name in options:
        if name not in Settings.model_fields:
            raise ConfigurationError(f"configure() has no option {name!r}; it takes {', '.join(Settings.model_fields)}")
    settings = load(**given)
    _configured, _current = given, settings
    return settings


configure.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # so that help() shows them too
    [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation.__forward_arg__)
        for name, annotation in SettingsOptions.__annotations__.items()
    ],
    return_annotation="Settings",
)


def get_config() -> Settings | None:
    """What ``configure()`` set up, or None when it was not called."""
    return _current if _configured is not None else None


def reset_config() -> None:
    """Forget what ``configure()`` set up."""
    global _configured, _current
    _configured = _current = None


def resolve(**arguments: Any) -> Settings:
    """The settings in force, with explicit arguments over them; ``None`` means not given.

    Raises:
        ConfigurationError: A bad value, from wherever it came.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    settings = load(**{**(_configured or {}), **given})
    if settings.verbose:
        logging.getLogger("hindsight_teams").setLevel(logging.DEBUG)
    return settings


def load(**values: Any) -> Settings:
    """Settings from explicit values over the environment, which is read anew.

    Raises:
        ConfigurationError: It names each bad option, without showing a key.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        found = _environment()
        problems = "; ".join(
            f"{_variable(name) if name in found and name not in values else name}: {problem}"
            for name, (problem, _) in _problems(error).items()
        )
        raise ConfigurationError(f"bad settings: {problems}") from None


def _environment() -> dict[str, Any]:
    """What environment variables set; an empty one sets nothing."""
    names = {field.validation_alias or name: name for name, field in Settings.model_fields.items()}
    return {names[found]: value for found, value in _variables(Settings)().items()}


def _variables(of: type[BaseSettings]) -> EnvSettingsSource:
    """Reads each option from one variable; ``HINDSIGHT_TEAMS_API_KEY`` is no second name of ``HINDSIGHT_API_KEY``."""
    source = EnvSettingsSource(of)
    source.config = SettingsConfigDict(**{**source.config, "populate_by_name": False})
    return source


def _variable(name: str) -> str:
    return str(Settings.model_fields[name].validation_alias or f"{_PREFIX}{name.upper()}")


def _problems(error: ValidationError) -> dict[str, tuple[str, Any]]:
    """What is wrong with each option, and the value that was given."""
    names = {_variable(name): name for name in Settings.model_fields}
    found = ((str(e["loc"][0]), e["msg"].removeprefix("Value error, "), e["input"]) for e in error.errors())
    return {names.get(where, where): (told, value) for where, told, value in found}


def source_of(name: str, *, explicit: bool = False) -> Source:
    """Where an option's value comes from."""
    if explicit:
        return "argument"
    if _configured and name in _configured:
        return "configure()"
    return "environment" if name in _environment() else "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One option as it stands, for people.

    Attributes:
        name: The option's.
        variable: The environment variable that sets it.
        value: What it is; a secret is masked. What was given, where that can't be used.
        source: Where it comes from.
        problem: Why it can't be used; None where it can.
    """

    name: str
    variable: str
    value: Any
    source: Source
    problem: str | None = None


def described(**arguments: Any) -> list[Setting]:
    """Every option, its value and where that comes from; a bad value is told of and raises nothing.

    Args:
        **arguments: Explicit values; ``None`` means not given.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    values = {**(_configured or {}), **given}
    problems: dict[str, tuple[str, Any]] = {}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems = _problems(error)
        settings = Settings(**{**values, **{name: Settings.model_fields[name].default for name in problems}})
    described = []
    for name in Settings.model_fields:
        problem, value = problems.get(name, (None, getattr(settings, name)))
        secret = name == "api_key" and value is not None
        source = source_of(name, explicit=name in given)
        described.append(Setting(name, _variable(name), MASK if secret else value, source, problem))
    return described


def default_database() -> Path:
    """Where the embedded database lies when nothing else was said."""
    return user_data_path("hindsight-teams", appauthor=False) / "memory.db"
