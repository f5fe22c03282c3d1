"""The page's server on a free port of this machine, and a real browser where there is one."""

from __future__ import annotations

import os
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from hindsight_teams import TeamMemory
from hindsight_teams.audit import open_audit
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.cli.inspect import listening
from hindsight_teams.cli.inspect.app import application
from hindsight_teams.cli.inspect.browser_gate import Tokens
from hindsight_teams.cli.inspect.subject import Subject
from tests.cli.inspect import harbour

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

REQUIRE_VARIABLE = "HINDSIGHT_TEAMS_REQUIRE_BROWSER"
REQUIRED = os.environ.get(REQUIRE_VARIABLE, "0") != "0"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What a request in plain HTTP needs: httpx would read the machine's certificates for each."""


@dataclass(frozen=True)
class Page:
    """A page that is being served."""

    address: str
    tokens: Tokens
    memory: TeamMemory

    @property
    def url(self) -> str:
        """What a reader opens."""
        return f"{self.address}/#token={self.tokens.reader}"

    @property
    def curator_url(self) -> str:
        """What a curator opens."""
        return f"{self.address}/#token={self.tokens.curator}"

    def get(self, path: str, **parameters: Any) -> Any:
        """The server's answer to a question of the page."""
        answer = self.ask("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, method: str, path: str, *, token: str | None = None, **rest: Any) -> httpx.Response:
        """One request with a token, the reader's if none is given."""
        headers = {"authorization": f"Bearer {token or self.tokens.reader}"}
        url = f"{self.address}/api/{path}"
        return httpx.request(method, url, headers=headers, timeout=60, verify=NO_TLS, **rest)


@contextmanager
def serving(memory: TeamMemory, *, curator: str | None, log: Path | None) -> Iterator[Page]:
    tokens = Tokens(curator="the-curators-token" if curator else None)
    listener = listening(0)
    port = listener.getsockname()[1]
    app = application(Subject(memory, curator, log), tokens=tokens, port=port)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Page(f"http://127.0.0.1:{port}", tokens, memory)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


Serve = Callable[..., Page]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a team's memory until the test ends."""
    with ExitStack() as opened:

        def call(memory: TeamMemory, *, curator: str | None = None, log: Path | None = None) -> Page:
            return opened.enter_context(serving(memory, curator=curator, log=log))

        yield call


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a team that has lived for a while."""
    folder = tmp_path_factory.mktemp("harbour")
    with closing(SQLiteBackend(folder / "memory.db")) as backend, closing(open_audit(folder / "audit.db")) as audit:
        harbour.live(folder, backend, audit=audit)
    return folder


@pytest.fixture
def page(tmp_path: Path, lived: Path, serve: Serve) -> Page:
    """The page of that team, on a copy of its files, with a curator's token."""
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    memory = harbour.desk(tmp_path, SQLiteBackend(tmp_path / "memory.db"))
    return serve(memory, curator="lead", log=tmp_path / "audit.db")


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    """One headless Chromium for the session; ``browser`` gives it to a test in a fresh state."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        reason = "needs chromium and chromedriver; enable with: apt-get install chromium chromium-driver"
        if REQUIRED:
            pytest.fail(f"{REQUIRE_VARIABLE} is set, and this test {reason}", pytrace=False)
        pytest.skip(reason)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield started
    finally:
        started.quit()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chrome" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
