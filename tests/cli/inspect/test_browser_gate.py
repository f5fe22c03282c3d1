"""Only the web page, on this machine and with the token, gets an answer."""

from __future__ import annotations

import re
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.cli.inspect.conftest import NO_TLS, Page
from tests.conftest import slow


def get(url: str, **given: Any) -> httpx.Response:
    return httpx.get(url, verify=NO_TLS, **given)


@pytest.fixture
def port(page: Page) -> int:
    found = urlsplit(page.address).port
    assert found is not None
    return found


QUESTIONS = ["team", "banks", "memories", "memory", "entities", "entity", "audit", "reviews", "what-if", "nothing"]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("header", [None, "Bearer wrong", *slow("", "Bearer", "Basic dXNlcg==", "Bearer \xe9")])
def test_no_question_is_answered_without_the_token(page: Page, question: str, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header.encode("latin-1")}
    answer = get(f"{page.address}/api/{question}", headers=headers)
    assert answer.status_code == 401
    assert "harbour" not in answer.text


def test_a_token_in_the_query_counts_for_nothing(page: Page) -> None:
    assert get(f"{page.address}/api/team", params={"token": page.tokens.reader}).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "0.0.0.0:{port}", ""]
)
def test_a_name_that_was_rebound_to_this_machine_gets_nothing(page: Page, port: int, host: str) -> None:
    headers = {"host": host.format(port=port), "authorization": f"Bearer {page.tokens.reader}"}
    for path in ("/", "/api/team", "/static/js/main.js"):
        assert get(page.address + path, headers=headers).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_the_machine_s_own_names_are_accepted(page: Page, port: int, host: str) -> None:
    headers = {"host": host.format(port=port), "authorization": f"Bearer {page.tokens.reader}"}
    assert get(f"{page.address}/api/team", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:{port}"},
        {"origin": "http://127.0.0.1:{port}/path"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_site_gets_nothing_even_with_the_token(
    page: Page, port: int, headers: dict[str, str]
) -> None:
    given = {name: value.format(port=port) for name, value in headers.items()}
    answer = get(f"{page.address}/api/team", headers={"authorization": f"Bearer {page.tokens.reader}", **given})
    assert answer.status_code == 403


def test_no_answer_permits_another_site_to_read_it(page: Page) -> None:
    for path in ("/", "/static/style.css", "/api/team", "/api/nothing", "/nothing"):
        answer = get(page.address + path, headers={"authorization": f"Bearer {page.tokens.reader}"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_the_page_holds_no_inline_script_or_style_and_names_no_other_site(page: Page) -> None:
    shell = get(f"{page.address}/").text
    assert re.findall(r"<script[^>]*>[^<]", shell) == []
    assert re.findall(r"<style|\son\w+=|\sstyle=|https?://", shell) == []
    style = get(f"{page.address}/static/style.css").text
    assert "http" not in style.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_only_the_page_s_own_files_are_served(page: Page, port: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as sent:
        sent.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: sent.recv(65536), b""))
    assert b" 404 " in answer.split(b"\r\n")[0]


def test_the_port_is_closed_to_the_network(port: int) -> None:
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((own, port), timeout=5)


def test_a_request_that_is_too_long_is_refused(page: Page) -> None:
    assert page.ask("POST", "what-if", content=b"x" * 70_000).status_code == 413
    assert page.ask("POST", "what-if", content=iter([b"x" * 70_000])).status_code == 411


def test_a_form_that_is_nested_too_deeply_is_a_bad_form(page: Page) -> None:
    assert page.ask("POST", "what-if", content=b"[" * 60_000).status_code == 400


def test_a_reader_decides_nothing(page: Page) -> None:
    [waiting, *_] = page.get("reviews")["items"]
    for verb in ("approve", "reject"):
        answer = page.ask("POST", f"reviews/{waiting['id']}/{verb}")
        assert answer.status_code == 403
    assert len(page.get("reviews")["items"]) == 2


def test_a_page_without_a_curator_has_one_token_only(page: Page) -> None:
    from hindsight_teams.cli.inspect.browser_gate import Tokens

    tokens = Tokens()
    assert tokens.role(tokens.reader) == "reader"
    assert tokens.role("") is None
    assert tokens.role("None") is None
    assert tokens.reader not in repr(tokens)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("question", ["team", "memories", "memory", "banks", "audit"])
def test_looking_has_no_way_to_change(page: Page, method: str, question: str) -> None:
    assert page.ask(method, question, token=page.tokens.curator).status_code == 405
