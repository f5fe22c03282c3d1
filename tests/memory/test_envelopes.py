"""Envelopes as pure functions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.access.signatures import ENVELOPE_METADATA
from hindsight_teams.memory.envelopes import MAX_PAYLOAD, _folded, decided_item, quarantine_item, seal, unseal
from hindsight_teams.models import RetainItem

ITEM = RetainItem(
    "The secret plan.",
    datetime(2024, 5, 3, tzinfo=UTC),
    "chat",
    {"author": "a"},
    ["red", "author:a", "session:s"],
    "d",
    "append",
    ["Ada"],
)


def test_what_was_sealed_comes_out_as_it_was() -> None:
    sealed = seal("proposal", ITEM, bank="x", bank_id="t:x", reason="because", origin="t:y#1")
    opened = unseal(sealed.metadata or {})
    assert opened is not None
    assert opened.item == ITEM
    assert (opened.kind, opened.bank, opened.bank_id, opened.reason, opened.origin) == (
        "proposal",
        "x",
        "t:x",
        "because",
        "t:y#1",
    )
    assert set(sealed.metadata or {}) == ENVELOPE_METADATA
    assert sealed.document_id == opened.envelope_document_id


@given(st.text(min_size=6), st.text(min_size=6))
def test_an_envelope_shows_neither_content_nor_reason(content: str, reason: str) -> None:
    sealed = quarantine_item(RetainItem(f"<{content}>"), "x", "t:x", f"<{reason}>")
    assert f"<{content}>" not in f"{sealed.content} {sealed.metadata}"
    assert f"<{reason}>" not in f"{sealed.content} {sealed.metadata}"
    opened = unseal(sealed.metadata or {})
    assert opened is not None
    assert (opened.item.content, opened.reason) == (f"<{content}>", f"<{reason}>")


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "!",
        "{}",
        _folded("{}"),
        _folded("[]"),
        _folded("{"),
        _folded('{"item": 7}'),
        _folded("x" * (MAX_PAYLOAD + 1)),
    ],
    ids=range(8),
)
def test_what_nobody_sealed_is_no_envelope(payload: str) -> None:
    sealed = dict(quarantine_item(ITEM, "x", "t:x", "").metadata or {})
    assert unseal({**sealed, "review_item": payload}) is None
    assert unseal({}) is None


def test_an_approval_lets_observations_come_together_over_sessions() -> None:
    opened = unseal(seal("proposal", ITEM, bank="x", bank_id="t:x", reason="", origin="t:y#1").metadata or {})
    assert opened is not None
    stored = decided_item(opened, reviewer="chair")
    assert stored.observation_scopes == [["red", "author:a"]]
    assert (stored.update_mode, stored.document_id) == ("replace", f"approved-{opened.id}")
