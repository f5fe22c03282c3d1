"""TLS as httpx and the standard library have it, on a real socket."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from hindsight_teams.backends.hindsight import HindsightBackend
from hindsight_teams.errors import BackendUnreachable
from tests.backends.hindsight.conftest import QUICK, Loopback
from tests.backends.hindsight.test_faults import Twin


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(loopback: Loopback, authority: trustme.CA) -> str:
    """The URL of a server whose certificate that authority issued for its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return loopback.encrypt(context)


def context_of(authority: trustme.CA, folder: Path) -> Any:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def file_of(authority: trustme.CA, folder: Path) -> Any:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return str(folder / "ca.pem")


@pytest.mark.parametrize("verify", [context_of, file_of, lambda *_: False], ids=["context", "file", "off"])
async def test_a_server_is_trusted_as_told(
    secure: str, authority: trustme.CA, tmp_path: Path, twin: Twin, verify: Any
) -> None:
    with HindsightBackend(secure, verify=verify(authority, tmp_path), retry=QUICK) as backend:
        assert (await twin(backend, "recall")("b", "q")).results[0].author == "ann"


async def test_the_environment_names_an_authority(
    secure: str, authority: trustme.CA, tmp_path: Path, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", file_of(authority, tmp_path))
    with HindsightBackend(secure, retry=QUICK) as backend:
        assert (await twin(backend, "recall")("b", "q")).results
    with HindsightBackend(secure, retry=QUICK, trust_env=False) as backend:
        with pytest.raises(BackendUnreachable, match="not trusted"):
            await twin(backend, "recall")("b", "q")


async def test_an_untrusted_server_gets_no_key(secure: str, loopback: Loopback, twin: Twin) -> None:
    with HindsightBackend(secure, api_key="k-123", retry=QUICK) as backend:
        with pytest.raises(BackendUnreachable, match="not trusted") as caught:
            await twin(backend, "recall")("b", "q")
    assert caught.value.details["attempts"] == 1
    assert loopback.requests == []
