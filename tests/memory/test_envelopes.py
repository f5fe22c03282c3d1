"""Envelopes as pure functions."""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.access.signatures import ENVELOPE_METADATA, MARK
from hindsight_teams.memory.envelopes import (
    KINDS,
    MAX_PAYLOAD,
    ReviewItem,
    decided_item,
    quarantine_item,
    seal,
    unseal,
)
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


def folded(text: str) -> str:
    """A payload as an envelope carries it."""
    return base64.b64encode(zlib.compress(text.encode())).decode()


def test_what_was_sealed_comes_out_as_it_was() -> None:
    by = ("team:t", "author:b")
    sealed = seal("proposal", ITEM, bank="x", bank_id="t:x", reason="because", origin="t:y#1", by=by)
    opened = unseal(sealed.metadata or {})
    assert opened is not None
    assert (opened.item, opened.by) == (ITEM, by)
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
        folded("{}"),
        folded("[]"),
        folded("{"),
        folded('{"item": 7}'),
        folded("x" * (MAX_PAYLOAD + 1)),
    ],
    ids=range(8),
)
def test_what_nobody_sealed_is_no_envelope(payload: str) -> None:
    sealed = dict(quarantine_item(ITEM, "x", "t:x", "").metadata or {})
    assert unseal({**sealed, "review_item": payload}) is None
    assert unseal({}) is None


def opened(kind: str = "proposal", origin: str | None = "t:y#1", **changed: Any) -> ReviewItem:
    sealed = seal(kind, replace(ITEM, **changed), bank="x", bank_id="t:x", reason="because", origin=origin)
    found = unseal(sealed.metadata or {})
    assert found is not None
    return found


def test_an_envelope_carries_the_signature_of_what_is_in_it_and_says_what_it_is() -> None:
    sealed = quarantine_item(ITEM, "x", "t:x", "")
    key = (sealed.metadata or {})["review_id"]
    assert re.fullmatch("[0-9a-f]{16}", key)
    assert sealed.content == f"The memory {key} by a for the bank x is in review: quarantine."
    assert sealed.tags == ["review:quarantine", f"review-item:{key}", "author:a", "session:s"]
    assert sealed.document_id == f"review-quarantine-{key}"
    assert (sealed.metadata or {})["review_origin"] == ""
    assert "by somebody for" in quarantine_item(RetainItem("x"), "x", "t:x", "").content


def test_the_same_memory_for_the_same_bank_is_one_envelope_and_any_other_another() -> None:
    def key(kind: str = "proposal", bank_id: str = "t:x", **changed: Any) -> str:
        sealed = seal(kind, replace(ITEM, **changed), bank="x", bank_id=bank_id, reason="because")
        return (sealed.metadata or {})["review_id"]

    assert key() == key()
    assert (
        len({key(), key("quarantine"), key(bank_id="t:z"), key(content="y"), key(tags=["red"]), key(context=None)}) == 6
    )
    named = seal("approved", ITEM, bank="x", bank_id="t:x", reason="", review_id="given").metadata or {}
    assert named["review_id"] == "given"


def test_an_envelope_that_somebody_wrote_into_is_none() -> None:
    whole = dict(seal("proposal", ITEM, bank="x", bank_id="t:x", reason="r").metadata or {})
    folded = whole["review_item"]
    unchecked = base64.b64encode(base64.b64decode(folded)[:-4]).decode()  # all of the text, without its checksum
    for changed in (f"!{folded}", f"{folded[:8]} {folded[8:]}", folded[:-8], folded + "\n", unchecked):
        assert unseal({**whole, "review_item": changed}) is None
    assert unseal(whole) is not None


def test_every_part_of_an_envelope_is_needed() -> None:
    whole = dict(seal("proposal", ITEM, bank="x", bank_id="t:x", reason="r", origin="t:y#1").metadata or {})
    for key in ENVELOPE_METADATA:
        assert unseal({name: value for name, value in whole.items() if name != key}) is None
    bare = unseal(seal("quarantine", RetainItem("x"), bank="x", bank_id="t:x", reason="").metadata or {})
    assert bare is not None
    assert (bare.item.timestamp, bare.item.context, bare.origin, bare.envelope_ids) == (None, None, None, ())


def test_an_approval_stores_the_memory_as_its_author_signed_it() -> None:
    item = opened(metadata={"author": "a", "trust": "member", "marked": "hearsay"}, tags=["red", "author:a", MARK])
    stored = decided_item(item, reviewer="chair")
    assert stored.metadata == {
        "author": "a",
        "trust": "reviewed",
        "reviewed_by": "chair",
        "review_id": item.id,
        "lineage": "t:y#1",
    }
    assert stored.tags == ["red", "author:a", "lineage:t~3ay~231"]
    assert (stored.content, stored.context, stored.timestamp, stored.entities) == (
        ITEM.content,
        ITEM.context,
        ITEM.timestamp,
        ITEM.entities,
    )
    bare = decided_item(opened("quarantine", None), reviewer="chair")
    assert bare.tags == ["red", "author:a", "session:s"]
    assert "lineage" not in (bare.metadata or {})


def test_an_approval_lets_observations_come_together_over_sessions() -> None:
    opened = unseal(seal("proposal", ITEM, bank="x", bank_id="t:x", reason="", origin="t:y#1").metadata or {})
    assert opened is not None
    stored = decided_item(opened, reviewer="chair")
    assert stored.observation_scopes == [["red", "author:a"]]
    assert (stored.update_mode, stored.document_id) == ("replace", f"approved-{opened.id}")


def test_an_approval_of_a_memory_without_metadata_and_tags_says_who_approved_it() -> None:
    waiting = ReviewItem("i1", "quarantine", "x", "t:x", "a check", RetainItem("Plain.", update_mode="append"))
    assert decided_item(waiting, reviewer="chair") == RetainItem(
        "Plain.",
        metadata={"trust": "reviewed", "reviewed_by": "chair", "review_id": "i1"},
        tags=[],
        document_id="approved-i1",
        observation_scopes=[[]],
    )
    assert waiting.envelope_document_id == "review-quarantine-i1"


def test_the_same_memory_in_review_has_one_id_however_its_metadata_is_ordered() -> None:
    first, second = (
        replace(ITEM, metadata=dict(given)) for given in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")])
    )
    assert quarantine_item(first, "x", "t:x", "").document_id == quarantine_item(second, "x", "t:x", "").document_id


def test_each_kind_of_envelope_has_its_name() -> None:
    assert [opened(kind).kind for kind in KINDS] == ["quarantine", "proposal", "approved"]


def test_a_memory_of_every_field_or_of_none_comes_out_as_it_was() -> None:
    bare = seal("proposal", RetainItem("x"), bank="x", bank_id="t:x", reason="r")
    found = unseal(bare.metadata or {})
    assert found is not None
    assert found.item == RetainItem("x", metadata={}, tags=[], entities=[])
    assert bare.tags == ["review:proposal", f"review-item:{found.id}"]
    assert (bare.context, bare.timestamp, bare.entities, bare.update_mode) == (None, None, None, "replace")
