"""Choose the backend from arguments and settings, and share it between callers that mean the same one.

``backend=`` / ``client=`` > ``hindsight_api_url=`` > ``configure()`` > ``HINDSIGHT_API_URL`` > ``HINDSIGHT_API_KEY``
alone, which means Hindsight Cloud > the embedded file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from weakref import WeakValueDictionary

from hindsight_teams.backends.base import Backend, MemoryBackend, as_backend
from hindsight_teams.errors import ConfigurationError, InvalidInput
from hindsight_teams.log import get_logger
from hindsight_teams.settings import CLOUD_URL, Settings, Source, default_database, resolve, source_of

log = get_logger(__name__)

_RANK: dict[Source, int] = {"default": 0, "environment": 1, "configure()": 2, "argument": 3}
_shared: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
_logged: set[BackendChoice] = set()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """Which backend the settings mean.

    Attributes:
        kind: ``hindsight`` or ``sqlite``.
        reason: Why, for people.
        location: URL or path, for people.
        source: What decided.
    """

    kind: Literal["hindsight", "sqlite"]
    reason: str
    location: str
    source: Source


def choose_backend(
    settings: Settings | None = None,
    *,
    hindsight_api_url: str | None = None,
    api_key: str | None = None,
    db: str | Path | None = None,
) -> BackendChoice:
    """Which backend applies, without opening it.

    The more specific source takes precedence: ``configure(db=...)`` over ``HINDSIGHT_API_URL``. Where a server and a
    file come from the same source, it is the server.

    Args:
        settings: Resolved ones; else they are resolved from what follows.
        hindsight_api_url: As an explicit argument.
        api_key: As an explicit argument.
        db: As an explicit argument.

    Raises:
        ConfigurationError: A setting that is wrong, or a server and a file both given as arguments.
    """
    if hindsight_api_url is not None and db is not None:
        raise ConfigurationError("hindsight_api_url and db were both given; give the one that is meant")
    found = settings or resolve(hindsight_api_url=hindsight_api_url, api_key=api_key, db=db)
    url_from = source_of("hindsight_api_url", explicit=hindsight_api_url is not None)
    key_from = source_of("api_key", explicit=api_key is not None)
    db_from = source_of("db", explicit=db is not None)
    if found.hindsight_api_url is not None:
        server: tuple[str, Source, str] | None = (found.hindsight_api_url, url_from, "a Hindsight URL")
    elif found.api_key is not None:
        server = (CLOUD_URL, key_from, "an API key without a URL, which means Hindsight Cloud,")
    else:
        server = None
    if server is not None and _RANK[server[1]] >= _RANK[db_from]:
        location, source, what = server
        return BackendChoice("hindsight", f"{what} comes from {_SAYS[source]}", location, source)
    if found.db is not None:
        path = str(Path(found.db).expanduser())
        return BackendChoice("sqlite", f"a database file comes from {_SAYS[db_from]}", path, db_from)
    return BackendChoice("sqlite", "no server is configured", str(default_database()), "default")


_SAYS: dict[Source, str] = {
    "argument": "an argument",
    "configure()": "configure()",
    "environment": "the environment",
    "default": "the defaults",
}


def open_backend(
    *,
    backend: MemoryBackend | None = None,
    client: Any = None,
    hindsight_api_url: str | None = None,
    api_key: str | None = None,
    db: str | Path | None = None,
) -> Backend:
    """The backend that applies; the same one for everybody who means the same server or file.

    Args:
        backend: Used as it is.
        client: A MemoryBackend, or anything with retain, recall and reflect, such as ``hindsight_client.Hindsight``.
        hindsight_api_url: Base URL of a server.
        api_key: Its key; alone it means Hindsight Cloud.
        db: A database file.

    Raises:
        InvalidInput: ``backend`` or ``client`` is something else, or both were given.
        ConfigurationError: A setting that is wrong.
    """
    if backend is not None and client is not None:
        raise InvalidInput("backend= and client= were both given; give one of them")
    if backend is not None:
        if not isinstance(backend, MemoryBackend):
            what = "a database file is SQLiteBackend(PATH), a server HindsightBackend(URL), another client client="
            raise InvalidInput(f"backend= is {type(backend).__name__}, which is not a MemoryBackend; {what}")
        return as_backend(backend)
    if client is not None:
        return _adapt(client)
    settings = resolve(hindsight_api_url=hindsight_api_url, api_key=api_key, db=db)
    choice = choose_backend(settings, hindsight_api_url=hindsight_api_url, api_key=api_key, db=db)
    if choice not in _logged:
        _logged.add(choice)
        log.info("backend chosen", kind=choice.kind, location=choice.location, reason=choice.reason)
    return _open_server(choice, settings) if choice.kind == "hindsight" else _open_file(choice, settings)


def _adapt(client: Any) -> Backend:
    if isinstance(client, MemoryBackend) and hasattr(type(client), "execute"):  # a mock has any attribute, its type not
        return as_backend(client)
    from hindsight_teams.backends.client.adapter import ClientBackend

    return _share(("client", id(client)), lambda: ClientBackend(client))  # which keeps the client, and its id, alive


def _open_server(choice: BackendChoice, settings: Settings) -> Backend:
    from hindsight_teams.backends.hindsight import HindsightBackend, Timeouts

    key = None if settings.api_key is None else settings.api_key.get_secret_value()
    timeouts = Timeouts(
        connect=settings.connect_timeout,
        recall=settings.recall_timeout,
        reflect=settings.reflect_timeout,
        retain=settings.retain_timeout,
    )
    name = ("hindsight", choice.location, key, timeouts)
    return _share(name, lambda: HindsightBackend(choice.location, api_key=key, timeouts=timeouts))


def _open_file(choice: BackendChoice, settings: Settings) -> Backend:
    from hindsight_teams.backends.sqlite import SQLiteBackend

    name = ("sqlite", os.path.realpath(choice.location), settings.embedder)
    return _share(name, lambda: SQLiteBackend(choice.location, embedder=settings.embedder))


def _share(name: Hashable, make: Callable[[], Backend]) -> Backend:
    """The backend of a name, which everybody shares who means the same one."""
    with _lock:
        found: Backend | None = _shared.get(name)
        if found is None:
            found = _shared[name] = make()
        return found
