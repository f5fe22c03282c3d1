"""Requests: checked once, when they get their bank; generic in the answer; refused by a backend that lacks something."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeVar

import pytest

from hindsight_teams import SQLiteBackend, requests
from hindsight_teams.backends.base import Backend, DelegatingBackend
from hindsight_teams.errors import InvalidBankId, InvalidInput, Unsupported
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import (
    ALL,
    STANDARD,
    Capability,
    DeleteBank,
    DeleteMemories,
    EnsureBank,
    GetHealth,
    ListBanks,
    ListDocuments,
    ListMemories,
    Recall,
    Reflect,
    Request,
    Retain,
    TagFilter,
)
from tests.memory.team_fixtures import backend

__all__ = ["backend"]

R = TypeVar("R")


@pytest.mark.parametrize("complete", [lambda draft: replace(draft, bank="b"), lambda draft: draft.at("b")])
def test_a_request_without_a_bank_is_not_checked_yet(complete: Callable[[Recall], Recall]) -> None:
    draft = Recall(query="", budget="huge", filter=TagFilter("a"))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        complete(draft)


def test_what_was_left_open_is_settled_with_the_bank() -> None:
    request = replace(Recall(query="lamp"), bank="b")
    assert (request.budget, request.max_tokens, request.filter) == ("mid", 4096, ALL)
    assert replace(Reflect(query="lamp"), bank="b").max_tokens is None


@pytest.mark.parametrize("bank", ["", "a/b", None, 7])
def test_a_bank_that_cannot_be_is_refused_by_the_request(bank: Any) -> None:
    with pytest.raises(InvalidBankId):
        Recall(bank=bank, query="lamp")


def kinds(base: type[Request[Any]] = Request) -> list[type[Request[Any]]]:
    """Every class of requests that a backend carries out."""
    below = [kind for child in base.__subclasses__() for kind in kinds(child)]
    return ([base] if base.verb and base.__module__.startswith("hindsight_teams") else []) + below


TEXTS = [
    (kind, field.name, "Sequence" in str(field.type))
    for kind in dict.fromkeys(kinds())
    for field in fields(kind)
    if re.search(r"\bstr\b|Status", str(field.type)) and field.name not in ("query", "response_schema")
]


@pytest.mark.parametrize("text", ["nul\0", "half \ud83d pair", "%\0", "bell \a"], ids=ascii)
@pytest.mark.parametrize(("kind", "name", "several"), TEXTS, ids=lambda value: getattr(value, "verb", value))
def test_what_no_store_and_no_server_can_hold_is_refused_in_every_text_of_every_request(
    kind: type[Request[Any]], name: str, several: bool, text: str
) -> None:
    usual: dict[str, Any] = {
        "bank": "b", "query": "lamp", "ids": ["7"], "items": (), "to": "c", "memory_id": "7", "document_id": "d",
        "records": (), "operation_id": "687ec01b-94b6-424d-9f26-8f22b9485100",
    }  # fmt: skip
    whole = {field.name: usual[field.name] for field in fields(kind) if field.name in usual}
    with pytest.raises(InvalidInput):
        kind(**whole | {name: [text] if several else text})


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_request_survives_copy_and_pickle(copied: Any) -> None:
    when = datetime(2024, 3, 1, tzinfo=UTC)
    for request in (Recall(query="lamp"), Recall.of("b", "lamp", tags=["a"], query_timestamp=when)):
        assert copied(request) == request
    with pytest.raises(InvalidBankId):
        copied(Recall(query="lamp")).admit(Backend())


def test_a_naive_time_is_utc_in_the_request() -> None:
    [item] = Retain(bank="b", items=[RetainItem("x", datetime(2024, 3, 1))]).items
    assert item.timestamp == datetime(2024, 3, 1, tzinfo=UTC)
    assert Recall(bank="b", query="x", query_timestamp=datetime(2024, 3, 1)).query_timestamp == item.timestamp


def test_a_deletion_that_selects_nothing_is_no_request() -> None:
    for nothing in (None, ALL, TagFilter(match="exact"), TagFilter([])):
        with pytest.raises(InvalidInput):
            DeleteMemories(bank="b", filter=nothing)  # type: ignore[arg-type]
    assert DeleteMemories(bank="b", filter=TagFilter([], "exact")).filter.match == "exact"
    assert DeleteMemories(bank="b", document_id="d").document_id == "d"
    assert DeleteMemories(bank="b", ids=[]).ids == []


@pytest.mark.parametrize(("old", "new"), [("desk:review:queue", "x"), ("x", "desk:review:queue")])
def test_no_bank_takes_or_leaves_the_place_of_a_review_bank(backend: SQLiteBackend, old: str, new: str) -> None:
    backend.retain(old, "The attic is dry.")
    with pytest.raises(InvalidInput, match="'desk:review:queue'"):
        backend.rename_bank(old, new)
    assert [bank.bank_id for bank in backend.list_banks()] == [old]


def test_all_that_the_package_names_is_exported() -> None:
    named = {name for name, value in vars(requests).items() if name[0] != "_" and not isinstance(value, ModuleType)}
    assert named == set(requests.__all__)


def test_a_standard_backend_takes_all_that_the_service_needs() -> None:
    verbs: list[Request[Any]] = [Retain(bank="b", items=[]), Recall(bank="b", query="x"), Reflect(bank="b", query="x")]
    banks: list[Request[Any]] = [ListBanks(), EnsureBank(bank="b"), DeleteBank(bank="b"), GetHealth()]
    memories: list[Request[Any]] = [ListMemories(bank="b"), DeleteMemories(bank="b", ids=["1"])]
    assert [made.verb for made in verbs + banks + memories if made.required - STANDARD] == []


def test_what_a_backend_does_not_declare_is_unsupported(backend: SQLiteBackend) -> None:
    lacking: list[Request[Any]] = [
        ListDocuments(bank="b"),
        Retain(bank="b", items=[RetainItem("x")], background=True),
    ]
    for request in lacking:
        with pytest.raises(Unsupported) as refused:
            backend.execute(request)
        assert refused.value.details["missing"]
    with pytest.raises(Unsupported):
        backend.retain("b", "x", background=True)
    assert backend.list_banks() == []


def test_a_delegating_backend_lets_one_thing_be_changed(backend: SQLiteBackend) -> None:
    class Shouting(DelegatingBackend):
        def execute(self, request: Request[R], /) -> R:
            changed: Any = request
            if isinstance(request, Retain):
                changed = replace(request, items=[replace(i, content=i.content.upper()) for i in request.items])
            answer: R = super().execute(changed)
            return answer

    loud = Shouting(backend)
    assert loud.name == backend.name
    assert Capability.REPEATS in loud.capabilities
    loud.retain("b", "the lamp is green")
    assert [m.text for m in loud.recall("b", "lamp").results] == ["THE LAMP IS GREEN"]
    assert loud.list_repeats("b") == []
