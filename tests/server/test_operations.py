"""Every operation of the server with a member's key: operations that are not listed are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hindsight_teams.backends.hindsight import HindsightBackend
from tests.server.conftest import Desk

pytestmark = pytest.mark.slow

OWN, OTHER, SECRET = "desk:notes:member:full-notes", "desk:notes:member:insider", "chrysoberyl"
OPEN = {("GET", path) for path in ("/health", "/health/live", "/health/ready", "/version")}
LISTING = ("GET", "/v1/default/banks")
BANK = "/v1/default/banks/{bank_id}"
ALLOWED = {
    ("POST", f"{BANK}/memories"),
    ("POST", f"{BANK}/memories/recall"),
    ("POST", f"{BANK}/reflect"),
    ("GET", f"{BANK}/memories/list"),
    ("GET", f"{BANK}/tags"),
    ("GET", f"{BANK}/operations/{{operation_id}}"),
}
BODIES: dict[str, Any] = {
    f"{BANK}/memories": {"items": [{"content": "The jade lamp is off."}]},
    f"{BANK}/memories/recall": {"query": SECRET},
    f"{BANK}/reflect": {"query": SECRET},
}


@pytest.fixture(scope="module")
def belongings(desk: Desk) -> dict[str, str]:
    """Something real for every parameter of every path, all of it another member's."""
    secret = {"content": f"The stone is a {SECRET}.", "document_id": "d1", "tags": ["gems"]}
    assert desk.ask("insider", "POST", f"{OTHER}/memories", json={"items": [secret]}).status_code == 200
    assert desk.retain("full-notes", OWN, "The jade lamp is on.").status_code == 200
    queued = desk.ask("insider", "POST", f"{OTHER}/memories", json={"items": [secret], "async": True}).json()
    with HindsightBackend(desk.server.url, api_key=desk.keys["insider"]) as backend:
        assert backend.wait_for_operation(OTHER, queued["operation_id"]).status == "completed"

    def admin(path: str, **given: Any) -> Any:
        answer = desk.ask("admin", "POST" if given else "GET", f"{OTHER}/{path}", **given)
        assert answer.status_code < 300, answer.text
        return answer.json()

    memory = next(m for m in admin("memories/list")["items"] if SECRET in m["text"])
    directive = admin("directives", json={"name": "d", "content": f"Never say {SECRET}."})
    hook = admin("webhooks", json={"url": "https://example.com/hook", "event_types": ["retain.completed"]})
    return {
        "memory_id": memory["id"],
        "document_id": "d1",
        "operation_id": queued["operation_id"],
        "directive_id": directive["id"],
        "webhook_id": hook["id"],
        "alias": "desk:notes:member:full-notes-alias",
        "chunk_id": memory.get("chunk_id") or f"{OTHER}_d1_0",
    }


@pytest.fixture(scope="module")
def operations(desk: Desk) -> list[tuple[str, str]]:
    document = desk.ask("admin", "GET", "/openapi.json").json()
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method in ("get", "put", "post", "patch", "delete", "head", "options")
    ]


def filled(path: str, belongings: dict[str, str], bank_id: str) -> str:
    return re.sub(r"{(\w+)}", lambda m: {"bank_id": bank_id, **belongings}.get(m[1], "x"), path)


def snapshot(desk: Desk) -> Any:
    """All that an intruder could have changed in the other's bank, but what the server derives by itself meanwhile."""
    facts = desk.ask("admin", "GET", f"{OTHER}/memories/list?limit=1000&type=world").json()["items"]
    listings = ("documents", "directives", "webhooks", "aliases", "config", "profile")
    others = [desk.ask("admin", "GET", f"{OTHER}/{what}").json() for what in listings]
    return {(fact["id"], fact["text"], *fact["tags"]) for fact in facts}, others


def test_the_walk_sees_every_operation_of_this_version(operations: list[tuple[str, str]]) -> None:
    assert len(operations) == 101
    assert set(operations) >= ALLOWED | OPEN | {LISTING}


def test_nothing_reaches_another_members_bank(
    desk: Desk, operations: list[tuple[str, str]], belongings: dict[str, str]
) -> None:
    before = snapshot(desk)
    answers = {
        (method, path): desk.ask("full-notes", method, filled(path, belongings, OTHER), json=BODIES.get(path, {}))
        for method, path in operations
    }
    let_through = {operation for operation, answer in answers.items() if answer.status_code != 403}
    assert let_through == OPEN | {LISTING}
    assert [operation for operation, answer in answers.items() if SECRET in answer.text] == []
    assert OTHER not in answers[LISTING].text
    assert snapshot(desk) == before


def test_in_its_own_bank_a_member_has_the_short_list_and_no_more(
    desk: Desk, operations: list[tuple[str, str]], belongings: dict[str, str]
) -> None:
    let_through = set()
    for method, path in operations:
        answer = desk.ask("full-notes", method, filled(path, belongings, OWN), json=BODIES.get(path, {}))
        assert SECRET not in answer.text
        if answer.status_code != 403:
            assert answer.status_code == 200, f"{method} {path}: {answer.text}"
            let_through.add((method, path))
    assert let_through == OPEN | {LISTING} | ALLOWED
    assert "jade" in desk.recall("full-notes", OWN, "lamp").text


def test_another_banks_operation_is_not_found_through_ones_own_bank(desk: Desk, belongings: dict[str, str]) -> None:
    answer = desk.ask("full-notes", "GET", f"{OWN}/operations/{belongings['operation_id']}")
    assert answer.json()["status"] == "not_found"


def test_without_a_key_only_its_life_is_shown(
    desk: Desk, operations: list[tuple[str, str]], belongings: dict[str, str]
) -> None:
    for method, path in operations:
        status = desk.ask(None, method, filled(path, belongings, OTHER), json=BODIES.get(path, {})).status_code
        assert status == (200 if (method, path) in OPEN else 401), f"{method} {path}"


def test_an_admin_key_manages_banks(desk: Desk) -> None:
    bank = "desk:customer:user:leaving"
    assert desk.retain("full-customer", bank, "The lamp is off.").status_code == 200
    assert desk.ask("full-customer", "DELETE", bank).status_code == 403
    assert desk.ask("admin", "GET", f"{bank}/stats").status_code == 200
    assert desk.ask("admin", "DELETE", bank).status_code == 200
    assert desk.recall("full-customer", bank, "lamp").status_code == 404
