"""The settings of one server, as given and as httpcore takes them. Nothing is connected."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.hindsight.connection import Connection, Timeouts
from hindsight_teams.errors import ConfigurationError

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def connection(url: str = "http://memory.test:8888", **options: Any) -> Connection:
    return Connection(url, **{"headers": {}, "timeouts": Timeouts(), **options})


def test_no_header_and_no_proxy_is_shown() -> None:
    assert "secret" not in repr(connection(headers={"authorization": "secret"}, proxy="http://secret@p.test"))


@pytest.mark.parametrize("name", ["connect", "recall", "reflect", "retain"])
@pytest.mark.parametrize("value", [0, -1, True, "5", None, 1_000_001, float("nan"), float("inf")])
def test_a_timeout_is_a_number_of_seconds(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"the {name} timeout"):
        Timeouts(**{name: value})
    assert getattr(Timeouts(**{name: 1_000_000}), name) == 1_000_000
    assert getattr(Timeouts(**{name: 0.01}), name) == 0.01


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "http://exa mple\x00.test"}, "host name"),
        ({"timeouts": {"recall": 1}}, "timeouts must be Timeouts"),
        ({"verify": 1.5}, "verify must be"),
        ({"verify": None}, "verify must be"),
        ({"max_connections": 0}, "max_connections=0"),
        ({"max_connections": 1.0}, "max_connections=1.0"),
        ({"max_answer_bytes": 0}, "max_answer_bytes=0"),
        ({"max_answer_bytes": "1"}, "max_answer_bytes='1'"),
    ],
)
def test_what_can_not_be_is_refused_when_it_is_given(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        connection(**options)
    assert connection(max_connections=1, max_answer_bytes=1).max_connections == 1


def proxy_of(made: Connection) -> tuple[bytes, bytes, int | None] | None:
    proxy = made.pool_options(None)["proxy"]
    return None if proxy is None else (proxy.url.scheme, proxy.url.host, proxy.url.port)


THERE = (b"http", b"p.test", 3128)


@pytest.mark.parametrize(
    ("environment", "options", "proxy"),
    [
        ({}, {}, None),
        ({}, {"proxy": ""}, None),
        ({}, {"proxy": "http://p.test:3128"}, THERE),
        ({}, {"proxy": "p.test:3128"}, THERE),
        ({"http_proxy": "http://p.test:3128"}, {}, THERE),
        ({"http_proxy": "p.test:3128"}, {}, THERE),
        ({"all_proxy": "http://p.test:3128"}, {}, THERE),
        ({"http_proxy": "http://p.test:3128", "all_proxy": "http://other.test"}, {}, THERE),
        ({"https_proxy": "http://p.test:3128"}, {}, None),
        ({"https_proxy": "http://p.test:3128"}, {"url": "https://memory.test"}, THERE),
        ({"http_proxy": "http://p.test:3128"}, {"trust_env": False}, None),
        ({"http_proxy": "http://other.test"}, {"proxy": "http://p.test:3128"}, THERE),
        ({"http_proxy": "http://p.test:3128", "no_proxy": "memory.test"}, {}, None),
        ({"http_proxy": "http://p.test:3128", "no_proxy": "memory.test:8888"}, {}, None),
        ({"http_proxy": "http://p.test:3128", "no_proxy": "other.test"}, {}, THERE),
        ({"http_proxy": "http://p.test:3128", "no_proxy": "memory.test"}, {"proxy": "http://p.test:3128"}, THERE),
    ],
)
def test_which_proxy_stands_between(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, Any], proxy: Any
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(connection(**options)) == proxy


def test_a_proxy_is_given_its_login_and_a_pool_only_what_makes_connections() -> None:
    context = ssl.create_default_context()
    options = connection(proxy="http://ann:pw@p.test:3128").pool_options(context)
    assert set(options) == {"ssl_context", "proxy", "keepalive_expiry"}
    assert (options["ssl_context"], options["keepalive_expiry"]) == (context, 15.0)
    assert dict(options["proxy"].headers)[b"Proxy-Authorization"].startswith(b"Basic ")


def test_a_proxy_that_is_no_url_is_refused() -> None:
    for proxy in ("ftp://p.test", "http://exa mple\x00"):
        with pytest.raises(ConfigurationError, match="the proxy must be a URL"):
            connection(proxy=proxy).pool_options(None)


def test_tls_is_read_for_https_alone(tmp_path: Path) -> None:
    own = ssl.create_default_context()
    assert connection(verify=own).tls() is None
    assert connection("https://memory.test", verify=own).tls() is own
    checked, unchecked = (connection("https://memory.test", verify=verify).tls() for verify in (True, False))
    assert checked is not None
    assert unchecked is not None
    assert (checked.verify_mode, unchecked.verify_mode) == (ssl.CERT_REQUIRED, ssl.CERT_NONE)
    folder = connection("https://memory.test", verify=str(tmp_path)).tls()
    assert folder is not None
    assert folder.verify_mode == ssl.CERT_REQUIRED
    with pytest.raises(ConfigurationError, match="certificates can't be read") as caught:
        connection("https://memory.test", verify=str(tmp_path / "none.pem")).tls()
    assert caught.value.details["verify"] == str(tmp_path / "none.pem")


def test_the_certificates_of_the_environment_are_trusted_unless_it_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "none.pem"
    empty.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    with pytest.raises(ConfigurationError, match="certificates can't be read"):
        connection("https://memory.test").tls()
    assert connection("https://memory.test", trust_env=False).tls() is not None


def test_an_answer_and_a_free_connection_are_waited_for_as_long_as_each_other() -> None:
    made = connection(timeouts=Timeouts(connect=1))
    assert made.timeout(7) == {"timeout": {"connect": 1, "read": 7, "write": 7, "pool": 7}}


def test_the_headers_of_every_request() -> None:
    headers = dict(connection(headers={"X-Own": "1", "Accept": "text/plain"}).raw_headers())
    assert headers.pop(b"user-agent").startswith(b"hindsight-teams/")
    assert headers == {
        b"accept": b"text/plain",
        b"accept-encoding": b"gzip, deflate",
        b"content-type": b"application/json",
        b"x-own": b"1",
    }


@pytest.mark.parametrize(
    "headers", [{"x y": "1"}, {"": "1"}, {"x": "a\nb"}, {"x": "\x00"}, {"x": "é"}, {"x:": "1"}, {"x": 1}]
)
def test_a_header_that_http_can_not_carry_is_refused(headers: Any) -> None:
    with pytest.raises(ConfigurationError, match="the header"):
        connection(headers=headers).raw_headers()
