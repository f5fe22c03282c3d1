"""The harness with a real server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import ServerFactory
from tests.harness import Server

KEY_AUTH = {
    "HINDSIGHT_API_TENANT_EXTENSION": "hindsight_api.extensions.builtin.tenant:ApiKeyTenantExtension",
    "HINDSIGHT_API_TENANT_API_KEY": "hsk_your_token",
}


def _post(server: Server, path: str, body: Any, **headers: str) -> httpx.Response:
    url = f"{server.url}/v1/default/banks/{path}"
    return httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False)


def test_the_server_is_the_pinned_version(hindsight_server: Server) -> None:
    version = httpx.get(f"{hindsight_server.url}/version", trust_env=False).json()
    assert version["api_version"] == "1.1.0"


def test_what_is_retained_comes_back_by_meaning_and_by_reflection(hindsight_server: Server) -> None:
    bank = hindsight_server.unused_bank()
    content = "Nora leads the Maple pilot. Its kick-off was on 2024-05-03."
    _post(hindsight_server, f"{bank}/memories", {"items": [{"content": content}]}).raise_for_status()
    found = _post(hindsight_server, f"{bank}/memories/recall", {"query": "When did the Maple pilot kick off?"}).json()
    kick_off = next(m for m in found["results"] if m["text"] == "Its kick-off was on 2024-05-03.")
    assert kick_off["occurred_start"].startswith("2024-05-03")
    asked = {"query": "Who leads Maple?", "include": {"facts": {}}}
    answer = _post(hindsight_server, f"{bank}/reflect", asked).json()
    assert "Nora leads the Maple pilot." in answer["text"]
    assert answer["based_on"]["memories"]


@pytest.mark.slow
def test_a_variant_asks_for_its_key_and_has_banks_of_its_own(
    hindsight_server: Server, hindsight_server_with: ServerFactory
) -> None:
    guarded = hindsight_server_with(env=KEY_AUTH)
    assert guarded.api_key == "hsk_your_token"
    assert hindsight_server_with(env=KEY_AUTH) is guarded
    items = {"items": [{"content": "The vault code is in the blue folder."}]}
    bank = guarded.unused_bank()
    assert _post(guarded, f"{bank}/memories", items).status_code == 401
    assert _post(guarded, f"{bank}/memories", items, authorization="Bearer hsk_your_token").status_code == 200
    assert _post(hindsight_server, f"{bank}/memories/recall", {"query": "vault"}).status_code == 404
