"""Fixtures that all tests share: the real Hindsight server, and settings that no test leaks into another."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Generator, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings

from hindsight_teams.settings import reset_config
from tests.harness import Server, Stack, installed
from tests.harness.layout import DIRECTORY_VARIABLE, layout
from tests.workers import Scheduling, check_listed, scheduler

pytest_plugins = ["hindsight_teams.testing.plugin"]

# How long an example takes, and how long it takes to make one, depends on the load of the machine.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("unhurried"), max_examples=25)

REQUIRE_VARIABLE = "HINDSIGHT_TEAMS_REQUIRE_SERVER"
SERVER_FIXTURES = {"hindsight_stack", "hindsight_server", "hindsight_server_with"}


def slow(*values: Any) -> list[Any]:
    """The values of a parameter that the quick part leaves out."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


class ServerFactory(Protocol):
    """Gives a server with an environment of its own; see ``Stack.start_server``."""

    def __call__(self, *, env: dict[str, str] | None = None, install: Sequence[str] = ()) -> Server: ...


def pytest_configure(config: pytest.Config) -> None:
    """Try a quarter of the examples in the quick part."""
    settings.load_profile("quick" if "not slow" in config.option.markexpr else "unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Keep what collecting makes, which stays to the end, out of the garbage collector's way, and let it work less."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SERVER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)
    check_listed(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return scheduler(config, log)


_NUMBER = count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test's own. Pytest's fixture reads the names of all earlier ones for each new one."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    path = tmp_path_factory.getbasetemp() / f"{name}-{next(_NUMBER)}"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture(autouse=True)
def _clean_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the machine's own settings, writes the user's own database, or leaks what it configured."""
    for name in os.environ:
        if name.startswith("HINDSIGHT_") and name not in (REQUIRE_VARIABLE, DIRECTORY_VARIABLE):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / f"user-data-{next(_NUMBER)}"))
    yield
    reset_config()


@pytest.fixture(scope="session")
def hindsight_stack() -> Iterator[Stack]:
    """What the servers of this session run on: the stack that ``up`` left running, else one of its own."""
    at = layout()
    if not installed(at):
        reason = "needs the real Hindsight server; enable with: python -m tests.harness install"
        if os.environ.get(REQUIRE_VARIABLE, "0") != "0":
            pytest.fail(f"{REQUIRE_VARIABLE} is set, and this test {reason}", pytrace=False)
        pytest.skip(reason)
    stack = Stack.for_session(at)
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def hindsight_server(hindsight_stack: Stack) -> Server:
    """A real Hindsight 1.1.0 without authentication: ``.url``, ``.api_key`` (None), ``.unused_bank()``.

    Tests share it, and it may be one that runs longer than the session: use ``unused_bank()``.
    """
    return hindsight_stack.main_server()


@pytest.fixture(scope="session")
def hindsight_server_with(hindsight_stack: Stack) -> ServerFactory:
    """A factory of servers with another environment, such as an API key or an extension.

    ``hindsight_server_with(env={"HINDSIGHT_API_TENANT_API_KEY": "k", ...}, install=["/path/to/package"])`` gives a
    server with a database of its own; the same arguments give the same server. All stop with the session.
    """
    servers: dict[tuple[object, ...], Server] = {}

    def factory(*, env: dict[str, str] | None = None, install: Sequence[str] = ()) -> Server:
        key = (*sorted((env or {}).items()), *install)
        if key not in servers:
            servers[key] = hindsight_stack.start_server(env=env, install=install)
        return servers[key]

    return factory
