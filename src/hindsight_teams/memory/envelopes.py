"""The review bank: memories that wait for a decision and are in no read."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hindsight_teams.access.signatures import MARK, identity_tag, observation_scopes, signature_tags
from hindsight_teams.models import Memory, RetainItem
from hindsight_teams.requests import ListMemories, TagFilter
from hindsight_teams.requests.driver import Steps
from hindsight_teams.requests.management import every

KINDS = ("quarantine", "proposal", "approved")
"""The kinds of envelopes."""

MAX_PAYLOAD = 16_000_000
"""Bytes that an envelope may unfold to."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A memory that waits for a decision, or was approved.

    Attributes:
        id: Names it in ``approve`` and ``reject``.
        kind: ``quarantine`` (a guard held it back), ``proposal`` (a member proposes it for another bank),
            ``approved`` (decided, kept so that it can be revoked), or ``marked`` (a guard let it pass with a mark).
        bank: Short name of the bank it is meant for.
        bank_id: Id of that bank.
        reason: Why it waits.
        item: What would be stored, signed by its author.
        origin: For a proposal, the id of the memory it was copied from.
        by: For a proposal, the identity tags of who gave the reason, and of the user, session and run of that call.
        envelope_ids: Ids of the memories that the review bank holds of its envelope, where the backend tells; of
            something marked, the id of the memory itself.
    """

    id: str
    kind: str
    bank: str
    bank_id: str
    reason: str
    item: RetainItem
    origin: str | None = None
    by: tuple[str, ...] = ()
    envelope_ids: tuple[str, ...] = ()

    @property
    def approved_document_id(self) -> str:
        """The document under which an approval stores it."""
        return f"approved-{self.id}"

    @property
    def envelope_document_id(self) -> str:
        """The document of its envelope in the review bank."""
        return f"review-{self.kind}-{self.id}"


def quarantine_item(item: RetainItem, bank: str, bank_id: str, reason: str) -> RetainItem:
    """The envelope in which a held-back memory lies in the review bank."""
    return seal("quarantine", item, bank=bank, bank_id=bank_id, reason=reason)


def decided_item(item: ReviewItem, *, reviewer: str) -> RetainItem:
    """What an approval stores: the memory as its author signed it, with who approved it and where it came from."""
    metadata = {**(item.item.metadata or {}), "trust": "reviewed", "reviewed_by": reviewer, "review_id": item.id}
    metadata.pop("marked", None)  # somebody looked at it
    tags = [tag for tag in item.item.tags or () if tag != MARK]
    if item.origin:
        metadata["lineage"] = item.origin
        tags.append(identity_tag("lineage", item.origin))
    return replace(
        item.item,
        metadata=metadata,
        tags=tags,
        document_id=item.approved_document_id,
        update_mode="replace",
        observation_scopes=observation_scopes(tags),
    )


def seal(
    kind: str,
    item: RetainItem,
    *,
    bank: str,
    bank_id: str,
    reason: str,
    origin: str | None = None,
    by: Sequence[str] = (),
    review_id: str | None = None,
) -> RetainItem:
    """An envelope: its text says only that something waits; the memory itself travels as metadata, compressed.

    A server shows text and metadata to the model that extracts facts. So neither holds anything that a model could
    read of what was held back, or of the reason that a member gave.
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
    body = _json(payload)
    key = review_id or hashlib.sha256(f"{kind}\0{bank_id}\0{body}".encode()).hexdigest()[:16]
    author = (item.metadata or {}).get("author", "somebody")
    return RetainItem(
        content=f"The memory {key} by {author} for the bank {bank} is in review: {kind}.",
        metadata={
            "review_kind": kind,
            "review_id": key,
            "review_bank": bank,
            "review_bank_id": bank_id,
            "review_origin": origin or "",
            "review_item": _folded(_json({"item": payload, "reason": reason, "by": list(by)})),
        },
        tags=[f"review:{kind}", f"review-item:{key}", *signature_tags(item.tags or ())],
        document_id=f"review-{kind}-{key}",
    )


def unseal(metadata: Mapping[str, str]) -> ReviewItem | None:
    """The item inside an envelope, from the envelope's metadata; None for what is not an envelope."""
    try:
        payload = json.loads(_unfolded(metadata["review_item"]))
        raw: dict[str, Any] = payload["item"]
        when = raw.pop("timestamp")
        return ReviewItem(
            id=metadata["review_id"],
            kind=metadata["review_kind"],
            bank=metadata["review_bank"],
            bank_id=metadata["review_bank_id"],
            reason=payload["reason"],
            item=RetainItem(**raw, timestamp=datetime.fromisoformat(when) if when else None),
            origin=metadata["review_origin"] or None,
            by=tuple(map(str, payload["by"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, zlib.error):
        return None


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _folded(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _unfolded(folded: str) -> str:
    opener = zlib.decompressobj()
    text = opener.decompress(base64.b64decode(folded, validate=True), MAX_PAYLOAD)
    if not opener.eof:
        raise ValueError("the envelope is truncated, or larger than an envelope can be")
    return text.decode()


MARKED = "marked"
"""The kind of these items."""

_PAGE = 200


def marked_items(team_id: str, banks: Iterable[tuple[str, str, Sequence[str]]]) -> Steps[list[ReviewItem]]:
    """The marked memories of some banks, oldest first within a bank.

    Args:
        team_id: Whose memories.
        banks: Of each bank its short name, its id, and the tags that a memory there must carry to be shown.
    """
    found: list[ReviewItem] = []
    for name, bank_id, scope_tags in banks:
        chosen = TagFilter([identity_tag("team", team_id), MARK, *scope_tags], "all_strict")
        listed = yield from every(ListMemories(bank=bank_id, limit=_PAGE, filter=chosen))
        # What a server derived from a marked memory goes, or loses its mark, with that memory.
        found += (_marked(memory, name) for memory in listed if memory.type != "observation")
    return found


def _marked(memory: Memory, bank: str) -> ReviewItem:
    return ReviewItem(
        id=hashlib.sha256(f"{MARKED}\0{memory.bank_id}\0{memory.id}".encode()).hexdigest()[:16],
        kind=MARKED,
        bank=bank,
        bank_id=memory.bank_id,
        reason=memory.marked or "",
        item=memory.to_item(),
        envelope_ids=(memory.id,),
    )
