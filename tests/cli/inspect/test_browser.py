"""The web page in a real Chromium: 1280 and 390 pixels, keyboard, light and dark, and injection in every field."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hindsight_teams import Caller, TeamMemory
from hindsight_teams.audit import AuditEvent, open_audit
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import RetainItem
from tests.cli.inspect import harbour
from tests.cli.inspect.conftest import Page, Serve

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.slow

DESK, PHONE = (1280, 820), (390, 844)
WIDTHS = [DESK, PHONE]
SHARED = "harbour-desk:shared"
IMAGES = os.environ.get("HINDSIGHT_TEAMS_IMAGES")
"""A folder that the pictures of the documentation are written to; a temporary one if not set."""

ATTACK = (
    "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>\"'`><svg onload=window.hacked=1>{{7331*7}}"
)
SHORT = "<b onclick=window.hacked=1>"


class Browser:
    """One page in Chromium."""

    def __init__(self, chrome: Chrome, page: Page) -> None:
        self.chrome = chrome
        self.page = page

    def open(self, url: str, size: tuple[int, int] = DESK, *, dark: bool = False) -> None:
        width, height = size
        self.chrome.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.chrome.get("about:blank")  # else only the fragment would change, and the page would not load anew
        self.complaints()
        self.chrome.get(url)
        self.settled()

    def go(self, view: str, **at: str) -> None:
        query = urllib.parse.urlencode(at)
        self.chrome.get(f"{self.page.address}/#/{view}{f'?{query}' if query else ''}")
        self.settled()

    def settled(self) -> None:
        self.until(lambda: bool(self.all(".view, .empty, .failure")) and not self.all(".loading, .stale"))
        self.until(
            lambda: all(
                graph.find_elements("css selector", "svg") for graph in self.all(".graph") if graph.is_displayed()
            )
        )

    def until(self, holds: Callable[[], Any]) -> None:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.chrome, 20, ignored_exceptions=[StaleElementReferenceException]).until(lambda _: holds())

    def until_it_says(self, words: str) -> None:
        self.until(lambda: words in self.text())

    def until_at(self, view: str) -> None:
        self.until(lambda: f"#/{view}" in self.chrome.current_url)

    def all(self, selector: str) -> list[Any]:
        found: list[Any] = self.chrome.find_elements("css selector", selector)
        return found

    def one(self, selector: str) -> Any:
        return self.chrome.find_element("css selector", selector)

    def text(self) -> str:
        return str(self.chrome.execute_script("return document.body.innerText"))

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.chrome).send_keys(*keys).perform()

    def overflow(self) -> int:
        return int(self.chrome.execute_script("return document.documentElement.scrollWidth - innerWidth"))

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.chrome.get_log("browser")]  # type: ignore[no-untyped-call]

    def picture(self, path: Path) -> None:
        self.chrome.execute_script("document.activeElement.blur()")
        self.until(lambda: self.chrome.execute_script("return document.fonts.status") == "loaded")
        path.write_bytes(self.chrome.get_screenshot_as_png())


@pytest.fixture
def browse(chrome: Chrome) -> Iterator[Callable[[Page], Browser]]:
    yield lambda page: Browser(chrome, page)
    chrome.get("about:blank")


@pytest.fixture
def browser(browse: Callable[[Page], Browser], page: Page) -> Browser:
    return browse(page)


def test_without_a_token_the_page_says_what_to_open(browser: Browser, page: Page) -> None:
    browser.open(f"{page.address}/")
    assert "hindsight-teams inspect" in browser.text()
    assert "harbour" not in browser.text()


def test_the_token_leaves_the_address_bar(browser: Browser, page: Page) -> None:
    browser.open(page.url)
    assert page.tokens.reader not in browser.chrome.current_url
    browser.chrome.refresh()
    browser.settled()
    assert "researcher" in browser.text()


VIEWS: list[tuple[str, dict[str, str], str]] = [
    ("team", {}, "researcher"),
    ("memories", {"bank": SHARED}, "The berth fee in Oslo"),
    ("memories", {"bank": SHARED, "id": "1-1"}, "author:researcher"),
    ("entities", {"bank": SHARED}, "Olav Berg"),
    ("entities", {"bank": SHARED, "entity": "Olav Berg"}, "Named in 2 memories"),
    ("audit", {}, "may not recall"),
    ("reviews", {}, "the crew should know"),
    ("what-if", {"member": "intern", "user": "ada"}, "A trial changes nothing"),
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", WIDTHS, ids=["desk", "phone"])
def test_every_view_shows_its_content_and_fits_the_width(
    browser: Browser, page: Page, size: tuple[int, int], dark: bool
) -> None:
    browser.open(page.url, size, dark=dark)
    for view, at, content in VIEWS:
        browser.go(view, **at)
        browser.until_it_says(content)
        assert browser.overflow() <= 0, view
    theme = browser.chrome.execute_script("return document.documentElement.dataset.theme")
    assert theme == ("dark" if dark else "light")
    assert browser.complaints() == []


def test_the_graph_joins_members_banks_and_users(browser: Browser, page: Page) -> None:
    browser.open(page.url)
    assert len(browser.all(".graph .edge:not(.user) path")) == 8
    assert len(browser.all(".graph .node.member")) == 4
    assert len(browser.all(".graph .node.user")) == 3
    assert "recall, only public" in browser.one(".graph").text


def test_the_keyboard_reaches_everything(browser: Browser, page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(page.url)
    browser.press("2")
    browser.until(lambda: browser.all(".list .row"))
    browser.press("/")
    browser.press("berth", Keys.ESCAPE)
    browser.until(lambda: "Better" in browser.text())
    browser.press("j")
    browser.press("j")
    browser.press("k")
    browser.press(Keys.ENTER)
    browser.until(lambda: browser.all(".detail .text"))
    assert "berth" in browser.one(".detail > .text").text
    browser.press(Keys.ESCAPE)
    browser.until(lambda: not browser.all(".detail"))
    browser.press("t")
    browser.until(lambda: browser.chrome.execute_script("return document.documentElement.dataset.theme") == "dark")
    browser.press("t", "?")
    browser.until(lambda: browser.all("dialog[open]"))
    browser.press(Keys.ESCAPE)
    browser.until(lambda: not browser.all("dialog"))
    for key, view in zip("3456", ("entities", "audit", "reviews", "what-if"), strict=True):
        browser.press(key)
        browser.until_at(view)


def test_a_reader_is_offered_no_decision(browser: Browser, page: Page) -> None:
    browser.open(page.url)
    browser.go("reviews")
    assert "This address is read-only" in browser.text()
    assert browser.all(".decision button") == []


def test_a_curator_approves_and_rejects(browser: Browser, page: Page) -> None:
    browser.open(page.curator_url)
    browser.go("reviews")
    held = next(card for card in browser.all(".decision") if harbour.HOSTILE in card.text)
    held.find_element("css selector", ".danger").click()
    browser.until(lambda: len(browser.all(".decision")) == 1)
    browser.one(".decision .primary").click()
    browser.until(lambda: "Nothing waits" in browser.text())
    stored = [memory.text for memory in page.memory.backend.list_memories(SHARED).memories]
    assert harbour.WISHES[0][1] in stored
    assert harbour.HOSTILE not in stored


def test_a_trial_in_the_form_shows_recalled_and_left_out(browser: Browser, page: Page) -> None:
    browser.open(page.url)
    browser.go("what-if", member="intern", user="ada")
    browser.one(".trial .wide input").send_keys("Aurora\n")
    browser.until(lambda: browser.all(".answer"))
    recalled, left = browser.all(".answer > section")
    assert "Aurora sails from Bergen" in recalled.text
    assert "Outside the scope" in left.text
    assert "No right to recall" in left.text


def test_a_large_bank_is_paged_on_the_server(browse: Callable[[Page], Browser], serve: Serve, tmp_path: Path) -> None:
    backend = SQLiteBackend(tmp_path / "large.db")
    backend.retain_batch("desk:shared", [RetainItem(f"Parcel {number} is in Bergen.") for number in range(1200)])
    memory = TeamMemory("desk", banks={"shared": "team"}, members={"clerk": {"shared": "full"}}, backend=backend)
    page = serve(memory)
    browser = browse(page)
    browser.open(page.url)
    browser.go("memories", bank="desk:shared")
    assert len(browser.all(".row")) == 50
    browser.until(lambda: "50 of 1,200" in browser.text())
    browser.all(".pager button")[-1].click()
    browser.until(lambda: "100 of 1,200" in browser.text())
    assert "Parcel 1149" in browser.all(".row")[0].text


@pytest.fixture
def attacked(tmp_path: Path, serve: Serve) -> Page:
    """A team whose every field that somebody could fill holds markup."""
    backend = SQLiteBackend(tmp_path / "memory.db")
    memory = TeamMemory(
        f"team {SHORT}",
        banks={"shared": {"scope": "team", "description": ATTACK}, "customer": "user"},
        members={
            SHORT: {"shared": {"access": "full", "scope_tags": [SHORT]}, "customer": "full"},
            "lead": {"shared": "full", "customer": "read-only"},
        },
        curators=["lead"],
        proposers=[SHORT],
        backend=backend,
        guard=False,
        audit=open_audit(tmp_path / "audit.db", keep_text=True),
    )
    caller = Caller(user=ATTACK, session=ATTACK, run=ATTACK)
    member = memory.member(SHORT)
    for bank in ("shared", "customer"):
        member.retain(
            f"Aurora {ATTACK}",
            caller=caller,
            bank=bank,
            tags=[SHORT],
            metadata={SHORT: ATTACK},
            context=ATTACK,
            document_id=SHORT,
            entities=[ATTACK, SHORT, "Aurora"],
        )
    member.recall(f"Aurora {ATTACK}", caller=caller)
    memory.proposals(SHORT).propose(f"Aurora {ATTACK}", to="shared", reason=ATTACK, caller=caller)
    memory.audit.record(
        AuditEvent(
            verb=SHORT, outcome="error", team=memory.team_id, member=ATTACK, bank=ATTACK, bank_id=ATTACK, user=ATTACK,
            session=ATTACK, run=ATTACK, memory_ids=(ATTACK,), error=ATTACK, reason=ATTACK, text=ATTACK,
        )
    )  # fmt: skip
    return serve(memory, curator="lead", log=tmp_path / "audit.db")


@pytest.mark.parametrize("size", WIDTHS, ids=["desk", "phone"])
def test_markup_in_any_field_is_shown_and_never_obeyed(
    browse: Callable[[Page], Browser], attacked: Page, size: tuple[int, int]
) -> None:
    browser = browse(attacked)
    browser.open(attacked.curator_url, size)
    bank = next(bank["bank_id"] for bank in attacked.get("banks")["banks"] if bank["name"] == "shared")
    memory = attacked.get("memories", bank=bank)["memories"][0]["id"]
    views: list[tuple[str, dict[str, str]]] = [
        ("team", {}),
        ("memories", {"bank": bank}),
        ("memories", {"bank": bank, "id": memory}),
        ("entities", {"bank": bank}),
        ("entities", {"bank": bank, "entity": SHORT}),
        ("audit", {}),
        ("reviews", {}),
        ("what-if", {"member": SHORT, "user": ATTACK}),
        ("memories", {"bank": ATTACK, "id": ATTACK, "q": ATTACK}),
        (ATTACK, {ATTACK: ATTACK}),
    ]
    for view, at in views:
        browser.go(view, **at)
        if view == "what-if":
            browser.one(".trial .wide input").send_keys(f"Aurora {ATTACK}\n")
            browser.until(lambda: browser.all(".answer"))
        browser.chrome.execute_script("document.querySelectorAll('details').forEach(closed => closed.open = true)")
        browser.until(lambda: SHORT[:2] in browser.text() or "no bank" in browser.text())
        assert browser.chrome.execute_script("return window.hacked") is None, view
        foreign = browser.all("#page img, #page script, #page svg[onload], [onclick], [onerror], iframe, base")
        assert foreign == [], view
        assert "51317" not in browser.text(), view
        assert browser.overflow() <= 0, view
    assert [line for line in browser.complaints() if "404" not in line] == []


def test_the_policy_stops_a_script_that_would_be_put_in(browser: Browser, page: Page) -> None:
    browser.open(page.url)
    tried = browser.chrome.execute_script(
        """try { document.body.innerHTML = "<img src=x onerror=window.hacked=1>" } catch (error) { return error.name }"""
    )
    assert tried == "TypeError"  # Chromium's word for a text where it takes only trusted markup
    assert browser.all("img") == []
    browser.complaints()


PICTURES: list[tuple[str, tuple[int, int], bool, str, dict[str, str]]] = [
    ("inspect-team", (1280, 660), False, "team", {}),
    ("inspect-memory", (1280, 660), True, "memories", {"bank": SHARED, "id": "1-4"}),
    ("inspect-entities", (1280, 660), False, "entities", {"bank": SHARED, "entity": "Aurora"}),
    ("inspect-audit", (1280, 660), False, "audit", {}),
    ("inspect-what-if", (1280, 800), False, "what-if", {"member": "intern", "user": "ada"}),
    ("inspect-phone", PHONE, True, "team", {}),
]


def test_the_pictures_of_the_documentation_are_made(browser: Browser, page: Page, tmp_path: Path) -> None:
    folder = Path(IMAGES) if IMAGES else tmp_path
    for name, size, dark, view, at in PICTURES:
        browser.open(page.curator_url, size, dark=dark)
        browser.go(view, **at)
        if view == "what-if":
            browser.one(".trial .wide input").send_keys("When does Aurora sail from Bergen?\n")
            browser.until(lambda: browser.all(".answer"))
        browser.picture(folder / f"{name}.png")
        made = (folder / f"{name}.png").read_bytes()
        assert made.startswith(b"\x89PNG")
        assert len(made) < 200_000


def test_the_documentation_shows_the_pictures_that_are_made_and_no_others() -> None:
    shown = {path.stem for path in (Path(__file__).parents[3] / "docs" / "images").glob("*.png")}
    assert shown == {name for name, *_ in PICTURES}
