"""The review bank: memories that wait, out of every read, until somebody with the right approves or rejects them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hindsight_teams.access import Caller
from hindsight_teams.banks import join
from hindsight_teams.models import Memory, RetainItem
from hindsight_teams.provenance import signature_tags

KINDS = ("quarantine", "proposal")


def review_bank_id(caller: Caller) -> str:
    """The id of a team's review bank; three components, which no scope of a member's bank has."""
    return join(caller.team or "toolkit", "review", "queue")


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A memory that waits for a decision.

    Attributes:
        id: Names it in ``approve`` and ``reject``.
        kind: ``quarantine`` (a guard held it back) or ``proposal`` (a member proposes it for another bank).
        bank: Short name of the bank it is meant for.
        bank_id: Id of that bank.
        reason: Why it waits.
        item: What would be stored, signed by its author.
        origin: For a proposal, the id of the memory it was copied from.
    """

    id: str
    kind: str
    bank: str
    bank_id: str
    reason: str
    item: RetainItem
    origin: str | None = None


def quarantine_item(item: RetainItem, bank: str, bank_id: str, reason: str) -> RetainItem:
    """The envelope in which a held-back memory lies in the review bank."""
    return seal("quarantine", item, bank=bank, bank_id=bank_id, reason=reason)


def seal(kind: str, item: RetainItem, *, bank: str, bank_id: str, reason: str, origin: str | None = None) -> RetainItem:
    """An envelope: its text says only that something waits; the memory itself travels as metadata.

    So that no model of a backend's own ever reads content that was held back.
    """
    payload = {
        "content": item.content,
        "timestamp": item.timestamp.isoformat() if item.timestamp else None,
        "context": item.context,
        "metadata": dict(item.metadata or {}),
        "tags": list(item.tags or ()),
        "document_id": item.document_id,
        "update_mode": item.update_mode,
        "entities": list(item.entities or ()),
    }
    body = json.dumps(payload, ensure_ascii=True, sort_keys=True)
    key = hashlib.sha256(f"{kind}\0{bank_id}\0{body}".encode()).hexdigest()[:16]
    author = (item.metadata or {}).get("author", "somebody")
    return RetainItem(
        content=f"The {kind} {key} by {author} for the bank {bank} waits for review.",
        metadata={
            "review_kind": kind,
            "review_id": key,
            "review_bank": bank,
            "review_bank_id": bank_id,
            "review_reason": reason,
            "review_origin": origin or "",
            "review_item": body,
        },
        tags=[f"review:{kind}", f"review-item:{key}", *signature_tags(item.tags or ())],
        document_id=f"review-{key}",
    )


def unseal(memory: Memory) -> ReviewItem | None:
    """The item inside an envelope; None for a memory that is none."""
    data: Mapping[str, str] = memory.metadata
    if "review_item" not in data:
        return None
    raw: dict[str, Any] = json.loads(data["review_item"])
    when = raw.pop("timestamp")
    item = RetainItem(**raw)
    if when:
        item = replace(item, timestamp=datetime.fromisoformat(when))
    return ReviewItem(
        id=data["review_id"],
        kind=data["review_kind"],
        bank=data["review_bank"],
        bank_id=data["review_bank_id"],
        reason=data["review_reason"],
        item=item,
        origin=data["review_origin"] or None,
    )
